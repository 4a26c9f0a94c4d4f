"""Huang's auction and MUDA: promises, published examples, and second implementations in plain Python."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ysc_sim.contracts import Bids, Rows
from ysc_sim.markets import clear_call_auction, huang, muda
from ysc_sim.markets.huang import give_up
from ysc_sim.markets.muda import Muda, MudaSpec, lots


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


def huang_twin(quantity: list[float], price: list[float], buys: list[bool], cleared: list[float]) -> dict[int, float]:
    """From what a call auction clears: leave out the price setters, then shave the longer side."""
    lowest = min((p for p, b, c in zip(price, buys, cleared, strict=True) if b and c > 0), default=0)
    highest = max((p for p, b, c in zip(price, buys, cleared, strict=True) if not b and c > 0), default=0)
    bids = {i: quantity[i] for i in range(len(price)) if buys[i] and cleared[i] > 0 and price[i] > lowest}
    asks = {i: quantity[i] for i in range(len(price)) if not buys[i] and cleared[i] > 0 and price[i] < highest}
    volume = min(sum(bids.values()), sum(asks.values()))
    return shave(bids, volume) | shave(asks, volume) if volume > 0 else {}


def random_books(seed: int, count: int = 10_000) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Books of 14 places, many of them without energy: ties, one-sided and empty books come up often."""
    rng = np.random.default_rng(seed)
    shape = (count, 14)
    used = np.arange(14) < rng.integers(0, 15, (count, 1))
    price = np.floor(rng.random(shape) * rng.integers(1, 16, (count, 1)))
    buys = rng.random(shape) < rng.choice([0, 0.5, 0.5, 1], (count, 1))
    return np.where(used, rng.integers(0, 6, shape) / 4, 0.0), price, buys


def test_huang_agrees_with_the_twin_on_ten_thousand_random_books() -> None:
    books = random_books(13)
    ours, auctions = huang(*books), clear_call_auction(*books)
    expected = np.zeros(books[0].shape)
    for row, book in enumerate(zip(*(field.tolist() for field in books), auctions.cleared_kwh.tolist(), strict=True)):
        for i, energy in huang_twin(*book).items():
            expected[row, i] = energy
    np.testing.assert_allclose(ours.cleared_kwh, expected, atol=1e-12)
    np.testing.assert_allclose(ours.payment_jpy.sum(axis=1), ours.surplus_jpy, atol=1e-11)


def half_prices(books: tuple[np.ndarray, np.ndarray, np.ndarray], half: np.ndarray) -> np.ndarray:
    """Price of the places of ``half`` alone, NaN without one."""
    quantity, price, buys = books
    level = clear_call_auction(quantity * half, price, buys).price_jpy_per_kwh.copy()
    for row in np.flatnonzero(np.isnan(level)).tolist():
        live = half & (quantity[row] > 0)
        bids, asks = price[row][live & buys[row]].tolist(), price[row][live & ~buys[row]].tolist()
        level[row] = (max(bids) + min(asks)) / 2 if bids and asks else np.nan
    return level


def muda_twin(
    quantity: list[float], price: list[float], buys: list[bool], levels: list[float], left: list[bool], turn: list[int]
) -> tuple[list[float], list[float]]:
    """``levels``: price that the left half faces, price that the right half faces."""
    n = len(price)
    cleared, paid = [0.0] * n, [0.0] * n
    for half, level in zip((True, False), levels, strict=True):
        mine = [i for i in range(n) if left[i] is half and (price[i] >= level if buys[i] else price[i] <= level)]
        volume = min(sum(quantity[i] for i in mine if buys[i]), sum(quantity[i] for i in mine if not buys[i]))
        for side in (True, False):
            rest = volume
            for i in sorted((i for i in mine if buys[i] is side), key=lambda i: turn[i]):
                cleared[i] = min(rest, quantity[i])
                rest -= cleared[i]
                paid[i] = cleared[i] * level * (1 if side else -1)
    return cleared, paid


@pytest.mark.parametrize("seed", range(4))
def test_muda_agrees_with_the_twin_on_ten_thousand_random_books(seed: int) -> None:
    books = random_books(14 + seed, 2_500)
    left, turn = lots(14, seed)
    levels = np.column_stack([half_prices(books, ~left), half_prices(books, left)]).tolist()
    ours = muda(*books, seed=seed)
    twins = [
        muda_twin(*book, level, left.tolist(), turn.tolist())
        for *book, level in zip(*(field.tolist() for field in books), levels, strict=True)
    ]
    np.testing.assert_allclose(ours.cleared_kwh, [cleared for cleared, _ in twins], atol=1e-12)
    np.testing.assert_allclose(ours.payment_jpy, [paid for _, paid in twins], atol=1e-12)
    np.testing.assert_allclose(ours.payment_jpy.sum(axis=1), 0, atol=1e-11)


whole = st.integers(0, 9)


@settings(deadline=None, max_examples=150)
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


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32), st.integers(0, 4), st.integers(1, 6), st.integers(1, 3), st.integers(0, 9))
def test_lots_are_drawn_by_row_and_slot(seed: int, first: int, slots: int, rows: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    bids = Bids(
        rng.integers(0, 50, (slots, rows, n)),
        rng.choice([8.5, 20.0, 30.0], (slots, rows, n)),
        rng.random((slots, rows, n)) < 0.5,
    )
    ensemble = Rows(tuple(range(10, 10 + rows)))
    market = Muda(MudaSpec())
    together = market.clear_slots(bids, ensemble, first)
    np.testing.assert_array_equal(together.bought_mwh.sum(-1), together.sold_mwh.sum(-1))
    for slot in range(slots):
        for row in range(rows):
            one = Bids(*(field[slot : slot + 1, row : row + 1] for field in bids))
            alone = market.clear_slots(one, ensemble.take([row]), first + slot)
            for lone, many in zip(alone, together, strict=True):
                np.testing.assert_array_equal(lone[0, 0], many[slot, row])


def test_everybody_is_served_in_some_slots() -> None:
    """Four equal members, two of each side: with lots drawn once somebody would never trade."""
    buys = np.array([True, True, False, False])
    shape = (200, 2, 4)
    bids = Bids(np.full(shape, 10), np.broadcast_to(np.where(buys, 30.0, 10.0), shape), np.broadcast_to(buys, shape))
    out = Muda(MudaSpec(seed=3)).clear_slots(bids, Rows((1, 2)), 0)
    often = (out.bought_mwh + out.sold_mwh > 0).mean(axis=0)
    # All four trade where each half has one buyer and one seller: in 4 of 16 divisions; else no half has a price.
    assert often == pytest.approx(np.full((2, 4), 0.25), abs=0.1)
    assert (out.bought_mwh[:, 0] != out.bought_mwh[:, 1]).any()
    other = Muda(MudaSpec(seed=4)).clear_slots(bids, Rows((1, 2)), 0)
    assert (out.bought_mwh != other.bought_mwh).any()
