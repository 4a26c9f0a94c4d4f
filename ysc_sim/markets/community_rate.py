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
from ysc_sim.markets.clearing import Clearing, blocks, refuse
from ysc_sim.units import Bools, Floats

RATE_BATCH = 40_000
"""Net energies shared at once."""


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
    net = np.asarray(net_kwh, dtype=np.float64)
    if net.ndim == 0:
        raise ValueError("net_kwh must have a last axis of members, (…, n).")
    buy, sell = np.asarray(buy_jpy_per_kwh, dtype=np.float64), np.asarray(sell_jpy_per_kwh, dtype=np.float64)
    shape = np.broadcast_shapes(net.shape[:-1], buy.shape, sell.shape)
    net = np.broadcast_to(net, (*shape, net.shape[-1]))
    buy, sell = np.broadcast_to(buy, shape), np.broadcast_to(sell, shape)
    for name, values in (("buy_jpy_per_kwh", buy), ("sell_jpy_per_kwh", sell)):
        refuse(values, ~np.isfinite(values), name, "finite")
    if ordered:
        refuse(buy, buy < sell, "buy_jpy_per_kwh", "at least sell_jpy_per_kwh")
    demand, supply = _sides(net)
    # What is not finite shows in the sums.
    if not (np.isfinite(demand).all() and np.isfinite(supply).all()):
        refuse(net, ~np.isfinite(net), "net_kwh", "finite")
        raise ValueError("net_kwh must be small enough to be added up.")
    return Period(net, buy, sell, demand, supply)


def _sides(net: Floats) -> tuple[Floats, Floats]:
    """Demand and supply of each period, (…,)."""
    shape, n = net.shape[:-1], net.shape[-1]
    flat = net.reshape(math.prod(shape), n)
    demand, supply = np.empty(len(flat)), np.empty(len(flat))
    for part in blocks(len(flat), n, RATE_BATCH):
        np.einsum("ij->i", np.minimum(flat[part], 0.0), out=demand[part])
        np.einsum("ij->i", np.maximum(flat[part], 0.0), out=supply[part])
    return (0.0 - demand).reshape(shape), supply.reshape(shape)


def clear_inside(period: Period, inside_jpy_per_kwh: Floats) -> Clearing:
    """Share periods at an inside price (…,): see the module."""
    net, buy, sell, demand, supply = period
    inside, ahead = np.minimum(demand, supply), supply > demand
    trades, longer = inside > 0, np.where(ahead, supply, demand)
    zero = np.zeros_like(inside)
    part = np.divide(inside, longer, out=zero.copy(), where=trades)
    outside = np.where(ahead, sell, buy)
    blend = np.where(trades, _blend(part, inside_jpy_per_kwh, outside), np.nan)
    level = np.where(trades, inside_jpy_per_kwh, np.nan)
    energies = _share(net, ahead, part, inside_jpy_per_kwh, outside)
    gap = demand - supply
    return Clearing(
        np.where(ahead, level, blend),
        np.where(ahead, blend, level),
        *energies,
        gap * np.where(gap > 0, buy, sell),
        zero,
    )


def _share(net: Floats, ahead: Bools, part: Floats, inside: Floats, outside: Floats) -> tuple[Floats, Floats, Floats]:
    """Cleared energy, grid energy and payment of each member, (…, n).

    The longer side clears ``part`` of its energy, the shorter one all; what is cleared is paid at ``inside``, the rest
    at ``outside``. Every pass over the numbers counts here, so there are as few as could be found.
    """
    shape, n = net.shape, net.shape[-1]
    rows = math.prod(shape[:-1])
    flat, supplied = net.reshape(rows, n), ahead.reshape(rows)
    kept_part, inside_price, outside_price = (of.reshape(rows, 1) for of in (part, -inside, outside))
    # One piece of memory for all three: freed as one, it stays with the process and is not cleared anew.
    cleared, grid, payment = np.empty((3, rows, n))
    scratch = np.empty((2, min(rows, max(1, RATE_BATCH // max(n, 1))), n))
    for at in blocks(rows, n, RATE_BATCH):
        x, more = flat[at], np.flatnonzero(supplied[at])
        kept, shorter = scratch[:, : len(x)]
        np.minimum(x, 0.0, out=kept)
        kept[more] = np.maximum(x[more], 0.0)
        np.subtract(x, kept, out=shorter)
        kept *= kept_part[at]
        kept += shorter
        np.absolute(kept, out=cleared[at])
        np.subtract(kept, x, out=grid[at])
        kept *= inside_price[at]
        np.multiply(grid[at], outside_price[at], out=shorter)
        np.add(kept, shorter, out=payment[at])
    return cleared.reshape(shape), grid.reshape(shape), payment.reshape(shape)


def _blend(part: Floats, inside: Floats, outside: Floats) -> Floats:
    """Mean of two prices; rounding must not carry it out of their range."""
    mean = part * inside + (1 - part) * outside
    return np.where(part > 0, np.clip(mean, np.minimum(inside, outside), np.maximum(inside, outside)), outside)


def clear_whole(bids: Bids, inside_price: Callable[[Floats, Floats, Floats, Floats], Floats]) -> Cleared:
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
