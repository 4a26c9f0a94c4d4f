"""Demand response (デマンドレスポンス): a baseline from past days, what was delivered against the award, the payment.

The baseline of a half-hour is the mean of the same half-hour over ``best`` of the last ``days`` comparable days (those
with the largest mean import during the event's hours; ``best = days = 10`` is "10 of 10", Japan's guideline takes the
best 4 of 5 [1]_). Weekends and national holidays are not comparable with working days, and days with an event never
count. It is then moved
by the mean difference between the day itself and its baseline in the ``adjust_h`` hours that end ``gap_h`` before the
event (当日調整) [1]_.

.. [1] METI, ERAB guideline (エネルギー・リソース・アグリゲーション・ビジネスに関するガイドライン): High 4 of 5 with a
   same-day adjustment over the four to one hours before the event; the counts and hours are arguments here.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from ysc_sim.billing.clock import is_holiday
from ysc_sim.units import Bools, Floats


class Delivery(NamedTuple):
    """What an event brought, (…,) each."""

    baseline_kwh: Floats
    delivered_kwh: Floats
    """Baseline less import over the event; negative where more was used."""
    award_kwh: Floats
    ratio: Floats
    """Delivered against award."""
    payment_jpy: Floats


def baseline_kw(
    past_kw: ArrayLike,
    today_kw: ArrayLike,
    *,
    first_slot: int,
    slots: int,
    comparable: ArrayLike | None = None,
    days: int = 10,
    best: int = 10,
    adjust_slots: int = 6,
    gap_slots: int = 2,
) -> Floats:
    """Baseline import of an event, (…, slots) kW.

    Parameters
    ----------
    past_kw : (…, D, slots of a day) kW import of earlier days, oldest first.
    today_kw : (…, slots of a day) kW import of the event's day; only slots before the event are read.
    first_slot, slots : where in the day the event lies.
    comparable : (D,) whether each earlier day may count; None: all.
    days, best : the last ``days`` comparable days, and how many of them with the largest import in the event's hours.
    adjust_slots, gap_slots : the slots before the event whose mean difference moves the baseline; 0: not moved.

    Raises ``ValueError`` where no day is comparable, the event lies outside the day, or a count is impossible.

    >>> past = np.full((10, 48), 50.0)
    >>> today = np.full(48, 60.0)
    >>> baseline_kw(past, today, first_slot=28, slots=2).tolist()
    [60.0, 60.0]
    >>> baseline_kw(past, today, first_slot=28, slots=2, adjust_slots=0).tolist()
    [50.0, 50.0]
    """
    past, today = np.asarray(past_kw, dtype=np.float64), np.asarray(today_kw, dtype=np.float64)
    if not 1 <= best <= days:
        raise ValueError(f"best(={best}) must lie between 1 and days(={days}).")
    if not (first_slot >= 0 and slots >= 1 and first_slot + slots <= today.shape[-1]):
        raise ValueError(f"first_slot(={first_slot}) and slots(={slots}) must lie inside a day of {today.shape[-1]}.")
    if adjust_slots < 0 or gap_slots < 0:
        raise ValueError(f"adjust_slots(={adjust_slots}) and gap_slots(={gap_slots}) must be at least 0.")
    alike_days = np.ones(past.shape[-2], dtype=np.bool_) if comparable is None else np.asarray(comparable)
    chosen = np.flatnonzero(alike_days)[-days:]
    if not chosen.size:
        raise ValueError("past_kw has no comparable day.")
    alike = past[..., chosen, :]
    during = alike[..., first_slot : first_slot + slots]
    count = min(best, chosen.size)
    order = np.argsort(-during.mean(axis=-1), axis=-1, kind="stable")[..., :count, None]
    picked = np.take_along_axis(alike, order, axis=-2).mean(axis=-2)
    event = picked[..., first_slot : first_slot + slots]
    last = first_slot - gap_slots
    span = slice(max(last - adjust_slots, 0), max(last, 0))
    if adjust_slots and last > 0:
        event = event + (today[..., span] - picked[..., span]).mean(axis=-1)[..., None]
    return np.asarray(np.maximum(event, 0.0))


def delivery(
    baseline: ArrayLike,
    actual_kw: ArrayLike,
    *,
    award_kw: ArrayLike,
    slot_h: float = 0.5,
    jpy_per_kwh: float = 0.0,
    penalty_jpy_per_kwh: float = 0.0,
    pay_up_to: float = 1.0,
) -> Delivery:
    """Delivered energy against the award, and what it is paid.

    ``baseline``, ``actual_kw`` (…, slots) kW; ``award_kw`` (…,). Each half-hour is paid up to ``pay_up_to`` times the
    award; what it lacks bears the penalty.

    >>> result = delivery([60.0, 60.0], [45.0, 55.0], award_kw=10.0, jpy_per_kwh=40.0, penalty_jpy_per_kwh=60.0)
    >>> float(result.delivered_kwh), float(result.ratio), float(result.payment_jpy)
    (10.0, 1.0, 150.0)
    """
    cut = np.asarray(baseline, dtype=np.float64) - np.asarray(actual_kw, dtype=np.float64)
    award = np.asarray(award_kw, dtype=np.float64)
    if not (award > 0).all():
        raise ValueError(f"award_kw(={award_kw!r}) must be > 0.")
    paid = np.clip(cut, 0.0, award[..., None] * pay_up_to)
    short = np.maximum(award[..., None] - np.maximum(cut, 0.0), 0.0)
    asked = np.broadcast_to(award * slot_h * cut.shape[-1], cut.shape[:-1])
    return Delivery(
        baseline_kwh=np.asarray(np.asarray(baseline, dtype=np.float64).sum(axis=-1) * slot_h),
        delivered_kwh=np.asarray(cut.sum(axis=-1) * slot_h),
        award_kwh=asked,
        ratio=np.asarray(cut.sum(axis=-1) * slot_h / asked),
        payment_jpy=np.asarray((paid * jpy_per_kwh - short * penalty_jpy_per_kwh).sum(axis=-1) * slot_h),
    )


def working_days(first_weekday: int, count: int) -> Bools:
    """Which of ``count`` days from one on are Monday (0) to Friday, (count,)."""
    return np.asarray((first_weekday + np.arange(count)) % 7 < 5)


def working_dates(first: date, count: int) -> Bools:
    """Which of ``count`` days from ``first`` on are Monday to Friday and no national holiday, (count,).

    >>> working_dates(date(2026, 8, 10), 6).tolist()                    # the 11th is Mountain Day
    [True, False, True, True, True, False]
    """
    days = [first + timedelta(days=k) for k in range(count)]
    holiday = np.array([is_holiday(day) for day in days], dtype=np.bool_)
    return np.asarray(working_days(first.weekday(), count) & ~holiday)
