"""What each cell lived through in each outage: energy at the start, hours survived, demand not served, cause."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ysc_sim.community.arrays import Community, State
from ysc_sim.contracts import startable
from ysc_sim.engine.modes import DEAD, MODES
from ysc_sim.results.arrays import Event, OutageRecord
from ysc_sim.units import SECONDS_PER_HOUR, Bools, Floats, Ints

HELD, ALIVE, DARK = ({mode.name for mode in MODES if mode.slack == slack} for slack in ("grid", "stores", "nobody"))
DEVICES = ("energy", "power", "former", "voltage", "frequency", "start")
"""Causes that a device stands behind."""


class OutageLog:
    """Notes at the start of an outage, records at its end."""

    def __init__(self, community: Community) -> None:
        self._community = community
        self.records: list[OutageRecord] = []
        shape = (community.rows, len(community.cells))
        self._start_s = np.zeros(shape)
        self._runs = np.zeros(shape, dtype=np.bool_)
        self._stored = np.zeros(shape)
        self._unserved = np.zeros((*shape, 4))
        self._deaths: dict[tuple[int, str], Event] = {}
        self._events_read = 0

    def begin(self, state: State, at: Ints, rows: Ints, t_s: Floats, which: Bools) -> None:
        """Note what cells ``which`` (k, c) have when they lose the grid at ``t_s`` (k,), if they have not yet.

        ``at``: positions in ``state`` of the ``rows`` of the ensemble that lose it.
        """
        fresh = which & ~self._runs[rows]
        self._runs[rows] |= which
        self._start_s[rows] = np.where(fresh, t_s[:, None], self._start_s[rows])
        self._stored[rows] = np.where(fresh, self._stored_in_cells(state)[at], self._stored[rows])
        self._unserved[rows] = np.where(fresh[:, :, None], self._unserved_in_cells(state)[at], self._unserved[rows])

    def read(self, events: list[Event]) -> None:
        """Remember the first death of each cell since it last had the grid; an island that failed to join dies, too."""
        for event in events[self._events_read :]:
            key = (event.row, event.cell)
            if event.cause == "sync":
                self._note_failed_join(*key)
            elif event.to_mode == MODES[DEAD].name or (event.from_mode in ALIVE and event.to_mode in DARK):
                self._deaths.setdefault(key, event)
            elif event.from_mode in HELD or event.to_mode in HELD:
                self._deaths.pop(key, None)
        self._events_read = len(events)

    def _note_failed_join(self, row: int, cell: str) -> None:
        """Its outage was over, and survived; the join was not."""
        for k in range(len(self.records) - 1, -1, -1):
            record = self.records[k]
            if (record.row, record.cell) == (row, cell):
                device = self._former_of(self._community.cells.index(cell))
                self.records[k] = replace(record, cause="sync", device=device)
                return

    def finish(self, state: State, events: list[Event], at: Ints, rows: Ints, t_s: Floats, which: Bools) -> None:
        """One record for each of ``rows`` (at ``at`` in ``state``) and cell of ``which`` that had lost the grid."""
        self.read(events)
        unserved = self._unserved_in_cells(state)[at] - self._unserved[rows]
        over = which & self._runs[rows]
        self._runs[rows] &= ~which
        for place, row in enumerate(rows.tolist()):
            for c in np.flatnonzero(over[place]).tolist():
                cell = self._community.cells[c]
                start_s = float(self._start_s[row, c])
                hours = float(t_s[place] - start_s) / SECONDS_PER_HOUR
                death = self._deaths.get((row, cell))
                cause = "none" if death is None else death.cause
                one, two, three, four = (float(x) for x in unserved[place, c])
                self.records.append(
                    OutageRecord(
                        row=row,
                        start_s=start_s,
                        hours=hours,
                        cell=cell,
                        soc_start_kwh=float(self._stored[row, c]),
                        survived_h=float(hours if death is None else (death.t_s - start_s) / SECONDS_PER_HOUR),
                        unserved_kwh=(one, two, three, four),
                        cause=cause,
                        device=self._former_of(c, engines=cause == "start") if cause in DEVICES else "",
                    )
                )

    def _former_of(self, cell: int, *, engines: bool = False) -> str:
        """The first grid-forming device of a cell in the order of buildings, stores before engines or engines only.

        Where none forms, the first that could not: any store or engine.
        """
        each = list(zip(self._community.fleets, self._community.by_cell, strict=True))
        for fleet, to_cell in sorted(each, key=lambda pair: startable(pair[0])):
            if engines and not startable(fleet):
                continue
            for j in np.flatnonzero(fleet.forming & (to_cell.group == cell)):
                return fleet.placed.ids[int(j)]
        for fleet, to_cell in each:
            for j in np.flatnonzero((fleet.stores or startable(fleet)) & (to_cell.group == cell)):
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
