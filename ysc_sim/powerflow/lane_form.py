"""The network as the compiled kernel sees it: one elimination, in units of the no-load voltages, whose steps are few
enough to be walked for every turn of every row.

With the sources constant over the rows, v = E·x at every node and i = j/conj(E) at every port, so that r = x − 1 obeys

    Σ_k a_ik·r_k = j_i,      a_ik = conj(E_i)·Y_ik·E_k,      Σ_k a_ik + a_i,root = 0.

Its rows sum to zero: x = 1 is what no load gives. A pivot is therefore the negative sum of what stands beside it, and
nothing is ever subtracted [1]_; a radial network comes out as a tree of pure series impedances, a meshed one has a few
entries more. Nodes without a load on no more than two others are eliminated first: no current ever reaches them, and
they are met again only when all voltages are written down. Others follow in the order of least degree, in post-order.

In an island the voltages of the inverters differ from row to row. They are places that are never eliminated: what comes
to one of them is the current that its inverter is spared by the ports.

.. [1] W. K. Grassmann, M. I. Taksar, D. P. Heyman, "Regenerative analysis and steady state distributions for Markov
   chains", Operations Research 33 (1985) 1107–1116, for matrices with rows that sum to zero.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import numpy as np

from ysc_sim.powerflow.network import EARTH, Complexes
from ysc_sim.powerflow.ports import AnyPorts
from ysc_sim.units import Bools, Ints

SMALLEST_NO_LOAD_PU = 1e-3
"""A node with less no-load voltage, such as a neutral, is no unit to count in."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """Node ``k`` is eliminated: r_k = z·b_k + Σ d·r, and its current b_k goes on to the others with the weights c."""

    k: int
    z: complex
    beside: dict[int, tuple[complex, complex]]
    """(c, d) by node"""
    follows: bool
    """r_k = z·b_k + r of the one node beside it, or of the root"""


@dataclass(frozen=True, kw_only=True, eq=False)
class LaneForm:
    """N places in the order of elimination; place N is the root, whose r is 0; behind it the formers of an island."""

    quiet: int
    """The first places, to which no current comes."""
    up: Ints
    """(N,) the place that each hangs on."""
    z: Complexes
    """(N,) r = z·b + r[up], or Σ takes·r"""
    gives_start: Ints
    """(N + 1,) where the further places begin to which the current of each goes on …"""
    gives_to: Ints
    """… which they are …"""
    gives: Complexes
    """… and with what weights; to ``up`` it is 1."""
    takes_start: Ints
    """(N + 1,) the same for r, where it does not follow ``up`` alone with the weight 1; with ``up``, …"""
    takes_from: Ints
    takes: Complexes
    column: Ints
    """(N,) column of its power in the rows of a task, -1: none."""
    turn: Complexes
    """(N,) factor on its current, and with its conjugate on its power, that makes the weight to ``up`` 1."""
    port: Ints
    """(P,) place of each port."""
    voltage_factor: Complexes
    """(P,) voltage in the scaling of the ports per x."""
    current_factor: Complexes
    """(P,) current in that scaling per b."""
    node: Ints
    """(nodes,) place of each node of the network."""
    node_unit: Complexes
    """(nodes,) its voltage per x; 0 where it is dead."""
    formers: int = 0
    """Places whose r is given, row by row"""

    @property
    def cost_ns(self) -> float:
        """Of a row, roughly as measured."""
        return 25.0 * (len(self.up) - self.quiet) + 15.0 * (len(self.gives) + len(self.takes))


def lane_form(ports: AnyPorts, columns: Ints, held: Complexes, base_kva: float, former: Ints | None = None
              ) -> LaneForm | None:  # fmt: skip
    """The form for the held voltages (held, 1) and ports at ``columns`` of the power, remembered by the ports; ``None``
    for ports that do not end at earth, and where a node has no no-load voltage to speak of.

    ``former`` (held,): number of the inverter that moves each of the held voltages; ``None``: they are constant."""
    key = b"lanes" + held.tobytes() + columns.tobytes() + (b"" if former is None else b"f" + former.tobytes())
    if key not in ports.forms:
        if len(ports.forms) >= 4:
            ports.forms.clear()
        ports.forms[key] = _form(ports, columns, held, base_kva, former)
    form: LaneForm | None = ports.forms[key]
    return form


def _form(ports: AnyPorts, columns: Ints, held: Complexes, base_kva: float, former: Ints | None) -> LaneForm | None:
    top = ports.grid.topology
    unit = ports.grid.no_load @ held[:, 0]
    at_ports = unit[ports.pairs[:, 0]]
    usable = np.abs(unit[: top.free_count]).min(initial=1.0) >= SMALLEST_NO_LOAD_PU
    usable = usable and np.abs(at_ports).min(initial=1.0) >= SMALLEST_NO_LOAD_PU
    if not usable or np.any(ports.pairs[:, 1] != EARTH):
        return None
    loaded = np.zeros(top.free_count, dtype=bool)
    loaded[ports.pairs[ports.pairs[:, 0] < top.free_count, 0]] = True
    to = np.arange(top.count)
    """Number of each slot among the nodes that are eliminated and the formers behind them; -1: the root"""
    to[top.free_count :] = -1 if former is None else top.free_count + former
    formers = 0 if former is None else int(former.max(initial=-1)) + 1
    found = _eliminated(*_matrix(ports, unit, base_kva, to, formers), loaded)
    if found is None:
        return None
    steps, quiet = found
    steps, port = _with_ports(steps, quiet, to[ports.pairs[:, 0]], top.free_count, formers)
    return _laid_out(_post_order(steps, quiet), quiet, ports, columns, port, held, base_kva, to, formers)


def _matrix(ports: AnyPorts, unit: Complexes, base_kva: float, to: Ints, formers: int
            ) -> tuple[list[dict[int, complex]], list[complex]]:  # fmt: skip
    """Off-diagonal entries a_ik by row, and a_i,root, in kW."""
    top = ports.grid.topology
    inner = to[top.rows] >= 0
    rows, columns = top.rows[inner], top.columns[inner]
    values = base_kva * unit[rows].conj() * top.values[inner] * unit[columns]
    near: list[dict[int, complex]] = [{} for _ in range(top.free_count + formers)]
    root = [0j] * len(near)
    for i, j, value in zip(to[rows].tolist(), to[columns].tolist(), values.tolist(), strict=True):
        if j < 0:
            root[i] += value
        elif i != j:
            near[i][j] = near[i].get(j, 0j) + value
            near[j].setdefault(i, 0j)
    return near, root


def _eliminated(near: list[dict[int, complex]], root: list[complex], loaded: Bools) -> tuple[list[Step], int] | None:
    """Steps and how many of them are quiet; spoils ``near`` and ``root``. ``None``: a pivot is 0."""

    def rank(k: int) -> tuple[bool, int, int]:
        return (bool(loaded[k]) or len(near[k]) > 2 or started, len(near[k]), k)

    started = False
    heap = [rank(k) for k in range(len(loaded))]
    heapq.heapify(heap)
    steps: list[Step] = []
    quiet, gone = 0, [False] * len(loaded)
    while heap:
        late, degree, k = heapq.heappop(heap)
        if gone[k] or degree != len(near[k]):
            continue
        if late and not started:
            started, quiet = True, len(steps)
        gone[k] = True
        step = _eliminate(k, near, root)
        if step is None:
            return None
        steps.append(step)
        for j in step.beside:
            if j < len(loaded):
                heapq.heappush(heap, rank(j))
    return steps, quiet if started else len(steps)


def _eliminate(k: int, near: list[dict[int, complex]], root: list[complex]) -> Step | None:
    row = near[k]
    pivot = -(sum(row.values()) + root[k])
    if pivot == 0:
        return None
    beside: dict[int, tuple[complex, complex]] = {}
    for i in row:
        target = near[i]
        c = -target.pop(k) / pivot
        beside[i] = (c, -row[i] / pivot)
        root[i] += c * root[k]
        for j, value in row.items():
            if j != i:
                target[j] = target.get(j, 0j) + c * value
    return Step(k=k, z=1 / pivot, beside=beside, follows=not row or (len(row) == 1 and root[k] == 0))


def _with_ports(steps: list[Step], quiet: int, at: Ints, free: int, formers: int) -> tuple[list[Step], list[int]]:
    """A node of its own for each port: further ports at a node, and those at a source or former, hang on it without
    impedance. Answers the node of each port, too."""
    taken: set[int] = set()
    added: list[Step] = []
    nodes: list[int] = []
    for k in at.tolist():
        if 0 <= k < free and k not in taken:
            taken.add(k)
            nodes.append(k)
            continue
        node = free + formers + len(added)
        added.append(Step(k=node, z=0j, beside={k: (1 + 0j, 1 + 0j)} if k >= 0 else {}, follows=True))
        nodes.append(node)
    return steps[:quiet] + added + steps[quiet:], nodes


def _post_order(steps: list[Step], quiet: int) -> list[Step]:
    """Steps that are not quiet such that what hangs on a node comes right before it: it is then still in cache."""
    place = {step.k: number for number, step in enumerate(steps)}
    below: dict[int, list[int]] = {}
    tops: list[int] = []
    for number in range(quiet, len(steps)):
        above = min((place[j] for j in steps[number].beside if j in place), default=-1)
        (below.setdefault(above, []) if above >= 0 else tops).append(number)
    order: list[int] = []
    stack = tops
    while stack:
        number = stack.pop()
        order.append(number)
        stack.extend(below.get(number, []))
    return steps[:quiet] + [steps[number] for number in reversed(order)]


def _laid_out(steps: list[Step], quiet: int, ports: AnyPorts, columns: Ints, port: list[int], held: Complexes,
              base_kva: float, to: Ints, formers: int) -> LaneForm:  # fmt: skip
    count, unit = len(steps), ports.grid.no_load @ held[:, 0]
    place = {step.k: number for number, step in enumerate(steps)}
    place |= {ports.grid.topology.free_count + n: count + 1 + n for n in range(formers)} | {-1: count}
    up, turn = np.full(count, count), np.ones(count + 1 + formers, dtype=np.complex128)
    gives: list[list[tuple[int, complex]]] = [[] for _ in steps]
    takes: list[list[tuple[int, complex]]] = [[] for _ in steps]
    for number in range(count - 1, -1, -1):
        step = steps[number]
        if not step.beside:
            continue
        first = max(step.beside, key=lambda j: abs(step.beside[j][0]))
        up[number] = place[first]
        turn[number] = turn[place[first]] * step.beside[first][0]
        others = ((j, c) for j, (c, _) in step.beside.items() if j != first)
        gives[number] = [(place[j], c * turn[place[j]] / turn[number]) for j, c in others]
        if not step.follows:
            takes[number] = [(place[j], d) for j, (_, d) in step.beside.items()]
    at = np.array([place[k] for k in port], dtype=np.int64)
    column = np.full(count, -1)
    column[at] = columns
    voltage_factor, current_factor = _factors(ports, held, unit, turn[at], base_kva)
    turn = turn[:count]
    node, node_unit = _nodes(ports, place, unit, to)
    return LaneForm(
        quiet=quiet,
        up=up,
        z=np.array([step.z for step in steps], dtype=np.complex128) / turn,
        gives_start=_starts(gives),
        gives_to=_ints(gives),
        gives=_weights(gives),
        takes_start=_starts(takes),
        takes_from=_ints(takes),
        takes=_weights(takes),
        column=column,
        turn=turn,
        port=at,
        voltage_factor=voltage_factor,
        current_factor=current_factor,
        node=node,
        node_unit=node_unit,
        formers=formers,
    )


_Links = list[list[tuple[int, complex]]]


def _starts(links: _Links) -> Ints:
    return np.concatenate([[0], np.cumsum([len(some) for some in links])]).astype(np.int64)


def _ints(links: _Links) -> Ints:
    return np.array([place for some in links for place, _ in some], dtype=np.int64)


def _weights(links: _Links) -> Complexes:
    return np.array([weight for some in links for _, weight in some], dtype=np.complex128)


def _factors(ports: AnyPorts, held: Complexes, unit: Complexes, turn: Complexes, base_kva: float
             ) -> tuple[Complexes, Complexes]:  # fmt: skip
    """Voltages per x and currents per b in the scaling of the ports."""
    e, one = unit[ports.pairs[:, 0]], np.ones((ports.count, 1), dtype=np.complex128)
    voltage, current = ports.true_voltage(one, held)[:, 0], ports.true_current(one, held)[:, 0]
    return e / voltage, 1 / (turn * e.conj() * base_kva * current)


def _nodes(ports: AnyPorts, place: dict[int, int], unit: Complexes, to: Ints) -> tuple[Ints, Complexes]:
    net, top = ports.grid.net, ports.grid.topology
    slots = top.slot[: net.bus_count * net.conductors]
    at = [place[number] for number in np.where(slots >= 0, to[slots], -1).tolist()]
    return np.array(at, dtype=np.int64), np.where(slots >= 0, unit[slots], 0)
