"""From what a planner is told to the linear program that it solves."""

from __future__ import annotations

import numpy as np

from ysc_sim.contracts import Outlook, Plant
from ysc_sim.optimum import Dispatch, Stores
from ysc_sim.units import SECONDS_PER_HOUR, Floats, Ints


def meters_of(outlook: Outlook) -> tuple[Ints, Floats, Floats]:
    """Meter of each building (n,), and of each meter the charge of a kW and month and the peak paid for, (g,)."""
    n = len(outlook.plant.room_kwh)
    meter = np.zeros(n, dtype=np.int64)
    price: list[float] = []
    paid: list[float] = []
    for contract in outlook.contracts:
        count = 1 if contract.together else len(contract.buildings)
        meter[contract.buildings] = len(price) + (0 if contract.together else np.arange(count))
        price += [contract.demand_jpy_per_kw] * count
        paid += [contract.previous_kw] * count
    return meter, np.array(price), np.array(paid)


def stores_of(plant: Plant, start_kwh: Floats, wear_jpy_per_kwh: Floats) -> Stores:
    """Stores of the buildings that have any, with what is in them now, (n,) above their floors."""
    has = np.flatnonzero(plant.room_kwh > 0)
    return Stores(
        building=has,
        charge_kw=plant.charge_kw[has],
        discharge_kw=plant.discharge_kw[has],
        room_kwh=plant.room_kwh[has],
        start_kwh=np.clip(start_kwh[has], 0.0, plant.room_kwh[has]),
        charge_efficiency=plant.charge_efficiency[has],
        discharge_efficiency=plant.discharge_efficiency[has],
        wear_jpy_per_kwh=wear_jpy_per_kwh[has],
    )


def by_meter(values: Floats, meter: Ints, meters: int) -> Floats:
    """Prices (K, n) of the buildings as those of their meters, (K, g); buildings of one meter have one price."""
    out = np.zeros((len(values), meters))
    out[:, meter] = values
    return out


def dispatch_of(outlook: Outlook, fixed_kw: Floats, wear_jpy_per_kwh: Floats, stored_jpy_per_kwh: float) -> Dispatch:
    """The whole run as one program, for the net of one row, (K, n)."""
    meter, price, paid = meters_of(outlook)
    months = int(outlook.month[-1]) + 1
    return Dispatch(
        hours=outlook.axis.slot_s / SECONDS_PER_HOUR,
        fixed_kw=fixed_kw,
        meter=meter,
        month=outlook.month,
        buy_jpy_per_kwh=by_meter(outlook.import_jpy_per_kwh, meter, len(price)),
        sell_jpy_per_kwh=by_meter(outlook.export_jpy_per_kwh, meter, len(price)),
        demand_jpy_per_kw=price,
        paid_kw=np.repeat(paid[:, None], months, axis=1),
        stores=stores_of(outlook.plant, outlook.plant.start_kwh, wear_jpy_per_kwh),
        stored_jpy_per_kwh=stored_jpy_per_kwh,
    )
