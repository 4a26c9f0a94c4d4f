"""A finished run as plain arrays: what metrics are computed from and tables are made of.

``T`` recorded intervals, ``K`` settlement slots, ``S`` rows, ``n`` buildings (sorted by id). Energies are kWh ≥ 0 in
the recorded interval, float64; meters, trades and money are integers: 1 mWh (milliwatt-hour), 1/1000 yen.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from ysc_sim.results.power_flow import PowerFlow
from ysc_sim.timeseries.axis import TimeAxis
from ysc_sim.units import EMPTY_KWH, Bools, Floats, Ints


def added(values: Floats) -> Floats:
    """(T, …) added along time one after the other, whatever the shape.

    NumPy adds a single column in pairs, several columns row by row: the last bits would depend on the number of rows.
    """
    if values[0].size == 1:
        return np.asarray(np.add.accumulate(values, axis=0)[-1])
    return np.asarray(np.add.reduce(values, axis=0))


def share_lost(unserved_kwh: Floats, load_kwh: Floats) -> Floats:
    """Share of demand that was not served; 0 where there was next to none.

    >>> share_lost(np.array([1.0, 0.0]), np.array([4.0, 0.0])).tolist()
    [0.25, 0.0]
    """
    return np.divide(unserved_kwh, load_kwh, out=np.zeros_like(load_kwh), where=load_kwh > EMPTY_KWH)


def share_lost_together(unserved_kwh: Floats, load_kwh: Floats) -> Floats:
    """As :func:`share_lost`, of all buildings (…, n) together."""
    return share_lost(np.add.reduce(unserved_kwh, axis=-1), np.add.reduce(load_kwh, axis=-1))


@dataclass(frozen=True)
class BillLine:
    """One line of a bill for all rows: ``building`` is an index, −1 the community, −2 the operator's rounding, −3 the
    network operator."""

    month: str
    building: int
    item: str
    unit: str
    quantity: Floats
    """(S,)"""
    price_jpy: Floats
    """(S,); NaN never: 0 where a line has no price."""
    amount_mjpy: Ints
    """(S,) in 1/1000 yen, > 0 is paid by the building."""


@dataclass(frozen=True)
class Event:
    """One edge of the mode table: at ``t_s`` seconds after the start, cell ``cell`` of row ``row`` changed its mode."""

    t_s: float
    row: int
    cell: str
    from_mode: str
    to_mode: str
    cause: str
    frequency_hz: float = math.nan
    """Where a transient was looked at: the frequency that it reached farthest from nominal."""
    swing_kwh: float = math.nan
    """What forming devices gave in it beyond what the run books: loads that fell with frequency and generation that was
    cut took exactly as much less."""


@dataclass(frozen=True)
class OutageRecord:
    """One outage as one cell of one row lived through it."""

    row: int
    start_s: float
    hours: float
    cell: str
    soc_start_kwh: float
    survived_h: float
    unserved_kwh: tuple[float, float, float, float]
    cause: str
    """none, energy, power, former, voltage, frequency, start or sync: why the cell went dark."""
    device: str
    """The device that failed it, '' where none did."""


class DeviceNumber(NamedTuple):
    """A number that a kind of device gives of itself at the end of the run; NaN where there is no such device."""

    buildings: Floats
    """(S, n)"""
    community: Floats
    """(S,)"""
    unit: str
    better: int
    """1: more is better, −1: less, 0: neither."""


class Values(NamedTuple):
    """What a kWh is worth at the meters of each supply plan in each slot."""

    import_jpy_per_kwh: Floats
    export_jpy_per_kwh: Floats
    """(K, plans): of one bought from a neighbour, of one sold to the supplier."""
    plan_of: Ints
    """Plan of each building, (n,)."""


class Peaks(NamedTuple):
    """Largest half-hour of each month, as it was and as it would have been without any control, kW."""

    months: tuple[str, ...]
    """``2026-08``"""
    own_kw: Floats
    own_without_kw: Floats
    """(M, S, n)"""
    together_kw: Floats
    together_without_kw: Floats
    """At the point of connection, (M, S)."""


@dataclass(frozen=True)
class Course:
    """What outages make of the course of time."""

    record_s: int
    """Length of an interval in seconds."""
    demand_kwh: Floats
    """Demand while the grid was away, (S, n)."""
    lacking_kwh: Floats
    """Demand not served, but for what a strategy switched off, (S, n)."""
    shed: Bools
    """Whether anything of that was shed in each interval, (T, S)."""
    spells: Floats
    """(4, E) interval, row, building and seconds of every interruption of tier 1, interval by interval."""
    lost: Floats
    """Intervals' shares of demand that were not served added up, by building, (S, n)."""
    lost_together: Floats
    """The same of all buildings together, (S,)."""
    dark_s: Floats
    """Time in which tier 1 of some building was not served: of each interval that of the longest, (S,)."""

    def lengths_s(self, row: int) -> Floats:
        """Length of every interruption of one row: seconds of neighbouring intervals of a building added up."""
        interval, _, building, seconds = self.spells[:, self.spells[1] == row]
        order = np.lexsort((interval, building))
        interval, building = interval[order], building[order]
        begins = (np.diff(interval, prepend=-2.0) != 1) | (np.diff(building, prepend=-1.0) != 0)
        found: Floats = np.add.reduceat(seconds[order], np.flatnonzero(begins)) if len(order) else np.zeros(0)
        return found


