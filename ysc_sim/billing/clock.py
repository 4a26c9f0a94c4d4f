"""Which month and which price band an interval falls in, on Japan's clock.

A clock is a list of rules, read from the top; the first that fits an interval gives its band. The last fits
always.

>>> rules = (Rule(band="night", days=("sun", "holiday")), Rule(band="day", hours=(8, 22)), Rule(band="night"))
>>> times = local_times(datetime.fromisoformat("2026-08-10T07:30+09:00"), 1800, 2)      # a Monday
>>> band_index(rules, ("day", "night"), times).tolist()
[1, 0]
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from functools import cache
from typing import Annotated, NamedTuple

import numpy as np
from annotated_types import Ge, Le, Len

from ysc_sim.units import Bools, Ints

JAPAN = timezone(timedelta(hours=9), "JST")
"""No daylight saving since 1951, so that local time is elapsed time."""
DAY_S = 86_400
HOUR_S = 3_600
EPOCH = datetime(1970, 1, 1, tzinfo=JAPAN)
THURSDAY = 3
"""1970-01-01 was a Thursday; Monday is 0."""
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
HOLIDAY = "holiday"

Month = Annotated[int, Ge(1), Le(12)]
Hour = Annotated[float, Ge(0), Le(24)]
Name = Annotated[str, Len(1, 40)]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """Intervals that belong to ``band``; what is not said does not restrict."""

    band: Name
    months: tuple[Month, ...] = ()
    """1 … 12."""
    hours: tuple[Hour, Hour] | None = None
    """From and to; from > to runs over midnight."""
    days: tuple[str, ...] = ()
    """``mon`` … ``sun``, ``holiday`` (national, with substitutes), or dates of every year such as
    ``01-02``.
    """

    def __post_init__(self) -> None:
        if self.hours is not None and self.hours[0] == self.hours[1]:
            raise ValueError(f"hours(={list(self.hours)}) must not begin and end together.")
        for day in self.days:
            if day not in (*WEEKDAYS, HOLIDAY) and not _is_month_day(day):
                raise ValueError(f"days: '{day}' is neither mon … sun, holiday, nor a date MM-DD.")

    @property
    def always(self) -> bool:
        """Whether it fits every interval."""
        return not (self.months or self.days or self.hours)


def _is_month_day(text: str) -> bool:
    if not re.fullmatch(r"\d\d-\d\d", text):
        return False
    try:
        date.fromisoformat(f"2024-{text}")
    except ValueError:
        return False
    return True


class LocalTimes(NamedTuple):
    """Calendar of intervals, each array (K,)."""

    day: Ints
    """Days since 1970-01-01."""
    second: Ints
    """Seconds since midnight."""
    month: Ints
    """Months since January 1970."""


def local_times(start: datetime, step_s: int, count: int) -> LocalTimes:
    """Calendar of ``count`` intervals of ``step_s`` seconds from ``start`` on, by their beginnings.

    Raises ``ValueError`` where ``start`` has no time zone.
    """
    if start.tzinfo is None or start.utcoffset() is None:
        raise ValueError(f"start(={start.isoformat()}) must have a time zone.")
    elapsed = start - EPOCH
    seconds = elapsed.days * DAY_S + elapsed.seconds + step_s * np.arange(count, dtype=np.int64)
    day, second = np.divmod(seconds, DAY_S)
    return LocalTimes(day, second, _month_of(day))


def _month_of(day: Ints) -> Ints:
    """Months since January 1970 of days since 1970-01-01. Asked once per day, not once per interval."""
    if not len(day):
        return day
    days = np.arange(day[0], day[-1] + 1)
    months = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    return np.asarray(months[day - day[0]])


def month_name(month: int) -> str:
    """``2026-08``"""
    return f"{1970 + month // 12:04d}-{month % 12 + 1:02d}"


def first_day(month: int) -> date:
    """First day of a month counted from January 1970."""
    return date(1970 + month // 12, month % 12 + 1, 1)


def seconds_in_month(month: int) -> int:
    """Length of a month."""
    return (first_day(month + 1) - first_day(month)).days * DAY_S


def band_index(rules: tuple[Rule, ...], names: tuple[str, ...], times: LocalTimes) -> Ints:
    """Position in ``names`` of each interval's band, (K,)."""
    index = np.zeros(len(times.day), dtype=np.int64)
    for rule in reversed(rules):
        index[_fits(rule, times)] = names.index(rule.band)
    return index


def _fits(rule: Rule, times: LocalTimes) -> Bools:
    fits = np.ones(len(times.day), dtype=np.bool_)
    if rule.months:
        fits &= np.isin(times.month % 12 + 1, rule.months)
    if rule.hours is not None:
        first, last = (round(hour * HOUR_S) for hour in rule.hours)
        after, before = times.second >= first, times.second < last
        fits &= after & before if first < last else after | before
    if rule.days:
        fits &= _on_days(rule.days, times.day)
    return fits


def _on_days(days: tuple[str, ...], day: Ints) -> Bools:
    if not len(day):
        return np.zeros(0, dtype=np.bool_)
    all_days = range(int(day[0]), int(day[-1]) + 1)
    chosen = np.array([_is_on(days, number) for number in all_days], dtype=np.bool_)
    return np.asarray(chosen[day - day[0]])


def _is_on(days: tuple[str, ...], number: int) -> bool:
    when = date(1970, 1, 1) + timedelta(days=number)
    if WEEKDAYS[(number + THURSDAY) % 7] in days or f"{when:%m-%d}" in days:
        return True
    return HOLIDAY in days and is_holiday(when)


@cache
def is_holiday(day: date) -> bool:
    """Whether a day is a national holiday of Japan, substitutes included."""
    import jpholiday

    return bool(jpholiday.is_holiday(day))
