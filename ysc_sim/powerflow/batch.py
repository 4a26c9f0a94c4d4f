"""Rows under one switch pattern: cut into chunks, solved, judged, recorded."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ysc_sim.powerflow.arguments import Asked, check_tolerance, common_rows, controls_of, repeated, rows_of
from ysc_sim.powerflow.blocks import new_block
from ysc_sim.powerflow.certify import mismatch_pu
from ysc_sim.powerflow.constant_power import ConstantPower, give_back, lent, scaled_state, unit_width
from ysc_sim.powerflow.fixed_point import State, Workspace, iterate
from ysc_sim.powerflow.form_choice import choose_form
from ysc_sim.powerflow.grid import Grid, compiled
from ysc_sim.powerflow.held_point import can_hold, iterate_held
from ysc_sim.powerflow.held_ports import HeldPlan, PlacedPorts, plan_held
from ysc_sim.powerflow.injection import Injection, currents
from ysc_sim.powerflow.inverters import InverterPlan, plan_inverters
from ysc_sim.powerflow.lane_form import lane_form
from ysc_sim.powerflow.lane_rows import LaneRows, is_compiled, pays
from ysc_sim.powerflow.loads import shares_of
from ysc_sim.powerflow.network import EARTH, Complexes, Network
from ysc_sim.powerflow.newton import continue_rows
from ysc_sim.powerflow.planes import Pool
from ysc_sim.powerflow.port_system import HeldPorts, PortSystem
from ysc_sim.powerflow.ports import DensePorts, TreePorts, as_block
from ysc_sim.powerflow.recorder import PatternRecorder, Recorder
from ysc_sim.powerflow.solution import Reason
from ysc_sim.powerflow.sparse_ports import SparsePorts
from ysc_sim.powerflow.unit_form import UnitForm, unit_form
from ysc_sim.units import Bools, Floats, Ints

TREE_ROWS = 256
LANE_ROWS = 128
_BLOCK_FLOATS = 48_000
"""Floats in one buffer of a chunk (ports × 2 × rows)."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """What all rows of a solve share."""

    net: Network
    p_kw: Floats
    """(T, ports)"""
    q_kvar: Floats
    tolerance_pu: float
    inverters: InverterPlan | None = None
    holding: HeldPlan | None = None

    @classmethod
    def of(
        cls,
        net: Network,
        p_kw: npt.ArrayLike,
        q_kvar: npt.ArrayLike,
        controls: Asked | None,
        *,
        tolerance_pu: float,
        **lengths: int,
    ) -> Task:
        """From what a caller hands over; ``lengths``: rows of what else it hands over, by name, each 1 or T."""
        check_tolerance(tolerance_pu)
        p, q = rows_of(net, p_kw, "p_kw"), rows_of(net, q_kvar, "q_kvar")
        asked = controls_of(net, controls)
        inverters, holding = plan_inverters(asked), plan_held(asked)
        rows = common_rows(
            p_kw=len(p),
            q_kvar=len(q),
            **lengths,
            controls_p_kw=1 if inverters is None else inverters.p_kw.shape[1],
            controls_v_pu=1 if holding is None else holding.v_pu.shape[1],
        )
        return cls(
            net=net,
            p_kw=repeated(p, rows),
            q_kvar=repeated(q, rows),
            tolerance_pu=tolerance_pu,
            inverters=inverters,
            holding=holding,
        )

    @property
    def rows(self) -> int:
        """T"""
        return len(self.p_kw)

    def controlled_ports(self) -> Ints:
        """Ports that a control stands at."""
        plans = [plan.ports for plan in (self.inverters, self.holding) if plan is not None]
        if not plans:
            return np.zeros(0, dtype=np.int64)
        return np.unique(np.concatenate([np.zeros(0, dtype=np.int64), *plans]))


class Loading:
    """The loaded ports of a task under one switch pattern."""

    def __init__(self, task: Task, grid: Grid, rows: Ints) -> None:
        self.task, self.grid = task, grid
        loaded, self.finite = self._look_through(rows)
        loaded[task.controlled_ports()] = True
        nodes, slot = task.net.ports, grid.topology.slot
        alive = (slot[nodes[:, 0]] >= 0) & ((nodes[:, 1] == EARTH) | (slot[nodes[:, 1]] >= 0))
        self.active, self._dead = np.flatnonzero(loaded & alive), np.flatnonzero(loaded & ~alive)
        chosen = nodes[self.active]
        self.slots: Ints = np.where(chosen == EARTH, EARTH, slot[chosen])
        self.shares = shares_of(task.net, self.active)
        self.inverters = None if task.inverters is None else task.inverters.among(self.active)
        self._held = self._place_held()

    def _look_through(self, rows: Ints) -> tuple[Bools, Bools]:
        """Which ports carry anything in any row, and which rows hold numbers only."""
        loaded = np.zeros(len(self.task.net.ports), dtype=bool)
        good = np.ones(len(rows), dtype=bool)
        self.largest_kw = 0.0
        for low in range(0, len(rows), 4096):
            part = rows[low : low + 4096]
            for values in (self.task.p_kw, self.task.q_kvar):
                block = _block(values, part)
                highest, lowest = _extremes(block)
                loaded |= (highest != 0) | (lowest != 0)
                if not (np.isfinite(highest).all() and np.isfinite(lowest).all()):
                    good[low : low + 4096] &= np.isfinite(block).all(axis=1)
                for value in (float(highest.max(initial=0.0)), -float(lowest.min(initial=0.0))):
                    self.largest_kw = max(self.largest_kw, value if math.isfinite(value) else 0.0)
        if self.task.inverters is not None:
            good &= self.task.inverters.finite(rows)
        return loaded, good

    def _place_held(self) -> PlacedPorts | None:
        plan, net = self.task.holding, self.task.net
        if plan is None:
            return None
        return plan.placed(self.active, self.slots, self.grid.topology.free_count, net.base_kva, net.port_v_pu)

    def unsupplied(self, rows: Ints) -> Bools:
        """Rows that inject at a dead port."""
        lost = np.zeros(len(rows), dtype=bool)
        if len(self._dead):
            for values in (self.task.p_kw, self.task.q_kvar):
                lost |= (values[np.ix_(rows, self._dead)] != 0).any(axis=1)
            if self.task.inverters is not None:
                lost |= self.task.inverters.stated_at(self._dead, rows)
        return lost

    def injection(self, rows: Ints, power: Floats | None = None) -> Injection:
        """What the loaded ports inject in some rows, written to the block ``power`` if one is given."""
        base = self.task.net.base_kva
        power = new_block(len(self.active), len(rows), np.float64) if power is None else power
        for axis, values in enumerate((self.task.p_kw, self.task.q_kvar)):
            np.multiply(_block(values, rows)[:, self.active].T, 1 / base, out=power[:, axis])
        inverters = None
        if self.inverters is not None:
            inverters = self.inverters.rows(power, base, self.task.net.port_v_pu, self.active, rows)
        return Injection(power=power, shares=self.shares, inverters=inverters)

    def contradicts(self, v_source: Floats, rows: Ints) -> Bools:
        """Rows in which one place is held at two voltages."""
        plan, free = self.task.holding, self.grid.topology.free_count
        if plan is None:
            return np.zeros(len(rows), dtype=bool)
        return plan.contradicts(self.active, self.slots, free, self.task.net.port_v_pu, v_source, rows)

    def held(self, rows: Ints) -> HeldPorts | None:
        """Ports that hold their voltage."""
        return None if self._held is None else self._held.rows(rows)


@dataclass
class Group:
    """Rows that share a switch pattern, fed by sources."""

    task: Task
    state: Bools
    source_v: Complexes
    """(1 or T, sources, m)"""
    kernel: str | None

    def run(self, chosen: slice | Ints, recorder: Recorder) -> None:
        """Solve the ``chosen`` rows."""
        rows = np.arange(chosen.start, chosen.stop) if isinstance(chosen, slice) else chosen
        self.grid = compiled(self.task.net, self.state)
        self.loading = Loading(self.task, self.grid, rows)
        self.ports = choose_form(self.grid, self.loading.slots, self.kernel, len(rows))
        self.compiled = is_compiled(self.kernel, self.ports.count, len(rows))
        rows = self._usable(rows, recorder)
        holding = self.loading.held(rows[:1])
        if holding is None:
            rows = self._fixed_point(rows, PatternRecorder(recorder, self.ports, self.loading.active))
        elif can_hold(holding):
            rows = self._held_point(rows, recorder)
        if len(rows):
            self._newton(rows, recorder)

    def _usable(self, rows: Ints, recorder: Recorder) -> Ints:
        """Refuse rows that cannot be tried."""
        good = self.loading.finite & self._sources_agree(rows)
        good &= ~self.loading.contradicts(np.abs(self._held(rows)), rows)
        recorder.refuse(rows[~good], Reason.BAD_INPUT)
        rows = rows if good.all() else rows[good]
        lost = self.loading.unsupplied(rows)
        recorder.refuse(rows[lost], Reason.UNSUPPLIED_BUS)
        return rows[~lost] if lost.any() else rows

    def _sources_agree(self, rows: Ints) -> Bools:
        held = self.source_v if len(self.source_v) == 1 else self.source_v[rows]
        slots = self.grid.topology.source_slots
        agree = (np.isfinite(held) | (slots < 0)).all(axis=(1, 2))
        flat, voltages = slots.ravel(), held.reshape(len(held), -1)
        several = np.unique(flat[flat >= 0]) if len(slots) > 1 else ()
        for slot in several:
            same = voltages[:, flat == slot]
            agree &= (np.abs(same - same[:, :1]) <= 1e-12).all(axis=1)
        return np.broadcast_to(agree, (len(rows),))

    def _held(self, rows: Ints) -> Complexes:
        """(held, 1 or c) voltages of the held slots."""
        top = self.grid.topology
        values = self.source_v if len(self.source_v) == 1 else self.source_v[rows]
        answer = np.zeros((self.grid.held_count, len(values)), dtype=np.complex128)
        used = top.source_slots >= 0
        answer[top.source_slots[used] - top.free_count] = values[:, used].T
        return answer

    def _fixed_point(self, rows: Ints, view: PatternRecorder) -> Ints:
        """Rows that it leaves."""
        width = self._width()
        space = Workspace(self.ports)
        plain = self._power_and_sources_are_constant() and bool(len(rows))
        lanes = self._lane_rows(rows) if plain and self.compiled else None
        form = self._unit_form(rows) if plain and lanes is None else None
        for patient in (False, True):
            if lanes is not None and not patient:
                left = self._lanes(lanes, rows, view)
            elif form is not None and not patient:
                left = self._constant_power(form, rows, view)
            else:
                left = [
                    self._chunk(rows[low : low + width], view, space, patient) for low in range(0, len(rows), width)
                ]
            rows = np.concatenate([rows[:0], *left])
        return rows

    def _power_and_sources_are_constant(self) -> bool:
        inconstant = self.loading.shares is not None or self.loading.inverters is not None
        return not inconstant and len(self.source_v) == 1 and self.ports.count > 0

    def _unit_form(self, rows: Ints) -> UnitForm | None:
        """The form for constant power and constant sources; ``None`` for substitution with sparse factors."""
        if isinstance(self.ports, SparsePorts):
            return None
        return unit_form(self.ports, self.loading.active, self._held(rows), self.task.net.base_kva)

    def _lane_rows(self, rows: Ints) -> LaneRows | None:
        """The same for the compiled kernel."""
        net = self.task.net
        form = lane_form(self.ports, self.loading.active, self._held(rows), net.base_kva)
        if form is None or (self.kernel is None and not pays(form)):
            return None
        counted = np.flatnonzero(net.node_is_phase[: len(form.node)])
        return LaneRows(form=form, p_kw=self.task.p_kw, q_kvar=self.task.q_kvar, counted=counted)

    def _lanes(self, lanes: LaneRows, rows: Ints, view: PatternRecorder) -> list[Ints]:
        """Rows that the compiled kernel leaves."""
        targets, base = view.targets(), self.task.net.base_kva
        if targets is not None:
            missed, still = lanes.voltages(rows, targets)
            good = still & (missed <= self.task.tolerance_pu * base)
            view.recorded(rows[good], missed[good] / base)
            return [rows[~good]]
        held, left = self._held(rows), []
        width = max(LANE_ROWS, _BLOCK_FLOATS // self.ports.count)
        for low in range(0, len(rows), width):
            part = rows[low : low + width]
            state, missed = lanes.state(part)
            left.append(self._keep(part, view, self.loading.injection(part), held, state, missed / base))
        return left

    def _constant_power(self, form: UnitForm, rows: Ints, view: PatternRecorder) -> list[Ints]:
        """Rows that it leaves."""
        width = unit_width(form, len(rows))
        kernels: dict[int, ConstantPower] = {}
        pool, held, left = Pool(), self._held(rows), []
        for low in range(0, len(rows), width):
            part = rows[low : low + width]
            if len(part) not in kernels:
                kernels[len(part)] = lent(form, self.loading.active, len(part), pool)
            power = _block(self.task.p_kw, part), _block(self.task.q_kvar, part)
            outcome = kernels[len(part)].run(*power, largest_kw=self.loading.largest_kw)
            mismatch = outcome.mismatch_kw / self.task.net.base_kva
            good = outcome.still & (mismatch <= self.task.tolerance_pu)
            if good.all() and view.takes(outcome):
                view.record_outcome(part, mismatch, held, outcome)
            else:
                state = scaled_state(outcome)
                left.append(self._keep(part, view, self.loading.injection(part), held, state, mismatch))
        give_back(kernels.values())
        return left

    def _width(self) -> int:
        """Rows of a chunk: the buffers of a dense form should stay in cache, a sweep needs long rows."""
        if isinstance(self.ports, TreePorts | SparsePorts):
            return TREE_ROWS
        return max(32, _BLOCK_FLOATS // max(1, 2 * self.ports.count) // 32 * 32)

    def _chunk(self, rows: Ints, view: PatternRecorder, space: Workspace, patient: bool) -> Ints:
        """Fixed point on some rows; records what is certified and returns the rest."""
        power = np.asarray(space.block("power", len(rows), np.float64), dtype=np.float64)
        held, injection = self._held(rows), self.loading.injection(rows, power)
        state = iterate(space, injection, held, patient=patient)
        mismatch = mismatch_pu(view.ports, injection, held, state)
        return self._keep(rows, view, injection, held, state, mismatch)

    def _keep(self, rows: Ints, view: PatternRecorder, injection: Injection, held: Complexes, state: State,
              mismatch: Floats) -> Ints:  # fmt: skip
        """Record the certified rows; return the others."""
        good = state.still & (mismatch <= self.task.tolerance_pu)
        if good.all():
            view.record(rows, mismatch, injection, held, state)
        elif good.any():
            kept = State(voltage=state.voltage[:, :, good], current=state.current[:, :, good], still=state.still[good])
            held = held if held.shape[1] == 1 else held[:, good]
            view.record(rows[good], mismatch[good], injection.take(good), held, kept)
        return rows[~good]

    def _held_point(self, rows: Ints, recorder: Recorder) -> Ints:
        """Rows with PV buses that it leaves."""
        dense = DensePorts(self.grid, self.ports.pairs)
        view = PatternRecorder(recorder, dense, self.loading.active)
        width, left = max(32, _BLOCK_FLOATS // max(1, 2 * dense.count)), [rows[:0]]
        for low in range(0, len(rows), width):
            part = rows[low : low + width]
            held, holding = self._held(part), self.loading.held(part)
            assert holding is not None
            state, injection, apart = iterate_held(dense, self.loading.injection(part), held, holding)
            mismatch = np.maximum(mismatch_pu(dense, injection, held, state), apart)
            left.append(self._keep(part, view, injection, held, state, mismatch))
        return np.concatenate(left)

    def _newton(self, rows: Ints, recorder: Recorder) -> None:
        """Continuation for the rows that are still open; what is not certified stays open."""
        dense = DensePorts(self.grid, self.ports.pairs)
        held, injection = self._held(rows), self.loading.injection(rows)
        no_load = np.broadcast_to(dense.no_load @ held, (dense.count, len(rows)))
        holding = self.loading.held(rows)
        system = PortSystem(z=dense.z, no_load=no_load, injection=injection, held=holding)
        x, solved, collapsed = continue_rows(system, len(rows))
        recorder.refuse(rows[collapsed], Reason.NO_SOLUTION)
        voltage = system.voltages(x)
        apart = np.zeros(len(rows))
        if holding is not None:
            q = x[2 * dense.count :]
            injection = holding.with_q(injection, q)
            apart = np.abs(holding.error(np.abs(voltage[holding.at]), q)[0]).max(axis=0, initial=0.0)
        with np.errstate(all="ignore"):
            current = currents(voltage, injection)
        state = State(voltage=as_block(no_load + dense.z @ current), current=as_block(current), still=solved)
        mismatch = np.maximum(mismatch_pu(dense, injection, held, state), apart)
        self._keep(rows, PatternRecorder(recorder, dense, self.loading.active), injection, held, state, mismatch)


def _extremes(block: Floats) -> tuple[Floats, Floats]:
    """Highest and lowest value of each column, NaN if any is. Short rows are taken several at a time."""
    rows, columns = block.shape
    several = max(1, 512 // max(1, columns))
    if several == 1 or rows < 2 * several or not block.flags.c_contiguous:
        return block.max(axis=0), block.min(axis=0)
    whole = rows // several * several
    wide = block[:whole].reshape(-1, several * columns)
    ends = [(wide.max(axis=0), wide.min(axis=0))] + (
        [(block[whole:].max(axis=0), block[whole:].min(axis=0))] if whole < rows else []
    )
    high, low = (np.concatenate([end[side].reshape(-1, columns) for end in ends]) for side in (0, 1))
    return high.max(axis=0), low.min(axis=0)


def _block(values: Floats, rows: Ints) -> Floats:
    """Rows of ``values``, without a copy where they follow each other."""
    if len(rows) and rows[-1] - rows[0] == len(rows) - 1:
        return values[rows[0] : rows[-1] + 1]
    return values[rows]
