"""From port currents to the results that were asked for, written into their rows."""

from __future__ import annotations

from typing import TypeVar

import numpy as np

from ysc_sim.powerflow.blocks import flat, new_block, stacked
from ysc_sim.powerflow.constant_power import Outcome
from ysc_sim.powerflow.fixed_point import State
from ysc_sim.powerflow.injection import Injection
from ysc_sim.powerflow.lane_rows import Targets
from ysc_sim.powerflow.network import Complexes, Network
from ysc_sim.powerflow.ports import AnyPorts, DensePorts, SlotBuffers, as_complex
from ysc_sim.powerflow.solution import Reason, Solution
from ysc_sim.powerflow.unit_voltages import UnitVoltages
from ysc_sim.units import Floats, Ints

Values = TypeVar("Values", Complexes, Floats)


def kept_shapes(
    net: Network, names: tuple[str, ...], *, islands: int = 0, formers: int = 0
) -> dict[str, tuple[tuple[int, ...], type]]:
    """Shape behind the T axis, and type, of each result."""
    m = () if net.conductors == 1 else (net.conductors,)
    ports = (net.bus_count, *m) if net.ports_are_nodes else (len(net.ports),)
    shapes: dict[str, tuple[tuple[int, ...], type]] = {
        "v_pu": ((net.bus_count, *m), complex),
        "p_kw": (ports, float),
        "q_kvar": (ports, float),
        "loss_kw": ((), float),
        "slack_kw": ((len(net.source_bus),), float),
        "slack_kvar": ((len(net.source_bus),), float),
        "v_min_pu": ((), float),
        "v_max_pu": ((), float),
        "branch_current_ka": ((net.branch_count, *m), float),
        "branch_loading_percent": ((net.branch_count, *m), float),
        "frequency_hz": ((islands,), float),
        "forming_p_kw": ((formers,), float),
        "forming_q_kvar": ((formers,), float),
    }
    return {name: shapes[name] for name in names}


class Recorder:
    """Writes results of chunks of rows into one :class:`Solution`."""

    def __init__(self, net: Network, solution: Solution) -> None:
        self.net, self.solution = net, solution

    def refuse(self, rows: slice | Ints, reason: Reason) -> None:
        """Give up ``rows`` for ``reason``."""
        self.solution.codes[rows] = reason

    def finish(self) -> Solution:
        """The solution, with NaN in every float of a row that is not ok."""
        lost = ~self.solution.ok
        if lost.any():
            self.solution.mismatch_pu[lost] = np.nan
            for name in self.solution.kept:
                getattr(self.solution, name)[lost] = np.nan
        return self.solution


