"""Heat-pump water heaters (エコキュート): a tank of hot water that is filled at night, or when the sun shines.

The heat pump gives ``heat_kw``; the electricity for it depends on the outdoor temperature. The tank is stratified: what
is hot has ``hot_c``, never below 60 °C, so that no legionella grow, and the rest is cold. The household draws hour by
hour (:mod:`ysc_sim.timeseries.hotwater`), the tank loses heat. ``run: night``: it heats as late as suffices to be full
at ``ready``; ``run: surplus``: all day a strategy may send it what is left over, and what the sun did not bring by
``ready`` is heated as late as suffices. A tank below ``reserve`` is heated at once, whatever the hour.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import numpy as np
from annotated_types import Ge, Gt, Le

from ysc_sim.contracts import Bands, DeviceState, EnergyClass, Flow, Measure, MetricInfo, Moment, Placed
from ysc_sim.devices.sessions import seconds_of_day
from ysc_sim.devices.unstored import UnstoredFleet, hour_of, start_rows
from ysc_sim.devices.weather import outdoor_c, sky_notes
from ysc_sim.timeseries.hotwater import KWH_PER_LITRE_K, draw_kw
from ysc_sim.timeseries.weather_file import AIR
from ysc_sim.units import EMPTY_KWH, SECONDS_PER_HOUR, Bools, Floats, Fraction, PositiveKW, Unit

DAY_S = 86_400
COP_AT_C = np.array([2.0, 7.0, 16.0, 25.0])
COP = {"2.7": np.array([2.56, 3.56, 3.83, 4.36]), "3.6": np.array([3.28, 4.57, 4.92, 5.60])}
"""Coefficient of performance of the classes 2.7 and 3.6 at outdoor temperatures: 65 °C water; 90 °C at 2 °C (Building
Research Institute, calculation method of the energy standard for houses, chapter 7.1, appendix E)."""
IN_USE = 0.94
"""What remains of it in use (same source)."""
PER_K_ABOVE_65 = 0.01
COLD_C, ROOM_C = 15.0, 20.0
LOSS_K_PER_W = 0.3
"""Heat resistance of a tank; half full on average."""


def tank_after(
    hot_kwh: Floats, heating_kw: Floats, draw_kw: Floats, loss_kw: Floats, hours: Floats
) -> tuple[Floats, Floats]:
    """Heat in a tank after some hours of constant heating, draw and loss, and the draw that a cold tank did not serve.

    >>> one = np.ones(1)
    >>> [float(x[0]) for x in tank_after(2 * one, 1 * one, 4 * one, 1 * one, 2 * one)]  # cold after half an hour
    [0.0, 4.5]
    """
    net = heating_kw - draw_kw - loss_kw
    level = hot_kwh + net * hours
    cold = level < 0.0
    cold_h = np.divide(-level, -net, out=np.zeros_like(level), where=cold)
    return np.maximum(level, 0.0), np.maximum(draw_kw - heating_kw, 0.0) * cold_h


@dataclass(frozen=True, kw_only=True)
class WaterHeaterSpec:
    """One heat-pump water heater."""

    weather_needs: ClassVar[tuple[str, ...]] = (AIR,)
    """What it needs of a weather file."""
    people: Annotated[float, Gt(0), Le(200), Unit("1")] = 4.0
    """People who draw from it."""
    tank_l: Annotated[float, Gt(0), Le(1e5), Unit("L")] = 370.0
    """Tank; 370 L serve 3 to 5 people, 460 L 4 to 7."""
    heat_kw: PositiveKW = 4.5
    """Heat that the heat pump gives."""
    hot_c: Annotated[float, Ge(60), Le(90), Unit("°C")] = 65.0
    """Temperature of the hot water; from 60 °C on it is safe from legionella."""
    efficiency_class: Literal["2.7", "3.6"] = "3.6"
    """Yearly coefficient of performance class."""
    run: Literal["night", "surplus"] = "night"
    """Full in the morning, or filled with what is left over during the day."""
    ready: str = ""
    """Local time HH:MM by which it is full; 07:00 for night, 17:00 for surplus, if not given."""
    reserve: Fraction = 0.1
    """Share of the tank below which it heats at once."""
    full_start: Fraction = 0.5
    """Share of the tank that is hot at the start."""

    def check(self) -> list[tuple[str, str, dict[str, object]]]:
        """Cross rules: (problem key, field, values)."""
        if self.ready and seconds_of_day(self.ready) is None:
            return [("not_a_clock_time", "ready", {"value": self.ready})]
        return []


class WaterHeaterFleet(UnstoredFleet):
    """All heat-pump water heaters of a community."""

    kind: ClassVar[str] = "water_heater"
    energy_class: ClassVar[EnergyClass] = "load"
    Spec: ClassVar[type] = WaterHeaterSpec
    measures: ClassVar[Mapping[str, MetricInfo]] = {
        "hot_water_kwh": MetricInfo("kWh", 0),
        "hot_water_unmet_kwh": MetricInfo("kWh", -1),
        "water_heater_kwh": MetricInfo("kWh", -1),
    }

    def __init__(self, placed: Placed) -> None:
        self.placed = placed
        self.notes = sky_notes(placed.site)
        self.flexible = True
        self.tier_shares: Floats | None = None
        specs = placed.specs
        self.forming: Bools = np.zeros(len(specs), dtype=np.bool_)
        self.heat_kw, self.hot_c = placed.column("heat_kw"), placed.column("hot_c")
        self.tank_kwh = placed.column("tank_l") * KWH_PER_LITRE_K * (self.hot_c - COLD_C)
        self._reserve_kwh = self.tank_kwh * placed.column("reserve")
        self._loss_kw = (self.hot_c - ROOM_C) / LOSS_K_PER_W / 2.0 / 1000.0
        self._by_sun = np.array([spec.run == "surplus" for spec in specs])
        ready = [seconds_of_day(spec.ready or ("17:00" if spec.run == "surplus" else "07:00")) for spec in specs]
        self._ready_s = np.array(ready, dtype=np.float64)
        self._step_s = placed.site.axis.step_s
        air = outdoor_c(placed.site)
        self._draw_kw = draw_kw(air)
        self._people = placed.column("people")
        self._cop = {name: np.interp(air, COP_AT_C, table) for name, table in COP.items()}
        self._class = np.array([spec.efficiency_class == "3.6" for spec in specs])
        self._derate = IN_USE * np.maximum(1.0 - PER_K_ABOVE_65 * (self.hot_c - 65.0), 0.1)

    def start(self) -> DeviceState:
        """Arrays (S, m): ``row``, ``hot_kwh`` (heat in the tank), ``drawn_kwh``, ``unmet_kwh``, ``used_kwh`` so far."""
        shape = (self.placed.site.rows.count, len(self.tank_kwh))
        hot = np.broadcast_to(self.tank_kwh * self.placed.column("full_start"), shape)
        nothing = {name: np.zeros(shape) for name in ("drawn_kwh", "unmet_kwh", "used_kwh")}
        return {"row": start_rows(*shape), "hot_kwh": np.array(hot), **nothing}

    def _now(self, state: DeviceState, moment: Moment) -> tuple[Floats, Floats]:
        """Coefficient of performance and draw of this hour, (R, m)."""
        hour = np.minimum(hour_of(self.placed.site.axis, moment.t_s), len(self._draw_kw) - 1)
        hour, column = np.broadcast_arrays(hour, np.minimum(state["row"].astype(np.int64), self._draw_kw.shape[1] - 1))
        cop = np.where(self._class, self._cop["3.6"][hour, column], self._cop["2.7"][hour, column]) * self._derate
        return cop, self._draw_kw[hour, column] * self._people

    def bands(self, state: DeviceState, moment: Moment) -> Bands:
        """Full power where the tank must be heated; nothing or, with ``run: surplus``, all that is left over."""
        cop, _ = self._now(state, moment)
        most = self.heat_kw / cop
        need = self.tank_kwh - state["hot_kwh"]
        clock = (np.asarray(moment.t_s) + self.placed.site.axis.seconds_of_day) % DAY_S
        left_s = (self._ready_s - clock) % DAY_S
        # Looked at once a step: it begins a step early at most.
        late = (need * SECONDS_PER_HOUR >= (left_s - self._step_s) * self.heat_kw) & (left_s > 0)
        forced = (late | (state["hot_kwh"] < self._reserve_kwh)) & (need > EMPTY_KWH)
        may = forced | (self._by_sun & (need > EMPTY_KWH))
        want = np.where(forced, -most, 0.0)
        return Bands(np.where(may, -most, 0.0), want, want)

    def advance(self, state: DeviceState, p_kw: Floats, dt_s: float | Floats, moment: Moment) -> Flow:
        """Draw and heating are constant, so the heat in the tank is linear in time until it is full or cold."""
        cop, draw = self._now(state, moment)
        dt_h = np.asarray(dt_s) / SECONDS_PER_HOUR
        hot, heating = state["hot_kwh"], np.maximum(-p_kw, 0.0) * cop
        net = heating - draw - self._loss_kw
        # The time until the tank is full: then the heat pump stops.
        room = self.tank_kwh - hot
        fills = (net > 0) & (net * dt_h > room)
        held_h = np.where(fills, np.divide(room, net, out=np.zeros_like(net), where=fills), dt_h)
        energy = p_kw * held_h
        level, short = tank_after(hot, heating, draw, self._loss_kw, held_h)
        level = np.where(fills, self.tank_kwh, level)
        level, later = tank_after(level, 0.0 * heating, draw, self._loss_kw, dt_h - held_h)
        state["hot_kwh"] = level
        state["unmet_kwh"] = state["unmet_kwh"] + short + later
        state["drawn_kwh"] = state["drawn_kwh"] + draw * dt_h
        state["used_kwh"] = state["used_kwh"] - energy
        return Flow(energy, held_s=np.where(fills, held_h * SECONDS_PER_HOUR, dt_s) if fills.any() else None)

    def measure(self, state: DeviceState) -> Mapping[str, Measure]:
        """Hot water drawn and lacking, electricity for it."""
        return {
            "hot_water_kwh": Measure(state["drawn_kwh"]),
            "hot_water_unmet_kwh": Measure(state["unmet_kwh"]),
            "water_heater_kwh": Measure(state["used_kwh"]),
        }
