"""March many islands through time: all together on a grid, rows that meet a joint on their own to its exact instant."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ysc_sim.resilience.transient_joints import (
    LOW,
    Joints,
    cross,
    fire,
    joints_of,
    jump,
    valves_in,
)
from ysc_sim.resilience.transient_plant import (
    FREQUENCY,
    OFF,
    ONE,
    Pieces,
    Plant,
    exponential,
    layout_of,
    reach_s,
    start_pieces,
    stop_of,
    system,
)
from ysc_sim.resilience.transient_stretch import BEYOND, STILL, Stretch
from ysc_sim.units import Bools, Floats, Ints

GRID_S = 0.05
"""Longest stretch in which frequency may turn only once: an extremum is found where its rate changes sign."""
LEAST_GRID_S = 0.001
MOST_JOINTS = 10_000

Event = tuple[int, float, str, int]


class Course(NamedTuple):
    """What marching gives, (R,) each, frequency as difference to nominal."""

    extreme_hz: Floats
    extreme_s: Floats
    end_hz: Floats
    end_rate: Floats
    end_s: Floats
    tripped: Bools
    off: Bools
    """Followers that relays have switched off, (R, q)."""
    waiting: Bools
    """Whether a relay's timer was running at the end."""
    ended: Ints
    energy: Floats
    """∫ terminal power dt of each source, (R, g) pu·s."""
    events: list[Event]


