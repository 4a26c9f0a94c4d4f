"""A customer's bills rebuilt from half-hours, and held against the invoices, line by line and month by month.

Each month is billed on its own, with the power factor, the contract and the prices of the adjustment and of
the levy that its invoice names; what the invoice leaves open comes from the plan and the half-hours. A
contract that the half-hours contradict is not taken over. ``explain`` says where differences come from.

Peaks of the months before the data are unknown, and a contract may stem from them. It can then only fall
from month to month, unless a peak in the data lifts it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from itertools import pairwise

import numpy as np

from ysc_sim.billing import Bill, Tariff, bill, contract_kw, half_hour_demand_kw
from ysc_sim.billing.adjustment import AdjustmentTable
from ysc_sim.billing.base_charge import STEPS_PER_KW
from ysc_sim.billing.clock import EPOCH, first_day
from ysc_sim.billing.demand import RATCHET_MONTHS
from ysc_sim.billing.levy import LevyPeriod
from ysc_sim.billing.money import round_float
from ysc_sim.billing.sheet import DEMAND, EXCEEDANCE, FUEL, LEVY, ROUNDING, TAX
from ysc_sim.billing.usage import Months, months_of
from ysc_sim.errors import Problem
from ysc_sim.study.invoices import Invoice
from ysc_sim.units import MJPY_PER_JPY, SLOT_S, Floats

ENERGY = "energy"
ITEMS = (DEMAND, ENERGY, FUEL, LEVY, TAX)
"""Lines that an invoice and a rebuilt bill have in common; exceedance counts to the demand charge."""
ROUGH_FROM = 0.01
WHOLE_KW = 0.5
"""Suppliers round a contract to whole kW."""


@dataclass(frozen=True)
class Load:
    """A measured load: mean import of equal steps, kW."""

    kw: Floats
    """(N,)"""
    start: datetime
    """With zone."""
    step_s: int
    file: str = ""


@dataclass(frozen=True)
class Given:
    """What the customer says about the whole time."""

    power_factor_percent: float = 100.0
    contract: float | None = None
    previous_kw: tuple[float, ...] = ()
    """Peaks of the months before the data, oldest first."""


@dataclass(frozen=True)
class MonthBill:
    """One month: what was rebuilt, from what, and its invoice."""

    month: str
    bill: Bill
    rounded: Bill
    """The same with kW, kWh and power factor rounded to whole units, as most suppliers do."""
    invoice: Invoice | None
    peak_kw: float
    """Largest half-hour of the month."""
    rule_kw: float
    """Contract that the half-hours known make."""
    contract: float
    """Contract that was billed, in the unit of the plan."""
    history_months: int
    """Months before this one whose peaks are known."""
    power_factor_percent: float
    energy_kwh: float
    covered_days: float
    days: int
    adjustment_given: bool
    """Whether the price of the adjustment is known; else the plan's assumption stands in the bill."""

    @property
    def total_jpy(self) -> float:
        """As rebuilt."""
        return self.bill.total_jpy

    @property
    def difference_jpy(self) -> float | None:
        """Invoice less rebuilt bill; None without invoice."""
        return None if self.invoice is None else self.invoice.total_jpy - self.total_jpy

    @cached_property
    def rebuilt_jpy(self) -> dict[str, float]:
        """Item → JPY, of ``ITEMS``."""
        return by_item(self.bill)

    @property
    def demand_is_given(self) -> bool:
        """Whether the invoice gives its demand charge as a line."""
        return self.invoice is not None and self.invoice.demand_jpy is not None

    @property
    def invoiced_jpy(self) -> dict[str, float]:
        """Item → JPY, of those lines that the invoice gives."""
        if self.invoice is None:
            return {}
        given = {
            DEMAND: self.invoice.demand_jpy,
            ENERGY: self.invoice.energy_jpy,
            FUEL: self.invoice.adjustment_jpy,
            LEVY: self.invoice.levy_jpy,
            TAX: self.invoice.tax_jpy,
        }
        return {item: amount for item, amount in given.items() if amount is not None}


def by_item(one: Bill) -> dict[str, float]:
    """Lines of a bill by ``ITEMS``, JPY; what rounding the total takes away is left out."""
    amounts = dict.fromkeys(ITEMS, 0.0)
    for line in one.sheet.lines:
        if line.item != ROUNDING:
            amounts[_item_of(line.item)] += float(line.amount_mjpy[0]) / MJPY_PER_JPY
    return amounts


def _item_of(item: str) -> str:
    if item in (DEMAND, EXCEEDANCE):
        return DEMAND
    if item in (LEVY, TAX):
        return item
    return ENERGY if item.startswith("energy_") else FUEL


@dataclass(frozen=True)
class Reconciliation:
    """All months, and what follows from them."""

    tariff: Tariff
    months: tuple[MonthBill, ...]
    findings: tuple[Problem, ...]
    """Explanations, month by month, and warnings of the bills."""
    rough: tuple[Problem, ...]
    """Why every saving that builds on this is a rough estimate (概算); empty: it is none."""

    @property
    def rebuilt_jpy(self) -> float:
        """Total of all months."""
        return float(sum(month.total_jpy for month in self.months))

    @property
    def compared(self) -> tuple[MonthBill, ...]:
        """Months that have an invoice."""
        return tuple(month for month in self.months if month.invoice is not None)

    @property
    def invoiced_jpy(self) -> float:
        """Total of all invoices."""
        return float(sum(month.invoice.total_jpy for month in self.months if month.invoice is not None))

    @property
    def difference_jpy(self) -> float:
        """Invoices less rebuilt bills of the same months."""
        return float(sum(month.difference_jpy or 0.0 for month in self.months))


