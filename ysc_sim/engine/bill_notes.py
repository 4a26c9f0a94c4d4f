"""What the bills of a run say about themselves: prices past their date, contracts out of the plan, what is assumed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from ysc_sim.billing import BillLines
from ysc_sim.community.arrays import Contracted
from ysc_sim.errors import Problem

ADJUSTED = "fuel_adjustment"


class BillSaid(NamedTuple):
    """What is kept of the bills of one contract."""

    plan: str
    buildings: int
    warnings: tuple[Problem, ...]
    assumed: Mapping[str, str]
    """What the plan's sources do not give, by field; without the adjustment where the customer gave one."""


def said_by(contract: Contracted, bill: BillLines) -> BillSaid:
    """Plan, warnings and assumptions of a contract's bills."""
    assumed = {
        field: text
        for field, text in contract.tariff.assumed.items()
        if not (field == ADJUSTED and contract.adjustments)
    }
    return BillSaid(contract.tariff.name, len(contract.columns), bill.warnings, assumed)


def warnings_of(said: Iterable[BillSaid]) -> tuple[Mapping[str, Any], ...]:
    """Each warning once, as notes of a run: ``key`` and the values of its sentence."""
    notes: list[Mapping[str, Any]] = []
    for bills in said:
        for warning in bills.warnings:
            note = {"key": warning.key, **warning.values}
            if note not in notes:
                notes.append(note)
    return tuple(notes)


def plans_of(said: Iterable[BillSaid]) -> tuple[Mapping[str, Any], ...]:
    """Each plan once: ``plan``, ``buildings`` that are billed by it, ``assumed``."""
    plans: dict[tuple[str, tuple[tuple[str, str], ...]], int] = {}
    for bills in said:
        known = (bills.plan, tuple(bills.assumed.items()))
        plans[known] = plans.get(known, 0) + bills.buildings
    return tuple(
        {"plan": plan, "buildings": count, "assumed": dict(assumed)} for (plan, assumed), count in plans.items()
    )
