"""Huang's auction and MUDA: promises, published examples, and second implementations in plain Python."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ysc_sim.markets import clear_call_auction, huang, muda
from ysc_sim.markets.huang import give_up
from ysc_sim.markets.muda import lots


# The two examples of pymarket 0.7.6's huang_auction.
def test_huang_examples() -> None:
    none = huang([1, 2, 2], [3, 1, 2], [True, True, False])
    assert none.cleared_kwh.tolist() == [0, 0, 0]
    assert np.isnan(none.buyer_price_jpy_per_kwh)
    some = huang([1, 2, 2, 0.3, 0.2], [3, 1, 2, 1, 3.3], [True, True, False, False, True])
    assert some.cleared_kwh == pytest.approx([0, 0, 0, 0.2, 0.2])
    assert (some.seller_price_jpy_per_kwh, some.buyer_price_jpy_per_kwh) == (2, 3)


# The two examples of pymarket 0.7.6's update_quantity.
def test_longer_side_gives_up_equal_amounts() -> None:
    assert give_up(np.array([1.0, 2, 3]), np.array([5.4])) == pytest.approx([0.8, 1.8, 2.8])
    assert give_up(np.array([1, 0.5, 2]), np.array([1.7])) == pytest.approx([0.35, 0, 1.35])
    assert give_up(np.array([0.0, 0, 2]), np.array([2.0])) == pytest.approx([0, 0, 2])


def shave(parts: dict[int, float], total: float) -> dict[int, float]:
    """Take the same from everybody, again from the rest where somebody had too little."""
    gap = sum(parts.values()) - total
    live = dict(parts)
    while live and min(live.values()) < gap / len(live) - 1e-15:
        poorest = min(live, key=lambda i: live[i])
        gap -= live.pop(poorest)
    return {i: live[i] - gap / len(live) for i in live} if live else {}


def huang_twin(quantity: list[float], price: list[float], buys: list[bool]) -> dict[int, float]:
    cleared = clear_call_auction(quantity, price, buys).cleared_kwh
    lowest = min((p for p, b, c in zip(price, buys, cleared, strict=True) if b and c > 0), default=0)
    highest = max((p for p, b, c in zip(price, buys, cleared, strict=True) if not b and c > 0), default=0)
    bids = {i: quantity[i] for i in range(len(price)) if buys[i] and cleared[i] > 0 and price[i] > lowest}
    asks = {i: quantity[i] for i in range(len(price)) if not buys[i] and cleared[i] > 0 and price[i] < highest}
    volume = min(sum(bids.values()), sum(asks.values()))
    return shave(bids, volume) | shave(asks, volume) if volume > 0 else {}


def random_book(rng: np.random.Generator) -> tuple[list[float], list[float], list[bool]]:
    n, top = int(rng.integers(0, 14)), int(rng.integers(1, 16))
    quantity, price = rng.integers(0, 6, n) / 4, rng.integers(0, top, n).astype(float)
    return quantity.tolist(), price.tolist(), (rng.random(n) < rng.choice([0, 0.5, 0.5, 1])).tolist()


def test_huang_agrees_with_the_twin_on_ten_thousand_random_books() -> None:
    rng = np.random.default_rng(13)
    for _ in range(10_000):
        book = random_book(rng)
        ours, expected = huang(*book), np.zeros(len(book[0]))
        for i, energy in huang_twin(*book).items():
            expected[i] = energy
        np.testing.assert_allclose(ours.cleared_kwh, expected, atol=1e-12)
        assert ours.payment_jpy.sum() == pytest.approx(ours.surplus_jpy, abs=1e-11)


def muda_twin(
    quantity: list[float], price: list[float], buys: list[bool], seed: int
) -> tuple[list[float], list[float]]:
    n = len(price)
    left, turn = lots(n, seed)
    cleared, paid = [0.0] * n, [0.0] * n
    for half in (True, False):
        others = [i for i in range(n) if bool(left[i]) is not half and quantity[i] > 0]
        book = clear_call_auction(
            *([values[i] for i in others] for values in (quantity, price)),
            np.array([buys[i] for i in others], dtype=bool),
        )
        level = float(book.price_jpy_per_kwh)
        if np.isnan(level):
            bids, asks = [price[i] for i in others if buys[i]], [price[i] for i in others if not buys[i]]
            if not bids or not asks:
                continue
            level = (max(bids) + min(asks)) / 2
        mine = [i for i in range(n) if bool(left[i]) is half and (price[i] >= level if buys[i] else price[i] <= level)]
        volume = min(sum(quantity[i] for i in mine if buys[i]), sum(quantity[i] for i in mine if not buys[i]))
        for side in (True, False):
            rest = volume
            for i in sorted((i for i in mine if buys[i] is side), key=lambda i: turn[i]):
                cleared[i] = min(rest, quantity[i])
                rest -= cleared[i]
                paid[i] = cleared[i] * level * (1 if side else -1)
    return cleared, paid


def test_muda_agrees_with_the_twin_on_ten_thousand_random_books() -> None:
    rng = np.random.default_rng(14)
    for number in range(10_000):
        book = random_book(rng)
        ours = muda(*book, seed=number % 7)
        cleared, paid = muda_twin(*book, number % 7)
        np.testing.assert_allclose(ours.cleared_kwh, cleared, atol=1e-12)
        np.testing.assert_allclose(ours.payment_jpy, paid, atol=1e-12)
        assert ours.payment_jpy.sum() == pytest.approx(0, abs=1e-11)


whole = st.integers(0, 9)


@settings(deadline=None, max_examples=300)
@given(st.lists(st.tuples(st.sampled_from([0.5, 1.0, 2.0]), whole, st.booleans()), min_size=1, max_size=10), st.data())
@pytest.mark.parametrize("auction", [huang, muda])
def test_no_order_gains_by_lying_about_its_price(
    auction: object, book: list[tuple[float, int, bool]], data: st.DataObject
) -> None:
    quantity, price = np.array([q for q, _, _ in book]), np.array([p for _, p, _ in book], dtype=float)
    buys = np.array([b for _, _, b in book])
    liar, lie = data.draw(st.integers(0, len(book) - 1)), data.draw(whole)

    def gain(offers: np.ndarray) -> float:
        out = auction(quantity, offers, buys)  # type: ignore[operator]
        value = price[liar] if buys[liar] else -price[liar]
        return float(out.cleared_kwh[liar] * value - out.payment_jpy[liar])

    told = price.copy()
    told[liar] = lie
    honest = gain(price)
    assert honest >= -1e-12
    if auction is muda:
        assert honest >= gain(told) - 1e-12
    assert auction(quantity, price, buys).surplus_jpy >= 0  # type: ignore[operator]
