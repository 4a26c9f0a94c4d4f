"""No local market: everybody deals with the supplier alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ysc_sim.contracts import Bids, Cleared


@dataclass(frozen=True, kw_only=True)
class NoMarketSpec:
    """Nothing to set."""


class NoMarket:
    """Never trades."""

    kind: ClassVar[str] = "none"
    Spec: ClassVar[type] = NoMarketSpec
    trades: ClassVar[bool] = False

    def __init__(self, spec: NoMarketSpec) -> None:
        self.spec = spec

    def clear(self, bids: Bids) -> Cleared:
        """Nothing, whatever was bid."""
        nothing = np.zeros_like(bids.quantity_mwh)
        return Cleared(nothing, nothing, np.zeros(nothing.shape))
