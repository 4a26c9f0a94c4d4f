"""Shapley value of the sharing game behind one meter, for many members and periods, without sampling.

In a period with net energies x the coalition C receives sell·X⁺ − buy·X⁻ with X = Σ x over C, which is
sell·X − (buy − sell)·max(−X, 0) = buy·X − (buy − sell)·max(X, 0). The first term is additive; for the second,
Owen's multilinear extension gives

    φ_i = ∫₀¹ E[w(X_q + x_i) − w(X_q)] dq,   X_q = Σ over the others, each present with probability q.

The integrand is a polynomial in q of degree below the number of members, so Gauss–Legendre nodes make the integral
exact; on a lattice of whole quanta the distribution of X_q is exact too. Of the two forms the one with the smaller
bound is taken: w then vanishes beyond the energy of the *scarcer* side, and no longer sums are needed.

Source: G. Owen, Multilinear extensions of games, Management Science 18 (1972) P64–P79.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ysc_sim.markets.community_rate import Period, check_periods
from ysc_sim.units import Floats, Ints

CACHED = 4096
"""Numbers worked on at once, so that they stay in the cache."""
LARGEST_SUM = 200_000
"""Most quanta of the scarcer side in one period."""


@dataclass(frozen=True)
class SharingShares:
    """Shares of the members, and how far rounding to the quantum can have moved them."""

    shares_jpy: Floats
    """(n,) what each receives, > 0, or pays, < 0, over all periods."""
    rounding_bound_jpy: float
    """No share is farther than this from that of the net energies before rounding."""


def sharing_game_shapley(
    net_kwh: ArrayLike, *, buy_jpy_per_kwh: ArrayLike, sell_jpy_per_kwh: ArrayLike, quantum_kwh: float = 0.2
) -> SharingShares:
    """Shapley value over periods, net (P, n) kWh > 0 surplus, supplier's prices scalar or (P,).

    Exact for net energies rounded to ``quantum_kwh``.

    Raises ``ValueError`` for numbers that are not finite, for a quantum that is not positive, and for one so small that
    a period has more than 200,000 of them to share.

    >>> answer = sharing_game_shapley([[2.0, -1.0, -1.0]], buy_jpy_per_kwh=30, sell_jpy_per_kwh=10)
    >>> answer.shares_jpy.round(9).tolist(), answer.rounding_bound_jpy < 1e-6
    ([40.0, -20.0, -20.0], True)
    """
    if not 0 < quantum_kwh < np.inf:
        raise ValueError(f"quantum_kwh(={quantum_kwh}) must be finite and > 0.")
    period = check_periods(net_kwh, buy_jpy_per_kwh, sell_jpy_per_kwh, ordered=False)
    if period.net_kwh.ndim != 2:
        raise ValueError(f"net_kwh(=shape {period.net_kwh.shape}) must be (periods, members).")
    quanta = np.rint(period.net_kwh / quantum_kwh)
    scarcer = np.minimum(np.maximum(quanta, 0).sum(axis=1), np.maximum(-quanta, 0).sum(axis=1))
    if scarcer.size and scarcer.max() > LARGEST_SUM:
        raise ValueError(
            f"quantum_kwh(={quantum_kwh}) must be larger: a period has {scarcer.max():.0f} quanta to share."
        )
    buy, sell = period.buy_jpy_per_kwh, period.sell_jpy_per_kwh
    gain = buy - sell
    # The additive part of the form in use, and its curved part for periods in which both sides are there.
    short = np.maximum(quanta, 0).sum(axis=1) <= np.maximum(-quanta, 0).sum(axis=1)
    rate = np.where(short, buy, sell)
    shares = np.add.reduce(rate[:, None] * quanta, axis=0)
    for number in np.flatnonzero((scarcer > 0) & (gain != 0)):
        sign = 1 if short[number] else -1
        mine = (sign * quanta[number]).astype(np.int64)
        shares -= gain[number] * positive_part_shapley(mine)
    return SharingShares(quantum_kwh * shares, _rounding_bound(period, quantum_kwh * quanta))


def _rounding_bound(period: Period, rounded: Floats) -> float:
    """Largest change of a share when each net energy moves from ``rounded`` to what it was.

    A member's own rounding changes its marginal gain by at most that much at either price; the others', of which each
    comes earlier in half of all orders, move its coalition, which matters for no more than the member's own energy,
    before rounding or after it, whichever is less.
    """
    net, buy, sell = period.net_kwh, period.buy_jpy_per_kwh[:, None], period.sell_jpy_per_kwh[:, None]
    own = np.abs(net - rounded)
    others = (own.sum(axis=1, keepdims=True) - own) / 2
    moved = np.minimum(others, np.minimum(np.abs(net), np.abs(rounded)))
    one_sided = (rounded >= 0).all(axis=1, keepdims=True) & (net >= 0).all(axis=1, keepdims=True)
    one_sided |= (rounded <= 0).all(axis=1, keepdims=True) & (net <= 0).all(axis=1, keepdims=True)
    dearest = np.maximum(np.abs(buy), np.abs(sell))
    bound = dearest * own + np.where(one_sided, 0.0, np.abs(buy - sell) * moved)
    floating = 1e-12 * (dearest * np.abs(net).sum(axis=1, keepdims=True)).sum()
    return float(bound.sum(axis=0).max(initial=0.0) + floating)


def positive_part_shapley(quanta: Ints) -> Floats:
    """Shapley value (n,) of the game max(Σ quanta over C, 0), exact but for rounding of floats.

    Work grows with the sum of the positive quanta: give the game with the scarcer side positive.

    >>> positive_part_shapley(np.array([1, 1, -3])).round(12).tolist()
    [0.5, 0.5, -1.0]
    """
    shares = np.zeros(len(quanta))
    bound = int(np.maximum(quanta, 0).sum())
    givers, takers = np.flatnonzero(quanta > 0), np.flatnonzero(quanta < 0)
    active = len(givers) + len(takers)
    if bound == 0 or active == 0:
        return shares
    nodes, weights = np.polynomial.legendre.leggauss((active + 1) // 2)
    nodes, weights = (nodes + 1) / 2, weights / 2
    batch = max(1, CACHED // bound)
    give, take = quanta[givers].tolist(), (-quanta[takers]).tolist()
    for first in range(0, len(nodes), batch):
        part = slice(first, first + batch)
        gives, takes = _at_nodes(give, take, bound, nodes[part], weights[part])
        shares[givers] += gives
        shares[takers] += takes
    return shares


def _at_nodes(give: list[int], take: list[int], bound: int, q: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """Contribution of some nodes: shares of those who give and of those who take.

    Lattice (bound + 1, nodes): what the others give, 0 … bound; what they take, cut at ``bound`` because the game is
    worth nothing from there on.
    """
    start = np.zeros((bound + 1, len(q)))
    start[0] = 1.0
    given, taken = _sums(give, start, q), _sums(take, start, q)
    # E[max(a − B, 0)] and E[max(A − b, 0)]: twice the running sum of the distribution.
    worth = np.zeros_like(start)
    np.cumsum(np.cumsum(taken[-1][:-1], axis=0), axis=0, out=worth[1:])
    value = np.zeros_like(start)
    tail = np.cumsum(given[-1][:0:-1], axis=0)
    value[:-1] = np.cumsum(tail, axis=0)[::-1]
    worth *= weight
    value *= weight
    return _gains(give, given, worth, q, rising=True), _gains(take, taken, value, q, rising=False)


def _sums(sizes: list[int], start: Floats, q: Floats) -> list[Floats]:
    """Distributions of the sum of the first 0, 1, 2, … members, each present with probability ``q``."""
    steps = [start]
    rest = np.broadcast_to(1 - q, start.shape).copy()
    present = np.broadcast_to(q, start.shape).copy()
    for size in sizes:
        last = steps[-1]
        new = last * rest
        if size < len(last):
            new[size:] += last[: len(last) - size] * present[size:]
        steps.append(new)
    return steps


def _gains(sizes: list[int], before: list[Floats], value: Floats, q: Floats, *, rising: bool) -> Floats:
    """Mean gain of each member over those before it (distribution) and behind it (folded into the value)."""
    gains = np.zeros(len(sizes))
    present = np.broadcast_to(q, value.shape).copy()
    change = np.empty_like(value)
    for number in range(len(sizes) - 1, -1, -1):
        size, reach = sizes[number], len(value) - sizes[number]
        if reach > 0:
            np.subtract(value[size:], value[:reach], out=change[:reach])
        # Beyond the lattice a taker leaves nothing; a giver never gets there.
        np.multiply(value[max(reach, 0) :], 0.0 if rising else -1.0, out=change[max(reach, 0) :])
        gains[number] = np.dot(before[number].ravel(), change.ravel())
        change *= present
        value += change
    return gains
