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
from ysc_sim.units import Floats


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
    for part in blocks(len(flat), n):
        np.add.reduce(np.maximum(-flat[part], 0.0), axis=-1, out=demand[part])
        np.add.reduce(np.maximum(flat[part], 0.0), axis=-1, out=supply[part])
    return demand.reshape(shape), supply.reshape(shape)


def clear_inside(period: Period, inside_jpy_per_kwh: Floats) -> Clearing:
    """Share periods at an inside price (…,): see the module."""
    net, buy, sell, demand, supply = period
    inside = np.minimum(demand, supply)
    trades = inside > 0
    zero = np.zeros_like(inside)
    bought = np.divide(inside, demand, out=zero.copy(), where=trades)
    sold = np.divide(inside, supply, out=zero.copy(), where=trades)
    buyer, seller = _blend(bought, inside_jpy_per_kwh, buy), _blend(sold, inside_jpy_per_kwh, sell)
    shape, n = net.shape, net.shape[-1]
    flat = net.reshape(math.prod(shape[:-1]), n)
    cleared, grid, payment = np.empty(flat.shape), np.empty(flat.shape), np.empty(flat.shape)
    bought, sold, pays, earns = (of.reshape(len(flat), 1) for of in (bought, sold, buyer, seller))
    for part in blocks(len(flat), n):
        missing, spare = np.minimum(flat[part], 0.0), np.maximum(flat[part], 0.0)
        inside_kwh = missing * bought[part] + spare * sold[part]
        np.abs(inside_kwh, out=cleared[part])
        np.subtract(inside_kwh, flat[part], out=grid[part])
        np.subtract(0.0, missing * pays[part] + spare * earns[part], out=payment[part])
    gap = demand - supply
    return Clearing(
        np.where(trades, buyer, np.nan),
        np.where(trades, seller, np.nan),
        cleared.reshape(shape),
        grid.reshape(shape),
        payment.reshape(shape),
        gap * np.where(gap > 0, buy, sell),
        zero,
    )


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
