"""Restoration curves of storms: which share of the customers has its supply back after how many hours."""

from __future__ import annotations

import csv
from functools import cache

import numpy as np

from ysc_sim.timeseries.folder import profiles_folder
from ysc_sim.units import Floats


@cache
def recovery_curves() -> dict[str, tuple[Floats, Floats]]:
    """Event → (hours after the loss, share restored), both rising, from (0, 0).

    >>> hours, share = recovery_curves()["typhoon_2018_24"]
    >>> float(hours[2]), float(share[2])
    (48.0, 0.84)
    """
    points: dict[str, list[tuple[float, float]]] = {}
    with (profiles_folder() / "jp_outage_recovery.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            points.setdefault(row["event"], [(0.0, 0.0)]).append(
                (float(row["hours_after"]), float(row["fraction_restored"]))
            )
    curves = {}
    for event, some in points.items():
        hours, share = (np.array(values) for values in zip(*sorted(some), strict=True))
        curves[event] = (hours, share)
    return curves


def hours_without(event: str, quantile: float) -> float:
    """Hours until the share ``quantile`` (0 … 1) of the customers is back.

    Straight between the published points. Beyond the last one those who still wait are back exponentially, at the
    rate at which the share of the waiting fell up to then.

    >>> round(hours_without("typhoon_2018_24", 0.65), 6)
    36.0
    >>> hours_without("typhoon_2018_21", 0.999) > 120
    True
    """
    hours, share = recovery_curves()[event]
    if quantile <= share[-1]:
        return float(np.interp(quantile, share, hours))
    rate_per_h = -np.log(1.0 - share[-1]) / hours[-1]
    return float(hours[-1] + np.log((1.0 - share[-1]) / (1.0 - quantile)) / rate_per_h)
