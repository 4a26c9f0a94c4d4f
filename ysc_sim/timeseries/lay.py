"""Readings, laid on one even axis: order, doubled stamps, gaps, daylight saving time, ends of intervals.

What is refused is refused with its line. What is mended is mended only where it cannot be doubted (a line
that stands twice with the same values; a file with the newest line first) or was asked for (gaps up to a
given length), and is told as a warning.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from ysc_sim.errors import Problem, ScenarioError
from ysc_sim.timeseries.axis import step_is_allowed
from ysc_sim.timeseries.cells import MOST_PROBLEMS, Cells, stop_if
from ysc_sim.timeseries.stamps import DAY_S, wall_time
from ysc_sim.units import Bools, Floats, Ints

MOST_STEPS = 6_000_000
"""A year of intervals of 5 s; beyond that a wrong date, not a measurement."""


@dataclass(frozen=True)
class Readings:
    """What the rows of a file say, in the order of the file."""

    cells: Cells
    row: Ints
    """(N,) row of ``cells`` that each reading stands in."""
    place: Ints
    """(N,) cell of its time in that row."""
    seconds: Ints
    """(N,) stamps: seconds of wall time since 1970."""
    values: Mapping[str, Floats]
    """Column → (N,); NaN is missing."""
    offset_s: Ints | None = None
    """(N,) distance to UTC, where the stamps say it."""

    def problem(self, key: str, at: int, /, severity: str = "error", **values: Any) -> Problem:
        """A problem at the time of reading ``at``."""
        return self.cells.problem(key, int(self.row[at]), int(self.place[at]), severity=severity, **values)

    def only(self, chosen: Ints | Bools | slice) -> Readings:
        """Some of the readings."""
        return replace(
            self,
            row=self.row[chosen],
            place=self.place[chosen],
            seconds=self.seconds[chosen],
            values={name: column[chosen] for name, column in self.values.items()},
            offset_s=None if self.offset_s is None else self.offset_s[chosen],
        )


@dataclass(frozen=True)
class Even:
    """Equal, unbroken intervals."""

    start: datetime
    """Begin of the first interval; without zone where neither the stamps nor the caller gave one."""
    step_s: int
    values: Mapping[str, Floats]
    notes: tuple[Problem, ...] = field(default=())


def lay(
    readings: Readings,
    *,
    step_s: int | None = None,
    ending: bool = False,
    zone: ZoneInfo | timezone | None = None,
    fill_h: float = 0.0,
) -> Even:
    """Readings as equal intervals that are labelled by their start.

    ``ending``: the stamps are the ends. ``step_s``: as the format fixes it, else the commonest distance.
    ``zone``: of stamps that do not say theirs. ``fill_h``: gaps up to so many hours are filled by straight
    lines. Raises ``ScenarioError`` with every problem found, up to twenty.
    """
    if len(readings.seconds) < (1 if step_s else 2):
        raise ScenarioError([readings.problem("csv_too_short", 0)])
    readings, notes = _oldest_first(readings)
    instants = _instants(readings, zone, ending)
    readings, instants, doubled = _without_doubles(readings, instants)
    notes += doubled
    step_s = step_s or _step(readings, instants)
    slot = _slots(readings, instants, step_s, fill_h)
    values, filled = _filled(readings, slot, step_s, fill_h)
    start = _start(readings, int(instants[0]), step_s, ending, zone)
    return Even(start, step_s, values, (*notes, *filled))


def _oldest_first(readings: Readings) -> tuple[Readings, list[Problem]]:
    """Turn a file round that has its newest line first."""
    ahead = np.diff(readings.seconds)
    if len(ahead) and (ahead <= 0).all() and (ahead < 0).any():
        note = readings.problem("csv_newest_first", 0, severity="warning")
        return readings.only(slice(None, None, -1)), [note]
    return readings, []


def _instants(readings: Readings, zone: ZoneInfo | timezone | None, ending: bool) -> Ints:
    """Elapsed seconds of every stamp: UTC where the zone is known."""
    if readings.offset_s is not None:
        return readings.seconds - readings.offset_s
    if zone is None:
        return readings.seconds
    days, of = np.unique(readings.seconds // DAY_S, return_inverse=True)
    midnights = [wall_time(int(day) * DAY_S) for day in days]
    first = np.array([_offset_s(moment, zone) for moment in midnights], dtype=np.int64)
    # At 24:00 the night of the change is over.
    last = np.array([_offset_s(moment + timedelta(days=1), zone) for moment in midnights], dtype=np.int64)
    instants = readings.seconds - first[of]
    changing = np.flatnonzero((first != last)[of])
    if len(changing):
        instants[changing] = _on_days_of_change(readings, changing, zone, ending)
    return instants


def _offset_s(moment: datetime, zone: ZoneInfo | timezone, fold: int = 0) -> int:
    offset = moment.replace(tzinfo=zone, fold=fold).utcoffset()
    return int(offset.total_seconds()) if offset is not None else 0


def _on_days_of_change(readings: Readings, places: Ints, zone: ZoneInfo | timezone, ending: bool) -> Ints:
    """Where clocks are put back an hour comes twice, in the order of the file; where they are put on, one is
    missing."""
    seen: dict[int, int] = {}
    instants, problems = np.zeros(len(places), dtype=np.int64), []
    for k, at in enumerate(places):
        seconds = int(readings.seconds[at])
        moment = wall_time(seconds)
        times = seen.get(seconds, 0)
        seen[seconds] = times + 1
        offset = _offset_s(moment, zone, fold=min(times, 1))
        instants[k] = seconds - offset
        back = datetime.fromtimestamp(seconds - offset, tz=UTC).astimezone(zone).replace(tzinfo=None)
        if back != moment and not (ending and _exists(moment - timedelta(seconds=1), zone)):
            problems.append(readings.problem("csv_no_such_hour", int(at), value=moment.isoformat(" "), zone=str(zone)))
    stop_if(problems)
    return instants


def _exists(moment: datetime, zone: ZoneInfo | timezone) -> bool:
    """Whether clocks of the zone ever show this time."""
    back = moment.replace(tzinfo=zone).astimezone(UTC).astimezone(zone)
    return back.replace(tzinfo=None) == moment


def _without_doubles(readings: Readings, instants: Ints) -> tuple[Readings, Ints, list[Problem]]:
    """Drop lines that say again what the line before said. Raises ``ScenarioError`` where they say something else."""
    same = np.flatnonzero(np.diff(instants) == 0) + 1
    if not len(same):
        return readings, instants, []
    agree = np.ones(len(same), dtype=bool)
    for column in readings.values.values():
        agree &= (column[same] == column[same - 1]) | (np.isnan(column[same]) & np.isnan(column[same - 1]))
    stop_if(
        [readings.problem("csv_twice", int(at), value=_shown(readings, int(at))) for at in same[~agree][:MOST_PROBLEMS]]
    )
    note = readings.problem("csv_doubled", int(same[0]), severity="warning", count=len(same))
    keep = np.ones(len(instants), dtype=bool)
    keep[same] = False
    return readings.only(keep), instants[keep], [note]


def _shown(readings: Readings, at: int) -> str:
    return wall_time(int(readings.seconds[at])).isoformat(" ")


def _step(readings: Readings, instants: Ints) -> int:
    """The commonest distance. Raises ``ScenarioError`` where no simulation can use it."""
    ahead = np.diff(instants)
    ahead = ahead[ahead > 0]
    if not len(ahead):
        raise ScenarioError([readings.problem("csv_too_short", 0)])
    steps, count = np.unique(ahead, return_counts=True)
    step_s = int(steps[count.argmax()])
    if not step_is_allowed(step_s):
        raise ScenarioError([readings.problem("csv_step", min(1, len(instants) - 1), step_s=step_s)])
    return step_s


def _slots(readings: Readings, instants: Ints, step_s: int, fill_h: float) -> Ints:
    """Which interval each reading is, counted from the first. Raises ``ScenarioError`` for gaps and disorder."""
    problems = []
    if int(readings.seconds[0]) % step_s:
        problems.append(readings.problem("csv_off_grid", 0, value=_shown(readings, 0), step_s=step_s))
    ahead = np.diff(instants)
    limit = step_s + fill_h * 3600
    for at in np.flatnonzero((ahead % step_s != 0) | (ahead < 0) | (ahead > limit))[:MOST_PROBLEMS] + 1:
        gap = int(ahead[at - 1])
        key = "csv_unsorted" if gap < 0 else "csv_off_grid" if gap % step_s else "csv_gap"
        before = _shown(readings, int(at) - 1)
        problems.append(readings.problem(key, int(at), value=_shown(readings, int(at)), before=before, step_s=step_s))
    stop_if(problems)
    slot: Ints = (instants - instants[0]) // step_s
    if int(slot[-1]) >= MOST_STEPS:
        raise ScenarioError([readings.problem("csv_too_long", len(slot) - 1, limit=MOST_STEPS)])
    return slot


def _filled(readings: Readings, slot: Ints, step_s: int, fill_h: float) -> tuple[dict[str, Floats], list[Problem]]:
    """Columns without holes, and a warning for each stretch that was filled."""
    whole, notes, problems = {}, [], []
    for name, column in readings.values.items():
        values = np.full(int(slot[-1]) + 1, np.nan)
        values[slot] = column
        for first, last in _runs(np.isnan(values)):
            at = int(np.searchsorted(slot, first))
            inside = first > 0 and last < len(values)
            if inside and (last - first) * step_s <= fill_h * 3600:
                told = {"column": name, "count": last - first, "value": _shown(readings, min(at, len(slot) - 1))}
                notes.append(readings.problem("csv_filled", min(at, len(slot) - 1), severity="warning", **told))
            else:
                problems.append(readings.problem("csv_missing", at, column=name, count=last - first))
        if not problems and np.isnan(values).any():
            known = np.flatnonzero(~np.isnan(values))
            values = np.interp(np.arange(len(values)), known, values[known])
        whole[name] = values
    stop_if(problems)
    return whole, notes


def _runs(flags: Bools) -> list[tuple[int, int]]:
    """First and one past the last of every unbroken stretch of True."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], flags, [False])).astype(np.int8)))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]


def _start(readings: Readings, instant: int, step_s: int, ending: bool, zone: ZoneInfo | timezone | None) -> datetime:
    begin = instant - (step_s if ending else 0)
    if zone is None and readings.offset_s is None:
        return wall_time(begin)
    if zone is None and readings.offset_s is not None:
        zone = timezone(timedelta(seconds=int(readings.offset_s[0])))
    return datetime.fromtimestamp(begin, tz=UTC).astimezone(zone)
