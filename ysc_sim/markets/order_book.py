"""Continuous double auction: an order book with price–time priority.

An arriving order trades at once with the best resting orders that it crosses, at *their* prices, earlier before later
at one price; what is left rests until it is filled, cancelled or expired. The book is therefore never crossed.

Source: D. Friedman, J. Rust (eds.), The Double Auction Market, Addison-Wesley 1993, chapter 1; D. K. Gode, S. Sunder,
Allocative efficiency of markets with zero-intelligence traders, Journal of Political Economy 101 (1993) 119–137.
"""

from __future__ import annotations

from collections.abc import Hashable
from heapq import heappop, heappush
from math import inf
from typing import Any, NamedTuple, TypeAlias

DUST = 1e-12
"""Share of a float order that counts as filled: what subtraction leaves by rounding does not rest in the book."""
LARGE = 1e9
"""From here on nothing counts as dust: whole milliwatt-hours stay exact."""


class Trade(NamedTuple):
    """Energy that changed hands; the price is that of the order that was there first."""

    buyer: Hashable
    seller: Hashable
    quantity_kwh: float
    price_jpy_per_kwh: float
    time_s: float


class Submission(NamedTuple):
    """What became of an order at its arrival."""

    order_id: int
    trades: tuple[Trade, ...]


class _Raw(tuple[Any, ...]):
    """Made from one tuple by C alone: in two thirds of the time that a named tuple's own constructor takes."""

    __slots__ = ()
    __new__ = tuple.__new__


class _Trade(_Raw, Trade):
    __slots__ = ()

    def __reduce__(self) -> tuple[type[Trade], tuple[Any, ...]]:
        return Trade, tuple(self)


class _Submission(_Raw, Submission):
    __slots__ = ()

    def __reduce__(self) -> tuple[type[Submission], tuple[Any, ...]]:
        return Submission, tuple(self)


# Callers see the public names, in print too.
_Trade.__name__, _Submission.__name__ = Trade.__name__, Submission.__name__

_Order: TypeAlias = list[Any]
"""What is left (0: out of the book), member, price, expiry, whole energy: a list, because millions of them are made."""
_LEFT, _MEMBER, _PRICE, _EXPIRES, _WHOLE = range(5)
_Side: TypeAlias = list[tuple[float, int, _Order]]
"""Heap of (price, the lowest best; number; order)."""


class OrderBook:
    """Resting orders of both sides. Quantities may be whole numbers: then nothing is ever rounded.

    >>> book = OrderBook()
    >>> book.submit("roof", False, 2.0, 12.0).trades
    ()
    >>> book.submit("house", True, 3.0, 20.0, time_s=5.0).trades
    (Trade(buyer='house', seller='roof', quantity_kwh=2.0, price_jpy_per_kwh=12.0, time_s=5.0),)
    >>> book.best_bid_jpy_per_kwh
    20.0
    """

    def __init__(self) -> None:
        self.time_s = -inf
        """Time of the last order."""
        self._bids: _Side = []
        self._asks: _Side = []
        self._resting: list[_Order | None] = []
        """By number of the order; None once it is out of the book."""

    def submit(
        self,
        member: Hashable,
        is_buyer: bool,
        quantity_kwh: float,
        price_jpy_per_kwh: float,
        *,
        time_s: float = 0.0,
        expires_s: float = inf,
    ) -> Submission:
        """Bring an order to the book; it trades what it can and rests until before ``expires_s``.

        An order that expires at its own arrival trades at once or not at all; one without energy does nothing.

        Raises ``ValueError`` for a quantity that is negative or not finite, a price that is not finite, a time before
        that of the last order, and an expiry before the arrival.
        """
        if not (0 <= quantity_kwh < inf and -inf < price_jpy_per_kwh < inf and self.time_s <= time_s < inf):
            self._refuse(quantity_kwh, price_jpy_per_kwh, time_s)
        if time_s > expires_s or expires_s != expires_s:
            raise ValueError(f"expires_s(={expires_s}) must be at least time_s(={time_s}).")
        self.time_s = time_s
        resting = self._resting
        number = len(resting)
        if is_buyer:
            key, own, other = -price_jpy_per_kwh, self._bids, self._asks
        else:
            key, own, other = price_jpy_per_kwh, self._asks, self._bids
        left = quantity_kwh
        trades: tuple[Trade, ...] = ()
        if other and other[0][0] <= -key and left:
            left, trades = self._match(member, left, is_buyer, other, -key)
        if left and expires_s > time_s:
            order = [left, member, price_jpy_per_kwh, expires_s, quantity_kwh]
            resting.append(order)
            heappush(own, (key, number, order))
        else:
            resting.append(None)
        answer: Submission = _Submission((number, trades))
        return answer

    def _refuse(self, quantity_kwh: float, price_jpy_per_kwh: float, time_s: float) -> None:
        if not 0 <= quantity_kwh < inf:
            raise ValueError(f"quantity_kwh(={quantity_kwh}) must be finite and ≥ 0.")
        if not -inf < price_jpy_per_kwh < inf:
            raise ValueError(f"price_jpy_per_kwh(={price_jpy_per_kwh}) must be finite.")
        raise ValueError(f"time_s(={time_s}) must be finite and at least {self.time_s}, the time of the book.")

    def _match(
        self, member: Hashable, whole: float, is_buyer: bool, other: _Side, limit: float
    ) -> tuple[float, tuple[Trade, ...]]:
        """Trade with the best resting orders up to ``limit``, a key of the other side; what is left, and the trades."""
        trades, now, left = [], self.time_s, whole
        dust = whole * DUST if whole < LARGE else 0.0
        while other:
            key, number, best = other[0]
            if key > limit:
                break
            there, owner, price, expires_s, size = best
            if there and expires_s > now:
                amount = there if there < left else left
                trades.append(
                    _Trade((member, owner, amount, price, now) if is_buyer else (owner, member, amount, price, now))
                )
                left -= amount
                there -= amount
                if there and (size >= LARGE or there > size * DUST):
                    best[_LEFT] = there
                    break
            heappop(other)
            self._resting[number] = None
            if left <= dust:
                left = 0
                break
        return left, tuple(trades)

    def cancel(self, order_id: int) -> float:
        """Take an order out; returns the kWh that still rested, 0 if it is filled, expired or cancelled already.

        Raises ``ValueError`` for a number that no order has.
        """
        if not 0 <= order_id < len(self._resting):
            raise ValueError(f"order_id(={order_id}) must be the number of an order of this book.")
        left = self.remaining_kwh(order_id)
        order, self._resting[order_id] = self._resting[order_id], None
        if order is not None:
            order[_LEFT] = 0
        return left

    def remaining_kwh(self, order_id: int) -> float:
        """Energy of an order that still rests in the book."""
        order = self._resting[order_id] if 0 <= order_id < len(self._resting) else None
        return order[_LEFT] if order is not None and order[_EXPIRES] > self.time_s else 0.0

    @property
    def best_bid_jpy_per_kwh(self) -> float | None:
        """Dearest resting bid at the time of the last order, or None."""
        return self._best(self._bids)

    @property
    def best_ask_jpy_per_kwh(self) -> float | None:
        """Cheapest resting ask at the time of the last order, or None."""
        return self._best(self._asks)

    def _best(self, side: _Side) -> float | None:
        while side:
            _, number, order = side[0]
            if order[_LEFT] and order[_EXPIRES] > self.time_s:
                price: float = order[_PRICE]
                return price
            heappop(side)
            self._resting[number] = None
        return None
