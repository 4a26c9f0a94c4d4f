"""The market gate: at the start of each settlement slot everyone bids for it, and the bids are cleared.

Bids are made inside the run, from what the meters have shown so far. Where nothing in the run reads the outcome, all
slots are cleared afterwards in one batch: the market's contract says that the bits are the same.

A cell behind an open switch has a gate of its own: who is joined there trades there, under the same rules.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from ysc_sim.billing.public_lines import LOSS_UNIT, arriving, kept_part, sent_for
from ysc_sim.community.arrays import Community, State
from ysc_sim.contracts import (
    Bids,
    Cleared,
    ContinuousMarket,
    History,
    LotMarket,
    Market,
    NetworkMarket,
    ReliefMarket,
    Wiring,
    promises,
    recounting,
)
from ysc_sim.engine.bidding import Viewer
from ysc_sim.engine.envelope import envelope_of, rows_with_both_sides
from ysc_sim.engine.frame import Frame
from ysc_sim.engine.islands import islands_of
from ysc_sim.engine.ladder import LadderWiring, by_building, cleared_by_building, names_of, orders_of, repeated
from ysc_sim.engine.modes import MODES, TIED
from ysc_sim.engine.negotiation import bids_of, negotiate
from ysc_sim.engine.prices import Prices
from ysc_sim.engine.relief import ReliefBook
from ysc_sim.engine.settle import parts_of
from ysc_sim.results.long_columns import LongColumns
from ysc_sim.units import MWH_PER_KWH, SECONDS_PER_HOUR, Bools, Floats, Ints

DAY_S = 86_400


class Gate:
    """Orders and clearings of all slots, (K, S, n)."""

    def __init__(self, community: Community, prices: Prices) -> None:
        self.community = community
        self.active = community.market.trades or isinstance(community.market, ReliefMarket)
        self.viewer = Viewer(community, prices)
        bidder, site = community.bidder, community.site
        self._orders = orders_of(bidder)
        """Of each building in a slot; where these are several they are cleared at once and their sums are kept."""
        market = community.market
        self._continuous = market if isinstance(market, ContinuousMarket) else None
        self._over_wires = market if isinstance(market, NetworkMarket) else None
        self._by_lot = market if isinstance(market, LotMarket) else None
        self._memory: dict[str, np.ndarray] = {}
        self._traders: dict[str, np.ndarray] = {}
        if self.active:
            self._memory = bidder.start(site.rows, community.buildings)
            if self._continuous is not None:
                self._traders = self._continuous.start(site.rows, names_of(community.buildings, self._orders))
        axis = community.site.axis
        self._slots = axis.slots if self.active else 0
        shape = (self._slots if community.market.trades else 0, community.rows, len(community.buildings))
        self._per_day = DAY_S // axis.slot_s
        retailer = community.terms.retailer
        self.lead = 0 if retailer is None else math.ceil(retailer.closure_s / axis.slot_s)
        """Slots between the closing of the gate and delivery."""
        self._kept = None if retailer is None or not retailer.loss_rate else kept_part(retailer.loss_rate)
        self.relief = ReliefBook(community)
        self.can_wait = (
            not self.relief.active
            and promises(bidder, "from_meters", "bid")
            and not any(control.strategy.reads_market for control in community.controls)
        )
        """Whether nobody can tell if the gate opens a little later: bids read nothing but meters and prices, and nobody
        in the run reads what was cleared."""
        self._in_loop = community.market_in_loop or self._orders > 1
        self._at_once = (
            self.can_wait
            and self._orders == 1
            and community.market.trades
            and self.lead == 0
            and promises(bidder, "from_expected", "bid")
            and recounting(community.forecast)
        )
        self._next = 0
        """Slot that is bid for next."""
        self._book = LongColumns({"quantity_mwh": np.int64, "price": np.float64, "is_buyer": np.bool_}, shape)
        self._quantity_mwh, self._price, self._is_buyer = self._book.arrays.values()
        outcome = {"bought_mwh": np.int64, "sold_mwh": np.int64, "price": np.float64}
        self._outcome = LongColumns(outcome, shape)
        self._bought_mwh, self._sold_mwh, self._cleared_price = self._outcome.arrays.values()
        self._traded = np.zeros(shape[0], dtype=np.bool_)
        """Slots in which anything was cleared."""
        self._cleared_to = 0
        """Slot that is cleared next."""
        self._island: Ints | None = None
        """Uppermost cell of the island in which each order stands, (K, S, n); 0: that of the common wires."""

    def open(self, slot: int, frame: Frame, state: State) -> None:
        """At the beginning of ``slot``: collect the bids for every slot whose gate closes now."""
        last = min(slot + self.lead, self._slots - 1)
        if self._next > last:
            return
        past = History(
            frame.recorder.register_import_kwh[: slot + 1],
            frame.recorder.register_export_kwh[: slot + 1],
            self._per_day,
        )
        if self.relief.active:
            past = self.relief.unrelieved(past)
        may = self._may_trade(state) if frame.dark else None
        while self._next <= last:
            self._collect(self._next, past, frame, state, may)
            self._next += 1

    def open_all(self, slots: range, frame_of: Callable[[int], Frame], state: State) -> None:
        """Open the gates of ``slots``, whose meters have been read: one after the other, or at once."""
        if not (self._at_once and slots):
            for slot in slots:
                self.open(slot, frame_of(slot), state)
            return
        first, last = slots[0], min(slots[-1], self._slots - 1)
        made = self.community.bidder.bid(self.viewer.view_of_all(first, last, frame_of(first)), self._memory)
        shape = self._bought_mwh[first : last + 1].shape
        bids = Bids(
            np.broadcast_to(made.quantity_mwh, shape),
            np.broadcast_to(made.price_jpy_per_kwh, shape),
            np.broadcast_to(made.is_buyer, shape),
        )
        # Orders at once are cleared at once, while the cache holds them: nobody can tell, unless traders remember.
        stored = self.community.terms.retailer is not None or self._continuous is not None
        if stored:
            for orders, part in zip(self._book.arrays.values(), bids, strict=True):
                orders[first : last + 1] = part
            self._book.let_go(first)
        self._next = last + 1
        if self._continuous is None:
            self._clear_to(first)
            self._write(first, self._cleared(bids, first))
            self._cleared_to = last + 1
        elif self._in_loop:
            self._clear_to(last + 1)

    def _collect(self, slot: int, past: History, frame: Frame, state: State, may: Bools | None) -> None:
        community = self.community
        if self.relief.active:
            self.relief.call(slot, self.viewer.view(slot, past, frame, state, None), self._memory)
        if not community.market.trades:
            return
        before = self._of(slot - 1) if slot and community.bidder.reads_outcome else None
        bids = community.bidder.bid(self.viewer.view(slot, past, frame, state, before), self._memory)
        if may is not None:
            bids = inside(bids, repeated(may, self._orders))
            self._note_islands(slot, state)
        whole = by_building(bids, self._orders)
        self._quantity_mwh[slot], self._price[slot], self._is_buyer[slot] = whole
        if self._orders > 1:
            self._clear(slot, slot + 1, bids)
        elif self._in_loop:
            self._clear_to(slot + 1)

    def _may_trade(self, state: State) -> Bools:
        """Buildings that are joined to the others by wires that live, (S, n)."""
        community = self.community
        alone = community.cell_of.identity and len(community.cells) > 1 and not community.nested
        # Where an island prices scarcity, its trade follows the meters, not the gate.
        tied_only = alone or community.island.scarcity is not None
        trades = np.array([mode.trades and (bool(TIED[code]) or not tied_only) for code, mode in enumerate(MODES)])
        return community.cell_of.spread(trades[state.mode].astype(np.float64)) > 0

    def _note_islands(self, slot: int, state: State) -> None:
        """Where each order of ``slot`` stands."""
        top = islands_of(self.community, state)
        if top is None or not top.any():
            return
        if self._island is None:
            self._island = np.zeros(self._quantity_mwh.shape, dtype=np.int16)
        self._island[slot] = top[:, self.community.cell_of.group]

    def _of(self, slot: int) -> tuple[Bids, Cleared]:
        """Orders of one slot and what became of them, (S, n) each."""
        bids = Bids(self._quantity_mwh[slot], self._price[slot], self._is_buyer[slot])
        return bids, Cleared(self._bought_mwh[slot], self._sold_mwh[slot], self._cleared_price[slot])

    def committed_kwh(self, slot: int, rows: Ints | None) -> Floats:
        """What each building has promised for ``slot``, > 0 sold, (R, n) kWh."""
        if slot >= self._next:
            shape = self._quantity_mwh.shape[1:]
            return np.zeros(shape if rows is None else (len(rows), shape[1]))
        if self.relief.active:
            return self.relief.promised_kwh(slot, rows)
        some = slice(None) if rows is None else rows
        promised: Floats = (self._sold_mwh[slot, some] - self._bought_mwh[slot, some]) / MWH_PER_KWH
        return promised

    @property
    def planned_mwh(self) -> Ints | None:
        """What a balancing group said of each building when the gate closed, (K, S, n) net mWh, > 0 surplus."""
        if self.community.terms.retailer is None or not self.community.market.trades:
            return None
        return np.where(self._is_buyer, -self._quantity_mwh, self._quantity_mwh)

    @property
    def traded(self) -> Ints:
        """Slots in which anything was cleared, rising."""
        return np.flatnonzero(self._traded)

    def _clear_to(self, last: int) -> None:
        """Clear all slots before ``last`` that are not yet."""
        shape = self._quantity_mwh.shape
        for part in parts_of(last - self._cleared_to, math.prod(shape[1:])):
            self._clear(self._cleared_to + part.start, self._cleared_to + part.stop)
            self._book.let_go(self._cleared_to + part.start)
        self._cleared_to = max(last, self._cleared_to)

    def _clear(self, first: int, last: int, ladder: Bids | None = None) -> None:
        """Slots from ``first`` on; ``ladder``: all orders of the one slot, where a building has several."""
        own = Bids(self._quantity_mwh[first:last], self._price[first:last], self._is_buyer[first:last])
        if ladder is not None:
            own = Bids(ladder.quantity_mwh[None], ladder.price_jpy_per_kwh[None], ladder.is_buyer[None])
        place = None if self._island is None else repeated(self._island[first:last], self._orders)
        if place is None or not place.any():
            cleared = self._cleared(own, first)
        else:
            cleared = self._cleared(inside(own, np.asarray(place == 0)), first)
            for number in np.unique(place[place > 0]).tolist():
                mine = np.asarray(place == number)
                part = self._cleared(inside(own, mine), first, self.community.cells[number])
                cleared = Cleared(*(np.where(mine, one, rest) for one, rest in zip(part, cleared, strict=True)))
        self._write(first, cleared_by_building(cleared, self._orders))

    def _write(self, first: int, cleared: Cleared) -> None:
        """What became of the orders of slots from ``first`` on. Slots without trade stay zeros: they need no memory."""
        some = np.flatnonzero(cleared.bought_mwh.any(axis=(1, 2)) | cleared.sold_mwh.any(axis=(1, 2)))
        if not some.size:
            return
        all_of_them = len(some) == len(cleared.bought_mwh)
        here = slice(None) if all_of_them else some
        slots = slice(first, first + len(some)) if all_of_them else first + some
        self._traded[slots] = True
        self._bought_mwh[slots] = cleared.bought_mwh[here]
        self._sold_mwh[slots] = cleared.sold_mwh[here]
        self._cleared_price[slots] = cleared.price_jpy_per_kwh[here]
        self._outcome.let_go(first)

    def _cleared(self, own: Bids, first: int, place: str = "") -> Cleared:
        """Outcome of the orders (K, S, n) of one market; ``place``: the island that has it to itself."""
        bids = own if self._kept is None else at_buyers(own, self._kept)
        if self._continuous is not None:
            cleared = negotiate(self._continuous, bids, self.community.site.rows, first, self._traders, place)
        elif self._over_wires is not None:
            cleared = self._clear_over(self._over_wires, bids)
        elif self._by_lot is not None:
            lots = {} if self._orders == 1 else {"orders": self._orders}
            cleared = self._by_lot.clear_slots(bids, self.community.site.rows, first, **lots)
        else:
            cleared = clear_books(self.community.market, bids)
        return cleared if self._kept is None else at_sellers(cleared, own, self._kept)

    def _clear_over(self, market: NetworkMarket, bids: Bids) -> Cleared:
        """Row by row, each within the limits of the wires."""
        nothing = np.zeros_like(bids.quantity_mwh)
        out = Cleared(nothing, nothing.copy(), np.zeros(nothing.shape))
        slot_h = self.community.site.axis.slot_s / SECONDS_PER_HOUR
        for place in rows_with_both_sides(bids):
            one = bids_of(bids, place)
            wiring: Wiring | None = envelope_of(self.community.wires, by_building(one, self._orders), slot_h)
            if wiring is not None and self._orders > 1:
                wiring = LadderWiring(wiring, self._orders)
            found = market.clear_over(one, self.community.buildings * self._orders, slot_h, wiring)
            for whole, part in zip(out, found, strict=True):
                whole[place] = part
        return out

    def outcome(self) -> Cleared:
        """What was cleared in every slot, (K, S, n)."""
        slots, rows, n = self._quantity_mwh.shape
        if not self._in_loop:
            self._clear_to(slots)
        if self.community.terms.retailer is None:
            # Nobody asks for the orders again, which need as much memory as what became of them.
            self._book = LongColumns({}, (0,))
            none = np.zeros((0, rows, n))
            self._quantity_mwh, self._price, self._is_buyer = none.astype(np.int64), none, none.astype(np.bool_)
        return Cleared(self._bought_mwh, self._sold_mwh, self._cleared_price)


def clear_books(market: Market, bids: Bids) -> Cleared:
    """Books (K, S, n), each on its own; where one side is missing nothing can change hands."""
    n = bids.quantity_mwh.shape[2]
    quantity, price, is_buyer = bids
    quantity, price, is_buyer = quantity.reshape(-1, 1, n), price.reshape(-1, 1, n), is_buyer.reshape(-1, 1, n)
    wanted = quantity * is_buyer
    both = np.flatnonzero(wanted.any(axis=2) & (quantity != wanted).any(axis=2))
    if both.size == len(quantity):
        return market.clear(bids)
    shape = bids.quantity_mwh.shape
    out = Cleared(np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64), np.zeros(shape))
    if both.size:
        found = market.clear(Bids(quantity[both], price[both], is_buyer[both]))
        for whole, part in zip(out, found, strict=True):
            whole.reshape(-1, 1, n)[both] = part
    return out


def inside(bids: Bids, mine: Bools) -> Bids:
    """The orders of those who stand in one island; the others have none."""
    return Bids(np.where(mine, bids.quantity_mwh, 0), bids.price_jpy_per_kwh, bids.is_buyer)


def at_buyers(bids: Bids, kept: int) -> Bids:
    """Orders as they arrive: of what sellers send, ``kept`` millionths, at prices that pay for the whole."""
    sells = ~bids.is_buyer
    quantity = np.where(sells, arriving(bids.quantity_mwh, kept), bids.quantity_mwh)
    price = np.where(sells, bids.price_jpy_per_kwh * (LOSS_UNIT / kept), bids.price_jpy_per_kwh)
    return Bids(quantity, price, bids.is_buyer)


def at_sellers(cleared: Cleared, bids: Bids, kept: int) -> Cleared:
    """What was cleared where it arrives, back at the sellers' own meters and per kilowatt-hour sent."""
    sold = np.minimum(sent_for(cleared.sold_mwh, kept), bids.quantity_mwh)
    price = np.where(bids.is_buyer, cleared.price_jpy_per_kwh, cleared.price_jpy_per_kwh * (kept / LOSS_UNIT))
    return Cleared(cleared.bought_mwh, sold, price)
