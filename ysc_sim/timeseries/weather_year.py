"""A user's own weather year: any file that an importer reads, laid over the days of a run.

Columns: radiation (``ghi_w_per_m2``, ``dni_w_per_m2``, ``dhi_w_per_m2``; what is missing of the three is worked out),
``temperature_c``, ``wind_m_per_s``, ``pressure_hpa``, ``sunshine_h``. Days of the run that the file holds are taken as
they are; for the others a file of a year or more gives the day of the same date (29 February: the 28th where the file
has none). Values stay the means of the file's own steps, so that no energy is lost or made.

* Of global radiation alone Erbs' correlation [1]_ makes direct and diffuse light, with the sun in the middle of each
  step.
* Of sunshine hours alone the cloud model of :mod:`~ysc_sim.timeseries.weather` makes it: where the sun shines the hazy
  clear sky, else a third of it (Ångström's line H/H0 = 0.25 + 0.50·n/N [2]_).

The sun stands where the file says it was measured, or, where it does not say, at the site of the scenario.

.. [1] D. G. Erbs, S. A. Klein, J. A. Duffie, "Estimation of the diffuse radiation fraction for hourly, daily and
   monthly-average global radiation", Solar Energy 28(4), 1982, 293-302 (pvlib's ``irradiance.erbs``).
.. [2] R. G. Allen et al., "Crop evapotranspiration", FAO Irrigation and Drainage Paper 56, 1998, eq. 35.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from functools import lru_cache
from pathlib import Path

import numpy as np

from ysc_sim.documents import inside
from ysc_sim.errors import Problem, ScenarioError
from ysc_sim.timeseries.axis import TimeAxis
from ysc_sim.timeseries.clearsky import SUNSHINE_W_M2, ClearSky, clear_sky
from ysc_sim.timeseries.importers import Options, TimeTable, import_file
from ysc_sim.timeseries.lay_days import laid_days
from ysc_sim.timeseries.weather import HAZE_MEAN, OVERCAST, Weather
from ysc_sim.timeseries.weather_file import AIR, ENOUGH, WIND, WeatherFile
from ysc_sim.units import SECONDS_PER_HOUR, Floats

LEAST_STEP_S = 60
STILL_AIR_M_S = 1.5
"""Wind on a roof where the file knows none: that of the national method for houses."""
LOWEST_SUN_DEG = 87.0
"""Zenith beyond which direct light is not worked out from other radiation, as in pvlib."""
BOUNDS: Mapping[str, tuple[float, float]] = {
    "ghi_w_per_m2": (-20.0, 1600.0),
    "dni_w_per_m2": (-20.0, 1400.0),
    "dhi_w_per_m2": (-20.0, 1200.0),
    AIR: (-60.0, 60.0),
    WIND: (0.0, 100.0),
    "pressure_hpa": (500.0, 1100.0),
    "sunshine_h": (0.0, 1.0),
}
"""Beyond them a slip of unit or column; small negative radiation is a sensor's night."""


@dataclass(frozen=True)
class FileWeather:
    """Weather of a file over the local days of a run."""

    weather: Weather
    """(N, 1)"""
    pressure_hpa: Floats | None
    """(N,), where the file knows it."""
    own_days: int
    """Days of the run that the file itself holds; the others are days of the same date."""


def weather_table(source: WeatherFile, folder: Path) -> TimeTable:
    """The file as a table, its values within reason. Raises ``ScenarioError`` with every problem of it."""
    path = inside(folder, source.name)
    return _table(path, path.stat().st_mtime_ns, source)


@lru_cache(maxsize=8)
def _table(path: Path, changed: int, source: WeatherFile) -> TimeTable:
    table = import_file(path, source.kind, Options(column=source.column, fill_h=source.fill_h))
    if not LEAST_STEP_S <= table.step_s <= SECONDS_PER_HOUR or SECONDS_PER_HOUR % table.step_s:
        raise ScenarioError([Problem("weather_step", {"step_s": table.step_s}, table.file)])
    problems = []
    for name, (low, high) in BOUNDS.items():
        values = table.columns.get(name)
        if values is None:
            continue
        wrong = np.flatnonzero((values < low) | (values > high))
        if len(wrong):
            when = table.start.astimezone(UTC) + timedelta(seconds=int(wrong[0]) * table.step_s)
            told = {
                "column": name,
                "value": float(values[wrong[0]]),
                "time": when.astimezone(table.start.tzinfo).isoformat(" ", "minutes"),
                "low": low,
                "high": high,
            }
            problems.append(Problem("weather_value_odd", told, table.file))
    if problems:
        raise ScenarioError(problems)
    return table


def lacks(table: TimeTable, need: str) -> bool:
    """Whether no columns of the table are enough for a need (:data:`ENOUGH`)."""
    return not any(columns <= set(table.columns) for columns in ENOUGH[need])


