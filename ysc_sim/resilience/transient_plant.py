"""One island as numbers: a chain of linear pieces whose joints are limits, dead bands and relays.

Everything is per unit of the sources' summed rating, frequency is the difference to nominal in Hz. Between two
joints the island is linear, ``dX/dt = W·X`` with the constant 1 as last entry of X, so that a step of any length is
one matrix exponential: no truncation error, no limit of stability.

X = (Δf, valve of each governor with t1, second lag of each governor with t3, output change of each lagging follower,
∫Δf dt, 1).
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from ysc_sim.units import Bools, Floats, Ints


@dataclass(frozen=True)
class Plant:
    """Islands of R rows; sources (R, g), followers (R, q), relays (R, k); powers per unit of ``base_kw``."""

    base_kw: Floats
    step: Floats
    inertia: Floats
    """Σ 2·H·S / f0, pu·s/Hz, (R,)."""
    damping: Floats
    """Σ D·S / f0 of sources and load, pu/Hz, (R,)."""
    gain: Floats
    """S / (R·f0), pu/Hz."""
    highest: Floats
    lowest: Floats
    """How far a governor can raise or lower its source."""
    t1_s: Floats
    t2_s: Floats
    t3_s: Floats
    source_inertia: Floats
    source_damping: Floats
    power: Floats
    """Power of each source before the step."""
    follower: Floats
    deadband_hz: Floats
    span_hz: Floats
    """From the edge of the dead band to zero output."""
    lag_s: Floats
    limit_hz: Floats
    delay_s: Floats
    shed: Floats
    """Load that a relay sheds; 0 where it switches a follower off."""
    above: Bools
    """Whether a relay acts above its limit, (R, k); else below."""
    victim: Ints
    """Follower that a relay switches off, (R, k); −1: it sheds load."""
    collapse_hz: Floats
    rise_hz: Floats
    """Relays and limits as differences to nominal."""

    def take(self, rows: Ints) -> Plant:
        """Some rows."""
        return Plant(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})

    @property
    def rows(self) -> int:
        """Number of islands."""
        return len(self.step)


@dataclass(frozen=True)
class Layout:
    """Where each state stands in X; the same for all rows of a plant."""

    valves: tuple[int | None, ...]
    lags: tuple[int | None, ...]
    followers: tuple[int | None, ...]
    spinning: bool
    """Whether anything has inertia; if not, frequency follows at once from the balance."""
    size: int

    @property
    def integral(self) -> int:
        """Place of ∫Δf dt."""
        return self.size - 2


FREQUENCY = 0
ONE = -1


def layout_of(plant: Plant) -> Layout:
    """The states of a plant; rows must agree on which time constants are zero (see ``pattern_of``)."""
    pattern = pattern_of(plant)[0]
    place = iter(range(1, len(pattern)))
    sources = plant.gain.shape[1]
    valves = tuple(next(place) if has else None for has in pattern[:sources])
    lags = tuple(next(place) if has else None for has in pattern[sources : 2 * sources])
    followers = tuple(next(place) if has else None for has in pattern[2 * sources : -1])
    return Layout(valves, lags, followers, bool(pattern[-1]), int(pattern[:-1].sum()) + 3)


def pattern_of(plant: Plant) -> Bools:
    """Which states exist in each row: valves, second lags, lagging followers, inertia."""
    spinning = (plant.inertia > 0)[:, None]
    return np.concatenate([plant.t1_s > 0, plant.t3_s > 0, plant.lag_s > 0, spinning], axis=1)


@dataclass
class Pieces:
    """On which linear piece each row stands; changes at joints."""

    governor: Ints
    """(R, g): 0 free, 1 at its highest, −1 at its lowest."""
    follower: Ints
    """(R, q): 0 inside the dead band, 1 on the slope, 2 at zero output, ``OFF`` once a relay has switched it off."""
    timing_s: Floats
    """(R, k): when the relay's timer started; inf while it rests."""
    tripped: Bools
    """(R, k)."""

    def take(self, rows: Ints) -> Pieces:
        """A copy of some rows."""
        return Pieces(self.governor[rows], self.follower[rows], self.timing_s[rows], self.tripped[rows])

    def put(self, rows: Ints, part: Pieces) -> None:
        """Write rows back."""
        self.governor[rows], self.follower[rows] = part.governor, part.follower
        self.timing_s[rows], self.tripped[rows] = part.timing_s, part.tripped


OFF = 3
"""Piece of a follower that gives nothing any more."""


def start_pieces(plant: Plant) -> Pieces:
    """At nominal frequency, everything free."""
    governor = np.zeros(plant.gain.shape, dtype=np.int64)
    timing = np.where(outside(plant, np.zeros((plant.rows, 1))), 0.0, np.inf)
    return Pieces(governor, np.zeros(plant.lag_s.shape, np.int64), timing, np.zeros(timing.shape, dtype=np.bool_))


def outside(plant: Plant, frequency: Floats) -> Bools:
    """Relays (R, k) that frequency differences (R, 1) set going."""
    return np.where(plant.above, frequency > plant.limit_hz, frequency < plant.limit_hz)


