"""Laying a measured profile over the days of a run.

Where the measurement covers the run it is used as it is. Where it does not, but is at least a year long,
every day of the run is the most alike of the measured days: same type (weekday or day of rest), near in the
year, same weekday if possible; so last year's meter readings serve for this year's scenario. Anything
shorter is refused.
"""

from __future__ import annotations

from datetime import timedelta

import numpy as np

from ysc_sim.errors import Problem, ScenarioError
from ysc_sim.timeseries.axis import TimeAxis
from ysc_sim.timeseries.calendar import STANDARD_DAYS, days_from, matching_day
from ysc_sim.timeseries.read import Measured
from ysc_sim.timeseries.stamps import DAY_S
from ysc_sim.units import Bools, Floats, Ints


def cover_days(measured: Measured, axis: TimeAxis, pad: int) -> Floats:
    """Mean power over whole local days, from ``pad`` days before the first of ``axis`` to ``pad`` after its last,
    (N,) kW.

    Raises ``ScenarioError`` (key ``csv_does_not_cover``) where the measurement neither covers the axis nor
    a year.
    """
    table, whole = day_table(measured)
    first = measured.start.date()
    begin = axis.start.date() - timedelta(days=pad)
    count = (axis.seconds_of_day + axis.duration_s - 1) // DAY_S + 1 + 2 * pad
    offset = (begin - first).days
    own = offset + np.arange(count)
    inside = (own >= 0) & (own < len(table))
    covered = _covered(measured, axis)
    if not covered and whole.sum() < STANDARD_DAYS:
        raise ScenarioError([_short(measured, axis)])
    # A day that is only partly measured can be read where the run needs no more of it.
    good = inside.copy()
    good[inside] = whole[own[inside]]
    usable = inside & (good | covered)
    usable[:pad] &= good[:pad]
    usable[count - pad :] &= good[count - pad :]
    chosen: Ints = np.where(usable, own, 0)
    if not usable.all():
        have = days_from(first, len(table))
        candidates = np.flatnonzero(whole) if whole.any() else np.arange(len(table))
        some = type(have)(have.nominal[candidates], have.weekday[candidates], have.holiday[candidates])
        chosen = np.where(usable, own, candidates[matching_day(days_from(begin, count), some)])
    return table[chosen].reshape(-1)


def day_table(measured: Measured) -> tuple[Floats, Bools]:
    """Local days of a measurement, (days, steps of a day), and which of them are whole.

    What is missing of the first and the last day is filled with the mean of the same time on the other days (of all
    values, where there is no other day); it is only ever read beyond the ends of a run.
    """
    steps = DAY_S // measured.step_s
    start = measured.start
    lead = (start.hour * 3600 + start.minute * 60 + start.second) // measured.step_s
    days = -(-(lead + len(measured.kw)) // steps)
    flat = np.full(days * steps, np.nan)
    flat[lead : lead + len(measured.kw)] = measured.kw
    table = flat.reshape(days, steps)
    missing = np.isnan(table)
    count = (~missing).sum(axis=0)
    usual = np.where(missing, 0.0, table).sum(axis=0) / np.maximum(count, 1)
    usual[count == 0] = measured.kw.mean()
    return np.where(missing, usual, table), ~missing.any(axis=1)


def _covered(measured: Measured, axis: TimeAxis) -> bool:
    """Whether every step of the axis was measured."""
    begin = (axis.start.replace(tzinfo=None) - measured.start).total_seconds()
    return begin >= 0 and begin + axis.duration_s <= len(measured.kw) * measured.step_s


def _short(measured: Measured, axis: TimeAxis) -> Problem:
    end = measured.start + timedelta(seconds=len(measured.kw) * measured.step_s)
    values = {
        "first": measured.start.isoformat(" "),
        "last": end.isoformat(" "),
        "start": axis.start.replace(tzinfo=None).isoformat(" "),
        "end": axis.at(axis.duration_s).replace(tzinfo=None).isoformat(" "),
    }
    return Problem("csv_does_not_cover", values, measured.file)
