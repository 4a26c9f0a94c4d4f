"""The order book against a second one that sorts a plain list at every order, and against its laws."""

from __future__ import annotations

import math
import pickle
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ysc_sim.markets import OrderBook, Submission, Trade


class Twin:
    """Slow and plain: [id, member, buys, quantity, price, expires]."""

    def __init__(self) -> None:
        self.rest: list[list] = []
        self.count = 0

    def submit(self, member: int, buys: bool, quantity: int, price: int, time: float, expires: float) -> list[Trade]:
        self.rest = [order for order in self.rest if order[5] > time]
        trades = []
        others = [o for o in self.rest if o[2] != buys and (o[4] <= price if buys else o[4] >= price)]
        for other in sorted(others, key=lambda o: (o[4] if buys else -o[4], o[0])):
            amount = min(quantity, other[3])
            if amount:
                pair = (member, other[1]) if buys else (other[1], member)
                trades.append(Trade(*pair, amount, other[4], time))
                quantity -= amount
                other[3] -= amount
        self.rest.append([self.count, member, buys, quantity, price, expires])
        self.rest = [order for order in self.rest if order[3] and order[5] > time]
        self.count += 1
        return trades

    def cancel(self, number: int) -> int:
        left = sum(o[3] for o in self.rest if o[0] == number)
        self.rest = [o for o in self.rest if o[0] != number]
        return left


def test_agrees_with_the_twin_on_ten_thousand_random_books() -> None:
    rng = np.random.default_rng(9)
    for _ in range(10_000):
        book, twin, now = OrderBook(), Twin(), 0.0
        for _ in range(int(rng.integers(0, 14))):
            now += float(rng.integers(0, 3))
            if twin.count and rng.random() < 0.2:
                number = int(rng.integers(0, twin.count))
                # The book's clock is that of the last order; a cancellation comes before the next.
                assert book.cancel(number) == twin.cancel(number)
                continue
            member, buys = int(rng.integers(0, 5)), bool(rng.random() < 0.5)
            quantity, price = int(rng.integers(0, 4)), int(rng.integers(0, 4))
            expires = now + float(rng.integers(0, 6)) if rng.random() < 0.5 else math.inf
            ours = book.submit(member, buys, quantity, price, time_s=now, expires_s=expires)
            assert list(ours.trades) == twin.submit(member, buys, quantity, price, now, expires)
            assert ours.order_id == twin.count - 1
            bids = [o[4] for o in twin.rest if o[2]]
            asks = [o[4] for o in twin.rest if not o[2]]
            assert book.best_bid_jpy_per_kwh == max(bids, default=None)
            assert book.best_ask_jpy_per_kwh == min(asks, default=None)


orders = st.lists(
    st.tuples(st.integers(0, 4), st.booleans(), st.floats(0, 10), st.sampled_from([8.0, 9.5, 9.5, 30.0, -1.0])),
    max_size=25,
)


@settings(deadline=None, max_examples=300)
@given(orders)
def test_laws(arrivals: list[tuple[int, bool, float, float]]) -> None:
    book = OrderBook()
    wanted: dict[int, float] = {}
    filled = {number: Fraction(0) for number in range(len(arrivals))}
    for number, (_, buys, quantity, price) in enumerate(arrivals):
        # Members are named by order, so that every trade tells which two orders met.
        answer = book.submit(number, buys, quantity, price)
        wanted[number] = quantity
        for trade in answer.trades:
            assert trade.quantity_kwh > 0
            assert number in (trade.buyer, trade.seller)
            resting = trade.seller if buys else trade.buyer
            assert trade.price_jpy_per_kwh == arrivals[resting][3]
            assert arrivals[trade.buyer][3] >= trade.price_jpy_per_kwh >= arrivals[trade.seller][3]
            for side in (trade.buyer, trade.seller):
                filled[side] += Fraction(trade.quantity_kwh)
        bid, ask = book.best_bid_jpy_per_kwh, book.best_ask_jpy_per_kwh
        assert bid is None or ask is None or bid < ask
    for number, quantity in wanted.items():
        assert float(filled[number]) + book.remaining_kwh(number) == pytest.approx(quantity, rel=1e-11, abs=1e-300)


def test_earlier_orders_come_first_at_one_price() -> None:
    book = OrderBook()
    for member in ("first", "second"):
        book.submit(member, False, 1.0, 10.0)
    assert [trade.seller for trade in book.submit("buyer", True, 1.5, 11.0).trades] == ["first", "second"]
    assert book.remaining_kwh(1) == 0.5


