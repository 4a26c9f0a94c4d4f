"""Planned islanding: before an announced outage the exchange with the grid is ramped to zero, then the switch opens.

The same before the announced cut of a feeder: what lies behind its switch ramps what flows through that switch, the
rest goes on.

IEEE Std 2030.7-2017 (transition functions of microgrid controllers): planned disconnection with a point of connection
that carries nothing. The exchange of the moment at which the ramp begins is the bound that shrinks, in equal stairs;
the last stair allows none. Stores and engines, called for it, take the difference, then generation is cut. What they
cannot take goes on flowing, and is the step that the island meets when the switch opens.
"""

from __future__ import annotations

import numpy as np

from ysc_sim.community.arrays import Community, State
from ysc_sim.contracts import DeviceState
from ysc_sim.engine.frame import Frame
from ysc_sim.engine.islands import islands_of, pool
from ysc_sim.engine.modes import GRID, PLANNED, tied
from ysc_sim.engine.transfer import STAIRS, Switching, call_engines
from ysc_sim.scenario.island import Planned
from ysc_sim.units import Bools, Floats, Ints

CUT = ("pv", "wind")


def start_ramp(rules: Planned | None, rows: int, cells: int) -> DeviceState:
    """``ramp_kw`` (S, c): exchange of each cell's part when its ramp began; ``stair_s`` (S, c); ``opens`` (S, c) 0/1:
    the switch of the cell will open by itself, without the grid's loss; {} without rules.
    """
    return {} if rules is None else {name: np.zeros((rows, cells)) for name in ("ramp_kw", "stair_s", "opens")}


def begin_ramp(switching: Switching, at: Ints, lead_s: Floats, which: Bools, cell: int = 0) -> None:
    """Cells ``which`` (R, c) of rows ``at`` begin to leave the grid, ``lead_s`` (k,) before it goes away.

    ``cell``: the switch that will open, if it is not that of the whole community.
    """
    community, state = switching.community, switching.state
    if cell:
        state.memory["opens"][at, cell] = tied(state.mode[at, cell]).astype(np.float64)
    exchange = exchange_kw(community, state)
    for r, lead in zip(at.tolist(), lead_s.tolist(), strict=True):
        for c in np.flatnonzero(which[r] & (state.mode[r] == GRID)).tolist():
            switching.go(r, c, "ramp_begins", "ramp")
            state.memory["ramp_kw"][r, c] = abs(exchange[r, c])
            state.level[r, c] = 1.0 - 1.0 / STAIRS
            state.memory["stair_s"][r, c] = lead / STAIRS
            state.due_s[r, c] = switching.t_s[r] + lead / STAIRS
    call_engines(community, state, switching.t_s)


def exchange_kw(community: Community, state: State) -> Floats:
    """What each cell's part sends out (> 0) or takes in, told to all its cells, (R, c)."""
    return pool(community.cell_of.sum(np.ascontiguousarray(state.net_kw)), parts_of(community, state))


def parts_of(community: Community, state: State) -> Ints | None:
    """Islands as they will be when the switches have opened before which exchange is ramped, as ``islands_of``."""
    return islands_of(community, state, state.closed & (state.memory["opens"] == 0)) if community.nested else None


def hold_exchange(community: Community, state: State, frame: Frame) -> None:
    """Keep the exchange of cells that leave the grid within what their ramps allow."""
    ramps = state.mode == PLANNED
    if not ramps.any():
        return
    top = parts_of(community, state)
    bound = np.where(ramps, state.memory["ramp_kw"] * state.level, np.inf)
    exchange = exchange_kw(community, state)
    missing, surplus = np.maximum(-bound - exchange, 0.0), np.maximum(exchange - bound, 0.0)
    flexible = [i for i, fleet in enumerate(community.fleets) if fleet.flexible]
    surplus = surplus - _move(community, state, frame, flexible, missing, surplus, top)
    cut = [i for i, fleet in enumerate(community.fleets) if fleet.energy_class in CUT]
    made = pool(_sum(community, state, cut), top)
    left = 1.0 - np.minimum(np.divide(surplus, made, out=np.zeros_like(made), where=made > 0), 1.0)
    for i in cut:
        state.p_kw[i] = state.p_kw[i] * community.by_cell[i].spread(left)
    net = np.zeros(state.net_kw.shape)
    for i, to_building in enumerate(community.by_building):
        net += to_building.sum(np.ascontiguousarray(np.broadcast_to(state.p_kw[i], _shape(community, state, i))))
    state.net_kw = np.where(ramps[:, community.cell_of.group], net, state.net_kw)


def _move(
    community: Community,
    state: State,
    frame: Frame,
    flexible: list[int],
    missing: Floats,
    surplus: Floats,
    top: Ints | None,
) -> Floats:
    """Let flexible devices give ``missing`` more or take ``surplus`` more (R, c); how much of the surplus they took."""
    up, down = np.zeros(missing.shape), np.zeros(missing.shape)
    for i in flexible:
        lo, hi, _ = frame.bands[i]
        up += community.by_cell[i].sum(np.maximum(hi - state.p_kw[i], 0.0))
        down += community.by_cell[i].sum(np.maximum(state.p_kw[i] - lo, 0.0))
    up, down = pool(up, top), pool(down, top)
    more = np.minimum(np.divide(missing, up, out=np.zeros_like(up), where=up > 0), 1.0)
    less = np.minimum(np.divide(surplus, down, out=np.zeros_like(down), where=down > 0), 1.0)
    for i in flexible:
        (lo, hi, _), spread, p = frame.bands[i], community.by_cell[i].spread, state.p_kw[i]
        state.p_kw[i] = p + np.maximum(hi - p, 0.0) * spread(more) - np.maximum(p - lo, 0.0) * spread(less)
    return np.minimum(surplus, down)


def _sum(community: Community, state: State, fleets: list[int]) -> Floats:
    total = np.zeros(state.mode.shape)
    for i in fleets:
        total += community.by_cell[i].sum(
            np.ascontiguousarray(np.broadcast_to(state.p_kw[i], _shape(community, state, i)))
        )
    return total


def _shape(community: Community, state: State, i: int) -> tuple[int, int]:
    return len(state.mode), len(community.fleets[i].placed.ids)
