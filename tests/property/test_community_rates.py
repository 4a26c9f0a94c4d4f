"""Mid-market rate, supply–demand ratio, bill sharing, scarce-side price: laws, and a second implementation."""

from __future__ import annotations

import dataclasses
import pickle
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ysc_sim.markets import (
    Clearing,
    bill_sharing,
    mid_market_rate,
    scarce_side_price,
    supply_demand_ratio,
)
from ysc_sim.markets.community_rate import RATE_BATCH

Rule = Callable[..., Clearing]
RULES: tuple[Rule, ...] = (mid_market_rate, supply_demand_ratio, bill_sharing, scarce_side_price)


def twin(rule: Rule, net: list[Fraction], buy: Fraction, sell: Fraction) -> list[Fraction]:
    """Payments, from the two prices that each paper gives for everything bought and everything sold."""
    demand, supply = sum((-x for x in net if x < 0), Fraction(0)), sum((x for x in net if x > 0), Fraction(0))
    buyer, seller = buy, sell
    if demand and supply:
        ratio, lacking, spare = supply / demand, max(demand - supply, 0), max(supply - demand, 0)
        if rule is mid_market_rate:
            middle = (buy + sell) / 2
            buyer = (middle * min(demand, supply) + buy * lacking) / demand
            seller = (middle * min(demand, supply) + sell * spare) / supply
        elif rule is supply_demand_ratio:
            seller = buy * sell / ((buy - sell) * ratio + sell) if ratio < 1 and buy > 0 and sell > 0 else sell
            buyer = seller * ratio + buy * (1 - ratio) if ratio < 1 else sell
        elif rule is bill_sharing:
            buyer, seller = buy * lacking / demand, sell * spare / supply
        else:
            buyer = seller = buy if demand > supply else sell if supply > demand else (buy + sell) / 2
    return [-x * (buyer if x < 0 else seller) for x in net]


@pytest.mark.parametrize("rule", RULES)
def test_agrees_with_the_twin_on_ten_thousand_random_periods(rule: Rule) -> None:
    rng = np.random.default_rng(7)
    n = 6
    net = rng.integers(-4, 5, (10_000, n)) * (rng.random((10_000, n)) < rng.random((10_000, 1)))
    sell = rng.integers(0, 12, 10_000)
    buy = sell + rng.integers(0, 25, 10_000)
    ours = rule(net / 4, buy_jpy_per_kwh=buy, sell_jpy_per_kwh=sell).payment_jpy
    for row in range(10_000):
        exact = twin(rule, [Fraction(int(x), 4) for x in net[row]], Fraction(int(buy[row])), Fraction(int(sell[row])))
        assert ours[row] == pytest.approx([float(x) for x in exact], rel=1e-13, abs=1e-12)


nets = arrays(np.float64, st.tuples(st.integers(0, 4), st.integers(0, 6)), elements=st.floats(-1e3, 1e3, width=32))


@settings(deadline=None, max_examples=100)
@given(nets, st.floats(0, 30), st.floats(0, 30))
@pytest.mark.parametrize("rule", RULES)
def test_energy_money_and_reason(rule: Rule, net: np.ndarray, sell: float, margin: float) -> None:
    buy = sell + margin
    out = rule(net, buy_jpy_per_kwh=buy, sell_jpy_per_kwh=sell)
    near = 1e-9 * max(1.0, buy * np.abs(net).sum())
    bought, sold = np.where(net < 0, out.cleared_kwh, 0).sum(-1), np.where(net > 0, out.cleared_kwh, 0).sum(-1)
    np.testing.assert_allclose(bought, sold, rtol=1e-12, atol=1e-300)
    np.testing.assert_allclose(bought, np.minimum(np.maximum(-net, 0).sum(-1), np.maximum(net, 0).sum(-1)), rtol=1e-12)
    np.testing.assert_allclose(out.grid_kwh - np.sign(net) * out.cleared_kwh, -net, rtol=1e-12, atol=1e-12)
    total = net.sum(-1)
    meter = buy * np.maximum(-total, 0) - sell * np.maximum(total, 0)
    np.testing.assert_allclose(out.payment_jpy.sum(-1), meter, rtol=0, atol=near)
    np.testing.assert_allclose(out.payment_jpy.sum(-1), out.grid_payment_jpy + out.surplus_jpy, rtol=0, atol=near)
    assert np.isfinite(out.payment_jpy).all()
    np.testing.assert_array_equal(np.isnan(out.buyer_price_jpy_per_kwh), bought == 0)
    if rule is not bill_sharing:
        alone = buy * np.maximum(-net, 0) - sell * np.maximum(net, 0)
        assert (out.payment_jpy <= alone + near).all()


