"""Persistence: the coming slot will be as the last one was; the forecast that every better one must beat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from ysc_sim.contracts import History
from ysc_sim.units import Floats


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
        exported = history.export_kwh[end] - history.export_kwh[end - 1]
        expected: Floats = exported - (history.import_kwh[end] - history.import_kwh[end - 1])
        expected[gate == 0] = 0.0
        return expected
