"""The lines of a bill, for many meters at once, as whole thousandths of a yen.

Of each month: demand charge, exceedance of a negotiated contract, energy by band, fuel and market
adjustment, levy, tax, and the rounding of the total. In every line ``quantity × price = amount`` to 1/1000
yen, and the lines of a month add up to its total exactly. A month that the data cover only in part bears
its full demand charge, and its full steps.
"""

from __future__ import annotations

from datetime import datetime

import numpy as np
from numpy.typing import ArrayLike

from ysc_sim.billing.adjustment import AdjustmentTable, MonthAdjustments, month_adjustments
from ysc_sim.billing.base_charge import Terms, base_charge
from ysc_sim.billing.levy import levy_at
from ysc_sim.billing.money import round_mjpy
from ysc_sim.billing.notices import assumptions, validity_warnings
from ysc_sim.billing.sheet import EXPORT, FUEL, LEVY, TAX, BillLines, Sheet, energy_item
from ysc_sim.billing.tariff import Tariff
from ysc_sim.billing.usage import Months, Usage, largest_by_month, months_of, usage_of
from ysc_sim.errors import TariffError
from ysc_sim.units import MJPY_PER_JPY, MWH_PER_KWH, SECONDS_PER_HOUR, SLOT_S, Floats, Ints


def bill_lines(
    tariff: Tariff,
    import_mwh: Ints,
    *,
    start: datetime,
    slot_s: int = SLOT_S,
    power_factor_percent: float = 100.0,
    contract: float | None = None,
    previous_kw: ArrayLike = (),
    adjustments: AdjustmentTable | None = None,
) -> BillLines:
    """Bills of ``R`` meters from whole milliwatt-hours.

    Parameters
    ----------
    import_mwh : (slots, R) int, import of each slot.
    start : tz-aware beginning of the first slot; months and bands are those of Japan's clock.
    slot_s : length of a slot; above the half-hour, half-hour peaks are not resolved and the bill warns.
    contract : kW, kVA or A as the plan counts. In a plan by kW it is a negotiated contract, in place of the
        twelve-month rule; demand above it bears an exceedance.
    previous_kw : (k,) or (R, k) peaks of the months before, oldest first.
    adjustments : see ``AdjustmentTable``; a month that it lacks is an error, no table at all the plan's
    assumption.

    Raises ``TariffError`` (the plan does not cover what is asked), ``ValueError`` (an argument cannot be).

    >>> from ysc_sim.billing import load_tariff
    >>> slots = np.full((48 * 31, 1), 10_000_000)                      # 20 kW: 14,880 kWh
    >>> plan, august = load_tariff("tepco_hv_basic_2026"), datetime.fromisoformat("2026-08-01T00:00+09:00")
    >>> bill = bill_lines(plan, slots, start=august)
    >>> for line in bill.lines:
    ...     print(line.item, line.quantity[0], line.unit, line.price_jpy[0], line.amount_mjpy[0])
    demand 20.0 kW 2150.5 43010000
    energy_all 14880.0 kWh 17.43 259358400
    fuel_adjustment 14880.0 kWh 0.0 0
    levy 14880.0 kWh 4.18 62198400
    rounding 0.0  0.0 -800
    """
    energy = checked_energy(import_mwh, slot_s)
    months = months_of(start, slot_s, len(energy))
    peak_kw = largest_by_month(energy, months) * (SECONDS_PER_HOUR / slot_s) / MWH_PER_KWH
    terms = Terms(power_factor_percent, contract, previous_kw, adjustments)
    return make_lines(tariff, energy, peak_kw.reshape(-1, energy.shape[1]), months, start, slot_s, terms)


def checked_energy(energy_mwh: Ints, slot_s: int) -> Ints:
    """Raises ``ValueError`` unless energies are whole, not negative, and (slots, R)."""
    energy = np.asarray(energy_mwh)
    if energy.ndim != 2 or not np.issubdtype(energy.dtype, np.integer):
        raise ValueError(f"energy must be whole mWh of shape (slots, R), not {energy.dtype} {energy.shape}.")
    if slot_s < 1:
        raise ValueError(f"slot_s(={slot_s}) must be > 0.")
    if energy.size and np.minimum.reduce(energy, axis=None) < 0:
        raise ValueError("energy must be at least 0; export runs on a register of its own.")
    return energy


