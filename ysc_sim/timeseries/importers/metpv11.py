"""METPV-11 as NEDO publishes it: fixed-length records without separators.

First record: number of the station (5), its name from the seventh character on, degrees and minutes of latitude and
longitude, height. Then records: element (5), blank, month (2), day (2), height of the anemometer (5), 24 times a
value of four characters and a remark of one, then largest, smallest, sum, mean and number of the day, five each.
As described in https://smectic-g.hatenablog.jp/entry/2012/12/09/140445, whose last digit of every
value is the remark: the day's largest value stands beside without it (311, of an hour 3116). Units in ``typical_year``.
"""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np

from ysc_sim.errors import ScenarioError
from ysc_sim.timeseries.cells import Cells, number, stop_if
from ysc_sim.timeseries.importers.source import Importer, Options, Source
from ysc_sim.timeseries.importers.table import TimeTable
from ysc_sim.timeseries.importers.typical_year import ELEMENTS, HOURS, MISSING, Days, site_of, typical_year

KIND = "metpv11"
RECORD = re.compile(r"(0000[1-9]) ([ \d]\d)([ \d]\d)([ \d.]{5})(.{120})", re.ASCII)
STATION = re.compile(r"(\d{5}) (.{15,30}?)\s+(\d+)\s+([\d.]+)\s+(\d+)\s+([\d.]+)\s+(-?[\d.]+)\s*", re.ASCII)
FIRST_HOUR = 15
WIDTH = 5


def recognises(source: Source) -> bool:
    """A record of a station, then records of the fixed length."""
    lines = source.text_lines
    return len(lines) > 1 and STATION.fullmatch(lines[0]) is not None and RECORD.match(lines[1]) is not None


def read(source: Source, options: Options) -> TimeTable:
    """The typical year. Raises ``ScenarioError``."""
    cells = _records(source)
    matches = [RECORD.match(line) for (line,) in cells.rows]
    stop_if([cells.problem("import_record_broken", r, kind=KIND) for r, match in enumerate(matches) if match is None])
    found = [match for match in matches if match is not None]
    element = np.array([int(match[1]) for match in found], dtype=np.int64)
    month_day = [(int(match[2]), int(match[3])) for match in found]
    hours, problems = np.full((len(found), HOURS), np.nan), []
    for r, match in enumerate(found):
        for h in range(HOURS):
            text = match[5][h * WIDTH : h * WIDTH + WIDTH - 1].strip()
            value = number(text) if text else MISSING
            if value is None or not np.isfinite(value):
                place = 1 + FIRST_HOUR + h * WIDTH
                problems.append(replace(cells.problem("csv_not_a_number", r, value=text), column=place))
            elif value != MISSING:
                hours[r, h] = value
    stop_if(problems)
    station = STATION.fullmatch(source.text_lines[0])
    site = site_of(station[2].strip(), list(station.groups()[2:])) if station else site_of("", [])
    assert set(element.tolist()) <= set(ELEMENTS)  # the pattern lets nothing else through
    return typical_year(KIND, Days(cells, element, month_day, hours, site), options)


def _records(source: Source) -> Cells:
    """Every record as one cell. Raises ``ScenarioError`` where there is none."""
    lines = [(k, line) for k, line in enumerate(source.text_lines[1:], 2) if line.strip(" \x1a\0")]
    if not lines:
        raise ScenarioError([source.cells.problem("import_not_this", 0, kind=KIND)])
    return Cells(source.file, [[line] for _, line in lines], [k for k, _ in lines], source.text_lines, "\n")


IMPORTER = Importer(KIND, frozenset({"year", "fill_h"}), recognises, read)
