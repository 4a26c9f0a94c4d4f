"""Residuals: what the books do not add up to. Energy: rounding of the last bits; trade and money: exactly zero."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from ysc_sim.contracts import MetricInfo, MetricValues
from ysc_sim.results.arrays import RunArrays
from ysc_sim.units import MJPY_PER_JPY


class Residuals:
    """Published with every run, so that nobody has to believe it."""

    kind: ClassVar[str] = "residuals"
    defines: ClassVar[Mapping[str, MetricInfo]] = {
        "energy_residual_kwh": MetricInfo("kWh", -1),
        "ledger_residual_mwh": MetricInfo("mWh", -1),
        "meter_rounding_mwh": MetricInfo("mWh", -1),
        "money_residual_jpy": MetricInfo("JPY", -1),
    }

    def compute(self, arrays: RunArrays) -> MetricValues:
        """``meter_rounding_mwh`` is the largest of any slot; the others are sums."""
        rounding = np.zeros(len(arrays.seeds))
        if len(arrays.meter_rounding_mwh):
            rounding = np.maximum.reduce(arrays.meter_rounding_mwh, axis=0).astype(np.float64)
        whole = {
            "energy_residual_kwh": np.add.reduce(arrays.energy_residual_kwh, axis=1) + arrays.island_residual_kwh,
            "ledger_residual_mwh": arrays.ledger_residual_mwh.astype(np.float64),
            "meter_rounding_mwh": rounding,
            "money_residual_jpy": arrays.money_residual_mjpy / MJPY_PER_JPY,
        }
        return MetricValues(whole, {"energy_residual_kwh": arrays.energy_residual_kwh})