@dataclass(frozen=True)
class RunArrays:
    """Everything a run leaves behind."""

    axis: TimeAxis
    record_s: int
    """Length of a recorded interval in seconds: the step, or the slot where the scenario asks for it."""
    seeds: tuple[int, ...]
    buildings: tuple[str, ...]
    columns: Mapping[str, Floats]
    """Per building: name → (T, S, n), names of ``results.columns.BUILDING_COLUMNS``; absent where no device has it."""
    community: Mapping[str, Floats]
    """Per community: name → (T, S), names of ``results.columns.COMMUNITY_COLUMNS`` that are not sums of buildings."""
    import_mwh: Ints
    export_mwh: Ints
    """Meter registers' differences of each slot, (K, S, n)."""
    community_import_mwh: Ints
    community_export_mwh: Ints
    """At the point of connection, (K, S); their difference is the sum of the buildings' nets, 0 in an island."""
    meter_rounding_mwh: Ints
    """|integer net − physical net| rounded up, (K, S)."""
    bought_mwh: Ints
    sold_mwh: Ints
    """Delivered local trade, (K, S, n)."""
    cleared_bought_mwh: Ints
    cleared_sold_mwh: Ints
    """Committed at the gate, (K, S, n)."""
    trade_price_jpy_per_kwh: Floats
    """(K, S, n); 0 where a building trades nothing."""
    payment_mjpy: Ints
    """Local trade, (K, S, n): > 0 the building pays."""
    bills: tuple[BillLine, ...]
    bill_mjpy: Ints
    """Total of each building, (S, n); the sum with ``rounding_mjpy`` is the community's bill."""
    bill_alone_mjpy: Ints
    """Each building billed alone on its own meter, (S, n): the same physical run without sharing."""
    community_bill_mjpy: Ints
    """(S,) what the community as a whole pays to those outside it."""
    rounding_mjpy: Ints
    """(S,) balance of the operator's rounding account."""
    contract_kw: Floats
    """Largest contract of each building alone, (S, n)."""
    community_contract_kw: Floats | None
    """(S,) where there is one contract at the point of connection."""
    ledger_residual_mwh: Ints
    money_residual_mjpy: Ints
    """(S,) must be 0."""
    energy_residual_kwh: Floats
    """(S, n) accumulated |meter balance| + |storage balance|."""
    island_residual_kwh: Floats
    """(S,) accumulated |sum of injections| of cells without grid."""
    wires: str
    power_factor_percent: float
    co2_kg_per_kwh: float
    outage_seconds: Floats
    """Time without grid, (S,)."""
    events: tuple[Event, ...] = ()
    outages: tuple[OutageRecord, ...] = ()
    power_flow: PowerFlow | None = None
    """What the wires did; None where they were not solved."""
    device_numbers: Mapping[str, DeviceNumber] = field(default_factory=dict)
    """What devices say of themselves, by the name of the number."""
    course: Course | None = None
    """Where columns are sums over the whole run: what is known beside them."""
    row_numbers: Mapping[str, Any] = field(default_factory=dict)
    """Where no course of time is recorded: numbers of each row, (S,) by name; then all arrays over time are empty."""
    peaks: Peaks | None = None
    """Monthly peaks beside those without control; None where no strategy could have made one, or it is not known."""
    notes: tuple[Mapping[str, Any], ...] = field(default_factory=tuple)
    """What the reader must know (assumed profiles, prices past validity …): key and values, worded at the edge."""
    values: Values | None = None
    """What local trade is measured by; None where there is no market."""
    shared_kwh: tuple[Mapping[str, Any], ...] = ()
    """Of each contract: which charges a kWh from a neighbour avoids and bears, as the manifest holds it."""
    plans: tuple[Mapping[str, Any], ...] = ()
    """Of each plan that bills were made by: its name, how many buildings, and what its sources do not give."""

    @property
    def hours(self) -> float:
        """Length of a recorded interval in hours."""
        return self.record_s / 3600.0

    def total(self, name: str) -> Floats | None:
        """Sum over time of a building column, (S, n); None if the run has no such column."""
        column = self.columns.get(name)
        return None if column is None else np.add.reduce(column, axis=0)

    def course_of_outages(self) -> Course:
        """:attr:`course`, or the same from the columns of a run in which demand may be unserved."""
        if self.course is not None:
            return self.course
        away = self.community["islanded_s"] / self.record_s
        # What a strategy switched off while the grid was there has nothing to do with outages.
        lacking = self.columns["unserved_kwh"] - self.columns.get("switched_off_kwh", 0.0)
        at = np.nonzero(self.columns["interrupted_s"])
        return Course(
            record_s=self.record_s,
            demand_kwh=np.add.reduce(self.columns["load_kwh"] * away[:, :, None], axis=0),
            lacking_kwh=np.add.reduce(lacking, axis=0),
            shed=np.add.reduce(lacking, axis=2) > EMPTY_KWH,
            spells=np.array([*at, self.columns["interrupted_s"][at]]),
            lost=added(share_lost(self.columns["unserved_kwh"], self.columns["load_kwh"])),
            lost_together=added(share_lost_together(self.columns["unserved_kwh"], self.columns["load_kwh"])),
            dark_s=added(self.columns["interrupted_s"].max(axis=2)),
        )

    def interrupted(self) -> Bools:
        """Whether tier 1 of each building was unserved in each recorded interval, (T, S, n)."""
        column = self.columns.get("interrupted_s")
        if column is None:
            return np.zeros((1, len(self.seeds), len(self.buildings)), dtype=np.bool_)
        return column > 0
