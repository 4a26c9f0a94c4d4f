"""Dates and times as spreadsheets write them: ``2026-08-03 00:30``, ``2026/8/3 0:30``, ``20260803``,
``2026年8月3日 0時30分``.

``24:00`` is midnight at the end of the day. Seconds count from 1 January 1970, local time, without any zone.

>>> stamp_seconds("1970/1/1 24:00"), stamp_seconds("1970-01-02T00:30:00")
(86400, 88200)
"""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache

DAY_S = 86_400
EPOCH = date(1970, 1, 1).toordinal()
DATE = re.compile(r"(\d{4})(?:([-/.])(\d{1,2})\2(\d{1,2})|年(\d{1,2})月(\d{1,2})日|(\d{2})(\d{2}))")
CLOCK = re.compile(r"(\d{1,2})(?::(\d{2})(?::(\d{2}))?|時(?:(\d{1,2})分)?)")


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


def stamp_seconds(text: str) -> int:
    """Seconds since the start of 1970 of a date with a time of day. Raises ``WhenError``."""
    day, _, clock = text.replace("T", " ").partition(" ")
    return day_number(day) * DAY_S + clock_seconds(clock.strip())
