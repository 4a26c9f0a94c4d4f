"""Parquet tables as this package writes them: ``time`` with its zone, and columns whose names end in their unit.

A few bytes of parquet can unpack to gigabytes; the number of values is read from the footer and bounded before any is
unpacked.
"""

from __future__ import annotations

import io
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from ysc_sim.errors import Problem, ScenarioError
from ysc_sim.timeseries.cells import Cells
from ysc_sim.timeseries.importers.generic import OWN, OWN_KW
from ysc_sim.timeseries.importers.source import Importer, Options, Source
from ysc_sim.timeseries.importers.table import TimeTable
from ysc_sim.timeseries.lay import Readings, lay
from ysc_sim.units import Floats

KIND = "parquet"
MAGIC = b"PAR1"
MOST_VALUES = 20_000_000


def recognises(source: Source) -> bool:
    """The mark that parquet files begin with."""
    return source.data.startswith(MAGIC)


def read(source: Source, options: Options) -> TimeTable:
    """The table; of one column, where ``column`` names it. Raises ``ScenarioError``."""
    table = _unpacked(source)
    names = [name for name in table.column_names if OWN.fullmatch(name) or OWN_KW.fullmatch(name)]
    if options.column:
        if options.column not in names:
            values = {"column": options.column, "known": ", ".join(names)}
            raise ScenarioError([Problem("csv_column_unknown", values, source.file)])
        names = [options.column]
    zone = getattr(table.schema.field("time").type, "tz", None) if "time" in table.column_names else None
    if not names or not zone or not table.num_rows:
        raise ScenarioError([Problem("import_not_this", {"kind": KIND}, source.file)])
    try:
        seconds = table["time"].to_numpy().astype("datetime64[s]").astype(np.int64)
        columns: dict[str, Floats] = {name: table[name].to_numpy().astype(np.float64) for name in names}
        place = ZoneInfo(zone) if "/" in zone or zone == "UTC" else None
    except (KeyError, TypeError, ValueError, OSError) as error:
        raise _broken(source, error) from None
    rows = np.arange(len(seconds))
    # Lines of a parquet file have no text; problems name their number.
    cells = Cells(source.file, [[""]] * len(seconds), range(1, len(seconds) + 1), [], ",")
    offset_s = np.full(len(seconds), 0 if place else _offset_s(zone), dtype=np.int64)
    readings = Readings(cells, rows, np.zeros_like(rows), seconds + offset_s, columns, offset_s)
    even = lay(readings, zone=place, fill_h=options.fill_h)
    return TimeTable(KIND, source.file, even.start, even.step_s, even.values, even.notes)


def _unpacked(source: Source) -> Any:
    """Times and numbers of the table. Raises ``ScenarioError`` where it is none, or too large.

    Texts stay packed: one long text that stands in every row weighs nothing in the file.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(io.BytesIO(source.data))
        if file.metadata.num_rows * max(file.metadata.num_columns, 1) > MOST_VALUES:
            raise ScenarioError([Problem("csv_too_long", {"limit": MOST_VALUES}, source.file)])
        return file.read(columns=[field.name for field in file.schema_arrow if pa.types.is_primitive(field.type)])
    except (pa.ArrowException, OSError, ValueError, TypeError, KeyError, IndexError, OverflowError) as error:
        raise _broken(source, error) from None


def _broken(source: Source, error: Exception) -> ScenarioError:
    reason = " ".join(str(error).split()) or type(error).__name__
    return ScenarioError([Problem("import_weather_broken", {"reason": reason}, source.file)])


def _offset_s(zone: str) -> int:
    """Seconds of a zone such as ``+09:00``, 0 where it is none."""
    sign, hours, minutes = zone[:1], zone[1:3], zone[4:6]
    if sign not in "+-" or not (hours.isdecimal() and minutes.isdecimal()):
        return 0
    return (1 if sign == "+" else -1) * (int(hours) * 3600 + int(minutes) * 60)


IMPORTER = Importer(KIND, frozenset({"column", "fill_h"}), recognises, read)
