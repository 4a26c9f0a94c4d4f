"""Cycles inside a history of charge: rainflow counting, online, for many stores at once.

A history that goes up and down is taken apart into full and half cycles, each with its depth (range) [1]_. It needs no
history in memory: of the turning points so far only those are kept whose cycles are still open. What came since is
written down as it comes and looked at some steps together, so that a step costs next to nothing: a range that is no
larger than the next and smaller than the one before is a full cycle, wherever in the history it stands (four points
decide [2]_), so all such ranges of all stores are closed at once, until none is left. What remains are ranges that grow
and then shrink; those that grow are half cycles and done with, those that shrink are open.

An open cycle counts as half; so does, where more than :data:`DEEPEST` points are open, the oldest one from then on.

.. [1] ASTM E1049-85 (2017), "Standard practices for cycle counting in fatigue analysis", 5.4.4.
.. [2] C. Amzallag, J. P. Gerey, J. L. Robert, J. Bahuaud, "Standardization of the rainflow counting method for fatigue
   analysis", Int. J. Fatigue 16(4), 1994, 287-293.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import numpy as np

from ysc_sim.units import Bools, Floats, Ints

DEEPEST = 32
"""Turning points whose cycles can be open at a time."""
WRITTEN = 64
"""Levels that are written down before they are looked at."""
POINTS = 1 << 16
"""Points that are looked at together: few enough for a processor's cache."""
STACK = ("turn", "turn_h", "depth", "path", "path_h", "filled", "level", "moved_h")
"""Names of the state of the count."""

Closed = Callable[[Ints, Ints, Floats, Floats, Floats], None]
"""What is told of cycles that close: rows, devices, depth, count (1 or 0.5), hours of movement."""


class Points(NamedTuple):
    """Turning points of many stores, one store after another, (P,) each."""

    level: Floats
    hours: Floats
    store: Ints

    def only(self, chosen: Ints) -> Points:
        """Some of them."""
        return Points(self.level.take(chosen), self.hours.take(chosen), self.store.take(chosen))

    def turns(self) -> Points:
        """Those at which the level turns, and the first and the last of each store; one of several equal levels."""
        kept = np.ones(len(self.level), dtype=np.bool_)
        np.not_equal(self.level[1:], self.level[:-1], out=kept[1:])
        kept[1:] |= self.store[1:] != self.store[:-1]
        moves = self if kept.all() else self.only(np.flatnonzero(kept))
        kept = np.ones(len(moves.level), dtype=np.bool_)
        rises = moves.level[1:] > moves.level[:-1]
        np.not_equal(rises[1:], rises[:-1], out=kept[1:-1])
        kept[1:-1] |= moves.store[2:] != moves.store[:-2]
        return moves if kept.all() else moves.only(np.flatnonzero(kept))


Book = Callable[[Ints, Floats, float, Floats], None]
"""Books ranges: stores, ranges, count, hours of movement."""


def start_stack(level: Floats) -> dict[str, Floats]:
    """State of the count for levels (R, m): the first point of each history.

    ``turn`` and ``turn_h`` (R, m, DEEPEST): level and hours of movement at open turning points; ``depth``: how many;
    ``path`` and ``path_h`` (R, WRITTEN, m): levels since then; ``filled`` (R, 1): how many; ``level``, ``moved_h``: of
    now.
    """
    turn = np.zeros((*level.shape, DEEPEST))
    turn[..., 0] = level
    path = np.zeros((level.shape[0], WRITTEN, level.shape[1]))
    return {
        "turn": turn,
        "turn_h": np.zeros_like(turn),
        "depth": np.ones_like(level),
        "path": path,
        "path_h": np.zeros_like(path),
        "filled": np.zeros((level.shape[0], 1)),
        "level": np.array(level, dtype=np.float64),
        "moved_h": np.zeros_like(level),
    }


