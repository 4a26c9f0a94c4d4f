"""Cells without grid: their stores hold the balance, or they go dark.

Demand is served by tier, 1 (critical) first: from what is generated now, then from the stores, but for a tier only
while the cell's stores hold more than its threshold (``shed_below_soc``). What is generated beyond that charges the
stores; what they cannot take is curtailed. Engines that run carry what generation leaves, before the stores do. A tier
that can be served in part is served in that part by everyone (as if it were rotated quickly inside the tier), or by
whole buildings (:mod:`ysc_sim.engine.shedding`). The cell lives as long as one grid-forming device can either give
power or take the surplus; it starts again when an engine runs.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ysc_sim.community.arrays import Community, State
from ysc_sim.contracts import startable
from ysc_sim.engine.cold_load import tier_parts
from ysc_sim.engine.engines import note_weak
from ysc_sim.engine.frame import Frame
from ysc_sim.engine.frequency_watt import follow_curves
from ysc_sim.engine.islands import any_in_island, islands_of, pool
from ysc_sim.engine.modes import BLACKSTART, DEAD, GRID, ISLAND, PLANNED, RECOVER, lives, tied
from ysc_sim.engine.outlet import serve_from_outlets
from ysc_sim.engine.sharing import stores_kw
from ysc_sim.engine.shedding import SHARE_EPS, Queue, in_units, latch
from ysc_sim.engine.transfer import DOOMS, Switching, engine_formers, store_formers
from ysc_sim.units import SECONDS_PER_HOUR, Bools, Floats, Ints

MOST_SPLITS, LEAST_SPLIT_S = 12, 60.0
"""Parts of a step on the grid, at whose beginnings the network is solved again, and how short they may be."""


class CellBalance(NamedTuple):
    """What a cell has and needs, (R, c) kW and shares."""

    demand_kw: Floats
    """(R, c, 4)"""
    by_building_kw: Floats | None
    """The same at each building, (R, n, 4); only where whole buildings are switched."""
    generation_kw: Floats
    """With the least load of running engines."""
    base_kw: Floats
    """That least load alone."""
    engine_kw: Floats
    """What engines can give beyond it."""
    give_kw: Floats
    take_kw: Floats
    """Stores."""
    stored_share: Floats
    usable_kwh: Floats
    can_give: Bools
    """Whether a forming device can give power."""
    can_take: Bools
    """Whether a forming device can take power."""
    runs: Bools
    """Whether a forming engine runs."""


def balance_of(community: Community, state: State, frame: Frame) -> CellBalance:
    """Add up every cell."""
    shape = state.mode.shape
    demand = np.zeros((*shape, 4))
    own = np.zeros((*state.net_kw.shape, 4)) if in_units(state) else None
    generation, base, engine, give, take, energy, usable = (np.zeros(shape) for _ in range(7))
    forming_give, forming_take, forming_runs = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    for i, (fleet, to_cell) in enumerate(zip(community.fleets, community.by_cell, strict=True)):
        lo, hi, want = frame.bands[i]
        if startable(fleet):
            least = to_cell.sum(np.maximum(lo, 0.0))
            base, generation = base + least, generation + least
            engine += to_cell.sum(np.maximum(hi, 0.0) - np.maximum(lo, 0.0))
            forming_runs += to_cell.sum(np.where(fleet.forming & (hi > 0.0), 1.0, 0.0))
        elif fleet.flexible:
            give += to_cell.sum(np.maximum(hi, 0.0))
            take += to_cell.sum(np.maximum(-lo, 0.0))
            forming_give += to_cell.sum(np.where(fleet.forming & (hi > 0.0), 1.0, 0.0))
            forming_take += to_cell.sum(np.where(fleet.forming & (lo < 0.0), 1.0, 0.0))
        elif fleet.tier_shares is not None:
            parts = tier_parts(community, state, i)[0]
            for tier in range(4):
                wanted = -want * parts[..., tier]
                demand[:, :, tier] += to_cell.sum(wanted)
                if own is not None:
                    own[:, :, tier] += community.by_building[i].sum(wanted)
        else:
            generation += to_cell.sum(want)
        if fleet.stores:
            store = fleet.store(state.fleets[i])
            present = 1.0 if store.present is None else store.present
            energy += to_cell.sum((store.stored_kwh - store.floor_kwh) * present)
            room = np.broadcast_to((store.capacity_kwh - store.floor_kwh) * present, store.stored_kwh.shape)
            usable += to_cell.sum(np.ascontiguousarray(room))
    top = islands_of(community, state)
    demand, generation, base, engine, give, take, energy, usable, forming_give, forming_take, forming_runs = (
        pool(values, top)
        for values in (
            demand,
            generation,
            base,
            engine,
            give,
            take,
            energy,
            usable,
            forming_give,
            forming_take,
            forming_runs,
        )
    )
    share = np.divide(energy, usable, out=np.zeros(shape), where=usable > 0)
    runs = forming_runs > 0
    can_give, can_take = (forming_give > 0) | runs, forming_take > 0
    return CellBalance(demand, own, generation, base, engine, give, take, share, usable, can_give, can_take, runs)


def share_islands(community: Community, state: State, frame: Frame) -> None:
    """Find the balance of every cell without grid; set powers, served shares and modes."""
    cell = balance_of(community, state, frame)
    _start_dark(community, state, frame, cell.runs)
    sun, engine, store = cell.generation_kw.copy(), cell.engine_kw.copy(), cell.give_kw.copy()
    drawn, burnt = np.zeros_like(store), np.zeros_like(store)
    served = np.ones((*state.mode.shape, 4))
    top = islands_of(community, state)
    queue = None if cell.by_building_kw is None else Queue(community, state, _now_s(state, frame), top)
    allowed = latch(community, state, cell.stored_share)
    note_weak(state, cell.demand_kw, allowed, cell.generation_kw - cell.base_kw, cell.give_kw)
    lossy = _serve_losses(losses_of(state, top), (sun, engine, store), (burnt, drawn))
    for tier in (number - 1 for number in community.island.shedding.order):
        held = state.held_from_s[:, :, tier] == -np.inf
        need = np.where(held, 0.0, cell.demand_kw[:, :, tier])
        if queue is not None and cell.by_building_kw is not None:
            power = sun + engine + store * allowed[:, :, tier]
            chosen = queue.serve(tier, cell.by_building_kw[:, :, tier], power, held)
            need = pool(community.cell_of.sum(chosen), top)
        direct = np.minimum(sun, need)
        sun -= direct
        motor = np.minimum(engine, need - direct)
        engine -= motor
        burnt += motor
        stored = np.minimum(store, need - direct - motor) * allowed[:, :, tier]
        store -= stored
        drawn += stored
        np.divide(direct + motor + stored, need, out=served[:, :, tier], where=need > 0)
        served[:, :, tier] *= ~held
    charged = np.minimum(sun, cell.take_kw)
    spilt = sun - charged
    if community.island.engines is not None and community.island.engines.charge:
        more = np.minimum(engine, cell.take_kw - charged)
        burnt, charged = burnt + more, charged + more
    alive = (cell.can_give | (cell.can_take & (charged > 0))) & ~lossy
    _change_formers(community, state, frame, alive)
    live = lives(state.mode)
    group = community.cell_of.group
    of_building = queue.served if queue is not None else served[:, group]
    state.served = np.where(tied(state.mode)[:, group, None], 1.0, of_building * live[:, group, None])
    if queue is not None:
        queue.close(state)
    # What is left over is taken from generation first; an engine goes below its least load only when that is gone.
    followers = cell.generation_kw - cell.base_kw
    spilt_first = np.minimum(spilt, followers)
    shares = Shares(
        generation=_ratio(followers - spilt_first, followers) * live,
        base=_ratio(cell.base_kw - (spilt - spilt_first), cell.base_kw) * live,
        engine=_ratio(burnt, cell.engine_kw) * live,
        give=_ratio(drawn, cell.give_kw) * live,
        take=_ratio(charged, cell.take_kw) * live,
    )
    split = follow_curves(community, state, frame, (followers - spilt_first) * live) or {}
    if community.island.sharing != "droop":
        split |= stores_kw(community, state, frame, drawn * live, charged * live)
    _set_powers(community, state, frame, shares, split)
    serve_from_outlets(community, state, frame)
    if community.island.overload_s is not None:
        lacks = (cell.demand_kw[:, :, 0] > 0) & (served[:, :, 0] < 1.0 - SHARE_EPS) & allowed[:, :, 0]
        doom(state, frame, lacks & (state.held_from_s[:, :, 0] > -np.inf), "power", community.island.overload_s)


def losses_of(state: State, top: Ints | None) -> Floats:
    """What the wires of each island lose, told to all its cells, (R, c) kW."""
    return state.loss_kw if top is None else np.take_along_axis(state.loss_kw, top, axis=1)


def _serve_losses(loss: Floats, left: tuple[Floats, ...], used: tuple[Floats, Floats]) -> Bools:
    """Take the losses of the wires (R, c) before all demand; where that is not possible, True.

    ``left``: what generation, engines and stores can still give; ``used``: what the last two gave. Both are changed.
    """
    need = loss
    for power, taken in zip(left, (None, *used), strict=True):
        part = np.minimum(power, need)
        need = need - part
        power -= part
        if taken is not None:
            taken += part
    return np.asarray(need > SHARE_EPS * np.maximum(loss, 1.0))


def doom(state: State, frame: Frame, wrong: Bools, cause: str, after_s: float) -> None:
    """Islands in which something is ``wrong`` (R, c) go dark after a time, unless it is right again before."""
    code = DOOMS.index(cause)
    now, waits = _now_s(state, frame), np.isfinite(state.due_s) & (state.mode == ISLAND)
    begins = wrong & (state.mode == ISLAND) & ~waits
    over = ~wrong & waits & (state.doom == code)
    state.due_s = np.where(begins, now + after_s, np.where(over, np.inf, state.due_s))
    state.doom = np.where(begins, code, np.where(over, 0, state.doom))


class Shares(NamedTuple):
    """Which part of what they could do the devices of a living cell do, (R, c)."""

    generation: Floats
    base: Floats
    engine: Floats
    give: Floats
    take: Floats


def _ratio(part: Floats, whole: Floats) -> Floats:
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)


def _start_dark(community: Community, state: State, frame: Frame, runs: Bools) -> None:
    """Dark cells in which an engine runs come to life."""
    dark = (state.mode == BLACKSTART) | ((state.mode == DEAD) & np.isinf(state.due_s))
    # One that may not be started keeps all that hangs on it dark: an island lives as a whole.
    dark &= ~any_in_island(state.locked_s > _now_s(state, frame), islands_of(community, state))
    if not (dark & runs).any():
        return
    switching = switching_of(community, state, frame)
    for r, c in zip(*np.nonzero(dark & runs), strict=True):
        switching.go(int(r), int(c), "started", "started")


def switching_of(community: Community, state: State, frame: Frame) -> Switching:
    """Rows of an act at their instants."""
    rows = np.arange(len(state.mode)) if frame.rows is None else frame.rows
    return Switching(community, state, rows, _now_s(state, frame)[:, 0], frame.events)


def _change_formers(community: Community, state: State, frame: Frame, alive: Bools) -> None:
    """Cells whose last forming device gave up go dark; those whose engine does not start are told."""
    lost = lives(state.mode) & ~alive
    if not (lost.any() or (state.mode == BLACKSTART).any()):
        return
    switching = switching_of(community, state, frame)
    engines, stores = engine_formers(community, state), store_formers(community, state)[1]
    for r, c in zip(*np.nonzero(lost), strict=True):
        trigger = "former_lost_engine_starting" if engines[r, c] else "former_lost"
        switching.go(int(r), int(c), trigger, "energy" if stores[r, c] else "former")
        state.due_s[r, c] = np.inf
    for r, c in zip(*np.nonzero((state.mode == BLACKSTART) & ~engines), strict=True):
        switching.go(int(r), int(c), "start_failed", "start")


def _now_s(state: State, frame: Frame) -> Floats:
    """(R, 1)"""
    return np.asarray(np.broadcast_to(frame.moment.t_s, (len(state.mode), 1)), dtype=np.float64)


def _set_powers(community: Community, state: State, frame: Frame, shares: Shares, split: dict[int, Floats]) -> None:
    """Overwrite the powers of devices in cells without grid, or back on it and waiting; add up the buildings anew.

    ``split``: what each store or plant does, where not all do the same part of what they can.
    """
    whole = ((state.mode == GRID) | (state.mode == PLANNED)).astype(np.float64)
    waits = (state.mode == RECOVER).astype(np.float64)
    net = np.zeros(state.net_kw.shape)
    for i, (fleet, to_cell) in enumerate(zip(community.fleets, community.by_cell, strict=True)):
        lo, hi, want = frame.bands[i]
        if startable(fleet):
            least = np.maximum(lo, 0.0)
            alone = least * to_cell.spread(shares.base) + (np.maximum(hi, 0.0) - least) * to_cell.spread(shares.engine)
        elif i in split:
            alone = split[i]
        elif fleet.flexible:
            alone = np.maximum(hi, 0.0) * to_cell.spread(shares.give)
            alone = alone + np.minimum(lo, 0.0) * to_cell.spread(shares.take)
        elif fleet.tier_shares is not None:
            parts, served = tier_parts(community, state, i)[0], community.by_building[i].spread
            part = sum(parts[..., tier] * served(state.served[:, :, tier]) for tier in range(4))
            alone = want * part
        else:
            alone = want * to_cell.spread(shares.generation)
        granted = state.p_kw[i]
        limited = np.where(granted > 0.0, granted * to_cell.spread(state.level), granted)
        back = np.where(to_cell.spread(waits) > 0, limited, alone)
        state.p_kw[i] = np.where(to_cell.spread(whole) > 0, granted, back)
        net += community.by_building[i].sum(state.p_kw[i])
    # Tied to the grid a building keeps the sum that it had: added up in another order it has other last bits.
    keeps = community.cell_of.spread(whole) > 0
    state.net_kw = np.where(keeps, state.net_kw, net)


def seconds_to_limit(community: Community, state: State) -> Floats:
    """Seconds until a store or tank in a cell without grid meets a limit, or its cell a threshold, (R,); else inf.

    Where the network is solved inside the run every store counts: what one no longer takes moves all voltages. On the
    grid a step is split into no more than ``MOST_SPLITS`` parts and not below a minute, for a store may hover about a
    limit.
    """
    rows = state.mode.shape[0]
    soonest = np.full(rows, np.inf)
    alive = lives(state.mode).astype(np.float64)
    solved = community.wires is not None and community.wires.control
    coupled = tied(state.mode).astype(np.float64) * solved
    least_s = max(community.site.axis.step_s / MOST_SPLITS, LEAST_SPLIT_S)
    energy, drain, usable = (np.zeros(state.mode.shape) for _ in range(3))
    for i, (fleet, to_cell) in enumerate(zip(community.fleets, community.by_cell, strict=True)):
        if not (fleet.stores or startable(fleet)):
            continue
        p, part = state.p_kw[i], state.fleets[i]
        inside = to_cell.spread(alive + coupled) > 0
        limits = fleet.limit_s(part, p)
        if solved:
            limits = np.maximum(limits, to_cell.spread(coupled) * least_s)
        limits = np.where(inside, limits, np.inf)
        soonest = np.minimum(soonest, np.minimum.reduce(limits, axis=1))
        if not fleet.stores:
            continue
        store = fleet.store(part)
        present = 1.0 if store.present is None else store.present
        energy += to_cell.sum((store.stored_kwh - store.floor_kwh) * present)
        drain += to_cell.sum(fleet.drain_kw(part, p) * present)
        room = np.broadcast_to((store.capacity_kwh - store.floor_kwh) * present, store.stored_kwh.shape)
        usable += to_cell.sum(np.ascontiguousarray(room))
    top = islands_of(community, state)
    energy, drain, usable = pool(energy, top), pool(drain, top), pool(usable, top)
    falling, rising = levels_of(community)
    for threshold in falling:
        above = energy - threshold * usable
        crosses = (alive > 0) & (drain > 0) & (above > SHARE_EPS * usable)
        time = np.divide(above * SECONDS_PER_HOUR, drain, out=np.full(drain.shape, np.inf), where=crosses)
        soonest = np.minimum(soonest, np.minimum.reduce(time, axis=1))
    for level in rising:
        below = energy - level * usable
        crosses = (alive > 0) & (drain < 0) & (below < -SHARE_EPS * usable)
        time = np.divide(below * SECONDS_PER_HOUR, drain, out=np.full(drain.shape, np.inf), where=crosses)
        soonest = np.minimum(soonest, np.minimum.reduce(time, axis=1))
    return soonest


def levels_of(community: Community) -> tuple[list[float], list[float]]:
    """States of charge of an island at which something changes while it falls, and while it rises."""
    island = community.island
    falling, rising = community.shed_below_soc.tolist(), list(island.shedding.restore_above_soc or ())
    if island.engines is not None:
        falling.append(island.engines.start_below_soc)
        rising.append(island.engines.stop_above_soc)
    return falling, rising
