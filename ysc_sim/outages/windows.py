"""Outages at given dates: the planned drill, the evening of the typhoon, the night that a meeting will talk about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, ClassVar

from annotated_types import Ge, Le, Len

from ysc_sim.contracts import OutageWindow, Site
from ysc_sim.units import SECONDS_PER_HOUR, Unit


@dataclass(frozen=True, kw_only=True)
class WindowsSpec:
    """One window without grid."""

    start: str
    """First second without grid, local date and time (2026-08-05T18:00), to the second."""
    duration_h: Annotated[float, Ge(0), Le(8784), Unit("h")]
    """How long the grid is away."""
    notice_h: Annotated[float, Ge(0), Le(8784), Unit("h")] = 0.0
    """How long before it is announced; 0: it comes unannounced."""

    cell: Annotated[str, Len(0, 64)] = ""
    """Only the feeder of this cell is cut: it is alone, the rest goes on. ``*``: of every cell."""
    fault: bool = False
    """The wires of that cell themselves fail: it is dark, the cells inside it are alone."""

    def check(self) -> list[tuple[str, str, dict[str, object]]]:
        """Cross rules: (problem key, field, values)."""
        try:
            datetime.fromisoformat(self.start)
        except ValueError:
            return [("not_a_date_time", "start", {"value": self.start})]
        return []


class Windows:
    """Exactly what is written."""

    kind: ClassVar[str] = "windows"
    Spec: ClassVar[type] = WindowsSpec
    differs = False

    def __init__(self, spec: WindowsSpec) -> None:
        self.spec = spec

    def windows(self, site: Site, row: int) -> Sequence[OutageWindow]:
        """One window, whole seconds from the start of the axis; it may lie outside of it."""
        start = round(site.axis.seconds(datetime.fromisoformat(self.spec.start)))
        notice = round(self.spec.notice_h * SECONDS_PER_HOUR)
        end = start + round(self.spec.duration_h * SECONDS_PER_HOUR)
        return [OutageWindow(start, end, notice, self.spec.cell, self.spec.fault)]
