"""Why an invoice and the bill rebuilt from half-hours differ: what explains it is named, with its month and its
yen; what explains nothing is called unexplained.

A demand charge is kW × price × (185 − PF)/100, so that a wrong kW and a wrong power factor leave different
marks: the kW that the charge fits is one that the half-hours or the invoice know, the power factor that it fits is a
whole number.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from ysc_sim.billing import AdjustmentTable, Tariff
from ysc_sim.billing.sheet import DEMAND, FUEL, LEVY, TAX
from ysc_sim.errors import Problem
from ysc_sim.study.invoices import Invoice
from ysc_sim.study.reconcile import (
    ENERGY,
    ITEMS,
    ROUGH_FROM,
    WHOLE_KW,
    Given,
    Load,
    MonthBill,
    Reconciliation,
    by_item,
    contract_is_possible,
    rebuild,
)

SAME_JPY = 1.0
"""Suppliers round single lines to the yen."""
SAME_KWH = 0.5
CHARGES = ("bill_contract_wrong", "bill_contract_not_charged", "bill_power_factor_wrong")
YEN = ("jpy", "lines", "total")
NEAR = 5e-3
"""How near a fitted kW or percent must be to a known one, besides what rounding to yen makes."""


def reconcile(
    tariff: Tariff,
    load: Load,
    given: Given | None = None,
    invoices: Sequence[Invoice] = (),
    adjustments: AdjustmentTable | None = None,
) -> Reconciliation:
    """Rebuild every month of a load and explain what differs from its invoices.

    Raises ``TariffError``, ``ValueError`` as ``rebuild``.
    """
    months = rebuild(tariff, load, given or Given(), invoices, adjustments)
    findings = [finding for k, month in enumerate(months) for finding in _explain(tariff, months[: k + 1], month)]
    findings += _not_measured(months, invoices)
    warnings = _warnings(months)
    rough = _rough(months, warnings)
    return Reconciliation(tariff, months, (*findings, *warnings), tuple(rough))


def _note(key: str, month: MonthBill, **values: Any) -> Problem:
    place = month.invoice.place if month.invoice is not None else ""
    told = {name: f"{value:,.0f}" if name in YEN else value for name, value in values.items()}
    return Problem(key, {"month": month.month, **told}, place, severity="warning")


def _not_measured(months: Sequence[MonthBill], invoices: Sequence[Invoice]) -> list[Problem]:
    """Invoices of months that the data do not touch."""
    known = {month.month for month in months}
    return [
        Problem("bill_not_measured", {"month": invoice.month}, invoice.place, severity="warning")
        for invoice in invoices
        if invoice.month not in known
    ]


def _explain(tariff: Tariff, so_far: Sequence[MonthBill], month: MonthBill) -> Iterator[Problem]:
    """Everything that can be said about one month."""
    if month.invoice is None:
        return
    before = so_far[-2] if len(so_far) > 1 else None
    demand = list(_contract(tariff, month, before))
    if not any(finding.values.get("jpy", "0") not in ("0", "-0") for finding in demand):
        demand += _power_factor(tariff, month)
    yield from demand
    yield from _days_and_energy(month)
    yield from _adjustment(month)
    yield from _levy(month)
    yield from _rounding(month)
    yield from _sum_of_lines(month)
    if month.demand_is_given or not any(finding.key in CHARGES for finding in demand):
        yield from _unexplained(month)


def _differs(month: MonthBill, item: str) -> float | None:
    """By how much the invoice's line differs from the rebuilt one, None where it does not (or is not given)."""
    invoiced = month.invoiced_jpy.get(item)
    if invoiced is None:
        return None
    difference = invoiced - month.rebuilt_jpy[item]
    return difference if abs(difference) > SAME_JPY else None


def _fit_kw(tariff: Tariff, month: MonthBill) -> float | None:
    """The kW that the demand charge of the invoice fits, at the power factor billed."""
    charge, base = _charge(month), tariff.require_import()
    factor = (185 - month.power_factor_percent) / 100 if base.power_factor else 1.0
    if charge is None or not base.price_jpy * factor:
        return None
    return charge / (base.price_jpy * factor)


def _charge(month: MonthBill) -> float | None:
    """The demand charge of the invoice; where it gives none, what its total leaves for it, if all else is known."""
    if month.demand_is_given or not month.adjustment_given or not _whole(month):
        return month.invoiced_jpy.get(DEMAND)
    others = sum((_differs(month, item) or 0.0) for item in ITEMS if item != DEMAND)
    left = (month.difference_jpy or 0.0) - others
    return month.rebuilt_jpy[DEMAND] + left if abs(left) > SAME_JPY else None


def _charge_differs(month: MonthBill) -> float | None:
    """By how much the demand charge differs, None where it does not."""
    charge = _charge(month)
    difference = None if charge is None else charge - month.rebuilt_jpy[DEMAND]
    return difference if difference is not None and abs(difference) > SAME_JPY else None


def _near(value: float, other: float, per_jpy: float) -> bool:
    """Whether a fitted number is another one; ``per_jpy``: by how much a yen moves it."""
    return abs(value - other) <= NEAR + 2 * SAME_JPY * per_jpy


