"""Results of a run: arrays, tables, files."""