def move_to(stack: dict[str, Floats], level: Floats, hours: Floats, closed: Closed, *, rests: bool = True) -> None:
    """The levels (R, m) moved straight to ``level``, which is kept, in ``hours``; ``closed`` is told of cycles that
    close, later on.

    When a row is looked at hangs on what was written down of it alone, never on other rows. ``rests``: whether a row in
    which nothing moves is written down too, so that it does not hang on the company of a store inside a row either.
    """
    full = np.flatnonzero(stack["filled"][:, 0] >= WRITTEN)
    if full.size:
        settle(stack, full, closed)
    moves = level != stack["level"]
    stack["moved_h"] = stack["moved_h"] + (hours if moves.all() else hours * moves)
    stack["level"] = level
    place = stack["filled"][:, 0].astype(np.int64)
    rows = np.arange(len(place)) if rests else np.flatnonzero(moves.any(axis=1))
    if len(rows) == len(place) and (place == place[:1]).all():
        at = int(place[0])
        stack["path"][:, at], stack["path_h"][:, at] = level, stack["moved_h"]
        stack["filled"] = stack["filled"] + 1.0
    else:
        stack["path"][rows, place[rows]], stack["path_h"][rows, place[rows]] = level[rows], stack["moved_h"][rows]
        stack["filled"] = stack["filled"].copy()
        stack["filled"][rows] += 1.0


