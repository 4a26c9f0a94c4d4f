"""Demand as the portals of suppliers give it, one day per line: date, 48 half-hours (or 24, 96 …), perhaps sums.

Customer and meter numbers may stand before the date. The values stand in the order of the day, whether the headings
name starts (0:00 … 23:30) or ends (0:30 … 24:00). A file of 365 lines without dates needs ``year``.
"""

from __future__ import annotations

from ysc_sim.errors import ScenarioError
from ysc_sim.timeseries.cells import Cells
from ysc_sim.timeseries.importers.source import Importer, Options, Source
from ysc_sim.timeseries.importers.table import TimeTable
from ysc_sim.timeseries.lay import lay
from ysc_sim.timeseries.layouts import find_layout, wide_days, with_header
from ysc_sim.timeseries.read import to_kw
from ysc_sim.timeseries.stamps import DAY_S

KIND = "demand_wide"


def recognises(source: Source) -> bool:
    """A line of data with 24 numbers or more."""
    try:
        return find_layout(with_header(source.cells)).width > 0
    except ScenarioError:
        return False


def read(source: Source, options: Options) -> TimeTable:
    """Mean power, ``demand_kw``. Raises ``ScenarioError``."""
    cells: Cells = with_header(source.cells)
    layout = find_layout(cells)
    if not layout.width:
        raise ScenarioError([cells.problem("import_not_this", 0, kind=KIND)])
    readings = wide_days(cells, layout, options.year)
    even = lay(readings, step_s=DAY_S // layout.width, zone=options.time_zone(), fill_h=options.fill_h)
    demand_kw = even.values["value"] * to_kw(cells, options.unit, "", even.step_s)
    return TimeTable(KIND, cells.file, even.start, even.step_s, {"demand_kw": demand_kw}, even.notes)


IMPORTER = Importer(KIND, frozenset({"unit", "year", "zone", "fill_h"}), recognises, read, rank=1)
