"""The call auction against a second implementation in plain Python, and against its laws."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ysc_sim.contracts import Bids
from ysc_sim.markets import clear_call_auction
from ysc_sim.markets.call_auction import CallAuction, CallAuctionSpec

Book = list[tuple[int, int, bool]]


def twin(book: Book, k: Fraction) -> tuple[list[Fraction], Fraction | None]:
    """Exact call auction by trying every price: cleared quantity of each order, and the price."""
    prices = {price for _, price, _ in book}

    def asked(limit: int) -> int:
        return sum(q for q, p, buys in book if not buys and p <= limit)

    def wanted(limit: int) -> int:
        return sum(q for q, p, buys in book if buys and p >= limit)

    volume = max((min(asked(p), wanted(p)) for p in prices), default=0)
    cleared = [Fraction(0)] * len(book)
    for side in (False, True):
        left = Fraction(volume)
        for price in sorted({p for q, p, buys in book if buys is side and q}, reverse=side):
            tied = [i for i, (q, p, buys) in enumerate(book) if buys is side and p == price and q]
            size = sum(book[i][0] for i in tied)
            part = min(left, Fraction(size))
            for i in tied:
                cleared[i] = book[i][0] * part / size
            left -= part
    if not volume:
        return cleared, None
    low = max(p for (q, p, buys), c in zip(book, cleared, strict=True) if (c < q if buys else c > 0))
    high = min(p for (q, p, buys), c in zip(book, cleared, strict=True) if (c > 0 if buys else c < q))
    return cleared, low + k * (high - low)


def random_books(seed: int, count: int = 10_000) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Books of 11 places, many of them without energy: ties, zeros, one-sided and empty books come up often."""
    rng = np.random.default_rng(seed)
    shape = (count, 11)
    used = np.arange(11) < rng.integers(0, 12, (count, 1))
    price = np.floor(rng.random(shape) * rng.integers(1, 9, (count, 1)))
    buys = rng.random(shape) < rng.choice([0.0, 0.5, 0.5, 0.5, 1.0], (count, 1))
    return np.where(used, rng.integers(0, 5, shape), 0), price, buys


def test_agrees_with_the_twin_on_ten_thousand_random_books() -> None:
    quantity, limit, is_buyer = random_books(6)
    ours = clear_call_auction(quantity / 10, limit, is_buyer, k=0.25)
    whole = CallAuction(CallAuctionSpec(k=0.25)).clear(Bids(quantity, limit, is_buyer))
    both = whole.bought_mwh + whole.sold_mwh
    np.testing.assert_array_equal(whole.bought_mwh.sum(axis=1), whole.sold_mwh.sum(axis=1))
    assert (both <= quantity).all()
    for row in range(len(quantity)):
        book = list(
            zip(*(field[row].astype(int).tolist() for field in (quantity, limit)), is_buyer[row].tolist(), strict=True)
        )
        cleared, price = twin(book, Fraction(1, 4))
        exact = np.array([float(c) for c in cleared])
        assert np.abs(ours.cleared_kwh[row] - exact / 10).max() <= 1e-14
        assert np.abs(both[row] - exact).max() < 1
        assert both[row].sum() == sum(cleared)
        if price is None:
            assert np.isnan(ours.price_jpy_per_kwh[row])
            assert not both[row].any()
        else:
            assert ours.price_jpy_per_kwh[row] == float(price)
            assert (whole.price_jpy_per_kwh[row] == np.where(both[row] > 0, float(price), 0.0)).all()


orders = st.tuples(
    st.one_of(st.just(0.0), st.sampled_from([0.1, 0.2, 0.3, 1.0]), st.floats(0, 1e3)),
    st.one_of(st.sampled_from([8.0, 20.0, 20.0, 35.0]), st.floats(-50, 50)),
    st.booleans(),
)


@settings(deadline=None, max_examples=300)
@given(st.lists(orders, max_size=14), st.floats(0, 1))
def test_laws_of_float_books(book: list[tuple[float, float, bool]], k: float) -> None:
    quantity = np.array([q for q, _, _ in book])
    price = np.array([p for _, p, _ in book])
    buys = np.array([b for _, _, b in book], dtype=bool)
    out = clear_call_auction(quantity, price, buys, k=k)
    cleared, uniform = out.cleared_kwh, out.price_jpy_per_kwh
    near = 1e-12 * max(1.0, quantity.sum())
    assert (cleared >= 0).all()
    assert (cleared <= quantity).all()
    assert abs(cleared[buys].sum() - cleared[~buys].sum()) <= 1e-13 * cleared.sum()
    assert abs(out.payment_jpy.sum()) <= near * 50
    assert not np.isnan(out.payment_jpy).any()
    if np.isnan(uniform):
        assert not cleared.any()
        best_bid = max(price[buys & (quantity > 0)], default=-np.inf)
        assert best_bid < min(price[~buys & (quantity > 0)], default=np.inf)
        return
    served = cleared > 0
    assert (price[served & buys] >= uniform).all()
    assert (price[served & ~buys] <= uniform).all()
    unfilled = quantity - cleared > near
    assert (price[unfilled & buys] <= uniform).all()
    assert (price[unfilled & ~buys] >= uniform).all()


@settings(deadline=None, max_examples=100)
@given(st.data())
def test_a_row_alone_gives_the_same_bits_as_in_a_batch(data: st.DataObject) -> None:
    rows, n = data.draw(st.integers(1, 6)), data.draw(st.integers(0, 9))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    bids = Bids(
        rng.integers(0, 10**7, (rows, n)), rng.choice([8.5, 10.1, 30.3], (rows, n)), rng.random((rows, n)) < 0.5
    )
    market = CallAuction(CallAuctionSpec(k=0.3))
    together = market.clear(bids)
    floats = clear_call_auction(bids.quantity_mwh / 1e6, *bids[1:], k=0.3)
    for row in range(rows):
        alone = market.clear(Bids(*(field[row] for field in bids)))
        for one, many in zip(alone, together, strict=True):
            np.testing.assert_array_equal(one, many[row])
        single = clear_call_auction(*(field[row] for field in (bids.quantity_mwh / 1e6, *bids[1:])), k=0.3)
        np.testing.assert_array_equal(single.payment_jpy, floats.payment_jpy[row])


@pytest.mark.parametrize(
    ("quantity", "price", "side", "k"),
    [([-1.0], [1.0], [True], 0.5), ([np.inf], [1.0], [True], 0.5), ([np.nan], [1.0], [True], 0.5),
     ([1.0], [np.nan], [True], 0.5), ([1.0], [np.inf], [False], 0.5), ([1.0], [1.0], [2], 0.5),
     ([1.0], [1.0], ["yes"], 0.5), ([1.0], [1.0], [True], 1.1), ([1.0], [1.0], [True], np.nan), (1.0, 1.0, True, 0.5)],
)  # fmt: skip
def test_refuses_what_is_no_book(quantity: object, price: object, side: object, k: float) -> None:
    with pytest.raises(ValueError, match=r"\(=|must"):
        clear_call_auction(quantity, price, side, k=k)  # type: ignore[arg-type]