def _contract(tariff: Tariff, month: MonthBill, before: MonthBill | None) -> Iterator[Problem]:
    """A contract that the half-hours do not make, or that the demand charge does not fit."""
    base, stated = tariff.require_import(), month.invoice.contract if month.invoice else None
    if base.unit != "kW":
        return
    charged_else = _charge_differs(month) is not None and not _explained_by_rounding(month, DEMAND)
    fitted = _fit_kw(tariff, month) if charged_else else None
    if stated is not None and not contract_is_possible(stated, month.rule_kw, month.history_months, before):
        charged = fitted is not None and _near(fitted, stated, _kw_per_jpy(tariff, month))
        jpy = (_charge_differs(month) or 0.0) if charged else 0.0
        yield _note("bill_contract_wrong", month, stated=stated, rule=month.rule_kw, jpy=jpy)
    elif fitted is not None and _is_contract(month, fitted, before, _kw_per_jpy(tariff, month)):
        stated_kw = month.contract if stated is None else stated
        yield _note(
            "bill_contract_not_charged", month, stated=stated_kw, fitted=round(fitted, 2), jpy=_charge_differs(month)
        )
    elif stated is not None and stated > month.rule_kw + WHOLE_KW:
        yield _note("bill_contract_unchecked", month, stated=stated, rule=month.rule_kw)


def _kw_per_jpy(tariff: Tariff, month: MonthBill) -> float:
    base = tariff.require_import()
    factor = (185 - month.power_factor_percent) / 100 if base.power_factor else 1.0
    return 1 / (base.price_jpy * factor) if base.price_jpy else 1.0


def _is_contract(month: MonthBill, fitted_kw: float, before: MonthBill | None, per_jpy: float) -> bool:
    """Whether a fitted kW is one that somebody knows: of the half-hours, or of the invoice before."""
    known = [month.rule_kw, month.peak_kw, round(month.rule_kw), round(month.peak_kw)]
    if month.invoice is not None and month.invoice.contract is not None:
        known.append(month.invoice.contract)
    if before is not None:
        known.append(before.contract)
    return any(_near(fitted_kw, kw, per_jpy) for kw in known if kw > 0 and not _near(kw, month.contract, per_jpy))


def _power_factor(tariff: Tariff, month: MonthBill) -> Iterator[Problem]:
    """A power factor that the demand charge does not fit."""
    base, difference, charge = tariff.require_import(), _charge_differs(month), _charge(month)
    if not base.power_factor or difference is None or charge is None or not month.contract:
        return
    fitted = 185 - 100 * charge / (base.price_jpy * month.contract)
    per_jpy = 100 / (base.price_jpy * month.contract) if base.price_jpy else 1.0
    whole = round(fitted)
    if 0 <= whole <= 100 and whole != month.power_factor_percent and _near(fitted, whole, per_jpy):
        told = {"stated": month.power_factor_percent, "fitted": whole, "jpy": difference}
        yield _note("bill_power_factor_wrong", month, **told)


def _days_and_energy(month: MonthBill) -> Iterator[Problem]:
    """Days that the data lack, energy that differs, a price that does not fit."""
    invoice, difference = month.invoice, _differs(month, ENERGY)
    assert invoice is not None
    if month.covered_days < month.days - 1e-9:
        missing = round(month.days - month.covered_days, 3)
        jpy = invoice.total_jpy - month.total_jpy
        yield _note("bill_days_missing", month, missing=missing, length=month.days, jpy=jpy)
        return
    if invoice.energy_kwh is not None and abs(invoice.energy_kwh - month.energy_kwh) > SAME_KWH:
        told = {"stated": f"{invoice.energy_kwh:,.1f}", "measured": f"{month.energy_kwh:,.1f}"}
        yield _note("bill_energy_differs", month, **told, jpy=invoice.total_jpy - month.total_jpy)
    elif difference is not None and not _explained_by_rounding(month, ENERGY) and month.energy_kwh > 0:
        fitted = month.invoiced_jpy[ENERGY] / month.energy_kwh
        own = month.rebuilt_jpy[ENERGY] / month.energy_kwh
        yield _note("bill_energy_price", month, fitted=round(fitted, 4), price=round(own, 4), jpy=difference)


def _adjustment(month: MonthBill) -> Iterator[Problem]:
    """A price of the adjustment that is missing, or does not fit its amount."""
    invoice = month.invoice
    assert invoice is not None
    if not month.adjustment_given:
        amount = invoice.adjustment_jpy
        left = amount if amount is not None else month.rebuilt_jpy[FUEL] + invoice.total_jpy - month.total_jpy
        fitted = left / month.energy_kwh if month.energy_kwh > 0 else 0.0
        price = month.rebuilt_jpy[FUEL] / month.energy_kwh if month.energy_kwh > 0 else 0.0
        yield _note("bill_adjustment_missing", month, assumed=round(price, 4), fitted=round(fitted, 2))
        return
    difference = _differs(month, FUEL)
    if difference is not None and _whole(month) and not _explained_by_rounding(month, FUEL) and month.energy_kwh > 0:
        fitted = month.invoiced_jpy[FUEL] / month.energy_kwh
        own = month.rebuilt_jpy[FUEL] / month.energy_kwh
        yield _note("bill_adjustment_price", month, fitted=round(fitted, 3), price=round(own, 3), jpy=difference)


