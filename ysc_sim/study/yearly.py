"""A year of bills of every row as three sums: demand charges, energy with all that goes by the kWh, and export.

Below 500 kW a peak counts for twelve months. A year's saving is therefore that of a year in which nothing older counts:
every month bears the largest half-hour of the year. In the first year after a purchase the peaks of the year before are
still in the contract; ``first_demand_jpy`` is what is paid then.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ysc_sim.billing import bill_lines
from ysc_sim.billing.sheet import DEMAND, EXCEEDANCE
from ysc_sim.billing.usage import largest_by_month, months_of
from ysc_sim.community.arrays import Community, Contracted
from ysc_sim.engine.accounts import COMMUNITY, EXPORT_ITEM
from ysc_sim.results.arrays import RunArrays
from ysc_sim.units import MJPY_PER_JPY, MWH_PER_KWH, Floats, Ints, hours

HOURS_IN_YEAR = 8760.0
HISTORY_MONTHS = 11
MONTHS = 12


@dataclass(frozen=True)
class YearlyBill:
    """What all members pay outside, JPY a year of 8,760 h, (S,) each; > 0 is paid."""

    demand_jpy: Floats
    first_demand_jpy: Floats
    """In the year after a purchase, while older peaks still count."""
    energy_jpy: Floats
    """Energy, adjustments, levy, wheeling, and the roundings."""
    export_jpy: Floats
    """≤ 0: earned."""
    contract_kw: Floats
    """Sum of the largest contracts."""

    @property
    def total_jpy(self) -> Floats:
        """All together, in a year in which no older peak counts."""
        return np.asarray(self.demand_jpy + self.energy_jpy + self.export_jpy)


Peaks = dict[int, Floats]
"""Largest half-hours of the last months, oldest first, (≤ 11,) kW, by building."""


def yearly_bill(community: Community, arrays: RunArrays, before: Peaks | None = None) -> YearlyBill:
    """Bills of a run without outages. ``before``: peaks of the year before a purchase; None: there was no purchase."""
    per_year = HOURS_IN_YEAR / hours(arrays.axis.duration_s)
    # A month that is covered in part bears its whole demand charge.
    months_per_year = MONTHS / max(len({line.month for line in arrays.bills}), 1)
    terms, rows = community.terms, community.rows
    lines_of = COMMUNITY if terms.shared is not None else None
    booked: dict[str, Ints] = {}
    for line in arrays.bills:
        if (line.building == COMMUNITY) if lines_of is COMMUNITY else line.building >= 0:
            booked[line.item] = booked.get(line.item, np.zeros(rows, dtype=np.int64)) + line.amount_mjpy
    export = booked.get(EXPORT_ITEM, np.zeros(rows, dtype=np.int64))
    first_year = demand = contracts = np.zeros(rows)
    charged = np.zeros(rows)
    for contract in terms.own if terms.shared is None else (terms.shared,):
        meters = arrays.community_import_mwh[:, :, None] if terms.shared is not None else arrays.import_mwh
        columns = [0] if terms.shared is not None else [int(b) for b in contract.columns]
        for column in columns:
            used = np.ascontiguousarray(meters[:, :, column])
            paid, _ = demand_of(contract, arrays, used, contract.previous_kw)
            steady, kw = demand_of(contract, arrays, used, _year_peaks(arrays, used))
            known = None if before is None or terms.shared is not None else before.get(column)
            early = steady if known is None else demand_of(contract, arrays, used, _either(known, rows))[0]
            charged, demand, first_year = charged + paid, demand + steady, first_year + early
            contracts = contracts + kw
    total = np.asarray(arrays.community_bill_mjpy, dtype=np.float64) / MJPY_PER_JPY
    earned = export / MJPY_PER_JPY
    return YearlyBill(
        demand_jpy=demand * months_per_year,
        first_demand_jpy=first_year * months_per_year,
        energy_jpy=(total - charged - earned) * per_year,
        export_jpy=earned * per_year,
        contract_kw=contracts,
    )


def demand_of(
    contract: Contracted, arrays: RunArrays, import_mwh: Ints, previous_kw: Floats | tuple[float, ...]
) -> tuple[Floats, Floats]:
    """Demand charge with its tax over the run, and the largest contract, of one meter in all rows, (S,) JPY and kW."""
    tariff = contract.tariff
    follows = tariff.require_import().unit == "kW" and contract.contract is None
    bill = bill_lines(
        tariff,
        import_mwh,
        start=arrays.axis.start,
        slot_s=arrays.axis.slot_s,
        power_factor_percent=contract.power_factor_percent,
        contract=contract.contract,
        previous_kw=previous_kw if follows else (),
        adjustments=contract.adjustments,
    )
    mine = np.array([item in (DEMAND, EXCEEDANCE) for item in bill.item], dtype=np.bool_)
    charge = np.add.reduce(bill.amount_mjpy[:, mine], axis=1) / MJPY_PER_JPY
    taxed = 1.0 if tariff.tax.included else 1.0 + tariff.tax.rate
    return charge * taxed, bill.largest_contract_kw


def _year_peaks(arrays: RunArrays, import_mwh: Ints) -> Floats:
    """Largest half-hour of the run as the peak of the month before it, (S, 1) kW."""
    largest = np.maximum.reduce(import_mwh, axis=0, initial=0)
    return np.asarray(largest[:, None] / MWH_PER_KWH / hours(arrays.axis.slot_s))


def _either(peaks_kw: Floats, rows: int) -> Floats:
    return np.broadcast_to(peaks_kw, (rows, len(peaks_kw)))


def monthly_peaks(arrays: RunArrays) -> Peaks:
    """Largest half-hours of the last eleven months of a run's first row, by building."""
    axis = arrays.axis
    months = months_of(axis.start, axis.slot_s, len(arrays.import_mwh))
    peaks = largest_by_month(arrays.import_mwh[:, 0], months) / MWH_PER_KWH / hours(axis.slot_s)
    return {b: np.asarray(peaks[-HISTORY_MONTHS:, b]) for b in range(peaks.shape[1])}
