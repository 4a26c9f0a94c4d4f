"""What a scenario says of the retailer whose balancing group carries trade over the utility's wires."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge, Le, Len

from ysc_sim.units import JPYPerKWh, Unit

OverTheDay = Annotated[tuple[JPYPerKWh, ...], Len(0, 48)]
DAY_S = 86_400


@dataclass(frozen=True, kw_only=True)
class Retailer:
    """Balancing group (バランシンググループ): hands in the plan, pays for wheeling, losses and imbalance."""

    closure_s: Annotated[float, Ge(0), Le(DAY_S), Unit("s")] = 3600.0
    """Gate closure before delivery: bids and plan are made with what is known then (Japan: one hour)."""
    loss_rate: Annotated[float, Ge(0), Le(0.5), Unit("1")] = 0.0
    """Share of traded energy that the wires lose between the two meters (託送供給等約款; Tokyo low voltage 0.069)."""
    imbalance_jpy_per_kwh: OverTheDay = ()
    """Price of a kWh that differs from the plan, both ways: one, or equal parts of the day; not billed if not given."""
    procurement_jpy_per_kwh: OverTheDay = ()
    """What the retailer pays for a planned kWh, likewise; a member who deviates bears the difference."""
    imbalance_borne_by: Literal["members", "retailer"] = "members"
    """Whether the difference between imbalance and procurement price is passed on to who deviated."""

    def check(self) -> list[tuple[str, str, dict[str, object]]]:
        """Cross rules: (problem key, field, values)."""
        problems: list[tuple[str, str, dict[str, object]]] = []
        for name in ("imbalance_jpy_per_kwh", "procurement_jpy_per_kwh"):
            count = len(getattr(self, name))
            if count and 48 % count:
                problems.append(("parts_of_the_day", name, {"count": count}))
        if self.imbalance_jpy_per_kwh and not self.procurement_jpy_per_kwh and self.imbalance_borne_by == "members":
            problems.append(("procurement_needed", "procurement_jpy_per_kwh", {}))
        return problems
