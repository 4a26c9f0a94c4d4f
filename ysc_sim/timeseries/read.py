"""A user's own measurements: a CSV file of powers or energies, as meters, portals and spreadsheets write
them.

Two layouts are understood. *Long*: one interval per line, a time stamp (in one column, or date and time in
two) and a value. *Wide*: one day per line, 24, 48, 96 … values, with or without a date in front; without
dates the file is one whole calendar year. Text is UTF-8 (with or without BOM) or cp932; a comma, semicolon
or tab separates; full-width digits are read. kW or kWh is found in the header or declared.

Nothing is guessed and nothing mended: gaps, doubled or unsorted stamps, blanks and texts are refused, each
at its line and column.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

import numpy as np

from ysc_sim.documents import read_text
from ysc_sim.errors import Problem, ScenarioError
from ysc_sim.timeseries.axis import step_is_allowed
from ysc_sim.timeseries.stamps import DAY_S, WhenError, clock_seconds, day_number, stamp_seconds
from ysc_sim.units import SECONDS_PER_HOUR, Floats, Ints

Unit = Literal["auto", "kW", "kWh", "W", "Wh"]
Stamp = Literal["auto", "start", "end"]

MOST_BYTES = 64_000_000
MOST_HEADER_LINES = 20
MOST_PROBLEMS = 20
WIDE_FROM = 24
"""A line with so many numbers is a day."""
UNIT_IN_HEADER = re.compile(r"(?<![a-z])(k?wh?)(?![a-z])", re.IGNORECASE)
THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?")
KILO = {"kW": 1.0, "kWh": 1.0, "W": 1e-3, "Wh": 1e-3}


@dataclass(frozen=True)
class Measured:
    """Mean power of equal, unbroken intervals."""

    kw: Floats
    """(N,)"""
    start: datetime
    """Local time without zone at which the first interval begins."""
    step_s: int
    file: str = ""


@dataclass(frozen=True)
class _Table:
    """The cells of a file that are not header, and where they stand."""

    file: str
    header: Sequence[Sequence[str]]
    rows: Sequence[Sequence[str]]
    lines: Sequence[int]
    raw: Sequence[str]
    delimiter: str

    def problem(self, key: str, row: int, cell: int = 0, /, **values: object) -> Problem:
        """A problem at a cell."""
        line = self.lines[row]
        before = self.raw[line - 1].split(self.delimiter)[:cell] if line <= len(self.raw) else []
        return Problem(key, values, self.file, line, 1 + sum(len(text) + 1 for text in before))


def read_measured(
    path: Path, *, unit: Unit = "auto", stamp: Stamp = "auto", column: str = "", year: int | None = None
) -> Measured:
    """Powers from a CSV file.

    ``column`` names the column of values where there are several; ``stamp`` says whether times are those of
    the start or of the end of an interval (``auto``: the end, if the file begins one interval after
    midnight, writes 24:00 or says so in its header); ``year`` is the year of a wide file without dates.
    Raises ``ScenarioError`` with every problem found, up to twenty.
    """
    table = _table(read_text(path, max_bytes=MOST_BYTES), path.name)
    numbers = sum(_number(cell) is not None for cell in table.rows[0])
    if numbers >= WIDE_FROM:
        values, start, step_s = _wide(table, year)
    else:
        values, start, step_s = _long(table, stamp, column)
    return Measured(values * _to_kw(table, unit, column, step_s), start, step_s, table.file)


def _table(text: str, file: str) -> _Table:
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    sample = text[:4096]
    delimiter = max(",;\t", key=sample.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    rows, lines = [], []
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                rows.append(row)
                lines.append(reader.line_num)
    except csv.Error as error:
        raise ScenarioError([Problem("csv_broken", {"reason": str(error)}, file, reader.line_num, 1)]) from None
    first = next((k for k, row in enumerate(rows[: MOST_HEADER_LINES + 1]) if _is_data(row)), None)
    if first is None:
        line = lines[0] if lines else 1
        raise ScenarioError([Problem("csv_no_data", {"limit": MOST_HEADER_LINES}, file, line, 1)])
    return _Table(file, rows[:first], rows[first:], lines[first:], text.splitlines(), delimiter)


def _is_data(row: Sequence[str]) -> bool:
    """Whether a line is a day of numbers, or begins with a date."""
    if sum(_number(cell) is not None for cell in row) >= WIDE_FROM and _number(row[-1]) is not None:
        return _number(row[0]) is not None or _is_date(row[0])
    return len(row) > 1 and _is_date(row[0])


def _is_date(text: str) -> bool:
    try:
        day_number(text.strip().replace("T", " ").partition(" ")[0])
    except WhenError:
        return False
    return True


def _number(text: str) -> float | None:
    """The number that a cell holds, None if it holds none; separators of thousands are understood."""
    text = text.strip()
    if THOUSANDS.fullmatch(text):
        text = text.replace(",", "")
    try:
        return float(text) if "_" not in text else None
    except ValueError:
        return None


def _numbers(table: _Table, cells: Sequence[Sequence[str]], first: int) -> Floats:
    """All cells (rows, width) as numbers; ``first`` is the place of the leftmost one in its line."""
    problems = []
    try:
        values = np.array(cells, dtype=np.float64)
    except ValueError:
        found = [[_number(cell) for cell in row] for row in cells]
        for r, row in enumerate(found):
            for c, value in enumerate(row):
                if value is None:
                    problems.append(table.problem("csv_not_a_number", r, first + c, value=cells[r][c].strip()))
        _stop_if(problems)
        values = np.array(found, dtype=np.float64)
    for r, c in np.argwhere(~np.isfinite(values))[:MOST_PROBLEMS]:
        problems.append(table.problem("not_finite", int(r), first + int(c), value=cells[r][c].strip()))
    for r, c in np.argwhere(values < 0)[:MOST_PROBLEMS]:
        problems.append(table.problem("csv_negative", int(r), first + int(c), value=cells[r][c].strip()))
    _stop_if(problems)
    return values


def _stop_if(problems: Sequence[Problem]) -> None:
    if problems:
        raise ScenarioError(sorted(problems, key=lambda p: (p.line, p.column))[:MOST_PROBLEMS])


def _wide(table: _Table, year: int | None) -> tuple[Floats, datetime, int]:
    """One day per line."""
    dated = _is_date(table.rows[0][0])
    first = 1 if dated else 0
    width = len(table.rows[0]) - first
    if DAY_S % width or not step_is_allowed(DAY_S // width):
        raise ScenarioError([table.problem("csv_width", 0, 0, count=width)])
    _stop_if(
        [
            table.problem("csv_row_length", r, 0, count=len(row) - first, expected=width)
            for r, row in enumerate(table.rows)
            if len(row) - first != width
        ]
    )
    values = _numbers(table, [row[first:] for row in table.rows], first)
    if dated:
        days = _days(table)
        _even(table, days * DAY_S, DAY_S)
        start = _date_of(int(days[0]) * DAY_S)
    else:
        start = datetime(_whole_year(table, year), 1, 1)
    return values.reshape(-1), start, DAY_S // width


def _whole_year(table: _Table, year: int | None) -> int:
    """The year of a file without dates, which must have all of its days."""
    if year is None:
        raise ScenarioError([table.problem("csv_no_dates", 0)])
    days = (datetime(year + 1, 1, 1) - datetime(year, 1, 1)).days
    if len(table.rows) != days:
        last = len(table.rows) - 1
        raise ScenarioError(
            [table.problem("csv_year_length", last, 0, count=len(table.rows), year=year, expected=days)]
        )
    return year


def _days(table: _Table) -> Ints:
    days, problems = np.zeros(len(table.rows), dtype=np.int64), []
    for r, row in enumerate(table.rows):
        try:
            days[r] = day_number(row[0].strip())
        except WhenError:
            problems.append(table.problem("csv_not_a_time", r, 0, value=row[0].strip()))
    _stop_if(problems)
    return days


def _long(table: _Table, stamp: Stamp, column: str) -> tuple[Floats, datetime, int]:
    """One interval per line."""
    parted = _has_clock_column(table.rows[0])
    place = _value_column(table, 2 if parted else 1, column)
    _stop_if(
        [
            table.problem("csv_row_length", r, 0, count=len(row), expected=place + 1)
            for r, row in enumerate(table.rows)
            if len(row) <= place
        ]
    )
    values = _numbers(table, [[row[place]] for row in table.rows], place)[:, 0]
    seconds, late = _times(table, parted)
    if len(seconds) < 2:
        raise ScenarioError([table.problem("csv_too_short", 0)])
    step_s = int(np.median(np.diff(seconds)))
    if step_s > 0 and not step_is_allowed(step_s):
        raise ScenarioError([table.problem("csv_step", 1, 0, step_s=step_s)])
    _even(table, seconds, max(step_s, 1))
    if stamp == "end" or (stamp == "auto" and (late or _looks_ending(table, seconds, step_s))):
        seconds = seconds - step_s
    return values, _date_of(int(seconds[0])), step_s


def _has_clock_column(row: Sequence[str]) -> bool:
    try:
        clock_seconds(row[1].strip())
    except WhenError:
        return False
    return len(row) > 2 and _number(row[1]) is None


def _value_column(table: _Table, first: int, column: str) -> int:
    """Which cell of a line holds the value."""
    if column:
        for names in reversed(table.header):
            for place, name in enumerate(names):
                if name.strip() == unicodedata.normalize("NFKC", column).strip():
                    return place
        known = ", ".join(name.strip() for name in (table.header[-1] if table.header else ()))
        raise ScenarioError([Problem("csv_column_unknown", {"column": column, "known": known}, table.file, 1, 1)])
    filled = [k for k, cell in enumerate(table.rows[0]) if k >= first and cell.strip()]
    if len(filled) != 1:
        raise ScenarioError([table.problem("csv_which_column", 0, first, count=len(filled))])
    return filled[0]


def _times(table: _Table, parted: bool) -> tuple[Ints, bool]:
    """Seconds of all stamps, and whether some say 24:00."""
    seconds, problems, late = np.zeros(len(table.rows), dtype=np.int64), [], False
    for r, row in enumerate(table.rows):
        text = f"{row[0].strip()} {row[1].strip()}" if parted else row[0].strip()
        try:
            seconds[r] = stamp_seconds(text)
        except WhenError:
            problems.append(table.problem("csv_not_a_time", r, 0, value=text))
        late = late or " 24:" in text
    _stop_if(problems)
    return seconds, late


def _even(table: _Table, seconds: Ints, step_s: int) -> None:
    """Every stamp follows the one before by one step. Raises ``ScenarioError`` with the places where it does not."""
    problems = []
    for r in np.flatnonzero(np.diff(seconds) != step_s)[:MOST_PROBLEMS] + 1:
        ahead = int(seconds[r] - seconds[r - 1])
        key = "csv_twice" if ahead == 0 else "csv_unsorted" if ahead < 0 else "csv_gap"
        values = {
            "value": _date_of(int(seconds[r])).isoformat(" "),
            "before": _date_of(int(seconds[r - 1])).isoformat(" "),
        }
        problems.append(table.problem(key, int(r), 0, **values, step_s=step_s))
    _stop_if(problems)


def _looks_ending(table: _Table, seconds: Ints, step_s: int) -> bool:
    """Whether the stamps are ends: the first one is one step after midnight, or the header says so."""
    words = " ".join(cell for row in table.header for cell in row).lower()
    if "終了" in words or "hour ending" in words or "interval end" in words:
        return True
    return int(seconds[0]) % DAY_S == step_s and int(seconds[-1]) % DAY_S == 0


def _date_of(seconds: int) -> datetime:
    """The local time that many seconds after the first of January 1970."""
    found: datetime = np.datetime64(seconds, "s").astype(datetime)
    return found


def _to_kw(table: _Table, unit: Unit, column: str, step_s: int) -> float:
    """Factor from the file's numbers to mean kW."""
    if unit == "auto":
        unit = _unit_in_header(table, column)
    return KILO[unit] * (SECONDS_PER_HOUR / step_s if unit.endswith("h") else 1.0)


def _unit_in_header(table: _Table, column: str) -> Unit:
    """The one unit that the header names."""
    cells = [cell for row in table.header for cell in row if not column or column in cell] or [
        cell for row in table.header for cell in row
    ]
    known = {name.lower(): name for name in KILO}
    found = {known[match.lower()] for cell in cells for match in UNIT_IN_HEADER.findall(cell)}
    if len(found) != 1:
        raise ScenarioError([Problem("csv_unit_unknown", {"found": ", ".join(sorted(found))}, table.file, 1, 1)])
    return found.pop()  # type: ignore[return-value]
