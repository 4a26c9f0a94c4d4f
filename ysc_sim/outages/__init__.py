"""Outage models, one file each: when the grid is away."""
