"""Weekly similar day: the coming slot will be as the same slot was one week ago, or on the nearest day of its kind.

Offices and shops live by the week. Where a week has not yet passed the day before stands in, and before that the
slot just finished. With ``level`` the forecast is moved by how far today has been from what it said so far, fading
with ``fade_slots``: the usual same-day adjustment of baselines.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Ge, Le

from ysc_sim.contracts import History
from ysc_sim.units import Floats, Fraction, Ints, Unit

DAYS = 7


@dataclass(frozen=True, kw_only=True)
class WeeklySpec:
    """How the week before is read."""

    level: Fraction = 0.8
    """Share of the last slot's error that is carried on."""
    fade_slots: Annotated[float, Ge(0), Le(1000), Unit("1")] = 4.0
    """Slots in which that fades to 1/e."""


class Weekly:
    """Repeats the same slot of the week before."""

    kind: ClassVar[str] = "weekly"
    Spec: ClassVar[type] = WeeklySpec

    def __init__(self, spec: WeeklySpec) -> None:
        self._spec = spec

    def predict(self, history: History) -> Floats:
        """The coming slot alone."""
        return np.asarray(self.predict_ahead(history, 1)[0])

    def predict_ahead(self, history: History, count: int) -> Floats:
        """Net of each coming slot."""
        if history.slots == 0:
            return np.zeros((count, *history.import_kwh.shape[1:]))
        expected = _similar(history, np.arange(count))
        if self._spec.level and self._spec.fade_slots and history.slots > 1:
            # What was expected of the slot just finished, from what was known before it.
            before = History(history.import_kwh[:-1], history.export_kwh[:-1], history.slots_per_day, history.forgotten)
            error = history.net_kwh(1) - _similar(before, np.zeros(1, dtype=np.int64))[0]
            fade = self._spec.level * np.exp(-np.arange(1, count + 1) / self._spec.fade_slots)
            expected += fade.reshape(-1, 1, 1) * error
        return expected


def _similar(history: History, ahead: Ints) -> Floats:
    """Net of the finished slots that are most like those ``ahead`` slots behind the coming one, (count, R, n)."""
    day = history.slots_per_day
    back = DAYS * day - ahead % (DAYS * day)
    back = np.where(back <= history.slots, back, day - ahead % day)
    end = history.slots - np.where(back <= history.slots, back, 1) + 1
    exported = history.export_kwh[end] - history.export_kwh[end - 1]
    return np.asarray(exported - (history.import_kwh[end] - history.import_kwh[end - 1]))
