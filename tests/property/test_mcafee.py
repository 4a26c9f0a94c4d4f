"""McAfee's auction against a second implementation in plain Python, published examples, and its promises."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ysc_sim.markets import mcafee


def twin(prices: list[float], sides: list[bool]) -> tuple[dict[int, float], float]:
    """Payments of the winners, and the operator's surplus."""
    bids = sorted((i for i, buys in enumerate(sides) if buys), key=lambda i: (-prices[i], i))
    asks = sorted((i for i, buys in enumerate(sides) if not buys), key=lambda i: (prices[i], i))
    k = 0
    while k < min(len(bids), len(asks)) and prices[bids[k]] >= prices[asks[k]]:
        k += 1
    if k == 0:
        return {}, 0.0
    if k < min(len(bids), len(asks)):
        middle = (prices[bids[k]] + prices[asks[k]]) / 2
        if prices[asks[k - 1]] <= middle <= prices[bids[k - 1]]:
            return dict.fromkeys(bids[:k], middle) | dict.fromkeys(asks[:k], -middle), 0.0
    buyer, seller = prices[bids[k - 1]], prices[asks[k - 1]]
    return dict.fromkeys(bids[: k - 1], buyer) | dict.fromkeys(asks[: k - 1], -seller), (k - 1) * (buyer - seller)


def test_agrees_with_the_twin_on_ten_thousand_random_books() -> None:
    rng = np.random.default_rng(8)
    for _ in range(10_000):
        n = int(rng.integers(0, 10))
        price = rng.integers(0, rng.integers(1, 15), n).astype(float)
        side = rng.random(n) < rng.choice([0, 0.5, 0.5, 1])
        quantity = np.where(rng.random(n) < 0.9, 0.5, 0.0)
        live = np.flatnonzero(quantity)
        paid, surplus = twin(price[live].tolist(), side[live].tolist())
        ours = mcafee(quantity, price, side)
        expected = np.zeros(n)
        for place, payment in paid.items():
            expected[live[place]] = 0.5 * payment
        np.testing.assert_array_equal(ours.payment_jpy, expected)
        assert ours.cleared_kwh.sum() == 0.5 * len(paid)
        assert ours.surplus_jpy == 0.5 * surplus


# The examples of github.com/erelsgl/auctions, file double_auction.py (bids, asks, buyers pay, sellers get, trades).
@pytest.mark.parametrize(
    ("bids", "asks", "pays", "gets", "pairs"),
    [([9, 8], [4, 3], 8, 4, 1), ([9, 4], [8, 3], 6, 6, 1), ([9], [4], np.nan, np.nan, 0)],
)
def test_published_examples(bids: list[float], asks: list[float], pays: float, gets: float, pairs: int) -> None:
    sides = [True] * len(bids) + [False] * len(asks)
    out = mcafee(np.ones(len(sides)), bids + asks, sides)
    np.testing.assert_equal(out.buyer_price_jpy_per_kwh, pays)
    np.testing.assert_equal(out.seller_price_jpy_per_kwh, gets)
    assert out.cleared_kwh.sum() == 2 * pairs


whole = st.integers(0, 12)


@settings(deadline=None, max_examples=300)
@given(st.lists(st.tuples(whole, st.booleans()), min_size=1, max_size=9), st.data())
def test_no_order_gains_by_lying(book: list[tuple[int, bool]], data: st.DataObject) -> None:
    price = np.array([p for p, _ in book], dtype=float)
    side = np.array([s for _, s in book])
    liar, lie = data.draw(st.integers(0, len(book) - 1)), data.draw(whole)
    told = price.copy()
    told[liar] = lie

    def gain(offers: np.ndarray) -> float:
        out = mcafee(np.ones(len(book)), offers, side)
        value = price[liar] if side[liar] else -price[liar]
        return float(out.cleared_kwh[liar] * value - out.payment_jpy[liar])

    assert gain(price) >= 0
    assert gain(price) >= gain(told)
    assert mcafee(np.ones(len(book)), price, side).surplus_jpy >= 0


def test_batches_and_sizes() -> None:
    rng = np.random.default_rng(0)
    price, side = rng.normal(20, 5, (3, 4, 9)), rng.random((3, 4, 9)) < 0.5
    out = mcafee(2.0, price, side)
    one = mcafee(2.0, price[2, 1], side[2, 1])
    np.testing.assert_array_equal(out.payment_jpy[2, 1], one.payment_jpy)
    np.testing.assert_allclose(out.payment_jpy.sum(-1), out.surplus_jpy, atol=1e-9)
    with pytest.raises(ValueError, match=r"quantity_kwh\(=1"):
        mcafee([1.0, 2.0], [3.0, 1.0], [True, False])
