"""The iteration V ← E + Z·conj(S(|V|)/V) on blocks of rows: for power that depends on the voltage, for sources that
differ between rows, and with more patience for rows that :mod:`.constant_power` leaves.

A start in float32, then plain float64 iterations. A row stands still only by its own change, so that its neighbours
cannot move it by more than that. References: the implicit Z-bus method [1]_; its contraction and uniqueness near no
load [2]_.

.. [1] T. H. Chen et al., "Distribution system power flow analysis: a rigid approach", IEEE Trans. Power
Delivery 6
   (1991) 1146–1152.
.. [2] S. Bolognani, S. Zampieri, "On the existence and linear approximation of the power flow solution in
power
   distribution networks", IEEE Trans. Power Systems 31 (2016) 163–172.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ysc_sim.powerflow.blocks import new_block
from ysc_sim.powerflow.injection import Injection
from ysc_sim.powerflow.network import Complexes
from ysc_sim.powerflow.ports import AnyPorts, Float, Operator, Reals
from ysc_sim.units import Bools, Floats

STANDSTILL_PU = 1e-13
"""A row is done when no port voltage moved further than this in one plain iteration (p.u.). It is far below any
tolerance, so that what is left of the start, and with it of the company a row was solved in, stays below
1e-10 in every result."""
FAST_ITERATIONS = 12
"""float64 iterations of the first attempt; rows that need more are collected and tried again together."""
PATIENT_ITERATIONS = 60
START_ITERATIONS = 8
"""float32 iterations, at most, before the first float64 one: they cost half."""
START_PU = 2e-5
"""They end when no voltage moved further."""
_TILE_FLOATS = 49_152
"""Floats in a block of one tile."""


def turn_power(power: Floats, turn: Complexes | None, out: Floats) -> None:
    """Write conj(S)·``turn`` to ``out`` (P, 2, c); ``turn`` (P, 1 or c), ``None``: 1."""
    if turn is None:
        out[:, 0] = power[:, 0]
        np.negative(power[:, 1], out=out[:, 1])
        return
    real, imag = np.ascontiguousarray(turn.real), np.ascontiguousarray(turn.imag)
    p, q = power[:, 0], power[:, 1]
    np.multiply(p, real, out[:, 0])
    np.multiply(q, -real, out[:, 1])
    if imag.any():
        out[:, 0] += q * imag
        out[:, 1] += p * imag


def tiles(ports: int, width: int) -> Iterator[slice]:
    """Few enough ports at a time for their temporaries to stay in cache."""
    step = max(1, _TILE_FLOATS // max(1, 2 * width))
    return (slice(low, low + step) for low in range(0, ports, step))


class Currents:
    """j = s/conj(V) for one block width, with s the conjugated power in the scaling of the ports.

    ``like``: currents of the same rows in another float type, whose s is taken.
    """

    def __init__(self, space: Workspace, injection: Injection, held: Complexes, dtype: Float,
                 like: Currents | None = None) -> None:  # fmt: skip
        ports, width = space.ports, injection.power.shape[2]
        self._injection = injection
        self._turn: Complexes | None = ports.conj_power_scale(held)
        self._scale = ports.magnitude_scale(held)
        self._fixed = not injection.depends_on_voltage
        self._s = space.block("s", width, dtype)
        if self._fixed and like is not None:
            self._s[:] = like._s
        elif self._fixed:
            self._turned(injection.power)
        self._tiles = [(tile, *space.spare(tile, width, dtype)) for tile in tiles(ports.count, width)]

    def _turned(self, power: Floats) -> None:
        if self._s.dtype == np.float64:
            turn_power(power, self._turn, np.asarray(self._s, dtype=np.float64))
            return
        exact = new_block(len(self._s), self._s.shape[2], np.float64)
        turn_power(power, self._turn, exact)
        self._s[:] = exact

    def run(self, voltage: Reals, out: Reals) -> None:
        """Write the currents at ``voltage`` (P, 2, c) to ``out``."""
        if not self._fixed:
            magnitude = np.sqrt(voltage[:, 0] ** 2 + voltage[:, 1] ** 2) * self._scale
            self._turned(self._injection.actual(magnitude))
        for tile, one, two, square in self._tiles:
            v, s, j = voltage[tile], self._s[tile], out[tile]
            np.multiply(v, v, one)
            np.add(one[:, 0], one[:, 1], square)
            np.reciprocal(square, square)
            np.multiply(v, square[:, None], one)
            np.multiply(s, one, two)
            np.subtract(two[:, 0], two[:, 1], j[:, 0])
            np.multiply(s, one[:, ::-1], two)
            np.add(two[:, 0], two[:, 1], j[:, 1])


@dataclass(frozen=True, kw_only=True)
class State:
    """Port voltages and currents (P, 2, c) in the scaling of the ports, and which rows stand still."""

    voltage: Floats
    current: Floats
    still: Bools


class Workspace:
    """Operators and buffers of one form of ports, used again by every chunk of the same width."""

    def __init__(self, ports: AnyPorts) -> None:
        self.ports = ports
        self._operators: dict[tuple[int, Float], Operator] = {}
        self._buffers: dict[tuple[str, int, Float], Reals] = {}

    def operator(self, width: int, dtype: Float, held: Complexes) -> Operator:
        """The operator with its held voltages set."""
        key = (width, dtype)
        if key not in self._operators:
            self._operators[key] = self.ports.operator(width, dtype)
        self._operators[key].hold(held)
        return self._operators[key]

    def block(self, name: str, width: int, dtype: Float) -> Reals:
        """A buffer (P, 2, c); what it holds lasts until the next chunk asks for it."""
        key = (name, width, dtype)
        if key not in self._buffers:
            self._buffers[key] = new_block(self.ports.count, width, dtype)
        return self._buffers[key]

    def spare(self, tile: slice, width: int, dtype: Float) -> tuple[Reals, Reals, Reals]:
        """Two blocks and one row of numbers for the ports of a tile; all tiles share them."""
        count = min(tile.stop, self.ports.count) - tile.start
        one, two = (self._spare(name, count, width, dtype) for name in ("one", "two"))
        return one, two, self._spare("square", count, width, dtype)[:, 0]

    def _spare(self, name: str, count: int, width: int, dtype: Float) -> Reals:
        key = (f"{name} {count}", width, dtype)
        if key not in self._buffers:
            self._buffers[key] = new_block(count, width, dtype)
        return self._buffers[key]


def iterate(space: Workspace, injection: Injection, held: Complexes, *, patient: bool) -> State:
    """Run the iteration for c rows. ``held`` (held, 1 or c) p.u. ``patient``: more iterations.

    The answer's arrays belong to ``space``.
    """
    # a collapsing row divides by zero: it will not stand still, and is judged by that
    with np.errstate(all="ignore"):
        voltage = np.asarray(space.block("voltage", injection.power.shape[2], np.float64), dtype=np.float64)
        currents = Currents(space, injection, held, np.float64)
        if patient:
            voltage[:] = space.ports.start(held)
            return _plain(space, currents, held, voltage, PATIENT_ITERATIONS)
        rough = _start(space, Currents(space, injection, held, np.float32, like=currents), held, voltage.shape[2])
        voltage[:] = rough
        return _plain(space, currents, held, voltage, FAST_ITERATIONS)


def _start(space: Workspace, currents: Currents, held: Complexes, width: int) -> Reals:
    """float32 iterations; answers the voltages (P, 2, c)."""
    operator = space.operator(width, np.float32, held)
    now, following = space.block("rough", width, np.float32), space.block("rough next", width, np.float32)
    now[:] = space.ports.start(held)
    for turn in range(START_ITERATIONS):
        currents.run(now, operator.current)
        operator.voltage(following)
        now, following = following, now
        if turn > 1:  # the first steps from no load are never the last
            np.subtract(following, now, following)
            if _within(following, START_PU):
                break
    return now


def _plain(space: Workspace, currents: Currents, held: Complexes, voltage: Floats, limit: int) -> State:
    """float64 iterations until every row has stood still once more after coming to rest."""
    width = voltage.shape[2]
    operator = space.operator(width, np.float64, held)
    now, following = voltage, np.asarray(space.block("next", width, np.float64), dtype=np.float64)
    change = np.full(width, np.inf)
    for _ in range(limit):
        currents.run(now, operator.current)
        operator.voltage(following)
        np.subtract(following, now, out=now)
        change = _largest(now)
        now, following = following, now
        if np.all(change <= STANDSTILL_PU):
            break
    return State(voltage=now, current=np.asarray(operator.current, dtype=np.float64), still=change <= STANDSTILL_PU)


def _within(block: Reals, limit: float) -> bool:
    """True when no entry is larger; False with a NaN."""
    return bool(block.max(initial=0.0) <= limit and -block.min(initial=0.0) <= limit)


def _largest(block: Reals) -> Floats:
    """(c,)"""
    high, low = block.max(axis=(0, 1), initial=0.0), block.min(axis=(0, 1), initial=0.0)
    return np.asarray(np.maximum(high, -low), dtype=np.float64)
