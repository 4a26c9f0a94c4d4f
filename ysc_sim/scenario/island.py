"""What a scenario says of islands: who is shed when, how the grid is left and joined, what frequency does."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le, Len

from ysc_sim.units import Fraction, JPYPerKWh, Seconds, Unit

Hertz = Annotated[float, Gt(0), Le(1000), Unit("Hz")]


@dataclass(frozen=True, kw_only=True)
class Synchronise:
    """How an island joins the grid: windows of IEEE Std 1547-2018, table 5, up to 500 kVA."""

    slip_hz: Annotated[float, Ge(0), Le(5), Unit("Hz")] = 0.05
    """Difference of the frequencies that the island's controller holds while it waits (assumed)."""
    voltage_pu: Annotated[float, Ge(0), Le(1), Unit("1")] = 0.01
    """Difference of the voltages that it holds (assumed)."""
    max_slip_hz: Annotated[float, Ge(0), Le(5), Unit("Hz")] = 0.3
    """Largest difference of the frequencies at which the switch closes."""
    max_voltage_pu: Fraction = 0.1
    """Largest difference of the voltages."""
    max_angle_deg: Annotated[float, Ge(0), Le(180), Unit("°")] = 20.0
    """Largest difference of the angles."""
    hold_s: Seconds = 1.0
    """How long all three must be inside their windows."""
    give_up_s: Seconds = 600.0
    """If it takes longer, the island is switched off and its buildings join the grid dark."""


@dataclass(frozen=True, kw_only=True)
class Frequency:
    """What holds the frequency of an island in the seconds after the grid is lost."""

    nominal_hz: Hertz = 50.0
    """Nominal frequency: 50 in the east of Japan, 60 in the west."""
    droop_pu: Annotated[float, Gt(0), Le(1), Unit("1")] = 0.04
    """Droop of the forming devices, on the power that they can give."""
    inertia_s: Seconds = 0.0
    """Inertia constant H of the forming devices, machine or virtual."""
    lag_s: Seconds = 0.0
    """Lag of their governors; only with inertia."""
    load_damping_pu: Annotated[float, Ge(0), Le(10), Unit("1")] = 1.0
    """Fall of demand per unit of frequency."""
    sun_deadband_hz: Annotated[float, Ge(0), Le(5), Unit("Hz")] = 0.036
    """Generation gives less above nominal by more than this (IEEE Std 1547-2018 default)."""
    sun_droop_pu: Annotated[float, Gt(0), Le(1), Unit("1")] = 0.05
    """Rise of frequency, per unit, that takes all generation away."""
    sun_lag_s: Seconds = 5.0
    """Response time of that."""
    shed_hz: Annotated[tuple[Hertz, ...], Len(3, 3)] = (48.4, 48.7, 49.0)
    """Relays that shed tier 2, 3 and 4 below these frequencies (an example, no Japanese default exists)."""
    shed_delay_s: Seconds = 0.1
    """How long frequency must be below."""
    restore_s: Seconds = 300.0
    """How long a tier that was shed so stays off."""
    collapse_hz: Hertz = 47.5
    """Frequency at which the island is lost (lower end of the relay range of JEAC 9701)."""
    rise_hz: Hertz = 51.5
    """Frequency at which it is lost above nominal."""
    step_share: Annotated[float, Gt(0), Le(1), Unit("1")] = 0.1
    """Later steps of what forming devices carry (loads shed or restored, a generator lost, a split) are looked at above
    this share of what they can give."""
    restart_s: Annotated[float, Ge(30), Le(1e10), Unit("s")] = 300.0
    """How long an island that was lost by frequency stays dark before an engine may start it again (assumed)."""

    def check(self) -> list[tuple[str, str, dict[str, object]]]:
        """Cross rules: (problem key, field, values)."""
        problems: list[tuple[str, str, dict[str, object]]] = []
        if self.lag_s > 0 and self.inertia_s == 0:
            problems.append(("lag_without_inertia", "lag_s", {"value": self.lag_s}))
        if not self.collapse_hz < self.nominal_hz < self.rise_hz:
            problems.append(("frequency_limits_cross", "nominal_hz", {"value": self.nominal_hz}))
        return problems


@dataclass(frozen=True, kw_only=True)
class Relay:
    """One relay of an inverter: one limit, and how long it must be passed."""

    below_hz: Hertz | None = None
    """Under-frequency."""
    above_hz: Hertz | None = None
    """Over-frequency."""
    below_pu: Annotated[float, Gt(0), Le(2), Unit("1")] | None = None
    """Under-voltage at the connection of the building, on the nominal one; needs ``power_flow: control``."""
    above_pu: Annotated[float, Gt(0), Le(2), Unit("1")] | None = None
    """Over-voltage."""
    after_s: Seconds = 1.0
    """How long it must be passed."""

    def check(self) -> list[tuple[str, str, dict[str, object]]]:
        """Cross rules: (problem key, field, values)."""
        given = [name for name in ("below_hz", "above_hz", "below_pu", "above_pu") if getattr(self, name) is not None]
        if len(given) != 1:
            return [("relay_needs_one_limit", given[1] if given else "after_s", {"count": len(given)})]
        return []


