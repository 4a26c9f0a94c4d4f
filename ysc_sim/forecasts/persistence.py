"""Persistence: the coming slot will be as the last one was; the forecast that every better one must beat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from ysc_sim.contracts import History
from ysc_sim.units import Floats, Ints


@dataclass(frozen=True, kw_only=True)
class PersistenceSpec:
    """Which finished slot is repeated."""

    of: Literal["last_slot", "yesterday"] = "last_slot"
    """The slot just finished, or the same slot of the day before (the last one until a day has passed)."""


class Persistence:
    """Repeats a finished slot."""

    kind: ClassVar[str] = "persistence"
    Spec: ClassVar[type] = PersistenceSpec

    def __init__(self, spec: PersistenceSpec) -> None:
        self._yesterday = spec.of == "yesterday"

    def predict(self, history: History) -> Floats:
        """Net of the repeated slot; nothing is expected before the first one has finished."""
        if history.slots == 0:
            return np.zeros(history.import_kwh.shape[1:])
        back = history.slots_per_day if self._yesterday and history.slots >= history.slots_per_day else 1
        return history.net_kwh(back)

    def predict_ahead(self, history: History, count: int) -> Floats:
        """The repeated slot, or the day before over and over."""
        if history.slots == 0:
            return np.zeros((count, *history.import_kwh.shape[1:]))
        if not self._yesterday or history.slots < history.slots_per_day:
            return np.repeat(history.net_kwh(1)[None], count, axis=0)
        day = history.slots_per_day
        return np.stack([history.net_kwh(day - k % day) for k in range(count)])

    def predict_each(self, history: History, count: int) -> Floats:
        """What :meth:`predict` says at each of the last ``count`` gates, the last being the end of ``history``."""
        if history.slots == 0:
            return np.zeros((count, *history.import_kwh.shape[1:]))
        gate = np.arange(history.slots - count + 1, history.slots + 1)
        day = history.slots_per_day
        back = np.where(gate >= day, day, 1) if self._yesterday else np.ones_like(gate)
        end = np.maximum(gate - back + 1, 1)
        now: Ints | slice = end
        before: Ints | slice = end - 1
        if count and end[-1] - end[0] == count - 1:  # one after the other: nothing need be copied
            now, before = slice(int(end[0]), int(end[-1]) + 1), slice(int(end[0]) - 1, int(end[-1]))
        expected: Floats = history.export_kwh[now] - history.export_kwh[before]
        expected -= history.import_kwh[now] - history.import_kwh[before]
        expected[gate == 0] = 0.0
        return expected
