"""From what the kernel of constant power found to the voltages of all nodes, written row by row."""

from __future__ import annotations

import numpy as np

from ysc_sim.powerflow.blocks import aligned, new_block, stacked, turned
from ysc_sim.powerflow.constant_power import Outcome
from ysc_sim.powerflow.network import Complexes
from ysc_sim.powerflow.ports import AnyPorts
from ysc_sim.powerflow.unit_form import UnitForm
from ysc_sim.units import Floats, Ints

ROUNDING = 1e-14
"""No-load voltages this near to 1 are 1: series impedances alone, behind a source of 1."""


class UnitVoltages:
    """Voltages of nodes at ``slots`` (-1: dead)."""

    def __init__(self, form: UnitForm, ports: AnyPorts, slots: Ints, held: Complexes) -> None:
        self._form, self._held, self._slots = form, held, slots
        self._free_count = ports.grid.topology.free_count
        if form.dense:
            own = np.concatenate([ports.transfer * form.current_factor, ports.grid.no_load @ held], axis=1)
            self._matrix = _alternating(own[slots] * (slots >= 0)[:, None])
            return
        assert form.slot_row is not None
        self._free = np.flatnonzero((slots >= 0) & (slots < self._free_count))
        row = np.zeros(len(slots), dtype=np.int64)
        row[self._free] = form.slot_row[slots[self._free]]
        self._rows = np.stack([row, row + form.size], axis=1).ravel()
        fixed = np.setdiff1d(np.arange(len(slots)), self._free)
        at_source = slots[fixed] >= 0
        voltage = np.where(at_source, held[np.where(at_source, slots[fixed] - self._free_count, 0), 0], 0)
        self._fixed, self._parts = fixed, np.stack([voltage.real, voltage.imag], axis=1)[..., None]
        factor = np.ones(len(slots), dtype=np.complex128)
        assert form.slot_factor is not None
        factor[self._free] = form.slot_factor[slots[self._free]]
        self._factor = None if np.all(np.abs(factor - 1) <= ROUNDING) else factor
        self._wide = np.empty((0, 0))

    def write(self, outcome: Outcome, out: Complexes, into: slice | Ints) -> None:
        """Fill the rows ``into`` of ``out`` (T, nodes)."""
        parts = out.view(np.float64)
        if outcome.wide is not None and isinstance(into, slice):
            np.matmul(outcome.wide.T, self._matrix, out=parts[into])
        elif outcome.wide is not None:
            parts[into] = outcome.wide.T @ self._matrix
        else:
            parts[into] = self._gathered(outcome.x).T
            if self._factor is not None:
                out[into] *= self._factor

    def _gathered(self, x: Floats) -> Floats:
        width = x.shape[3]
        if self._wide.shape[1] != width:
            self._wide = aligned((len(self._rows), width), np.float64)
        np.take(x.reshape(-1, width), self._rows, axis=0, out=self._wide, mode="clip")
        self._wide.reshape(-1, 2, width)[self._fixed] = self._parts
        return self._wide

    def slot_block(self, outcome: Outcome) -> Floats:
        """(slots, 2, c) voltages of all slots, for a form that knows them."""
        form, held, width = self._form, self._held, outcome.x.shape[3]
        assert form.slot_row is not None
        block: Floats = new_block(self._free_count + len(held), width, np.float64)
        rows = outcome.x.reshape(-1, width)
        for axis in (0, 1):
            np.take(rows, form.slot_row + axis * form.size, axis=0, out=block[: self._free_count, axis], mode="clip")
        if self._factor is not None and form.slot_factor is not None:
            turned(block[: self._free_count].copy(), form.slot_factor[:, None], block[: self._free_count])
        block[self._free_count :, 0], block[self._free_count :, 1] = held.real, held.imag
        return block


def _alternating(own: Complexes) -> Floats:
    """(2·P + 1, 2·nodes) real matrix for currents and a one, from (nodes, P + 1)."""
    matrix, count = stacked(own), own.shape[1] - 1
    kept = np.concatenate([np.arange(count), count + 1 + np.arange(count), [count]])
    by_node = matrix[:, kept].reshape(2, -1, len(kept)).transpose(1, 0, 2).reshape(-1, len(kept))
    return np.ascontiguousarray(by_node.T)
