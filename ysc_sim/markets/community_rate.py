"""Rates by which a community shares its energy: one inside price, everybody served in proportion.

With demand D and supply S of a period, min(S, D) changes hands inside at the inside price; the longer side deals
with the supplier for the rest, each member in proportion to its own energy. All that a member buys or sells then
costs one blended price, and the payments add up to the community's bill behind one meter.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from ysc_sim.billing import split_by_largest_remainder
from ysc_sim.contracts import Bids, Cleared
from ysc_sim.markets.clearing import Clearing, aligned, blocks, refuse
from ysc_sim.units import Bools, Floats

RATE_BATCH = 40_000
"""Net energies shared at once: with what they need they stay in the cache."""

InsidePrice = Callable[[Floats, Floats, Floats, Floats], Floats]
"""Price of inside trade from demand, supply and the supplier's two prices, arrays of one shape."""


class Period(NamedTuple):
    """Checked periods: net energy (…, n) and what the supplier asks and pays, (…,)."""

    net_kwh: Floats
    buy_jpy_per_kwh: Floats
    sell_jpy_per_kwh: Floats
    demand_kwh: Floats
    supply_kwh: Floats


def check_periods(
    net_kwh: ArrayLike, buy_jpy_per_kwh: ArrayLike, sell_jpy_per_kwh: ArrayLike, *, ordered: bool = True
) -> Period:
    """Broadcast and refuse what is no period; ``ordered``: buying must not be cheaper than selling.

    Raises ``ValueError`` for numbers that are not finite, and for prices in the wrong order.
    """
    net, buy, sell = _broadcast(net_kwh, buy_jpy_per_kwh, sell_jpy_per_kwh, ordered=ordered)
    demand, supply = _sides(net)
    return Period(net, buy, sell, demand, supply)


def _broadcast(
    net_kwh: ArrayLike, buy_jpy_per_kwh: ArrayLike, sell_jpy_per_kwh: ArrayLike, *, ordered: bool
) -> tuple[Floats, Floats, Floats]:
    net = np.asarray(net_kwh, dtype=np.float64)
    if net.ndim == 0:
        raise ValueError("net_kwh must have a last axis of members, (…, n).")
    buy, sell = np.asarray(buy_jpy_per_kwh, dtype=np.float64), np.asarray(sell_jpy_per_kwh, dtype=np.float64)
    for name, values in (("buy_jpy_per_kwh", buy), ("sell_jpy_per_kwh", sell)):
        refuse(values, ~np.isfinite(values), name, "finite")
    if ordered:
        cheap = buy < sell
        refuse(np.broadcast_to(buy, cheap.shape), cheap, "buy_jpy_per_kwh", "at least sell_jpy_per_kwh")
    shape = np.broadcast_shapes(net.shape[:-1], buy.shape, sell.shape)
    net = np.broadcast_to(net, (*shape, net.shape[-1]))
    return net, np.broadcast_to(buy, shape), np.broadcast_to(sell, shape)


def _sides(net: Floats) -> tuple[Floats, Floats]:
    """Demand and supply of each period, (…,).

    Raises ``ValueError`` for what is not finite.
    """
    shape, n = net.shape[:-1], net.shape[-1]
    rows = math.prod(shape)
    flat, sums = net.reshape(rows, n), np.empty((2, rows))
    work = aligned(_rows_at_once(n), n)
    for at in blocks(rows, n, RATE_BATCH):
        here = flat[at]
        side = work[: len(here)]
        np.einsum("ij->i", np.minimum(here, 0.0, out=side), out=sums[0, at])
        np.einsum("ij->i", np.maximum(here, 0.0, out=side), out=sums[1, at])
    # What is not finite shows in the sums.
    if not np.isfinite(sums).all():
        refuse(net, ~np.isfinite(net), "net_kwh", "finite")
        raise ValueError("net_kwh must be small enough to be added up.")
    return np.absolute(sums[0]).reshape(shape), np.absolute(sums[1]).reshape(shape)


