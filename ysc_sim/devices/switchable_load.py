"""Demand that a controller may switch off for a while: air conditioners, heaters, pumps, chargers of forklifts.

It follows a profile like any load. A strategy that holds a target may switch it off, in the order of ``priority``;
what was not used is not made up for later (no rebound), it is lost, and valued at ``comfort_jpy_per_kwh``. In an
outage it is shed by its tiers like every other load.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Ge, Le, Len

from ysc_sim.contracts import LoadSwitches, Placed
from ysc_sim.devices.load import TIERS, LoadFleet, LoadSpec
from ysc_sim.units import Fraction, JPYPerKWh, Minutes, Unit

SECONDS_PER_MINUTE = 60.0


@dataclass(frozen=True, kw_only=True)
class SwitchableLoadSpec(LoadSpec):
    """A part of a building's demand that may be switched off."""

    tier_shares: Annotated[tuple[Fraction, ...], Len(TIERS, TIERS)] = (0.0, 0.0, 0.0, 1.0)
    """Shares of the demand in tiers 1 (critical) to 4 (first to be shed) in an outage; their sum is 1."""
    priority: Annotated[int, Ge(1), Le(9), Unit("1")] = 1
    """1 is switched off first, 9 last."""
    min_off_minutes: Minutes = 5.0
    """Once off it stays off so long: compressors need 3 to 5 minutes to let the pressure fall (assumed)."""
    min_on_minutes: Minutes = 5.0
    """Once on it stays on so long."""
    comfort_jpy_per_kwh: JPYPerKWh = 100.0
    """What a kWh that was switched off is worth to those who miss it (assumed; a stated value, not a price)."""


class SwitchableLoadFleet(LoadFleet):
    """All demand of a community that may be switched off."""

    kind: ClassVar[str] = "switchable_load"
    Spec: ClassVar[type] = SwitchableLoadSpec

    def __init__(self, placed: Placed) -> None:
        super().__init__(placed)
        self.switches = LoadSwitches(
            priority=placed.column("priority").astype(np.int64),
            min_off_s=placed.column("min_off_minutes") * SECONDS_PER_MINUTE,
            min_on_s=placed.column("min_on_minutes") * SECONDS_PER_MINUTE,
            comfort_jpy_per_kwh=placed.column("comfort_jpy_per_kwh"),
        )
