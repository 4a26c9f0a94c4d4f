"""Area demand of the forecast pages of the network companies (でんき予報).

Several tables stand under each other. Two of them are series, each under a heading ``DATE,TIME,…``: hourly
values (demand, forecast, use, supply) and values of five minutes (demand, solar) [1]_. Times are those of the
start. The unit is 万kW, that is 10 MW. Files of a whole year (``juyo-2021.csv``) hold the hourly demand alone.

What is not yet published is blank or 0; the table ends before it. A demand of 0 in between is missing.

.. [1] https://www.kyuden.co.jp/td_power_usages/pc_explain.html, description of the CSV data, line by line
"""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

import numpy as np

from ysc_sim.errors import Problem, ScenarioError
from ysc_sim.timeseries.axis import TOKYO
from ysc_sim.timeseries.cells import Cells
from ysc_sim.timeseries.importers.columns import named_columns, published, upto, without_empty
from ysc_sim.timeseries.importers.source import Importer, Options, Source
from ysc_sim.timeseries.importers.table import TimeTable
from ysc_sim.timeseries.lay import Even, lay
from ysc_sim.timeseries.layouts import Layout, is_date, long_times

KIND = "denkiyoho"
MW_PER_MAN_KW = 10.0
DEMAND = "area_demand_mw"
NAMES = (
    (r"(当日)?実績(値)?(\(5分間隔値\))?\(万kW\)", DEMAND, MW_PER_MAN_KW),
    (r"太陽光発電実績(\(5分間隔値\))?\(万kW\)", "area_solar_mw", MW_PER_MAN_KW),
    (r"(需要電力)?予[測想]値\(万kW\)", "area_demand_forecast_mw", MW_PER_MAN_KW),
    (r"供給力(想定値|予測値|実績)?\(万kW\)", "area_supply_mw", MW_PER_MAN_KW),
    (r"使用率\(%\)", "usage_percent", 1.0),
)
FIVE_MINUTES_S, HOUR_S = 300, 3600
TIME = Layout(date=0, clock=1, numbered=False, width=0, first=2)


def recognises(source: Source) -> bool:
    """A heading ``DATE,TIME`` over an area's demand in 万kW."""
    return bool(_tables(source.cells))


def _tables(cells: Cells) -> dict[int, int]:
    """Step in seconds → row of the heading."""
    found: dict[int, int] = {}
    for k, row in enumerate(cells.rows):
        if len(row) > 2 and row[0].strip().upper() == "DATE" and row[1].strip().upper() == "TIME":
            demand = row[2].replace(" ", "")
            if "実績" in demand and "万kW" in demand and "エリア" not in demand:
                found.setdefault(FIVE_MINUTES_S if "5分" in demand else HOUR_S, k)
    return found


def read(source: Source, options: Options) -> TimeTable:
    """The five minutes, or the hours where the file has no others or ``step_s`` is 3600. Raises ``ScenarioError``."""
    tables = _tables(source.cells)
    if not tables:
        raise ScenarioError([source.cells.problem("import_not_this", 0, kind=KIND)])
    step_s = options.step_s or min(tables)
    if step_s not in tables:
        known = ", ".join(str(step) for step in sorted(tables))
        raise ScenarioError([source.cells.problem("import_step_unknown", 0, step_s=step_s, known=known)])
    cells = _under(source.cells, tables[step_s])
    even, notes = _series(cells, [cell.strip() for cell in source.cells.rows[tables[step_s]]], step_s, options)
    if step_s != min(tables) or len(tables) == 1:
        return TimeTable(KIND, cells.file, even.start, even.step_s, even.values, (*notes, *even.notes))
    told = {"step_s": step_s, "other_s": max(tables)}
    also = source.cells.problem("import_other_table", tables[max(tables)], severity="warning", **told)
    return TimeTable(KIND, cells.file, even.start, even.step_s, even.values, (also, *notes, *even.notes))


def _under(cells: Cells, heading: int) -> Cells:
    """The lines of one table: until the first that begins with no date. Raises ``ScenarioError`` where it is empty."""
    last = heading + 1
    while last < len(cells.rows) and is_date(cells.rows[last][0]):
        last += 1
    if last == heading + 1:
        raise ScenarioError([cells.problem("csv_no_data", heading, limit=0)])
    return cells.below(heading + 1, last)


def _series(cells: Cells, headings: Sequence[str], step_s: int, options: Options) -> tuple[Even, list[Problem]]:
    found, notes = named_columns(cells, headings, 2, NAMES)
    if DEMAND not in found:
        raise ScenarioError([cells.problem("import_no_values", 0, kind=KIND)])
    count = published(found, DEMAND, zero_is_blank=True)
    if not count:
        raise ScenarioError([cells.problem("import_no_values", 0, kind=KIND)])
    if count < len(cells.rows):
        notes.append(
            cells.problem("import_not_yet_published", count, severity="warning", count=len(cells.rows) - count)
        )
    found = upto(found, count)
    found[DEMAND] = np.where(found[DEMAND] == 0, np.nan, found[DEMAND])
    found, empty = without_empty(found, cells.file)
    readings, _ = long_times(cells, TIME)
    readings = readings.only(slice(0, count))
    whole = type(readings)(cells, readings.row, readings.place, readings.seconds, found)
    even = lay(whole, step_s=step_s, zone=ZoneInfo(TOKYO), fill_h=options.fill_h)
    return even, [*notes, *empty]


IMPORTER = Importer(KIND, frozenset({"step_s", "fill_h"}), recognises, read)
