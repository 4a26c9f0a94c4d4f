"""The bound of a scenario: the linear program that no strategy can beat, row by row.

Everything that the engine lets a strategy do is a lever of the program, at the same prices and values: stores,
vehicles, demand that may be switched off, trade, curtailment. What the engine also demands is left out, always in
the program's favour: a vehicle is never away and its driver's floor does not bind, an outage does not cut the import,
efficiencies are the best of any power, a slot's mean stands for all that happens in it, and every rounding of the bill
is given back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, NamedTuple

import numpy as np
from annotated_types import Ge, Le

from ysc_sim.billing import bill_lines
from ysc_sim.community.arrays import Community, Contracted
from ysc_sim.contracts import Plant
from ysc_sim.engine.outlook import demand_price, fleet_means_kw, month_numbers, plant_of, slot_means_kw
from ysc_sim.engine.prices import retail_price
from ysc_sim.errors import YscError
from ysc_sim.optimum import Dispatch, Plan, Stores, solve
from ysc_sim.results.arrays import RunArrays
from ysc_sim.units import MJPY_PER_JPY, SECONDS_PER_HOUR, Bools, Floats, Ints, Unit

RATCHET_MONTHS = 12
KNOWN = ("load", "pv", "wind", "battery", "ev")
Value = Annotated[float, Ge(0), Le(1e6), Unit("JPY/kWh")]


@dataclass(frozen=True, kw_only=True)
class Values:
    """What counts beside the bill, stated and the same for every strategy and for the bound."""

    wear_jpy_per_kwh: Value = 5.0
    """Wear of stationary batteries per discharged kWh (assumed: about 60,000 JPY/kWh over 12,000 equivalent cycles)."""
    unserved_jpy_per_kwh: Value = 1000.0
    """Demand that was not served in an outage (assumed)."""
    stored_jpy_per_kwh: Value = 20.0
    """A kWh more in the stores at the end than at the start (about what it costs to buy)."""


class Bound(NamedTuple):
    """What no strategy can beat, (S,) each."""

    total_jpy: Floats
    plans: tuple[Plan, ...]


def bound_of(community: Community, baseline: RunArrays, values: Values) -> Bound:
    """Least total cost of every row; ``baseline`` is any run of the same community (it tells what vehicles drove).

    Raises ``YscError``: ``bound_unknown_device`` where the community has levers that the program does not know.
    """
    _refuse_unknown(community)
    plans, totals = [], []
    for row in range(community.rows):
        problem, constant = dispatch_of_row(community, baseline, values, row)
        plan = solve(problem)
        plans.append(plan)
        totals.append(plan.cost_jpy + constant)
    return Bound(np.array(totals), tuple(plans))


def _refuse_unknown(community: Community) -> None:
    for fleet in community.fleets:
        foreseen = fleet.flexible or callable(getattr(fleet, "power_kw", None))
        known = fleet.energy_class in KNOWN and (fleet.flexible == (fleet.energy_class in ("battery", "ev")))
        if not (known and foreseen):
            raise YscError("bound_unknown_device", kind=fleet.kind)


def dispatch_of_row(community: Community, baseline: RunArrays, values: Values, row: int) -> tuple[Dispatch, float]:
    """The program of one row, and the part of its cost that nothing changes (base charges less roundings)."""
    axis = community.site.axis
    contracts, meter = _meters(community)
    month = month_numbers(community)
    months = int(month[-1]) + 1 if len(month) else 1
    made = slot_means_kw(community, ("pv", "wind"))[:, row]
    net = made + slot_means_kw(community, ("load",))[:, row]
    buy = np.stack([retail_price(contract, axis) for contract in contracts], axis=1)
    sell = np.stack([np.full(axis.slots, contract.export_jpy_per_kwh) for contract in contracts], axis=1)
    switchable, where, comfort = _switchable(community, baseline, values, row)
    problem = Dispatch(
        hours=axis.slot_s / SECONDS_PER_HOUR,
        fixed_kw=net,
        meter=meter,
        month=month,
        buy_jpy_per_kwh=buy,
        sell_jpy_per_kwh=sell,
        demand_jpy_per_kw=np.array([_peak_price(contract) for contract in contracts]),
        paid_kw=np.stack([_paid(contract, months) for contract in contracts]),
        negotiated_kw=np.array([_negotiated(contract) for contract in contracts]),
        stores=_stores(community, baseline, values, row),
        stored_jpy_per_kwh=values.stored_jpy_per_kwh,
        trade_saves_jpy_per_kwh=_trade_saves(community, contracts, buy),
        may_export=_may_export(community, len(contracts)),
        curtailable_kw=made if community.export_bans or community.outages or (sell < 0).any() else None,
        switchable_kw=switchable,
        switch_building=where,
        comfort_jpy_per_kwh=comfort,
    )
    constant = sum(_base_jpy(community, contract) - _roundings(contract, months) for contract in contracts)
    return problem, float(constant)


def _meters(community: Community) -> tuple[list[Contracted], Ints]:
    """Contract of each meter, and the meter of each building."""
    n = len(community.buildings)
    if community.terms.shared is not None:
        return [community.terms.shared], np.zeros(n, dtype=np.int64)
    by_building = {int(b): contract for contract in community.terms.own for b in contract.columns}
    return [by_building[b] for b in range(n)], np.arange(n, dtype=np.int64)


def _peak_price(contract: Contracted) -> float:
    """JPY of a kW and month: of the contract, or of what exceeds a negotiated one."""
    if np.isnan(_negotiated(contract)):
        return demand_price(contract)
    free = Contracted(**{**vars(contract), "contract": None})
    return demand_price(free) * contract.tariff.require_import().exceedance_factor


def _negotiated(contract: Contracted) -> float:
    follows = contract.tariff.require_import().unit == "kW" and contract.contract is not None
    return float(contract.contract) if follows and contract.contract is not None else float("nan")


def _paid(contract: Contracted, months: int) -> Floats:
    """Contract that earlier peaks make in each month, (M,)."""
    paid = np.zeros(months)
    if not np.isnan(_negotiated(contract)):
        return paid
    before = contract.previous_kw[-(RATCHET_MONTHS - 1) :]
    for age, peak in enumerate(reversed(before), start=1):
        paid[: max(RATCHET_MONTHS - age, 0)] = np.maximum(paid[: max(RATCHET_MONTHS - age, 0)], peak)
    return paid


def _base_jpy(community: Community, contract: Contracted) -> float:
    """What a contract costs that follows no peaks, of a meter that uses nothing."""
    follows = contract.tariff.require_import().unit == "kW" and contract.contract is None
    if follows:
        return 0.0
    axis = community.site.axis
    nothing = np.zeros((axis.slots, 1), dtype=np.int64)
    lines = bill_lines(
        contract.tariff,
        nothing,
        start=axis.start,
        slot_s=axis.slot_s,
        power_factor_percent=contract.power_factor_percent,
        contract=contract.contract,
        adjustments=contract.adjustments,
    )
    return float(sum(line.amount_mjpy[0] for line in lines.lines if line.item == "demand")) / MJPY_PER_JPY


def _roundings(contract: Contracted, months: int) -> float:
    """More than all roundings of the bill can take away."""
    rule = contract.tariff.rounding
    yen = sum(
        getattr(rule, name) != "exact" for name in ("demand", "energy", "fuel_adjustment", "levy", "tax", "total")
    )
    kw = demand_price(contract) if rule.kw != "exact" or rule.power_factor != "exact" else 0.0
    kwh = 100.0 if rule.kwh != "exact" else 0.0
    return float(months * (8.0 * yen + kw + kwh * 8.0))


def _may_export(community: Community, meters: int) -> Bools:
    """Meters without a ban, (g,). A ban inside a common meter is left out, in the program's favour."""
    free = np.ones(meters, dtype=np.bool_)
    for ban in community.export_bans:
        if ban.group.count == meters and (meters > 1 or ban.watched.all()):
            free &= ~ban.watched
    return free


