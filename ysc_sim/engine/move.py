"""Advance: let time pass at the powers that were set, book every device and meter."""

from __future__ import annotations

from typing import Any

import numpy as np

from ysc_sim.community.arrays import Community, State
from ysc_sim.contracts import Device, Flow, late
from ysc_sim.engine.act import plus
from ysc_sim.engine.beyond import book_switched_off
from ysc_sim.engine.cold_load import bands_of, tier_parts, warm_up
from ysc_sim.engine.frame import Frame
from ysc_sim.engine.islands import islands_of, pool
from ysc_sim.engine.meters import Rest, read_meters
from ysc_sim.engine.modes import PLANNED, RECOVER, tied
from ysc_sim.engine.no_export import book_curtailed
from ysc_sim.engine.outlet import from_outlets_kw
from ysc_sim.engine.shedding import in_units
from ysc_sim.engine.trips import out
from ysc_sim.units import SECONDS_PER_HOUR, Bools, Floats, Ints

GENERATION = {"pv": "pv_kwh", "wind": "wind_kwh", "genset": "genset_kwh"}
STORES = {
    "battery": ("battery_charge_kwh", "battery_discharge_kwh"),
    "ev": ("ev_charge_kwh", "ev_discharge_kwh"),
}
SERVED_EPS = 1e-9


def advance(community: Community, state: State, frame: Frame, dt_s: float | Floats) -> None:
    """Move ``dt_s`` seconds (scalar, or (R, 1)) ahead; no limit of a cell without grid may lie inside."""
    energy: Any = None
    rests: list[tuple[int, Flow]] = []
    for i, fleet in enumerate(community.fleets):
        if frame.dark and late(fleet):
            alone = community.by_cell[i].spread(np.where(tied(state.mode), 0.0, 1.0)) > 0.0
            fleet.follow_at_once(state.fleets[i], state.p_kw[i], alone)
        flow = fleet.advance(state.fleets[i], state.p_kw[i], dt_s, frame.moment)
        if flow.held_s is not None:
            rests.append((i, flow))
        moved = community.by_building[i].sum(flow.energy_kwh)
        energy = plus(energy, moved)
        _book(community, frame, i, fleet, flow, moved)
    if energy is None or energy.shape != state.net_kw.shape:
        energy = np.broadcast_to(0.0 if energy is None else energy, state.net_kw.shape)
    by_building = [
        Rest(community.by_building[i], state.p_kw[i], flow.held_s) for i, flow in rests if flow.held_s is not None
    ]
    if community.switches:
        book_switched_off(community, state, frame, dt_s / SECONDS_PER_HOUR)
    solved_inside = community.wires is not None and community.wires.control
    if community.export_bans or solved_inside:
        book_curtailed(community, state, frame, dt_s / SECONDS_PER_HOUR)
    imported, exported = read_meters(state.net_kw, energy, by_building, dt_s)
    if frame.dark:
        imported, exported = _book_dark(community, state, frame, dt_s, energy, imported, exported)
    if state.memory:
        _remember(community, state, frame, dt_s)
    state.import_kwh = state.import_kwh + imported
    state.export_kwh = state.export_kwh + exported
    frame.recorder.add("import_kwh", frame.interval, frame.rows, imported)
    frame.recorder.add("export_kwh", frame.interval, frame.rows, exported)
    if solved_inside:
        _book_losses(state, frame, dt_s)
    _book_connection(community, state, frame, dt_s, energy, by_building)


def _book(community: Community, frame: Frame, i: int, fleet: Device, flow: Flow, moved: Floats) -> None:
    """Write the energies of one fleet into the columns of its class; ``moved`` (R, n): its energy at each building."""
    recorder, interval, rows = frame.recorder, frame.interval, frame.rows
    total = community.by_building[i].sum
    if fleet.stores:
        assert flow.charge_kwh is not None
        assert flow.discharge_kwh is not None
        assert flow.loss_kwh is not None
        charge, discharge = STORES[fleet.energy_class]
        recorder.add(charge, interval, rows, total(flow.charge_kwh))
        recorder.add(discharge, interval, rows, total(flow.discharge_kwh))
        recorder.add("storage_loss_kwh", interval, rows, total(flow.loss_kwh))
        if flow.away_kwh is not None:
            recorder.add("ev_trip_kwh", interval, rows, total(flow.away_kwh))
    elif fleet.energy_class == "load":
        # A load takes energy: its flow is negative. What was not served is added where a cell has no grid.
        recorder.add("load_kwh", interval, rows, -moved)
    else:
        recorder.add(GENERATION[fleet.energy_class], interval, rows, moved)


