"""Devices that follow a profile: loads, solar and wind. They ask for nothing and keep nothing.

A fleet is given the mean power of each interval of one or more *sources* (a kind of house, a roof plane, the wind of
one row of the ensemble), and for every device its source, its factor and its shift in time. It works out the powers
page by page, so that a year in 1-min steps, or hundreds of rows, need no more memory than a few thousand steps do.

A shift moves the source's piecewise constant power along the clock. A step that then begins ``late`` seconds into an
interval of the source, of length ``H``, takes its exact share ``w = clip((late + step − H) / step, 0, 1)`` from the
interval after, and the rest from that one: no energy is lost, and nothing is wrapped round, for the source is
read beyond the ends of the run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import gcd, lcm
from typing import Any, ClassVar

import numpy as np

from ysc_sim.contracts import Bands, DeviceState, EnergyClass, Flow, Moment, Placed, Store
from ysc_sim.timeseries.axis import TimeAxis
from ysc_sim.timeseries.minutes import Pulses
from ysc_sim.timeseries.resample import resample
from ysc_sim.units import SECONDS_PER_HOUR, SLOT_S, Bools, Floats, Ints

DAY_S = 86_400
PAGE_VALUES = 1 << 16
"""Numbers in a page (0.5 MB): few enough for a processor's cache, many enough that making one costs little per step."""


@dataclass(frozen=True)
class Source:
    """Mean power of equal intervals over whole local days, from ``before_days`` before the day of the start on."""

    kw: Floats
    """(N,), or (N, S) where rows of the ensemble differ."""
    step_s: int
    before_days: int


