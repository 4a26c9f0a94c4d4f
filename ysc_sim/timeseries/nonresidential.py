"""Offices, shops, convenience stores, small factories, clinics, schools: yearly energy × share of a use ×
hours.

Each use (light, equipment, cooling …) has a yearly share and, for each kind of day, 24 relative values.
Those of cooling and heating are multiplied by how warm or cold the hour usually is: the monthly normals of
Yokohama with the usual course of a day. The product is scaled so that the sums over the standard year are
the published ones exactly. Figures, sources and what is assumed: ``profiles/README.md``.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np

from ysc_sim.timeseries.calendar import STANDARD_DAYS, Days
from ysc_sim.timeseries.folder import profiles_folder
from ysc_sim.units import Bools, Floats

COOLING_FROM_C = 18.0
HEATING_BELOW_C = 14.0
"""Outdoor temperatures between which buildings with people, light and machines need neither (assumed)."""
WARMEST_HOUR = 14.5
MONTH_MIDDLES = np.array([15.5, 45.0, 74.5, 105.0, 135.5, 166.0, 196.5, 227.5, 258.0, 288.5, 319.0, 349.5])


@dataclass(frozen=True)
class Building:
    """One row of ``nonresidential.csv``."""

    floor_m2: float
    kwh_per_m2: float
    saturday: str
    rest: str
    year_end: str
    breaks: tuple[tuple[int, int], ...]
    """First and last day of year (0 is 1 January) of long breaks."""

    @property
    def kwh_per_year(self) -> float:
        """Electricity of the standard year."""
        return self.floor_m2 * self.kwh_per_m2


@dataclass(frozen=True)
class Use:
    """One use of electricity in a building."""

    driver: str
    share: float
    hours: Mapping[str, Floats]
    """Kind of day → 24 relative values."""


@cache
def buildings() -> Mapping[str, Building]:
    """All non-residential profiles by name."""
    with (profiles_folder() / "nonresidential.csv").open(encoding="utf-8", newline="") as file:
        return {row["profile"]: _building(row) for row in csv.DictReader(file)}


def _building(row: Mapping[str, str]) -> Building:
    spans = (span.split("-") for span in row["breaks"].split())
    return Building(
        float(row["floor_m2"]),
        float(row["kwh_per_m2"]),
        row["saturday"],
        row["rest"],
        row["year_end"],
        tuple((int(first), int(last)) for first, last in spans),
    )


@cache
def uses(name: str) -> Mapping[str, Use]:
    """The uses of a profile."""
    found: dict[str, Use] = {}
    with (profiles_folder() / "nonresidential_uses.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["profile"] == name:
                use = found.setdefault(row["use"], Use(row["driver"], float(row["share"]), {}))
                values = np.array([float(row[f"h{hour:02}"]) for hour in range(24)])
                found[row["use"]] = Use(use.driver, use.share, {**use.hours, row["day"]: values})
    return found


def building_kw(name: str, days: Days, standard: Days) -> Floats:
    """Mean power of each hour of ``days`` at the published size, (D, 24) kW."""
    total = np.zeros((len(days.nominal), 24))
    for use in uses(name).values():
        total += use_kw(name, use, days, standard)
    return total


def use_kw(name: str, use: Use, days: Days, standard: Days) -> Floats:
    """Mean power of one use, (D, 24) kW; over the days ``standard`` it adds up to its published yearly energy."""
    building = buildings()[name]
    raw, year = (_relative(building, use, which) for which in (days, standard))
    return raw * (use.share * building.kwh_per_year / float(year.sum()))


def _relative(building: Building, use: Use, days: Days) -> Floats:
    """Hours of the kind of day times the weather that drives the use, (D, 24)."""
    kinds = day_kinds(building, days)
    hours = np.zeros((len(kinds), 24))
    for kind in np.unique(kinds):
        hours[kinds == kind] = use.hours[str(kind)]
    return hours * DRIVERS[use.driver](normal_temperature_c(days))


def day_kinds(building: Building, days: Days) -> np.ndarray[tuple[int], np.dtype[np.str_]]:
    """``open``, ``saturday``, ``closed`` or ``break`` for every day, (D,)."""
    kinds = np.full(len(days.nominal), "open", dtype="<U8")
    for first, last in building.breaks:
        kinds[_between(days, first, last)] = "break"
    kinds[days.weekday == 5] = building.saturday
    kinds[(days.weekday == 6) | days.holiday] = building.rest
    kinds[days.year_end] = building.year_end
    return kinds


def _between(days: Days, first: int, last: int) -> Bools:
    """Days of the year from ``first`` to ``last``, over New Year where ``last`` is smaller."""
    inside: Bools = (days.nominal - first) % STANDARD_DAYS <= (last - first) % STANDARD_DAYS
    return inside


@cache
def _normals() -> Floats:
    """Mean, mean maximum and mean minimum of the months, (12, 3) °C."""
    return np.loadtxt(profiles_folder() / "jp_yokohama_normals.csv", delimiter=",", skiprows=1, usecols=(1, 2, 3))


def normal_temperature_c(days: Days) -> Floats:
    """Usual outdoor temperature in Yokohama, (D, 24) °C: monthly normals, joined by lines, and a cosine over the
    day."""
    mean, high, low = (
        np.interp(days.nominal + 0.5, MONTH_MIDDLES, column, period=STANDARD_DAYS) for column in _normals().T
    )
    course = np.cos(2.0 * np.pi * (np.arange(24) + 0.5 - WARMEST_HOUR) / 24.0)
    temperature: Floats = mean[:, None] + 0.5 * (high - low)[:, None] * course
    return temperature


DRIVERS: Mapping[str, Callable[[Floats], Floats]] = {
    "none": np.ones_like,
    "cool": lambda t_c: np.maximum(t_c - COOLING_FROM_C, 0.0),
    "heat": lambda t_c: np.maximum(HEATING_BELOW_C - t_c, 0.0),
    # Compressors of refrigerators work somewhat harder in warm rooms: 1.5 % per degree (assumed).
    "refrigeration": lambda t_c: 1.0 + 0.015 * (t_c - 16.2),
}
