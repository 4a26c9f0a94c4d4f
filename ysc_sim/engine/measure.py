"""What devices say of themselves when a run is over: fuel, wear, departures, comfort."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ysc_sim.community.arrays import Community, State
from ysc_sim.community.segments import Segments
from ysc_sim.contracts import Measure, Measuring
from ysc_sim.results.arrays import DeviceNumber
from ysc_sim.units import Floats


def device_numbers(community: Community, state: State) -> Mapping[str, DeviceNumber]:
    """Every number of every fleet that measures, for buildings and community."""
    found: dict[str, DeviceNumber] = {}
    for fleet, to_building, part in zip(community.fleets, community.by_building, state.fleets, strict=True):
        if isinstance(fleet, Measuring):
            for name, measure in fleet.measure(part).items():
                info = fleet.measures[name]
                own = np.full((community.rows, len(community.buildings)), np.nan)
                own[:, to_building.present] = grouped(measure, to_building)[:, to_building.present]
                whole = grouped(measure, to_building.all_in_one)[:, 0]
                found[name] = DeviceNumber(own, whole, info.unit, info.better)
    return found


def grouped(measure: Measure, groups: Segments) -> Floats:
    """Sum, or weighted mean, of (S, m) over groups, (S, g); NaN where no device of a group has the number.

    >>> two = Segments(np.array([0, 0]), 1)
    >>> grouped(Measure(np.array([[1.0, 4.0]])), two).tolist()
    [[5.0]]
    >>> grouped(Measure(np.array([[1.0, 4.0]]), np.array([2.0, 1.0])), two).tolist()
    [[2.0]]
    >>> grouped(Measure(np.array([[np.nan, 4.0]])), two).tolist()
    [[4.0]]
    """
    there = np.isfinite(measure.value)
    weight = np.where(there, 1.0 if measure.weight is None else measure.weight, 0.0)
    total = groups.sum(np.where(there, measure.value, 0.0) * weight)
    whole = groups.sum(weight)
    bottom = np.ones_like(whole) if measure.weight is None else whole
    mean: Floats = np.divide(total, bottom, out=np.full(total.shape, np.nan), where=whole > 0)
    return mean
