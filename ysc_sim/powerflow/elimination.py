"""Sparse Gaussian elimination for admittance matrices, written for many right-hand sides.

Nodes are eliminated in the order of least current degree (Markowitz [1]_, Tinney's scheme 2 [2]_), so a
radial feeder creates no fill-in at all. Everything that depends on the number of right-hand sides is a NumPy
row operation; Python only walks over the nodes, once, when a switch pattern is compiled.

.. [1] H. M. Markowitz, "The elimination form of the inverse", Management Science 3 (1957) 255–269.
.. [2] W. F. Tinney, J. W. Walker, "Direct solutions of sparse network equations by optimally ordered
triangular
   factorization", Proc. IEEE 55 (1967) 1801–1809.
"""

from __future__ import annotations

import heapq

import numpy as np

from ysc_sim.powerflow.network import Complexes
from ysc_sim.units import Ints


class SingularNetworkError(ValueError):
    """Some living node has no fixed relation to a source (a floating winding without earthing)."""


class Elimination:
    """Factors of a sparse square complex matrix given by coordinates (duplicates add up).

    >>> one = np.array([0, 0, 1, 1])
    >>> factors = Elimination(2, one, np.array([0, 1, 0, 1]), np.array([2, -1, -1, 2], dtype=complex))
    >>> factors.solve(np.array([[1.0], [0.0]], dtype=complex)).real.round(3).ravel()
    array([0.667, 0.333])
    """

    def __init__(self, count: int, rows: Ints, columns: Ints, values: Complexes) -> None:
        self.count = count
        self._coordinates = (rows, columns, values)
        table: list[dict[int, complex]] = [{} for _ in range(count)]
        for i, j, value in zip(rows.tolist(), columns.tolist(), values.tolist(), strict=True):
            row = table[i]
            row[j] = row.get(j, 0.0) + value
        for i, row in enumerate(table):
            for j in row:
                table[j].setdefault(i, 0.0)
        self._steps: list[tuple[int, complex, Ints, Complexes, Complexes]] = []
        self._factor(table)

    def _factor(self, table: list[dict[int, complex]]) -> None:
        scale = [max((abs(value) for value in row.values()), default=0.0) for row in table]
        heap = [(len(row), k) for k, row in enumerate(table)]
        heapq.heapify(heap)
        gone = [False] * self.count
        while heap:
            degree, k = heapq.heappop(heap)
            if gone[k] or degree != len(table[k]):
                continue
            gone[k] = True
            row = table[k]
            pivot = row.pop(k, 0.0)
            if not abs(pivot) > 1e-13 * scale[k]:
                raise SingularNetworkError(f"slot {k} floats: no path fixes its voltage against a source.")
            near = list(row)
            below = [table[i].pop(k) / pivot for i in near]
            for i, factor in zip(near, below, strict=True):
                target = table[i]
                for j in near:
                    target[j] = target.get(j, 0.0) - factor * row[j]
            for i in near:
                heapq.heappush(heap, (len(table[i]), i))
            self._steps.append(
                (
                    k,
                    pivot,
                    np.array(near, dtype=np.int64),
                    np.array(below, dtype=np.complex128),
                    np.array([row[j] for j in near], dtype=np.complex128),
                )
            )

    def solve(self, right: Complexes) -> Complexes:
        """x (count, R) of A·x = ``right`` (count, R), with one step of iterative refinement."""
        x = self.substitute(right)
        return x + self.substitute(right - self.multiply(x))

    def multiply(self, x: Complexes) -> Complexes:
        """A·x for x (count, R)."""
        rows, columns, values = self._coordinates
        order = np.argsort(rows, kind="stable")
        answer = np.zeros((self.count, x.shape[1]), dtype=np.complex128)
        bounds = np.searchsorted(rows[order], np.arange(self.count + 1))
        for k in range(self.count):
            chosen = order[bounds[k] : bounds[k + 1]]
            answer[k] = (values[chosen, None] * x[columns[chosen]]).sum(axis=0)
        return answer

    def substitute(self, right: Complexes) -> Complexes:
        """x (count, R) as :meth:`solve`, without the refinement."""
        x = right.astype(np.complex128, copy=True)
        for k, _, near, below, _ in self._steps:
            if len(near):
                x[near] -= below[:, None] * x[k]
        for k, pivot, near, _, beside in reversed(self._steps):
            if len(near):
                x[k] -= (beside[:, None] * x[near]).sum(axis=0)
            x[k] /= pivot
        return x
