"""A finished run's arrays as the tables of the result folder: community, buildings, trades, bills, events,
outages, and power_flow and network_day where the network was solved.

Every function makes a part of a table, so that a large ensemble is written piece by piece; nothing loops over
rows, buildings or time. Order of lines: time, row, building.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from ysc_sim.results.arrays import RunArrays
from ysc_sim.results.columns import BUILDING_COLUMNS, COMMUNITY_COLUMNS, TIER_COLUMNS
from ysc_sim.results.tables import Columns, Text, Times, text_of
from ysc_sim.units import MWH_PER_KWH, Floats, Ints, hours

LINES_AT_ONCE = 500_000
POOL, COMMUNITY, OPERATOR, NETWORK = "pool", "community", "operator", "network"
"""Who stands in a table where it is not a building."""
STATUS = ("delivered", "short", "failed")


def chunks(arrays: RunArrays, name: str) -> Iterator[Columns]:
    """Consecutive parts of one table; at least one, which may be empty."""
    make, length, width = _MAKERS[name](arrays)
    step = max(1, LINES_AT_ONCE // max(1, width))
    for first in range(0, max(length, 1), step):
        yield make(first, min(first + step, length))


def community_part(arrays: RunArrays, first: int, last: int) -> Columns:
    """Recorded intervals ``first`` to ``last`` of the whole community, one line per interval and row."""
    rows = len(arrays.seeds)
    table: Columns = {
        "time": np.repeat(_starts(arrays, first, last), rows),
        "row": np.tile(np.arange(rows), last - first),
    }
    own = {column.name for column in COMMUNITY_COLUMNS}
    for column in BUILDING_COLUMNS:
        values = arrays.columns.get(column.name)
        if values is not None and column.name not in own:
            table[column.name] = np.add.reduce(values[first:last], axis=2).ravel()
    slot_values = _slot_values(arrays)
    for column in COMMUNITY_COLUMNS:
        if column.name in arrays.community:
            table[column.name] = arrays.community[column.name][first:last].ravel()
        elif column.name in slot_values:
            fill = 0.0 if column.name == "traded_kwh" else np.nan
            table[column.name] = _spread(arrays, slot_values[column.name], first, last, fill).ravel()
    return table


def buildings_part(arrays: RunArrays, first: int, last: int) -> Columns:
    """Recorded intervals ``first`` to ``last`` of every building, one line per interval, row and building."""
    rows, n = len(arrays.seeds), len(arrays.buildings)
    count = last - first
    table: Columns = {
        "time": np.repeat(_starts(arrays, first, last), rows * n),
        "row": np.tile(np.repeat(np.arange(rows), n), count),
        "building": Text(np.tile(np.arange(n, dtype=np.int32), rows * count), arrays.buildings),
    }
    for column in BUILDING_COLUMNS:
        if column.name in arrays.columns:
            table[column.name] = arrays.columns[column.name][first:last].ravel()
    if len(arrays.import_mwh):
        imported = _spread(arrays, arrays.import_mwh, first, last)
        table["demand_kw"] = (imported / MWH_PER_KWH / hours(arrays.axis.slot_s)).ravel()
    return table


def trades_part(arrays: RunArrays, first: int, last: int) -> Columns:
    """Slots ``first`` to ``last``: one line for each order filled at the gate, and what came of it."""
    span = slice(first, last)
    promised = np.stack([arrays.cleared_sold_mwh[span], arrays.cleared_bought_mwh[span]], axis=-1)
    given = np.stack([arrays.sold_mwh[span], arrays.bought_mwh[span]], axis=-1)[: len(promised)]
    slot, row, building, buys = np.nonzero(promised)
    due, energy = promised[slot, row, building, buys], given[slot, row, building, buys]
    price = arrays.trade_price_jpy_per_kwh[span][slot, row, building]
    # A building's payment of a slot is one number, > 0 what it pays: turned round it is what the seller
    # receives. Where it does both, what it bought is priced alone and the rest of the number belongs to what
    # it sold.
    net = arrays.payment_mjpy[span][slot, row, building]
    bought, sold = given[slot, row, building, 1], given[slot, row, building, 0]
    paid = np.where(sold == 0, net, np.rint(bought * price / 1000.0).astype(np.int64))
    payment = np.where(buys == 1, paid, paid - net)
    names = (POOL, *arrays.buildings)
    code = (building + 1).astype(np.int32)
    status = np.where(energy == due, 0, np.where(energy > 0, 1, 2)).astype(np.int32)
    return {
        "time": _starts(arrays, first, last, step_s=arrays.axis.slot_s)[slot],
        "row": row,
        "seller": Text(np.where(buys == 1, np.int32(0), code), names),
        "buyer": Text(np.where(buys == 1, code, np.int32(0)), names),
        "energy_mwh": energy,
        "price_jpy_per_kwh": price,
        "payment_mjpy": payment,
        "status": Text(status, STATUS),
    }


def bills_part(arrays: RunArrays) -> Columns:
    """Every line of every bill, by month, row and account; the lines of one bill in the tariff's order."""
    lines, rows = arrays.bills, len(arrays.seeds)
    names = (*arrays.buildings, COMMUNITY, OPERATOR, NETWORK)
    # −1 (community), −2 (operator) and −3 (network operator) stand behind the buildings.
    owner = np.array([line.building for line in lines], dtype=np.int64)
    account = np.where(owner >= 0, owner, len(arrays.buildings) - 1 - owner)
    month, item, unit = (text_of(getattr(line, key) for line in lines) for key in ("month", "item", "unit"))
    months = np.argsort(np.argsort(np.array(month.names))) if month.names else np.zeros(0, dtype=np.int64)
    line_of = np.repeat(np.arange(len(lines)), rows)
    row = np.tile(np.arange(rows), len(lines))
    order = np.lexsort((line_of, account[line_of], row, months[month.codes[line_of]])) if lines else line_of
    line_of, row = line_of[order], row[order]
    return {
        "month": Text(month.codes[line_of], month.names),
        "row": row,
        "building": Text(account[line_of].astype(np.int32), names),
        "item": Text(item.codes[line_of], item.names),
        "quantity": _lines(arrays, "quantity", np.float64)[line_of, row],
        "unit": Text(unit.codes[line_of], unit.names),
        "price_jpy": _lines(arrays, "price_jpy", np.float64)[line_of, row],
        "amount_mjpy": _lines(arrays, "amount_mjpy", np.int64)[line_of, row],
    }


