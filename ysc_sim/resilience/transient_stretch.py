"""A stretch of an island's course on one linear piece, and the first joint that ends it."""

from __future__ import annotations

import numpy as np

from ysc_sim.resilience.transient_joints import Joints, distances
from ysc_sim.resilience.transient_plant import FREQUENCY, Layout, polynomial, series
from ysc_sim.units import Floats, Ints

STILL = 1e-9
"""Rates below this, Hz/s, are rest: their sign is rounding."""
BEYOND = 1e-11
"""A joint is passed where its number is below −BEYOND (Hz or per unit)."""
MOST_GUESSES = 100


class Stretch:
    """Some rows on their present pieces, from where they stand, as Taylor series."""

    def __init__(self, layout: Layout, w: Floats, x: Floats, joints: Joints) -> None:
        self.joints = joints
        self.terms = series(w, x)
        self.frequency = np.ascontiguousarray(self.terms[:, :, FREQUENCY])
        self.rate = self.frequency[1:] * np.arange(1, len(self.frequency))[:, None]
        self.trend = np.where(np.abs(self.rate[0]) > STILL, np.sign(self.rate[0]), 0.0)
        zero = np.zeros_like(self.frequency)
        columns = [zero if place is None else self.terms[:, :, place] for place in layout.valves]
        self.valves = np.stack(columns, axis=2) if columns else zero[:, :, None][:, :, :0]

    def end(self, dt: Floats) -> Floats:
        """X after ``dt`` (R,) seconds."""
        return polynomial(self.terms, dt[:, None])

    def look(self, dt: Floats) -> Floats:
        """Distances to all joints after ``dt`` (R,) seconds, (R, columns)."""
        f, rate = polynomial(self.frequency, dt), polynomial(self.rate, dt)
        return distances(self.joints, polynomial(self.valves, dt[:, None]), f, rate, self.trend)

    def first_joint(self, dt: Floats) -> tuple[Floats, Ints]:
        """Seconds to the first joint within ``dt`` and its column; ``dt`` and −1 where none is met."""
        start = np.maximum(self.look(np.zeros(len(dt))), 0.0)
        column = np.full(len(dt), -1, dtype=np.int64)
        dt = dt.copy()
        beyond = np.full(start.shape[1], -BEYOND)
        beyond[-1] = -STILL
        rows = np.arange(len(dt))
        while True:
            end = self.look(dt)
            end[rows[column >= 0], column[column >= 0]] = 0.0
            passed = end < beyond
            again = np.flatnonzero(passed.any(axis=1))
            if not again.size:
                return dt, column
            share = np.full(end.shape, np.inf)
            share[passed] = start[passed] / (start[passed] - end[passed])
            column[again] = first = np.argmin(share[again], axis=1)
            poly = self.joint(again, first)
            # From a joint inwards and back over it within the stretch: halve the stretch until it ends inside.
            inwards = (start[again, first] <= BEYOND) & (poly[1] > 0)
            dt[again] = np.where(inwards, dt[again] / 2.0, locate(poly, dt[again]))
            column[again[inwards]] = -1

    def joint(self, rows: Ints, column: Ints) -> Floats:
        """Distance to one joint of each row as a polynomial in time, (ORDER + 1, rows)."""
        falls, g = self.joints.falls, self.valves.shape[2]
        wide = falls.shape[1]
        poly = np.zeros((len(self.frequency), len(rows)))
        for first, sign, level in ((0, 1.0, falls), (wide, -1.0, self.joints.rises)):
            here = np.flatnonzero((column >= first) & (column < first + wide))
            at = rows[here]
            poly[:, here] = sign * self.frequency[:, at]
            poly[0, here] -= sign * level[at, column[here] - first]
        for first, sign, level in (
            (2 * wide, -1.0, self.joints.valve_high),
            (2 * wide + g, 1.0, self.joints.valve_low),
        ):
            here = np.flatnonzero((column >= first) & (column < first + g))
            at = rows[here]
            poly[:, here] = sign * self.valves[:, at, column[here] - first]
            poly[0, here] -= sign * level[at, column[here] - first]
        here = np.flatnonzero(column == 2 * (wide + g))
        poly[:-1, here] = self.rate[:, rows[here]] * self.trend[rows[here]]
        return poly


def locate(poly: Floats, dt: Floats) -> Floats:
    """Where each polynomial, ≥ 0 at 0 and < 0 at ``dt``, crosses zero: Newton kept in its bracket."""
    start, end = np.maximum(poly[0], 0.0), polynomial(poly, dt)
    slope_of = poly[1:] * np.arange(1, len(poly))[:, None]
    low, high = np.zeros(len(dt)), dt.copy()
    at: Floats = dt * start / (start - end)
    on = start > 0
    for _ in range(MOST_GUESSES):
        if not on.any():
            break
        value, slope = polynomial(poly, at), polynomial(slope_of, at)
        low, high = np.where(value > 0, at, low), np.where(value > 0, high, at)
        newton = at - np.divide(value, slope, out=np.full(len(dt), np.inf), where=slope != 0)
        inside = (newton > low) & (newton < high)
        new = np.where(value == 0.0, at, np.where(inside, newton, (low + high) / 2.0))
        moved = np.abs(new - at)
        at = np.where(on, new, at)
        # A row that has arrived stays, whoever else is still on the way.
        on &= moved > 1e-14 + 1e-13 * dt
    return at
