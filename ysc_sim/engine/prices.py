"""What a kWh is worth at each meter in each slot: the values that strategies see and truthful bidders bid."""

from __future__ import annotations

import numpy as np

from ysc_sim.community.arrays import Contracted, Terms
from ysc_sim.results.arrays import Values
from ysc_sim.timeseries import TimeAxis
from ysc_sim.units import Floats


class Prices:
    """Import and export value by slot. Few plans serve many meters: one row is kept for each plan."""

    def __init__(self, terms: Terms, axis: TimeAxis, buildings: int) -> None:
        contracts = [terms.shared] if terms.shared is not None else list(terms.own)
        self._plan_of = np.zeros(buildings, dtype=np.int64)
        for number, contract in enumerate(contracts):
            self._plan_of[contract.columns] = number
        self._import = np.stack([import_value(terms, contract, axis) for contract in contracts], axis=1)
        self._export = np.stack([np.full(axis.slots, contract.export_jpy_per_kwh) for contract in contracts], axis=1)
        self._retail = np.stack([retail_price(contract, axis) for contract in contracts], axis=1)
        self._last = -1
        self._now: tuple[Floats, Floats] = (np.zeros(buildings), np.zeros(buildings))

    def of_slot(self, slot: int) -> tuple[Floats, Floats]:
        """Value of a kWh that need not be bought, and of one sold to the supplier, (n,) JPY/kWh."""
        slot = min(slot, len(self._import) - 1)
        if slot != self._last:
            same = self._last >= 0 and (self._import[slot] == self._import[self._last]).all()
            if not same:
                self._now = self._import[slot][self._plan_of], self._export[slot][self._plan_of]
            self._last = slot
        return self._now

    def by_plan(self) -> Values:
        """Both values of every slot and plan."""
        return Values(self._import, self._export, self._plan_of)

    def values_ahead(self, slot: int, count: int) -> tuple[Floats, Floats]:
        """As :meth:`of_slot`, of ``count`` slots from ``slot`` on, (count, n); the last slot is repeated."""
        slots = np.minimum(np.arange(slot, slot + count), len(self._import) - 1)
        return self._import[slots][:, self._plan_of], self._export[slots][:, self._plan_of]

    def ahead(self, slot: int, count: int) -> tuple[Floats, Floats]:
        """Price of a kWh bought from and sold to the supplier in ``count`` slots from ``slot`` on, (count, n).

        Levy included, whosever the wires are; the last slot is repeated behind the end.
        """
        slots = np.minimum(np.arange(slot, slot + count), len(self._retail) - 1)
        return self._retail[slots][:, self._plan_of], self._export[slots][:, self._plan_of]


def retail_price(contract: Contracted, axis: TimeAxis) -> Floats:
    """What one more kWh from the supplier costs, (K,) JPY/kWh: energy price, adjustment and levy."""
    tariff, slots = contract.tariff, axis.slots
    energy = tariff.energy_price_jpy_per_kwh(axis.start, axis.slot_s, slots, adjustments=contract.adjustments)
    return energy + tariff.levy_jpy_per_kwh(axis.start, axis.slot_s, slots)


def import_value(terms: Terms, contract: Contracted, axis: TimeAxis) -> Floats:
    """What a kWh from a neighbour saves, (K,) JPY/kWh: behind one meter all of energy price and levy; over the
    utility's wires the energy price without the levy, less the wheeling charge.
    """
    retail = retail_price(contract, axis)
    if terms.shared is None and terms.wires == "utility":
        levy = contract.tariff.levy_jpy_per_kwh(axis.start, axis.slot_s, axis.slots)
        return np.maximum(retail - levy - terms.wheeling_jpy_per_kwh, 0.0)
    return retail
