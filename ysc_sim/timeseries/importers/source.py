"""What an importer gets: a file, as bytes, text or cells, and what the user said about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cached_property
from zoneinfo import ZoneInfo

from ysc_sim.documents import text_of
from ysc_sim.errors import Problem, ScenarioError
from ysc_sim.timeseries.axis import TOKYO
from ysc_sim.timeseries.cells import LINE_END, Cells, read_cells
from ysc_sim.timeseries.importers.table import TimeTable
from ysc_sim.timeseries.lay import Readings
from ysc_sim.timeseries.read import Stamp, Unit

HEAD_ROWS = 12
"""Formats show what they are within so many rows."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """What the user says about a file; an importer takes some of it and refuses the rest."""

    unit: Unit = "auto"
    """Unit of the values, where the headings do not name it."""
    stamp: Stamp = "auto"
    """Whether times are starts or ends of intervals."""
    column: str = ""
    """One column, station or area of several."""
    year: int | None = None
    """Calendar year of a file without dates, or of a typical year."""
    zone: str = TOKYO
    """Time zone of stamps without one."""
    fill_h: float = 0.0
    """Gaps up to so many hours are filled by straight lines."""
    step_s: int | None = None
    """Which of several tables of one file, by its step."""

    def __post_init__(self) -> None:
        if not (0 <= self.fill_h <= 744):
            raise ValueError(f"fill_h(={self.fill_h}) must lie between 0 and 744.")
        if self.year is not None and not (1900 <= self.year <= 2199):
            raise ValueError(f"year(={self.year}) must lie between 1900 and 2199.")

    def said(self) -> frozenset[str]:
        """Names of what was given."""
        return frozenset(f.name for f in fields(self) if getattr(self, f.name) != f.default)

    def time_zone(self) -> ZoneInfo:
        """The zone. Raises ``ScenarioError`` where there is none of that name."""
        try:
            return ZoneInfo(self.zone)
        except (KeyError, ValueError, OSError):
            raise ScenarioError([Problem("time_zone_unknown", {"value": self.zone})]) from None

    def zone_of(self, readings: Readings) -> ZoneInfo | None:
        """The zone that was given, or the default; none where the stamps say theirs. Raises ``ScenarioError``."""
        return None if readings.offset_s is not None and "zone" not in self.said() else self.time_zone()


@dataclass(frozen=True)
class Source:
    """A file that was read. Text and cells are made when they are asked for; each raises ``ScenarioError``."""

    file: str
    data: bytes

    @cached_property
    def text(self) -> str:
        """UTF-8 (with or without BOM) or cp932."""
        return text_of(self.data, self.file)

    @cached_property
    def text_lines(self) -> list[str]:
        """The lines, exactly as they are."""
        return LINE_END.split(self.text)

    @cached_property
    def cells(self) -> Cells:
        """All rows of cells."""
        return read_cells(self.text, self.file)

    def head(self) -> list[list[str]]:
        """The first rows, stripped."""
        return [[cell.strip() for cell in row] for row in self.cells.rows[:HEAD_ROWS]]


@dataclass(frozen=True)
class Importer:
    """One format. A module of this package with an ``IMPORTER`` is found by itself."""

    kind: str
    takes: frozenset[str]
    """Names of the options that have a meaning for it."""
    recognises: Callable[[Source], bool]
    read: Callable[[Source, Options], TimeTable]
    rank: int = 0
    """The lowest rank that recognises a file reads it; formats of one publisher are 0."""
