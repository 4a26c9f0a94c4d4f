"""Optimal: a linear program over the whole run with perfect foresight: a bound, not a controller to buy.

It sees the future (``sees_future``): mean load and generation of every slot of the run. The program is
:mod:`ysc_sim.optimum`; what it plans for the stationary stores is then carried out slot by slot, at constant power, in
the same engine as every other strategy. Vehicles stay with what their drivers need.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ysc_sim.contracts import DeviceState, Outlook, Rows, View
from ysc_sim.optimum import solve
from ysc_sim.strategies.planning import dispatch_of
from ysc_sim.units import Floats, JPYPerKWh


@dataclass(frozen=True, kw_only=True)
class OptimalSpec:
    """Values that the bill does not hold."""

    wear_jpy_per_kwh: JPYPerKWh = 0.0
    """Wear of the stores per discharged kWh."""
    stored_jpy_per_kwh: JPYPerKWh = 0.0
    """Value of a kWh more in the stores at the end than at the start."""


class Optimal:
    """Carries out the cheapest plan."""

    kind: ClassVar[str] = "optimal"
    Spec: ClassVar[type] = OptimalSpec
    reads_market: ClassVar[bool] = False
    sees_future: ClassVar[bool] = True

    def __init__(self, specs: Sequence[OptimalSpec], building_ids: Sequence[str]) -> None:
        self.wear = np.array([spec.wear_jpy_per_kwh for spec in specs], dtype=np.float64)
        self.stored = max(spec.stored_jpy_per_kwh for spec in specs)
        self._power_kw = np.zeros((1, 1, len(specs)))
        self.cost_jpy = np.zeros(1)
        """Cost of the plan of each row, (S,)."""

    def prepare(self, outlook: Outlook) -> None:
        """Solve every row."""
        assert outlook.future_kw is not None, "a strategy that sees the future is told it"
        slots, rows, n = outlook.future_kw.shape
        self._power_kw, self.cost_jpy = np.zeros((slots, rows, n)), np.zeros(rows)
        for row in range(rows):
            problem = dispatch_of(outlook, outlook.future_kw[:, row], self.wear, self.stored)
            plan = solve(problem)
            self.cost_jpy[row] = plan.cost_jpy
            np.add.at(self._power_kw[:, row].T, problem.stores.building, (plan.discharge_kw - plan.charge_kw).T)

    def start(self, rows: Rows) -> DeviceState:
        """``row`` (S, 1): which row each one is."""
        return {"row": np.arange(rows.count, dtype=np.float64)[:, None]}

    def decide(self, view: View, state: DeviceState) -> Floats:
        """The plan of this slot."""
        slot = (np.broadcast_to(view.t_s, state["row"].shape)[:, 0] // view.slot_s).astype(np.int64)
        slot = np.minimum(slot, len(self._power_kw) - 1)
        return np.asarray(self._power_kw[slot, state["row"][:, 0].astype(np.int64)])
