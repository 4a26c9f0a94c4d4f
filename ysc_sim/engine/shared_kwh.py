"""Which charges a kWh from a neighbour avoids, and which it bears, at the prices of one run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ysc_sim.community.arrays import Contracted, Terms
from ysc_sim.engine.outlook import demand_price
from ysc_sim.timeseries import TimeAxis
from ysc_sim.units import Floats

CONNECTION, BUILDING = "connection", "building"
DIGITS = 6
"""A price has no more; the mean of equal prices is then that price."""


def shared_kwh_terms(terms: Terms, axis: TimeAxis, buildings: int) -> tuple[Mapping[str, Any], ...]:
    """One entry for each contract; () where nobody has a neighbour.

    ``charges``: for energy, fuel_adjustment, levy, wheeling and total what a kWh from the supplier costs, what one from
    a neighbour bears beside the neighbour's own price, and the difference that it avoids, JPY/kWh with tax, means over
    the slots of the run; of the total the least and most avoided in any slot too. With steps, the first step's price.
    ``demand_jpy_per_kw``: price of a kW and month, 0 where the base charge does not follow half-hour peaks;
    ``demand_meter``: whose half-hours count, the sum's at the point of ``connection`` or each ``building``'s own, which
    no trade lowers.
    """
    if buildings < 2:
        return ()
    contracts = (terms.shared,) if terms.shared is not None else terms.own
    return tuple(_of_contract(terms, contract, axis) for contract in contracts)


def _of_contract(terms: Terms, contract: Contracted, axis: TimeAxis) -> Mapping[str, Any]:
    tariff, when = contract.tariff, (axis.start, axis.slot_s, axis.slots)
    prices = np.array([price.price_jpy_per_kwh for price in tariff.energy.values()])
    energy = prices[tariff.bands(*when)] * (1.0 if tariff.tax.included else 1.0 + tariff.tax.rate)
    adjustment = tariff.energy_price_jpy_per_kwh(*when, adjustments=contract.adjustments) - energy
    levy, nothing = tariff.levy_jpy_per_kwh(*when), np.zeros(axis.slots)
    own_meter = terms.shared is None
    sides = {
        "energy": (energy, nothing),
        "fuel_adjustment": (adjustment, nothing),
        "levy": (levy, levy if own_meter else nothing),
        "wheeling": (nothing, np.full(axis.slots, terms.wheeling_jpy_per_kwh if own_meter else 0.0)),
    }
    charges = [_charge(item, supplier, neighbour) for item, (supplier, neighbour) in sides.items()]
    whole = [np.add.reduce(np.stack(side)) for side in zip(*sides.values(), strict=True)]
    avoided = whole[0] - whole[1]
    return {
        "plan": tariff.name,
        "buildings": len(contract.columns),
        "charges": [*charges, _charge("total", *whole)],
        "least_avoided_jpy_per_kwh": round(float(avoided.min()), DIGITS),
        "most_avoided_jpy_per_kwh": round(float(avoided.max()), DIGITS),
        "demand_jpy_per_kw": round(demand_price(contract), DIGITS),
        "demand_meter": BUILDING if own_meter else CONNECTION,
    }


def _charge(item: str, supplier: Floats, neighbour: Floats) -> Mapping[str, Any]:
    means = (float(side.mean()) for side in (supplier, neighbour, supplier - neighbour))
    names = ("supplier_jpy_per_kwh", "neighbour_jpy_per_kwh", "avoided_jpy_per_kwh")
    return {"item": item, **{name: round(mean, DIGITS) + 0.0 for name, mean in zip(names, means, strict=True)}}
