"""Leaving the grid and joining it: which trigger each cell meets, and the changes that come by themselves later."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ysc_sim.community.arrays import Community, State
from ysc_sim.contracts import Moment, Startable
from ysc_sim.engine.modes import BLACKSTART, DEAD, GRID, ISLAND, MODES, RECOVER, SYNC, TRANSFER, follow, tied
from ysc_sim.engine.swing import swing_of
from ysc_sim.resilience import synchronising_time_s
from ysc_sim.results.arrays import Event
from ysc_sim.scenario.island import Synchronise
from ysc_sim.units import EMPTY_KWH, Bools, Floats, Ints

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
        names = MODES[mode].name, MODES[after].name
        self.events.append(Event(float(self.t_s[at]), int(self.rows[at]), self.community.cells[cell], *names, cause))


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
    return ready > 0, forms > 0


def engine_formers(community: Community, state: State) -> Bools:
    """Cells (R, c) with a grid-forming engine that runs or would run after a call."""
    ready = np.zeros(state.mode.shape)
    for i, fleet in enumerate(community.fleets):
        if isinstance(fleet, Startable):
            ready += community.by_cell[i].sum(np.where(fleet.forming & fleet.ready(state.fleets[i]), 1.0, 0.0))
    return ready > 0


def leave_grid(switching: Switching, at: Ints, planned: Bools) -> None:
    """The grid goes away in rows ``at`` of the state; ``planned`` (k,): it was announced, and left in good order."""
    community, state, t_s = switching.community, switching.state, switching.t_s
    stores, forms = store_formers(community, state)
    engines = engine_formers(community, state)
    swing = swing_of(community, state, Moment(t_s[:, None], 0)) if _needs_swing(community) else None
    struck = np.zeros(state.mode.shape, dtype=np.bool_)
    for r, announced in zip(at.tolist(), planned.tolist(), strict=True):
        for c in range(len(community.cells)):
            if state.mode[r, c] == DEAD:  # it had not joined again yet
                state.due_s[r, c] = np.inf
                continue
            trigger, cause = "grid_lost", "grid_lost"
            if state.mode[r, c] != SYNC:
                if not stores[r, c]:
                    trigger = "grid_lost_engine_starting" if engines[r, c] else "grid_lost_without_former"
                    cause = "grid_lost" if engines[r, c] else ("energy" if forms[r, c] else "former")
                elif announced:
                    trigger, cause = "planned_loss", "planned"
                elif swing is not None and community.island.break_s > 0 and swing.step_kw[r, c] > swing.spare_kw[r, c]:
                    trigger = "grid_lost_with_break"
                else:
                    struck[r, c] = True
            switching.go(r, c, trigger, cause)
            breaks = state.mode[r, c] == TRANSFER
            state.due_s[r, c] = t_s[r] + community.island.break_s if breaks else np.inf
            state.level[r, c] = 1.0
    if swing is not None and struck.any() and community.island.frequency is not None:
        swing.strike(state, t_s, struck, community.island.frequency)


def _needs_swing(community: Community) -> bool:
    return community.island.break_s > 0 or community.island.frequency is not None


def join_grid(switching: Switching, at: Ints) -> None:
    """The grid is back in rows ``at``: islands wait until they are in step, dark cells are switched on."""
    community, state, t_s = switching.community, switching.state, switching.t_s
    for r in at.tolist():
        for c, cell in enumerate(community.cells):
            state.held_from_s[r, c], state.held_to_s[r, c] = np.inf, np.inf
            rules = community.island.synchronise
            if state.mode[r, c] != ISLAND:
                _switch_on(switching, r, c)
            elif rules is None:
                switching.go(r, c, "grid_returned", "grid_returned")
                state.due_s[r, c] = np.inf
            else:
                switching.go(r, c, "grid_returned_out_of_step", "grid_returned")
                random = community.site.rows.generator(int(switching.rows[r]), cell, f"angle {t_s[r]:.3f}")
                wait_s = _wait_for_step(rules, 360.0 * random.random() - 180.0)
                state.level[r, c] = float(wait_s <= rules.give_up_s)
                state.due_s[r, c] = t_s[r] + min(wait_s, rules.give_up_s)
    switched = tied(state.mode)[at]
    state.served = state.served.copy()
    state.served[at] = np.where(switched[:, :, None], 1.0, state.served[at])


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


def _switch_on(switching: Switching, r: int, c: int) -> None:
    """A dark cell joins a live grid; its generation and stores may have to wait."""
    state, rules = switching.state, switching.community.island
    waits = rules.wait_s + rules.ramp_s > 0
    switching.go(r, c, "grid_returned_to_wait" if waits else "grid_returned", "grid_returned")
    state.level[r, c] = 0.0 if waits else 1.0
    state.due_s[r, c] = switching.t_s[r] + rules.wait_s + rules.ramp_s / STAIRS if waits else np.inf
    state.served[r, c] = 1.0


def pass_time(switching: Switching) -> None:
    """What comes by itself: breaks end, switches close, generation comes back, relays trip and let tiers back."""
    state, now = switching.state, switching.t_s[:, None]
    trips = (state.held_from_s <= now[:, :, None]) & np.isfinite(state.held_from_s)
    state.held_from_s = np.where(trips, -np.inf, state.held_from_s)
    over = (state.held_from_s == -np.inf) & (state.held_to_s <= now[:, :, None])
    state.held_from_s = np.where(over, np.inf, state.held_from_s)
    state.held_to_s = np.where(over, np.inf, state.held_to_s)
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
        engines = engine_formers(switching.community, state)[r, c]
        switching.go(r, c, "blackout_engine_starting" if engines else "blackout", "frequency")
    elif mode == SYNC and state.level[r, c] > 0:
        switching.go(r, c, "synchronised", "synchronised")
    elif mode == SYNC:
        switching.go(r, c, "sync_failed", "sync")
        state.due_s[r, c] = due_s + rules.break_s
    elif mode == DEAD:
        _switch_on(switching, r, c)
    elif mode == RECOVER:
        stair = round(state.level[r, c] * STAIRS) + 1
        if rules.ramp_s == 0 or stair >= STAIRS:
            state.level[r, c] = 1.0
            switching.go(r, c, "recovered", "recovered")
        else:
            state.level[r, c] = stair / STAIRS
            state.due_s[r, c] = due_s + rules.ramp_s / STAIRS


def call_engines(community: Community, state: State, t_s: Floats) -> None:
    """Engines of cells without grid are needed, the others are not."""
    away = ~tied(state.mode) & ~((state.mode == DEAD) & np.isfinite(state.due_s))
    for i, fleet in enumerate(community.fleets):
        if isinstance(fleet, Startable):
            wanted = community.by_cell[i].spread(away.astype(np.float64)) > 0
            fleet.call(state.fleets[i], wanted, Moment(t_s[:, None], 0))


def next_change_s(state: State) -> Floats:
    """When something in each row changes by itself, (S,) seconds from the start; inf: nothing does."""
    waits = np.where(state.held_from_s == -np.inf, state.held_to_s, state.held_from_s)
    soonest: Floats = np.minimum(state.due_s.min(axis=1), waits.reshape(len(waits), -1).min(axis=1))
    return soonest


__all__ = [
    "BLACKSTART",
    "GRID",
    "Switching",
    "call_engines",
    "engine_formers",
    "join_grid",
    "leave_grid",
    "next_change_s",
    "pass_time",
    "store_formers",
]
