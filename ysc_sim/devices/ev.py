"""Electric vehicles at a charger: they leave, drive, come back, charge, and may feed the house (V2H).

A vehicle is a store that is away for a part of the day. Its timetable is drawn once per row of the ensemble, by
name of the vehicle, so that neither another vehicle nor another row changes it; arrivals and departures happen at
their exact second. While plugged in it charges at once up to ``soc_required`` (``charge: arrival``), or as late as the
departure allows (``charge: departure``); beyond that it is at the disposal of the building's strategy: up to full when
there is surplus, and down to ``soc_floor`` where ``discharge_kw`` > 0.

Distances: exponential with a mean of 20 km on weekdays (share of days up to 10 km: 39 % in the law, 40 % in JAMA's
passenger-car survey 2021); at 155 Wh/km (Leaf, WLTC) that is 3.1 kWh a day.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from ysc_sim.contracts import Bands, DeviceState, EnergyClass, Flow, Moment, Placed, Store
from ysc_sim.devices.reservoir import move_energy
from ysc_sim.units import (
    EMPTY_KWH,
    KW,
    SECONDS_PER_HOUR,
    Bools,
    Efficiency,
    Floats,
    Fraction,
    KWh,
    Minutes,
    PositiveKW,
    PositiveKWh,
)

DAY_S = 86_400
CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")


def seconds_of_day(clock: str) -> int | None:
    """Seconds since midnight of ``HH:MM``; None where it is no such time.

    >>> seconds_of_day("18:30"), seconds_of_day("24:00")
    (66600, None)
    """
    found = CLOCK.fullmatch(clock)
    return None if found is None else int(found[1]) * 3600 + int(found[2]) * 60


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
    leave: str = "07:30"
    """Usual departure, local time HH:MM."""
    arrive: str = "18:30"
    """Usual arrival, local time HH:MM, later than ``leave`` on the same day."""
    jitter_minutes: Minutes = 30.0
    """Standard deviation of both, minutes (assumed: no Japanese arrival law is published)."""
    trip_kwh: KWh = 3.1
    """Mean energy of a day's driving; exponential."""
    days: Literal["daily", "weekdays"] = "daily"
    """On which days it drives."""
    charge: Literal["arrival", "departure"] = "arrival"
    """Charge to ``soc_required`` at once, or as late as possible."""
    grid_forming: bool = False
    """Whether its V2H station can hold an island's voltage and frequency while it is plugged in."""

    def check(self) -> list[tuple[str, str, dict[str, object]]]:
        """Cross rules: (problem key, field, values)."""
        found: list[tuple[str, str, dict[str, object]]] = []
        clocks = {name: seconds_of_day(getattr(self, name)) for name in ("leave", "arrive")}
        for name, seconds in clocks.items():
            if seconds is None:
                found.append(("not_a_clock_time", name, {"value": getattr(self, name)}))
        leave, arrive = clocks["leave"], clocks["arrive"]
        if leave is not None and arrive is not None and leave >= arrive:
            found.append(("ev_back_before_gone", "arrive", {"leave": self.leave, "arrive": self.arrive}))
        if self.soc_floor > self.soc_required:
            values: dict[str, object] = {"soc_floor": self.soc_floor, "soc_required": self.soc_required}
            found.append(("ev_floor_above_required", "soc_floor", values))
        return found


