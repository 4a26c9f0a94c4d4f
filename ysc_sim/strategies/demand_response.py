"""Demand response around another strategy: known from its announcement on, stores filled before it, import cut in it.

From ``notice_h`` before an event the stores are filled, without taking more than the building has needed by itself
before. During it the import is held ``cut_kw`` below the building's own baseline, with the demand meter's quantity,
half-hour by half-hour; the store gives what is needed, and where ``switch_loads`` is set, switchable loads follow,
first priority first. Before the announcement and after the event the inner strategy decides alone. The baseline is that
of :mod:`ysc_sim.billing.demand_response`, from the days that the building's own meter has shown so far.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Annotated, Any, ClassVar

import numpy as np
from annotated_types import Ge, Gt, Le, Len

from ysc_sim.billing.demand_response import baseline_kw, working_dates
from ysc_sim.contracts import Curtailable, DeviceState, Outlook, Rows, Strategy, View, Wish
from ysc_sim.strategies.window import allowed_kw, window_of
from ysc_sim.units import KW, SECONDS_PER_HOUR, Floats, Hours, PositiveKW, Unit

DAY_S = 86_400
MEMORY_DAYS = 21
HALF_HOUR = timedelta(minutes=30)
INNER = "inner."


@dataclass(frozen=True, kw_only=True)
class DemandResponseEvent:
    """One call for less import."""

    start: Annotated[str, Len(1, 40)]
    """Local date and time, on a half-hour."""
    duration_h: Annotated[float, Gt(0), Le(24), Unit("h")] = 3.0
    """Length; the event ends on the same day."""
    notice_h: Hours = 24.0
    """How long before it is announced: 24 (the day ahead), 1 or 0.25."""
    cut_kw: PositiveKW = 1.0
    """Award: cut below the baseline of each building."""


@dataclass(frozen=True, kw_only=True)
class DemandResponseSpec:
    """Events of one building."""

    events: Annotated[tuple[DemandResponseEvent, ...], Len(1, 400)]
    """Calls, in any order."""
    days: Annotated[int, Ge(1), Le(MEMORY_DAYS), Unit("1")] = 10
    """Comparable days that the baseline looks back on."""
    best: Annotated[int, Ge(1), Le(MEMORY_DAYS), Unit("1")] = 10
    """How many of them count, those with the largest import."""
    switch_loads: bool = True
    """Whether switchable loads may be switched off."""
    fill_kw: KW = 0.0
    """Import while the stores are filled stays below; 0: below what the building has needed by itself before."""

    def check(self) -> list[tuple[str, str, dict[str, object]]]:
        """Cross rules: (problem key, field, values)."""
        found: list[tuple[str, str, dict[str, object]]] = []
        for event in self.events:
            begin = read_local(event.start)
            if begin is None:
                found.append(("not_a_date_time", "events", {"value": event.start}))
            elif (begin - datetime.combine(begin.date(), time(), begin.tzinfo)) % HALF_HOUR:
                found.append(("event_off_half_hour", "events", {"value": event.start}))
            elif (begin + timedelta(hours=event.duration_h, microseconds=-1)).date() != begin.date():
                found.append(("event_over_midnight", "events", {"value": event.start}))
        if self.best > self.days:
            found.append(("best_above_days", "best", {"best": self.best, "days": self.days}))
        return found


def read_local(text: str) -> datetime | None:
    """A local date and time; None where it is none."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


