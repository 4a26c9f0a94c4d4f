"""Scarcity in an island: critical tiers first, and a price that says how scarce energy is.

What the island has goes to tier 1, then to tier 2, …; within the tier that is served in part everybody gets the same
share. The price is what a further kilowatt-hour would be worth: the value of the first tier that is not served in full;
where all are served, the price of surplus. Those who have more than they are served sell to the others at that price.

Source: scarcity pricing at the value of lost load, S. Stoft, Power System Economics, IEEE Press 2002, part 2.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ysc_sim.markets.clearing import refuse
from ysc_sim.units import Floats


@dataclass(frozen=True)
class IslandShares:
    """Who is served in an island, and at what price energy moves between its members."""

    served_kwh: Floats
    """(…, n, tiers)"""
    price_jpy_per_kwh: Floats
    """(…,)"""
    trade_kwh: Floats
    """(…, n) > 0 bought from others, < 0 sold to them; sums to 0."""
    payment_jpy: Floats
    """(…, n) sums to 0."""


def share_island(
    supply_kwh: ArrayLike, demand_kwh: ArrayLike, *, value_jpy_per_kwh: ArrayLike, surplus_jpy_per_kwh: float = 0.0
) -> IslandShares:
    """Serve ``demand_kwh`` (…, n, tiers), most critical tier first, with what members have, ``supply_kwh`` (…, n).

    ``value_jpy_per_kwh`` (tiers,), worth of a kilowatt-hour to each tier, may not rise from tier to tier nor lie below
    ``surplus_jpy_per_kwh``. Energy that nobody needs stays where it is.

    Raises ``ValueError`` for energies that are negative or not finite, and for values in the wrong order.

    >>> island = share_island([3.0, 0.0], [[1.0, 0.0], [1.0, 2.0]], value_jpy_per_kwh=[2000.0, 300.0])
    >>> island.served_kwh.tolist(), float(island.price_jpy_per_kwh), island.trade_kwh.tolist()
    ([[1.0, 0.0], [1.0, 1.0]], 300.0, [-2.0, 2.0])
    """
    supply, demand = np.asarray(supply_kwh, dtype=np.float64), np.asarray(demand_kwh, dtype=np.float64)
    value = np.asarray(value_jpy_per_kwh, dtype=np.float64)
    if demand.ndim < 2 or supply.ndim < 1 or value.shape != demand.shape[-1:]:
        raise ValueError(f"demand_kwh(=shape {demand.shape}) must be (…, n, tiers), with one value for each tier.")
    for name, energies in (("supply_kwh", supply), ("demand_kwh", demand)):
        refuse(energies, ~((energies >= 0) & (energies < np.inf)), name, "finite and ≥ 0")
    ladder = np.append(value, surplus_jpy_per_kwh)
    refuse(ladder, ~np.isfinite(ladder), "value_jpy_per_kwh", "finite")
    refuse(ladder[1:], ladder[1:] > ladder[:-1], "value_jpy_per_kwh", "no more than the one before it")
    shape = np.broadcast_shapes(supply.shape, demand.shape[:-1])
    supply, demand = np.broadcast_to(supply, shape), np.broadcast_to(demand, (*shape, len(value)))
    by_tier = np.add.reduce(demand, axis=-2)
    have = np.add.reduce(supply, axis=-1)[..., None]
    before = np.cumsum(by_tier, axis=-1) - by_tier
    given = np.clip(have - before, 0.0, by_tier)
    part = np.divide(given, by_tier, out=np.ones_like(given), where=by_tier > 0)
    served = demand * part[..., None, :]
    short = given < by_tier
    first = (
        np.where(short.any(axis=-1), np.argmax(short, axis=-1), len(value)) if len(value) else np.zeros(shape[:-1], int)
    )
    price = ladder[first]
    used = np.add.reduce(served, axis=-1)
    spare, need = np.maximum(supply - used, 0.0), np.maximum(used - supply, 0.0)
    offered, wanted = (np.add.reduce(side, axis=-1)[..., None] for side in (spare, need))
    sold = np.divide(np.minimum(offered, wanted), offered, out=np.zeros_like(offered), where=offered > 0)
    trade = need - spare * sold
    return IslandShares(served, price, trade, trade * price[..., None])
