"""What few strategies ask for: the community's sum, vehicles, demand that may be switched off, the printed prices."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ysc_sim.community.arrays import Community, Control, State
from ysc_sim.contracts import Beyond, Curtailable, Notice, Vehicles
from ysc_sim.engine.cold_load import bands_of
from ysc_sim.engine.frame import Frame
from ysc_sim.engine.modes import tied
from ysc_sim.units import Floats


def beyond_of(community: Community, state: State, frame: Frame, control: Control) -> Beyond:
    """Answers for the buildings of one control; nothing is worked out before it is asked for."""

    def community_fixed() -> Floats:
        return np.asarray(np.add.reduce(frame.fixed_kw, axis=1, keepdims=True))

    def vehicles() -> Vehicles | None:
        found = vehicles_of(community, state, frame)
        return None if found is None else Vehicles(*(control.pick(values) for values in found))

    def curtailable() -> Curtailable | None:
        return curtailable_of(community, frame, control)

    def prices_ahead(slots: int) -> tuple[Floats, Floats]:
        imported, exported = frame.prices_ahead(slots)
        if control.columns is None:
            return imported, exported
        return imported[:, control.columns], exported[:, control.columns]

    def announced() -> Notice:
        notice = frame.notices.at(frame.rows, frame.moment.t_s)
        return Notice(*(control.pick(values) for values in notice))

    return Beyond(community_fixed, vehicles, curtailable, prices_ahead, announced)


def vehicles_of(community: Community, state: State, frame: Frame) -> Vehicles | None:
    """Needs and powers of the vehicles at each building, (R, n)."""
    shape = state.net_kw.shape
    missing, charge, discharge = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    due = np.full(shape, np.inf)
    found = False
    for i, (fleet, to_building) in enumerate(zip(community.fleets, community.by_building, strict=True)):
        if not fleet.stores or fleet.energy_class != "ev":
            continue
        store = fleet.store(state.fleets[i])
        if store.required_kwh is None or store.due_s is None:
            continue
        found = True
        here = 1.0 if store.present is None else store.present
        lack = np.maximum(store.required_kwh - store.stored_kwh, 0.0) * here
        missing += to_building.sum(lack)
        charge += to_building.sum(np.maximum(-frame.bands[i].lo_kw, 0.0))
        discharge += to_building.sum(np.maximum(frame.bands[i].hi_kw, 0.0))
        soonest = np.where(lack > 0, store.due_s, np.inf)
        for device, building in enumerate(fleet.placed.building):
            np.minimum(due[:, building], soonest[:, device], out=due[:, building])
    return Vehicles(missing, due, charge, discharge) if found else None


def stages_of(community: Community, want_kw: Sequence[Floats]) -> Floats:
    """Demand of each stage of each building, (R, n, P) kW, from what each fleet of ``switches`` wants, (R, m)."""
    wants = [part.sum(-kw) for part, kw in zip(community.switches, want_kw, strict=True)]
    return np.asarray(np.add.reduce(np.broadcast_arrays(*wants), axis=0))


def curtailable_of(community: Community, frame: Frame, control: Control) -> Curtailable | None:
    """Stages of demand that may be switched off at the buildings of a control."""
    if not community.switches:
        return None
    want = frame.stages
    if want is None:
        want = stages_of(community, [frame.bands[part.fleet].want_kw for part in community.switches])
    off, on = (np.maximum.reduce(every) for every in zip(*(part.least_s for part in community.switches), strict=True))
    want = np.broadcast_to(want, (len(frame.fixed_kw), *want.shape[1:]))
    if control.columns is None:
        return Curtailable(want, off, on)
    return Curtailable(want[:, control.columns], off[control.columns], on[control.columns])


def switch_off(community: Community, state: State, frame: Frame) -> Floats:
    """Set the powers of switchable loads to what is left on; the buildings' fixed net without the rest, (R, n)."""
    net: Floats = frame.fixed_kw
    for part in community.switches:
        gone = np.clip(part.spread(frame.off), 0.0, 1.0)
        want = frame.bands[part.fleet].want_kw
        state.p_kw[part.fleet] = want * (1.0 - gone)
        net = net - community.by_building[part.fleet].sum(want * gone)
    return net


def book_switched_off(community: Community, state: State, frame: Frame, dt_h: float | Floats) -> None:
    """Write down the demand that strategies switched off: not served, in the tiers of its devices, at its value.

    Cells without grid shed by their own rules and book that themselves.
    """
    recorder, interval, rows = frame.recorder, frame.interval, frame.rows
    for part in community.switches:
        fleet, to_building = community.fleets[part.fleet], community.by_building[part.fleet]
        assert fleet.tier_shares is not None
        gone = state.p_kw[part.fleet] - bands_of(community, state, part.fleet, frame.moment).want_kw
        if frame.dark:
            gone = gone * community.by_cell[part.fleet].spread(tied(state.mode).astype(np.float64))
        if not gone.any():
            continue
        kwh = np.maximum(gone, 0.0) * dt_h
        total = to_building.sum(kwh)
        recorder.add("load_kwh", interval, rows, total)
        recorder.add("unserved_kwh", interval, rows, total)
        recorder.add("switched_off_kwh", interval, rows, total)
        recorder.add("lost_comfort_jpy", interval, rows, to_building.sum(kwh * part.of_device.comfort_jpy_per_kwh))
        for tier in range(4):
            share = to_building.sum(kwh * fleet.tier_shares[:, tier])
            recorder.add(f"unserved_kwh_tier{tier + 1}", interval, rows, share)