@pytest.mark.parametrize("rule", RULES)
def test_prices_broadcast_and_rows_are_independent(rule: Rule) -> None:
    net = np.random.default_rng(3).normal(size=(2, 5, 4))
    buy = np.linspace(20, 30, 5)
    out = rule(net, buy_jpy_per_kwh=buy, sell_jpy_per_kwh=[[8.0], [9.0]])
    assert out.payment_jpy.shape == (2, 5, 4)
    assert out.buyer_price_jpy_per_kwh.shape == (2, 5)
    alone = rule(net[1, 3], buy_jpy_per_kwh=buy[3], sell_jpy_per_kwh=9.0)
    np.testing.assert_array_equal(out.payment_jpy[1, 3], alone.payment_jpy)
    np.testing.assert_array_equal(out.cleared_kwh[1, 3], alone.cleared_kwh)


def test_supply_demand_ratio_at_its_ends() -> None:
    out = supply_demand_ratio(
        [[1e-9, -1.0], [1.0, -1.0], [2.0, -1.0]], buy_jpy_per_kwh=30, sell_jpy_per_kwh=10
    ).buyer_price_jpy_per_kwh
    assert out == pytest.approx([30, 10, 10])
    free = supply_demand_ratio([1.0, -2.0], buy_jpy_per_kwh=30, sell_jpy_per_kwh=0.0)
    assert free.payment_jpy.tolist() == [0.0, 30.0]


def test_bill_sharing_can_hurt_who_supplies() -> None:
    assert bill_sharing([1.0, -2.0], buy_jpy_per_kwh=30, sell_jpy_per_kwh=10).payment_jpy[0] == 0 > -10


@pytest.mark.parametrize("rule", [mid_market_rate, supply_demand_ratio, scarce_side_price])
def test_refuses_prices_in_the_wrong_order(rule: Rule) -> None:
    with pytest.raises(ValueError, match=r"buy_jpy_per_kwh\(=9"):
        rule([1.0], buy_jpy_per_kwh=9, sell_jpy_per_kwh=10)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize(
    ("net", "buy", "name"), [([np.nan], 30, "net"), ([np.inf], 30, "net"), (1.0, 30, "net"), ([1.0], np.nan, "buy")]
)
def test_refuses_what_is_no_period(rule: Rule, net: object, buy: float, name: str) -> None:
    with pytest.raises(ValueError, match=name):
        rule(net, buy_jpy_per_kwh=buy, sell_jpy_per_kwh=10)


@pytest.mark.parametrize("rule", RULES)
def test_energies_and_payments_of_each_member(rule: Rule) -> None:
    net = np.array([[1.0, -2.0, 0.0], [3.0, -1.0, 0.0], [2.0, -2.0, 0.0], [0.0, -1.0, -3.0], [2.0, 1.0, 0.0]])
    out = rule(net, buy_jpy_per_kwh=30, sell_jpy_per_kwh=10)
    stored, changed = pickle.loads(pickle.dumps(out)), dataclasses.replace(out, surplus_jpy=np.ones(5))
    net[...] = 7.0
    for clearing in (out, stored, changed):
        assert clearing.cleared_kwh.tolist() == [[1, 1, 0], [1, 1, 0], [2, 2, 0], [0, 0, 0], [0, 0, 0]]
        assert clearing.grid_kwh.tolist() == [[0, 1, 0], [-2, 0, 0], [0, 0, 0], [0, 1, 3], [-2, -1, 0]]
    for energies in (out.cleared_kwh, out.grid_kwh, out.payment_jpy):
        assert not np.signbit(energies[energies == 0]).any()


@pytest.mark.parametrize("rule", RULES)
def test_a_period_gives_the_same_bits_alone_and_across_the_blocks_of_a_long_batch(rule: Rule) -> None:
    rng = np.random.default_rng(12)
    net = rng.normal(size=(2 * RATE_BATCH // 7 + 5, 7)) * (rng.random((1, 7)) < 0.8)
    sell = rng.uniform(0, 10, len(net)) * (rng.random(len(net)) < 0.9)
    buy = sell + rng.uniform(0, 20, len(net))
    whole = rule(net, buy_jpy_per_kwh=buy, sell_jpy_per_kwh=sell)
    for row in (0, 1, RATE_BATCH // 7 - 1, RATE_BATCH // 7, RATE_BATCH // 7 + 1, len(net) - 1):
        alone = rule(net[row], buy_jpy_per_kwh=buy[row], sell_jpy_per_kwh=sell[row])
        for field in dataclasses.fields(alone):
            assert np.asarray(getattr(whole, field.name)[row]).tobytes() == getattr(alone, field.name).tobytes()
