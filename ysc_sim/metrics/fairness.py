"""Fairness: how evenly the savings fall, and how many lose by taking part."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from ysc_sim.contracts import MetricInfo, MetricValues
from ysc_sim.results.arrays import RunArrays
from ysc_sim.units import Floats


class Fairness:
    """Gini coefficient of the savings (losers count as nothing there) and the number of losers."""

    kind: ClassVar[str] = "fairness"
    defines: ClassVar[Mapping[str, MetricInfo]] = {
        "gini_of_savings": MetricInfo("1", -1),
        "losers": MetricInfo("1", -1),
    }

    def compute(self, arrays: RunArrays) -> MetricValues:
        """Over the buildings of each row; the coefficient is left out where nobody saves anything."""
        saving = (arrays.bill_alone_mjpy - arrays.bill_mjpy).astype(np.float64)
        values = {"losers": np.add.reduce(saving < 0, axis=1).astype(np.float64)}
        gains = np.maximum(saving, 0.0)
        some = np.add.reduce(gains, axis=1) > 0
        if some.any():
            values["gini_of_savings"] = np.full(len(gains), np.nan)
            values["gini_of_savings"][some] = gini(gains[some])
        return MetricValues(values)


def gini(values: Floats) -> Floats:
    """Gini coefficient along the last axis of values ≥ 0: mean absolute difference over twice the mean [1]_.

    .. [1] C. Gini, "Variabilità e mutabilità", 1912; in the sorted form of A. Sen, "On Economic Inequality", 1973, §2.

    >>> float(gini(np.array([1.0, 1.0, 1.0]))), float(gini(np.array([0.0, 0.0, 3.0])))
    (0.0, 0.6666666666666666)
    """
    ordered = np.sort(values, axis=-1)
    n = values.shape[-1]
    rank = 2 * np.arange(1, n + 1) - n - 1
    coefficient: Floats = np.add.reduce(ordered * rank, axis=-1) / (n * np.add.reduce(ordered, axis=-1))
    return coefficient
