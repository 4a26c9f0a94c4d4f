"""Many steps of plain batteries in one go: only the stores' levels are followed step by step, all else is arrays.

Plain are batteries whose power depends on the wish alone as long as there is energy or room: no standby, no limits near
full and empty, no delay, no ageing. What :meth:`ysc_sim.devices.battery.BatteryFleet.advance` says of each step is said
here of all steps, operation by operation the same, so that the bits are too.
"""

from __future__ import annotations

import numpy as np

from ysc_sim.contracts import DeviceState, Followed
from ysc_sim.devices.battery_sizes import Sizes
from ysc_sim.units import EMPTY_KWH, SECONDS_PER_HOUR, Bools, Floats


def follow(
    state: DeviceState, wish_kw: Floats, window: tuple[Floats, Floats], size: Sizes, dt_s: float
) -> Followed | None:
    """Batteries of all rows under ``wish_kw`` (K, R, m), each held for ``dt_s``; changes ``state``.

    ``window``: floor and ceiling. None, and nothing done, where a store stands outside of it.
    """
    stored, (bottom, top) = state["stored_kwh"], window
    if (stored < bottom).any() or (stored > top).any():
        return None
    dt_h = dt_s / SECONDS_PER_HOUR
    p_kw = np.minimum(np.maximum(wish_kw, -size.power_kw), size.power_kw)
    passing = size.passing(p_kw)
    rate, lost = (np.zeros(p_kw.shape) if kw is None else kw for kw in (passing.rate_kw(), passing.lost_kw()))
    change = rate * dt_h
    levels, works = _levels(stored, change, p_kw < 0, p_kw > 0, bottom, top)
    before = levels[:-1]
    for values in (p_kw, change, lost):
        values *= works
    step, row, device = np.nonzero(before + change != levels[1:])
    stopped = step, row, device
    energy = p_kw * dt_h
    loss = lost * dt_h
    held_h = np.abs(levels[1:][stopped] - before[stopped]) / np.abs(rate[stopped])
    energy[stopped] = p_kw[stopped] * held_h
    loss[stopped] = lost[stopped] * held_h
    charge, discharge = np.maximum(-energy, 0.0), np.maximum(energy, 0.0)
    moved, out = state["moved_kwh"].copy(), state["out_kwh"].copy()
    for way, given in zip(np.abs(levels[1:] - before), discharge, strict=True):
        np.add(moved, way, out=moved)
        np.add(out, given, out=out)
    state["moved_kwh"], state["out_kwh"], state["stored_kwh"] = moved, out, levels[-1].copy()
    return Followed(p_kw, energy, charge, discharge, loss, levels[1:], stopped, held_h * SECONDS_PER_HOUR)


def _levels(
    stored: Floats, change: Floats, fills: Bools, gives: Bools, bottom: Floats, top: Floats
) -> tuple[Floats, Bools]:
    """Levels (K + 1, R, m) before, between and after the steps, and who moves in each (K, R, m)."""
    levels = np.empty((len(change) + 1, *stored.shape))
    levels[0] = stored
    works = np.empty(change.shape, dtype=np.bool_)
    nearly_top, nearly_bottom = top - EMPTY_KWH, bottom + EMPTY_KWH
    room, moved = np.empty(stored.shape, dtype=np.bool_), np.empty(stored.shape)
    for level, after, change_k, fills_k, gives_k, works_k in zip(
        levels, levels[1:], change, fills, gives, works, strict=False
    ):
        np.less(level, nearly_top, out=room)
        np.logical_and(room, fills_k, out=room)
        np.greater(level, nearly_bottom, out=works_k)
        np.logical_and(works_k, gives_k, out=works_k)
        np.logical_or(works_k, room, out=works_k)
        np.multiply(change_k, works_k, out=moved)
        np.add(level, moved, out=after)
        np.maximum(after, bottom, out=after)
        np.minimum(after, top, out=after)
    return levels, works
