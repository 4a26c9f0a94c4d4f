"""What every market hands back and what it refuses, to the word: shapes of fields, ends of ranges, whole numbers."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from ysc_sim.contracts import Bids
from ysc_sim.markets import (
    Clearing,
    NetworkLimits,
    allocate_meters,
    bilateral_trades,
    bill_public_lines,
    call_flexibility,
    clear_call_auction,
    clear_network_auction,
    clear_pay_as_bid,
    huang,
    mcafee,
    mid_market_rate,
    muda,
    share_island,
)
from ysc_sim.markets.call_auction import CallAuction, CallAuctionSpec
from ysc_sim.markets.clearing import aligned
from ysc_sim.markets.merit_order import cross

Auction = Callable[..., Clearing]
AUCTIONS: tuple[Auction, ...] = (clear_call_auction, clear_pay_as_bid, huang, mcafee, muda)
PER_MEMBER = ("cleared_kwh", "grid_kwh", "payment_jpy")


@pytest.mark.parametrize("auction", AUCTIONS)
@pytest.mark.parametrize("shape", [(4,), (2, 4), (3, 2, 4), (0, 4), (2, 0)])
def test_every_field_has_the_shape_of_the_book(auction: Auction, shape: tuple[int, ...]) -> None:
    buys = np.arange(shape[-1]) % 2 == 0
    price = np.where(buys, 30.0, 10.0)
    for trades in (True, False):
        out = auction(np.ones(shape), price if trades else 40.0 - price, buys)
        for field in dataclasses.fields(out):
            values = getattr(out, field.name)
            assert values.dtype == np.float64
            assert values.shape == (shape if field.name in PER_MEMBER else shape[:-1])
        assert not out.grid_kwh.any()
        assert not out.grid_payment_jpy.any()
        if not trades:
            assert np.isnan(out.buyer_price_jpy_per_kwh).all()
            assert np.isnan(out.seller_price_jpy_per_kwh).all()
            assert not out.cleared_kwh.any()
            assert not out.surplus_jpy.any()


@pytest.mark.parametrize("auction", AUCTIONS)
@pytest.mark.parametrize(
    ("quantity", "price", "buys", "message"),
    [
        ([1.0, -2.0], [3.0, 4.0], [True, False], r"^quantity_kwh\(=-2\.0\) must be finite and ≥ 0\.$"),
        ([1.0, np.inf], [3.0, 4.0], [True, False], r"^quantity_kwh\(=inf\) must be finite and ≥ 0\.$"),
        ([np.nan, 1.0], [3.0, 4.0], [True, False], r"^quantity_kwh\(=nan\) must be finite and ≥ 0\.$"),
        ([1.0, 1.0], [3.0, np.inf], [True, False], r"^price_jpy_per_kwh\(=inf\) must be finite\.$"),
        ([1.0, 1.0], [np.nan, 3.0], [True, False], r"^price_jpy_per_kwh\(=nan\) must be finite\.$"),
        ([1.0, 1.0], [3.0, 4.0], [0, 2], r"^is_buyer\(=2\) must be true or false\.$"),
        ([1.0, 1.0], [3.0, 4.0], ["a", "b"], r"^is_buyer must be true or false, not of type "),
        (1.0, 2.0, True, r"^quantity_kwh must have a last axis of orders, \(…, n\)\.$"),
    ],
)
def test_refuses_what_is_no_book(auction: Auction, quantity: Any, price: Any, buys: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        auction(quantity, price, buys)


@pytest.mark.parametrize("auction", AUCTIONS)
def test_whole_numbers_and_prices_of_empty_orders_are_taken(auction: Auction) -> None:
    book = ([1, 1, 1, 1, 0], [9, 8, 3, 4, np.nan], [1, 1, 0, 0, 1])
    floats = auction([1.0, 1.0, 1.0, 1.0, 0.0], [9.0, 8.0, 3.0, 4.0, 50.0], [True, True, False, False, True])
    np.testing.assert_array_equal(auction(*book).payment_jpy, floats.payment_jpy)


@pytest.mark.parametrize("auction", [clear_call_auction, clear_pay_as_bid])
def test_ends_of_the_range_of_prices(auction: Auction) -> None:
    book = ([1.0, 1.0], [30.0, 10.0], [True, False])
    assert [auction(*book, k=k).payment_jpy[0] for k in (0, 0.25, 1)] == [10.0, 15.0, 30.0]
    for k in (-0.01, 1.01, np.nan):
        with pytest.raises(ValueError, match=r"^k\(=.*\) must be between 0 and 1\.$"):
            auction(*book, k=k)


def test_memory_begins_at_a_cache_line_of_64_bytes() -> None:
    for shape in ((1,), (7,), (3, 5), (0, 4)):
        found = aligned(*shape)
        assert found.shape == shape
        assert found.size == 0 or found.__array_interface__["data"][0] % 64 == 0


def test_mcafee_breaks_ties_by_position() -> None:
    many = 40
    price = np.concatenate([np.full(many, 20.0), np.full(many, 10.0)])
    price[-1] = 30.0
    out = mcafee(np.ones(2 * many), price, np.arange(2 * many) < many)
    np.testing.assert_array_equal(np.flatnonzero(out.cleared_kwh), [*range(many - 2), *range(many, 2 * many - 2)])


def test_mcafee_refuses_sizes_that_differ_to_the_word() -> None:
    with pytest.raises(ValueError, match=r"^quantity_kwh\(=1\.0\) must be the same for all orders of a book\.$"):
        mcafee([1.0, 2.0], [3.0, 4.0], [True, False])


@pytest.mark.parametrize("auction", [clear_call_auction, clear_pay_as_bid])
def test_an_order_that_lacks_a_rounding_error_is_served_to_the_bit(auction: Auction) -> None:
    # 0.1 + 0.2 is more than 0.3 in floats: the last bid would get 0.19999999999999998.
    out = auction([0.3, 0.1, 0.2], [10.0, 31.0, 30.0], [False, True, True])
    assert out.cleared_kwh.tolist() == [0.3, 0.1, 0.2]


def test_a_book_of_whole_energy_without_orders_clears_nothing() -> None:
    none = np.zeros((2, 0), dtype=np.int64)
    out = CallAuction(CallAuctionSpec()).clear(Bids(none, np.zeros((2, 0)), none > 0))
    assert [values.dtype.kind for values in out] == ["i", "i", "f"]
    assert [values.dtype.kind for values in cross(none, np.zeros((2, 0)), none > 0)] == ["i", "i", "f", "f", "f", "f"]


def test_rates_refuse_to_the_word() -> None:
    with pytest.raises(ValueError, match=r"^net_kwh\(=nan\) must be finite\.$"):
        mid_market_rate([np.nan], buy_jpy_per_kwh=30, sell_jpy_per_kwh=10)
    with pytest.raises(ValueError, match=r"^net_kwh must be small enough to be added up\.$"):
        mid_market_rate([1e308, 1e308], buy_jpy_per_kwh=30, sell_jpy_per_kwh=10)
    with pytest.raises(ValueError, match=r"^buy_jpy_per_kwh\(=9\.0\) must be at least sell_jpy_per_kwh\.$"):
        mid_market_rate([1.0], buy_jpy_per_kwh=[30, 9], sell_jpy_per_kwh=[[10], [9.5]])
    with pytest.raises(ValueError, match=r"^sell_jpy_per_kwh\(=inf\) must be finite\.$"):
        mid_market_rate([1.0], buy_jpy_per_kwh=30, sell_jpy_per_kwh=np.inf)


def test_a_call_takes_whole_numbers_and_refuses_to_the_word() -> None:
    call = call_flexibility(5, [3, 4], [100, 300], ceiling_jpy_per_kw=1000)
    assert call.procured_kw.tolist() == [3.0, 2.0]
    assert call.payment_jpy.tolist() == [900.0, 600.0]
    # A row in which nothing is bought, beside one that buys, has no price.
    rows = call_flexibility([0.0, 1.0], [1.0], [50.0], ceiling_jpy_per_kw=60)
    np.testing.assert_array_equal(rows.price_jpy_per_kw, [np.nan, 50.0])
    for wrong, message in (
        (((-1.0), [1.0], [1.0]), r"^target_kw\(=-1\.0\) must be finite and ≥ 0\.$"),
        ((1.0, [np.inf], [1.0]), r"^offer_kw\(=inf\) must be finite and ≥ 0\.$"),
        ((1, [-1], [1]), r"^offer_kw\(=-1\.0\) must be finite and ≥ 0\.$"),
        ((1.0, [1.0], [np.nan]), r"^price_jpy_per_kwh\(=nan\) must be finite\.$"),
    ):
        with pytest.raises(ValueError, match=message):
            call_flexibility(*wrong, ceiling_jpy_per_kw=10)
    with pytest.raises(ValueError, match=r"^ceiling_jpy_per_kw\(=inf\) must be finite\.$"):
        call_flexibility(1.0, [1.0], [1.0], ceiling_jpy_per_kw=np.inf)


def test_an_island_takes_whole_numbers_and_any_number_of_tiers() -> None:
    found = share_island([3, 0], [[1, 0], [1, 2]], value_jpy_per_kwh=[2000, 300])
    assert found.served_kwh.tolist() == [[1.0, 0.0], [1.0, 1.0]]
    assert found.payment_jpy.tolist() == [-600.0, 600.0]
    half = share_island([1], [[1, 1]], value_jpy_per_kwh=[300, 300])
    assert half.served_kwh.tolist() == [[1.0, 0.0]]
    none = share_island(np.ones((3, 4, 2)), np.zeros((3, 4, 2, 0)), value_jpy_per_kwh=[], surplus_jpy_per_kwh=8.5)
    np.testing.assert_array_equal(none.price_jpy_per_kwh, np.full((3, 4), 8.5))
    np.testing.assert_array_equal(none.trade_kwh, np.zeros((3, 4, 2)))
    # A row without anything to sell beside one that has: no stale number gets into the first.
    rows = share_island([[0.0, 0.0], [4.0, 0.0]], np.ones((2, 1)), value_jpy_per_kwh=[300])
    assert rows.trade_kwh.tolist() == [[0.0, 0.0], [-1.0, 1.0]]


@pytest.mark.parametrize(
    ("supply", "demand", "value", "surplus", "message"),
    [
        (1.0, [[1.0]], [300.0], 0.0, r"^demand_kwh\(=shape \(1, 1\)\) must be \(…, n, tiers\), with one value"),
        ([1.0], [1.0], [300.0], 0.0, r"^demand_kwh\(=shape \(1,\)\) must be"),
        ([1.0], [[1.0]], [300.0, 200.0], 0.0, r"^demand_kwh\(=shape \(1, 1\)\) must be"),
        ([-1.0], [[1.0]], [300.0], 0.0, r"^supply_kwh\(=-1\.0\) must be finite and ≥ 0\.$"),
        ([1], [[-1]], [300], 0.0, r"^demand_kwh\(=-1\.0\) must be finite and ≥ 0\.$"),
        ([1.0], [[np.inf]], [300.0], 0.0, r"^demand_kwh\(=inf\) must be finite and ≥ 0\.$"),
        ([1.0], [[1.0]], [np.inf], 0.0, r"^value_jpy_per_kwh\(=inf\) must be finite\.$"),
        (
            [1.0],
            [[1.0, 1.0]],
            [300.0, 301.0],
            0.0,
            r"^value_jpy_per_kwh\(=301\.0\) must be no more than the one before",
        ),
        ([1.0], [[1.0]], [300.0], 301.0, r"^value_jpy_per_kwh\(=301\.0\) must be no more than the one before it\.$"),
    ],
)
def test_an_island_refuses_to_the_word(supply: Any, demand: Any, value: Any, surplus: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        share_island(supply, demand, value_jpy_per_kwh=value, surplus_jpy_per_kwh=surplus)


def test_limits_of_a_network_are_refused_to_the_word() -> None:
    book = ([1.0, 1.0], [30.0, 10.0], [True, False])
    one = np.ones(1)
    for limits, message in (
        (
            NetworkLimits(np.ones((1, 3)), 0 * one, -one, one),
            r"^sensitivity_per_kwh\(=shape \(1, 3\)\) must be \(m, 2\)",
        ),
        (NetworkLimits(np.ones(2), 0 * one, -one, one), r"^sensitivity_per_kwh\(=shape \(2,\)\) must be \(m, 2\)"),
        (NetworkLimits(np.full((1, 2), np.nan), 0 * one, -one, one), r"^sensitivity_per_kwh\(=nan\) must be finite\.$"),
        (NetworkLimits(np.ones((1, 2)), np.nan * one, -one, one), r"^limits\(=nan\) must be numbers\.$"),
        (NetworkLimits(np.zeros((1, 2)), 2 * one, -one, one), r"^limits must hold before anybody trades"),
    ):
        with pytest.raises(ValueError, match=message):
            clear_network_auction(*book, limits=limits)


def test_meters_and_prices_of_public_lines_are_refused_to_the_word() -> None:
    for wrong, message in (
        (([-1], [1], 0.0), r"^output_mwh\(=-1\) must be ≥ 0\.$"),
        (([1], [-2], 0.0), r"^demand_mwh\(=-2\) must be ≥ 0\.$"),
        (([1.0], [2], 0.0), r"^output_mwh must be whole numbers, \(…, n\)\.$"),
        (([1], 2, 0.0), r"^demand_mwh must be whole numbers, \(…, n\)\.$"),
        (([1], [2], 1.0), r"^loss_rate\(=1\.0\) must be at least 0 and below 1\.$"),
        (([1], [2], -0.1), r"^loss_rate\(=-0\.1\) must be at least 0 and below 1\.$"),
    ):
        output, demand, loss = wrong
        with pytest.raises(ValueError, match=message):
            allocate_meters(output, demand, loss_rate=loss)
    prices = {"price_jpy_per_kwh": 20.0, "wheeling_jpy_per_kwh": 9.0, "levy_jpy_per_kwh": 4.0}
    for name in prices:
        with pytest.raises(ValueError, match=rf"^{name}\(=nan\) must be finite\.$"):
            bill_public_lines([1], [1], **{**prices, name: np.nan})


def test_bilateral_trades_tell_their_iterations_and_refuse_to_the_word() -> None:
    alone = bilateral_trades([1.0], [5.0], [0.0], [0.0])
    assert (alone.iterations, alone.converged) == (0, True)
    once = bilateral_trades([1, 1], [8, 4], [-10, 0], [0, 10], max_iterations=1)
    assert (once.iterations, once.converged) == (1, False)
    good: dict[str, Any] = {"cost_a": [1, 1], "cost_b": [8, 4], "p_min_kw": [-10, 0], "p_max_kw": [0, 10]}
    for wrong, message in (
        ({"cost_a": [np.nan, 1]}, r"^cost_a\(=nan\) must be finite\.$"),
        ({"cost_a": [1, -2]}, r"^cost_a\(=-2\.0\) must be ≥ 0\.$"),
        ({"p_min_kw": [1, 0]}, r"^p_min_kw\(=1\.0\) must be at most p_max_kw\.$"),
        ({"preference": [[0, np.inf], [0, 0]]}, r"^preference\(=inf\) must be finite\.$"),
        ({"line_limit_kw": -1.0}, r"^line_limit_kw\(=-1\.0\) must be ≥ 0\.$"),
        ({"p_max_kw": [0, 10], "p_min_kw": [-10, 5], "line_limit_kw": 1.0}, r"^p_min_kw\(=5\.0\) must be within"),
    ):
        with pytest.raises(ValueError, match=message):
            bilateral_trades(**{**good, **wrong})
