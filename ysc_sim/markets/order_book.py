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
from typing import NamedTuple

DUST = 1e-12
"""Share of a float order that counts as filled: what subtraction leaves by rounding does not rest in the book."""


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


class _Resting:
    __slots__ = ("dust", "expires_s", "member", "price", "quantity")

    def __init__(self, member: Hashable, quantity: float, price: float, expires_s: float, dust: float) -> None:
        self.member, self.quantity, self.price = member, quantity, price
        self.expires_s, self.dust = expires_s, dust


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
        self._next_id = 0
        self._bids: list[tuple[float, int, _Resting]] = []
        self._asks: list[tuple[float, int, _Resting]] = []
        self._resting: dict[int, _Resting] = {}

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
        if not 0 <= quantity_kwh < inf:
            raise ValueError(f"quantity_kwh(={quantity_kwh}) must be finite and ≥ 0.")
        if not -inf < price_jpy_per_kwh < inf:
            raise ValueError(f"price_jpy_per_kwh(={price_jpy_per_kwh}) must be finite.")
        if not self.time_s <= time_s < inf:
            raise ValueError(f"time_s(={time_s}) must be finite and at least {self.time_s}, the time of the book.")
        if not expires_s >= time_s:
            raise ValueError(f"expires_s(={expires_s}) must be at least time_s(={time_s}).")
        self.time_s = time_s
        number = self._next_id
        self._next_id = number + 1
        key = -price_jpy_per_kwh if is_buyer else price_jpy_per_kwh
        dust = 0 if isinstance(quantity_kwh, int) else quantity_kwh * DUST
        order = _Resting(member, quantity_kwh, price_jpy_per_kwh, expires_s, dust)
        trades: tuple[Trade, ...] = ()
        other = self._asks if is_buyer else self._bids
        if other and other[0][0] <= -key:
            trades = tuple(self._match(order, is_buyer, other, -key))
        if order.quantity > order.dust and expires_s > time_s:
            heappush(self._bids if is_buyer else self._asks, (key, number, order))
            self._resting[number] = order
        return Submission(number, trades)

    def _match(
        self, order: _Resting, is_buyer: bool, other: list[tuple[float, int, _Resting]], limit: float
    ) -> list[Trade]:
        """Trade with the best resting orders up to ``limit``, a key of the other side."""
        trades = []
        now, member = self.time_s, order.member
        while other and other[0][0] <= limit and order.quantity > order.dust:
            _, number, best = other[0]
            if best.quantity > best.dust and best.expires_s > now:
                amount = min(order.quantity, best.quantity)
                order.quantity -= amount
                best.quantity -= amount
                pair = (member, best.member) if is_buyer else (best.member, member)
                trades.append(Trade(*pair, amount, best.price, now))
                if best.quantity > best.dust:
                    break
            heappop(other)
            self._resting.pop(number, None)
        return trades

    def cancel(self, order_id: int) -> float:
        """Take an order out; returns the kWh that still rested, 0 if it is filled, expired or cancelled already.

        Raises ``ValueError`` for a number that no order has.
        """
        if not 0 <= order_id < self._next_id:
            raise ValueError(f"order_id(={order_id}) must be the number of an order of this book.")
        left = self.remaining_kwh(order_id)
        order = self._resting.pop(order_id, None)
        if order is not None:
            order.quantity = 0
        return left

    def remaining_kwh(self, order_id: int) -> float:
        """Energy of an order that still rests in the book."""
        order = self._resting.get(order_id)
        return order.quantity if order is not None and order.expires_s > self.time_s else 0.0

    @property
    def best_bid_jpy_per_kwh(self) -> float | None:
        """Dearest resting bid at the time of the last order, or None."""
        return self._best(self._bids)

    @property
    def best_ask_jpy_per_kwh(self) -> float | None:
        """Cheapest resting ask at the time of the last order, or None."""
        return self._best(self._asks)

    def _best(self, side: list[tuple[float, int, _Resting]]) -> float | None:
        while side and (side[0][2].quantity <= side[0][2].dust or side[0][2].expires_s <= self.time_s):
            self._resting.pop(heappop(side)[1], None)
        return side[0][2].price if side else None
