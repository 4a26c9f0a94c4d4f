"""What a market that minds the wires may ask about them, and what it owes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol, runtime_checkable

from ysc_sim.contracts.bidding import Bids, Cleared
from ysc_sim.units import Floats


class Tangent(NamedTuple):
    """Watched quantities (voltages, loadings) around one state of the wires, m of them, n members."""

    value: Floats
    """(m,)"""
    per_kwh: Floats
    """(m, n) change for each kilowatt-hour more that a member sells in the slot."""
    lower: Floats
    upper: Floats
    """(m,) limits; what is beyond them before anybody trades may not get worse."""
    loss_per_kwh: Floats
    """(n,) kilowatt-hours lost more for each kilowatt-hour more that a member sells."""


class Wiring(Protocol):
    """The wires in one slot and row: everybody draws what it needs, sellers send what they have sold and no more."""

    def around(self, sold_kwh: Floats) -> Tangent:
        """Quantities and their sensitivities where members sell ``sold_kwh`` (n,)."""
        ...

    def holds(self, sold_kwh: Floats) -> bool:
        """Whether a power flow with these sales keeps every limit."""
        ...


@runtime_checkable
class NetworkMarket(Protocol):
    """A market, see :class:`~ysc_sim.contracts.Market`, that knows who is who and minds the wires."""

    def clear_over(self, bids: Bids, building_ids: Sequence[str], slot_h: float, wiring: Wiring | None) -> Cleared:
        """Clear one row of orders, (n,) each; ``wiring`` None: no network is solved."""
        ...
