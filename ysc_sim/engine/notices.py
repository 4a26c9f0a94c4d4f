"""Which outages have been announced by now: what operators say beforehand is no secret, what they do not say is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ysc_sim.community.arrays import Community
from ysc_sim.contracts import Notice, OutageWindow
from ysc_sim.engine.islands import beneath
from ysc_sim.units import Bools, Floats, Ints


class _Announced:
    """Announced windows of some buildings: (R0, w) each, R0 1 where all rows share them."""

    def __init__(self, windows: Sequence[Sequence[OutageWindow]]) -> None:
        told = [[window for window in some if window.notice_s > 0] for some in windows]
        shape = (len(told), max((len(some) for some in told), default=0))
        self.start_s, self.end_s, self.from_s = (np.full(shape, np.inf) for _ in range(3))
        for row, some in enumerate(told):
            self.start_s[row, : len(some)] = [window.start_s for window in some]
            self.end_s[row, : len(some)] = [window.told_end_s for window in some]
            self.from_s[row, : len(some)] = [window.start_s - window.notice_s for window in some]

    def at(self, rows: Ints, t_s: Floats) -> tuple[Floats, Floats]:
        """Start and end of the next announced window that is not over, (R,) each; inf where there is none."""
        pick = rows if len(self.start_s) > 1 else np.zeros_like(rows)
        known = (self.from_s[pick] <= t_s) & (self.end_s[pick] > t_s)
        start = np.where(known, self.start_s[pick], np.inf)
        first = start.min(axis=1, initial=np.inf)
        end = np.where(start == first[:, None], self.end_s[pick], np.inf).min(axis=1, initial=np.inf)
        return first, np.where(np.isfinite(first), end, np.inf)


class Notices:
    """Announcements of the grid's operator for all buildings, and of cuts for those behind each feeder."""

    def __init__(self, community: Community) -> None:
        n = len(community.buildings)
        self._rows, self._n = community.rows, n
        self._parts: list[tuple[Bools, _Announced]] = []
        whole = community.row_outages or (community.outages,)
        cuts = {window.cell for window in community.cuts}
        self._add(np.ones(n, dtype=np.bool_), whole)
        for cell in sorted(cuts):
            inside = beneath(community, community.cells.index(cell))[community.cell_of.group]
            self._add(inside, [[window for window in community.cuts if window.cell == cell]])

    def _add(self, buildings: Bools, windows: Sequence[Sequence[OutageWindow]]) -> None:
        announced = _Announced(windows)
        if announced.start_s.size:
            self._parts.append((buildings, announced))

    def at(self, rows: Ints | None, t_s: float | Floats) -> Notice:
        """What is known at ``t_s`` (scalar or (R, 1)) at each building, (R, n)."""
        which = np.arange(self._rows) if rows is None else rows
        now = np.broadcast_to(np.asarray(t_s, dtype=np.float64), (len(which), 1))
        start, end = (np.full((len(which), self._n), np.inf) for _ in range(2))
        for buildings, announced in self._parts:
            first, last = announced.at(which, now)
            sooner = buildings & (first[:, None] < start)
            start, end = np.where(sooner, first[:, None], start), np.where(sooner, last[:, None], end)
        return Notice(start, end)
