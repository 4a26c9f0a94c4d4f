"""Peak cut (ピークカット): hold the half-hour mean of a building's import at a target, with its battery.

A demand meter (デマンド計) counts the energy of each clock half-hour. With E kWh imported so far and τ hours left of
the window of T hours, the import that just reaches the target D* is [1]_

    P_allowed = (D* · T − E) / τ

Above it the battery discharges the difference; below it the battery is refilled from the grid up to ``refill_soc``,
never by more than what is allowed; surplus is always stored. A target that was broken is lost for twelve months
(実量制), so with ``ratchet`` it rises to what was reached: the battery is then kept for what still can be saved.

.. [1] The common law of demand controllers; see e.g. JP 2017-055612 A, abstract (forecast from two energies).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ysc_sim.contracts import DeviceState, Rows, View
from ysc_sim.strategies.window import allowed_kw, raise_target, refill_kw, targets_kw, window_of
from ysc_sim.units import Floats, Fraction, PositiveKW


@dataclass(frozen=True, kw_only=True)
class PeakCutSpec:
    """Target of one building."""

    target_kw: PositiveKW
    """Half-hour mean import that must not be exceeded."""
    refill_soc: Fraction = 1.0
    """Up to this share of the usable energy the store is refilled from the grid below the target."""
    ratchet: bool = True
    """Raise the target to a half-hour that exceeded it."""


class PeakCut:
    """Battery threshold control on the demand meter's own quantity."""

    kind: ClassVar[str] = "peak_cut"
    Spec: ClassVar[type] = PeakCutSpec
    row_fields: ClassVar[tuple[str, ...]] = ("target_kw",)
    reads_market: ClassVar[bool] = False

    def __init__(self, specs: Sequence[PeakCutSpec], building_ids: Sequence[str]) -> None:
        self.names = [f"{name}/strategy" for name in building_ids]
        self.target_kw = np.array([spec.target_kw for spec in specs], dtype=np.float64)
        self.refill_soc = np.array([spec.refill_soc for spec in specs], dtype=np.float64)
        self.ratchet = np.array([spec.ratchet for spec in specs], dtype=np.bool_)

    def start(self, rows: Rows) -> DeviceState:
        """``target_kw`` (S, n): the target now."""
        return {"target_kw": targets_kw(rows, self.names, self.target_kw)}

    def decide(self, view: View, state: DeviceState) -> Floats:
        """Discharge above the allowed import, refill below it, store any surplus."""
        window, meters = window_of(view), view.meters
        raise_target(window, state["target_kw"], meters.last_slot_kwh, self.ratchet)
        allowed = allowed_kw(window, state["target_kw"], meters.so_far_kwh)
        need = -view.fixed_kw
        return np.where(need > allowed, need - allowed, refill_kw(view, need, allowed, self.refill_soc))
