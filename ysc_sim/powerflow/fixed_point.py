"""The iteration V ← E + Z·conj(S/V) on blocks of rows, first in float32, then in float64 until each row
stands still.

Every row is judged alone and frozen in the iteration in which it stood still, so its neighbours cannot move
it. References: the implicit Z-bus method [1]_; its contraction and uniqueness near no load [2]_.

.. [1] T. H. Chen et al., "Distribution system power flow analysis: a rigid approach", IEEE Trans. Power
Delivery 6
   (1991) 1146–1152.
.. [2] S. Bolognani, S. Zampieri, "On the existence and linear approximation of the power flow solution in
power
   distribution networks", IEEE Trans. Power Systems 31 (2016) 163–172.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ysc_sim.powerflow.injection import Injection
from ysc_sim.powerflow.network import Complexes
from ysc_sim.powerflow.ports import AnyPorts, Float, Operator, Reals
from ysc_sim.units import Bools, Floats

STANDSTILL_PU = 1e-13
"""A row is done when no port voltage moved further than this in one iteration (p.u.). It is far below any
tolerance, so that what is left of the start, and with it of the company a row was solved in, stays below
1e-10 in every result."""
FAST_ITERATIONS = 12
"""float64 iterations of the first attempt; rows that need more are collected and tried again together."""
PATIENT_ITERATIONS = 60
START_ITERATIONS = 3
"""float32 iterations before the first float64 one: they cost half and leave an error near 1e-6."""
_TILE = 48
"""Ports worked on at a time; their temporaries stay in cache."""


class Currents:
    """j = s/conj(V) for one block width, with s the conjugated power in the scaling of the ports."""

    def __init__(self, ports: AnyPorts, injection: Injection, held: Complexes, dtype: Float) -> None:
        self._injection = injection
        self._turn = ports.conj_power_scale(held)
        self._scale = ports.magnitude_scale(held)
        self._fixed = not injection.depends_on_voltage
        power = injection.power
        self._s = np.empty(power.shape, dtype=dtype)
        if self._fixed:
            self._turned(power, self._s)
        tile = (min(_TILE, power.shape[0]), 2, power.shape[2])
        self._one, self._two = np.empty(tile, dtype=dtype), np.empty(tile, dtype=dtype)

    def _turned(self, power: Floats, out: Reals) -> None:
        if self._turn is None:
            out[:, 0] = power[:, 0]
            np.negative(power[:, 1], out=out[:, 1], casting="same_kind")
        else:
            turned = (power[:, 0] - 1j * power[:, 1]) * self._turn
            out[:, 0], out[:, 1] = turned.real, turned.imag

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


def iterate(ports: AnyPorts, injection: Injection, held: Complexes, *, patient: bool) -> State:
    """Run the iteration for c rows. ``held`` (held, 1 or c) p.u. ``patient``: more iterations."""
    count, _, width = injection.power.shape
    # a collapsing row divides by zero: it will not stand still, and is judged by that
    with np.errstate(all="ignore"):
        voltage = _no_load(ports, held, (count, 2, width))
        if not patient:
            _start(ports, injection, held, voltage)
        limit = PATIENT_ITERATIONS if patient else FAST_ITERATIONS
        run = _Run(ports, injection, held, voltage)
        for _ in range(limit):
            if run.step():
                break
    return State(voltage=run.final_voltage, current=run.final_current, still=run.still)


def _no_load(ports: AnyPorts, held: Complexes, shape: tuple[int, ...]) -> Floats:
    operator = ports.operator(held.shape[1], np.float64, held)
    operator.current[:] = 0
    one = np.empty((shape[0], 2, held.shape[1]))
    operator.voltage(one)
    voltage = np.empty(shape)
    voltage[:] = one
    return voltage


def _start(ports: AnyPorts, injection: Injection, held: Complexes, voltage: Floats) -> None:
    operator: Operator = ports.operator(voltage.shape[2], np.float32, held)
    currents = Currents(ports, injection, held, np.float32)
    rough = voltage.astype(np.float32)
    for _ in range(START_ITERATIONS):
        currents.run(rough, operator.current)
        operator.voltage(rough)
    voltage[:] = rough


class _Run:
    """float64 iterations with freezing."""

    def __init__(self, ports: AnyPorts, injection: Injection, held: Complexes, voltage: Floats) -> None:
        self._operator = ports.operator(voltage.shape[2], np.float64, held)
        self._currents = Currents(ports, injection, held, np.float64)
        self._now, self._next = voltage, np.empty_like(voltage)
        self.still = np.zeros(voltage.shape[2], dtype=bool)
        self.final_voltage: Floats = voltage
        self._current: Floats = np.asarray(self._operator.current, dtype=np.float64)  # no copy: it is float64
        self.final_current = self._current

    def step(self) -> bool:
        """One iteration; True when all rows stand still."""
        self._currents.run(self._now, self._operator.current)
        self._operator.voltage(self._next)
        np.subtract(self._next, self._now, out=self._now)
        change = np.maximum(self._now.max(axis=(0, 1), initial=0.0), -self._now.min(axis=(0, 1), initial=0.0))
        self._now, self._next = self._next, self._now
        fresh = (change <= STANDSTILL_PU) & ~self.still
        if fresh.any():
            self._freeze(fresh)
        return bool(self.still.all())

    def _freeze(self, fresh: Bools) -> None:
        if not self.still.any():
            if fresh.all():
                self.final_voltage, self.final_current = self._now, self._current
            else:
                self.final_voltage, self.final_current = self._now.copy(), self._current.copy()
        else:
            np.copyto(self.final_voltage, self._now, where=fresh)
            np.copyto(self.final_current, self._current, where=fresh)
        self.still |= fresh
