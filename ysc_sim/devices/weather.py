"""The weather that all devices of a run share: one sky per row of the ensemble, or that of a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from math import gcd
from typing import Any

import numpy as np

from ysc_sim.contracts import SITE, Site
from ysc_sim.timeseries.nonresidential import normal_temperature_c
from ysc_sim.timeseries.normals import normals_of
from ysc_sim.timeseries.photovoltaic import Plane, plane_kw
from ysc_sim.timeseries.profiles import days_around
from ysc_sim.timeseries.resample import resample
from ysc_sim.timeseries.weather import Weather, synthetic_weather
from ysc_sim.timeseries.weather_year import FileWeather, file_weather, weather_table
from ysc_sim.timeseries.wind import (
    MEASURED_AT_M,
    STANDARD_C,
    STANDARD_HPA,
    air_density,
    density_of,
    wind_speed_m_s,
)
from ysc_sim.units import SECONDS_PER_HOUR, Floats

MINUTE_S = 60


def has_own_weather(site: Site) -> bool:
    """Whether the run has weather of its own, drawn or measured, not the standard year."""
    return site.weather != "standard"


def sky_notes(site: Site, standard: str | None = None) -> tuple[Mapping[str, Any], ...]:
    """What a reader must know about sun and temperature; ``standard`` is said where they are those of that year."""
    if site.weather_file is not None:
        return file_notes(site)
    if site.weather == "synthetic":
        if site.normals_file:
            return ({"key": "weather_of_own_normals", "file": site.normals_file},)
        return ({"key": "weather_is_synthetic"},)
    return ({"key": standard},) if standard else ()


def file_notes(site: Site) -> tuple[Mapping[str, Any], ...]:
    """Which file the weather is from, and whether its days are laid over another year."""
    assert site.weather_file is not None, "the weather is a file"
    year, table = _of_file(site), weather_table(site.weather_file, site.folder)
    notes: list[Mapping[str, Any]] = [
        {"key": "weather_is_file", "file": table.file, "kind": table.kind, "place": table.site.name or "?"}
    ]
    days = len(days_around(site.axis, 0).nominal)
    if year.own_days < days:
        notes.append({"key": "weather_file_laid", "file": table.file, "days": days - year.own_days})
    return tuple(notes)


def _of_file(site: Site) -> FileWeather:
    assert site.weather_file is not None, "the weather is a file"
    return file_weather(site.weather_file, site.folder, site.axis, site.latitude_deg, site.longitude_deg)


def weather_step_s(site: Site) -> int:
    """Step of the weather: that of the file, or that of the run, in whole minutes up to an hour."""
    if site.weather_file is not None:
        return _of_file(site).weather.step_s
    return (
        max(gcd(site.axis.step_s, SECONDS_PER_HOUR) // MINUTE_S * MINUTE_S, MINUTE_S)
        if (site.axis.step_s % MINUTE_S == 0)
        else MINUTE_S
    )


def weather_of(site: Site, row: int, step_s: int) -> Weather:
    """Synthetic weather of one row over the local days of the run, (N, 1)."""
    return synthetic_weather(
        site.axis.start.date(),
        len(days_around(site.axis, 0).nominal),
        lambda _, stream: site.rows.generator(row, SITE, stream),
        1,
        step_s=step_s,
        latitude_deg=site.latitude_deg,
        longitude_deg=site.longitude_deg,
        normals=normals_of(site.normals_file, site.folder),
        variability=site.weather_variability,
    )


@lru_cache(maxsize=4)
def outdoor_c(site: Site) -> Floats:
    """Air temperature of every hour of the local days of the run, (24·D, S), or (24·D, 1) in the standard year, °C."""
    if site.weather_file is not None:
        weather = _of_file(site).weather
        return resample(weather.temperature_c, from_s=weather.step_s, to_s=SECONDS_PER_HOUR)
    if not has_own_weather(site):
        return normal_temperature_c(days_around(site.axis, 0)).reshape(-1, 1)
    rows = range(site.rows.count)
    return np.concatenate([weather_of(site, row, SECONDS_PER_HOUR).temperature_c for row in rows], axis=1)


def planes_kw(site: Site, planes: Sequence[Plane]) -> list[Floats]:
    """Power of 1 kW on each plane in steps of :func:`weather_step_s`, (N, S) kW each (of a file (N, 1)); row after row,
    to save memory.
    """
    if site.weather_file is not None:
        return [plane_kw(_of_file(site).weather, plane) for plane in planes]
    step_s = weather_step_s(site)
    columns: list[list[Floats]] = [[] for _ in planes]
    for row in range(site.rows.count):
        weather = weather_of(site, row, step_s)
        for column, plane in zip(columns, planes, strict=True):
            column.append(plane_kw(weather, plane)[:, 0])
    return [np.stack(column, axis=1) for column in columns]


def wind_and_density(site: Site) -> tuple[Floats, Floats, int, float]:
    """Wind speed (N, S) m/s, density of the air (N, 1) kg/m³, their step in seconds, height of the anemometer in m."""
    if site.weather_file is not None:
        year = _of_file(site)
        pressure = STANDARD_HPA if year.pressure_hpa is None else year.pressure_hpa[:, None]
        density = density_of(np.nan_to_num(year.weather.temperature_c, nan=STANDARD_C), pressure)
        return year.weather.wind_m_s, density, year.weather.step_s, site.weather_file.wind_height_m
    days = days_around(site.axis, 0)
    draws = [site.rows.generator(row, SITE, "wind") for row in range(site.rows.count)]
    variability = site.weather_variability if has_own_weather(site) else 1.0
    monthly = normals_of(site.normals_file, site.folder).wind_mean_m_s
    speed = wind_speed_m_s(days, draws, monthly, variability)
    return speed, air_density(days), SECONDS_PER_HOUR, MEASURED_AT_M
