"""The cheapest dispatch of a community with perfect knowledge of its load, as a linear program.

Over slots k, meters g and stores q, with import I, export E, charge c, discharge d, stored s, curtailment u, demand
switched off z and the contract C of each month m:

    min  Σ h·(buy·I − sell·E) + Σ h·wear·d + Σ h·comfort·z + Σ_m demand·C_m − value·Σ_q (s_end − s_start)
    I − E = need + Σ c − Σ d + u − z         at every meter and slot
    s_k = s_{k−1} + h·(η_c·c − d/η_d) − drain_k,   0 ≤ s ≤ room
    C_m ≥ I_k  for every slot of month m and of the eleven before (実量制),  C_m ≥ paid_m

It relaxes what a real controller has to bear in its own favour: the mean of a slot stands for all that happens in it,
a store may charge and discharge at once, nothing is rounded. So its cost is a lower bound. The ratchet of twelve
months as linear constraints: e.g. M. Kim, K. Kim, H. Choi, S. Lee, H. Kim, "Practical operation strategies for energy
storage system under uncertainty", Energies 12(6), 2019, 1098.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Self

import numpy as np

from ysc_sim.optimum.program import Program, Solution
from ysc_sim.units import Bools, Floats, Ints

RATCHET_MONTHS = 12


@dataclass(frozen=True, kw_only=True)
class Stores:
    """Stores, (q,) each; ``building`` is the index of each one's building."""

    building: Ints
    charge_kw: Floats
    discharge_kw: Floats
    room_kwh: Floats
    start_kwh: Floats
    charge_efficiency: Floats
    discharge_efficiency: Floats
    wear_jpy_per_kwh: Floats
    """Per discharged kWh."""
    drain_kwh: Floats | None = None
    """What leaves other than through the meter (driving) in each slot, (K, q)."""

    @classmethod
    def one(
        cls,
        *,
        room_kwh: float,
        power_kw: float,
        start_kwh: float = 0.0,
        efficiency: float = 1.0,
        wear_jpy_per_kwh: float = 0.0,
    ) -> Self:
        """One store at building 0, the same efficiency in and out."""
        numbers = {
            "charge_kw": power_kw,
            "discharge_kw": power_kw,
            "room_kwh": room_kwh,
            "start_kwh": start_kwh,
            "charge_efficiency": efficiency,
            "discharge_efficiency": efficiency,
            "wear_jpy_per_kwh": wear_jpy_per_kwh,
        }
        return cls(building=np.zeros(1, dtype=np.int64), **{name: np.array([x]) for name, x in numbers.items()})

    @classmethod
    def none(cls) -> Self:
        """No store at all."""
        names = ("charge_kw", "discharge_kw", "room_kwh", "start_kwh", "charge_efficiency", "discharge_efficiency")
        empty = {name: np.zeros(0) for name in (*names, "wear_jpy_per_kwh")}
        return cls(building=np.zeros(0, dtype=np.int64), **empty)


@dataclass(frozen=True, kw_only=True)
class Dispatch:
    """What is known, over ``K`` slots, ``n`` buildings, ``g`` meters, ``M`` months."""

    hours: float
    """Length of a slot."""
    fixed_kw: Floats
    """Net of everything that is not decided here, (K, n), > 0 surplus."""
    meter: Ints
    """Index of each building's meter, (n,)."""
    month: Ints
    """Number of the month of each slot, (K,), from 0, not decreasing."""
    buy_jpy_per_kwh: Floats
    sell_jpy_per_kwh: Floats
    """(K, g)"""
    demand_jpy_per_kw: Floats
    """Of one month, (g,)."""
    paid_kw: Floats
    """Contract that earlier peaks make in any case, (g, M)."""
    stores: Stores
    stored_jpy_per_kwh: float = 0.0
    """Value of a kWh more in the stores at the end than at the start."""
    early_jpy_per_kwh: float = 0.0
    """Value of a kWh for each slot that it is stored: a planner that plans again and again would put off for ever what
    it may as well do later. 0 in a bound."""
    negotiated_kw: Floats | None = None
    """Contract that is fixed, (g,), NaN where the twelve-month rule makes it: then C is demand above it."""
    trade_saves_jpy_per_kwh: Floats | None = None
    """What a kWh from a neighbour saves each meter (energy price less wheeling), (K, g); None: nobody trades."""
    may_export: Bools | None = None
    """(g,); None: everywhere."""
    curtailable_kw: Floats | None = None
    """Generation that may be thrown away, (K, n)."""
    switchable_kw: Floats | None = None
    """Demand that may be switched off, (K, w); it is part of ``fixed_kw``."""
    switch_building: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    comfort_jpy_per_kwh: Floats = field(default_factory=lambda: np.zeros(0))
    """(w,)"""

    @property
    def months(self) -> int:
        """Number of months."""
        return int(self.paid_kw.shape[1])