class DemandResponse:
    """Fills before, cuts during, leaves the rest to the inner strategy."""

    kind: ClassVar[str] = "demand_response"
    Spec: ClassVar[type] = DemandResponseSpec
    sees_future: ClassVar[bool] = False
    takes: ClassVar[tuple[str, ...]] = ("inner",)

    def __init__(self, specs: Sequence[DemandResponseSpec], building_ids: Sequence[str], *, inner: Strategy) -> None:
        self.inner = inner
        self.specs = tuple(specs)
        self.fill_kw = np.array([spec.fill_kw for spec in specs], dtype=np.float64)
        self.switching = np.array([spec.switch_loads for spec in specs], dtype=np.bool_)

    @property
    def reads_market(self) -> bool:
        """As the inner strategy does."""
        return self.inner.reads_market

    def prepare(self, outlook: Outlook) -> None:
        """Place the events on the clock. Only those that have been announced are looked at later."""
        axis = outlook.axis
        self._offset_s, self._slot_s = axis.seconds_of_day, axis.slot_s
        self._first = axis.start.date()
        self._per_day = DAY_S // axis.slot_s
        rows: list[tuple[int, float, float, float, float]] = []
        for building, spec in enumerate(self.specs):
            for event in spec.events:
                begin = read_local(event.start)
                assert begin is not None, "the scenario was checked"
                if begin.tzinfo is None:
                    begin = begin.replace(tzinfo=axis.start.tzinfo)
                start_s = float((begin - axis.start).total_seconds())
                end_s = start_s + event.duration_h * SECONDS_PER_HOUR
                rows.append((building, start_s - event.notice_h * SECONDS_PER_HOUR, start_s, end_s, event.cut_kw))
        table = np.array(rows, dtype=np.float64).reshape(-1, 5)
        self._building = table[:, 0].astype(np.int64)
        self._told_s, self._start_s, self._end_s, self._cut_kw = table[:, 1:].T

    def start(self, rows: Rows) -> DeviceState:
        """``imports_kw`` (S, n, days, slots of a day): imports of the last days, today last; ``needed_kw``,
        ``target_kw`` (S, n); ``day`` (S, 1); the inner strategy's memory under ``inner.``.
        """
        n = len(self.specs)
        inner = {INNER + name: array for name, array in self.inner.start(rows).items()}
        return {
            "imports_kw": np.zeros((rows.count, n, MEMORY_DAYS + 1, self._per_day)),
            "needed_kw": np.zeros((rows.count, n)),
            "target_kw": np.full((rows.count, n), np.inf),
            "day": np.zeros((rows.count, 1)),
            **inner,
        }

    def decide(self, view: View, state: DeviceState) -> Floats | Wish:
        """The inner wish, with the stores filled before an event and the import cut during it."""
        said = self._ask_inner(view, state)
        wish, off = (said.power_kw, said.off) if isinstance(said, Wish) else (said, None)
        now = float(np.max(view.t_s))
        need = -view.fixed_kw
        self._remember(view, state, now, need)
        told, runs = self._marks(self._told_s, self._start_s, now), self._marks(self._start_s, self._end_s, now)
        window, so_far = window_of(view), view.meters.so_far_kwh
        limit = np.where(self.fill_kw > 0, self.fill_kw, state["needed_kw"])
        room = np.maximum(allowed_kw(window, limit, so_far) - need, 0.0)
        wish = np.where(told & ~runs, np.minimum(wish, -room), wish)
        over = need - allowed_kw(window, np.where(runs, state["target_kw"], np.inf), so_far)
        over = np.where(runs, over, 0.0)
        loads = view.curtailable
        if loads is not None:
            off = np.zeros_like(loads.want_kw) if off is None else off
            off = np.maximum(off, self._switch(view, loads, over))
            over = over - np.add.reduce(off * loads.want_kw, axis=2) * runs
        wish = np.where(runs, np.maximum(wish, over), wish)
        return wish if off is None else Wish(wish, off)

    def _ask_inner(self, view: View, state: DeviceState) -> Any:
        memory = {name.removeprefix(INNER): array for name, array in state.items() if name.startswith(INNER)}
        said = self.inner.decide(view, memory)
        state.update({INNER + name: array for name, array in memory.items()})
        return said

    def _marks(self, begin_s: Floats, end_s: Floats, now: float) -> Any:
        """Buildings for which now lies in one of the spans, (n,)."""
        marks = np.zeros(len(self.specs), dtype=np.bool_)
        marks[self._building[(begin_s <= now) & (now < end_s)]] = True
        return marks

    def _switch(self, view: View, loads: Curtailable, over_kw: Floats) -> Floats:
        """Stages to switch off for what the stores cannot give, first ones first, (R, n, P)."""
        left = np.maximum(over_kw - np.maximum(view.hi_kw, 0.0), 0.0) * self.switching
        off = np.zeros_like(loads.want_kw)
        for stage in range(off.shape[2]):
            goes = (left > 0) & (loads.want_kw[:, :, stage] > 0)
            off[:, :, stage] = goes
            left = left - goes * loads.want_kw[:, :, stage]
        return off

    def _remember(self, view: View, state: DeviceState, now: float, need: Floats) -> None:
        """Keep the import of the finished half-hour; turn the day; find targets of the half-hour that begins."""
        if float(np.max(view.slot_elapsed_s)):
            return
        place = int((now + self._offset_s) // self._slot_s)
        day, slot = divmod(place, self._per_day)
        last_kw = view.meters.last_slot_kwh * SECONDS_PER_HOUR / self._slot_s
        imports = state["imports_kw"]
        if now > 0:
            state["needed_kw"] = np.maximum(state["needed_kw"], last_kw)
            imports[:, :, -1, slot - 1] = last_kw
        if day > state["day"][0, 0]:
            imports[:, :, :-1] = imports[:, :, 1:]
            imports[:, :, -1] = 0.0
            state["day"][:] = day
        state["target_kw"] = np.full(need.shape, np.inf)
        for event in np.flatnonzero((self._start_s <= now) & (now < self._end_s)):
            self._aim(state, int(event), day, slot)

    def _aim(self, state: DeviceState, event: int, day: int, slot: int) -> None:
        """Import that is allowed to one building in this half-hour: its baseline less the cut."""
        b = int(self._building[event])
        spec, imports = self.specs[b], state["imports_kw"][:, b]
        first = int((self._start_s[event] + self._offset_s) // self._slot_s) % self._per_day
        slots = int(np.ceil((self._end_s[event] - self._start_s[event]) / self._slot_s))
        comparable = self._comparable(b, day)
        if not comparable.any():
            return
        base = baseline_kw(
            imports[:, :-1],
            imports[:, -1],
            first_slot=first,
            slots=min(slots, self._per_day - first),
            comparable=comparable,
            days=spec.days,
            best=spec.best,
        )
        state["target_kw"][:, b] = np.maximum(base[:, slot - first] - self._cut_kw[event], 0.0)

    def _comparable(self, building: int, day: int) -> Any:
        """Which of the remembered days are whole, of the same kind as today and without an event, (days,)."""
        days = np.arange(day - MEMORY_DAYS, day)
        kinds = working_dates(self._first + timedelta(days=day - MEMORY_DAYS), MEMORY_DAYS + 1)
        began = self._start_s[self._building == building] + self._offset_s
        quiet = ~np.isin(days, began // DAY_S)
        return (days >= (1 if self._offset_s else 0)) & (kinds[:-1] == kinds[-1]) & quiet
