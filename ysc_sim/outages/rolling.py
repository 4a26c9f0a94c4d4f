"""Rolling outages (計画停電): announced groups that are switched off in turn, as in March 2011.

The two announcements that are kept (14 and 18 March 2011) are taken in turn, day by day; inside each announced window
of 3 h 40 min the supply was away for about three hours. Whether a window is really carried out was decided about two
hours before.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Annotated, ClassVar

from annotated_types import Ge, Gt, Le, Len

from ysc_sim.contracts import OutageWindow, Site
from ysc_sim.timeseries.folder import profiles_folder
from ysc_sim.units import SECONDS_PER_HOUR, Fraction, Unit

Times = tuple[tuple[str, str], ...]


@cache
def rolling_plans() -> dict[str, dict[str, dict[int, Times]]]:
    """Plan → day of the announcement → group → windows (start, end) as clock times.

    >>> rolling_plans()["tepco_2011"]["2011-03-14"][3]
    (('12:20', '16:00'),)
    """
    plans: dict[str, dict[str, dict[int, Times]]] = {}
    with (profiles_folder() / "jp_rolling_blackouts.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            groups = plans.setdefault(row["plan"], {}).setdefault(row["day"], {})
            groups[int(row["group"])] = (*groups.get(int(row["group"]), ()), (row["start"], row["end"]))
    return plans


@dataclass(frozen=True, kw_only=True)
class RollingSpec:
    """A period of rolling outages."""

    first: str
    """First day, local date (2011-03-14)."""
    days: Annotated[int, Ge(1), Le(3660), Unit("d")] = 14
    """Number of days."""
    group: Annotated[int, Ge(1), Le(1000), Unit("1")] = 1
    """The group that the community belongs to."""
    plan: Annotated[str, Len(1, 64)] = "tepco_2011"
    """Announced windows (``profiles/jp_rolling_blackouts.csv``)."""
    away_h: Annotated[float, Gt(0), Le(24), Unit("h")] = 3.0
    """How long the supply is away inside each window (not longer than the window)."""
    carried_out: Fraction = 1.0
    """Probability that an announced window is carried out; below 1 drawn anew in every row."""
    notice_h: Annotated[float, Ge(0), Le(168), Unit("h")] = 2.0
    """How long before its start an outage is announced."""

    def check(self) -> list[tuple[str, str, dict[str, object]]]:
        """Cross rules: (problem key, field, values)."""
        problems: list[tuple[str, str, dict[str, object]]] = []
        try:
            date.fromisoformat(self.first)
        except ValueError:
            problems.append(("not_a_date", "first", {"value": self.first}))
        days = rolling_plans().get(self.plan)
        if days is None:
            known = ", ".join(sorted(rolling_plans()))
            return [*problems, ("outage_event_unknown", "plan", {"value": self.plan, "known": known})]
        groups = sorted({group for some in days.values() for group in some})
        if self.group not in groups:
            known = ", ".join(str(group) for group in groups)
            problems.append(("outage_event_unknown", "group", {"value": self.group, "known": known}))
        return problems


class Rolling:
    """Each day the windows of one announcement, one announcement after the other."""

    kind: ClassVar[str] = "rolling"
    Spec: ClassVar[type] = RollingSpec

    def __init__(self, spec: RollingSpec) -> None:
        self.spec = spec
        self.differs = spec.carried_out < 1.0

    def windows(self, site: Site, row: int) -> Sequence[OutageWindow]:
        """All windows that are carried out, in whole seconds from the start of the axis."""
        spec, found = self.spec, []
        first = date.fromisoformat(spec.first)
        announced = [days[1] for days in sorted(rolling_plans()[spec.plan].items())]
        for number in range(spec.days):
            day = first + timedelta(days=number)
            for begin, end in announced[number % len(announced)].get(spec.group, ()):
                if self.differs:
                    name = f"{day.isoformat()} {begin}"
                    if site.rows.generator(row, f"outages/rolling/{spec.group}", name).random() >= spec.carried_out:
                        continue
                start, latest = (
                    round(site.axis.seconds(datetime.fromisoformat(f"{day.isoformat()}T{clock}")))
                    for clock in (begin, end)
                )
                until = min(start + round(spec.away_h * SECONDS_PER_HOUR), latest)
                found.append(OutageWindow(start, until, round(spec.notice_h * SECONDS_PER_HOUR)))
        return found