class EvFleet:
    """All vehicles of a community."""

    kind: ClassVar[str] = "ev"
    energy_class: ClassVar[EnergyClass] = "ev"
    Spec: ClassVar[type] = EvSpec

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
        self._event_s, self._trip_kwh = draw_timetable(placed)

    def start(self) -> DeviceState:
        """Plugged in at ``soc_start``. Arrays (S, m): ``row``, ``stored_kwh``, ``away`` 0/1, ``event`` (number of the
        next event: even departures, odd arrivals), ``due_s`` (its time), ``driven_kwh`` (not yet told), ``forced`` 0/1.
        """
        rows, m = self.placed.site.rows.count, len(self.energy_kwh)
        start = self.energy_kwh * self.placed.column("soc_start")
        return {
            "row": np.repeat(np.arange(rows, dtype=np.float64)[:, None], m, axis=1),
            "stored_kwh": np.repeat(start[None, :], rows, axis=0),
            "away": np.zeros((rows, m)),
            "event": np.zeros((rows, m)),
            "due_s": self._event_s[:, :, 0].copy(),
            "driven_kwh": np.zeros((rows, m)),
            "forced": np.zeros((rows, m)),
        }

    def bands(self, state: DeviceState, moment: Moment) -> Bands:
        """Nothing while away; full charge while the driver's need is due; otherwise between the two powers."""
        stored, here = state["stored_kwh"], 1.0 - state["away"]
        need = self.required_kwh - stored
        # The charge that a departure needs begins one step early at most: it is looked at only when something acts.
        slack_s = state["due_s"] - moment.t_s - self._step_s
        due = ~self._late | (need * SECONDS_PER_HOUR >= slack_s * self.charge_kw * self.eta_charge)
        forced = (need > EMPTY_KWH) & due & (here > 0)
        state["forced"] = forced.astype(np.float64)
        lo = -self.charge_kw * here * (stored < self.energy_kwh - EMPTY_KWH)
        hi = self.discharge_kw * here * (stored > self.floor_kwh + EMPTY_KWH)
        want = np.where(forced, lo, 0.0)
        return Bands(lo, np.where(forced, lo, hi), want)

    def _limits(self, state: DeviceState, p_kw: Floats) -> tuple[Floats, Floats]:
        """Floor and ceiling that end a flow. A forced charge ends at the driver's need. A store below the driver's
        floor (after a long drive) is not pulled up to it: its floor is where it stands.
        """
        stored = state["stored_kwh"]
        ceiling = np.where((state["forced"] > 0) & (p_kw < 0), self.required_kwh, self.energy_kwh)
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
        driven = np.where(arrives, np.minimum(self._trip_kwh[row, m, number // 2], state["stored_kwh"][r, m]), 0.0)
        state["stored_kwh"][r, m] -= driven
        state["driven_kwh"][r, m] += driven
        state["away"][r, m] = np.where(arrives, 0.0, 1.0)
        state["event"][r, m] = number + 1
        state["due_s"][r, m] = self._event_s[row, m, number + 1]


def draw_timetable(placed: Placed) -> tuple[Floats, Floats]:
    """Times of departures and arrivals in turn (S, m, 2·days + 1), whole seconds from the start, closed by inf, and the
    energy of each day's driving (S, m, days). A day without driving, and a departure before the start, have inf.
    """
    axis, rows = placed.site.axis, placed.site.rows
    days = int(axis.day_of[-1]) + 1
    m = len(placed.specs)
    events = np.full((rows.count, m, 2 * days + 1), np.inf)
    trips = np.zeros((rows.count, m, days))
    midnight = DAY_S * np.arange(days, dtype=np.float64) - axis.seconds_of_day
    weekday = (axis.start.weekday() + np.arange(days)) % 7
    for row in range(rows.count):
        for j, spec in enumerate(placed.specs):
            random = rows.generator(row, placed.ids[j], "timetable")
            jitter = np.clip(random.standard_normal((days, 2)), -3, 3) * spec.jitter_minutes * 60.0
            energy = random.exponential(1.0, days) * spec.trip_kwh
            leave_at, arrive_at = seconds_of_day(spec.leave), seconds_of_day(spec.arrive)
            assert leave_at is not None
            assert arrive_at is not None
            leave = midnight + np.clip(np.rint(leave_at + jitter[:, 0]), 0, DAY_S - 120)
            arrive = midnight + np.clip(np.rint(arrive_at + jitter[:, 1]), 0, DAY_S - 60)
            arrive = np.maximum(arrive, leave + 60)
            drives = (leave > 0) & ((weekday < 5) if spec.days == "weekdays" else True)
            count = int(drives.sum())
            events[row, j, 0 : 2 * count : 2] = leave[drives]
            events[row, j, 1 : 2 * count : 2] = arrive[drives]
            trips[row, j, :count] = energy[drives]
    return events, trips
