"""Welfare of the call auction against the optimum of a linear program solved by HiGHS."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import linprog

from ysc_sim.markets import clear_call_auction


@pytest.mark.parametrize("seed", range(200))
def test_welfare_is_that_of_the_linear_program(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 40))
    buys = rng.random(n) < 0.5
    quantity = np.where(rng.random(n) < 0.9, rng.uniform(0, 2, n), 0.0)
    # Whole prices tie often; every third book has none that tie.
    price = rng.uniform(8, 36, n) if seed % 3 == 0 else rng.integers(8, 20, n).astype(float)
    sign = np.where(buys, 1.0, -1.0)
    best = linprog(
        -sign * price,
        A_eq=sign[None, :],
        b_eq=[0.0],
        bounds=np.column_stack([np.zeros(n), quantity]),
        method="highs",
    )
    cleared = clear_call_auction(quantity, price, buys).cleared_kwh
    assert (sign * price * cleared).sum() >= -best.fun * (1 - 1e-9) - 1e-12
