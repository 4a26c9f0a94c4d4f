"""Control strategies, one file each: observation → power wanted."""