def file_weather(
    source: WeatherFile, folder: Path, axis: TimeAxis, latitude_deg: float, longitude_deg: float
) -> FileWeather:
    """The file's weather over the local days of ``axis``. Raises ``ScenarioError`` (``csv_does_not_cover``)."""
    path = inside(folder, source.name)
    return _over(path, path.stat().st_mtime_ns, source, axis, latitude_deg, longitude_deg)


@lru_cache(maxsize=4)
def _over(
    path: Path, changed: int, source: WeatherFile, axis: TimeAxis, latitude_deg: float, longitude_deg: float
) -> FileWeather:
    table = _table(path, changed, source)
    columns, step_s, own_days = laid_days(table, axis)
    count = len(next(iter(columns.values())))
    if table.site.latitude_deg is not None and table.site.longitude_deg is not None:
        latitude_deg, longitude_deg = table.site.latitude_deg, table.site.longitude_deg
    first, days = axis.start.date(), count * step_s // 86_400
    offset = axis.start.utcoffset()
    assert offset is not None, "an axis has a zone"
    sky = clear_sky(first, days, step_s, latitude_deg, longitude_deg, int(offset.total_seconds()))
    ghi, dhi, dni, sunshine = light_of(columns, sky, first, step_s)
    nothing = np.full(count, np.nan)
    weather = Weather(
        first=first,
        step_s=step_s,
        sky=sky,
        ghi_w_m2=ghi[:, None],
        dhi_w_m2=dhi[:, None],
        dni_w_m2=dni[:, None],
        sunshine=sunshine[:, None],
        temperature_c=columns.get(AIR, nothing)[:, None],
        wind_m_s=columns.get(WIND, np.full(count, STILL_AIR_M_S))[:, None],
    )
    return FileWeather(weather, columns.get("pressure_hpa"), own_days)


def light_of(
    columns: Mapping[str, Floats], sky: ClearSky, first: date, step_s: int
) -> tuple[Floats, Floats, Floats, Floats]:
    """Global, diffuse and direct normal radiation and the share of sunshine, (N,) each; 0 where nothing is known."""
    cosine = np.maximum(np.cos(np.radians(sky.zenith_deg)), 0.0)
    high = sky.zenith_deg < LOWEST_SUN_DEG
    given = {name[:3]: np.maximum(columns[name], 0.0) for name in list(BOUNDS)[:3] if name in columns}
    ghi, dhi, dni = (given.get(name) for name in ("ghi", "dhi", "dni"))
    if ghi is None and dhi is not None and dni is not None:
        ghi = dhi + dni * cosine
    if ghi is None:
        return _of_sunshine(columns, sky, step_s)
    if dni is None and dhi is None:
        dhi, dni = _erbs(ghi, sky, first, step_s)
    elif dhi is None and dni is not None:
        dhi = np.clip(ghi - dni * cosine, 0.0, ghi)
    elif dni is None and dhi is not None:
        beam = np.maximum(ghi - dhi, 0.0)
        dni = np.minimum(np.divide(beam, cosine, out=np.zeros_like(ghi), where=high), sky.extra_w_m2)
    assert dhi is not None, "given or worked out"
    assert dni is not None, "given or worked out"
    hours = columns.get("sunshine_h", (dni > SUNSHINE_W_M2) * (step_s / SECONDS_PER_HOUR))
    return ghi, dhi, dni, np.clip(hours * (SECONDS_PER_HOUR / step_s), 0.0, 1.0)


def _erbs(ghi: Floats, sky: ClearSky, first: date, step_s: int) -> tuple[Floats, Floats]:
    """Diffuse and direct normal light behind the global one."""
    from pvlib.irradiance import erbs

    day = np.arange(len(ghi)) * step_s // 86_400
    of_year = np.array([(first + timedelta(days=int(d))).timetuple().tm_yday for d in range(int(day[-1]) + 1)])[day]
    parts = erbs(ghi, sky.zenith_deg, of_year, max_zenith=LOWEST_SUN_DEG)
    dni = np.minimum(np.nan_to_num(np.asarray(parts["dni"])), sky.extra_w_m2)
    return np.clip(np.nan_to_num(np.asarray(parts["dhi"])), 0.0, ghi), dni


def _of_sunshine(columns: Mapping[str, Floats], sky: ClearSky, step_s: int) -> tuple[Floats, Floats, Floats, Floats]:
    """The usual haze where the sun shines, the usual cloud where it does not."""
    hours = columns.get("sunshine_h", np.zeros_like(sky.ghi_w_m2))
    possible = sky.potential * step_s / SECONDS_PER_HOUR
    share = np.clip(np.divide(hours, possible, out=np.zeros_like(hours), where=possible > 0), 0.0, 1.0)
    direct = share * (1.0 - HAZE_MEAN)
    diffuse = share * (sky.dhi_w_m2 + HAZE_MEAN * sky.beam_w_m2) + (1.0 - share) * OVERCAST * sky.ghi_w_m2
    return direct * sky.beam_w_m2 + diffuse, diffuse, direct * sky.dni_w_m2, share * sky.potential
