"""Huang's multi-unit double auction: the price setters stay out, so that nobody gains by lying about the price.

Buyers better than the cheapest accepted bid pay that bid, sellers better than the dearest accepted ask get that ask;
orders at those two prices trade nothing. The longer side gives up equal amounts, down to nothing; the difference of the
prices stays with the operator.

Source: P. Huang, A. Scheller-Wolf, K. Sycara, Design of a multi-unit double auction e-market, Computational
Intelligence 18 (2002) 596–617, footnote on page 8 for the longer side.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from ysc_sim.billing import split_by_largest_remainder
from ysc_sim.contracts import Bids, Cleared
from ysc_sim.markets.clearing import Clearing, check_orders
from ysc_sim.markets.merit_order import cross, serve
from ysc_sim.units import Floats


def huang(quantity_kwh: ArrayLike, price_jpy_per_kwh: ArrayLike, is_buyer: ArrayLike) -> Clearing:
    """Clear books of n orders, (…, n) each, of any size; orders at one price set the price together or trade together.

    Raises ``ValueError`` as :func:`ysc_sim.markets.clear_call_auction` does.

    >>> deal = huang([0.2, 1.0, 0.3, 2.0], [3.3, 3.0, 1.0, 2.0], [True, True, False, False])
    >>> deal.cleared_kwh.round(9).tolist(), deal.payment_jpy.round(9).tolist(), float(deal.surplus_jpy.round(9))
    ([0.2, 0.0, 0.2, 0.0], [0.6, 0.0, -0.4, 0.0], 0.2)
    """
    orders = check_orders(quantity_kwh, price_jpy_per_kwh, is_buyer)
    crossing = cross(*orders)
    inside = serve(*orders, crossing).full
    wanted, offered = inside * orders.is_buyer, inside * ~orders.is_buyer
    demand, supply = (np.add.reduce(side, axis=-1, keepdims=True) for side in (wanted, offered))
    volume = np.minimum(demand, supply)
    bought, sold = (
        np.where(volume < whole, give_up(side, volume), side) for side, whole in ((wanted, demand), (offered, supply))
    )
    trades = volume > 0
    buyer, seller = (np.where(trades, level, np.nan) for level in (crossing.bid, crossing.ask))
    pays, earns = np.nan_to_num(buyer), np.nan_to_num(seller)
    payment = bought * pays - sold * earns
    nothing = np.zeros(volume.shape[:-1])
    return Clearing(
        buyer[..., 0], seller[..., 0], bought + sold, np.zeros_like(bought), payment, nothing,
        (volume * (pays - earns))[..., 0],
    )  # fmt: skip


def give_up(parts: Floats, total: Floats) -> Floats:
    """``parts`` (…, n) ≥ 0, each less by one amount but never below 0, so that they add up to ``total`` (…, 1)."""
    if parts.shape[-1] == 0:
        return parts.copy()
    rising = np.sort(parts, axis=-1)
    tail = np.cumsum(rising[..., ::-1], axis=-1)[..., ::-1]
    count = np.arange(parts.shape[-1], 0, -1)
    # The amount lies below the first part at which the rest above it no longer holds the total.
    place = np.argmax(tail - count * rising <= total, axis=-1, keepdims=True)
    amount = (np.take_along_axis(tail, place, axis=-1) - total) / count[place]
    kept: Floats = np.maximum(parts - np.maximum(amount, 0.0), 0.0)
    return kept


@dataclass(frozen=True, kw_only=True)
class HuangSpec:
    """Nothing to set."""


class Huang:
    """Truthful multi-unit double auction in whole milliwatt-hours; its surplus stays with the operator."""

    kind: ClassVar[str] = "huang"
    Spec: ClassVar[type] = HuangSpec
    trades: ClassVar[bool] = True

    def __init__(self, spec: HuangSpec) -> None:
        self.spec = spec

    def clear(self, bids: Bids) -> Cleared:
        """Orders better than the two price setters; the longer side gives up equal amounts."""
        quantity, limit, is_buyer = bids
        crossing = cross(quantity, limit, is_buyer)
        inside = serve(quantity, limit, is_buyer, crossing).full
        wanted, offered = inside * is_buyer, inside * ~is_buyer
        demand, supply = (np.add.reduce(side, axis=-1, keepdims=True) for side in (wanted, offered))
        volume = np.minimum(demand, supply)
        shares = []
        for side, whole in ((wanted, demand), (offered, supply)):
            share = np.where(volume == whole, side, 0)
            cut = ((volume > 0) & (volume < whole))[..., 0]
            if cut.any():
                rest = give_up(side[cut].astype(np.float64), volume[cut].astype(np.float64))
                share[cut] = split_by_largest_remainder(volume[cut][..., 0], rest)
            shares.append(share)
        bought, sold = shares
        price = np.where(is_buyer, crossing.bid, crossing.ask)
        return Cleared(bought, sold, np.where(bought + sold > 0, price, 0.0))
