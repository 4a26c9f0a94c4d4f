"""The days of a table laid over the days of a run: by their dates, whatever the year.

Weather does not know weekdays: a day that the table does not hold is the day of the same date in its last year
(:mod:`~ysc_sim.timeseries.cover` does the same for demand, by kind of day).
"""

from __future__ import annotations

from datetime import date, timedelta, timezone
from math import gcd

import numpy as np

from ysc_sim.errors import Problem, ScenarioError
from ysc_sim.timeseries.axis import TimeAxis
from ysc_sim.timeseries.calendar import STANDARD_DAYS
from ysc_sim.timeseries.importers import TimeTable
from ysc_sim.timeseries.stamps import DAY_S
from ysc_sim.units import Bools, Floats, Ints


def laid_days(table: TimeTable, axis: TimeAxis) -> tuple[dict[str, Floats], int, int]:
    """Columns over the local days that ``axis`` touches, (N,) each; their step; and how many days are the table's own.

    The clock of the axis does not change within a run; times of another zone are moved to it, and a whole year is
    closed to a ring then. Raises ``ScenarioError`` (``csv_does_not_cover``) where a day is not to be had.
    """
    offset = axis.start.utcoffset()
    assert offset is not None, "an axis has a zone"
    start = table.start.astimezone(timezone(offset))
    lead_s = start.hour * 3600 + start.minute * 60 + start.second
    step_s = gcd(table.step_s, lead_s) if lead_s % table.step_s else table.step_s
    steps, lead, parts = DAY_S // step_s, lead_s // step_s, table.step_s // step_s
    days = -(-(lead + table.count * parts) // steps)
    place: Ints = np.full(days * steps, -1, dtype=np.int64)
    place[lead : lead + table.count * parts] = np.repeat(np.arange(table.count), parts)
    whole_days = table.count * parts // steps
    if lead and whole_days >= STANDARD_DAYS and table.count * parts % steps == 0:
        place[:lead] = place[whole_days * steps :][:lead]
        place = place[: whole_days * steps]
    by_day = place.reshape(-1, steps)
    whole: Bools = np.logical_and.reduce(by_day >= 0, axis=1)
    chosen, own = _chosen(table, axis, start.date(), whole)
    rows: Ints = _closed(by_day[chosen]).reshape(-1)
    return {name: values[rows] for name, values in table.columns.items()}, step_s, own


def _chosen(table: TimeTable, axis: TimeAxis, first: date, whole: Bools) -> tuple[Ints, int]:
    """Day of the table for each day of the run, and how many are of the same year. Raises ``ScenarioError``."""
    count = (axis.seconds_of_day + axis.duration_s - 1) // DAY_S + 1
    wanted = [axis.start.date() + timedelta(days=k) for k in range(count)]
    inside = table.start <= axis.start and axis.at(axis.duration_s) <= table.end
    by_date: dict[tuple[int, int], int] = {}
    for k in np.flatnonzero(whole).tolist():
        day = first + timedelta(days=k)
        by_date[day.month, day.day] = k
    chosen = np.zeros(count, dtype=np.int64)
    own = 0
    for d, day in enumerate(wanted):
        k = (day - first).days
        if 0 <= k < len(whole) and (whole[k] or inside):
            chosen[d], own = k, own + 1
            continue
        alike = by_date.get((day.month, day.day), by_date.get((2, 28)) if (day.month, day.day) == (2, 29) else None)
        if alike is None or whole.sum() < STANDARD_DAYS:
            raise ScenarioError([_short(table, axis)])
        chosen[d] = alike
    return chosen, own


def _closed(place: Ints) -> Ints:
    """Places of what a first or last day lacks: those of the nearest moment; they lie beyond the run."""
    flat = place.reshape(-1)
    known = np.flatnonzero(flat >= 0)
    nearest = np.clip(np.searchsorted(known, np.arange(len(flat))), 0, len(known) - 1)
    return np.where(flat >= 0, flat, flat[known[nearest]])


def _short(table: TimeTable, axis: TimeAxis) -> Problem:
    values = {
        "first": table.start.replace(tzinfo=None).isoformat(" "),
        "last": table.end.replace(tzinfo=None).isoformat(" "),
        "start": axis.start.replace(tzinfo=None).isoformat(" "),
        "end": axis.at(axis.duration_s).replace(tzinfo=None).isoformat(" "),
    }
    return Problem("csv_does_not_cover", values, table.file)
