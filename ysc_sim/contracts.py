"""What a plug-in sees, and what it owes: four small protocols and the frozen views they get.

A *device* kind is one struct-of-arrays object (a fleet) that offers bands of power and moves its own energy.
A *strategy* turns an observation into the power it wants from what is flexible at its buildings.
A *bidder* turns history into bids, a *market* turns bids into cleared energy and prices.
A *metric* turns the arrays of a finished run into numbers.

Nobody here knows an island from a grid: the engine clips what is wanted to the bands, and modes are data.
Sign: ``p_kw > 0`` injects into the building's bus. Shapes: ``R`` rows of the ensemble (all of them, or a
compressed part; a plug-in may not assume which), ``m`` devices of a fleet, ``n`` buildings.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any, ClassVar, Literal, NamedTuple, Protocol, TypeGuard, runtime_checkable

import numpy as np

from ysc_sim.results.arrays import RunArrays
from ysc_sim.timeseries.axis import TimeAxis
from ysc_sim.units import Bools, Floats, Ints

EnergyClass = Literal["load", "pv", "wind", "genset", "battery", "ev"]
"""Every device declares exactly one: load, pv, wind, genset (any other generator), battery, ev."""

DeviceState = dict[str, Floats]
"""What a fleet remembers: arrays (R, m), or (R, m, …), named by the fleet; the engine only cuts and pastes rows."""


@dataclass(frozen=True)
class Rows:
    """The ensemble: one seed per row. Draws are named, so that adding a device changes no other's draw."""

    seeds: tuple[int, ...]

    @property
    def count(self) -> int:
        """Rows in the ensemble."""
        return len(self.seeds)

    def generator(self, row: int, name: str, stream: str) -> np.random.Generator:
        """Random numbers of one row for (device or building ``name``, ``stream``), whatever else is drawn."""
        digest = blake2b(f"{name}\x1f{stream}".encode(), digest_size=16).digest()
        words = np.frombuffer(digest, dtype="<u4").tolist()
        return np.random.Generator(np.random.PCG64(np.random.SeedSequence([self.seeds[row], *words])))


@dataclass(frozen=True)
class Site:
    """Where and when: what every fleet may know about the world."""

    axis: TimeAxis
    rows: Rows
    latitude_deg: float
    longitude_deg: float
    folder: Path
    """Folder of the scenario: a profile that it names lies inside."""
    weather: str = "standard"
    """standard: the standard year that profiles follow; synthetic: drawn for every row."""
    weather_variability: float = 1.0
    """1: as restless as real weather; 0: the normals on every day."""


@dataclass(frozen=True)
class Placed:
    """The devices of one kind, in the order of their buildings: what a fleet is made from."""

    specs: tuple[Any, ...]
    """Specifications, instances of the fleet's ``Spec``, m of them."""
    ids: tuple[str, ...]
    """``building/device`` names, m of them; random draws are named by them."""
    building: Ints
    """Index of each device's building, non-decreasing, shape (m,)."""
    shift_s: Ints
    """Time shift of each device's building in each row, seconds, shape (R, m): diversity of replicated buildings."""
    scale: Floats
    """Size factor of each device's building in each row, shape (R, m)."""
    site: Site

    def column(self, name: str) -> Floats:
        """One numeric field of all specifications as an array (m,)."""
        return np.array([getattr(spec, name) for spec in self.specs], dtype=np.float64)


class Moment(NamedTuple):
    """The instant at which something is asked."""

    t_s: float | Floats
    """Seconds from the start; an array (R, 1) where rows stand at different times."""
    step: int
    """Number of the interval that holds it."""


class Bands(NamedTuple):
    """What each device of a fleet can do until the next instant, (R, m) kW each; > 0 injects.

    ``lo ≤ want ≤ hi``; ``want`` is what it does if nobody asks for anything else. A device is *flexible* if its
    fleet says so; the strategy's wish is shared over the flexible ones of a building.
    """

    lo_kw: Floats
    hi_kw: Floats
    want_kw: Floats


