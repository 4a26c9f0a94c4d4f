"""Local energy markets and fair sharing: arrays in, arrays out, usable alone.

Each mechanism is one file; those that the engine can run are plug-ins of the group ``ysc_sim.markets``.
"""

from ysc_sim.markets.call_auction import clear_call_auction
from ysc_sim.markets.clearing import Clearing

__all__ = ["Clearing", "clear_call_auction"]