def make_lines(
    tariff: Tariff,
    energy_mwh: Ints,
    peak_kw: Floats,
    months: Months,
    start: datetime,
    slot_s: int,
    terms: Terms,
) -> BillLines:
    """The one mechanism behind ``bill`` and ``bill_lines``: slots (K, R) and peaks (M, R) into lines."""
    charge = base_charge(tariff, peak_kw, terms)
    usage = usage_of(tariff, energy_mwh, months, start, slot_s)
    adjusted = month_adjustments(tariff, list(months.names), terms.adjustments)
    sheet = Sheet(months.names, energy_mwh.shape[1])
    for k, number in enumerate(months.numbers):
        charge.write(sheet, k)
        _write_energy(sheet, k, tariff, usage)
        _write_adjustment(sheet, k, tariff, usage, adjusted)
        taxed = sheet.month_sum(k)
        if tariff.levy_periods:
            price = levy_at(tariff.levy_periods, number).price_jpy_per_kwh
            sheet.write_energy(k, LEVY, np.add.reduce(usage.energy_mwh[k], axis=0), price, tariff.rounding.levy)
        if not tariff.tax.included:
            amount = round_mjpy(np.floor(taxed * tariff.tax.rate + 0.5).astype(np.int64), tariff.rounding.tax)
            sheet.write(k, TAX, "JPY", taxed / MJPY_PER_JPY, tariff.tax.rate, amount)
        sheet.close(k, tariff.rounding.total)
    warnings = (*charge.warnings, *validity_warnings(tariff, months, slot_s))
    return sheet.finish(charge.kw, warnings, assumptions(tariff, months, adjusted))


def _write_energy(sheet: Sheet, month: int, tariff: Tariff, usage: Usage) -> None:
    for number, (band, price) in enumerate(tariff.energy.items()):
        energy = usage.energy_mwh[month, number]
        sheet.write_energy(month, energy_item(band), energy, price.price_jpy_per_kwh, tariff.rounding.energy)


def _write_adjustment(sheet: Sheet, month: int, tariff: Tariff, usage: Usage, adjusted: MonthAdjustments) -> None:
    for number, (band, price) in enumerate(adjusted.rows[month]):
        energy = usage.adjusted_mwh[month, number] if band else np.add.reduce(usage.energy_mwh[month], axis=0)
        sheet.write_energy(month, f"{FUEL}_{band}" if band else FUEL, energy, price, tariff.rounding.fuel_adjustment)


def export_lines(
    tariff: Tariff, export_mwh: Ints, *, start: datetime, slot_s: int = SLOT_S, contract_year: int = 1
) -> BillLines:
    """What ``R`` meters earn for export (slots, R) in whole mWh, as a bill with negative amounts.

    ``contract_year`` is the year of the feed-in contract (the first is 1) that all slots lie in. A month's
    income is rounded as the plan rounds totals.

    Raises ``TariffError`` where the plan buys nothing, ``ValueError`` as ``bill_lines``.

    >>> from ysc_sim.billing import load_tariff
    >>> sun = np.full((48 * 30, 1), 1_500_000)                          # 1.5 kWh each half-hour: 2,160 kWh
    >>> plan, april = load_tariff("fit_lt10kw_2025h1"), datetime.fromisoformat("2025-04-01T00:00+09:00")
    >>> int(export_lines(plan, sun, start=april).total_mjpy[0])
    -32400000
    """
    if not tariff.export:
        raise TariffError("plan_buys_nothing", plan=tariff.name)
    energy = checked_energy(export_mwh, slot_s)
    months = months_of(start, slot_s, len(energy))
    sheet = Sheet(months.names, energy.shape[1])
    price = tariff.export_price_in_year_jpy_per_kwh(contract_year)
    for k in range(len(months.numbers)):
        sold = np.add.reduce(energy[months.first[k] : months.first[k + 1]], axis=0)
        sheet.write_energy(k, EXPORT, -sold, price, "exact")
        # Income stands as a negative amount; the plan's floor is meant for the positive one.
        owed = -sheet.month_sum(k)
        sheet.write_rounding(k, owed - round_mjpy(owed, tariff.rounding.total))
    nobody = np.zeros((len(months.numbers), energy.shape[1]))
    return sheet.finish(nobody, validity_warnings(tariff, months, slot_s), dict(tariff.assumed))
