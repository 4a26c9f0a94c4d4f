"""A radial network as a tree of pure series impedances, swept leaf to root and back.

Let ``w`` be the no-load voltage of each node for 1 p.u. at the root and ``u`` the same for the transposed
network. With V = w·x and J = u·I, the matrix diag(u)·Y·diag(w) has zero row and column sums at every node,
hence on a tree it is symmetric and describes series impedances alone: charging, magnetising branches, tap
ratios and phase shifts have all gone into the scaling. Sweeping is then exact for the linear part, not an
approximation of it:

    backward: J_branch(k) = Σ J of the nodes below k;   forward: x_k = x_parent + z_k · J_branch(k).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ysc_sim.powerflow.network import Complexes
from ysc_sim.units import Ints


@dataclass(frozen=True, kw_only=True)
class Tree:
    """Nodes in an order in which parents come first. ``parent`` -1: the root (held voltage, x = 1)."""

    parent: Ints
    """(N,) position of the parent, smaller than the own one."""
    z: Complexes
    """(N,) scaled series impedance to the parent."""
    slot: Ints
    """(N,) slot of the node at each position."""
    root: Ints
    """(N,) held slot (counted from the first held one) that feeds the node."""
    w: Complexes
    """(N,) no-load voltage per voltage of the root."""
    u: Complexes
    """(N,) the same for the transposed network."""


def find_tree(count: int, free_count: int, rows: Ints, columns: Ints, values: Complexes) -> Tree | None:
    """Tree of the living network, or ``None`` if it is meshed or a component has more than one held node."""
    near: list[dict[int, complex]] = [{} for _ in range(count)]
    for i, j, value in zip(rows.tolist(), columns.tolist(), values.tolist(), strict=True):
        near[i][j] = near[i].get(j, 0.0) + value
    links = sum(len(row) - (k in row) for k, row in enumerate(near))
    if links != 2 * free_count:  # each free node has exactly one link upwards
        return None
    order = list(range(free_count, count))
    above = dict.fromkeys(order, -1)
    feeder = {held: held - free_count for held in order}
    for k in order:
        for j in near[k]:
            if j in (k, above[k]):
                continue
            if j in above:
                return None
            above[j] = k
            feeder[j] = feeder[k]
            order.append(j)
    free = order[count - free_count :]
    return _scaled(free, above, feeder, near, free_count) if len(free) == free_count else None


def _scaled(
    free: list[int],
    above: dict[int, int],
    feeder: dict[int, int],
    near: list[dict[int, complex]],
    free_count: int,
) -> Tree | None:
    """Eliminate from the leaves to find the no-load voltages, then scale."""
    own = {k: near[k].get(k, 0.0) for k in free}
    for k in reversed(free):
        if above[k] < free_count:
            if own[k] == 0:
                return None
            own[above[k]] -= near[above[k]][k] * near[k][above[k]] / own[k]
    w: dict[int, complex] = {}
    u: dict[int, complex] = {}
    for k in free:
        if own[k] == 0:
            return None
        w[k] = -near[k][above[k]] / own[k] * w.get(above[k], 1.0)
        u[k] = -near[above[k]][k] / own[k] * u.get(above[k], 1.0)
    place = {k: position for position, k in enumerate(free)}
    z = [-1.0 / (u[k] * near[k][above[k]] * w.get(above[k], 1.0)) for k in free]
    return Tree(
        parent=np.array([place.get(above[k], -1) for k in free], dtype=np.int64),
        z=np.array(z, dtype=np.complex128),
        slot=np.array(free, dtype=np.int64),
        root=np.array([feeder[k] for k in free], dtype=np.int64),
        w=np.array([w[k] for k in free], dtype=np.complex128),
        u=np.array([u[k] for k in free], dtype=np.complex128),
    )


def prune(tree: Tree, wanted: Ints) -> tuple[Tree, Ints]:
    """The tree of the ``wanted`` positions and the forks between them; chains in between become one
    impedance.

    Returns the smaller tree and the position of each wanted node in it.
    """
    count = len(tree.parent)
    is_wanted = np.zeros(count, dtype=bool)
    is_wanted[wanted] = True
    parent = tree.parent.tolist()
    used, forks = is_wanted.tolist(), [0] * count
    for k in range(count - 1, -1, -1):
        used[k] = used[k] or forks[k] > 0
        if used[k] and parent[k] >= 0:
            forks[parent[k]] += 1
    keep = [used[k] and (bool(is_wanted[k]) or forks[k] > 1) for k in range(count)]
    z = tree.z.tolist()
    place, up, total = [-1] * count, [], []
    kept: list[int] = []
    for k in range(count):
        if not keep[k]:
            continue
        impedance, p = z[k], parent[k]
        while p >= 0 and not keep[p]:
            impedance, p = impedance + z[p], parent[p]
        place[k] = len(kept)
        kept.append(k)
        up.append(place[p] if p >= 0 else -1)
        total.append(impedance)
    chosen = np.array(kept, dtype=np.int64)
    small = Tree(
        parent=np.array(up, dtype=np.int64),
        z=np.array(total, dtype=np.complex128),
        slot=tree.slot[chosen],
        root=tree.root[chosen],
        w=tree.w[chosen],
        u=tree.u[chosen],
    )
    return small, np.array(place, dtype=np.int64)[wanted]


class Sweep:
    """Voltage rises x − 1 from currents on one tree, for blocks of shape (N, 2, c): real and imaginary part.

    The views on each node's row are made once per buffer: the loop over nodes costs one addition each way.
    """

    def __init__(self, tree: Tree, width: int, dtype: type[np.floating[Any]]) -> None:
        count = len(tree.parent)
        self.flow = np.zeros((count, 2, width), dtype=dtype)
        self.rise = np.zeros((count, 2, width), dtype=dtype)
        self._spare = np.empty((min(count, BLOCK), 2, width), dtype=dtype)
        self._r = np.ascontiguousarray(tree.z.real, dtype=dtype)[:, None]
        self._x = np.ascontiguousarray(tree.z.imag, dtype=dtype)[:, None]
        flow, rise = list(self.flow), list(self.rise)
        links = [(k, p) for k, p in enumerate(tree.parent.tolist()) if p >= 0]
        self._upward = [(flow[p], flow[k]) for k, p in reversed(links)]
        self._downward = [(rise[k], rise[p]) for k, p in links]

    def run(self) -> npt.NDArray[np.floating[Any]]:
        """Turn the node currents in ``flow`` into branch currents, and fill and return ``rise``."""
        add = np.add
        for above, below in self._upward:
            add(above, below, above)
        count = len(self.flow)
        for low in range(0, count, BLOCK):
            block = slice(low, min(low + BLOCK, count))
            spare = self._spare[: block.stop - low]
            flow, rise = self.flow[block], self.rise[block]
            np.multiply(flow, self._r[block, None], rise)
            np.multiply(flow, self._x[block, None], spare)
            rise[:, 0] -= spare[:, 1]
            rise[:, 1] += spare[:, 0]
        for below, above in self._downward:
            add(below, above, below)
        return self.rise


BLOCK = 32
"""Nodes worked on together: their temporaries stay in the first- and second-level cache."""