def _lines(arrays: RunArrays, field: str, kind: type) -> Any:
    """One field of all bill lines, (lines, S)."""
    shape = (len(arrays.bills), len(arrays.seeds))
    return np.array([getattr(line, field) for line in arrays.bills], dtype=kind).reshape(shape)


def events_part(arrays: RunArrays) -> Columns:
    """Changes of mode in the order of time, row and occurrence."""
    row = np.array([event.row for event in arrays.events], dtype=np.int64)
    instant = np.array([event.t_s for event in arrays.events], dtype=np.float64)
    order = np.lexsort((row, instant))
    table: Columns = {"time": _instants(arrays, instant[order]), "row": row[order]}
    for key in ("cell", "from_mode", "to_mode", "cause"):
        text = text_of(getattr(event, key) for event in arrays.events)
        table[key] = Text(text.codes[order], text.names)
    for key in ("frequency_hz", "swing_kwh"):
        table[key] = np.array([getattr(event, key) for event in arrays.events], dtype=np.float64)[order]
    return table


def outages_part(arrays: RunArrays) -> Columns:
    """One line for each outage and cell, in the order of time, row and cell."""
    records = arrays.outages
    row = np.array([record.row for record in records], dtype=np.int64)
    start = np.array([record.start_s for record in records], dtype=np.float64)
    cell = text_of(record.cell for record in records)
    rank = np.argsort(np.argsort(np.array(cell.names))) if cell.names else np.zeros(0, dtype=np.int64)
    order = np.lexsort((rank[cell.codes], row, start)) if records else row
    unserved = np.array([record.unserved_kwh for record in records], dtype=np.float64).reshape(-1, 4)
    table: Columns = {
        "row": row[order],
        "start": _instants(arrays, start[order]),
        "hours": np.array([record.hours for record in records], dtype=np.float64)[order],
        "cell": Text(cell.codes[order], cell.names),
    }
    for key in ("soc_start_kwh", "survived_h"):
        table[key] = np.array([getattr(record, key) for record in records], dtype=np.float64)[order]
    for tier, column in enumerate(TIER_COLUMNS):
        table[column.name] = unserved[order, tier]
    for key in ("cause", "device"):
        text = text_of(getattr(record, key) for record in records)
        table[key] = Text(text.codes[order], text.names)
    return table


