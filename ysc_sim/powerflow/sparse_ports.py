"""A third form of the loaded ports, for large networks with loops: no matrix over the ports, but one substitution with
the sparse factors for all rows of a chunk (:mod:`.elimination`). Memory grows with the branches and the fill-in, not
with the square of the ports."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from ysc_sim.powerflow.blocks import new_block
from ysc_sim.powerflow.elimination import Elimination
from ysc_sim.powerflow.network import EARTH, Complexes
from ysc_sim.powerflow.ports import Float, Operator, Ports, Reals, SlotBuffers, as_block, as_complex
from ysc_sim.units import Floats


class SparsePorts(Ports):
    """V and j are the port voltages and currents themselves, as in the dense form."""

    @cached_property
    def held_current(self) -> Complexes:
        """K (held, P), from the factors of the transposed matrix: one right-hand side for each held voltage."""
        top, n = self.grid.topology, self.grid.topology.free_count
        inside = (top.rows < n) & (top.columns < n)
        turned = Elimination(n, top.columns[inside], top.rows[inside], top.values[inside])
        right = np.zeros((n, self.grid.held_count), dtype=np.complex128)
        cross = (top.rows >= n) & (top.columns < n)
        np.add.at(right, (top.columns[cross], top.rows[cross] - n), top.values[cross])
        by_slot = np.concatenate([turned.solve(right), -np.eye(self.grid.held_count)])
        return self.across(by_slot).T

    def operator(self, width: int, dtype: Float) -> Operator:
        """Operator for c = ``width`` rows; the substitution itself is always in float64."""
        return _SparseOperator(self, width, dtype)

    def rise(self, current: Complexes) -> Complexes:
        """(slots, c) what port currents (P, c) add to the voltages."""
        top, n = self.grid.topology, self.grid.topology.free_count
        answer = np.zeros((top.count, current.shape[1]), dtype=np.complex128)
        for side, into in ((0, np.add), (1, np.subtract)):
            nodes = self.pairs[:, side]
            free = (nodes != EARTH) & (nodes < n)
            into.at(answer, nodes[free], current[free])
        answer[:n] = self.grid.factors.substitute(answer[:n])
        return answer

    def slot_block(self, current: Floats, held: Complexes, buffers: dict[int, SlotBuffers]) -> Floats:
        """(slots, 2, c) p.u. from a block of currents."""
        return as_block(self.rise(as_complex(current)) + self.grid.no_load @ held)


class _SparseOperator:
    def __init__(self, ports: SparsePorts, width: int, dtype: Float) -> None:
        self._ports = ports
        self._no_load: Complexes = np.zeros((ports.count, 1), dtype=np.complex128)
        self.current = new_block(ports.count, width, dtype)

    def hold(self, held: Complexes) -> None:
        self._no_load = self._ports.no_load @ held

    def voltage(self, out: Reals) -> None:
        self._write(out, self._no_load)

    def change(self, out: Reals) -> None:
        self._write(out, 0.0)

    def _write(self, out: Reals, added: Complexes | float) -> None:
        current = np.asarray(self.current[:, 0] + 1j * self.current[:, 1], dtype=np.complex128)
        voltage = self._ports.across(self._ports.rise(current)) + added
        out[:, 0], out[:, 1] = voltage.real, voltage.imag
