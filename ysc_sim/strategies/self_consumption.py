"""Self-consumption (自家消費): store every surplus, cover every deficit from the store, as far as the bands allow.

Under a flat tariff that pays less for export than it charges for import this greedy rule imports as little as any
strategy with perfect foresight; the tests compare it with a linear program.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ysc_sim.contracts import DeviceState, Rows, View
from ysc_sim.units import Floats


@dataclass(frozen=True, kw_only=True)
class SelfConsumptionSpec:
    """Nothing to set."""


class SelfConsumption:
    """Flexible power mirrors the net of everything else."""

    kind: ClassVar[str] = "self_consumption"
    Spec: ClassVar[type] = SelfConsumptionSpec
    reads_market: ClassVar[bool] = False
    from_fixed: ClassVar[bool] = True

    def __init__(self, specs: Sequence[SelfConsumptionSpec], building_ids: Sequence[str]) -> None:
        self.specs = specs

    def start(self, rows: Rows) -> DeviceState:
        """Remembers nothing."""
        return {}

    def decide(self, view: View, state: DeviceState) -> Floats:
        """Minus the surplus: charge it, or discharge the deficit."""
        return np.negative(view.fixed_kw)
