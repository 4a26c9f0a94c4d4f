"""Time-of-use arbitrage: charge where the printed tariff is cheapest, discharge where the spread pays.

The prices of the coming day are printed, so no forecast of them is needed. The store is filled in the cheapest slots
ahead, and covers the building's own need in every slot whose price, after the losses of a round trip and the wear of a
kWh, exceeds that cheapest price; but what the dearer slots until the next cheap one will take, at the need of now, is
kept for them. It never discharges into the grid, and surplus is always stored. Charging keeps the
import below the largest half-hour that the building needed by itself in the last ``memory_days`` days, or below
``limit_kw``, so that saving on energy does not make a new peak.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Ge, Le

from ysc_sim.contracts import DeviceState, Rows, View
from ysc_sim.strategies.window import allowed_kw, window_of
from ysc_sim.units import KW, SECONDS_PER_HOUR, Efficiency, Floats, JPYPerKWh, Unit

DAY_S = 86_400
SAME_JPY = 1e-9


@dataclass(frozen=True, kw_only=True)
class TouArbitrageSpec:
    """When a spread pays."""

    round_trip_efficiency: Efficiency = 0.9
    """Delivered per charged energy."""
    wear_jpy_per_kwh: JPYPerKWh = 0.0
    """Wear of the store per discharged kWh."""
    limit_kw: KW = 0.0
    """Import while charging stays below; 0: below the building's own largest half-hour of the last days."""
    memory_days: Annotated[int, Ge(1), Le(60), Unit("d")] = 28
    """How long that half-hour is remembered."""


class TouArbitrage:
    """Cheap hours in, dear hours out."""

    kind: ClassVar[str] = "tou_arbitrage"
    Spec: ClassVar[type] = TouArbitrageSpec
    reads_market: ClassVar[bool] = False

    def __init__(self, specs: Sequence[TouArbitrageSpec], building_ids: Sequence[str]) -> None:
        self.efficiency = np.array([spec.round_trip_efficiency for spec in specs], dtype=np.float64)
        self.wear = np.array([spec.wear_jpy_per_kwh for spec in specs], dtype=np.float64)
        self.limit_kw = np.array([spec.limit_kw for spec in specs], dtype=np.float64)
        self.days = np.array([spec.memory_days for spec in specs], dtype=np.int64)

    def start(self, rows: Rows) -> DeviceState:
        """``need_kwh`` of the half-hour so far, ``last_s``, ``last_kw``, ``day`` (S, n); ``peaks_kw`` (S, n, days):
        the building's own largest half-hour of each of the last days, today's first.
        """
        shape = (rows.count, len(self.days))
        empty = {name: np.zeros(shape) for name in ("need_kwh", "last_s", "last_kw", "day")}
        return {**empty, "peaks_kw": np.zeros((*shape, int(self.days.max())))}

    def decide(self, view: View, state: DeviceState) -> Floats:
        """Charge in the cheapest slot ahead, cover the need where it pays, store surplus."""
        need = -view.fixed_kw
        self._remember(view, state, need)
        ahead, _ = view.prices_ahead(DAY_S // int(view.slot_s))
        price, cheapest = ahead[0], np.minimum.reduce(ahead, axis=0)
        dear = price * self.efficiency > cheapest + self.wear * self.efficiency + SAME_JPY
        pays = np.maximum.reduce(ahead, axis=0) * self.efficiency > cheapest + self.wear * self.efficiency + SAME_JPY
        cheap = (price <= cheapest + SAME_JPY) & pays
        own = np.maximum.reduce(state["peaks_kw"], axis=2)
        limit = np.where(self.limit_kw > 0, self.limit_kw, own)
        room = np.maximum(allowed_kw(window_of(view), limit, view.meters.so_far_kwh) - need, 0.0)
        store_surplus = np.minimum(need, 0.0)
        kept = self._for_dearer_kwh(view, ahead, cheapest, need)
        store = view.store
        spare = (store.stored_kwh - store.floor_kwh) * np.sqrt(self.efficiency) - kept
        free = np.maximum(spare, 0.0) * SECONDS_PER_HOUR / (view.slot_s - view.slot_elapsed_s)
        wish = np.where(dear & (need > 0), np.minimum(need, free), store_surplus)
        return np.where(cheap, np.minimum(-room, store_surplus), wish)

    def _for_dearer_kwh(self, view: View, ahead: Floats, cheapest: Floats, need: Floats) -> Floats:
        """What slots dearer than this one, before the next cheapest one, would take at the need of now, (R, n)."""
        cheap_seen = np.logical_or.accumulate(ahead <= cheapest + SAME_JPY, axis=0)
        dearer = np.add.reduce((ahead > ahead[0] + SAME_JPY) & ~cheap_seen, axis=0)
        power = np.minimum(np.maximum(need, 0.0), np.maximum(view.hi_kw, 0.0))
        return np.asarray(dearer * power * view.slot_s / SECONDS_PER_HOUR)

    def _remember(self, view: View, state: DeviceState, need: Floats) -> None:
        """Book the need since the last look; close half-hours and days."""
        now = np.broadcast_to(view.t_s, need.shape)
        state["need_kwh"] += np.maximum(state["last_kw"], 0.0) * (now - state["last_s"]) / SECONDS_PER_HOUR
        opens = np.broadcast_to(window_of(view).opens, need.shape)
        mean = state["need_kwh"] / (view.slot_s / SECONDS_PER_HOUR)
        peaks = state["peaks_kw"]
        peaks[:, :, 0] = np.where(opens, np.maximum(peaks[:, :, 0], mean), peaks[:, :, 0])
        state["need_kwh"] = np.where(opens, 0.0, state["need_kwh"])
        day = np.floor(now / DAY_S)
        turned = day > state["day"]
        if turned.any():
            moved = np.roll(peaks, 1, axis=2)
            moved[:, :, 0] = 0.0
            kept = np.arange(peaks.shape[2]) < self.days[:, None]
            peaks[...] = np.where(turned[:, :, None], moved, peaks) * kept
        state["day"], state["last_s"] = day, np.array(now, dtype=np.float64)
        state["last_kw"] = need.copy()
