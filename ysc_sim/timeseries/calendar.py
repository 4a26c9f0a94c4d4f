"""Which kind of day it is: weekday or day of rest, in Japan, and which day of the standard year stands for it.

A profile of a standard year knows 365 days, whose weather is one sequence and whose days are weekdays or
days of rest. A real date takes the day of the standard year that has the same weekday and lies within three
days of the same date; so the sequence of weather stays whole, and sun and demand belong together. Where a
public holiday falls on a weekday (or one of the standard year does not), demand alone is read from the
nearest day of the right type.

Days of rest are Saturdays, Sundays, national holidays (with substitutes) and 29 December to 3 January: those on which
public offices are closed [1]_.

.. [1] Act on Holidays of Administrative Organs (行政機関の休日に関する法律), 1988, Article 1.

>>> week = days_from(date(2026, 8, 10), 3)
>>> [bool(rest) for rest in week.rest]                              # 11 August is Mountain Day
[False, True, False]
>>> aligned_day(days_from(date(2026, 8, 10), 3)).tolist()           # day 221 is 10 August; Mondays are 1, 8, 15 …
[218, 219, 220]
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

import numpy as np

from ysc_sim.units import Bools, Ints

STANDARD_DAYS = 365
STANDARD_FIRST_WEEKDAY = 6
"""The standard year starts on a Sunday (Monday is 0)."""
SUNDAY = 6


@dataclass(frozen=True)
class Days:
    """Consecutive days, arrays (D,)."""

    nominal: Ints
    """Day of a year of 365 days, 0 … 364; 29 February counts as 28 February."""
    weekday: Ints
    """0 Monday … 6 Sunday."""
    holiday: Bools
    """National holidays, also on weekends."""

    @property
    def year_end(self) -> Bools:
        """29 December to 3 January."""
        return (self.nominal >= 362) | (self.nominal <= 2)

    @property
    def rest(self) -> Bools:
        """Weekends, national holidays and the turn of the year."""
        return (self.weekday >= 5) | self.holiday | self.year_end


def is_holiday(day: date) -> bool:
    """Whether ``day`` is a national holiday of Japan, substitutes included.

    >>> is_holiday(date(2026, 5, 6)), is_holiday(date(2026, 5, 7))
    (True, False)
    """
    import jpholiday

    return bool(jpholiday.is_holiday(day))


@cache
def days_from(first: date, count: int) -> Days:
    """``count`` days from ``first`` on."""
    dates = [first + timedelta(days=k) for k in range(count)]
    nominal = np.array([_nominal(day) for day in dates], dtype=np.int64)
    weekday = (first.weekday() + np.arange(count, dtype=np.int64)) % 7
    holiday = np.array([is_holiday(day) for day in dates], dtype=np.bool_)
    return Days(nominal, weekday, holiday)


def _nominal(day: date) -> int:
    """Day of a year of 365 days; 29 February counts as the day before."""
    if day.month == 2 and day.day == 29:
        day = day.replace(day=28)
    return day.replace(year=2023).timetuple().tm_yday - 1


def aligned_day(days: Days) -> Ints:
    """Day of the standard year, 0 … 364, with the same weekday, at most three days from the same date, (D,).

    At the turn of the year the standard year is closed to a ring; there the weekday may differ by one.
    """
    behind = (days.weekday - STANDARD_FIRST_WEEKDAY - days.nominal) % 7
    return (days.nominal + np.where(behind > 3, behind - 7, behind)) % STANDARD_DAYS


def standard_day(days: Days, standard_rest: Bools) -> Ints:
    """Day of the standard year of the same type, rest or not, nearest to the aligned one, (D,).

    ``standard_rest`` (365,) says which days of the standard year are days of rest.
    """
    tables = np.stack([_nearest(~standard_rest), _nearest(standard_rest)])
    return tables[days.rest.astype(np.int64), aligned_day(days)]


def _nearest(wanted: Bools) -> Ints:
    """Index of the nearest day of a ring that is wanted, the earlier one where two are equally near, (365,)."""
    there = np.flatnonzero(wanted)
    ahead = (there[None, :] - np.arange(len(wanted))[:, None]) % len(wanted)
    distance = np.minimum(2 * ahead, 2 * (len(wanted) - ahead) - 1)
    nearest: Ints = there[np.argmin(distance, axis=1)]
    return nearest


def standard_calendar(standard_rest: Bools) -> Days:
    """The days of the standard year itself: what one year of a profile is summed over."""
    nominal = np.arange(STANDARD_DAYS, dtype=np.int64)
    weekday = (STANDARD_FIRST_WEEKDAY + nominal) % 7
    return Days(nominal, weekday, standard_rest & (weekday < 5))


def matching_day(wanted: Days, have: Days) -> Ints:
    """For each wanted day the most alike of those there are: same type, near in the year, same weekday, (D,).

    The type (rest or not) counts first; then a different weekday weighs as much as four days' distance.
    """
    keys = np.stack([wanted.nominal, wanted.weekday, wanted.rest.astype(np.int64)], axis=1)
    unique, place = np.unique(keys, axis=0, return_inverse=True)
    ahead = (have.nominal - unique[:, :1]) % STANDARD_DAYS
    cost = np.minimum(ahead, STANDARD_DAYS - ahead)
    cost += 4 * (have.weekday != unique[:, 1:2]) + 1000 * (have.rest != (unique[:, 2:3] == 1))
    best: Ints = np.argmin(cost, axis=1)[place.reshape(-1)]
    return best
