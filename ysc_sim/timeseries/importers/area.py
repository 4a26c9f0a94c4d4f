"""Supply and demand of an area in half-hours (エリア需給実績), as the network companies publish it since 2024.

A line names the unit (``単位[MW平均]``), the next one the columns: ``DATE,TIME,エリア需要``, then generation by kind,
curtailment, pumped storage, batteries, interconnectors, total; some areas have columns more. Times are those of the
start (0:00 … 23:30); a file that writes 0:30 … 24:00 has ends, and is read so. Older hourly files in 万kW or 万kWh are
read too: 10 MW each.
Headings as in https://www.tepco.co.jp/forecast/html/area_jukyu-j.html, files of 2024 and later.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from zoneinfo import ZoneInfo

from ysc_sim.errors import Problem, ScenarioError
from ysc_sim.timeseries.axis import TOKYO
from ysc_sim.timeseries.cells import Cells
from ysc_sim.timeseries.importers.columns import named_columns, published, upto, without_empty
from ysc_sim.timeseries.importers.source import Importer, Options, Source
from ysc_sim.timeseries.importers.table import TimeTable
from ysc_sim.timeseries.lay import lay
from ysc_sim.timeseries.layouts import Layout, is_date, long_times
from ysc_sim.units import Floats

KIND = "area"
DEMAND = "area_demand_mw"
UNITS = (("MW", 1.0), ("万kW", 10.0))
"""What the line of units may say, and megawatts in one (an hour of 万kWh is a mean of 万kW)."""
NAMES = (
    (r"(.{0,4}エリア)?需要(実績)?", DEMAND, 1.0),
    (r"原子力", "nuclear_mw", 1.0),
    (r"火力\(LNG\)", "gas_mw", 1.0),
    (r"火力\(石炭\)", "coal_mw", 1.0),
    (r"火力\(石油\)", "oil_mw", 1.0),
    (r"火力\(その他\)", "other_thermal_mw", 1.0),
    (r"火力", "thermal_mw", 1.0),
    (r"火力出力制御量", "thermal_curtailed_mw", 1.0),
    (r"水力", "hydro_mw", 1.0),
    (r"地熱", "geothermal_mw", 1.0),
    (r"バイオマス", "biomass_mw", 1.0),
    (r"バイオマス出力制御量", "biomass_curtailed_mw", 1.0),
    (r"太陽光(発電)?(実績)?", "solar_mw", 1.0),
    (r"太陽光(発電)?(出力)?(制御量|抑制量)", "solar_curtailed_mw", 1.0),
    (r"風力(発電)?(実績)?", "wind_mw", 1.0),
    (r"風力(発電)?(出力)?(制御量|抑制量)", "wind_curtailed_mw", 1.0),
    (r"揚水(等)?", "pumped_storage_mw", 1.0),
    (r"蓄電池", "battery_mw", 1.0),
    (r"連系線(潮流)?", "interconnectors_mw", 1.0),
    (r"その他", "other_mw", 1.0),
    (r"(供給力)?合計", "total_mw", 1.0),
)
TIME = Layout(date=0, clock=1, numbered=False, width=0, first=2)


def recognises(source: Source) -> bool:
    """A heading ``DATE,TIME`` (or its Japanese) over the demand of an area, among other columns."""
    return _heading(source.head()) is not None


def _heading(head: Sequence[Sequence[str]]) -> int | None:
    for k, row in enumerate(head):
        timed = len(row) > 3 and row[0].upper() in ("DATE", "日付", "年月日") and row[1].upper() in ("TIME", "時刻")
        if timed and any("エリア需要" in cell or "原子力" in cell for cell in row):
            return k
    return None


def read(source: Source, options: Options) -> TimeTable:
    """Demand and generation, mean MW. Raises ``ScenarioError``."""
    at = _heading(source.head())
    if at is None:
        raise ScenarioError([source.cells.problem("import_not_this", 0, kind=KIND)])
    cells, headings = _data(source.cells, at)
    factor = _megawatts(cells, source.head()[: at + 1], options)
    found, notes = named_columns(cells, headings, 2, NAMES)
    if DEMAND not in found:
        raise ScenarioError([cells.problem("import_no_values", 0, kind=KIND)])
    count = published(found, DEMAND)
    if not count:
        raise ScenarioError([cells.problem("import_no_values", 0, kind=KIND)])
    if count < len(cells.rows):
        notes.append(
            cells.problem("import_not_yet_published", count, severity="warning", count=len(cells.rows) - count)
        )
    found, empty = without_empty(upto(found, count), cells.file)
    readings, ending = long_times(cells, TIME)
    if options.stamp != "auto":
        ending = options.stamp == "end"
    values: dict[str, Floats] = {name: column * factor for name, column in found.items()}
    even = lay(
        replace(readings.only(slice(0, count)), values=values),
        ending=ending,
        zone=ZoneInfo(TOKYO),
        fill_h=options.fill_h,
    )
    notes += [*empty, *([Problem("import_ends_shifted", {}, cells.file, severity="warning")] if ending else [])]
    return TimeTable(KIND, cells.file, even.start, even.step_s, even.values, (*notes, *even.notes))


def _data(cells: Cells, at: int) -> tuple[Cells, list[str]]:
    """The lines with a date; lines of nothing but commas end the table. Raises ``ScenarioError``."""
    last = at + 1
    while last < len(cells.rows) and is_date(cells.rows[last][0]):
        last += 1
    if last == at + 1:
        raise ScenarioError([cells.problem("csv_no_data", at, limit=at + 1)])
    if last < len(cells.rows):
        raise ScenarioError([cells.problem("csv_not_a_time", last, 0, value=cells.rows[last][0].strip())])
    return cells.below(at + 1), [cell.strip() for cell in cells.rows[at]]


def _megawatts(cells: Cells, header: Sequence[Sequence[str]], options: Options) -> float:
    """Megawatts in one of the file's unit. Raises ``ScenarioError`` where neither the file nor the user names it."""
    said = options.unit if options.unit != "auto" else " ".join(cell for row in header for cell in row)
    found = {factor for name, factor in UNITS if name in said}
    if len(found) != 1:
        raise ScenarioError([Problem("import_area_unit", {}, cells.file, cells.lines[0], 1)])
    return found.pop()


IMPORTER = Importer(KIND, frozenset({"unit", "stamp", "fill_h"}), recognises, read)
