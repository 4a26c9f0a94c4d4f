"""Spot prices of the Japan Electric Power Exchange: ``spot_summary_<fiscal year>.csv``.

One line per half-hour: delivery date (受渡日; 年月日 before 2022), time code 1 … 48, where 1 is 0:00–0:30, volumes in
kWh, system price and prices of nine areas in JPY/kWh. Columns are found by name, because their number changed over the
years (averages, avoidable cost, FIP reference prices, blocks); headings as of
https://www.jepx.jp/electricpower/market-data/spot/, file of fiscal year 2026.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from zoneinfo import ZoneInfo

import numpy as np

from ysc_sim.errors import Problem, ScenarioError
from ysc_sim.timeseries.axis import TOKYO
from ysc_sim.timeseries.cells import Cells, stop_if
from ysc_sim.timeseries.importers.columns import named_columns, without_empty, zeros
from ysc_sim.timeseries.importers.source import Importer, Options, Source
from ysc_sim.timeseries.importers.table import TimeTable
from ysc_sim.timeseries.lay import Readings, lay
from ysc_sim.timeseries.stamps import DAY_S, WhenError, day_number
from ysc_sim.units import SLOT_S, Ints

KIND = "jepx"
AREAS = {
    "北海道": "hokkaido",
    "東北": "tohoku",
    "東京": "tokyo",
    "中部": "chubu",
    "北陸": "hokuriku",
    "関西": "kansai",
    "中国": "chugoku",
    "四国": "shikoku",
    "九州": "kyushu",
}
PRICE = r"\(円/kWh\)"
NAMES = (
    (f"システムプライス{PRICE}", "system_jpy_per_kwh", 1.0),
    *((f"エリアプライス{area}{PRICE}", f"{name}_jpy_per_kwh", 1.0) for area, name in AREAS.items()),
    (r"約定総量\(kWh\)", "traded_kwh", 1.0),
    (r"売り入札量\(kWh\)", "asked_kwh", 1.0),
    (r"買い入札量\(kWh\)", "bid_kwh", 1.0),
)
DATES = ("受渡日", "年月日")
CODE = "時刻コード"


def recognises(source: Source) -> bool:
    """A heading with a time code and the system price."""
    return _heading(source.head()) is not None


def _heading(head: Sequence[Sequence[str]]) -> int | None:
    for k, row in enumerate(head):
        if len(row) > 2 and row[0] in DATES and row[1] == CODE and any("システムプライス" in cell for cell in row):
            return k
    return None


def read(source: Source, options: Options) -> TimeTable:
    """Prices and volumes; of one area, where ``column`` names it. Raises ``ScenarioError``."""
    at = _heading(source.head())
    if at is None or at + 1 >= len(source.cells.rows):
        raise ScenarioError([source.cells.problem("import_not_this", 0, kind=KIND)])
    headings = [cell.strip() for cell in source.cells.rows[at]]
    cells = source.cells.below(at + 1)
    found, notes = named_columns(cells, headings, 2, NAMES)
    found, empty = without_empty(found, cells.file)
    if options.column:
        found = _one(cells, found, options.column)
    if not found:
        raise ScenarioError([cells.problem("import_no_values", 0, kind=KIND)])
    readings = Readings(cells, np.arange(len(cells.rows)), zeros(len(cells.rows)), _times(cells), found)
    even = lay(readings, step_s=SLOT_S, zone=ZoneInfo(TOKYO), fill_h=options.fill_h)
    notes = [replace(note, line=cells.lines[0] - 1, column=1) for note in notes]
    return TimeTable(KIND, cells.file, even.start, even.step_s, even.values, (*notes, *empty, *even.notes))


def _one(cells: Cells, found: dict[str, np.ndarray], wanted: str) -> dict[str, np.ndarray]:
    """The prices of one area, in either language. Raises ``ScenarioError``."""
    name = f"{AREAS.get(wanted, wanted.lower().removesuffix('_jpy_per_kwh'))}_jpy_per_kwh"
    if name not in found:
        known = ", ".join(c.removesuffix("_jpy_per_kwh") for c in found if c.endswith("_jpy_per_kwh"))
        raise ScenarioError([Problem("csv_column_unknown", {"column": wanted, "known": known}, cells.file, 1, 1)])
    return {name: found[name]}


def _times(cells: Cells) -> Ints:
    """Seconds of the start of every half-hour. Raises ``ScenarioError``."""
    seconds, problems = zeros(len(cells.rows)), []
    for r, row in enumerate(cells.rows):
        code = row[1].strip() if len(row) > 1 else ""
        if not (code.isdecimal() and len(code) <= 2 and 1 <= int(code) <= 48):
            problems.append(cells.problem("import_time_code", r, 1, value=code))
            continue
        try:
            seconds[r] = day_number(row[0].strip()) * DAY_S + (int(code) - 1) * SLOT_S
        except WhenError:
            problems.append(cells.problem("csv_not_a_time", r, 0, value=row[0].strip()))
    stop_if(problems)
    return seconds


IMPORTER = Importer(KIND, frozenset({"column", "fill_h"}), recognises, read)
