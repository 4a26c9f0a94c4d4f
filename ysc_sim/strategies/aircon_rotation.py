"""Rotation of air conditioners (空調の輪番停止): while a target is in danger, groups take turns in being off.

The groups are the priorities of the building's switchable loads. When the half-hour is forecast to end above
``start_share`` of the target, ``off_at_once`` groups are off for ``turn_minutes`` each, one after the other, until the
forecast with all of them on lies below. So nobody is without for longer than a turn. The battery, if there is one,
holds the target itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Ge, Gt, Le

from ysc_sim.contracts import DeviceState, Rows, View, Wish
from ysc_sim.strategies.window import allowed_kw, raise_target, refill_kw, window_of
from ysc_sim.units import Floats, Fraction, PositiveKW, Unit

SECONDS_PER_MINUTE = 60.0


@dataclass(frozen=True, kw_only=True)
class AirconRotationSpec:
    """Target of one building and how its groups take turns."""

    target_kw: PositiveKW
    """Half-hour mean import that must not be exceeded."""
    start_share: Fraction = 0.9
    """The rotation runs while the forecast for the half-hour lies above this share of the target."""
    turn_minutes: Annotated[float, Gt(0), Le(1440), Unit("min")] = 10.0
    """How long a group is off in its turn."""
    off_at_once: Annotated[int, Ge(1), Le(9), Unit("1")] = 1
    """Groups that are off together."""


class AirconRotation:
    """Groups off in turn while the forecast is too high."""

    kind: ClassVar[str] = "aircon_rotation"
    Spec: ClassVar[type] = AirconRotationSpec
    reads_market: ClassVar[bool] = False

    def __init__(self, specs: Sequence[AirconRotationSpec], building_ids: Sequence[str]) -> None:
        self.target_kw = np.array([spec.target_kw for spec in specs], dtype=np.float64)
        self.start_share = np.array([spec.start_share for spec in specs], dtype=np.float64)
        self.turn_s = np.array([spec.turn_minutes for spec in specs], dtype=np.float64) * SECONDS_PER_MINUTE
        self.off_at_once = np.array([spec.off_at_once for spec in specs], dtype=np.int64)
        self.always = np.ones(len(specs), dtype=np.bool_)

    def start(self, rows: Rows) -> DeviceState:
        """``target_kw`` (S, n); ``running`` 0/1 (S, n)."""
        target = np.repeat(self.target_kw[None, :], rows.count, axis=0)
        return {"target_kw": target, "running": np.zeros_like(target)}

    def decide(self, view: View, state: DeviceState) -> Floats | Wish:
        """Turns of the groups; discharge above the allowed import, refill below it."""
        window, meters = window_of(view), view.meters
        raise_target(window, state["target_kw"], meters.last_slot_kwh, self.always)
        allowed = allowed_kw(window, state["target_kw"], meters.so_far_kwh)
        need, loads = -view.fixed_kw, view.curtailable
        if loads is not None:
            forecast = (meters.so_far_kwh + need * window.left_h) / window.hours
            state["running"] = (forecast > self.start_share * state["target_kw"]).astype(np.float64)
            off = self._turn(view, loads.want_kw) * state["running"][:, :, None]
            need = need - np.add.reduce(off * loads.want_kw, axis=2)
        power = np.where(need > allowed, need - allowed, refill_kw(view, need, allowed, np.ones(len(self.always))))
        return power if loads is None else Wish(power, off)

    def _turn(self, view: View, want_kw: Floats) -> Floats:
        """Groups whose turn it is, (R, n, P); those that a building does not have take no turn."""
        rows, n, stages = want_kw.shape
        mine = np.maximum.reduce(want_kw, axis=0) > 0
        count = np.add.reduce(mine, axis=1)
        place = np.cumsum(mine, axis=1) - 1
        turn = np.broadcast_to(view.t_s, (rows, 1)) // self.turn_s
        first = turn % np.maximum(count, 1)
        behind = (place[None] - first[:, :, None]) % np.maximum(count, 1)[:, None]
        return np.asarray((mine[None] & (behind < self.off_at_once[:, None])).astype(np.float64)).reshape(
            rows, n, stages
        )
