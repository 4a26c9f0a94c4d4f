"""MUDA: a double auction of many units in which each half of the traders faces the price of the other half.

Traders are divided into two halves by lot. Each half has a competitive price; orders of the *other* half that are
better than it trade at it. The shorter side trades in full, the longer side by lot. No order can move its own price, so
truthful bidding is a dominant strategy; money balances exactly.

Source: E. Segal-Halevi, A. Hassidim, Y. Aumann, MUDA: a truthful multi-unit double-auction mechanism, Proceedings of
the AAAI Conference on Artificial Intelligence 32 (2018) 1193–1201 (the variant with a lottery).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, cast

import numpy as np
from annotated_types import Ge
from numpy.typing import ArrayLike

from ysc_sim.contracts import Bids, Cleared, Rows
from ysc_sim.markets.clearing import Clearing, check_orders
from ysc_sim.markets.merit_order import Quantities, cross, side_sign
from ysc_sim.units import Bools, Floats, Ints, Unit


def muda(quantity_kwh: ArrayLike, price_jpy_per_kwh: ArrayLike, is_buyer: ArrayLike, *, seed: int = 0) -> Clearing:
    """Clear books of n orders, (…, n) each. The lots of the n places are drawn once from ``seed``, for every book.

    Each half has a price of its own; the prices of the answer are means over what was traded, NaN where nothing was.

    Raises ``ValueError`` as :func:`ysc_sim.markets.clear_call_auction` does.

    >>> deal = muda([1.0] * 4, [9.0, 8.0, 4.0, 3.0], [True, True, False, False], seed=1)
    >>> float(deal.payment_jpy.sum()), float(deal.surplus_jpy)
    (0.0, 0.0)
    """
    quantity, price, buys = check_orders(quantity_kwh, price_jpy_per_kwh, is_buyer)
    left, turn = lots(quantity.shape[-1], seed)
    cleared, level = clear_halves(quantity, price, buys, left, turn)
    payment = 0.0 - cleared * level * side_sign(buys)
    volume = np.add.reduce(cleared * buys, axis=-1)
    paid = np.add.reduce(cleared * buys * level, axis=-1)
    mean = np.divide(paid, volume, out=np.full(volume.shape, np.nan), where=volume > 0)
    nothing = np.zeros(volume.shape)
    return Clearing(mean, mean, cleared, np.zeros_like(cleared), payment, nothing, nothing)


def lots(n: int, seed: int) -> tuple[Bools, Ints]:
    """Half and turn of each place, (n,)."""
    generator = np.random.default_rng(np.random.SeedSequence([seed, n]))
    return generator.random(n) < 0.5, generator.permutation(n)


def clear_halves(
    quantity: Quantities, price: Floats, is_buyer: Bools, left: Bools, turn: Ints | Floats
) -> tuple[Quantities, Floats]:
    """Cleared energy and price of each order, (…, n), for given halves and turns, (n,) or (…, n)."""
    cleared, level = np.zeros_like(quantity), np.zeros(price.shape)
    for half in (left, ~left):
        other = _competitive_price(quantity * ~half, price, is_buyer)
        better = np.where(is_buyer, price >= other, price <= other) & half
        mine = quantity * better
        wanted, offered = mine * is_buyer, mine * ~is_buyer
        demand, supply = (np.add.reduce(side, axis=-1, keepdims=True) for side in (wanted, offered))
        volume = np.minimum(demand, supply)
        part = _by_turn(wanted, volume, turn) + _by_turn(offered, volume, turn)
        cleared = cleared + part
        level = np.where(part > 0, other, level)
    return cleared, level


def _competitive_price(quantity: Quantities, price: Floats, is_buyer: Bools) -> Floats:
    """Middle of the prices that clear a book, or of best bid and best ask where they do not meet; else NaN."""
    crossing = cross(quantity, price, is_buyer)
    live = quantity > 0
    bid = np.maximum.reduce(np.where(live & is_buyer, price, -np.inf), axis=-1, keepdims=True, initial=-np.inf)
    ask = np.minimum.reduce(np.where(live & ~is_buyer, price, np.inf), axis=-1, keepdims=True, initial=np.inf)
    trades = crossing.volume > 0
    low, high = np.where(trades, crossing.low, bid), np.where(trades, crossing.high, ask)
    both = np.isfinite(bid) & np.isfinite(ask)
    return np.where(both, (np.where(both, low, 0) + np.where(both, high, 0)) / 2, np.nan)


def _by_turn(side: Quantities, volume: Quantities, turn: Ints | Floats) -> Quantities:
    """What each order of a side gets of ``volume``, first come first served by ``turn``."""
    order = np.broadcast_to(np.argsort(turn, axis=-1, kind="stable"), side.shape)
    queue = np.take_along_axis(side, order, axis=-1)
    before = np.cumsum(queue, axis=-1) - queue
    served = np.empty_like(side)
    np.put_along_axis(served, order, np.clip(volume - before, 0, queue), axis=-1)
    return served


@dataclass(frozen=True, kw_only=True)
class MudaSpec:
    """Truthful double auction by lot."""

    seed: Annotated[int, Ge(0), Unit("1")] = 0
    """Names the draws of halves and turns; in a run every row and slot has its own."""


class Muda:
    """Double auction in whole milliwatt-hours, each half at the price of the other."""

    kind: ClassVar[str] = "muda"
    Spec: ClassVar[type] = MudaSpec
    trades: ClassVar[bool] = True

    def __init__(self, spec: MudaSpec) -> None:
        self.spec = spec

    def clear(self, bids: Bids) -> Cleared:
        """Each row on its own, all with the halves and turns of the seed."""
        return self._clear(bids, *lots(bids.quantity_mwh.shape[-1], self.spec.seed))

    def clear_slots(self, bids: Bids, rows: Rows, first_slot: int, orders: int = 1) -> Cleared:
        """Halves and turns are drawn anew for every slot, so that nobody stays in the smaller half.

        The ``orders`` of a building share its half, else they would make each other's price.
        """
        slots, count, width = bids.quantity_mwh.shape
        n = width // orders
        draws = np.empty((slots, count, 2 * n))
        for row in range(count):
            generator = rows.generator(row, "market", f"lots {self.spec.seed}")
            # A slot has its place in the row's one stream, whether it is cleared alone or with others.
            cast(np.random.PCG64, generator.bit_generator).advance(first_slot * 2 * n)
            draws[:, row] = generator.random((slots, 2 * n))
        half, turn = (np.tile(part, orders) for part in (draws[..., :n] < 0.5, draws[..., n:]))
        return self._clear(bids, half, turn)

    @staticmethod
    def _clear(bids: Bids, left: Bools, turn: Ints | Floats) -> Cleared:
        quantity, limit, is_buyer = bids
        cleared, level = clear_halves(quantity, limit, is_buyer, left, turn)
        bought = cleared * is_buyer
        return Cleared(bought, cleared - bought, level)
