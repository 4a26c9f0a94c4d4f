"""A typhoon that takes the grid away, and gives it back after as long as the published restoration says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, ClassVar

from annotated_types import Ge, Le, Len, Lt

from ysc_sim.contracts import OutageWindow, Site
from ysc_sim.outages.recovery import hours_without, recovery_curves
from ysc_sim.units import SECONDS_PER_HOUR, Unit


@dataclass(frozen=True, kw_only=True)
class TyphoonSpec:
    """One storm: when it strikes, and whose restoration it follows."""

    start: str
    """First second without grid, local date and time (2026-09-09T05:00)."""
    event: Annotated[str, Len(1, 64)] = "typhoon_2019_15_faxai"
    """Event whose restoration curve holds (``profiles/jp_outage_recovery.csv``)."""
    quantile: Annotated[float, Ge(0), Lt(1), Unit("1")] | None = None
    """Share of the customers that are back before this community; drawn anew in every row if not given."""
    longest_h: Annotated[float, Ge(0), Le(8784), Unit("h")] = 720.0
    """No outage is longer than this."""

    def check(self) -> list[tuple[str, str, dict[str, object]]]:
        """Cross rules: (problem key, field, values)."""
        problems: list[tuple[str, str, dict[str, object]]] = []
        try:
            datetime.fromisoformat(self.start)
        except ValueError:
            problems.append(("not_a_date_time", "start", {"value": self.start}))
        if self.event not in recovery_curves():
            known = ", ".join(sorted(recovery_curves()))
            problems.append(("outage_event_unknown", "event", {"value": self.event, "known": known}))
        return problems


class Typhoon:
    """The community is one customer among those of the curve: its place in the queue is uniform on 0 … 1."""

    kind: ClassVar[str] = "typhoon"
    Spec: ClassVar[type] = TyphoonSpec

    def __init__(self, spec: TyphoonSpec) -> None:
        self.spec = spec
        self.differs = spec.quantile is None

    def windows(self, site: Site, row: int) -> Sequence[OutageWindow]:
        """From the strike until the supply is back, in whole seconds."""
        quantile = self.spec.quantile
        if quantile is None:
            quantile = float(site.rows.generator(row, "outages/typhoon", self.spec.start).random())
        start = round(site.axis.seconds(datetime.fromisoformat(self.spec.start)))
        hours = min(hours_without(self.spec.event, quantile), self.spec.longest_h)
        return [OutageWindow(start, start + round(hours * SECONDS_PER_HOUR))]
