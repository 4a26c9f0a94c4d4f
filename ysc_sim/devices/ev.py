"""Electric vehicles at a charger: they leave, drive, come back, charge, and may feed the building (V2H, V2G).

A vehicle is a store that is away for a part of the day (:mod:`ysc_sim.devices.sessions`: commuters, company cars,
visitors, a file); arrivals and departures happen at their exact second. While plugged in it charges at once up to
``soc_required`` (``charge: arrival``), or as late as the departure allows (``charge: departure``: V1G); beyond that it
is at the disposal of the building's strategy: up to full when there is surplus, and down to ``soc_floor`` where
``discharge_kw`` > 0 (V2H; V2G where the building may export). Near full it may take less power. Who leaves with less
than required is counted.

Distances: exponential with a mean of 20 km on weekdays (share of days up to 10 km: 39 % in the law, 40 % in JAMA's
passenger-car survey 2021); at 155 Wh/km (Leaf, WLTC) that is 3.1 kWh a day.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar, Literal

import numpy as np
from annotated_types import Ge, Gt, Le, Len

from ysc_sim.contracts import Bands, DeviceState, EnergyClass, Flow, Measure, MetricInfo, Moment, Placed, Store
from ysc_sim.devices.datasheet import Limit, limit_columns
from ysc_sim.devices.reservoir import move_energy
from ysc_sim.devices.sessions import draw_timetable, seconds_of_day, session_problems
from ysc_sim.errors import Problem
from ysc_sim.timeseries.axis import TimeAxis
from ysc_sim.units import (
    EMPTY_KWH,
    KW,
    SECONDS_PER_HOUR,
    Bools,
    Efficiency,
    Floats,
    Fraction,
    Ints,
    KWh,
    Minutes,
    PositiveKW,
    PositiveKWh,
    Unit,
)

SLACK = 1.0 + 1e-9
"""A power this little above a limit is at the limit."""
UNMET_KWH = 1e-6
"""A departure with less than required by more than a milliwatt-hour is unmet."""
USUAL: Mapping[str, Mapping[str, object]] = {
    "home": {"leave": "07:30", "arrive": "18:30", "days": "daily", "trip_kwh": 3.1},
    "company": {"leave": "09:00", "arrive": "17:00", "days": "weekdays", "trip_kwh": 8.0},
    "visitor": {"leave": "", "arrive": "", "days": "daily", "trip_kwh": 10.0},
}
"""What a use means where the scenario does not say otherwise (company: 50 km, visitors: assumed)."""


@dataclass(frozen=True, kw_only=True)
class EvSpec:
    """One electric vehicle with its charger."""

    energy_kwh: PositiveKWh = 40.0
    """Energy of the vehicle's battery (40 kWh: Nissan Leaf)."""
    charge_kw: PositiveKW = 6.0
    """Largest charging power at the charger."""
    discharge_kw: KW = 0.0
    """Largest power into the building; 0: charging only. Japanese V2H stations: 6 kW."""
    charge_efficiency: Efficiency = 0.9
    """Stored per charged energy."""
    discharge_efficiency: Efficiency = 0.9
    """Delivered per energy taken from the store."""
    soc_start: Fraction = 0.7
    """Stored at the start, share of ``energy_kwh``."""
    soc_floor: Fraction = 0.4
    """The driver's floor: V2H stops here."""
    soc_required: Fraction = 0.8
    """Wanted at departure."""
    use: Literal["home", "company", "visitor"] = "home"
    """A commuter at home, a company's car at its yard, or a charger for visitors."""
    leave: str = ""
    """Usual departure, local time HH:MM; 07:30 at home, 09:00 from a company."""
    arrive: str = ""
    """Usual arrival, later than ``leave`` on the same day; 18:30 at home, 17:00 at a company."""
    jitter_minutes: Minutes = 30.0
    """Standard deviation of both, minutes (assumed: no Japanese arrival law is published)."""
    trip_kwh: KWh | None = None
    """Mean energy of a day's driving, or that a visitor needs; exponential. 3.1 (home), 8 (company), 10 (visitor)."""
    days: Literal["daily", "weekdays"] | None = None
    """On which days it drives, or visitors come; weekdays for a company, else daily."""
    visits_per_day: Annotated[float, Ge(0), Le(500), Unit("1")] = 4.0
    """Visitors who would like to charge on a day."""
    stay_minutes: Annotated[float, Gt(0), Le(1440), Unit("min")] = 90.0
    """Mean stay of a visitor; at least 15 minutes."""
    open_from: str = "09:00"
    """Local time HH:MM from which visitors come."""
    open_until: str = "21:00"
    """Local time HH:MM until which they come."""
    sessions_file: Annotated[str, Len(0, 200)] = ""
    """A CSV file beside the scenario with the sessions: arrive, leave, energy_kwh, and vehicle where it has several."""
    vehicle: Annotated[str, Len(0, 100)] = ""
    """Whose lines of that file are meant; all if not given."""
    charge_limits: Annotated[tuple[Limit, ...], Len(0, 8)] = ()
    """Less charging power near full: from a state of charge upwards, a share of ``charge_kw``."""
    charge: Literal["arrival", "departure"] = "arrival"
    """Charge to ``soc_required`` at once, or as late as possible."""
    grid_forming: bool = False
    """Whether its V2H station can hold an island's voltage and frequency while it is plugged in."""

    def __post_init__(self) -> None:
        for name, value in USUAL[self.use].items():
            if getattr(self, name) in (None, ""):
                object.__setattr__(self, name, value)

    def check(self) -> list[tuple[str, str, dict[str, object]]]:
        """Cross rules: (problem key, field, values)."""
        found: list[tuple[str, str, dict[str, object]]] = []
        if self.vehicle and not self.sessions_file:
            found.append(("vehicle_without_file", "vehicle", {"vehicle": self.vehicle}))
        order = [limit.soc for limit in self.charge_limits], [-limit.power for limit in self.charge_limits]
        if any(each != sorted(set(each)) for each in order) or 0.0 in order[1]:
            found.append(("limits_out_of_order", "charge_limits", {"soc": ", ".join(f"{soc:g}" for soc in order[0])}))
        times = ("open_from", "open_until") if self.use == "visitor" else ("leave", "arrive")
        return found + self._clock_problems(*times)

    def _clock_problems(self, first: str, last: str) -> list[tuple[str, str, dict[str, object]]]:
        found: list[tuple[str, str, dict[str, object]]] = []
        clocks = {name: seconds_of_day(getattr(self, name)) for name in (first, last)}
        for name, seconds in clocks.items():
            if seconds is None:
                found.append(("not_a_clock_time", name, {"value": getattr(self, name)}))
        begin, end = clocks[first], clocks[last]
        if begin is not None and end is not None and begin >= end:
            found.append(("ev_back_before_gone", last, {"leave": getattr(self, first), "arrive": getattr(self, last)}))
        if self.soc_floor > self.soc_required:
            values: dict[str, object] = {"soc_floor": self.soc_floor, "soc_required": self.soc_required}
            found.append(("ev_floor_above_required", "soc_floor", values))
        return found

    def check_files(self, folder: Path, axis: TimeAxis) -> list[Problem]:
        """What is wrong with its file of sessions."""
        return list(session_problems(folder, self.sessions_file, self.vehicle, axis)) if self.sessions_file else []


