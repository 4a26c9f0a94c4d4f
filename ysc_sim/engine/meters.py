"""Meters that count import and export apart, exactly, although a store may meet its limit between two instants.

Until the first limit the net power is constant; at each limit one device rests and the net jumps by its power. So the
net is a staircase, and ∫max(±net, 0) dt is known without stepping through it. Almost always no stair crosses zero:
then import or export is just the net energy. The few that may cross are sorted by time and summed.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ysc_sim.community.segments import Segments
from ysc_sim.units import SECONDS_PER_HOUR, Bools, Floats

LAST_BITS = 1e-12
"""A rest in the last part of this size of an interval is none."""


class Rest(NamedTuple):
    """Devices of one fleet of which some came to rest: power before (R, m), and for how long it was held (R, m) s."""

    to_meter: Segments
    p_kw: Floats
    held_s: Floats


def read_meters(net_kw: Floats, energy_kwh: Floats, rests: list[Rest], dt_s: float | Floats) -> tuple[Floats, Floats]:
    """Import and export (R, n) kWh ≥ 0 of meters with net power ``net_kw`` at the start and net energy ``energy_kwh``.

    >>> rest = Rest(Segments(np.array([0]), 1), np.array([[-2.0]]), np.array([[1800.0]]))
    >>> imported, exported = read_meters(np.array([[-1.0]]), np.array([[0.0]]), [rest], 3600.0)
    >>> imported.tolist(), exported.tolist()
    ([[0.5]], [[0.5]])
    """
    imported = np.negative(energy_kwh)
    np.maximum(imported, 0.0, out=imported)
    exported = np.maximum(energy_kwh, 0.0)
    if not rests:
        return imported, exported
    crossing = _may_cross(net_kw, rests, dt_s)
    if crossing.any():
        r, b = np.nonzero(crossing)
        span = np.broadcast_to(dt_s, (net_kw.shape[0], 1))[r, 0]
        imported[r, b], exported[r, b] = _staircase(net_kw[r, b], *_stairs(rests, r, b), span)
    return imported, exported


def _may_cross(net_kw: Floats, rests: list[Rest], dt_s: float | Floats) -> Bools:
    """Meters whose net may be above and below zero inside the interval."""
    lowest, highest = net_kw.copy(), net_kw.copy()
    for rest in rests:
        # A fleet of which one device somewhere rests tells all times anew, some a last bit short of the whole.
        ended = np.where(rest.held_s < dt_s * (1.0 - LAST_BITS), rest.p_kw, 0.0)
        lowest -= rest.to_meter.sum(np.maximum(ended, 0.0))
        highest -= rest.to_meter.sum(np.minimum(ended, 0.0))
    return (lowest < 0) & (highest > 0)


def _stairs(rests: list[Rest], r: np.ndarray, b: np.ndarray) -> tuple[Floats, Floats]:
    """Power that ends and when, for meter (r, b): (E, m) over all devices, 0 kW for those behind another meter."""
    powers, times = [], []
    for rest in rests:
        mine = rest.to_meter.group[None, :] == b[:, None]
        powers.append(np.where(mine, rest.p_kw[r], 0.0))
        times.append(rest.held_s[r])
    return np.concatenate(powers, axis=1), np.concatenate(times, axis=1)


def _staircase(net_kw: Floats, p_kw: Floats, held_s: Floats, span_s: Floats) -> tuple[Floats, Floats]:
    """∫max(∓net, 0) dt in kWh of staircases that start at ``net_kw`` (E,) and lose ``p_kw`` (E, m) at ``held_s``."""
    order = np.argsort(held_s, axis=1, kind="stable")
    p = np.take_along_axis(p_kw, order, axis=1)
    edges = np.minimum(np.take_along_axis(held_s, order, axis=1), span_s[:, None])
    start = np.zeros_like(span_s)[:, None]
    widths = np.diff(np.concatenate([start, edges, span_s[:, None]], axis=1), axis=1) / SECONDS_PER_HOUR
    heights = net_kw[:, None] - np.concatenate([start, np.cumsum(p, axis=1)], axis=1)
    imported = np.add.reduce(np.maximum(-heights, 0.0) * widths, axis=1)
    exported = np.add.reduce(np.maximum(heights, 0.0) * widths, axis=1)
    return imported, exported
