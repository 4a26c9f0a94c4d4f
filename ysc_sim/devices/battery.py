"""Stationary batteries: what a datasheet says of them, what they lose, and how they wear.

Between two instants the power at the terminals is constant; the losses depend on that power alone, so the stored energy
is linear in time and the moment at which the store is full, at its floor, or at a state of charge from which on less
power is allowed, is known in closed form (after the energy reservoir model [1]_):

    d stored/dt = η_c · (charge − loss_c(charge))        d stored/dt = −(discharge + loss_d(discharge)) / η_d

At rest the converter is off and takes its standby power from the cells. Near full and empty products allow less power:
what is offered for the coming step is the power that may still be held at its end, or that just reaches the next limit.
Capacity fades as :mod:`ysc_sim.devices.ageing` says; it is brought up to date at midnight.

.. [1] D. Pozo, J. Contreras, E. Sauma, "Unit commitment with ideal and generic energy storage units", IEEE Trans.
   Power Systems 29(6), 2014, eq. (1)-(4).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from annotated_types import Ge, Le, Len

from ysc_sim.contracts import Bands, DeviceState, EnergyClass, Flow, Measure, MetricInfo, Moment, Placed, Store
from ysc_sim.devices.ageing import Ageing
from ysc_sim.devices.battery_sizes import Sizes, column_of
from ysc_sim.devices.datasheet import Datasheet, check_datasheet, limit_columns, load_datasheet
from ysc_sim.errors import Problem, ScenarioError
from ysc_sim.timeseries.axis import TimeAxis
from ysc_sim.units import (
    EMPTY_KWH,
    SECONDS_PER_HOUR,
    Bools,
    Efficiency,
    Floats,
    Fraction,
    JPYPerKWh,
    PositiveKW,
    PositiveKWh,
    Unit,
)

DAY_S = 86_400
SLACK = 1.0 + 1e-9
"""A power this little above a limit is at the limit."""
PLAIN_EFFICIENCY = 0.95
OVERRIDES = ("energy_kwh", "power_kw", "soc_min", "soc_max", "ageing", "price_jpy_per_kwh", "grid_forming")
"""Fields that, if they are given, take the place of the datasheet's."""
OF_THE_MODEL = ("charge_efficiency", "discharge_efficiency")
"""Fields that only a battery without a datasheet has."""


