"""Tables as NumPy columns: what pandas frames, parquet files and the digest are all made from.

A table is a dictionary of columns of equal length. Text is held as codes into a short list of names, instants
as ``datetime64[ns]`` in UTC; the time zone is the table's, not the column's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import timedelta, timezone, tzinfo
from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import numpy.typing as npt

from ysc_sim.results.columns import EVENT_COLUMNS, OUTAGE_COLUMNS

if TYPE_CHECKING:
    import pandas as pd

Times = npt.NDArray[np.datetime64]


class Text(NamedTuple):
    """A column of text: ``names[codes[i]]`` stands in line i."""

    codes: npt.NDArray[np.int32]
    names: tuple[str, ...]


Columns = dict[str, Any]
"""Column name → :class:`Text`, int64, float64 or ``datetime64[ns]`` array (length of the table,)."""


def text_of(values: Iterable[str]) -> Text:
    """A text column of single values.

    >>> text_of(["b", "a", "b"])
    Text(codes=array([0, 1, 0], dtype=int32), names=('b', 'a'))
    """
    number: dict[str, int] = {}
    codes = [number.setdefault(value, len(number)) for value in values]
    return Text(np.array(codes, dtype=np.int32), tuple(number))


def zone_name(zone: tzinfo | None) -> str:
    """A name under which :func:`zone_of` finds the zone again.

    >>> zone_name(ZoneInfo("Asia/Tokyo")), zone_name(timezone(timedelta(hours=9)))
    ('Asia/Tokyo', '+09:00')
    """
    if isinstance(zone, ZoneInfo) and zone.key:
        return zone.key
    offset = timedelta(0) if zone is None else zone.utcoffset(None) or timedelta(0)
    minutes = int(offset.total_seconds() // 60)
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"


def zone_of(name: str) -> tzinfo:
    """The time zone of a name or of an offset such as ``+09:00``. Raises ``ValueError``."""
    if name[:1] in ("+", "-"):
        try:
            hours, minutes = name[1:].split(":")
            offset = timedelta(hours=int(hours), minutes=int(minutes))
            return timezone(-offset if name[0] == "-" else offset)
        except ValueError:
            raise ValueError(f"zone(={name[:40]!r}) must be a time zone.") from None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"zone(={name[:40]!r}) must be a time zone.") from None


def to_frame(chunks: Iterable[Columns], zone: str) -> pd.DataFrame:
    """One pandas frame of consecutive parts of a table; instants in the zone, text as ordinary strings."""
    import pandas as pd

    parts = list(chunks)
    series: dict[str, Any] = {}
    for name in parts[0]:
        values = [part[name] for part in parts]
        if isinstance(values[0], Text):
            series[name] = np.concatenate([np.array(v.names, dtype=object)[v.codes] for v in values])
        elif values[0].dtype.kind == "M":
            index = pd.DatetimeIndex(np.concatenate(values)).tz_localize("UTC")
            series[name] = index.tz_convert(zone_of(zone))
        else:
            series[name] = np.concatenate(values)
    return pd.DataFrame(series)


def completed(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """A table of events or outages with the columns that an older version did not know: NaN, or no text."""
    columns = {"events": EVENT_COLUMNS, "outages": OUTAGE_COLUMNS}.get(name, ())
    for column in columns:
        if column.name not in frame:
            frame[column.name] = np.nan if column.unit else ""
    return frame


def digest_of(chunks: Iterable[Columns]) -> str:
    """SHA-256 of what a table says: names, kinds and values of its columns, however it is cut or stored."""
    hashes: dict[str, Any] = {}
    for part in chunks:
        for name, values in part.items():
            kind = "text" if isinstance(values, Text) else values.dtype.kind
            hashes.setdefault(name, hashlib.sha256(f"{name}\x1f{kind}\x1f".encode())).update(_bytes(values))
    whole = hashlib.sha256()
    for name in hashes:
        whole.update(hashes[name].digest())
    return whole.hexdigest()


def _bytes(values: Any) -> bytes:
    """Bytes that are equal exactly where the values are: one NaN, one zero, text by what it says."""
    if isinstance(values, Text):
        said = [hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest() for name in values.names] or [bytes(32)]
        return bytes(np.array(said, dtype="V32")[values.codes].tobytes())
    if values.dtype.kind == "f":
        values = np.where(np.isnan(values), np.nan, values + 0.0)
        return bytes(values.astype("<f8").tobytes())
    return bytes(values.astype("<i8").tobytes())


def rows_of(columns: Mapping[str, Any]) -> int:
    """Number of lines of a table (or of a part of it)."""
    first = next(iter(columns.values()))
    return len(first.codes) if isinstance(first, Text) else len(first)
