"""Zero-intelligence bids: any price at which the bidder does not lose, drawn anew for every slot.

A buyer bids between what exporting would earn and what the supplier charges, a seller asks in the same range;
quantities are those expected. A base case for auctions: what comes from the rule alone, without any intelligence.

Source: D. K. Gode, S. Sunder, Allocative efficiency of markets with zero-intelligence traders, Journal of Political
Economy 101 (1993) 119–137. The draws: G. L. Steele, D. Lea, C. H. Flood, Fast splittable pseudorandom number
generators, OOPSLA 2014, one counter for each row and building.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ysc_sim.bidders.truthful import order
from ysc_sim.contracts import Bids, BidView, Rows
from ysc_sim.units import Floats

GAMMA = np.uint64(0x9E3779B97F4A7C15)
MIX = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))


@dataclass(frozen=True, kw_only=True)
class ZeroIntelligenceSpec:
    """Nothing to set."""


class ZeroIntelligence:
    """Uniform prices between export and import value."""

    kind: ClassVar[str] = "zero_intelligence"
    Spec: ClassVar[type] = ZeroIntelligenceSpec
    reads_outcome: ClassVar[bool] = False
    from_meters: ClassVar[bool] = True

    def __init__(self, spec: ZeroIntelligenceSpec) -> None:
        self.spec = spec

    def start(self, rows: Rows, building_ids: Sequence[str]) -> dict[str, np.ndarray]:
        """A counter for each row and building, started by the row's seed and the building's name."""
        return {"counter": counters(rows, building_ids, "bid")}

    def bid(self, view: BidView, state: dict[str, np.ndarray]) -> Bids:
        """One order per building, whole milliwatt-hours."""
        state["counter"] += GAMMA
        share, (buy, sell) = uniform(state["counter"]), (view.import_jpy_per_kwh, view.export_jpy_per_kwh)
        low = np.minimum(sell, buy)
        price = low + share * (np.maximum(sell, buy) - low)
        return order(view.expected_kwh, price, price)


def counters(rows: Rows, building_ids: Sequence[str], stream: str) -> np.ndarray:
    """A 64-bit counter for each row and building, (R, n), started by the row's seed and the building's name."""
    keys = [
        [rows.generator(row, name, stream).integers(0, 2**64, dtype=np.uint64) for name in building_ids]
        for row in range(rows.count)
    ]
    return np.array(keys, dtype=np.uint64).reshape(rows.count, len(building_ids))


def uniform(counter: np.ndarray) -> Floats:
    """Numbers in [0, 1) from 64-bit counters (SplitMix64).

    >>> uniform(np.array([0x9E3779B97F4A7C15], dtype=np.uint64)).round(6).tolist()  # 0xE220A8397B1DCDAF / 2**64
    [0.883311]
    """
    mixed = counter ^ (counter >> np.uint64(30))
    mixed = mixed * MIX[0]
    mixed ^= mixed >> np.uint64(27)
    mixed *= MIX[1]
    mixed ^= mixed >> np.uint64(31)
    return np.asarray((mixed >> np.uint64(11)).astype(np.float64) * 2.0**-53)
