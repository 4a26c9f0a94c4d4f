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

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from ysc_sim.units import Bools, Floats, Ints

DEEPEST = 32
"""Turning points whose cycles can be open at a time."""
BITS = 6
WRITTEN = 1 << BITS
"""Levels that are written down before they are looked at."""
STACK = ("turn", "turn_h", "depth", "path", "path_h", "filled", "level", "moved_h")
"""Names of the state of the count."""

Closed = Callable[[Ints, Ints, Floats, Floats, Floats], None]
"""What is told of cycles that close: rows, devices, depth, count (1 or 0.5), hours of movement."""


class Points(NamedTuple):
    """Turning points of many stores, one store after another, (P,) each."""

    level: Floats
    hours: Floats
    store: Ints


Book = Callable[[Points, Ints, Ints, Floats, float], None]
"""Books the ranges between points: points, places of their begins and ends, ranges, count."""


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


def move_to(stack: dict[str, Floats], level: Floats, hours: Floats, closed: Closed) -> None:
    """The levels (R, m) moved straight to ``level`` in ``hours``; ``closed`` is told of cycles that close, later on."""
    full = np.flatnonzero(stack["filled"][:, 0] >= WRITTEN)
    if full.size:
        settle(stack, full, closed)
    stack["moved_h"] = stack["moved_h"] + hours * (level != stack["level"])
    stack["level"] = np.array(level)
    place = stack["filled"][:, 0].astype(np.int64)
    rows = slice(None) if (place == place[0]).all() else np.arange(len(place))
    at = place[0] if isinstance(rows, slice) else place
    stack["path"][rows, at], stack["path_h"][rows, at] = stack["level"], stack["moved_h"]
    stack["filled"] = stack["filled"] + 1.0


