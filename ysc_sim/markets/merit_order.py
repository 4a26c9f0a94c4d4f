"""Where supply and demand of a book cross: volume, marginal prices, and who is served.

Works alike on whole numbers, where everything is exact, and on floats, where sums that differ by rounding count as
equal. Every row of a batch is worked out from its own orders alone.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from ysc_sim.units import Bools, Floats

Quantities: TypeAlias = npt.NDArray[Any]
"""Energy as whole numbers or floats."""


class Crossing(NamedTuple):
    """Crossing of each row, (…, 1) each; prices are meaningless where the volume is 0."""

    volume: Quantities
    """Largest energy that can change hands: max over p of min(asks ≤ p, bids ≥ p)."""
    slack: Quantities
    """Energy that counts as nothing beside the volume; 0 in whole numbers."""
    ask: Floats
    """Dearest accepted ask."""
    bid: Floats
    """Cheapest accepted bid."""
    low: Floats
    """Highest of accepted asks and unfilled (part) bids: below it somebody would be wronged."""
    high: Floats
    """Lowest of accepted bids and unfilled (part) asks."""


def cross(quantity: Quantities, price: Floats, is_buyer: Bools) -> Crossing:
    """Crossing of each book of (…, n) orders."""
    n = quantity.shape[-1]
    if quantity.size == 0:
        nothing = np.zeros((*quantity.shape[:-1], 1))
        return Crossing(nothing.astype(quantity.dtype), nothing.astype(quantity.dtype), *[nothing] * 4)
    order = np.argsort(price, axis=-1)
    row = np.arange(0, order.size, n).reshape((*order.shape[:-1], 1))
    order += row
    at, signed = np.take(price, order), np.take(quantity * side_sign(is_buyer), order)
    supply = np.cumsum(np.maximum(signed, 0), axis=-1)
    # Summed from its own end, so that rounding stays small beside small volumes.
    demand = np.cumsum(np.maximum(-signed[..., ::-1], 0), axis=-1)[..., ::-1]
    volume = _volume(at, signed, supply, demand)
    slack = _slack(volume, n)
    least, most = volume - slack, volume + slack
    ask = np.take(at, row + np.argmax(supply >= least, axis=-1, keepdims=True))
    bid = np.take(at, row + (n - 1) - np.argmax((demand >= least)[..., ::-1], axis=-1, keepdims=True))
    above = np.argmax(supply > most, axis=-1, keepdims=True)
    below = np.argmax((demand > most)[..., ::-1], axis=-1, keepdims=True)
    spare_ask = np.where(supply[..., -1:] > most, np.take(at, row + above), np.inf)
    spare_bid = np.where(demand[..., :1] > most, np.take(at, row + (n - 1) - below), -np.inf)
    return Crossing(volume, slack, ask, bid, np.maximum(ask, spare_bid), np.minimum(bid, spare_ask))


def _volume(at: Floats, signed: Quantities, supply: Quantities, demand: Quantities) -> Quantities:
    """Largest min(supply, demand), (…, 1), where equal prices count on both sides."""
    new = at[..., 1:] != at[..., :-1]
    mixed = ~new & ((signed[..., 1:] > 0) != (signed[..., :-1] > 0))
    if mixed.any():
        edge = np.ones((*new.shape[:-1], 1), dtype=np.bool_)
        starts, ends = np.concatenate([edge, new], axis=-1), np.concatenate([new, edge], axis=-1)
        # Supply never falls and demand never rises with price: the nearest end is the least, the nearest start too.
        supply = np.where(ends, supply, supply[..., -1:])[..., ::-1]
        supply = np.minimum.accumulate(supply, axis=-1)[..., ::-1]
        demand = np.minimum.accumulate(np.where(starts, demand, demand[..., :1]), axis=-1)
    return np.maximum.reduce(np.minimum(supply, demand), axis=-1, keepdims=True)


def _slack(volume: Quantities, n: int) -> Quantities:
    if volume.dtype == np.int64:
        return np.zeros_like(volume)
    return volume * (4.0 * n * np.finfo(np.float64).eps)


def side_sign(is_buyer: Bools) -> Quantities:
    """−1 for bids, 1 for asks: multiplying is many times faster than choosing."""
    return 1 - 2 * is_buyer.view(np.int8)


class Served(NamedTuple):
    """Who is served in full, who shares what is left at the margin, and how much that is."""

    full: Quantities
    """(…, n) energy of orders better than the margin."""
    marginal_bid: Quantities
    """(…, n) energy wished at the margin of the bids."""
    marginal_ask: Quantities
    rest_bid: Quantities
    """(…, 1) energy that the marginal bids share."""
    rest_ask: Quantities


def serve(quantity: Quantities, price: Floats, is_buyer: Bools, crossing: Crossing) -> Served:
    """Orders better than the margin are served in full; those at the margin share the rest of the volume."""
    quantity = quantity * (crossing.volume > 0)
    # How far an order is from the margin of its side; < 0: better. Equal prices differ by exactly 0.
    away = (price - (is_buyer * crossing.bid + ~is_buyer * crossing.ask)) * side_sign(is_buyer)
    full, marginal = quantity * (away < 0), quantity * (away == 0)
    full_bid, marginal_bid = full * is_buyer, marginal * is_buyer
    before_bid = np.add.reduce(full_bid, axis=-1, keepdims=True)
    before_ask = np.add.reduce(full - full_bid, axis=-1, keepdims=True)
    volume = crossing.volume
    return Served(full, marginal_bid, marginal - marginal_bid, volume - before_bid, volume - before_ask)


def share_margin(served: Served, slack: Floats) -> Floats:
    """Cleared energy of float orders, (…, n): equal prices at the margin in proportion to their quantities."""
    return (
        served.full
        + served.marginal_bid * _share(served.marginal_bid, served.rest_bid, slack)
        + served.marginal_ask * _share(served.marginal_ask, served.rest_ask, slack)
    )


def _share(marginal: Floats, rest: Floats, slack: Floats) -> Floats:
    whole = np.add.reduce(marginal, axis=-1, keepdims=True)
    share = np.divide(rest, whole, out=np.zeros_like(whole), where=whole > 0)
    return np.where(rest >= whole - slack, 1.0, share)
