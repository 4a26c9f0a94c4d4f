"""A user's own measurements: a CSV file of powers or energies, as meters, portals and spreadsheets write
them.

Both layouts of ``layouts`` are understood: one interval per line, or one day per line, with or without a date;
without dates the file is one whole calendar year. Text is UTF-8 (with or without BOM) or cp932; a comma, semicolon
or tab separates; full-width digits are read. The unit is found in the header or declared.

Nothing is guessed: gaps, disorder, blanks and texts are refused, each at its line and column.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Literal

from ysc_sim.documents import read_text
from ysc_sim.errors import Problem, ScenarioError
from ysc_sim.timeseries.cells import Cells, column, read_cells
from ysc_sim.timeseries.lay import lay
from ysc_sim.timeseries.layouts import (
    Layout,
    find_layout,
    long_times,
    units_in,
    value_places,
    wide_days,
    with_header,
)
from ysc_sim.units import SECONDS_PER_HOUR, Floats

Unit = Literal["auto", "kW", "kWh", "W", "Wh", "MW", "MWh", "万kW", "万kWh"]
Stamp = Literal["auto", "start", "end"]

MOST_BYTES = 64_000_000
KILO = {"kW": 1.0, "kWh": 1.0, "W": 1e-3, "Wh": 1e-3, "MW": 1e3, "MWh": 1e3, "万kW": 1e4, "万kWh": 1e4}
"""Kilowatts (or kilowatt-hours) in one of each unit."""


@dataclass(frozen=True)
class Measured:
    """Mean power of equal, unbroken intervals."""

    kw: Floats
    """(N,)"""
    start: datetime
    """Local time at which the first interval begins; with a zone only where the file says its distance to UTC."""
    step_s: int
    file: str = ""


def read_measured(
    path: Path, *, unit: Unit = "auto", stamp: Stamp = "auto", column: str = "", year: int | None = None
) -> Measured:
    """Powers from a CSV file.

    ``column`` names the column of values where there are several; ``stamp`` says whether times are those of
    the start or of the end of an interval (``auto``: the end, if the file begins one interval after
    midnight, writes 24:00 or says so in its header); ``year`` is the year of a wide file without dates.
    Raises ``ScenarioError`` with every problem found, up to twenty.
    """
    cells = with_header(read_cells(read_text(path, max_bytes=MOST_BYTES), path.name))
    layout = find_layout(cells)
    if layout.width:
        even = lay(wide_days(cells, layout, year), step_s=86_400 // layout.width)
        heading = ""
    else:
        readings, ending = long_times(cells, layout)
        place, heading = _one_place(cells, layout, column)
        values = {"value": numbers_of(cells, place)}
        even = lay(replace(readings, values=values), ending=stamp == "end" or (stamp == "auto" and ending))
    factor = to_kw(cells, unit, heading, even.step_s)
    return Measured(even.values["value"] * factor, even.start, even.step_s, cells.file)


def numbers_of(cells: Cells, place: int) -> Floats:
    """One column of powers or energies, (rows,). Raises ``ScenarioError`` for texts, blanks and negative numbers."""
    return column(cells, place, negative=False)


def _one_place(cells: Cells, layout: Layout, name: str) -> tuple[int, str]:
    """The one column of values of a long file, and its heading. Raises ``ScenarioError``."""
    places = value_places(cells, layout.first, name)
    if len(places) != 1:
        known = ", ".join(heading for heading in places.values() if heading)
        raise ScenarioError([cells.problem("csv_which_column", 0, layout.first, count=len(places), known=known)])
    return next(iter(places.items()))


def to_kw(cells: Cells, unit: Unit, heading: str, step_s: int) -> float:
    """Factor from the file's numbers to mean kW. Raises ``ScenarioError`` where the unit is unknown."""
    if unit == "auto":
        unit = _unit_in_header(cells, heading)
    return KILO[unit] * (SECONDS_PER_HOUR / step_s if unit.endswith("h") else 1.0)


def _unit_in_header(cells: Cells, heading: str) -> Unit:
    """The one unit that the heading of the column names, else the whole header."""
    found = units_in(heading) or {unit for row in cells.header for cell in row for unit in units_in(cell)}
    if len(found) != 1:
        raise ScenarioError([Problem("csv_unit_unknown", {"found": ", ".join(sorted(found))}, cells.file, 1, 1)])
    known: dict[str, Unit] = {name.lower(): name for name in KILO}  # type: ignore[misc]
    return known[found.pop()]