class EvFleet:
    """All vehicles of a community."""

    kind: ClassVar[str] = "ev"
    energy_class: ClassVar[EnergyClass] = "ev"
    Spec: ClassVar[type] = EvSpec
    measures: ClassVar[Mapping[str, MetricInfo]] = {
        "ev_departures": MetricInfo("1", 0),
        "ev_unmet_departures": MetricInfo("1", -1),
        "ev_lacking_kwh": MetricInfo("kWh", -1),
        "ev_turned_away": MetricInfo("1", -1),
    }

    def __init__(self, placed: Placed) -> None:
        self.placed = placed
        self.flexible = True
        self.stores = True
        self.tier_shares: Floats | None = None
        self.forming: Bools = placed.column("grid_forming").astype(np.bool_)
        self.energy_kwh = placed.column("energy_kwh")
        self.charge_kw = placed.column("charge_kw")
        self.discharge_kw = placed.column("discharge_kw")
        self.eta_charge = placed.column("charge_efficiency")
        self.eta_discharge = placed.column("discharge_efficiency")
        self.floor_kwh = self.energy_kwh * placed.column("soc_floor")
        self.required_kwh = self.energy_kwh * placed.column("soc_required")
        self._late = np.array([spec.charge == "departure" for spec in placed.specs])
        self._step_s = placed.site.axis.step_s
        self._charge_limits = limit_columns([spec.charge_limits for spec in placed.specs], 1.0)
        self._timetable = draw_timetable(placed)
        self._by_need = self._timetable.away_first
        """Whether an arrival says what the driver needs, and not what the drive took."""

    def start(self) -> DeviceState:
        """Plugged in at ``soc_start``, visitors away. Arrays (S, m): ``row``, ``stored_kwh``, ``away`` 0/1, ``event``
        (number of the next event: even departures, odd arrivals), ``due_s`` (its time), ``driven_kwh`` (not yet told),
        ``forced`` 0/1, and counts so far: ``left``, ``unmet``, ``lacked_kwh``.
        """
        rows, m = self.placed.site.rows.count, len(self.energy_kwh)
        start = self.energy_kwh * self.placed.column("soc_start")
        away = np.repeat(self._timetable.away_first[None, :], rows, axis=0)
        first = self._timetable.event_s
        return {
            "row": np.repeat(np.arange(rows, dtype=np.float64)[:, None], m, axis=1),
            "stored_kwh": np.repeat(start[None, :], rows, axis=0),
            "away": away.astype(np.float64),
            "event": away.astype(np.float64),
            "due_s": np.where(away, first[:, :, 1], first[:, :, 0]),
            **{name: np.zeros((rows, m)) for name in ("driven_kwh", "forced", "left", "unmet", "lacked_kwh")},
        }

    def bands(self, state: DeviceState, moment: Moment) -> Bands:
        """Nothing while away; full charge while the driver's need is due; otherwise between the two powers."""
        stored, here = state["stored_kwh"], 1.0 - state["away"]
        need = self.required_kwh - stored
        # The charge that a departure needs begins a step early at most, and one more for each limit of power: it is
        # looked at only when something acts.
        slack_s = state["due_s"] - moment.t_s - self._step_s * (1 + len(self._charge_limits))
        forced = (need > EMPTY_KWH) & (here > 0)
        if self._late.any():
            forced = forced & (~self._late | (self._seconds_needed(stored) >= slack_s))
        state["forced"] = forced.astype(np.float64)
        most = self.charge_kw
        for soc, share in self._charge_limits:
            just_there = np.maximum(self.energy_kwh * soc - stored, 0.0) / self.eta_charge
            just_there = just_there * (SECONDS_PER_HOUR / self._step_s)
            most = np.minimum(most, np.maximum(share * self.charge_kw, just_there))
        lo = -most * here * (stored < self.energy_kwh - EMPTY_KWH)
        hi = self.discharge_kw * here * (stored > self.floor_kwh + EMPTY_KWH)
        want = np.where(forced, lo, 0.0)
        return Bands(lo, np.where(forced, lo, hi), want)

    def _seconds_needed(self, stored: Floats) -> Floats:
        """Time of charging from ``stored`` to what the driver requires, with less power near full, (R, m)."""
        begin = stored
        share = np.ones_like(self.charge_kw)
        seconds = np.zeros_like(stored)
        for soc, lower in [*self._charge_limits, (np.ones_like(share), share)]:
            end = np.clip(self.energy_kwh * soc, begin, np.maximum(self.required_kwh, begin))
            seconds = seconds + (end - begin) * SECONDS_PER_HOUR / (self.charge_kw * self.eta_charge * share)
            begin, share = end, lower
        return seconds

    def _limits(self, state: DeviceState, p_kw: Floats) -> tuple[Floats, Floats]:
        """Floor and ceiling that end a flow. A forced charge ends at the driver's need. A store below the driver's
        floor (after a long drive) is not pulled up to it: its floor is where it stands.
        """
        stored = state["stored_kwh"]
        ceiling = np.where((state["forced"] > 0) & (p_kw < 0), self.required_kwh, self.energy_kwh)
        for soc, share in self._charge_limits:
            edge = self.energy_kwh * soc
            stops = (-p_kw > share * self.charge_kw * SLACK) & (edge > stored + EMPTY_KWH)
            ceiling = np.minimum(ceiling, np.where(stops, edge, np.inf))
        return np.minimum(self.floor_kwh, stored), np.maximum(ceiling, stored)

    def advance(self, state: DeviceState, p_kw: Floats, dt_s: float | Floats, moment: Moment) -> Flow:
        """Exact for constant power; energy driven since the last call is reported as ``away_kwh``."""
        floor, ceiling = self._limits(state, p_kw)
        stored, flow = move_energy(state["stored_kwh"], p_kw, dt_s, floor, ceiling, self.eta_charge, self.eta_discharge)
        state["stored_kwh"] = stored
        driven = state["driven_kwh"]
        state["driven_kwh"] = np.zeros_like(driven)
        return flow._replace(away_kwh=driven)

    def store(self, state: DeviceState) -> Store:
        """Energy inside; what is away cannot be used."""
        stored = state["stored_kwh"]
        away = state["away"]
        return Store(
            stored,
            np.minimum(self.floor_kwh, stored),
            self.energy_kwh,
            1.0 - away,
            charge_kw=self.charge_kw,
            discharge_kw=self.discharge_kw,
            required_kwh=self.required_kwh,
            due_s=np.where(away > 0, np.inf, state["due_s"]),
        )

    def limit_s(self, state: DeviceState, p_kw: Floats) -> Floats:
        """Seconds until the driver's floor, the driver's need or full."""
        floor, ceiling = self._limits(state, p_kw)
        stored = state["stored_kwh"]
        drain = self.drain_kw(state, p_kw)
        room = np.where(drain > 0, stored - floor, ceiling - stored)
        rate = np.abs(drain)
        seconds: Floats = np.full(room.shape, np.inf)
        np.divide(room * SECONDS_PER_HOUR, rate, out=seconds, where=rate > 0)
        return seconds

    def drain_kw(self, state: DeviceState, p_kw: Floats) -> Floats:
        """Rate at which the stores fall while plugged in."""
        return np.where(p_kw > 0, p_kw / self.eta_discharge, p_kw * self.eta_charge)

    def next_event_s(self, state: DeviceState, moment: Moment) -> Floats | None:
        """The next arrival or departure in each row."""
        soonest: Floats = np.minimum.reduce(state["due_s"], axis=1)
        return soonest

    def on_event(self, state: DeviceState, moment: Moment) -> None:
        """Vehicles whose time has come leave, or arrive with what the drive left."""
        due = state["due_s"] <= moment.t_s
        if not due.any():
            return
        r, m = np.nonzero(due)
        number = state["event"][r, m].astype(np.int64)
        row = state["row"][r, m].astype(np.int64)
        arrives = number % 2 == 1
        self._count_departures(state, r, m, ~arrives)
        stored, told = state["stored_kwh"][r, m], self._timetable.energy_kwh[row, m, number // 2]
        # A driver who needs energy brings a vehicle that lacks it; one who drove brings back what is left.
        brought = np.maximum(np.where(self._by_need[m], self.required_kwh[m], stored) - told, 0.0)
        driven = np.where(arrives, stored - brought, 0.0)
        state["stored_kwh"][r, m] = np.where(arrives, brought, stored)
        state["driven_kwh"][r, m] += driven
        state["away"][r, m] = np.where(arrives, 0.0, 1.0)
        state["event"][r, m] = number + 1
        state["due_s"][r, m] = self._timetable.event_s[row, m, number + 1]

    def _count_departures(self, state: DeviceState, r: Ints, m: Ints, leaves: Bools) -> None:
        lacks = np.maximum(self.required_kwh[m] - state["stored_kwh"][r, m], 0.0) * leaves
        lacks = np.where(lacks > UNMET_KWH, lacks, 0.0)
        state["left"][r, m] += leaves
        state["unmet"][r, m] += lacks > 0
        state["lacked_kwh"][r, m] += lacks

    def measure(self, state: DeviceState) -> Mapping[str, Measure]:
        """Departures, those with less than required, the energy that they lacked, and visitors who drove on."""
        found = {
            "ev_departures": Measure(state["left"]),
            "ev_unmet_departures": Measure(state["unmet"]),
            "ev_lacking_kwh": Measure(state["lacked_kwh"]),
        }
        if any(spec.use == "visitor" for spec in self.placed.specs):
            found["ev_turned_away"] = Measure(self._timetable.turned_away)
        return found
