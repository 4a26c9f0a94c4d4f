"""Engine generators (非常用・常用発電機): called when they are needed, some seconds later they run, or they do not.

A generator stands still until it is *called* (:class:`ysc_sim.contracts.Startable`; an island calls its generators, the
grid does not need them). ``start_s`` later it runs, or the start has failed [1]_. A running one fails after a time
that is exponential with mean ``mttf_h`` [1]_, and comes back ``repair_h`` later. While it runs its power lies between
``min_load`` and all of its rated power, and it burns [2]_

    litres per hour = idle · rated + slope · power,

so the tank is empty at a moment that is known in closed form.

.. [1] J. Marqusee, D. Jenket, "Reliability of emergency and standby diesel generators: impact on energy resiliency
   solutions", Applied Energy 268, 114918 (2020): failure to start 0.94 %, mean time to failure 1,100 h where
   maintenance is good; half of the poorly kept ones failed within two days.
.. [2] HOMER Pro manual, "Generator fuel curve intercept coefficient / slope". Defaults: a line through the
   consumption charts of Hardy Diesel for sets of 10 to 60 kW.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Ge, Gt, Le

from ysc_sim.contracts import Bands, DeviceState, EnergyClass, Flow, Measure, MetricInfo, Moment, Placed, Store
from ysc_sim.units import SECONDS_PER_HOUR, Bools, Floats, Fraction, Hours, Ints, PositiveKW, Seconds, Unit

OFF, STARTING, RUNNING, FAILED = 0.0, 1.0, 2.0, 3.0
"""What a generator is doing (``phase``)."""
EMPTY_L = 1e-9
"""A tank with less than a microlitre is empty."""


@dataclass(frozen=True, kw_only=True)
class GensetSpec:
    """One engine generator."""

    rated_kw: PositiveKW
    """Rated power."""
    min_load: Fraction = 0.3
    """Least power while it runs, share of the rated one (below it the engine soots)."""
    start_s: Seconds = 40.0
    """From call to power; the Fire Service Act asks for 40 s at most of emergency generators."""
    start_failure: Fraction = 0.0094
    """Probability that a start fails."""
    mttf_h: Annotated[float, Gt(0), Le(1e9), Unit("h")] = 1100.0
    """Mean running time until it fails."""
    repair_h: Hours = 24.0
    """From a failure until it can be called again (assumed: no figure is published)."""
    fuel_idle_l_per_h_per_kw: Annotated[float, Ge(0), Le(10), Unit("L/h/kW")] = 0.06
    """Fuel burnt whatever the load, litres per hour and kW of rated power."""
    fuel_l_per_kwh: Annotated[float, Ge(0), Le(10), Unit("L/kWh")] = 0.26
    """Fuel for each kWh beyond that."""
    tank_l: Annotated[float, Gt(0), Le(1e9), Unit("L")] = 190.0
    """Fuel tank (assumed default: below the 200 L of light oil from which fire ordinances want a notification)."""
    fuel_start: Fraction = 1.0
    """Fuel at the start, share of the tank. It is not refilled during the run."""
    grid_forming: bool = True
    """Whether it can hold an island's voltage and frequency."""