@dataclass(frozen=True)
class Plan:
    """The optimum: powers of each slot, and its cost."""

    cost_jpy: float
    """All of the objective; the base of a contract that follows no peaks is not in it."""
    import_kw: Floats
    export_kw: Floats
    """(K, g)"""
    charge_kw: Floats
    discharge_kw: Floats
    stored_kwh: Floats
    """(K, q), stored at the ends of the slots."""
    contract_kw: Floats
    """(g, M)"""
    curtailed_kw: Floats
    switched_off_kw: Floats


def solve(problem: Dispatch) -> Plan:
    """The cheapest dispatch. Raises ``YscError``: ``no_optimum``, ``solver_missing``."""
    program, hours = Program(), problem.hours
    slots, meters = problem.buy_jpy_per_kwh.shape
    reach = _reach(problem)
    out = np.ones(meters, dtype=np.bool_) if problem.may_export is None else problem.may_export
    bought = program.add_columns((slots, meters), problem.buy_jpy_per_kwh * hours, 0.0, reach)
    sold = program.add_columns((slots, meters), -problem.sell_jpy_per_kwh * hours, 0.0, np.where(out, reach, 0.0))
    contract = program.add_columns((meters, problem.months), problem.demand_jpy_per_kw[:, None], problem.paid_kw)
    need = np.zeros((slots, meters))
    np.add.at(need.T, problem.meter, -problem.fixed_kw.T)
    balance = program.add_rows((slots, meters), need, need)
    program.put(balance, bought, 1.0)
    program.put(balance, sold, -1.0)
    _add_trade(program, problem, bought, sold)
    charge, discharge, stored = _add_stores(program, problem, balance)
    thrown = _add_thrown(program, problem, balance)
    off = _add_switched(program, problem, balance)
    _add_contract(program, problem, bought, contract)
    found = program.solve()
    return _plan(problem, found, bought, sold, charge, discharge, stored, contract, thrown, off)


def _add_trade(program: Program, problem: Dispatch, bought: Ints, sold: Ints) -> None:
    """Part of what meters buy and sell changes hands among themselves, at any price between them."""
    saves = problem.trade_saves_jpy_per_kwh
    if saves is None:
        return
    inside = program.add_columns(bought.shape, -saves * problem.hours)
    outside = program.add_columns(sold.shape, problem.sell_jpy_per_kwh * problem.hours)
    for whole, part in ((bought, inside), (sold, outside)):
        rows = program.add_rows(part.shape, 0.0, np.inf)
        program.put(rows, whole, 1.0)
        program.put(rows, part, -1.0)
    even = program.add_rows((len(bought), 1), 0.0, 0.0)
    program.put(even, inside, 1.0)
    program.put(even, outside, -1.0)


def _reach(problem: Dispatch) -> Floats:
    """More than any meter can see, (K, g): without it, selling dearer than buying would be worth without end."""
    slots, meters = problem.buy_jpy_per_kwh.shape
    most = np.zeros((slots, meters))
    np.add.at(most.T, problem.meter, np.abs(problem.fixed_kw).T)
    if problem.switchable_kw is not None:
        np.add.at(most.T, problem.meter[problem.switch_building], problem.switchable_kw.T)
    if problem.curtailable_kw is not None:
        np.add.at(most.T, problem.meter, problem.curtailable_kw.T)
    power = problem.stores.charge_kw + problem.stores.discharge_kw
    np.add.at(most.T, problem.meter[problem.stores.building], np.broadcast_to(power[:, None], (len(power), slots)))
    return most


