"""Sums over groups along the last axis: devices → buildings, buildings → cells.

Sums run over groups of the last axis, which are brought together where they are not, so that a row alone and in a batch
gives the same bits.

>>> two = Segments(np.array([0, 0, 2]), 3)
>>> two.sum(np.array([[1.0, 2.0, 4.0]])).tolist()
[[3.0, 0.0, 4.0]]
>>> two.spread(np.array([[1.0, 2.0, 3.0]])).tolist()
[[1.0, 1.0, 3.0]]
"""

from __future__ import annotations

from functools import cached_property

import numpy as np

from ysc_sim.units import Floats, Ints

LITTLE = 2048
"""Values that are copied sooner than NumPy has made a view of them."""


class Segments:
    """Members ``m`` in ``count`` groups; ``group`` (m,) names each member's group, in any order."""

    def __init__(self, group: Ints, count: int) -> None:
        rises = not (np.diff(group) < 0).any()
        self._order = None if rises else np.argsort(group, kind="stable")
        self.group = group
        self.count = count
        members = len(group)
        self.identity = members == count and bool((group == np.arange(count)).all())
        self.whole = count == 1 and members > 0
        self.present, self._starts = np.unique(group if rises else group[self._order], return_index=True)
        self.one_each = len(self.present) == members

    @cached_property
    def all_in_one(self) -> Segments:
        """The same members as one group."""
        return Segments(np.zeros_like(self.group), 1)

    def sum(self, values: Floats) -> Floats:
        """(R, m) → (R, count). Where each group has just its own member, ``values`` itself is returned: read only."""
        if self.identity:
            return values
        if self.whole:
            # Added up along memory, whatever has become of the order of axes: else other last bits.
            return np.add.reduce(np.ascontiguousarray(values), axis=1, keepdims=True)
        out = np.zeros((values.shape[0], self.count))
        if self.one_each and len(values) == 1:
            out.put(self.group, values)  # half the time of an assignment by index
        elif self.one_each:
            out[:, self.group] = values
        else:
            sorted_values = values if self._order is None else np.ascontiguousarray(values[:, self._order])
            out[:, self.present] = np.add.reduceat(sorted_values, self._starts, axis=1)
        return out

    def spread(self, values: Floats) -> Floats:
        """(R, count) → (R, m): every member gets its group's value."""
        if self.identity:
            return values
        if self.whole and values.shape[0] * len(self.group) > LITTLE:
            return np.broadcast_to(values, (values.shape[0], len(self.group)))
        return values.take(self.group, axis=1)  # in C order, which an index is not
