"""What each cell lived through in each outage: energy at the start, hours survived, demand not served, cause."""

from __future__ import annotations

import numpy as np

from ysc_sim.community.arrays import Community, State
from ysc_sim.engine.modes import DEAD, GRID, MODES
from ysc_sim.results.arrays import Event, OutageRecord
from ysc_sim.units import EMPTY_KWH, SECONDS_PER_HOUR, Bools, Floats, Ints


class OutageLog:
    """Notes at the start of an outage, records at its end."""

    def __init__(self, community: Community) -> None:
        self._community = community
        self.records: list[OutageRecord] = []
        shape = (community.rows, len(community.cells))
        self._start_s = np.zeros(community.rows)
        self._end_s = np.zeros(community.rows)
        self._stored = np.zeros(shape)
        self._unserved = np.zeros((*shape, 4))
        self._deaths: dict[tuple[int, str], Event] = {}
        self._events_read = 0

    def formers(self, state: State) -> tuple[Bools, Bools]:
        """Cells (S, c) with a connected grid-forming store that holds energy, and those with any connected at all."""
        ready, forms = np.zeros(state.mode.shape), np.zeros(state.mode.shape)
        for i, fleet in enumerate(self._community.fleets):
            if not fleet.stores:
                continue
            store = fleet.store(state.fleets[i])
            present = np.ones_like(store.stored_kwh) if store.present is None else store.present
            here = fleet.forming * present
            forms += self._community.by_cell[i].sum(here)
            ready += self._community.by_cell[i].sum(here * (store.stored_kwh - store.floor_kwh > EMPTY_KWH))
        return ready > 0, forms > 0

    def begin(self, state: State, at: Ints, rows: Ints, start_s: Floats, end_s: Floats) -> None:
        """Note what every cell has when the grid goes away.

        ``at``: positions in ``state`` of the ``rows`` of the ensemble that lose it, from ``start_s`` to ``end_s``.
        """
        self._start_s[rows], self._end_s[rows] = start_s, end_s
        self._stored[rows] = self._stored_in_cells(state)[at]
        self._unserved[rows] = self._unserved_in_cells(state)[at]

    def _read_deaths(self, events: list[Event]) -> None:
        """Remember the first death of each cell since it last had the grid."""
        for event in events[self._events_read :]:
            if event.to_mode == MODES[DEAD].name:
                self._deaths.setdefault((event.row, event.cell), event)
            elif event.from_mode == MODES[GRID].name or event.to_mode == MODES[GRID].name:
                self._deaths.pop((event.row, event.cell), None)
        self._events_read = len(events)

    def finish(self, state: State, events: list[Event], at: Ints, rows: Ints) -> None:
        """Write one record for each of ``rows``, which stand at ``at`` in ``state``, and cell."""
        self._read_deaths(events)
        unserved = self._unserved_in_cells(state)[at] - self._unserved[rows]
        for place, row in enumerate(rows.tolist()):
            start_s, hours = self._start_s[row], (self._end_s[row] - self._start_s[row]) / SECONDS_PER_HOUR
            for c, cell in enumerate(self._community.cells):
                death = self._deaths.get((row, cell))
                cause = "none" if death is None else death.cause
                one, two, three, four = (float(x) for x in unserved[place, c])
                self.records.append(
                    OutageRecord(
                        row=row,
                        start_s=float(start_s),
                        hours=float(hours),
                        cell=cell,
                        soc_start_kwh=float(self._stored[row, c]),
                        survived_h=float(hours if death is None else (death.t_s - start_s) / SECONDS_PER_HOUR),
                        unserved_kwh=(one, two, three, four),
                        cause=cause,
                        device=self._former_of(c) if cause == "energy" else "",
                    )
                )

    def _former_of(self, cell: int) -> str:
        """The first grid-forming device of a cell in the order of buildings."""
        for fleet, to_cell in zip(self._community.fleets, self._community.by_cell, strict=True):
            for j in np.flatnonzero(fleet.forming & (to_cell.group == cell)):
                return fleet.placed.ids[int(j)]
        return ""

    def _stored_in_cells(self, state: State) -> Floats:
        total = np.zeros(state.mode.shape)
        for i, fleet in enumerate(self._community.fleets):
            if fleet.stores:
                store = fleet.store(state.fleets[i])
                here = store.stored_kwh if store.present is None else store.stored_kwh * store.present
                total += self._community.by_cell[i].sum(here)
        return total

    def _unserved_in_cells(self, state: State) -> Floats:
        tiers = [self._community.cell_of.sum(np.ascontiguousarray(state.unserved_kwh[:, :, tier])) for tier in range(4)]
        return np.stack(tiers, axis=2)
