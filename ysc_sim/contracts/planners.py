"""Strategies that look ahead: the plant, its contracts and the forecast that they may plan with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Protocol, runtime_checkable

from ysc_sim.contracts.strategies import Strategy
from ysc_sim.timeseries.axis import TimeAxis
from ysc_sim.units import Floats, Ints


@dataclass(frozen=True)
class Plant:
    """The stationary stores of each building as one, (n,) each: what a planner must know before the run."""

    charge_kw: Floats
    discharge_kw: Floats
    room_kwh: Floats
    """Between floor and ceiling."""
    start_kwh: Floats
    """Above the floor at the start."""
    charge_efficiency: Floats
    discharge_efficiency: Floats
    """The best that any of the building's stores reaches at any power."""


@dataclass(frozen=True)
class Contract:
    """What a planner must know about one contract and the meters that it bills."""

    buildings: Ints
    """Indices of the buildings; together they are one meter if ``together``, else each has its own."""
    together: bool
    demand_jpy_per_kw: float
    """Demand charge of one kW in one month, power factor and tax in it; 0 where peaks cost nothing."""
    previous_kw: float
    """Largest peak of the months before that still counts."""


@dataclass(frozen=True)
class Cells:
    """What the cells of a planner's buildings will live through, were the grid to fail. ``R0``: 1 or all rows."""

    of_building: Ints
    """Cell of each of its buildings, (n,)."""
    tier_load_kw: Floats
    """Demand of everybody in each cell by tier, (R0, c, 4, T)."""
    generation_kw: Floats
    """(R0, c, T)"""
    room_kwh: Floats
    charge_kw: Floats
    discharge_kw: Floats
    charge_efficiency: Floats
    discharge_efficiency: Floats
    """Stationary stores of each of its buildings: energy between floor and full, powers, efficiencies at them, (n,)."""


@dataclass(frozen=True)
class Outlook:
    """What a planner is told before the run. ``K`` slots, ``S`` rows, ``n`` buildings of its own."""

    axis: TimeAxis
    month: Ints
    """Number of the month of each slot, from 0, (K,)."""
    import_jpy_per_kwh: Floats
    export_jpy_per_kwh: Floats
    """(K, n)"""
    plant: Plant
    contracts: tuple[Contract, ...]
    future_kw: Floats | None
    """Mean net of everything inflexible in each slot, (K, S, n), > 0 surplus; None unless ``sees_future``."""
    cells: Callable[[], Cells] | None = None
    """Worked out when it is asked for; None unless ``sees_future``."""


@runtime_checkable
class Planner(Strategy, Protocol):
    """A strategy that plans. With ``sees_future`` it has perfect foresight: a bound, not a controller to buy."""

    sees_future: ClassVar[bool]

    def prepare(self, outlook: Outlook) -> None:
        """Called once before the run."""
        ...
