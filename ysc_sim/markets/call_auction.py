"""Call auction: all orders of a period are cleared at once, at one price.

The volume is the largest that can change hands. Dearest bids and cheapest asks are served first; orders at the
marginal price share what is left in proportion. Every price between ``low`` and ``high`` keeps the promises of the
book (nobody trades at a loss, no unfilled order was better than the price); the k-double auction takes
``low + k · (high − low)``. Truthful orders make the outcome efficient; the rule is not incentive compatible.

Source: M. A. Satterthwaite, S. R. Williams, Bilateral trade with the sealed bid k-double auction, Journal of Economic
Theory 48 (1989) 107–133; R. Wilson, Incentive efficiency of double auctions, Econometrica 53 (1985) 1101–1115.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from ysc_sim.billing import split_by_largest_remainder
from ysc_sim.contracts import Bids, Cleared
from ysc_sim.markets.clearing import Clearing, aligned, blocks, check_orders
from ysc_sim.markets.merit_order import Crossing, Served, fill, share_margin
from ysc_sim.units import Bools, Floats, Fraction, Ints


def clear_call_auction(
    quantity_kwh: ArrayLike, price_jpy_per_kwh: ArrayLike, is_buyer: ArrayLike, *, k: float = 0.5
) -> Clearing:
    """Clear books of n orders, (…, n) each, at one price per book.

    ``quantity_kwh`` ≥ 0; ``price_jpy_per_kwh``: the most a buyer pays, the least a seller takes; ``k`` in [0, 1]: 0
    gives the whole range of prices to the buyers, 1 to the sellers. A bid equal to an ask trades. Orders without
    energy are ignored. The supplier takes no part, so ``grid_kwh`` is 0.

    Raises ``ValueError`` for a negative or infinite quantity, a price that is not finite, a ``k`` outside [0, 1].

    >>> book = clear_call_auction([2.0, 1.0, 1.0, 3.0], [30.0, 20.0, 10.0, 18.0], [True, True, False, False])
    >>> book.cleared_kwh.tolist(), float(book.price_jpy_per_kwh)
    ([2.0, 1.0, 1.0, 2.0], 18.0)
    >>> book.payment_jpy.tolist()
    [36.0, 18.0, -18.0, -36.0]
    """
    if not 0 <= k <= 1:
        raise ValueError(f"k(={k}) must be between 0 and 1.")
    orders = check_orders(quantity_kwh, price_jpy_per_kwh, is_buyer)
    shape = orders.quantity_kwh.shape
    n = shape[-1]
    rows = math.prod(shape[:-1])
    quantity, limit = orders.quantity_kwh.reshape(rows, n), orders.price_jpy_per_kwh.reshape(rows, n)
    buys = orders.is_buyer.reshape(rows, n)
    price: Floats = np.empty((rows, 1))
    # One piece of memory for both: freed as one, it stays with the process and is not cleared anew.
    cleared, payment = aligned(2, math.ceil(rows * n / 8) * 8)[:, : rows * n].reshape(2, rows, n)
    for part in blocks(rows, n):
        signed, crossing = fill(quantity[part], limit[part], buys[part], share_margin)
        np.absolute(signed, out=cleared[part])
        price[part] = _price(crossing, k)
        signed *= np.nan_to_num(price[part])
        np.subtract(0.0, signed, out=payment[part])  # the detour over 0: nothing is 0, not −0
    uniform, nothing = price.reshape(shape[:-1]), np.zeros(shape[:-1])
    grid = np.broadcast_to(0.0, shape)
    return Clearing(uniform, uniform, cleared.reshape(shape), grid, payment.reshape(shape), nothing, nothing)


def _price(crossing: Crossing, k: float) -> Floats:
    """Uniform price, (…, 1); NaN where nothing trades."""
    trades = crossing.volume > 0
    low, high = np.where(trades, crossing.low, np.nan), np.where(trades, crossing.high, np.nan)
    # Rounding must not carry the price out of its range.
    return np.clip(low + k * (high - low), low, high)


@dataclass(frozen=True, kw_only=True)
class CallAuctionSpec:
    """Uniform price once per settlement slot."""

    k: Fraction = 0.5
    """Share of the range of possible prices that goes to the sellers: 0.5 is the middle."""


class CallAuction:
    """Uniform-price double auction in whole milliwatt-hours."""

    kind: ClassVar[str] = "call_auction"
    Spec: ClassVar[type] = CallAuctionSpec
    trades: ClassVar[bool] = True

    def __init__(self, spec: CallAuctionSpec) -> None:
        self.spec = spec

    def clear(self, bids: Bids) -> Cleared:
        """One price per row; equal orders at the margin are cut by largest remainder, ties by building."""
        quantity, limit, is_buyer = bids
        wished = quantity * is_buyer
        if not wished.any() or not (quantity - wished).any():  # by night everybody buys: most slots of a year
            return Cleared(np.zeros_like(quantity), np.zeros_like(quantity), np.zeros(quantity.shape))
        cleared, crossing = fill_whole(quantity, limit, is_buyer)
        bought = cleared * is_buyer
        return Cleared(bought, cleared - bought, np.where(cleared > 0, _price(crossing, self.spec.k), 0.0))


def fill_whole(quantity: Ints, price: Floats, is_buyer: Bools) -> tuple[Ints, Crossing]:
    """Cleared milliwatt-hours, (…, n): both sides of each row add up to its volume exactly; and the crossings."""
    *shape, n = quantity.shape
    flat = (math.prod(shape), n)
    signed, crossing = fill(quantity.reshape(flat), price.reshape(flat), is_buyer.reshape(flat), _cut)
    return np.absolute(signed).reshape(quantity.shape), Crossing(*(of.reshape(*shape, 1) for of in crossing))


def _cut(served: Served, crossing: Crossing) -> Ints:
    """Orders of one price at the margin by largest remainder."""
    cleared: Ints = served.full
    for size, rest in ((served.marginal_bid, served.rest_bid), (served.marginal_ask, served.rest_ask)):
        cut = (rest < np.add.reduce(size, axis=-1, keepdims=True))[..., 0]
        cleared += np.where(cut[..., None], 0, size)
        if cut.any():
            cleared[cut] += split_by_largest_remainder(rest[cut, 0], size[cut])
    return cleared
