"""Shapley value of any game that is given coalition by coalition.

φ_i = Σ over coalitions S without i of |S|! (n − |S| − 1)! / n! · (v(S ∪ i) − v(S)).

Source: L. S. Shapley, A value for n-person games, Contributions to the Theory of Games II (1953) 307–317.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from ysc_sim.markets.clearing import refuse
from ysc_sim.units import Floats, Ints


def check_game(game: ArrayLike) -> tuple[Floats, int]:
    """Values (…, 2**n) and n. Raises ``ValueError`` where that is no game."""
    values = np.asarray(game, dtype=np.float64)
    size = values.shape[-1] if values.ndim else 0
    n = size.bit_length() - 1
    if size == 0 or size != 1 << n:
        raise ValueError(f"game(=shape {values.shape}) must have a last axis of 2**n coalitions.")
    refuse(values, ~np.isfinite(values), "game", "finite")
    refuse(values[..., 0], values[..., 0] != 0, "game[0]", "0, the value of the empty coalition")
    return values, n


def coalition_sizes(n: int) -> Ints:
    """Members of each coalition, (2**n,)."""
    sizes = np.zeros(1, dtype=np.int64)
    for _ in range(n):
        sizes = np.concatenate([sizes, sizes + 1])
    return sizes


def shapley_values(game: ArrayLike) -> Floats:
    """What each of n players contributes on average over all orders of arrival, (…, n).

    ``game`` (…, 2**n): value of each coalition; bit i of the index is set where player i belongs to it.

    Raises ``ValueError`` where the last axis is no power of two, a value is not finite, or the empty coalition is
    worth something.

    >>> shapley_values([0, 1, 2, 7]).tolist()
    [3.0, 4.0]
    """
    values, n = check_game(game)
    shares = np.zeros((*values.shape[:-1], n))
    if n == 0:
        return shares
    sizes = coalition_sizes(n - 1)
    weights = np.array([1 / (n * math.comb(n - 1, size)) for size in range(n)])[sizes]
    for player in range(n):
        pairs = values.reshape((*values.shape[:-1], 1 << (n - 1 - player), 2, 1 << player))
        gain = (pairs[..., 1, :] - pairs[..., 0, :]).reshape((*values.shape[:-1], 1 << (n - 1)))
        shares[..., player] = np.add.reduce(gain * weights, axis=-1)
    return shares
