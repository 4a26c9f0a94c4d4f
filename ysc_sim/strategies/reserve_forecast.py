"""Reserve by forecast: kept is what the coming hours are expected to need, if the grid failed now.

Between a fixed level, which is too little before a long evening and too much at noon, and the exact curve of
:mod:`~ysc_sim.strategies.reserve_curve`, which knows the future: the need of the finished slots is forecast for
``hours``, the part ``critical`` of it is to be served, expected surplus recharges, and the largest running sum is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Ge, Gt, Le

from ysc_sim.contracts import DeviceState, Forecast, Outlook, Rows, Strategy, View, Wish
from ysc_sim.strategies.holding import Filling, decide_inside, start_inside
from ysc_sim.strategies.memory import NeedMemory
from ysc_sim.units import KW, SECONDS_PER_HOUR, Floats, Fraction, Unit

HALF_HOURS_A_DAY = 48


@dataclass(frozen=True, kw_only=True)
class ReserveForecastSpec:
    """What one building keeps."""

    hours: Annotated[float, Gt(0), Le(168), Unit("h")] = 6.0
    """Length of the outage that is to be lived through, as far as the forecast is right."""
    critical: Fraction = 0.5
    """Share of the expected need that is to be served."""
    margin: Annotated[float, Ge(0), Le(10), Unit("1")] = 0.1
    """Share by which the expectation is raised."""
    charge_from_grid_kw: KW | None = None
    """Power with which the grid may fill the store; the store's own if not given."""


class ReserveForecast:
    """Clips the wishes of the strategy inside it at what a forecast says."""

    kind: ClassVar[str] = "reserve_forecast"
    Spec: ClassVar[type] = ReserveForecastSpec
    reads_market: ClassVar[bool] = True
    sees_future: ClassVar[bool] = False
    takes: ClassVar[tuple[str, ...]] = ("inner", "forecast")

    def __init__(
        self,
        specs: Sequence[ReserveForecastSpec],
        building_ids: Sequence[str],
        *,
        inner: Strategy,
        forecast: Forecast,
    ) -> None:
        self.inner, self._forecast = inner, forecast
        self._hours = np.array([spec.hours for spec in specs], dtype=np.float64)
        self._share = np.array([spec.critical * (1.0 + spec.margin) for spec in specs], dtype=np.float64)
        self._filling = Filling(spec.charge_from_grid_kw for spec in specs)
        self._slot_h = 0.5
        self._memory = NeedMemory(HALF_HOURS_A_DAY)

    def prepare(self, outlook: Outlook) -> None:
        """Note powers and efficiencies of the stores, and the clock."""
        self._filling.prepare(outlook)
        self._slot_h = outlook.axis.slot_s / SECONDS_PER_HOUR
        self._memory = NeedMemory(86_400 // outlook.axis.slot_s)

    def start(self, rows: Rows) -> DeviceState:
        """``keep_kwh`` (S, n), the finished slots, and what the strategy inside remembers."""
        n = len(self._hours)
        kept = {"keep_kwh": np.zeros((rows.count, n)), **self._memory.start(rows.count, n)}
        return {**kept, **start_inside(self.inner, rows)}

    def decide(self, view: View, state: DeviceState) -> Floats | Wish:
        """What the strategy inside wants, but no more than leaves the expected need at the end of the step."""
        wish = decide_inside(self.inner, view, state)
        if self._memory.look(state, view, -view.fixed_kw).any():
            state["keep_kwh"] = self._expected_kwh(state)
        store = view.store
        keep = np.minimum(state["keep_kwh"], store.capacity_kwh - store.floor_kwh)
        return self._filling.clip(wish, view, keep)

    def _expected_kwh(self, state: DeviceState) -> Floats:
        """Least energy above the floor with which the expected need would be served, (R, n)."""
        count = int(np.ceil(self._hours.max() / self._slot_h))
        need = -self._forecast.predict_ahead(self._memory.history(state), count)
        charging, discharging = self._filling.efficiency
        used = np.where(need > 0, need * self._share / discharging, need * charging)
        ends_h = (np.arange(count) + 1)[:, None, None] * self._slot_h
        # The last slot counts in the part that lies within the promised hours.
        used = used * np.clip((self._hours - ends_h) / self._slot_h + 1.0, 0.0, 1.0)
        running: Floats = np.cumsum(used, axis=0).max(axis=0, initial=0.0)
        return running
