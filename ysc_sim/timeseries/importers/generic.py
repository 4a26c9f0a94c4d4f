"""Any table with times and columns of numbers, among them those that this package writes.

A heading that names a unit of power or energy becomes a column in kW; one that ends in a unit as our own
columns do (``ghi_w_per_m2``) is taken as it is; other columns are left out with a note. With ``column``, only that
one is read.
"""

from __future__ import annotations

import re
from dataclasses import replace

from ysc_sim.errors import Problem, ScenarioError
from ysc_sim.timeseries.cells import Cells, column
from ysc_sim.timeseries.importers.source import Importer, Options, Source
from ysc_sim.timeseries.importers.table import TimeTable
from ysc_sim.timeseries.lay import lay
from ysc_sim.timeseries.layouts import find_layout, long_times, units_in, value_places, with_header
from ysc_sim.timeseries.read import numbers_of, to_kw
from ysc_sim.units import Floats

KIND = "csv"
OWN = re.compile(r"[a-z][a-z0-9_]*_(w_per_m2|m_per_s|c|deg|percent|mm|cm|h|hpa|mw|jpy_per_kwh|kg_per_m3)", re.ASCII)
"""Our own columns that are no power in kW or energy."""
OWN_KW = re.compile(r"[a-z][a-z0-9_]*_kw", re.ASCII)
MOST_COLUMNS = 200
UNIT_TAIL = re.compile(r"[\s_]*[\(\[]?\s*(万k|[kM])?wh?\s*[\)\]]?\s*$", re.IGNORECASE)


def recognises(source: Source) -> bool:
    """One interval per line."""
    try:
        return not find_layout(with_header(source.cells)).width
    except ScenarioError:
        return False


def read(source: Source, options: Options) -> TimeTable:
    """Every column whose unit is known. Raises ``ScenarioError``."""
    cells = with_header(source.cells)
    layout = find_layout(cells)
    if layout.width:
        raise ScenarioError([cells.problem("import_not_this", 0, kind=KIND)])
    readings, late = long_times(cells, layout)
    ending = late if options.stamp == "auto" else options.stamp == "end"
    wanted, notes = _wanted(cells, layout.first, options)
    values = {name: _column(cells, place, heading) for name, (place, heading) in wanted.items()}
    whole = replace(readings, values=values)
    even = lay(whole, ending=ending, zone=options.zone_of(readings), fill_h=options.fill_h)
    columns: dict[str, Floats] = {}
    for name, (_, heading) in wanted.items():
        own = OWN.fullmatch(heading) is not None
        columns[name] = even.values[name] * (1.0 if own else to_kw(cells, options.unit, heading, even.step_s))
    if ending:
        notes.append(Problem("import_ends_shifted", {}, cells.file, severity="warning"))
    return TimeTable(KIND, cells.file, even.start, even.step_s, columns, (*notes, *even.notes))


def _column(cells: Cells, place: int, heading: str) -> Floats:
    """Numbers under a heading; powers are not below zero, temperatures and the like may be."""
    return column(cells, place) if OWN.fullmatch(heading) else numbers_of(cells, place)


def _wanted(cells: Cells, first: int, options: Options) -> tuple[dict[str, tuple[int, str]], list[Problem]]:
    """Name → (place, heading) of the columns to read, and a note about the others. Raises ``ScenarioError``."""
    if options.column:
        places = value_places(cells, first, options.column)
    else:
        head = cells.header[-1] if cells.header else ()
        places = {k: head[k].strip() for k in range(first, len(head)) if head[k].strip()}
        places = places or value_places(cells, first, "")
    unit_given = options.unit != "auto"
    wanted: dict[str, tuple[int, str]] = {}
    unread = []
    for place, heading in list(places.items())[:MOST_COLUMNS]:
        if OWN.fullmatch(heading):
            name = heading
        elif units_in(heading) or options.column or len(places) == 1 or (unit_given and heading):
            name = _name(heading)
        else:
            unread.append(heading)
            continue
        while name in wanted:
            name = f"{name.removesuffix('_kw')}_{place}_kw"
        wanted[name] = (place, heading)
    if not wanted:
        raise ScenarioError([cells.problem("import_no_units", 0, first, columns=", ".join(unread))])
    told = {"columns": ", ".join(unread)}
    return wanted, [Problem("import_columns_unread", told, cells.file, severity="warning")] if unread else []


def _name(heading: str) -> str:
    """A heading as the name of a column in kW, in letters of any script.

    >>> _name("Line 2 [kWh]"), _name("買電量(kWh)"), _name("demand_kw"), _name("kW")
    ('line_2_kw', '買電量_kw', 'demand_kw', 'demand_kw')
    """
    if OWN_KW.fullmatch(heading):
        return heading
    plain = re.sub(r"\W+", "_", UNIT_TAIL.sub("", heading).strip()).strip("_").lower()
    return f"{plain[:60] or 'demand'}_kw"


IMPORTER = Importer(KIND, frozenset({"unit", "stamp", "column", "zone", "fill_h"}), recognises, read, rank=2)
