"""The compiled kernel for islands: the walks of :mod:`.lanes`, and beside them the inverters in the same lanes.

With ρ = u/u₀ − 1 of the inverters, u₀ their phasors at 1 p.u. and no load, and b what the walk up brings to them,

    conj(u₀)·I = B·(1 + ρ) − b,   P + jQ = (1 + ρ)·conj(conj(u₀)·I),

and what the droop equations then miss moves (θ, v, φ) by a chord step, before the walk down starts from the new ρ. As
there, the first turns are in float32; a turn in float64 tells how far a row still moves, the linearised turn is
iterated in float32, and another turn in float64 follows.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import types

from ysc_sim.powerflow.compiling import kernel, part
from ysc_sim.powerflow.lanes import (
    _C2,
    _F1,
    _F2,
    _F3,
    _I1,
    _ROUGH,
    _ROWS,
    _WALK,
    _WANTED,
    LANES,
    Walk,
    Wanted,
    _answers,
    _currents,
    _downward,
    _load,
    _moved,
    _settled,
    _slopes,
    _upward,
    _write_ports,
)
from ysc_sim.units import Floats, Ints

# numba looks at the age of this file alone: after a change of the walks, touch it, or clear the cache.
START_TURNS, CORRECTION_TURNS, ROUNDS = 4, 4, 8
"""As in :mod:`.lanes`."""


class Droops(NamedTuple):
    """G inverters, and their unknowns x (2G): angles of all that turn, magnitudes, frequencies."""

    turning: Ints
    """(G,) unknown that is the angle from no load; -1: it is 0"""
    frequency: Ints
    """(G,) unknown that is the frequency"""
    first: int
    """unknown that is the first magnitude"""
    own: Any
    """(G, G) B in kW"""
    slack: Any
    """(2G,) per kW and kvar"""
    chord: Any
    """(2G, 2G)"""


def _droops_type(numbers: Any, reals: Any, matrix: Any) -> Any:
    return types.NamedTuple([_I1, _I1, types.int64, numbers, reals, matrix], Droops)


_L1, _L2 = types.float32[::1], types.float32[:, ::1]
_DROOPS, _ROUGH_DROOPS = _droops_type(_C2, _F1, _F2), _droops_type(types.complex64[:, ::1], _L1, _L2)
_SIGNATURE = types.void(
    _ROWS, _ROWS, _I1, _WALK, _ROUGH, _DROOPS, _ROUGH_DROOPS, _F3, _WANTED, _F3, types.float32[:, :, ::1],
    _F3, types.float32[:, :, ::1], _F2, _F1)  # fmt: skip


@part
def _take_references(references: Floats, low: int, width: int, walk: Walk, ref: Floats, x: Floats, droops: Droops,
                     light_ref: Any, light_x: Any) -> None:  # fmt: skip
    """References of the lanes, and the unknowns of no load. Lanes without a row take those of the first."""
    count, wide = len(droops.turning), references.shape[2] > 1
    for lane in range(LANES):
        at = low + (lane if lane < width else 0) if wide else 0
        for k in range(2 * count):
            x[k, lane] = 0.0
        for n in range(count):
            ref[n, lane], ref[count + n, lane] = references[0, n, at], references[1, n, at]
            ref[2 * count + n, lane] = x[droops.first + n, lane] = references[2, n, at]
    for lane in range(LANES):
        for k in range(2 * count):
            light_x[k, lane] = x[k, lane]
        for k in range(3 * count):
            light_ref[k, lane] = ref[k, lane]


@part
def _place(x: Any, droops: Droops, walk: Walk, r: Any) -> None:
    """Write ρ of the unknowns to the places of the inverters."""
    root = len(walk.up) + 1
    for n in range(len(droops.turning)):
        turning, magnitude = droops.turning[n], droops.first + n
        for lane in range(LANES):
            v = x[magnitude, lane]
            if turning >= 0:
                r[root + n, lane] = v * np.cos(x[turning, lane]) - walk.one
                r[root + n, LANES + lane] = v * np.sin(x[turning, lane])
            else:
                r[root + n, lane], r[root + n, LANES + lane] = v - walk.one, walk.zero


@part
def _clear(b: Any, walk: Walk) -> None:
    """Nothing has come to the inverters yet."""
    for place in range(len(walk.up), len(b)):
        for half in range(2 * LANES):
            b[place, half] = walk.zero


@part
def _fed(b: Any, r: Any, one: Any, droops: Droops, walk: Walk, current: Any) -> None:
    """Write B·(``one`` + ρ) − b to ``current``."""
    root, count = len(walk.up) + 1, len(droops.turning)
    for n in range(count):
        for lane in range(2 * LANES):
            current[n, lane] = -b[root + n, lane]
        for m in range(count):
            real, imag = droops.own[n, m].real, droops.own[n, m].imag
            for lane in range(LANES):
                x, y = one + r[root + m, lane], r[root + m, LANES + lane]
                current[n, lane] += real * x - imag * y
                current[n, LANES + lane] += real * y + imag * x


@part
def _missed_droop(r: Any, current: Any, x: Any, ref: Any, droops: Droops, walk: Walk, error: Any) -> None:
    """Write what the droop equations miss."""
    root, count = len(walk.up) + 1, len(droops.turning)
    for n in range(count):
        frequency, magnitude, per_kw, per_kvar = (
            droops.frequency[n], droops.first + n, droops.slack[n], droops.slack[count + n])  # fmt: skip
        for lane in range(LANES):
            real, imag = walk.one + r[root + n, lane], r[root + n, LANES + lane]
            a, b = current[n, lane], current[n, LANES + lane]
            error[n, lane] = per_kw * (real * a + imag * b - ref[n, lane]) + x[frequency, lane]
            error[count + n, lane] = (
                per_kvar * (imag * a - real * b - ref[count + n, lane]) + x[magnitude, lane] - ref[2 * count + n, lane]
            )


@part
def _step(error: Any, droops: Droops, x: Any, move: Any) -> None:
    """Write the chord's answer to ``move``, and take it from ``x``."""
    for k in range(len(error)):
        factor = droops.chord[k, 0]
        for lane in range(LANES):
            move[k, lane] = factor * error[0, lane]
        for j in range(1, len(error)):
            factor = droops.chord[k, j]
            for lane in range(LANES):
                move[k, lane] += factor * error[j, lane]
        for lane in range(LANES):
            x[k, lane] -= move[k, lane]


