"""Confidence intervals of a mean, after Student [1]_, without SciPy.

.. [1] Student, "The Probable Error of a Mean", Biometrika 6(1), 1-25, 1908; for samples of unequal spread Welch,
   "The generalization of Student's problem when several different population variances are involved", Biometrika
   34(1-2), 28-35, 1947. The incomplete beta function is the continued fraction of Press, Teukolsky, Vetterling,
   Flannery, Numerical Recipes, 3rd edition, section 6.4.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from ysc_sim.units import Floats

SHARE = 0.95
TINY = 1e-300


def paired_interval(difference: Floats, share: float = SHARE) -> tuple[float, float]:
    """Interval that holds the mean of paired differences (n,) with probability ``share``.

    Raises ``ValueError`` for fewer than two.

    >>> low, high = paired_interval(np.array([1.0, 2.0, 3.0]))
    >>> round(low, 3), round(high, 3)
    (-0.484, 4.484)
    """
    n = len(difference)
    if n < 2:
        raise ValueError(f"difference has {n} values; at least 2 are needed.")
    half = quantile(0.5 + share / 2, n - 1) * float(np.std(difference, ddof=1)) / math.sqrt(n)
    mean = float(np.mean(difference))
    return mean - half, mean + half


def independent_interval(first: Floats, second: Floats, share: float = SHARE) -> tuple[float, float]:
    """Interval of mean(second) − mean(first) of independent samples (n,), (m,). Raises ``ValueError``."""
    if min(len(first), len(second)) < 2:
        raise ValueError("each sample needs at least 2 values.")
    a, b = (float(np.var(part, ddof=1)) / len(part) for part in (first, second))
    mean = float(np.mean(second) - np.mean(first))
    if a + b == 0:
        return mean, mean
    freedom = (a + b) ** 2 / (a**2 / (len(first) - 1) + b**2 / (len(second) - 1))
    half = quantile(0.5 + share / 2, freedom) * math.sqrt(a + b)
    return mean - half, mean + half


@lru_cache(maxsize=256)
def quantile(probability: float, freedom: float) -> float:
    """The ``probability`` quantile (0.5 ≤ p < 1) of Student's distribution. Raises ``ValueError``.

    >>> round(quantile(0.975, 9), 6)
    2.262157
    """
    if not 0.5 <= probability < 1 or not freedom > 0:
        raise ValueError(f"probability(={probability}) must be in [0.5, 1) and freedom(={freedom}) > 0.")
    low, high = 0.0, 1.0
    while _below(high, freedom) < probability:
        high *= 2
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if _below(middle, freedom) < probability else (low, middle)
    return (low + high) / 2


def _below(t: float, freedom: float) -> float:
    """Probability of less than ``t`` ≥ 0."""
    return 1 - 0.5 * _incomplete_beta(freedom / (freedom + t * t), freedom / 2, 0.5)


def _incomplete_beta(x: float, a: float, b: float) -> float:
    """Regularized incomplete beta function."""
    if x <= 0 or x >= 1:
        return min(max(x, 0.0), 1.0)
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x))
    if x < (a + 1) / (a + b + 2):
        return front * _fraction(x, a, b) / a
    return 1 - front * _fraction(1 - x, b, a) / b


def _fraction(x: float, a: float, b: float) -> float:
    """The continued fraction, by Lentz's method."""
    c, d = 1.0, 1 / _not_zero(1 - (a + b) * x / (a + 1))
    h = d
    for m in range(1, 500):
        for step in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 / _not_zero(1 + step * d)
            c = _not_zero(1 + step / c)
            h *= d * c
        if abs(d * c - 1) < 1e-15:
            break
    return h


def _not_zero(value: float) -> float:
    return value if abs(value) > TINY else TINY
