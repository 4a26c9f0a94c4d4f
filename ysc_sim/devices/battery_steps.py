"""Many steps of plain batteries in one go: only the stores' levels are followed step by step, all else is arrays.

Plain are batteries whose power depends on the wish alone as long as there is energy or room: no standby, no limits near
full and empty, no delay, no ageing. What :meth:`ysc_sim.devices.battery.BatteryFleet.advance` says of each step is said
here of all steps, operation by operation the same, so that the bits are too.
"""

from __future__ import annotations

import numpy as np

from ysc_sim.contracts import DeviceState, Followed, Moment
from ysc_sim.devices.battery_sizes import Sizes
from ysc_sim.units import EMPTY_KWH, SECONDS_PER_HOUR, Bools, Floats


def follow(state: DeviceState, wish_kw: Floats, window: tuple[Floats, Floats], size: Sizes, dt_s: float) -> Followed:
    """Batteries of all rows under ``wish_kw`` (K, R, m), each held for ``dt_s``; changes ``state``.

    ``window``: floor and ceiling, between which all stand.
    """
    stored, (bottom, top) = state["stored_kwh"], window
    dt_h = dt_s / SECONDS_PER_HOUR
    p_kw = np.minimum(np.maximum(wish_kw, -size.power_kw), size.power_kw)
    rate, lost = _rate_and_loss(size, p_kw)
    change = rate * dt_h
    levels, works = _levels(stored, change, p_kw < 0, p_kw > 0, bottom, top)
    for values in (p_kw, change, lost):
        values *= works
    return _told(state, p_kw, rate, change, lost, levels, dt_h)


class Steps:
    """Plain batteries on their way through a stretch, asked at every step what they can do and told what to do."""

    def __init__(self, state: DeviceState, window: tuple[Floats, Floats], size: Sizes, dt_s: float, count: int) -> None:
        self._state, self._size, (self._bottom, self._top) = state, size, window
        self._dt_h = dt_s / SECONDS_PER_HOUR
        stored = state["stored_kwh"]
        self._levels = np.empty((count + 1, *stored.shape))
        self._levels[0] = stored
        self._level = self._levels[0]
        self._now: tuple[Floats, Floats] | None = None
        self._p_kw = np.empty((count, *stored.shape))
        self._done = 0
        self._most_in_kw, self._most_out_kw = -size.power_kw, size.power_kw
        self._nearly_top, self._nearly_bottom = self._top - EMPTY_KWH, self._bottom + EMPTY_KWH

    def bands(self, moment: Moment) -> tuple[Floats, Floats]:
        """Rated power either way as long as there is energy or room, (R, m)."""
        if self._now is None:
            level = self._level
            self._now = self._most_in_kw * (level < self._nearly_top), self._most_out_kw * (level > self._nearly_bottom)
        return self._now

    def store(self) -> tuple[Floats, Floats, Floats]:
        """Where they stand, (R, m) kWh."""
        return self._level, self._bottom, self._top

    def go(self, p_kw: Floats, moment: Moment) -> tuple[Floats, Floats | None]:
        """Hold powers (R, m) within the bands for a step: energies, and for how long each was held, where some were
        not to the end.
        """
        k, dt_h = self._done, self._dt_h
        self._done = k + 1
        level, after = self._level, self._levels[k + 1]
        self._p_kw[k] = p_kw
        energy = p_kw * dt_h
        rate = self._size.passing(p_kw).rate_kw() if np.count_nonzero(p_kw) else None
        if rate is None:
            after[...] = level
            return energy, None
        self._level, self._now = after, None
        wanted = rate * dt_h
        wanted += level
        np.maximum(wanted, self._bottom, out=after)
        np.minimum(after, self._top, out=after)
        ended = np.not_equal(wanted, after)
        if not np.count_nonzero(ended):
            return energy, None
        held_h = np.zeros_like(after) + dt_h
        held_h[ended] = np.abs(after[ended] - level[ended]) / np.abs(rate[ended])
        return p_kw * held_h, held_h * SECONDS_PER_HOUR

    def followed(self) -> Followed:
        """What all of them did; changes the state."""
        rate, lost = _rate_and_loss(self._size, self._p_kw)
        return _told(self._state, self._p_kw, rate, rate * self._dt_h, lost, self._levels, self._dt_h)


def _rate_and_loss(size: Sizes, p_kw: Floats) -> tuple[Floats, Floats]:
    """Rate at which the stores fill and what is lost, at powers (K, R, m) at the terminals."""
    passing = size.passing(p_kw)
    rate, lost = (np.zeros(p_kw.shape) if kw is None else kw for kw in (passing.rate_kw(), passing.lost_kw()))
    return rate, lost


def _told(
    state: DeviceState, p_kw: Floats, rate: Floats, change: Floats, lost: Floats, levels: Floats, dt_h: float
) -> Followed:
    """What batteries did in ``K`` steps that led through ``levels`` (K + 1, R, m); changes ``state``."""
    before = levels[:-1]
    change += before
    # Of a flat array: far faster than of one of three axes, and hardly any meets a limit.
    met = np.flatnonzero(np.ravel(change != levels[1:]))
    step, row, device = np.unravel_index(met, p_kw.shape)
    stopped = step, row, device
    lost_kw = lost[stopped]
    energy = p_kw * dt_h
    loss = np.multiply(lost, dt_h, out=lost)
    held_h = np.abs(levels[1:][stopped] - before[stopped]) / np.abs(rate[stopped])
    energy[stopped] = p_kw[stopped] * held_h
    loss[stopped] = lost_kw * held_h
    charge, discharge = np.negative(energy), np.maximum(energy, 0.0)
    np.maximum(charge, 0.0, out=charge)
    way = np.subtract(levels[1:], before, out=change)
    np.abs(way, out=way)
    moved, out = _running(state["moved_kwh"], way), _running(state["out_kwh"], discharge)
    state["moved_kwh"], state["out_kwh"], state["stored_kwh"] = moved, out, levels[-1].copy()
    return Followed(p_kw, energy, charge, discharge, loss, levels[1:], stopped, held_h * SECONDS_PER_HOUR)


def _running(start: Floats, values: Floats) -> Floats:
    """``start`` (R, m) with each of ``values`` (K, R, m) added one after the other."""
    first = values[0].copy()
    values[0] += start
    # NumPy adds a single column in pairs, several columns row by row.
    total = np.add.accumulate(values, axis=0)[-1] if start.size == 1 else np.add.reduce(values, axis=0)
    values[0] = first
    return np.array(total)


def _levels(
    stored: Floats, change: Floats, fills: Bools, gives: Bools, bottom: Floats, top: Floats
) -> tuple[Floats, Floats]:
    """Levels (K + 1, R, m) before, between and after the steps, and who moves in each (K, R, m), 1 or 0."""
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
    return levels, works.astype(np.float64)