def settle(stack: dict[str, Floats], rows: Ints, closed: Closed) -> None:
    """Look at what was written down in ``rows``: ``closed`` is told of every cycle that this closes."""
    width = stack["level"].shape[1]

    def book(points: Points, begin: Ints, end: Ints, depth: Floats, count: float) -> None:
        store = points.store[begin]
        moved_h = points.hours[end] - points.hours[begin]
        closed(rows[store // width], store % width, depth, np.full(len(begin), count), moved_h)

    points = _gathered(stack, rows)
    inner = _without_inner(points, len(rows) * width, book)
    left = _without_growing(points, inner, len(rows) * width, book)
    _keep(stack, rows, Points(points.level[left], points.hours[left], points.store[left]))


def _gathered(stack: Mapping[str, Floats], rows: Ints) -> Points:
    """Of every store the open points, the turning points since, and the present level where it is another."""
    part = _part(stack, rows)
    width = part["level"].shape[1]
    depth = part["depth"].reshape(-1).astype(np.int64)
    stores = np.arange(len(depth))
    last = part["turn"].reshape(-1)[stores * DEEPEST + depth - 1].reshape(-1, width)
    turns, moves = _turns(part["path"], part["filled"], last)
    # Store after store: the order of (rows, devices, steps).
    place = np.flatnonzero(np.ascontiguousarray(turns.transpose(0, 2, 1)))
    of, step = place >> BITS, place & (WRITTEN - 1)
    count = np.bincount(of, minlength=len(depth))
    now = np.flatnonzero(moves)
    whole = depth + count
    whole[now] += 1
    begin = np.cumsum(whole) - whole
    old_of = np.repeat(stores, depth)
    column = np.arange(len(old_of)) - np.repeat(np.cumsum(depth) - depth, depth)
    old_at, old_from = begin[old_of] + column, old_of * DEEPEST + column
    new_at = np.arange(len(of)) + (begin + depth - (np.cumsum(count) - count))[of]
    new_from = step * width + of
    if len(rows) > 1:
        new_from += (of // width) * ((WRITTEN - 1) * width)
    now_at = begin[now] + whole[now] - 1
    level, hours = np.empty(len(old_of) + len(of) + len(now)), np.empty(len(old_of) + len(of) + len(now))
    for values, names in ((level, ("turn", "path", "level")), (hours, ("turn_h", "path_h", "moved_h"))):
        opened, since, present = (part[name].reshape(-1) for name in names)
        values[old_at], values[new_at], values[now_at] = opened[old_from], since[new_from], present[now]
    return Points(level, hours, np.repeat(stores, whole))


def _part(stack: Mapping[str, Floats], rows: Ints) -> Mapping[str, Floats]:
    """The state of some rows; that of all is not copied."""
    if len(rows) == len(stack["level"]):
        return stack
    return {name: stack[name][rows] for name in STACK}


def _turns(levels: Floats, filled: Floats, last: Floats) -> tuple[Bools, Bools]:
    """Which of the written ``levels`` (R, WRITTEN, m) are turning points after an open one at ``last`` (R, m), and
    whether the stores moved since (R, m).
    """
    turns = np.zeros(levels.shape, dtype=np.bool_)
    there = last
    rising, falling = np.zeros(last.shape, dtype=np.bool_), np.zeros(last.shape, dtype=np.bool_)
    for k in range(int(filled.max(initial=0.0))):
        here = levels[:, k]
        up, down = here > there, here < there
        if filled.min() <= k:
            written = filled > k
            up, down = up & written, down & written
            here = np.where(written, here, there)
        if k:
            turns[:, k - 1] = (up & falling) | (down & rising)
        # A store that rests goes on in its direction afterwards, or turns.
        rising, falling = up | (rising & ~down), down | (falling & ~up)
        there = here
    return turns, rising | falling


def _without_inner(points: Points, stores: int, book: Book) -> Bools:
    """Full cycles are booked, those inside others first; what is left of the points, (P,)."""
    left = np.ones(len(points.level), dtype=np.bool_)
    at = np.arange(len(points.level))
    while True:
        store = points.store[at]
        ranges = _ranges(points.level[at], store)
        middle = ranges[1:-1]
        closes = np.flatnonzero((middle > 0) & (middle <= ranges[2:]) & (middle < ranges[:-2])) + 1
        if not closes.size:
            return left
        begin, end = at[closes], at[closes + 1]
        book(points, begin, end, ranges[closes], 1.0)
        left[begin] = left[end] = False
        # A store in which nothing closed is done.
        busy = np.zeros(stores, dtype=np.bool_)
        busy[store[closes]] = True
        at = at[busy[store] & left[at]]


def _without_growing(points: Points, left: Bools, stores: int, book: Book) -> Ints:
    """Ranges at the beginning that the next one reaches are half cycles; so are the oldest where too many are open.
    Places of the points that are left.
    """
    at = np.flatnonzero(left)
    store = points.store[at]
    ranges = _ranges(points.level[at], store)
    gone = np.zeros(len(at), dtype=np.bool_)
    gone[:-2] = (ranges[:-1] > 0) & (ranges[:-1] <= ranges[1:])
    if (np.bincount(store[~gone], minlength=stores) > DEEPEST + 1).any():
        from_end = np.cumsum(np.bincount(store, minlength=stores))[store] - np.arange(len(at))
        gone |= from_end > DEEPEST + 1
    first = np.flatnonzero(gone)
    if first.size:
        book(points, at[first], at[first + 1], ranges[first], 0.5)
    return at[~gone]


def _ranges(level: Floats, store: Ints) -> Floats:
    """Distance from each point to the next of its store, (P − 1,); −1 where the next is of another store."""
    ranges = np.abs(np.diff(level))
    ranges[store[1:] != store[:-1]] = -1.0
    return ranges


def _keep(stack: dict[str, Floats], rows: Ints, points: Points) -> None:
    """Write the open points back; the last one, the present level, begins what is written down next."""
    width = stack["level"].shape[1]
    count = np.bincount(points.store, minlength=len(rows) * width)
    place = np.arange(len(points.level)) - (np.cumsum(count) - count)[points.store]
    depth = np.maximum(count - 1, 1)
    opened = place < depth[points.store]
    store = points.store[opened]
    at = (rows[store // width], store % width, place[opened])
    stack["turn"][at], stack["turn_h"][at] = points.level[opened], points.hours[opened]
    stack["depth"], stack["filled"] = stack["depth"].copy(), stack["filled"].copy()
    stack["depth"][rows] = depth.reshape(len(rows), width)
    stack["path"][rows, 0], stack["path_h"][rows, 0] = stack["level"][rows], stack["moved_h"][rows]
    stack["filled"][rows] = 1.0


class Halves(NamedTuple):
    """Half cycles that are open, (H,) each."""

    row: Ints
    device: Ints
    depth: Floats
    hours: Floats


def open_halves(stack: Mapping[str, Floats], rows: Ints) -> Halves:
    """Half cycles that are open in ``rows``, once they are settled: between open points, and up to now."""
    part, width = _part(stack, rows), stack["level"].shape[1]
    depth = part["depth"].reshape(-1).astype(np.int64)
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
