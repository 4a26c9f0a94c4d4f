"""The iteration V ← E + Z·conj(S/V) on blocks of rows.

Constant power: a start in float32; then the residual E + Z·conj(S/V) − V in float64, whose remaining change is
found by the linearised iteration in float32 and added, until the residual is far below any tolerance (iterative
refinement in two precisions [3]_). Power that depends on the voltage: plain float64 iterations. Either way a row
stands still only by its own residual, so that its neighbours cannot move it by more than that. References: the
implicit Z-bus method [1]_; its contraction and uniqueness near no load [2]_.

.. [1] T. H. Chen et al., "Distribution system power flow analysis: a rigid approach", IEEE Trans. Power
Delivery 6
   (1991) 1146–1152.
.. [2] S. Bolognani, S. Zampieri, "On the existence and linear approximation of the power flow solution in
power
   distribution networks", IEEE Trans. Power Systems 31 (2016) 163–172.
.. [3] N. J. Higham, "Accuracy and Stability of Numerical Algorithms", 2nd ed. (2002), ch. 12.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ysc_sim.powerflow.injection import Injection
from ysc_sim.powerflow.network import Complexes
from ysc_sim.powerflow.ports import AnyPorts, Float, Operator, Reals
from ysc_sim.units import Bools, Floats

STANDSTILL_PU = 1e-13
"""A row is done when no port voltage moved further than this in one plain iteration (p.u.). It is far below any
tolerance, so that what is left of the start, and with it of the company a row was solved in, stays below
1e-10 in every result."""
RESIDUAL_PU = 2e-12
"""The same for a residual after refinement: what it leaves is smaller by the contraction of one iteration."""
REFINEMENTS = 5
CORRECTIONS = 8
FAST_ITERATIONS = 12
"""float64 iterations of the first attempt; rows that need more are collected and tried again together."""
PATIENT_ITERATIONS = 60
START_ITERATIONS = 3
"""float32 iterations before the first float64 one: they cost half and leave an error near 1e-6."""
_TILE = 48
"""Ports worked on at a time; their temporaries stay in cache."""


def turn_power(power: Floats, turn: Complexes | None, out: Reals) -> None:
    """Write conj(S)·``turn`` to ``out`` (P, 2, c); ``turn`` (P, 1 or c), ``None``: 1."""
    if turn is None:
        out[:, 0] = power[:, 0]
        np.negative(power[:, 1], out=out[:, 1], casting="same_kind")
        return
    p, q = power[:, 0], power[:, 1]
    np.add(p * turn.real, q * turn.imag, out=out[:, 0], casting="same_kind")
    np.subtract(p * turn.imag, q * turn.real, out=out[:, 1], casting="same_kind")


class Currents:
    """j = s/conj(V) for one block width, with s the conjugated power in the scaling of the ports."""

    def __init__(self, space: Workspace, injection: Injection, held: Complexes, dtype: Float) -> None:
        ports, width = space.ports, injection.power.shape[2]
        self._injection = injection
        self._turn = ports.conj_power_scale(held)
        self._scale = ports.magnitude_scale(held)
        self._fixed = not injection.depends_on_voltage
        power = injection.power
        self._s = space.block("s", width, dtype)
        if self._fixed:
            self._turned(power, self._s)
        self._one = space.block("one", width, dtype)[:_TILE]
        self._two = space.block("two", width, dtype)[:_TILE]

    def _turned(self, power: Floats, out: Reals) -> None:
        turn_power(power, self._turn, out)

    def run(self, voltage: Reals, out: Reals) -> None:
        """Write the currents at ``voltage`` (P, 2, c) to ``out``."""
        if not self._fixed:
            magnitude = np.sqrt(voltage[:, 0] ** 2 + voltage[:, 1] ** 2) * self._scale
            self._turned(self._injection.actual(magnitude), self._s)
        for low in range(0, len(voltage), _TILE):
            tile = slice(low, low + _TILE)
            v, s, j = voltage[tile], self._s[tile], out[tile]
            one, two = self._one[: len(v)], self._two[: len(v)]
            square = two[:, 0]
            np.multiply(v, v, one)
            np.add(one[:, 0], one[:, 1], square)
            np.divide(s, square[:, None], one)
            np.multiply(one, v, two)
            np.subtract(two[:, 0], two[:, 1], j[:, 0])
            np.multiply(one, v[:, ::-1], two)
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
            self._buffers[key] = np.empty((self.ports.count, 2, width), dtype=dtype)
        return self._buffers[key]


def iterate(space: Workspace, injection: Injection, held: Complexes, *, patient: bool) -> State:
    """Run the iteration for c rows. ``held`` (held, 1 or c) p.u. ``patient``: more iterations.

    The answer's arrays belong to ``space``.
    """
    # a collapsing row divides by zero: it will not stand still, and is judged by that
    with np.errstate(all="ignore"):
        voltage = np.asarray(space.block("voltage", injection.power.shape[2], np.float64), dtype=np.float64)
        voltage[:] = space.ports.start(held)
        if patient:
            return _plain(space, injection, held, voltage, PATIENT_ITERATIONS)
        _start(space, injection, held, voltage)
        if injection.depends_on_voltage:
            return _plain(space, injection, held, voltage, FAST_ITERATIONS)
        return _refined(space, injection, held, voltage)


def _start(space: Workspace, injection: Injection, held: Complexes, voltage: Floats) -> None:
    width = voltage.shape[2]
    operator = space.operator(width, np.float32, held)
    currents = Currents(space, injection, held, np.float32)
    rough = space.block("rough", width, np.float32)
    rough[:] = voltage
    for _ in range(START_ITERATIONS):
        currents.run(rough, operator.current)
        operator.voltage(rough)
    voltage[:] = rough


def _plain(space: Workspace, injection: Injection, held: Complexes, voltage: Floats, limit: int) -> State:
    """float64 iterations until every row has stood still once more after coming to rest."""
    width = voltage.shape[2]
    operator = space.operator(width, np.float64, held)
    currents = Currents(space, injection, held, np.float64)
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


def _refined(space: Workspace, injection: Injection, held: Complexes, voltage: Floats) -> State:
    """float64 residuals, float32 corrections."""
    width = voltage.shape[2]
    operator = space.operator(width, np.float64, held)
    light = space.operator(width, np.float32, held)
    currents = Currents(space, injection, held, np.float64)
    following = np.asarray(space.block("next", width, np.float64), dtype=np.float64)
    residual = space.block("rough", width, np.float32)
    current = np.asarray(operator.current, dtype=np.float64)
    slope: _Slope | None = None
    for turn in range(REFINEMENTS):
        currents.run(voltage, operator.current)
        operator.voltage(following)
        np.subtract(following, voltage, out=residual, casting="same_kind")
        if _within(residual, RESIDUAL_PU) or turn == REFINEMENTS - 1:
            break
        slope = slope or _Slope(space, voltage, current)
        slope.correct(light, residual, voltage)
    still = _largest(residual) <= RESIDUAL_PU
    return State(voltage=following, current=current, still=still)


class _Slope:
    """Currents answer to a small change d of the voltages by −(j/conj(V))·conj(d)."""

    def __init__(self, space: Workspace, voltage: Floats, current: Floats) -> None:
        width = voltage.shape[2]
        v, j = space.block("slope v", width, np.float32), space.block("slope j", width, np.float32)
        self._two = space.block("slope two", width, np.float32)
        v[:], j[:] = voltage, current
        np.multiply(v, v, self._two)
        square = np.add(self._two[:, 0], self._two[:, 1])
        np.divide(v, square[:, None], v)
        self._slope = space.block("slope", width, np.float32)
        _product(j, v, self._two, self._slope)
        np.negative(self._slope, self._slope)
        self._space = space

    def correct(self, light: Operator, residual: Reals, voltage: Floats) -> None:
        """Add to ``voltage`` the sum of the changes that follow on ``residual``; spoils ``residual``."""
        total = self._space.block("total", voltage.shape[2], np.float32)
        total[:] = residual
        for _ in range(CORRECTIONS):
            np.negative(residual[:, 1], residual[:, 1])
            _product(self._slope, residual, self._two, light.current)
            light.change(residual)
            np.add(total, residual, total)
            if _within(residual, 8 * RESIDUAL_PU):  # one float64 turn follows, which contracts further
                break
        np.add(voltage, total, voltage)


def _product(a: Reals, b: Reals, spare: Reals, out: Reals) -> None:
    """Complex product of blocks (P, 2, c)."""
    np.multiply(a, b, spare)
    np.subtract(spare[:, 0], spare[:, 1], out[:, 0])
    np.multiply(a, b[:, ::-1], spare)
    np.add(spare[:, 0], spare[:, 1], out[:, 1])


def _within(block: Reals, limit: float) -> bool:
    """True when no entry is larger; False with a NaN."""
    return bool(block.max(initial=0.0) <= limit and -block.min(initial=0.0) <= limit)


def _largest(block: Reals) -> Floats:
    """(c,)"""
    high, low = block.max(axis=(0, 1), initial=0.0), block.min(axis=(0, 1), initial=0.0)
    return np.asarray(np.maximum(high, -low), dtype=np.float64)
