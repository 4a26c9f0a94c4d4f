"""Auction over a network: each pair bears its own fee, and no trade may break a limit.

A linear program finds the trades t_ij from seller i to buyer j that are worth most,

    max Σ (bid_j − ask_i − fee_ij) · t_ij,   Σ_j t_ij ≤ q_i,  Σ_i t_ij ≤ q_j,  0 ≤ t_ij ≤ pair limit,
    lower ≤ base + sensitivity · injection ≤ upper,   injection_i = Σ_j t_ij − Σ_j t_ji,

and its dual the prices: a seller gets its ask and the worth of its scarcity, a buyer pays its bid less that. Between
them lie the fee and the rent of limits that bind; both go to the network.

Source: F. C. Schweppe, M. C. Caramanis, R. D. Tabors, R. E. Bohn, Spot Pricing of Electricity, Kluwer 1988, chapter 7;
pair fees as in T. Baroche, P. Pinson, R. Le Goff Latimier, H. Ben Ahmed, Exogenous cost allocation in peer-to-peer
electricity markets, IEEE Transactions on Power Systems 34 (2019) 2553–2564.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ysc_sim.markets.clearing import check_orders, refuse
from ysc_sim.units import Floats, Ints

OUT_OF_LIMITS = "limits must hold before anybody trades, or trade must be able to mend them."


@dataclass(frozen=True)
class NetworkLimits:
    """Linear limits on m quantities (voltages, line flows) under injections of n members in a period."""

    sensitivity_per_kwh: Floats
    """(m, n) change of each quantity for a kilowatt-hour injected by each member."""
    base: Floats
    """(m,) without any trade."""
    lower: Floats
    """(m,)"""
    upper: Floats
    """(m,)"""


@dataclass(frozen=True)
class NetworkClearing:
    """Trades of one book over a network."""

    trade_kwh: Floats
    """(n, n) ≥ 0: the row sells to the column."""
    price_jpy_per_kwh: Floats
    """(n,) what each member that trades pays or gets for a kilowatt-hour; NaN for who does not trade."""
    payment_jpy: Floats
    """(n,) > 0 pays, < 0 is paid."""
    fees_jpy: float
    """Fees of the pairs."""
    rent_jpy: float
    """What limits that bind leave to the network; Σ payment = fees + rent."""
    welfare_jpy: float
    """Worth of the trades to their members, less the fees."""


def clear_network_auction(
    quantity_kwh: ArrayLike,
    price_jpy_per_kwh: ArrayLike,
    is_buyer: ArrayLike,
    *,
    fee_jpy_per_kwh: ArrayLike = 0.0,
    pair_limit_kwh: ArrayLike = np.inf,
    limits: NetworkLimits | None = None,
) -> NetworkClearing:
    """Clear one book of n orders, (n,); ``fee_jpy_per_kwh`` and ``pair_limit_kwh``: scalar or (n, n), row to column.

    Raises ``ValueError`` as :func:`ysc_sim.markets.clear_call_auction` does, for fees that are not finite and limits
    below 0, and where the network is beyond its limits before anybody trades and no trade mends that.

    >>> near = clear_network_auction([1.0, 1.0], [2.5, 2.0], [True, False])
    >>> far = clear_network_auction([1.0, 1.0], [3.0, 3.0], [True, False], fee_jpy_per_kwh=1.0)
    >>> near.trade_kwh.sum().item(), far.trade_kwh.sum().item()
    (1.0, 0.0)
    """
    quantity, price, buys = check_orders(quantity_kwh, price_jpy_per_kwh, is_buyer)
    if quantity.ndim != 1:
        raise ValueError(f"quantity_kwh(=shape {quantity.shape}) must be one book, (n,).")
    n = len(quantity)
    fee, most = (np.broadcast_to(np.asarray(v, dtype=np.float64), (n, n)) for v in (fee_jpy_per_kwh, pair_limit_kwh))
    refuse(fee, ~np.isfinite(fee), "fee_jpy_per_kwh", "finite")
    refuse(most, ~(most >= 0), "pair_limit_kwh", "≥ 0")
    live = quantity > 0
    seller, buyer = np.nonzero((live & ~buys)[:, None] & (live & buys)[None, :] & (most > 0))
    worth = price[buyer] - price[seller] - fee[seller, buyer]
    energy, scarcity = _best_trades(worth, most[seller, buyer], seller, buyer, quantity, limits)
    trade = np.zeros((n, n))
    trade[seller, buyer] = energy
    traded = trade.sum(axis=0) + trade.sum(axis=1)
    level = np.where(traded > 0, np.where(buys, price - scarcity, price + scarcity), np.nan)
    payment = traded * np.nan_to_num(level) * np.where(buys, 1.0, -1.0)
    fees = float((fee[seller, buyer] * energy).sum())
    return NetworkClearing(trade, level, payment, fees, float(payment.sum()) - fees, float((worth * energy).sum()))


def _best_trades(
    worth: Floats, top: Floats, seller: Ints, buyer: Ints, quantity: Floats, limits: NetworkLimits | None
) -> tuple[Floats, Floats]:
    """Energy of each pair, and what a further kilowatt-hour of each member would be worth."""
    from scipy.optimize import linprog

    n, pair = len(quantity), np.arange(len(seller))
    member, injection = np.zeros((n, len(pair))), np.zeros((n, len(pair)))
    member[seller, pair] = member[buyer, pair] = 1.0
    injection[seller, pair], injection[buyer, pair] = 1.0, -1.0
    rows, caps = _limit_rows(limits, injection, n)
    if not len(pair):
        if (caps < 0).any():
            raise ValueError(OUT_OF_LIMITS)
        return np.zeros(0), np.zeros(n)
    bounds = np.column_stack([np.zeros(len(pair)), top])
    caps = np.concatenate([quantity, caps])
    answer = linprog(-worth, A_ub=np.vstack([member, rows]), b_ub=caps, bounds=bounds, method="highs-ds")
    if answer.status != 0:
        raise ValueError(OUT_OF_LIMITS)
    return np.maximum(answer.x, 0.0), -answer.ineqlin.marginals[:n]


def _limit_rows(limits: NetworkLimits | None, injection: Floats, n: int) -> tuple[Floats, Floats]:
    """Rows · trades ≤ caps."""
    if limits is None:
        return np.zeros((0, injection.shape[1])), np.zeros(0)
    sensitivity = np.asarray(limits.sensitivity_per_kwh, dtype=np.float64)
    if sensitivity.ndim != 2 or sensitivity.shape[1] != n:
        raise ValueError(f"sensitivity_per_kwh(=shape {sensitivity.shape}) must be (m, {n}).")
    refuse(sensitivity, ~np.isfinite(sensitivity), "sensitivity_per_kwh", "finite")
    change = sensitivity @ injection
    rows = np.vstack([change, -change])
    caps = np.concatenate([limits.upper - limits.base, limits.base - limits.lower])
    refuse(caps, np.isnan(caps), "limits", "numbers")
    finite = np.isfinite(caps)
    return rows[finite], caps[finite]