def _book_losses(state: State, frame: Frame, dt_s: float | Floats) -> None:
    """What the wires lost: on a register, and in the interval."""
    lost = np.add.reduce(state.loss_kw, axis=1, keepdims=True) * (dt_s / SECONDS_PER_HOUR)
    state.loss_kwh = state.loss_kwh + lost
    frame.recorder.add_community("loss_kwh", frame.interval, frame.rows, lost)


def _book_dark(
    community: Community,
    state: State,
    frame: Frame,
    dt_s: float | Floats,
    energy: Floats,
    imported: Floats,
    exported: Floats,
) -> tuple[Floats, Floats]:
    """Cells without grid: what was not served or not used, and meters that stand at an open switch."""
    dt_h = dt_s / SECONDS_PER_HOUR
    recorder, interval, rows = frame.recorder, frame.interval, frame.rows
    alone = ~tied(state.mode)
    lacking, given = _by_tier(community, state, frame, dt_h)
    outlets = np.minimum(from_outlets_kw(community, state) * dt_h, lacking[:, :, 0])
    lacking[:, :, 0] -= outlets
    given[:, :, 0] += outlets
    state.unserved_kwh = state.unserved_kwh + lacking
    for tier in range(4):
        recorder.add(f"unserved_kwh_tier{tier + 1}", interval, rows, lacking[:, :, tier])
        recorder.add(f"island_served_kwh_tier{tier + 1}", interval, rows, given[:, :, tier])
    unserved = np.add.reduce(lacking, axis=2)
    recorder.add("unserved_kwh", interval, rows, unserved)
    recorder.add("load_kwh", interval, rows, unserved)
    short = (state.served[:, :, 0] < 1.0 - SERVED_EPS).astype(np.float64)
    recorder.add("interrupted_s", interval, rows, short * (lacking[:, :, 0] > 0) * dt_s)
    lost = state.loss_kw * dt_h
    top = islands_of(community, state)
    stray = np.abs(pool(community.cell_of.sum(energy), top) - lost) * alone
    if top is not None:
        stray = stray * (top == np.arange(len(community.cells)))
        _note_apart(community, frame, top)
    state.stray_kwh = state.stray_kwh + np.add.reduce(stray, axis=1, keepdims=True)
    islanded = np.multiply(alone.all(axis=1, keepdims=True), dt_s, dtype=np.float64)
    recorder.add_community("islanded_s", interval, rows, islanded)
    if community.island.scarcity is not None:
        _note_alone(community, frame, alone, top, imported, exported)
    if community.cell_of.identity and not community.nested:
        # Each building is a cell of its own: its meter sits at the switch that is open.
        closed = (~alone).astype(np.float64)
        return imported * closed, exported * closed
    return imported, exported


def _by_tier(community: Community, state: State, frame: Frame, dt_h: float | Floats) -> tuple[Floats, Floats]:
    """Demand by tier that was not served, and that was served without grid, (R, n, 4) kWh; books unused sun.

    What was off lacks what its profile says; what was on took what it drew.
    """
    lacking, given = np.zeros_like(state.unserved_kwh), np.zeros_like(state.unserved_kwh)
    alone = community.cell_of.spread((~tied(state.mode)).astype(np.float64))
    for i, (fleet, to_building) in enumerate(zip(community.fleets, community.by_building, strict=True)):
        if fleet.flexible:
            continue
        if fleet.tier_shares is None:
            want = fleet.bands(state.fleets[i], frame.moment).want_kw
            unused = to_building.sum((want - state.p_kw[i]) * idle(community, state, i) * dt_h)
            frame.recorder.add("curtailed_kwh", frame.interval, frame.rows, unused)
            continue
        want = bands_of(community, state, i, frame.moment).want_kw
        drawn, plain = tier_parts(community, state, i)
        for tier in range(4):
            served = to_building.spread(state.served[:, :, tier])
            lacking[:, :, tier] += to_building.sum(-want * plain[..., tier] * (1.0 - served) * dt_h)
            given[:, :, tier] += to_building.sum(-want * drawn[..., tier] * served * dt_h) * alone
    return lacking, given


