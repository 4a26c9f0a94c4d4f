"""What each cell lived through in each outage: energy at the start, hours survived, demand not served, cause."""

from __future__ import annotations

import numpy as np

from ysc_sim.community.arrays import Community, State
from ysc_sim.engine.modes import DEAD, MODES
from ysc_sim.results.arrays import Event, OutageRecord
from ysc_sim.units import EMPTY_KWH, SECONDS_PER_HOUR, Bools, Floats


class OutageLog:
    """Notes at the start of an outage, records at its end."""

    def __init__(self, community: Community) -> None:
        self._community = community
        self.records: list[OutageRecord] = []
        self._start_s = 0
        self._end_s = 0
        self._first_event = 0
        self._stored: Floats = np.zeros((0, 0))
        self._unserved: Floats = np.zeros((0, 0, 4))

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

    def begin(self, state: State, start_s: int, end_s: int, first_event: int) -> None:
        """Note what every cell has when the grid goes away; the changes of mode are events up to ``first_event``."""
        self._start_s, self._end_s = start_s, end_s
        self._first_event = first_event - state.mode.size
        self._stored = self._stored_in_cells(state)
        self._unserved = self._unserved_in_cells(state)

    def finish(self, state: State, events: list[Event]) -> None:
        """Write one record per row and cell."""
        died = {
            (event.row, event.cell): event
            for event in reversed(events[self._first_event :])
            if event.to_mode == MODES[DEAD].name
        }
        hours = (self._end_s - self._start_s) / SECONDS_PER_HOUR
        unserved = self._unserved_in_cells(state) - self._unserved
        for row in range(state.mode.shape[0]):
            for c, cell in enumerate(self._community.cells):
                death = died.get((row, cell))
                survived = hours if death is None else (death.t_s - self._start_s) / SECONDS_PER_HOUR
                cause = "none" if death is None else death.cause
                one, two, three, four = (float(x) for x in unserved[row, c])
                self.records.append(
                    OutageRecord(
                        row=row,
                        start_s=float(self._start_s),
                        hours=hours,
                        cell=cell,
                        soc_start_kwh=float(self._stored[row, c]),
                        survived_h=survived,
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
