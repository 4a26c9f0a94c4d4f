"""What a division of the community's bill is worth to its members: balance, losers, inequality, who would leave.

The base of comparison is behind one meter against alone: a member with net energy x pays buy·x⁻ − sell·x⁺ alone, and a
coalition that leaves together pays that for its sum in each period.

The blocking coalition and its bound: :mod:`ysc_sim.optimum.blocking`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ysc_sim.markets.clearing import refuse
from ysc_sim.markets.community_rate import check_periods
from ysc_sim.optimum import Blocking, worst_blocking_coalition
from ysc_sim.units import Bools, Floats


@dataclass(frozen=True)
class FairnessReport:
    """Numbers of one division over some periods."""

    payment_jpy: Floats
    """(n,) what each member pays."""
    alone_jpy: Floats
    """(n,) what each would pay without taking part."""
    saving_jpy: Floats
    """(n,) alone less payment; negative for who loses."""
    losers: Bools
    """(n,) who pays more than alone by more than rounding."""
    imbalance_jpy: float
    """Payments less the bill behind one meter: 0 in balance, > 0 stays with the operator."""
    shared_gain_jpy: float
    """What sharing all saves at most: bills alone less the bill behind one meter."""
    welfare_ratio: float
    """Part of that gain that members and operator have; 1 where all energy that can be shared is, or nothing can."""
    gini: float
    """Inequality of max(saving, 0), 0 equal … 1 all to one."""
    blocking: Blocking


def fairness_report(
    net_kwh: ArrayLike,
    payment_jpy: ArrayLike,
    *,
    buy_jpy_per_kwh: ArrayLike,
    sell_jpy_per_kwh: ArrayLike,
    surplus_jpy: float = 0.0,
) -> FairnessReport:
    """Judge ``payment_jpy`` (n,), sums over periods with net (P, n) kWh > 0 surplus and prices scalar or (P,).

    ``surplus_jpy`` is what the operator keeps of it.

    Raises ``ValueError`` for numbers that are not finite, for shapes that do not fit, and where buying is cheaper than
    selling.

    >>> net = [[1.0, -1.0]]
    >>> report = fairness_report(net, [-20.0, 20.0], buy_jpy_per_kwh=30, sell_jpy_per_kwh=10)
    >>> report.saving_jpy.tolist(), report.gini, report.blocking.gain_jpy, report.welfare_ratio
    ([10.0, 10.0], 0.0, 0.0, 1.0)
    """
    period = check_periods(net_kwh, buy_jpy_per_kwh, sell_jpy_per_kwh)
    net, buy, sell = period.net_kwh, period.buy_jpy_per_kwh, period.sell_jpy_per_kwh
    payment = np.asarray(payment_jpy, dtype=np.float64)
    if net.ndim != 2 or payment.shape != net.shape[1:]:
        raise ValueError(f"net_kwh(=shape {net.shape}) must be (P, n) and payment_jpy(=shape {payment.shape}) (n,).")
    refuse(payment, ~np.isfinite(payment), "payment_jpy", "finite")
    alone = np.add.reduce(buy[:, None] * np.maximum(-net, 0) - sell[:, None] * np.maximum(net, 0), axis=0)
    total = np.add.reduce(net, axis=1)
    together = float(np.add.reduce(buy * np.maximum(-total, 0) - sell * np.maximum(total, 0)))
    saving = alone - payment
    near = 1e-9 * max(1.0, float(np.add.reduce(np.abs(alone))))
    gain = float(np.add.reduce(alone)) - together
    had = float(np.add.reduce(saving)) + surplus_jpy
    return FairnessReport(
        payment_jpy=payment,
        alone_jpy=alone,
        saving_jpy=saving,
        losers=saving < -near,
        imbalance_jpy=float(np.add.reduce(payment)) - together,
        shared_gain_jpy=gain,
        welfare_ratio=had / gain if gain > near else 1.0,
        gini=gini(np.maximum(saving, 0)),
        blocking=worst_blocking_coalition(net, buy, sell, payment),
    )


def gini(values: Floats) -> float:
    """Gini coefficient of ``values`` (n,) ≥ 0; 0 where all are 0.

    >>> gini(np.array([0.0, 0.0, 0.0, 4.0]))
    0.75
    """
    total = float(np.add.reduce(values))
    if total <= 0:
        return 0.0
    n = len(values)
    rising = np.sort(values)
    return float(np.add.reduce((2 * np.arange(1, n + 1) - n - 1) * rising)) / (n * total)
