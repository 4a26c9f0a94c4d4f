"""Hourly values of the Japan Meteorological Agency (過去の気象データ・ダウンロード, "obsdl").

Line 1 says when it was downloaded, line 2 is empty; then come the names of the stations, the elements with
their units, and one or two lines that tell values from remarks (wind direction, no-phenomenon flag, quality,
homogeneity) [1]_. The time stands in one cell (``2016/1/1 1:00:00``) or in four (year, month, day, hour
1 … 24) and is the end of the hour.

Quality 8 (normal) and 5 (nearly normal) are taken; 4, 2, 1 and 0 are missing. Where the flag says that a phenomenon
did not occur, and for sun hours and radiation that are blank with quality 8 (night), the value is 0. Temperature,
wind and humidity are those at the end of the hour.

.. [1] https://ds.data.jma.go.jp/gmd/risk/obsdl/top/help3.html, "CSVファイルのデータの並びの例"
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np

from ysc_sim.errors import Problem, ScenarioError
from ysc_sim.timeseries.axis import TOKYO
from ysc_sim.timeseries.cells import Cells, column, stop_if
from ysc_sim.timeseries.importers.source import HEAD_ROWS, Importer, Options, Source
from ysc_sim.timeseries.importers.table import Site, TimeTable
from ysc_sim.timeseries.lay import Readings, lay
from ysc_sim.timeseries.layouts import is_date
from ysc_sim.timeseries.stamps import DAY_S, WhenError, day_number, stamp_seconds
from ysc_sim.units import Floats, Ints

KIND = "jma"
DOWNLOADED = "ダウンロードした時刻"
DIRECTION, NO_PHENOMENON, QUALITY, HOMOGENEITY = "風向", "現象なし情報", "品質情報", "均質番号"
GOOD_QUALITY = ("8", "5")
ELEMENTS: tuple[tuple[str, str, float], ...] = (
    (r"日射量\(MJ/m2\)", "ghi_w_per_m2", 1e6 / 3600),
    (r"日照時間\(時間\)", "sunshine_h", 1.0),
    (r"気温\(°C\)", "temperature_c", 1.0),
    (r"風速\(m/s\)", "wind_m_per_s", 1.0),
    (r"降水量\(mm\)", "rain_mm", 1.0),
    (r"積雪(の深さ)?\(cm\)", "snow_cm", 1.0),
    (r"(相対)?湿度\(%\)", "relative_humidity_percent", 1.0),
    (r"現地気圧\(hPa\)", "pressure_hpa", 1.0),
)
ZERO_AT_NIGHT = ("ghi_w_per_m2", "sunshine_h")


@dataclass(frozen=True)
class _Element:
    """One element of one station: the cells of its value and remarks."""

    station: str
    name: str
    scale: float
    value: int
    quality: int | None
    absent: int | None


def recognises(source: Source) -> bool:
    """The line of the download, or a heading ``年月日時`` over a line of stations."""
    head = source.head()
    return head[0][0].startswith(DOWNLOADED) or any(_is_heading(row) for row in head[1:4])


def _is_heading(row: Sequence[str]) -> bool:
    return row[0] == "年月日時" or list(row[:4]) == ["年", "月", "日", "時"]


def read(source: Source, options: Options) -> TimeTable:
    """The elements of one station. Raises ``ScenarioError``."""
    cells, heading, dates = _parts(source)
    elements, notes = _elements(cells, heading, dates, options.column)
    readings_values, left = {}, []
    for element in elements:
        values = _values(cells, element)
        if np.isnan(values).all():
            left.append(element.name)
        else:
            readings_values[element.name] = values * element.scale
    if not readings_values:
        raise ScenarioError([cells.problem("import_no_values", 0, kind=KIND)])
    if left:
        told = {"columns": ", ".join(left)}
        notes.append(Problem("import_columns_empty", told, cells.file, severity="warning"))
    readings = Readings(
        cells,
        np.arange(len(cells.rows)),
        np.zeros(len(cells.rows), dtype=np.int64),
        _times(cells, dates),
        readings_values,
    )
    even = lay(readings, step_s=3600, ending=True, zone=ZoneInfo(TOKYO), fill_h=options.fill_h)
    site = Site(elements[0].station)
    return TimeTable(KIND, cells.file, even.start, even.step_s, even.values, (*notes, *even.notes), site)


def _parts(source: Source) -> tuple[Cells, int, int]:
    """The data under their headings, which heading names the elements, and how many cells a time takes."""
    head = source.head()
    heading = next((k for k, row in enumerate(head) if k > 0 and _is_heading(row)), None)
    if heading is None:
        first = head[1][0] if len(head) > 1 else ""
        raise ScenarioError([source.cells.problem("import_jma_hourly_only", min(1, len(head) - 1), value=first)])
    dates = 1 if head[heading][0] == "年月日時" else 4
    rows = source.cells.rows
    data = next((k for k in range(heading + 1, min(len(rows), HEAD_ROWS)) if _is_data(rows[k], dates)), None)
    if data is None:
        raise ScenarioError([source.cells.problem("csv_no_data", heading, limit=HEAD_ROWS)])
    return source.cells.below(data), heading, dates


def _is_data(row: Sequence[str], dates: int) -> bool:
    return is_date(row[0]) if dates == 1 else len(row) > 4 and all(cell.strip().isdecimal() for cell in row[:4])


def _elements(cells: Cells, heading: int, dates: int, station: str) -> tuple[list[_Element], list[Problem]]:
    """Known elements of the one station, and a note about those that are not read."""
    stations, names = cells.header[heading - 1], cells.header[heading]
    remarks = cells.header[heading + 1 :]
    known = list(dict.fromkeys(name.strip() for name in stations[dates:] if name.strip()))
    if len(known) > 1 and not station:
        raise ScenarioError([Problem("import_which_column", {"known": ", ".join(known)}, cells.file, 3, 1)])
    if station and station not in known:
        values = {"column": station, "known": ", ".join(known)}
        raise ScenarioError([Problem("csv_column_unknown", values, cells.file, 3, 1)])
    found: dict[str, _Element] = {}
    unread = []
    for place in range(dates, len(names)):
        here = stations[place].strip() if place < len(stations) else ""
        if (station and here != station) or any(_cell(row, place) for row in remarks):
            continue
        match = next((e for e in ELEMENTS if re.fullmatch(e[0], names[place].replace(" ", ""))), None)
        if match is None or match[1] in found:
            unread.append(names[place].strip())
            continue
        quality = _remark(names, remarks, place, QUALITY)
        found[match[1]] = _Element(
            here, match[1], match[2], place, quality, _remark(names, remarks, place, NO_PHENOMENON)
        )
    if not found:
        raise ScenarioError([cells.problem("import_no_values", 0, kind=KIND)])
    told = {"columns": ", ".join(unread)}
    notes = [Problem("import_columns_unread", told, cells.file, severity="warning")] if unread else []
    return list(found.values()), notes


def _cell(row: Sequence[str], place: int) -> str:
    return row[place].strip() if place < len(row) else ""


def _remark(names: Sequence[str], remarks: Sequence[Sequence[str]], value: int, wanted: str) -> int | None:
    """The cell of a remark that follows a value, before the next value of the same or another element."""
    for place in range(value + 1, len(names)):
        said = [_cell(row, place) for row in remarks]
        if names[place].strip() != names[value].strip() or not any(said):
            return None
        if said[-1] == wanted:
            return place
    return None


def _values(cells: Cells, element: _Element) -> Floats:
    """Values of one element in the file's unit, NaN where missing. Raises ``ScenarioError``."""
    values = column(cells, element.value, blanks=frozenset({"", "-", "--", "×", "///", "#"}))
    blank = np.isnan(values)
    if element.quality is not None:
        quality = np.array([_cell(row, element.quality) for row in cells.rows])
        if element.name in ZERO_AT_NIGHT:
            values[blank & (quality == "8")] = 0.0
        values[~np.isin(quality, GOOD_QUALITY)] = np.nan
    if element.absent is not None:
        absent = np.array([_cell(row, element.absent) for row in cells.rows])
        values[blank & (absent == "1")] = 0.0
    return values


def _times(cells: Cells, dates: int) -> Ints:
    seconds, problems = np.zeros(len(cells.rows), dtype=np.int64), []
    for r, row in enumerate(cells.rows):
        try:
            if dates == 1:
                seconds[r] = stamp_seconds(row[0].strip())
            else:
                seconds[r] = _of_four([cell.strip() for cell in row[:4]])
        except WhenError:
            problems.append(cells.problem("csv_not_a_time", r, 0, value=" ".join(row[:dates]).strip()))
    stop_if(problems)
    return seconds


def _of_four(parts: Sequence[str]) -> int:
    """Seconds of year, month, day and hour (0 … 24). Raises ``WhenError``."""
    if len(parts) < 4 or not all(part.isdecimal() and len(part) <= 4 for part in parts):
        raise WhenError(f"parts(={parts!r}) must be four numbers.")
    year, month, day, hour = (int(part) for part in parts)
    if hour > 24:
        raise WhenError(f"hour(={hour}) must be at most 24.")
    return day_number(f"{year:04d}-{month:02d}-{day:02d}") * DAY_S + hour * 3600


IMPORTER = Importer(KIND, frozenset({"column", "fill_h"}), recognises, read)
