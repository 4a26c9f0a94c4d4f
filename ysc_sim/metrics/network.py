"""Voltages, loading and losses of the wires, where they were solved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from ysc_sim.contracts import MetricInfo, MetricValues
from ysc_sim.results.arrays import RunArrays
from ysc_sim.results.power_flow import PowerFlow
from ysc_sim.units import Floats


class Network:
    """Extremes over the run, hours outside the voltage limits, energy lost in lines and transformers.

    Time in which the network was dead, or in which no solution was found, has no voltage and counts for nothing. A
    number that is not known in any row (a network without a transformer) is left out.
    """

    kind: ClassVar[str] = "network"
    defines: ClassVar[Mapping[str, MetricInfo]] = {
        "min_voltage_pu": MetricInfo("pu", 1),
        "max_voltage_pu": MetricInfo("pu", -1),
        "voltage_violation_h": MetricInfo("h", -1),
        "max_line_loading_percent": MetricInfo("%", -1),
        "max_transformer_loading_percent": MetricInfo("%", -1),
        "loss_kwh": MetricInfo("kWh", -1),
    }

    def compute(self, arrays: RunArrays) -> MetricValues:
        """Of the community: any building counts; of a building: its own connection."""
        flow = arrays.power_flow
        if flow is None:
            return MetricValues()
        outside = flow.violated * (flow.energised_share * arrays.hours)[:, :, None]
        community = {
            "min_voltage_pu": np.fmin.reduce(flow.network_min_voltage_pu, axis=0),
            "max_voltage_pu": np.fmax.reduce(flow.network_max_voltage_pu, axis=0),
            "voltage_violation_h": np.add.reduce(np.maximum.reduce(outside, axis=2), axis=0),
            "max_line_loading_percent": np.fmax.reduce(flow.line_loading_percent, axis=0),
            "max_transformer_loading_percent": np.fmax.reduce(flow.transformer_loading_percent, axis=0),
            "loss_kwh": self._lost(arrays, flow),
        }
        buildings: dict[str, Floats] = {
            "min_voltage_pu": np.fmin.reduce(flow.min_voltage_pu, axis=0),
            "max_voltage_pu": np.fmax.reduce(flow.max_voltage_pu, axis=0),
            "voltage_violation_h": np.add.reduce(outside, axis=0),
        }
        return MetricValues(community, buildings)

    def _lost(self, arrays: RunArrays, flow: PowerFlow) -> Floats:
        """What was booked where the network was solved inside the run, else what was found after it, (S,)."""
        booked = arrays.community.get("loss_kwh")
        if booked is not None:
            return np.asarray(np.add.reduce(booked, axis=0))
        return np.asarray(np.add.reduce(np.nan_to_num(flow.loss_kw), axis=0) * arrays.hours)
