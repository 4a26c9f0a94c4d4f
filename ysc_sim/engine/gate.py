"""The market gate: at the start of each settlement slot everyone bids for it, and the bids are cleared.

Bids are made inside the run, from what the meters have shown so far. Where nothing in the run reads the outcome, all
slots are cleared afterwards in one batch: the market's contract says that the bits are the same.
"""

from __future__ import annotations

from typing import cast

import numpy as np

from ysc_sim.community.arrays import Community, State
from ysc_sim.contracts import Bidder, Bids, Cleared, ContinuousMarket, DrawingBidder, History
from ysc_sim.engine.frame import Frame
from ysc_sim.engine.islands import islands_of
from ysc_sim.engine.modes import MODES, TIED
from ysc_sim.engine.negotiation import negotiate
from ysc_sim.units import Floats

BATCH = 40_000
"""Orders cleared at once afterwards: what they need stays in the cache."""
DAY_S = 86_400


class Gate:
    """Orders and clearings of all slots, (K, S, n)."""

    def __init__(self, community: Community) -> None:
        self.community = community
        self.active = community.market.trades
        bidder, site = community.bidder, community.site
        self._memory: dict[str, np.ndarray] = {}
        market = community.market
        self._continuous = market if isinstance(market, ContinuousMarket) else None
        self._drawing = bidder if isinstance(bidder, DrawingBidder) else None
        if self.active and self._drawing is not None:
            self._memory = self._drawing.start(site.rows, community.buildings)
        axis = community.site.axis
        shape = (axis.slots if self.active else 0, community.rows, len(community.buildings))
        self._per_day = DAY_S // axis.slot_s
        self._quantity_mwh = np.zeros(shape, dtype=np.int64)
        self._price = np.zeros(shape)
        self._is_buyer = np.zeros(shape, dtype=np.bool_)
        self._bought_mwh = np.zeros(shape, dtype=np.int64)
        self._sold_mwh = np.zeros(shape, dtype=np.int64)
        self._cleared_price = np.zeros(shape)

    def open(self, slot: int, frame: Frame, dark: State | None) -> None:
        """Collect the bids for ``slot``; ``dark``: the state, where some cell is without grid."""
        if not self.active:
            return
        community = self.community
        past = History(
            frame.recorder.register_import_kwh[: slot + 1],
            frame.recorder.register_export_kwh[: slot + 1],
            self._per_day,
        )
        expected = community.forecast.predict(past)
        bids = self._bid(expected, frame.import_price, frame.export_price)
        quantity = bids.quantity_mwh
        if dark is not None:
            alone = community.cell_of.identity and len(community.cells) > 1 and not community.nested
            trades = np.array([mode.trades and (bool(TIED[code]) or not alone) for code, mode in enumerate(MODES)])
            may = trades[dark.mode]
            top = islands_of(community, dark)
            if top is not None:
                # The one market is that of the community's own wires; a cell behind an open switch is not on them.
                may = may & (top == 0)
            quantity = np.where(community.cell_of.spread(may.astype(np.float64)) > 0, quantity, 0)
        self._quantity_mwh[slot] = quantity
        self._price[slot] = bids.price_jpy_per_kwh
        self._is_buyer[slot] = bids.is_buyer
        if community.market_in_loop:
            self._clear(slot, slot + 1)

    def _bid(self, expected_kwh: Floats, import_price: Floats, export_price: Floats) -> Bids:
        if self._drawing is not None:
            return self._drawing.bid_from(self._memory, expected_kwh, import_price, export_price)
        return cast(Bidder, self.community.bidder).bid(expected_kwh, import_price, export_price)

    def _clear(self, first: int, last: int) -> None:
        bids = Bids(self._quantity_mwh[first:last], self._price[first:last], self._is_buyer[first:last])
        market = self.community.market
        if self._continuous is not None:
            cleared = negotiate(self._continuous, bids, self.community.site.rows, first)
        else:
            cleared = market.clear(bids)
        self._bought_mwh[first:last] = cleared.bought_mwh
        self._sold_mwh[first:last] = cleared.sold_mwh
        self._cleared_price[first:last] = cleared.price_jpy_per_kwh

    def outcome(self) -> Cleared:
        """What was cleared in every slot, (K, S, n)."""
        slots, rows, n = self._quantity_mwh.shape
        if self.active and not self.community.market_in_loop:
            batch = max(1, BATCH // (rows * n))
            for first in range(0, slots, batch):
                self._clear(first, min(first + batch, slots))
        return Cleared(self._bought_mwh, self._sold_mwh, self._cleared_price)
