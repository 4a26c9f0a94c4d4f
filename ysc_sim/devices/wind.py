"""Small wind turbines of 1 to 20 kW: synthetic wind or that of a file, a power curve, the height of the hub and the
density of the air.

The wind is one per community and row of the ensemble: turbines that stand together see the same. Between
the points of a power curve the power is linear; below 2 m/s and above the cut-out speed it is zero. Curves:
NREL's System Advisor Model, library of wind turbines, in bins of 1 to 4 m/s, rounded. With windpowerlib installed (the
extra ``wind``) the names of its large turbines serve as well, e.g. ``E-53/800`` on a hub of 60 m.
"""

from __future__ import annotations

import csv
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Ge, Gt, Le, Len

from ysc_sim.contracts import EnergyClass, Placed
from ysc_sim.devices.base import ProfileFleet, Source, curves_of
from ysc_sim.devices.weather import file_notes, wind_and_density
from ysc_sim.timeseries.folder import profiles_folder
from ysc_sim.timeseries.weather_file import WIND
from ysc_sim.timeseries.wind import at_height, at_standard_density
from ysc_sim.units import W_PER_KW, Floats, Unit

STARTS_ABOVE_M_S = 2.0


@dataclass(frozen=True)
class PowerCurve:
    """Power over wind speed in standard air; outside of the points nothing."""

    speed_m_s: Floats
    kw: Floats

    def power_kw(self, speed_m_s: Floats) -> Floats:
        """Power at a wind speed, same shape, kW."""
        return np.interp(speed_m_s, self.speed_m_s, self.kw, left=0.0, right=0.0)


@cache
def power_curves() -> Mapping[str, PowerCurve]:
    """All shipped turbines by name."""
    with (profiles_folder() / "small_wind_power_curves.csv").open(encoding="utf-8", newline="") as file:
        return {row["turbine"]: _curve(row) for row in csv.DictReader(file)}


@cache
def large_turbines() -> tuple[str, ...]:
    """Names of windpowerlib's turbines with a power curve; none where it is not installed."""
    if find_spec("windpowerlib") is None:
        return ()
    with warnings.catch_warnings():
        # The package warns of what newer pandas will do to it.
        warnings.simplefilter("ignore")
        from windpowerlib.data import get_turbine_types

        table = get_turbine_types(print_out=False)
    return tuple(sorted(table.loc[table["has_power_curve"], "turbine_type"].astype(str)))


@cache
def curve_of(turbine: str) -> PowerCurve:
    """Power curve of a shipped turbine, or of one of windpowerlib's. Raises ``KeyError`` where there is none."""
    if turbine in power_curves():
        return power_curves()[turbine]
    if turbine not in large_turbines():
        raise KeyError(turbine)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from windpowerlib import WindTurbine

        points = WindTurbine(turbine_type=turbine, hub_height=100.0).power_curve
    return PowerCurve(points["wind_speed"].to_numpy(float), points["value"].to_numpy(float) / W_PER_KW)


def _curve(row: Mapping[str, str]) -> PowerCurve:
    points = [(float(key[1:]), float(value)) for key, value in row.items() if key[1:].isdigit() and value]
    speeds, powers = [STARTS_ABOVE_M_S, *(v for v, _ in points)], [0.0, *(kw for _, kw in points)]
    cut_out = float(row["cut_out_m_s"])
    if cut_out > speeds[-1]:
        speeds.append(cut_out)
        powers.append(powers[-1])
    return PowerCurve(np.array(speeds), np.array(powers))


@dataclass(frozen=True, kw_only=True)
class WindSpec:
    """One kind of small wind turbine at one building."""

    weather_needs: ClassVar[tuple[str, ...]] = (WIND,)
    """What it needs of a weather file."""
    turbine: Annotated[str, Len(1, 100)]
    """airdolphin (1 kW), skystream (2.4), evance_r9000 (5), bergey_excel10 (12), cf20 (20); with the extra ``wind``
    also windpowerlib's large turbines, e.g. E-53/800."""
    hub_height_m: Annotated[float, Gt(0), Le(200), Unit("m")] = 15.0
    """Height of the hub above ground."""
    shear_exponent: Annotated[float, Ge(0), Le(1), Unit("1")] = 0.2
    """How wind rises with height: 0.10 to 0.14 over the sea, 0.14 to 0.30 on land."""
    count: Annotated[int, Ge(1), Le(1000), Unit("1")] = 1
    """Number of turbines."""
    frequency_droop_pu: Annotated[float, Gt(0), Le(1), Unit("1")] | None = None
    """Rise of an island's frequency, per unit, that takes all its power away (frequency-watt); the island's
    ``sun_droop_pu`` if not given."""
    frequency_deadband_hz: Annotated[float, Ge(0), Le(5), Unit("Hz")] | None = None
    """It gives less above nominal by more than this; the island's ``sun_deadband_hz`` if not given."""

    @property
    def rated_kw(self) -> float:
        """Largest power of all its turbines."""
        return self.count * float(curve_of(self.turbine).kw.max())

    def check(self) -> list[tuple[str, str, dict[str, object]]]:
        """Cross rules: (problem key, field, values)."""
        if self.turbine in power_curves() or self.turbine in large_turbines():
            return []
        known = ", ".join((*power_curves(), *large_turbines()))
        return [("turbine_unknown", "turbine", {"turbine": self.turbine, "known": known})]


class WindFleet(ProfileFleet):
    """All small wind turbines of a community."""

    kind: ClassVar[str] = "wind"
    energy_class: ClassVar[EnergyClass] = "wind"
    Spec: ClassVar[type] = WindSpec

    def __init__(self, placed: Placed) -> None:
        super().__init__(placed)
        site = placed.site
        speed, density, step_s, measured_at_m = wind_and_density(site)
        kinds = sorted({(spec.turbine, spec.hub_height_m, spec.shear_exponent) for spec in placed.specs})
        sources = []
        for turbine, height_m, exponent in kinds:
            there = at_standard_density(at_height(speed, height_m, exponent, measured_at_m), density)
            sources.append(Source(curve_of(turbine).power_kw(there), step_s, 0))
        which = [kinds.index((spec.turbine, spec.hub_height_m, spec.shear_exponent)) for spec in placed.specs]
        self.frequency_curve = curves_of(placed.specs)
        self.notes = ({"key": "wind_is_synthetic"},) if site.weather_file is None else file_notes(site)
        self.follow(sources, np.array(which, dtype=np.int64), placed.column("count").reshape(1, -1))
