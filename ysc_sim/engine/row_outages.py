"""Outages that differ from row to row: data, not SimPy events. A row loses and regains the grid at its own instants."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ysc_sim.contracts import OutageWindow
from ysc_sim.units import Bools, Floats, Ints


class RowOutages:
    """Where each row stands in its own list of windows: the grid is lost at even edges, back at odd ones."""

    def __init__(self, windows: Sequence[Sequence[OutageWindow]], rows: int) -> None:
        most = max((len(some) for some in windows), default=0)
        self._edge_s = np.full((rows, 2 * most + 1), np.inf)
        self._announced = np.zeros((rows, 2 * most + 1), dtype=np.bool_)
        for row, some in enumerate(windows):
            self._edge_s[row, : 2 * len(some)] = [edge for window in some for edge in window[:2]]
            self._announced[row, : 2 * len(some) : 2] = [window.notice_s > 0 for window in some]
        self._at = np.zeros(rows, dtype=np.int64)

    @property
    def next_s(self) -> Floats:
        """Seconds from the start of each row's next change, (S,); inf where none comes."""
        return self._edge_s[np.arange(len(self._at)), self._at]

    def announced(self, rows: Ints) -> Bools:
        """Whether the outage that has just begun in ``rows`` had been announced."""
        found: Bools = self._announced[rows, np.maximum(self._at[rows] - 1, 0)]
        return found

    def due(self, rows: Ints, t_s: Floats) -> tuple[Bools, Bools]:
        """Which of ``rows`` lose the grid and which regain it at their instants ``t_s`` (k,); each is told once."""
        now = self.next_s[rows] <= t_s
        losing = self._at[rows] % 2 == 0
        self._at[rows[now]] += 1
        return now & losing, now & ~losing
