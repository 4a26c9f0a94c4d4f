"""Energy: sums over the run of every column, and the two ratios that solar owners ask for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from ysc_sim.contracts import MetricInfo, MetricValues
from ysc_sim.results.arrays import RunArrays
from ysc_sim.units import MWH_PER_KWH, Floats

SUMS: Mapping[str, int] = {
    "load_kwh": 0,
    "pv_kwh": 1,
    "wind_kwh": 1,
    "genset_kwh": -1,
    "curtailed_kwh": -1,
    "switched_off_kwh": -1,
    "battery_charge_kwh": 0,
    "battery_discharge_kwh": 0,
    "ev_charge_kwh": 0,
    "ev_discharge_kwh": 0,
    "storage_loss_kwh": -1,
    "ev_trip_kwh": 0,
}
"""Columns that are added up as they are, and which direction is better."""


class Energy:
    """kWh by class, self-consumption ratio (自己消費率) and self-sufficiency ratio (自給率)."""

    kind: ClassVar[str] = "energy"
    defines: ClassVar[Mapping[str, MetricInfo]] = {
        **{name: MetricInfo("kWh", better) for name, better in SUMS.items()},
        "relay_trips": MetricInfo("1", -1),
        "import_kwh": MetricInfo("kWh", -1),
        "import_without_sharing_kwh": MetricInfo("kWh", -1),
        "export_kwh": MetricInfo("kWh", 0),
        "traded_kwh": MetricInfo("kWh", 1),
        "self_consumption_ratio": MetricInfo("1", 1),
        "self_sufficiency_ratio": MetricInfo("1", 1),
        "self_sufficiency_without_sharing_ratio": MetricInfo("1", 1),
        "co2_kg": MetricInfo("kg", -1),
    }

    def compute(self, arrays: RunArrays) -> MetricValues:
        """Import and export are the meters' integer readings; everything else is what was recorded."""
        buildings: dict[str, Floats] = {}
        for name in (*SUMS, "relay_trips"):
            total = arrays.total(name)
            if total is not None:
                buildings[name] = total
        community = {name: np.add.reduce(total, axis=1) for name, total in buildings.items()}
        for side, at_building, at_grid in (
            ("import_kwh", arrays.import_mwh, arrays.community_import_mwh),
            ("export_kwh", arrays.export_mwh, arrays.community_export_mwh),
        ):
            buildings[side] = np.add.reduce(at_building, axis=0) / MWH_PER_KWH
            community[side] = np.add.reduce(at_grid, axis=0) / MWH_PER_KWH
        sold = np.add.reduce(arrays.sold_mwh, axis=0)
        buildings["traded_kwh"] = (sold + np.add.reduce(arrays.bought_mwh, axis=0)) / MWH_PER_KWH
        community["traded_kwh"] = np.add.reduce(sold, axis=1) / MWH_PER_KWH
        for values in (buildings, community):
            values["co2_kg"] = values["import_kwh"] * arrays.co2_kg_per_kwh
        unserved = arrays.total("unserved_kwh")
        lacking = np.zeros_like(buildings["load_kwh"]) if unserved is None else unserved
        missing = np.add.reduce(lacking, axis=1)
        _add_ratios(buildings, lacking)
        _add_ratios(community, missing)
        if len(arrays.buildings) > 1:
            _add_without_sharing(community, buildings["import_kwh"], missing)
        return MetricValues(community, buildings)


def _add_without_sharing(community: dict[str, Floats], import_kwh: Floats, unserved_kwh: Floats) -> None:
    """The same physical run with nothing shared: every building imports for itself what its own meter took in."""
    own, served = np.add.reduce(import_kwh, axis=1), community["load_kwh"] - unserved_kwh
    community["import_without_sharing_kwh"] = own
    if "self_sufficiency_ratio" in community:
        ratio = np.full(served.shape, np.nan)
        np.divide(served - own, served, out=ratio, where=served > 0)
        community["self_sufficiency_without_sharing_ratio"] = ratio


def _add_ratios(values: dict[str, Floats], unserved_kwh: Floats) -> None:
    """Share of own generation that was not exported, and share of served demand that was not imported.

    A ratio whose denominator is zero is not available: it is left out if it is so in any row or building.
    """
    nothing = np.zeros_like(values["load_kwh"])
    generated = values.get("pv_kwh", nothing) + values.get("wind_kwh", nothing) + values.get("genset_kwh", nothing)
    served = values["load_kwh"] - unserved_kwh
    for name, part, whole in (
        ("self_consumption_ratio", values["export_kwh"], generated),
        ("self_sufficiency_ratio", values["import_kwh"], served),
    ):
        ratio = np.full(whole.shape, np.nan)
        np.divide(whole - part, whole, out=ratio, where=whole > 0)
        if np.isfinite(ratio).any():
            values[name] = ratio
