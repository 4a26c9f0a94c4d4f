"""No control: flexible devices do what they would do if nobody asked. The base case of every comparison."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ysc_sim.contracts import DeviceState, Rows, View
from ysc_sim.units import Floats


@dataclass(frozen=True, kw_only=True)
class NoControlSpec:
    """Nothing to set."""


class NoControl:
    """Batteries rest, vehicles charge as their drivers need."""

    kind: ClassVar[str] = "none"
    Spec: ClassVar[type] = NoControlSpec
    reads_market: ClassVar[bool] = False
    from_fixed: ClassVar[bool] = True

    def __init__(self, specs: Sequence[NoControlSpec], building_ids: Sequence[str]) -> None:
        self.specs = specs

    def start(self, rows: Rows) -> DeviceState:
        """Remembers nothing."""
        return {}

    def decide(self, view: View, state: DeviceState) -> Floats:
        """Zero; the band moves it to what a driver's need forces."""
        return np.zeros_like(view.fixed_kw)
