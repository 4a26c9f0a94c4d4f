"""What a bill must say about itself: prices past their date, months not covered, what was only assumed."""

from __future__ import annotations

from collections.abc import Mapping

from ysc_sim.billing.adjustment import MonthAdjustments
from ysc_sim.billing.clock import first_day
from ysc_sim.billing.tariff import Tariff
from ysc_sim.billing.usage import Months
from ysc_sim.errors import Problem
from ysc_sim.units import SLOT_S


def validity_warnings(tariff: Tariff, months: Months, slot_s: int) -> tuple[Problem, ...]:
    """Warnings about dates: outside the plan's validity, outside the levy's table, months covered in part."""
    found: list[Problem] = []
    outside = [month for month in months.numbers if not _is_valid(tariff, month)]
    if outside:
        values = {
            "plan": tariff.name,
            "valid_from": str(tariff.valid_from or "?"),
            "valid_to": str(tariff.valid_to or "?"),
            "months": _names(months, outside),
        }
        found.append(note("price_outside_validity", values))
    if tariff.levy_periods:
        first, last = tariff.levy_periods[0].valid_from, tariff.levy_periods[-1].valid_to
        unknown = [month for month in months.numbers if not first <= first_day(month) <= last]
        if unknown:
            values = {"valid_from": str(first), "valid_to": str(last), "months": _names(months, unknown)}
            found.append(note("levy_outside_table", values))
    for month, days, length in months.part_covered():
        found.append(note("month_partly_covered", {"month": month, "days": round(days, 3), "length": length}))
    if slot_s > SLOT_S:
        found.append(note("peaks_not_resolved", {"step_s": slot_s}))
    return tuple(found)


def assumptions(tariff: Tariff, months: Months, adjusted: MonthAdjustments) -> dict[str, str]:
    """What the plan assumes, and the adjustment where it had to be assumed."""
    said = dict(tariff.assumed)
    if adjusted.assumed and months.numbers:
        price = f"{tariff.adjustment.assumed_jpy_per_kwh:g} JPY/kWh"
        said["fuel_adjustment"] = f"{price} in {_names(months, list(months.numbers))}, as no adjustments are given"
    else:
        said.pop("fuel_adjustment", None)
    return said


def _is_valid(tariff: Tariff, month: int) -> bool:
    """Whether the prices hold on the first day of the month."""
    day = first_day(month)
    return not ((tariff.valid_from and day < tariff.valid_from) or (tariff.valid_to and day > tariff.valid_to))


def _names(months: Months, chosen: list[int]) -> str:
    named = [name for name, number in zip(months.names, months.numbers, strict=True) if number in chosen]
    return named[0] if len(named) == 1 else f"{named[0]} … {named[-1]}"


def note(key: str, values: Mapping[str, object]) -> Problem:
    """A warning."""
    return Problem(key, values, severity="warning")
