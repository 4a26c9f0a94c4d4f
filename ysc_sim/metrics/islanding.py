"""How communities lived through their outages: by tier, until when, how fairly, how soon everything was back.

Loss-of-load probability and mean time to failure after Billinton and Allan, Reliability Evaluation of Power Systems,
2nd ed. 1996, chapters 2 and 6; ASAI after IEEE Std 1366-2022; the lost service is the area above the curve of what is
served (Bruneau et al., Earthquake Spectra 19 (2003) 733-752; Panteli et al., IEEE Trans. Power Systems 32 (2017)
4732-4742); the fairness index is that of Jain, Chiu and Hawe (DEC Research Report TR-301, 1984). Ratios by tier,
autonomy and recovery are our own definitions, written down in docs/islanding.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from ysc_sim.contracts import MetricInfo, MetricValues
from ysc_sim.results.arrays import RunArrays
from ysc_sim.units import SECONDS_PER_HOUR, Floats

TIERS = (1, 2, 3, 4)
FULL = "GRID"
"""Mode of a cell that has come back for good."""


class Islanding:
    """Only for runs in which some cell was without the grid."""

    kind: ClassVar[str] = "islanding"
    defines: ClassVar[Mapping[str, MetricInfo]] = {
        **{f"served_outage_ratio_tier{tier}": MetricInfo("1", 1) for tier in TIERS},
        "lolp": MetricInfo("1", -1),
        "asai": MetricInfo("1", 1),
        "lost_service_h": MetricInfo("h", -1),
        "shed_fairness": MetricInfo("1", 1),
        "autonomy_ratio": MetricInfo("1", 1),
        "mean_time_to_failure_h": MetricInfo("h", 1),
        "recovery_h": MetricInfo("h", -1),
        "min_frequency_hz": MetricInfo("Hz", 1),
        "max_frequency_hz": MetricInfo("Hz", -1),
        "pickup_kwh": MetricInfo("kWh", 0),
    }

    def compute(self, arrays: RunArrays) -> MetricValues:
        """Numbers of every row; one that some row does not have is left out."""
        if not arrays.outages or "island_served_kwh_tier1" not in arrays.columns:
            return MetricValues()
        whole, own = _by_tier(arrays)
        course, period_s = arrays.course_of_outages(), arrays.axis.duration_s
        own["lolp"] = np.add.reduce(arrays.columns["interrupted_s"], axis=0) / period_s
        whole["lolp"] = course.dark_s / period_s
        own["asai"] = 1.0 - own["lolp"]
        whole["asai"] = 1.0 - np.add.reduce(own["lolp"], axis=1) / len(arrays.buildings)
        # ∫(1 − Q) dt with Q the served share of demand.
        hours = course.record_s / SECONDS_PER_HOUR
        own["lost_service_h"], whole["lost_service_h"] = course.lost * hours, course.lost_together * hours
        if "pickup_kwh" in arrays.columns:
            own["pickup_kwh"] = np.add.reduce(arrays.columns["pickup_kwh"], axis=0)
            whole["pickup_kwh"] = np.add.reduce(own["pickup_kwh"], axis=1)
        for name, values in {**_of_records(arrays), **_frequencies(arrays)}.items():
            if np.isfinite(values).all():
                whole[name] = values
        return MetricValues(whole, own)


def _by_tier(arrays: RunArrays) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """Served share of each tier's demand while cells had no grid, and how evenly all demand was served."""
    whole: dict[str, Floats] = {}
    own: dict[str, Floats] = {}
    rows, n = len(arrays.seeds), len(arrays.buildings)
    given, wanted = np.zeros((rows, n)), np.zeros((rows, n))
    for tier in TIERS:
        served = np.add.reduce(arrays.columns[f"island_served_kwh_tier{tier}"], axis=0)
        demand = served + np.add.reduce(arrays.columns[f"unserved_kwh_tier{tier}"], axis=0)
        given, wanted = given + served, wanted + demand
        if (demand > 0).all():
            own[f"served_outage_ratio_tier{tier}"] = served / demand
        total = np.add.reduce(demand, axis=1)
        if (total > 0).all():
            whole[f"served_outage_ratio_tier{tier}"] = np.add.reduce(served, axis=1) / total
    share = np.divide(given, wanted, out=np.ones((rows, n)), where=wanted > 0)
    squares = np.add.reduce(share**2, axis=1)
    if (squares > 0).all():
        whole["shed_fairness"] = np.add.reduce(share, axis=1) ** 2 / (n * squares)
    return whole, own


def _of_records(arrays: RunArrays) -> dict[str, Floats]:
    """Hours lived over hours without grid, hours lived per death, and hours from the grid's return to normal, (S,)."""
    rows = len(arrays.seeds)
    lived, away, deaths, waited, returns = (np.zeros(rows) for _ in range(5))
    back: dict[tuple[int, str], list[float]] = {}
    for event in arrays.events:
        if event.to_mode == FULL:
            back.setdefault((event.row, event.cell), []).append(event.t_s)
    for record in arrays.outages:
        lived[record.row] += record.survived_h
        away[record.row] += record.hours
        deaths[record.row] += record.cause != "none"
        end_s = record.start_s + record.hours * SECONDS_PER_HOUR
        later = [t_s for t_s in back.get((record.row, record.cell), []) if t_s >= end_s - 1e-6]
        if later:
            waited[record.row] += max(later[0] - end_s, 0.0) / SECONDS_PER_HOUR
            returns[record.row] += 1
    nothing = np.full(rows, np.nan)
    return {
        "autonomy_ratio": np.divide(lived, away, out=nothing.copy(), where=away > 0),
        "mean_time_to_failure_h": np.divide(lived, deaths, out=nothing.copy(), where=deaths > 0),
        "recovery_h": np.divide(waited, returns, out=nothing.copy(), where=returns > 0),
    }


def _frequencies(arrays: RunArrays) -> dict[str, Floats]:
    """Lowest and highest frequency of all transients of each row, (S,); NaN where none was looked at."""
    low, high = np.full(len(arrays.seeds), np.nan), np.full(len(arrays.seeds), np.nan)
    for event in arrays.events:
        if np.isfinite(event.frequency_hz):
            low[event.row] = np.fmin(low[event.row], event.frequency_hz)
            high[event.row] = np.fmax(high[event.row], event.frequency_hz)
    return {"min_frequency_hz": low, "max_frequency_hz": high}
