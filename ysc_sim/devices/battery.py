"""Stationary batteries: energy in a store, power limits, a loss on the way in and on the way out.

Between two instants the power at the terminals is constant, so the stored energy is linear in time and the moment
at which the store is full or at its floor is known in closed form [1]_:

    Δstored = η_c · charge − discharge / η_d

.. [1] The energy reservoir model, e.g. D. Pozo, J. Contreras, E. Sauma, "Unit commitment with ideal and generic
   energy storage units", IEEE Trans. Power Systems 29(6), 2014, eq. (1)–(4).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ysc_sim.contracts import Bands, DeviceState, EnergyClass, Flow, Moment, Placed, Store
from ysc_sim.devices.reservoir import move_energy
from ysc_sim.units import EMPTY_KWH, SECONDS_PER_HOUR, Bools, Efficiency, Floats, Fraction, PositiveKW, PositiveKWh


@dataclass(frozen=True, kw_only=True)
class BatterySpec:
    """One stationary battery."""

    energy_kwh: PositiveKWh
    """Nominal energy."""
    power_kw: PositiveKW
    """Largest charging and discharging power at the terminals."""
    charge_efficiency: Efficiency = 0.95
    """Stored per charged energy. 0.95 × 0.95 is a usual home system (HTW Berlin Stromspeicher-Inspektion)."""
    discharge_efficiency: Efficiency = 0.95
    """Delivered per energy taken from the store."""
    soc_min: Fraction = 0.0
    """Floor that is never crossed, share of the nominal energy."""
    soc_max: Fraction = 1.0
    """Ceiling, share of the nominal energy."""
    soc_start: Fraction = 0.5
    """Stored at the start, share of the nominal energy."""
    grid_forming: bool = True
    """Whether it can hold an island's voltage and frequency (自立運転)."""

    def check(self) -> list[tuple[str, str, dict[str, object]]]:
        """Cross rules: (problem key, field, values)."""
        found: list[tuple[str, str, dict[str, object]]] = []
        if self.soc_min >= self.soc_max:
            found.append(("soc_band_empty", "soc_min", {"soc_min": self.soc_min, "soc_max": self.soc_max}))
        elif not self.soc_min <= self.soc_start <= self.soc_max:
            values: dict[str, object] = {"soc_start": self.soc_start, "soc_min": self.soc_min, "soc_max": self.soc_max}
            found.append(("soc_start_outside", "soc_start", values))
        return found


class BatteryFleet:
    """All stationary batteries of a community."""

    kind: ClassVar[str] = "battery"
    energy_class: ClassVar[EnergyClass] = "battery"
    Spec: ClassVar[type] = BatterySpec

    def __init__(self, placed: Placed) -> None:
        self.placed = placed
        self.flexible = True
        self.stores = True
        self.tier_shares: Floats | None = None
        self.forming: Bools = placed.column("grid_forming").astype(np.bool_)
        energy_kwh = placed.column("energy_kwh")
        self.power_kw = placed.column("power_kw")
        self.eta_charge = placed.column("charge_efficiency")
        self.eta_discharge = placed.column("discharge_efficiency")
        self.floor_kwh = energy_kwh * placed.column("soc_min")
        self.ceiling_kwh = energy_kwh * placed.column("soc_max")
        self._start_kwh = energy_kwh * placed.column("soc_start")
        self._nothing = np.zeros((1, len(energy_kwh)))

    def start(self) -> DeviceState:
        """``stored_kwh`` (S, m)."""
        rows = self.placed.site.rows.count
        return {"stored_kwh": np.repeat(self._start_kwh[None, :], rows, axis=0)}

    def bands(self, state: DeviceState, moment: Moment) -> Bands:
        """Full power in either direction, as long as there is energy or room."""
        stored = state["stored_kwh"]
        lo = np.multiply(-self.power_kw, stored < self.ceiling_kwh - EMPTY_KWH)
        hi = np.multiply(self.power_kw, stored > self.floor_kwh + EMPTY_KWH)
        return Bands(lo, hi, self._nothing)

    def advance(self, state: DeviceState, p_kw: Floats, dt_s: float | Floats, moment: Moment) -> Flow:
        """Exact for constant power: the limit met inside ``dt_s`` ends the flow at its own time."""
        stored, flow = move_energy(
            state["stored_kwh"], p_kw, dt_s, self.floor_kwh, self.ceiling_kwh, self.eta_charge, self.eta_discharge
        )
        state["stored_kwh"] = stored
        return flow

    def store(self, state: DeviceState) -> Store:
        """Energy inside, floor and ceiling."""
        return Store(
            state["stored_kwh"], self.floor_kwh, self.ceiling_kwh, charge_kw=self.power_kw, discharge_kw=self.power_kw
        )

    def limit_s(self, state: DeviceState, p_kw: Floats) -> Floats:
        """Seconds until full or at the floor."""
        stored = state["stored_kwh"]
        drain = self.drain_kw(state, p_kw)
        room = np.where(drain > 0, stored - self.floor_kwh, self.ceiling_kwh - stored)
        rate = np.abs(drain)
        seconds: Floats = np.full(room.shape, np.inf)
        np.divide(room * SECONDS_PER_HOUR, rate, out=seconds, where=rate > 0)
        return seconds

    def drain_kw(self, state: DeviceState, p_kw: Floats) -> Floats:
        """Rate at which the stores fall."""
        return np.where(p_kw > 0, p_kw / self.eta_discharge, p_kw * self.eta_charge)

    def next_event_s(self, state: DeviceState, moment: Moment) -> Floats | None:
        """Nothing of its own ever changes."""
        return None

    def on_event(self, state: DeviceState, moment: Moment) -> None:
        """Never due."""
