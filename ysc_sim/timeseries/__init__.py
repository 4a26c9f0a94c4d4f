"""The clock, the calendar, weather and profiles: arrays in, arrays out."""

from ysc_sim.timeseries.axis import TimeAxis

__all__ = ["TimeAxis"]
