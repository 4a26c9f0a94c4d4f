"""Truthful bids: offer what is expected to be left over, ask for what is expected to be missing, at what it is worth.

What a bought kWh is worth is what the supplier would charge for it; what a sold one is worth is what exporting it
would earn. Between the two lies everything that a local market can share.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ysc_sim.contracts import Bids, BidView, Rows
from ysc_sim.units import MWH_PER_KWH, Floats


@dataclass(frozen=True, kw_only=True)
class TruthfulSpec:
    """Nothing to set."""


class Truthful:
    """Marginal value of the meter's own tariff."""

    kind: ClassVar[str] = "truthful"
    Spec: ClassVar[type] = TruthfulSpec
    reads_outcome: ClassVar[bool] = False
    from_meters: ClassVar[bool] = True
    from_expected: ClassVar[bool] = True

    def __init__(self, spec: TruthfulSpec) -> None:
        self.spec = spec

    def start(self, rows: Rows, building_ids: Sequence[str]) -> dict[str, np.ndarray]:
        """Remembers nothing."""
        return {}

    def bid(self, view: BidView, state: dict[str, np.ndarray]) -> Bids:
        """One order per building, whole milliwatt-hours."""
        return order(view.expected_kwh, view.import_jpy_per_kwh, view.export_jpy_per_kwh)


def order(net_kwh: Floats, bid_jpy_per_kwh: Floats, ask_jpy_per_kwh: Floats) -> Bids:
    """Offer a surplus at the one price, ask for a deficit at the other.

    >>> order(np.array([[2.0, -0.5]]), np.array([30.0, 30.0]), np.array([8.5, 8.5]))[0].tolist()
    [[2000000, 500000]]
    """
    is_buyer = net_kwh < 0
    quantity = np.rint(np.abs(net_kwh) * MWH_PER_KWH).astype(np.int64)
    return Bids(quantity, np.where(is_buyer, bid_jpy_per_kwh, ask_jpy_per_kwh), is_buyer)
