"""Lines and headings of one sheet."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

from ysc_sim.documents.workbook import Sheet
from ysc_sim.scenario.book.values import moment

MOST_ABOVE = 20
"""Lines in which the headings are looked for."""


def heading_row(sheet: Sheet, meaning: Callable[[str], str | None]) -> tuple[int, dict[int, str]]:
    """The row with the most headings, and column → name; none where nothing is known."""
    found: dict[int, dict[int, str]] = {}
    for (row, column), value in sorted(sheet.cells.items()):
        if isinstance(value, str) and (len(found) < MOST_ABOVE or row in found):
            name = meaning(value)
            found.setdefault(row, {})
            if name is not None:
                found[row][column] = name
    row = max(found, key=lambda row: (len(found[row]), -row), default=1)
    return row, found.get(row, {})


class Grid:
    """The lines below the headings of a sheet, as far as some of its columns hold anything in them."""

    def __init__(self, sheet: Sheet, heading: int, columns: tuple[int, ...]) -> None:
        self.sheet, self.heading, self.columns = sheet, heading, columns

    @cached_property
    def lines(self) -> list[int]:
        """Numbers of the lines that are not empty."""
        wanted = set(self.columns)
        filled = (*self.sheet.cells, *self.sheet.without_value)
        return sorted({row for row, column in filled if row > self.heading and column in wanted})

    def text(self, row: int, column: int) -> str:
        """A cell as text."""
        return cell_text(self.sheet.cells.get((row, column)))


def cell_text(value: Any) -> str:
    """A value as text; a whole number without a fraction.

    >>> cell_text(3.0), cell_text(None), cell_text(" office ")
    ('3', '', 'office')
    """
    if value is None:
        return ""
    if isinstance(value, float | int) and not isinstance(value, bool):
        return str(int(value)) if float(value).is_integer() else repr(value)
    return str(value).strip() if isinstance(value, str | bool) else moment(value)
