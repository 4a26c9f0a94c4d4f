"""The day on which the network was used hardest, solved once more for every bus and branch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ysc_sim.community.wires import Section
from ysc_sim.powerflow import EARTH, Network, solve
from ysc_sim.results.network_day import INSTANTS, MOST_ELEMENTS, NetworkDay
from ysc_sim.results.power_flow import PowerFlow
from ysc_sim.timeseries import TimeAxis
from ysc_sim.units import Floats, Ints

WANTED = ("v_pu", "branch_loading_percent")
DAY_S = 86_400


@dataclass(frozen=True)
class _Piece:
    """What one section adds: its network and the values of its buses and branches at the instants."""

    net: Network
    buildings: Ints
    """Building of each bus, (b,); −1: none."""
    voltage_pu: Floats
    loading_percent: Floats
    line_count: int

    @property
    def size(self) -> int:
        return self.net.bus_count + len(_edges(self.net))

    @property
    def excursion(self) -> float:
        """How far it goes, the largest of all instants: 1 is 10 % of voltage, or the rating."""
        volts = np.nan_to_num(np.abs(self.voltage_pu - 1.0)).max(initial=0.0) / 0.1
        return float(max(volts, np.nan_to_num(self.loading_percent).max(initial=0.0) / 100.0))


def hardest_intervals(axis: TimeAxis, record_s: int, flow: PowerFlow) -> Ints:
    """One recorded interval of each half-hour of the hardest day, the hardest of it; of the first row.

    A day is one of the clock. Where nothing was solved there is none.
    """
    low, high = flow.limits_pu
    parts = (
        (1.0 - flow.network_min_voltage_pu[:, 0]) / max(1.0 - low, 1e-3),
        (flow.network_max_voltage_pu[:, 0] - 1.0) / max(high - 1.0, 1e-3),
        flow.line_loading_percent[:, 0] / 100.0,
        flow.transformer_loading_percent[:, 0] / 100.0,
    )
    hard = np.fmax.reduce(np.stack(parts), axis=0)
    if not np.isfinite(hard).any():
        return np.zeros(0, dtype=np.int64)
    began = axis.start.hour * 3600 + axis.start.minute * 60 + axis.start.second
    seconds = began + record_s * np.arange(len(hard), dtype=np.int64)
    worst = int(np.nanargmax(hard))
    of_day = np.flatnonzero(seconds // DAY_S == seconds[worst] // DAY_S)
    slot = seconds[of_day] // (DAY_S // INSTANTS)
    known = np.where(np.isfinite(hard[of_day]), hard[of_day], -np.inf)
    order = np.lexsort((-known, slot))
    first = np.flatnonzero(np.diff(slot[order], prepend=-1))
    return np.sort(of_day[order[first]])


def network_day(
    sections: Sequence[Section],
    buildings: Sequence[str],
    at_ports: Callable[[Section], tuple[Floats, Floats]],
    intervals: Ints,
) -> NetworkDay:
    """Every bus and branch at these intervals.

    ``at_ports``: active and reactive injections at the ports of a section, (K, ports) each.
    """
    pieces = [_piece(section, *at_ports(section)) for section in sections]
    kept = _within(pieces)
    return _joined(kept, buildings, intervals, sum(piece.size for piece in pieces) - sum(piece.size for piece in kept))


def _piece(section: Section, p_kw: Floats, q_kvar: Floats) -> _Piece:
    net = section.net
    solution = solve(net, p_kw, q_kvar, want=WANTED)
    nodes = solution.v_pu.reshape(len(p_kw), -1)
    first, second = section.watched.T
    across = np.abs(nodes[:, first] - np.where(second == EARTH, 0.0, nodes[:, second])) / section.watched_nominal
    across[across == 0.0] = np.nan
    bus = first // net.conductors
    voltage = np.full((len(p_kw), net.bus_count), np.nan)
    for place in range(len(bus)):
        farther = ~(np.abs(voltage[:, bus[place]] - 1.0) >= np.abs(across[:, place] - 1.0))
        voltage[farther, bus[place]] = across[farther, place]
    loading = solution.branch_loading_percent
    if loading.ndim > 2:  # by conductor
        loading = np.maximum.reduce(loading, axis=2)
    owner = np.full(net.bus_count, -1, dtype=np.int64)
    mine = section.watched_building >= 0
    owner[bus[mine]] = section.buildings[section.watched_building[mine]]
    return _Piece(net, owner, voltage, np.asarray(loading, dtype=np.float64), section.line_count)


def _within(pieces: Sequence[_Piece]) -> list[_Piece]:
    """As many as fit, those with the largest excursion first, in their order; the first one in any case."""
    kept: list[int] = []
    room = MOST_ELEMENTS
    for number in sorted(range(len(pieces)), key=lambda k: -pieces[k].excursion):
        if pieces[number].size <= room or not kept:
            kept.append(number)
            room -= pieces[number].size
    return [pieces[number] for number in sorted(kept)]


def _edges(net: Network) -> list[tuple[int, int, int]]:
    """(bus, bus, branch) of every leg between reported buses, and of every closed switch between two (branch −1).

    The legs of a three-winding transformer meet in an inner bus: they are drawn from its first bus to the others.
    """
    edges: list[tuple[int, int, int]] = []
    inner: dict[int, int] = {}
    for (start, end), branch in zip(net.leg_bus.tolist(), net.leg_branch.tolist(), strict=True):
        a, b = sorted((start, end))
        if b < net.bus_count:
            edges.append((start, end, branch))
        elif a < net.bus_count:
            if b in inner:
                edges.append((inner[b], a, branch))
            inner.setdefault(b, a)
    closed = net.switch_closed if len(net.switch_closed) else np.ones(len(net.switch_bus), dtype=bool)
    for (start, end), joined in zip(net.switch_bus.tolist(), closed.tolist(), strict=True):
        if joined and min(start, end) >= 0 and max(start, end) < net.bus_count:
            edges.append((start, end, -1))
    return edges


def _joined(pieces: Sequence[_Piece], buildings: Sequence[str], intervals: Ints, left_out: int) -> NetworkDay:
    names: list[str] = []
    owners: list[str] = []
    sources: list[bool] = []
    branch: list[tuple[str, str]] = []
    ends: list[tuple[int, int]] = []
    loading: list[Floats] = []
    for piece in pieces:
        offset = len(names)
        names += [str(name) for name in piece.net.bus_names[: piece.net.bus_count]]
        owners += ["" if b < 0 else buildings[b] for b in piece.buildings.tolist()]
        held = set(piece.net.source_bus.tolist()) | set(piece.net.source_terminal.tolist())
        sources += [bus in held for bus in range(piece.net.bus_count)]
        for start, end, number in _edges(piece.net):
            ends.append((offset + start, offset + end))
            branch.append(_named(piece, number))
            loading.append(piece.loading_percent[:, number] if number >= 0 else np.full(len(intervals), np.nan))
    return NetworkDay(
        interval=intervals,
        bus_names=tuple(names),
        bus_building=tuple(owners),
        bus_is_source=tuple(sources),
        voltage_pu=np.hstack([piece.voltage_pu for piece in pieces]),
        branch_names=tuple(name for name, _ in branch),
        branch_kinds=tuple(kind for _, kind in branch),
        ends=np.array(ends, dtype=np.int64).reshape(-1, 2),
        loading_percent=np.stack(loading, axis=1) if loading else np.zeros((len(intervals), 0)),
        left_out=left_out,
    )


def _named(piece: _Piece, number: int) -> tuple[str, str]:
    if number < 0:
        return "", "switch"
    return str(piece.net.branch_names[number]), "line" if number < piece.line_count else "transformer"
