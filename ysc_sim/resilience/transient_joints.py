"""Joints: where a row leaves the linear piece that it stands on, and what changes there.

Every joint is a number that is positive on the piece and crosses zero where the piece ends. Columns, for k relays,
g sources and q followers: frequency falls below (collapse limit, k relays, g governors, q followers), the same
again for frequency rising above, g valves at their highest, g at their lowest, and the extremum of frequency.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ysc_sim.resilience.transient_balance import rest_of
from ysc_sim.resilience.transient_plant import FREQUENCY, OFF, Layout, Pieces, Plant, outside, stop_of
from ysc_sim.units import Bools, Floats, Ints

LOW, HIGH = -1, -2
"""What ended a row: frequency below its lower, above its upper limit."""


@dataclass(frozen=True)
class Joints:
    """Frequency thresholds of the piece at hand, (R, 1 + k + g + q) each, and limits of free valves, (R, g)."""

    falls: Floats
    rises: Floats
    valve_high: Floats
    valve_low: Floats


def joints_of(plant: Plant, layout: Layout, pieces: Pieces) -> Joints:
    """Thresholds that matter now; ∓inf elsewhere."""
    gain = np.where(plant.gain > 0, plant.gain, np.inf)
    high, low = -plant.highest / gain, -plant.lowest / gain
    has_valve = np.array([place is not None for place in layout.valves], dtype=np.bool_)
    free = pieces.governor == 0
    direct = free & ~has_valve & (plant.gain > 0)
    timing, tripped = np.isfinite(pieces.timing_s), pieces.tripped
    edge, zero = plant.deadband_hz, plant.deadband_hz + plant.span_hz
    starts, rests = ~(timing | tripped), timing & ~tripped
    relay_falls = np.where(np.where(plant.above, rests, starts), plant.limit_hz, -np.inf)
    relay_rises = np.where(np.where(plant.above, starts, rests), plant.limit_hz, np.inf)
    source_falls = np.where(direct, high, np.where(pieces.governor < 0, low, -np.inf))
    source_rises = np.where(direct, low, np.where(pieces.governor > 0, high, np.inf))
    never = np.full(edge.shape, np.inf)
    follower_falls = np.choose(pieces.follower, [-never, edge, zero, -never])
    follower_rises = np.choose(pieces.follower, [edge, zero, never, never])
    moves = free & has_valve
    return Joints(
        np.concatenate([plant.collapse_hz[:, None], relay_falls, source_falls, follower_falls], axis=1),
        np.concatenate([plant.rise_hz[:, None], relay_rises, source_rises, follower_rises], axis=1),
        np.where(moves, plant.highest, np.inf),
        np.where(moves, plant.lowest, -np.inf),
    )


def distances(joints: Joints, valves: Floats, f: Floats, rate: Floats, trend: Floats) -> Floats:
    """All joints as numbers that are ≥ 0 on the piece, (R, columns); ``trend`` is the sign of the rate of frequency."""
    f = f[:, None]
    return np.concatenate(
        [
            f - joints.falls,
            joints.rises - f,
            joints.valve_high - valves,
            valves - joints.valve_low,
            (trend * rate)[:, None],
        ],
        axis=1,
    )


def valves_in(layout: Layout, x: Floats) -> Floats:
    """Valves (R, g) out of X; 0 for governors without."""
    zero = np.zeros(len(x))
    columns = [zero if place is None else x[:, place] for place in layout.valves]
    return np.stack(columns, axis=1) if columns else np.zeros((len(x), 0))


def cross(plant: Plant, pieces: Pieces, column: Ints, t_s: Floats, x: Floats, layout: Layout) -> Ints:
    """Step over the joints (one per row, −1: none); returns LOW or HIGH for rows that end there, else 0."""
    k, g = plant.limit_hz.shape[1], plant.gain.shape[1]
    wide = 1 + k + g + plant.lag_s.shape[1]
    ended = np.zeros(len(column), dtype=np.int64)
    ended[column == 0] = LOW
    ended[column == wide] = HIGH
    for at, up in ((column, False), (column - wide, True)):
        rows = np.flatnonzero((at > 0) & (at <= k))
        relay = at[rows] - 1
        pieces.timing_s[rows, relay] = np.where(plant.above[rows, relay] == up, t_s[rows], np.inf)
        rows = np.flatnonzero((at > k) & (at <= k + g))
        pieces.governor[rows, at[rows] - 1 - k] += -1 if up else 1
        rows = np.flatnonzero((at > k + g) & (at < wide))
        pieces.follower[rows, at[rows] - 1 - k - g] += 1 if up else -1
    for first, stop in ((2 * wide, 1), (2 * wide + g, -1)):
        rows = np.flatnonzero((column >= first) & (column < first + g))
        source = column[rows] - first
        pieces.governor[rows, source] = stop
        places = np.array([0 if place is None else place for place in layout.valves], dtype=np.int64)
        x[rows, places[source]] = stop_of(plant, pieces)[rows, source]
    return ended


def jump(plant: Plant, pieces: Pieces, layout: Layout, x: Floats, t_s: Floats, lagging: Bools) -> Ints:
    """Rows without inertia after a step of power: frequency jumps to the new balance, pieces follow from it."""
    shed = (plant.shed * pieces.tripped).sum(axis=1)
    moved = sum((x[:, place] for place in layout.followers if place is not None), np.zeros(plant.rows))
    off = pieces.follower == OFF
    gone = (plant.follower * (off & ~lagging)).sum(axis=1)
    f = rest_of(plant, plant.step - shed - moved + gone, apart=lagging | off)
    x[:, FREQUENCY] = f
    want = -plant.gain * np.where(np.isfinite(f), f, 0.0)[:, None]
    pieces.governor[:] = (want > plant.highest).astype(np.int64) - (want < plant.lowest)
    over = f[:, None] - plant.deadband_hz
    pieces.follower[:] = np.where(off, OFF, (over > 0).astype(np.int64) + (over > plant.span_hz))
    started = np.where(np.isfinite(pieces.timing_s), pieces.timing_s, t_s[:, None])
    pieces.timing_s[:] = np.where(outside(plant, f[:, None]) & ~pieces.tripped, started, np.inf)
    ended = np.where(f < plant.collapse_hz, LOW, 0)
    return np.where(f > plant.rise_hz, HIGH, ended)


def fire(plant: Plant, pieces: Pieces, trips: Bools, x: Floats, layout: Layout) -> list[tuple[int, str, int]]:
    """Let relays ``trips`` (R, k) act: load is shed, followers give nothing any more. Row, kind, index of each."""
    told = [
        (int(row), "shed", int(relay)) if plant.victim[row, relay] < 0 else (int(row), "tripped", int(victim))
        for row, relay in zip(*np.nonzero(trips), strict=True)
        for victim in plant.victim[row, relay : relay + 1]
    ]
    pieces.tripped |= trips
    for j, place in enumerate(layout.followers):
        mine = plant.victim == j
        off = (trips & mine).any(axis=1)
        pieces.follower[off, j] = OFF
        pieces.tripped |= off[:, None] & mine
        if place is not None:
            x[off, place] = -plant.follower[off, j]
    pieces.timing_s[pieces.tripped] = np.inf
    return list(dict.fromkeys(told))