class March:
    """Everything that changes while rows of one layout march."""

    def __init__(self, plant: Plant, duration_s: float) -> None:
        self.plant, self.layout = plant, layout_of(plant)
        self.duration_s = duration_s
        self.pieces = start_pieces(plant)
        self.x = np.zeros((plant.rows, self.layout.size))
        self.x[:, ONE] = 1.0
        self.lagging = np.array([place is not None for place in self.layout.followers], dtype=np.bool_)
        self.ended = np.zeros(plant.rows, dtype=np.int64)
        self.end_s = np.full(plant.rows, duration_s)
        self.sign = np.where(plant.step < 0, -1.0, 1.0)
        self.extreme = np.zeros(plant.rows)
        self.extreme_s = np.zeros(plant.rows)
        self.valve_time = np.zeros(plant.gain.shape)
        """∫ valve dt up to the last joint."""
        self.joint_x = self.x.copy()
        self.joint_s = np.zeros(plant.rows)
        self.events: list[Event] = []
        everyone = np.arange(plant.rows)
        if not self.layout.spinning:
            self._after_jump(everyone, plant, self.pieces, self.x, np.zeros(plant.rows))
        self.w = np.zeros((plant.rows, self.layout.size, self.layout.size))
        self.reach = np.zeros(plant.rows)
        self.changed = np.zeros(plant.rows, dtype=np.bool_)
        self.joints = joints_of(plant, self.layout, self.pieces)
        self._lay_out(everyone)

    def _lay_out(self, rows: Ints) -> None:
        """W of rows whose pieces changed; rows that ended stand still."""
        part = self.pieces.take(rows)
        plant = self.plant.take(rows)
        w = system(plant, self.layout, part)
        w[self.ended[rows] != 0] = 0.0
        self.w[rows] = w
        self.reach[rows] = reach_s(w)
        fresh = joints_of(plant, self.layout, part)
        for mine, theirs in zip(vars(self.joints).values(), vars(fresh).values(), strict=True):
            mine[rows] = theirs

    # -- the grid ------------------------------------------------------------------------------------------------

    def run(self) -> Course:
        """All rows to the end."""
        steps = max(1, int(np.ceil(self.duration_s / self._grid_s())))
        edges = np.linspace(0.0, self.duration_s, steps + 1)
        step_s = self.duration_s / steps
        jumps = np.ascontiguousarray(exponential(self.w * step_s).transpose(2, 1, 0))
        x = np.ascontiguousarray(self.x.T)
        rate = np.add.reduce(self.w[:, FREQUENCY] * self.x, axis=1)
        bounds = Bounds(self, step_s)
        for k in range(steps):
            after = stride(jumps, x)
            new_rate = bounds.rate(after)
            rows = bounds.left(after, rate, new_rate, edges[k + 1])
            if rows.size:
                self.x[rows] = x[:, rows].T
                self.changed[rows] = False
                self._pass_joints(rows, edges[k], edges[k + 1])
                after[:, rows] = self.x[rows].T
                changed = rows[self.changed[rows]]
                jumps[:, :, changed] = exponential(self.w[changed] * step_s).transpose(2, 1, 0)
                bounds.refresh(rows)
                new_rate[rows] = np.add.reduce(self.w[rows, FREQUENCY] * self.x[rows], axis=1)
            x, rate = after, new_rate
        self.x = np.ascontiguousarray(x.T)
        return self._course(rate)

    def _grid_s(self) -> float:
        """Short against the fastest swing that these rows can make."""
        plant = self.plant
        if not self.layout.spinning:
            return GRID_S
        slow = np.where(plant.t1_s > 0, plant.t1_s, np.inf)
        slow = np.minimum(slow, np.where(plant.t3_s > 0, plant.t3_s, np.inf))
        swing = np.sqrt(np.max((plant.gain / slow).sum(axis=1) / plant.inertia, initial=0.0))
        return float(np.clip(1.0 / max(swing, 1e-9), LEAST_GRID_S, GRID_S))

    # -- rows on their own ----------------------------------------------------------------------------------------

    def _pass_joints(self, rows: Ints, from_s: float, to_s: float) -> None:
        """Bring some rows from one edge of the grid to the next, over every joint on the way."""
        t = np.full(len(rows), from_s)
        for _ in range(MOST_JOINTS):
            on = (t < to_s) & (self.ended[rows] == 0)
            if not on.any():
                return
            t[on] = self._to_next(rows[on], t[on], to_s)
        raise ArithmeticError(f"Island {int(rows[0])} met more than {MOST_JOINTS} limits before {to_s} s.")

    def _to_next(self, rows: Ints, t: Floats, to_s: float) -> Floats:
        """March to the first joint, timer or edge; change what changes there; return the time."""
        plant, pieces = self.plant.take(rows), self.pieces.take(rows)
        due = (pieces.timing_s + plant.delay_s).min(axis=1, initial=np.inf)
        until = np.maximum(np.minimum(np.minimum(due, to_s), t + self.reach[rows]), t)
        joints = Joints(*(values[rows] for values in vars(self.joints).values()))
        stretch = Stretch(self.layout, self.w[rows], self.x[rows], joints)
        dt, column = stretch.first_joint(until - t)
        now = np.where(column < 0, until, t + dt)
        x = stretch.end(dt)
        self._book(rows, plant, pieces, x, now)
        self.joint_x[rows], self.joint_s[rows] = x, now
        ended = cross(plant, pieces, column, now, x, self.layout)
        fires = (column < 0) & (due <= now)
        if fires.any():
            trips = fires[:, None] & (pieces.timing_s + plant.delay_s <= now[:, None])
            for row, kind, index in fire(plant, pieces, trips, x, self.layout):
                self.events.append((int(rows[row]), float(now[row]), kind, index))
        self.ended[rows] = ended
        self._note(rows, x, now)
        if not self.layout.spinning and fires.any():
            sub = np.flatnonzero(fires)
            part, after = pieces.take(sub), x[sub]
            self._after_jump(rows[sub], plant.take(sub), part, after, now[sub])
            pieces.put(sub, part)
            x[sub] = after
        self._note_ends(rows, ended, now)
        self.x[rows] = x
        self.joint_x[rows] = x
        self.pieces.put(rows, pieces)
        turned = column == 2 * self.joints.falls.shape[1] + 2 * plant.gain.shape[1]
        changed = rows[fires | ((column >= 0) & ~turned)]
        self.changed[changed] = True
        self._lay_out(changed)
        return np.asarray(now)

    def _after_jump(self, rows: Ints, plant: Plant, pieces: Pieces, x: Floats, now: Floats) -> None:
        """Frequency jumps where nothing has inertia."""
        ended = jump(plant, pieces, self.layout, x, now, self.lagging)
        self.ended[rows] = ended
        self._note(rows, x, now)
        # A row that fell apart has no frequency any more: what is held for it must stay finite.
        x[:, FREQUENCY] = np.where(np.isfinite(x[:, FREQUENCY]), x[:, FREQUENCY], 0.0)
        self._note_ends(rows, ended, now)

    def _note(self, rows: Ints, x: Floats, now: Floats) -> None:
        """Keep the extreme."""
        f = x[:, FREQUENCY]
        better = self.sign[rows] * f < self.sign[rows] * self.extreme[rows]
        self.extreme[rows[better]] = f[better]
        self.extreme_s[rows[better]] = now[better]

    def _note_ends(self, rows: Ints, ended: Ints, now: Floats) -> None:
        for row in np.flatnonzero(ended):
            kind = "collapsed" if ended[row] == LOW else "overfrequency"
            self.events.append((int(rows[row]), float(now[row]), kind, -1))
            self.end_s[rows[row]] = now[row]

    # -- energy --------------------------------------------------------------------------------------------------

    def _book(self, rows: Ints, plant: Plant, pieces: Pieces, x: Floats, now: Floats) -> None:
        """Add ∫ valve dt since the last joint: from t1·v' = u − v where it is free, at its stop where it is not."""
        swept = x[:, self.layout.integral] - self.joint_x[rows, self.layout.integral]
        turned = valves_in(self.layout, x) - valves_in(self.layout, self.joint_x[rows])
        free = -plant.gain * swept[:, None] - plant.t1_s * turned
        held = stop_of(plant, pieces) * (now - self.joint_s[rows])[:, None]
        self.valve_time[rows] += np.where(pieces.governor == 0, free, held)

    def _course(self, rate: Floats) -> Course:
        rows = np.arange(self.plant.rows)
        on = self.ended == 0
        self._book(rows[on], self.plant.take(rows[on]), self.pieces.take(rows[on]), self.x[on], self.end_s[on])
        self._note(rows[on], self.x[on], self.end_s[on])
        f, swept = self.x[:, FREQUENCY, None], self.x[:, self.layout.integral, None]
        valves = valves_in(self.layout, self.x)
        lags = np.stack(
            [np.zeros(len(rows)) if at is None else self.x[:, at] for at in self.layout.lags] or [np.zeros(len(rows))],
            axis=1,
        )[:, : self.plant.gain.shape[1]]
        has_lag = np.array([at is not None for at in self.layout.lags], dtype=np.bool_)
        # y = lag + t2·lag', t3·lag' = v − lag; without the lag y = v + t2·v'.
        output = self.valve_time + np.where(
            has_lag, (self.plant.t2_s - self.plant.t3_s) * lags, self.plant.t2_s * valves
        )
        inertia = -self.plant.source_inertia * f
        energy = self.plant.power * self.end_s[:, None] + output + inertia - self.plant.source_damping * swept
        return Course(
            self.extreme,
            self.extreme_s,
            self.x[:, FREQUENCY],
            rate,
            self.end_s,
            self.pieces.tripped,
            self.pieces.follower == OFF,
            np.isfinite(self.pieces.timing_s).any(axis=1) & on,
            self.ended,
            energy,
            self.events,
        )


