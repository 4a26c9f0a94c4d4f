"""Imbalance of a balancing group: what the meters counted against the plan that was handed in before delivery.

Source: OCCTO, rules of balancing groups (計画値同時同量), https://www.occto.or.jp; METI, imbalance fees from April 2022
(interim report of 2019-12-17): one price for shortfall and excess, another in every half-hour.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ysc_sim.scenario.retailer import Retailer
from ysc_sim.timeseries import TimeAxis
from ysc_sim.units import Floats, Ints

DAY_S = 86_400


class Imbalance(NamedTuple):
    """Deviations and what they cost, > 0 is paid."""

    deviation_mwh: Ints
    """(K, S, n) metered less planned net energy, > 0 more surplus or less need than planned."""
    group_mjpy: Ints
    """(K, S) the retailer to the network operator, at the imbalance price of the sum."""
    member_mjpy: Ints
    """(K, S, n) each member to the retailer: imbalance less procurement price of its own deviation."""


def imbalance_of(retailer: Retailer, axis: TimeAxis, actual_mwh: Ints, planned_mwh: Ints) -> Imbalance | None:
    """Imbalance of net energies (K, S, n), > 0 surplus; None where the retailer names no price.

    >>> axis = TimeAxis.of("2026-08-01T00:00", step_s=1800, days=1)
    >>> retailer = Retailer(imbalance_jpy_per_kwh=(50.0,), procurement_jpy_per_kwh=(15.0,))
    >>> plan, actual = np.zeros((1, 1, 2), dtype=np.int64), np.array([[[-1_000_000, 400_000]]])
    >>> found = imbalance_of(retailer, axis, actual, plan)
    >>> found.group_mjpy.tolist(), found.member_mjpy.tolist()
    ([[30000]], [[[35000, -14000]]])
    """
    if not retailer.imbalance_jpy_per_kwh:
        return None
    deviation = actual_mwh - planned_mwh
    price = over_the_slots(retailer.imbalance_jpy_per_kwh, axis, len(deviation))
    spared = over_the_slots(retailer.procurement_jpy_per_kwh or (0.0,), axis, len(deviation))
    group = np.add.reduce(deviation, axis=2)
    return Imbalance(
        deviation,
        np.rint(-group * (price[:, None] / 1000.0)).astype(np.int64),
        np.rint(-deviation * ((price - spared)[:, None, None] / 1000.0)).astype(np.int64),
    )


def over_the_slots(values: tuple[float, ...], axis: TimeAxis, slots: int) -> Floats:
    """Values of equal parts of the day in each slot, (K,)."""
    second = (axis.seconds_of_day + np.arange(slots) * axis.slot_s) % DAY_S
    return np.array(values, dtype=np.float64)[second * len(values) // DAY_S]
