"""EnergyPlus weather (EPW): eight lines of header, then 8,760 hours of 32 cells or more, read by pvlib.

Format: https://bigladdersoftware.com/epx/docs/23-1/auxiliary-programs/energyplus-weather-file-epw-data-dictionary.html
Hours 1 … 24 are ends; pvlib makes starts of them. Radiation is Wh/m² of the hour, that is its mean power.
"""

from __future__ import annotations

import io
from dataclasses import replace

from ysc_sim.errors import ScenarioError
from ysc_sim.timeseries.cells import Cells, numbers, stop_if
from ysc_sim.timeseries.importers.source import Importer, Options, Source
from ysc_sim.timeseries.importers.table import TimeTable
from ysc_sim.timeseries.importers.weather_files import site_of, weather_of, weather_table

KIND = "epw"
HEADER_LINES = 8
LEAST_CELLS = 32
CHECKED = slice(0, 5)
"""Year, month, day, hour, minute."""
NAMES = (
    ("ghi", "ghi_w_per_m2", 1.0, 9999.0),
    ("dni", "dni_w_per_m2", 1.0, 9999.0),
    ("dhi", "dhi_w_per_m2", 1.0, 9999.0),
    ("temp_air", "temperature_c", 1.0, 99.9),
    ("wind_speed", "wind_m_per_s", 1.0, 999.0),
    ("wind_direction", "wind_direction_deg", 1.0, 999.0),
    ("relative_humidity", "relative_humidity_percent", 1.0, 999.0),
    ("atmospheric_pressure", "pressure_hpa", 0.01, 999_999.0),
)


def recognises(source: Source) -> bool:
    """``LOCATION,`` in the first line."""
    return source.text_lines[0].upper().startswith("LOCATION,")


def read(source: Source, options: Options) -> TimeTable:
    """The year. Raises ``ScenarioError``."""
    from pvlib.iotools import read_epw

    cells = _checked(source)
    data, meta = weather_of(lambda: read_epw(io.StringIO(_clean(source, cells))), source.file)
    names = [part.strip() for part in source.text_lines[0].split(",")]
    place = site_of(meta, names[1] if len(names) > 1 else "", source.file)
    return weather_table(KIND, data, NAMES, cells, options, place)


def _checked(source: Source) -> Cells:
    """The lines of hours; those of the header may hold anything. Raises ``ScenarioError``."""
    body = [k for k, line in enumerate(source.text_lines) if k >= HEADER_LINES and line.strip()]
    if not body:
        raise ScenarioError([source.cells.problem("import_not_this", 0, kind=KIND)])
    rows = [source.text_lines[k].split(",") for k in body]
    cells = Cells(source.file, rows, [k + 1 for k in body], source.text_lines, ",")
    stop_if(
        [
            cells.problem("csv_row_length", r, 0, count=len(row), expected=LEAST_CELLS)
            for r, row in enumerate(rows)
            if len(row) < LEAST_CELLS
        ]
    )
    keys = numbers(cells, [row[CHECKED] for row in rows], 0)
    wrong = (keys[:, 1] < 1) | (keys[:, 1] > 12) | (keys[:, 2] < 1) | (keys[:, 2] > 31)
    wrong |= (keys[:, 3] < 1) | (keys[:, 3] > 24) | (keys[:, 0] < 1900) | (keys[:, 0] > 2199)
    stop_if(
        [cells.problem("csv_not_a_time", int(r), 0, value="-".join(cells.rows[int(r)][:4])) for r in wrong.nonzero()[0]]
    )
    return replace(cells, rows=rows)


def _clean(source: Source, cells: Cells) -> str:
    """The text without empty lines; pvlib counts on eight lines of header."""
    return "\n".join([*source.text_lines[:HEADER_LINES], *(",".join(row) for row in cells.rows)]) + "\n"


IMPORTER = Importer(KIND, frozenset({"year", "fill_h"}), recognises, read)
