"""Demand as the portals of suppliers and meters give it, one interval per line.

A date and a time in one cell or two, a range ``0:00～0:30`` or the number of the half-hour (コマ, 1 … 48); a column
in kW or kWh. Customer and meter numbers may stand before the date, other columns (yen, remarks) behind.
"""

from __future__ import annotations

from dataclasses import replace

from ysc_sim.errors import Problem, ScenarioError
from ysc_sim.timeseries.importers.source import Importer, Options, Source
from ysc_sim.timeseries.importers.table import TimeTable
from ysc_sim.timeseries.lay import lay
from ysc_sim.timeseries.layouts import find_layout, long_times, value_places, with_header
from ysc_sim.timeseries.read import numbers_of, to_kw

KIND = "demand_long"


def recognises(source: Source) -> bool:
    """One interval per line, and one column of power or energy."""
    try:
        cells = with_header(source.cells)
        layout = find_layout(cells)
        return not layout.width and len(value_places(cells, layout.first, "")) == 1
    except ScenarioError:
        return False


def read(source: Source, options: Options) -> TimeTable:
    """Mean power, ``demand_kw``. Raises ``ScenarioError``."""
    cells = with_header(source.cells)
    layout = find_layout(cells)
    if layout.width:
        raise ScenarioError([cells.problem("import_not_this", 0, kind=KIND)])
    places = value_places(cells, layout.first, options.column)
    if len(places) != 1:
        known = ", ".join(heading for heading in places.values() if heading)
        raise ScenarioError([cells.problem("csv_which_column", 0, layout.first, count=len(places), known=known)])
    place, heading = next(iter(places.items()))
    readings, late = long_times(cells, layout)
    ending = late if options.stamp == "auto" else options.stamp == "end"
    whole = replace(readings, values={"value": numbers_of(cells, place)})
    even = lay(whole, ending=ending, zone=options.zone_of(readings), fill_h=options.fill_h)
    demand_kw = even.values["value"] * to_kw(cells, options.unit, heading, even.step_s)
    notes = [Problem("import_ends_shifted", {}, cells.file, severity="warning")] if ending else []
    return TimeTable(KIND, cells.file, even.start, even.step_s, {"demand_kw": demand_kw}, (*notes, *even.notes))


TAKES = frozenset({"unit", "stamp", "column", "zone", "fill_h"})
IMPORTER = Importer(KIND, TAKES, recognises, read, rank=1)
