"""What devices say of themselves: battery wear, fuel, unmet departures, comfort; whatever kinds are in the run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from ysc_sim.contracts import MetricInfo, MetricValues
from ysc_sim.results.arrays import RunArrays


class Devices:
    """Numbers that only the kinds of device in a run define (:class:`ysc_sim.contracts.Measuring`)."""

    kind: ClassVar[str] = "devices"
    defines: ClassVar[Mapping[str, MetricInfo]] = {}

    def compute(self, arrays: RunArrays) -> MetricValues:
        """As the fleets gave them; a building without such a device has none."""
        numbers = arrays.device_numbers
        return MetricValues(
            {name: number.community for name, number in numbers.items()},
            {name: number.buildings for name, number in numbers.items()},
            {name: MetricInfo(number.unit, number.better) for name, number in numbers.items()},
        )
