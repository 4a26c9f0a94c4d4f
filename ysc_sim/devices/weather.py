"""The weather that all devices of a run share: one sky per row of the ensemble."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import gcd

import numpy as np

from ysc_sim.contracts import SITE, Site
from ysc_sim.timeseries.nonresidential import normal_temperature_c
from ysc_sim.timeseries.photovoltaic import Plane, plane_kw
from ysc_sim.timeseries.profiles import days_around
from ysc_sim.timeseries.weather import Weather, synthetic_weather
from ysc_sim.units import SECONDS_PER_HOUR, Floats

MINUTE_S = 60


def is_synthetic(site: Site) -> bool:
    """Whether the run has weather of its own, not the standard year."""
    return site.weather == "synthetic"


def weather_step_s(site: Site) -> int:
    """Step of the weather: that of the run, in whole minutes up to an hour."""
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
        variability=site.weather_variability,
    )


@lru_cache(maxsize=4)
def outdoor_c(site: Site) -> Floats:
    """Air temperature of every hour of the local days of the run, (24·D, S), or (24·D, 1) in the standard year, °C."""
    if not is_synthetic(site):
        return normal_temperature_c(days_around(site.axis, 0)).reshape(-1, 1)
    rows = range(site.rows.count)
    return np.concatenate([weather_of(site, row, SECONDS_PER_HOUR).temperature_c for row in rows], axis=1)


def planes_kw(site: Site, planes: Sequence[Plane]) -> list[Floats]:
    """Power of 1 kW on each plane in steps of :func:`weather_step_s`, (N, S) kW each; row after row, to save memory."""
    step_s = weather_step_s(site)
    columns: list[list[Floats]] = [[] for _ in planes]
    for row in range(site.rows.count):
        weather = weather_of(site, row, step_s)
        for column, plane in zip(columns, planes, strict=True):
            column.append(plane_kw(weather, plane)[:, 0])
    return [np.stack(column, axis=1) for column in columns]
