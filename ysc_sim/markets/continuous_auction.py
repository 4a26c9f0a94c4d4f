"""Continuous double auction as a market of a scenario: quotes arrive inside the gate window, the book matches them.

Every member comes to the book several times at random instants, takes back what it left there, and quotes what it still
wants at a price of its own kind of trader (:mod:`ysc_sim.markets.traders`). The engine schedules the arrivals.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal, cast

import numpy as np
from annotated_types import Ge, Gt, Le

from ysc_sim.contracts import Bids, Cleared, Negotiation, Rows
from ysc_sim.markets.order_book import OrderBook
from ysc_sim.markets.traders import Memory, Traders, Truthful, ZeroIntelligence, Zip
from ysc_sim.units import Floats, Ints, Unit

KINDS: dict[str, Callable[[Bids, np.random.Generator, Memory | None], Traders]] = {
    "truthful": Truthful,
    "zero_intelligence": ZeroIntelligence,
    "zip": Zip,
}


@dataclass(frozen=True, kw_only=True)
class ContinuousAuctionSpec:
    """Order book with price–time priority before each settlement slot."""

    trader: Literal["truthful", "zero_intelligence", "zip"] = "zip"
    """How members quote: their limit, any price without loss, or with a margin that adapts to what they hear."""
    window_s: Annotated[float, Gt(0), Le(86_400), Unit("s")] = 1800.0
    """How long the book is open."""
    quotes: Annotated[int, Ge(1), Le(1000), Unit("1")] = 4
    """How often each member comes to the book."""
    life_s: Annotated[float, Gt(0), Le(86_400), Unit("s")] = 86_400.0
    """How long a quote rests in the book unless it is traded or taken back."""
    seed: Annotated[int, Ge(0), Unit("1")] = 0
    """Draws where the market is used without an engine; in a run each row and slot has draws of its own."""


class ContinuousAuction:
    """Members meet one by one; every trade is at the price of the quote that was there first."""

    kind: ClassVar[str] = "continuous_auction"
    Spec: ClassVar[type] = ContinuousAuctionSpec
    trades: ClassVar[bool] = True

    def __init__(self, spec: ContinuousAuctionSpec) -> None:
        self.spec = spec

    def start(self, rows: Rows, building_ids: Sequence[str]) -> dict[str, np.ndarray]:
        """What ZIP traders carry from window to window; the others learn nothing."""
        return Zip.start(rows, building_ids) if self.spec.trader == "zip" else {}

    def negotiate(self, bids: Bids, draws: np.random.Generator, memory: Memory | None = None) -> Negotiation:
        """A window for one row of orders."""
        return Window(self.spec, bids, draws, memory)

    def clear(self, bids: Bids) -> Cleared:
        """Each row on its own, all with the draws of the seed."""
        shape = bids.quantity_mwh.shape
        bought, sold, price = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64), np.zeros(shape)
        for row in np.ndindex(shape[:-1]):
            draws = np.random.default_rng(np.random.SeedSequence(self.spec.seed))
            mine = Bids(bids.quantity_mwh[row], bids.price_jpy_per_kwh[row], bids.is_buyer[row])
            window = Window(self.spec, mine, draws)
            while (due_s := window.next_event_s()) is not None:
                window.on_event(due_s)
            bought[row], sold[row], price[row] = window.cleared()
        return Cleared(bought, sold, price)


class Window:
    """One row's book while it is open."""

    def __init__(
        self, spec: ContinuousAuctionSpec, bids: Bids, draws: np.random.Generator, memory: Memory | None = None
    ) -> None:
        self._life_s, self._bids = spec.life_s, bids
        self._left: Ints = bids.quantity_mwh.copy()
        self._quoted: list[int | None] = [None] * len(self._left)
        self._book = OrderBook()
        self._value: Floats = np.zeros(len(self._left))
        live = np.flatnonzero(self._left > 0)
        self._traders: Traders | None = None
        self._due: list[tuple[float, int]] = []
        if len(live):
            self._traders = KINDS[spec.trader](bids, draws, memory)
            times = draws.uniform(0.0, spec.window_s, (spec.quotes, len(live)))
            self._due = sorted(zip(times.ravel().tolist(), np.tile(live, spec.quotes).tolist(), strict=True))[::-1]

    def next_event_s(self) -> float | None:
        """Next arrival of a member that still has energy."""
        while self._due and not self._left[self._due[-1][1]]:
            self._due.pop()
        return self._due[-1][0] if self._due else None

    def on_event(self, t_s: float) -> None:
        """A member takes back its quote and makes a new one; everybody hears it."""
        assert self._traders is not None
        _, member = self._due.pop()
        standing = self._quoted[member]
        if standing is not None:
            self._book.cancel(standing)
        buys = bool(self._bids.is_buyer[member])
        price = self._traders.quote(member)
        answer = self._book.submit(
            member, buys, int(self._left[member]), price, time_s=t_s, expires_s=t_s + self._life_s
        )
        self._quoted[member] = answer.order_id
        for trade in answer.trades:
            for side in (trade.buyer, trade.seller):
                who = cast(int, side)
                self._left[who] -= cast(int, trade.quantity_kwh)
                self._value[who] += trade.quantity_kwh * trade.price_jpy_per_kwh
            self._traders.hear(trade.price_jpy_per_kwh, buys, True, self._left > 0)
        if not answer.trades:
            self._traders.hear(price, buys, False, self._left > 0)

    def cleared(self) -> Cleared:
        """Energy of each member and the mean price of its trades; what was learnt is kept."""
        if self._traders is not None:
            self._traders.remember()
        traded = self._bids.quantity_mwh - self._left
        bought = traded * self._bids.is_buyer
        return Cleared(bought, traded - bought, self._mean(traded))

    def _mean(self, traded: Ints) -> Floats:
        mean = np.divide(self._value, traded, out=np.zeros(len(traded)), where=traded > 0)
        limit, buys = self._bids.price_jpy_per_kwh, self._bids.is_buyer
        # Rounding must not carry the mean of several trades beyond the limit that each of them kept.
        kept = np.where(buys, np.minimum(mean, limit), np.maximum(mean, limit))
        return np.where(traded > 0, kept, 0.0)