class Store(NamedTuple):
    """Energy inside the devices of a storing fleet, (R, m) kWh each."""

    stored_kwh: Floats
    floor_kwh: Floats
    capacity_kwh: Floats
    present: Floats | None = None
    """1 where the store is connected, 0 where it is away (a vehicle on the road); None: always connected."""
    charge_kw: Floats | None = None
    discharge_kw: Floats | None = None
    """Rated powers at the terminals, for those who plan; None: what the bands say."""
    required_kwh: Floats | None = None
    """Wanted inside at ``due_s``, where somebody needs the store for something else (a driver)."""
    due_s: Floats | None = None
    """Seconds from the start of the next departure; inf where none comes."""


class Vehicles(NamedTuple):
    """The vehicles that are plugged in at each building, (R, n) each."""

    missing_kwh: Floats
    """What the stores still lack for their drivers' needs."""
    due_s: Floats
    """Seconds from the start of the next departure of a vehicle that lacks something; inf where none does."""
    charge_kw: Floats
    """Largest power into them, now."""
    discharge_kw: Floats
    """Largest power out of them, now."""


class Curtailable(NamedTuple):
    """Demand that a controller may switch off, in P stages by priority: stage 0 goes first, P − 1 last."""

    want_kw: Floats
    """(R, n, P) ≥ 0: what each stage takes if it is left on; part of ``View.fixed_kw``."""
    min_off_s: Floats
    min_on_s: Floats
    """(n, P): how long a stage stays off, or on, once it was switched."""


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


class Flow(NamedTuple):
    """What moved while time passed, (R, m) each.

    ``energy_kwh`` > 0 went into the bus. Stores also give ``charge_kwh`` ≥ 0 and ``discharge_kwh`` ≥ 0 at their
    terminals (energy = discharge − charge), ``loss_kwh`` ≥ 0 lost inside, and ``away_kwh`` that left other than
    through the bus (driving): Δstored = charge − discharge − loss − away. ``held_s`` is how long the set power was
    held before a limit was reached (after that the device rests); None where all held it to the end.
    """

    energy_kwh: Floats
    charge_kwh: Floats | None = None
    discharge_kwh: Floats | None = None
    loss_kwh: Floats | None = None
    away_kwh: Floats | None = None
    held_s: Floats | None = None


class LoadSwitches(NamedTuple):
    """How the devices of a switchable load fleet may be switched, (m,) each."""

    priority: Ints
    """Small numbers are switched off first."""
    min_off_s: Floats
    min_on_s: Floats
    comfort_jpy_per_kwh: Floats
    """What a kWh that was switched off is worth to those who miss it."""


@runtime_checkable
class Device(Protocol):
    """A fleet: all devices of one kind. One file, one entry point in group ``ysc_sim.devices``.

    ``__init__`` takes :class:`Placed`. Fleets without a store may leave ``store``, ``limit_s`` and ``drain_kw`` at
    what :class:`ysc_sim.devices.base.ProfileFleet` gives.
    """

    kind: ClassVar[str]
    energy_class: ClassVar[EnergyClass]
    Spec: ClassVar[type]
    flexible: bool
    """Whether strategies may ask for other than ``want``."""
    stores: bool
    """Whether the fleet keeps energy."""
    placed: Placed
    forming: Bools
    """Devices that can hold an island's voltage and frequency, (m,)."""
    tier_shares: Floats | None
    """Loads only: shares of demand by tier, (m, 4), rows sum to 1; None elsewhere."""

    def start(self) -> DeviceState:
        """State of all rows at the start."""
        ...

    def bands(self, state: DeviceState, moment: Moment) -> Bands:
        """What the fleet can do from now on; called at every act. ``state`` may hold a part of the rows."""
        ...

    def advance(self, state: DeviceState, p_kw: Floats, dt_s: float | Floats, moment: Moment) -> Flow:
        """Let ``dt_s`` seconds (scalar or (R, 1)) pass at ``p_kw``; changes ``state`` in place; exact in time."""
        ...

    def store(self, state: DeviceState) -> Store:
        """Energy inside; called for storing fleets only."""
        ...

    def limit_s(self, state: DeviceState, p_kw: Floats) -> Floats:
        """Seconds until holding ``p_kw`` meets a limit, (R, m); inf where none is met."""
        ...

    def drain_kw(self, state: DeviceState, p_kw: Floats) -> Floats:
        """Rate at which the store falls at ``p_kw``, (R, m) kW."""
        ...

    def next_event_s(self, state: DeviceState, moment: Moment) -> Floats | None:
        """Time from the start of the next change that the fleet itself makes (arrival, departure), (R,), or None."""
        ...

    def on_event(self, state: DeviceState, moment: Moment) -> None:
        """Make the change that is due at this instant, in those rows of ``state`` where it is due."""
        ...


