"""The cells of a comma-separated text, each with its line and column.

Full-width digits and signs are read as plain ones; a comma, semicolon or tab separates, whichever is most
frequent in the first lines.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ysc_sim.errors import Problem, ScenarioError
from ysc_sim.units import Floats

MOST_PROBLEMS = 20
SAMPLE_CHARACTERS = 4096
THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?")
LINE_END = re.compile(r"\r\n|\n|\r")


@dataclass(frozen=True)
class Cells:
    """Rows of cells, without empty lines; ``header`` holds the rows that are no data, once that is known."""

    file: str
    rows: Sequence[Sequence[str]]
    lines: Sequence[int]
    raw: Sequence[str]
    delimiter: str
    header: Sequence[Sequence[str]] = ()

    def problem(self, key: str, row: int, cell: int = 0, /, severity: str = "error", **values: Any) -> Problem:
        """A problem (or a warning) at a cell."""
        line = self.lines[row]
        before = self.raw[line - 1].split(self.delimiter)[:cell] if line <= len(self.raw) else []
        return Problem(key, values, self.file, line, 1 + sum(len(text) + 1 for text in before), severity=severity)

    def where(self, row: int) -> str:
        """The place of a row, as an editor understands it."""
        return f"{self.file}:{self.lines[row]}:1"

    def below(self, first: int, last: int | None = None) -> Cells:
        """The rows from ``first`` on (up to ``last``), under those before as a header."""
        return replace(self, header=self.rows[:first], rows=self.rows[first:last], lines=self.lines[first:last])


def read_cells(text: str, file: str) -> Cells:
    """All cells of a text. Raises ``ScenarioError`` where it is no table."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    sample = text[:SAMPLE_CHARACTERS]
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
    if not rows:
        raise ScenarioError([Problem("csv_empty", {}, file, 1, 1)])
    return Cells(file, rows, lines, LINE_END.split(text), delimiter)


def number(text: str) -> float | None:
    """The number that a cell holds, None if it holds none; separators of thousands are understood.

    >>> number("1,234.5"), number(" -3 "), number("1_000"), number("abc")
    (1234.5, -3.0, None, None)
    """
    text = text.strip()
    if THOUSANDS.fullmatch(text):
        text = text.replace(",", "")
    try:
        return float(text) if "_" not in text else None
    except ValueError:
        return None


def numbers(cells: Cells, block: Sequence[Sequence[str]], first: int, *, negative: bool = False) -> Floats:
    """A block of cells, one row for each of ``cells``, as numbers, (rows, width).

    ``first`` is the place of the leftmost cell in its line. Raises ``ScenarioError`` for every cell that is
    no finite number, and below zero unless ``negative``.
    """
    try:
        values = np.array(block, dtype=np.float64)
    except ValueError:
        values = _one_by_one(cells, block, first)
    problems = [
        cells.problem("not_finite", int(r), first + int(c), value=block[r][c].strip())
        for r, c in np.argwhere(~np.isfinite(values))[:MOST_PROBLEMS]
    ]
    if not negative:
        problems += [
            cells.problem("csv_negative", int(r), first + int(c), value=block[r][c].strip())
            for r, c in np.argwhere(values < 0)[:MOST_PROBLEMS]
        ]
    stop_if(problems)
    return values


def _one_by_one(cells: Cells, block: Sequence[Sequence[str]], first: int) -> Floats:
    problems = []
    found = [[number(cell) for cell in row] for row in block]
    for r, row in enumerate(found):
        for c, value in enumerate(row):
            if value is None:
                problems.append(cells.problem("csv_not_a_number", r, first + c, value=block[r][c].strip()))
    stop_if(problems)
    return np.array(found, dtype=np.float64)


def column(cells: Cells, place: int, *, blanks: frozenset[str] = frozenset(), negative: bool = True) -> Floats:
    """One cell of every row as a number, (rows,); NaN where it is one of ``blanks`` or beyond the end of its row.

    Raises ``ScenarioError`` for every other text.
    """
    texts = [row[place].strip() if place < len(row) else "" for row in cells.rows]
    if not blanks:
        return numbers(cells, [[text] for text in texts], place, negative=negative)[:, 0]
    known = [k for k, text in enumerate(texts) if text not in blanks]
    values = np.full(len(texts), np.nan)
    if known:
        some = replace(cells, rows=[cells.rows[k] for k in known], lines=[cells.lines[k] for k in known])
        values[known] = numbers(some, [[texts[k]] for k in known], place, negative=negative)[:, 0]
    return values


def stop_if(problems: Sequence[Problem]) -> None:
    """Raise the first of the problems in the order of the file, if there are any."""
    if problems:
        raise ScenarioError(sorted(problems, key=lambda p: (p.line, p.column))[:MOST_PROBLEMS])
