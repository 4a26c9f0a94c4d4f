"""What sections read: a result whose tables are kept, and its time series cut to what a page can show.

A page shows at most some hundred points of a series. Up to a fortnight they are half-hours (or the recorded
interval where that is longer); beyond that days, and the half-hours of the week that holds the peak. What is shown is
said under the figure. In an ensemble the first row is shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ysc_sim.results import Results
from ysc_sim.results.tables import zone_of
from ysc_sim.units import Floats, hours

if TYPE_CHECKING:
    import pandas as pd

HALF_HOUR_S, DAY_S = 1800, 86_400
FINE_DAYS = 14
MOST_POINTS = 400


class Span(NamedTuple):
    """Consecutive intervals of a series, gathered into points: seconds from the start of the run."""

    start_s: int
    end_s: int
    point_s: int

    @property
    def edges_s(self) -> Floats:
        """Start of each point, and the end of the last."""
        return np.append(np.arange(self.start_s, self.end_s, self.point_s, dtype=np.float64), self.end_s)


class Reading:
    """A result as sections see it: ``metrics``, ``manifest``, ``scenario_yaml``, ``buildings`` and ``frame(name)``."""

    def __init__(self, results: Results) -> None:
        self.metrics: Mapping[str, Any] = results.metrics
        self.manifest: Mapping[str, Any] = results.manifest
        self.studies: Mapping[str, Any] = results.studies
        self.scenario_yaml = results.scenario_yaml
        self.buildings = results.buildings
        self.frames = results.frames
        self._results = results
        self._kept: dict[str, pd.DataFrame] = {}

    def frame(self, name: str) -> pd.DataFrame:
        """A table, read once; not to be changed."""
        if name not in self._kept:
            self._kept[name] = self._results.frame(name)
        return self._kept[name]

    @property
    def rows(self) -> int:
        """Rows of the ensemble."""
        return int(self.manifest["rows"])

    @cached_property
    def start(self) -> datetime:
        """First instant of the run, in its time zone."""
        moment = datetime.fromisoformat(self.manifest["time"]["start"])
        return moment.astimezone(zone_of(self.manifest["time"]["zone"]))

    @property
    def record_s(self) -> int:
        """Length of a recorded interval."""
        return int(self.manifest["time"]["record_s"])

    @property
    def duration_s(self) -> int:
        """Length of the run."""
        return int(self.manifest["time"]["step_s"]) * int(self.manifest["time"]["count"])

    def at(self, seconds: float) -> datetime:
        """The date ``seconds`` after the start."""
        moment = self.start.astimezone(timezone.utc) + timedelta(seconds=float(seconds))  # noqa: UP017
        return moment.astimezone(self.start.tzinfo)

    def seconds(self, moment: datetime) -> float:
        """Seconds from the start to an instant."""
        return (moment - self.start).total_seconds()

    @cached_property
    def has_course(self) -> bool:
        """Whether the course of time was recorded."""
        return len(self.frame("community")) > 0

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the community table."""
        return tuple(self.frame("community").columns)

    def series(self, name: str) -> Floats:
        """A community column of the first row, (T,)."""
        return self._first(name)

    def _first(self, name: str) -> Floats:
        column: Floats = self.frame("community")[name].to_numpy(dtype=np.float64)
        return column[:: self.rows]

    def all_rows(self, name: str) -> Floats:
        """A community column of every row, (T, S)."""
        column: Floats = self.frame("community")[name].to_numpy(dtype=np.float64)
        return column.reshape(-1, self.rows)

    def of_buildings(self, name: str) -> Floats | None:
        """A column of all buildings in the first row, (T, n) in the order of ``buildings``; None if it is not there."""
        frame = self.frame("buildings")
        n = len(self.buildings)
        if name not in frame or len(frame) % (self.rows * n) or tuple(frame["building"][:n]) != self.buildings:
            return None
        values: Floats = frame[name].to_numpy(dtype=np.float64).reshape(-1, self.rows, n)
        return values[:, 0]

    # -- what is shown -------------------------------------------------------------------------------------------------

    @property
    def point_s(self) -> int:
        """A point of the fine view: a half-hour, or the recorded interval where that is longer."""
        return max(HALF_HOUR_S, self.record_s)

    @cached_property
    def whole(self) -> Span:
        """The whole run: half-hours up to a fortnight, then days."""
        if self.duration_s <= FINE_DAYS * DAY_S:
            return Span(0, self.duration_s, self.point_s)
        days = -(-self.duration_s // (DAY_S * MOST_POINTS))
        return Span(0, self.duration_s, DAY_S * days)

    @cached_property
    def week(self) -> Span | None:
        """The week that holds the peak, where the whole run is not shown in half-hours."""
        if self.duration_s <= FINE_DAYS * DAY_S:
            return None
        first = max(0, min(int(self.peak_s // DAY_S) - 3, self.duration_s // DAY_S - 7))
        return Span(first * DAY_S, min((first + 7) * DAY_S, self.duration_s), self.point_s)

    @property
    def spans(self) -> tuple[Span, ...]:
        """What figures over time show: the whole run and, where that is coarse, one week."""
        return (self.whole,) if self.week is None else (self.whole, self.week)

    @cached_property
    def peak_s(self) -> float:
        """Start of the half-hour with the largest demand."""
        if "demand_kw" not in self.columns:
            return 0.0
        return float(np.nanargmax(np.append(self.series("demand_kw"), 0.0))) * self.record_s

    def mean_kw(self, name: str, span: Span) -> Floats:
        """Mean power of each point of a kWh column; zeros where the run has no such column."""
        if name not in self.columns:
            return np.zeros(len(span.edges_s) - 1)
        starts, part = self._cut(self.series(name), span)
        lengths = np.diff(np.append(starts, len(part))) * self.record_s
        result: Floats = np.add.reduceat(np.nan_to_num(part), starts) / hours(1) / lengths
        return result

    def most(self, name: str, span: Span) -> Floats:
        """Largest value in each point."""
        starts, part = self._cut(self.series(name), span)
        result: Floats = np.fmax.reduceat(part, starts)
        return result

    def extreme(self, values: Floats, span: Span, extreme: np.ufunc) -> Floats:
        """Largest (``np.fmax``) or smallest (``np.fmin``) of recorded ``values`` (T,) in each point."""
        starts, part = self._cut(values, span)
        result: Floats = extreme.reduceat(part, starts)
        return result

    def last(self, name: str, span: Span) -> Floats:
        """Value at the end of each point."""
        starts, part = self._cut(self.series(name), span)
        result: Floats = part[np.append(starts[1:], len(part)) - 1]
        return result

    def _cut(self, values: Floats, span: Span) -> tuple[Any, Floats]:
        part = values[span.start_s // self.record_s : -(-span.end_s // self.record_s)]
        return np.arange(0, len(part), max(1, span.point_s // self.record_s)), part

    @cached_property
    def outages_s(self) -> tuple[tuple[float, float], ...]:
        """Times without grid in the first row, in seconds from the start."""
        frame = self.frame("outages")
        mine = frame[frame["row"] == 0]
        found = {
            (self.seconds(start.to_pydatetime(warn=False)), float(length) * 3600.0)
            for start, length in zip(mine["start"], mine["hours"], strict=True)
        }
        return tuple((start, start + length) for start, length in sorted(found))
