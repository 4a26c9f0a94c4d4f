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

import numpy as np

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
    stack = list(range(free_count, count))
    above = dict.fromkeys(stack, -1)
    feeder = {held: held - free_count for held in stack}
    free: list[int] = []  # in depth-first order: a sweep then meets a node again while it is still in cache
    while stack:
        k = stack.pop()
        if k < free_count:
            free.append(k)
        for j in near[k]:
            if j in (k, above[k]):
                continue
            if j in above:
                return None
            above[j] = k
            feeder[j] = feeder[k]
            stack.append(j)
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