@part
def _turn(r: Any, b: Any, current: Any, x: Any, ref: Any, error: Any, move: Any, droops: Droops, walk: Walk,
          into: Any) -> None:  # fmt: skip
    """From the currents of the ports in ``b``: new unknowns, and the rises ``into`` that follow. ``current``: what
    the inverters fed at the unknowns before."""
    _clear(b, walk)
    _upward(b, walk)
    _place(x, droops, walk, r)
    _fed(b, r, walk.one, droops, walk, current)
    _missed_droop(r, current, x, ref, droops, walk, error)
    _step(error, droops, x, move)
    _place(x, droops, walk, into)
    _downward(b, into, walk, walk.quiet, len(walk.up))


@part
def _follow(change: Any, x: Any, r: Any, droops: Droops, walk: Walk, t: Any) -> None:
    """Write δρ = (1 + ρ)·(δv/v + i·δθ) to the places of the inverters in ``t``."""
    root = len(walk.up) + 1
    for n in range(len(droops.turning)):
        turning, magnitude = droops.turning[n], droops.first + n
        for lane in range(LANES):
            a = change[magnitude, lane] / x[magnitude, lane]
            b = change[turning, lane] if turning >= 0 else walk.zero
            real, imag = walk.one + r[root + n, lane], r[root + n, LANES + lane]
            t[root + n, lane], t[root + n, LANES + lane] = real * a - imag * b, real * b + imag * a


@part
def _changed_droop(t: Any, r: Any, current: Any, moved: Any, change: Any, droops: Droops, walk: Walk, error: Any
                   ) -> None:  # fmt: skip
    """Write what a ``change`` of the unknowns, and ``moved`` currents, add to what the droop equations miss."""
    root, count = len(walk.up) + 1, len(droops.turning)
    for n in range(count):
        frequency, magnitude, per_kw, per_kvar = (
            droops.frequency[n], droops.first + n, droops.slack[n], droops.slack[count + n])  # fmt: skip
        for lane in range(LANES):
            real, imag = t[root + n, lane], t[root + n, LANES + lane]
            a, b = current[n, lane], current[n, LANES + lane]
            p, q = real * a + imag * b, imag * a - real * b
            real, imag = walk.one + r[root + n, lane], r[root + n, LANES + lane]
            a, b = moved[n, lane], moved[n, LANES + lane]
            p, q = p + (real * a + imag * b), q + (imag * a - real * b)
            error[n, lane] = per_kw * p + change[frequency, lane]
            error[count + n, lane] = per_kvar * q + change[magnitude, lane]


@part
def _correct(walk: Walk, droops: Droops, space: Any, small: Any) -> None:
    """What a turn in float64, which moved the rises by d and the unknowns by −``move``, implies beyond itself."""
    t, b, slope, d, r = space[1], space[2], space[3], space[4], space[5]
    x, current, moved, error, step, turned, rest = (
        small[0], small[2], small[3], small[4], small[5], small[6], small[7])  # fmt: skip
    unknowns = 2 * len(droops.turning)
    for k in range(len(t)):
        for half in range(2 * LANES):
            t[k, half] = walk.zero
    for k in range(unknowns):
        for lane in range(LANES):
            rest[k, lane] = walk.zero
    for _ in range(CORRECTION_TURNS):
        for k in range(unknowns):
            for lane in range(LANES):
                rest[k, lane] -= turned[k, lane]
        _answers(slope, d, t, b, walk)
        _clear(b, walk)
        _upward(b, walk)
        _follow(rest, x, r, droops, walk, t)
        _fed(b, t, walk.zero, droops, walk, moved)
        _changed_droop(t, r, current, moved, rest, droops, walk, error[:unknowns])
        _step(error[:unknowns], droops, rest, step)
        _follow(rest, x, r, droops, walk, t)
        _downward(b, t, walk, walk.quiet, len(walk.up))


