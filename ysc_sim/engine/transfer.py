"""Leaving the grid and joining it: which trigger each cell meets, and the changes that come by themselves later."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ysc_sim.community.arrays import Community, State
from ysc_sim.contracts import Moment, startable
from ysc_sim.engine.islands import any_in_island, islands_of
from ysc_sim.engine.modes import DEAD, ISLAND, LIVES, MODES, PLANNED, RECOVER, SYNC, TIED, TRANSFER, follow, lives, tied
from ysc_sim.engine.shedding import SHARE_EPS
from ysc_sim.engine.swing import Swing, calm_down, swing_of
from ysc_sim.engine.trips import next_trip_s, pass_trips
from ysc_sim.resilience import synchronising_time_s
from ysc_sim.results.arrays import Event
from ysc_sim.scenario.island import Synchronise
from ysc_sim.units import EMPTY_KWH, Bools, Floats, Ints

DOOMS = ("frequency", "power", "voltage")
"""Causes for which a living cell may go dark some time later; indexed by ``State.doom``."""
STAIRS = 10
"""Steps in which generation and stores come back after their wait."""


class Switching(NamedTuple):
    """Rows of a state at their instants, and where their changes of mode are written down."""

    community: Community
    state: State
    rows: Ints
    """Numbers in the ensemble of all rows of ``state``, (R,)."""
    t_s: Floats
    """(R,)"""
    events: list[Event]

    def go(self, at: int, cell: int, trigger: str, cause: str) -> None:
        """Follow the table in one cell of row ``at`` of the state."""
        mode = int(self.state.mode[at, cell])
        after = follow(mode, trigger)
        self.state.mode[at, cell] = after
        if TIED[after] or not LIVES[after]:
            self.state.doom[at, cell] = 0
        if TIED[after] or LIVES[after]:
            self.state.locked_s[at, cell] = -np.inf
        pick_up_s = self.community.island.shedding.pick_up_s
        if pick_up_s > 0 and after == ISLAND and not (LIVES[mode] or TIED[mode]):
            self._pick_up_by_tier(at, cell, pick_up_s)
        names = MODES[mode].name, MODES[after].name
        self.events.append(Event(float(self.t_s[at]), int(self.rows[at]), self.community.cells[cell], *names, cause))

    def _pick_up_by_tier(self, at: int, cell: int, apart_s: float) -> None:
        """A dark cell came to life: its tiers are switched on one after the other."""
        for place, tier in enumerate(self.community.island.shedding.order[1:], start=1):
            self.state.held_from_s[at, cell, tier - 1] = -np.inf
            self.state.held_to_s[at, cell, tier - 1] = self.t_s[at] + place * apart_s


def store_formers(community: Community, state: State) -> tuple[Bools, Bools]:
    """Cells (R, c) with a connected grid-forming store that holds energy, and those with any connected at all."""
    ready, forms = np.zeros(state.mode.shape), np.zeros(state.mode.shape)
    for i, fleet in enumerate(community.fleets):
        if not fleet.stores:
            continue
        store = fleet.store(state.fleets[i])
        present = np.ones_like(store.stored_kwh) if store.present is None else store.present
        here = fleet.forming * present
        forms += community.by_cell[i].sum(here)
        ready += community.by_cell[i].sum(here * (store.stored_kwh - store.floor_kwh > EMPTY_KWH))
    top = islands_of(community, state)
    return any_in_island(ready > 0, top), any_in_island(forms > 0, top)


def engine_formers(community: Community, state: State) -> Bools:
    """Cells (R, c) with a grid-forming engine that runs or would run after a call."""
    ready = np.zeros(state.mode.shape)
    for i, fleet in enumerate(community.fleets):
        if startable(fleet):
            ready += community.by_cell[i].sum(np.where(fleet.forming & fleet.ready(state.fleets[i]), 1.0, 0.0))
    return any_in_island(ready > 0, islands_of(community, state))


def engines_running(community: Community, state: State, moment: Moment) -> Bools:
    """Cells (R, c) in which a grid-forming engine runs."""
    runs = np.zeros(state.mode.shape)
    for i, fleet in enumerate(community.fleets):
        if startable(fleet):
            gives = fleet.bands(state.fleets[i], moment).hi_kw > 0
            runs += community.by_cell[i].sum(np.where(fleet.forming & gives, 1.0, 0.0))
    return any_in_island(runs > 0, islands_of(community, state))


def on_grid_wires(community: Community, state: State) -> Bools:
    """Cells (R, c) whose switches lead to the grid, whether it is there or not."""
    top = islands_of(community, state)
    return np.ones(state.mode.shape, dtype=np.bool_) if top is None else top == 0


def leave_grid(switching: Switching, at: Ints, planned: Bools, which: Bools) -> None:
    """The grid goes away in rows ``at`` of the state, from the cells ``which`` (R, c).

    ``planned`` (k,): it was announced, and is left in good order.
    """
    community, state, t_s = switching.community, switching.state, switching.t_s
    stores, forms = store_formers(community, state)
    stores = stores | engines_running(community, state, Moment(t_s[:, None], 0))
    engines = engine_formers(community, state)
    swing = swing_of(community, state, Moment(t_s[:, None], 0)) if _needs_swing(community) else None
    struck, planned_rules = np.zeros(state.mode.shape, dtype=np.bool_), community.island.planned
    logged: dict[tuple[int, int], int] = {}
    for r, announced in zip(at.tolist(), planned.tolist(), strict=True):
        for c in np.flatnonzero(which[r]).tolist():
            if state.mode[r, c] == DEAD:  # it had not joined again yet
                state.due_s[r, c] = np.inf
                continue
            trigger, cause = "grid_lost", "grid_lost"
            if state.mode[r, c] != SYNC:
                if not stores[r, c]:
                    trigger = "grid_lost_engine_starting" if engines[r, c] else "grid_lost_without_former"
                    cause = "grid_lost" if engines[r, c] else ("energy" if forms[r, c] else "former")
                elif announced and (planned_rules is None or not _large(swing, community, r, c)):
                    trigger, cause = "planned_loss", "planned"
                elif swing is not None and community.island.break_s > 0 and swing.step_kw[r, c] > swing.spare_kw[r, c]:
                    trigger = "grid_lost_with_break"
                else:
                    struck[r, c] = True
            logged[r, c] = len(switching.events)
            switching.go(r, c, trigger, cause)
            breaks = state.mode[r, c] == TRANSFER
            state.due_s[r, c] = t_s[r] + community.island.break_s if breaks else np.inf
            state.level[r, c] = 1.0
    if swing is not None and community.island.frequency is not None:
        left = np.zeros(len(t_s), dtype=np.bool_)
        left[at] = True
        calm_down(state, which & left[:, None], t_s)
        if struck.any():
            swing.strike(community, state, t_s, struck, community.island.frequency).tell(switching.events, logged)


def part_cells(community: Community, state: State, at: Ints, *, away: bool) -> None:
    """Where cells live each by itself without the grid, their switches open with its loss and may close after it."""
    if community.island.scope != "cells" or not community.nested:
        return
    inner = np.flatnonzero(community.parents >= 0)
    state.barred[np.ix_(at, inner)] += 1 if away else -1
    if away:
        state.closed[np.ix_(at, inner)] = False


def _large(swing: Swing | None, community: Community, r: int, c: int) -> bool:
    """Whether a cell still takes or sends so much that its opening is a disturbance."""
    if swing is None:
        return False
    rules = community.island.frequency
    able = max(float(swing.most_kw[r, c]), -float(swing.least_kw[r, c]))
    beyond = swing.step_kw[r, c] > swing.spare_kw[r, c] + SHARE_EPS * max(able, 1.0)
    return bool(beyond) or (rules is not None and abs(swing.step_kw[r, c]) > rules.step_share * able)


def _needs_swing(community: Community) -> bool:
    return community.island.break_s > 0 or community.island.frequency is not None


def join_grid(switching: Switching, at: Ints, which: Bools) -> None:
    """The grid is back in rows ``at`` for cells ``which``: islands wait to be in step, dark cells are switched on."""
    community, state = switching.community, switching.state
    for r in at.tolist():
        for c in np.flatnonzero(which[r]).tolist():
            state.held_from_s[r, c], state.held_to_s[r, c] = np.inf, np.inf
            if state.mode[r, c] != ISLAND:
                switch_on(switching, r, c)
            elif community.island.synchronise is None:
                switching.go(r, c, "grid_returned", "grid_returned")
                state.due_s[r, c] = np.inf
            else:
                start_sync(switching, r, np.array([c]), community.cells[0 if community.nested else c])
    whole = tied(state.mode)[:, community.cell_of.group, None]
    back = np.zeros(len(state.mode), dtype=np.bool_)
    back[at] = True
    state.served = np.where(whole & back[:, None, None], 1.0, state.served)


def start_sync(switching: Switching, r: int, cells: Ints, name: str) -> None:
    """An island begins to wait until it is in step; the angle at which it begins is drawn in its ``name``."""
    community, state, t_s = switching.community, switching.state, float(switching.t_s[r])
    rules = community.island.synchronise
    assert rules is not None
    random = community.site.rows.generator(int(switching.rows[r]), name, f"angle {t_s:.3f}")
    wait_s = _wait_for_step(rules, 360.0 * random.random() - 180.0)
    for c in cells.tolist():
        switching.go(r, c, "grid_returned_out_of_step", "grid_returned")
        state.level[r, c] = float(wait_s <= rules.give_up_s)
        state.due_s[r, c] = t_s + min(wait_s, rules.give_up_s)


def _wait_for_step(rules: Synchronise, angle_deg: float) -> float:
    time_s = synchronising_time_s(
        rules.slip_hz,
        angle_deg,
        rules.voltage_pu,
        max_slip_hz=rules.max_slip_hz,
        max_voltage_pu=rules.max_voltage_pu,
        max_angle_deg=rules.max_angle_deg,
        hold_s=rules.hold_s,
    )
    return float(time_s)


def switch_on(switching: Switching, r: int, c: int) -> None:
    """A dark cell joins a live grid; its generation and stores may have to wait."""
    state, rules = switching.state, switching.community.island
    waits = rules.wait_s + rules.ramp_s > 0
    switching.go(r, c, "grid_returned_to_wait" if waits else "grid_returned", "grid_returned")
    state.level[r, c] = 0.0 if waits else 1.0
    state.due_s[r, c] = switching.t_s[r] + rules.wait_s + rules.ramp_s / STAIRS if waits else np.inf
    state.served[r, switching.community.cell_of.group == c] = 1.0


def pass_time(switching: Switching) -> None:
    """What comes by itself: breaks end, switches close, generation comes back, relays trip and let tiers back."""
    state, now = switching.state, switching.t_s[:, None]
    trips = (state.held_from_s <= now[:, :, None]) & np.isfinite(state.held_from_s)
    for r, c, tier in zip(*np.nonzero(trips & lives(state.mode)[:, :, None]), strict=True):
        switching.go(int(r), int(c), "relay", f"relay_tier{tier + 1}")
    state.held_from_s = np.where(trips, -np.inf, state.held_from_s)
    over = (state.held_from_s == -np.inf) & (state.held_to_s <= now[:, :, None])
    state.held_from_s = np.where(over, np.inf, state.held_from_s)
    state.held_to_s = np.where(over, np.inf, state.held_to_s)
    state.locked_s = np.where(state.locked_s <= now, -np.inf, state.locked_s)
    for row, cell, cause in pass_trips(switching.community, state, switching.t_s):
        switching.go(row, cell, "relay", cause)
    for r, c in zip(*np.nonzero(state.due_s <= now), strict=True):
        while state.due_s[r, c] <= switching.t_s[r]:
            _come_due(switching, int(r), int(c))


def _come_due(switching: Switching, r: int, c: int) -> None:
    """One change of one cell."""
    state, rules, mode = switching.state, switching.community.island, switching.state.mode[r, c]
    due_s, state.due_s[r, c] = state.due_s[r, c], np.inf
    if mode == TRANSFER:
        switching.go(r, c, "transferred", "transferred")
    elif mode == ISLAND:
        _black_out(switching, r, c)
    elif mode == SYNC and state.level[r, c] > 0:
        _in_step(switching, r, c)
    elif mode == SYNC:
        switching.go(r, c, "sync_failed", "sync")
        state.due_s[r, c] = due_s + rules.break_s
    elif mode == DEAD and on_grid_wires(switching.community, state)[r, c]:
        switch_on(switching, r, c)
    elif mode == PLANNED:
        state.level[r, c] = max(round(state.level[r, c] * STAIRS) - 1, 0) / STAIRS
        state.due_s[r, c] = due_s + switching.state.memory["stair_s"][r, c] if state.level[r, c] > 0 else np.inf
    elif mode == RECOVER:
        stair = round(state.level[r, c] * STAIRS) + 1
        if rules.ramp_s == 0 or stair >= STAIRS:
            state.level[r, c] = 1.0
            switching.go(r, c, "recovered", "recovered")
        else:
            state.level[r, c] = stair / STAIRS
            state.due_s[r, c] = due_s + rules.ramp_s / STAIRS


def _black_out(switching: Switching, r: int, c: int) -> None:
    """A living cell is lost: by frequency an engine may start it anew after a while, otherwise only the grid."""
    state, rules = switching.state, switching.community.island
    cause = DOOMS[int(state.doom[r, c])]
    engines = bool(engine_formers(switching.community, state)[r, c]) and cause == "frequency"
    switching.go(r, c, "blackout_engine_starting" if engines else "blackout", cause)
    again = rules.frequency.restart_s if cause == "frequency" and rules.frequency is not None else np.inf
    state.locked_s[r, c] = switching.t_s[r] + again


def _in_step(switching: Switching, r: int, c: int) -> None:
    """The switch of an island closes: that to the grid, or that to the cell which it is part of."""
    top = islands_of(switching.community, switching.state)
    if top is None or top[r, c] == 0:
        switching.go(r, c, "synchronised", "synchronised")
    else:
        join(switching, r, int(top[r, c]), np.flatnonzero(top[r] == top[r, c]))


def join(switching: Switching, r: int, cell: int, mine: Ints) -> None:
    """A live island of cells ``mine`` closes the switch of ``cell`` to its parent, if that is still live itself."""
    state = switching.state
    above = int(state.mode[r, switching.community.parents[cell]])
    on_grid = bool(TIED[above])
    state.closed[r, cell] = on_grid or above == ISLAND
    if on_grid:
        trigger = cause = "synchronised" if state.mode[r, cell] == SYNC else "grid_returned"
    else:
        trigger, cause = ("merged", "merged") if state.closed[r, cell] else ("grid_lost", "split")
    for c in mine.tolist():
        state.due_s[r, c] = np.inf
        switching.go(r, c, trigger, cause)
        if on_grid:
            state.served[r, switching.community.cell_of.group == c] = 1.0


def call_engines(community: Community, state: State, t_s: Floats) -> None:
    """Engines of cells without grid are needed, the others are not."""
    away = (
        (~tied(state.mode) | (state.mode == PLANNED))
        & ~((state.mode == DEAD) & np.isfinite(state.due_s))
        & ~np.isposinf(state.locked_s)
    )
    if "engines" in state.memory:
        away &= (state.memory["engines"] > 0) | ~lives(state.mode)
    for i, fleet in enumerate(community.fleets):
        if startable(fleet):
            wanted = community.by_cell[i].spread(away.astype(np.float64)) > 0
            fleet.call(state.fleets[i], wanted, Moment(t_s[:, None], 0))


def next_change_s(state: State) -> Floats:
    """When something in each row changes by itself, (S,) seconds from the start; inf: nothing does."""
    waits = np.where(state.held_from_s == -np.inf, state.held_to_s, state.held_from_s)
    soonest: Floats = np.minimum(state.due_s.min(axis=1), waits.reshape(len(waits), -1).min(axis=1))
    locked = np.where(LIVES[state.mode] | TIED[state.mode], np.inf, state.locked_s)
    first: Floats = np.minimum(soonest, np.where(locked < 0, np.inf, locked).min(axis=1))
    return np.minimum(first, next_trip_s(state))
