"""Bilateral trades against the centralised quadratic program, and against a published case."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, minimize

from ysc_sim.markets import bilateral_trades


def total_cost(trade: np.ndarray, a: np.ndarray, b: np.ndarray, charge: np.ndarray) -> float:
    p = trade.sum(axis=1)
    return float((a * p * p / 2 + b * p).sum() + (charge * trade).sum())


def centralised(
    a: np.ndarray, b: np.ndarray, lo: np.ndarray, hi: np.ndarray, charge: np.ndarray, most: np.ndarray
) -> float:
    """Optimum over all antisymmetric trades, by SciPy's SLSQP."""
    n = len(a)
    rows, columns = np.triu_indices(n, 1)
    net = np.zeros((n, len(rows)))
    net[rows, np.arange(len(rows))], net[columns, np.arange(len(rows))] = 1, -1

    def trades(x: np.ndarray) -> np.ndarray:
        half = np.zeros((n, n))
        half[rows, columns] = x
        return half - half.T

    def gradient(x: np.ndarray) -> np.ndarray:
        marginal = (a * trades(x).sum(axis=1) + b)[:, None] + charge
        return (marginal - marginal.T)[rows, columns]

    answer = minimize(
        lambda x: total_cost(trades(x), a, b, charge),
        np.zeros(len(rows)),
        jac=gradient,
        bounds=Bounds(-most[columns, rows], most[rows, columns]),
        constraints=[LinearConstraint(net, lo, hi)],
        method="SLSQP",
        options={"maxiter": 3000, "ftol": 1e-15},
    )
    return float(answer.fun)


@pytest.mark.filterwarnings("ignore:delta_grad")
@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("case", ["free", "limits", "roles", "charges"])
def test_costs_no_more_than_the_centralised_program(case: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 8))
    a, b = rng.uniform(0.2, 2, n), rng.uniform(5, 30, n)
    lo, hi = -rng.uniform(1, 5, n), rng.uniform(1, 5, n)
    charge, most = np.zeros((n, n)), np.full((n, n), np.inf)
    if case in ("limits", "charges"):
        most = rng.uniform(0.1, 1.5, (n, n))
        most = np.minimum(most, most.T)
    if case == "charges":
        charge = rng.normal(0, 2, (n, n))
    if case == "roles":
        sells = np.arange(n) < (n + 1) // 2
        lo, hi = np.where(sells, 0, lo), np.where(sells, hi, 0)
        charge = rng.uniform(0, 5, (n, n)) * np.where(sells, 1, -1)[:, None]
        most = np.where(sells[:, None] & ~sells[None, :], np.inf, 0.0)
    limit = None if case in ("free", "roles") else most
    ours = bilateral_trades(a, b, lo, hi, preference=charge, line_limit_kw=limit)
    trade, p = ours.trade_kw, ours.trade_kw.sum(axis=1)
    assert ours.converged
    np.testing.assert_array_equal(trade, -trade.T)
    assert (trade <= most).all()
    assert (p >= lo - 1e-6).all()
    assert (p <= hi + 1e-6).all()
    assert total_cost(trade, a, b, charge) == pytest.approx(centralised(a, b, lo, hi, charge, most), abs=1e-6)
    # Price = marginal cost + charge, on both sides, wherever nothing binds.
    marginal = (a * p + b)[:, None] + charge
    inside = ((p > lo + 1e-3) & (p < hi - 1e-3))[:, None] & (np.abs(trade) > 1e-3) & (np.abs(trade) < most - 1e-3)
    assert ours.price_jpy_per_kwh[inside] == pytest.approx(marginal[inside], abs=1e-5)


# github.com/beatho/EndogenousP2PMarket, test_interface.py: two agents, charges −1 and 1; with a line limit of 0.8 too.
@pytest.mark.parametrize(("limit", "trade"), [(None, 1.0), (0.8, 0.8), (0.0, 0.0), ([[0, 0.8], [9, 0]], 0.8)])
def test_published_case(limit: object, trade: float) -> None:
    out = bilateral_trades([1, 1], [8, 4], [-10, 0], [0, 10], preference=[[0, -1], [1, 0]], line_limit_kw=limit)
    assert out.trade_kw == pytest.approx(np.array([[0, -trade], [trade, 0]]), abs=1e-7)
    if trade:
        assert out.price_jpy_per_kwh[0, 1] == pytest.approx(6.0, abs=1e-6)


def test_resale_is_allowed_only_if_asked_for() -> None:
    # Member 1 sells cheaply to 0 alone; both only produce, member 2 only consumes and is linked to 0 alone.
    limit = [[0, 5, 5], [5, 0, 0], [5, 0, 0]]
    problem = ([1, 1, 1], [20, 5, 30], [0, 0, -4], [4, 4, 0])
    assert bilateral_trades(*problem, line_limit_kw=limit).trade_kw[0, 1] == 0
    assert bilateral_trades(*problem, line_limit_kw=limit, resale=True).trade_kw[0, 1] < -1


@pytest.mark.parametrize(
    ("problem", "options", "name"),
    [
        (([1, 1], [np.nan, 1], [-1, 0], [0, 1]), {}, "cost_b"),
        (([-1, 1], [1, 1], [-1, 0], [0, 1]), {}, "cost_a"),
        (([1, 1], [1, 1], [2, 0], [0, 1]), {}, "p_min_kw"),
        (([1, 1], [1, 1], [1, 1], [2, 2]), {}, "p_min_kw"),
        (([1, 1], [1, 1], [-2, -2], [-1, -1]), {}, "p_m"),
        (([1, 1], [1, 1], [-1, 0.5], [0, 1]), {"line_limit_kw": 0.1}, "p_min_kw"),
        (([1, 1], [1, 1], [-1, 0], [0, 1]), {"line_limit_kw": -1}, "line_limit_kw"),
        (([1] * 3, [1] * 3, [-1] * 3, [1] * 3), {"preference": [[0, 1, 0], [0, 0, 1], [1, 0, 0]]}, "circles"),
        ((1, 1, -1, 1), {}, "must be"),
    ],
)
def test_refuses_what_has_no_answer(problem: tuple, options: dict, name: str) -> None:
    with pytest.raises(ValueError, match=name):
        bilateral_trades(*problem, **options)


def test_nobody_and_one() -> None:
    assert bilateral_trades([], [], [], []).trade_kw.shape == (0, 0)
    assert bilateral_trades([1.0], [2.0], [-1.0], [1.0]).trade_kw.tolist() == [[0.0]]
