"""Rows of an island on the compiled kernel (:mod:`.island_lanes`): when it takes them, and how they come back. Only
here is it imported, and only when it is to run."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from ysc_sim.powerflow.blocks import aligned
from ysc_sim.powerflow.boundary import Boundary
from ysc_sim.powerflow.forming import Droop
from ysc_sim.powerflow.island_point import Forms, IslandState, chord_of
from ysc_sim.powerflow.lane_form import LaneForm, lane_form
from ysc_sim.powerflow.lane_rows import no_nodes, port_targets, readable, walk_of
from ysc_sim.powerflow.ports import DensePorts, Float
from ysc_sim.units import Floats, Ints

if TYPE_CHECKING:
    from ysc_sim.powerflow.island_lanes import Droops
    from ysc_sim.powerflow.lanes import Walk

PAYS_FROM = 1_500_000
"""Loaded ports × rows from which the compiled kernel is chosen where numba is installed: half a second for NumPy."""


@dataclass(frozen=True, kw_only=True)
class IslandRows:
    """Rows of constant power on one form."""

    boundary: Boundary
    form: LaneForm
    p_kw: Floats
    """(T, columns)"""
    q_kvar: Floats
    chord: Floats
    """(2G, 2G)"""
    slack: Floats
    """(2G,)"""

    @classmethod
    def of(cls, boundary: Boundary, ports: DensePorts, columns: Ints, droop: Droop, p_kw: Floats, q_kvar: Floats
           ) -> IslandRows | None:  # fmt: skip
        """``None`` where the network has no such form, or where the ``droop`` differs from row to row."""
        if droop.slack_p.shape[1] > 1 or droop.slack_q.shape[1] > 1 or not ports.count:
            return None
        held = boundary.spread @ np.exp(1j * boundary.start_angle)[:, None]
        former = np.abs(boundary.spread).argmax(axis=1)
        form = lane_form(ports, columns, held, boundary.net.base_kva, former)
        if form is None:
            return None
        return cls(
            boundary=boundary,
            form=form,
            p_kw=readable(p_kw),
            q_kvar=readable(q_kvar),
            chord=chord_of(boundary, ports, droop)[0],
            slack=np.concatenate([droop.slack_p[:, 0], droop.slack_q[:, 0]]),
        )

    def run(self, rows: Ints, droop: Droop) -> IslandState:
        """What the kernel leaves; 0 in rows that do not stand still."""
        from ysc_sim.powerflow.island_lanes import solve_island_rows
        from ysc_sim.powerflow.lanes import Wanted

        shape = (2, len(self.form.port), len(rows))
        voltage, current = aligned(shape, np.float64), aligned(shape, np.float64)
        voltage[:], current[:] = 0, 0
        unknowns, still = np.zeros((2 * self.boundary.count, len(rows))), np.zeros(len(rows))
        wanted = Wanted(**no_nodes(self.form), **port_targets(self.form, voltage, current))
        references = _references(droop, self.boundary.net.base_kva)
        task = self.p_kw, self.q_kvar, rows
        solve_island_rows(*task, *self._walks, *self._droops, references, wanted, *self._space, unknowns, still)
        return IslandState(
            voltage=voltage.transpose(1, 0, 2),
            current=current.transpose(1, 0, 2),
            forms=self._forms(unknowns),
            still=still == 1,
        )

    @cached_property
    def _walks(self) -> tuple[Walk, Walk]:
        """The form in float64 and float32."""
        return walk_of(self.form, np.complex128), walk_of(self.form, np.complex64)

    @cached_property
    def _space(self) -> tuple[Floats, Any, Floats, Any]:
        """Memory for places and for inverters, each in float64 and float32."""
        from ysc_sim.powerflow.lanes import LANES

        places = 6, len(self.form.up) + 1 + self.boundary.count, 2 * LANES
        few = 8, 3 * self.boundary.count, 2 * LANES
        return _zeros(places, np.float64), _zeros(places, np.float32), _zeros(few, np.float64), _zeros(few, np.float32)

    @cached_property
    def _droops(self) -> tuple[Droops, Droops]:
        """The inverters in float64 and float32."""
        return self._droops_in(np.complex128), self._droops_in(np.complex64)

    def _droops_in(self, numbers: type[np.complexfloating[Any, Any]]) -> Droops:
        from ysc_sim.powerflow.island_lanes import Droops

        boundary, base = self.boundary, self.boundary.net.base_kva
        turning = np.full(boundary.count, -1)
        turning[boundary.turning] = np.arange(len(boundary.turning))
        first = len(boundary.turning)
        unit = np.exp(1j * boundary.start_angle)
        real = np.zeros(0, dtype=numbers).real.dtype
        return Droops(
            turning=turning,
            frequency=first + boundary.count + boundary.island,
            first=first,
            own=(base * unit.conj()[:, None] * boundary.self_admittance * unit).astype(numbers),
            slack=(self.slack / base).astype(real),
            chord=np.ascontiguousarray(self.chord, dtype=real),
        )

    def _forms(self, unknowns: Floats) -> Forms:
        boundary, first = self.boundary, len(self.boundary.turning)
        angle = np.broadcast_to(boundary.start_angle[:, None], (boundary.count, unknowns.shape[1])).copy()
        angle[boundary.turning] += unknowns[:first]
        magnitude, frequency = np.split(unknowns[first:], [boundary.count])
        return Forms(angle=angle, magnitude=magnitude, frequency=frequency)


def _references(droop: Droop, base_kva: float) -> Floats:
    """(3, G, 1 or c) active and reactive power in kW and kvar, and voltage."""
    values = np.broadcast_arrays(droop.p_ref * base_kva, droop.q_ref * base_kva, droop.v_ref)
    return np.ascontiguousarray(np.stack(values))


def _zeros(shape: tuple[int, ...], dtype: Float) -> Any:
    block = aligned(shape, dtype)
    block[:] = 0
    return block
