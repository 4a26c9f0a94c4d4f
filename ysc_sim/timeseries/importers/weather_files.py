"""What EPW and TMY files have in common: read by pvlib [1]_, checked line by line before, hourly, of one year.

.. [1] Anderson, Hansen, Holmgren, Jensen, Mikofski, Driesse, "pvlib python: 2023 project update", Journal of Open
   Source Software 8(92), 5994, 2023, https://doi.org/10.21105/joss.05994 (``pvlib.iotools``)
"""

from __future__ import annotations

from calendar import isleap
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta, timezone
from typing import TYPE_CHECKING, Any

import numpy as np

from ysc_sim.errors import Problem, ScenarioError
from ysc_sim.timeseries.cells import Cells, stop_if
from ysc_sim.timeseries.importers.source import Options
from ysc_sim.timeseries.importers.table import Site, TimeTable
from ysc_sim.timeseries.importers.typical_year import PLAIN_YEAR
from ysc_sim.timeseries.lay import Readings, lay
from ysc_sim.timeseries.stamps import DAY_S, day_number
from ysc_sim.units import Ints

if TYPE_CHECKING:
    import pandas as pd

Names = Sequence[tuple[str, str, float, float]]
"""(pvlib's name, ours, factor, value from which on it is missing)."""
HOURS_OF_YEAR = 8760


def weather_of(reader: Callable[[], tuple[pd.DataFrame, Mapping[str, Any]]], file: str) -> Any:
    """What pvlib reads. Raises ``ScenarioError`` where it cannot.

    pvlib leaves the errors of pandas as they are; they differ from version to version.
    """
    try:
        return reader()
    except (ArithmeticError, AttributeError, LookupError, OSError, TypeError, ValueError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ScenarioError([Problem("import_weather_broken", {"reason": reason}, file, 1, 1)]) from None


def site_of(meta: Mapping[str, Any], name: str, file: str) -> tuple[Site, timezone]:
    """Where it was measured, and the zone of its times. Raises ``ScenarioError``."""
    numbers = [meta.get(key) for key in ("latitude", "longitude", "altitude", "TZ")]
    if not all(isinstance(n, int | float) and np.isfinite(n) for n in numbers):
        raise ScenarioError([Problem("import_weather_broken", {"reason": "latitude, longitude, TZ"}, file, 1, 1)])
    latitude, longitude, elevation, zone_h = (float(n) for n in numbers if n is not None)
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180 and -14 <= zone_h <= 14):
        reason = f"latitude {latitude:g}, longitude {longitude:g}, TZ {zone_h:g}"
        raise ScenarioError([Problem("import_weather_broken", {"reason": reason}, file, 1, 1)])
    return Site(name.strip(), latitude, longitude, elevation), timezone(timedelta(hours=zone_h))


def weather_table(
    kind: str,
    data: pd.DataFrame,
    names: Names,
    cells: Cells,
    options: Options,
    place: tuple[Site, timezone],
    *,
    ending: bool = False,
) -> TimeTable:
    """The columns of one year, hour by hour, in the order of the lines of ``cells``.

    ``ending``: the index holds the ends of the hours. Raises ``ScenarioError``.
    """
    when, made = _hours(cells, data, options, ending)
    values = {}
    for theirs, ours, factor, missing in names:
        if theirs in data:
            column = np.asarray(data[theirs], dtype=np.float64)[made] * 1.0
            column[~np.isfinite(column) | (column >= missing) | (column <= -missing)] = np.nan
            if not np.isnan(column).all():
                values[ours] = column * factor
    if not values:
        raise ScenarioError([cells.problem("import_no_values", 0, kind=kind)])
    readings = Readings(cells, made, np.zeros_like(made), when, values)
    site, zone = place
    even = lay(readings, step_s=3600, zone=zone, fill_h=options.fill_h)
    notes = list(even.notes)
    if len(made) > len(cells.rows):
        told = {"year": options.year}
        notes.append(Problem("import_leap_day_made", told, cells.file, severity="warning"))
    return TimeTable(kind, cells.file, even.start, even.step_s, even.values, tuple(notes), site)


def _hours(cells: Cells, data: pd.DataFrame, options: Options, ending: bool) -> tuple[Ints, Ints]:
    """Start of every hour in seconds of wall time, and the line it is read from.

    Months of a typical year come from different years; they get the year that is asked for, else 2021, unless all
    lines are of one year. Raises ``ScenarioError`` where days are missing.
    """
    import pandas as pd

    index = pd.DatetimeIndex(data.index)
    years = np.asarray(index.year, dtype=np.int64)
    month, day, hour = (np.asarray(part, dtype=np.int64) for part in (index.month, index.day, index.hour))
    one = len(set(years.tolist())) == 1
    leap_day = (month == 2) & (day == 29)
    one = one and isleap(int(years[0])) == bool(leap_day.any())  # else the year is a mere label
    year = options.year or (int(years[0]) if one else PLAIN_YEAR)
    rows: Ints = np.arange(len(years))
    if not isleap(year):
        rows = rows[~leap_day]
    first = day_number(f"{year:04d}-01-01")
    lengths = np.cumsum([0, 31, 29 if isleap(year) else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
    number = first + lengths[month[rows] - 1] + day[rows] - 1
    if isleap(year) and not leap_day.any() and len(rows) == HOURS_OF_YEAR:
        twice = np.flatnonzero((month[rows] == 2) & (day[rows] == 28))
        at = int(twice[-1]) + 1 if len(twice) else 0
        rows = np.insert(rows, at, rows[twice])
        number = np.insert(number, at, number[twice] + 1)
    seconds: Ints = number * DAY_S + (hour[rows] - ending) * 3600
    expected = HOURS_OF_YEAR + 24 * isleap(year)
    seconds[seconds < first * DAY_S] += expected * 3600  # the year turns with the last end
    if len(seconds) != expected:
        last = len(cells.rows) - 1
        stop_if([cells.problem("import_year_of_hours", last, count=len(seconds), expected=expected, year=year)])
    return seconds, rows
