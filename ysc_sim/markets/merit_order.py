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
    if n == 0:
        nothing = np.zeros((*quantity.shape[:-1], 1))
        return Crossing(nothing.astype(quantity.dtype), nothing.astype(quantity.dtype), *[nothing] * 4)
    order = np.argsort(price, axis=-1)
    at = np.take_along_axis(price, order, axis=-1)
    signed = np.take_along_axis(np.where(is_buyer, -quantity, quantity), order, axis=-1)
    supply = np.cumsum(np.maximum(signed, 0), axis=-1)
    # Summed from its own end, so that rounding stays small beside small volumes.
    demand = np.cumsum(np.maximum(-signed, 0)[..., ::-1], axis=-1)[..., ::-1]
    volume = _volume(at, signed, supply, demand)
    slack = _slack(volume, n)
    least, most = volume - slack, volume + slack
    ask = _first(at, supply >= least, np.inf)
    spare_ask = _first(at, supply > most, np.inf)
    bid = _last(at, demand >= least, -np.inf)
    spare_bid = _last(at, demand > most, -np.inf)
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


def _first(at: Floats, where: Bools, otherwise: float) -> Floats:
    """Price at the first true place of each row, (…, 1)."""
    place = np.argmax(where, axis=-1, keepdims=True)
    found = np.take_along_axis(where, place, axis=-1)
    return np.where(found, np.take_along_axis(at, place, axis=-1), otherwise)


def _last(at: Floats, where: Bools, otherwise: float) -> Floats:
    return _first(at[..., ::-1], where[..., ::-1], otherwise)


class Served(NamedTuple):
    """Who is served in full, who shares what is left at the margin, and how much that is."""

    full: Bools
    """(…, n)"""
    marginal: Bools
    """(…, n) orders at the marginal price of their side."""
    marginal_ask: Quantities
    """(…, 1) energy that the marginal asks share."""
    marginal_bid: Quantities


def serve(quantity: Quantities, price: Floats, is_buyer: Bools, crossing: Crossing) -> Served:
    """Orders better than the margin are served in full; those at the margin share the rest of the volume."""
    trades = crossing.volume > 0
    margin = np.where(is_buyer, crossing.bid, crossing.ask)
    better = np.where(is_buyer, price > margin, price < margin) & trades
    inside = np.where(better, quantity, 0)
    before_bid = np.add.reduce(np.where(is_buyer, inside, 0), axis=-1, keepdims=True)
    before_ask = np.add.reduce(np.where(is_buyer, 0, inside), axis=-1, keepdims=True)
    marginal = (price == margin) & trades & (quantity > 0)
    return Served(better, marginal, crossing.volume - before_ask, crossing.volume - before_bid)


def share_margin(quantity: Floats, is_buyer: Bools, crossing: Crossing, served: Served) -> Floats:
    """Cleared energy of float orders, (…, n): equal prices at the margin in proportion to their quantities."""
    size = np.where(served.marginal, quantity, 0.0)
    cleared = np.where(served.full, quantity, 0.0)
    for side, part in ((is_buyer, served.marginal_bid), (~is_buyer, served.marginal_ask)):
        whole = np.add.reduce(np.where(side, size, 0.0), axis=-1, keepdims=True)
        share = np.divide(part, whole, out=np.zeros_like(whole), where=whole > 0)
        share = np.where(part >= whole - crossing.slack, 1.0, share)
        cleared += np.where(side, size * share, 0.0)
    return cleared
