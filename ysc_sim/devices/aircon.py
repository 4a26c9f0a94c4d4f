"""Air conditioning as a load with a memory: a room that warms up while it is switched off, and must be cooled later.

The room is one node [1]_, or two with ``mass_wh_per_k_m2`` (:mod:`ysc_sim.devices.room`: walls remember for a day what
the air forgets within hours): heat flows to the outdoors through a resistance ``R`` and is kept in a capacity ``C``,

    C · dT/dt = (T_out − T) / R + gains ± COP · P,

whose solution for constant power is an exponential, so temperatures, energies and hours of discomfort are exact. The
thermostat takes, step by step, the power that brings the room to its set-point at the end of the step, up to the rated
one. A strategy that switches it off (``priority``, as with ``switchable_load``) pays in comfort: kelvin hours outside
of set-point ± ``tolerance_k`` are counted while the room is used.

.. [1] Lumped building, e.g. P. Bacher, H. Madsen, "Identifying suitable models for the heat dynamics of buildings",
   Energy and Buildings 43(7), 2011, 1511-1522 (their simplest model). Default resistance and capacity: sample house of
   the national energy standard (heat loss 0.87 W/m²K of envelope, half an air change an hour): 2.65 W/K per m² of
   floor; 12.6 kJ/K per m³ of room for furniture, and the air (the structure left out: a lower bound).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Ge, Gt, Le, Len

from ysc_sim.contracts import Bands, DeviceState, EnergyClass, Flow, LoadSwitches, Measure, MetricInfo, Moment, Placed
from ysc_sim.devices.room import COUPLING_W_PER_K_M2, Course, TwoNodes
from ysc_sim.devices.sessions import seconds_of_day
from ysc_sim.devices.unstored import UnstoredFleet, hour_of, start_rows
from ysc_sim.devices.weather import outdoor_c, sky_notes
from ysc_sim.timeseries.weather_file import AIR
from ysc_sim.units import SECONDS_PER_HOUR, Bools, Floats, Fraction, JPYPerKWh, Minutes, PositiveKW, Unit

DAY_S = 86_400
SHARES_SUM_EPS = 1e-6
COOLING_COP = (np.array([25.0, 30.0, 35.0, 38.0]), np.array([7.2, 5.8, 4.8, 4.4]))
HEATING_COP = (np.array([-7.0, 2.0, 7.0, 12.0]), np.array([3.1, 3.8, 4.3, 4.9]))
"""Outdoor °C, coefficient of performance of a 2.8 kW class unit at 2 kW (national energy standard, chapter 4.3)."""
Celsius = Annotated[float, Ge(-30), Le(60), Unit("°C")]


@dataclass(frozen=True, kw_only=True)
class AirconSpec:
    """One air conditioner and its room."""

    weather_needs: ClassVar[tuple[str, ...]] = (AIR,)
    """What it needs of a weather file."""
    thermal_kw: PositiveKW
    """Largest heat that it moves."""
    floor_m2: Annotated[float, Gt(0), Le(1e6), Unit("m²")]
    """Floor area of the room."""
    loss_w_per_k_m2: Annotated[float, Gt(0), Le(100), Unit("W/K/m²")] = 2.65
    """Heat that a kelvin drives out, per floor area."""
    capacity_wh_per_k_m2: Annotated[float, Gt(0), Le(1000), Unit("Wh/K/m²")] = 9.2
    """Heat that a kelvin keeps, per floor area."""
    mass_wh_per_k_m2: Annotated[float, Ge(0), Le(1000), Unit("Wh/K/m²")] = 0.0
    """Heat that a kelvin keeps in walls, floors and ceilings, per floor area: 22 (very light), 46 (medium) to 103 (very
    heavy, EN ISO 13790). 0: the room is one node."""
    mass_w_per_k_m2: Annotated[float, Gt(0), Le(1000), Unit("W/K/m²")] | None = None
    """Heat that a kelvin drives from the air into that mass, per floor area; 9.2 (EN ISO 13790) if not given."""
    gain_w_per_m2: Annotated[float, Ge(0), Le(1000), Unit("W/m²")] = 10.0
    """People, light, machines and sun while the room is used (assumed)."""
    cool_c: Celsius = 27.0
    """Set-point of cooling."""
    heat_c: Celsius = 20.0
    """Set-point of heating."""
    tolerance_k: Annotated[float, Ge(0), Le(20), Unit("K")] = 1.0
    """How far from the set-point nobody complains."""
    used_from: str = "08:00"
    """Local time HH:MM from which the room is used; the same as ``used_until``: always."""
    used_until: str = "20:00"
    """Local time HH:MM until which it is used."""
    tier_shares: Annotated[tuple[Fraction, ...], Len(4, 4)] = (0.0, 0.0, 1.0, 0.0)
    """Shares of the demand in tiers 1 (critical) to 4 (first to be shed) in an outage; their sum is 1."""
    priority: Annotated[int, Ge(1), Le(9), Unit("1")] = 1
    """1 is switched off first, 9 last."""
    min_off_minutes: Minutes = 5.0
    """Once off it stays off so long."""
    min_on_minutes: Minutes = 5.0
    """Once on it stays on so long."""
    comfort_jpy_per_kwh: JPYPerKWh = 100.0
    """What a kWh that was switched off is worth to those who miss it (assumed; a stated value, not a price)."""

    def check(self) -> list[tuple[str, str, dict[str, object]]]:
        """Cross rules: (problem key, field, values)."""
        wrong = [name for name in ("used_from", "used_until") if seconds_of_day(getattr(self, name)) is None]
        found: list[tuple[str, str, dict[str, object]]] = [
            ("not_a_clock_time", name, {"value": getattr(self, name)}) for name in wrong
        ]
        if self.heat_c >= self.cool_c:
            found.append(("heating_above_cooling", "heat_c", {"heat_c": self.heat_c, "cool_c": self.cool_c}))
        if self.mass_w_per_k_m2 is not None and self.mass_wh_per_k_m2 == 0:
            found.append(("coupling_without_mass", "mass_w_per_k_m2", {"value": self.mass_w_per_k_m2}))
        if abs(sum(self.tier_shares) - 1.0) > SHARES_SUM_EPS:
            found.append(("tier_shares_sum", "tier_shares", {"sum": round(sum(self.tier_shares), 6)}))
        return found


class AirconFleet(UnstoredFleet):
    """All air conditioners of a community, with their rooms."""

    kind: ClassVar[str] = "aircon"
    energy_class: ClassVar[EnergyClass] = "load"
    Spec: ClassVar[type] = AirconSpec
    measures: ClassVar[Mapping[str, MetricInfo]] = {
        "aircon_kwh": MetricInfo("kWh", -1),
        "discomfort_kh": MetricInfo("K h", -1),
    }

    def __init__(self, placed: Placed) -> None:
        self.placed = placed
        self.notes = sky_notes(placed.site)
        self.flexible = False
        specs = placed.specs
        self.forming: Bools = np.zeros(len(specs), dtype=np.bool_)
        shares = np.array([spec.tier_shares for spec in specs], dtype=np.float64)
        self.tier_shares: Floats | None = shares / np.add.reduce(shares, axis=1, keepdims=True)
        self.switches = LoadSwitches(
            priority=placed.column("priority").astype(np.int64),
            min_off_s=placed.column("min_off_minutes") * 60.0,
            min_on_s=placed.column("min_on_minutes") * 60.0,
            comfort_jpy_per_kwh=placed.column("comfort_jpy_per_kwh"),
        )
        floor = placed.column("floor_m2")
        self.k_per_kw = 1000.0 / (placed.column("loss_w_per_k_m2") * floor)
        self.kwh_per_k = placed.column("capacity_wh_per_k_m2") * floor / 1000.0
        self._tau_h = self.k_per_kw * self.kwh_per_k
        self._heavy = np.flatnonzero(placed.column("mass_wh_per_k_m2") > 0)
        self._nodes = self._two_nodes(floor)
        self._gain_kw = placed.column("gain_w_per_m2") * floor / 1000.0
        self._most_kw = placed.column("thermal_kw")
        self._cool_c, self._heat_c = placed.column("cool_c"), placed.column("heat_c")
        self._tolerance = placed.column("tolerance_k")
        clocks = [(seconds_of_day(spec.used_from), seconds_of_day(spec.used_until)) for spec in specs]
        self._from_s, self._until_s = (np.array(side, dtype=np.float64) for side in zip(*clocks, strict=True))
        self._step_h = placed.site.axis.step_s / SECONDS_PER_HOUR
        self._out_c = outdoor_c(placed.site)

    def _two_nodes(self, floor_m2: Floats) -> TwoNodes | None:
        """Rooms whose walls remember, (h,); None where there are none."""
        if not self._heavy.size:
            return None
        heavy = [self.placed.specs[j] for j in self._heavy.tolist()]
        coupling = [COUPLING_W_PER_K_M2 if s.mass_w_per_k_m2 is None else s.mass_w_per_k_m2 for s in heavy]
        kilo_m2 = floor_m2[self._heavy] / 1000.0
        return TwoNodes(
            loss_kw_per_k=1.0 / self.k_per_kw[self._heavy],
            air_kwh_per_k=self.kwh_per_k[self._heavy],
            coupling_kw_per_k=np.array(coupling) * kilo_m2,
            mass_kwh_per_k=np.array([s.mass_wh_per_k_m2 for s in heavy]) * kilo_m2,
        )

    def _courses(self, state: DeviceState, outside: Floats, heat_kw: Floats) -> tuple[TwoNodes, Course, Course] | None:
        """Of air and walls of the rooms of two nodes, (R, h), at constant heat (R, m)."""
        if self._nodes is None:
            return None
        air, mass, outside, heat = (
            values[:, self._heavy] for values in (state["room_c"], state["mass_c"], outside, heat_kw)
        )
        return self._nodes, *self._nodes.courses(air, mass, outside, heat)

    def start(self) -> DeviceState:
        """Half-way between the set-points. Arrays (S, m): ``row``, ``room_c``, ``mass_c`` (walls, where any room has
        them), ``cooling`` (1 cools, −1 heats, 0), what was last wanted and when (``want_kw``, ``asked_s``), and sums:
        ``used_kwh``, ``discomfort_kh``.
        """
        shape = (self.placed.site.rows.count, len(self._most_kw))
        state = {name: np.zeros(shape) for name in ("cooling", "want_kw", "used_kwh", "discomfort_kh")}
        room = np.array(np.broadcast_to((self._cool_c + self._heat_c) / 2.0, shape))
        if self._nodes is not None:
            state["mass_c"] = room.copy()
        return {"row": start_rows(*shape), "room_c": room, "asked_s": np.full(shape, -1.0), **state}

    def _outside_c(self, state: DeviceState, moment: Moment) -> Floats:
        hour = np.minimum(hour_of(self.placed.site.axis, moment.t_s), len(self._out_c) - 1)
        hour, column = np.broadcast_arrays(hour, np.minimum(state["row"].astype(np.int64), self._out_c.shape[1] - 1))
        outside: Floats = self._out_c[hour, column]
        return outside

    def _used(self, moment: Moment) -> Bools:
        clock = (np.asarray(moment.t_s) + self.placed.site.axis.seconds_of_day) % DAY_S
        span = (self._until_s - self._from_s) % DAY_S
        used: Bools = ((clock - self._from_s) % DAY_S < span) | (span == 0.0)
        return used

    def bands(self, state: DeviceState, moment: Moment) -> Bands:
        """What the thermostat takes in the coming step; asked again at the same instant it says the same."""
        fresh = state["asked_s"] != moment.t_s
        outside, used = self._outside_c(state, moment), self._used(moment)
        # Without the air conditioner the room would go to `rest` and be at `drift` when the step ends.
        rest = outside + self._gain_kw * used * self.k_per_kw
        kept = np.exp(-self._step_h / self._tau_h)
        drift = rest + (state["room_c"] - rest) * kept
        per_kw = self.k_per_kw * (1.0 - kept)
        found = self._courses(state, outside, self._gain_kw * used + 0.0 * rest)
        if found is not None:
            nodes, air, _ = found
            drift[:, self._heavy] = air.at(np.asarray(self._step_h))
            per_kw[self._heavy] = nodes.k_per_kw(self._step_h)
        cool_kw = np.clip((drift - self._cool_c) / per_kw, 0.0, self._most_kw) * used
        heat_kw = np.clip((self._heat_c - drift) / per_kw, 0.0, self._most_kw) * used
        want = -(cool_kw / np.interp(outside, *COOLING_COP) + heat_kw / np.interp(outside, *HEATING_COP))
        state["want_kw"] = np.where(fresh, want, state["want_kw"])
        state["cooling"] = np.where(fresh, np.sign(cool_kw) - np.sign(heat_kw), state["cooling"])
        state["asked_s"] = np.where(fresh, moment.t_s, state["asked_s"])
        wanted = state["want_kw"]
        return Bands(wanted, np.zeros_like(wanted), wanted)

    def advance(self, state: DeviceState, p_kw: Floats, dt_s: float | Floats, moment: Moment) -> Flow:
        """The room follows its exponential; discomfort is the exact integral beyond the tolerance."""
        dt_h = np.asarray(dt_s) / SECONDS_PER_HOUR
        outside, used = self._outside_c(state, moment), self._used(moment)
        cop = np.where(state["cooling"] > 0, np.interp(outside, *COOLING_COP), np.interp(outside, *HEATING_COP))
        heat_kw = self._gain_kw * used + p_kw * cop * state["cooling"]
        rest, room = outside + heat_kw * self.k_per_kw, state["room_c"]
        warm = hours_above(room, rest, self._tau_h, self._cool_c + self._tolerance, dt_h)
        cold = hours_above(-room, -rest, self._tau_h, self._tolerance - self._heat_c, dt_h)
        after = rest + (room - rest) * np.exp(-dt_h / self._tau_h)
        found = self._courses(state, outside, heat_kw)
        if found is not None:
            _, air, mass = found
            heavy, low = self._heavy, self._heat_c - self._tolerance
            warm[:, heavy] = air.hours_above((self._cool_c + self._tolerance)[heavy], dt_h)
            cold[:, heavy] = air.mirrored().hours_above(-low[heavy], dt_h)
            state["mass_c"] = state["mass_c"].copy()
            after[:, heavy], state["mass_c"][:, heavy] = air.at(dt_h), mass.at(dt_h)
        state["room_c"] = after
        state["discomfort_kh"] = state["discomfort_kh"] + (warm + cold) * used
        energy = p_kw * dt_h
        state["used_kwh"] = state["used_kwh"] - energy
        return Flow(energy)

    def measure(self, state: DeviceState) -> Mapping[str, Measure]:
        """Electricity, and kelvin hours outside of what is comfortable while the room was used."""
        return {"aircon_kwh": Measure(state["used_kwh"]), "discomfort_kh": Measure(state["discomfort_kh"])}


def hours_above(begin: Floats, rest: Floats, tau_h: Floats, level: Floats, hours: Floats) -> Floats:
    """∫ max(T − level, 0) dt over ``hours`` of T = rest + (begin − rest) · e^(−t/τ), kelvin hours.

    >>> one = np.ones(1)
    >>> float(hours_above(30 * one, 30 * one, one, 28 * one, 2 * one)[0])
    4.0
    """
    end = rest + (begin - rest) * np.exp(-hours / tau_h)
    crosses = (begin > level) != (end > level)
    ratio = np.divide(begin - rest, level - rest, out=np.ones_like(end), where=crosses & (level != rest))
    at = np.where(crosses, np.clip(tau_h * np.log(np.maximum(ratio, 1.0)), 0.0, hours), 0.0)
    first = np.where(begin > level, 0.0, np.where(crosses, at, hours))
    last = np.where(end > level, hours, np.where(crosses, at, first))
    area = (rest - level) * (last - first) + (begin - rest) * tau_h * (np.exp(-first / tau_h) - np.exp(-last / tau_h))
    above: Floats = np.maximum(area, 0.0)
    return above
