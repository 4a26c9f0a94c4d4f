"""Calls of relief inside a run: what was called for each slot, and what the meters say was given."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from ysc_sim.community.arrays import Community
from ysc_sim.contracts import BidView, Called, History, ReliefBidder, ReliefMarket
from ysc_sim.units import MWH_PER_KWH, SECONDS_PER_HOUR, Floats, Ints


class Relief(NamedTuple):
    """Relief that was given and is paid for, (K, S, n)."""

    given_mwh: Ints
    payment_mjpy: Ints
    """≥ 0 where prices are: the operator pays the building."""


class ReliefBook:
    """Calls of all slots, (K, S, n)."""

    def __init__(self, community: Community) -> None:
        market, bidder = community.market, community.bidder
        self._market = market if isinstance(market, ReliefMarket) else None
        self._bidder = bidder if isinstance(bidder, ReliefBidder) else None
        axis = community.site.axis
        self._slot_h = axis.slot_s / SECONDS_PER_HOUR
        shape = (axis.slots if self.active else 0, community.rows, len(community.buildings))
        self._called_mwh = np.zeros(shape, dtype=np.int64)
        self._base_mwh = np.zeros(shape, dtype=np.int64)
        self._price = np.zeros(shape)
        self._given_kwh = np.zeros((shape[0] + 1, *shape[1:]))
        """Cumulative, at the end of each slot."""
        self._known = 0

    @property
    def active(self) -> bool:
        """Whether the community calls relief, and anybody could offer it."""
        return self._market is not None and self._bidder is not None

    def unrelieved(self, past: History) -> History:
        """What the meters would have shown without the relief that was given: it is no part of tomorrow's baseline."""
        done = past.slots
        for slot in range(self._known, done):
            net = np.rint(past.net_kwh(done - slot) * MWH_PER_KWH).astype(np.int64)
            given = np.clip(net - self._base_mwh[slot], 0, self._called_mwh[slot])
            self._given_kwh[slot + 1] = self._given_kwh[slot] + given / MWH_PER_KWH
        self._known = max(done, self._known)
        return replace(past, import_kwh=past.import_kwh + self._given_kwh[: done + 1])

    def call(self, slot: int, view: BidView, memory: dict[str, np.ndarray]) -> None:
        """Call what ``slot`` needs."""
        assert self._market is not None
        assert self._bidder is not None
        found: Called = self._market.call_relief(
            view.expected_kwh, self._bidder.offer_relief(view, memory), self._slot_h
        )
        self._called_mwh[slot], self._price[slot] = found
        self._base_mwh[slot] = np.rint(view.expected_kwh * MWH_PER_KWH).astype(np.int64)

    def promised_kwh(self, slot: int, rows: Ints | None) -> Floats:
        """Net energy that those who were called shall reach, (R, n) kWh; 0 for the others."""
        some = slice(None) if rows is None else rows
        called = self._called_mwh[slot, some]
        promised: Floats = np.where(called > 0, self._base_mwh[slot, some] + called, 0) / MWH_PER_KWH
        return promised

    def settle(self, import_mwh: Ints, export_mwh: Ints) -> Relief | None:
        """What meters (K, S, n) show beyond what was expected; None: nothing is called."""
        if not self.active:
            return None
        given = np.clip(export_mwh - import_mwh - self._base_mwh, 0, self._called_mwh)
        return Relief(given, np.rint(given * self._price / 1000.0).astype(np.int64))
