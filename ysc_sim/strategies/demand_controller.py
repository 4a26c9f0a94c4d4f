"""Demand controller (デマンドコントローラ): forecast the half-hour's end, discharge, then switch loads off.

With E kWh so far, import P now, and T − t left, the half-hour will end at F = (E + P·(T − t))/T. The power by which
the import must fall is U = (F − D*)·T/(T − t) = P − (D*·T − E)/(T − t) [1]_. The battery gives what it can; what is
left of U is met by switching stages of load off, priority 1 first, until they are enough. A stage comes back, the
last one first, when that would leave the import ``hysteresis_kw`` below the allowed one. No stage is switched off in
the first ``settle_minutes`` of a half-hour, when the forecast hangs on too little, and none before it has been on, or
off, for its own least time.

.. [1] The common law of such meters; forecast from two energies: JP 2017-055612 A, abstract.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

from ysc_sim.contracts import Curtailable, DeviceState, Rows, View, Wish
from ysc_sim.strategies.window import allowed_kw, raise_target, refill_kw, targets_kw, window_of
from ysc_sim.units import KW, Bools, Floats, Fraction, Minutes, PositiveKW

STAGES = 9
"""Most priorities that a community can have."""
SECONDS_PER_MINUTE = 60.0


@dataclass(frozen=True, kw_only=True)
class DemandControllerSpec:
    """Target of one building, and how patient its controller is."""

    target_kw: PositiveKW
    """Half-hour mean import that must not be exceeded."""
    hysteresis_kw: KW = 2.0
    """Loads come back when the import then stays so far below the allowed one."""
    settle_minutes: Minutes = 5.0
    """No load is switched off in the first minutes of a half-hour."""
    refill_soc: Fraction = 1.0
    """Up to this share of the usable energy the store is refilled from the grid below the target."""
    ratchet: bool = True
    """Raise the target to a half-hour that exceeded it."""


class Stages(NamedTuple):
    """Switches of one instant, (R, n, P) each."""

    off: Floats
    may_go: Bools
    may_return: Bools


class DemandController:
    """Battery first, then loads by priority with hysteresis and least times."""

    kind: ClassVar[str] = "demand_controller"
    Spec: ClassVar[type] = DemandControllerSpec
    row_fields: ClassVar[tuple[str, ...]] = ("target_kw",)
    reads_market: ClassVar[bool] = False

    def __init__(self, specs: Sequence[DemandControllerSpec], building_ids: Sequence[str]) -> None:
        self.names = [f"{name}/strategy" for name in building_ids]
        self.target_kw = np.array([spec.target_kw for spec in specs], dtype=np.float64)
        self.hysteresis_kw = np.array([spec.hysteresis_kw for spec in specs], dtype=np.float64)
        self.settle_s = np.array([spec.settle_minutes for spec in specs], dtype=np.float64) * SECONDS_PER_MINUTE
        self.refill_soc = np.array([spec.refill_soc for spec in specs], dtype=np.float64)
        self.ratchet = np.array([spec.ratchet for spec in specs], dtype=np.bool_)

    def start(self, rows: Rows) -> DeviceState:
        """``target_kw`` (S, n); ``off`` 0/1 and ``since_s`` of the last switching, (S, n, 9)."""
        n = len(self.target_kw)
        return {
            "target_kw": targets_kw(rows, self.names, self.target_kw),
            "off": np.zeros((rows.count, n, STAGES)),
            "since_s": np.full((rows.count, n, STAGES), -np.inf),
        }

    def decide(self, view: View, state: DeviceState) -> Floats | Wish:
        """Discharge above the allowed import, switch off what the battery cannot cover, refill below it."""
        window, meters = window_of(view), view.meters
        raise_target(window, state["target_kw"], meters.last_slot_kwh, self.ratchet)
        allowed = allowed_kw(window, state["target_kw"], meters.so_far_kwh)
        need = -view.fixed_kw
        loads = view.curtailable
        if loads is not None:
            off = self._switch(view, state, loads, need - np.maximum(view.hi_kw, 0.0) - allowed)
            need = need - np.add.reduce(off * loads.want_kw, axis=2)
        power = np.where(need > allowed, need - allowed, refill_kw(view, need, allowed, self.refill_soc))
        return power if loads is None else Wish(power, off)

    def _switch(self, view: View, state: DeviceState, loads: Curtailable, excess_kw: Floats) -> Floats:
        """Which stages are off from now on, (R, n, P); ``excess_kw``: what all loads together would take too much."""
        stages = loads.want_kw.shape[2]
        before = state["off"][:, :, :stages]
        if not before.any() and not (excess_kw > 0).any():
            return before.copy()  # none may go, none can return
        now = np.broadcast_to(view.t_s, (len(excess_kw), 1))[:, :, None]
        rested = now - state["since_s"][:, :, :stages]
        settled = (np.broadcast_to(view.slot_elapsed_s, (len(excess_kw), 1)) >= self.settle_s)[:, :, None]
        held = Stages(before.copy(), (rested >= loads.min_on_s) & settled, rested >= loads.min_off_s)
        over = excess_kw - np.add.reduce(before * loads.want_kw, axis=2)
        for stage in range(stages):
            over = _one_off(held, loads.want_kw, stage, over)
        for stage in reversed(range(stages)):
            over = _one_on(held, before, loads.want_kw, stage, over, self.hysteresis_kw)
        changed = held.off != before
        state["since_s"][:, :, :stages] = np.where(changed, now, state["since_s"][:, :, :stages])
        state["off"][:, :, :stages] = held.off
        return held.off


def _one_off(held: Stages, want_kw: Floats, stage: int, over_kw: Floats) -> Floats:
    """Switch a stage off where the import is still too high; what is then still too high."""
    goes = (over_kw > 0) & (held.off[:, :, stage] == 0) & held.may_go[:, :, stage] & (want_kw[:, :, stage] > 0)
    held.off[:, :, stage] += goes
    return np.asarray(over_kw - goes * want_kw[:, :, stage])


def _one_on(
    held: Stages, before: Floats, want_kw: Floats, stage: int, over_kw: Floats, hysteresis_kw: Floats
) -> Floats:
    """Let a stage back where there is room for it; what is then too high (below 0: still allowed)."""
    was_off = (before[:, :, stage] == 1) & (held.off[:, :, stage] == 1) & held.may_return[:, :, stage]
    returns = was_off & (over_kw + want_kw[:, :, stage] <= -hysteresis_kw)
    held.off[:, :, stage] -= returns
    return np.asarray(over_kw + returns * want_kw[:, :, stage])