def system(plant: Plant, layout: Layout, pieces: Pieces) -> Floats:
    """W of the pieces at hand, (R, size, size)."""
    w = np.zeros((plant.rows, layout.size, layout.size))
    balance = np.zeros((plant.rows, layout.size))
    balance[:, FREQUENCY] = -plant.damping
    balance[:, ONE] = (plant.shed * pieces.tripped).sum(axis=1) - plant.step
    for i in range(plant.gain.shape[1]):
        balance += _governor(plant, layout, pieces, i, w)
    stiffness = np.zeros(plant.rows)
    for j in range(plant.lag_s.shape[1]):
        target = _curtailment(plant, layout, pieces, j)
        place = layout.followers[j]
        if place is None:
            balance += target
            continue
        target[:, place] = -1.0
        w[:, place] = target / plant.lag_s[:, j, None]
        balance[:, place] = 1.0
    if layout.spinning:
        w[:, FREQUENCY] = balance / plant.inertia[:, None]
    else:
        # Without inertia the balance holds at every instant: its derivative gives that of the frequency.
        stiffness = -balance[:, FREQUENCY]
        moved = sum((w[:, place] for place in layout.followers if place is not None), np.zeros_like(balance))
        w[:, FREQUENCY] = np.divide(moved, stiffness[:, None], out=np.zeros_like(moved), where=stiffness[:, None] > 0)
    w[:, layout.integral, FREQUENCY] = 1.0
    return w


def _governor(plant: Plant, layout: Layout, pieces: Pieces, i: int, w: Floats) -> Floats:
    """Rows of W of one governor, and its output as a form in X: the valve (1/(1 + s·t1), limited), then the lead-lag.

    Structure of TGOV1: IEEE PES-TR1, Dynamic Models for Turbine-Governors in Power System Studies, 2013, p. 2-2.
    """
    free = (pieces.governor[:, i] == 0).astype(np.float64)
    valve_at, lag_at = layout.valves[i], layout.lags[i]
    valve = np.zeros((plant.rows, layout.size))
    speed = np.zeros((plant.rows, layout.size))
    if valve_at is None:
        valve[:, FREQUENCY] = -plant.gain[:, i] * free
        valve[:, ONE] = stop_of(plant, pieces)[:, i]
    else:
        valve[:, valve_at] = 1.0
        speed[:, FREQUENCY] = -plant.gain[:, i] * free / plant.t1_s[:, i]
        speed[:, valve_at] = -free / plant.t1_s[:, i]
        w[:, valve_at] = speed
    if lag_at is None:
        return valve + plant.t2_s[:, i, None] * speed
    follows = valve.copy()
    follows[:, lag_at] -= 1.0
    w[:, lag_at] = follows / plant.t3_s[:, i, None]
    output = plant.t2_s[:, i, None] * w[:, lag_at]
    output[:, lag_at] += 1.0
    return output


def stop_of(plant: Plant, pieces: Pieces) -> Floats:
    """The limit at which a governor stands, (R, g); 0 where it is free."""
    high = np.where(pieces.governor > 0, plant.highest, 0.0)
    return np.where(pieces.governor < 0, plant.lowest, high)


def _curtailment(plant: Plant, layout: Layout, pieces: Pieces, j: int) -> Floats:
    """What a follower aims at, as a form in X."""
    target = np.zeros((plant.rows, layout.size))
    on_slope, at_zero = pieces.follower[:, j] == 1, pieces.follower[:, j] >= 2
    slope = plant.follower[:, j] / plant.span_hz[:, j]
    target[:, FREQUENCY] = np.where(on_slope, -slope, 0.0)
    full = np.where(at_zero, -plant.follower[:, j], 0.0)
    target[:, ONE] = np.where(on_slope, slope * plant.deadband_hz[:, j], full)
    return target


def exponential(matrix: Floats) -> Floats:
    """exp of each matrix of (R, n, n): Taylor series of order 12 with scaling and squaring, row by row.

    Moler and Van Loan, Nineteen dubious ways to compute the exponential of a matrix, SIAM Review 45 (2003), method 3.
    """
    size = np.abs(matrix).sum(axis=2).max(axis=1, initial=0.0)
    halvings = np.maximum(np.ceil(np.log2(np.maximum(size, 0.5) / 0.5)), 0.0).astype(np.int64)
    small = matrix / np.exp2(halvings)[:, None, None]
    eye = np.eye(matrix.shape[1])
    result: Floats = eye + small / 12.0
    for k in range(11, 0, -1):
        result = eye + (small @ result) / k
    for k in range(int(halvings.max(initial=0))):
        rows = halvings > k
        result[rows] = result[rows] @ result[rows]
    return result


ORDER = 20
REACH = 2.0
"""‖W‖·dt up to which a Taylor series of that order is exact to the last digits: 2^21/21! = 4e-14."""


def series(w: Floats, x: Floats) -> Floats:
    """Taylor coefficients of exp(W·t)·X, (ORDER + 1, R, size)."""
    terms = np.empty((ORDER + 1, *x.shape))
    terms[0] = x
    for k in range(1, ORDER + 1):
        terms[k] = np.einsum("rij,rj->ri", w, terms[k - 1]) / k
    return terms


def polynomial(terms: Floats, t: Floats) -> Floats:
    """Σ terms[k]·t^k; ``t`` broadcasts against ``terms[0]``."""
    total: Floats = terms[-1] * t + terms[-2]
    for term in terms[-3::-1]:
        total *= t
        total += term
    return total


def reach_s(w: Floats) -> Floats:
    """How far a series of each row holds, seconds."""
    size = np.abs(w).sum(axis=2).max(axis=1, initial=0.0)
    reach: Floats = np.divide(REACH, size, out=np.full(len(w), np.inf), where=size > 0)
    return reach
