"""What a strategy may know at an instant, and what it answers. Nothing lies in the future."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, NamedTuple, Protocol, runtime_checkable

import numpy as np

from ysc_sim.contracts.devices import Curtailable, Store, Vehicles
from ysc_sim.contracts.world import DeviceState, Rows
from ysc_sim.units import Floats


class Wish(NamedTuple):
    """What a strategy wants that also switches loads: power from what is flexible, and the stages to switch off."""

    power_kw: Floats
    """(R, n), > 0 discharges."""
    off: Floats
    """(R, n, P): share of each stage that is switched off, 0 … 1."""


class SlotMeters(NamedTuple):
    """Import through meters, kWh: of the slot so far, and of the slot that finished last (0 in the first one)."""

    so_far_kwh: Floats
    last_slot_kwh: Floats
    community_so_far_kwh: Floats
    community_last_slot_kwh: Floats


class Notice(NamedTuple):
    """The next outage that has been announced and is not over, at each building, (R, n) seconds from the start.

    inf where none has: what nobody announced is not in it.
    """

    start_s: Floats
    end_s: Floats


class View:
    """What a strategy may know at an instant about its own ``n`` buildings; nothing lies in the future.

    Everything that is not needed at every instant is worked out when it is asked for.
    """

    __slots__ = (
        "_beyond",
        "_committed",
        "_meters",
        "_prices",
        "_stores",
        "fixed_kw",
        "hi_kw",
        "lo_kw",
        "promise_is_floor",
        "slot_elapsed_s",
        "slot_s",
        "step_s",
        "t_s",
    )

    def __init__(
        self,
        *,
        t_s: float | Floats,
        slot_elapsed_s: float | Floats,
        slot_s: float,
        step_s: float,
        fixed_kw: Floats,
        lo_kw: Floats,
        hi_kw: Floats,
        stores: Callable[[], Store],
        meters: Callable[[], SlotMeters],
        prices: Callable[[], tuple[Floats, Floats]],
        committed: Callable[[], Floats] | None = None,
        promise_is_floor: bool = False,
        beyond: Beyond | None = None,
    ) -> None:
        self.t_s = t_s
        """Seconds from the start; (R, 1) where rows stand at different times."""
        self.slot_elapsed_s = slot_elapsed_s
        """Seconds since the settlement slot began."""
        self.slot_s = slot_s
        self.step_s = step_s
        self.fixed_kw = fixed_kw
        """Net of everything inflexible, now; > 0 is surplus, (R, n)."""
        self.lo_kw = lo_kw
        self.hi_kw = hi_kw
        """Band of the sum of what is flexible, (R, n)."""
        self._stores = stores
        self._meters = meters
        self._prices = prices
        self._committed = committed
        self.promise_is_floor = promise_is_floor
        """Whether more may go out than ``committed_kwh`` says: relief of a peak, not a sale."""
        self._beyond = beyond

    @property
    def store(self) -> Store:
        """Energy, floor and capacity of the stores that are connected at each building, (R, n) kWh."""
        return self._stores()

    @property
    def meters(self) -> SlotMeters:
        """Import of each building in this slot so far and in the last one, (R, n) kWh; of the community, (R, 1)."""
        return self._meters()

    @property
    def import_price_jpy_per_kwh(self) -> Floats:
        """What a kWh saves that need not be bought at each building's meter in this slot, (n,)."""
        return self._prices()[0]

    @property
    def export_price_jpy_per_kwh(self) -> Floats:
        """What a kWh earns that is sold to the supplier in this slot, (n,)."""
        return self._prices()[1]

    @property
    def committed_kwh(self) -> Floats:
        """Net energy that each building has promised for this slot, > 0 sold, (R, n); 0 where nothing was.

        Strategies that ask for it say ``reads_market``.
        """
        return np.zeros_like(self.fixed_kw) if self._committed is None else self._committed()

    @property
    def community_fixed_kw(self) -> Floats:
        """Net of everything inflexible in the whole community, (R, 1)."""
        if self._beyond is None:
            return np.asarray(np.add.reduce(self.fixed_kw, axis=1, keepdims=True))
        return self._beyond.community_fixed()

    @property
    def vehicles(self) -> Vehicles | None:
        """Vehicles that are plugged in; None where the community has none."""
        return None if self._beyond is None else self._beyond.vehicles()

    @property
    def curtailable(self) -> Curtailable | None:
        """Demand that may be switched off; None where the community has none."""
        return None if self._beyond is None else self._beyond.curtailable()

    @property
    def announced(self) -> Notice:
        """The next announced outage of each building, (R, n)."""
        if self._beyond is None or self._beyond.announced is None:
            nothing = np.full(self.fixed_kw.shape, np.inf)
            return Notice(nothing, nothing)
        return self._beyond.announced()

    def prices_ahead(self, slots: int) -> tuple[Floats, Floats]:
        """Import and export price of this slot and those after it, as the printed tariff says, (slots, n) each.

        Behind the end of the run the last slot is repeated.
        """
        if self._beyond is None:
            return tuple(np.repeat(price[None, :], slots, axis=0) for price in self._prices())  # type: ignore[return-value]
        return self._beyond.prices_ahead(slots)


@dataclass(frozen=True)
class Beyond:
    """What few strategies ask for, each worked out when it is asked for."""

    community_fixed: Callable[[], Floats]
    vehicles: Callable[[], Vehicles | None]
    curtailable: Callable[[], Curtailable | None]
    prices_ahead: Callable[[int], tuple[Floats, Floats]]
    announced: Callable[[], Notice] | None = None


@runtime_checkable
class Strategy(Protocol):
    """Observation → power wanted from what is flexible. Entry-point group ``ysc_sim.strategies``.

    ``__init__(specs, building_ids)`` gets one ``Spec`` per building that uses it. With a class attribute
    ``takes = ("inner",)``, ``("forecast",)`` or both, the scenario may name an inner strategy, or a forecast, and
    ``__init__`` gets the finished object as a keyword of that name. ``row_fields`` names fields of the ``Spec`` in
    which rows may differ: ``start`` asks ``rows.spread`` for them, under the name ``building/strategy``;
    ``plan_ignores`` those of them that ``prepare`` has nothing to do with.
    """

    kind: ClassVar[str]
    Spec: ClassVar[type]
    reads_market: ClassVar[bool]
    """True if decisions depend on cleared trades: then the market clears inside the loop."""
    # Optional promise, see ``ysc_sim.contracts.stretches``: ``from_fixed``.

    def start(self, rows: Rows) -> DeviceState:
        """What it remembers, arrays (R, n)."""
        ...

    def decide(self, view: View, state: DeviceState) -> Floats | Wish:
        """Flexible power wanted at each of its buildings, (R, n) kW, > 0 discharges. May change ``state`` in place.

        A strategy that also switches loads answers with a :class:`Wish`.
        """
        ...