def settle(stack: dict[str, Floats], rows: Ints, closed: Closed) -> None:
    """Look at what was written down in ``rows``: ``closed`` is told of every cycle that this closes."""
    width = stack["level"].shape[1]
    stack["depth"], stack["filled"] = stack["depth"].copy(), stack["filled"].copy()
    for some, devices in _blocks(rows, width, POINTS // (WRITTEN + DEEPEST)):
        _settle_block(stack, some, devices, closed)
    stack["path"][rows, 0], stack["path_h"][rows, 0] = stack["level"][rows], stack["moved_h"][rows]
    stack["filled"][rows] = 1.0


def _blocks(rows: Ints, width: int, stores: int) -> Iterator[tuple[Ints, slice]]:
    """All devices of ``rows``, not many more than ``stores`` at a time: rows and devices."""
    together = max(stores // max(width, 1), 1)
    for first in range(0, len(rows), together):
        for device in range(0, width, stores):
            yield rows[first : first + together], slice(device, min(device + stores, width))


def _settle_block(stack: dict[str, Floats], rows: Ints, devices: slice, closed: Closed) -> None:
    width = devices.stop - devices.start
    stores = len(rows) * width
    told: list[tuple[Ints, Floats, Floats, Floats]] = []

    def book(store: Ints, depth: Floats, count: float, moved_h: Floats) -> None:
        told.append((store, depth, np.full(len(store), count), moved_h))

    level, hours, there = _history(stack, rows, devices)
    points = _left_by_next_ones(level, hours, there, book)
    left = _without_growing(points, _without_inner(points, stores, book), stores, book)
    if told:
        store, depth, count, moved_h = (np.concatenate(parts) for parts in zip(*told, strict=True))
        closed(rows[store // width], store % width + devices.start, depth, count, moved_h)
    _keep(stack, rows, devices, points.only(left))


def _history(stack: Mapping[str, Floats], rows: Ints, devices: slice) -> tuple[Floats, Floats, Bools]:
    """Open points and then what was written down of every store: level, hours and whether there is one, (N, stores)."""
    depth = stack["depth"][rows, devices].reshape(-1).astype(np.int64)
    filled = stack["filled"][rows, 0]
    deep, long = int(depth.max(initial=0)), int(filled.max(initial=0))
    # Open points stand right before what was written; where they, or the written levels, are fewer, the ends are empty.
    there = np.ones((deep + long, len(depth)), dtype=np.bool_)
    place = np.arange(deep)[:, None] - (deep - depth)
    np.greater_equal(place, 0, out=there[:deep])
    place = np.maximum(place, 0) + np.arange(len(depth)) * deep
    if filled.min() < long:
        np.less(np.arange(long)[:, None], np.repeat(filled, len(depth) // len(rows)), out=there[deep:])
    level, hours = np.empty(there.shape), np.empty(there.shape)
    for values, opened, since in ((level, "turn", "path"), (hours, "turn_h", "path_h")):
        values[:deep] = stack[opened][rows, devices, :deep].reshape(-1).take(place)
        values[deep:] = stack[since][rows, :long, devices].transpose(1, 0, 2).reshape(long, len(depth))
    return level, hours, there


def _left_by_next_ones(level: Floats, hours: Floats, there: Bools, book: Book) -> Points:
    """Turning points of histories (N, stores), store after store. Ranges that lie between larger neighbours at once
    are booked on the way: of a restless store two thirds, and all stores in step are fast.
    """
    change = level[1:] - level[:-1]
    rises = change > 0
    ranges = np.abs(change, out=change)
    both = there[1:] & there[:-1]
    turns = rises[1:] != rises[:-1]
    kept = there.copy()
    # What goes on in one direction is no turning point, and of equal levels the first is enough.
    kept[1:-1] &= turns | ~both[1:] | ~both[:-1] | (ranges[1:] == 0) | (ranges[:-1] == 0)
    kept[1:] &= (ranges > 0) | ~there[:-1]
    middle = ranges[1:-1]
    closes = (middle <= ranges[2:]) & (middle < ranges[:-2]) & (middle > 0) & turns[1:] & turns[:-1]
    closes &= both[2:] & both[1:-1] & both[:-2]
    width = level.shape[1]
    first = np.flatnonzero(closes)
    if first.size:
        # Of the four points the second and the third are gone.
        kept[1:-2] &= ~closes
        kept[2:-1] &= ~closes
        moved_h = hours.reshape(-1).take(first + 2 * width) - hours.reshape(-1).take(first + width)
        book(first % width, middle.reshape(-1).take(first), 1.0, moved_h)
    place = np.flatnonzero(np.ascontiguousarray(kept.T))
    store = place // len(level)
    place = (place - store * len(level)) * width + store
    return Points(level.reshape(-1).take(place), hours.reshape(-1).take(place), store).turns()


def _without_inner(points: Points, stores: int, book: Book) -> Bools:
    """Full cycles are booked, those inside others first; what is left of the points, (P,)."""
    left = np.ones(len(points.level), dtype=np.bool_)
    at, level, store = np.arange(len(points.level)), points.level, points.store
    while True:
        ranges = np.abs(level[1:] - level[:-1])
        middle = ranges[1:-1]
        closes = middle <= ranges[2:]
        closes &= middle < ranges[:-2]
        # Four points decide; the first and the last of them are of one store.
        closes &= store[:-3] == store[3:]
        first = np.flatnonzero(closes) + 1
        if not first.size:
            return left
        begin, end = at.take(first), at.take(first + 1)
        book(store.take(first), ranges.take(first), 1.0, points.hours.take(end) - points.hours.take(begin))
        left[begin] = left[end] = False
        # A store in which nothing closed is done.
        busy = np.zeros(stores, dtype=np.bool_)
        busy[store.take(first)] = True
        goes_on = busy.take(store)
        goes_on[first] = goes_on[first + 1] = False
        kept = np.flatnonzero(goes_on)
        at, level, store = at.take(kept), level.take(kept), store.take(kept)


def _without_growing(points: Points, left: Bools, stores: int, book: Book) -> Ints:
    """Ranges at the beginning that the next one reaches are half cycles; so are the oldest where too many are open.
    Places of the points that are left.
    """
    at = np.flatnonzero(left)
    store = points.store.take(at)
    ranges = _ranges(points.level.take(at), store)
    gone = np.zeros(len(at), dtype=np.bool_)
    gone[:-2] = (ranges[:-1] > 0) & (ranges[:-1] <= ranges[1:])
    if (np.bincount(store[~gone], minlength=stores) > DEEPEST + 1).any():
        from_end = np.cumsum(np.bincount(store, minlength=stores))[store] - np.arange(len(at))
        gone |= from_end > DEEPEST + 1
    first = np.flatnonzero(gone)
    if first.size:
        moved_h = points.hours.take(at.take(first + 1)) - points.hours.take(at.take(first))
        book(store.take(first), ranges.take(first), 0.5, moved_h)
    return at[~gone]


def _ranges(level: Floats, store: Ints) -> Floats:
    """Distance from each point to the next of its store, (P − 1,); −1 where the next is of another store."""
    ranges = np.abs(np.diff(level))
    ranges[store[1:] != store[:-1]] = -1.0
    return ranges


def _keep(stack: dict[str, Floats], rows: Ints, devices: slice, points: Points) -> None:
    """Write the open points back; the last one, the present level, begins what is written down next."""
    width = devices.stop - devices.start
    count = np.bincount(points.store, minlength=len(rows) * width)
    place = np.arange(len(points.level)) - (np.cumsum(count) - count).take(points.store)
    depth = np.maximum(count - 1, 1)
    opened = np.flatnonzero(place < depth.take(points.store))
    store = points.store.take(opened)
    at = (rows[store // width], store % width + devices.start, place.take(opened))
    stack["turn"][at], stack["turn_h"][at] = points.level.take(opened), points.hours.take(opened)
    stack["depth"][rows, devices] = depth.reshape(len(rows), width)


class Halves(NamedTuple):
    """Half cycles that are open, (H,) each."""

    row: Ints
    device: Ints
    depth: Floats
    hours: Floats


def open_halves(stack: Mapping[str, Floats], rows: Ints) -> Halves:
    """Half cycles that are open in ``rows``, once they are settled: between open points, and up to now."""
    width = stack["level"].shape[1]
    depth = stack["depth"][rows].reshape(-1).astype(np.int64)
    deep = int(depth.max(initial=0))
    there = np.arange(deep) < depth[:, None]
    levels, hours = (
        np.concatenate([stack[name][rows][..., :deep], stack[now][rows][..., None]], axis=2).reshape(
            len(depth), deep + 1
        )
        for name, now in (("turn", "level"), ("turn_h", "moved_h"))
    )
    # Behind the last open point stands the present one.
    last = np.arange(len(depth)), depth
    levels[last], hours[last] = stack["level"][rows].reshape(-1), stack["moved_h"][rows].reshape(-1)
    store = np.repeat(np.arange(len(depth)), depth)
    ranges, moved_h = np.abs(np.diff(levels, axis=1))[there], np.diff(hours, axis=1)[there]
    return Halves(rows[store // width], store % width, ranges, moved_h)


def count_cycles(history: Floats) -> list[tuple[float, float]]:
    """(depth, count) of every cycle in a history of one store, (N,): full ones 1, half ones 0.5; open ones last.

    >>> count_cycles(np.array([-2.0, 1, -3, 5, -1, 3, -4, 4, -2]))  # the example of the standard, figure 6
    [(4.0, 1.0), (3.0, 0.5), (4.0, 0.5), (8.0, 0.5), (9.0, 0.5), (8.0, 0.5), (6.0, 0.5)]

    Raises ``ValueError`` where a value is not finite.
    """
    history = np.asarray(history, dtype=np.float64)
    if not np.isfinite(history).all():
        raise ValueError(f"history must be finite; it holds {history[~np.isfinite(history)][0]}.")
    found: list[tuple[float, float]] = []
    if not len(history):
        return found

    def closed(rows: Ints, devices: Ints, depth: Floats, count: Floats, hours: Floats) -> None:
        found.extend(zip(depth.tolist(), count.tolist(), strict=True))

    stack, one = start_stack(history[:1].reshape(1, 1)), np.zeros(1, dtype=np.int64)
    for level in history[1:]:
        move_to(stack, np.array([[level]]), np.zeros((1, 1)), closed)
    settle(stack, one, closed)
    return found + [(depth, 0.5) for depth in open_halves(stack, one).depth.tolist() if depth > 0]
