"""The same metered energy under every rule: who pays what, who loses, who would leave.

Rates of the community use net energies; auctions get truthful orders, everybody bidding what the supplier asks and
asking what the supplier pays, and what they leave untraded goes through the supplier; the Shapley value is that of the
sharing game, estimated.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import ArrayLike

from ysc_sim.markets.bill_sharing import bill_sharing
from ysc_sim.markets.call_auction import clear_call_auction
from ysc_sim.markets.clearing import Clearing
from ysc_sim.markets.community_rate import Period, check_periods
from ysc_sim.markets.fairness import FairnessReport, fairness_report
from ysc_sim.markets.huang import huang
from ysc_sim.markets.mid_market_rate import mid_market_rate
from ysc_sim.markets.muda import muda
from ysc_sim.markets.pay_as_bid import clear_pay_as_bid
from ysc_sim.markets.scarce_side import scarce_side_price
from ysc_sim.markets.sharing_estimate import estimate_sharing_shapley
from ysc_sim.markets.supply_demand_ratio import supply_demand_ratio
from ysc_sim.units import Floats

Outcome = tuple[Floats, float]
"""What each member pays over all periods, (n,), and what the operator keeps."""


def compare_mechanisms(
    net_kwh: ArrayLike, *, buy_jpy_per_kwh: ArrayLike, sell_jpy_per_kwh: ArrayLike
) -> dict[str, FairnessReport]:
    """Report of every rule over periods, net (P, n) kWh > 0 surplus, supplier's prices scalar or (P,).

    Raises ``ValueError`` as :func:`ysc_sim.markets.fairness_report` does, and for a selling price below 0.

    >>> table = compare_mechanisms([[2.0, -1.0, -3.0]], buy_jpy_per_kwh=30, sell_jpy_per_kwh=10)
    >>> [round(table[rule].saving_jpy[0]) for rule in ("mid_market_rate", "bill_sharing", "scarce_side", "huang")]
    [20, -20, 40, 0]
    """
    period = check_periods(net_kwh, buy_jpy_per_kwh, sell_jpy_per_kwh)
    prices = {"buy_jpy_per_kwh": period.buy_jpy_per_kwh, "sell_jpy_per_kwh": period.sell_jpy_per_kwh}
    reports = {}
    for name, rule in RULES.items():
        payment, surplus = rule(period)
        reports[name] = fairness_report(period.net_kwh, payment, **prices, surplus_jpy=surplus)
    return reports


def _rate(rule: Callable[..., Clearing]) -> Callable[[Period], Outcome]:
    def outcome(period: Period) -> Outcome:
        out = rule(period.net_kwh, buy_jpy_per_kwh=period.buy_jpy_per_kwh, sell_jpy_per_kwh=period.sell_jpy_per_kwh)
        return np.add.reduce(out.payment_jpy, axis=0), 0.0

    return outcome


def _auction(rule: Callable[..., Clearing]) -> Callable[[Period], Outcome]:
    def outcome(period: Period) -> Outcome:
        net, buys = period.net_kwh, period.net_kwh < 0
        price = np.where(buys, period.buy_jpy_per_kwh[:, None], period.sell_jpy_per_kwh[:, None])
        out = rule(np.abs(net), price, buys)
        rest = (np.abs(net) - out.cleared_kwh) * np.where(buys, price, -price)
        return np.add.reduce(out.payment_jpy + rest, axis=0), float(np.add.reduce(out.surplus_jpy))

    return outcome


def _shapley(period: Period) -> Outcome:
    shares = estimate_sharing_shapley(
        period.net_kwh, buy_jpy_per_kwh=period.buy_jpy_per_kwh, sell_jpy_per_kwh=period.sell_jpy_per_kwh, check=0
    )
    return -shares.shares_jpy, 0.0


RULES: Mapping[str, Callable[[Period], Outcome]] = {
    "mid_market_rate": _rate(mid_market_rate),
    "supply_demand_ratio": _rate(supply_demand_ratio),
    "bill_sharing": _rate(bill_sharing),
    "scarce_side": _rate(scarce_side_price),
    "call_auction": _auction(clear_call_auction),
    "pay_as_bid": _auction(clear_pay_as_bid),
    "huang": _auction(huang),
    "muda": _auction(muda),
    "shapley": _shapley,
}
"""Name of each rule that is compared, in the order of the report."""
