"""Reserve level: another strategy may spend what lies above a fixed share of the store, and nothing below it.

The plain rule of most controllers (蓄電残量の下限): the same energy is kept at every hour of the year, too little
before a long evening, too much at noon. :mod:`~ysc_sim.strategies.reserve_curve` is what it is measured against.
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
class ReserveLevelSpec:
    """What one building keeps."""

    level: Fraction = 0.5
    """Share of the usable energy (between floor and full) that is kept for an outage."""
    charge_from_grid_kw: KW | None = None
    """Power with which the grid may fill the store up to the level; the store's own if not given."""


class ReserveLevel:
    """Clips the wishes of the strategy inside it at a fixed level."""

    kind: ClassVar[str] = "reserve_level"
    Spec: ClassVar[type] = ReserveLevelSpec
    reads_market: ClassVar[bool] = True
    sees_future: ClassVar[bool] = False
    takes: ClassVar[tuple[str, ...]] = ("inner",)
    row_fields: ClassVar[tuple[str, ...]] = ("level",)
    plan_ignores: ClassVar[tuple[str, ...]] = ("level",)

    def __init__(self, specs: Sequence[ReserveLevelSpec], building_ids: Sequence[str], *, inner: Strategy) -> None:
        self.inner = inner
        self._names = [f"{name}/strategy" for name in building_ids]
        self._level = np.array([spec.level for spec in specs], dtype=np.float64)
        self._filling = Filling(spec.charge_from_grid_kw for spec in specs)

    def prepare(self, outlook: Outlook) -> None:
        """Note powers and efficiencies of the stores."""
        self._filling.prepare(outlook)

    def start(self, rows: Rows) -> DeviceState:
        """``level`` (S, n), where rows differ in it, and what the strategy inside remembers."""
        level = rows.spread(self._names, "level", self._level)
        own = {"level": level} if level.ndim == 2 else {}
        return {**own, **start_inside(self.inner, rows)}

    def decide(self, view: View, state: DeviceState) -> Floats | Wish:
        """What the strategy inside wants, but no more than leaves the level at the end of the step."""
        wish = decide_inside(self.inner, view, state)
        store = view.store
        keep = state.get("level", self._level) * (store.capacity_kwh - store.floor_kwh)
        return self._filling.clip(wish, view, keep)
