"""Peak-cut call as a market of a scenario: the community buys the relief that its peak target needs.

Before each slot the forecast says what the community will import; what lies above the target is bought from those who
can give it, cheapest first, at the price of the dearest accepted offer and never above the ceiling
(:func:`~ysc_sim.markets.call_flexibility`). Members are paid for the relief that their meters show against the forecast
that the call was made on, at most for what was called; all members bear the cost with the common bill.

Source: see :mod:`ysc_sim.markets.flexibility`; baseline of the last intervals as in ERAB guidelines of METI
(エネルギー・リソース・アグリゲーション・ビジネスに関するガイドライン).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ysc_sim.contracts import Bids, Called, Cleared
from ysc_sim.markets.flexibility import call_flexibility
from ysc_sim.units import MWH_PER_KWH, Floats, JPYPerKWh, PositiveKW


@dataclass(frozen=True, kw_only=True)
class PeakCallSpec:
    """When relief is called, and what it may cost."""

    target_kw: PositiveKW
    """Half-hour mean import of the community above which relief is called."""
    ceiling_jpy_per_kwh: JPYPerKWh = 500.0
    """Dearest relief that is taken (assumed; a demand charge of 2,530 JPY/kW over some ten calls a month)."""


class PeakCall:
    """The community's peak target as the only buyer."""

    kind: ClassVar[str] = "peak_call"
    Spec: ClassVar[type] = PeakCallSpec
    trades: ClassVar[bool] = False

    def __init__(self, spec: PeakCallSpec) -> None:
        self.spec = spec

    def clear(self, bids: Bids) -> Cleared:
        """No energy changes hands."""
        nothing = np.zeros_like(bids.quantity_mwh)
        return Cleared(nothing, nothing, np.zeros(nothing.shape))

    def call_relief(self, expected_kwh: Floats, offers: Bids, slot_h: float) -> Called:
        """Cover what the community is expected to import above the target."""
        need = np.maximum(-np.add.reduce(expected_kwh, axis=1) - self.spec.target_kw * slot_h, 0.0)
        found = call_flexibility(
            need,
            offers.quantity_mwh / MWH_PER_KWH,
            offers.price_jpy_per_kwh,
            ceiling_jpy_per_kw=self.spec.ceiling_jpy_per_kwh,
        )
        relief = np.minimum(np.rint(found.procured_kw * MWH_PER_KWH).astype(np.int64), offers.quantity_mwh)
        price = np.where(relief > 0, np.nan_to_num(found.price_jpy_per_kw)[:, None], 0.0)
        return Called(relief, price)
