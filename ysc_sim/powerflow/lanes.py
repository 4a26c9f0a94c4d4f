"""The compiled kernel: rows of constant power in lanes, each turn one walk up and one down a :class:`LaneForm`.

    k = S/(1 + r),   b = conj(k) + what comes from below,   r = z·b + r of what it hangs on

The first turns are in float32. A turn in float64 then tells how far a row still moves, d; where that is too far,
Newton's equation for the rest, t = Z·conj(−S/(1 + r)²·(d + t)), is iterated in float32, and another turn in float64
follows. What the ports miss, S − (1 + r)·k, is taken in float64 from the rises and currents of the last one.

An inner loop runs over the lanes of a block, which the compiler makes into vector instructions. A lane is one row, and
its arithmetic is its own: the turns in float32 are a fixed number, and a row's results are written when it stands still
itself. They are the same, to the bit, in whatever company it is solved.

Importing this module imports numba, and compiles the kernel unless numba finds it in its cache.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import types

from ysc_sim.powerflow.compiling import kernel, part
from ysc_sim.units import Floats, Ints

LANES = 32
"""Rows of a block. Their rises, currents and powers should stay in cache, and a loop over them should be worth its
begin."""
START_TURNS, CORRECTION_TURNS, ROUNDS = 5, 4, 8
"""Turns in float32, and in float64 at most; rows that need more are left."""
STILL_PU = 1e-12
"""A row stands still when no voltage moved further in a turn in float64. Far below any tolerance: other kernels find
the same."""
TILE = 16
"""Places that are read or written for one row after the other: in rows of a task they are neighbours, in the kernel
those of a lane are far from each other."""


class Walk(NamedTuple):
    """What the walks need, see :class:`~ysc_sim.powerflow.lane_form.LaneForm`."""

    quiet: int
    up: Ints
    z: Any
    gives_start: Ints
    gives_to: Ints
    gives: Any
    takes_start: Ints
    takes_from: Ints
    takes: Any
    column: Ints
    turn: Any
    one: Any
    """1 and 0 in the float type of the walk"""
    zero: Any


class Wanted(NamedTuple):
    """What is read at the end, and where it is written; arrays without rows are not wanted."""

    node: Ints
    node_unit: Any
    v_pu: Any
    """(T, nodes)"""
    counted: Ints
    counted_square: Floats
    v_min_pu: Floats
    """(T,)"""
    v_max_pu: Floats
    port: Ints
    voltage_factor: Any
    current_factor: Any
    voltage: Floats
    """(2, P, rows) of the call"""
    current: Floats


_F1, _F2, _F3 = types.float64[::1], types.float64[:, ::1], types.float64[:, :, ::1]
_I1, _C1, _C2 = types.int64[::1], types.complex128[::1], types.complex128[:, ::1]
_ROWS = types.Array(types.float64, 2, "A", readonly=True)


def _walk_type(real: Any, numbers: Any) -> Any:
    return types.NamedTuple(
        [types.int64, _I1, numbers, _I1, _I1, numbers, _I1, _I1, numbers, _I1, _C1, real, real], Walk
    )


_WALK, _ROUGH = _walk_type(types.float64, _C1), _walk_type(types.float32, types.complex64[::1])
_WANTED = types.NamedTuple([_I1, _C1, _C2, _I1, _F1, _F1, _F1, _I1, _C1, _C1, _F3, _F3], Wanted)
_SIGNATURE = types.void(_ROWS, _ROWS, _I1, _WALK, _ROUGH, _WANTED, _F3, types.float32[:, :, ::1], _F2)


@part
def _load(p: Floats, q: Floats, rows: Ints, low: int, width: int, walk: Walk, s: Floats, light: Any) -> None:
    """Powers, times conj(turn), in float64 and float32."""
    count = len(walk.up)
    for k in range(walk.quiet, count):
        for half in range(2 * LANES):
            s[k, half] = 0.0
    for tile in range(walk.quiet, count, TILE):
        for lane in range(width):
            row = np.uint64(rows[low + lane])
            for k in range(tile, min(tile + TILE, count)):
                if walk.column[k] >= 0:
                    column = np.uint64(walk.column[k])
                    s[k, lane], s[k, LANES + lane] = p[row, column], q[row, column]
    for k in range(walk.quiet, count):
        real, imag = walk.turn[k].real, walk.turn[k].imag
        for lane in range(LANES):
            x, y = s[k, lane], s[k, LANES + lane]
            x, y = x * real + y * imag, y * real - x * imag
            s[k, lane], s[k, LANES + lane] = x, y
            light[k, lane], light[k, LANES + lane] = x, y


@part
def _currents(s: Any, r: Any, b: Any, walk: Walk) -> None:
    """Write conj(S/(1 + r)) to ``b``."""
    one = walk.one
    for k in range(walk.quiet, len(walk.up)):
        for lane in range(LANES):
            x, y = one + r[k, lane], r[k, LANES + lane]
            inverse = one / (x * x + y * y)
            real, imag = s[k, lane], s[k, LANES + lane]
            b[k, lane] = (real * x + imag * y) * inverse
            b[k, LANES + lane] = (real * y - imag * x) * inverse


@part
def _slopes(s: Any, r: Any, slope: Any, walk: Walk) -> None:
    """Write −S/(1 + r)² to ``slope``."""
    one = walk.one
    for k in range(walk.quiet, len(walk.up)):
        for lane in range(LANES):
            x, y = one + r[k, lane], r[k, LANES + lane]
            square = x * x + y * y
            inverse = -one / (square * square)
            x, y = (x * x - y * y) * inverse, -(x * y + x * y) * inverse
            real, imag = s[k, lane], s[k, LANES + lane]
            slope[k, lane], slope[k, LANES + lane] = real * x - imag * y, real * y + imag * x


@part
def _answers(slope: Any, d: Any, t: Any, b: Any, walk: Walk) -> None:
    """Write conj(slope·(d + t)) to ``b``."""
    for k in range(walk.quiet, len(walk.up)):
        for lane in range(LANES):
            x, y = d[k, lane] + t[k, lane], d[k, LANES + lane] + t[k, LANES + lane]
            real, imag = slope[k, lane], slope[k, LANES + lane]
            b[k, lane], b[k, LANES + lane] = real * x - imag * y, -(real * y + imag * x)


@part
def _upward(b: Any, walk: Walk) -> None:
    """Currents go on to what their places hang on."""
    for k in range(walk.quiet, len(walk.up)):
        up = walk.up[k]
        for half in range(2 * LANES):
            b[up, half] += b[k, half]
        for link in range(walk.gives_start[k], walk.gives_start[k + 1]):
            to, real, imag = walk.gives_to[link], walk.gives[link].real, walk.gives[link].imag
            for lane in range(LANES):
                x, y = b[k, lane], b[k, LANES + lane]
                b[to, lane] += real * x - imag * y
                b[to, LANES + lane] += real * y + imag * x


@part
def _taken(b: Any, r: Any, walk: Walk, k: int) -> None:
    """Write z·b + Σ takes·r to ``b`` of a place that does not follow another alone."""
    real, imag = walk.z[k].real, walk.z[k].imag
    for lane in range(LANES):
        x, y = b[k, lane], b[k, LANES + lane]
        b[k, lane] = real * x - imag * y
        b[k, LANES + lane] = real * y + imag * x
    for link in range(walk.takes_start[k], walk.takes_start[k + 1]):
        at, real, imag = walk.takes_from[link], walk.takes[link].real, walk.takes[link].imag
        for lane in range(LANES):
            x, y = r[at, lane], r[at, LANES + lane]
            b[k, lane] += real * x - imag * y
            b[k, LANES + lane] += real * y + imag * x


@part
def _downward(b: Any, r: Any, walk: Walk, low: int, high: int) -> None:
    """Rises of the places from ``low`` to ``high``."""
    root = len(walk.up)
    for k in range(high - 1, low - 1, -1):
        up, real, imag = walk.up[k], walk.z[k].real, walk.z[k].imag
        if walk.takes_start[k + 1] > walk.takes_start[k]:
            _taken(b, r, walk, k)
            up, real, imag = root, walk.one, walk.zero
        for lane in range(LANES):
            x, y = b[k, lane], b[k, LANES + lane]
            r[k, lane] = r[up, lane] + (real * x - imag * y)
            r[k, LANES + lane] = r[up, LANES + lane] + (real * y + imag * x)


@part
def _moved(before: Floats, r: Floats, walk: Walk, d: Any, move: Floats) -> None:
    """What moved, in float32, and how far at most."""
    for lane in range(LANES):
        move[lane] = 0.0
    for k in range(walk.quiet, len(walk.up)):
        for lane in range(LANES):
            x, y = r[k, lane] - before[k, lane], r[k, LANES + lane] - before[k, LANES + lane]
            d[k, lane], d[k, LANES + lane] = x, y
            move[lane] = max(move[lane], x * x + y * y)
    for lane in range(LANES):
        move[lane] = np.sqrt(move[lane])


@part
def _start(walk: Walk, space: Any) -> None:
    """Rises in float32 from no load."""
    s, r, b = space[0], space[1], space[2]
    for k in range(len(walk.up) + 1):
        for half in range(2 * LANES):
            r[k, half] = walk.zero
    for _ in range(START_TURNS):
        _currents(s, r, b, walk)
        _upward(b, walk)
        _downward(b, r, walk, walk.quiet, len(walk.up))


@part
def _correct(walk: Walk, space: Any) -> None:
    """What a move in float64, d, implies beyond itself."""
    t, b, slope, d = space[1], space[2], space[3], space[4]
    for k in range(len(walk.up) + 1):
        for half in range(2 * LANES):
            t[k, half] = walk.zero
    for _ in range(CORRECTION_TURNS):
        _answers(slope, d, t, b, walk)
        _upward(b, walk)
        _downward(b, t, walk, walk.quiet, len(walk.up))


@part
def _take_start(start: Any, r: Floats, width: int, open_lanes: Floats) -> None:
    for place in range(len(r)):
        for half in range(2 * LANES):
            r[place, half] = start[place, half]
    for lane in range(LANES):
        open_lanes[lane] = 1.0 if lane < width else 0.0


@part
def _exact_turn(s: Floats, before: Floats, b: Floats, k: Floats, walk: Walk, r: Floats) -> None:
    """A turn in float64: currents ``k`` at the rises ``before``, and ``r`` of them."""
    _currents(s, before, k, walk)
    for place in range(walk.quiet, len(walk.up)):
        for half in range(2 * LANES):
            b[place, half] = k[place, half]
    _upward(b, walk)
    _downward(b, r, walk, walk.quiet, len(walk.up))


@part
def _missed(s: Floats, r: Floats, k: Floats, walk: Walk, missed: Floats) -> None:
    """Largest |S − (1 + r)·k| of each lane, for conj(k); NaN if any is."""
    poison = np.zeros(LANES)
    for lane in range(LANES):
        missed[lane] = 0.0
    for place in range(walk.quiet, len(walk.up)):
        turn = walk.turn[place]
        scale = 1.0 / (turn.real * turn.real + turn.imag * turn.imag)
        for lane in range(LANES):
            x, y = 1.0 + r[place, lane], r[place, LANES + lane]
            real, imag = k[place, lane], -k[place, LANES + lane]
            real, imag = s[place, lane] - (x * real - y * imag), s[place, LANES + lane] - (x * imag + y * real)
            square = (real * real + imag * imag) * scale
            missed[lane] = max(missed[lane], square)
            poison[lane] += square - square
    for lane in range(LANES):
        missed[lane] = np.sqrt(missed[lane] + poison[lane])


@part
def _write_voltages(r: Floats, rows: Ints, low: int, width: int, fresh: Floats, wanted: Wanted) -> None:
    count = len(wanted.node)
    for tile in range(0, count, TILE):
        for lane in range(width):
            if fresh[lane] > 0.0:
                row = np.uint64(rows[low + lane])
                for node in range(tile, min(tile + TILE, count)):
                    place, unit = np.uint64(wanted.node[node]), wanted.node_unit[node]
                    x, y = 1.0 + r[place, lane], r[place, LANES + lane]
                    value = complex(unit.real * x - unit.imag * y, unit.real * y + unit.imag * x)
                    wanted.v_pu[row, np.uint64(node)] = value


@part
def _write_extremes(r: Floats, rows: Ints, low: int, width: int, fresh: Floats, wanted: Wanted) -> None:
    least, most = np.full(LANES, np.inf), np.zeros(LANES)
    for node in range(len(wanted.counted)):
        place, square = wanted.counted[node], wanted.counted_square[node]
        for lane in range(LANES):
            x, y = 1.0 + r[place, lane], r[place, LANES + lane]
            size = square * (x * x + y * y)
            least[lane], most[lane] = min(least[lane], size), max(most[lane], size)
    for lane in range(width):
        if fresh[lane] > 0.0:
            wanted.v_min_pu[rows[low + lane]] = np.sqrt(least[lane])
            wanted.v_max_pu[rows[low + lane]] = np.sqrt(most[lane])


@part
def _write_ports(r: Floats, k: Floats, low: int, width: int, fresh: Floats, wanted: Wanted) -> None:
    for port in range(len(wanted.port)):
        place, volt, amp = wanted.port[port], wanted.voltage_factor[port], wanted.current_factor[port]
        for lane in range(width):
            if fresh[lane] > 0.0:
                x, y = 1.0 + r[place, lane], r[place, LANES + lane]
                wanted.voltage[0, port, low + lane] = volt.real * x - volt.imag * y
                wanted.voltage[1, port, low + lane] = volt.real * y + volt.imag * x
                x, y = k[place, lane], k[place, LANES + lane]
                wanted.current[0, port, low + lane] = amp.real * x - amp.imag * y
                wanted.current[1, port, low + lane] = amp.real * y + amp.imag * x


@part
def _write(s: Floats, r: Floats, b: Floats, k: Floats, rows: Ints, low: int, width: int, walk: Walk, fresh: Floats,
           wanted: Wanted, verdict: Floats) -> None:  # fmt: skip
    """Results of ``fresh`` lanes."""
    missed = np.empty(LANES)
    _missed(s, r, k, walk, missed)
    for lane in range(width):
        if fresh[lane] > 0.0:
            verdict[0, low + lane], verdict[1, low + lane] = missed[lane], 1.0
    for place in range(walk.quiet):
        for half in range(2 * LANES):
            b[place, half] = 0.0
    _downward(b, r, walk, 0, walk.quiet)
    if len(wanted.v_pu):
        _write_voltages(r, rows, low, width, fresh, wanted)
    if len(wanted.v_min_pu):
        _write_extremes(r, rows, low, width, fresh, wanted)
    if wanted.voltage.shape[2]:
        _write_ports(r, k, low, width, fresh, wanted)


@part
def _settled(move: Floats, open_lanes: Floats, fresh: Floats) -> tuple[int, int]:
    """How many lanes have come to a standstill, the ``fresh`` ones, and how many are still open."""
    done, left = 0, 0
    for lane in range(LANES):
        fresh[lane] = 1.0 if move[lane] <= STILL_PU and open_lanes[lane] > 0.0 else 0.0
        open_lanes[lane] -= fresh[lane]
        done += int(fresh[lane])
        left += int(open_lanes[lane])
    return done, left


@kernel(_SIGNATURE)
def solve_rows(p_kw: Floats, q_kvar: Floats, rows: Ints, walk: Walk, rough: Walk, wanted: Wanted,
               space: Floats, light: Any, verdict: Floats) -> None:  # fmt: skip
    """Solve ``rows`` of the powers. ``rough``: the walk in float32. ``space``: (5, N + 1, 2·LANES) to work in, and
    ``light``: (5, …). ``verdict``: (2, rows), zeros; what is missed at most [kVA], and 1 where a row stood still."""
    s, r, b, k, before = space[0], space[1], space[2], space[3], space[4]
    move, open_lanes, fresh = np.empty(LANES), np.empty(LANES), np.empty(LANES)
    root = len(walk.up)
    for half in range(2 * LANES):
        r[root, half] = before[root, half] = 0.0
    for low in range(0, len(rows), LANES):
        width = min(LANES, len(rows) - low)
        _load(p_kw, q_kvar, rows, low, width, walk, s, light[0])
        _start(rough, light)
        _slopes(light[0], light[1], light[3], rough)
        _take_start(light[1], r, width, open_lanes)
        for _ in range(ROUNDS):
            r, before = before, r
            _exact_turn(s, before, b, k, walk, r)
            _moved(before, r, walk, light[4], move)
            done, left = _settled(move, open_lanes, fresh)
            if done:
                _write(s, r, b, k, rows, low, width, walk, fresh, wanted, verdict)
            if left == 0:
                break
            _correct(rough, light)
            for place in range(walk.quiet, root):
                for half in range(2 * LANES):
                    r[place, half] += light[1, place, half]
