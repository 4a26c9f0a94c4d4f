"""What planners are told before the run: stores, contracts, printed prices; the future only to those marked for it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import partial
from typing import Any

import numpy as np

from ysc_sim.billing import demand_charge_jpy
from ysc_sim.community.arrays import Community, Contracted, Control
from ysc_sim.community.pooled import pool_of, pooled_store
from ysc_sim.contracts import Cells, Contract, Device, Moment, Outlook, Planner, Plant
from ysc_sim.engine.prices import Prices
from ysc_sim.timeseries import TimeAxis
from ysc_sim.units import Floats, Ints

PROBES = 200
"""Shares of the rated power at which the efficiency of a store is asked for; the best counts."""


def prepare_planners(community: Community, prices: Prices) -> None:
    """Tell every planner of a community what it may know."""
    for control in community.controls:
        for planner in planners_in(control.strategy):
            planner.prepare(outlook_of(community, prices, control, foresight=planner.sees_future))


def planners_in(strategy: object) -> list[Planner]:
    """The strategy itself and those inside it, where they plan."""
    found = [strategy] if isinstance(strategy, Planner) else []
    inner = getattr(strategy, "inner", None)
    return found if inner is None else found + planners_in(inner)


def outlook_of(community: Community, prices: Prices, control: Control, *, foresight: bool) -> Outlook:
    """What a control's planner may know."""
    axis = community.site.axis
    columns = np.arange(len(community.buildings)) if control.columns is None else control.columns
    imported, exported = prices.ahead(0, axis.slots)
    return Outlook(
        axis=axis,
        month=month_numbers(community),
        import_jpy_per_kwh=imported[:, columns],
        export_jpy_per_kwh=exported[:, columns],
        plant=plant_of(community, columns),
        contracts=contracts_of(community, columns),
        future_kw=slot_means_kw(community)[:, :, columns] if foresight else None,
        cells=partial(cells_of, community, columns) if foresight else None,
    )


def cells_of(community: Community, columns: Ints) -> Cells:
    """Demand and generation of all cells in every step, and the stores of some buildings."""
    pool, store = pool_of(community), pooled_store(community, by_building=True)
    return Cells(
        of_building=community.cell_of.group[columns],
        tier_load_kw=pool.tier_load_kw,
        generation_kw=pool.generation_kw,
        room_kwh=(store.energy_kwh - store.floor_kwh)[columns],
        charge_kw=store.charge_kw[columns],
        discharge_kw=store.discharge_kw[columns],
        charge_efficiency=store.charge_efficiency[columns],
        discharge_efficiency=store.discharge_efficiency[columns],
    )


def month_numbers(community: Community) -> Ints:
    """Number of the calendar month of each slot, from 0, (K,)."""
    axis = community.site.axis
    index = axis.index(step_s=axis.slot_s)[: axis.slots]
    month = np.asarray(index.year * 12 + index.month, dtype=np.int64)
    return np.asarray(month - month[0])


def plant_of(community: Community, columns: Ints, energy_class: str = "battery") -> Plant:
    """Stores of one class by building. Of vehicles all energy counts, for the driver's floor is not a law of nature."""
    n = len(community.buildings)
    totals = {name: np.zeros(n) for name in ("charge", "discharge", "room", "start")}
    best = {name: np.zeros(n) for name in ("charge", "discharge")}
    for fleet, to_building in zip(community.fleets, community.by_building, strict=True):
        if fleet.energy_class != energy_class:
            continue
        state = fleet.start()
        store, bands = fleet.store(state), fleet.bands(state, Moment(0.0, 0))
        power = {
            "charge": np.maximum(-bands.lo_kw, 0.0) if store.charge_kw is None else store.charge_kw,
            "discharge": np.maximum(bands.hi_kw, 0.0) if store.discharge_kw is None else store.discharge_kw,
        }
        shape = store.stored_kwh.shape
        floor = store.floor_kwh if energy_class == "battery" else 0.0
        for name, values in {
            **power,
            "room": store.capacity_kwh - floor,
            "start": store.stored_kwh - floor,
        }.items():
            totals[name] += to_building.sum(np.array(np.broadcast_to(values, shape)))[0]
        for name, values in power.items():
            reached = best_efficiency(fleet, np.broadcast_to(values, shape)[:1], charging=name == "charge")
            np.maximum.at(best[name], fleet.placed.building, reached)
    return Plant(
        charge_kw=totals["charge"][columns],
        discharge_kw=totals["discharge"][columns],
        room_kwh=totals["room"][columns],
        start_kwh=totals["start"][columns],
        charge_efficiency=np.where(best["charge"] > 0, best["charge"], 1.0)[columns],
        discharge_efficiency=np.where(best["discharge"] > 0, best["discharge"], 1.0)[columns],
    )


