"""The hardest day of the network, wire by wire: what a map shows.

Of the first row, for at most 48 instants of the day with the largest excursion of voltage or loading.
"""

from __future__ import annotations

from dataclasses import dataclass

from ysc_sim.units import Floats, Ints

MOST_ELEMENTS = 1200
"""Buses and branches that are kept; of a larger network the parts with the largest excursion."""
INSTANTS = 48


@dataclass(frozen=True)
class NetworkDay:
    """``K`` instants, ``b`` buses and ``w`` branches; a branch runs from bus ``start`` to bus ``end``."""

    interval: Ints
    """Recorded intervals that are shown, (K,)."""
    bus_names: tuple[str, ...]
    bus_building: tuple[str, ...]
    """Building whose connection it is, '' where it is none; (b,)."""
    bus_is_source: tuple[bool, ...]
    voltage_pu: Floats
    """Of the pair of wires that is farthest from nominal, (K, b); NaN where it is dead, unsolved or not watched."""
    branch_names: tuple[str, ...]
    branch_kinds: tuple[str, ...]
    """line, transformer or switch, (w,)."""
    ends: Ints
    """Positions of its two buses, (w, 2)."""
    loading_percent: Floats
    """(K, w); NaN where it is not known."""
    left_out: int = 0
    """Buses and branches of the network that are not kept."""
