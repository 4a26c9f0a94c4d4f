"""Bilateral trades with preferences, network charges and limits, found by the members themselves: consensus ADMM.

Member i minimises ½·a_i·p_i² + b_i·p_i + Σ_j c_ij·t_ij with p_i = Σ_j t_ij; both sides of a pair agree on t_ij = −t_ji.
Each iteration every member answers a proposal on its own (closed form), the pairs meet in the middle, cut at the
limit of their line, and the price between them moves with what is left of the disagreement.

Source: E. Sorin, L. Bobo, P. Pinson, Consensus-based approach to peer-to-peer electricity markets with product
differentiation, IEEE Transactions on Power Systems 34 (2019) 994–1004; S. Boyd et al., Distributed optimization and
statistical learning via the alternating direction method of multipliers, Foundations and Trends in Machine Learning 3
(2011) 1–122, §3.4 and §7.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ysc_sim.markets.clearing import refuse
from ysc_sim.units import Bools, Floats

TOLERANCE = 1e-9
REBALANCE = 40
"""Iterations between two looks at the step of the prices."""


@dataclass(frozen=True)
class BilateralTrades:
    """Trades between n members and the prices at which both sides want them."""

    trade_kw: Floats
    """(n, n) antisymmetric; > 0: the row sells to the column."""
    price_jpy_per_kwh: Floats
    """(n, n) symmetric: marginal cost plus charge of either side; where a limit keeps them apart, their middle."""
    iterations: int
    converged: bool
    """Whether the disagreement and the last change were below 1e-9 of the largest trade."""


def bilateral_trades(
    cost_a: ArrayLike,
    cost_b: ArrayLike,
    p_min_kw: ArrayLike,
    p_max_kw: ArrayLike,
    *,
    preference: ArrayLike | None = None,
    line_limit_kw: ArrayLike | None = None,
    resale: bool = False,
    max_iterations: int = 50_000,
) -> BilateralTrades:
    """Trades that minimise the sum of all costs ½·a·p² + b·p (n,), p > 0 sells, within ``p_min_kw ≤ p ≤ p_max_kw``.

    ``preference`` (n, n) JPY/kWh: ``preference[i, j]·trade[i, j]`` is added to i's cost, a charge for who
    sells and, with a minus sign, for who buys. ``line_limit_kw``: scalar or (n, n), the lower of (i, j) and (j, i)
    holds. As in Sorin et al. a member that can only sell (``p_min_kw ≥ 0``) buys nothing to sell it on,
    and the other way round, unless ``resale`` is true.

    Raises ``ValueError`` where numbers are not finite, a cost is concave, bounds cross, no division of the energy
    meets them, or trade round in circles would be paid without end.

    >>> deal = bilateral_trades([1, 1], [8, 4], [-10, 0], [0, 10], preference=[[0, -1], [1, 0]])
    >>> deal.trade_kw.round(6).tolist(), deal.price_jpy_per_kwh.round(6)[0, 1].item()
    ([[0.0, -1.0], [1.0, 0.0]], 6.0)
    """
    problem = _check(cost_a, cost_b, p_min_kw, p_max_kw, preference, line_limit_kw, resale)
    return _agree(problem, max_iterations)


@dataclass(frozen=True)
class _Problem:
    a: Floats
    b: Floats
    p_min: Floats
    p_max: Floats
    charge: Floats
    """(n, n)"""
    most: Floats
    """(n, n) largest trade from row to column, ≥ 0."""


def _check(
    cost_a: ArrayLike,
    cost_b: ArrayLike,
    p_min_kw: ArrayLike,
    p_max_kw: ArrayLike,
    preference: ArrayLike | None,
    line_limit_kw: ArrayLike | None,
    resale: bool,
) -> _Problem:
    given = {"cost_a": cost_a, "cost_b": cost_b, "p_min_kw": p_min_kw, "p_max_kw": p_max_kw}
    shape = np.broadcast_shapes(*(np.shape(value) for value in given.values()))
    if len(shape) != 1:
        raise ValueError(f"cost_a, cost_b, p_min_kw and p_max_kw(=shape {shape}) must be (n,).")
    a, b, p_min, p_max = (np.broadcast_to(np.asarray(v, dtype=np.float64), shape) for v in given.values())
    for name, values in (("cost_a", a), ("cost_b", b), ("p_min_kw", p_min), ("p_max_kw", p_max)):
        refuse(values, ~np.isfinite(values), name, "finite")
    refuse(a, a < 0, "cost_a", "≥ 0")
    refuse(p_min, p_min > p_max, "p_min_kw", "at most p_max_kw")
    square = (*shape, *shape)
    charge = np.broadcast_to(np.asarray(0.0 if preference is None else preference, dtype=np.float64), square)
    refuse(charge, ~np.isfinite(charge), "preference", "finite")
    limit = np.broadcast_to(np.asarray(np.inf if line_limit_kw is None else line_limit_kw, dtype=np.float64), square)
    refuse(limit, ~(limit >= 0), "line_limit_kw", "≥ 0")
    sells = (p_max > 0) | resale
    buys = (p_min < 0) | resale
    most = np.where(sells[:, None] & buys[None, :], np.minimum(limit, limit.T), 0.0)
    np.fill_diagonal(most, 0.0)
    problem = _Problem(a, b, p_min, p_max, np.where(np.eye(shape[0], dtype=bool), 0.0, charge), most)
    _refuse_impossible(problem)
    return problem


def _refuse_impossible(problem: _Problem) -> None:
    low = np.maximum(problem.p_min, -problem.most.sum(axis=0))
    high = np.minimum(problem.p_max, problem.most.sum(axis=1))
    refuse(problem.p_min, high < problem.p_min, "p_min_kw", "within what the lines can carry")
    refuse(problem.p_max, low > problem.p_max, "p_max_kw", "within what the lines can carry")
    if low.sum() > 0 or high.sum() < 0:
        raise ValueError(f"p_min_kw and p_max_kw must allow purchases to equal sales: {low.sum()} … {high.sum()} kW.")
    unlimited = np.isinf(problem.most) & np.isinf(problem.most.T)
    toll = problem.charge - problem.charge.T
    level = np.full(len(toll), np.nan)
    for start in range(len(toll)):
        if np.isnan(level[start]):
            _spread(level, start, unlimited, toll)
    gap = np.abs(level[:, None] - level[None, :] - toll)
    if (unlimited & (gap > 1e-9 * np.abs(toll).max(initial=1.0))).any():
        raise ValueError("preference must not pay for trade round in circles between members without line_limit_kw.")


def _spread(level: Floats, start: int, linked: Bools, toll: Floats) -> None:
    """Give every member that unlimited pairs tie to ``start`` a level, so that differences are the tolls on the way."""
    level[start] = 0.0
    reached = [start]
    while reached:
        i = reached.pop()
        new = np.flatnonzero(linked[i] & np.isnan(level))
        level[new] = level[i] - toll[i, new]
        reached.extend(new.tolist())


def _agree(problem: _Problem, max_iterations: int) -> BilateralTrades:
    n = len(problem.a)
    shared, price = np.zeros((n, n)), np.zeros((n, n))
    step = max(1e-3, float(np.add.reduce(problem.a)) / max(n, 1))
    upper, lower = problem.most, -problem.most.T
    pairs = (problem.most > 0) | (problem.most.T > 0)
    count = np.add.reduce(pairs, axis=1)
    converged, iteration = not pairs.any(), 0
    while not converged and iteration < max_iterations:
        iteration += 1
        own = _answers(problem, shared, price, pairs, count, step)
        middle = own + price / step
        new = np.clip((middle - middle.T) / 2, lower, upper)
        price = price + step * (own - new)
        gap, moved = np.abs(own - new).max(), np.abs(new - shared).max()
        shared = new
        size = TOLERANCE * max(1.0, np.abs(shared).max())
        converged = bool(gap <= size and moved <= size)
        if iteration % REBALANCE == 0 and not converged:
            step *= 2.0 if gap > 10 * moved else 0.5 if moved > 10 * gap else 1.0
    return BilateralTrades(shared, _prices(problem, shared, price, pairs), iteration, converged)


def _answers(problem: _Problem, shared: Floats, price: Floats, pairs: Bools, count: Floats, step: float) -> Floats:
    """Trades that each member wants: its cost, the price, and half the step times the square of the change."""
    base = np.where(pairs, shared - (problem.charge + price) / step, 0.0)
    total = np.add.reduce(base, axis=1)
    # t = base − (a p + b) / step for each of its pairs, summed: one equation for p.
    share = count / step
    p = (total - share * problem.b) / (1 + share * problem.a)
    p = np.clip(p, problem.p_min, problem.p_max)
    level = np.divide(total - p, count, out=np.zeros_like(p), where=count > 0)
    return np.where(pairs, base - level[:, None], 0.0)


def _prices(problem: _Problem, shared: Floats, price: Floats, pairs: Bools) -> Floats:
    """Middle of what the two sides of each pair would accept for a little more."""
    return np.where(pairs, -(price + price.T) / 2, np.nan)
