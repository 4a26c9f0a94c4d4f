"""Reserve on notice: nothing, or little, is kept in the store until an outage is announced; then it is filled.

Rolling outages (計画停電) and work on the lines are told beforehand: in March 2011 about two hours. Between the notice
and the start another strategy may no longer spend what is wanted for the outage, and what is missing is charged, evenly
until the start if the peak is not to rise. An outage that nobody announced finds what is kept at other times.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ysc_sim.contracts import DeviceState, Outlook, Rows, Strategy, View, Wish
from ysc_sim.strategies.holding import Filling, decide_inside, start_inside
from ysc_sim.units import KW, Floats, Fraction


@dataclass(frozen=True, kw_only=True)
class ReserveOnNoticeSpec:
    """What one building keeps."""

    level: Fraction = 1.0
    """Share of the usable energy that is wanted at the start of an announced outage."""
    otherwise: Fraction = 0.0
    """Share that is kept at all other times."""
    charge_from_grid_kw: KW | None = None
    """Power with which the grid may fill the store; the store's own if not given."""
    evenly: bool = True
    """Charge evenly until the start of the outage; else at once, as fast as may be."""


class ReserveOnNotice:
    """Clips the wishes of the strategy inside it at a level that announcements raise."""

    kind: ClassVar[str] = "reserve_on_notice"
    Spec: ClassVar[type] = ReserveOnNoticeSpec
    reads_market: ClassVar[bool] = True
    sees_future: ClassVar[bool] = False
    takes: ClassVar[tuple[str, ...]] = ("inner",)

    def __init__(self, specs: Sequence[ReserveOnNoticeSpec], building_ids: Sequence[str], *, inner: Strategy) -> None:
        self.inner = inner
        self._level = np.array([spec.level for spec in specs], dtype=np.float64)
        self._otherwise = np.array([spec.otherwise for spec in specs], dtype=np.float64)
        self._evenly = np.array([spec.evenly for spec in specs])
        self._filling = Filling(spec.charge_from_grid_kw for spec in specs)

    def prepare(self, outlook: Outlook) -> None:
        """Note powers and efficiencies of the stores."""
        self._filling.prepare(outlook)

    def start(self, rows: Rows) -> DeviceState:
        """What the strategy inside remembers."""
        return start_inside(self.inner, rows)

    def decide(self, view: View, state: DeviceState) -> Floats | Wish:
        """What the strategy inside wants, but no more than leaves the energy that is wanted at the end of the step."""
        wish = decide_inside(self.inner, view, state)
        store = view.store
        room = store.capacity_kwh - store.floor_kwh
        above = store.stored_kwh - store.floor_kwh
        keep = self._otherwise * room
        start_s = view.announced.start_s
        told = np.isfinite(start_s)
        if told.any():
            wanted = np.maximum(self._level * room, keep)
            now = np.asarray(view.t_s)
            step_end = now - now % self._filling.step_s + self._filling.step_s
            left_s = np.where(told, start_s - now, np.inf)
            # The share of the time to the start that is over when the step ends; 1 where it starts within the step.
            part = np.divide(step_end - now, left_s, out=np.ones_like(left_s), where=left_s > 0)
            risen = above + (wanted - above) * np.minimum(part, 1.0)
            by_then = np.where(self._evenly & (above < wanted), risen, wanted)
            keep = np.where(told, np.maximum(by_then, keep), keep)
        return self._filling.clip(wish, view, keep)