def rebuild(
    tariff: Tariff, load: Load, given: Given, invoices: Sequence[Invoice], adjustments: AdjustmentTable | None = None
) -> tuple[MonthBill, ...]:
    """Bill every month of the load. ``adjustments`` of the plan's own; those of invoices go before them.

    Raises ``TariffError`` where the plan does not cover what is asked, ``ValueError`` where a number cannot be.
    """
    months, edges = _months(load)
    by_month = {invoice.month: invoice for invoice in invoices}
    peaks = [_peak_kw(tariff, load, a, b) for a, b in pairwise(edges)]
    rule = contract_kw(np.array(peaks), previous_kw=given.previous_kw)
    done: list[MonthBill] = []
    for k, (a, b) in enumerate(pairwise(edges)):
        name = months.names[k]
        invoice = by_month.get(name)
        known = len(given.previous_kw) + k
        contract = _contract(tariff, float(rule[k]), known, given, invoice, done[-1] if done else None)
        factor = given.power_factor_percent
        if invoice is not None and invoice.power_factor_percent is not None:
            factor = invoice.power_factor_percent
        table, is_given = adjustment_of(tariff, name, invoice, adjustments)
        by_kw = tariff.require_import().unit == "kW" and given.contract is None
        own = _with_levy(tariff, months.numbers[k], invoice)
        whole = replace(own, rounding=replace(own.rounding, kw="half_up", kwh="half_up", power_factor="half_up"))
        one, rounded = (
            bill(
                plan,
                load.kw[a:b],
                start=_at(load, a),
                step_s=load.step_s,
                power_factor_percent=factor,
                contract=None if by_kw else contract,
                previous_kw=(contract,) if by_kw else (),
                adjustments=table,
            )
            for plan in (own, whole)
        )
        done.append(
            MonthBill(
                month=name,
                bill=one,
                rounded=rounded,
                invoice=invoice,
                peak_kw=peaks[k],
                rule_kw=float(rule[k]),
                contract=contract,
                history_months=known,
                power_factor_percent=factor,
                energy_kwh=float(np.maximum(load.kw[a:b], 0.0).sum()) * load.step_s / 3600,
                covered_days=(b - a) * load.step_s / 86_400,
                days=_days_of(months.numbers[k]),
                adjustment_given=is_given,
            )
        )
    return tuple(done)


def _months(load: Load) -> tuple[Months, list[int]]:
    """Calendar months of Japan that the load falls in, and the step that each begins with."""
    months = months_of(load.start, load.step_s, len(load.kw))
    return months, [int(edge) for edge in months.first]


def _at(load: Load, step: int) -> datetime:
    return load.start + timedelta(seconds=step * load.step_s)


def _peak_kw(tariff: Tariff, load: Load, first: int, last: int) -> float:
    """Largest whole half-hour of some steps, as the plan rounds it; 0 where there is none."""
    elapsed = _at(load, first) - EPOCH
    demand = half_hour_demand_kw(load.kw[first:last], step_s=load.step_s, offset_s=elapsed.seconds % SLOT_S)
    peak = np.nanmax(demand, initial=0.0)
    return float(round_float(np.rint(peak * STEPS_PER_KW) / STEPS_PER_KW, tariff.rounding.kw))


def _contract(
    tariff: Tariff, rule_kw: float, known: int, given: Given, invoice: Invoice | None, before: MonthBill | None
) -> float:
    """The contract to bill: that of the invoice, unless the half-hours speak against it."""
    base = tariff.require_import()
    stated = invoice.contract if invoice is not None else None
    if given.contract is not None or base.unit != "kW":
        return stated or given.contract or base.default or 0.0
    if stated is None:
        unknown = known < RATCHET_MONTHS - 1 and before is not None
        return max(rule_kw, before.contract) if unknown and before is not None else rule_kw
    close = abs(stated - rule_kw) <= WHOLE_KW
    return stated if not close and contract_is_possible(stated, rule_kw, known, before) else rule_kw


def contract_is_possible(stated_kw: float, rule_kw: float, known: int, before: MonthBill | None) -> bool:
    """Whether a contract can be right, given the peaks that are known."""
    if abs(stated_kw - rule_kw) <= WHOLE_KW:
        return True  # as the supplier rounds it
    if stated_kw < rule_kw or known >= RATCHET_MONTHS - 1:
        return False
    return before is None or stated_kw <= max(rule_kw, before.contract) + WHOLE_KW


def adjustment_of(
    tariff: Tariff, month: str, invoice: Invoice | None, adjustments: AdjustmentTable | None
) -> tuple[AdjustmentTable, bool]:
    """Price of the adjustment of a month: of the invoice, else of the table, else as the plan assumes."""
    if invoice is not None and invoice.adjustment_bands:
        bands = dict.fromkeys(tariff.adjustment_band_names, invoice.adjustment_jpy_per_kwh or 0.0)
        return {month: {**bands, **invoice.adjustment_bands}}, True
    if invoice is not None and invoice.adjustment_jpy_per_kwh is not None:
        return {month: invoice.adjustment_jpy_per_kwh}, True
    if adjustments and month in adjustments:
        return {month: adjustments[month]}, True
    return {month: tariff.adjustment.assumed_jpy_per_kwh or 0.0}, False


def _with_levy(tariff: Tariff, month: int, invoice: Invoice | None) -> Tariff:
    """The plan with the levy of the invoice, where that names one."""
    if invoice is None or invoice.levy_jpy_per_kwh is None:
        return tariff
    last = first_day(month + 1) - timedelta(days=1)
    price = invoice.levy_jpy_per_kwh
    return replace(
        tariff, levy=(LevyPeriod(valid_from=first_day(month), valid_to=last, price_jpy_per_kwh=price, source=""),)
    )


def _days_of(month: int) -> int:
    first: date = first_day(month)
    return (first_day(month + 1) - first).days