def _rows_at_once(n: int) -> int:
    return max(1, RATE_BATCH // max(n, 1))


class Rates(NamedTuple):
    """What holds for a whole period, (rows,) each."""

    paid: Floats
    """Price of all that a buyer needs."""
    earned: Floats
    """Price of all that a seller has."""
    part: Floats
    """Part of the longer side that is cleared inside."""
    ahead: Bools
    """Supply is longer."""


def clear_periods(
    net_kwh: ArrayLike,
    buy_jpy_per_kwh: ArrayLike,
    sell_jpy_per_kwh: ArrayLike,
    inside_price: InsidePrice,
    *,
    ordered: bool = True,
) -> Clearing:
    """Share periods, net (…, n) kWh > 0 surplus, at an inside price: see the module.

    Raises ``ValueError`` as :func:`check_periods` does.
    """
    net, buy, sell = _broadcast(net_kwh, buy_jpy_per_kwh, sell_jpy_per_kwh, ordered=ordered)
    demand, supply = _sides(net)
    level = inside_price(demand, supply, buy, sell)
    inside, gap, ahead = np.minimum(demand, supply), demand - supply, supply > demand
    trades = inside > 0
    bought, sold = (np.divide(inside, side, out=np.zeros_like(inside), where=trades) for side in (demand, supply))
    # Where nothing changes hands inside, a part of 0 leaves the supplier's prices.
    paid, earned = _blend(bought, level, buy), _blend(sold, level, sell)
    flat = net.reshape(math.prod(net.shape[:-1]), net.shape[-1])
    part = np.minimum(bought, sold).reshape(-1)
    rates = Rates(paid.reshape(-1), earned.reshape(-1), part, ahead.reshape(-1))
    cleared, grid, payment = (of.reshape(net.shape) for of in _members(flat, rates))
    nothing = np.zeros_like(inside)
    return Clearing(
        np.where(trades, paid, np.nan),
        np.where(trades, earned, np.nan),
        cleared,
        grid,
        payment,
        gap * np.where(ahead, sell, buy),
        nothing,
    )


def _members(net: Floats, rates: Rates) -> Floats:
    """Cleared energy, grid energy and payment of each member, (3, rows, n): every pass over the numbers counts here."""
    rows, n = net.shape
    # One piece of memory for all: freed as one, it stays with the process and is not cleared anew.
    found = aligned(3, math.ceil(rows * n / 8) * 8)[:, : rows * n].reshape(3, rows, n)
    work = aligned(3, _rows_at_once(n), n)
    # Then the dearer side of every number is the right one; at a price of 0 it would be −0.
    straight = bool(((rates.paid >= rates.earned) & (rates.earned > 0)).all())
    for at in blocks(rows, n, RATE_BATCH):
        cleared, grid, payment = found[:, at]
        need, bought, sold = work[:, : len(grid)]
        np.subtract(0.0, net[at], out=need)
        # To spread the price of a row is cheaper than to multiply by a column.
        bought[...], sold[...] = rates.paid[at, None], rates.earned[at, None]
        if straight:
            np.maximum(np.multiply(bought, need, out=bought), np.multiply(sold, need, out=sold), out=payment)
        else:
            bought *= np.maximum(need, 0.0)
            sold *= np.minimum(need, 0.0)
            np.add(bought, sold, out=payment)
        kept = _kept(need, rates.part[at, None], rates.ahead[at], bought)
        np.absolute(kept, out=cleared)
        np.subtract(need, kept, out=grid)
    return found


def _kept(need: Floats, part: Floats, ahead: Bools, out: Floats) -> Floats:
    """What changes hands inside, (rows, n) > 0 bought: ``part`` of the longer side, supply where it is ``ahead``.

    Of a number and its part the lesser where demand is longer, since both are negative on the other side; else the
    greater.
    """
    out[...] = part
    out *= need
    np.minimum(out, need, out=out)
    rows = np.flatnonzero(ahead)
    all_of = need[rows]
    out[rows] = np.maximum(all_of * part[rows], all_of)
    return out


def _blend(part: Floats, inside: Floats, outside: Floats) -> Floats:
    """Mean of two prices; rounding must not carry it out of their range."""
    mean = part * inside + (1 - part) * outside
    mean = np.minimum(np.maximum(mean, np.minimum(inside, outside)), np.maximum(inside, outside))
    return np.where(part > 0, mean, outside)


def clear_whole(bids: Bids, inside_price: InsidePrice) -> Cleared:
    """The same rule for orders of the engine, in whole milliwatt-hours: cut by largest remainder, ties by building.

    ``inside_price(demand, supply, buy, sell)``, (…, 1) each. Where members value energy differently, the lowest bid and
    the highest ask take the place of the supplier's prices, so that nobody trades at a loss; where these cross
    nothing is traded.
    """
    quantity, price, is_buyer = bids
    if quantity.size == 0:
        return Cleared(quantity.copy(), quantity.copy(), np.zeros(quantity.shape))
    wanted, offered = quantity * is_buyer, quantity * ~is_buyer
    buy = np.minimum.reduce(np.where(wanted > 0, price, np.inf), axis=-1, keepdims=True)
    sell = np.maximum.reduce(np.where(offered > 0, price, -np.inf), axis=-1, keepdims=True)
    demand, supply = (np.add.reduce(side, axis=-1, keepdims=True) for side in (wanted, offered))
    trades = (demand > 0) & (supply > 0) & (buy >= sell)
    volume = np.where(trades, np.minimum(demand, supply), 0)
    shares = []
    for side, whole in ((wanted, demand), (offered, supply)):
        share = np.where(volume == whole, side, 0)
        cut = ((volume > 0) & (volume < whole))[..., 0]
        if cut.any():
            share[cut] = split_by_largest_remainder(volume[cut][..., 0], side[cut])
        shares.append(share)
    level = inside_price(
        demand.astype(np.float64), supply.astype(np.float64), *(np.where(trades, value, 0.0) for value in (buy, sell))
    )
    return Cleared(shares[0], shares[1], np.where(shares[0] + shares[1] > 0, level, 0.0))
