"""How members quote in a continuous auction, given what a kWh is worth to them.

*Truthful*: always the limit itself. *Zero intelligence*: any price at which they do not lose, drawn anew for each quote
(Gode and Sunder's constrained traders). *ZIP*: a margin that each trader adapts to every quote and trade it sees.

Source: D. K. Gode, S. Sunder, Allocative efficiency of markets with zero-intelligence traders, Journal of Political
Economy 101 (1993) 119–137; D. Cliff, Minimal-intelligence agents for bargaining behaviors in market-based environments,
Hewlett-Packard Laboratories report HPL-97-91 (1997), §4.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeAlias

import numpy as np

from ysc_sim.contracts import Bids, Rows
from ysc_sim.units import Bools

Memory: TypeAlias = dict[str, np.ndarray]
"""What traders remember, arrays (n,) of one row."""


class Traders(Protocol):
    """All traders of one window."""

    def quote(self, trader: int) -> float:
        """Price at which a trader offers now."""
        ...

    def hear(self, price: float, by_buyer: bool, accepted: bool, active: Bools) -> None:
        """Everybody hears a quote, or the price of the trade that it led to; ``active`` still have energy left."""
        ...

    def remember(self) -> None:
        """The window is over: keep for the next one what was learnt."""
        ...


class Truthful:
    """Quote the limit."""

    def __init__(self, bids: Bids, draws: np.random.Generator, memory: Memory | None = None) -> None:
        self._limit = bids.price_jpy_per_kwh.tolist()

    def quote(self, trader: int) -> float:
        """The limit."""
        price: float = self._limit[trader]
        return price

    def hear(self, price: float, by_buyer: bool, accepted: bool, active: Bools) -> None:
        """Nothing to learn."""

    def remember(self) -> None:
        """Nothing to keep."""


class ZeroIntelligence:
    """Quote anything between one's own limit and the farthest limit of the other side."""

    def __init__(self, bids: Bids, draws: np.random.Generator, memory: Memory | None = None) -> None:
        limit, is_buyer = bids.price_jpy_per_kwh, bids.is_buyer
        lowest, highest = float(limit.min()), float(limit.max())
        self._low = np.where(is_buyer, lowest, limit).tolist()
        self._high = np.where(is_buyer, limit, highest).tolist()
        self._draws = draws

    def quote(self, trader: int) -> float:
        """A uniform draw."""
        low, high = self._low[trader], self._high[trader]
        return float(min(low + (high - low) * self._draws.random(), high))

    def hear(self, price: float, by_buyer: bool, accepted: bool, active: Bools) -> None:
        """Nothing to learn."""

    def remember(self) -> None:
        """Nothing to keep."""


class Zip:
    """Zero-intelligence-plus: raise the margin when others do better, lower it when out of the market."""

    def __init__(self, bids: Bids, draws: np.random.Generator, memory: Memory | None = None) -> None:
        limit, is_buyer = bids.price_jpy_per_kwh, bids.is_buyer
        self._limit, self._is_buyer, self._draws = limit, is_buyer, draws
        # A margin is a share of the limit; where that is worth little, of the width of the market.
        self._base = np.maximum(np.abs(limit), 0.25 * float(limit.max() - limit.min()))
        self._memory = draw_traits(draws, len(limit)) if memory is None else memory
        self._side, self._there = is_buyer.astype(np.int64), bids.quantity_mwh > 0
        place = np.arange(len(limit))
        margin = np.maximum(self._memory["margin"][place, self._side], 0.0) * self._base
        self._price = limit + np.where(is_buyer, -margin, margin)
        self._rate, self._momentum = self._memory["rate"], self._memory["momentum"]
        self._move = self._memory["move"][place, self._side] * self._base

    @staticmethod
    def start(rows: Rows, building_ids: Sequence[str]) -> Memory:
        """Traits and first margins of everybody, (R, n, …): drawn by row and name."""
        drawn = [
            [draw_traits(rows.generator(row, name, "zip"), 1) for name in building_ids] for row in range(rows.count)
        ]
        shapes = {"margin": (2,), "move": (2,), "rate": (), "momentum": ()}
        return {
            trait: np.array([[one[trait][0] for one in row] for row in drawn], dtype=np.float64).reshape(
                rows.count, len(building_ids), *shape
            )
            for trait, shape in shapes.items()
        }

    def remember(self) -> None:
        """Write margin and momentum of those who had an order back to the memory, by the side they were on."""
        some = np.flatnonzero(self._there & (self._base > 0))
        side, base = self._side[some], self._base[some]
        self._memory["margin"][some, side] = np.abs(self._price - self._limit)[some] / base
        self._memory["move"][some, side] = self._move[some] / base

    def quote(self, trader: int) -> float:
        """The price of its present margin."""
        return float(self._price[trader])

    def hear(self, price: float, by_buyer: bool, accepted: bool, active: Bools) -> None:
        """Cliff's rules: who could have had a better price raises its margin; who was beaten lowers it."""
        buyers, above, below = self._is_buyer, self._price >= price, self._price <= price
        # +1: the trader's price moves up towards the quote, −1: down, 0: it stays.
        if accepted:
            up = ~buyers & below
            down = buyers & above
            up = up | (buyers & below & active if not by_buyer else False)
            down = down | (~buyers & above & active if by_buyer else False)
        else:
            up = buyers & below & active if by_buyer else np.zeros_like(buyers)
            down = ~buyers & above & active if not by_buyer else np.zeros_like(buyers)
        direction = up.astype(np.float64) - (down & ~up)
        draws = self._draws.random((2, len(buyers)))
        target = price * (1 + 0.05 * draws[0] * direction * np.sign(price)) + 0.05 * draws[1] * direction
        change = self._rate * (target - self._price)
        moves = direction != 0
        self._move = np.where(moves, self._momentum * self._move + (1 - self._momentum) * change, self._move)
        moved = self._price + np.where(moves, self._move, 0.0)
        self._price = np.where(buyers, np.minimum(moved, self._limit), np.maximum(moved, self._limit))


def draw_traits(draws: np.random.Generator, n: int) -> Memory:
    """First margins as seller and as buyer, rates and momenta (Cliff's ranges), (n,) or (n, 2)."""
    return {
        "margin": draws.uniform(0.05, 0.35, (n, 2)),
        "rate": draws.uniform(0.1, 0.5, n),
        "momentum": draws.uniform(0.2, 0.8, n),
        "move": np.zeros((n, 2)),
    }
