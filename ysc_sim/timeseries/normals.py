"""Monthly climate normals, and smooth years through them whose monthly means are the normals.

A line through the middles of the months would miss their means where the year bends (Yokohama's January by 0.4 K).
Here the twelve corners of such a line are chosen so that its monthly means are the normals exactly.

>>> yokohama().sunshine_h[:3].tolist()
[192.7, 167.2, 168.8]
>>> year = smooth_year(yokohama().temp_mean_c)
>>> round(float(year[:31].mean()), 9)                                       # January
6.1
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from ysc_sim.documents import inside, read_text
from ysc_sim.errors import Problem, ScenarioError
from ysc_sim.timeseries.calendar import STANDARD_DAYS
from ysc_sim.timeseries.folder import profiles_folder
from ysc_sim.units import Floats, Ints

MONTHS = 12
MONTH_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
MONTH_OF_DAY: Ints = np.repeat(np.arange(MONTHS, dtype=np.int64), MONTH_DAYS)
"""Number of the month, from 0, of each day of a year of 365 days."""
MIDDLES = np.cumsum(MONTH_DAYS) - np.array(MONTH_DAYS) / 2.0


@dataclass(frozen=True)
class Normals:
    """Usual values of a place, arrays (12,)."""

    temp_mean_c: Floats
    temp_max_c: Floats
    """Mean of the daily maxima."""
    temp_min_c: Floats
    sunshine_h: Floats
    """Hours of a month in which the direct sun exceeds 120 W/m²."""
    wind_mean_m_s: Floats

    def __post_init__(self) -> None:
        for name, values in vars(self).items():
            if np.shape(values) != (MONTHS,) or not np.isfinite(values).all():
                raise ValueError(f"{name} must hold 12 finite numbers, not {values!r}.")
        if (self.sunshine_h < 0).any() or (self.wind_mean_m_s < 0).any():
            raise ValueError("sunshine_h and wind_mean_m_s must not be negative.")
        if (self.temp_min_c > self.temp_mean_c).any() or (self.temp_mean_c > self.temp_max_c).any():
            raise ValueError("temp_min_c, temp_mean_c and temp_max_c must rise in this order.")


@cache
def yokohama() -> Normals:
    """Normals of Yokohama observatory, 1991 to 2020. Source: Japan Meteorological Agency."""
    return read_normals(profiles_folder() / "jp_yokohama_normals.csv")


MAX_BYTES = 100_000
COLUMNS = ("temp_mean_c", "temp_max_mean_c", "temp_min_mean_c", "sunshine_h", "wind_mean_m_s")


def read_normals(path: Path) -> Normals:
    """Normals from a CSV file: a line for each month, with columns ``month`` (1 to 12), ``temp_mean_c``,
    ``temp_max_mean_c`` and ``temp_min_mean_c`` (means of daily extremes), ``sunshine_h`` and ``wind_mean_m_s``, in any
    order, others beside them. Raises ``ScenarioError`` with what is wrong in which line.

    >>> read_normals(profiles_folder() / "jp_yokohama_normals.csv").wind_mean_m_s[:2].tolist()
    [3.6, 3.7]
    """
    lines = [line for line in csv.reader(read_text(path, max_bytes=MAX_BYTES).splitlines()) if line]
    head = [name.strip() for name in lines[0]] if lines else []
    for name in ("month", *COLUMNS):
        if name not in head:
            raise _wrong("normals_column_missing", path, 1, column=name, columns=", ".join(head))
    months = {}
    for number, line in enumerate(lines[1:], start=2):
        row = dict(zip(head, line, strict=False))
        values = [_number(row.get(name, ""), name, path, number) for name in ("month", *COLUMNS)]
        _check(values, path, number)
        months[values[0]] = values[1:]
    if sorted(months) != list(range(1, MONTHS + 1)) or len(lines) != MONTHS + 1:
        raise _wrong("normals_months", path, 1, months=", ".join(f"{month:g}" for month in sorted(months)))
    return Normals(*np.array([months[month] for month in sorted(months)]).T)


def _number(text: str, column: str, path: Path, line: int) -> float:
    try:
        value = float(text)
    except ValueError:
        value = np.nan
    if not np.isfinite(value):
        raise _wrong("normals_not_a_number", path, line, column=column, value=text)
    return value


def _check(values: list[float], path: Path, line: int) -> None:
    """One month: extremes around the mean, nothing negative, no more sun than hours."""
    _, mean, high, low, sunshine, wind = values
    if not (-60.0 <= low <= mean <= high <= 60.0 and 0.0 <= sunshine <= 744.0 and 0.0 <= wind <= 60.0):
        raise _wrong("normals_beyond_reason", path, line, values=", ".join(f"{value:g}" for value in values[1:]))


def _wrong(key: str, path: Path, line: int, **values: object) -> ScenarioError:
    return ScenarioError([Problem(key, values, path.name, line, 1)])


def normals_of(name: str, folder: Path) -> Normals:
    """Those of the file ``name`` in ``folder``; of Yokohama without a name. Raises as :func:`read_normals`."""
    if not name:
        return yokohama()
    path = inside(folder, name)
    return _read(path, path.stat().st_mtime_ns)


@cache
def _read(path: Path, changed: int) -> Normals:
    """A file is read once until it changes."""
    return read_normals(path)


def smooth_year(monthly: Floats, weight: Floats | None = None) -> Floats:
    """Values of the 365 days whose means over each month, weighted by ``weight`` (365,), are ``monthly`` (12,).

    Between the middles of months the values lie on straight lines.
    """
    days = np.arange(STANDARD_DAYS) + 0.5
    shares = np.stack([np.interp(days, MIDDLES, corner, period=STANDARD_DAYS) for corner in np.eye(MONTHS)], axis=1)
    heavy = np.ones(STANDARD_DAYS) if weight is None else weight
    inside = (np.arange(MONTHS)[:, None] == MONTH_OF_DAY) * heavy
    # Sums of products, not BLAS: a year's weather has the same bits on every kind of processor.
    means = np.add.reduce(inside[:, :, None] * shares, axis=1) / np.add.reduce(inside, axis=1)[:, None]
    corners = _solved(means, np.asarray(monthly, dtype=np.float64))
    year: Floats = np.add.reduce(shares * corners, axis=1)
    return year


def _solved(matrix: Floats, right: Floats) -> Floats:
    """Solution of a system whose diagonal dominates, by Gauss and Jordan in one fixed order.

    >>> _solved(np.array([[2.0, 1.0], [1.0, 4.0]]), np.array([4.0, 9.0]))
    array([1., 2.])
    """
    table = np.concatenate((matrix, right[:, None]), axis=1)
    for pivot in range(len(right)):
        table[pivot] /= table[pivot, pivot]
        factor = table[:, pivot].copy()
        factor[pivot] = 0.0
        table -= factor[:, None] * table[pivot]
    return table[:, -1]
