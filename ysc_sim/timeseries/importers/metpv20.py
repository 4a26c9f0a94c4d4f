"""METPV-20 (and METPV-11) as the viewer of NEDO writes it: ``hm<station>year.csv``.

One line for the station: number, name, degrees and minutes of latitude and longitude, height. Then lines of 33
cells: element, month, day, year the month was taken from, 24 hours, largest, smallest, sum, mean, number of the line.
The same file for an inclined plane has one cell more in front, and global radiation on the plane alone. Layout as
public readers of such files have it (https://dededemio.hatenablog.jp/entry/2023/10/13/111829 for the latter);
units in ``typical_year``.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ysc_sim.errors import ScenarioError
from ysc_sim.timeseries.cells import column, number, numbers, stop_if
from ysc_sim.timeseries.importers.source import Importer, Options, Source
from ysc_sim.timeseries.importers.table import TimeTable
from ysc_sim.timeseries.importers.typical_year import ELEMENTS, HOURS, MISSING, Days, site_of, typical_year

KIND = "metpv20"
CELLS = 33
HEAD_CELLS = 7


def recognises(source: Source) -> bool:
    """A line about a station, then a line of 33 numbers that begins with an element."""
    head = source.head()
    if len(head) < 2 or not (len(head[0]) >= HEAD_CELLS and head[0][0].isdecimal() and number(head[0][2]) is not None):
        return False
    return _is_day(head[1])


def _is_day(row: list[str]) -> bool:
    row = row[len(row) - CELLS :] if len(row) == CELLS + 1 else row
    return len(row) == CELLS and row[0].isdecimal() and int(row[0][:6]) in ELEMENTS and number(row[4]) is not None


def read(source: Source, options: Options) -> TimeTable:
    """The typical year. Raises ``ScenarioError``."""
    if len(source.cells.rows) < 2:
        raise ScenarioError([source.cells.problem("import_not_this", 0, kind=KIND)])
    cells = source.cells.below(1)
    first = 1 if len(cells.rows[0]) == CELLS + 1 else 0
    stop_if(
        [
            cells.problem("csv_row_length", r, 0, count=len(row), expected=first + CELLS)
            for r, row in enumerate(cells.rows)
            if len(row) != first + CELLS
        ]
    )
    keys = numbers(cells, [row[first : first + 3] for row in cells.rows], first)
    stop_if(
        [
            cells.problem("import_element_unknown", r, first, value=cells.rows[r][first].strip())
            for r, element in enumerate(keys[:, 0])
            if element not in ELEMENTS
        ]
    )
    hours = np.column_stack([column(cells, first + 4 + h, blanks=frozenset({""})) for h in range(HOURS)])
    hours[hours == MISSING] = np.nan
    month_day = [(_whole(month), _whole(day)) for month, day in keys[:, 1:]]
    station = [cell.strip() for cell in source.cells.rows[0]]
    site = site_of(station[1] if len(station) > 1 else "", station[2:7])
    table = typical_year(KIND, Days(cells, keys[:, 0].astype(np.int64), month_day, hours, site), options)
    if not first:
        return table
    columns = {"plane_w_per_m2" if name == "ghi_w_per_m2" else name: c for name, c in table.columns.items()}
    return replace(table, columns=columns)


def _whole(value: float) -> int:
    """A number of a month or day; 0, which is none, for anything else."""
    return int(value) if value < 100 and value == int(value) else 0


IMPORTER = Importer(KIND, frozenset({"year", "fill_h"}), recognises, read)
