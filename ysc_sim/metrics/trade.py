"""What a rule of local trade is worth to its members: balance, reason, welfare, inequality, stability.

The base is dealing with the supplier alone: a kilowatt-hour bought from a neighbour saves what it is worth at the
buyer's meter, one that is sold forgoes the export price. *Welfare* is the worth of what was traded over the most that
the same meters could have traded in each half-hour, by the dual of that exchange: min over prices p of
Σ demand·(value − p)⁺ + Σ supply·(p − cost)⁺. The *blocking coalition* is told where all have one supply plan and the
case is small.

Source: the assignment game, L. S. Shapley, M. Shubik, International Journal of Game Theory 1 (1971) 111–130;
:mod:`ysc_sim.optimum.blocking`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from ysc_sim.contracts import MetricInfo, MetricValues
from ysc_sim.metrics.fairness import gini
from ysc_sim.optimum import worst_blocking_coalition
from ysc_sim.results.arrays import RunArrays, Values
from ysc_sim.units import MJPY_PER_JPY, MWH_PER_KWH, Floats, Ints

ROUNDING_JPY = 0.0005
"""Each half-hour's payment is a whole thousandth of a yen."""
MOST_MEMBERS = 64
MOST_NUMBERS = 2_000_000
"""Meters and half-hours of all rows up to which the blocking coalition is looked for."""
CUTS = 60


class Trade:
    """Gains from local trade alone, whatever else the bill holds."""

    kind: ClassVar[str] = "trade"
    defines: ClassVar[Mapping[str, MetricInfo]] = {
        "trade_gain_jpy": MetricInfo("JPY", 1),
        "trade_losers": MetricInfo("1", -1),
        "largest_trade_loss_jpy": MetricInfo("JPY", -1),
        "trade_welfare_ratio": MetricInfo("1", 1),
        "market_surplus_jpy": MetricInfo("JPY", 0),
        "gini_of_trade_gains": MetricInfo("1", -1),
        "blocking_gain_jpy": MetricInfo("JPY", -1),
        "blocking_bound_jpy": MetricInfo("JPY", -1),
    }

    def compute(self, arrays: RunArrays) -> MetricValues:
        """Nothing where there is no market."""
        values = arrays.values
        if values is None or not len(arrays.bought_mwh):
            return MetricValues()
        buy, sell = values.import_jpy_per_kwh[:, values.plan_of], values.export_jpy_per_kwh[:, values.plan_of]
        worth = arrays.bought_mwh * buy[:, None] - arrays.sold_mwh * sell[:, None]
        worth_jpy = np.add.reduce(worth, axis=0) / MWH_PER_KWH
        gain = worth_jpy - np.add.reduce(arrays.payment_mjpy, axis=0) / MJPY_PER_JPY
        slots = np.add.reduce(arrays.bought_mwh + arrays.sold_mwh > 0, axis=0)
        lost = gain < -ROUNDING_JPY * np.maximum(slots, 1)
        found = {
            "trade_gain_jpy": np.add.reduce(gain, axis=1),
            "trade_losers": np.add.reduce(lost, axis=1).astype(np.float64),
            "largest_trade_loss_jpy": np.maximum.reduce(np.where(lost, -gain, 0.0), axis=1),
            "market_surplus_jpy": np.add.reduce(arrays.payment_mjpy, axis=(0, 2)) / MJPY_PER_JPY,
        }
        best = most_worth_jpy(values, arrays.import_mwh, arrays.export_mwh)
        if (best > 0).all():
            found["trade_welfare_ratio"] = np.add.reduce(worth_jpy, axis=1) / best
        gains = np.maximum(gain, 0.0)
        if (np.add.reduce(gains, axis=1) > 0).all():
            found["gini_of_trade_gains"] = gini(gains)
        found.update(_blocking(arrays, values, gain))
        return MetricValues(found, {"trade_gain_jpy": gain})


def most_worth_jpy(values: Values, import_mwh: Ints, export_mwh: Ints) -> Floats:
    """The largest worth that trade between meters (K, S, n) could have had, (S,) JPY.

    >>> one = Values(np.array([[30.0, 20.0]]), np.array([[8.0, 8.0]]), np.array([0, 1, 1]))
    >>> taken, sent = np.array([[[10**6, 10**6, 0]]]), np.array([[[0, 0, 10**6]]])
    >>> most_worth_jpy(one, taken, sent).tolist()
    [22.0]
    """
    plans = values.import_jpy_per_kwh.shape[1]
    member = values.plan_of[None, :] == np.arange(plans)[:, None]
    demand, supply = (
        np.stack([np.add.reduce(side * mine, axis=2) for mine in member], axis=-1) for side in (import_mwh, export_mwh)
    )
    buy, sell = values.import_jpy_per_kwh[:, None], values.export_jpy_per_kwh[:, None]
    levels = [side[..., plan : plan + 1] for side in (buy, sell) for plan in range(plans)]
    at_each = [
        np.add.reduce(demand * np.maximum(buy - level, 0.0) + supply * np.maximum(level - sell, 0.0), axis=2)
        for level in levels
    ]
    best: Floats = np.add.reduce(np.minimum.reduce(at_each), axis=0) / MWH_PER_KWH
    return best


def _blocking(arrays: RunArrays, values: Values, gain: Floats) -> dict[str, Floats]:
    """The coalition that would gain most by leaving, of each row; nothing where it is not looked for."""
    _, rows, n = arrays.import_mwh.shape
    several = values.import_jpy_per_kwh.shape[1] > 1 or arrays.wires == "utility"
    if several or n > MOST_MEMBERS or arrays.import_mwh.size > MOST_NUMBERS:
        return {}
    buy, sell = values.import_jpy_per_kwh[:, 0], values.export_jpy_per_kwh[:, 0]
    if (buy < sell).any():
        return {}
    found = []
    for row in range(rows):
        taken, sent = arrays.import_mwh[:, row] / MWH_PER_KWH, arrays.export_mwh[:, row] / MWH_PER_KWH
        alone = np.add.reduce(taken * buy[:, None] - sent * sell[:, None], axis=0)
        found.append(worst_blocking_coalition(sent - taken, buy, sell, alone - gain[row], cuts=CUTS)[1:])
    both = np.array(found, dtype=np.float64).reshape(rows, 2)
    return {"blocking_gain_jpy": both[:, 0], "blocking_bound_jpy": both[:, 1]}
