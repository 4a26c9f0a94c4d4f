"""One run: the state, the rows' own clocks inside an interval, and what happens when a slot ends.

SimPy (``clock``) tells when; this module does what ENGINE.md says happens at one instant: *close* (advance, book the
meters, end the slot), *events*, *act* (observe, decide, dispatch; at a gate also bid and clear).
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from ysc_sim.community.arrays import Community, State, start_state
from ysc_sim.contracts import DeviceState, Moment, OutageWindow
from ysc_sim.engine.act import STAGES
from ysc_sim.engine.checks import Audit
from ysc_sim.engine.cold_load import start_cold
from ysc_sim.engine.engines import start_engines
from ysc_sim.engine.frame import Frame
from ysc_sim.engine.gate import Gate
from ysc_sim.engine.island import seconds_to_limit
from ysc_sim.engine.modes import GRID
from ysc_sim.engine.move import advance
from ysc_sim.engine.notices import Notices
from ysc_sim.engine.outlook import prepare_planners
from ysc_sim.engine.prices import Prices
from ysc_sim.engine.ramp import start_ramp
from ysc_sim.engine.recorded import columns_of, solved_inside
from ysc_sim.engine.shedding import next_turn_s, start_shedding
from ysc_sim.engine.stretch import can_stretch, steps_at_once, take_steps
from ysc_sim.engine.swing import start_swing
from ysc_sim.engine.switchyard import Switchyard
from ysc_sim.engine.tally import WINDOW, Tally, stored_kwh
from ysc_sim.engine.transfer import (
    Switching,
    next_change_s,
)
from ysc_sim.engine.trips import start_trips
from ysc_sim.engine.walk import read_slot
from ysc_sim.errors import InvariantError
from ysc_sim.results.arrays import Event
from ysc_sim.results.recorder import Recorder
from ysc_sim.units import Floats, Ints

MOST_SUBSTEPS = 100_000


class Run:
    """Everything that changes while a community is simulated."""

    def __init__(self, community: Community, *, tallied: bool = False) -> None:
        """``tallied``: the course of time is added up and forgotten."""
        self.community = community
        self.axis = community.site.axis
        self.prices = Prices(community.terms, self.axis, len(community.buildings))
        prepare_planners(community, self.prices)
        self.state = start_state(community, memory_of(community))
        self.recorder = Recorder(
            intervals=-(-self.axis.count // community.record_every),
            slots=self.axis.slots,
            rows=community.rows,
            buildings=len(community.buildings),
            columns=columns_of(community),
            community=("import_kwh", "export_kwh", "islanded_s", *(("loss_kwh",) if solved_inside(community) else ())),
            window=WINDOW if tallied else None,
        )
        self.events: list[Event] = []
        self.gate = Gate(community, self.prices)
        self.yard = Switchyard(community, self.events)
        self.notices = Notices(community)
        self.now_s = 0
        self.record_s = self.axis.step_s * community.record_every
        self.tally = Tally(community, self.record_s) if tallied else None
        self._audit = Audit(community, self.record_s, self.recorder, stored_kwh(community, self.state))
        if self.tally is not None:
            self.tally.begin(self.state, self.recorder.columns)
        self._stretches = can_stretch(community)
        self.dark = False
        self._next_event_s = self._ask_for_events()
        self._next_any_s = float(self._next_event_s.min())
        self.frame = self.new_frame(None, 0, 0)

    def begin_at(self, step: int) -> None:
        """Stand at the beginning of ``step``; state and records are those of a run that came so far."""
        self.now_s = step * self.axis.step_s
        self._note_events()
        self.frame = self.new_frame(None, self.now_s, step)

    # -- close ---------------------------------------------------------------------------------------------------

    def close(self, t_s: int) -> None:
        """Bring every row exactly to ``t_s``; end the recorded interval and the slot that end there."""
        if t_s == self.now_s:
            return
        rows = self._astray(t_s)
        if 0 < rows.size < self.community.rows:
            # All rows go the plain way together; those that have one of their own are put back and go that.
            part, written = self.state.take(rows), self.recorder.keep(self.frame.interval, rows)
            advance(self.community, self.state, replace(self.frame, dark=False), t_s - self.now_s)
            self.state.put(rows, part)
            self.recorder.put_back(self.frame.interval, rows, written)
        elif not rows.size:
            advance(self.community, self.state, self.frame, t_s - self.now_s)
        self._advance_rows(t_s, rows)
        self.now_s = t_s
        if t_s % self.record_s == 0 or t_s == self.axis.duration_s:
            self._record_stores(self.frame.interval)
            if self.tally is not None:
                self.recorder.pass_on(self.frame.interval, self.tally.take)
            self.recorder.let_go(self.frame.interval)
        if t_s % self.axis.slot_s == 0:
            self._end_slot(t_s // self.axis.slot_s)

    def _astray(self, t_s: int) -> Ints:
        """Rows that do not simply go on to ``t_s``: some cell is without grid, or something happens before."""
        if solved_inside(self.community):
            return np.arange(self.community.rows)
        if not self.dark and self._next_any_s >= t_s:
            return np.zeros(0, dtype=np.int64)
        return np.flatnonzero((self.state.mode != GRID).any(axis=1) | (self._next_event_s < t_s))

    def _advance_rows(self, t_s: int, rows: Ints) -> None:
        """Rows in which something happens on the way stop there, act, and go on, each at its own times."""
        span = float(t_s - self.now_s)
        elapsed = np.zeros(self.community.rows)
        for _ in range(MOST_SUBSTEPS):
            if not rows.size:
                return
            goal = self._advance_to_next(rows, elapsed, span)
            elapsed[rows] = goal
            rows = rows[goal < span]
            if rows.size:
                self._act_rows(rows, elapsed)
        raise InvariantError("too_many_substeps", time=self.axis.at(self.now_s).isoformat(), row=int(rows[0]))

    def _advance_to_next(self, rows: Ints, elapsed: Floats, span: float) -> Floats:
        """Move some rows to whatever comes first: an event, a limit where buildings are coupled, the end of the
        interval."""
        whole = rows.size == self.community.rows
        part = self.state if whole else self.state.take(rows)
        goal = np.minimum(self._next_event_s[rows] - self.now_s, span)
        if self.dark or solved_inside(self.community):
            goal = np.minimum(goal, elapsed[rows] + seconds_to_limit(self.community, part))
        frame = self.new_frame(None if whole else rows, self.now_s + elapsed[rows][:, None], self.frame.moment.step)
        advance(self.community, part, frame, (goal - elapsed[rows])[:, None])
        if not whole:
            self.state.put(rows, part)
        return goal

    def _act_rows(self, rows: Ints, elapsed: Floats) -> None:
        """Events of some rows at their own instants, and the act that follows."""
        whole = rows.size == self.community.rows
        part = self.state if whole else self.state.take(rows)
        self.yard.switch_rows(part, rows, self.now_s + elapsed[rows])
        self.dark = self.dark or not tied_and_whole(part)
        frame = self.new_frame(None if whole else rows, self.now_s + elapsed[rows][:, None], self.frame.moment.step)
        for fleet, memory in zip(self.community.fleets, part.fleets, strict=True):
            fleet.on_event(memory, frame.moment)
        for stage in STAGES:
            stage(self.community, part, frame)
        if not whole:
            self.state.put(rows, part)
        self.dark = not self.on_grid
        self._note_events()

    def _record_stores(self, interval: int) -> None:
        for i, fleet in enumerate(self.community.fleets):
            if fleet.stores:
                name = "ev_soc_kwh" if fleet.energy_class == "ev" else "soc_kwh"
                stored = fleet.store(self.state.fleets[i]).stored_kwh
                self.recorder.add(name, interval, None, self.community.by_building[i].sum(stored))

    def _end_slot(self, slot: int) -> None:
        state, recorder = self.state, self.recorder
        recorder.let_go_registers(slot)
        recorder.register_import_kwh[slot] = state.import_kwh
        recorder.register_export_kwh[slot] = state.export_kwh
        recorder.grid_import_kwh[slot] = state.grid_import_kwh[:, 0]
        recorder.grid_export_kwh[slot] = state.grid_export_kwh[:, 0]
        recorder.loss_kwh[slot] = state.loss_kwh[:, 0]
        read_slot(state)

    # -- events --------------------------------------------------------------------------------------------------

    def lose_grid(self, window: OutageWindow) -> None:
        """The grid goes away for all rows: each cell lives alone if it has a ready former, else it is dark."""
        switching = self._everyone(window.start_s)
        self.yard.lose(switching, switching.rows, np.full(switching.rows.size, window.notice_s > 0))
        self._note_switching()

    def ramp(self, lead_s: float, cell: str = "") -> None:
        """The grid, or the feeder of one cell, will go away for all rows ``lead_s`` from now: exchange is ramped to
        zero.
        """
        switching = self._everyone(self.now_s)
        number = self.community.cells.index(cell) if cell else 0
        self.yard.ramp(switching, switching.rows, np.full(switching.rows.size, lead_s), number)
        self._note_switching()

    def return_grid(self, t_s: int) -> None:
        """The grid is back for all rows: every cell that lives or is dark joins it."""
        switching = self._everyone(t_s)
        self.yard.give_back(switching, switching.rows)
        self._note_switching()

    def cut(self, window: OutageWindow) -> None:
        """The feeder of one cell is cut in all rows, or its wires have a fault."""
        switching = self._everyone(window.start_s)
        cell, announced = self.community.cells.index(window.cell), np.full(switching.rows.size, window.notice_s > 0)
        self.yard.cut(switching, switching.rows, cell, announced, fault=window.fault)
        self._note_switching()

    def feed(self, window: OutageWindow) -> None:
        """The feeder of one cell is whole again: the cell joins what its switch leads to, if that is live in step."""
        switching = self._everyone(window.end_s)
        self.yard.feed(switching, switching.rows, self.community.cells.index(window.cell), fault=window.fault)
        self._note_switching()

    def end(self) -> None:
        """Close the books of outages at the end of the axis, where the grid may be back or not."""
        switching = self._everyone(self.axis.duration_s)
        self.yard.switch_rows(self.state, switching.rows, switching.t_s)
        everything = np.ones(self.state.mode.shape, dtype=np.bool_)
        self.yard.log.finish(self.state, self.events, switching.rows, switching.rows, switching.t_s, everything)

    def _everyone(self, t_s: float) -> Switching:
        rows = np.arange(self.community.rows)
        return self.yard.switching(self.state, rows, np.full(rows.size, float(t_s)))

    def _note_switching(self) -> None:
        self.dark = not self.on_grid
        self._note_events()

    # -- stretches -----------------------------------------------------------------------------------------------

    def stretch(self, first: int, last: int) -> int:
        """Close and act at all steps from ``first`` on, at most to ``last``, at once; how many steps have passed.

        0 where something happens in the very first, or some device wants to be asked at every step.
        """
        if not self._stretches or self.dark:
            return 0
        step_s, per_slot = self.axis.step_s, self.axis.steps_per_slot
        last = min(last, int(min(self._next_any_s, self.axis.duration_s) // step_s))
        opens = self.gate.active and first % per_slot == 0
        if self.gate.active and not self.gate.can_wait:
            last = min(last, (first // per_slot + 1) * per_slot)
        count = steps_at_once(self.community, first, last, None if self.tally is None else WINDOW)
        if not count:
            return 0
        if opens and not self.gate.can_wait:
            self.gate.open(first // per_slot, self.new_frame(None, first * step_s, first), self.state)
        take_steps(self, first, count)
        if self.tally is None:
            self._audit.upto((first + count) // self.community.record_every)
        self.now_s = (first + count) * step_s
        self.frame = self.new_frame(None, self.now_s - step_s, first + count - 1)
        if self.gate.active and self.gate.can_wait:
            slots = range(-(-first // per_slot), (first + count - 1) // per_slot + 1)
            self.gate.open_all(
                slots, lambda slot: self.new_frame(None, slot * self.axis.slot_s, slot * per_slot), self.state
            )
        return count

    def residual_kwh(self) -> Floats:
        """What balances of a finished run leave over, (S, n). Raises ``InvariantError`` where it is too much."""
        if self.tally is not None:
            return self.tally.residual_kwh
        self._audit.upto(-(-self.axis.count // self.community.record_every))
        return self._audit.residual_kwh

    # -- act -----------------------------------------------------------------------------------------------------

    def act(self, t_s: int) -> None:
        """Events of the fleets that are due at ``t_s``, then observe, decide, dispatch for all rows."""
        due = self._next_any_s <= t_s
        if due:
            self.yard.switch_rows(self.state, np.arange(self.community.rows), np.full(self.community.rows, float(t_s)))
            self.dark = not self.on_grid
        frame = self.frame = self.new_frame(None, t_s, t_s // self.axis.step_s)
        if due:
            for fleet, memory in zip(self.community.fleets, self.state.fleets, strict=True):
                fleet.on_event(memory, frame.moment)
            self._note_events()
        if self.gate.active and t_s % self.axis.slot_s == 0:
            self.gate.open(t_s // self.axis.slot_s, frame, self.state)
        self._act_all(t_s)
        if self.dark:
            self._note_events()

    def _act_all(self, t_s: int) -> None:
        """The stages for all rows; where few are without grid, for these once more, as they need longer."""
        community, frame = self.community, self.frame
        rows = np.flatnonzero((self.state.mode != GRID).any(axis=1)) if self.dark else np.zeros(0, dtype=np.int64)
        apart = 0 < rows.size < community.rows and not (solved_inside(community) or community.export_bans)
        part = self.state.take(rows) if apart else self.state
        if apart:
            frame.dark = False
        for stage in STAGES:
            stage(community, self.state, frame)
        if apart:
            own = self.new_frame(rows, np.full((rows.size, 1), float(t_s)), frame.moment.step)
            for stage in STAGES:
                stage(community, part, own)
            self.state.put(rows, part)

    def new_frame(self, rows: Ints | None, t_s: float | Floats, step: int) -> Frame:
        """The scratch of an instant; ``rows`` None: of all of them."""
        slot_s = self.axis.slot_s
        slot = step // self.axis.steps_per_slot
        import_price, export_price = self.prices.of_slot(slot)
        return Frame(
            rows=rows,
            moment=Moment(t_s, step),
            slot_elapsed_s=t_s % slot_s,
            interval=step // self.community.record_every,
            dark=self.dark,
            import_price=import_price,
            export_price=export_price,
            notices=self.notices,
            prices_ahead=partial(self.prices.ahead, slot),
            committed=partial(self.gate.committed_kwh, slot, rows),
            promise_is_floor=self.gate.relief.active,
            recorder=self.recorder,
            events=self.events,
        )

    def _ask_for_events(self) -> Floats:
        soonest = np.minimum(self.yard.next_s, next_change_s(self.state))
        soonest = np.minimum(soonest, next_turn_s(self.state))
        for fleet, memory in zip(self.community.fleets, self.state.fleets, strict=True):
            times = fleet.next_event_s(memory, Moment(0.0, 0))
            if times is not None:
                soonest = np.minimum(soonest, times)
        return soonest

    def _note_events(self) -> None:
        self._next_event_s = self._ask_for_events()
        self._next_any_s = float(self._next_event_s.min())

    @property
    def on_grid(self) -> bool:
        """Whether every cell of every row is tied to the grid, and nothing waits."""
        return tied_and_whole(self.state)


def memory_of(community: Community) -> DeviceState:
    """What shedding and cold loads remember at the beginning."""
    rows, n, c = community.rows, len(community.buildings), len(community.cells)
    rules = community.island
    flexible = {i: len(fleet.placed.ids) for i, fleet in enumerate(community.fleets) if fleet.flexible}
    swing = start_swing(rules.frequency, rows, c, flexible)
    demand = start_shedding(rules.shedding, rows, n, c) | start_cold(rules.cold_load, rows, n)
    return (
        demand
        | swing
        | start_ramp(rules.planned, rows, c)
        | start_trips(community)
        | start_engines(rules.engines, rows, c)
    )


def tied_and_whole(state: State) -> bool:
    """Whether all cells are in the mode in which nothing special happens."""
    return bool((state.mode == GRID).all())