@runtime_checkable
class Startable(Device, Protocol):
    """A fleet, beside being a :class:`Device`, whose devices give power only while they are called: engines.

    Who needs them calls them: an island does, the grid does not. A call may set the fleet's next event.
    """

    def call(self, state: DeviceState, wanted: Bools, moment: Moment) -> None:
        """From now on the devices of ``wanted`` (R, m) are needed and the others are not."""
        ...

    def ready(self, state: DeviceState) -> Bools:
        """Which run, or would run after a call, as far as anybody can know, (R, m)."""
        ...


def startable(fleet: Device) -> TypeGuard[Startable]:
    """Whether a fleet is :class:`Startable`; asked at every act, and so answered once for each kind."""
    return _is_startable(type(fleet))


@cache
def _is_startable(kind: type) -> bool:
    return all(callable(getattr(kind, name, None)) for name in ("call", "ready"))


@runtime_checkable
class Outlets(Protocol):
    """A fleet of generators of which some feed an outlet of their own building while its cell is dark."""

    outlet_kw: Floats
    """Largest power of each outlet, (m,); 0 where there is none."""


class Measure(NamedTuple):
    """A number of every device at the end of a run."""

    value: Floats
    """(R, m)"""
    weight: Floats | None = None
    """(m,) or (R, m): a building's number is the mean so weighted; None: it is the sum."""


@dataclass(frozen=True)
class MetricInfo:
    """What a number means: unit and which direction is better (1 more, −1 less, 0 neither)."""

    unit: str
    better: int


@runtime_checkable
class Measuring(Protocol):
    """A fleet that says more about a finished run than the energies that are recorded of every device."""

    measures: ClassVar[Mapping[str, MetricInfo]]
    """Every name that it may give, with unit and better direction."""

    def measure(self, state: DeviceState) -> Mapping[str, Measure]:
        """Numbers of every device at the end of the run."""
        ...