def _trade_saves(community: Community, contracts: list[Contracted], buy: Floats) -> Floats | None:
    """What a kWh from a neighbour saves each meter; None where neighbours cannot trade."""
    if len(contracts) < 2 or not community.market.trades:
        return None
    axis = community.site.axis
    levy = np.stack(
        [contract.tariff.levy_jpy_per_kwh(axis.start, axis.slot_s, axis.slots) for contract in contracts], axis=1
    )
    return np.asarray(buy - levy - community.terms.wheeling_jpy_per_kwh)


def _stores(community: Community, baseline: RunArrays, values: Values, row: int) -> Stores:
    """Batteries of each building as one, and its vehicles as another."""
    everyone = np.arange(len(community.buildings))
    parts = [(plant_of(community, everyone, name), name) for name in ("battery", "ev")]
    chosen = [(plant, name, np.flatnonzero(plant.room_kwh > 0)) for plant, name in parts]
    driven = _by_slot(baseline, baseline.columns.get("ev_trip_kwh"), row)
    drain = [np.zeros((len(driven), len(has))) if name == "battery" else driven[:, has] for _, name, has in chosen]

    def joined(field: str) -> Floats:
        return np.concatenate([getattr(plant, field)[has] for plant, _, has in chosen])

    wear = [np.full(len(has), values.wear_jpy_per_kwh if name == "battery" else 0.0) for _, name, has in chosen]
    return Stores(
        building=np.concatenate([has for _, _, has in chosen]),
        wear_jpy_per_kwh=np.concatenate(wear),
        drain_kwh=np.concatenate(drain, axis=1),
        **{name: joined(name) for name in Plant.__dataclass_fields__},
    )


