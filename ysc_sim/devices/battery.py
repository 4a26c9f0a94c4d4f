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
from typing import Any, ClassVar

import numpy as np

from ysc_sim.contracts import Bands, DeviceState, EnergyClass, Flow, Measure, MetricInfo, Moment, Placed, Store
from ysc_sim.contracts.stretches import Followed
from ysc_sim.devices.ageing import Ageing
from ysc_sim.devices.battery_limits import PowerLimits
from ysc_sim.devices.battery_response import Piece, Response, lost_kw, rate_kw, share_until
from ysc_sim.devices.battery_sizes import Sizes, at, column_of
from ysc_sim.devices.battery_spec import BatterySpec, design_of
from ysc_sim.devices.battery_steps import Steps, follow
from ysc_sim.devices.conversion import one_if_equal
from ysc_sim.units import EMPTY_KWH, SECONDS_PER_HOUR, Bools, Floats, Ints

DAY_S = 86_400


def _sum(values: Floats | None, more: Floats | None, sign: float, shape: tuple[int, ...]) -> Floats:
    """``values + sign · more``, where None is nothing; may change ``values``."""
    total = np.zeros(shape) if values is None else values
    if more is not None:
        total += sign * more
    return total


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
        self.energy_kwh, self.power_kw = energy, power
        self.standby_kw, self._soc_min, self._soc_max = (
            one_if_equal(column_of(designs, name)) for name in ("standby_kw", "soc_min", "soc_max")
        )
        self._limits = PowerLimits.of(designs, placed.site.axis.step_s / SECONDS_PER_HOUR)
        self._has_standby = bool(self.standby_kw.any())
        ages = np.array([design.ageing != "none" for design in designs], dtype=np.float64)
        self._ages = bool(ages.any())
        self._ageing = Ageing(
            placed.column("temperature_c"),
            column_of(designs, "calendar_factor") * ages,
            column_of(designs, "cycle_factor") * ages,
        )
        self._response = Response.of(designs)
        self._nothing = np.zeros((1, len(designs)))
        nominal = np.atleast_2d(self.energy_kwh)
        self._fixed_window = nominal * self._soc_min, nominal * self._soc_max
        self._rated = power
        """Rated power in the shape of the rows that were last asked about."""

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
        if self._response is not None:
            state |= self._response.start(shape)
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
        stored = state["stored_kwh"]
        floor, ceiling = self._window(state)
        charge, discharge = self._limits.largest_kw(stored, state["capacity_kwh"], self._sized(state))
        lo = np.multiply(-charge, stored < ceiling - EMPTY_KWH)
        hi = np.multiply(discharge, stored > floor + EMPTY_KWH)
        return Bands(lo, hi, self._nothing)

    def _idle_kw(self, state: DeviceState, p_kw: Floats) -> Floats | None:
        """What standby takes from the stores that rest, (R, m) kW; None where nothing rests or no standby is."""
        if not self._has_standby:
            return None
        rests = p_kw == 0.0
        if not rests.any():
            return None
        rests &= state["stored_kwh"] > state["capacity_kwh"] * self._soc_min + EMPTY_KWH
        idle: Floats = self.standby_kw * rests
        return idle

    def _rate_kw(self, state: DeviceState, p_kw: Floats) -> Floats:
        """Rate at which the stores fill, (R, m) kW."""
        return _sum(self._sized(state).passing(p_kw).rate_kw(), self._idle_kw(state, p_kw), -1.0, p_kw.shape)

    def _stop_kwh(self, state: DeviceState, p_kw: Floats, rate: Floats, where: Ints) -> Floats:
        """Of stores at flat places: where the power can no longer be held: ceiling or floor, or a limit of power
        before.
        """
        shape = state["stored_kwh"].shape

        def pick(values: Floats) -> Floats:
            return at(values, shape, where)

        p, stored, capacity = (pick(values) for values in (p_kw, state["stored_kwh"], state["capacity_kwh"]))
        power_kw = pick(self._sized(state).power_kw)
        bottom, top = self._limits.nearest_kwh(p, stored, capacity, power_kw, pick)
        floor, ceiling = (pick(side) for side in self._window(state))
        bottom, top = np.maximum(bottom, floor), np.minimum(top, ceiling)
        stop: Floats = np.where(pick(rate) > 0, top, bottom)
        return stop

    def _may_stop(self, state: DeviceState, p_kw: Floats, after: Floats) -> Ints:
        """Flat places of stores that pass floor or ceiling on their way to ``after``, or the edge of a limit of power
        at more than that.
        """
        bottom, top = self._window(state)
        passes = (after > top) | (after < bottom)
        beyond = self._limits.passed(p_kw, after, state["capacity_kwh"], self._sized(state).power_kw)
        if beyond is not None:
            passes |= beyond
        return np.flatnonzero(passes)

    def advance(self, state: DeviceState, p_kw: Floats, dt_s: float | Floats, moment: Moment) -> Flow:
        """Exact for constant power: a limit met inside ``dt_s`` ends the flow at its own time; then it rests."""
        stored, dt_h = state["stored_kwh"], dt_s / SECONDS_PER_HOUR
        if p_kw.shape != stored.shape:
            p_kw = np.broadcast_to(p_kw, stored.shape)
        if self._response is not None:
            return self._late(self._response, state, p_kw, dt_s, moment)
        passing, idle = self._sized(state).passing(p_kw), self._idle_kw(state, p_kw)
        rate = _sum(passing.rate_kw(), idle, -1.0, stored.shape)
        after = rate * dt_h
        after += stored
        held_h: Any = dt_h
        stopped = self._may_stop(state, p_kw, after)
        if stopped.size:
            stop, rates = self._stop_kwh(state, p_kw, rate, stopped), rate.reshape(-1).take(stopped)
            wanted = after.reshape(-1).take(stopped)
            hit = np.flatnonzero(np.where(rates > 0, wanted > stop, wanted < stop))
            stopped, stop, rates = stopped.take(hit), stop.take(hit), rates.take(hit)
        if stopped.size:
            after.flat[stopped] = stop
            held_h = np.zeros_like(after) + dt_h
            held_h.flat[stopped] = np.abs(stop - stored.reshape(-1).take(stopped)) / np.abs(rates)
        energy = p_kw * held_h
        loss = _sum(passing.lost_kw(), idle, 1.0, stored.shape)
        loss *= held_h
        state["moved_kwh"] = state["moved_kwh"] + np.abs(after - stored)
        if self._ages:
            self._age(state, after, held_h, p_kw)
        if stopped.size:
            left_h = np.broadcast_to(dt_h - held_h, stored.shape).reshape(-1).take(stopped)
            loss.flat[stopped] += self._rest(state, after, stopped, left_h)
        state["stored_kwh"] = after
        charge, discharge = np.maximum(-energy, 0.0), np.maximum(energy, 0.0)
        state["out_kwh"] = state["out_kwh"] + discharge
        held_s = held_h * SECONDS_PER_HOUR if stopped.size else None
        return Flow(energy, charge, discharge, loss, None, held_s)

    def follow_steps(self, state: DeviceState, wish_kw: Floats, dt_s: float) -> Followed | None:
        """Many steps in one go (:mod:`ysc_sim.devices.battery_steps`); None unless the batteries are plain."""
        return follow(state, wish_kw, self._fixed_window, self._sizes, dt_s) if self._plain(state) else None

    def begin_steps(self, state: DeviceState, count: int, dt_s: float) -> Steps | None:
        """A way through ``count`` steps that is asked step by step; None unless the batteries are plain."""
        return Steps(state, self._fixed_window, self._sizes, dt_s, count) if self._plain(state) else None

    def _plain(self, state: DeviceState) -> bool:
        """Whether power depends on the wish alone as long as there is energy or room, and all are between the two."""
        limited = self._limits.charge or self._limits.discharge
        special = limited or self._has_standby or self._ages or self._response is not None
        (bottom, top), stored = self._fixed_window, state["stored_kwh"]
        return not special and bool(((bottom <= stored) & (stored <= top)).all())

    def _late(self, response: Response, state: DeviceState, p_kw: Floats, dt_s: float | Floats, moment: Moment) -> Flow:
        """As :meth:`advance`, of batteries that need time to follow: piece after piece of even power."""
        bands, begin, size = self.bands(state, moment), state["stored_kwh"], self._sized(state)
        response.hear(state, p_kw, bands.lo_kw, bands.hi_kw)
        charge, discharge, loss, spent_h = (np.zeros_like(begin) for _ in range(4))
        goes_on = state["stopped"] == 0.0
        for piece in response.pieces(state, np.zeros_like(begin) + dt_s, size):
            piece = piece._replace(hours=piece.hours * goes_on)
            if not piece.hours.any():
                continue
            level = state["stored_kwh"]
            piece, stops = self._moved(state, piece, size)
            idles = (piece.begin_kw == 0.0) & (piece.end_kw == 0.0)
            loss = loss + np.where(idles, level - state["stored_kwh"], lost_kw(piece, size) * piece.hours)
            energy, spent_h = piece.energy_kwh, spent_h + piece.hours
            charge, discharge = charge + np.maximum(-energy, 0.0), discharge + np.maximum(energy, 0.0)
            goes_on &= ~stops
        if not goes_on.all():
            for name in ("given_kw", "heard_kw", "wait_s"):
                state[name] = np.where(goes_on, state[name], 0.0)
            state["stopped"] = np.where(goes_on, 0.0, 1.0)
            rests = np.flatnonzero(~goes_on)
            level = state["stored_kwh"].copy()
            left_h = np.maximum(dt_s / SECONDS_PER_HOUR - spent_h, 0.0).reshape(-1).take(rests)
            loss.flat[rests] += self._rest(state, level, rests, left_h)
            state["stored_kwh"] = level
        state["out_kwh"] = state["out_kwh"] + discharge
        return Flow(discharge - charge, charge, discharge, loss)

    def _moved(self, state: DeviceState, piece: Piece, size: Sizes) -> tuple[Piece, Bools]:
        """Let a piece pass: what of it passed, and which stores met a limit."""
        stored = state["stored_kwh"]
        floor, ceiling = self._window(state)
        rests = (piece.begin_kw == 0.0) & (piece.end_kw == 0.0)
        rate = rate_kw(piece, size, self.standby_kw * (stored > floor + EMPTY_KWH))
        after = stored + rate * piece.hours
        after = np.where(rests, np.maximum(after, np.minimum(floor, stored)), after)
        stop = np.where(rate > 0, ceiling, floor)
        stops = ~rests & np.where(rate > 0, after > stop, after < stop) & (piece.hours > 0)
        if stops.any():
            at_place = np.flatnonzero(stops)
            share = share_until(piece.only(stops), size.at(stops.shape, at_place), (stop - stored)[stops])
            cut = piece.only(stops).to(share)
            piece = Piece(piece.hours.copy(), piece.begin_kw, np.array(piece.end_kw))
            piece.hours[stops], piece.end_kw[stops] = cut.hours, cut.end_kw
            after = np.where(stops, stop, after)
        state["moved_kwh"] = state["moved_kwh"] + np.abs(after - stored)
        if self._ages:
            self._age(state, after, piece.hours, piece.begin_kw + piece.end_kw)
        state["stored_kwh"] = after
        return piece, stops

    def follow_at_once(self, state: DeviceState, p_kw: Floats, where: Bools) -> None:
        """The set-points (R, m) are reached already at the devices of ``where``: in an island they carry the voltage,
        or follow it within a cycle.
        """
        if self._response is not None:
            self._response.reach(state, p_kw, where)

    def _rest(self, state: DeviceState, level_kwh: Floats, where: Ints, hours: Floats) -> Floats:
        """Stores of ``level_kwh`` at flat places rest for ``hours`` (E,): standby takes its share, down to the floor;
        what it took, (E,) kWh.
        """

        def pick(values: Floats) -> Floats:
            return at(values, level_kwh.shape, where)

        begin, capacity = pick(level_kwh), pick(state["capacity_kwh"])
        if not self._has_standby:
            if self._ages:
                soc = begin / np.maximum(capacity, EMPTY_KWH)
                self._ageing.stand_at(state, where, soc, soc, hours)
            return np.zeros_like(begin)
        floor, standby = capacity * pick(self._soc_min), pick(self.standby_kw)
        drains = (standby > 0) & (begin > floor + EMPTY_KWH)
        to_floor = np.divide(begin - floor, standby, out=np.zeros_like(begin), where=drains)
        draining = np.where(drains, np.minimum(hours, to_floor), 0.0)
        end = np.where(drains & (to_floor <= hours), floor, begin - standby * draining)
        level_kwh.flat[where] = end
        if self._ages:
            full = np.maximum(capacity, EMPTY_KWH)
            self._ageing.stand_at(state, where, begin / full, end / full, draining)
            self._ageing.stand_at(state, where, end / full, end / full, hours - draining)
        return standby * draining

    def _age(self, state: DeviceState, end: Floats, hours: Floats | float, p_kw: Floats) -> None:
        """Calendar ageing while the energy goes evenly to ``end``, and cycles. What standby takes while a battery rests
        is no movement of its own; the next one shows it.
        """
        capacity = np.maximum(state["capacity_kwh"], EMPTY_KWH)
        soc = end / capacity
        self._ageing.stand(state, state["stored_kwh"] / capacity, soc, np.asarray(hours))
        moves = p_kw != 0
        level = soc if moves.all() else np.where(moves, soc, state["level"])
        # A step of late batteries has many pieces, most of them still.
        self._ageing.cycle(state, level, np.asarray(hours), rests=self._response is None)

    def store(self, state: DeviceState) -> Store:
        """Energy inside, floor and ceiling."""
        stored = state["stored_kwh"]
        power_kw = self._sized(state).power_kw
        if power_kw.shape != stored.shape:
            if self._rated.shape != stored.shape:
                self._rated = np.broadcast_to(power_kw, stored.shape)
            power_kw = self._rated
        return Store(stored, *self._window(state), charge_kw=power_kw, discharge_kw=power_kw)

    def limit_s(self, state: DeviceState, p_kw: Floats) -> Floats:
        """Seconds until full, at the floor, or where less power is allowed."""
        p_kw = np.broadcast_to(p_kw, state["stored_kwh"].shape)
        rate = self._rate_kw(state, p_kw)
        every = np.arange(rate.size)
        room = np.abs(self._stop_kwh(state, p_kw, rate, every).reshape(rate.shape) - state["stored_kwh"])
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
        rows = np.flatnonzero(due)
        if rows.size:
            self._ageing.settle(state, rows)
            lost = np.add(*self._ageing.losses(state, rows))
            nominal = np.broadcast_to(self._sized(state).energy_kwh, state["capacity_kwh"].shape)[rows]
            capacity = state["capacity_kwh"] = state["capacity_kwh"].copy()
            capacity[rows] = np.minimum(capacity[rows], nominal * np.maximum(1.0 - lost, 0.0))
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
        calendar, cycle = self._ageing.final_losses(state)
        before = np.sqrt(state["calendar_a_start"]) + np.sqrt(state["cycle_a_start"])
        found["battery_capacity_loss_ratio"] = Measure(
            np.where(ages & (twice > 0), calendar + cycle - before, np.nan), self.energy_kwh
        )
        used = self.life_used(calendar**2 - state["calendar_a_start"], cycle**2 - state["cycle_a_start"])
        price = np.array([design.price_jpy_per_kwh or np.nan for design in self.designs])
        wear = np.where(ages, used * (price * self.energy_kwh), np.nan)
        per_kwh = np.divide(wear, state["out_kwh"], out=np.full(wear.shape, np.nan), where=state["out_kwh"] > 0)
        found["battery_wear_jpy"] = Measure(wear)
        found["battery_wear_jpy_per_kwh"] = Measure(per_kwh, state["out_kwh"])
        return found

    def life_used(self, calendar_a: Floats, cycle_a: Floats) -> Floats:
        """Share of a life that would be used up by living all of it like this; by the law's two sums ∫k² dt, Σk²·N."""
        end = 1.0 - column_of(self.designs, "end_of_life")
        used: Floats = ((np.sqrt(np.maximum(calendar_a, 0.0)) + np.sqrt(np.maximum(cycle_a, 0.0))) / end) ** 2
        return used
