"""Scarce-side price: the side that is short takes the whole gain, a point of the core of the sharing game.

While the community is short of energy every kWh is worth the supplier's price; while it has too much, the feed-in
price; in balance, the middle. No coalition of members could do better on its own.

Source: L. S. Shapley, M. Shubik, The assignment game I: the core, International Journal of Game Theory 1 (1971)
111–130 (the price of a one-good exchange market lies in the core).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from ysc_sim.contracts import Bids, Cleared
from ysc_sim.markets.clearing import Clearing
from ysc_sim.markets.community_rate import clear_periods, clear_whole
from ysc_sim.units import Floats


def scarce_side_price(net_kwh: ArrayLike, *, buy_jpy_per_kwh: ArrayLike, sell_jpy_per_kwh: ArrayLike) -> Clearing:
    """Share periods, net (…, n) kWh > 0 surplus, supplier's prices scalar or (…,), at the price of scarcity.

    Raises ``ValueError`` for numbers that are not finite, and where buying is cheaper than selling.

    >>> short = scarce_side_price([1.0, -1.0, -1.0], buy_jpy_per_kwh=30, sell_jpy_per_kwh=10)
    >>> short.payment_jpy.tolist()
    [-30.0, 30.0, 30.0]
    """
    return clear_periods(net_kwh, buy_jpy_per_kwh, sell_jpy_per_kwh, inside_price)


def inside_price(demand: Floats, supply: Floats, buy: Floats, sell: Floats) -> Floats:
    """Supplier's price where demand is longer, feed-in price where supply is, the middle in balance."""
    return np.where(demand > supply, buy, np.where(supply > demand, sell, (buy + sell) / 2))


@dataclass(frozen=True, kw_only=True)
class ScarceSideSpec:
    """Nothing to set."""


class ScarceSide:
    """Inside trade at what a kWh is worth to the side that is longer."""

    kind: ClassVar[str] = "scarce_side"
    Spec: ClassVar[type] = ScarceSideSpec
    trades: ClassVar[bool] = True

    def __init__(self, spec: ScarceSideSpec) -> None:
        self.spec = spec

    def clear(self, bids: Bids) -> Cleared:
        """One inside price per row, everybody served in proportion."""
        return clear_whole(bids, inside_price)
