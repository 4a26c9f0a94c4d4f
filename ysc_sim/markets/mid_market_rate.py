"""Mid-market rate: inside trade at the middle of the supplier's two prices.

The longer side pays or earns a blend of that and the supplier's price. Budget balanced, individually rational.

Source: C. Long, J. Wu, C. Zhang, L. Thomas, M. Cheng, N. Jenkins, Peer-to-peer energy trading in a community
microgrid, IEEE Power & Energy Society General Meeting 2017.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from numpy.typing import ArrayLike

from ysc_sim.contracts import Bids, Cleared
from ysc_sim.markets.clearing import Clearing
from ysc_sim.markets.community_rate import clear_periods, clear_whole
from ysc_sim.units import Floats


def mid_market_rate(net_kwh: ArrayLike, *, buy_jpy_per_kwh: ArrayLike, sell_jpy_per_kwh: ArrayLike) -> Clearing:
    """Share periods, net (…, n) kWh > 0 surplus, supplier's prices scalar or (…,), at the mid-market rate.

    Prices are per kWh of everything that a member buys or sells: NaN where nothing changes hands inside.

    Raises ``ValueError`` for numbers that are not finite, and where buying is cheaper than selling.

    >>> short = mid_market_rate([1.0, -1.0, -1.0], buy_jpy_per_kwh=30, sell_jpy_per_kwh=10)
    >>> float(short.seller_price_jpy_per_kwh), float(short.buyer_price_jpy_per_kwh)
    (20.0, 25.0)
    >>> short.payment_jpy.tolist(), float(short.grid_payment_jpy)
    ([-20.0, 25.0, 25.0], 30.0)
    """
    return clear_periods(net_kwh, buy_jpy_per_kwh, sell_jpy_per_kwh, _middle)


@dataclass(frozen=True, kw_only=True)
class MidMarketRateSpec:
    """Nothing to set."""


class MidMarketRate:
    """Inside trade at the middle of what a kWh is worth to buyers and sellers."""

    kind: ClassVar[str] = "mid_market_rate"
    Spec: ClassVar[type] = MidMarketRateSpec
    trades: ClassVar[bool] = True

    def __init__(self, spec: MidMarketRateSpec) -> None:
        self.spec = spec

    def clear(self, bids: Bids) -> Cleared:
        """One inside price per row, everybody served in proportion."""
        return clear_whole(bids, _middle)


def _middle(demand: Floats, supply: Floats, buy: Floats, sell: Floats) -> Floats:
    return (buy + sell) / 2
