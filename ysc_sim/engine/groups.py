"""Running sums inside the groups of each row: members stand in an order of their own, those of one group together."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ysc_sim.units import Bools, Floats, Ints

FITS_EPS = 1e-12
"""A size this little above what is left (relative) still fits."""


class Groups(NamedTuple):
    """Where the group of each member begins and ends, (R, m) positions."""

    first: Ints
    last: Ints

    @classmethod
    def of(cls, label: Ints) -> Groups:
        """Groups of labels (R, m) that do not fall.

        >>> Groups.of(np.array([[4, 4, 7]])).last.tolist()
        [[1, 1, 2]]
        """
        place = np.broadcast_to(np.arange(label.shape[1]), label.shape)
        change = np.diff(label, axis=1) != 0
        edge = np.ones((len(label), 1), dtype=np.bool_)
        begins, ends = np.concatenate([edge, change], axis=1), np.concatenate([change, edge], axis=1)
        first = np.maximum.accumulate(np.where(begins, place, 0), axis=1)
        last = np.minimum.accumulate(np.where(ends, place, label.shape[1])[:, ::-1], axis=1)[:, ::-1]
        return cls(first, last)

    def before(self, values: Floats) -> Floats:
        """Sum of the members of the same group that stand before each one.

        >>> Groups.of(np.array([[4, 4, 7]])).before(np.array([[1.0, 2.0, 3.0]])).tolist()
        [[0.0, 1.0, 0.0]]
        """
        running = np.cumsum(values, axis=1) - values
        found: Floats = running - np.take_along_axis(running, self.first, axis=1)
        return found

    def total(self, values: Floats) -> Floats:
        """Sum over each member's group."""
        found: Floats = np.take_along_axis(self.before(values) + values, self.last, axis=1)
        return found


def first_fit(size: Floats, room: Floats, groups: Groups, eligible: Bools) -> Bools:
    """Walk through each group in order and take whatever still fits into its ``room`` (R, m: told to every member).

    >>> groups = Groups.of(np.zeros((1, 4), dtype=np.int64))
    >>> first_fit(np.array([[2.0, 3.0, 1.0, 1.0]]), np.full((1, 4), 4.0), groups, np.ones((1, 4), dtype=bool)).tolist()
    [[True, False, True, True]]
    """
    chosen = np.zeros(size.shape, dtype=np.bool_)
    slack = FITS_EPS * np.maximum(room, 1.0)
    left = room
    waits = eligible & (size <= left + slack)
    while waits.any():
        here = size * waits
        fits = waits & (groups.before(here) + size <= left + slack)
        # Up to the first that does not fit, which falls out by then: so every turn ends with fewer that wait.
        taken = fits & (groups.before((waits & ~fits).astype(np.float64)) == 0)
        chosen |= taken
        left = left - groups.total(size * taken)
        waits &= ~taken & (size <= left + slack)
    return chosen
