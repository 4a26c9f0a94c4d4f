"""Residential fuel cells (エネファーム): electricity of the 0.7 kW class from gas, and the heat of it for hot water.

Between its least and its rated power the cell gives what is asked of it; heat goes into a tank from which the household
draws (:mod:`ysc_sim.timeseries.hotwater`), a burner serves what the tank cannot.

* ``sofc`` (solid oxide): runs all the time; when its small tank is full a radiator throws the heat away.
* ``pefc`` (polymer): stops when its tank is full and starts again when it has emptied to half; at most ``run_h`` at a
  stretch, then it rests ``rest_h``.

Either lives through an outage only if it is running when the grid goes [1]_, and may hold a small island then.

.. [1] Makers' pages: Panasonic (PEFC: 0.3 to 0.7 kW, electric 0.38, heat 0.57, 140 L, at most 120 h, 2 h rest; in an
   outage only if already running, 0.7 kW), Aisin (SOFC: 0.7 kW, electric 0.55, all 0.87, 28 L, continuous).
   Efficiencies on the lower heating value, taken as constant over the power (daily means of the national method lie
   below them).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import numpy as np
from annotated_types import Ge, Gt, Le

from ysc_sim.contracts import Bands, DeviceState, EnergyClass, Flow, Measure, MetricInfo, Moment, Placed
from ysc_sim.devices.unstored import UnstoredFleet, hour_of, start_rows
from ysc_sim.devices.water_heater import tank_after
from ysc_sim.devices.weather import outdoor_c, sky_notes
from ysc_sim.timeseries.hotwater import KWH_PER_LITRE_K, draw_kw
from ysc_sim.timeseries.weather_file import AIR
from ysc_sim.units import SECONDS_PER_HOUR, Bools, Efficiency, Floats, Fraction, Hours, PositiveKW, Unit

TANK_RISE_K = 45.0
"""From mains to the tank's hot water."""
RESTART_AT = 0.5
"""Share of a full tank at which a stopped cell starts again (assumed)."""


@dataclass(frozen=True, kw_only=True)
class Kind:
    """What the two technologies differ in."""

    least: float
    electric: float
    heat: float
    tank_l: float


KINDS = {
    "sofc": Kind(least=0.1, electric=0.55, heat=0.32, tank_l=28.0),
    "pefc": Kind(least=0.43, electric=0.38, heat=0.57, tank_l=140.0),
}


@dataclass(frozen=True, kw_only=True)
class FuelCellSpec:
    """One residential fuel cell."""

    weather_needs: ClassVar[tuple[str, ...]] = (AIR,)
    """What it needs of a weather file."""
    technology: Literal["sofc", "pefc"] = "sofc"
    """Solid oxide (runs all the time) or polymer (stops when its tank is full)."""
    rated_kw: PositiveKW = 0.7
    """Rated electric power."""
    min_load: Fraction | None = None
    """Least power while it runs, share of the rated one; 0.1 (sofc, assumed) or 0.43 (pefc) if not given."""
    electric_efficiency: Efficiency | None = None
    """Electricity per gas (lower heating value); 0.55 or 0.38 if not given."""
    heat_efficiency: Fraction | None = None
    """Heat per gas; 0.32 or 0.57 if not given."""
    tank_l: Annotated[float, Gt(0), Le(1e5), Unit("L")] | None = None
    """Hot water tank; 28 or 140 L if not given."""
    people: Annotated[float, Ge(0), Le(200), Unit("1")] = 4.0
    """People who draw hot water."""
    run_h: Hours = 120.0
    """Longest time that a pefc runs at a stretch."""
    rest_h: Hours = 2.0
    """Rest of a pefc after that."""
    grid_forming: bool = False
    """Whether it can hold an island's voltage and frequency while it runs."""

    def check(self) -> list[tuple[str, str, dict[str, object]]]:
        """Cross rules: (problem key, field, values)."""
        whole = self.value("electric", "electric_efficiency") + self.value("heat", "heat_efficiency")
        if whole > 1.0:
            return [("more_out_than_in", "heat_efficiency", {"sum": round(whole, 6)})]
        return []

    def value(self, usual: str, field: str) -> float:
        """A field, or what is usual for its technology."""
        said: float | None = getattr(self, field)
        return float(getattr(KINDS[self.technology], usual)) if said is None else said


