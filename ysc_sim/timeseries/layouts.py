"""Where time, date and values stand in a table of measurements, whoever wrote it.

*Long*: one interval per line: a date with its time of day (in one cell, or in two; the time may be a range
``0:00~0:30`` or the number of the half-hour, 1 … 48) and values. *Wide*: one day per line, 24, 48, 96 …
values. What stands before the date (numbers of customers and meters) must be the same in all lines; what
stands behind the values of a wide line (sums, maxima) is left alone.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from ysc_sim.errors import Problem, ScenarioError
from ysc_sim.timeseries.axis import step_is_allowed
from ysc_sim.timeseries.cells import Cells, number, numbers, stop_if
from ysc_sim.timeseries.lay import Readings
from ysc_sim.timeseries.stamps import (
    DAY_S,
    WhenError,
    clock_or_range,
    day_number,
    split_offset,
    stamp_seconds,
)
from ysc_sim.units import Ints

MOST_HEADER_LINES = 20
WIDE_FROM = 24
"""A line with so many numbers is a day."""
DATE_WITHIN = 6
"""A date stands among the first so many cells."""
HALF_HOUR_NUMBER = re.compile(r"コマ|時刻コード|時間帯(番号|no)|slot|period", re.IGNORECASE)
NUMBERED = re.compile(r"(コマ|時刻コード|no\.?)?\s*\d{1,2}\s*(コマ)?", re.IGNORECASE)
ENDING = re.compile(r"終了|終わり|hour.?ending|interval.?end|end.?time|period.?end", re.IGNORECASE)
POWER_UNIT = re.compile(r"(?<![a-z])(万k|[kM])?wh?(?![a-z])", re.IGNORECASE)
NOT_POWER = re.compile(r"(円|jpy|yen|¥)\s*(/|_per_)\s*k?wh|w\s*(/|_per_)\s*m|[kM]?wh?\s*/\s*m", re.IGNORECASE)


@dataclass(frozen=True)
class Layout:
    """Which cells of a line mean what."""

    date: int | None
    """None in a wide file without dates."""
    clock: int | None
    """None where the date's cell holds the time of day too, or the file is wide."""
    numbered: bool
    """The clock counts half-hours, 1 … 48."""
    width: int
    """Values of a wide line; 0 where the file is long."""
    first: int
    """The cell behind the time."""


def with_header(cells: Cells) -> Cells:
    """The same table, its headings apart. Raises ``ScenarioError`` where no line of data is found."""
    for k in range(min(len(cells.rows), MOST_HEADER_LINES + 1)):
        if _is_day(cells.rows[k]) or (len(cells.rows[k]) > 1 and date_place(cells.rows[k]) is not None):
            return cells.below(k)
    problem = Problem("csv_no_data", {"limit": MOST_HEADER_LINES}, cells.file, cells.lines[0], 1)
    raise ScenarioError([problem])


def date_place(row: Sequence[str]) -> int | None:
    """Where a date stands among the first cells of a line."""
    for place, cell in enumerate(row[:DATE_WITHIN]):
        if is_date(cell):
            return place
    return None


def is_date(text: str) -> bool:
    """Whether a cell begins with a date.

    >>> is_date("2026/8/3 0:30"), is_date("20260803"), is_date("3.5")
    (True, True, False)
    """
    try:
        day_number(text.strip().replace("T", " ").partition(" ")[0])
    except WhenError:
        return False
    return True


def _is_day(row: Sequence[str]) -> bool:
    """Whether a line is a day of numbers."""
    return sum(number(cell) is not None for cell in row) >= WIDE_FROM and (
        date_place(row) is not None or number(row[0]) is not None
    )


def find_layout(cells: Cells) -> Layout:
    """The layout of a table whose headings stand apart."""
    row = cells.rows[0]
    date = date_place(row)
    first = 0 if date is None else date + 1
    if _is_day(row):
        return Layout(date, None, False, _width(cells, first), first)
    if date is None:
        raise ScenarioError([cells.problem("csv_not_a_time", 0, value=row[0].strip())])
    text = row[first].strip() if len(row) > first else ""
    if HALF_HOUR_NUMBER.search(_heading(cells, first)) and text.isdecimal():
        return Layout(date, first, True, 0, first + 1)
    if number(text) is None and _is_clock(text):
        return Layout(date, first, False, 0, first + 1)
    return Layout(date, None, False, 0, first)


