"""Sweeps over a tree, in blocks: small connected pieces of the tree are full matrices, the tree of the pieces is
swept.

A node's own addition costs more in calling than in adding; a matrix of a few dozen nodes runs at the speed of the
matrix product. Upward, each block gives the rises within it and the sum of its flows (a further row of the
matrix), which enters the block above at one node; downward, the rise of that node is added to the whole block.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ysc_sim.powerflow.blocks import aligned, stacked
from ysc_sim.powerflow.network import Complexes
from ysc_sim.powerflow.tree import Tree
from ysc_sim.units import Floats, Ints

BLOCK = 14
"""Nodes of a block, at most (measured)."""


def cut(parent: Ints, size: int = BLOCK) -> list[tuple[list[int], int]]:
    """Blocks of at most ``size`` nodes, those below first: (nodes, parents first; node they hang on, -1: the root).

    All nodes of a block reach the node it hangs on without leaving the block.

    >>> cut(np.array([-1, 0, 1, 1]), size=2)
    [([2], 1), ([1, 3], 0), ([0], -1)]
    """
    below: dict[int, list[list[int]]] = {}
    blocks: list[tuple[list[int], int]] = []
    above = [*parent.tolist(), -1]
    for k in range(len(parent) - 1, -2, -1):
        own = [k] if k >= 0 else []
        full: list[int] = []
        for piece in sorted(below.pop(k, []), key=len):
            if k >= 0 and len(own) + len(piece) <= size:
                own = own + piece
            elif len(full) + len(piece) <= size:
                full = full + piece
            else:
                blocks.append((sorted(full), k))
                full = piece
        if full:
            blocks.append((sorted(full), k))
        if own:
            below.setdefault(above[k], []).append(own)
    return blocks


def path_impedance(parent: Ints, z: Complexes, nodes: list[int]) -> Complexes:
    """(n, n) rises within a block per current of its nodes: the impedance of the path they share."""
    place = {node: k for k, node in enumerate(nodes)}
    path: Floats = np.zeros((len(nodes), len(nodes)))
    for k, node in enumerate(nodes):
        up = place.get(int(parent[node]))
        if up is not None:
            path[k] = path[up]
        path[k, k] = 1.0
    return np.asarray((path * z[nodes]) @ path.T)


def _impedance(parent: Ints, z: Complexes, nodes: list[int]) -> Complexes:
    """Rises within a block for its flows; its last row: their sum."""
    return np.concatenate([path_impedance(parent, z, nodes), np.ones((1, len(nodes)))])


class Pieces:
    """A tree cut into blocks, and the matrices of the blocks."""

    def __init__(self, tree: Tree) -> None:
        blocks, count = cut(tree.parent), len(tree.parent)
        self.into: Ints = np.zeros(count, dtype=np.int64)
        """(N,) row of each node among the flows of a :class:`Sweep`."""
        self.out_of: Ints = np.zeros(count, dtype=np.int64)
        """(N,) row of each node among its rises, where a block has a row more."""
        low = 0
        for number, (nodes, _) in enumerate(blocks):
            self.into[nodes] = low + np.arange(len(nodes))
            self.out_of[nodes] = self.into[nodes] + number
            low += len(nodes)
        self.blocks = [
            (self.into[nodes[0]], len(nodes), number, _alternating(_impedance(tree.parent, tree.z, nodes)),
             (self.into[above], self.out_of[above]) if above >= 0 else None)
            for number, (nodes, above) in enumerate(blocks)
        ]  # fmt: skip


def _alternating(matrix: Complexes) -> Floats:
    """Real form of a complex matrix for vectors in which real and imaginary parts alternate."""
    r, k = matrix.shape
    return stacked(matrix).reshape(2, r, 2, k).transpose(1, 0, 3, 2).reshape(2 * r, 2 * k)


class Sweep:
    """Voltage rises x − 1 from currents on one tree, for c rows: buffers and views on them."""

    def __init__(self, pieces: Pieces, width: int, dtype: type[np.floating[Any]]) -> None:
        count = len(pieces.into)
        self.flow = aligned((count, 2, width), dtype)
        """(N, 2, c) real and imaginary part of the node currents."""
        self._rise = aligned((count + len(pieces.blocks), 2, width), dtype)
        self._upward, self._downward = [], []
        for low, size, number, matrix, above in pieces.blocks:
            flow, rise = self.flow[low : low + size], self._rise[low + number : low + number + size + 1]
            link = None if above is None else (self.flow[above[0]], rise[-1])
            product = (matrix.astype(dtype), flow.reshape(-1, width), rise.reshape(-1, width))
            self._upward.append((product, link))
            if above is not None:
                self._downward.append((rise[:-1], self._rise[above[1]]))
        self._downward.reverse()

    def run(self) -> npt.NDArray[np.floating[Any]]:
        """Rises for the node currents in ``flow``, which it spoils; rows as ``out_of`` says."""
        for (matrix, flow, rise), link in self._upward:
            np.matmul(matrix, flow, out=rise)
            if link is not None:
                np.add(link[0], link[1], link[0])
        for block, above in self._downward:
            np.add(block, above, block)
        return self._rise
