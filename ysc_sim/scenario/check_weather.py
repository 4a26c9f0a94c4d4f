"""Cross rules about a weather file: that it is there and sound, and holds what the devices need."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import asin, cos, radians, sin, sqrt
from typing import Any

from ysc_sim.errors import Problem, ScenarioError
from ysc_sim.scenario.check_inputs import file_is_usable
from ysc_sim.scenario.schema import Scenario
from ysc_sim.scenario.tree import Tree
from ysc_sim.timeseries.importers import TimeTable
from ysc_sim.timeseries.normals import Normals, normals_of
from ysc_sim.timeseries.weather import possible_sunshine_h
from ysc_sim.timeseries.weather_file import ENOUGH, WeatherFile
from ysc_sim.timeseries.weather_year import file_weather, lacks, weather_table

FILE = ("site", "weather_file")
NORMALS = ("site", "weather_normals_file")
FAR_KM = 50.0
"""Weather made for a place so far away is told."""
EARTH_KM = 6371.0
PLACES = {"import_kind_unknown": "weather_format", "csv_column_unknown": "weather_column"}
"""Problems of a file whose cause stands in another field."""


def weather_file_is_sound(scenario: Scenario, tree: Tree) -> Iterator[Problem]:
    """A file is named where weather is read from one, and only there; it can be read and covers the run."""
    site = scenario.site
    source = site.own_weather
    if source is None:
        if site.weather_file:
            yield tree.problem("weather_file_unused", FILE, {"weather": site.weather})
        return
    if not source.name:
        yield tree.problem("field_missing", ("site", "weather"), {"key": "weather_file"})
        return
    unusable = list(file_is_usable(scenario.folder, source.name, FILE, tree))
    yield from unusable
    if not unusable:
        yield from _inside(scenario, source, tree)


def _inside(scenario: Scenario, source: WeatherFile, tree: Tree) -> Iterator[Problem]:
    """What the file itself says."""
    site, axis = scenario.site, scenario.clock()
    try:
        table = weather_table(source, scenario.folder)
        yield from _needs(scenario, table, tree)
        yield from _far(site.latitude_deg, site.longitude_deg, table, tree)
        if axis is not None:
            file_weather(source, scenario.folder, axis, site.latitude_deg, site.longitude_deg)
    except ScenarioError as error:
        for problem in error.problems:
            if problem.line and problem.key not in PLACES:
                yield problem
            else:
                where = ("site", PLACES.get(problem.key, "weather_file"))
                yield tree.problem(problem.key, where, {"file": source.name, **problem.values})


def _needs(scenario: Scenario, table: TimeTable, tree: Tree) -> Iterator[Problem]:
    """Each thing that is lacking, once, with the first device that needs it."""
    told: set[str] = set()
    for building in scenario.buildings:
        for device in building.devices:
            needs: tuple[str, ...] = getattr(device.spec, "weather_needs", ())
            for need in needs:
                if need not in told and lacks(table, need):
                    told.add(need)
                    enough = " / ".join(" + ".join(sorted(columns)) for columns in ENOUGH[need])
                    known: dict[str, Any] = {"columns": ", ".join(table.columns), "file": table.file}
                    values = {"need": enough, "device": f"{building.id}/{device.id}", **known}
                    yield tree.problem("weather_lacks", FILE, values)


def _far(latitude_deg: float, longitude_deg: float, table: TimeTable, tree: Tree) -> Iterator[Problem]:
    """A file of another place is a slip, or at least to be known: the sun is that of the file."""
    there = table.site
    if there.latitude_deg is None or there.longitude_deg is None:
        return
    km = distance_km(latitude_deg, longitude_deg, there.latitude_deg, there.longitude_deg)
    if km > FAR_KM:
        values = {
            "file": table.file,
            "latitude": round(there.latitude_deg, 2),
            "longitude": round(there.longitude_deg, 2),
            "km": round(km),
        }
        yield tree.problem("weather_elsewhere", FILE, values, severity="warning")


def distance_km(latitude_deg: float, longitude_deg: float, to_latitude_deg: float, to_longitude_deg: float) -> float:
    """Length of the great circle between two places.

    >>> round(distance_km(35.45, 139.64, 34.69, 135.50), -1)                  # Yokohama to Osaka
    390.0
    """
    here, there = radians(latitude_deg), radians(to_latitude_deg)
    over = sin((there - here) / 2) ** 2
    over += cos(here) * cos(there) * sin(radians(to_longitude_deg - longitude_deg) / 2) ** 2
    return 2 * EARTH_KM * asin(sqrt(min(over, 1.0)))


def normals_are_sound(scenario: Scenario, tree: Tree) -> Iterator[Problem]:
    """Normals are named for synthetic weather only, and their file can be read."""
    site = scenario.site
    if not site.weather_normals_file:
        return
    if site.weather != "synthetic":
        yield tree.problem("weather_normals_unused", NORMALS, {"weather": site.weather})
        return
    unusable = list(file_is_usable(scenario.folder, site.weather_normals_file, NORMALS, tree))
    yield from unusable
    if not unusable:
        try:
            normals = normals_of(site.weather_normals_file, scenario.folder)
            yield from _too_sunny(normals, scenario, tree)
        except ScenarioError as error:
            yield from error.problems


def _too_sunny(normals: Normals, scenario: Scenario, tree: Tree) -> Iterator[Problem]:
    """No month has more sun than a clear one has at that latitude."""
    site = scenario.site
    possible = possible_sunshine_h(site.latitude_deg, site.longitude_deg)
    for month, (hours, most) in enumerate(zip(normals.sunshine_h.tolist(), possible.tolist(), strict=True), start=1):
        if hours > most:
            values = {"month": month, "hours": hours, "possible": round(most, 1), "file": site.weather_normals_file}
            yield tree.problem("normals_too_sunny", NORMALS, values)


WEATHER_RULES: tuple[Callable[[Scenario, Tree], Iterator[Problem]], ...] = (weather_file_is_sound, normals_are_sound)
