"""Scarcity in an island and the local flexibility call: laws, and cases by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ysc_sim.markets import call_flexibility, share_island


@settings(deadline=None, max_examples=150)
@given(st.integers(0, 3), st.integers(0, 6), st.integers(1, 4), st.integers(0, 2**32))
def test_critical_tiers_come_first(rows: int, n: int, tiers: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    supply = rng.uniform(0, 3, (rows, n)) * (rng.random((rows, n)) < 0.6)
    demand = rng.uniform(0, 1, (rows, n, tiers)) * (rng.random((rows, n, tiers)) < 0.7)
    value = -np.sort(-rng.uniform(10, 3000, tiers))
    out = share_island(supply, demand, value_jpy_per_kwh=value, surplus_jpy_per_kwh=5.0)
    assert (out.served_kwh >= 0).all()
    assert (out.served_kwh <= demand).all()
    total, wish = out.served_kwh.sum(axis=(1, 2)), demand.sum(axis=(1, 2))
    np.testing.assert_allclose(total, np.minimum(supply.sum(axis=1), wish), atol=1e-12)
    np.testing.assert_allclose(out.trade_kwh.sum(axis=1), 0, atol=1e-12)
    np.testing.assert_allclose(out.payment_jpy.sum(axis=1), 0, atol=1e-8)
    # Nobody sells what it does not have, nobody is served from nowhere.
    assert (out.served_kwh.sum(axis=2) <= supply + out.trade_kwh + 1e-12).all()
    missing = (demand - out.served_kwh).sum(axis=1) > 1e-12
    for row in range(rows):
        worst = int(np.argmax(missing[row])) if missing[row].any() else tiers
        assert not (out.served_kwh[row, :, worst + 1 :] > 1e-12).any()
        assert out.price_jpy_per_kwh[row] == np.append(value, 5.0)[worst]


def test_island_refuses_values_in_the_wrong_order() -> None:
    with pytest.raises(ValueError, match="value_jpy_per_kwh"):
        share_island([1.0], [[1.0, 1.0]], value_jpy_per_kwh=[10.0, 20.0])
    with pytest.raises(ValueError, match="demand_kwh"):
        share_island([1.0], [1.0], value_jpy_per_kwh=[10.0])
    with pytest.raises(ValueError, match="supply_kwh"):
        share_island([-1.0], [[1.0]], value_jpy_per_kwh=[10.0])


def plain_call(target: float, offers: list[tuple[float, float]], ceiling: float) -> tuple[list[float], float]:
    """Cheapest first, ties shared by size; what is bought of each offer and the price."""
    bought, left, price = [0.0] * len(offers), target, float("nan")
    for level in sorted({p for q, p in offers if q and p <= ceiling}):
        tied = [i for i, (q, p) in enumerate(offers) if p == level and q]
        size = sum(offers[i][0] for i in tied)
        part = min(left, size)
        if part > 0:
            price = level
        for i in tied:
            bought[i] = part * offers[i][0] / size
        left -= part
    return bought, price


def test_flexibility_agrees_with_a_plain_merit_order() -> None:
    rng = np.random.default_rng(21)
    for _ in range(2000):
        n = int(rng.integers(0, 8))
        offers = [(float(rng.integers(0, 5)), float(rng.integers(0, 9))) for _ in range(n)]
        target, ceiling = float(rng.integers(0, 12)), float(rng.integers(0, 9))
        sizes, prices = np.array([q for q, _ in offers]), np.array([p for _, p in offers])
        ours = call_flexibility(target, sizes, prices, ceiling_jpy_per_kw=ceiling)
        bought, price = plain_call(target, offers, ceiling)
        np.testing.assert_allclose(ours.procured_kw, bought, atol=1e-12)
        np.testing.assert_equal(float(ours.price_jpy_per_kw), price)
        assert float(ours.unmet_kw) == pytest.approx(target - sum(bought), abs=1e-12)
        assert ours.payment_jpy.sum() <= ceiling * sum(bought) + 1e-9


def test_flexibility_batches_and_refusals() -> None:
    many = call_flexibility([1.0, 9.0], [2.0, 2.0], [5.0, 6.0], ceiling_jpy_per_kw=[10.0, 5.5])
    assert many.procured_kw.tolist() == [[1, 0], [2, 0]]
    assert many.unmet_kw.tolist() == [0, 7]
    for change, name in (
        ({"target_kw": -1.0}, "target_kw"),
        ({"offer_kw": [-1.0]}, "offer_kw"),
        ({"offer_kw": 1.0}, "offer_kw"),
    ):
        good = {"target_kw": 1.0, "offer_kw": [1.0], "price_jpy_per_kw": [1.0], "ceiling_jpy_per_kw": 2.0}
        with pytest.raises(ValueError, match=name):
            call_flexibility(**(good | change))
