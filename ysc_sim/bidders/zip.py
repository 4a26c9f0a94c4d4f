"""ZIP bids: a margin on the truthful price that adapts, slot after slot, to what the market did.

Each building has a margin as buyer and one as seller. After a slot with trade, all hear its mean price: who would have
traded at it raises the margin towards it, who bid and was left out lowers it. After a slot in which both sides were
there and nobody traded, all lower their margins towards the best quote of the other side. Steps have a rate and a
momentum of the building's own.

Source: D. Cliff, Minimal-intelligence agents for bargaining behaviors in market-based environments, Hewlett-Packard
Laboratories report HPL-97-91 (1997), §4; in a periodic auction as C. Preist, M. van Tol, Adaptive agents in a
persistent shout double auction, Proceedings of the First International Conference on Information and Computation
Economies (1998) 11–18.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ysc_sim.bidders.truthful import order
from ysc_sim.bidders.zero_intelligence import GAMMA, counters, uniform
from ysc_sim.contracts import Bids, BidView, Cleared, Rows
from ysc_sim.units import Bools, Floats

PERTURBATION = 0.05
"""Largest relative, and absolute (JPY/kWh), distance of a target from what was heard (Cliff's figure)."""


@dataclass(frozen=True, kw_only=True)
class ZipSpec:
    """Nothing to set."""


class Zip:
    """Zero-intelligence-plus in a market that clears once per slot."""

    kind: ClassVar[str] = "zip"
    Spec: ClassVar[type] = ZipSpec
    reads_outcome: ClassVar[bool] = True
    from_meters: ClassVar[bool] = True

    def __init__(self, spec: ZipSpec) -> None:
        self.spec = spec

    def start(self, rows: Rows, building_ids: Sequence[str]) -> dict[str, np.ndarray]:
        """``margin`` and ``move`` (R, n, 2) as seller and as buyer, ``rate``, ``momentum``, ``counter`` (R, n)."""
        counter = counters(rows, building_ids, "zip")
        traits = []
        for _ in range(4):
            counter += GAMMA
            traits.append(uniform(counter))
        margin = 0.05 + 0.3 * np.stack(traits[:2], axis=-1)
        return {
            "margin": margin,
            "move": np.zeros_like(margin),
            "rate": 0.1 + 0.4 * traits[2],
            "momentum": 0.2 + 0.6 * traits[3],
            "counter": counter,
        }

    def bid(self, view: BidView, state: dict[str, np.ndarray]) -> Bids:
        """One order per building, whole milliwatt-hours."""
        if view.last is not None:
            self._learn(state, *view.last)
        net = view.expected_kwh
        buy, sell = (np.broadcast_to(p, net.shape) for p in (view.import_jpy_per_kwh, view.export_jpy_per_kwh))
        ask = sell + state["margin"][..., 0] * np.abs(sell)
        bid = buy - state["margin"][..., 1] * np.abs(buy)
        state["ask_limit"], state["bid_limit"] = sell.copy(), buy.copy()
        return order(net, bid, ask)

    def _learn(self, state: dict[str, np.ndarray], bids: Bids, cleared: Cleared) -> None:
        """Cliff's rules for everybody who had an order."""
        draws = []
        for _ in range(2):
            state["counter"] += GAMMA
            draws.append(uniform(state["counter"]))
        up, down, heard = directions(bids, cleared)
        direction = up.astype(np.float64) - down
        heard = np.where(direction != 0, heard, 0.0)
        target = (
            heard * (1 + PERTURBATION * draws[0] * direction * np.sign(heard)) + PERTURBATION * draws[1] * direction
        )
        price, side = bids.price_jpy_per_kwh, bids.is_buyer.astype(np.int64)[..., None]
        move = np.take_along_axis(state["move"], side, axis=-1)[..., 0]
        change = state["momentum"] * move + (1 - state["momentum"]) * state["rate"] * (target - price)
        moved = direction != 0
        move = np.where(moved, change, move)
        limit = np.where(bids.is_buyer, state["bid_limit"], state["ask_limit"])
        away = np.where(bids.is_buyer, limit - price - move, price + move - limit)
        size = np.abs(limit)
        margin = np.divide(np.maximum(away, 0.0), size, out=np.zeros_like(size), where=size > 0)
        old = np.take_along_axis(state["margin"], side, axis=-1)[..., 0]
        np.put_along_axis(state["margin"], side, np.where(moved, margin, old)[..., None], axis=-1)
        np.put_along_axis(state["move"], side, move[..., None], axis=-1)


def directions(bids: Bids, cleared: Cleared) -> tuple[Bools, Bools, Floats]:
    """Whose price goes up, whose down, and the price that each hears, (R, n); nobody moves where a side is missing."""
    quantity, price, buyer = bids
    there, traded = quantity > 0, cleared.bought_mwh + cleared.sold_mwh
    volume = np.add.reduce(cleared.bought_mwh, axis=-1, keepdims=True)
    paid = np.add.reduce(cleared.bought_mwh * cleared.price_jpy_per_kwh, axis=-1, keepdims=True)
    mean = np.divide(paid, volume, out=np.zeros(paid.shape), where=volume > 0)
    best_bid = np.maximum.reduce(np.where(there & buyer, price, -np.inf), axis=-1, keepdims=True)
    best_ask = np.minimum.reduce(np.where(there & ~buyer, price, np.inf), axis=-1, keepdims=True)
    quiet = (volume == 0) & np.isfinite(best_bid) & np.isfinite(best_ask)
    left, some = traded < quantity, volume > 0
    up = there & ((some & ((~buyer & (price <= mean)) | (buyer & (price < mean) & left))) | (quiet & buyer))
    down = there & ((some & ((buyer & (price >= mean)) | (~buyer & (price > mean) & left))) | (quiet & ~buyer))
    heard = np.where(some, mean, np.where(buyer, best_ask, best_bid))
    return up, down, np.where(up | down, heard, 0.0)
