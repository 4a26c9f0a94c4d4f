"""From what the kernel of constant power found to the voltages of all nodes, written row by row."""

from __future__ import annotations

import numpy as np

from ysc_sim.powerflow.blocks import new_block
from ysc_sim.powerflow.constant_power import Outcome
from ysc_sim.powerflow.network import Complexes
from ysc_sim.powerflow.planes import parts
from ysc_sim.powerflow.ports import AnyPorts
from ysc_sim.powerflow.unit_form import UnitForm, conjugating
from ysc_sim.units import Floats, Ints

ROUNDING = 1e-14
"""No-load voltages this near to 1 are 1: series impedances alone, behind a source of 1."""


class UnitVoltages:
    """Voltages of nodes at ``slots`` (-1: dead)."""

    def __init__(self, form: UnitForm, ports: AnyPorts, slots: Ints, held: Complexes) -> None:
        self._form, self._held, self._slots = form, held, slots
        self._free_count = ports.grid.topology.free_count
        if form.dense:
            self._prepare_rows(form, ports, slots, held)
            return
        assert form.slot_place is not None
        self._free = np.flatnonzero((slots >= 0) & (slots < self._free_count))
        self._places = np.zeros(len(slots), dtype=np.int64)
        self._places[self._free] = form.slot_place[slots[self._free]]
        fixed = np.setdiff1d(np.arange(len(slots)), self._free)
        at_source = slots[fixed] >= 0
        held_there = held[np.where(at_source, slots[fixed] - self._free_count, 0), 0]
        self._fixed, self._voltage = fixed, np.where(at_source, held_there, 0)[:, None]
        factor = np.ones(len(slots), dtype=np.complex128)
        assert form.slot_factor is not None
        factor[self._free] = form.slot_factor[slots[self._free]]
        self._factor = None if np.all(np.abs(factor - 1) <= ROUNDING) else factor

    def _prepare_rows(self, form: UnitForm, ports: AnyPorts, slots: Ints, held: Complexes) -> None:
        living = (slots >= 0)[:, None]
        self._no_load = np.where(living, (ports.grid.no_load @ held)[slots], 0)[:, 0]
        if form.node_unit is None:
            self._matrix = conjugating(np.where(living, ports.transfer[slots] * form.current_factor, 0))
        self._unit = None if form.node_unit is None or np.all(form.node_unit == 1) else form.node_unit

    def write(self, outcome: Outcome, out: Complexes, into: slice | Ints) -> None:
        """Fill the rows ``into`` of ``out`` (T, nodes)."""
        if not self._form.dense:
            out[into] = self._gathered(outcome.rise).T
            return
        rows = out[into] if isinstance(into, slice) else np.empty((len(into), out.shape[1]), dtype=np.complex128)
        rise = outcome.rise
        if self._form.node_unit is None:
            np.matmul(parts(outcome.current), self._matrix, out=parts(rows))
            rise = rows
        elif self._unit is not None:
            np.multiply(rise, self._unit, rows)
            rise = rows
        np.add(parts(rise), parts(self._no_load), parts(rows))
        if not isinstance(into, slice):
            out[into] = rows

    def _gathered(self, rise: Complexes) -> Complexes:
        wide: Complexes = rise[self._places]
        wide.real += 1
        if self._factor is not None:
            wide *= self._factor[:, None]
        wide[self._fixed] = self._voltage
        return wide

    def slot_block(self, outcome: Outcome) -> Floats:
        """(slots, 2, c) voltages of all slots, for a form that knows them."""
        form, held, width, free = self._form, self._held, outcome.rise.shape[1], self._free_count
        assert form.slot_place is not None
        block: Floats = new_block(free + len(held), width, np.float64)
        rise = outcome.rise[form.slot_place]
        rise.real += 1
        if self._factor is not None and form.slot_factor is not None:
            rise *= form.slot_factor[:, None]
        block[:free, 0], block[:free, 1] = rise.real, rise.imag
        block[free:, 0], block[free:, 1] = held.real, held.imag
        return block