class FuelCellFleet(UnstoredFleet):
    """All residential fuel cells of a community."""

    kind: ClassVar[str] = "fuel_cell"
    energy_class: ClassVar[EnergyClass] = "genset"
    Spec: ClassVar[type] = FuelCellSpec
    measures: ClassVar[Mapping[str, MetricInfo]] = {
        "fuel_cell_gas_kwh": MetricInfo("kWh", -1),
        "fuel_cell_heat_used_kwh": MetricInfo("kWh", 1),
        "fuel_cell_heat_dumped_kwh": MetricInfo("kWh", -1),
        "burner_heat_kwh": MetricInfo("kWh", -1),
    }

    def __init__(self, placed: Placed) -> None:
        self.placed = placed
        self.notes = sky_notes(placed.site)
        self.flexible = True
        self.tier_shares: Floats | None = None
        specs = placed.specs
        self.forming: Bools = placed.column("grid_forming").astype(np.bool_)
        self.rated_kw = placed.column("rated_kw")

        def column(usual: str, field: str) -> Floats:
            return np.array([spec.value(usual, field) for spec in specs], dtype=np.float64)

        self.min_kw = self.rated_kw * column("least", "min_load")
        self.electric = column("electric", "electric_efficiency")
        self.heat_per_kwh = column("heat", "heat_efficiency") / self.electric
        self.tank_kwh = column("tank_l", "tank_l") * KWH_PER_LITRE_K * TANK_RISE_K
        self._stops = np.array([spec.technology == "pefc" for spec in specs])
        self._run_s = np.where(self._stops, placed.column("run_h"), np.inf) * SECONDS_PER_HOUR
        self._rest_s = placed.column("rest_h") * SECONDS_PER_HOUR
        self._draw_kw = draw_kw(outdoor_c(placed.site))
        self._people = placed.column("people")

    def start(self) -> DeviceState:
        """Running, with half a tank. Arrays (S, m): ``row``, ``hot_kwh``, ``runs`` 0/1, ``since_s`` (when it began or
        stopped), and sums so far: ``made_kwh`` (electricity), ``dumped_kwh``, ``burnt_kwh`` (heat of the burner),
        ``drawn_kwh``.
        """
        shape = (self.placed.site.rows.count, len(self.rated_kw))
        state = {name: np.zeros(shape) for name in ("since_s", "made_kwh", "dumped_kwh", "burnt_kwh", "drawn_kwh")}
        hot = np.array(np.broadcast_to(self.tank_kwh / 2.0, shape))
        return {"row": start_rows(*shape), "hot_kwh": hot, "runs": np.ones(shape), **state}

    def bands(self, state: DeviceState, moment: Moment) -> Bands:
        """Least to rated power while it runs. Here a stopped one starts again, and one that ran for long rests."""
        runs = state["runs"] > 0
        elapsed = moment.t_s - state["since_s"]
        rests = runs & (elapsed >= self._run_s)
        again = ~runs & (elapsed >= self._rest_s) & (state["hot_kwh"] <= RESTART_AT * self.tank_kwh)
        state["runs"] = np.where(rests, 0.0, np.where(again, 1.0, state["runs"]))
        state["since_s"] = np.where(rests | again, moment.t_s, state["since_s"])
        least = self.min_kw * state["runs"]
        return Bands(least, self.rated_kw * state["runs"], least)

    def advance(self, state: DeviceState, p_kw: Floats, dt_s: float | Floats, moment: Moment) -> Flow:
        """Power, heat and draw are constant: the tank is linear in time until it is full or cold."""
        hour = np.minimum(hour_of(self.placed.site.axis, moment.t_s), len(self._draw_kw) - 1)
        hour, column = np.broadcast_arrays(hour, np.minimum(state["row"].astype(np.int64), self._draw_kw.shape[1] - 1))
        draw = self._draw_kw[hour, column] * self._people
        dt_h = np.asarray(dt_s) / SECONDS_PER_HOUR
        hot, heating = state["hot_kwh"], np.maximum(p_kw, 0.0) * self.heat_per_kwh
        net = heating - draw
        room = np.maximum(self.tank_kwh - hot, 0.0)
        full = (net > 0) & (net * dt_h >= room)
        ends = full & self._stops
        held_h = np.where(ends, np.divide(room, net, out=np.zeros_like(net), where=ends), dt_h)
        energy = p_kw * held_h
        level, short = tank_after(hot, heating, draw, np.zeros_like(draw), held_h)
        dumped = np.where(full & ~self._stops, np.maximum(level - self.tank_kwh, 0.0), 0.0)
        level = np.where(full, self.tank_kwh, level)
        level, later = tank_after(level, np.zeros_like(draw), draw, np.zeros_like(draw), dt_h - held_h)
        state["hot_kwh"] = level
        state["runs"] = np.where(ends, 0.0, state["runs"])
        state["since_s"] = np.where(ends, moment.t_s + held_h * SECONDS_PER_HOUR, state["since_s"])
        for name, more in (("made", energy), ("dumped", dumped), ("burnt", short + later), ("drawn", draw * dt_h)):
            state[f"{name}_kwh"] = state[f"{name}_kwh"] + more
        return Flow(energy, held_s=np.where(ends, held_h * SECONDS_PER_HOUR, dt_s) if ends.any() else None)

    def measure(self, state: DeviceState) -> Mapping[str, Measure]:
        """Gas burnt in the cell, its heat used and thrown away, heat of the burner."""
        return {
            "fuel_cell_gas_kwh": Measure(state["made_kwh"] / self.electric),
            "fuel_cell_heat_used_kwh": Measure(state["drawn_kwh"] - state["burnt_kwh"]),
            "fuel_cell_heat_dumped_kwh": Measure(state["dumped_kwh"]),
            "burner_heat_kwh": Measure(state["burnt_kwh"]),
        }
