"""How members quote in a continuous auction, given what a kWh is worth to them.

*Truthful*: always the limit itself. *Zero intelligence*: any price at which they do not lose, drawn anew for each quote
(Gode and Sunder's constrained traders). *ZIP*: a margin that each trader adapts to every quote and trade it sees.

Source: D. K. Gode, S. Sunder, Allocative efficiency of markets with zero-intelligence traders, Journal of Political
Economy 101 (1993) 119–137; D. Cliff, Minimal-intelligence agents for bargaining behaviors in market-based environments,
Hewlett-Packard Laboratories report HPL-97-91 (1997), §4.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from ysc_sim.units import Bools, Floats


class Traders(Protocol):
    """All traders of one window."""

    def quote(self, trader: int) -> float:
        """Price at which a trader offers now."""
        ...

    def hear(self, price: float, by_buyer: bool, accepted: bool, active: Bools) -> None:
        """Everybody hears a quote, or the price of the trade that it led to; ``active`` still have energy left."""
        ...


class Truthful:
    """Quote the limit."""

    def __init__(self, limit: Floats, is_buyer: Bools, draws: np.random.Generator) -> None:
        self._limit = limit.tolist()

    def quote(self, trader: int) -> float:
        """The limit."""
        price: float = self._limit[trader]
        return price

    def hear(self, price: float, by_buyer: bool, accepted: bool, active: Bools) -> None:
        """Nothing to learn."""


class ZeroIntelligence:
    """Quote anything between one's own limit and the farthest limit of the other side."""

    def __init__(self, limit: Floats, is_buyer: Bools, draws: np.random.Generator) -> None:
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


class Zip:
    """Zero-intelligence-plus: raise the margin when others do better, lower it when out of the market."""

    def __init__(self, limit: Floats, is_buyer: Bools, draws: np.random.Generator) -> None:
        n = len(limit)
        self._limit, self._is_buyer, self._draws = limit, is_buyer, draws
        # A margin is a share of the limit; where that is worth little, of the width of the market.
        base = np.maximum(np.abs(limit), 0.25 * float(limit.max() - limit.min()))
        margin = draws.uniform(0.05, 0.35, n) * base
        self._price = limit + np.where(is_buyer, -margin, margin)
        self._rate = draws.uniform(0.1, 0.5, n)
        self._momentum = draws.uniform(0.2, 0.8, n)
        self._move = np.zeros(n)

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
