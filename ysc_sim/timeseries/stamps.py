"""Dates and times as spreadsheets write them: ``2026-08-03 00:30``, ``2026/8/3 0:30``, ``20260803``,
``2026年8月3日 0時30分``, with or without a distance to UTC (``+09:00``, ``Z``).

``24:00`` is midnight at the end of the day. Seconds count from 1 January 1970, local time, without any zone.

>>> stamp_seconds("1970/1/1 24:00"), stamp_seconds("1970-01-02T00:30:00")
(86400, 88200)
>>> split_offset("1970-01-02T00:30+09:00"), split_offset("1970-01-02 00:30")
(('1970-01-02T00:30', 32400), ('1970-01-02 00:30', None))
"""

from __future__ import annotations

import re
from datetime import date, datetime
from functools import lru_cache

import numpy as np

DAY_S = 86_400
EPOCH = date(1970, 1, 1).toordinal()
FIRST_YEAR, LAST_YEAR = 1900, 2199
DATE = re.compile(r"(\d{4})(?:([-/.])(\d{1,2})\2(\d{1,2})|年(\d{1,2})月(\d{1,2})日|(\d{2})(\d{2}))", re.ASCII)
CLOCK = re.compile(r"(\d{1,2})(?::(\d{2})(?::(\d{2}))?|時(?:(\d{1,2})分)?)", re.ASCII)
OFFSET = re.compile(r"(?<=[\d:])\s*(?:(Z)|([+-])(\d{2}):?(\d{2}))$", re.ASCII)
RANGE = re.compile(r"(.+?)\s*(?:[~〜–—-]|から)\s*(.*)")


class WhenError(ValueError):
    """A text is no date, or no time of day."""


@lru_cache(maxsize=4096)
def day_number(text: str) -> int:
    """Days since 1 January 1970. Raises ``WhenError``."""
    found = DATE.fullmatch(text)
    if found is None:
        raise WhenError(f"text(={text!r}) must be a date.")
    year, _, *parts = found.groups()
    month, day = (int(part) for part in parts if part is not None)
    if not FIRST_YEAR <= int(year) <= LAST_YEAR:
        raise WhenError(f"text(={text!r}) must lie between {FIRST_YEAR} and {LAST_YEAR}.")
    try:
        return date(int(year), month, day).toordinal() - EPOCH
    except ValueError:
        raise WhenError(f"text(={text!r}) must be a date of the calendar.") from None


@lru_cache(maxsize=4096)
def clock_seconds(text: str) -> int:
    """Seconds since midnight, 0 … 86400. Raises ``WhenError``."""
    found = CLOCK.fullmatch(text)
    if found is None:
        raise WhenError(f"text(={text!r}) must be a time of day.")
    hour, minute, second, japanese = (int(part or 0) for part in found.groups())
    seconds = hour * 3600 + (minute or japanese) * 60 + second
    if minute > 59 or japanese > 59 or second > 59 or seconds > DAY_S:
        raise WhenError(f"text(={text!r}) must lie between 00:00 and 24:00.")
    return seconds


def clock_or_range(text: str) -> tuple[int, bool]:
    """Seconds since midnight of a time of day, or of the start of ``0:00~0:30``; whether it was such a range.

    Raises ``WhenError``.

    >>> clock_or_range("0:30"), clock_or_range("23:30～24:00")
    ((1800, False), (84600, True))
    """
    found = RANGE.fullmatch(text.replace("～", "~"))
    if found is None:
        return clock_seconds(text), False
    start = clock_seconds(found[1].strip())
    if found[2]:
        clock_seconds(found[2].strip())
    return start, True


def stamp_seconds(text: str) -> int:
    """Seconds since the start of 1970 of a date with a time of day; a date alone is its first instant.

    Raises ``WhenError``.
    """
    day, _, clock = text.replace("T", " ").partition(" ")
    return day_number(day) * DAY_S + (clock_seconds(clock.strip()) if clock.strip() else 0)


def split_offset(text: str) -> tuple[str, int | None]:
    """A stamp without its distance to UTC, and that in seconds (None where it has none)."""
    if ":" not in text:  # a plain date such as 2026-08-03 ends like an offset
        return text, None
    found = OFFSET.search(text)
    if found is None:
        return text, None
    east = 1 if found[2] == "+" else -1
    seconds = 0 if found[1] else east * (int(found[3]) * 3600 + int(found[4]) * 60)
    return text[: found.start()], seconds


def wall_time(seconds: int) -> datetime:
    """The local time that many seconds after the first of January 1970, without zone."""
    found: datetime = np.datetime64(seconds, "s").astype(datetime)
    return found
