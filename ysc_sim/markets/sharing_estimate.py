"""A fast estimate of the Shapley value of the sharing game, with its error measured on some periods.

Owen's integral as in :mod:`ysc_sim.markets.sharing_game`, with the sum of the other members taken as normal with its
true mean and variance; what the division of a period lacks is shared in proportion to energy.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ysc_sim.markets.community_rate import check_periods
from ysc_sim.markets.sharing_game import sharing_game_shapley
from ysc_sim.units import Floats

NODES = 6


@dataclass(frozen=True)
class EstimatedShares:
    """Estimated shares, and how wrong they probably are."""

    shares_jpy: Floats
    """(n,) what each receives, > 0, or pays, < 0, over all periods."""
    error_jpy: Floats
    """(n,) the error of each share that the checked periods let expect: bias and two standard deviations."""
    checked: int
    """Periods compared with the exact value."""


def estimate_sharing_shapley(
    net_kwh: ArrayLike,
    *,
    buy_jpy_per_kwh: ArrayLike,
    sell_jpy_per_kwh: ArrayLike,
    check: int = 100,
    quantum_kwh: float = 0.05,
) -> EstimatedShares:
    """Estimate of :func:`sharing_game_shapley` over periods, net (P, n) kWh > 0 surplus, prices scalar or (P,).

    ``check`` periods, evenly spread over those in which both sides are there, are compared with the exact value at
    ``quantum_kwh``.

    Raises ``ValueError`` for numbers that are not finite and for a negative ``check``.

    >>> net = np.random.default_rng(0).normal(size=(200, 30))
    >>> answer = estimate_sharing_shapley(net, buy_jpy_per_kwh=30, sell_jpy_per_kwh=10, check=20)
    >>> bool(abs(answer.shares_jpy.sum() - (10 * net.sum(1).clip(0) - 30 * (-net.sum(1)).clip(0)).sum()) < 1e-6)
    True
    """
    if check < 0:
        raise ValueError(f"check(={check}) must be ≥ 0.")
    period = check_periods(net_kwh, buy_jpy_per_kwh, sell_jpy_per_kwh, ordered=False)
    net, buy, sell = period.net_kwh, period.buy_jpy_per_kwh, period.sell_jpy_per_kwh
    if net.ndim != 2:
        raise ValueError(f"net_kwh(=shape {net.shape}) must be (periods, members).")
    mixed = (period.demand_kwh > 0) & (period.supply_kwh > 0)
    plain = np.where(period.supply_kwh > 0, sell, buy)[:, None] * net
    shares = np.add.reduce(np.where(mixed[:, None], 0.0, plain), axis=0)
    net, buy, sell = net[mixed], buy[mixed], sell[mixed]
    estimate = buy[:, None] * net - (buy - sell)[:, None] * _positive_part(net)
    some = np.unique(np.linspace(0, len(net) - 1, min(check, len(net))).astype(np.int64))
    wrong = np.zeros((len(some), net.shape[1]))
    for number, p in enumerate(some):
        exact = sharing_game_shapley(
            net[[p]], buy_jpy_per_kwh=buy[p], sell_jpy_per_kwh=sell[p], quantum_kwh=quantum_kwh
        )
        wrong[number] = estimate[p] - exact.shares_jpy
    return EstimatedShares(shares + np.add.reduce(estimate, axis=0), _expected_error(wrong, len(net)), len(some))


def _expected_error(wrong: Floats, periods: int) -> Floats:
    """Bias and two standard deviations of the sum over ``periods`` of errors like ``wrong`` (checked, n)."""
    checked, n = wrong.shape
    if periods == 0 or checked == 0:
        return np.full(n, np.inf if periods else 0.0)
    deviation = np.sqrt(np.add.reduce((wrong - wrong.mean(axis=0)) ** 2, axis=0) / max(checked - 1, 1))
    doubt = deviation * np.sqrt(periods) * np.sqrt(1 + periods / checked)
    expected: Floats = np.abs(wrong.mean(axis=0)) * periods + 2 * doubt
    return expected


def _positive_part(net: Floats) -> Floats:
    """Estimated Shapley value of max(Σ net over C, 0) in each period, (P, n), adding up to that of all."""
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    total = np.add.reduce(net, axis=1, keepdims=True)
    others, squares = total - net, np.add.reduce(net * net, axis=1, keepdims=True) - net * net
    value = np.zeros_like(net)
    for q, weight in zip((nodes + 1) / 2, weights / 2, strict=True):
        mean, deviation = q * others, np.sqrt(np.maximum(q * (1 - q) * squares, 1e-300))
        value += weight * (_mean_of_positive(mean + net, deviation) - _mean_of_positive(mean, deviation))
    size = np.abs(net)
    lack = np.maximum(total, 0) - np.add.reduce(value, axis=1, keepdims=True)
    value += lack * size / np.add.reduce(size, axis=1, keepdims=True)
    return value


def _mean_of_positive(mean: Floats, deviation: Floats) -> Floats:
    """E[max(Y, 0)] of a normal Y."""
    from scipy.special import ndtr

    z = mean / deviation
    answer: Floats = mean * ndtr(z) + deviation * np.exp(-0.5 * z * z) * (1 / np.sqrt(2 * np.pi))
    return answer
