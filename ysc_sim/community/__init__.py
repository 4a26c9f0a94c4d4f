"""A compiled community: frozen arrays, and the one place that knows names and indices."""
