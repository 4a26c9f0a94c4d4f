"""The renewable levy (再エネ賦課金): one price for the whole country, from May to April.

Values and their sources stand in ``levy.yaml``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated

from annotated_types import Len

from ysc_sim.billing.clock import first_day
from ysc_sim.documents import read_yaml
from ysc_sim.units import JPYPerKWh


@dataclass(frozen=True, kw_only=True)
class LevyPeriod:
    """The levy of one year."""

    valid_from: date
    valid_to: date
    price_jpy_per_kwh: JPYPerKWh
    source: Annotated[str, Len(0, 400)]


@cache
def renewable_levy() -> tuple[LevyPeriod, ...]:
    """The levy as published, in order.

    >>> [(str(period.valid_from), period.price_jpy_per_kwh) for period in renewable_levy()][-2:]
    [('2025-05-01', 3.98), ('2026-05-01', 4.18)]
    """
    rows = read_yaml(Path(__file__).with_name("levy.yaml")).data["renewable"]
    return tuple(
        LevyPeriod(
            valid_from=date.fromisoformat(row["valid_from"]),
            valid_to=date.fromisoformat(row["valid_to"]),
            price_jpy_per_kwh=float(row["price_jpy_per_kwh"]),
            source=row["source"],
        )
        for row in rows
    )


def levy_at(periods: tuple[LevyPeriod, ...], month: int) -> LevyPeriod:
    """The period of a month (from January 1970), by its first day; outside the table the last that began,
    else the first.
    """
    day = first_day(month)
    return next((period for period in reversed(periods) if period.valid_from <= day), periods[0])
