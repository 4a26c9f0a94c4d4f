"""Arithmetic of a group: sharing a sum by slack, and the lowest level that a store can hold."""

from __future__ import annotations

import numpy as np

from ysc_sim.units import Floats

CANDIDATES = 31
ROUNDS = 2
"""Levels tried at once, and how often the gap between two of them is tried again: 1/32² of the first gap is left."""


def share_by_slack(total_kw: Floats, weight: Floats, cap_kw: Floats) -> Floats:
    """Shares x_i = min(cap_i, λ·weight_i) with Σ x_i = min(total, Σ cap of those with weight), (R, n).

    ``total_kw`` (R, 1) ≥ 0; ``weight``, ``cap_kw`` (R, n) ≥ 0.

    >>> share_by_slack(np.array([[9.0]]), np.array([[2.0, 1.0, 1.0]]), np.array([[3.0, 9.0, 9.0]])).tolist()
    [[3.0, 3.0, 3.0]]
    """
    if not total_kw.any() or not (weight > 0).any():
        return np.zeros_like(cap_kw)
    weight = np.maximum(weight, 0.0)
    cap = np.where(weight > 0, cap_kw, 0.0)
    ratio = np.divide(cap, weight, out=np.zeros_like(cap), where=weight > 0)
    order = np.argsort(ratio, axis=1, kind="stable")
    r, w, c = (np.take_along_axis(values, order, axis=1) for values in (ratio, weight, cap))
    before = np.cumsum(c, axis=1) - c
    behind = np.cumsum(w[:, ::-1], axis=1)[:, ::-1]
    reached = before + r * behind >= total_kw
    first = np.argmax(reached, axis=1)[:, None]
    rest = total_kw - np.take_along_axis(before, first, axis=1)
    carried = np.take_along_axis(behind, first, axis=1)
    level = np.divide(rest, carried, out=np.zeros_like(rest), where=carried > 0)
    return np.asarray(np.where(reached.any(axis=1)[:, None], np.minimum(cap, level * weight), cap))


def lowest_level_kw(
    need_kw: Floats,
    *,
    stored_kwh: Floats,
    room_kwh: Floats,
    charge_kw: float,
    discharge_kw: float,
    charge_efficiency: float,
    discharge_efficiency: float,
    step_h: float,
) -> Floats:
    """Lowest import that one store can hold over the coming steps, (R,), to a thousandth of the largest need.

    ``need_kw`` (K, R); ``stored_kwh``, ``room_kwh`` (R,). The store gives what lies above the level and is refilled
    below it.
    """
    high = np.maximum(np.maximum.reduce(need_kw, axis=0), 0.0)
    low = np.zeros_like(high)
    share = np.arange(1, CANDIDATES + 1)[:, None] / (CANDIDATES + 1)
    for _ in range(ROUNDS):
        levels = low + share * (high - low)
        held = _holds(
            need_kw,
            levels,
            stored_kwh,
            room_kwh,
            charge_kw,
            discharge_kw,
            charge_efficiency,
            discharge_efficiency,
            step_h,
        )
        # Whoever holds a level holds every higher one.
        failed = CANDIDATES - np.add.reduce(held, axis=0).astype(np.int64)
        edges = np.concatenate([low[None], levels, high[None]])
        low, high = (np.take_along_axis(edges, (failed + k)[None], axis=0)[0] for k in (0, 1))
    return np.asarray(high)


def _holds(
    need_kw: Floats,
    levels_kw: Floats,
    stored_kwh: Floats,
    room_kwh: Floats,
    charge_kw: float,
    discharge_kw: float,
    charge_efficiency: float,
    discharge_efficiency: float,
    step_h: float,
) -> Floats:
    """Whether each level (C, R) is held over all steps, 0/1."""
    over = need_kw[:, None, :] - levels_kw
    give = np.maximum(over, 0.0)
    change = (np.clip(-over, 0.0, charge_kw) * charge_efficiency - give / discharge_efficiency) * step_h
    stored = np.array(np.broadcast_to(stored_kwh, levels_kw.shape))
    least = stored.copy()
    for step in change:
        np.minimum(np.add(stored, step, out=stored), room_kwh, out=stored)
        np.minimum(least, stored, out=least)
    enough = np.maximum.reduce(give, axis=0) <= discharge_kw
    return np.asarray(((least >= -1e-9) & enough).astype(np.float64))
