"""Solar roofs: what the sun gives on any plane, in the standard year or in weather of its own for every seed.

With ``site: {weather: synthetic}`` or a weather file the power comes from that weather, by pvlib's chain
(:mod:`ysc_sim.timeseries.photovoltaic`). Otherwise from the standard year: four planes are published for Yokohama's
climate region and used as they are; any other tilt and direction is worked out from them
(:mod:`ysc_sim.timeseries.planes`, with the error). The sun does not know whose roof it shines on: a building's shift in
time and its size do not touch its solar power. Instead of all this a measured profile can be given.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar, Literal

import numpy as np
from annotated_types import Ge, Gt, Le, Len

from ysc_sim.contracts import EnergyClass, Placed
from ysc_sim.devices.base import ProfileFleet, Source, curves_of
from ysc_sim.devices.measured import file_problems, is_file, measured_source
from ysc_sim.devices.weather import has_own_weather, planes_kw, sky_notes, weather_step_s
from ysc_sim.errors import Problem
from ysc_sim.timeseries.axis import TimeAxis
from ysc_sim.timeseries.calendar import aligned_day
from ysc_sim.timeseries.photovoltaic import Plane
from ysc_sim.timeseries.planes import plane_year_kw
from ysc_sim.timeseries.profiles import days_around
from ysc_sim.timeseries.read import Stamp, Unit
from ysc_sim.timeseries.weather_file import AIR, SUN
from ysc_sim.units import KVA, KW, SECONDS_PER_HOUR, Degrees, Floats, Fraction, PositiveKW, Tilt
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
    soiling: Fraction = 0.0
    """Share of the light that dirt keeps away."""
    degradation_per_year: Fraction = 0.005
    """Share of the power that modules lose each year (median of 0.5 %, Jordan and Kurtz 2013)."""
    age_years: Annotated[float, Ge(0), Le(60), FieldUnit("a")] = 0.0
    """Age of the modules."""
    power_factor: Annotated[float, Gt(0), Le(1), FieldUnit("1")] = 0.95
    """Constant power factor that the grid operator asks for (JEAC 9701: 0.95 at low voltage)."""
    outlet_kw: KW = 0.0
    """Stand-alone outlet (自立運転コンセント): what the inverter gives to critical demand of its own building in an
    outage, sun only; 1.5 is usual. 0: none."""
    frequency_droop_pu: Annotated[float, Gt(0), Le(1), FieldUnit("1")] | None = None
    """Rise of an island's frequency, per unit, that takes all its power away (frequency-watt); the island's
    ``sun_droop_pu`` if not given."""
    frequency_deadband_hz: Annotated[float, Ge(0), Le(5), FieldUnit("Hz")] | None = None
    """It gives less above nominal by more than this; the island's ``sun_deadband_hz`` if not given."""
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

    @property
    def weather_needs(self) -> tuple[str, ...]:
        """What it needs of a weather file."""
        return () if self.profile else (SUN, AIR)

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
    row_fields: ClassVar[tuple[str, ...]] = ("rated_kw",)

    def __init__(self, placed: Placed) -> None:
        super().__init__(placed)
        site, specs = placed.site, placed.specs
        drawn = has_own_weather(site)
        keys = [plane_of(spec, drawn) for spec in specs]
        sources: dict[Hashable, Source] = {}
        for key, spec in zip(keys, specs, strict=True):
            if key not in sources and not isinstance(key, Plane):
                sources[key] = _source(spec, site.folder, site.axis)
        planes = [key for key in dict.fromkeys(keys) if isinstance(key, Plane)]
        for plane, kw in zip(planes, planes_kw(site, planes) if planes else (), strict=True):
            sources[plane] = Source(kw, weather_step_s(site), 0)
        order = list(sources)
        self.outlet_kw = placed.column("outlet_kw")
        self.frequency_curve = curves_of(specs)
        # Rows may differ in the rated power: the inverter then grows with the modules.
        rated = placed.column("rated_kw")
        larger = np.atleast_2d(placed.by_row("rated_kw", rated)) / rated
        sizes = np.array([_size(spec) for spec in specs]) * larger
        limits = np.array([(spec.inverter_kva or np.inf) * spec.power_factor for spec in specs])
        capped = np.isfinite(limits)
        limits = np.where(capped, np.where(capped, limits, 0.0) * larger, np.inf)
        modelled = any(not spec.profile for spec in specs)
        self.notes = sky_notes(site, "solar_standard_year") if modelled else ()
        self.follow(
            list(sources.values()),
            np.array([order.index(key) for key in keys], dtype=np.int64),
            sizes,
            cap_kw=limits if capped.any() else None,
        )


def plane_of(spec: SolarSpec, drawn: bool) -> Hashable:
    """What two plants must share to follow one source: a :class:`Plane` where the weather is ``drawn`` or of a file."""
    if spec.profile:
        return (spec.profile, spec.csv_unit, spec.csv_stamp, spec.csv_column)
    if drawn:
        return Plane(spec.tilt_deg, spec.azimuth_deg % 360.0, (spec.inverter_kva or spec.rated_kw) / spec.rated_kw)
    return (spec.sunshine, spec.tilt_deg, spec.azimuth_deg)


def _size(spec: SolarSpec) -> float:
    """Factor from the source to the plant: from 1 kW, or from the plant that was measured."""
    if spec.profile:
        return spec.rated_kw / (spec.profile_rated_kw or spec.rated_kw)
    aged: float = (1.0 - spec.degradation_per_year) ** spec.age_years
    return spec.rated_kw * (1.0 - spec.soiling) * aged


def _source(spec: SolarSpec, folder: Path, axis: TimeAxis) -> Source:
    if spec.profile:
        return measured_source(spec, folder, axis, 0)
    year: Floats = plane_year_kw(spec.sunshine, spec.tilt_deg, spec.azimuth_deg)
    return Source(year[aligned_day(days_around(axis, 0))].reshape(-1), SECONDS_PER_HOUR, 0)
