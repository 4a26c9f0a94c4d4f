"""Whether a run's strategies made a higher peak than there would have been without any control.

A half-hour that a strategy made the highest of its month is paid for like any other (実量制: for twelve months), so a
run says so. What there would have been without control is added up from what cannot be decided, where batteries and
loads that may be switched off are all that can; else the community is run a second time, nobody in control, for the
meters alone.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from ysc_sim.community.arrays import Community, Control
from ysc_sim.engine.clock import simulate
from ysc_sim.engine.outlook import month_numbers
from ysc_sim.engine.recorded import solved_inside
from ysc_sim.engine.run import Run
from ysc_sim.engine.settle import read_registers
from ysc_sim.plugins import plugin
from ysc_sim.results.arrays import Peaks, RunArrays
from ysc_sim.units import MWH_PER_KWH, Floats, Ints, hours

NO_CONTROL = "none"
HARMLESS = (NO_CONTROL, "self_consumption")
"""Strategies that draw no more than no control at any instant, but for vehicles that give and must take again."""
NEW_PEAK_KW = 1e-3
"""Rounding of meters is no new peak."""
CELLS_AT_ONCE = 4_000_000
NOTE = "new_peak"
MOST_NOTES = 200
"""Lines on new peaks that a result holds, the highest rises first."""


class Monthly(NamedTuple):
    """Largest slot of each month, kW: of each meter (M, S, n), and of the point of connection (M, S)."""

    own_kw: Floats
    together_kw: Floats


def with_peaks(community: Community, arrays: RunArrays) -> RunArrays:
    """The same run with what its monthly peaks would have been without control, and a note for each that is new.

    As it was where no strategy could have made any, or where it is not known: outages that differ by row, and outages
    in a run whose course is not kept.
    """
    natural = _natural(community, arrays)
    if natural is None:
        return arrays
    month = month_numbers(community)
    reached = _monthly(arrays.import_mwh, arrays.community_import_mwh, month, arrays.axis.slot_s)
    peaks = Peaks(
        months=_month_names(community, month),
        own_kw=reached.own_kw,
        own_without_kw=natural.own_kw,
        together_kw=reached.together_kw,
        together_without_kw=natural.together_kw,
    )
    notes = list(_notes(community, arrays, peaks))
    return dataclasses.replace(arrays, peaks=peaks, notes=(*arrays.notes, *notes[:MOST_NOTES]))


def _natural(community: Community, arrays: RunArrays) -> Monthly | None:
    """What the meters would have shown."""
    kinds = {type(control.strategy).kind for control in community.controls}
    decides = bool(community.switches) or any(fleet.flexible for fleet in community.fleets)
    if kinds <= {NO_CONTROL} or not decides or not community.site.axis.slots:
        return None
    if _foreseen(community):
        return _added_up(community)
    vehicles_give = any(fleet.energy_class == "ev" and _gives(fleet) for fleet in community.fleets)
    if kinds <= set(HARMLESS) and not vehicles_give:
        return None
    if community.row_outages or community.row_cuts or (arrays.course is not None and community.may_be_dark):
        return None
    return _run_again(community)


def _gives(fleet: Any) -> bool:
    """Whether a vehicle of a fleet may discharge at home."""
    store = fleet.store(fleet.start())
    return store.discharge_kw is None or bool(np.any(np.asarray(store.discharge_kw) > 0))


def _foreseen(community: Community) -> bool:
    """Whether all that is not a battery has a power that nothing in the run can change."""
    if community.may_be_dark or community.export_bans or solved_inside(community):
        return False
    return all(
        fleet.energy_class == "battery" if fleet.flexible else callable(getattr(fleet, "power_kw", None))
        for fleet in community.fleets
    )


def _added_up(community: Community) -> Monthly:
    """From the powers of what cannot be decided, step by step; a meter counts import alone, whatever the slot's net."""
    axis, month, n = community.site.axis, month_numbers(community), len(community.buildings)
    own = np.zeros((int(month[-1]) + 1, community.rows, n))
    together = np.zeros(own.shape[:2])
    per_slot = axis.steps_per_slot
    batch = max(1, CELLS_AT_ONCE // (per_slot * community.rows * n))
    for first in range(0, axis.slots, batch):
        count = min(batch, axis.slots - first)
        net = _fixed_kw(community, first * per_slot, count * per_slot)
        each = _means(np.maximum(-net, 0.0), per_slot)
        whole = _means(np.maximum(-np.add.reduce(net, axis=2), 0.0), per_slot)
        np.maximum.at(own, month[first : first + count], each)
        np.maximum.at(together, month[first : first + count], whole)
    there = np.unique(month)
    return Monthly(own[there], together[there])


def _fixed_kw(community: Community, first: int, count: int) -> Floats:
    """Net of what cannot be decided in each step, (count, S, n)."""
    net = np.zeros((count, community.rows, len(community.buildings)))
    for fleet, to_building in zip(community.fleets, community.by_building, strict=True):
        if not fleet.flexible:
            power = fleet.power_kw(first, count)  # type: ignore[attr-defined]
            steps, rows, devices = power.shape
            net += to_building.sum(power.reshape(-1, devices)).reshape(steps, rows, -1)
    return net


def _means(power_kw: Floats, per_slot: int) -> Floats:
    """Means of each slot."""
    shape = power_kw.shape
    return np.asarray(np.add.reduce(power_kw.reshape(-1, per_slot, *shape[1:]), axis=1) / per_slot)


def _run_again(community: Community) -> Monthly:
    """The same community, nobody in control."""
    free = plugin("strategies", NO_CONTROL)
    spec = free.Spec()  # type: ignore[attr-defined]
    nobody = free([spec] * len(community.buildings), community.buildings)
    live = Run(dataclasses.replace(community, controls=(Control(nobody, None),)))
    simulate(live, None)
    meters = read_registers(live.recorder)
    slot_s = community.site.axis.slot_s
    return _monthly(meters.import_mwh, meters.grid_import_mwh, month_numbers(community), slot_s)


def _monthly(own_mwh: Ints, together_mwh: Ints, month: Ints, slot_s: int) -> Monthly:
    """Peaks from the meters' readings of each slot."""
    kw = 1.0 / (MWH_PER_KWH * hours(slot_s))
    months = [month == m for m in np.unique(month)]
    return Monthly(
        np.stack([np.maximum.reduce(own_mwh[mine], axis=0) for mine in months]) * kw,
        np.stack([np.maximum.reduce(together_mwh[mine], axis=0) for mine in months]) * kw,
    )


def _month_names(community: Community, month: Ints) -> tuple[str, ...]:
    """``2026-08`` of each month in which a slot begins."""
    axis = community.site.axis
    firsts = np.searchsorted(month, np.unique(month))
    return tuple(axis.at(int(first) * axis.slot_s).strftime("%Y-%m") for first in firsts)


def _notes(community: Community, arrays: RunArrays, peaks: Peaks) -> Iterator[Mapping[str, Any]]:
    """A note for each month and meter with a new peak in any row, the largest rise first."""
    shared = community.terms.shared is not None
    found = []
    if len(arrays.buildings) > 1:
        found += [("", *edge) for edge in _risen(peaks.together_kw, peaks.together_without_kw)]
    for b, name in enumerate(arrays.buildings):
        found += [(name, *edge) for edge in _risen(peaks.own_kw[:, :, b], peaks.own_without_kw[:, :, b])]
    for name, m, rows, kw, natural in sorted(found, key=lambda edge: edge[4] - edge[3]):
        yield {
            "key": NOTE,
            "building": name,
            "month": peaks.months[m],
            "kw": kw,
            "without_kw": natural,
            "rows": rows,
            "of": len(arrays.seeds),
            "billed": shared == (name == "") or len(arrays.buildings) == 1,
        }


def _risen(kw: Floats, natural_kw: Floats) -> Iterator[tuple[int, int, float, float]]:
    """Months with a new peak: which, in how many rows, and the peaks of the row with the largest rise."""
    rise = kw - natural_kw
    for m in np.flatnonzero((rise > NEW_PEAK_KW).any(axis=1)):
        row = int(np.argmax(rise[m]))
        count = int(np.count_nonzero(rise[m] > NEW_PEAK_KW))
        yield int(m), count, round(float(kw[m, row]), 6), round(float(natural_kw[m, row]), 6)
