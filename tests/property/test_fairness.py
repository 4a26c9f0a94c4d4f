"""The fairness report: brute force over all coalitions, and laws of the rules that it judges."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ysc_sim.markets import compare_mechanisms, fairness_report, nucleolus, scarce_side_price
from ysc_sim.markets.fairness import gini


def coalition_values(net: np.ndarray, buy: np.ndarray, sell: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    n = net.shape[1]
    members = (np.arange(1 << n)[:, None] >> np.arange(n)) & 1
    total = members @ net.T
    return members, (sell * np.maximum(total, 0) - buy * np.maximum(-total, 0)).sum(axis=1)


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 8), st.integers(1, 5), st.integers(0, 2**32))
def test_worst_coalition_lies_between_what_is_found_and_the_bound(n: int, periods: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    net, sell = rng.normal(0, 1, (periods, n)), rng.uniform(0, 10, periods)
    buy = sell + rng.uniform(0, 20, periods)
    payment = rng.normal(0, 10, n)
    members, values = coalition_values(net, buy, sell)
    worst = max(0.0, float((values + members @ payment).max()))
    blocking = fairness_report(net, payment, buy_jpy_per_kwh=buy, sell_jpy_per_kwh=sell).blocking
    assert blocking.gain_jpy <= worst + 1e-9
    assert blocking.bound_jpy >= worst - 1e-6
    index = int((blocking.members * (1 << np.arange(n))).sum())
    assert blocking.gain_jpy == pytest.approx(max(0.0, values[index] + members[index] @ payment), abs=1e-8)


@settings(deadline=None, max_examples=10)
@given(st.integers(2, 6), st.integers(0, 2**32))
def test_scarce_side_and_nucleolus_are_in_the_core(n: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    net = rng.integers(-4, 5, (4, n)).astype(float)
    prices = {"buy_jpy_per_kwh": 30.0, "sell_jpy_per_kwh": 10.0}
    _, values = coalition_values(net, np.full(4, 30.0), np.full(4, 10.0))
    for payment in (scarce_side_price(net, **prices).payment_jpy.sum(axis=0), -nucleolus(values)):
        report = fairness_report(net, payment, **prices)
        assert report.blocking.gain_jpy <= 1e-6
        assert report.imbalance_jpy == pytest.approx(0, abs=1e-6)
        assert not report.losers.any()


def test_every_rule_is_compared() -> None:
    rng = np.random.default_rng(5)
    net = rng.normal(0, 0.5, (300, 12)) + np.where(np.arange(12) < 4, 0.5, -0.2)
    table = compare_mechanisms(net, buy_jpy_per_kwh=30.0, sell_jpy_per_kwh=8.5)
    assert len(table) >= 8
    total = net.sum(axis=1)
    bill = (30 * np.maximum(-total, 0) - 8.5 * np.maximum(total, 0)).sum()
    for name, report in table.items():
        assert report.shared_gain_jpy > 0
        if name not in ("huang", "muda"):
            assert report.payment_jpy.sum() == pytest.approx(bill, rel=1e-9), name
            assert report.welfare_ratio == pytest.approx(1)
        assert report.welfare_ratio <= 1 + 1e-9
        assert report.losers.any() == (name == "bill_sharing"), name
        assert report.blocking.bound_jpy >= report.blocking.gain_jpy >= 0
    assert table["scarce_side"].blocking.gain_jpy < 1e-6
    assert table["shapley"].blocking.bound_jpy < table["mid_market_rate"].blocking.bound_jpy


def test_gini_of_known_divisions() -> None:
    assert gini(np.array([1.0, 1, 1, 1])) == 0
    assert gini(np.array([1.0, 2, 3, 4])) == pytest.approx(0.25)
    assert gini(np.zeros(3)) == 0


def test_refuses_what_does_not_fit() -> None:
    prices = {"buy_jpy_per_kwh": 30.0, "sell_jpy_per_kwh": 10.0}
    with pytest.raises(ValueError, match="payment_jpy"):
        fairness_report([[1.0, -1.0]], [1.0], **prices)
    with pytest.raises(ValueError, match="payment_jpy"):
        fairness_report([[1.0]], [np.nan], **prices)
