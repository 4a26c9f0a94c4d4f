"""Stretches: steps between two events, taken at once where nobody needs an instant of its own (decision 0007).

What keeps no state (profiles, meters, registers, columns, bids that only read meters) is worked out for all steps of a
stretch as arrays; only the stores' levels are followed step by step, by the fleet itself, and, with them, strategies
that look at more than what is fixed (:mod:`ysc_sim.engine.walk`). Every number is made by the same operations in the
same order as step by step, so that the bits are the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple, NoReturn

import numpy as np

from ysc_sim.community.arrays import Community, Control
from ysc_sim.community.segments import Segments
from ysc_sim.contracts import Device, Followed, View, Wish, following, promises, scheduled
from ysc_sim.engine.meters import LAST_BITS, Rest, read_meters
from ysc_sim.engine.move import GENERATION, STORES
from ysc_sim.engine.walk import Known, Walked, walk
from ysc_sim.units import SECONDS_PER_HOUR, Floats, Ints

if TYPE_CHECKING:
    from ysc_sim.engine.run import Run

NUMBERS = 32_768
"""Numbers in one array of a stretch: few enough for a processor's cache."""
NEARLY = 1e-9
"""A net power this near to zero (kW, and relative) may be on either side of it."""
LEAST = 2
"""Steps below which a stretch is not worth it."""
FEW = 256
"""Meters for which a call to NumPy at every step costs more than their numbers."""


class Part(NamedTuple):
    """One fleet in a stretch."""

    fleet: Device
    to_building: Segments
    p_kw: Floats
    """(K, R0, m)"""
    moved_kwh: Floats
    """(K, R0, n)"""
    stores: Followed | None


def can_stretch(community: Community) -> bool:
    """Whether the steps between two events may be taken at once: devices need no instants of their own."""
    if community.export_bans or community.island.cold_load is not None:
        return False
    if community.wires is not None and community.wires.control:
        return False
    flexible = [i for i, fleet in enumerate(community.fleets) if fleet.flexible]
    if len(flexible) > 1 or not all(f.flexible or scheduled(f) for f in community.fleets):
        return False
    if not flexible:
        return True
    fleet = community.fleets[flexible[0]]
    return fleet.stores and fleet.energy_class == "battery" and community.by_building[flexible[0]].one_each


