"""What an importer gives: columns of numbers on one even axis; and how they are written down.

Names of columns end in their unit (``demand_kw``, ``ghi_w_per_m2``); a row is an interval and carries the
time of its start with its distance to UTC. Demands and powers are means over the interval.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ysc_sim.errors import Problem, ScenarioError
from ysc_sim.units import Floats

ENDINGS = (".csv", ".parquet")


@dataclass(frozen=True)
class Site:
    """Where a measurement was taken, as far as the file says it."""

    name: str = ""
    latitude_deg: float | None = None
    longitude_deg: float | None = None
    elevation_m: float | None = None


@dataclass(frozen=True)
class TimeTable:
    """Equal, unbroken intervals."""

    kind: str
    file: str
    start: datetime
    """Begin of the first interval, with its zone."""
    step_s: int
    columns: Mapping[str, Floats]
    """Name with unit → (N,), finite."""
    notes: tuple[Problem, ...] = ()
    """What was converted, mended or left out."""
    site: Site = field(default_factory=Site)

    @property
    def count(self) -> int:
        """Number of intervals."""
        return len(next(iter(self.columns.values())))

    @property
    def end(self) -> datetime:
        """End of the last interval."""
        return self._at(self.count)

    def times(self) -> Iterator[datetime]:
        """Start of every interval."""
        return (self._at(k) for k in range(self.count))

    def _at(self, k: int) -> datetime:
        return (self.start.astimezone(UTC) + timedelta(seconds=k * self.step_s)).astimezone(self.start.tzinfo)


def write_table(table: TimeTable, path: Path) -> None:
    """Write a table as UTF-8 CSV, or as parquet, by the ending of ``path``; all of it or nothing.

    Raises ``ScenarioError`` for another ending, or where the file cannot be written.
    """
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        raise ScenarioError([Problem("import_ending", {"path": str(path), "known": ", ".join(ENDINGS)})])
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if ending == ".csv":
            _write_csv(table, beside)
        else:
            _write_parquet(table, beside)
        beside.replace(path)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ScenarioError([Problem("cannot_write", {"path": str(path), "reason": reason})]) from None
    finally:
        beside.unlink(missing_ok=True)


def _write_csv(table: TimeTable, path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(",".join(("time", *table.columns)) + "\n")
        for moment, *row in zip(table.times(), *(c.tolist() for c in table.columns.values()), strict=True):
            cells = (f"{value!r}".removesuffix(".0") for value in row)
            file.write(f"{moment.isoformat(timespec='seconds' if moment.second else 'minutes')},{','.join(cells)}\n")


def _write_parquet(table: TimeTable, path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    zone = str(table.start.tzinfo) if hasattr(table.start.tzinfo, "key") else table.start.strftime("%z")
    zone = zone if "/" in zone or zone == "UTC" else f"{zone[:3]}:{zone[3:]}"
    times = pa.array([moment.astimezone(UTC) for moment in table.times()], type=pa.timestamp("ns", tz=zone))
    pq.write_table(pa.table({"time": times, **{name: pa.array(c) for name, c in table.columns.items()}}), path)