@dataclass(frozen=True, kw_only=True)
class BatterySpec:
    """One stationary battery."""

    needs: ClassVar[tuple[tuple[str, ...], ...]] = (("model",), ("energy_kwh", "power_kw"))
    """A datasheet, or size and power."""
    model: Annotated[str, Len(0, 200)] = ""
    """Datasheet: a shipped one (generic_home, generic_business) or a YAML file beside the scenario."""
    energy_kwh: PositiveKWh | None = None
    """Nominal energy; needed without a datasheet."""
    power_kw: PositiveKW | None = None
    """Largest charging and discharging power at the terminals; needed without a datasheet."""
    charge_efficiency: Efficiency | None = None
    """Stored per charged energy; 0.95 if not given (0.95 × 0.95 is a usual home system, HTW Berlin). Not with a
    datasheet."""
    discharge_efficiency: Efficiency | None = None
    """Delivered per energy taken from the store; 0.95 if not given. Not with a datasheet."""
    soc_min: Fraction | None = None
    """Floor that is never crossed, share of the nominal energy; 0 or the datasheet's."""
    soc_max: Fraction | None = None
    """Ceiling, share of the nominal energy; 1 or the datasheet's."""
    soc_start: Fraction = 0.5
    """Stored at the start, share of the energy that it can hold then."""
    grid_forming: bool | None = None
    """Whether it can hold an island's voltage and frequency (自立運転); yes if not given."""
    ageing: Literal["none", "lfp"] | None = None
    """Law of ageing; none, or the datasheet's."""
    price_jpy_per_kwh: JPYPerKWh | None = None
    """Price per nominal kWh, installed: what wear is worth."""
    temperature_c: Annotated[float, Ge(-30), Le(60), Unit("°C")] = 25.0
    """Temperature of the cells, for ageing."""
    age_years: Annotated[float, Ge(0), Le(50), Unit("a")] = 0.0
    """Age at the start, for ageing."""
    full_cycles_before: Annotated[float, Ge(0), Le(1e5), Unit("1")] = 0.0
    """Full equivalent cycles made before the start, for ageing."""

    def __post_init__(self) -> None:
        if not self.model:
            for name, value in (
                *((name, PLAIN_EFFICIENCY) for name in OF_THE_MODEL),
                ("soc_min", 0.0),
                ("soc_max", 1.0),
                ("grid_forming", True),
            ):
                if getattr(self, name) is None:
                    object.__setattr__(self, name, value)

    def check(self) -> list[tuple[str, str, dict[str, object]]]:
        """Cross rules: (problem key, field, values)."""
        if self.model:
            said = [name for name in OF_THE_MODEL if getattr(self, name) is not None]
            return [("datasheet_says_that", name, {"key": name, "model": self.model}) for name in said]
        missing = [name for name in ("energy_kwh", "power_kw") if getattr(self, name) is None]
        found: list[tuple[str, str, dict[str, object]]] = [("field_missing", "", {"key": name}) for name in missing]
        return found or self._window_problems(design_of(self, Path()))

    def check_files(self, folder: Path, axis: TimeAxis) -> list[Problem]:
        """What is wrong with its datasheet, or with what it says beside it."""
        if not self.model:
            return []
        try:
            design = design_of(self, folder)
        except ScenarioError as error:
            return list(error.problems)
        return [Problem(key, values, field=name) for key, name, values in self._window_problems(design)]

    def _window_problems(self, design: Datasheet) -> list[tuple[str, str, dict[str, object]]]:
        found: list[tuple[str, str, dict[str, object]]] = list(check_datasheet(design))
        low, high = design.soc_min, design.soc_max
        if not found and not low <= self.soc_start <= high:
            values: dict[str, object] = {"soc_start": self.soc_start, "soc_min": low, "soc_max": high}
            found.append(("soc_start_outside", "soc_start", values))
        return found


def design_of(spec: BatterySpec, folder: Path) -> Datasheet:
    """All figures of a battery: its datasheet with what the scenario says instead. Raises ``ScenarioError``.

    >>> design_of(BatterySpec(model="generic_home", energy_kwh=5.0), Path()).power_kw
    4.0
    """
    said = {name: getattr(spec, name) for name in OVERRIDES if getattr(spec, name) is not None}
    if spec.model:
        return replace(load_datasheet(spec.model, folder), **said)
    plain = {name: getattr(spec, name) for name in OF_THE_MODEL}
    return Datasheet(name="battery", source="scenario", **plain, **said)


