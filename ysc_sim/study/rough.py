"""Whether savings may be taken at their word: the bills where nothing is bought, held against invoices.

Savings are as good as the bill that they are counted from. Where that differs from the invoices by more than a percent,
a price is past its validity, or an adjustment had to be assumed, every saving is a rough estimate (概算), and why.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ysc_sim.billing import Tariff, load_tariff
from ysc_sim.billing.usage import months_of
from ysc_sim.errors import Problem, ScenarioError
from ysc_sim.scenario import Scenario
from ysc_sim.scenario.schema import Tariff as Terms
from ysc_sim.study.explain import reconcile
from ysc_sim.study.invoices import Invoice, read_invoices
from ysc_sim.study.reconcile import Given, Load, Reconciliation, adjustment_of
from ysc_sim.units import Floats


def invoices_of(scenario: Scenario, file: Path, member: str = "") -> tuple[str, list[Invoice]]:
    """Whose invoices a file holds, and they. Raises ``ScenarioError``: they cannot be read, or belong to nobody."""
    names = sorted(scenario.member_ids)
    whose = member or (names[0] if len(names) == 1 else "")
    if whose not in names:
        raise ScenarioError([Problem("size_invoices_whose", {"known": ", ".join(names[:20])}, file.name)])
    return whose, read_invoices(file, plan_of(scenario, whose).adjustment_band_names)[0]


def paid_adjustments(scenario: Scenario, member: str, invoices: Sequence[Invoice]) -> dict[str, str]:
    """Settings that give the search the adjustment that was paid: by the invoices, else the file, else as assumed.

    Savings count at the prices of the invoices; months that nobody knows stay a reason for a rough estimate, which is
    judged on the file as it is. Empty where no invoice names a price.
    """
    if not any(invoice.adjustment_bands or invoice.adjustment_jpy_per_kwh is not None for invoice in invoices):
        return {}
    axis, tariff, terms = scenario.time.axis, plan_of(scenario, member), terms_of(scenario, member)
    by_month = {invoice.month: invoice for invoice in invoices}
    known: dict[str, Any] = {}
    for month in months_of(axis.start, axis.step_s, axis.count).names:
        price, _ = adjustment_of(tariff, month, by_month.get(month), terms.adjustments or None)
        known |= price
    own = next((b.id for b in scenario.buildings if member in b.member_ids and b.tariff is not None), "")
    key = f"buildings.{own}.tariff.adjustments" if own else "tariff.adjustments"
    return {key: json.dumps(known)}


def plan_of(scenario: Scenario, member: str) -> Tariff:
    """The plan of one building, shipped or beside the scenario."""
    plan = terms_of(scenario, member).plan
    return load_tariff(scenario.folder / plan if plan.endswith((".yaml", ".yml")) else plan)


def checked_bills(
    scenario: Scenario, import_kw: Floats, invoices: tuple[str, Sequence[Invoice]] | None = None
) -> tuple[Reconciliation, ...]:
    """Bills of everybody on a contract of their own, one for each plan; of one building against its invoices.

    ``import_kw`` (K, n): half-hours of the members sorted by name.
    """
    axis = scenario.time.axis
    names = sorted(scenario.member_ids)
    whose, read = invoices or ("", ())
    found, seen = [], set()
    for column, name in enumerate(names):
        terms = terms_of(scenario, name)
        mine = name == whose
        if terms in seen and not mine:
            continue
        seen.add(terms)
        tariff = plan_of(scenario, name)
        load = Load(import_kw[:, column], axis.start, axis.slot_s, name)
        given = Given(terms.power_factor_percent, terms.contract, tuple(terms.previous_kw))
        found.append(reconcile(tariff, load, given, read if mine else (), terms.adjustments or None))
    return tuple(found)


def terms_of(scenario: Scenario, member: str) -> Terms:
    """The contract of one building."""
    for building in scenario.buildings:
        if member in building.member_ids:
            return building.tariff or scenario.tariff
    raise ValueError(f"member(={member!r}) must be one of {scenario.member_ids}.")


def rough_of(bills: Sequence[Reconciliation]) -> tuple[Problem, ...]:
    """All reasons, each once."""
    kept: dict[str, Problem] = {}
    for bill in bills:
        for reason in bill.rough:
            kept.setdefault(f"{reason.key} {sorted(reason.values.items(), key=str)}", reason)
    return tuple(kept.values())


def not_compared(bills: Sequence[Reconciliation]) -> tuple[Problem, ...]:
    """A reason more where invoices were given and none is of a month that was simulated."""
    none = not any(bill.compared for bill in bills)
    return (Problem("bill_rough_not_compared", severity="warning"),) if none else ()