def padding_days(shift_s: Ints) -> int:
    """Days that a source must hold before and after the axis, so that shifted devices can be read beyond it."""
    return int(-(-np.abs(shift_s).max(initial=0) // DAY_S)) + 1


def axis_days(axis: TimeAxis) -> int:
    """Local days that the axis touches."""
    return (axis.seconds_of_day + axis.duration_s - 1) // DAY_S + 1


class ProfileFleet:
    """What loads, solar and wind share: bands that follow a profile, and no store.

    A subclass names its ``kind``, ``energy_class`` and ``Spec``, and calls :meth:`follow` once in its ``__init__``.
    """

    kind: ClassVar[str]
    energy_class: ClassVar[EnergyClass]
    Spec: ClassVar[type]

    def __init__(self, placed: Placed) -> None:
        m = len(placed.ids)
        self.placed = placed
        self.flexible = False
        self.stores = False
        self.tier_shares: Floats | None = None
        self.forming: Bools = np.zeros(m, dtype=np.bool_)
        self.frequency_curve: Floats | None = None
        self.notes: tuple[Mapping[str, Any], ...] = ()
        """What a reader of the results must know about the profiles in use."""
        self._takes = self.energy_class == "load"

    def follow(
        self,
        sources: Sequence[Source],
        which: Ints,
        factor: Floats,
        *,
        shift_s: Ints | None = None,
        cap_kw: Floats | None = None,
        pulses: Pulses | None = None,
    ) -> None:
        """Device ``j`` follows ``sources[which[j]]`` times ``factor[:, j]``, ``shift_s[:, j]`` later, to ``cap_kw[j]``.

        ``factor``, ``shift_s``: (S, m), or (1, m) where all rows are equal; all sources cover the same days.
        ``pulses`` vary the power inside half-hours.
        """
        axis = self.placed.site.axis
        coarse = [s.step_s if s.step_s % axis.step_s == 0 else axis.step_s for s in sources]
        self._source_s = gcd(*coarse)
        columns = [resample(s.kw, from_s=s.step_s, to_s=self._source_s) for s in sources]
        self._kw = np.stack(np.broadcast_arrays(*(kw.reshape(len(kw), -1) for kw in columns)), axis=2)
        self._which, self._cap_kw, self._pulses = which, cap_kw, pulses
        self._factor = _one_row_if_equal(-factor if self._takes else factor)
        shift = np.zeros((1, len(which)), dtype=np.int64) if shift_s is None else _one_row_if_equal(shift_s)
        self._offset, late = np.divmod(sources[0].before_days * DAY_S + axis.seconds_of_day - shift, self._source_s)
        whole = pulses is None and not late.any()
        self._unit_s = self._source_s if whole else axis.step_s
        starts = np.arange(0, self._source_s, self._unit_s).reshape(-1, 1, 1)
        self._from_next = np.clip((late + starts + self._unit_s - self._source_s) / self._unit_s, 0.0, 1.0)
        self.row_count = max(len(self._factor), len(shift), self._kw.shape[1])
        """Rows that the profiles distinguish, R0: 1, or all of the ensemble."""
        if pulses is not None:
            self.row_count = self.placed.site.rows.count
        self._turn_to(0)

    def _turn_to(self, unit: int) -> None:
        """Work out the page that begins with ``unit`` or a little before it."""
        axis = self.placed.site.axis
        block = lcm(self._source_s, SLOT_S if self._pulses else 1) // self._unit_s
        units = max(PAGE_VALUES // (self.row_count * max(len(self._which), 1)) // block, 1) * block
        self._first = unit // block * block
        last = -(-axis.duration_s // self._unit_s)
        self._page = self._work_out(self._first, min(units, -(-(last - self._first) // block) * block))

    def _work_out(self, first: int, units: int) -> Floats:
        """Power of ``units`` units from ``first`` on, (units, R0, m); > 0 injects."""
        parts = len(self._from_next)
        span = np.arange(first // parts, (first + units) // parts).reshape(-1, 1, 1) + self._offset
        rows = np.arange(self._kw.shape[1]).reshape(-1, 1)
        power = self._kw[np.minimum(span, len(self._kw) - 1), rows, self._which] * self._factor
        if self._from_next.any():
            after = self._kw[np.minimum(span + 1, len(self._kw) - 1), rows, self._which] * self._factor
            share = self._from_next
            mixed = power[:, None] * (1.0 - share) + after[:, None] * share
            power = mixed.reshape(units, *mixed.shape[2:])
        elif parts > 1:
            power = np.repeat(power, parts, axis=0)
        if self._pulses is not None:
            power = self._pulses.vary(power, first * self._unit_s // SLOT_S, SLOT_S // self._unit_s)
        if self._cap_kw is not None:
            power = np.clip(power, -self._cap_kw, self._cap_kw)
        return np.ascontiguousarray(power)

    def power_kw(self, first: int, count: int) -> Floats:
        """What the devices want in ``count`` steps from ``first`` on, (count, ``row_count``, m), > 0 injects."""
        step_s = self.placed.site.axis.step_s
        lead, unit = first * step_s // self._unit_s, self._unit_s // step_s
        block = lcm(self._source_s, SLOT_S if self._pulses else 1) // self._unit_s
        begin = lead // block * block
        end = -(-((first + count) * step_s) // self._unit_s)
        units = self._work_out(begin, -(-(end - begin) // block) * block)
        return units[np.arange(first, first + count) // unit - begin]

    def steps_kw(self, first: int, count: int) -> Floats:
        """As :meth:`power_kw`, from the pages that :meth:`bands` reads: steps are asked for in order."""
        step_s = self.placed.site.axis.step_s
        unit = np.arange(first, first + count) * step_s // self._unit_s
        parts, done = [], 0
        while done < count:
            if not 0 <= unit[done] - self._first < len(self._page):
                self._turn_to(int(unit[done]))
            here = unit[done : np.searchsorted(unit, self._first + len(self._page))] - self._first
            whole = here[-1] - here[0] == len(here) - 1
            parts.append(self._page[here[0] : here[-1] + 1] if whole else self._page[here])
            done += len(here)
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def start(self) -> DeviceState:
        """Only ``row`` (S, 1): which row of the ensemble each row of the state is."""
        return {"row": np.arange(self.placed.site.rows.count, dtype=np.float64).reshape(-1, 1)}

    def bands(self, state: DeviceState, moment: Moment) -> Bands:
        """The profile of the step, (R, m) or (1, m) where all rows are equal: a view, not to be written to."""
        at = moment.step * self.placed.site.axis.step_s // self._unit_s
        if not 0 <= at - self._first < len(self._page):
            self._turn_to(at)
        power = self._page[at - self._first]
        rows = state["row"]
        if len(power) > 1 and len(rows) != len(power):
            power = power[rows[:, 0].astype(np.int64)]
        nothing = np.zeros(power.shape)
        return Bands(power, nothing, power) if self._takes else Bands(nothing, power, power)

    def advance(self, state: DeviceState, p_kw: Floats, dt_s: float | Floats, moment: Moment) -> Flow:
        """Power times time."""
        return Flow(p_kw * (dt_s / SECONDS_PER_HOUR))

    def store(self, state: DeviceState) -> Store:
        """Never called: nothing is stored."""
        nothing = np.zeros((len(state["row"]), len(self.placed.ids)))
        return Store(nothing, nothing, nothing)

    def limit_s(self, state: DeviceState, p_kw: Floats) -> Floats:
        """No limit is ever met."""
        return np.full(p_kw.shape, np.inf)

    def drain_kw(self, state: DeviceState, p_kw: Floats) -> Floats:
        """Nothing drains."""
        return np.zeros(p_kw.shape)

    def next_event_s(self, state: DeviceState, moment: Moment) -> Floats | None:
        """Nothing of its own ever changes inside an interval."""
        return None

    def on_event(self, state: DeviceState, moment: Moment) -> None:
        """Never due."""


def curves_of(specs: Sequence[Any]) -> Floats | None:
    """Frequency-watt curves of generators, as :class:`~ysc_sim.contracts.FrequencyCurved` keeps them."""
    fields = ("frequency_deadband_hz", "frequency_droop_pu")
    found = np.array([[getattr(spec, name) for name in fields] for spec in specs], dtype=np.float64)
    return None if np.isnan(found).all() else found


def _one_row_if_equal(values: Any) -> Any:
    """(R0, m) → (1, m) where all rows are equal."""
    return values[:1] if len(values) > 1 and bool((values == values[0]).all()) else values