def best_efficiency(fleet: Device, rated_kw: Floats, *, charging: bool) -> Floats:
    """The best efficiency of each store in one direction, asked for at shares of its rated power (1, m) → (m,)."""
    state = {name: array[:1] for name, array in fleet.start().items()}
    best = np.zeros(rated_kw.shape[1])
    for share in np.arange(1, PROBES + 1) / PROBES:
        p_kw = np.where(rated_kw > 0, rated_kw, 1.0) * (-share if charging else share)
        drain = fleet.drain_kw(state, p_kw)[0]
        part, whole = (drain, p_kw[0]) if charging else (p_kw[0], drain)
        ratio = np.divide(part, whole, out=np.zeros_like(best), where=whole != 0)
        best = np.maximum(best, np.minimum(ratio, 1.0))
    return best


def contracts_of(community: Community, columns: Ints) -> tuple[Contract, ...]:
    """Contracts with the buildings of a control, by their positions in it."""
    terms, place = community.terms, {int(b): k for k, b in enumerate(columns)}
    found = []
    for contract in terms.own if terms.shared is None else (terms.shared,):
        mine = np.array([place[int(b)] for b in contract.columns if int(b) in place], dtype=np.int64)
        if mine.size:
            found.append(
                Contract(
                    buildings=mine,
                    together=terms.shared is not None,
                    demand_jpy_per_kw=demand_price(contract),
                    previous_kw=max(contract.previous_kw, default=0.0),
                )
            )
    return tuple(found)


def demand_price(contract: Contracted) -> float:
    """What one kW of contract costs a month; 0 where the contract does not follow the half-hour peaks."""
    base = contract.tariff.require_import()
    if base.unit != "kW" or contract.contract is not None:
        return 0.0
    percent = contract.power_factor_percent if base.power_factor else 85.0
    price = float(demand_charge_jpy(1.0, price_jpy_per_kw=base.price_jpy, power_factor_percent=percent))
    return price if contract.tariff.tax.included else price * (1.0 + contract.tariff.tax.rate)


def slot_means_kw(community: Community, classes: Collection[str] = ("load", "pv", "wind")) -> Floats:
    """Mean net of everything inflexible of some classes in each slot, (K, S, n), > 0 surplus. This is the future."""
    axis = community.site.axis
    total = np.zeros((axis.slots, community.rows, len(community.buildings)))
    for fleet, to_building in zip(community.fleets, community.by_building, strict=True):
        if fleet.flexible or fleet.energy_class not in classes or not callable(getattr(fleet, "power_kw", None)):
            continue
        for first, mean in fleet_means_kw(fleet, axis):
            for k in range(len(mean)):
                total[first + k] += to_building.sum(mean[k])
    return total


def fleet_means_kw(fleet: Any, axis: TimeAxis) -> Iterator[tuple[int, Floats]]:
    """Mean power of a fleet's devices, some slots at a time: first slot, (k, R0, m)."""
    per_slot = axis.steps_per_slot
    batch = max(1, 40_000 // per_slot)
    for first in range(0, axis.slots, batch):
        count = min(batch, axis.slots - first)
        power = fleet.power_kw(first * per_slot, count * per_slot)
        yield first, np.add.reduce(power.reshape(count, per_slot, *power.shape[1:]), axis=1) / per_slot
