"""What a fleet of devices sees and owes: bands of power out, energy moved exactly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, NamedTuple, Protocol, TypeGuard, runtime_checkable

import numpy as np

from ysc_sim.contracts.metrics import MetricInfo
from ysc_sim.contracts.world import DeviceState, EnergyClass, Moment, Site
from ysc_sim.units import Bools, Floats, Ints


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

    def by_row(self, name: str, common: Floats) -> Floats:
        """A field in which rows may differ: ``common`` (m,) where they do not, else (S, m)."""
        return self.site.rows.spread(self.ids, name, common)


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
    # Optional: ``row_fields``, names of fields of the ``Spec`` that it reads with ``placed.by_row``, so that rows of an
    # ensemble may differ in them.
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
class Late(Device, Protocol):
    """A fleet whose devices need time to follow a set-point while the grid carries the rest."""

    def follow_at_once(self, state: DeviceState, p_kw: Floats, where: Bools) -> None:
        """The set-points (R, m) are reached already at the devices of ``where`` (R, m): those without a grid."""
        ...


def late(fleet: Device) -> TypeGuard[Late]:
    """Whether a fleet is :class:`Late`; asked at every step in the dark, and so answered once for each kind."""
    return _is_late(type(fleet))


@cache
def _is_late(kind: type) -> bool:
    return callable(getattr(kind, "follow_at_once", None))


@runtime_checkable
class Outlets(Protocol):
    """A fleet of generators of which some feed an outlet of their own building while its cell is dark."""

    outlet_kw: Floats
    """Largest power of each outlet, (m,); 0 where there is none."""


@runtime_checkable
class FrequencyCurved(Protocol):
    """A fleet of generators of which some give less by the frequency of an island, along curves of their own."""

    frequency_curve: Floats | None
    """(m, 2): rise of frequency from which on each gives less, Hz, and rise from there to nothing, per unit of the
    nominal frequency; NaN where a plant takes the island's figure. None: all do."""


class Measure(NamedTuple):
    """A number of every device at the end of a run."""

    value: Floats
    """(R, m)"""
    weight: Floats | None = None
    """(m,) or (R, m): a building's number is the mean so weighted; None: it is the sum."""


@runtime_checkable
class Measuring(Protocol):
    """A fleet that says more about a finished run than the energies that are recorded of every device."""

    measures: ClassVar[Mapping[str, MetricInfo]]
    """Every name that it may give, with unit and better direction."""

    def measure(self, state: DeviceState) -> Mapping[str, Measure]:
        """Numbers of every device at the end of the run."""
        ...


@runtime_checkable
class Switchable(Device, Protocol):
    """A load fleet that a strategy may switch off while its building has the grid."""

    switches: LoadSwitches