class BatteryFleet:
    """All stationary batteries of a community."""

    kind: ClassVar[str] = "battery"
    energy_class: ClassVar[EnergyClass] = "battery"
    Spec: ClassVar[type] = BatterySpec
    row_fields: ClassVar[tuple[str, ...]] = ("energy_kwh", "power_kw")
    measures: ClassVar[Mapping[str, MetricInfo]] = {
        "battery_equivalent_full_cycles": MetricInfo("1", 0),
        "battery_capacity_loss_ratio": MetricInfo("1", -1),
        "battery_wear_jpy": MetricInfo("JPY", -1),
        "battery_wear_jpy_per_kwh": MetricInfo("JPY/kWh", -1),
    }

    def __init__(self, placed: Placed) -> None:
        self.placed = placed
        self.flexible = True
        self.stores = True
        self.tier_shares: Floats | None = None
        designs = self.designs = [design_of(spec, placed.site.folder) for spec in placed.specs]
        self.forming: Bools = np.array([design.grid_forming for design in designs], dtype=np.bool_)
        energy, power = (placed.by_row(name, column_of(designs, name)) for name in self.row_fields)
        self._sizes = Sizes.of(designs, energy, power)
        self._differ = energy.ndim == 2 or power.ndim == 2
        self.energy_kwh, self.power_kw, self.standby_kw = energy, power, column_of(designs, "standby_kw")
        self._soc_min, self._soc_max = column_of(designs, "soc_min"), column_of(designs, "soc_max")
        self._charge_limits = limit_columns([design.charge_limits for design in designs], 1.0)
        self._discharge_limits = limit_columns([design.discharge_limits for design in designs], 0.0)
        self._has_standby = bool(self.standby_kw.any())
        ages = np.array([design.ageing != "none" for design in designs], dtype=np.float64)
        self._ages = bool(ages.any())
        self._ageing = Ageing(
            placed.column("temperature_c"),
            column_of(designs, "calendar_factor") * ages,
            column_of(designs, "cycle_factor") * ages,
        )
        self._step_h = placed.site.axis.step_s / SECONDS_PER_HOUR
        self._nothing = np.zeros((1, len(designs)))
        nominal = np.atleast_2d(self.energy_kwh)
        self._fixed_window = nominal * self._soc_min, nominal * self._soc_max

    def start(self) -> DeviceState:
        """``stored_kwh``, ``capacity_kwh`` (what full would be now), ``moved_kwh`` (in and out of the cells so far),
        ``out_kwh`` (at the terminals), (S, m); where anything ages also what :mod:`~ysc_sim.devices.ageing` remembers,
        the loss at the start, and ``fade_s`` (S, 1), when capacity is next brought up to date; where rows differ in
        size ``row`` (S, 1), which row of the ensemble each is.
        """
        shape = (self.placed.site.rows.count, len(self.designs))
        soc = np.broadcast_to(self.placed.column("soc_start"), shape)
        state = {name: np.zeros(shape) for name in ("moved_kwh", "out_kwh")}
        state["capacity_kwh"] = np.array(np.broadcast_to(self.energy_kwh, shape))
        if self._differ:
            state["row"] = np.arange(shape[0], dtype=np.float64).reshape(-1, 1)
        if self._ages:
            before = self.placed.column("age_years"), self.placed.column("full_cycles_before")
            state |= self._ageing.start(soc, *before)
            state["calendar_a_start"], state["cycle_a_start"] = state["calendar_a"].copy(), state["cycle_a"].copy()
            state["fade_s"] = np.zeros((shape[0], 1))
            self.on_event(state, Moment(0.0, 0))
        state["stored_kwh"] = soc * state["capacity_kwh"]
        return state

    def _sized(self, state: DeviceState) -> Sizes:
        """The sizes in the rows of a state."""
        if not self._differ or len(state["row"]) == self.placed.site.rows.count:
            return self._sizes
        return self._sizes.rows(state["row"][:, 0].astype(np.int64))

    def _window(self, state: DeviceState) -> tuple[Floats, Floats]:
        """Floor and ceiling. A store above a ceiling that has come down is not emptied: its ceiling is where it is."""
        if not self._ages and (not self._differ or len(state["row"]) == self.placed.site.rows.count):
            return self._fixed_window
        capacity = state["capacity_kwh"]
        return capacity * self._soc_min, np.maximum(capacity * self._soc_max, state["stored_kwh"])

    def bands(self, state: DeviceState, moment: Moment) -> Bands:
        """Rated power either way as long as there is energy or room, less near full and empty."""
        stored, size = state["stored_kwh"], self._sized(state)
        floor, ceiling = self._window(state)
        charge = discharge = size.power_kw
        for soc, share in self._charge_limits:
            to_edge = np.maximum(state["capacity_kwh"] * soc - stored, 0.0) / self._step_h
            if (to_edge < size.power_kw).any():  # further away nothing is met in a step
                charge = np.minimum(charge, np.maximum(share * size.power_kw, size.charge.charge_for_kw(to_edge)))
        for soc, share in self._discharge_limits:
            to_edge = np.maximum(stored - state["capacity_kwh"] * soc, 0.0) / self._step_h
            if (to_edge < size.fastest_kw).any():
                limited = np.maximum(share * size.power_kw, size.discharge.given_for_kw(to_edge))
                discharge = np.minimum(discharge, limited)
        lo = np.multiply(-charge, stored < ceiling - EMPTY_KWH)
        hi = np.multiply(discharge, stored > floor + EMPTY_KWH)
        return Bands(lo, hi, self._nothing)

    def _rate_kw(self, state: DeviceState, p_kw: Floats) -> Floats:
        """Rate at which the stores fill, (R, m) kW."""
        idle: Any = 0.0
        size = self._sized(state)
        if self._has_standby:
            floor = state["capacity_kwh"] * self._soc_min
            idle = -self.standby_kw * (state["stored_kwh"] > floor + EMPTY_KWH)
        filling = size.charge.stored_kw(np.maximum(-p_kw, 0.0))
        falling = -size.discharge.taken_kw(np.maximum(p_kw, 0.0))
        rate: Floats = np.where(p_kw < 0, filling, np.where(p_kw > 0, falling, idle))
        return rate

    def _stop_kwh(self, state: DeviceState, p_kw: Floats, rate: Floats) -> Floats:
        """Where the power can no longer be held: ceiling or floor, or a limit of power before it, (R, m) kWh."""
        stored, power_kw = state["stored_kwh"], self._sized(state).power_kw
        bottom, top = self._window(state)
        for soc, share in self._charge_limits:
            above = -p_kw > share * power_kw * SLACK
            if above.any():
                edge = state["capacity_kwh"] * soc
                top = np.minimum(top, np.where(above & (edge > stored + EMPTY_KWH), edge, np.inf))
        for soc, share in self._discharge_limits:
            above = p_kw > share * power_kw * SLACK
            if above.any():
                edge = state["capacity_kwh"] * soc
                bottom = np.maximum(bottom, np.where(above & (edge < stored - EMPTY_KWH), edge, -np.inf))
        stop: Floats = np.where(rate > 0, top, bottom)
        return stop

    def advance(self, state: DeviceState, p_kw: Floats, dt_s: float | Floats, moment: Moment) -> Flow:
        """Exact for constant power: a limit met inside ``dt_s`` ends the flow at its own time; then it rests."""
        stored, dt_h = state["stored_kwh"], dt_s / SECONDS_PER_HOUR
        rate = self._rate_kw(state, p_kw)
        stop = self._stop_kwh(state, p_kw, rate)
        after = stored + rate * dt_h
        hit = np.where(rate > 0, after > stop, after < stop)
        any_hit = bool(hit.any())
        held_h: Any = dt_h
        if any_hit:
            np.copyto(after, stop, where=hit)
            held_h = np.divide(np.abs(stop - stored), np.abs(rate), out=np.zeros_like(after) + dt_h, where=hit)
        energy = p_kw * held_h
        state["moved_kwh"] = state["moved_kwh"] + np.abs(after - stored)
        self._stand(state, stored, after, held_h)
        self._cycle(state, after, held_h, p_kw)
        if any_hit:
            after = self._rest(state, after, dt_h - held_h)
        state["stored_kwh"] = after
        charge, discharge = np.maximum(-energy, 0.0), np.maximum(energy, 0.0)
        state["out_kwh"] = state["out_kwh"] + discharge
        loss = charge - discharge - (after - stored)
        held_s = np.where(hit, held_h * SECONDS_PER_HOUR, dt_s) if any_hit else None
        return Flow(energy, charge, discharge, loss, None, held_s)

    def _rest(self, state: DeviceState, begin: Floats, hours: Floats) -> Floats:
        """What is stored after ``hours`` of rest from ``begin`` on: standby takes its share, down to the floor."""
        floor = state["capacity_kwh"] * self._soc_min
        drains = (self.standby_kw > 0) & (begin > floor + EMPTY_KWH)
        if not drains.any():
            self._stand(state, begin, begin, hours)
            return begin
        to_floor = np.divide(begin - floor, self.standby_kw, out=np.zeros_like(begin), where=drains)
        draining = np.minimum(hours, to_floor)
        end = np.where(drains & (to_floor <= hours), floor, begin - self.standby_kw * draining)
        self._stand(state, begin, end, draining)
        self._stand(state, end, end, hours - draining)
        return end

    def _stand(self, state: DeviceState, begin: Floats, end: Floats, hours: Floats | float) -> None:
        """Calendar ageing while the energy goes evenly from ``begin`` to ``end``."""
        if self._ages:
            capacity = np.maximum(state["capacity_kwh"], EMPTY_KWH)
            self._ageing.stand(state, begin / capacity, end / capacity, np.asarray(hours))

    def _cycle(self, state: DeviceState, end: Floats, hours: Floats | float, p_kw: Floats) -> None:
        """Cycle ageing. What standby takes while a battery rests is no movement of its own; the next one shows it."""
        if self._ages and p_kw.any():
            soc = end / np.maximum(state["capacity_kwh"], EMPTY_KWH)
            soc = np.where(p_kw != 0, soc, state["level"])
            self._ageing.cycle(state, soc, np.broadcast_to(hours, soc.shape))

    def store(self, state: DeviceState) -> Store:
        """Energy inside, floor and ceiling."""
        power_kw = self._sized(state).power_kw
        return Store(state["stored_kwh"], *self._window(state), charge_kw=power_kw, discharge_kw=power_kw)

    def limit_s(self, state: DeviceState, p_kw: Floats) -> Floats:
        """Seconds until full, at the floor, or where less power is allowed."""
        rate = self._rate_kw(state, p_kw)
        room = np.abs(self._stop_kwh(state, p_kw, rate) - state["stored_kwh"])
        seconds: Floats = np.divide(
            room * SECONDS_PER_HOUR, np.abs(rate), out=np.full(rate.shape, np.inf), where=rate != 0
        )
        return seconds

    def drain_kw(self, state: DeviceState, p_kw: Floats) -> Floats:
        """Rate at which the stores fall."""
        return -self._rate_kw(state, p_kw)

    def next_event_s(self, state: DeviceState, moment: Moment) -> Floats | None:
        """The next midnight, where anything ages."""
        return state["fade_s"][:, 0] if self._ages else None

    def on_event(self, state: DeviceState, moment: Moment) -> None:
        """Bring the capacity up to date."""
        if not self._ages:
            return
        due = state["fade_s"] <= moment.t_s
        if due.any():
            lost = np.add(*self._ageing.losses(state))
            nominal = self._sized(state).energy_kwh
            left = np.minimum(state["capacity_kwh"], nominal * np.maximum(1.0 - lost, 0.0))
            state["capacity_kwh"] = np.where(due, left, state["capacity_kwh"])
            since_midnight = (moment.t_s + self.placed.site.axis.seconds_of_day) % DAY_S
            state["fade_s"] = np.where(due, moment.t_s - since_midnight + DAY_S, state["fade_s"])

    def measure(self, state: DeviceState) -> Mapping[str, Measure]:
        """Cycles, capacity lost since the start, and what the life that was used up is worth.

        A battery whose every year were like this run would be worn out after a time; the run's share of that time is
        its share of the price. (The laws are roots: what a new battery loses in its first week says little.)
        """
        twice = np.broadcast_to(2.0 * self.energy_kwh, state["moved_kwh"].shape)
        cycles = np.divide(state["moved_kwh"], twice, out=np.full(twice.shape, np.nan), where=twice > 0)
        found = {"battery_equivalent_full_cycles": Measure(cycles, self.energy_kwh)}
        if not self._ages:
            return found
        ages = np.array([design.ageing != "none" for design in self.designs])
        calendar, cycle = self._ageing.losses(state)
        before = np.sqrt(state["calendar_a_start"]) + np.sqrt(state["cycle_a_start"])
        found["battery_capacity_loss_ratio"] = Measure(
            np.where(ages & (twice > 0), calendar + cycle - before, np.nan), self.energy_kwh
        )
        used = self.life_used(calendar**2 - state["calendar_a_start"], cycle**2 - state["cycle_a_start"])
        price = np.array([design.price_jpy_per_kwh or np.nan for design in self.designs]) * self.energy_kwh
        wear = np.where(ages, used * price, np.nan)
        per_kwh = np.divide(wear, state["out_kwh"], out=np.full(wear.shape, np.nan), where=state["out_kwh"] > 0)
        found["battery_wear_jpy"] = Measure(wear)
        found["battery_wear_jpy_per_kwh"] = Measure(per_kwh, state["out_kwh"])
        return found

    def life_used(self, calendar_a: Floats, cycle_a: Floats) -> Floats:
        """Share of a life that would be used up by living all of it like this; by the law's two sums ∫k² dt, Σk²·N."""
        end = 1.0 - column_of(self.designs, "end_of_life")
        used: Floats = ((np.sqrt(np.maximum(calendar_a, 0.0)) + np.sqrt(np.maximum(cycle_a, 0.0))) / end) ** 2
        return used
