"""McAfee's double auction of equal orders: truthful bidding is a dominant strategy, the operator never pays.

With bids b₁ ≥ b₂ ≥ … and asks a₁ ≤ a₂ ≤ …, k the largest number with b_k ≥ a_k: if p = (b_{k+1} + a_{k+1}) / 2 lies in
[a_k, b_k], k pairs trade at p. Otherwise, or without a (k+1)th pair, k − 1 pairs trade, buyers pay b_k, sellers get
a_k, and the difference stays with the operator.

Source: R. P. McAfee, A dominant strategy double auction, Journal of Economic Theory 56 (1992) 434–450.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from ysc_sim.markets.clearing import Clearing, check_orders, refuse
from ysc_sim.units import Bools, Floats, Ints


def mcafee(quantity_kwh: ArrayLike, price_jpy_per_kwh: ArrayLike, is_buyer: ArrayLike) -> Clearing:
    """Clear books of n orders of one size, (…, n) each; orders without energy are ignored, ties go by position.

    Raises ``ValueError`` as a call auction does, and where two orders of a book differ in size.

    >>> deal = mcafee([1.0, 1.0, 1.0, 1.0], [9.0, 8.0, 4.0, 3.0], [True, True, False, False])
    >>> deal.payment_jpy.tolist(), float(deal.surplus_jpy)
    ([8.0, 0.0, 0.0, -4.0], 4.0)
    """
    quantity, price, buys = check_orders(quantity_kwh, price_jpy_per_kwh, is_buyer)
    size = np.maximum.reduce(quantity, axis=-1, keepdims=True, initial=0.0)
    live = quantity > 0
    refuse(quantity, live & (quantity != size), "quantity_kwh", "the same for all orders of a book")
    pairs, buyer, seller = decide(price, live & buys, live & ~buys)
    wins = ((rank(-price, live & buys) < pairs) & buys) | ((rank(price, live & ~buys) < pairs) & ~buys)
    cleared = np.where(wins & live, quantity, 0.0)
    paid = np.where(buys, buyer, -seller)
    payment = np.where(cleared > 0, cleared * paid, 0.0)
    nothing = np.zeros(pairs.shape[:-1])
    some = (pairs > 0) & (size > 0)
    surplus = np.where(some, pairs * size * (buyer - seller), 0.0)[..., 0]
    buyer, seller = np.where(some, buyer, np.nan)[..., 0], np.where(some, seller, np.nan)[..., 0]
    return Clearing(buyer, seller, cleared, np.zeros_like(cleared), payment, nothing, surplus)


def rank(key: Floats, who: Bools) -> Ints:
    """Position of each order among those of ``who`` by rising ``key``, ties by position, (…, n); others come last."""
    order = np.argsort(np.where(who, key, np.inf), axis=-1, kind="stable")
    place = np.empty(order.shape, dtype=np.int64)
    np.put_along_axis(place, order, np.broadcast_to(np.arange(key.shape[-1]), order.shape), axis=-1)
    return place


def decide(price: Floats, bids: Bools, asks: Bools) -> tuple[Ints, Floats, Floats]:
    """Pairs that trade, what buyers pay and what sellers get, (…, 1) each."""
    edge = np.full((*price.shape[:-1], 2), np.inf)
    bid = -np.concatenate([np.sort(np.where(bids, -price, np.inf), axis=-1), edge], axis=-1)
    ask = np.concatenate([np.sort(np.where(asks, price, np.inf), axis=-1), edge], axis=-1)
    k = np.add.reduce(bid >= ask, axis=-1, keepdims=True)
    last = np.maximum(k - 1, 0)
    low, high = (np.take_along_axis(side, last, axis=-1) for side in (ask, bid))
    next_ask, next_bid = (np.take_along_axis(side, k, axis=-1) for side in (ask, bid))
    another = np.isfinite(next_ask) & np.isfinite(next_bid)
    middle = np.where(another, np.where(another, next_ask, 0) / 2 + np.where(another, next_bid, 0) / 2, np.nan)
    agreed = (k > 0) & (low <= middle) & (middle <= high)
    pairs = np.where(agreed, k, last)
    trades = pairs > 0
    buyer, seller = np.where(agreed, middle, high), np.where(agreed, middle, low)
    return pairs, np.where(trades, buyer, 0.0), np.where(trades, seller, 0.0)
