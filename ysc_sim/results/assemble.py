"""Numbers of many rows as the one ``metrics.json``: means, and in an ensemble the band around them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ysc_sim.errors import PluginError
from ysc_sim.units import Floats

if TYPE_CHECKING:
    from ysc_sim.contracts import MetricInfo, MetricValues

FORMAT = 1
BAND = (("_p05", 0.05), ("_p95", 0.95))
"""Suffix and quantile of the numbers that stand beside the mean of an ensemble."""


def assemble_metrics(
    values: Sequence[MetricValues],
    infos: Mapping[str, MetricInfo],
    buildings: Sequence[str],
    seeds: Sequence[int],
) -> dict[str, Any]:
    """``metrics.json`` from what the metric plug-ins computed: community (S,) and buildings (S, n) arrays.

    A number that is not finite in some row is not available, and left out. The mean is rounded once
    (``fsum``), so that the order of rows does not matter. Raises ``PluginError`` for a name that is given
    twice or was never declared.
    """
    community: dict[str, float] = {}
    by_building: dict[str, dict[str, float]] = {building: {} for building in buildings}
    for part in values:
        for name, numbers in part.community.items():
            _check_name(name, infos, community)
            community.update(_summary(name, np.asarray(numbers, dtype=np.float64)))
        for name, numbers in part.buildings.items():
            _check_name(name, infos, {})
            for b, building in enumerate(buildings):
                by_building[building].update(_summary(name, np.asarray(numbers, dtype=np.float64)[:, b]))
    present = set(community).union(*by_building.values())
    suffixes = ("", *(suffix for suffix, _ in BAND)) if len(seeds) > 1 else ("",)
    units = {name + suffix: infos[name].unit for name in infos for suffix in suffixes if name + suffix in present}
    return {"format": FORMAT, "community": community, "buildings": by_building, "units": units}


def _check_name(name: str, infos: Mapping[str, MetricInfo], taken: Mapping[str, float]) -> None:
    if name not in infos:
        raise PluginError("metric_undeclared", name=name)
    if name in taken:
        raise PluginError("metric_twice", name=name)


def _summary(name: str, rows: Floats) -> dict[str, float]:
    """Mean of (S,) and, for more than one row, its 5 % and 95 % quantiles; nothing if any is not finite."""
    if not np.isfinite(rows).all():
        return {}
    summary = {name: math.fsum(rows.tolist()) / len(rows) + 0.0}
    if len(rows) > 1:
        summary.update({name + suffix: float(np.quantile(rows, q)) + 0.0 for suffix, q in BAND})
    return summary
