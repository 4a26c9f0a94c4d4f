"""Resilience: demand not served by tier, interruptions as counted by IEEE 1366, time to the first shedding."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from ysc_sim.contracts import MetricInfo, MetricValues
from ysc_sim.resilience import reliability_indices
from ysc_sim.results.arrays import RunArrays
from ysc_sim.units import SECONDS_PER_HOUR, Floats, hours

UNSERVED = ("unserved_kwh", *(f"unserved_kwh_tier{tier}" for tier in (1, 2, 3, 4)))
INDICES = ("saifi", "saidi_h", "caidi_h", "maifi")


class Resilience:
    """A building is interrupted while its critical demand (tier 1) is not fully served."""

    kind: ClassVar[str] = "resilience"
    defines: ClassVar[Mapping[str, MetricInfo]] = {
        "served_kwh": MetricInfo("kWh", 1),
        **{name: MetricInfo("kWh", -1) for name in UNSERVED},
        "saifi": MetricInfo("1", -1),
        "saidi_h": MetricInfo("h", -1),
        "caidi_h": MetricInfo("h", -1),
        "maifi": MetricInfo("1", -1),
        "outage_hours": MetricInfo("h", 0),
        "served_outage_ratio": MetricInfo("1", 1),
        "time_to_first_shed_h": MetricInfo("h", 1),
    }

    def compute(self, arrays: RunArrays) -> MetricValues:
        """Sums, indices for the period of the run (not annualised), and what an outage leaves served."""
        load = arrays.total("load_kwh")
        assert load is not None
        own = {name: _total(arrays, name) for name in UNSERVED}
        own["served_kwh"] = load - own["unserved_kwh"]
        whole = {name: np.add.reduce(values, axis=1) for name, values in own.items()}
        whole["outage_hours"] = arrays.outage_seconds / SECONDS_PER_HOUR
        whole.update(_indices(arrays))
        if (whole["outage_hours"] > 0).any():
            _add_outage_values(arrays, own, whole)
        return MetricValues(whole, own)


def _total(arrays: RunArrays, name: str) -> Floats:
    total = arrays.total(name)
    return np.zeros((len(arrays.seeds), len(arrays.buildings))) if total is None else total


def _add_outage_values(arrays: RunArrays, own: dict[str, Floats], whole: dict[str, Floats]) -> None:
    """Share of the demand during outages that was served, and the time until something was shed first."""
    course = arrays.course_of_outages()
    demand, shed = course.demand_kwh, course.shed
    unserved = course.lacking_kwh
    own["served_outage_ratio"] = _served_ratio(unserved, demand)
    whole["served_outage_ratio"] = _served_ratio(np.add.reduce(unserved, axis=1), np.add.reduce(demand, axis=1))
    first = np.full(len(arrays.seeds), np.inf)
    # Of each interval and row: the first one from it on in which something is shed (T: none).
    ahead = np.where(shed, np.arange(len(shed))[:, None], len(shed))
    ahead = np.minimum.accumulate(ahead[::-1], axis=0)[::-1]
    for record in arrays.outages:
        interval = int(ahead[int(record.start_s // course.record_s), record.row])
        if interval < len(shed):
            time_s = max(interval * course.record_s - record.start_s, 0.0)
            first[record.row] = min(first[record.row], time_s)
    whole["time_to_first_shed_h"] = np.where(np.isfinite(first), first / SECONDS_PER_HOUR, np.nan)


def _served_ratio(unserved: Floats, demand: Floats) -> Floats:
    """Row by row, NaN where nothing was asked for."""
    lost: Floats = np.divide(unserved, demand, out=np.full(demand.shape, np.nan), where=demand > 0)
    return 1.0 - lost


def _indices(arrays: RunArrays) -> dict[str, Floats]:
    """IEEE 1366 indices of each row; the duration of an interruption is the sum over neighbouring intervals."""
    course = arrays.course_of_outages() if "interrupted_s" in arrays.columns else None
    rows, n = len(arrays.seeds), len(arrays.buildings)
    period_h = hours(arrays.axis.duration_s)
    values = {name: np.zeros(rows) for name in INDICES}
    for row in range(rows):
        durations = np.zeros(0) if course is None else course.lengths_s(row)
        found = reliability_indices(np.ones(len(durations)), durations, customers_served=n, period_h=period_h)
        for name in INDICES:
            values[name][row] = found[name]
    return values
