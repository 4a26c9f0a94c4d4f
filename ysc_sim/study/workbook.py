"""One sheet of an Excel workbook as cells of text, each with its sheet and name (``Invoices!C5``)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from ysc_sim.documents.workbook import Sheet, cell_name, read_sheets
from ysc_sim.errors import Problem, ScenarioError

MOST_ROWS, MOST_COLUMNS = 5_000, 200


@dataclass(frozen=True)
class WorkbookCells:
    """Rows of texts of one sheet."""

    file: str
    sheet: str
    rows: Sequence[Sequence[str]]
    numbers: Sequence[int]
    """Number of each row in the sheet, from 1."""

    def where(self, row: int, cell: int = 0) -> str:
        """The place of a cell, as a spreadsheet names it."""
        line = self.numbers[row] if row < len(self.numbers) else 1
        return f"{self.file}:{cell_name(self.sheet, (line, cell + 1))}"

    def problem(self, key: str, row: int, cell: int = 0, /, **values: Any) -> Problem:
        """A problem at a cell."""
        return Problem(key, values, self.where(row, cell))


def read_workbook(path: Path, *, max_bytes: int) -> WorkbookCells:
    """The first sheet that holds anything. Formulas count with the value that was saved with them.

    Raises ``ScenarioError`` where it is no workbook, ``ResultError`` where openpyxl is not installed.
    """
    try:
        sheets = read_sheets(path, max_bytes=max_bytes)
    except ScenarioError as error:
        raise ScenarioError([Problem(p.key, p.values, path.name) for p in error.problems]) from None
    for sheet in sheets:
        found = _texts(path.name, sheet)
        if found.rows:
            return found
    raise ScenarioError([Problem("csv_empty", {}, path.name)])


def _texts(file: str, sheet: Sheet) -> WorkbookCells:
    problems = [
        Problem("workbook_formula_empty", {"value": formula}, f"{file}:{cell_name(sheet.title, at)}")
        for at, formula in sorted(sheet.without_value.items())
        if at[0] <= MOST_ROWS and at[1] <= MOST_COLUMNS
    ]
    if problems:
        raise ScenarioError(problems[:20])
    rows: dict[int, dict[int, str]] = {}
    for (row, column), value in sheet.cells.items():
        if row <= MOST_ROWS and column <= MOST_COLUMNS and (text := cell_text(value)).strip():
            rows.setdefault(row, {})[column] = text
    width = max((max(row) for row in rows.values()), default=0)
    numbers = sorted(rows)
    texts = [[rows[number].get(column, "") for column in range(1, width + 1)] for number in numbers]
    return WorkbookCells(file, sheet.title, texts, numbers)


def cell_text(value: object) -> str:
    """A cell as the text that a CSV file would hold.

    >>> cell_text(3.0), cell_text(None), cell_text(datetime(2026, 8, 1)), cell_text("x")
    ('3', '', '2026-08-01', 'x')
    """
    if value is None:
        return ""
    if isinstance(value, datetime | date):
        return value.strftime("%Y-%m-%d")
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)
