"""What happens to the grid and to the feeders of cells: when each row loses them, and regains them.

A *cut* opens the switch of one cell: what lies beneath it is alone. A *fault* is in the cell's own wires: it is dark,
its switch and those of the cells inside it open, so that these live alone and the rest goes on. Both last until they
are mended; then switches close again, live onto live only in step.
"""

from __future__ import annotations

import numpy as np

from ysc_sim.community.arrays import Community, State
from ysc_sim.engine.cuts import close_wanted, cut_off, fault_in, mend
from ysc_sim.engine.islands import beneath
from ysc_sim.engine.outage_log import OutageLog
from ysc_sim.engine.ramp import begin_ramp
from ysc_sim.engine.row_outages import RowOutages
from ysc_sim.engine.transfer import Switching, call_engines, join_grid, leave_grid, on_grid_wires, part_cells, pass_time
from ysc_sim.results.arrays import Event
from ysc_sim.units import Bools, Floats, Ints


class Switchyard:
    """Outages of all rows, and the log of what they did."""

    def __init__(self, community: Community, events: list[Event]) -> None:
        self.community, self.events = community, events
        self.log = OutageLog(community)
        ramp_s = 0.0 if community.island.planned is None else community.island.planned.ramp_s
        self._outages = RowOutages(community.row_outages, community.rows, ramp_s)
        self._cuts = [
            (cell, fault, RowOutages(each, community.rows, 0.0 if fault else ramp_s))
            for (cell, fault), each in community.row_cuts
        ]

    @property
    def next_s(self) -> Floats:
        """Seconds from the start of each row's next change of its own, (S,)."""
        soonest = self._outages.next_s
        for _, _, cuts in self._cuts:
            soonest = np.minimum(soonest, cuts.next_s)
        return soonest

    def switching(self, part: State, rows: Ints, t_s: Floats) -> Switching:
        """Rows of ``part`` at their instants."""
        return Switching(self.community, part, rows, t_s, self.events)

    def switch_rows(self, part: State, rows: Ints, t_s: Floats) -> None:
        """Rows of ``part`` whose own outages begin or end, or whose cells change by themselves, at ``t_s`` (k,)."""
        switching = self.switching(part, rows, t_s)
        ramps, lost, back = self._outages.due(rows, t_s)
        if ramps.any():
            at = np.flatnonzero(ramps)
            self.ramp(switching, at, self._outages.lead_s(rows[at]))
        if lost.any():
            at = np.flatnonzero(lost)
            self.lose(switching, at, self._outages.announced(rows[at]))
        if back.any():
            self.give_back(switching, np.flatnonzero(back))
        for cell, fault, cuts in self._cuts:
            ramps, lost, back = cuts.due(rows, t_s)
            if ramps.any():
                at = np.flatnonzero(ramps)
                self.ramp(switching, at, cuts.lead_s(rows[at]), cell)
            if lost.any():
                at = np.flatnonzero(lost)
                self.cut(switching, at, cell, cuts.announced(rows[at]), fault=fault)
            if back.any():
                self.feed(switching, np.flatnonzero(back), cell, fault=fault)
        pass_time(switching)
        close_wanted(switching)
        call_engines(self.community, part, t_s)

    def ramp(self, switching: Switching, at: Ints, lead_s: Floats, cell: int = 0) -> None:
        """The grid will go away in rows ``at`` of the state ``lead_s`` (k,) from now: exchange is ramped to zero.

        ``cell``: from this cell alone, whose feeder will be cut.
        """
        which = on_grid_wires(self.community, switching.state)
        if cell:
            which = which & beneath(self.community, cell)
        begin_ramp(switching, at, lead_s, which, cell)

    def lose(self, switching: Switching, at: Ints, announced: Bools) -> None:
        """The grid goes away in rows ``at``: each cell lives alone if it has a ready former, else it is dark."""
        part = switching.state
        which = on_grid_wires(self.community, part)
        self.log.begin(part, at, switching.rows[at], switching.t_s[at], which[at])
        part.away[at] = True
        part_cells(self.community, part, at, away=True)
        leave_grid(switching, at, announced, which)
        call_engines(self.community, part, switching.t_s)

    def give_back(self, switching: Switching, at: Ints) -> None:
        """The grid is back in rows ``at``: every cell that lives or is dark joins it."""
        part, rows, t_s = switching.state, switching.rows[at], switching.t_s[at]
        part.away[at] = False
        part_cells(self.community, part, at, away=False)
        # Those that left each by itself are on their way back, too.
        self.log.finish(part, self.events, at, rows, t_s, on_closing(self.community, part)[at])
        join_grid(switching, at, on_grid_wires(self.community, part) & ~part.faulted)
        close_wanted(switching)
        call_engines(self.community, part, switching.t_s)

    def cut(self, switching: Switching, at: Ints, cell: int, announced: Bools, *, fault: bool) -> None:
        """The feeder of one cell is cut in rows ``at``, or its wires have a fault; ``announced`` (k,): a cut was."""
        community, state = self.community, switching.state
        which = beneath(community, cell) & on_grid_wires(community, state)
        self.log.begin(state, at, switching.rows[at], switching.t_s[at], which[at])
        if fault:
            fault_in(switching, at, cell)
        else:
            cut_off(switching, at, cell, announced)
        call_engines(community, state, switching.t_s)

    def feed(self, switching: Switching, at: Ints, cell: int, *, fault: bool) -> None:
        """The feeder, or the wires, of one cell are whole again: it joins what its switch leads to, in step."""
        community, state = self.community, switching.state
        mend(switching, at, cell, fault=fault)
        alone = beneath(community, cell) & on_closing(community, state) & ~state.away[:, None]
        self.log.finish(state, self.events, at, switching.rows[at], switching.t_s[at], alone[at])
        if cell == 0:
            back = at[~state.away[at]]
            join_grid(switching, back, on_grid_wires(community, state) & ~state.faulted)
        close_wanted(switching)
        call_engines(community, state, switching.t_s)


def on_closing(community: Community, state: State) -> Bools:
    """Cells (R, c) that would be on the community's own wires if every switch that may be closed were, and sound."""
    reach = np.zeros(state.mode.shape, dtype=np.bool_)
    for c, parent in enumerate(community.parents.tolist()):
        up = np.ones(len(reach), dtype=np.bool_) if parent < 0 else reach[:, parent]
        reach[:, c] = up & (state.barred[:, c] == 0) & ~state.faulted[:, c]
    return reach
