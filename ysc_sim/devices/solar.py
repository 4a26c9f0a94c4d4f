"""Solar roofs: what the sun gives in a standard year, on any plane.

Four planes are published for Yokohama's climate region and used as they are; any other tilt and direction
is worked out from them (:mod:`ysc_sim.timeseries.planes`, with the error). The sun does not know whose roof
it shines on: a building's shift in time and its size do not touch its solar power. Instead of all this a
measured profile can be given.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar, Literal

import numpy as np
from annotated_types import Gt, Le, Len

from ysc_sim.contracts import EnergyClass, Placed
from ysc_sim.devices.base import ProfileFleet, Source
from ysc_sim.devices.measured import file_problems, is_file, measured_source
from ysc_sim.errors import Problem
from ysc_sim.timeseries.axis import TimeAxis
from ysc_sim.timeseries.calendar import aligned_day
from ysc_sim.timeseries.planes import plane_year_kw
from ysc_sim.timeseries.profiles import days_around
from ysc_sim.timeseries.read import Stamp, Unit
from ysc_sim.units import KVA, SECONDS_PER_HOUR, Degrees, Floats, PositiveKW, Tilt
from ysc_sim.units import Unit as FieldUnit


@dataclass(frozen=True, kw_only=True)
class SolarSpec:
    """One solar plant."""

    rated_kw: PositiveKW
    """Rated power of the modules."""
    tilt_deg: Tilt = 30.0
    """Tilt: 0 flat, 90 upright."""
    azimuth_deg: Degrees = 180.0
    """Direction that the modules face: 180 south, 90 east, 270 west."""
    sunshine: Literal["A3", "A4", "A5"] = "A4"
    """Class of yearly sunshine (年間の日射地域区分). That Yokohama is A4 is assumed."""
    inverter_kva: KVA | None = None
    """Size of the inverter; the output stays below its kVA times the power factor. None: large enough."""
    power_factor: Annotated[float, Gt(0), Le(1), FieldUnit("1")] = 0.95
    """Constant power factor that the grid operator asks for (JEAC 9701: 0.95 at low voltage)."""
    profile: Annotated[str, Len(0, 200)] = ""
    """A measured profile (.csv beside the scenario) instead of plane and sunshine."""
    profile_rated_kw: PositiveKW | None = None
    """Rated power of the plant that was measured; ``rated_kw`` if not given."""
    csv_unit: Unit = "auto"
    """Unit of a file's values: kW, kWh, W, Wh, or as its header says."""
    csv_stamp: Stamp = "auto"
    """Whether a file's times are those of the start or the end of an interval."""
    csv_column: Annotated[str, Len(0, 200)] = ""
    """Heading of a file's column of values, where there are several."""

    def check(self) -> list[tuple[str, str, dict[str, object]]]:
        """Cross rules: (problem key, field, values)."""
        if self.profile and not is_file(self.profile):
            return [("profile_not_csv", "profile", {"profile": self.profile})]
        return []

    def check_files(self, folder: Path, axis: TimeAxis) -> list[Problem]:
        """What is wrong with the file that it names."""
        return file_problems(self, folder, axis) if self.profile else []


class SolarFleet(ProfileFleet):
    """All solar plants of a community."""

    kind: ClassVar[str] = "solar"
    energy_class: ClassVar[EnergyClass] = "pv"
    Spec: ClassVar[type] = SolarSpec

    def __init__(self, placed: Placed) -> None:
        super().__init__(placed)
        site, specs = placed.site, placed.specs
        sources: dict[Hashable, Source] = {}
        for spec in specs:
            if plane_of(spec) not in sources:
                sources[plane_of(spec)] = _source(spec, site.folder, site.axis)
        order = list(sources)
        sizes = np.array([_size(spec) for spec in specs])
        limits = np.array([(spec.inverter_kva or np.inf) * spec.power_factor for spec in specs])
        self.notes = ({"key": "solar_standard_year"},) if any(not spec.profile for spec in specs) else ()
        self.follow(
            list(sources.values()),
            np.array([order.index(plane_of(spec)) for spec in specs], dtype=np.int64),
            sizes.reshape(1, -1),
            cap_kw=limits if np.isfinite(limits).any() else None,
        )


def plane_of(spec: SolarSpec) -> Hashable:
    """What two plants must share to follow one source."""
    if spec.profile:
        return (spec.profile, spec.csv_unit, spec.csv_stamp, spec.csv_column)
    return (spec.sunshine, spec.tilt_deg, spec.azimuth_deg)


def _size(spec: SolarSpec) -> float:
    """Factor from the source to the plant: from 1 kW, or from the plant that was measured."""
    return spec.rated_kw / (spec.profile_rated_kw or spec.rated_kw) if spec.profile else spec.rated_kw


def _source(spec: SolarSpec, folder: Path, axis: TimeAxis) -> Source:
    if spec.profile:
        return measured_source(spec, folder, axis, 0)
    year: Floats = plane_year_kw(spec.sunshine, spec.tilt_deg, spec.azimuth_deg)
    return Source(year[aligned_day(days_around(axis, 0))].reshape(-1), SECONDS_PER_HOUR, 0)
