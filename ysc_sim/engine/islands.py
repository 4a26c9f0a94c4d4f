"""Which cells hang together: islands are the parts of the tree of cells that closed switches join."""

from __future__ import annotations

import numpy as np

from ysc_sim.community.arrays import Community, State
from ysc_sim.units import Bools, Floats, Ints


def islands_of(community: Community, state: State, closed: Bools | None = None) -> Ints | None:
    """The uppermost cell of the island that each cell belongs to, (R, c); None where every cell is one by itself.

    ``closed`` (R, c): switches as they would be, if not as they are. Cell 0 is the community's own wires: what carries
    its number is joined to them, and to the grid if that is there.
    """
    if not community.nested:
        return None
    joined = state.closed if closed is None else closed
    top = np.empty(state.mode.shape, dtype=np.int64)
    for c, parent in enumerate(community.parents.tolist()):
        top[:, c] = c if parent < 0 else np.where(joined[:, c], top[:, parent], c)
    return top


def pool(values: Floats, top: Ints | None) -> Floats:
    """Sum over each island, told to all of its cells: (R, c) or (R, c, k). Added up in the order of the cells."""
    if top is None:
        return values
    rows = np.arange(len(values))
    total = np.zeros(values.shape)
    for c in range(values.shape[1]):
        total[rows, top[:, c]] += values[:, c]
    return np.take_along_axis(total, top if values.ndim == 2 else top[:, :, None], axis=1)


def any_in_island(found: Bools, top: Ints | None) -> Bools:
    """Whether any cell of each island has it."""
    return found if top is None else pool(found.astype(np.float64), top) > 0


def beneath(community: Community, cell: int) -> Bools:
    """The cell and everything in it, (c,)."""
    inside = np.zeros(len(community.cells), dtype=np.bool_)
    inside[cell] = True
    for c, parent in enumerate(community.parents.tolist()):
        if parent >= 0 and inside[parent]:
            inside[c] = True
    return inside
