"""Typical Meteorological Year 3 (TMY3): a line about the station, a line of headings, 8,760 hours; read by pvlib.

Format: Wilcox and Marion, "Users manual for TMY3 data sets", NREL/TP-581-43156, 2008, tables 1-1 and 1-2. Times are
ends of hours, and pvlib leaves them so.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from ysc_sim.errors import ScenarioError
from ysc_sim.timeseries.importers.source import Importer, Options, Source
from ysc_sim.timeseries.importers.table import TimeTable
from ysc_sim.timeseries.importers.weather_files import site_of, weather_of, weather_table

KIND = "tmy3"
HEADING = "Date (MM/DD/YYYY)"
NAMES = (
    ("ghi", "ghi_w_per_m2", 1.0, 9900.0),
    ("dni", "dni_w_per_m2", 1.0, 9900.0),
    ("dhi", "dhi_w_per_m2", 1.0, 9900.0),
    ("temp_air", "temperature_c", 1.0, 99.9),
    ("wind_speed", "wind_m_per_s", 1.0, 999.0),
    ("wind_direction", "wind_direction_deg", 1.0, 999.0),
    ("relative_humidity", "relative_humidity_percent", 1.0, 999.0),
    ("pressure", "pressure_hpa", 1.0, 9999.0),
)


def recognises(source: Source) -> bool:
    """The heading of the date in the second line."""
    lines = source.text_lines
    return len(lines) > 1 and lines[1].startswith(HEADING)


def read(source: Source, options: Options) -> TimeTable:
    """The year. Raises ``ScenarioError``."""
    from pvlib.iotools import read_tmy3

    if len(source.cells.rows) < 3:
        raise ScenarioError([source.cells.problem("import_not_this", 0, kind=KIND)])
    cells = source.cells.below(2)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "weather.csv"
        path.write_text(source.text, encoding="utf-8")
        data, meta = weather_of(lambda: read_tmy3(path, encoding="utf-8"), source.file)
    if len(data) != len(cells.rows):
        raise ScenarioError([cells.problem("import_not_this", 0, kind=KIND)])
    place = site_of(meta, str(meta.get("Name", "")).strip('"'), source.file)
    return weather_table(KIND, data, NAMES, cells, options, place, ending=True)


IMPORTER = Importer(KIND, frozenset({"year", "fill_h"}), recognises, read)
