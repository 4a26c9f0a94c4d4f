"""Forecasts, one file each: history → expectation, never the future."""
