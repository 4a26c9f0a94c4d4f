"""Meters that may not run backwards: generation follows the load, and a relay trips where it follows too slowly.

At an act the control grants the generation that leaves ``margin_kw`` of import; stores first give up discharging.
Inside a step powers are constant, so what is booked as export is exactly zero. Between two acts the load may fall:
what was granted before then meets the new load, and for the time of the control's response power flows backwards.
If that is more than the relay's setting, for longer than its delay, it opens, and the meter's generation is away
until ``restart_s`` have passed. The energy of the reversal itself (seconds) is not booked. An act comes only at a
step or an event, so with long steps few trips are seen and a restart waits for the next step.
"""

from __future__ import annotations

import numpy as np

from ysc_sim.community.arrays import Community, ExportBan, State
from ysc_sim.engine.frame import Frame
from ysc_sim.engine.modes import tied
from ysc_sim.units import Bools, Floats

CLASSES = ("pv", "wind")
"""What can be curtailed."""
NEARLY = 1.0 - 1e-9
"""Of the time until a store is full: it must not come to rest a rounding error before the step ends."""


def forbid_export(community: Community, state: State, frame: Frame) -> None:
    """Curtail, and take back discharging, until no banned meter runs backwards."""
    joined = community.cell_of.spread(tied(state.mode).astype(np.float64))
    for ban in community.export_bans:
        _watch(community, state, frame, ban, joined)
        _charge_to_the_end(community, state, ban)
        generation = _generation(community, state)
        excess = _excess(state, ban, joined)
        stores = _discharging(community, state)
        first = np.minimum(excess, ban.group.sum(stores))
        _scale(community, state, stores, ban.group.spread(_left(ban.group.sum(stores), first)), storing=True)
        excess = _excess(state, ban, joined)
        left = _left(ban.group.sum(generation), excess)
        _scale(community, state, generation, ban.group.spread(left), storing=False)
    state.released_kw = _generation(community, state)


def _charge_to_the_end(community: Community, state: State, ban: ExportBan) -> None:
    """Charge so slowly that no store is full before the step ends: what it took would then flow out."""
    step_s = community.site.axis.step_s
    watched = ban.group.spread(ban.watched[None, :].astype(np.float64))
    for i, (fleet, to_building) in enumerate(zip(community.fleets, community.by_building, strict=True)):
        if not (fleet.flexible and fleet.stores):
            continue
        p = state.p_kw[i]
        lasts = np.minimum(fleet.limit_s(state.fleets[i], p) * NEARLY, step_s)
        slower = np.where(p < 0, p * (lasts / step_s), p)
        slower = np.where(to_building.spread(watched) > 0, slower, p)
        state.net_kw = state.net_kw + to_building.sum(slower - p)
        state.p_kw[i] = slower


def _excess(state: State, ban: ExportBan, joined: Floats) -> Floats:
    """By how much each banned meter lacks its margin of import, (R, g)."""
    return np.maximum(ban.group.sum(state.net_kw * joined) + ban.margin_kw, 0.0) * ban.watched


def _left(whole: Floats, taken: Floats) -> Floats:
    """Share that is left, (R, g)."""
    return 1.0 - np.divide(np.minimum(taken, whole), whole, out=np.zeros_like(whole), where=whole > 0)


def _generation(community: Community, state: State) -> Floats:
    total = np.zeros(state.net_kw.shape)
    for i, fleet in enumerate(community.fleets):
        if fleet.energy_class in CLASSES:
            total += community.by_building[i].sum(state.p_kw[i])
    return total


def _discharging(community: Community, state: State) -> Floats:
    total = np.zeros(state.net_kw.shape)
    for i, fleet in enumerate(community.fleets):
        if fleet.flexible:
            total += community.by_building[i].sum(np.maximum(state.p_kw[i], 0.0))
    return total


def _scale(community: Community, state: State, part: Floats, left: Floats, *, storing: bool) -> None:
    """Multiply generation, or discharging, of each building by what is left of it."""
    if (left == 1.0).all():
        return
    for i, (fleet, to_building) in enumerate(zip(community.fleets, community.by_building, strict=True)):
        share = to_building.spread(left)
        if storing and fleet.flexible:
            p = state.p_kw[i]
            state.p_kw[i] = np.where(p > 0, p * share, p)
        elif not storing and fleet.energy_class in CLASSES:
            state.p_kw[i] = state.p_kw[i] * share
    state.net_kw = state.net_kw - part * (1.0 - left)


def _watch(community: Community, state: State, frame: Frame, ban: ExportBan, joined: Floats) -> None:
    """Trip where the generation granted before now flows backwards; take away what is tripped."""
    generation = _generation(community, state)
    # What flows in the first moments: the new load with the generation that was granted for the old one.
    before = np.minimum(state.released_kw, generation)
    reverse = ban.group.sum((state.net_kw - generation + before) * joined)
    now = np.broadcast_to(frame.moment.t_s, (len(reverse), 1))
    running = ban.group.sum(state.tripped_until_s) <= now * ban.group.sum(np.ones_like(generation))
    trips = (reverse > ban.relay_kw) & ban.trips & ban.watched & running
    if trips.any():
        until = now + np.broadcast_to(ban.restart_s, reverse.shape)
        away = ban.group.spread(np.where(trips, until, 0.0))
        state.tripped_until_s = np.maximum(state.tripped_until_s, away)
        frame.recorder.add("relay_trips", frame.interval, frame.rows, _per_meter(ban, trips))
    out = (state.tripped_until_s > now) * ban.group.spread(np.ones_like(reverse) * ban.watched)
    _scale(community, state, generation, 1.0 - out, storing=False)


def _per_meter(ban: ExportBan, trips: Bools) -> Floats:
    """Trips by building, (R, n): those of a common meter are told of its first building."""
    first = np.zeros((len(trips), len(ban.group.group)))
    _, where = np.unique(ban.group.group, return_index=True)
    first[:, where] = trips
    return first


def book_curtailed(community: Community, state: State, frame: Frame, dt_h: float | Floats) -> None:
    """Write down what generation lost to an export ban or to its voltage; cells without grid book their own."""
    joined = tied(state.mode).astype(np.float64)
    for i, fleet in enumerate(community.fleets):
        if fleet.energy_class in CLASSES:
            lost = fleet.bands(state.fleets[i], frame.moment).want_kw - state.p_kw[i]
            lost = lost * community.by_cell[i].spread(joined) * dt_h
            frame.recorder.add("curtailed_kwh", frame.interval, frame.rows, community.by_building[i].sum(lost))
