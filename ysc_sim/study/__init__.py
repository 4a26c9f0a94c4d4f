"""Studies: runs compared, swept, sized."""
