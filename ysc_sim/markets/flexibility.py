"""Local flexibility call: the community buys as much relief as its peak target needs, cheapest offers first.

One price for all that is accepted, the dearest accepted offer; offers at that price share what is left in proportion.
No offer above the ceiling is taken: with the demand charge that a kilowatt avoids as ceiling, the call never costs more
than it saves.

Source: the merit-order rule of balancing-energy auctions, as in J. Villar, R. Bessa, M. Matos, Flexibility products and
markets: literature review, Electric Power Systems Research 154 (2018) 329–340.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ysc_sim.markets.clearing import check_orders, refuse
from ysc_sim.markets.merit_order import cross, serve, share_margin
from ysc_sim.units import Floats


@dataclass(frozen=True)
class FlexibilityCall:
    """What was bought for a batch of targets."""

    procured_kw: Floats
    """(…, n) ≥ 0, relief of each offer."""
    price_jpy_per_kw: Floats
    """(…,) price of all of it; NaN where nothing is bought."""
    unmet_kw: Floats
    """(…,) part of the target that no offer below the ceiling covers."""
    payment_jpy: Floats
    """(…, n) what each offer is paid, ≥ 0 where prices are."""


def call_flexibility(
    target_kw: ArrayLike, offer_kw: ArrayLike, price_jpy_per_kw: ArrayLike, *, ceiling_jpy_per_kw: ArrayLike
) -> FlexibilityCall:
    """Buy ``target_kw`` (…,) of relief from offers (…, n) at up to ``ceiling_jpy_per_kw``, scalar or (…,).

    Raises ``ValueError`` for targets and offers that are negative or not finite, and for prices that are not finite.

    >>> call = call_flexibility(5.0, [3.0, 4.0, 9.0], [100.0, 300.0, 2000.0], ceiling_jpy_per_kw=1890.0)
    >>> call.procured_kw.tolist(), float(call.price_jpy_per_kw), float(call.unmet_kw)
    ([3.0, 2.0, 0.0], 300.0, 0.0)
    """
    offer, price = np.asarray(offer_kw, dtype=np.float64), np.asarray(price_jpy_per_kw, dtype=np.float64)
    target, ceiling = np.asarray(target_kw, dtype=np.float64), np.asarray(ceiling_jpy_per_kw, dtype=np.float64)
    if not offer.ndim:
        raise ValueError("offer_kw must have a last axis of offers, (…, n).")
    for name, values in (("target_kw", target), ("offer_kw", offer)):
        refuse(values, ~((values >= 0) & (values < np.inf)), name, "finite and ≥ 0")
    refuse(ceiling, ~np.isfinite(ceiling), "ceiling_jpy_per_kw", "finite")
    shape = np.broadcast_shapes(np.broadcast_shapes(offer.shape, price.shape)[:-1], target.shape, ceiling.shape)
    n = np.broadcast_shapes(offer.shape, price.shape)[-1]
    offer, price = np.broadcast_to(offer, (*shape, n)), np.broadcast_to(price, (*shape, n))
    target, ceiling = np.broadcast_to(target, shape)[..., None], np.broadcast_to(ceiling, shape)[..., None]
    orders = check_orders(
        np.concatenate([offer, target], axis=-1), np.concatenate([price, ceiling], axis=-1), np.arange(n + 1) == n
    )
    crossing = cross(*orders)
    filled = share_margin(serve(*orders, crossing), crossing)
    procured, met = filled[..., :-1], filled[..., -1]
    bought = np.any(procured > 0, axis=-1)
    uniform = np.where(bought, crossing.ask[..., 0], np.nan)
    return FlexibilityCall(procured, uniform, target[..., 0] - met, procured * np.nan_to_num(uniform)[..., None])
