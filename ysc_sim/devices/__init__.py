"""Kinds of device, one file each: struct-of-arrays fleets."""
