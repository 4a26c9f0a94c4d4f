"""Act: observe → decide → dispatch. What a strategy wishes is clipped to the bands, so none can break physics."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ysc_sim.community.arrays import Community, Control, State
from ysc_sim.contracts import SlotMeters, Store, View, Wish
from ysc_sim.engine.beyond import beyond_of, switch_off
from ysc_sim.engine.cold_load import bands_of, foresee
from ysc_sim.engine.engines import call_for_weak, command_engines
from ysc_sim.engine.flow import flow
from ysc_sim.engine.frame import Frame
from ysc_sim.engine.island import share_islands, switching_of
from ysc_sim.engine.no_export import forbid_export
from ysc_sim.engine.ramp import hold_exchange
from ysc_sim.engine.swing import watch_steps
from ysc_sim.units import Floats


def plus(total: Any, part: Floats) -> Floats:
    """``total + part``, where nothing (None) has been added yet: ``part`` itself."""
    return part if total is None else np.add(total, part)


def observe(community: Community, state: State, frame: Frame) -> None:
    """Ask every fleet for its bands; add up what is fixed and what is flexible at each building."""
    if frame.dark:
        command_engines(community, state, frame.moment)
    if community.island.cold_load is not None:
        foresee(community, state, frame.moment)
    frame.bands = [bands_of(community, state, i, frame.moment) for i in range(len(community.fleets))]
    fixed = lo = hi = None
    for fleet, to_building, bands in zip(community.fleets, community.by_building, frame.bands, strict=True):
        if fleet.flexible:
            lo = plus(lo, to_building.sum(bands.lo_kw))
            hi = plus(hi, to_building.sum(bands.hi_kw))
        else:
            fixed = plus(fixed, to_building.sum(bands.want_kw))
    shape = state.net_kw.shape
    if fixed is None or fixed.shape != shape:
        fixed = np.broadcast_to(0.0 if fixed is None else fixed, shape)
    frame.fixed_kw = fixed
    frame.lo_kw, frame.hi_kw = lo, hi


def decide(community: Community, state: State, frame: Frame) -> None:
    """Each strategy says what it wants from the flexible devices of its own buildings."""
    if frame.lo_kw is None:
        if not community.switches:
            return
        frame.lo_kw = frame.hi_kw = np.zeros(state.net_kw.shape)
    listen(community, state, frame, [eyes_of(community, state, frame, control) for control in community.controls])


def listen(community: Community, state: State, frame: Frame, eyes: Sequence[Callable[[], View]]) -> None:
    """Ask each strategy what it wants, by its own of ``eyes``."""
    first = community.controls[0]
    if len(community.controls) == 1 and first.columns is None:
        said = first.strategy.decide(eyes[0](), state.controls[0])
        frame.wish_kw, frame.off = said if isinstance(said, Wish) else (said, None)
        return
    wish = np.zeros(state.net_kw.shape)
    off = np.zeros((*wish.shape, community.switches[0].stages)) if community.switches else None
    for control, memory, look in zip(community.controls, state.controls, eyes, strict=True):
        columns = slice(None) if control.columns is None else control.columns
        said = control.strategy.decide(look(), memory)
        if isinstance(said, Wish):
            wish[:, columns] = said.power_kw
            if off is not None:
                off[:, columns] = said.off
        else:
            wish[:, columns] = said
    frame.wish_kw, frame.off = wish, off


def eyes_of(community: Community, state: State, frame: Frame, control: Control) -> Callable[[], View]:
    """Shows a strategy what it may know of ``frame`` as it is whenever it is asked."""
    pick, columns = control.pick, control.columns
    axis = community.site.axis
    slot_s, step_s = axis.slot_s, axis.step_s

    def stores() -> Store:
        return Store(*(pick(total) for total in (frame.stored or stores_of)(community, state)))

    def meters() -> SlotMeters:
        return SlotMeters(
            pick(state.import_kwh - state.slot_import_kwh),
            pick(state.last_import_kwh),
            state.grid_import_kwh - state.slot_grid_import_kwh,
            state.last_grid_import_kwh,
        )

    def prices() -> tuple[Floats, Floats]:
        both = frame.import_price, frame.export_price
        return both if columns is None else (both[0][columns], both[1][columns])

    def committed() -> Floats:
        return pick(frame.committed())

    beyond = beyond_of(community, state, frame, control)

    def look() -> View:
        return View(
            t_s=frame.moment.t_s,
            slot_elapsed_s=frame.slot_elapsed_s,
            slot_s=slot_s,
            step_s=step_s,
            fixed_kw=pick(frame.fixed_kw),
            lo_kw=pick(frame.lo_kw),
            hi_kw=pick(frame.hi_kw),
            stores=stores,
            meters=meters,
            prices=prices,
            committed=committed,
            promise_is_floor=frame.promise_is_floor,
            beyond=beyond,
        )

    return look


def stores_of(community: Community, state: State) -> tuple[Floats, Floats, Floats]:
    """Stored, floor and capacity of what is connected at each building, (R, n) kWh."""
    totals: list[Floats] = []
    for fleet, to_building, part in zip(community.fleets, community.by_building, state.fleets, strict=True):
        if fleet.stores:
            store = fleet.store(part)
            shape = store.stored_kwh.shape
            here = store[:3] if store.present is None else [values * store.present for values in store[:3]]
            # A sum over groups needs the whole shape; broadcasting costs more than the sum, so only where it must.
            sums = [to_building.sum(x if x.shape == shape else np.broadcast_to(x, shape)) for x in here]
            totals = [a + b for a, b in zip(totals, sums, strict=True)] if totals else [np.array(x) for x in sums]
    stored, floor, capacity = totals or [np.zeros(state.net_kw.shape) for _ in range(3)]
    return stored, floor, capacity


def dispatch(community: Community, state: State, frame: Frame) -> None:
    """Grant what the bands allow, share it over the devices, and let cells without grid find their own balance."""
    for i, fleet in enumerate(community.fleets):
        if not fleet.flexible:
            state.p_kw[i] = frame.bands[i].want_kw
    net = frame.fixed_kw
    if frame.off is not None:
        net = switch_off(community, state, frame)
    if frame.lo_kw is not None:
        granted = np.minimum(np.maximum(frame.wish_kw, frame.lo_kw), frame.hi_kw)
        share_granted(community, state, frame, granted)
        for i, fleet in enumerate(community.fleets):
            if fleet.flexible:
                net = net + community.by_building[i].sum(state.p_kw[i])
    state.net_kw = net
    if community.export_bans:
        forbid_export(community, state, frame)
    if frame.dark:
        # Losses of the grid's time must not end an island; its own are found by the flow that follows.
        state.loss_kw = np.zeros_like(state.loss_kw)
        hold_exchange(community, state, frame)
        share_islands(community, state, frame)


def watch(community: Community, state: State, frame: Frame) -> None:
    """Look at what frequency makes of the steps that this act was for islands, and log it; call engines that lack."""
    if frame.dark:
        call_for_weak(community, state, frame.moment)
    if not frame.dark or community.island.frequency is None:
        return
    switching = switching_of(community, state, frame)
    for r, c, hz, kwh in watch_steps(community, state, frame):
        switching.go(r, c, "stepped", "step")
        frame.events[-1] = replace(frame.events[-1], frequency_hz=hz, swing_kwh=kwh)


def share_granted(community: Community, state: State, frame: Frame, granted: Floats) -> None:
    """Split (R, n) granted power over each building's flexible devices.

    Every device starts from the power in its band that is nearest to zero; what is missing is shared in proportion
    to what each can add. So one store never charges another, unless a driver's need forces it to.
    """
    flexible = [i for i, fleet in enumerate(community.fleets) if fleet.flexible]
    if not flexible:
        return
    only = community.by_building[flexible[0]]
    if len(flexible) == 1 and only.one_each:
        state.p_kw[flexible[0]] = granted if only.identity else granted.take(only.group, axis=1)
        return
    shape = granted.shape
    bases, base, up, down = {}, np.zeros(shape), np.zeros(shape), np.zeros(shape)
    for i in flexible:
        lo, hi, _ = frame.bands[i]
        to_building = community.by_building[i]
        bases[i] = np.minimum(np.maximum(lo, 0.0), hi)
        base += to_building.sum(bases[i])
        up += to_building.sum(hi - bases[i])
        down += to_building.sum(bases[i] - lo)
    missing = granted - base
    add = np.divide(np.maximum(missing, 0.0), up, out=np.zeros(shape), where=up > 0)
    cut = np.divide(np.maximum(-missing, 0.0), down, out=np.zeros(shape), where=down > 0)
    for i in flexible:
        lo, hi, _ = frame.bands[i]
        spread = community.by_building[i].spread
        p = bases[i] + (hi - bases[i]) * spread(add) - (bases[i] - lo) * spread(cut)
        state.p_kw[i] = np.minimum(np.maximum(p, lo), hi)


STAGES = (observe, decide, dispatch, flow, watch)
"""The stages of an act that are repeated after an event; read from left to right."""