def stride(jumps: Floats, x: Floats) -> Floats:
    """One step of all rows: Σ_j jumps[j]·x[j], (size, R); each row in the same order of addition in any batch."""
    total: Floats = jumps[0] * x[0]
    term = np.empty_like(total)
    for j in range(1, len(x)):
        np.multiply(jumps[j], x[j], out=term)
        total += term
    return total


class Bounds:
    """The frequency and valves between which a row stays on its piece: what the grid looks at in every step."""

    def __init__(self, march: March, step_s: float) -> None:
        self.march, self.step_s = march, step_s
        rows = march.plant.rows
        self.low, self.high = np.zeros(rows), np.zeros(rows)
        self.due = np.zeros(rows)
        self.form = np.zeros((march.layout.size, rows))
        self.alive = np.ones(rows, dtype=np.bool_)
        self.valves = [(i, place) for i, place in enumerate(march.layout.valves) if place is not None]
        self.refresh(np.arange(rows))

    def refresh(self, rows: Ints) -> None:
        """Read the joints of rows again."""
        march = self.march
        self.low[rows] = march.joints.falls[rows].max(axis=1) - BEYOND
        self.high[rows] = march.joints.rises[rows].min(axis=1) + BEYOND
        delay = march.plant.delay_s[rows]
        self.due[rows] = (march.pieces.timing_s[rows] + delay).min(axis=1, initial=np.inf)
        self.form[:, rows] = march.w[rows, FREQUENCY].T
        self.alive[rows] = march.ended[rows] == 0

    def rate(self, x: Floats) -> Floats:
        """df/dt, (R,)."""
        total: Floats = self.form[0] * x[0]
        for j in range(1, len(x)):
            total += self.form[j] * x[j]
        return total

    def left(self, x: Floats, rate: Floats, new_rate: Floats, to_s: float) -> Ints:
        """Rows that met a joint, an extremum or a timer in this step."""
        joints = self.march.joints
        f = x[FREQUENCY]
        out = (f < self.low) | (f > self.high) | (self.due <= to_s)
        turns = np.flatnonzero((rate * new_rate < 0) & (np.abs(rate) > STILL) & (np.abs(new_rate) > STILL))
        # A turn matters if it may be the farthest so far, or reach over a threshold.
        swing = (np.abs(rate[turns]) + np.abs(new_rate[turns])) * self.step_s
        farthest = self.march.sign[turns] * (f[turns] - self.march.extreme[turns]) < swing
        beyond = (f[turns] - swing < self.low[turns]) | (f[turns] + swing > self.high[turns])
        out[turns] |= farthest | beyond
        for i, place in self.valves:
            out |= (x[place] > joints.valve_high[:, i] + BEYOND) | (x[place] < joints.valve_low[:, i] - BEYOND)
        return np.flatnonzero(out & self.alive)