class GensetFleet:
    """All engine generators of a community."""

    kind: ClassVar[str] = "genset"
    energy_class: ClassVar[EnergyClass] = "genset"
    Spec: ClassVar[type] = GensetSpec
    measures: ClassVar[Mapping[str, MetricInfo]] = {
        "genset_fuel_l": MetricInfo("L", -1),
        "genset_hours": MetricInfo("h", 0),
        "genset_starts": MetricInfo("1", 0),
        "genset_failures": MetricInfo("1", -1),
    }

    def __init__(self, placed: Placed) -> None:
        self.placed = placed
        self.flexible = True
        self.stores = False
        self.tier_shares: Floats | None = None
        self.forming: Bools = placed.column("grid_forming").astype(np.bool_)
        self.rated_kw = placed.column("rated_kw")
        self.min_kw = self.rated_kw * placed.column("min_load")
        self.start_s = placed.column("start_s")
        self.idle_l_per_h = self.rated_kw * placed.column("fuel_idle_l_per_h_per_kw")
        self.fuel_l_per_kwh = placed.column("fuel_l_per_kwh")
        self._full_l = placed.column("tank_l") * placed.column("fuel_start")
        self._start_failure = placed.column("start_failure")
        self._mttf_s = placed.column("mttf_h") * SECONDS_PER_HOUR
        self._repair_s = placed.column("repair_h") * SECONDS_PER_HOUR

    def start(self) -> DeviceState:
        """Standing still. Arrays (S, m): ``row``, ``phase``, ``called`` 0/1, ``due_s`` (its own next change),
        ``fuel_l``, ``starts`` and ``failures`` so far, ``ran_s``.
        """
        rows, m = self.placed.site.rows.count, len(self.rated_kw)
        nothing = np.zeros((rows, m))
        return {
            "row": np.repeat(np.arange(rows, dtype=np.float64)[:, None], m, axis=1),
            "phase": np.full((rows, m), OFF),
            "called": nothing.copy(),
            "due_s": np.full((rows, m), np.inf),
            "fuel_l": np.repeat(self._full_l[None, :], rows, axis=0),
            "starts": nothing.copy(),
            "failures": nothing.copy(),
            "ran_s": nothing.copy(),
        }

    def call(self, state: DeviceState, wanted: Bools, moment: Moment) -> None:
        """From now on the generators (R, m) of ``wanted`` are needed, the others are not and stop at once."""
        state["called"] = np.broadcast_to(wanted, state["phase"].shape).astype(np.float64)
        self._stop(state, (state["called"] == 0) & ((state["phase"] == STARTING) | (state["phase"] == RUNNING)))
        self._crank(state, moment)

    def ready(self, state: DeviceState) -> Bools:
        """Which run, or would run soon if they were called: neither failed nor without fuel, (R, m)."""
        ready: Bools = (state["phase"] != FAILED) & (state["fuel_l"] > EMPTY_L)
        return ready

    def _crank(self, state: DeviceState, moment: Moment) -> None:
        """Those that are called and stand still begin to start."""
        begin = (state["called"] > 0) & (state["phase"] == OFF) & (state["fuel_l"] > EMPTY_L)
        if begin.any():
            state["phase"] = np.where(begin, STARTING, state["phase"])
            state["due_s"] = np.where(begin, moment.t_s + self.start_s, state["due_s"])
            state["starts"] = state["starts"] + begin

    def _stop(self, state: DeviceState, which: Bools) -> None:
        state["phase"] = np.where(which, OFF, state["phase"])
        state["due_s"] = np.where(which, np.inf, state["due_s"])

    def bands(self, state: DeviceState, moment: Moment) -> Bands:
        """Minimum load to rated power while it runs; nothing otherwise."""
        runs = state["phase"] == RUNNING
        least = self.min_kw * runs
        return Bands(least, self.rated_kw * runs, least)

    def advance(self, state: DeviceState, p_kw: Floats, dt_s: float | Floats, moment: Moment) -> Flow:
        """Power times time, until the tank is empty: then the engine stops at its own second."""
        runs = state["phase"] == RUNNING
        last_s = self.limit_s(state, p_kw)
        ran_s = np.minimum(last_s, dt_s) * runs
        energy = p_kw * (np.minimum(last_s, dt_s) / SECONDS_PER_HOUR)
        burnt = self.burn_l_per_h(p_kw) * (ran_s / SECONDS_PER_HOUR)
        state["ran_s"] = state["ran_s"] + ran_s
        # What a rounding error leaves in the tank would last for less than the clock can tell.
        empty = runs & ((last_s <= dt_s) | (state["fuel_l"] - burnt <= EMPTY_L))
        state["fuel_l"] = np.where(empty, 0.0, state["fuel_l"] - burnt)
        if not empty.any():
            return Flow(energy)
        self._stop(state, empty)
        return Flow(energy, held_s=np.minimum(last_s, dt_s) + np.zeros_like(energy))

    def burn_l_per_h(self, p_kw: Floats) -> Floats:
        """Fuel of a running engine at ``p_kw``, litres per hour."""
        return self.idle_l_per_h + self.fuel_l_per_kwh * np.maximum(p_kw, 0.0)

    def store(self, state: DeviceState) -> Store:
        """Never called: fuel is no electricity."""
        nothing = np.zeros_like(state["phase"])
        return Store(nothing, nothing, nothing)

    def limit_s(self, state: DeviceState, p_kw: Floats) -> Floats:
        """Seconds until the tank of a running engine is empty."""
        rate = self.burn_l_per_h(p_kw)
        burns = (state["phase"] == RUNNING) & (rate > 0)
        fuel_s = np.maximum(state["fuel_l"], 0.0) * SECONDS_PER_HOUR
        left_s: Floats = np.divide(fuel_s, rate, out=np.full(burns.shape, np.inf), where=burns)
        return left_s

    def drain_kw(self, state: DeviceState, p_kw: Floats) -> Floats:
        """No store of electricity drains."""
        return np.zeros_like(state["phase"])

    def next_event_s(self, state: DeviceState, moment: Moment) -> Floats | None:
        """The next start, failure or end of a repair in each row."""
        soonest: Floats = np.minimum.reduce(state["due_s"], axis=1, initial=np.inf)
        return soonest

    def on_event(self, state: DeviceState, moment: Moment) -> None:
        """Starts succeed or fail, running engines fail, repaired ones stand ready and, if still called, start again."""
        due = state["due_s"] <= moment.t_s
        if not due.any():
            return
        r, j = np.nonzero(due)
        phase, t_s = state["phase"][r, j], np.broadcast_to(moment.t_s, (len(due), 1))[r, 0]
        luck, life = self._draw(state["row"][r, j].astype(np.int64), j, state["starts"][r, j].astype(np.int64))
        runs = (phase == STARTING) & (luck >= self._start_failure[j])
        fails = ((phase == STARTING) & ~runs) | (phase == RUNNING)
        state["phase"][r, j] = np.where(runs, RUNNING, np.where(fails, FAILED, OFF))
        state["failures"][r, j] += fails
        after = np.where(runs, t_s + life * self._mttf_s[j], np.where(fails, t_s + self._repair_s[j], np.inf))
        state["due_s"][r, j] = after
        self._crank(state, moment)

    def _draw(self, rows: Ints, devices: Ints, starts: Ints) -> tuple[Floats, Floats]:
        """For each start of a device in a row: a number in 0 … 1 for its success, and its life in mean lives."""
        luck, life = np.empty(len(rows)), np.empty(len(rows))
        for k, (row, j, number) in enumerate(zip(rows.tolist(), devices.tolist(), starts.tolist(), strict=True)):
            random = self.placed.site.rows.generator(row, self.placed.ids[j], f"start {number}")
            luck[k], life[k] = random.random(), random.exponential()
        return luck, life

    def measure(self, state: DeviceState) -> Mapping[str, Measure]:
        """Fuel burnt, running hours, starts and failures of the run."""
        return {
            "genset_fuel_l": Measure(self._full_l - state["fuel_l"]),
            "genset_hours": Measure(state["ran_s"] / SECONDS_PER_HOUR),
            "genset_starts": Measure(state["starts"]),
            "genset_failures": Measure(state["failures"]),
        }
