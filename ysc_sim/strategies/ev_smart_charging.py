"""Smart charging and V2H: vehicles are charged in the cheapest hours before they leave, and may feed the building.

What a vehicle still lacks at its next departure needs k slots at the charger's power. It is charged at full power in
slots that are cheaper than the k-th cheapest before the departure, and evenly over all slots at that price, so that a
flat night price spreads the charge instead of piling it up. Surplus is taken first. With ``v2h`` the vehicles and the
battery cover the building's own need in slots whose price exceeds the cheapest one ahead by the losses of a round
trip. The departure is taken as known (a driver tells it); the vehicle's fleet forces what the driver needs in any
case. Vehicles should be declared ``charge: departure``: with ``arrival`` they leave nothing to choose.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ysc_sim.contracts import DeviceState, Rows, Vehicles, View
from ysc_sim.strategies.window import allowed_kw, window_of
from ysc_sim.units import KW, SECONDS_PER_HOUR, Efficiency, Floats

AHEAD_SLOTS = 48
SAME_JPY = 1e-9


@dataclass(frozen=True, kw_only=True)
class EvSmartChargingSpec:
    """How the vehicles of one building are charged."""

    limit_kw: KW = 0.0
    """Charging by choice keeps the half-hour's import below; 0: no limit."""
    v2h: bool = True
    """Whether vehicles and battery cover the building's own need in dear hours."""
    charge_efficiency: Efficiency = 0.9
    """Stored per charged energy, for planning."""
    round_trip_efficiency: Efficiency = 0.81
    """Delivered per charged energy: what a spread must pay for."""


class EvSmartCharging:
    """Cheapest hours first, spread where they cost the same."""

    kind: ClassVar[str] = "ev_smart_charging"
    Spec: ClassVar[type] = EvSmartChargingSpec
    reads_market: ClassVar[bool] = False

    def __init__(self, specs: Sequence[EvSmartChargingSpec], building_ids: Sequence[str]) -> None:
        self.limit_kw = np.array([spec.limit_kw or np.inf for spec in specs], dtype=np.float64)
        self.v2h = np.array([spec.v2h for spec in specs], dtype=np.bool_)
        self.eta = np.array([spec.charge_efficiency for spec in specs], dtype=np.float64)
        self.round_trip = np.array([spec.round_trip_efficiency for spec in specs], dtype=np.float64)

    def start(self, rows: Rows) -> DeviceState:
        """Remembers nothing."""
        return {}

    def decide(self, view: View, state: DeviceState) -> Floats:
        """Planned charging of the vehicles, and the mirror of the need where that pays."""
        need = -view.fixed_kw
        ahead, _ = view.prices_ahead(AHEAD_SLOTS)
        dear = ahead[0] * self.round_trip > np.minimum.reduce(ahead, axis=0) + SAME_JPY
        mirror = np.where(self.v2h & (dear | (need < 0)), need, np.minimum(need, 0.0))
        vehicles = view.vehicles
        if vehicles is None:
            return mirror
        charge = self._planned_kw(view, vehicles, ahead)
        room = np.maximum(allowed_kw(window_of(view), self.limit_kw, view.meters.so_far_kwh) - need, 0.0)
        charge = np.minimum(charge, room)
        # A vehicle that lacks something does not feed the building.
        return np.where(
            charge > 0,
            np.minimum(mirror, 0.0) - charge,
            np.where(vehicles.missing_kwh > 0, np.minimum(mirror, 0.0), mirror),
        )

    def _planned_kw(self, view: View, vehicles: Vehicles, ahead: Floats) -> Floats:
        """Power into the vehicles in this slot, (R, n)."""
        slot_h = view.slot_s / SECONDS_PER_HOUR
        begin = np.broadcast_to(view.t_s, (len(vehicles.due_s), 1)) - view.slot_elapsed_s
        left = np.clip(np.floor((vehicles.due_s - begin) / view.slot_s), 1, AHEAD_SLOTS)
        per_slot = vehicles.charge_kw * slot_h * self.eta
        wanted = np.divide(vehicles.missing_kwh, per_slot, out=np.zeros_like(per_slot), where=per_slot > 0)
        k = np.clip(np.ceil(wanted - 1e-9), 0, left)
        prices = np.where(np.arange(AHEAD_SLOTS)[:, None, None] < left, ahead[:, None, :], np.inf)
        at_margin = np.take_along_axis(np.sort(prices, axis=0), np.maximum(k - 1, 0).astype(np.int64)[None], axis=0)[0]
        cheaper = np.add.reduce(prices < at_margin - SAME_JPY, axis=0)
        equal = np.add.reduce(np.abs(prices - at_margin) <= SAME_JPY, axis=0)
        share = np.clip(np.divide(wanted - cheaper, equal, out=np.ones_like(wanted), where=equal > 0), 0.0, 1.0)
        now = np.where(
            ahead[0] < at_margin - SAME_JPY, 1.0, np.where(np.abs(ahead[0] - at_margin) <= SAME_JPY, share, 0.0)
        )
        return np.asarray(np.where(k > 0, now * vehicles.charge_kw, 0.0))