def _remember(community: Community, state: State, frame: Frame, dt_s: float | Floats) -> None:
    """Time that demand was off, and what it will draw when it comes back."""
    if frame.dark and in_units(state):
        gone = (1.0 - state.served) * (~tied(state.mode))[:, community.cell_of.group, None]
        state.memory["off_s"] = state.memory["off_s"] + gone * np.asarray(dt_s).reshape(-1, 1, 1)
    if community.island.cold_load is not None:
        frame.recorder.add("pickup_kwh", frame.interval, frame.rows, _picked_up(community, state, frame, dt_s))
        warm_up(community, state, dt_s)


def _picked_up(community: Community, state: State, frame: Frame, dt_s: float | Floats) -> Floats:
    """Demand beyond the profile, (R, n) kWh."""
    total = np.zeros(state.net_kw.shape)
    if not state.memory["excess_mean"].any():
        return total
    for i, (fleet, to_building) in enumerate(zip(community.fleets, community.by_building, strict=True)):
        if fleet.flexible or fleet.tier_shares is None:
            continue
        want = bands_of(community, state, i, frame.moment).want_kw
        drawn, plain = tier_parts(community, state, i)
        served = state.served[:, to_building.group]
        total += to_building.sum(-want * np.add.reduce((drawn - plain) * served, axis=2) * (dt_s / SECONDS_PER_HOUR))
    return total


def _note_alone(
    community: Community, frame: Frame, alone: Bools, top: Ints | None, imported: Floats, exported: Floats
) -> None:
    """What moved between buildings of one island is theirs to settle."""
    slot = frame.moment.step // community.site.axis.steps_per_slot
    number = np.broadcast_to(np.arange(alone.shape[1]), alone.shape) if top is None else top
    island = community.cell_of.spread(np.where(alone, number, -1).astype(np.float64)).astype(np.int64)
    frame.recorder.note_alone(slot, frame.rows, imported, exported, island)


def _note_apart(community: Community, frame: Frame, top: Ints) -> None:
    """Buildings on either side of an open switch deliver nothing to each other in this slot."""
    slot = frame.moment.step // community.site.axis.steps_per_slot
    frame.recorder.note_apart(slot, frame.rows, top)


def idle(community: Community, state: State, fleet: int) -> Floats:
    """1 for devices whose lost generation is booked here, (R, m): without grid, or waiting after its return.

    Export bans and voltage control book whatever is tied to the grid themselves.
    """
    alone = ~tied(state.mode)
    if not (community.export_bans or (community.wires is not None and community.wires.control)):
        alone |= (state.mode == RECOVER) | (state.mode == PLANNED)
    counted = community.by_cell[fleet].spread(alone.astype(np.float64))
    off = out(state, fleet)
    return counted if off is None else np.maximum(counted, off)


def _book_connection(
    community: Community, state: State, frame: Frame, dt_s: float | Floats, energy: Floats, rests: list[Rest]
) -> None:
    """The community's point of connection: the sum of the cells that are tied to the grid, exactly zero if none is."""
    net, lost_kw = state.net_kw, np.add.reduce(state.loss_kw, axis=1, keepdims=True)
    if frame.dark:
        lost_kw = np.add.reduce(state.loss_kw * tied(state.mode), axis=1, keepdims=True)
        joined = community.cell_of.spread(tied(state.mode).astype(np.float64))
        energy, net = energy * joined, net * joined
        rests = [Rest(rest.to_meter, rest.p_kw * rest.to_meter.spread(joined), rest.held_s) for rest in rests]
    whole = [Rest(rest.to_meter.all_in_one, rest.p_kw, rest.held_s) for rest in rests]
    imported, exported = read_meters(
        np.add.reduce(net, axis=1, keepdims=True) - lost_kw,
        np.add.reduce(energy, axis=1, keepdims=True) - lost_kw * (dt_s / SECONDS_PER_HOUR),
        whole,
        dt_s,
    )
    state.grid_import_kwh = state.grid_import_kwh + imported
    state.grid_export_kwh = state.grid_export_kwh + exported
    frame.recorder.add_community("import_kwh", frame.interval, frame.rows, imported)
    frame.recorder.add_community("export_kwh", frame.interval, frame.rows, exported)
