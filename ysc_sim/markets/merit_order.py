"""Where supply and demand of a book cross: volume, marginal prices, and who is served.

Works alike on whole numbers, where everything is exact, and on floats, where sums that differ by rounding count as
equal. Every row of a batch is worked out from its own orders alone.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from ysc_sim.units import Bools, Floats, Ints

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


class Ladder(NamedTuple):
    """The orders of each book from the cheapest to the dearest, (…, n) each."""

    order: Ints
    """Places of the orders in the whole batch, counted through."""
    row: Ints
    """(…, 1) where each row begins."""
    price: Floats
    asked: Quantities
    """Energy of asks, 0 at bids."""
    wanted: Quantities
    """Energy of bids as a number ≤ 0, 0 at asks."""
    supply: Quantities
    """Energy of this ask and all cheaper ones."""
    demand: Quantities
    """Energy of this bid and all dearer ones."""


def climb(quantity: Quantities, price: Floats, is_buyer: Bools) -> Ladder:
    """Sort books of (…, n) orders, at least one in all."""
    n = quantity.shape[-1]
    index = np.argsort(price, axis=-1)
    row = np.arange(0, index.size, n).reshape((*index.shape[:-1], 1))
    index += row
    signed = np.take(quantity * side_sign(is_buyer), index)
    asked, wanted = np.maximum(signed, 0), np.minimum(signed, 0)
    demand = np.empty_like(signed)
    # Summed from its own end, so that rounding stays small beside small volumes.
    np.add.accumulate(wanted[..., ::-1], axis=-1, out=demand[..., ::-1])
    np.negative(demand, out=demand)
    return Ladder(index, row, np.take(price, index), asked, wanted, np.add.accumulate(asked, axis=-1), demand)


def cross(quantity: Quantities, price: Floats, is_buyer: Bools) -> Crossing:
    """Crossing of each book of (…, n) orders."""
    if quantity.size == 0:
        return _no_crossing(quantity)
    return meet(climb(quantity, price, is_buyer))[0]


def _no_crossing(quantity: Quantities) -> Crossing:
    nothing = np.zeros((*quantity.shape[:-1], 1))
    return Crossing(nothing.astype(quantity.dtype), nothing.astype(quantity.dtype), *[nothing] * 4)


def meet(ladder: Ladder) -> tuple[Crossing, Ints, Ints]:
    """Crossing of each book, and the places on the ladder of its marginal ask and bid, (…, 1)."""
    at, supply, demand, row = ladder.price, ladder.supply, ladder.demand, ladder.row
    n = at.shape[-1]
    volume = _volume(ladder)
    slack = _slack(volume, n)
    least, most = volume - slack, volume + slack
    last = row + (n - 1)
    ask_place, bid_place = row + _first(supply >= least), _before(demand < least, row, last)
    ask, bid = np.take(at, ask_place), np.take(at, bid_place)
    above, below = row + _first(supply > most), _before(demand <= most, row, last)
    spare_ask = np.where(supply[..., -1:] > most, np.take(at, above), np.inf)
    spare_bid = np.where(demand[..., :1] > most, np.take(at, below), -np.inf)
    found = Crossing(volume, slack, ask, bid, np.maximum(ask, spare_bid), np.minimum(bid, spare_ask))
    return found, ask_place, bid_place


def _first(true: Bools) -> Ints:
    """Place of the first True in each row; 0 without one."""
    found: Ints = np.argmax(true, axis=-1, keepdims=True)
    return found


def _before(true: Bools, row: Ints, last: Ints) -> Ints:
    """Place just before the first True of each row, the last place without any, the first if the row begins so."""
    first = row + _first(true)
    return np.where(np.take(true, first), np.maximum(first - 1, row), last)


def _volume(ladder: Ladder) -> Quantities:
    """Largest min(supply, demand), (…, 1), where equal prices count on both sides."""
    at, supply, demand, row = ladder.price, ladder.supply, ladder.demand, ladder.row
    new = at[..., 1:] != at[..., :-1]
    asks = ladder.asked > 0 if not new.all() else None
    if asks is not None and (~new & (asks[..., 1:] != asks[..., :-1])).any():
        edge = np.ones((*new.shape[:-1], 1), dtype=np.bool_)
        starts, ends = np.concatenate([edge, new], axis=-1), np.concatenate([new, edge], axis=-1)
        # Supply never falls and demand never rises with price: the nearest end is the least, the nearest start too.
        supply = np.where(ends, supply, supply[..., -1:])[..., ::-1]
        supply = np.ascontiguousarray(np.minimum.accumulate(supply, axis=-1)[..., ::-1])
        demand = np.minimum.accumulate(np.where(starts, demand, demand[..., :1]), axis=-1)
    # The two cross once: before that supply is the lesser and grows, from there demand, which falls.
    met = row + _first(supply >= demand)
    supplied, demanded = np.take(supply, met), np.take(demand, met)
    before = np.take(supply, np.maximum(met - 1, row))
    after = np.where(met > row, np.maximum(before, demanded), demanded)
    return np.where(supplied >= demanded, after, supply[..., -1:])


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
    volume = crossing.volume
    ask = np.where(volume > 0, crossing.ask, -np.inf)
    bid = np.where(volume > 0, crossing.bid, np.inf)
    wanted = quantity * is_buyer
    offered = quantity - wanted
    full_bid, full_ask = wanted * (price > bid), offered * (price < ask)
    rests = [volume - np.add.reduce(full, axis=-1, keepdims=True) for full in (full_bid, full_ask)]
    return Served(full_bid + full_ask, wanted * (price == bid), offered * (price == ask), *rests)


def share_margin(served: Served, crossing: Crossing) -> Floats:
    """Cleared energy of float orders, (…, n): equal prices at the margin in proportion to their quantities."""
    return (
        served.full
        + served.marginal_bid * _share(served.marginal_bid, served.rest_bid, crossing.slack)
        + served.marginal_ask * _share(served.marginal_ask, served.rest_ask, crossing.slack)
    )


SPREAD = 256
"""Orders of a book up to which masks are looked up."""
Share: TypeAlias = Callable[[Served, Crossing], Quantities]
"""How orders of one price divide what is left at the margin: cleared energy of all orders, (…, n)."""


def fill(quantity: Quantities, price: Floats, is_buyer: Bools, share: Share) -> tuple[Quantities, Crossing]:
    """Cleared energy of each order of (rows, n), > 0 sold, and the crossings; ``share`` is asked where prices tie."""
    if quantity.size == 0:
        return quantity.copy(), _no_crossing(quantity)
    ladder = climb(quantity, price, is_buyer)
    crossing, ask_place, bid_place = meet(ladder)
    tied = (crossing.volume > 0) & (_tie(ladder, ask_place) | _tie(ladder, bid_place))
    signed = np.empty(quantity.shape, dtype=quantity.dtype)
    if not tied.all():
        signed.reshape(-1)[ladder.order.reshape(-1)] = _fill_alone(ladder, crossing, ask_place, bid_place).reshape(-1)
    rows = np.flatnonzero(tied)
    if len(rows):
        some = Crossing(*(of[rows] for of in crossing))
        side = is_buyer[rows]
        signed[rows] = share(serve(quantity[rows], price[rows], side, some), some) * side_sign(side)
    return signed, crossing


def _tie(ladder: Ladder, place: Ints) -> Bools:
    """Whether the order at ``place``, (rows, 1), has a neighbour of the same price."""
    at, row = ladder.price, ladder.row
    last, margin = row + (at.shape[-1] - 1), np.take(at, place)
    below: Bools = (place > row) & (np.take(at, np.maximum(place - 1, row)) == margin)
    above: Bools = (place < last) & (np.take(at, np.minimum(place + 1, last)) == margin)
    return below | above


def _fill_alone(ladder: Ladder, crossing: Crossing, ask_place: Ints, bid_place: Ints) -> Quantities:
    """Cleared energy in the order of the ladder, (rows, n), where one order of each side is marginal."""
    n, trades = ladder.price.shape[-1], crossing.volume > 0
    below = np.where(trades, ask_place - ladder.row, 0)
    above = np.where(trades, bid_place - ladder.row, n - 1)
    filled: Quantities
    if n > SPREAD:
        filled = ladder.asked * (np.arange(n) < below) + ladder.wanted * (np.arange(n) > above)
    else:  # to look a row up is cheaper than to compare its places
        lower, upper = _masks(n, ladder.asked.dtype)
        filled = ladder.asked * np.take(lower, below[:, 0], axis=0)
        filled += ladder.wanted * np.take(upper, above[:, 0], axis=0)
    flat = filled.reshape(-1)
    for place, size, sums, sign in (
        (ask_place, ladder.asked, ladder.supply, 1),
        (bid_place, ladder.wanted, ladder.demand, -1),
    ):
        whole = np.take(size, place) * sign
        rest = crossing.volume - (np.take(sums, place) - whole)
        part = np.where(rest >= whole - crossing.slack, whole, rest)
        flat[place[trades]] += sign * part[trades]
    return filled


@lru_cache(maxsize=8)
def _masks(n: int, dtype: np.dtype[Any]) -> tuple[Quantities, Quantities]:
    """1 in places below k, and in places above k, for each row k, (n, n) each."""
    return np.tri(n, n, -1, dtype=dtype), 1 - np.tri(n, n, dtype=dtype)


def _share(marginal: Floats, rest: Floats, slack: Floats) -> Floats:
    whole = np.add.reduce(marginal, axis=-1, keepdims=True)
    share = np.divide(rest, whole, out=np.zeros_like(whole), where=whole > 0)
    return np.where(rest >= whole - slack, 1.0, share)
