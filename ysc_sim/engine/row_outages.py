"""Outages that differ from row to row: data, not SimPy events. A row loses and regains the grid at its own instants."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ysc_sim.contracts import OutageWindow
from ysc_sim.units import Bools, Floats, Ints

RAMP, LOSS, BACK = range(3)


class RowOutages:
    """Where each row stands in its own list of edges: a ramp begins, the grid is lost, or back."""

    def __init__(self, windows: Sequence[Sequence[OutageWindow]], rows: int, ramp_s: float = 0.0) -> None:
        most = max((len(some) for some in windows), default=0)
        shape = (rows, 3 * most + 1)
        self._edge_s, self._lead_s = np.full(shape, np.inf), np.zeros(shape)
        self._kind, self._announced = np.full(shape, BACK), np.zeros(shape, dtype=np.bool_)
        for row, some in enumerate(windows):
            for k, (edge_s, kind, lead_s, told) in enumerate(edges_of(some, ramp_s)):
                self._edge_s[row, k], self._kind[row, k], self._lead_s[row, k] = edge_s, kind, lead_s
                self._announced[row, k] = told
        self._at = np.zeros(rows, dtype=np.int64)

    @property
    def next_s(self) -> Floats:
        """Seconds from the start of each row's next change, (S,); inf where none comes."""
        return self._edge_s[np.arange(len(self._at)), self._at]

    def announced(self, rows: Ints) -> Bools:
        """Whether the outage that has just begun in ``rows`` had been announced."""
        found: Bools = self._announced[rows, np.maximum(self._at[rows] - 1, 0)]
        return found

    def lead_s(self, rows: Ints) -> Floats:
        """How long before the loss the ramps have begun that have just begun in ``rows``."""
        found: Floats = self._lead_s[rows, np.maximum(self._at[rows] - 1, 0)]
        return found

    def due(self, rows: Ints, t_s: Floats) -> tuple[Bools, Bools, Bools]:
        """Which of ``rows`` begin a ramp, lose the grid or regain it at their instants ``t_s`` (k,); told once each."""
        now = self.next_s[rows] <= t_s
        kind = self._kind[rows, self._at[rows]]
        self._at[rows[now]] += 1
        return now & (kind == RAMP), now & (kind == LOSS), now & (kind == BACK)


def edges_of(windows: Sequence[OutageWindow], ramp_s: float) -> list[tuple[float, int, float, bool]]:
    """Instant, kind, lead of a ramp, and whether it was announced, in the order of time.

    A ramp needs notice, and the grid: it begins when the last outage is over at the earliest.
    """
    edges: list[tuple[float, int, float, bool]] = []
    free_s = 0.0
    for window in windows:
        begin = max(window.start_s - min(ramp_s, window.notice_s), free_s)
        if begin < window.start_s:
            edges.append((begin, RAMP, window.start_s - begin, True))
        edges.append((window.start_s, LOSS, 0.0, window.notice_s > 0))
        edges.append((window.end_s, BACK, 0.0, False))
        free_s = window.end_s
    return edges
