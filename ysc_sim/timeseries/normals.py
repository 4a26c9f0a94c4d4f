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

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

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


def read_normals(path: Path) -> Normals:
    """Normals from a CSV file: one row a month; mean, maximum, minimum temperature (°C), sunshine (h), rain (mm),
    wind (m/s) in columns 2 to 7. Raises ``ValueError`` where the file holds anything else.
    """
    table = np.loadtxt(path, delimiter=",", skiprows=1, ndmin=2)
    if table.shape[0] != MONTHS or table.shape[1] < 7:
        raise ValueError(f"{path.name} must hold 12 rows of 7 columns, not {table.shape}.")
    return Normals(table[:, 1], table[:, 2], table[:, 3], table[:, 4], table[:, 6])


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