def _by_slot(arrays: RunArrays, column: Floats | None, row: int) -> Floats:
    """One row of a recorded column as sums of slots, (K, n)."""
    slots, n = arrays.import_mwh.shape[0], len(arrays.buildings)
    if column is None:
        return np.zeros((slots, n))
    return np.asarray(np.add.reduce(column[:, row].reshape(slots, -1, n), axis=1))


def _switchable(
    community: Community, baseline: RunArrays, values: Values, row: int
) -> tuple[Floats | None, Ints, Floats]:
    """Demand that may be switched off by device, and in an outage all of it, (K, w), buildings and values."""
    axis, n = community.site.axis, len(community.buildings)
    power: list[Floats] = []
    where: list[Ints] = []
    comfort: list[Floats] = []
    for part in community.switches:
        fleet = community.fleets[part.fleet]
        means = [mean[:, min(row, mean.shape[1] - 1)] for _, mean in fleet_means_kw(fleet, axis)]
        power.append(-np.concatenate(means))
        where.append(fleet.placed.building)
        comfort.append(part.of_device.comfort_jpy_per_kwh)
    if community.may_be_dark:
        away = _outage_share(baseline, row)
        load = -slot_means_kw(community, ("load",))[:, row]
        power.append(load * away[:, None])
        where.append(np.arange(n, dtype=np.int64))
        comfort.append(np.full(n, values.unserved_jpy_per_kwh))
    if not power:
        return None, np.zeros(0, dtype=np.int64), np.zeros(0)
    return np.concatenate(power, axis=1), np.concatenate(where), np.concatenate(comfort)


def _outage_share(baseline: RunArrays, row: int) -> Floats:
    """Whether any of a slot was without grid, (K,)."""
    slots = baseline.import_mwh.shape[0]
    away = baseline.community["islanded_s"][:, row].reshape(slots, -1)
    return np.asarray((np.add.reduce(away, axis=1) > 0).astype(np.float64))