def steps_at_once(community: Community, first: int, last: int, held: int | None) -> int:
    """Steps from ``first`` to at most ``last`` that make whole recorded intervals, all within what is ``held``."""
    every = community.record_every
    if first % every:
        return 0
    width = community.rows * len(community.buildings)
    count = min(last - first, max(NUMBERS // max(width, 1), LEAST, every))
    intervals = count // every
    if held is not None:
        intervals = min(intervals, held - first // every % held)
    return intervals * every if intervals * every >= LEAST else 0


def take_steps(run: Run, first: int, count: int) -> None:
    """Let ``count`` steps from ``first`` on pass and book them."""
    community, state = run.community, run.state
    shape = (count, community.rows, len(community.buildings))
    dt_h = run.axis.step_s / SECONDS_PER_HOUR
    parts: list[Part | None] = []
    fixed: Floats | None = None
    for fleet, to_building in zip(community.fleets, community.by_building, strict=True):
        if not scheduled(fleet):
            parts.append(None)
            continue
        p_kw = fleet.steps_kw(first, count)
        want = _grouped(to_building, p_kw)
        fixed = want if fixed is None else fixed + want
        parts.append(Part(fleet, to_building, p_kw, _grouped(to_building, p_kw * dt_h), None))
    fixed = np.zeros(shape) if fixed is None else fixed
    net = fixed if fixed.shape == shape else np.broadcast_to(fixed, shape)
    place = parts.index(None) if None in parts else None
    lost: dict[str, list[Floats]] = {}
    if place is not None or community.switches:
        walked = _decided(run, first, place, parts, net)
        if walked.off is not None:
            net, lost = _switch_off(community, parts, walked.off, net, dt_h)
        if walked.stores is not None and place is not None:
            to_building = community.by_building[place]
            moved = _grouped(to_building, walked.stores.energy_kwh)
            parts[place] = Part(community.fleets[place], to_building, walked.stores.p_kw, moved, walked.stores)
            net = net + _grouped(to_building, walked.stores.p_kw)
    done = [part for part in parts if part is not None]
    for i, part in enumerate(done):
        state.p_kw[i] = part.p_kw[-1]
    state.net_kw = net[-1]
    _book(run, first, done, lost, net)


def _grouped(groups: Segments, values: Floats) -> Floats:
    """(K, R, m) → (K, R, g)"""
    if groups.identity:
        return values
    return groups.sum(values.reshape(-1, values.shape[2])).reshape(*values.shape[:2], -1)


def _decided(run: Run, first: int, place: int | None, parts: list[Part | None], net: Floats) -> Walked:
    """What strategies make of the steps: of all at once where they look at what is fixed alone, else one by one."""
    community = run.community
    fleet = None if place is None else community.fleets[place]
    at_once = all(promises(control.strategy, "from_fixed", "decide") for control in community.controls)
    if place is not None and fleet is not None and following(fleet) and at_once and not community.switches:
        wish, to_building = _wish(community, run.state.controls, net), community.by_building[place]
        own = wish if to_building.identity else wish.take(to_building.group, axis=2)
        followed = fleet.follow_steps(run.state.fleets[place], own, float(run.axis.step_s))
        if followed is not None:
            return Walked(followed, None)
    p_kw = [None if part is None else part.p_kw for part in parts]
    moved = [None if part is None else part.moved_kwh for part in parts]
    return walk(run, first, Known(net, p_kw, moved), place)


def _switch_off(
    community: Community, parts: list[Part | None], off: Floats, net: Floats, dt_h: float
) -> tuple[Floats, dict[str, list[Floats]]]:
    """Take what was switched off, ``off`` (K, S, n, P), from the powers of the loads: what is left of ``net``, and the
    columns that tell of it.
    """
    columns: dict[str, list[Floats]] = {}
    for switches in community.switches:
        part = parts[switches.fleet]
        assert part is not None
        gone = np.clip(switches.spread(off.reshape(-1, *off.shape[2:])), 0.0, 1.0).reshape(*off.shape[:2], -1)
        p_kw = part.p_kw * (1.0 - gone)
        net = net - _grouped(part.to_building, part.p_kw * gone)
        for name, values in _switched_off(part, p_kw - part.p_kw, switches.of_device.comfort_jpy_per_kwh, dt_h):
            columns.setdefault(name, []).append(values)
        moved = _grouped(part.to_building, p_kw * dt_h)
        parts[switches.fleet] = part._replace(p_kw=p_kw, moved_kwh=moved)
    return net, columns


def _switched_off(
    part: Part, gone_kw: Floats, comfort_jpy_per_kwh: Floats, dt_h: float
) -> Iterator[tuple[str, Floats]]:
    """Columns (K, S, n) of demand of one fleet that was switched off, as an act of its own would book it."""
    nowhere = ~gone_kw.any(axis=(1, 2))
    if nowhere.all():
        return
    assert part.fleet.tier_shares is not None
    kwh = np.maximum(gone_kw, 0.0) * dt_h
    total = _grouped(part.to_building, kwh)
    # An act in which nothing is off books nothing: not even 0 may be added to a demand of −0.
    load = total.copy()
    load[nowhere] = -0.0
    yield "load_kwh", load
    yield "unserved_kwh", total
    yield "switched_off_kwh", total
    yield "lost_comfort_jpy", _grouped(part.to_building, kwh * comfort_jpy_per_kwh)
    for tier in range(4):
        yield f"unserved_kwh_tier{tier + 1}", _grouped(part.to_building, kwh * part.fleet.tier_shares[:, tier])


def _wish(community: Community, memories: list[dict[str, Floats]], fixed: Floats) -> Floats:
    """What strategies that look at ``fixed`` (K, S, n) alone want in every step."""
    flat = fixed.reshape(-1, fixed.shape[2])
    first = community.controls[0]
    if len(community.controls) == 1 and first.columns is None:
        return _asked(first, flat, memories[0], community).reshape(fixed.shape)
    wish = np.zeros(flat.shape)
    for control, memory in zip(community.controls, memories, strict=True):
        columns = slice(None) if control.columns is None else control.columns
        wish[:, columns] = _asked(control, flat, memory, community)
    return wish.reshape(fixed.shape)


def _asked(control: Control, fixed: Floats, memory: dict[str, Floats], community: Community) -> Floats:
    def refuse() -> NoReturn:
        raise TypeError(f"{control.strategy.kind}: a strategy that is from_fixed looks at View.fixed_kw alone.")

    own = control.pick(fixed)
    unknown = np.broadcast_to(np.nan, own.shape)
    axis = community.site.axis
    said = control.strategy.decide(
        View(
            t_s=np.nan,
            slot_elapsed_s=np.nan,
            slot_s=axis.slot_s,
            step_s=axis.step_s,
            fixed_kw=own,
            lo_kw=unknown,
            hi_kw=unknown,
            stores=refuse,
            meters=refuse,
            prices=refuse,
            committed=refuse,
        ),
        memory,
    )
    return said.power_kw if isinstance(said, Wish) else said


def _book(run: Run, first: int, parts: list[Part], lost: dict[str, list[Floats]], net: Floats) -> None:
    """Meters, columns and registers of all steps of a stretch; ``net`` (K, S, n) kW; ``lost``: columns of demand that
    was switched off.
    """
    energy = parts[0].moved_kwh if parts else np.zeros(net.shape)
    for part in parts[1:]:
        energy = energy + part.moved_kwh
    if energy.shape != net.shape:
        energy = np.broadcast_to(energy, net.shape)
    stores = next((part for part in parts if part.stores is not None), None)
    dt_s = float(run.axis.step_s)
    meters = _meters(net, energy, stores, dt_s)
    together = [np.add.reduce(values, axis=2, keepdims=True) for values in (net, energy)]
    whole = _meters(together[0], together[1], stores, dt_s, together=True)
    columns = _columns(parts)
    for name, more in lost.items():
        columns[name] = columns.get(name, []) + more
    columns["import_kwh"], columns["export_kwh"] = [meters[0]], [meters[1]]
    every = run.community.record_every
    interval = first // every
    run.recorder.add_steps(run.recorder.columns, interval, every, columns)
    run.recorder.add_steps(
        run.recorder.community, interval, every, {"import_kwh": [whole[0]], "export_kwh": [whole[1]]}
    )
    if stores is not None and stores.stores is not None:
        name = "ev_soc_kwh" if stores.fleet.energy_class == "ev" else "soc_kwh"
        level = _grouped(stores.to_building, stores.stores.stored_kwh[every - 1 :: every])
        run.recorder.add_steps(run.recorder.columns, interval, 1, {name: [level]})
    _registers(run, first, meters, whole)
    run.recorder.let_go(interval)
    if run.tally is not None:
        run.recorder.pass_on(interval + len(net) // every - 1, run.tally.take)


def _columns(parts: list[Part]) -> dict[str, list[Floats]]:
    """Energies (K, S, n) by column, in the order of the fleets."""
    columns: dict[str, list[Floats]] = {}
    for part in parts:
        kind = part.fleet.energy_class
        if part.stores is not None:
            charge, discharge = STORES[kind]
            for name, values in (
                (charge, part.stores.charge_kwh),
                (discharge, part.stores.discharge_kwh),
                ("storage_loss_kwh", part.stores.loss_kwh),
            ):
                columns.setdefault(name, []).append(_grouped(part.to_building, values))
        elif kind == "load":
            columns.setdefault("load_kwh", []).append(-part.moved_kwh)
        else:
            columns.setdefault(GENERATION[kind], []).append(part.moved_kwh)
    return columns


def _meters(
    net: Floats, energy: Floats, stores: Part | None, dt_s: float, *, together: bool = False
) -> tuple[Floats, Floats]:
    """Import and export (K, S, n) of every step, exact where a store came to rest in it."""
    imported, exported = read_meters(net, energy, [], dt_s)
    if stores is None or stores.stores is None:
        return imported, exported
    followed, to_meter = stores.stores, stores.to_building
    for k in _nearly_crossing(net, followed, to_meter, dt_s, together=together):
        mine = slice(*np.searchsorted(followed.stopped[0], (k, k + 1)))
        held_s = np.full(followed.p_kw.shape[1:], dt_s / SECONDS_PER_HOUR * SECONDS_PER_HOUR)
        held_s[followed.stopped[1][mine], followed.stopped[2][mine]] = followed.held_s[mine]
        rest = Rest(to_meter.all_in_one if together else to_meter, followed.p_kw[k], held_s)
        imported[k], exported[k] = read_meters(net[k], energy[k], [rest], dt_s)
    return imported, exported


def _nearly_crossing(
    net: Floats, followed: Followed, to_building: Segments, dt_s: float, *, together: bool
) -> list[int]:
    """Steps in which some meter may have been above and below zero: these are looked at more closely."""
    step, row, device = followed.stopped
    if not step.size:
        return []
    ended = np.where(followed.held_s < dt_s * (1.0 - LAST_BITS), followed.p_kw[followed.stopped], 0.0)
    before = net[step, row, 0 if together else to_building.group[device]]
    down, up = np.maximum(ended, 0.0), np.minimum(ended, 0.0)
    slack = 0.0
    if together:
        # Added up in another order than a meter does: the last bits do not count.
        place = step * net.shape[1] + row
        down, up = (np.bincount(place, weights=values)[place] for values in (down, up))
        slack = NEARLY * (1.0 + np.abs(before) + down - up)
    falls = np.where(down > 0, before - down < slack, before < 0)
    rises = np.where(up < 0, before - up > -slack, before > 0)
    found: list[int] = np.unique(step[falls & rises]).tolist()
    return found


def _registers(run: Run, first: int, meters: tuple[Floats, Floats], whole: tuple[Floats, Floats]) -> None:
    """Cumulative registers; what they showed at the end of every slot."""
    state, recorder, per_slot = run.state, run.recorder, run.axis.steps_per_slot
    count = len(meters[0])
    ends = np.arange(-(first + 1) % per_slot, count, per_slot)
    slots = (first + 1 + ends) // per_slot
    span = slice(int(slots[0]), int(slots[-1]) + 1) if len(slots) else slice(0, 0)
    for name, values in zip(("import_kwh", "export_kwh"), meters, strict=True):
        setattr(state, name, _running(getattr(state, name), values, ends, getattr(recorder, f"register_{name}")[span]))
    for name, values in zip(("grid_import_kwh", "grid_export_kwh"), whole, strict=True):
        shown = getattr(recorder, name)[span]
        setattr(state, name, _running(getattr(state, name), values, ends, shown[:, :, None]))
    if not len(slots):
        return
    recorder.let_go_registers(int(slots[0]))
    recorder.loss_kwh[span] = state.loss_kwh[:, 0]
    for mine, register in (("import_kwh", recorder.register_import_kwh), ("grid_import_kwh", recorder.grid_import_kwh)):
        now = register[slots[-1]].reshape(getattr(state, mine).shape)
        before = register[slots[-1] - 1].reshape(now.shape) if len(slots) > 1 else getattr(state, f"slot_{mine}")
        setattr(state, f"last_{mine}", now - before)
        setattr(state, f"slot_{mine}", now)


def _running(start: Floats, values: Floats, ends: Ints, shown: Floats) -> Floats:
    """``start`` (S, n) with each of ``values`` (K, S, n) added one after the other; ``shown`` (E, S, n) takes what
    there is after each of the steps ``ends``."""
    if start.size < FEW:
        running = np.add.accumulate(np.concatenate([start[None], values]), axis=0)
        shown[...] = running[ends + 1]
        return np.array(running[-1])
    total = start.copy()
    slot = dict(zip(ends.tolist(), shown, strict=True))
    for k, value in enumerate(values):
        np.add(total, value, out=total)
        if k in slot:
            slot[k][...] = total
    return total
