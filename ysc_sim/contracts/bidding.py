"""Bidders: what they may know when they bid for a coming slot, and what they answer. Nothing lies in the future."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, NamedTuple, Protocol, runtime_checkable

import numpy as np

from ysc_sim.contracts.devices import Vehicles
from ysc_sim.contracts.world import Rows
from ysc_sim.units import Bools, Floats, Ints


class Bids(NamedTuple):
    """Orders of all buildings for the coming slot, (…, n) each: one per building.

    A bidder with ``orders`` = m makes m for each, (…, m·n): the first ones of all buildings, then the second ones, …;
    what a building has no use for is 0. In one slot a building's orders are all bids or all asks.
    """

    quantity_mwh: Ints
    price_jpy_per_kwh: Floats
    is_buyer: Bools


class Cleared(NamedTuple):
    """What was cleared: integer milliwatt-hours bought or sold by each building, and its price, (…, n) each."""

    bought_mwh: Ints
    sold_mwh: Ints
    price_jpy_per_kwh: Floats
    """Price of what each trades; 0 where nothing trades."""


class Flexible(NamedTuple):
    """The stationary stores of each building as one, at the instant of the bid."""

    stored_kwh: Floats
    """Above the floor, (R, n)."""
    room_kwh: Floats
    """Up to full, (R, n)."""
    charge_kw: Floats
    discharge_kw: Floats
    """Rated powers at the terminals, (n,)."""
    charge_efficiency: Floats
    discharge_efficiency: Floats
    """The best that any store of the building reaches, (n,); 1 where there is none."""


class BidView:
    """What a bidder may know about the buildings when it bids for a slot.

    Everything that not every bidder needs is worked out when it is asked for.
    """

    __slots__ = (
        "_ahead",
        "_prices",
        "_stores",
        "_vehicles",
        "begins_s",
        "expected_kwh",
        "last",
        "slot",
        "slot_s",
        "t_s",
    )

    def __init__(
        self,
        *,
        slot: int,
        slot_s: float,
        t_s: float,
        expected_kwh: Floats,
        prices: Callable[[int], tuple[Floats, Floats]],
        ahead: Callable[[int], Floats] | None = None,
        stores: Callable[[], Flexible | None] | None = None,
        vehicles: Callable[[], Vehicles | None] | None = None,
        last: tuple[Bids, Cleared] | None = None,
    ) -> None:
        self.slot = slot
        """Number of the slot that is bid for."""
        self.slot_s = slot_s
        self.t_s = t_s
        """Seconds from the start at which the gate closes."""
        self.begins_s = slot * slot_s
        """Seconds from the start at which the slot begins."""
        self.expected_kwh = expected_kwh
        """Net energy that the forecast expects of the slot, (R, n), > 0 surplus."""
        self._prices = prices
        self._ahead = ahead
        self._stores = stores
        self._vehicles = vehicles
        self.last = last
        """Own orders of the slot bid for before and what became of them, (R, n) each; None in the first slot and where
        nobody ``reads_outcome``."""

    @property
    def import_jpy_per_kwh(self) -> Floats:
        """What a kWh bought from a neighbour in the slot saves at each meter, (n,)."""
        return np.asarray(self._prices(1)[0][0])

    @property
    def export_jpy_per_kwh(self) -> Floats:
        """What a kWh that is sold to the supplier in the slot earns, (n,)."""
        return np.asarray(self._prices(1)[1][0])

    def prices_ahead(self, count: int) -> tuple[Floats, Floats]:
        """Both values in this slot and those after it, (count, n) each; the last slot is repeated behind the end."""
        return self._prices(count)

    def expected_ahead(self, count: int) -> Floats:
        """Expected net energy of this slot and those after it, (count, R, n) kWh."""
        if self._ahead is None:
            return np.repeat(self.expected_kwh[None], count, axis=0)
        return self._ahead(count)

    @property
    def stores(self) -> Flexible | None:
        """The buildings' batteries; None where the community has none."""
        return None if self._stores is None else self._stores()

    @property
    def vehicles(self) -> Vehicles | None:
        """Vehicles that are plugged in now; None where the community has none."""
        return None if self._vehicles is None else self._vehicles()


@runtime_checkable
class Bidder(Protocol):
    """Forecast and values → bids. Entry-point group ``ysc_sim.bidders``. ``__init__(spec)``."""

    kind: ClassVar[str]
    Spec: ClassVar[type]
    reads_outcome: ClassVar[bool]
    """True if bids depend on what earlier orders led to: then the market clears inside the loop."""
    # Optional promises, see ``ysc_sim.contracts.stretches``: ``from_meters``, ``from_expected``.
    # Optional ``orders``, of the class or of one bidder: how many it makes for each building, see ``Bids``; else one.

    def start(self, rows: Rows, building_ids: Sequence[str]) -> dict[str, np.ndarray]:
        """What it remembers, arrays (R, …); all that is random in a row comes from the row's own generators."""
        ...

    def bid(self, view: BidView, state: dict[str, np.ndarray]) -> Bids:
        """Orders of every building; may change ``state`` in place. Called once for every slot, in order."""
        ...