@part
def _copy(values: Any, to: Any, count: int) -> None:
    """The first ``count``, from one float type to the other."""
    for k in range(count):
        for half in range(values.shape[1]):
            to[k, half] = values[k, half]


@part
def _copy_places(values: Floats, to: Floats, walk: Walk) -> None:
    for place in range(walk.quiet, len(walk.up)):
        for half in range(2 * LANES):
            to[place, half] = values[place, half]


@part
def _go_on(rises: Any, unknowns: Any, walk: Walk, r: Floats, x: Floats) -> None:
    """Add what is in float32."""
    for place in range(walk.quiet, len(walk.up)):
        for half in range(2 * LANES):
            r[place, half] += rises[place, half]
    for k in range(len(x)):
        for lane in range(LANES):
            x[k, lane] += unknowns[k, lane]


@part
def _open(open_lanes: Floats, width: int) -> None:
    for lane in range(LANES):
        open_lanes[lane] = 1.0 if lane < width else 0.0


@part
def _largest_move(step: Floats, move: Floats, unknowns: int) -> None:
    for k in range(unknowns):
        for lane in range(LANES):
            size = abs(step[k, lane])
            move[lane] = max(move[lane], size) if size >= 0.0 else np.inf  # NaN never stands still


@part
def _write_unknowns(x: Floats, low: int, width: int, fresh: Floats, unknowns: Floats, still: Floats) -> None:
    for lane in range(width):
        if fresh[lane] > 0.0:
            still[low + lane] = 1.0
            for k in range(len(unknowns)):
                unknowns[k, low + lane] = x[k, lane]


@part
def _start(walk: Walk, droops: Droops, space: Any, small: Any) -> None:
    """Rises and unknowns in float32 from no load."""
    s, r, b = space[0], space[1], space[2]
    x, ref, current, error, step = small[0], small[1], small[2], small[4], small[5]
    unknowns = 2 * len(droops.turning)
    for k in range(len(r)):
        for half in range(2 * LANES):
            r[k, half], b[k, half] = walk.zero, walk.zero
    _place(x, droops, walk, r)
    _downward(b, r, walk, walk.quiet, len(walk.up))
    for _ in range(START_TURNS):
        _currents(s, r, b, walk)
        _turn(r, b, current, x, ref, error[:unknowns], step, droops, walk, r)


@kernel(_SIGNATURE)
def solve_island_rows(p_kw: Floats, q_kvar: Floats, rows: Ints, walk: Walk, rough: Walk, droops: Droops,
                      rough_droops: Droops, references: Floats, wanted: Wanted, space: Floats, light: Any,
                      small: Floats, small_light: Any, unknowns: Floats, still: Floats) -> None:  # fmt: skip
    """Solve ``rows`` of the powers. ``references`` (3, G, 1 or rows): active, reactive power and voltage. ``space``:
    (6, N + 1 + G, 2·LANES) to work in, as ``light``; ``small``: (8, 3G, 2·LANES), as ``small_light``. Written where a
    row stood still: voltages and currents of the ports, ``unknowns`` (2G, rows), and 1 to ``still`` (rows,)."""
    s, r, b, k, before = space[0], space[1], space[2], space[3], space[4]
    x, ref, current, error, step = small[0], small[1], small[2], small[4], small[5]
    move, open_lanes, fresh = np.empty(LANES), np.empty(LANES), np.empty(LANES)
    root, count = len(walk.up), len(unknowns)
    for half in range(2 * LANES):
        r[root, half] = before[root, half] = 0.0
    for low in range(0, len(rows), LANES):
        width = min(LANES, len(rows) - low)
        _load(p_kw, q_kvar, rows, low, width, walk, s, light[0])
        _take_references(references, low, width, walk, ref, x, droops, small_light[1], small_light[0])
        _start(rough, rough_droops, light, small_light)
        _slopes(light[0], light[1], light[3], rough)
        _copy(light[1], r, len(r))
        _copy(small_light[0], x, count)
        _open(open_lanes, width)
        for _ in range(ROUNDS):
            r, before = before, r
            _currents(s, before, k, walk)
            _copy_places(k, b, walk)
            _copy(x, small_light[0], count)
            _turn(before, b, current, x, ref, error[:count], step, droops, walk, r)
            _moved(before, r, walk, light[4], move)
            _largest_move(step, move, count)
            done, left = _settled(move, open_lanes, fresh)
            if done:
                _write_ports(r, k, low, width, fresh, wanted)
                _write_unknowns(x, low, width, fresh, unknowns, still)
            if left == 0:
                break
            _copy(before, light[5], len(r))
            _copy(current, small_light[2], count // 2)
            _copy(step, small_light[6], count)
            _correct(rough, rough_droops, light, small_light)
            _go_on(light[1], small_light[7], walk, r, x[:count])
