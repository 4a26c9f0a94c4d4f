"""Metrics, one file each: arrays of a finished run → numbers."""