def _add_stores(program: Program, problem: Dispatch, balance: Ints) -> tuple[Ints, Ints, Ints]:
    """Charge, discharge and stored energy of every slot, (K, q) columns each."""
    stores, hours = problem.stores, problem.hours
    shape = (len(problem.fixed_kw), len(stores.building))
    charge = program.add_columns(shape, 0.0, 0.0, stores.charge_kw)
    discharge = program.add_columns(shape, stores.wear_jpy_per_kwh * hours, 0.0, stores.discharge_kw)
    worth = np.full(shape, -problem.early_jpy_per_kwh)
    worth[-1:] -= problem.stored_jpy_per_kwh
    stored = program.add_columns(shape, worth, 0.0, stores.room_kwh)
    at_meter = balance[:, problem.meter[stores.building]]
    program.put(at_meter, charge, -1.0)
    program.put(at_meter, discharge, 1.0)
    begin = np.zeros(shape)
    begin[:1] = stores.start_kwh
    if stores.drain_kwh is not None:
        begin -= stores.drain_kwh
    level = program.add_rows(shape, begin, begin)
    program.put(level, stored, 1.0)
    program.put(level[1:], stored[:-1], -1.0)
    program.put(level, charge, -stores.charge_efficiency * hours)
    program.put(level, discharge, hours / stores.discharge_efficiency)
    return charge, discharge, stored


def _add_thrown(program: Program, problem: Dispatch, balance: Ints) -> Ints | None:
    if problem.curtailable_kw is None:
        return None
    thrown = program.add_columns(problem.curtailable_kw.shape, 0.0, 0.0, problem.curtailable_kw)
    program.put(balance[:, problem.meter], thrown, -1.0)
    return thrown


def _add_switched(program: Program, problem: Dispatch, balance: Ints) -> Ints | None:
    if problem.switchable_kw is None:
        return None
    cost = problem.comfort_jpy_per_kwh * problem.hours
    off = program.add_columns(problem.switchable_kw.shape, cost, 0.0, problem.switchable_kw)
    program.put(balance[:, problem.meter[problem.switch_building]], off, 1.0)
    return off


def _add_contract(program: Program, problem: Dispatch, bought: Ints, contract: Ints) -> None:
    """C_m ≥ Q_j for the peaks Q of the twelve months up to m, and Q_j ≥ I_k for the slots of j."""
    paying = np.flatnonzero(problem.demand_jpy_per_kw > 0)
    if not paying.size:
        return
    fixed = np.full(len(problem.demand_jpy_per_kw), np.nan) if problem.negotiated_kw is None else problem.negotiated_kw
    base = np.where(np.isnan(fixed), 0.0, fixed)
    peak = program.add_columns(contract.shape)
    rows = program.add_rows((len(bought), paying.size), -np.inf, base[paying])
    program.put(rows, bought[:, paying], 1.0)
    program.put(rows, peak[:, problem.month].T[:, paying], -1.0)
    months = problem.months
    for back in range(min(RATCHET_MONTHS, months)):
        held = paying if back == 0 else paying[np.isnan(fixed[paying])]
        over = program.add_rows((held.size, months - back), 0.0, np.inf)
        program.put(over, contract[held, back:], 1.0)
        program.put(over, peak[held, : months - back], -1.0)


def _plan(
    problem: Dispatch,
    found: Solution,
    bought: Ints,
    sold: Ints,
    charge: Ints,
    discharge: Ints,
    stored: Ints,
    contract: Ints,
    thrown: Ints | None,
    off: Ints | None,
) -> Plan:
    values = found.values
    return Plan(
        # The value of what is stored counts from the start.
        cost_jpy=found.cost + problem.stored_jpy_per_kwh * float(problem.stores.start_kwh.sum()),
        import_kw=values[bought],
        export_kw=values[sold],
        charge_kw=values[charge],
        discharge_kw=values[discharge],
        stored_kwh=values[stored],
        contract_kw=values[contract],
        curtailed_kw=np.zeros_like(problem.fixed_kw) if thrown is None else values[thrown],
        switched_off_kw=np.zeros((len(problem.fixed_kw), 0)) if off is None else values[off],
    )
