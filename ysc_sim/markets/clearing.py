"""What a market hands back, and the checks of what it is given: orders of a book, net energies of a community."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from ysc_sim.units import Bools, Floats


@dataclass(frozen=True)
class Clearing:
    """Outcome of one mechanism for a batch of books or periods; ``…`` is any leading batch axis.

    Σ ``payment_jpy`` = ``grid_payment_jpy`` + ``surplus_jpy``, within rounding of floating point.
    """

    buyer_price_jpy_per_kwh: Floats
    """(…,) what a bought kWh costs; NaN where nothing trades."""
    seller_price_jpy_per_kwh: Floats
    """(…,) what a sold kWh earns; NaN where nothing trades."""
    cleared_kwh: Floats
    """(…, n) ≥ 0, bought or sold inside."""
    grid_kwh: Floats
    """(…, n) exchanged with the supplier; > 0 import, 0 in an auction."""
    payment_jpy: Floats
    """(…, n) inside trade plus grid share; > 0 pays, < 0 is paid; never NaN."""
    grid_payment_jpy: Floats
    """(…,) what the supplier receives."""
    surplus_jpy: Floats
    """(…,) what is left with the operator."""

    @property
    def price_jpy_per_kwh(self) -> Floats:
        """(…,) the one price of buyers and sellers; NaN where nothing trades or where the two differ."""
        same = self.buyer_price_jpy_per_kwh == self.seller_price_jpy_per_kwh
        return np.where(same, self.buyer_price_jpy_per_kwh, np.nan)


BATCH = 40_000
"""Numbers worked on at once: what they need stays in the cache."""


def blocks(rows: int, n: int, batch: int = BATCH) -> Iterator[slice]:
    """Parts of ``rows`` rows of ``n`` numbers, each small enough for the cache."""
    step = max(1, batch // max(n, 1))
    return (slice(first, first + step) for first in range(0, rows, step))


CACHE_LINE = 64


def aligned(*shape: int) -> Floats:
    """Memory that begins at a cache line: passes over numbers take a quarter less time there."""
    size = math.prod(shape)
    raw = np.empty(size + CACHE_LINE // 8)
    first = -raw.__array_interface__["data"][0] % CACHE_LINE // 8
    return raw[first : first + size].reshape(shape)


class Orders(NamedTuple):
    """A checked batch of books, (…, n) each; orders without energy have price 0."""

    quantity_kwh: Floats
    price_jpy_per_kwh: Floats
    is_buyer: Bools


def check_orders(quantity_kwh: ArrayLike, price_jpy_per_kwh: ArrayLike, is_buyer: ArrayLike) -> Orders:
    """Broadcast to (…, n) and refuse what is no book.

    Raises ``ValueError`` for quantities that are negative or not finite, for prices of orders with energy that are not
    finite, and for sides that are neither true nor false.
    """
    quantity, price = np.asarray(quantity_kwh, dtype=np.float64), np.asarray(price_jpy_per_kwh, dtype=np.float64)
    shape = np.broadcast_shapes(quantity.shape, price.shape, np.shape(is_buyer))
    if not shape:
        raise ValueError("quantity_kwh must have a last axis of orders, (…, n).")
    quantity, price = np.broadcast_to(quantity, shape), np.broadcast_to(price, shape)
    least, most = np.minimum.reduce(quantity, axis=None, initial=0), np.maximum.reduce(quantity, axis=None, initial=0)
    if not (least == 0 and most < np.inf):
        refuse(quantity, ~((quantity >= 0) & (quantity < np.inf)), "quantity_kwh", "finite and ≥ 0")
    fine = np.isfinite(price)
    if not fine.all():
        odd = ~fine
        refuse(price, odd & (quantity > 0), "price_jpy_per_kwh", "finite")
        price = np.where(odd, 0.0, price)
    return Orders(quantity, price, np.broadcast_to(check_sides(is_buyer), shape))


def check_sides(is_buyer: ArrayLike) -> Bools:
    """Booleans, also from 0 and 1. Raises ``ValueError`` for anything else."""
    side = np.asarray(is_buyer)
    if side.dtype != np.bool_:
        if side.size and side.dtype.kind not in "iuf":
            raise ValueError(f"is_buyer must be true or false, not of type {side.dtype}.")
        refuse(side, (side != 0) & (side != 1), "is_buyer", "true or false")
        side = side.astype(np.bool_)
    return side


def refuse(values: np.ndarray, wrong: Bools, name: str, rule: str) -> None:
    """Raise ``ValueError`` with the first of ``values`` that is ``wrong``."""
    if wrong.any():
        raise ValueError(f"{name}(={np.extract(wrong, values)[0]}) must be {rule}.")