@dataclass(frozen=True, kw_only=True)
class Inverters:
    """Grid-following inverters with relays of their own: in an island they trip by their own curve, and come back."""

    devices: tuple[Annotated[str, Len(1, 200)], ...] = ()
    """Which ones (building/device): solar, wind, batteries and vehicles that do not form. All that no other entry names
    if not given."""
    relays: Annotated[tuple[Relay, ...], Len(1, 20)] = (
        Relay(below_hz=48.5, after_s=1.0),
        Relay(above_hz=51.0, after_s=1.0),
    )
    """Relays; default: Japanese settings at 50 Hz. IEEE Std 1547-2018 at 60 Hz: below 58.5 Hz 300 s and 56.5 Hz 0.16 s,
    above 61.2 Hz 300 s and 62.0 Hz 0.16 s, below 0.88 21 s and 0.5 2 s, above 1.1 13 s and 1.2 0.16 s."""
    wait_s: Seconds = 300.0
    """How long one that tripped stays off (IEEE 1547, Japan: 300 s)."""


@dataclass(frozen=True, kw_only=True)
class Engines:
    """When engines run in an island that its stores can carry."""

    start_below_soc: Fraction = 0.3
    """State of charge of the island's stores at which they are called; they are, too, where the stores are too weak."""
    stop_above_soc: Fraction = 0.8
    """State of charge at which they stop."""
    charge: bool = False
    """While they run they fill the stores, too (cycle charging); else they carry demand alone (load following)."""

    def check(self) -> list[tuple[str, str, dict[str, object]]]:
        """Cross rules: (problem key, field, values)."""
        if self.start_below_soc >= self.stop_above_soc:
            values: dict[str, object] = {"low": self.start_below_soc, "high": self.stop_above_soc}
            return [("engines_stop_below_start", "stop_above_soc", values)]
        return []


@dataclass(frozen=True, kw_only=True)
class Voltage:
    """Voltages at which an island is lost; needs ``power_flow: control``.

    Defaults: relays of Japanese 202 V inverters, 160 V and 230 V for 1 s (settings 160 to 180 V and 220 to 240 V).
    """

    low_pu: Annotated[float, Gt(0), Le(1), Unit("1")] = 0.792
    """Lowest voltage at the connection of a building, on the nominal one."""
    high_pu: Annotated[float, Ge(1), Le(2), Unit("1")] = 1.139
    """Highest."""
    trip_s: Seconds = 1.0
    """How long it must be outside."""


@dataclass(frozen=True, kw_only=True)
class Planned:
    """How an announced outage is awaited: the exchange with the grid is ramped to zero, then the switch opens."""

    ramp_s: Annotated[float, Ge(10), Le(1e6), Unit("s")] = 600.0
    """Time for that before the outage, in ten equal stairs; not longer than the notice."""


@dataclass(frozen=True, kw_only=True)
class Shedding:
    """Who goes without when there is not enough, for how long, and who comes back first."""

    order: Annotated[tuple[Annotated[int, Ge(1), Le(4)], ...], Len(4, 4)] = (1, 2, 3, 4)
    """Tiers in the order in which they are served."""
    inside_tier: Literal["alike", "turns", "fixed", "largest_first"] = "alike"
    """How a tier that can be served in part is served: all buildings in that part (as if rotated quickly); or whole
    buildings, by turns (who was off longest comes first), always in the order of their names, or the largest first."""
    turn_s: Annotated[float, Ge(1), Le(1e10), Unit("s")] = 1800.0
    """Length of a turn; only with ``inside_tier: turns``."""
    min_on_s: Seconds = 0.0
    """How long a building that was switched on keeps its place before others; not with ``alike``."""
    min_off_s: Seconds = 0.0
    """How long a building that was switched off stays off; not with ``alike``."""
    restore_above_soc: Annotated[tuple[Fraction, ...], Len(4, 4)] | None = None
    """State of charge at which stores serve a tier again that was shed below its threshold; the threshold if not
    given."""
    pick_up_s: Seconds = 0.0
    """Time between one tier and the next when a dark cell comes to life again."""

    def check(self) -> list[tuple[str, str, dict[str, object]]]:
        """Cross rules: (problem key, field, values)."""
        if sorted(self.order) != [1, 2, 3, 4]:
            return [("tiers_not_each_once", "order", {"value": ", ".join(map(str, self.order))})]
        return []


