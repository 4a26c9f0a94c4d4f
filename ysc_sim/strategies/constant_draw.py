"""Constant draw: seen from the utility the building takes the same power all day.

Once a day the level is set to what the building is expected to need on average (the mean of the last days of its kind:
yesterday, and the same day of the week before) plus what brings the store back to ``rest_soc`` within the day. Until
the next day the battery makes up every difference, with the demand meter's own quantity, so that each half-hour's mean
is the level. The store must hold the day's swing and the forecast's error; docs/peak-cut.md shows how large that is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ysc_sim.contracts import DeviceState, Outlook, Rows, View
from ysc_sim.strategies.window import allowed_kw, window_of
from ysc_sim.units import KW, SECONDS_PER_HOUR, Bools, Floats, Fraction

DAY_S = 86_400
DAY_H = 24.0
WEEK = 7


@dataclass(frozen=True, kw_only=True)
class ConstantDrawSpec:
    """How the level of a day is found."""

    first_kw: KW = 0.0
    """Level of the first day; 0: what the first half-hour needs."""
    rest_soc: Fraction = 0.5
    """Share of the usable energy that the store is brought back to."""
    correction: Fraction = 1.0
    """Share of its distance from there that is made up within a day."""
    week_weight: Fraction = 0.6
    """Weight of the same day of the week before against yesterday, once it is known."""


class ConstantDraw:
    """One level a day, held by the battery."""

    kind: ClassVar[str] = "constant_draw"
    Spec: ClassVar[type] = ConstantDrawSpec
    reads_market: ClassVar[bool] = False
    sees_future: ClassVar[bool] = False

    def __init__(self, specs: Sequence[ConstantDrawSpec], building_ids: Sequence[str]) -> None:
        self.first_kw = np.array([spec.first_kw for spec in specs], dtype=np.float64)
        self.rest_soc = np.array([spec.rest_soc for spec in specs], dtype=np.float64)
        self.correction = np.array([spec.correction for spec in specs], dtype=np.float64)
        self.week_weight = np.array([spec.week_weight for spec in specs], dtype=np.float64)
        self._offset_s = 0

    def prepare(self, outlook: Outlook) -> None:
        """Learn when midnight is."""
        self._offset_s = outlook.axis.seconds_of_day

    def start(self, rows: Rows) -> DeviceState:
        """``level_kw``, ``day`` (number of the day whose level it is, −1: none yet), ``last_s``, ``last_kw`` and
        ``today_kwh`` (S, n); ``days_kw`` (S, n, 7): mean needs of the last days, the latest first, NaN: unknown.
        """
        shape = (rows.count, len(self.first_kw))
        return {
            "level_kw": np.zeros(shape),
            "day": np.full(shape, -1.0),
            "last_s": np.zeros(shape),
            "last_kw": np.zeros(shape),
            "today_kwh": np.zeros(shape),
            "days_kw": np.full((*shape, WEEK), np.nan),
        }

    def decide(self, view: View, state: DeviceState) -> Floats:
        """Whatever the need differs from the level."""
        need = -view.fixed_kw
        now = np.empty(need.shape)
        now[...] = view.t_s
        state["today_kwh"] += state["last_kw"] * (now - state["last_s"]) / SECONDS_PER_HOUR
        state["last_s"], state["last_kw"] = now, need.copy()
        day = np.floor((now + self._offset_s) / DAY_S)
        opens = day > state["day"]
        if opens.any():
            self._open_day(view, state, opens, need)
            state["day"] = np.where(opens, day, state["day"])
        return need - allowed_kw(window_of(view), state["level_kw"], view.meters.so_far_kwh)

    def _open_day(self, view: View, state: DeviceState, opens: Bools, need: Floats) -> None:
        """Close the day that ended and set the level of the new one."""
        known = opens & (state["day"] >= 0)
        # The first day may have begun after midnight.
        length_h = np.where(state["day"] == 0, DAY_H - self._offset_s / SECONDS_PER_HOUR, DAY_H)
        days = state["days_kw"]
        days[...] = np.where(known[:, :, None], np.roll(days, 1, axis=2), days)
        days[:, :, 0] = np.where(known, state["today_kwh"] / length_h, days[:, :, 0])
        state["today_kwh"] = np.where(opens, 0.0, state["today_kwh"])
        yesterday, week = days[:, :, 0], days[:, :, WEEK - 1]
        expected = np.where(np.isnan(week), yesterday, yesterday + self.week_weight * (week - yesterday))
        store = view.store
        usable = store.capacity_kwh - store.floor_kwh
        missing = self.rest_soc * usable - (store.stored_kwh - store.floor_kwh)
        begin = np.where(self.first_kw > 0, self.first_kw, np.maximum(need, 0.0))
        level = np.where(np.isnan(expected), begin, expected + self.correction * missing / DAY_H)
        state["level_kw"] = np.where(opens, np.maximum(level, 0.0), state["level_kw"])
