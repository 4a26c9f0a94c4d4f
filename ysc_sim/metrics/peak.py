"""Peaks: the half-hour means that demand charges hang on (デマンド値), and the contract power that follows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from ysc_sim.contracts import MetricInfo, MetricValues
from ysc_sim.results.arrays import RunArrays
from ysc_sim.units import MWH_PER_KWH, Floats, hours

LEAST_KW = 1e-3
"""Rounding of meters is no new peak."""


class Peak:
    """Largest half-hour mean import at the point of connection and at each building."""

    kind: ClassVar[str] = "peak"
    defines: ClassVar[Mapping[str, MetricInfo]] = {
        "peak_import_kw": MetricInfo("kW", -1),
        "sum_of_building_peaks_kw": MetricInfo("kW", -1),
        "contract_kw": MetricInfo("kW", -1),
        "new_peak_kw": MetricInfo("kW", -1),
        "new_peak_months": MetricInfo("1", -1),
    }

    def compute(self, arrays: RunArrays) -> MetricValues:
        """From the integer registers of each slot."""
        slot_h = hours(arrays.axis.slot_s)
        if not len(arrays.import_mwh):
            return MetricValues()
        own = np.maximum.reduce(arrays.import_mwh, axis=0) / MWH_PER_KWH / slot_h
        whole = np.maximum.reduce(arrays.community_import_mwh, axis=0) / MWH_PER_KWH / slot_h
        shared = arrays.community_contract_kw
        contract = np.add.reduce(arrays.contract_kw, axis=1) if shared is None else shared
        return MetricValues(
            {
                "peak_import_kw": whole,
                "sum_of_building_peaks_kw": np.add.reduce(own, axis=1),
                "contract_kw": contract,
                **_new(arrays.peaks and arrays.peaks.together_kw, arrays.peaks and arrays.peaks.together_without_kw),
            },
            {
                "peak_import_kw": own,
                "contract_kw": arrays.contract_kw,
                **_new(arrays.peaks and arrays.peaks.own_kw, arrays.peaks and arrays.peaks.own_without_kw),
            },
        )


def _new(reached_kw: Floats | None, without_kw: Floats | None) -> dict[str, Floats]:
    """By how much, and in how many months, the largest half-hour is above that without control, (S, …)."""
    if reached_kw is None or without_kw is None:
        return {}
    rise = reached_kw - without_kw
    new = rise > LEAST_KW
    return {
        "new_peak_kw": np.maximum.reduce(np.where(new, rise, 0.0), axis=0),
        "new_peak_months": np.add.reduce(new.astype(np.float64), axis=0),
    }