def rows_part(arrays: RunArrays) -> Columns:
    """One line for each row of the ensemble: its seed, what it varies, and its numbers."""
    seeds = np.array(arrays.seeds, dtype=np.int64)
    return {"row": np.arange(len(seeds)), "seed": seeds, **arrays.row_numbers}


def power_flow_part(arrays: RunArrays, first: int, last: int) -> Columns:
    """Recorded intervals ``first`` to ``last`` of the network: every building, then the community, of each row."""
    flow = arrays.power_flow
    assert flow is not None, "asked for only where there is one"
    rows, n, count = len(arrays.seeds), len(arrays.buildings), last - first
    nothing = np.full((count, rows, n), np.nan)

    def joined(buildings: Floats, community: Floats) -> Floats:
        values: Floats = np.concatenate([buildings, community[first:last, :, None]], axis=2).ravel()
        return values

    part = slice(first, last)
    return {
        "time": np.repeat(_starts(arrays, first, last), rows * (n + 1)),
        "row": np.tile(np.repeat(np.arange(rows), n + 1), count),
        "building": Text(np.tile(np.arange(n + 1, dtype=np.int32), rows * count), (*arrays.buildings, COMMUNITY)),
        "p_kw": joined(flow.p_kw[part], flow.connection_p_kw),
        "q_kvar": joined(flow.q_kvar[part], flow.connection_q_kvar),
        "min_voltage_pu": joined(flow.min_voltage_pu[part], flow.network_min_voltage_pu),
        "max_voltage_pu": joined(flow.max_voltage_pu[part], flow.network_max_voltage_pu),
        "loss_kw": joined(nothing, flow.loss_kw),
        "max_line_loading_percent": joined(nothing, flow.line_loading_percent),
        "max_transformer_loading_percent": joined(nothing, flow.transformer_loading_percent),
    }


def network_day_part(arrays: RunArrays) -> Columns:
    """The hardest day: at each instant every bus, then every branch, in the order of the network."""
    day = arrays.power_flow.day if arrays.power_flow is not None else None
    assert day is not None, "asked for only where there is one"
    buses, branches, count = len(day.bus_names), len(day.branch_names), len(day.interval)

    def each(of_buses: Any, of_branches: Any) -> Text:
        text = text_of([*of_buses, *of_branches])
        return Text(np.tile(text.codes, count), text.names)

    def number(of_buses: Any, of_branches: Any) -> Any:
        return np.tile(np.concatenate([of_buses, of_branches]).astype(np.int64), count)

    none = np.full(buses, -1)
    kinds = ["source" if source else "bus" for source in day.bus_is_source]
    missing = np.full((count, buses), np.nan), np.full((count, branches), np.nan)
    return {
        "time": np.repeat(_starts(arrays, 0, int(day.interval[-1]) + 1)[day.interval], buses + branches),
        "element": each(kinds, day.branch_kinds),
        "number": number(np.arange(buses), np.arange(branches)),
        "name": each(day.bus_names, day.branch_names),
        "building": each(day.bus_building, [""] * branches),
        "start_bus": number(none, day.ends[:, 0]),
        "end_bus": number(none, day.ends[:, 1]),
        "voltage_pu": np.hstack([day.voltage_pu, missing[1]]).ravel(),
        "loading_percent": np.hstack([missing[0], day.loading_percent]).ravel(),
    }