@dataclass(frozen=True, kw_only=True)
class ColdLoad:
    """What demand draws beyond its profile after it was off (cold-load pickup): P = P∞·[1 + (k − 1)·e^(−t/τ)].

    Lang, Anderson and Fouad, IEEE Trans. PAS 101 (1982) 924-932; Ucak and Pahwa, IEEE Trans. Power Delivery 9 (1994)
    1717-1723. The defaults are those of electric resistance heating: 2.2 times at once and 1.3 to 1.5 times over the
    first hour; heat pumps behave otherwise.
    """

    peak: Annotated[float, Ge(1), Le(20), Unit("1")] = 2.2
    """k: power after a long outage, in units of what the profile says."""
    decay_s: Annotated[float, Gt(0), Le(1e7), Unit("s")] = 1200.0
    """τ with which the excess goes away."""
    build_s: Annotated[float, Gt(0), Le(1e7), Unit("s")] = 1800.0
    """Time constant with which it grows while demand is off (assumed)."""
    hold_s: Seconds = 0.0
    """How long the excess stays whole after the return, before it goes away."""


@dataclass(frozen=True, kw_only=True)
class Scarcity:
    """Energy inside an island costs what the first tier that is not served in full would give for it."""

    value_jpy_per_kwh: Annotated[tuple[JPYPerKWh, ...], Len(4, 4)] = (2000.0, 800.0, 300.0, 100.0)
    """Worth of a kWh to tiers 1 to 4 (assumed; docs/limitations.md says what is known of outage damage)."""
    surplus_jpy_per_kwh: JPYPerKWh = 8.5
    """Price while all demand is served: what a seller would have had for it (assumed)."""

    def check(self) -> list[tuple[str, str, dict[str, object]]]:
        """Cross rules: (problem key, field, values)."""
        ladder = (*self.value_jpy_per_kwh, self.surplus_jpy_per_kwh)
        if any(a < b for a, b in itertools.pairwise(ladder)):
            return [("scarcity_rises", "value_jpy_per_kwh", {"value": list(ladder)})]
        return []


@dataclass(frozen=True, kw_only=True)
class Island:
    """How cells leave the grid, live alone and come back."""

    shed_below_soc: Annotated[tuple[Fraction, ...], Len(4, 4)] = (0.0, 0.1, 0.2, 0.3)
    """State of charge below which tiers 1 to 4 of the load are shed; tier 1 is the most critical."""
    shedding: Shedding = field(default_factory=Shedding)
    """Order of shedding and restoration."""
    scarcity: Scarcity | None = None
    """Price of what members of an island give each other; the market's own, from bids at the gate, if not given."""
    scope: Literal["community", "cells", "buildings"] = "community"
    """Who lives together when the grid is away: all, each of the ``cells`` by itself, or every building alone."""
    cold_load: ColdLoad | None = None
    """Demand beyond the profile after an interruption; none if not given."""
    sharing: Literal["droop", "soc", "master_slave"] = "droop"
    """How stores share what is missing or left over: in proportion to what each can give or take (equal droop); by
    their state of charge too, so that all are empty at the same time; or the first forming one alone as far as it can,
    then the next."""
    formers: tuple[Annotated[str, Len(1, 200)], ...] = ()
    """Order of the stores under ``master_slave`` (building/device); forming ones before others and then by name if not
    given."""
    break_s: Seconds = 0.0
    """Break of the supply when the grid is lost unannounced and forming devices could not take over what it gave."""
    planned: Planned | None = None
    """Ramp before announced outages; if not given, the separation is taken to be seamless whatever flows."""
    synchronise: Synchronise | None = None
    """How an island joins the grid again; at once and without a check if not given."""
    wait_s: Seconds = 0.0
    """After a dark return of the grid generation and stores stay off for this long (IEEE 1547, Japan: 300 s)."""
    ramp_s: Seconds = 0.0
    """Then they come back within this time, in ten equal stairs (IEEE 1547: 300 s)."""
    frequency: Frequency | None = None
    """Frequency in the seconds after each disturbance; not looked at if not given."""
    inverters: tuple[Inverters, ...] = ()
    """Relays of grid-following inverters, by frequency (with ``frequency``) and voltage (with ``power_flow: control``);
    if none are given all ride through."""
    engines: Engines | None = None
    """When engines run; from the loss of the grid to its return if not given."""
    voltage: Voltage | None = None
    """Voltages at which the island is lost; not looked at if not given."""
    overload_s: Seconds | None = None
    """Critical demand (tier 1) has no switch: where forming devices and the rest cannot carry it for this long, they
    trip, and stay off until the grid is back. If not given it is served in part."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A part of the community with a switch of its own, that can live alone: a block, or one building."""

    id: Annotated[str, Len(1, 64)]
    """Name."""
    parent: Annotated[str, Len(0, 64)] = ""
    """The cell that it is part of; the community itself if not given."""
    buildings: Annotated[tuple[Annotated[str, Len(1, 64)], ...], Len(0, 100_000)] = ()
    """Its buildings that are in no smaller cell; copies together by their common id, or one by one."""
    each: bool = False
    """Each of these buildings has a switch of its own, and is a cell (of its name) inside this one."""
