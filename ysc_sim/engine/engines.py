"""When the engines of a living island run: as long as its stores are low or too weak, not longer.

Without ``island.engines`` they run from the loss of the grid to its return. With it an island that its stores can carry
leaves its engines off until the stores have fallen to ``start_below_soc``, or could not carry the demand that they are
to serve, and stops them again once they have risen to ``stop_above_soc``. Dark cells call their engines in any case.
"""

from __future__ import annotations

import numpy as np

from ysc_sim.community.arrays import Community, State
from ysc_sim.contracts import DeviceState, Moment
from ysc_sim.engine.islands import islands_of, pool
from ysc_sim.engine.modes import lives
from ysc_sim.engine.shedding import SHARE_EPS
from ysc_sim.engine.swing import calm_down
from ysc_sim.engine.transfer import call_engines
from ysc_sim.scenario.island import Engines
from ysc_sim.units import Bools, Floats


def start_engines(rules: Engines | None, rows: int, cells: int) -> DeviceState:
    """``engines`` (S, c) 0/1: whether living cells want theirs; ``weak`` 0/1: their stores could not carry what they
    were to serve; {} without rules.
    """
    return {} if rules is None else {"engines": np.ones((rows, cells)), "weak": np.zeros((rows, cells))}


def command_engines(community: Community, state: State, moment: Moment) -> None:
    """Call the engines that are needed now and stop those that are not; an engine is unloaded before it stops."""
    rules = community.island.engines
    if rules is None:
        return
    soc, before, weak = stored_share(community, state), state.memory["engines"], state.memory["weak"] > 0
    low, high = soc <= rules.start_below_soc + SHARE_EPS, soc >= rules.stop_above_soc - SHARE_EPS
    wanted = np.where(low | weak, 1.0, np.where(high, 0.0, before))
    state.memory["engines"] = np.where(lives(state.mode), wanted, 1.0)
    t_s = np.array(np.broadcast_to(moment.t_s, (len(state.mode), 1)), dtype=np.float64)[:, 0]
    stops = (state.memory["engines"] < before) & lives(state.mode)
    if community.island.frequency is not None and stops.any():
        calm_down(state, stops, t_s)
    call_engines(community, state, t_s)


def call_for_weak(community: Community, state: State, moment: Moment) -> None:
    """Call engines at once where the act that is over found stores too weak."""
    if "weak" not in state.memory:
        return
    more = (state.memory["weak"] > 0) & (state.memory["engines"] == 0) & lives(state.mode)
    if more.any():
        state.memory["engines"] = np.where(more, 1.0, state.memory["engines"])
        call_engines(community, state, np.array(np.broadcast_to(moment.t_s, (len(more), 1)), dtype=np.float64)[:, 0])


def stored_share(community: Community, state: State) -> Floats:
    """What the stores of each island hold between their floors and full, told to all its cells, (R, c)."""
    energy, usable = np.zeros(state.mode.shape), np.zeros(state.mode.shape)
    for fleet, to_cell, part in zip(community.fleets, community.by_cell, state.fleets, strict=True):
        if not fleet.stores:
            continue
        store = fleet.store(part)
        present = 1.0 if store.present is None else store.present
        room = np.broadcast_to((store.capacity_kwh - store.floor_kwh) * present, store.stored_kwh.shape)
        energy += to_cell.sum(np.ascontiguousarray((store.stored_kwh - store.floor_kwh) * present))
        usable += to_cell.sum(np.ascontiguousarray(room))
    top = islands_of(community, state)
    energy, usable = pool(energy, top), pool(usable, top)
    return np.divide(energy, usable, out=np.zeros(energy.shape), where=usable > 0)


def note_weak(state: State, demand_kw: Floats, allowed: Bools, others_kw: Floats, give_kw: Floats) -> None:
    """Remember where stores could not carry alone what they are to serve of ``demand_kw`` (R, c, 4).

    ``allowed`` (R, c, 4): tiers that they serve; ``others_kw`` (R, c): what gives without them and without engines.
    """
    if "weak" in state.memory:
        need = np.add.reduce(np.where(allowed & ~np.isneginf(state.held_from_s), demand_kw, 0.0), axis=2) - others_kw
        state.memory["weak"] = (need > give_kw * (1.0 + SHARE_EPS) + SHARE_EPS).astype(np.float64)
