"""NEDO's typical years (METPV): nine elements, one day of 24 hours per line, ends of hours.

Units are those of NEDO's handbook as two public readers give them [1]_ [2]_: radiation 0.01 MJ/m² per hour on
the horizontal (global, direct, diffuse), sunshine 0.1 h, temperature 0.1 °C, wind direction in sixteenths
from north-north-east (0 calm, 16 north), wind speed 0.1 m/s, rain 0.1 mm, snow 1 cm; 8888 is missing. Hour 1
is 0:00–1:00.

A typical year has 365 days, put together from months of different years; here they get the dates of the year
that is asked for. The direct normal radiation is the horizontal one over the cosine of the sun's zenith
angle in the middle of the hour, zero below 3° of elevation, at most what arrives outside the atmosphere.

.. [1] METPV-11 of NEDO, fixed-length records as read in
   https://smectic-g.hatenablog.jp/entry/2012/12/09/140445 (2012)
.. [2] METPV manual of Kanda Laboratory, Tokyo Institute of Technology,
   http://www.ide.titech.ac.jp/~kandalab/ja/manual/metpv/METPVManual.html, section 2
"""

from __future__ import annotations

from calendar import isleap
from dataclasses import dataclass, replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import numpy as np

from ysc_sim.errors import Problem
from ysc_sim.timeseries.axis import TOKYO
from ysc_sim.timeseries.cells import Cells, stop_if
from ysc_sim.timeseries.importers.source import Options
from ysc_sim.timeseries.importers.table import Site, TimeTable
from ysc_sim.timeseries.lay import Even, Readings, lay
from ysc_sim.timeseries.stamps import DAY_S, WhenError, day_number
from ysc_sim.units import Floats, Ints

HOURS = 24
MISSING = 8888.0
W_PER_M2 = 1e4 / 3600
"""0.01 MJ/m² in an hour, as a mean power."""
ELEMENTS = {
    1: ("ghi_w_per_m2", W_PER_M2),
    2: ("direct_horizontal_w_per_m2", W_PER_M2),
    3: ("dhi_w_per_m2", W_PER_M2),
    4: ("sunshine_h", 0.1),
    5: ("temperature_c", 0.1),
    6: ("wind_direction_deg", 22.5),
    7: ("wind_m_per_s", 0.1),
    8: ("rain_mm", 0.1),
    9: ("snow_cm", 1.0),
}
PLAIN_YEAR = 2021
"""Stands for a typical year where none is asked for: 365 days."""
LOWEST_SUN_DEG = 3.0


@dataclass(frozen=True)
class Days:
    """Lines of a file: what each is about, and its 24 values as written."""

    cells: Cells
    element: Ints
    """(N,)"""
    month_day: list[tuple[int, int]]
    hours: Floats
    """(N, 24), NaN is missing."""
    site: Site


def typical_year(kind: str, days: Days, options: Options) -> TimeTable:
    """All elements of a typical year as one table. Raises ``ScenarioError``."""
    year = options.year or PLAIN_YEAR
    numbers = _dates(days, year)
    columns: dict[str, Floats] = {}
    notes: list[Problem] = []
    even = None
    for element in sorted(set(days.element.tolist())):
        name, scale = ELEMENTS[element]
        even = _element(days, numbers, np.flatnonzero(days.element == element), name, year, options)
        columns[name] = even.values[name] * scale
        notes += even.notes
    assert even is not None  # a table has at least one line
    if isleap(year) and (2, 29) not in days.month_day:
        notes.append(Problem("import_leap_day_made", {"year": year}, days.cells.file, severity="warning"))
    if not isleap(year) and (2, 29) in days.month_day:
        at = days.month_day.index((2, 29))
        notes.append(days.cells.problem("import_leap_day_left", at, severity="warning", year=year))
    table = TimeTable(kind, days.cells.file, even.start, even.step_s, columns, tuple(notes), days.site)
    return _with_direct_normal(table)


def _dates(days: Days, year: int) -> Ints:
    """Days since 1970 of every line, in the year asked for; a 29 February of a plain year counts as missing (−1)."""
    numbers, problems = np.zeros(len(days.month_day), dtype=np.int64), []
    for k, (month, day) in enumerate(days.month_day):
        if (month, day) == (2, 29) and not isleap(year):
            numbers[k] = -1
            continue
        try:
            numbers[k] = day_number(f"{year:04d}-{month:02d}-{day:02d}")
        except WhenError:
            problems.append(days.cells.problem("csv_not_a_time", k, value=f"{month}-{day}"))
    stop_if(problems)
    return numbers


def _element(days: Days, numbers: Ints, rows: Ints, name: str, year: int, options: Options) -> Even:
    """One element, hour by hour, of the whole year. Raises ``ScenarioError``."""
    rows = rows[numbers[rows] >= 0]
    rows = rows[np.argsort(numbers[rows], kind="stable")]
    when = numbers[rows]
    new_year = day_number(f"{year:04d}-01-01")
    leap = new_year + 59
    if isleap(year) and leap not in when and leap - 1 in when:
        at = int(np.searchsorted(when, leap))
        rows, when = np.insert(rows, at, rows[at - 1]), np.insert(when, at, leap)
    expected = 366 if isleap(year) else 365
    if len(when) < expected:
        gaps = np.flatnonzero(np.diff(when) > 1)
        at = int(rows[gaps[0] + 1]) if len(gaps) else int(rows[-1]) if len(rows) else 0
        stop_if([days.cells.problem("import_days_missing", at, column=name, count=len(when), expected=expected)])
    seconds = (when[:, np.newaxis] * DAY_S + 3600 * np.arange(1, HOURS + 1)).reshape(-1)
    row = np.repeat(rows, HOURS)
    values = {name: days.hours[rows].reshape(-1)}
    readings = Readings(days.cells, row, np.zeros_like(row), seconds, values)
    return lay(readings, step_s=3600, ending=True, zone=ZoneInfo(TOKYO), fill_h=options.fill_h)


def _with_direct_normal(table: TimeTable) -> TimeTable:
    """The same table with the direct normal radiation, where the file says where it was measured."""
    direct, site = table.columns.get("direct_horizontal_w_per_m2"), table.site
    if direct is None or site.latitude_deg is None or site.longitude_deg is None:
        return table
    import pandas as pd
    import pvlib

    middle = pd.date_range(table.start + timedelta(minutes=30), periods=table.count, freq="h")
    sun = pvlib.solarposition.get_solarposition(middle, site.latitude_deg, site.longitude_deg)
    cosine = np.cos(np.radians(sun["zenith"].to_numpy()))
    high = cosine > np.sin(np.radians(LOWEST_SUN_DEG))
    outside = pvlib.irradiance.get_extra_radiation(middle).to_numpy()
    normal = np.minimum(np.divide(direct, cosine, out=np.zeros_like(direct), where=high), outside)
    names = list(table.columns)
    at = names.index("direct_horizontal_w_per_m2") + 1
    columns = {name: table.columns[name] for name in names[:at]}
    columns["dni_w_per_m2"] = normal
    columns |= {name: table.columns[name] for name in names[at:]}
    return replace(table, columns=columns)


def site_of(name: str, parts: list[str]) -> Site:
    """A site of degrees and minutes of latitude and longitude, and metres; unknown where they are no numbers."""
    try:
        lat, lat_min, lon, lon_min, elevation = (float(part) for part in parts[:5])
    except ValueError:
        return Site(name)
    latitude, longitude = lat + lat_min / 60, lon + lon_min / 60
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180 and np.isfinite(elevation)):
        return Site(name)
    return Site(name, latitude, longitude, elevation)