def _slot_values(arrays: RunArrays) -> dict[str, Floats]:
    """Community columns that are known by settlement slot, (K, S)."""
    if not len(arrays.import_mwh):
        return {}
    values: dict[str, Floats] = {
        "demand_kw": arrays.community_import_mwh / MWH_PER_KWH / hours(arrays.axis.slot_s),
    }
    if len(arrays.cleared_bought_mwh):
        bought = np.add.reduce(arrays.bought_mwh, axis=2).astype(np.float64)
        worth = np.add.reduce(arrays.bought_mwh * arrays.trade_price_jpy_per_kwh, axis=2)
        # A slot's trade is known as a whole; its intervals get equal parts, so that sums over time stay
        # right.
        values["traded_kwh"] = bought / MWH_PER_KWH / _intervals_per_slot(arrays)
        values["price_jpy_per_kwh"] = np.full(bought.shape, np.nan)
        np.divide(worth, bought, out=values["price_jpy_per_kwh"], where=bought > 0)
    return values


def _spread(arrays: RunArrays, by_slot: Floats | Ints, first: int, last: int, fill: float = np.nan) -> Floats:
    """Values (K, …) of the slots that hold the recorded intervals ``first`` to ``last``; ``fill`` in an
    incomplete one.
    """
    slot = np.arange(first, last) // _intervals_per_slot(arrays)
    known = by_slot[np.minimum(slot, len(by_slot) - 1)]
    return np.where((slot < len(by_slot)).reshape(-1, *[1] * (by_slot.ndim - 1)), known, fill)


def _intervals_per_slot(arrays: RunArrays) -> int:
    return arrays.axis.slot_s // arrays.record_s


def _starts(arrays: RunArrays, first: int, last: int, *, step_s: int | None = None) -> Times:
    """Starts of intervals ``first`` to ``last`` in UTC."""
    step = step_s or arrays.record_s
    began = round(arrays.axis.start.timestamp())
    return ((began + step * np.arange(first, last, dtype=np.int64)) * 1_000_000_000).astype("datetime64[ns]")


def _instants(arrays: RunArrays, seconds: Floats) -> Times:
    """Instants ``seconds`` after the start, to the microsecond, in UTC."""
    micro: Ints = np.rint(seconds * 1e6).astype(np.int64) + round(arrays.axis.start.timestamp()) * 1_000_000
    return (micro * 1000).astype("datetime64[ns]")


_Part = tuple[Callable[[int, int], Columns], int, int]


def _by_interval(
    part: Callable[[RunArrays, int, int], Columns], *, buildings: bool, community: bool
) -> Callable[[RunArrays], _Part]:
    """Lines by row for every building, for the community, or for all of them."""

    def plan(arrays: RunArrays) -> _Part:
        length = next(iter(arrays.columns.values())).shape[0]
        lines = len(arrays.seeds) * (len(arrays.buildings) * buildings + community)
        return (lambda first, last: part(arrays, first, last)), length, lines

    return plan


def _by_slot(arrays: RunArrays) -> _Part:
    lines = len(arrays.seeds) * len(arrays.buildings)
    return (lambda first, last: trades_part(arrays, first, last)), len(arrays.cleared_bought_mwh), lines


def _at_once(part: Callable[[RunArrays], Columns]) -> Callable[[RunArrays], _Part]:
    return lambda arrays: ((lambda first, last: part(arrays)), 1, 1)


_MAKERS: Mapping[str, Callable[[RunArrays], _Part]] = {
    "community": _by_interval(community_part, buildings=False, community=True),
    "buildings": _by_interval(buildings_part, buildings=True, community=False),
    "trades": _by_slot,
    "bills": _at_once(bills_part),
    "events": _at_once(events_part),
    "outages": _at_once(outages_part),
    "rows": _at_once(rows_part),
    "power_flow": _by_interval(power_flow_part, buildings=True, community=True),
    "network_day": _at_once(network_day_part),
}
TABLES = ("community", "buildings", "trades", "bills", "events", "outages")
"""Tables that every run has."""


def tables_of(arrays: RunArrays) -> tuple[str, ...]:
    """Tables of this run: the network's only where it was solved, rows where no course of time was recorded."""
    flow = arrays.power_flow
    more = (
        ("power_flow", flow is not None),
        ("network_day", flow is not None and flow.day is not None),
        ("rows", bool(arrays.row_numbers)),
    )
    return (*TABLES, *(name for name, there in more if there))
