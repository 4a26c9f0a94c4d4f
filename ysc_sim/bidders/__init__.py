"""Bidders, one file each: expectation and values → bids."""
