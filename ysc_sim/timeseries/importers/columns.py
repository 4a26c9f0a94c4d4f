"""Headings of published tables → names of columns, and the cells under them."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from ysc_sim.errors import Problem
from ysc_sim.timeseries.cells import Cells, column
from ysc_sim.units import Floats, Ints

BLANK = frozenset({"", "-", "--", "―", "ー"})
Names = Sequence[tuple[str, str, float]]
"""(pattern of the heading, name of the column, factor)."""


def named_columns(
    cells: Cells, headings: Sequence[str], first: int, names: Names
) -> tuple[dict[str, Floats], list[Problem]]:
    """The columns whose headings are known, (rows,), NaN where blank; and a note about those that are not read.

    Raises ``ScenarioError`` for a text where a number should stand.
    """
    found: dict[str, Floats] = {}
    unread = []
    for place in range(first, len(headings)):
        heading = headings[place].replace(" ", "")
        if not heading:
            continue
        match = next((n for n in names if re.fullmatch(n[0], heading)), None)
        if match is None or match[1] in found:
            unread.append(heading)
        else:
            found[match[1]] = column(cells, place, blanks=BLANK) * match[2]
    told = {"columns": ", ".join(unread)}
    return found, [Problem("import_columns_unread", told, cells.file, severity="warning")] if unread else []


def published(found: dict[str, Floats], key: str, *, zero_is_blank: bool = False) -> int:
    """How many rows are published already: all up to the last one with a value of ``key``."""
    known = ~np.isnan(found[key])
    if zero_is_blank:
        known &= found[key] != 0
    some = np.flatnonzero(known)
    return int(some[-1]) + 1 if len(some) else 0


def without_empty(found: dict[str, Floats], file: str) -> tuple[dict[str, Floats], list[Problem]]:
    """Columns that hold any value, and a note about those that hold none."""
    empty = [name for name, values in found.items() if np.isnan(values).all()]
    told = {"columns": ", ".join(empty)}
    notes = [Problem("import_columns_empty", told, file, severity="warning")] if empty else []
    return {name: values for name, values in found.items() if name not in empty}, notes


def upto(values: dict[str, Floats], count: int) -> dict[str, Floats]:
    """The first rows of all columns."""
    return {name: column_values[:count] for name, column_values in values.items()}


def zeros(count: int) -> Ints:
    """As many zeros: the place of a time that stands in the first cell."""
    return np.zeros(count, dtype=np.int64)