def test_rounding_leaves_no_dust() -> None:
    book = OrderBook()
    book.submit("a", False, 0.3, 10.0)
    book.submit("b", True, 0.1, 10.0)
    book.submit("c", True, 0.2, 10.0)
    assert book.best_ask_jpy_per_kwh is None
    assert book.cancel(0) == 0


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"quantity_kwh": -1.0}, "quantity_kwh"),
        ({"quantity_kwh": math.nan}, "quantity_kwh"),
        ({"quantity_kwh": math.inf}, "quantity_kwh"),
        ({"price_jpy_per_kwh": math.nan}, "price"),
        ({"price_jpy_per_kwh": math.inf}, "price"),
        ({"time_s": 1.0}, "time_s"),
        ({"time_s": math.nan}, "time_s"),
        ({"expires_s": 1.0}, "expires_s"),
    ],
)
def test_refuses_what_is_no_order(change: dict[str, float], name: str) -> None:
    book = OrderBook()
    book.submit("a", True, 1.0, 1.0, time_s=2.0)
    good = {"quantity_kwh": 1.0, "price_jpy_per_kwh": 1.0, "time_s": 2.0}
    with pytest.raises(ValueError, match=name):
        book.submit("b", False, **(good | change))
    with pytest.raises(ValueError, match="order_id"):
        book.cancel(1)


def test_dust_counts_as_filled_on_both_sides() -> None:
    resting, coming = OrderBook(), OrderBook()
    resting.submit("a", False, 0.8, 10.0)
    for _ in range(8):
        resting.submit("b", True, 0.1, 10.0)  # leaves 1.2e-16 of the ask
    for _ in range(8):
        coming.submit("a", False, 0.1, 10.0)
    coming.submit("b", True, 0.8, 10.0)  # leaves as much of the bid
    for book in (resting, coming):
        assert book.best_ask_jpy_per_kwh is None
        assert book.best_bid_jpy_per_kwh is None


@pytest.mark.parametrize("buys", [True, False])
@pytest.mark.parametrize("size", [10**9, 10**12])
def test_nothing_is_dust_in_whole_milliwatt_hours(size: int, buys: bool) -> None:
    """The last of a trillion still counts, whoever was there first; from a billion on so do fractions."""
    for rest in (1, 0.0005):
        for first, then in ((size, size - rest), (size - rest, size)):
            book = OrderBook()
            book.submit("a", buys, first, 10.0)
            answer = book.submit("b", not buys, then, 10.0)
            assert [trade.quantity_kwh for trade in answer.trades] == [size - rest]
            assert max(book.remaining_kwh(0), book.remaining_kwh(1)) == size - (size - rest) > 0


def test_answers_can_be_stored_and_read() -> None:
    book = OrderBook()
    book.submit("a", False, 2, 10)
    answer = book.submit("b", True, 2, 11, time_s=3.0)
    trade = "Trade(buyer='b', seller='a', quantity_kwh=2, price_jpy_per_kwh=10, time_s=3.0)"
    assert repr(answer) == f"Submission(order_id=1, trades=({trade},))"
    again = pickle.loads(pickle.dumps(answer))
    assert again == answer == Submission(1, (Trade("b", "a", 2, 10, 3.0),))
    assert type(again) is Submission
    assert type(again.trades[0]) is Trade
    assert isinstance(answer.trades[0], Trade)
    assert answer.trades[0]._replace(quantity_kwh=1) == Trade("b", "a", 1, 10, 3.0)


def test_numbers_that_no_order_has() -> None:
    book = OrderBook()
    book.submit("a", False, 2, 10)
    assert (book.remaining_kwh(0), book.remaining_kwh(1), book.remaining_kwh(-1)) == (2, 0, 0)
    for number in (1, -1):
        with pytest.raises(ValueError, match=rf"^order_id\(={number}\) must be the number of an order of this book\.$"):
            book.cancel(number)


@pytest.mark.parametrize(
    ("quantity", "price", "time", "expires", "message"),
    [
        (-0.5, 1.0, 2.0, 3.0, r"^quantity_kwh\(=-0.5\) must be finite and ≥ 0\.$"),
        (0.0, math.nan, 2.0, 3.0, r"^price_jpy_per_kwh\(=nan\) must be finite\.$"),
        (0.5, -math.inf, 2.0, 3.0, r"^price_jpy_per_kwh\(=-inf\) must be finite\.$"),
        (0.5, 1.0, math.inf, math.inf, r"^time_s\(=inf\) must be finite and at least 1\.0, the time of the book\.$"),
        (0.5, 1.0, 0.5, 3.0, r"^time_s\(=0\.5\) must be finite and at least 1\.0, the time of the book\.$"),
        (0.5, 1.0, 2.0, 1.5, r"^expires_s\(=1\.5\) must be at least time_s\(=2\.0\)\.$"),
        (0.5, 1.0, 2.0, math.nan, r"^expires_s\(=nan\) must be at least time_s\(=2\.0\)\.$"),
    ],
)
def test_says_what_is_wrong(quantity: float, price: float, time: float, expires: float, message: str) -> None:
    book = OrderBook()
    book.submit("a", True, 1.0, 1.0, time_s=1.0)
    with pytest.raises(ValueError, match=message):
        book.submit("b", True, quantity, price, time_s=time, expires_s=expires)
    assert book.time_s == 1.0
    assert book.submit("c", True, 1.0, 1.0, time_s=1.0, expires_s=1.0).order_id == 1