def _whole(month: MonthBill) -> bool:
    """Whether the energy itself is agreed on, so that a price can be held responsible."""
    stated = month.invoice.energy_kwh if month.invoice is not None else None
    agreed = stated is None or abs(stated - month.energy_kwh) <= SAME_KWH
    return agreed and month.covered_days >= month.days - 1e-9


def _levy(month: MonthBill) -> Iterator[Problem]:
    """A levy of another year."""
    difference = _differs(month, LEVY)
    if difference is None or not _whole(month) or _explained_by_rounding(month, LEVY) or not month.energy_kwh:
        return
    fitted, own = month.invoiced_jpy[LEVY] / month.energy_kwh, month.rebuilt_jpy[LEVY] / month.energy_kwh
    yield _note("bill_levy_price", month, fitted=round(fitted, 3), price=round(own, 3), jpy=difference)


def _explained_by_rounding(month: MonthBill, item: str) -> bool:
    """Whether the line fits once kW, kWh and power factor are whole numbers; of a line not given, the total."""
    if item not in month.invoiced_jpy:
        paid = month.invoice.total_jpy if month.invoice is not None else 0.0
        return abs(paid - month.rounded.total_jpy) <= SAME_JPY
    return abs(month.invoiced_jpy[item] - by_item(month.rounded)[item]) <= SAME_JPY


def _rounding(month: MonthBill) -> Iterator[Problem]:
    """Lines, or the total, that fit once quantities are rounded as suppliers do."""
    assert month.invoice is not None
    difference = month.difference_jpy or 0.0
    lines = [item for item in ITEMS if _differs(month, item) is not None and _explained_by_rounding(month, item)]
    total = abs(month.invoice.total_jpy - month.rounded.total_jpy) <= SAME_JPY < abs(difference)
    if lines or total or 0 < abs(difference) <= SAME_JPY:
        yield _note("bill_rounding", month, jpy=difference)


def _sum_of_lines(month: MonthBill) -> Iterator[Problem]:
    """An invoice whose lines do not make its total."""
    assert month.invoice is not None
    given = month.invoiced_jpy
    if all(item in given for item in (DEMAND, ENERGY, LEVY)) and (
        FUEL in given or (month.adjustment_given and not month.rebuilt_jpy[FUEL])
    ):
        total = sum(given.values()) + (0 if TAX in given else month.rebuilt_jpy[TAX])
        if abs(total - month.invoice.total_jpy) > SAME_JPY * len(given):
            yield _note("bill_lines_and_total", month, lines=total, total=month.invoice.total_jpy)


def _unexplained(month: MonthBill) -> Iterator[Problem]:
    """A difference of the total that no line explains."""
    difference = month.difference_jpy
    if difference is None or abs(difference) <= SAME_JPY or not month.adjustment_given or not _whole(month):
        return
    lines = sum((_differs(month, item) or 0.0) for item in ITEMS)
    by_rounding = abs((month.invoice.total_jpy if month.invoice else 0.0) - month.rounded.total_jpy) <= SAME_JPY
    left = difference - lines
    if not by_rounding and abs(left) > SAME_JPY * (1 + len(month.invoiced_jpy)):
        yield _note("bill_unexplained", month, jpy=left)


def _warnings(months: Sequence[MonthBill]) -> list[Problem]:
    """What the bills say about themselves, once each; months of the same warning are put together."""
    seen: dict[str, Problem] = {}
    for month in months:
        for warning in month.bill.warnings:
            rest = {name: value for name, value in warning.values.items() if name != "months"}
            key = f"{warning.key} {sorted(rest.items(), key=str)}"
            if key in seen and "months" in warning.values:
                first = str(seen[key].values["months"]).partition(" … ")[0]
                seen[key] = replace(warning, values={**rest, "months": f"{first} … {month.month}"})
            else:
                seen.setdefault(key, warning)
    return list(seen.values())


def _rough(months: Sequence[MonthBill], warnings: Sequence[Problem]) -> list[Problem]:
    """Why savings that build on these bills are rough estimates."""
    compared = [month for month in months if month.invoice is not None]
    invoiced = sum(month.invoice.total_jpy for month in compared if month.invoice is not None)
    difference = sum(month.difference_jpy or 0.0 for month in compared)
    rough = []
    if compared and abs(difference) > ROUGH_FROM * invoiced:
        percent = 100 * difference / invoiced if invoiced else 100.0
        rough.append(Problem("bill_rough_difference", {"percent": round(percent, 2)}, severity="warning"))
    rough += [warning for warning in warnings if warning.key in ("price_outside_validity", "levy_outside_table")]
    assumed = [month.month for month in months if not month.adjustment_given]
    if assumed:
        rough.append(Problem("bill_rough_adjustment", {"months": ", ".join(assumed)}, severity="warning"))
    return rough
