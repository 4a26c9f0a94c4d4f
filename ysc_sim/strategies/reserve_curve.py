"""Reserve curve: another strategy may spend what lies above the curve, and nothing below it.

The curve is the least energy in the store with which an outage that began at that instant would be lived through for
``hours`` hours (:func:`ysc_sim.resilience.reserve_curve`), closed backwards so that one can stay on it by charging from
the grid with ``charge_from_grid_kw``. It is worked out once before the run from what the cell will want and generate:
perfect foresight, the bound for reserves that follow a forecast.

The stores of all buildings of a cell under this strategy are one pool; each holds its part of the curve in proportion
to its energy. In an island sun serves all tiers before it charges anything, and so it is counted here. Stores serve
tiers beyond those promised as well, unless ``island.shed_below_soc`` keeps them from it: with promises for tier 1 alone
put ``[0, 1, 1, 1]``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
from annotated_types import Ge, Gt, Le

from ysc_sim.contracts import Cells, DeviceState, Outlook, Rows, Strategy, View, Wish
from ysc_sim.resilience import reserve_curve
from ysc_sim.strategies.holding import clipped, decide_inside, most_kw, start_inside
from ysc_sim.units import KW, Floats, Fraction, Unit, hours

GUARD_KWH = 1e-5
"""Kept above the curve: an island needs a store that is not quite empty to hold its voltage, and the engine counts in
float64 what the curve counts in whole milliwatt-hours."""


@dataclass(frozen=True, kw_only=True)
class ReserveCurveSpec:
    """What one building promises."""

    hours: Annotated[float, Gt(0), Le(8784), Unit("h")] = 24.0
    """Length of the outage that is to be lived through."""
    tiers: Annotated[int, Ge(1), Le(4)] = 1
    """Tiers 1 to this one are served through it."""
    charge_from_grid_kw: KW | None = None
    """Power with which the grid may fill the store up to the curve; the store's own if not given."""
    margin: Fraction = 0.0
    """Share of the usable energy that is kept above the curve, for losses that it does not know (standby, wires)."""


class ReserveCurve:
    """Clips the wishes of the strategy inside it at the curve."""

    kind: ClassVar[str] = "reserve_curve"
    Spec: ClassVar[type] = ReserveCurveSpec
    reads_market: ClassVar[bool] = True
    sees_future: ClassVar[bool] = True
    takes: ClassVar[tuple[str, ...]] = ("inner",)

    def __init__(self, specs: Sequence[ReserveCurveSpec], building_ids: Sequence[str], *, inner: Strategy) -> None:
        self.specs = tuple(specs)
        self.inner = inner
        self._keep_kwh: Floats = np.zeros((1, len(specs), 1))
        self._charge_kw: Floats = np.zeros(len(specs))
        self._step_s = 1
        self._cells: Cells | None = None

    def prepare(self, outlook: Outlook) -> None:
        """Work out what each building must hold at the start of every step, (R0, n, T) kWh above its floor."""
        assert outlook.cells is not None, "told to those that see the future"
        cells = self._cells = outlook.cells()
        self._step_s = outlook.axis.step_s
        rows, _, count = cells.generation_kw.shape
        self._keep_kwh = np.zeros((rows, len(self.specs), count))
        own = np.array(
            [np.inf if spec.charge_from_grid_kw is None else spec.charge_from_grid_kw for spec in self.specs]
        )
        own = np.minimum(own, cells.charge_kw)
        for cell in np.unique(cells.of_building):
            mine = np.flatnonzero(cells.of_building == cell)
            room = float(np.add.reduce(cells.room_kwh[mine]))
            if room <= 0:
                continue
            share = cells.room_kwh[mine] / room
            grid_kw = float(np.add.reduce(own[mine]))
            self._charge_kw[mine] = share * grid_kw
            for spec in sorted({self.specs[b] for b in mine}, key=repr):
                curve = curve_of(cells, int(cell), mine, spec, grid_kw, outlook.axis.step_s)
                for place, b in enumerate(mine):
                    if self.specs[b] == spec:
                        self._keep_kwh[:, b] = share[place] * curve

    def start(self, rows: Rows) -> DeviceState:
        """``row`` (S, 1), and what the strategy inside remembers."""
        row = np.arange(rows.count, dtype=np.float64).reshape(-1, 1)
        return {"row": row, **start_inside(self.inner, rows)}

    def decide(self, view: View, state: DeviceState) -> Floats | Wish:
        """What the strategy inside wants, but no more than leaves the curve's energy at the end of the step."""
        wish = decide_inside(self.inner, view, state)
        cells = self._cells
        assert cells is not None, "prepared before the run"
        now = np.broadcast_to(view.t_s, state["row"].shape)
        after = (np.floor_divide(now, self._step_s).astype(np.int64) + 1) % self._keep_kwh.shape[2]
        rows = state["row"].astype(np.int64) if len(self._keep_kwh) > 1 else np.zeros_like(after)
        keep = self._keep_kwh[rows, np.arange(len(self.specs)), after]
        efficiency = cells.charge_efficiency, cells.discharge_efficiency
        return clipped(wish, most_kw(view, keep, self._step_s, self._charge_kw, *efficiency))


def curve_of(cells: Cells, cell: int, mine: Any, spec: ReserveCurveSpec, grid_kw: float, step_s: int) -> Floats:
    """The curve of one cell's pool of stores above their floors, (R0, T) kWh; full where nothing would be enough."""
    load = np.add.reduce(cells.tier_load_kw[:, cell], axis=1)
    kept = np.add.reduce(cells.tier_load_kw[:, cell, : spec.tiers], axis=1)
    sun = cells.generation_kw[:, cell]
    room = float(np.add.reduce(cells.room_kwh[mine]))
    charge, discharge = (np.add.reduce(power[mine]) for power in (cells.charge_kw, cells.discharge_kw))
    curve = reserve_curve(
        # Sun serves the other tiers, too, before it charges anything; stores do not.
        np.clip(sun, kept, np.maximum(load, kept)),
        sun,
        hours=spec.hours,
        energy_kwh=room,
        power_kw=float(min(charge, discharge)),
        step_h=hours(step_s),
        charge_efficiency=_mean(cells.charge_efficiency[mine], cells.charge_kw[mine]),
        discharge_efficiency=_mean(cells.discharge_efficiency[mine], cells.discharge_kw[mine]),
        charge_from_grid_kw=grid_kw,
    )
    return np.minimum(curve + GUARD_KWH + spec.margin * room, room)


def _mean(efficiency: Floats, power_kw: Floats) -> float:
    """Mean weighted by power; what a kW of each adds to or takes from the pool."""
    total = float(np.add.reduce(power_kw))
    return float(np.add.reduce(efficiency * power_kw)) / total if total > 0 else 1.0
