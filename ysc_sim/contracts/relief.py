"""Relief of a peak as a market: a bidder that offers what its stores could give, and a market that calls it."""

from __future__ import annotations

from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np

from ysc_sim.contracts.bidding import Bids, BidView
from ysc_sim.units import Floats, Ints


class Called(NamedTuple):
    """Relief that was called for a slot, (R, n)."""

    relief_mwh: Ints
    """Net energy beyond what was expected."""
    price_jpy_per_kwh: Floats
    """Price of what each gives; 0 where nothing is called."""


@runtime_checkable
class ReliefBidder(Protocol):
    """A bidder, see :class:`~ysc_sim.contracts.Bidder`, that also offers relief."""

    def offer_relief(self, view: BidView, state: dict[str, np.ndarray]) -> Bids:
        """What each building could give in the slot beyond what is expected, and from what price on; nobody buys."""
        ...


@runtime_checkable
class ReliefMarket(Protocol):
    """A market whose buyer is the community's peak. Its ``trades`` is False: no energy changes hands."""

    def call_relief(self, expected_kwh: Floats, offers: Bids, slot_h: float) -> Called:
        """Relief bought for one slot, from expected net energy (R, n) kWh, > 0 surplus; each row on its own."""
        ...
