"""Switches inside the community: feeders that are cut and fed again, faults, islands that split and merge."""

from __future__ import annotations

import numpy as np

from ysc_sim.engine.islands import islands_of
from ysc_sim.engine.modes import DEAD, ISLAND, SYNC, lives, tied
from ysc_sim.engine.transfer import Switching, join, leave_grid, start_sync, switch_on
from ysc_sim.units import Bools, Ints


def cut_off(switching: Switching, at: Ints, cell: int, announced: Bools) -> None:
    """The feeder of ``cell`` is cut in rows ``at`` of the state: what lies beneath it is alone.

    ``announced`` (k,): it was, and is left in good order.
    """
    switching.state.barred[at, cell] += 1
    _open(switching, at, cell, announced)


def fault_in(switching: Switching, at: Ints, cell: int) -> None:
    """The wires of ``cell`` have a fault in rows ``at``: it is dark, the cells inside it are alone."""
    state, parents = switching.state, switching.community.parents
    for inner in np.flatnonzero(parents == cell).tolist():
        state.barred[at, inner] += 1
        _open(switching, at, inner, np.zeros(at.size, dtype=np.bool_))
    if parents[cell] >= 0:
        state.barred[at, cell] += 1
        state.closed[at, cell] = False
    state.faulted[at, cell] = True
    for r in at.tolist():
        if state.mode[r, cell] != DEAD:
            switching.go(r, cell, "faulted", "fault")
        state.due_s[r, cell], state.locked_s[r, cell] = np.inf, np.inf
        state.held_from_s[r, cell], state.held_to_s[r, cell] = np.inf, np.inf


def mend(switching: Switching, at: Ints, cell: int, *, fault: bool) -> None:
    """What was cut, or had a fault, is whole again in rows ``at``; switches are closed by :func:`close_wanted`."""
    state, parents = switching.state, switching.community.parents
    if fault:
        state.faulted[at, cell] = False
        state.locked_s[at, cell] = -np.inf
        state.barred[np.ix_(at, np.flatnonzero(parents == cell))] -= 1
    if parents[cell] >= 0:
        state.barred[at, cell] -= 1


def _open(switching: Switching, at: Ints, cell: int, announced: Bools) -> None:
    """The switch of ``cell`` opens in rows ``at``: what was joined to the grid or to an island leaves it."""
    community, state = switching.community, switching.state
    joined, mode = state.closed[:, cell].copy(), state.mode[:, cell].copy()
    state.closed[at, cell] = False
    if community.island.planned is not None:
        state.memory["opens"][at, cell] = 0.0
    top = islands_of(community, state)
    assert top is not None
    part: Bools = top == cell
    leaves = (joined & tied(mode))[at]
    leave_grid(switching, at[leaves], announced[leaves], part)
    for r in at[lives(mode)[at]].tolist():
        for c in np.flatnonzero(part[r]).tolist():
            if state.mode[r, c] == SYNC:
                switching.go(r, c, "grid_lost", "split")
                state.due_s[r, c] = np.inf
            elif joined[r] and lives(state.mode[r, c]):
                switching.go(r, c, "split", "split")


def close_wanted(switching: Switching) -> None:
    """Close every switch that shall be closed and may be: dark onto live at once, live onto live in step."""
    community, state = switching.community, switching.state
    if not community.nested:
        return
    for r, c in zip(*np.nonzero((state.barred == 0) & ~state.closed), strict=True):
        top = islands_of(community, state)
        assert top is not None
        _close_if_possible(switching, int(r), int(c), top[r])


def _close_if_possible(switching: Switching, r: int, cell: int, top: Ints) -> None:
    state, mode = switching.state, switching.state.mode[r]
    parent = int(switching.community.parents[cell])
    mine, theirs = np.flatnonzero(top == cell), np.flatnonzero(top == top[parent])
    breaks = np.isfinite(state.due_s[r, cell]) and mode[cell] == DEAD
    if mode[cell] == SYNC or breaks or mode[parent] == SYNC:
        return
    if mode[cell] == ISLAND and (tied(mode[parent]) or mode[parent] == ISLAND):
        if switching.community.island.synchronise is None:
            join(switching, r, cell, mine)
        else:
            start_sync(switching, r, mine, switching.community.cells[cell])
    elif mode[cell] == ISLAND and mode[parent] == DEAD and np.isinf(state.due_s[r, parent]):
        state.closed[r, cell] = True
        _wake(switching, r, theirs)
    elif not lives(mode[cell]) and (tied(mode[parent]) or mode[parent] in (ISLAND, DEAD)):
        state.closed[r, cell] = True
        if tied(mode[parent]):
            for c in mine.tolist():
                switch_on(switching, r, c)
        elif mode[parent] == ISLAND:
            _wake(switching, r, mine)


def _wake(switching: Switching, r: int, cells: Ints) -> None:
    """Dark cells are picked up by a live island."""
    for c in cells.tolist():
        switching.go(r, c, "merged", "merged")
        switching.state.due_s[r, c] = np.inf
