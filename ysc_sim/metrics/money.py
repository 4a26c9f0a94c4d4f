"""Money: what was paid, what each would have paid alone, and the difference."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from ysc_sim.contracts import MetricInfo, MetricValues
from ysc_sim.results.arrays import RunArrays
from ysc_sim.units import MJPY_PER_JPY


class Money:
    """Bills in yen; ``bill_without_sharing_jpy`` is the same physical run with each building billed alone."""

    kind: ClassVar[str] = "money"
    defines: ClassVar[Mapping[str, MetricInfo]] = {
        "bill_jpy": MetricInfo("JPY", -1),
        "bill_without_sharing_jpy": MetricInfo("JPY", -1),
        "saving_jpy": MetricInfo("JPY", 1),
        "lost_comfort_jpy": MetricInfo("JPY", -1),
    }

    def compute(self, arrays: RunArrays) -> MetricValues:
        """Integers of the ledger, in yen."""
        own = {
            "bill_jpy": arrays.bill_mjpy / MJPY_PER_JPY,
            "bill_without_sharing_jpy": arrays.bill_alone_mjpy / MJPY_PER_JPY,
            "saving_jpy": (arrays.bill_alone_mjpy - arrays.bill_mjpy) / MJPY_PER_JPY,
        }
        alone = np.add.reduce(arrays.bill_alone_mjpy, axis=1)
        whole = {
            "bill_jpy": arrays.community_bill_mjpy / MJPY_PER_JPY,
            "bill_without_sharing_jpy": alone / MJPY_PER_JPY,
            "saving_jpy": (alone - arrays.community_bill_mjpy) / MJPY_PER_JPY,
        }
        comfort = arrays.total("lost_comfort_jpy")
        if comfort is not None:
            own["lost_comfort_jpy"], whole["lost_comfort_jpy"] = comfort, np.add.reduce(comfort, axis=1)
        return MetricValues(whole, own)
