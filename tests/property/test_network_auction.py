"""The auction over a network: limits hold, money balances, and without a network it is a call auction."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ysc_sim.markets import NetworkLimits, clear_call_auction, clear_network_auction


def random_book(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(0, 10))
    return rng.integers(0, 5, n) / 2, rng.integers(0, 20, n).astype(float), rng.random(n) < 0.5


@settings(deadline=None, max_examples=150)
@given(st.integers(0, 2**32))
def test_laws_with_fees_and_limits(seed: int) -> None:
    quantity, price, buys = random_book(seed)
    rng, n = np.random.default_rng(seed + 1), len(quantity)
    fee, most = rng.uniform(0, 6, (n, n)), np.where(rng.random((n, n)) < 0.3, 0.4, np.inf)
    sensitivity = rng.normal(0, 1, (3, n))
    limits = NetworkLimits(sensitivity, np.zeros(3), np.full(3, -1.0), np.array([1.0, 0.5, np.inf]))
    out = clear_network_auction(quantity, price, buys, fee_jpy_per_kwh=fee, pair_limit_kwh=most, limits=limits)
    sold, bought = out.trade_kwh.sum(axis=1), out.trade_kwh.sum(axis=0)
    assert (out.trade_kwh >= 0).all()
    assert (out.trade_kwh <= most + 1e-9).all()
    assert (sold <= np.where(buys, 0, quantity) + 1e-9).all()
    assert (bought <= np.where(buys, quantity, 0) + 1e-9).all()
    moved = sensitivity @ (sold - bought)
    assert (moved <= limits.upper + 1e-7).all()
    assert (moved >= limits.lower - 1e-7).all()
    assert out.fees_jpy == pytest.approx((fee * out.trade_kwh).sum())
    assert out.rent_jpy >= -1e-6
    assert out.payment_jpy.sum() == pytest.approx(out.fees_jpy + out.rent_jpy, abs=1e-6)
    gain = (bought + sold) * np.where(buys, price, -price) - out.payment_jpy
    assert (gain >= -1e-6).all()
    assert gain.sum() + out.rent_jpy == pytest.approx(out.welfare_jpy, abs=1e-6)


@settings(deadline=None, max_examples=80)
@given(st.integers(0, 2**32))
def test_without_a_network_it_is_worth_what_a_call_auction_is(seed: int) -> None:
    quantity, price, buys = random_book(seed)
    out = clear_network_auction(quantity, price, buys)
    auction = clear_call_auction(quantity, price, buys).cleared_kwh
    worth = float((auction * np.where(buys, price, -price)).sum())
    assert out.welfare_jpy == pytest.approx(worth, abs=1e-7)
    assert out.rent_jpy == pytest.approx(0, abs=1e-6)
    paid = out.price_jpy_per_kwh[~np.isnan(out.price_jpy_per_kwh)]
    assert np.ptp(paid) < 1e-7 if len(paid) else True


# BESTenergytrade/simply, tests/test_market_fair.py: no fee inside a cluster, 1 between clusters.
@pytest.mark.parametrize(("bid", "ask", "fee", "trades"), [(2.5, 2, 0, 1), (3, 3, 1, 0), (4, 3, 1, 1), (3.9, 3, 1, 0)])
def test_fee_between_clusters(bid: float, ask: float, fee: float, trades: int) -> None:
    out = clear_network_auction([1, 1], [bid, ask], [True, False], fee_jpy_per_kwh=[[0, fee], [fee, 0]])
    if bid - ask != fee:
        assert out.trade_kwh[1, 0] == pytest.approx(trades)
    assert out.trade_kwh[0, 1] == 0


def test_a_line_that_binds_leaves_a_rent() -> None:
    line = NetworkLimits(np.array([[1.0, 0.0]]), np.zeros(1), np.array([-0.6]), np.array([0.6]))
    out = clear_network_auction([1, 1], [10, 30], [False, True], limits=line)
    assert out.trade_kwh[0, 1] == pytest.approx(0.6)
    assert out.rent_jpy == pytest.approx(0.6 * 20)


def test_refuses_what_cannot_be() -> None:
    broken = NetworkLimits(np.zeros((1, 2)), np.array([5.0]), np.array([-1.0]), np.array([1.0]))
    for buys in ([True, False], [True, True]):
        with pytest.raises(ValueError, match="limits"):
            clear_network_auction([1, 1], [30, 10], buys, limits=broken)
    with pytest.raises(ValueError, match="fee"):
        clear_network_auction([1, 1], [30, 10], [True, False], fee_jpy_per_kwh=np.nan)
    with pytest.raises(ValueError, match="pair_limit"):
        clear_network_auction([1, 1], [30, 10], [True, False], pair_limit_kwh=-1)
    with pytest.raises(ValueError, match="sensitivity"):
        clear_network_auction(
            [1, 1], [30, 10], [True, False], limits=NetworkLimits(np.zeros((1, 3)), *[np.zeros(1)] * 3)
        )
