"""The shipped profiles: what a house, an office or a roof in Yokohama does through a standard year.

Dwellings and solar roofs are tables of a standard year (see ``profiles/README.md`` for sources and
licences). Other buildings are put together from published yearly energies, shares by use and hours; what is
assumed about them is said by :func:`profile_notes` wherever they are used.

>>> round(profile_kwh_per_year("detached120_gas")), round(profile_kwh_per_year("convenience_store"))
(4984, 168500)
>>> load_profile("office", TimeAxis.of("2026-08-03T00:00", step_s=1800, days=7)).shape
(336,)
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from typing import Any

import numpy as np

from ysc_sim.errors import Problem, ScenarioError
from ysc_sim.timeseries.axis import TimeAxis
from ysc_sim.timeseries.calendar import Days, aligned_day, days_from, standard_calendar, standard_day
from ysc_sim.timeseries.folder import profiles_folder
from ysc_sim.timeseries.nonresidential import building_kw, buildings
from ysc_sim.timeseries.resample import resample
from ysc_sim.units import Bools, Floats

HOUR_S = 3600
DWELLINGS = {
    "detached120_gas": 3,
    "detached120_allelec": 6,
    "detached120_zeh_allelec": 9,
    "detached90_gas": 12,
    "apartment70_gas": 15,
    "apartment45_gas": 18,
    "apartment30_single_gas": 21,
}
"""Column of each dwelling in the table of houses."""
DAY_TYPE_COLUMN = 2
SUNSHINE_CLASSES = ("A3", "A4", "A5")
PLANES = ("s30", "s10", "e20", "w20")
"""Roof planes of the table of solar yields: south 30°, south 10°, east 20°, west 20°."""
ASSUMED = ("convenience_store", "small_factory")
"""Profiles whose shape has no published figure behind it."""


def profile_names() -> tuple[str, ...]:
    """Names of all load profiles."""
    return (*DWELLINGS, *buildings())


def profile_notes(name: str) -> list[Mapping[str, Any]]:
    """What a reader must know about a profile: keys of sentences (section ``notes``) and their values."""
    if name in DWELLINGS:
        return [{"key": "profile_standard_dwelling", "profile": name}]
    return [{"key": f"profile_{name}", "profile": name, "assumed": name in ASSUMED}]


def load_profile(name: str, axis: TimeAxis) -> Floats:
    """Mean power of every interval of ``axis`` at the published size, (count,) kW.

    Raises ``ScenarioError`` (key ``profile_unknown``) where there is no such profile.
    """
    days = -(-(axis.seconds_of_day + axis.duration_s) // 86_400)
    hours = load_hours_kw(name, days_from(axis.start.date(), days)).reshape(-1)
    if axis.step_s == HOUR_S:
        hours = resample(hours, from_s=HOUR_S, to_s=1800)[axis.seconds_of_day // 1800 :][: 2 * axis.count]
        return resample(hours, from_s=1800, to_s=HOUR_S)
    return resample(hours, from_s=HOUR_S, to_s=axis.step_s)[axis.seconds_of_day // axis.step_s :][: axis.count]


def load_hours_kw(name: str, days: Days) -> Floats:
    """Mean power of every hour of ``days`` at the published size, (D, 24) kW. Raises as :func:`load_profile`."""
    if name in DWELLINGS:
        year = _houses()[0][DWELLINGS[name]]
        return year[standard_day(days, _houses()[1])]
    if name in buildings():
        return building_kw(name, days, standard_calendar(_houses()[1]))
    raise ScenarioError([Problem("profile_unknown", {"profile": name, "known": ", ".join(profile_names())})])


def solar_hours_kw(days: Days, sunshine: str, plane: str) -> Floats:
    """Mean power of 1 kW on one of the published planes, every hour of ``days``, (D, 24) kW.

    ``sunshine``: class of yearly sunshine, A3, A4 or A5; ``plane``: s30, s10, e20 or w20.
    """
    return solar_year_kw(sunshine, plane)[aligned_day(days)]


@cache
def profile_kwh_per_year(name: str) -> float:
    """Energy of the standard year at the published size. Raises as :func:`load_profile`."""
    if name in DWELLINGS:
        return float(_houses()[0][DWELLINGS[name]].sum())
    return float(load_hours_kw(name, standard_calendar(_houses()[1])).sum())


@cache
def _houses() -> tuple[Mapping[int, Floats], Bools]:
    """Column → (365, 24) kW of the dwellings; (365,) days of rest of the standard year."""
    path = profiles_folder() / "jp_houses_standard_hourly.csv.gz"
    columns = sorted(DWELLINGS.values())
    table = np.loadtxt(path, delimiter=",", skiprows=1, usecols=columns)
    rest = np.loadtxt(path, delimiter=",", skiprows=1, usecols=DAY_TYPE_COLUMN, dtype=np.str_)[::24] == "holiday"
    years = np.ascontiguousarray(table.T).reshape(-1, 365, 24)
    years.flags.writeable = False
    return dict(zip(columns, years, strict=True)), rest


@cache
def solar_year_kw(sunshine: str, plane: str) -> Floats:
    """Table of the standard year for 1 kW on a published plane, (365, 24) kW, read-only."""
    column = 2 + SUNSHINE_CLASSES.index(sunshine) * len(PLANES) + PLANES.index(plane)
    path = profiles_folder() / "jp_pv_standard_hourly.csv.gz"
    year = np.loadtxt(path, delimiter=",", skiprows=1, usecols=column).reshape(365, 24)
    year.flags.writeable = False
    return year


def days_around(axis: TimeAxis, pad: int) -> Days:
    """The days of ``axis`` with ``pad`` more before and after."""
    days = -(-(axis.seconds_of_day + axis.duration_s) // 86_400)
    return days_from(axis.start.date() - timedelta(days=pad), days + 2 * pad)
