"""Supply–demand ratio: the inside price falls from the supplier's price to the feed-in price as supply grows.

With R = supply / demand < 1: p_sell = πb·πs / ((πb − πs)·R + πs) and p_buy = p_sell·R + πb·(1 − R); from R = 1 on
both are πs. Budget balanced, individually rational; needs a feed-in price that is not negative.

Source: N. Liu, X. Yu, C. Wang, C. Li, L. Ma, J. Lei, Energy-sharing model with price-based demand response for
microgrids of peer-to-peer prosumers, IEEE Transactions on Power Systems 32 (2017) 3569–3583.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from ysc_sim.contracts import Bids, Cleared
from ysc_sim.markets.clearing import Clearing, refuse
from ysc_sim.markets.community_rate import clear_periods, clear_whole
from ysc_sim.units import Floats


def supply_demand_ratio(net_kwh: ArrayLike, *, buy_jpy_per_kwh: ArrayLike, sell_jpy_per_kwh: ArrayLike) -> Clearing:
    """Share periods, net (…, n) kWh > 0 surplus, supplier's prices scalar or (…,), by the supply–demand ratio.

    Prices are per kWh of everything that a member buys or sells: NaN where nothing changes hands inside.

    Raises ``ValueError`` for numbers that are not finite, where buying is cheaper than selling, and for a selling
    price below 0.

    >>> half = supply_demand_ratio([1.0, -1.0, -1.0], buy_jpy_per_kwh=30, sell_jpy_per_kwh=10)
    >>> float(half.seller_price_jpy_per_kwh), float(half.buyer_price_jpy_per_kwh)
    (15.0, 22.5)
    """
    sell = np.asarray(sell_jpy_per_kwh, dtype=np.float64)
    refuse(sell, sell < 0, "sell_jpy_per_kwh", "≥ 0 for a supply–demand ratio")
    return clear_periods(net_kwh, buy_jpy_per_kwh, sell, _by_ratio)


def inside_price(ratio: Floats, buy: Floats, sell: Floats) -> Floats:
    """Price of inside trade at supply/demand = ``ratio``, 1 and above: the feed-in price."""
    base = (buy - sell) * ratio + sell
    price = np.divide(buy, base, out=np.ones_like(base), where=base > 0) * sell
    return np.where(ratio < 1, np.clip(price, sell, buy), sell)


@dataclass(frozen=True, kw_only=True)
class SupplyDemandRatioSpec:
    """Nothing to set."""


class SupplyDemandRatio:
    """Inside price that falls as supply grows; a negative ask counts as 0."""

    kind: ClassVar[str] = "supply_demand_ratio"
    Spec: ClassVar[type] = SupplyDemandRatioSpec
    trades: ClassVar[bool] = True

    def __init__(self, spec: SupplyDemandRatioSpec) -> None:
        self.spec = spec

    def clear(self, bids: Bids) -> Cleared:
        """One inside price per row, everybody served in proportion."""
        return clear_whole(bids, _by_ratio)


def _by_ratio(demand: Floats, supply: Floats, buy: Floats, sell: Floats) -> Floats:
    ratio = np.divide(supply, demand, out=np.ones_like(demand), where=supply < demand)
    floor = np.maximum(sell, 0.0)
    return inside_price(ratio, np.maximum(buy, floor), floor)
