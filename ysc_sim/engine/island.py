"""Cells without grid: their stores hold the balance, or they go dark.

Demand is served by tier, 1 (critical) first: from what is generated now, then from the stores, but for a tier only
while the cell's stores hold more than its threshold (``shed_below_soc``). What is generated beyond that charges the
stores; what they cannot take is curtailed. A tier that can be served in part is served in that part by everyone
(as if it were rotated quickly inside the tier). The cell lives as long as one grid-forming device can either give
power or take the surplus.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ysc_sim.community.arrays import Community, State
from ysc_sim.engine.frame import Frame
from ysc_sim.engine.modes import GRID, ISLAND, MODES, follow
from ysc_sim.results.arrays import Event
from ysc_sim.units import SECONDS_PER_HOUR, Bools, Floats

SHARE_EPS = 1e-9
"""A store within this share of a threshold stands on it."""


class CellBalance(NamedTuple):
    """What a cell has and needs, (R, c) kW and shares."""

    demand_kw: Floats
    """(R, c, 4)"""
    generation_kw: Floats
    give_kw: Floats
    take_kw: Floats
    stored_share: Floats
    usable_kwh: Floats
    can_give: Bools
    """Whether a forming device can give power."""
    can_take: Bools
    """Whether a forming device can take power."""


def balance_of(community: Community, state: State, frame: Frame) -> CellBalance:
    """Add up every cell."""
    shape = state.mode.shape
    demand = np.zeros((*shape, 4))
    generation, give, take, energy, usable = (np.zeros(shape) for _ in range(5))
    forming_give, forming_take = np.zeros(shape), np.zeros(shape)
    for i, (fleet, to_cell) in enumerate(zip(community.fleets, community.by_cell, strict=True)):
        lo, hi, want = frame.bands[i]
        if fleet.flexible:
            give += to_cell.sum(np.maximum(hi, 0.0))
            take += to_cell.sum(np.maximum(-lo, 0.0))
            forming_give += to_cell.sum(np.where(fleet.forming & (hi > 0.0), 1.0, 0.0))
            forming_take += to_cell.sum(np.where(fleet.forming & (lo < 0.0), 1.0, 0.0))
        elif fleet.tier_shares is not None:
            for tier in range(4):
                demand[:, :, tier] += to_cell.sum(-want * fleet.tier_shares[:, tier])
        else:
            generation += to_cell.sum(want)
        if fleet.stores:
            store = fleet.store(state.fleets[i])
            present = 1.0 if store.present is None else store.present
            energy += to_cell.sum((store.stored_kwh - store.floor_kwh) * present)
            room = np.broadcast_to((store.capacity_kwh - store.floor_kwh) * present, store.stored_kwh.shape)
            usable += to_cell.sum(np.ascontiguousarray(room))
    share = np.divide(energy, usable, out=np.zeros(shape), where=usable > 0)
    return CellBalance(demand, generation, give, take, share, usable, forming_give > 0, forming_take > 0)


def share_islands(community: Community, state: State, frame: Frame) -> None:
    """Find the balance of every cell without grid; set powers, served shares and modes."""
    cell = balance_of(community, state, frame)
    sun, store = cell.generation_kw.copy(), cell.give_kw.copy()
    drawn = np.zeros_like(store)
    served = np.ones_like(state.served)
    lossy = _serve_losses(state, sun, store, drawn)
    for tier in range(4):
        need = cell.demand_kw[:, :, tier]
        direct = np.minimum(sun, need)
        sun -= direct
        allowed = cell.stored_share > community.shed_below_soc[tier] + SHARE_EPS
        stored = np.minimum(store, need - direct) * allowed
        store -= stored
        drawn += stored
        np.divide(direct + stored, need, out=served[:, :, tier], where=need > 0)
    charged = np.minimum(sun, cell.take_kw)
    alive = (cell.can_give | (cell.can_take & (charged > 0))) & ~lossy
    _lose_formers(community, state, frame, alive)
    lives = state.mode == ISLAND
    served = np.where((state.mode == GRID)[:, :, None], 1.0, served * lives[:, :, None])
    state.served = served
    used = cell.generation_kw - sun + charged
    shares = Shares(
        generation=_ratio(used, cell.generation_kw) * lives,
        give=_ratio(drawn, cell.give_kw) * lives,
        take=_ratio(charged, cell.take_kw) * lives,
    )
    _set_powers(community, state, frame, shares)


def _serve_losses(state: State, sun: Floats, store: Floats, drawn: Floats) -> Bools:
    """Take the losses of the wires (known for a single cell) before all demand; where that is not possible, True."""
    need = np.broadcast_to(state.loss_kw, sun.shape) if sun.shape[1] == 1 else np.zeros_like(sun)
    direct = np.minimum(sun, need)
    stored = np.minimum(store, need - direct)
    sun -= direct
    store -= stored
    drawn += stored
    return np.asarray(need - direct - stored > SHARE_EPS * np.maximum(need, 1.0))


class Shares(NamedTuple):
    """Which part of what they could do the devices of a living cell do, (R, c)."""

    generation: Floats
    give: Floats
    take: Floats


def _ratio(part: Floats, whole: Floats) -> Floats:
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)


def _lose_formers(community: Community, state: State, frame: Frame, alive: Bools) -> None:
    """Cells whose last forming device gave up go dark."""
    for r, c in zip(*np.nonzero((state.mode == ISLAND) & ~alive), strict=True):
        t_s = frame.moment.t_s if np.ndim(frame.moment.t_s) == 0 else np.asarray(frame.moment.t_s)[r, 0]
        row = int(r) if frame.rows is None else int(frame.rows[r])
        state.mode[r, c] = log_transition(
            frame.events, float(t_s), row, community.cells[c], int(state.mode[r, c]), "former_lost", "energy"
        )


def log_transition(events: list[Event], t_s: float, row: int, cell: str, mode: int, trigger: str, cause: str) -> int:
    """The mode that follows, written down as an event with its cause."""
    after = follow(mode, trigger)
    events.append(Event(t_s, row, cell, MODES[mode].name, MODES[after].name, cause))
    return after


def _set_powers(community: Community, state: State, frame: Frame, shares: Shares) -> None:
    """Overwrite the powers of devices in cells without grid; add up the buildings anew."""
    on_grid = state.mode == GRID
    net = np.zeros(state.net_kw.shape)
    for i, (fleet, to_cell) in enumerate(zip(community.fleets, community.by_cell, strict=True)):
        lo, hi, want = frame.bands[i]
        if fleet.flexible:
            alone = np.maximum(hi, 0.0) * to_cell.spread(shares.give)
            alone = alone + np.minimum(lo, 0.0) * to_cell.spread(shares.take)
        elif fleet.tier_shares is not None:
            part = sum(fleet.tier_shares[:, tier] * to_cell.spread(state.served[:, :, tier]) for tier in range(4))
            alone = want * part
        else:
            alone = want * to_cell.spread(shares.generation)
        state.p_kw[i] = np.where(to_cell.spread(on_grid.astype(np.float64)) > 0, state.p_kw[i], alone)
        net += community.by_building[i].sum(state.p_kw[i])
    # Tied to the grid a building keeps the sum that it had: added up in another order it has other last bits.
    tied = community.cell_of.spread(on_grid.astype(np.float64)) > 0
    state.net_kw = np.where(tied, state.net_kw, net)


def seconds_to_limit(community: Community, state: State) -> Floats:
    """Seconds until a store in a cell without grid meets a limit, or its cell a shedding threshold, (R,); else inf.

    Where the network is solved inside the run every store counts: what one no longer takes moves all voltages.
    """
    rows = state.mode.shape[0]
    soonest = np.full(rows, np.inf)
    alive = (state.mode == ISLAND).astype(np.float64)
    coupled = (state.mode == GRID) if community.wires is not None and community.wires.control else 0.0
    energy, drain, usable = (np.zeros(state.mode.shape) for _ in range(3))
    for i, (fleet, to_cell) in enumerate(zip(community.fleets, community.by_cell, strict=True)):
        if not fleet.stores:
            continue
        p, part = state.p_kw[i], state.fleets[i]
        store = fleet.store(part)
        present = 1.0 if store.present is None else store.present
        inside = to_cell.spread(alive + coupled) > 0
        limits = np.where(inside, fleet.limit_s(part, p), np.inf)
        soonest = np.minimum(soonest, np.minimum.reduce(limits, axis=1))
        energy += to_cell.sum((store.stored_kwh - store.floor_kwh) * present)
        drain += to_cell.sum(fleet.drain_kw(part, p) * present)
        room = np.broadcast_to((store.capacity_kwh - store.floor_kwh) * present, store.stored_kwh.shape)
        usable += to_cell.sum(np.ascontiguousarray(room))
    for threshold in community.shed_below_soc:
        above = energy - threshold * usable
        crosses = (alive > 0) & (drain > 0) & (above > SHARE_EPS * usable)
        time = np.divide(above * SECONDS_PER_HOUR, drain, out=np.full(drain.shape, np.inf), where=crosses)
        soonest = np.minimum(soonest, np.minimum.reduce(time, axis=1))
    return soonest