def _is_clock(text: str) -> bool:
    try:
        clock_or_range(text)
    except WhenError:
        return False
    return True


def _heading(cells: Cells, place: int) -> str:
    """All headings above a cell, joined."""
    return " ".join(names[place].strip() for names in cells.header if place < len(names))


def _width(cells: Cells, first: int) -> int:
    """How many values a day has: as many as the headings name times of day, else as there are cells."""
    for names in reversed(cells.header):
        times = 0
        for name in names[first:]:
            if not (_is_clock(name.strip()) or NUMBERED.fullmatch(name.strip())):
                break
            times += 1
        if times >= WIDE_FROM:
            return times
    row = list(cells.rows[0][first:])
    while row and not row[-1].strip():
        row.pop()
    return len(row)


def wide_days(cells: Cells, layout: Layout, year: int | None) -> Readings:
    """One day per line as readings ``value``. Raises ``ScenarioError``."""
    width, first = layout.width, layout.first
    if DAY_S % width or not step_is_allowed(DAY_S // width):
        raise ScenarioError([cells.problem("csv_width", 0, first, count=width)])
    exact = not cells.header or all(len(names) <= first + width for names in cells.header)
    stop_if(
        [
            cells.problem("csv_row_length", r, 0, count=len(row) - first, expected=width)
            for r, row in enumerate(cells.rows)
            if len(row) < first + width or (exact and any(cell.strip() for cell in row[first + width :]))
        ]
    )
    values = numbers(cells, [row[first : first + width] for row in cells.rows], first)
    days = _days(cells, layout.date) if layout.date is not None else _whole_year(cells, year)
    _same_before(cells, layout.date or 0)
    seconds = days[:, np.newaxis] * DAY_S + np.arange(width) * (DAY_S // width)
    rows = np.repeat(np.arange(len(cells.rows)), width)
    place = np.full(len(rows), layout.date or 0)
    return Readings(cells, rows, place, seconds.reshape(-1), {"value": values.reshape(-1)})


def _whole_year(cells: Cells, year: int | None) -> Ints:
    """Days of a file without dates, which must be a whole calendar year."""
    if year is None:
        raise ScenarioError([cells.problem("csv_no_dates", 0)])
    begin, end = datetime(year, 1, 1), datetime(year + 1, 1, 1)
    days = (end - begin).days
    if len(cells.rows) != days:
        last = len(cells.rows) - 1
        raise ScenarioError([cells.problem("csv_year_length", last, 0, count=last + 1, year=year, expected=days)])
    return (begin - datetime(1970, 1, 1)).days + np.arange(days, dtype=np.int64)


def _days(cells: Cells, place: int) -> Ints:
    days, problems = np.zeros(len(cells.rows), dtype=np.int64), []
    for r, row in enumerate(cells.rows):
        try:
            days[r] = day_number(row[place].strip())
        except WhenError:
            problems.append(cells.problem("csv_not_a_time", r, place, value=row[place].strip()))
    stop_if(problems)
    return days


def _same_before(cells: Cells, date: int) -> None:
    """What stands before the date names the meter; two meters in one file are refused."""
    known = cells.rows[0][:date]
    for r, row in enumerate(cells.rows):
        for c in range(date):
            if row[c].strip() != known[c].strip():
                values = {"value": row[c].strip(), "before": known[c].strip()}
                raise ScenarioError([cells.problem("csv_two_meters", r, c, **values)])


def long_times(cells: Cells, layout: Layout) -> tuple[Readings, bool]:
    """The times of one interval per line, without values yet; whether they look like ends of intervals.

    Raises ``ScenarioError``.
    """
    date = layout.date or 0
    stop_if(
        [
            cells.problem("csv_row_length", r, 0, count=len(row), expected=layout.first + 1)
            for r, row in enumerate(cells.rows)
            if len(row) <= layout.first
        ]
    )
    _same_before(cells, date)
    seconds = np.zeros(len(cells.rows), dtype=np.int64)
    offsets: list[int | None] = []
    problems, late, ranged = [], False, False
    for r, row in enumerate(cells.rows):
        try:
            seconds[r], offset, is_range = _time_of(row, layout)
            offsets.append(offset)
            ranged = ranged or is_range
            late = late or (not is_range and " 24:" in f" {row[layout.clock or date].strip()}".replace("T", " "))
        except WhenError:
            text = " ".join(row[date : layout.first]).strip()
            problems.append(cells.problem("csv_not_a_time", r, date, value=text))
    stop_if(problems)
    place = np.full(len(seconds), date)
    readings = Readings(cells, np.arange(len(seconds)), place, seconds, {}, _offsets(cells, offsets, date))
    ending = not (ranged or layout.numbered) and (late or _looks_ending(cells, seconds))
    return readings, ending


def _time_of(row: Sequence[str], layout: Layout) -> tuple[int, int | None, bool]:
    """Seconds, distance to UTC, and whether the time of day was a range. Raises ``WhenError``."""
    text = row[layout.date or 0].strip()
    if layout.clock is None:
        plain, offset = split_offset(text)
        return stamp_seconds(plain), offset, False
    clock = row[layout.clock].strip()
    if layout.numbered:
        if not clock.isdecimal() or not 1 <= int(clock[:4]) <= 48:
            raise WhenError(f"text(={clock!r}) must be the number of a half-hour.")
        return day_number(text) * DAY_S + (int(clock) - 1) * 1800, None, False
    seconds, is_range = clock_or_range(clock)
    return day_number(text) * DAY_S + seconds, None, is_range


def _offsets(cells: Cells, offsets: Sequence[int | None], place: int) -> Ints | None:
    """Distances to UTC; all lines or none must say theirs."""
    known = [offset for offset in offsets if offset is not None]
    if not known:
        return None
    if len(known) < len(offsets):
        raise ScenarioError([cells.problem("csv_some_offsets", offsets.index(None), place)])
    return np.array(known, dtype=np.int64)


def _looks_ending(cells: Cells, seconds: Ints) -> bool:
    """Whether the stamps are ends: the file begins one step after midnight and stops at midnight, or says so."""
    if ENDING.search(" ".join(cell for row in cells.header for cell in row)):
        return True
    step_s = int(seconds[1] - seconds[0]) if len(seconds) > 1 else 0
    return step_s > 0 and int(seconds[0]) % DAY_S == step_s and int(seconds[-1]) % DAY_S == 0


def value_places(cells: Cells, first: int, name: str) -> dict[int, str]:
    """Which cells of a long line hold values, and their headings; only ``name``, where it is given.

    Where some headings name a unit of power or energy, those alone are meant. Raises ``ScenarioError``.
    """
    if name:
        wanted = unicodedata.normalize("NFKC", name).strip()
        for names in reversed(cells.header):
            for place, heading in enumerate(names):
                if heading.strip() == wanted and place >= first:
                    return {place: wanted}
        known = ", ".join(heading.strip() for heading in (cells.header[-1] if cells.header else ()))
        raise ScenarioError([Problem("csv_column_unknown", {"column": name, "known": known}, cells.file, 1, 1)])
    row = cells.rows[0]
    filled = {k: _heading(cells, k) for k in range(first, len(row)) if number(row[k]) is not None}
    powers = {k: heading for k, heading in filled.items() if units_in(heading)}
    return powers or filled or {k: _heading(cells, k) for k in range(first, len(row)) if row[k].strip()}


def units_in(text: str) -> set[str]:
    """Units of power and energy that a heading names, in small letters.

    >>> sorted(units_in("使用量(kWh)")), units_in("円/kWh"), units_in("万kW"), units_in("window")
    (['kwh'], set(), {'万kw'}, set())
    """
    plain = NOT_POWER.sub(" ", unicodedata.normalize("NFKC", text))
    return {match[0].lower() for match in POWER_UNIT.finditer(plain)}
