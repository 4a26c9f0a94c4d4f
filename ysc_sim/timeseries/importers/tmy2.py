"""Typical Meteorological Year 2 (TMY2): one line about the station, 8,760 lines of fixed length; read by pvlib.

Format: Marion and Urban, "User's manual for TMY2s", NREL/SP-463-7668, 1995, section 3. Times are ends of hours; pvlib
gives starts.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from ysc_sim.errors import ScenarioError
from ysc_sim.timeseries.cells import Cells, stop_if
from ysc_sim.timeseries.importers.source import Importer, Options, Source
from ysc_sim.timeseries.importers.table import TimeTable
from ysc_sim.timeseries.importers.weather_files import site_of, weather_of, weather_table

KIND = "tmy2"
STATION = re.compile(r" \d{5} .{22} .{2} {1,3}-?\d+ [NS] .*", re.ASCII)
RECORD = re.compile(r" [ \d]\d[ \d]\d[ \d]\d[ \d]\d[ \d]{12}.{121,}", re.ASCII)
NAMES = (
    ("GHI", "ghi_w_per_m2", 1.0, 9999.0),
    ("DNI", "dni_w_per_m2", 1.0, 9999.0),
    ("DHI", "dhi_w_per_m2", 1.0, 9999.0),
    ("DryBulb", "temperature_c", 0.1, 9999.0),
    ("Wspd", "wind_m_per_s", 0.1, 999.0),
    ("Wdir", "wind_direction_deg", 1.0, 999.0),
    ("RHum", "relative_humidity_percent", 1.0, 999.0),
    ("Pressure", "pressure_hpa", 1.0, 9999.0),
)


def recognises(source: Source) -> bool:
    """A record of a station and one of an hour."""
    lines = source.text_lines
    return len(lines) > 1 and bool(STATION.match(lines[0]) and RECORD.match(lines[1]))


def read(source: Source, options: Options) -> TimeTable:
    """The year. Raises ``ScenarioError``."""
    from pvlib.iotools import read_tmy2

    body = [(k, line) for k, line in enumerate(source.text_lines[1:], 2) if line.strip()]
    if not body or not STATION.match(source.text_lines[0]):
        raise ScenarioError([source.cells.problem("import_not_this", 0, kind=KIND)])
    cells = Cells(source.file, [[line] for _, line in body], [k for k, _ in body], source.text_lines, "\n")
    stop_if(
        [
            cells.problem("import_record_broken", r, kind=KIND)
            for r, (_, line) in enumerate(body)
            if not RECORD.match(line)
        ]
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "weather.tm2"
        path.write_text("\n".join([source.text_lines[0], *(line for _, line in body)]) + "\n", encoding="utf-8")
        data, meta = weather_of(lambda: read_tmy2(str(path)), source.file)
    place = site_of(meta, str(meta.get("City", "")), source.file)
    return weather_table(KIND, data, NAMES, cells, options, place)


IMPORTER = Importer(KIND, frozenset({"year", "fill_h"}), recognises, read)
