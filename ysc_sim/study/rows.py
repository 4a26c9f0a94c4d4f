"""The numbers of every single row of an ensemble: the means that ``metrics.json`` holds are made from them.

A fresh result still has its arrays, and every metric is measured anew; of a stored one, those are taken that its tables
give: sums of energies, peaks, bills. A number whose mean is not the stored one is left out.
"""

from __future__ import annotations

import re

import numpy as np

from ysc_sim.contracts import Metric
from ysc_sim.plugins import plugin, registry
from ysc_sim.results import Results
from ysc_sim.results.frames import COMMUNITY
from ysc_sim.units import MJPY_PER_JPY, Floats

CLOSE = 1e-9


def row_values(results: Results) -> dict[str, Floats]:
    """Community metric → (S,) values of the rows; empty where the run has one row only."""
    if int(results.manifest.get("rows", 1)) < 2:
        return {}
    found: dict[str, Floats]
    if "rows" in results.frames:
        frame = results.frame("rows")
        found = {str(name): frame[name].to_numpy(dtype=np.float64) for name in frame.columns}
    else:
        found = _measured(results) if results.arrays is not None else _from_tables(results)
    stored = results.metrics["community"]
    return {name: values for name, values in found.items() if name in stored and _agrees(values, stored[name])}


def _agrees(values: Floats, mean: float) -> bool:
    return bool(np.isfinite(values).all()) and abs(float(values.mean()) - mean) <= CLOSE * max(1.0, abs(mean)) * 100


def _measured(results: Results) -> dict[str, Floats]:
    arrays = results.arrays
    assert arrays is not None
    found: dict[str, Floats] = {}
    metrics: list[Metric] = [plugin("metrics", kind)() for kind in sorted(registry("metrics"))]
    for metric in metrics:
        for name, values in metric.compute(arrays).community.items():
            found[name] = np.broadcast_to(np.asarray(values, dtype=np.float64), (len(arrays.seeds),))
    return found


def _from_tables(results: Results) -> dict[str, Floats]:
    """Energies, peak and bill of each row, from the stored tables."""
    community = results.frame("community")
    by_row = community.groupby("row", sort=True, observed=True)
    energies = [name for name in community.columns if name.endswith("_kwh") or "_kwh_tier" in name]
    sums = by_row[energies].sum()
    found = {name: sums[name].to_numpy(dtype=np.float64) for name in energies}
    # A column of zeros is not stored; energies are not below zero, so that a mean of 0 is 0 in every row.
    stored = results.metrics["community"]
    for name in stored:
        if re.search(r"_kwh(_tier\d)?$", name) and stored[name] == 0:
            found.setdefault(name, np.zeros(len(sums)))
    if {"load_kwh", "unserved_kwh"} <= set(found):
        found["served_kwh"] = found["load_kwh"] - found["unserved_kwh"]
    if "demand_kw" in community:
        found["peak_import_kw"] = by_row["demand_kw"].max().to_numpy(dtype=np.float64)
    bills = results.frame("bills")
    accounts = bills["building"].astype(object)
    own = bills[accounts == COMMUNITY] if (accounts == COMMUNITY).any() else bills
    totals = own.groupby("row", sort=True, observed=True)["amount_mjpy"].sum()
    found["bill_jpy"] = totals.to_numpy(dtype=np.float64) / MJPY_PER_JPY
    rows = int(results.manifest["rows"])
    return {name: values for name, values in found.items() if len(values) == rows}
