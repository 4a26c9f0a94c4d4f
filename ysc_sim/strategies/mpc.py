"""Model predictive control (MPC): plan two days ahead from a forecast, do the first half-hour, plan again.

Every ``replan_slots`` half-hours the linear program of :mod:`ysc_sim.optimum` is solved over ``horizon_slots`` for the
forecast need of each building. A kW above the peak that is paid for already costs the demand charge of all months in
which it will count (実量制: this one and up to eleven more, as far as the run goes). Between two plans the stores do
what was planned; where the half-hour would otherwise end above the planned peak they give more, and they take less
where charging would raise it: the law of the demand controller with the planned peak as its target.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Ge, Le

from ysc_sim.contracts import DeviceState, Forecast, Outlook, Rows, View
from ysc_sim.optimum import Dispatch, Plan, solve
from ysc_sim.strategies.fair import lowest_level_kw, share_by_slack
from ysc_sim.strategies.memory import NeedMemory
from ysc_sim.strategies.planning import by_meter, meters_of, stores_of
from ysc_sim.strategies.window import allowed_kw, window_of
from ysc_sim.units import SECONDS_PER_HOUR, Floats, Fraction, Ints, JPYPerKWh, Unit

RATCHET_MONTHS = 12
INSURANCE = 1.02
"""A kWh in the store is worth so much more than it costs to put there in the cheapest hours."""
EARLY = 1e-4
"""What is as good now as later is done now."""
UNKNOWN_SLOTS = 12
UNKNOWN_KW = 1e9
"""Peak allowed while nothing is known."""


@dataclass(frozen=True, kw_only=True)
class MpcSpec:
    """How far and how often it plans, and the values that the bill does not hold."""

    horizon_slots: Annotated[int, Ge(2), Le(672), Unit("1")] = 48
    """Half-hours that a plan covers."""
    replan_slots: Annotated[int, Ge(1), Le(48), Unit("1")] = 2
    """Half-hours between two plans."""
    margin: Fraction = 0.02
    """Share by which the forecast need is raised."""
    wear_jpy_per_kwh: JPYPerKWh = 0.0
    """Wear of the stores per discharged kWh."""
    stored_jpy_per_kwh: JPYPerKWh | None = None
    """Value of a kWh that is left in a store at the end of a plan. If not given: what it costs to fill it in the
    cheapest hours of the plan, and a little more, so that the stores are full when a forecast turns out too low."""


class Mpc:
    """Plans again and again; sees nothing but the past and the printed tariff."""

    kind: ClassVar[str] = "mpc"
    Spec: ClassVar[type] = MpcSpec
    reads_market: ClassVar[bool] = False
    sees_future: ClassVar[bool] = False
    takes: ClassVar[tuple[str, ...]] = ("forecast",)

    def __init__(self, specs: Sequence[MpcSpec], building_ids: Sequence[str], *, forecast: Forecast) -> None:
        self.horizon = max(spec.horizon_slots for spec in specs)
        self.replan = min(spec.replan_slots for spec in specs)
        self.margin = np.array([spec.margin for spec in specs], dtype=np.float64)
        self.wear = np.array([spec.wear_jpy_per_kwh for spec in specs], dtype=np.float64)
        values = [spec.stored_jpy_per_kwh for spec in specs if spec.stored_jpy_per_kwh is not None]
        self.stored = max(values) if values else None
        self._forecast = forecast
        self._memory = NeedMemory(48)

    def prepare(self, outlook: Outlook) -> None:
        """Learn stores, contracts and the calendar; the future is not in it."""
        self._plant, self._month = outlook.plant, outlook.month
        self._meter, self._demand, self._paid = meters_of(outlook)
        self._memory = NeedMemory(86_400 // outlook.axis.slot_s)
        self._hours = outlook.axis.slot_s / SECONDS_PER_HOUR

    def start(self, rows: Rows) -> DeviceState:
        """``planned_kw`` (S, n, horizon) of the stores, ``at`` (S, 1) the slot of the plan; ``reached_kw``,
        ``peak_kw`` (S, g): paid for already, and planned; the memory.
        """
        n, g = len(self.wear), len(self._paid)
        reached = np.repeat(self._paid[None, :], rows.count, axis=0)
        return {
            "planned_kw": np.zeros((rows.count, n, self.horizon)),
            "at": np.zeros((rows.count, 1)),
            "reached_kw": reached,
            "peak_kw": np.full((rows.count, g), UNKNOWN_KW),
            **self._memory.start(rows.count, n),
        }

    def decide(self, view: View, state: DeviceState) -> Floats:
        """The plan, corrected so that the half-hour does not end above the planned peak."""
        need = -view.fixed_kw
        opened = self._memory.look(state, view, need)
        if opened.any():
            self._plan(view, state)
        slot = state["slot"] - state["at"]
        place = np.clip(slot, 0, self.horizon - 1).astype(np.int64)
        planned = np.take_along_axis(state["planned_kw"], place[:, :, None], axis=2)[:, :, 0]
        planned = np.clip(planned, view.lo_kw, view.hi_kw)
        window = window_of(view)
        allowed = allowed_kw(window, state["peak_kw"], self._at_meters(view.meters.so_far_kwh, view))
        over = self._sum(need - planned) - allowed
        return planned + self._give_more(view, planned, np.maximum(over, 0.0))

    def _give_more(self, view: View, planned: Floats, over_kw: Floats) -> Floats:
        """What must come on top of the plan, first by charging less, then by discharging more, by energy."""
        store = view.store
        weight = np.maximum(store.stored_kwh - store.floor_kwh, 0.0) + 1e-6
        extra = np.zeros_like(planned)
        for meter in range(over_kw.shape[1]):
            mine = np.flatnonzero(self._meter == meter)
            room = np.maximum(view.hi_kw[:, mine] - planned[:, mine], 0.0)
            extra[:, mine] = share_by_slack(over_kw[:, meter : meter + 1], weight[:, mine], room)
        return extra

    def _sum(self, values: Floats) -> Floats:
        """(R, n) of the buildings as sums of their meters, (R, g)."""
        out = np.zeros((len(values), len(self._paid)))
        for building, meter in enumerate(self._meter):
            out[:, meter] += values[:, building]
        return out

    def _at_meters(self, so_far_kwh: Floats, view: View) -> Floats:
        """Import of each meter in this slot so far; a common meter has its own."""
        if len(self._paid) == 1 and len(self._meter) > 1:
            return view.meters.community_so_far_kwh
        return self._sum(so_far_kwh)

    def _plan(self, view: View, state: DeviceState) -> None:
        """Book the slot that ended; solve again where it is time to."""
        common = len(self._paid) == 1 and len(self._meter) > 1
        last = view.meters.community_last_slot_kwh if common else self._sum(view.meters.last_slot_kwh)
        state["reached_kw"] = np.maximum(state["reached_kw"], last / self._hours)
        number = int(state["slot"][0, 0])
        expected = self._expected_kw(view, state, number)
        if number % self.replan and state["at"].any():
            self._keep_possible(view, state, expected)
            return
        slots = np.minimum(number + np.arange(self.horizon), len(self._month) - 1)
        prices = view.prices_ahead(self.horizon)
        stored = view.store.stored_kwh - view.store.floor_kwh
        for row in range(len(stored)):
            plan, problem = self._solve(expected[:, row], stored[row], state["reached_kw"][row], slots, prices)
            power = np.zeros((self.horizon, len(self.wear)))
            power[:, problem.stores.building] = plan.discharge_kw - plan.charge_kw
            state["planned_kw"][row] = power.T
            state["peak_kw"][row] = plan.contract_kw.max(axis=1)
        state["at"][:] = number
        self._keep_possible(view, state, expected)

    def _keep_possible(self, view: View, state: DeviceState, expected_kw: Floats) -> None:
        """Raise the planned peaks to what has been reached, and to what the stores can still hold: energy spent on a
        peak that cannot be held is lost for the one that can.
        """
        state["peak_kw"] = np.maximum(state["peak_kw"], state["reached_kw"])
        store, plant = view.store, self._plant
        for meter in range(len(self._paid)):
            mine = np.flatnonzero(self._meter == meter)
            level = lowest_level_kw(
                -np.add.reduce(expected_kw[:, :, mine], axis=2),
                stored_kwh=np.add.reduce((store.stored_kwh - store.floor_kwh)[:, mine], axis=1),
                room_kwh=np.add.reduce((store.capacity_kwh - store.floor_kwh)[:, mine], axis=1),
                charge_kw=float(plant.charge_kw[mine].sum()),
                discharge_kw=float(plant.discharge_kw[mine].sum()),
                charge_efficiency=float(plant.charge_efficiency[mine].min()),
                discharge_efficiency=float(plant.discharge_efficiency[mine].min()),
                step_h=self._hours,
            )
            state["peak_kw"][:, meter] = np.maximum(state["peak_kw"][:, meter], level)

    def _expected_kw(self, view: View, state: DeviceState, number: int) -> Floats:
        """Net of the coming slots with the margin, (horizon, R, n). Until a day has been seen, today's largest need so
        far is taken to last for six hours, and nothing to follow.
        """
        if number >= self._memory.slots_per_day:
            expected = self._forecast.predict_ahead(self._memory.history(state), self.horizon) / self._hours
        else:
            need = np.maximum(state["past_kwh"].max(axis=2) / self._hours, -view.fixed_kw)
            expected = np.where(np.arange(self.horizon)[:, None, None] < UNKNOWN_SLOTS, -need, 0.0)
        return np.asarray(expected - np.abs(expected) * self.margin * (expected < 0))

    def _solve(
        self, expected_kw: Floats, stored_kwh: Floats, reached_kw: Floats, slots: Ints, prices: tuple[Floats, Floats]
    ) -> tuple[Plan, Dispatch]:
        """One row's plan from now on."""
        meters = len(self._paid)
        months = self._month[-1] - self._month[slots[0]] + 1
        filled = float(prices[0].min()) / float(self._plant.charge_efficiency.min()) * INSURANCE
        value = filled if self.stored is None else self.stored
        problem = Dispatch(
            hours=self._hours,
            fixed_kw=expected_kw,
            meter=self._meter,
            month=np.zeros(self.horizon, dtype=np.int64),
            buy_jpy_per_kwh=by_meter(prices[0], self._meter, meters),
            sell_jpy_per_kwh=by_meter(prices[1], self._meter, meters),
            demand_jpy_per_kw=self._demand * min(int(months), RATCHET_MONTHS),
            paid_kw=reached_kw[:, None],
            stores=stores_of(self._plant, stored_kwh, self.wear),
            stored_jpy_per_kwh=value,
            early_jpy_per_kwh=EARLY * value,
        )
        return solve(problem), problem
