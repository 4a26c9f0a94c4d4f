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
from ysc_sim.engine.settle import parts_of
from ysc_sim.powerflow import EARTH, Reason, Solution, solve
from ysc_sim.powerflow.network import Complexes
from ysc_sim.results.long_columns import LongColumns
from ysc_sim.results.power_flow import BranchPeak, PowerFlow
from ysc_sim.units import Floats, Ints, hours

CHUNK_VALUES = 2_000_000
"""Complex node voltages held at once."""
BLOCK_VALUES = 1 << 19
LEAST_ROWS = 512
"""Buildings times rows of which all sections are solved before the next ones are looked at, and rows at least."""
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
    gathered = Gathered(wires, (*alive.shape, len(community.buildings)), hours(run.record_s))
    lives = alive.ravel() > 0
    for first in range(0, len(lives), gathered.at_once):
        part = slice(first, min(first + gathered.at_once, len(lives)))
        gathered.begin(part, *powers.of_all(part))
        for number in range(len(wires.sections)):
            gathered.add(number, powers, first + np.flatnonzero(lives[part]))
        gathered.let_go(first)
        run.recorder.let_go(first // community.rows)
    flow = gathered.finish(wires, alive)
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
    """Mean power of every building in every interval, > 0 injects: worked out where it is asked for."""

    def __init__(self, run: Run, wires: Wires) -> None:
        n = len(run.community.buildings)
        names = ("load_kwh", "unserved_kwh", "import_kwh", "export_kwh", *GENERATION)
        columns = run.recorder.columns
        self._columns = {name: columns[name].reshape(-1, n) for name in names if name in columns}
        self._length_h, self._wires = hours(run.record_s), wires

    def of_all(self, part: slice) -> tuple[Floats, Floats]:
        """Of all buildings in a part of the T·S rows, (R, n) kW and kvar."""
        load, other = self._of(part, slice(None))
        return load[0] + other[0], load[1] + other[1]

    def at_ports(self, section: Section, rows: Ints) -> tuple[Floats, Floats]:
        """Power at the ports of a section in some of the T·S rows, (R, P) kW and kvar."""
        whole = len(rows) and rows[-1] - rows[0] == len(rows) - 1
        load, other = self._of(slice(int(rows[0]), int(rows[-1]) + 1) if whole else rows, section.buildings)
        active, reactive = (
            mine @ section.load_to_port + rest @ section.other_to_port for mine, rest in zip(load, other, strict=True)
        )
        return active + section.fixed_p_kw, reactive + section.fixed_q_kvar

    def _of(self, rows: slice | Ints, buildings: slice | Ints) -> tuple[tuple[Floats, Floats], tuple[Floats, Floats]]:
        """Demand that was served, and all else: kW and kvar."""
        part = {name: column[rows][:, buildings] for name, column in self._columns.items()}
        load = (part.get("unserved_kwh", 0.0) - part["load_kwh"]) / self._length_h
        other = (part["export_kwh"] - part["import_kwh"]) / self._length_h - load
        generated = sum((part[name] for name in GENERATION if name in part), np.zeros_like(load)) / self._length_h
        taken = -generated * self._wires.generation_tan_phi[buildings]
        return (load, load * self._wires.load_tan_phi), (other, taken)


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
    """What the sections of a network come to, row by row. Large arrays lie on disk, however many rows there are."""

    def __init__(self, wires: Wires, shape: tuple[int, ...], length_h: float) -> None:
        self.shape, self.length_h, self.sections = shape, length_h, wires.sections
        rows, n = shape[0] * shape[1], shape[2]
        self.at_once = max(LEAST_ROWS, BLOCK_VALUES // max(n, 1))
        """Rows of which all sections are solved before the next ones."""
        numbers = dict.fromkeys(("p_kw", "q_kvar", "low", "high"), np.float64)
        self._long = LongColumns({**numbers, "violated": np.bool_}, (rows, n))
        self.low, self.high = self._long.arrays["low"], self._long.arrays["high"]
        self.violated = self._long.arrays["violated"]
        self.network_low, self.network_high = np.full(rows, np.nan), np.full(rows, np.nan)
        self.line, self.transformer = np.full(rows, np.nan), np.full(rows, np.nan)
        self.p_kw, self.q_kvar, self.loss_kw = np.zeros(rows), np.zeros(rows), np.zeros(rows)
        self.solved = np.ones(rows, dtype=np.bool_)
        self.mismatch_kva = 0.0
        self._peak = [np.zeros(section.net.branch_count) for section in self.sections]
        self._over = [np.zeros(section.net.branch_count) for section in self.sections]
        self.unsolved: Counter[str] = Counter()

    def begin(self, part: slice, p_kw: Floats, q_kvar: Floats) -> None:
        """Rows in which the buildings inject these powers (R, n): nothing is known of their voltages yet."""
        self._long.arrays["p_kw"][part], self._long.arrays["q_kvar"][part] = p_kw, q_kvar
        self.low[part] = self.high[part] = np.nan

    def let_go(self, row: int) -> None:
        """Everything before ``row`` is known."""
        self._long.let_go(row)

    def add(self, number: int, powers: Powers, alive: Ints) -> None:
        """Solve one section in the rows that are alive."""
        section = self.sections[number]
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
            nodes = solution.v_pu.reshape(len(rows), -1)
            for part in parts_of(len(good), len(section.watched)):
                self._voltages(section, nodes[good[part]], rows[good[part]])
            self._flows(solution, good, rows[good])
            loading = solution.branch_loading_percent
            loading = loading if good.size == len(rows) else loading[good]
            if loading.ndim > 2:  # by conductor
                loading = np.maximum.reduce(loading, axis=2)
            self._loading(section, loading, rows[good], self._peak[number], self._over[number])

    @property
    def branches(self) -> Iterator[BranchPeak]:
        """Every branch of every section."""
        for section, peak, over in zip(self.sections, self._peak, self._over, strict=True):
            for number, name in enumerate(section.net.branch_names):
                kind = "line" if number < section.line_count else "transformer"
                yield BranchPeak(name, kind, float(peak[number]), float(over[number] / self.shape[1]))

    def _voltages(self, section: Section, node_pu: Complexes, rows: Ints) -> None:
        first, second = section.watched.T
        across = node_pu[:, first]
        if (second != EARTH).any():
            across -= np.where(second == EARTH, 0.0, node_pu[:, second])
        v = np.abs(across)
        v /= section.watched_nominal
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

    def finish(self, wires: Wires, alive: Floats) -> PowerFlow:
        """Everything in the shape of the run; what is not known of the whole network is NaN."""
        shape, lost = self.shape, ~self.solved

        def whole(values: Floats) -> Floats:
            values[lost] = np.nan
            return values.reshape(shape[:2])

        return PowerFlow(
            kind=wires.kind,
            p_kw=self._long.arrays["p_kw"].reshape(shape),
            q_kvar=self._long.arrays["q_kvar"].reshape(shape),
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
