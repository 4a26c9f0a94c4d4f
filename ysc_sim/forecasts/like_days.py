"""Like days: the coming slot needs as much as it needed at most on the last days of the same kind.

Whoever holds a peak loses more by a forecast that is too low than by one that is too high: what is missed once is paid
for in twelve months. So of the nearest earlier days of the same kind (working, or of rest: weekends, national holidays,
the turn of the year) and the same day of the week before, the largest need of each slot counts. A cloudy day among them
is then taken to come again, and the growth from week to week of a season is followed within days. Where no such day has
been seen, the day before stands in, and before that the slot just finished. With ``level`` the forecast is moved by how
far today has been from what it said so far, fading with ``fade_slots``: the usual same-day adjustment of baselines.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Ge, Le

from ysc_sim.contracts import History, Site
from ysc_sim.timeseries.calendar import days_from
from ysc_sim.units import Floats, Fraction, Ints, Unit

WEEK = 7
DAY_S = 86_400


@dataclass(frozen=True, kw_only=True)
class LikeDaysSpec:
    """How many days are looked at, and how today counts."""

    days: Annotated[int, Ge(1), Le(10), Unit("1")] = 3
    """Days of the same kind of which the largest need counts; one of them is that of the week before."""
    level: Fraction = 0.8
    """Share of the last slot's error that is carried on."""
    fade_slots: Annotated[float, Ge(0), Le(1000), Unit("1")] = 8.0
    """Slots in which that fades to 1/e."""


class LikeDays:
    """The largest need of the nearest days of the same kind."""

    kind: ClassVar[str] = "like_days"
    Spec: ClassVar[type] = LikeDaysSpec
    knows_calendar: ClassVar[bool] = True

    def __init__(self, spec: LikeDaysSpec, site: Site, building_ids: Sequence[str]) -> None:
        self._spec = spec
        axis = site.axis
        self._lead = axis.seconds_of_day // axis.slot_s
        ahead_days = axis.duration_s // DAY_S + 2 * WEEK + 2
        self._rest = [bool(rest) for rest in np.asarray(days_from(axis.start.date(), int(ahead_days)).rest)]
        self._back = lru_cache(maxsize=64)(self._days_back)

    def predict(self, history: History) -> Floats:
        """The coming slot alone."""
        return np.asarray(self.predict_ahead(history, 1)[0])

    def predict_ahead(self, history: History, count: int) -> Floats:
        """Net of each coming slot."""
        if history.slots == 0:
            return np.zeros((count, *history.import_kwh.shape[1:]))
        net = history.export_kwh - history.import_kwh
        expected = self._least_net(history, net, history.slots, np.arange(count))
        if self._spec.level and self._spec.fade_slots and history.slots > 1:
            # What was expected of the slot just finished, from what was known before it.
            said = self._least_net(history, net, history.slots - 1, np.zeros(1, dtype=np.int64))[0]
            fade = self._spec.level * np.exp(-np.arange(1, count + 1) / self._spec.fade_slots)
            expected += fade.reshape(-1, 1, 1) * (history.net_kwh(1) - said)
        return expected

    def _least_net(self, history: History, net: Floats, known: int, ahead: Ints) -> Floats:
        """Smallest net (largest need) of the like days of the slots ``ahead`` behind the first ``known``, (k, R, n)."""
        per_day = history.slots_per_day
        slot = history.forgotten + known + ahead
        day, lead = (slot + self._lead) // per_day, ahead // per_day
        back = np.stack([self._back(int(d), int(x)) for d, x in zip(day, lead, strict=True)]) * per_day - ahead[:, None]
        plain = np.where(per_day - ahead % per_day <= known, per_day - ahead % per_day, 1)[:, None]
        there = (back > 0) & (back <= known)
        first = np.argmax(there, axis=1, keepdims=True)
        stand_in = np.where(there.any(axis=1, keepdims=True), np.take_along_axis(back, first, axis=1), plain)
        end = known - np.where(there, back, stand_in) + 1
        return np.asarray(np.minimum.reduce(net[end] - net[end - 1], axis=1))

    def _days_back(self, day: int, lead: int) -> Ints:
        """How many days before ``day`` its like days are, the nearest first, (days,); only those over by then count:
        more than ``lead`` days back. 0 where there are fewer.
        """
        kind = self._rest[min(day, len(self._rest) - 1)]
        like = [k for k in range(lead + 1, 2 * WEEK + lead + 1) if day >= k and self._rest[day - k] == kind]
        found = like[: self._spec.days]
        if WEEK in like and WEEK not in found:
            found[-1] = WEEK
        return np.array(found + [0] * (self._spec.days - len(found)), dtype=np.int64)
