"""Cycles inside a history of charge: rainflow counting, online, for many stores at once.

A history that goes up and down is taken apart into full and half cycles, each with its depth (range) [1]_. It needs no
history in memory: of the turning points so far only those are kept whose cycles are still open, and their ranges
strictly decrease. So each store has a short stack of turning points, and a store that turns looks at its last three.

An open cycle counts as half; so does, where more than :data:`DEEPEST` points are open, the oldest one from then on.

.. [1] ASTM E1049-85 (2017), "Standard practices for cycle counting in fatigue analysis", 5.4.4.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ysc_sim.units import Floats, Ints

DEEPEST = 32
"""Turning points whose cycles can be open at a time."""

Closed = Callable[[Ints, Ints, Floats, Floats, Floats], None]
"""What is told of cycles that close: rows, devices, depth, count (1 or 0.5), hours of movement."""


def start_stack(level: Floats) -> dict[str, Floats]:
    """State of the count for levels (R, m): the first point of each history.

    ``turn`` and ``turn_h`` (R, m, DEEPEST): level and hours of movement at open turning points; ``depth``: how many;
    ``level``, ``moved_h``: of now; ``heading``: −1, 0 or 1.
    """
    turn = np.zeros((*level.shape, DEEPEST))
    turn[..., 0] = level
    return {
        "turn": turn,
        "turn_h": np.zeros_like(turn),
        "depth": np.ones_like(level),
        "level": np.array(level, dtype=np.float64),
        "moved_h": np.zeros_like(level),
        "heading": np.zeros_like(level),
    }


def move_to(stack: dict[str, Floats], level: Floats, hours: Floats, closed: Closed) -> None:
    """The levels (R, m) moved straight to ``level`` in ``hours``; ``closed`` is told of every cycle that closes."""
    change = level - stack["level"]
    heading = np.sign(change)
    turned = heading * stack["heading"] < 0.0
    if turned.any():
        r, j = np.nonzero(turned)
        _turn(stack, r, j, closed)
    moves = change != 0.0
    stack["heading"] = np.where(moves, heading, stack["heading"])
    stack["moved_h"] = stack["moved_h"] + np.where(moves, hours, 0.0)
    stack["level"] = np.array(level)


def _turn(stack: dict[str, Floats], r: Ints, j: Ints, closed: Closed) -> None:
    """Stores (r, j) turn at their present level: it joins the open points, and what it closes is counted."""
    width = stack["depth"].shape[1]
    stack["turn"], stack["turn_h"], stack["depth"] = (
        np.ascontiguousarray(stack[name]) for name in ("turn", "turn_h", "depth")
    )
    turn, turn_h, depths = stack["turn"].reshape(-1), stack["turn_h"].reshape(-1), stack["depth"].reshape(-1)
    store = r * width + j
    full = np.flatnonzero(depths[store] == DEEPEST)
    if full.size:
        _drop_first(stack, r[full], j[full], closed)
    depth = depths[store].astype(np.int64)
    top = store * DEEPEST + depth
    turn[top], turn_h[top] = stack["level"][r, j], stack["moved_h"][r, j]
    depth += 1
    live = np.flatnonzero(depth >= 3)
    while live.size:
        at, mine = top[live], depth[live]
        last, middle = turn[at], turn[at - 1]
        before = np.abs(middle - turn[at - 2])
        reached = np.abs(last - middle) >= before
        live, at, mine, before = live[reached], at[reached], mine[reached], before[reached]
        whole = mine > 3
        w, at = live[whole], at[whole]
        if w.size:
            closed(r[w], j[w], before[whole], np.ones(len(w)), turn_h[at - 1] - turn_h[at - 2])
            turn[at - 2], turn_h[at - 2] = turn[at], turn_h[at]
            top[w] -= 2
            depth[w] -= 2
        half = live[~whole]
        if half.size:
            depths[store[half]] = 3
            _drop_first(stack, r[half], j[half], closed)
            top[half] -= 1
            depth[half] = 2
        live = w[depth[w] >= 3]
    depths[store] = depth


def _drop_first(stack: dict[str, Floats], r: Ints, j: Ints, closed: Closed) -> None:
    """The first open range of stores (r, j) is a half cycle, and its first point is gone."""
    turn, hours = stack["turn"][r, j], stack["turn_h"][r, j]
    closed(r, j, np.abs(turn[:, 1] - turn[:, 0]), np.full(len(r), 0.5), hours[:, 1] - hours[:, 0])
    stack["turn"][r, j, :-1] = turn[:, 1:]
    stack["turn_h"][r, j, :-1] = hours[:, 1:]
    stack["depth"][r, j] -= 1


def open_halves(stack: dict[str, Floats], closed: Closed) -> tuple[Floats, Floats]:
    """Depth and hours of the half cycles that are open, (R, m, DEEPEST − 1); 0 where there is none.

    The present level counts as a turning point: ``closed`` is told of what that closes. The stack stays as it is.
    """
    end = {name: stack[name].copy() for name in ("turn", "turn_h", "depth", "level", "moved_h")}
    r, j = np.nonzero(np.ones_like(end["depth"], dtype=np.bool_))
    _turn(end, r, j, closed)
    used = np.arange(1, DEEPEST) < end["depth"][..., None]
    depth, hours = np.abs(np.diff(end["turn"], axis=-1)), np.diff(end["turn_h"], axis=-1)
    return np.where(used, depth, 0.0), np.where(used, hours, 0.0)


def count_cycles(history: Floats) -> list[tuple[float, float]]:
    """(depth, count) of every cycle in a history of one store, (N,): full ones 1, half ones 0.5.

    >>> count_cycles(np.array([-2.0, 1, -3, 5, -1, 3, -4, 4, -2]))  # the example of the standard, figure 6
    [(3.0, 0.5), (4.0, 0.5), (4.0, 1.0), (8.0, 0.5), (9.0, 0.5), (8.0, 0.5), (6.0, 0.5)]

    Raises ``ValueError`` where a value is not finite.
    """
    history = np.asarray(history, dtype=np.float64)
    if not np.isfinite(history).all():
        raise ValueError(f"history must be finite; it holds {history[~np.isfinite(history)][0]}.")
    found: list[tuple[float, float]] = []
    if not len(history):
        return found

    def closed(rows: Ints, devices: Ints, depth: Floats, count: Floats, hours: Floats) -> None:
        found.append((float(depth[0]), float(count[0])))

    stack = start_stack(history[:1].reshape(1, 1))
    nothing = np.zeros((1, 1))
    for level in history[1:]:
        move_to(stack, np.array([[level]]), nothing, closed)
    rest = open_halves(stack, closed)[0][0, 0]
    return found + [(float(depth), 0.5) for depth in rest if depth > 0]