class PatternRecorder:
    """A recorder's view of one form of ports under one switch pattern."""

    def __init__(self, recorder: Recorder, ports: AnyPorts, active: Ints) -> None:
        self.solution, self.net, self.ports, self.active = recorder.solution, recorder.net, ports, active
        top = ports.grid.topology
        self._node_slots = top.slot[: self.net.bus_count * self.net.conductors]
        self._wanted = set(self.solution.kept)
        self._out: Floats | None = None
        self._wide: Floats | None = None
        self._whole: UnitVoltages | None = None
        self._buffers: dict[int, SlotBuffers] = {}

    def refuse(self, rows: Ints, reason: Reason) -> None:
        """Give up ``rows`` for ``reason``."""
        self.solution.codes[rows] = reason

    def record(self, rows: Ints, mismatch: Floats, injection: Injection, held: Complexes, state: State) -> None:
        """Results of ok ``rows`` (c,) from their ``state``."""
        into = _run(rows)
        self.solution.codes[into] = Reason.OK
        self.solution.mismatch_pu[into] = mismatch
        if not self._wanted:
            return
        if self._wanted & {"v_pu", "v_min_pu", "v_max_pu", "branch_current_ka", "branch_loading_percent"}:
            self._voltages(into, held, state)
        if self._wanted & {"p_kw", "q_kvar", "loss_kw", "slack_kw", "slack_kvar"}:
            self._powers(into, injection, held, state)

    def targets(self) -> Targets | None:
        """Where a kernel that knows all voltages writes them itself; ``None`` where more is wanted."""
        if not self._wanted or not self._wanted <= {"v_pu", "v_min_pu", "v_max_pu"}:
            return None
        solution, rows = self.solution, len(self.solution.codes)
        v_pu = solution.v_pu.reshape(rows, -1) if "v_pu" in self._wanted else None
        if not self._wanted & {"v_min_pu", "v_max_pu"}:
            return Targets(v_pu=v_pu)
        least, most = (getattr(solution, n) if n in self._wanted else np.empty(rows) for n in ("v_min_pu", "v_max_pu"))
        return Targets(v_pu=v_pu, v_min_pu=least, v_max_pu=most)

    def recorded(self, rows: Ints, mismatch: Floats) -> None:
        """The ``rows`` (c,), whose results stand at the :meth:`targets`, are ok."""
        self.solution.codes[rows] = Reason.OK
        self.solution.mismatch_pu[rows] = mismatch

    def takes(self, outcome: Outcome) -> bool:
        """True when :meth:`record_outcome` has all that is wanted."""
        if outcome.form.dense:
            return self._wanted == {"v_pu"}
        return outcome.form.slot_place is not None and self._wanted <= {"v_pu", "v_min_pu", "v_max_pu"}

    def record_outcome(self, rows: Ints, mismatch: Floats, held: Complexes, outcome: Outcome) -> None:
        """Voltages of ok ``rows`` (c,), straight from what the kernel found."""
        into = _run(rows)
        self.solution.codes[into] = Reason.OK
        self.solution.mismatch_pu[into] = mismatch
        if self._whole is None:
            kept = outcome.form.kept
            if "voltages" not in kept:
                kept["voltages"] = UnitVoltages(outcome.form, self.ports, self._node_slots, held)
            self._whole = kept["voltages"]
        if "v_pu" in self._wanted:
            self._whole.write(outcome, self.solution.v_pu.reshape(len(self.solution.v_pu), -1), into)
        if self._wanted & {"v_min_pu", "v_max_pu"}:
            self._extremes(into, self._whole.slot_block(outcome))

    def _voltages(self, into: slice | Ints, held: Complexes, state: State) -> None:
        flows = self._wanted & {"branch_current_ka", "branch_loading_percent"}
        if not (flows or self._wanted & {"v_min_pu", "v_max_pu"}) and isinstance(self.ports, DensePorts):
            self._direct(self.ports, into, held, state)
            return
        block = self.ports.slot_block(state.current, held, self._buffers)
        if "v_pu" in self._wanted:
            out = self.solution.v_pu.reshape(len(self.solution.v_pu), -1)
            parts = out.view(np.float64).reshape(*out.shape, 2)
            parts[into] = _at(block, self._node_slots).transpose(2, 0, 1)
        if self._wanted & {"v_min_pu", "v_max_pu"}:
            self._extremes(into, block)
        if flows:
            self._branches(into, as_complex(block))

    def _direct(self, ports: DensePorts, into: slice | Ints, held: Complexes, state: State) -> None:
        """All node voltages by one product that writes rows, not columns."""
        if self._out is None:
            both = np.concatenate([ports.transfer, ports.grid.no_load], axis=1)
            self._out = np.ascontiguousarray(_rows_alternate(stacked(_at(both, self._node_slots))).T)
        width = state.current.shape[2]
        if self._wide is None or self._wide.shape[2] != width:
            self._wide = new_block(ports.count + len(held), width, np.float64)
        wide = self._wide
        wide[: ports.count] = state.current
        wide[ports.count :, 0], wide[ports.count :, 1] = held.real, held.imag
        out = self.solution.v_pu.reshape(len(self.solution.v_pu), -1).view(np.float64)
        if isinstance(into, slice):
            np.matmul(flat(wide).T, self._out, out=out[into])
        else:
            out[into] = flat(wide).T @ self._out

    def _extremes(self, into: slice | Ints, block: Floats) -> None:
        counted = self._node_slots[self.net.node_is_phase[: len(self._node_slots)]]
        living = counted[counted >= 0]
        chosen = block[np.unique(living)]
        square = chosen[:, 0] ** 2 + chosen[:, 1] ** 2
        if not len(square):
            square = np.zeros((1, block.shape[2]))
        for name, extreme in (("v_min_pu", square.min(axis=0)), ("v_max_pu", square.max(axis=0))):
            if name in self._wanted:
                getattr(self.solution, name)[into] = np.sqrt(extreme)

    def _branches(self, into: slice | Ints, slots: Complexes) -> None:
        net, m = self.net, self.net.conductors
        width = slots.shape[1]
        nodes = net.leg_bus[:, :, None] * m + np.arange(m)
        ends = _at(slots, self.ports.grid.topology.slot[nodes.reshape(len(nodes), 2 * m)].ravel())
        ends = ends.reshape(len(nodes), 2 * m, width)
        current = np.abs(np.matmul(self.ports.grid.topology.leg_y_pu, ends)).reshape(len(nodes), 2, m, width)
        shown = np.flatnonzero(net.leg_branch >= 0)
        for name, weight in (
            ("branch_current_ka", net.leg_current_ka_per_pu),
            ("branch_loading_percent", net.leg_loading_percent_per_pu),
        ):
            if name in self._wanted:
                largest = (current * weight[:, :, None, None]).max(axis=1)
                answer = np.zeros((net.branch_count, m, width))
                np.maximum.at(answer, net.leg_branch[shown], largest[shown])
                out = getattr(self.solution, name)
                out.reshape(len(out), -1)[into] = answer.reshape(-1, width).T

    def _powers(self, into: slice | Ints, injection: Injection, held: Complexes, state: State) -> None:
        net, base = self.net, self.net.base_kva
        actual = injection.power
        if injection.depends_on_voltage:
            v = np.abs(as_complex(state.voltage)) * self.ports.magnitude_scale(held)
            actual = injection.actual(v)
        for axis, name in enumerate(("p_kw", "q_kvar")):
            if name in self._wanted:
                out = getattr(self.solution, name)
                by_row = out.reshape(len(out), -1)
                block = np.zeros((actual.shape[2], len(net.ports)))
                block[:, self.active] = actual[:, axis].T * base
                by_row[into] = block
        if self._wanted & {"loss_kw", "slack_kw", "slack_kvar"}:
            source, total = self._sources(held, state)
            if "slack_kw" in self._wanted:
                self.solution.slack_kw[into] = source.real.T * base
            if "slack_kvar" in self._wanted:
                self.solution.slack_kvar[into] = source.imag.T * base
            if "loss_kw" in self._wanted:
                self.solution.loss_kw[into] = (total.real + actual[:, 0].sum(axis=0)) * base

    def _sources(self, held: Complexes, state: State) -> tuple[Complexes, Complexes]:
        """(sources, c) and (c,) complex power that the sources, and all held slots together, feed in."""
        net, grid = self.net, self.ports.grid
        top = grid.topology
        current = self.ports.true_current(as_complex(state.current), held)
        fed = grid.held_self @ held + self.ports.held_current @ current
        feed = held * fed.conj()
        shared = np.bincount(top.source_slots[top.source_slots >= 0] - top.free_count, minlength=len(held))
        part = fed / np.maximum(shared, 1)[:, None]
        answer = np.zeros((len(top.source_slots), feed.shape[1]), dtype=np.complex128)
        total = feed.sum(axis=0)
        nodes = net.source_terminal[:, None] * net.conductors + np.arange(net.conductors)
        for k, (slots, terminal) in enumerate(zip(top.source_slots, top.slot[nodes], strict=True)):
            living = slots >= 0
            at = slots[living] - top.free_count
            own = net.source_terminal[k] == net.source_bus[k] or not living.any()
            voltage = held[at] if own else self._at_slots(terminal[living], held, state)
            answer[k] = (voltage * part[at].conj()).sum(axis=0)
            total = total + answer[k] - (held[at] * part[at].conj()).sum(axis=0)
        return answer, total

    def _at_slots(self, slots: Ints, held: Complexes, state: State) -> Complexes:
        """Voltages of a few slots."""
        both = self.ports.transfer[slots] @ as_complex(state.current)
        return np.asarray(both + self.ports.grid.no_load[slots] @ held)


def _run(rows: Ints) -> slice | Ints:
    """A slice where the rows follow each other."""
    return slice(int(rows[0]), int(rows[-1]) + 1) if int(rows[-1] - rows[0]) == len(rows) - 1 else rows


def _at(slots: Values, chosen: Ints) -> Values:
    """Rows of ``slots``; 0 where the slot is -1 (dead)."""
    answer = slots[chosen] if len(slots) else np.zeros((len(chosen), *slots.shape[1:]), dtype=slots.dtype)
    answer[chosen < 0] = 0
    return answer


def _rows_alternate(matrix: Floats) -> Floats:
    """Real and imaginary rows in turns, as complex numbers lie in memory."""
    return matrix.reshape(2, -1, matrix.shape[1]).transpose(1, 0, 2).reshape(matrix.shape)
