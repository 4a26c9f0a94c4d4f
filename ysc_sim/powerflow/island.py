"""Islands without a slack: grid-forming inverters share the load by droop, and the frequency is found.

Rows go the same way as in :mod:`.solve`: patterns of switches, chunks, fixed point, Newton with continuation
for what is left, and a verdict in float64 on the power mismatch of every port and of every droop equation.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from ysc_sim.powerflow.arguments import (
    Asked,
    patterns,
    switch_rows,
    wanted,
)
from ysc_sim.powerflow.batch import Loading, Task
from ysc_sim.powerflow.boundary import Boundary
from ysc_sim.powerflow.certify import mismatch_pu
from ysc_sim.powerflow.elimination import SingularNetworkError
from ysc_sim.powerflow.fixed_point import State
from ysc_sim.powerflow.forming import Droop, Forming, divided, droop_of
from ysc_sim.powerflow.injection import Injection, currents
from ysc_sim.powerflow.island_point import Forms, IslandPoint, IslandState, droop_error
from ysc_sim.powerflow.island_rows import PAYS_FROM, IslandRows
from ysc_sim.powerflow.island_system import IslandSystem
from ysc_sim.powerflow.lane_rows import is_compiled, pays
from ysc_sim.powerflow.network import Complexes, Network
from ysc_sim.powerflow.newton import continue_rows
from ysc_sim.powerflow.port_system import PortSystem
from ysc_sim.powerflow.ports import DensePorts, as_block, as_complex
from ysc_sim.powerflow.recorder import PatternRecorder, Recorder, kept_shapes
from ysc_sim.powerflow.solution import ISLAND_RESULTS, RESULTS, Reason, Solution
from ysc_sim.units import Bools, Floats, Ints

_BLOCK_FLOATS = 64_000


def solve_island(
    net: Network,
    p_kw: npt.ArrayLike,
    q_kvar: npt.ArrayLike,
    forming: Forming,
    *,
    tolerance_pu: float = 1e-8,
    closed: npt.ArrayLike | None = None,
    controls: Asked | None = None,
    want: Iterable[str] | None = None,
    kernel: str | None = None,
) -> Solution:
    """AC power flow of islands fed by grid-forming inverters, for T independent rows.

    Arguments and results as in :func:`~ysc_sim.powerflow.solve`, besides:

    forming : the inverters; their fields may have the T axis
    solution.frequency_hz : (T, n_island), islands in the order of their first inverter; NaN where a switch
        pattern has fewer
    kernel : ``"dense"`` or ``"compiled"`` (extra ``fast``) instead of the choice by the size of the task
    solution.forming_p_kw, .forming_q_kvar : (T, g) > 0: the inverter supplies; 0 at a bus out of service

    Sources of the network are ignored. Reactances are those at nominal frequency. Angles are 0 at the first
    inverter of each island. A row in which an inverter would leave its limits is ``FORMING_LIMIT``.

    Raises ``ValueError`` for wrong shapes, names or buses, ``ImportError`` where the compiled kernel is asked for
    without numba. A row that cannot be solved never raises.

    >>> import numpy as np
    >>> from ysc_sim.powerflow import Forming, Network, series_admittance, solve_island
    >>> y = series_admittance(np.array([0.016 + 0j]), v_kv=0.4, base_kva=1000.0)
    >>> net = Network(v_nominal_kv=np.array([0.4, 0.4]), leg_bus=np.array([[0, 1]]), leg_y_pu=y)
    >>> forming = Forming(bus=[0], rated_kva=100.0, p_ref_kw=0.0, q_ref_kvar=0.0, v_ref_pu=1.0,
    ...                   p_droop_pu=0.02, q_droop_pu=0.05)
    >>> solution = solve_island(net, [0, -50.0], 0.0, forming)
    >>> solution.frequency_hz.round(4), solution.forming_p_kw.round(3)  # 50·(1 − 0.02·50.252/100)
    (array([[49.4975]]), array([[50.253]]))
    """
    forming.check(net)
    if kernel not in (None, "dense", "compiled"):
        raise ValueError(f"kernel(={kernel!r}) must be 'dense', 'compiled' or None.")
    names, states = wanted(want, RESULTS + ISLAND_RESULTS), switch_rows(net, closed)
    task = Task.of(net, p_kw, q_kvar, controls, tolerance_pu=tolerance_pu, closed=len(states), forming=forming.rows)
    groups = [
        (_IslandGroup(task, forming, Boundary(net, state, np.asarray(forming.bus)), kernel), chosen)
        for state, chosen in patterns(states, task.rows)
    ]
    islands = max((group.boundary.island_count for group, _ in groups), default=0)
    recorder = Recorder(net, Solution(task.rows, kept_shapes(net, names, islands=islands, formers=forming.count)))
    for group, chosen in groups:
        try:
            group.run(np.arange(task.rows)[chosen], recorder)
        except SingularNetworkError:  # of this pattern alone: the other rows are kept
            if len(groups) == 1:
                raise
            recorder.refuse(chosen, Reason.NOT_CONVERGED)
    return recorder.finish()


@dataclass
class _IslandGroup:
    """Rows that share a switch pattern."""

    task: Task
    forming: Forming
    boundary: Boundary
    kernel: str | None

    def run(self, rows: Ints, recorder: Recorder) -> None:
        """Solve the ``rows``."""
        self.loading = Loading(self.task, self.boundary.grid, rows)
        self.ports = DensePorts(self.boundary.grid, self.loading.slots)
        self.view = PatternRecorder(recorder, self.ports, self.loading.active)
        self.living = np.flatnonzero(self.boundary.node >= 0)
        limited = self.forming.p_min_kw is not None or self.forming.p_max_kw is not None
        self.divides = limited or not {"forming_p_kw", "forming_q_kvar"}.isdisjoint(recorder.solution.kept)
        compiled = is_compiled(self.kernel, self.ports.count, len(rows), pays_from=PAYS_FROM)
        rows = self._usable(rows, recorder)
        if self.loading.held(rows[:1]) is None:
            rows = self._fixed_point(rows, self._lanes(rows) if compiled else None)
        if len(rows):
            self._newton(rows, recorder)

    def _usable(self, rows: Ints, recorder: Recorder) -> Ints:
        good = self.loading.finite & self.forming.finite(rows)
        good[good] = self._droop(rows[good]).consistent & self._angles_defined(rows[good])
        recorder.refuse(rows[~good], Reason.BAD_INPUT)
        rows = rows[good]
        lost = self.loading.unsupplied(rows)
        recorder.refuse(rows[lost], Reason.UNSUPPLIED_BUS)
        return rows[~lost]

    def _angles_defined(self, rows: Ints) -> Bools:
        """False where two nodes of one island hold the frequency: how they share is not defined."""
        stiff = self._droop(rows).slack_p == 0
        answer = np.ones(stiff.shape[1], dtype=bool)
        for island in range(self.boundary.island_count):
            answer &= stiff[self.boundary.island == island].sum(axis=0) <= 1
        return answer

    def _droop(self, rows: Ints) -> Droop:
        return self._constant_droop if self.forming.rows == 1 else self._droop_at(rows)

    @cached_property
    def _constant_droop(self) -> Droop:
        return self._droop_at(np.zeros(1, dtype=np.int64))

    def _droop_at(self, rows: Ints) -> Droop:
        given = {name: value[self.living] for name, value in self.forming.at(rows).items()}
        return droop_of(given, self.boundary.node[self.living], self.boundary.count, self.task.net.base_kva)

    def _lanes(self, rows: Ints) -> IslandRows | None:
        """What the compiled kernel needs; ``None`` where it cannot take the ``rows``, or is slower."""
        loading = self.loading
        if loading.shares is not None or loading.inverters is not None or not len(rows):
            return None
        given = self.task.p_kw, self.task.q_kvar
        lanes = IslandRows.of(self.boundary, self.ports, loading.active, self._droop(rows), *given)
        return lanes if lanes is None or self.kernel is not None or pays(lanes.form) else None

    def _fixed_point(self, rows: Ints, lanes: IslandRows | None) -> Ints:
        """Rows that it leaves."""
        point = IslandPoint(self.boundary, self.ports)
        width = max(32, _BLOCK_FLOATS // max(1, 2 * (self.ports.count + self.boundary.count)) // 32 * 32)
        for patient in (False, True):
            left = []
            for low in range(0, len(rows), width):
                part = rows[low : low + width]
                injection, droop = self.loading.injection(part), self._droop(part)
                if lanes is not None and not patient:
                    state = lanes.run(part, droop)
                else:
                    state = point.run(injection, droop, patient=patient)
                left.append(part[~self._keep(part, injection, droop, state)])
            rows = np.concatenate([rows[:0], *left])
        return rows

    def _newton(self, rows: Ints, recorder: Recorder) -> None:
        injection, droop, holding = self.loading.injection(rows), self._droop(rows), self.loading.held(rows)
        w, k = self.boundary.seen_by(self.ports)
        none = np.zeros((self.ports.count, 1), dtype=np.complex128)
        ports = PortSystem(z=self.ports.z, no_load=none, injection=injection, held=holding)
        shape = (self.boundary.count, len(rows))
        first = Forms(
            angle=np.broadcast_to(self.boundary.start_angle[:, None], shape),
            magnitude=np.broadcast_to(droop.v_ref, shape),
            frequency=np.zeros((self.boundary.island_count, len(rows))),
        )
        system = IslandSystem(ports=ports, boundary=self.boundary, droop=droop, w=w, k=k, first=first)
        x, solved, collapsed = continue_rows(system, len(rows))
        recorder.refuse(rows[collapsed], Reason.NO_SOLUTION)
        forms, voltage = system.forms(x), ports.voltages(x)
        apart = np.zeros(len(rows))
        if holding is not None:
            injection = holding.with_q(injection, ports.reactive(x))
            apart = np.abs(holding.error(np.abs(voltage[holding.at]), ports.reactive(x))[0]).max(axis=0)
        with np.errstate(all="ignore"):
            current = currents(voltage, injection)
        state = IslandState(
            voltage=as_block(w @ forms.phasor() + self.ports.z @ current),
            current=as_block(current),
            forms=forms,
            still=solved & (apart <= self.task.tolerance_pu),
        )
        self._keep(rows, injection, droop, state)

    def _keep(self, rows: Ints, injection: Injection, droop: Droop, state: IslandState) -> Bools:
        """Record the certified rows; returns which are settled, for good or for ill."""
        boundary, base = self.boundary, self.task.net.base_kva
        u = state.forms.phasor()
        held = boundary.spread @ u
        ports = State(voltage=state.voltage, current=state.current, still=state.still)
        mismatch = mismatch_pu(self.ports, injection, held, ports)
        current = boundary.self_admittance @ u
        current = current + boundary.spread.conj().T @ (self.ports.held_current @ as_complex(state.current))
        power = u * current.conj()
        mismatch = np.maximum(mismatch, self._droop_mismatch(droop, state.forms, power))
        good = state.still & (mismatch <= self.task.tolerance_pu)
        p_kw, q_kvar = self._divided(rows, state.forms, power * base)
        inside = self._inside(rows, p_kw)
        self.view.refuse(rows[good & ~inside], Reason.FORMING_LIMIT)
        kept = good & inside
        if kept.all():
            self.view.record(rows, mismatch, injection, held, ports)
            self._record(rows, state.forms.frequency, p_kw, q_kvar)
        elif kept.any():
            chosen = State(voltage=state.voltage[:, :, kept], current=state.current[:, :, kept], still=good[kept])
            self.view.record(rows[kept], mismatch[kept], injection.take(kept), held[:, kept], chosen)
            self._record(rows[kept], state.forms.frequency[:, kept], p_kw[:, kept], q_kvar[:, kept])
        return good

    def _droop_mismatch(self, droop: Droop, forms: Forms, power: Complexes) -> Floats:
        """(c,) largest miss of a droop equation, in p.u. of power; of voltage or frequency where those are
        held."""
        error = np.abs(droop_error(self.boundary, droop, forms, power))
        slack = np.concatenate([droop.slack_p, droop.slack_q])
        scale = np.where(slack > 0, slack, 1.0)
        return np.asarray((error / np.maximum(scale, 1e-12)).max(axis=0, initial=0.0))

    def _divided(self, rows: Ints, forms: Forms, power: Complexes) -> tuple[Floats, Floats]:
        """(g, c) power of each inverter, in kW and kvar; 0 at dead ones. (0, c) where nobody asks for it."""
        if not self.divides:
            return np.empty((0, len(rows))), np.empty((0, len(rows)))
        living, node = self.living, self.boundary.node[self.living]
        given = {name: value[living] for name, value in self.forming.at(rows).items()}
        answer = np.zeros((2, self.forming.count, len(rows)))
        falls = (-forms.frequency[self.boundary.island[node]], given["v_ref_pu"] - forms.magnitude[node])
        parts = ((power.real, "p_ref_kw", "p_droop_pu"), (power.imag, "q_ref_kvar", "q_droop_pu"))
        for axis, ((total, ref, droop), fall) in enumerate(zip(parts, falls, strict=True)):
            answer[axis][living] = divided(total, given[ref], given["rated_kva"], given[droop], fall, node)
        return answer[0], answer[1]

    def _inside(self, rows: Ints, p_kw: Floats) -> Bools:
        given, slack = self.forming.at(rows), self.task.tolerance_pu * self.task.net.base_kva
        answer = np.ones(len(rows), dtype=bool)
        for k in self.living:
            if "p_min_kw" in given:
                answer &= p_kw[k] >= given["p_min_kw"][k] - slack
            if "p_max_kw" in given:
                answer &= p_kw[k] <= given["p_max_kw"][k] + slack
        return answer

    def _record(self, rows: Ints, frequency: Floats, p_kw: Floats, q_kvar: Floats) -> None:
        solution, nominal = self.view.solution, self.task.net.frequency_hz
        if "frequency_hz" in solution.kept:
            solution.frequency_hz[rows] = np.nan
            solution.frequency_hz[rows[:, None], np.arange(len(frequency))] = nominal * (1 + frequency.T)
        for name, values in (("forming_p_kw", p_kw), ("forming_q_kvar", q_kvar)):
            if name in solution.kept:
                getattr(solution, name)[rows] = values.T
