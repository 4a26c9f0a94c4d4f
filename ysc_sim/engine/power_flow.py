"""Voltages, loading and losses of every recorded interval, solved as one batch after the run.

With ``power_flow: control`` the losses shown are those that were booked inside the run (:mod:`.flow`).

Injections are the mean powers of the recorded interval: demand that was served with the power factor of the network,
generation with that of its inverters, stores with none. The high-voltage side of the transformers (of a file: its
sources) holds the voltage, also in an island, where the forming inverter is taken to keep it there; what the network
lacks then, its losses, is shown and not part of the island's balance. While nothing holds the voltage the network is
dead: no voltage, no loss, no violation.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from ysc_sim.community.arrays import Community
from ysc_sim.community.wires import Section, Wires
from ysc_sim.engine.modes import MODES
from ysc_sim.engine.network_day import hardest_intervals, network_day
from ysc_sim.engine.run import Run
from ysc_sim.powerflow import EARTH, Reason, Solution, solve
from ysc_sim.powerflow.network import Complexes
from ysc_sim.results.power_flow import BranchPeak, PowerFlow
from ysc_sim.units import Floats, Ints, hours

CHUNK_VALUES = 2_000_000
"""Complex node voltages held at once."""
WANTED = ("v_pu", "loss_kw", "slack_kw", "slack_kvar", "branch_loading_percent")
GENERATION = ("pv_kwh", "wind_kwh", "genset_kwh")
ON_LIMIT_PU = 1e-9
"""A voltage this near to its limit has not left it."""


def solve_after_run(community: Community, run: Run) -> PowerFlow | None:
    """Everything that the network did; None where no power flow is asked for."""
    wires = community.wires
    if wires is None:
        return None
    powers = Powers(run, wires)
    alive = energised_share(community, run)
    gathered = Gathered(powers.load_kw.shape, hours(run.record_s))
    for section in wires.sections:
        gathered.add(section, powers, np.flatnonzero(alive.ravel() > 0))
    flow = gathered.finish(wires, powers, alive)
    hardest = hardest_intervals(run.axis, run.record_s, flow)
    if len(hardest):
        rows = hardest * community.rows  # of the first row of the ensemble
        hard = network_day(wires.sections, community.buildings, lambda part: powers.at_ports(part, rows), hardest)
        flow = replace(flow, day=hard)
    return _as_booked(run, flow) if wires.control else flow


def _as_booked(run: Run, flow: PowerFlow) -> PowerFlow:
    """Losses and the point of connection as they were booked while the run went on."""
    booked, length_h = run.recorder.community, hours(run.record_s)
    through = (booked["import_kwh"] - booked["export_kwh"])[:, :, 0] / length_h
    return replace(flow, loss_kw=booked["loss_kwh"][:, :, 0] / length_h, connection_p_kw=through, in_balance=True)


class Powers:
    """Mean power of every building in every interval, (T, S, n), > 0 injects."""

    def __init__(self, run: Run, wires: Wires) -> None:
        columns, length_h = run.recorder.columns, hours(run.record_s)
        nothing = np.zeros_like(columns["load_kwh"])
        self.load_kw = (columns.get("unserved_kwh", nothing) - columns["load_kwh"]) / length_h
        self.other_kw = (columns["export_kwh"] - columns["import_kwh"]) / length_h - self.load_kw
        generated = sum((columns[name] for name in GENERATION if name in columns), nothing) / length_h
        self.load_kvar = self.load_kw * wires.load_tan_phi
        self.other_kvar = -generated * wires.generation_tan_phi

    def at_ports(self, section: Section, rows: Ints) -> tuple[Floats, Floats]:
        """Power at the ports of a section in some of the T·S rows, (R, P) kW and kvar."""

        def spread(load: Floats, other: Floats, fixed: Floats) -> Floats:
            n = load.shape[2]
            mine = np.ix_(rows, section.buildings)
            own = load.reshape(-1, n)[mine] @ section.load_to_port
            return own + other.reshape(-1, n)[mine] @ section.other_to_port + fixed

        active = spread(self.load_kw, self.other_kw, section.fixed_p_kw)
        return active, spread(self.load_kvar, self.other_kvar, section.fixed_q_kvar)


def energised_share(community: Community, run: Run) -> Floats:
    """Part of each recorded interval in which something holds the voltage of the wires, (T, S).

    Where all buildings are one cell, unless it is dark; where each is its own, only while the grid is there.
    """
    edges = run.record_s * np.arange(-(-run.axis.duration_s // run.record_s) + 1, dtype=np.float64)
    dark = np.zeros((len(edges) - 1, community.rows))
    for row, start_s, end_s in _dark_spans(community, run):
        inside = np.minimum(edges[1:], end_s) - np.maximum(edges[:-1], start_s)
        dark[:, row] += np.maximum(inside, 0.0)
    share: Floats = 1.0 - dark / run.record_s
    return np.where(share < ON_LIMIT_PU, 0.0, share)


def _dark_spans(community: Community, run: Run) -> Iterator[tuple[int, float, float]]:
    if len(community.cells) > 1:
        for row, windows in enumerate(community.row_outages or (community.outages,) * community.rows):
            for window in windows:
                yield row, float(window.start_s), float(window.end_s)
        return
    nobody = {mode.name for mode in MODES if mode.slack == "nobody"}
    since: dict[int, float] = {}
    for event in sorted(run.events, key=lambda event: event.t_s):
        if event.row in since:
            yield event.row, since.pop(event.row), event.t_s
        if event.to_mode in nobody:
            since[event.row] = event.t_s
    for row, start_s in since.items():
        yield row, start_s, float(run.axis.duration_s)


class Gathered:
    """What the sections of a network come to, row by row."""

    def __init__(self, shape: tuple[int, ...], length_h: float) -> None:
        self.shape, self.length_h = shape, length_h
        rows, n = shape[0] * shape[1], shape[2]
        self.low, self.high = np.full((rows, n), np.nan), np.full((rows, n), np.nan)
        self.violated = np.zeros((rows, n), dtype=np.bool_)
        self.network_low, self.network_high = np.full(rows, np.nan), np.full(rows, np.nan)
        self.line, self.transformer = np.full(rows, np.nan), np.full(rows, np.nan)
        self.p_kw, self.q_kvar, self.loss_kw = np.zeros(rows), np.zeros(rows), np.zeros(rows)
        self.solved = np.ones(rows, dtype=np.bool_)
        self.mismatch_kva = 0.0
        self.branches: list[BranchPeak] = []
        self.unsolved: Counter[str] = Counter()

    def add(self, section: Section, powers: Powers, alive: Ints) -> None:
        """Solve one section in the rows that are alive."""
        peak, over = np.zeros(section.net.branch_count), np.zeros(section.net.branch_count)
        step = max(1, CHUNK_VALUES // (section.net.bus_count * section.net.conductors))
        for first in range(0, len(alive), step):
            rows = alive[first : first + step]
            solution = solve(section.net, *powers.at_ports(section, rows), want=WANTED)
            for reason, count in zip(*np.unique(solution.reason[~solution.ok], return_counts=True), strict=True):
                self.unsolved[Reason(reason).name] += int(count)
            self.solved[rows[~solution.ok]] = False
            worst = np.fmax.reduce(solution.mismatch_pu, initial=0.0) * section.net.base_kva
            self.mismatch_kva = max(self.mismatch_kva, float(worst))
            good = np.flatnonzero(solution.ok)
            if not good.size:
                continue
            self._voltages(section, solution.v_pu[good].reshape(len(good), -1), rows[good])
            self._flows(solution, good, rows[good])
            loading = solution.branch_loading_percent[good]
            if loading.ndim > 2:  # by conductor
                loading = np.maximum.reduce(loading, axis=2)
            self._loading(section, loading, rows[good], peak, over)
        over /= self.shape[1]
        for number, name in enumerate(section.net.branch_names):
            kind = "line" if number < section.line_count else "transformer"
            self.branches.append(BranchPeak(name, kind, float(peak[number]), float(over[number])))

    def _voltages(self, section: Section, node_pu: Complexes, rows: Ints) -> None:
        first, second = section.watched.T
        across = node_pu[:, first] - np.where(second == EARTH, 0.0, node_pu[:, second])
        v = np.abs(across) / section.watched_nominal
        v[v == 0.0] = np.nan  # a bus out of service, or without a source
        wrong = (v < section.low_pu - ON_LIMIT_PU) | (v > section.high_pu + ON_LIMIT_PU)
        self.network_low[rows] = np.fmin(self.network_low[rows], np.fmin.reduce(v, axis=1))
        self.network_high[rows] = np.fmax(self.network_high[rows], np.fmax.reduce(v, axis=1))
        at = np.flatnonzero(section.watched_building >= 0)
        starts = np.flatnonzero(np.diff(section.watched_building[at], prepend=-1))
        place = np.ix_(rows, section.buildings)
        self.low[place] = np.fmin.reduceat(v[:, at], starts, axis=1)
        self.high[place] = np.fmax.reduceat(v[:, at], starts, axis=1)
        self.violated[place] = np.logical_or.reduceat(wrong[:, at], starts, axis=1)

    def _flows(self, solution: Solution, good: Ints, rows: Ints) -> None:
        self.loss_kw[rows] += solution.loss_kw[good]
        self.p_kw[rows] += np.add.reduce(solution.slack_kw[good], axis=1)
        self.q_kvar[rows] += np.add.reduce(solution.slack_kvar[good], axis=1)

    def _loading(self, section: Section, percent: Floats, rows: Ints, peak: Floats, over: Floats) -> None:
        np.maximum(peak, np.maximum.reduce(percent, axis=0), out=peak)
        over += np.count_nonzero(percent > 100.0 * (1.0 + ON_LIMIT_PU), axis=0) * self.length_h
        lines, others = percent[:, : section.line_count], percent[:, section.line_count :]
        for total, part in ((self.line, lines), (self.transformer, others)):
            if part.shape[1]:
                total[rows] = np.fmax(total[rows], np.maximum.reduce(part, axis=1))

    def finish(self, wires: Wires, powers: Powers, alive: Floats) -> PowerFlow:
        """Everything in the shape of the run; what is not known of the whole network is NaN."""
        shape, lost = self.shape, ~self.solved

        def whole(values: Floats) -> Floats:
            values[lost] = np.nan
            return values.reshape(shape[:2])

        return PowerFlow(
            kind=wires.kind,
            p_kw=powers.load_kw + powers.other_kw,
            q_kvar=powers.load_kvar + powers.other_kvar,
            min_voltage_pu=self.low.reshape(shape),
            max_voltage_pu=self.high.reshape(shape),
            violated=self.violated.reshape(shape),
            network_min_voltage_pu=whole(self.network_low),
            network_max_voltage_pu=whole(self.network_high),
            connection_p_kw=whole(self.p_kw),
            connection_q_kvar=whole(self.q_kvar),
            loss_kw=whole(self.loss_kw),
            line_loading_percent=whole(self.line),
            transformer_loading_percent=whole(self.transformer),
            energised_share=alive,
            solved=self.solved.reshape(shape[:2]),
            limits_pu=_narrowest(wires),
            mismatch_kva=self.mismatch_kva,
            branches=tuple(self.branches),
            unsolved=dict(sorted(self.unsolved.items())),
        )


def _narrowest(wires: Wires) -> tuple[float, float]:
    """The highest lower and the lowest upper limit of any building."""
    lows = np.concatenate([part.low_pu[part.watched_building >= 0] for part in wires.sections])
    highs = np.concatenate([part.high_pu[part.watched_building >= 0] for part in wires.sections])
    return float(lows.max()), float(highs.min())


def unsolved_notes(flow: PowerFlow | None) -> Iterator[dict[str, object]]:
    """What the reader must know where not every interval could be solved."""
    if flow is None or not flow.unsolved:
        return
    lost = int(np.count_nonzero(~flow.solved))
    reasons = ", ".join(f"{name} {count}" for name, count in flow.unsolved.items())
    yield {"key": "power_flow_unsolved", "count": lost, "of": flow.solved.size, "reasons": reasons}