class View:
    """What a strategy may know at an instant about its own ``n`` buildings; nothing lies in the future.

    Everything that is not needed at every instant is worked out when it is asked for.
    """

    __slots__ = (
        "_beyond",
        "_meters",
        "_prices",
        "_stores",
        "fixed_kw",
        "hi_kw",
        "lo_kw",
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


@runtime_checkable
class Switchable(Device, Protocol):
    """A load fleet that a strategy may switch off while its building has the grid."""

    switches: LoadSwitches


@runtime_checkable
class Strategy(Protocol):
    """Observation → power wanted from what is flexible. Entry-point group ``ysc_sim.strategies``.

    ``__init__(specs, building_ids)`` gets one ``Spec`` per building that uses it. With a class attribute
    ``takes = ("inner",)``, ``("forecast",)`` or both, the scenario may name an inner strategy, or a forecast, and
    ``__init__`` gets the finished object as a keyword of that name.
    """

    kind: ClassVar[str]
    Spec: ClassVar[type]
    reads_market: ClassVar[bool]
    """True if decisions depend on cleared trades: then the market clears inside the loop."""

    def start(self, rows: Rows) -> DeviceState:
        """What it remembers, arrays (R, n)."""
        ...

    def decide(self, view: View, state: DeviceState) -> Floats | Wish:
        """Flexible power wanted at each of its buildings, (R, n) kW, > 0 discharges. May change ``state`` in place.

        A strategy that also switches loads answers with a :class:`Wish`.
        """
        ...


@dataclass(frozen=True)
class Plant:
    """The stationary stores of each building as one, (n,) each: what a planner must know before the run."""

    charge_kw: Floats
    discharge_kw: Floats
    room_kwh: Floats
    """Between floor and ceiling."""
    start_kwh: Floats
    """Above the floor at the start."""
    charge_efficiency: Floats
    discharge_efficiency: Floats
    """The best that any of the building's stores reaches at any power."""


@dataclass(frozen=True)
class Contract:
    """What a planner must know about one contract and the meters that it bills."""

    buildings: Ints
    """Indices of the buildings; together they are one meter if ``together``, else each has its own."""
    together: bool
    demand_jpy_per_kw: float
    """Demand charge of one kW in one month, power factor and tax in it; 0 where peaks cost nothing."""
    previous_kw: float
    """Largest peak of the months before that still counts."""


@dataclass(frozen=True)
class Cells:
    """What the cells of a planner's buildings will live through, were the grid to fail. ``R0``: 1 or all rows."""

    of_building: Ints
    """Cell of each of its buildings, (n,)."""
    tier_load_kw: Floats
    """Demand of everybody in each cell by tier, (R0, c, 4, T)."""
    generation_kw: Floats
    """(R0, c, T)"""
    room_kwh: Floats
    charge_kw: Floats
    discharge_kw: Floats
    charge_efficiency: Floats
    discharge_efficiency: Floats
    """Stationary stores of each of its buildings: energy between floor and full, powers, efficiencies at them, (n,)."""


@dataclass(frozen=True)
class Outlook:
    """What a planner is told before the run. ``K`` slots, ``S`` rows, ``n`` buildings of its own."""

    axis: TimeAxis
    month: Ints
    """Number of the month of each slot, from 0, (K,)."""
    import_jpy_per_kwh: Floats
    export_jpy_per_kwh: Floats
    """(K, n)"""
    plant: Plant
    contracts: tuple[Contract, ...]
    future_kw: Floats | None
    """Mean net of everything inflexible in each slot, (K, S, n), > 0 surplus; None unless ``sees_future``."""
    cells: Callable[[], Cells] | None = None
    """Worked out when it is asked for; None unless ``sees_future``."""


@runtime_checkable
class Planner(Strategy, Protocol):
    """A strategy that plans. With ``sees_future`` it has perfect foresight: a bound, not a controller to buy."""

    sees_future: ClassVar[bool]

    def prepare(self, outlook: Outlook) -> None:
        """Called once before the run."""
        ...


@dataclass(frozen=True)
class History:
    """Meter registers at the ends of all finished slots, oldest first; the future is not in the arrays."""

    import_kwh: Floats
    export_kwh: Floats
    """Cumulative, (slots so far + 1, R, n); the first entry is the start."""
    slots_per_day: int
    forgotten: int = 0
    """Finished slots that came before the first entry and are no longer kept."""

    @property
    def slots(self) -> int:
        """Finished slots that are kept."""
        return len(self.import_kwh) - 1

    def net_kwh(self, back: int) -> Floats:
        """Export − import of the slot ``back`` before the coming one (1: the last finished), (R, n)."""
        end = self.slots - back + 1
        exported: Floats = self.export_kwh[end] - self.export_kwh[end - 1]
        imported: Floats = self.import_kwh[end] - self.import_kwh[end - 1]
        return exported - imported


@runtime_checkable
class Forecast(Protocol):
    """History → what the coming slot may bring. Entry-point group ``ysc_sim.forecasts``."""

    kind: ClassVar[str]
    Spec: ClassVar[type]

    def predict(self, history: History) -> Floats:
        """Expected export − import of the coming slot, (R, n) kWh."""
        ...

    def predict_ahead(self, history: History, count: int) -> Floats:
        """Expected export − import of the ``count`` coming slots, (count, R, n) kWh."""
        ...


class Bids(NamedTuple):
    """One order per building for the coming slot, (…, n) each."""

    quantity_mwh: Ints
    price_jpy_per_kwh: Floats
    is_buyer: Bools


@runtime_checkable
class Bidder(Protocol):
    """Forecast and values → bids. Entry-point group ``ysc_sim.bidders``. ``__init__(spec)``."""

    kind: ClassVar[str]
    Spec: ClassVar[type]

    def bid(self, expected_kwh: Floats, import_jpy_per_kwh: Floats, export_jpy_per_kwh: Floats) -> Bids:
        """Orders for expected net energy (R, n) kWh (> 0 surplus) at the values of a kWh bought and sold, (n,)."""
        ...


@runtime_checkable
class DrawingBidder(Protocol):
    """A bidder whose bids are drawn: it remembers something in each row. Otherwise as :class:`Bidder`."""

    kind: ClassVar[str]
    Spec: ClassVar[type]

    def start(self, rows: Rows, building_ids: Sequence[str]) -> dict[str, np.ndarray]:
        """What it remembers, arrays (R, n); all that is random in a row comes from the row's own generators."""
        ...

    def bid_from(
        self,
        state: dict[str, np.ndarray],
        expected_kwh: Floats,
        import_jpy_per_kwh: Floats,
        export_jpy_per_kwh: Floats,
    ) -> Bids:
        """Orders as of :meth:`Bidder.bid`; may change ``state`` in place. Called once for every slot, in order."""
        ...


class Cleared(NamedTuple):
    """What was cleared: integer milliwatt-hours bought or sold by each building, and its price, (…, n) each."""

    bought_mwh: Ints
    sold_mwh: Ints
    price_jpy_per_kwh: Floats
    """Price of what each trades; 0 where nothing trades."""


@runtime_checkable
class Market(Protocol):
    """Bids → cleared energy and prices. Entry-point group ``ysc_sim.markets``. ``__init__(spec)``.

    ``clear`` must give the same bits for a row alone and in any batch: the engine may call it slot by slot inside
    the run or once afterwards for all slots.
    """

    kind: ClassVar[str]
    Spec: ClassVar[type]
    trades: ClassVar[bool]
    """False for the market that never trades: then nothing is bid or cleared."""

    def clear(self, bids: Bids) -> Cleared:
        """Clear each row on its own; Σ bought = Σ sold in integer mWh per row."""
        ...


class Negotiation(Protocol):
    """One row's orders inside one gate window; the engine keeps the clock."""

    def next_event_s(self) -> float | None:
        """Seconds from the opening of the window to the next arrival, or None when nothing is left to happen."""
        ...

    def on_event(self, t_s: float) -> None:
        """Let happen what is due at this instant."""
        ...

    def cleared(self) -> Cleared:
        """What has been agreed so far, (n,) each."""
        ...


@runtime_checkable
class ContinuousMarket(Protocol):
    """A market, see above, in which orders arrive one by one. Its ``clear`` draws from its own seed."""

    def negotiate(self, bids: Bids, draws: np.random.Generator) -> Negotiation:
        """Open the window for one row of orders, (n,) each; all that is random comes from ``draws``."""
        ...


class OutageWindow(NamedTuple):
    """The grid is away from ``start_s`` (inclusive) to ``end_s``, in seconds from the start of the axis."""

    start_s: int
    end_s: int
    notice_s: int = 0
    """How long before its start it is announced, with its end; 0: it comes unannounced."""
    cell: str = ""
    """Not the grid but the feeder of this cell is away; all rows alike."""


@runtime_checkable
class OutageModel(Protocol):
    """When the grid is away. Entry-point group ``ysc_sim.outages``. ``__init__(spec)``."""

    kind: ClassVar[str]
    Spec: ClassVar[type]
    differs: bool
    """Whether rows of an ensemble have different windows; if not, only row 0 is asked for."""

    def windows(self, site: Site, row: int) -> Sequence[OutageWindow]:
        """Windows of one row, in seconds from the start; the engine merges and cuts them to the axis.

        Draws are named: ``site.rows.generator(row, name, stream)``.
        """
        ...


@dataclass(frozen=True)
class MetricValues:
    """Numbers of one metric plug-in: name → (S,) of the community, (S, n) of the buildings; absent if undefined."""

    community: Mapping[str, Floats] = field(default_factory=dict)
    buildings: Mapping[str, Floats] = field(default_factory=dict)
    infos: Mapping[str, MetricInfo] = field(default_factory=dict)
    """Names that are only known when a run is finished: those of the devices in it."""


@runtime_checkable
class Metric(Protocol):
    """Arrays of a finished run → numbers. Entry-point group ``ysc_sim.metrics``. ``__init__()``."""

    kind: ClassVar[str]
    defines: ClassVar[Mapping[str, MetricInfo]]
    """Every name it may give, with unit and better direction."""

    def compute(self, arrays: RunArrays) -> MetricValues:
        """Values per row. A value that is not available is left out; NaN is not a value."""
        ...
