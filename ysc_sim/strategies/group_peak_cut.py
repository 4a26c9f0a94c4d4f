"""Group peak cut: one target for the community's sum, held by everybody's batteries, split fairly by slack.

At each act the import that the half-hour of the point of connection still allows is A = (D*·T − E)/(T − t), and the
community needs N. Above A the stores give X = N − A together, member i in proportion to the energy that it still has
above its floor, up to its power: x_i = min(cap_i, λ·e_i) with Σ x_i = X. Below A they are refilled in proportion to
their room in the same way. So all run empty and full together, and nobody carries the others; it is the weighted
max-min fair allocation [1]_, not the rotation of slack by shedding time that is patented in Japan (JP 6016681).

The target: ``target_kw``, or, where that is 0, found anew every ``replan_slots`` half-hours. It is the lowest level
that the stores together, as full as they are now, could hold over the next day if the forecast (× 1 + ``margin``) came
true; never lower than what has been reached already, which the twelve-month rule has made to be paid anyway. Until a
day has been seen, the largest need so far is taken to last for six hours. Refilling never takes more than what has
been reached, or what the community has needed by itself before: a wrong forecast must not make a new peak.

.. [1] D. Bertsekas, R. Gallager, Data Networks, 2nd ed., Prentice Hall 1992, sec. 6.5.2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Ge, Le

from ysc_sim.contracts import DeviceState, Forecast, Outlook, Plant, Rows, View
from ysc_sim.strategies.fair import lowest_level_kw, share_by_slack
from ysc_sim.strategies.memory import NeedMemory
from ysc_sim.strategies.window import allowed_kw, targets_kw, window_of
from ysc_sim.units import KW, SECONDS_PER_HOUR, Floats, Unit

DAY_SLOTS = 48
UNKNOWN_SLOTS = 12
"""Until a day has been seen, the largest need so far is taken to last for six hours."""


@dataclass(frozen=True, kw_only=True)
class GroupPeakCutSpec:
    """Target of the community's sum; all buildings that take part say the same, else the largest counts."""

    target_kw: KW = 0.0
    """Half-hour mean at the point of connection; 0: found from forecast and stores."""
    margin: Annotated[float, Ge(0), Le(1), Unit("1")] = 0.01
    """Share by which the forecast need is raised when a target is found."""
    replan_slots: Annotated[int, Ge(1), Le(48), Unit("1")] = 1
    """Half-hours between two looks for a target."""


class GroupPeakCut:
    """One target, everybody's batteries."""

    kind: ClassVar[str] = "group_peak_cut"
    Spec: ClassVar[type] = GroupPeakCutSpec
    reads_market: ClassVar[bool] = False
    sees_future: ClassVar[bool] = False
    row_fields: ClassVar[tuple[str, ...]] = ("target_kw",)
    takes: ClassVar[tuple[str, ...]] = ("forecast",)

    @staticmethod
    def rows_may_differ(spec: GroupPeakCutSpec) -> bool:
        """Whether stores may differ by row: a given target asks for no plan, and so for no one size of the stores."""
        return spec.target_kw > 0

    def __init__(self, specs: Sequence[GroupPeakCutSpec], building_ids: Sequence[str], *, forecast: Forecast) -> None:
        self.target_kw = max(spec.target_kw for spec in specs)
        self._names = [f"{name}/strategy" for name in building_ids]
        self._said_kw = np.array([spec.target_kw for spec in specs], dtype=np.float64)
        self.margin = max(spec.margin for spec in specs)
        self.replan = min(spec.replan_slots for spec in specs)
        self._forecast = forecast
        self._memory = NeedMemory(DAY_SLOTS)
        self._plant: Plant | None = None
        self._floor_kw = 0.0

    def prepare(self, outlook: Outlook) -> None:
        """Learn what the stores can do, and what peak is paid for already."""
        self._plant = outlook.plant
        together = [contract.previous_kw for contract in outlook.contracts if contract.together]
        self._floor_kw = max(together, default=0.0)
        self._memory = NeedMemory(86_400 // outlook.axis.slot_s)

    def start(self, rows: Rows) -> DeviceState:
        """``target_kw``, ``reached_kw`` (S, 1), and the memory of the community's need."""
        given = np.maximum.reduce(targets_kw(rows, self._names, self._said_kw), axis=1, keepdims=True)
        reached = np.maximum(given, self._floor_kw)
        memory = self._memory.start(rows.count, 1)
        return {"target_kw": reached.copy(), "reached_kw": reached, "needed_kw": np.zeros((rows.count, 1)), **memory}

    def decide(self, view: View, state: DeviceState) -> Floats:
        """Share of each building in what the community must give or may take."""
        window, meters = window_of(view), view.meters
        need = -view.community_fixed_kw
        opened = self._memory.look(state, view, need)
        if opened.any():
            last = meters.community_last_slot_kwh / window.hours
            state["reached_kw"] = np.where(opened, np.maximum(state["reached_kw"], last), state["reached_kw"])
            needed = state["past_kwh"][:, :, -1] / window.hours
            state["needed_kw"] = np.maximum(state["needed_kw"], needed)
            self._find_target(view, state)
        allowed = allowed_kw(window, state["target_kw"], meters.community_so_far_kwh)
        harmless = np.maximum(state["reached_kw"], np.minimum(state["needed_kw"], state["target_kw"]))
        free = np.minimum(allowed, allowed_kw(window, harmless, meters.community_so_far_kwh))
        store = view.store
        energy, room = store.stored_kwh - store.floor_kwh, store.capacity_kwh - store.stored_kwh
        give = share_by_slack(np.maximum(need - allowed, 0.0), energy, np.maximum(view.hi_kw, 0.0))
        take = share_by_slack(np.maximum(free - need, 0.0), room, np.maximum(-view.lo_kw, 0.0))
        return give - take

    def _find_target(self, view: View, state: DeviceState) -> None:
        """The lowest level that the stores can hold over the coming day, from the forecast."""
        number = int(state["slot"][0, 0])
        if self.target_kw > 0 or self._plant is None:
            state["target_kw"] = state["reached_kw"].copy()
            return
        if number % self.replan:
            return
        if number < self._memory.slots_per_day:
            expected = np.zeros((DAY_SLOTS, len(state["needed_kw"])))
            expected[:UNKNOWN_SLOTS] = np.maximum(state["needed_kw"], -view.community_fixed_kw)[:, 0]
        else:
            history = self._memory.history(state)
            expected = -self._forecast.predict_ahead(history, DAY_SLOTS)[:, :, 0] * SECONDS_PER_HOUR / view.slot_s
        store, plant = view.store, self._plant
        level = lowest_level_kw(
            expected * (1.0 + self.margin),
            stored_kwh=np.add.reduce(store.stored_kwh - store.floor_kwh, axis=1),
            room_kwh=np.add.reduce(store.capacity_kwh - store.floor_kwh, axis=1),
            charge_kw=float(plant.charge_kw.sum()),
            discharge_kw=float(plant.discharge_kw.sum()),
            charge_efficiency=float(plant.charge_efficiency.min()),
            discharge_efficiency=float(plant.discharge_efficiency.min()),
            step_h=view.slot_s / SECONDS_PER_HOUR,
        )
        state["target_kw"] = np.maximum(state["reached_kw"], level[:, None])
