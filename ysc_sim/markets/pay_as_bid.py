"""Pay-as-bid double auction in merit order: the dearest bid meets the cheapest ask, each pair at a price of its own.

Energy is the same as in the call auction, so welfare is optimal. A pair trades at ``ask + k · (bid − ask)``; k = 1 is
the bid itself. Orders at one price form one block: they meet the same partners and pay the same mean price.

Source: Y. Wang, W. Saad, Z. Han, H. V. Poor, T. Başar, A game-theoretic approach to energy trading in the smart grid,
IEEE Transactions on Smart Grid 5 (2014) 1439–1450, reviews discriminatory double auctions; the rule of each pair: K.
Chatterjee, W. Samuelson, Bargaining under incomplete information, Operations Research 31 (1983) 835–851.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from ysc_sim.contracts import Bids, Cleared
from ysc_sim.markets.call_auction import fill_whole
from ysc_sim.markets.clearing import Clearing, check_orders
from ysc_sim.markets.merit_order import cross, serve, share_margin
from ysc_sim.units import Bools, Floats, Fraction, Ints


def clear_pay_as_bid(
    quantity_kwh: ArrayLike, price_jpy_per_kwh: ArrayLike, is_buyer: ArrayLike, *, k: float = 1.0
) -> Clearing:
    """Clear books of n orders, (…, n) each; every pair of bid and ask at ``ask + k · (bid − ask)``.

    The prices of the answer are means over all that was bought; NaN where nothing trades.

    Raises ``ValueError`` as :func:`ysc_sim.markets.clear_call_auction` does.

    >>> book = clear_pay_as_bid([2.0, 1.0, 1.0, 2.0], [30.0, 20.0, 10.0, 18.0], [True, True, False, False])
    >>> book.payment_jpy.tolist()
    [60.0, 20.0, -30.0, -50.0]
    """
    if not 0 <= k <= 1:
        raise ValueError(f"k(={k}) must be between 0 and 1.")
    orders = check_orders(quantity_kwh, price_jpy_per_kwh, is_buyer)
    crossing = cross(*orders)
    cleared = share_margin(serve(*orders, crossing), crossing)
    buys = orders.is_buyer
    price = pair_prices(cleared, orders.price_jpy_per_kwh, buys, k)
    payment = cleared * np.where(buys, price, -price)
    volume = np.add.reduce(cleared * buys, axis=-1)
    paid = np.add.reduce(payment * buys, axis=-1)
    mean = np.divide(paid, volume, out=np.full(volume.shape, np.nan), where=volume > 0)
    nothing = np.zeros(volume.shape)
    return Clearing(mean, mean, cleared, np.zeros_like(cleared), payment, nothing, nothing)


def pair_prices(cleared: Floats | Ints, price: Floats, is_buyer: Bools, k: float) -> Floats:
    """Mean price of each cleared order over the pairs that it is part of, (…, n); 0 where nothing is cleared."""
    if price.shape[-1] == 0:
        return np.zeros(price.shape)
    bid, ask = _Ladder(cleared, price, is_buyer, -1.0), _Ladder(cleared, price, ~is_buyer, 1.0)
    met_ask, met_bid = bid.mean_of(ask), ask.mean_of(bid)
    own, met = price, np.where(is_buyer, met_ask, met_bid)
    mixed = np.where(is_buyer, met + k * (own - met), own + k * (met - own))
    # Rounding must not carry a price out of the range of its pair.
    mixed = np.clip(mixed, np.minimum(own, met), np.maximum(own, met))
    return np.where(cleared > 0, mixed, 0.0)


class _Ladder:
    """One side of the book in merit order: cleared energy from best to worst, orders at one price as one rung."""

    def __init__(self, cleared: Floats | Ints, price: Floats, side: Bools, sign: float) -> None:
        live = side & (cleared > 0)
        key = np.where(live, sign * price, np.inf)
        self.order = np.argsort(key, axis=-1, kind="stable")
        key = np.take_along_axis(key, self.order, axis=-1)
        energy = np.take_along_axis(np.where(live, cleared, 0), self.order, axis=-1).astype(np.float64)
        end = np.cumsum(energy, axis=-1)
        new = np.ones(key.shape, dtype=np.bool_)
        new[..., 1:] = key[..., 1:] != key[..., :-1]
        last = np.roll(new, -1, axis=-1)
        last[..., -1] = True
        before = np.concatenate([np.zeros_like(end[..., :1]), end[..., :-1]], axis=-1)
        self.start = np.maximum.accumulate(np.where(new, before, 0.0), axis=-1)
        behind = np.where(last, end, end[..., -1:])[..., ::-1]
        self.end = np.minimum.accumulate(behind, axis=-1)[..., ::-1]
        self.steps = end
        self.price = np.where(np.isfinite(key), sign * key, 0.0)
        self.area = np.cumsum(energy * self.price, axis=-1)

    def mean_of(self, other: _Ladder) -> Floats:
        """Mean price of the other side over the rung of each order, (…, n) in the order of the book."""
        span = self.end - self.start
        area = other.area_below(self.end) - other.area_below(self.start)
        mean = np.divide(area, span, out=np.zeros_like(span), where=span > 0)
        answer: Floats = np.empty(mean.shape)
        np.put_along_axis(answer, self.order, mean, axis=-1)
        return answer

    def area_below(self, energy: Floats) -> Floats:
        """∫ price over the first ``energy`` of this ladder."""
        n = energy.shape[-1]
        both = np.concatenate([self.steps, energy], axis=-1)
        rank = np.argsort(both, axis=-1, kind="stable")
        mine = np.cumsum(rank < n, axis=-1)
        below = np.empty_like(mine)
        np.put_along_axis(below, rank, mine, axis=-1)
        # Steps that end at or below the energy come first among equals: the next one is where it stands.
        step = np.minimum(below[..., n:], n - 1)
        at, area = np.take_along_axis(self.steps, step, axis=-1), np.take_along_axis(self.area, step, axis=-1)
        level = np.take_along_axis(self.price, step, axis=-1)
        below_energy: Floats = area - level * (at - energy)
        return below_energy


@dataclass(frozen=True, kw_only=True)
class PayAsBidSpec:
    """Discriminatory prices once per settlement slot."""

    k: Fraction = 1.0
    """Share of the gap between the two prices of a pair that goes to the seller: 1 is the buyer's price."""


class PayAsBid:
    """Merit-order double auction in whole milliwatt-hours, every pair at its own price."""

    kind: ClassVar[str] = "pay_as_bid"
    Spec: ClassVar[type] = PayAsBidSpec
    trades: ClassVar[bool] = True

    def __init__(self, spec: PayAsBidSpec) -> None:
        self.spec = spec

    def clear(self, bids: Bids) -> Cleared:
        """The energy of a call auction, each order at the mean price of its pairs."""
        quantity, limit, is_buyer = bids
        cleared = fill_whole(quantity, limit, is_buyer)[0]
        bought = cleared * is_buyer
        return Cleared(bought, cleared - bought, pair_prices(cleared, limit, is_buyer, self.spec.k))
