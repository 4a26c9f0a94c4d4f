"""One sheet of an Excel workbook as cells, each with its sheet and name (``Invoices!C5``).

A workbook is a zip of XML: its size unpacked is bounded before it is opened, and declarations of a document type
are refused, because they can make a parser expand a few bytes into gigabytes.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from ysc_sim.documents import read_bytes
from ysc_sim.errors import Problem, ResultError, ScenarioError

MOST_UNPACKED = 60_000_000
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
        return f"{self.file}: {self.sheet}!{column_name(cell)}{line}"

    def problem(self, key: str, row: int, cell: int = 0, /, **values: Any) -> Problem:
        """A problem at a cell."""
        return Problem(key, values, self.where(row, cell))


def column_name(index: int) -> str:
    """Letters of a column, counted from 0.

    >>> column_name(0), column_name(25), column_name(26), column_name(701), column_name(702)
    ('A', 'Z', 'AA', 'ZZ', 'AAA')
    """
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def read_workbook(path: Path, *, max_bytes: int) -> WorkbookCells:
    """The first sheet that holds anything. Formulas count with the value that was saved with them.

    Raises ``ScenarioError`` where it is no workbook, ``ResultError`` where openpyxl is not installed.
    """
    data = read_bytes(path, max_bytes=max_bytes)
    _refuse_bombs(data, path.name)
    try:
        from openpyxl import load_workbook
    except ImportError:
        raise ResultError("excel_not_installed") from None
    try:
        values = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        formulas = load_workbook(io.BytesIO(data), read_only=True, data_only=False)
        for sheet in values.worksheets:
            found = _sheet(path.name, sheet, formulas[sheet.title])
            if found.rows:
                return found
    except ScenarioError:
        raise
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ScenarioError([Problem("workbook_broken", {"reason": reason}, path.name)]) from None
    raise ScenarioError([Problem("csv_empty", {}, path.name)])


def _refuse_bombs(data: bytes, file: str) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(info.file_size for info in archive.infolist()) > MOST_UNPACKED:
                raise ScenarioError([Problem("file_too_large", {"path": file, "limit_mb": MOST_UNPACKED / 1e6}, file)])
            for info in archive.infolist():
                if info.filename.endswith((".xml", ".rels")) and b"<!DOCTYPE" in archive.read(info)[:4096]:
                    raise ScenarioError([Problem("workbook_broken", {"reason": "DOCTYPE"}, file)])
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, EOFError, ValueError, zlib.error) as error:
        raise ScenarioError([Problem("workbook_broken", {"reason": str(error)}, file)]) from None


def _sheet(file: str, values: Any, formulas: Any) -> WorkbookCells:
    rows, numbers, problems = [], [], []
    bounds = {"max_row": MOST_ROWS, "max_col": MOST_COLUMNS}
    both = zip(values.iter_rows(**bounds), formulas.iter_rows(**bounds), strict=False)
    title = str(values.title)
    for line, (shown, written) in enumerate(both, 1):
        texts = [cell_text(cell.value) for cell in shown]
        for c, cell in enumerate(written):
            if isinstance(cell.value, str) and cell.value.startswith("=") and not texts[c]:
                place = f"{file}: {title}!{column_name(c)}{line}"
                problems.append(Problem("workbook_formula_empty", {"value": cell.value}, place))
        if any(text.strip() for text in texts):
            rows.append(texts)
            numbers.append(line)
    if problems:
        raise ScenarioError(problems[:20])
    return WorkbookCells(file, title, rows, numbers)


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
