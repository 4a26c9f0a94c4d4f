"""Truthful bids: offer what is expected to be left over, ask for what is expected to be missing, at what it is worth.

What a bought kWh is worth is what the supplier would charge for it; what a sold one is worth is what exporting it
would earn. Between the two lies everything that a local market can share.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ysc_sim.contracts import Bids
from ysc_sim.units import MWH_PER_KWH, Floats


@dataclass(frozen=True, kw_only=True)
class TruthfulSpec:
    """Nothing to set."""


class Truthful:
    """Marginal value of the meter's own tariff."""

    kind: ClassVar[str] = "truthful"
    Spec: ClassVar[type] = TruthfulSpec

    def __init__(self, spec: TruthfulSpec) -> None:
        self.spec = spec

    def bid(self, expected_kwh: Floats, import_jpy_per_kwh: Floats, export_jpy_per_kwh: Floats) -> Bids:
        """One order per building, whole milliwatt-hours."""
        is_buyer = expected_kwh < 0
        quantity = np.rint(np.abs(expected_kwh) * MWH_PER_KWH).astype(np.int64)
        return Bids(quantity, np.where(is_buyer, import_jpy_per_kwh, export_jpy_per_kwh), is_buyer)
