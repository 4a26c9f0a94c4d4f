"""Several orders of one building in one slot: side by side in the book, added up by building when it is cleared.

A bidder with ``orders`` = m answers (R, m·n): the first orders of all n buildings, then their second ones, … The market
takes each for an order of its own. What becomes of them is a commitment of the building, at the mean price.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ysc_sim.contracts import Bidder, Bids, Cleared, Tangent, Wiring
from ysc_sim.units import Floats, Ints


def orders_of(bidder: Bidder) -> int:
    """Orders of each building in a slot. Raises ``ValueError`` for a bidder that promises none."""
    orders = int(getattr(bidder, "orders", 1))
    if orders < 1:
        raise ValueError(f"orders(={orders}) of the bidder {bidder.kind!r} must be at least 1.")
    return orders


def names_of(buildings: Sequence[str], orders: int) -> list[str]:
    """A name for each order, so that each has draws of its own; a building's first order has the building's."""
    return [name if rung == 0 else f"{name} order {rung + 1}" for rung in range(orders) for name in buildings]


def repeated(of_buildings: np.ndarray, orders: int) -> np.ndarray:
    """(…, n) → (…, m·n)"""
    return of_buildings if orders == 1 else np.concatenate([of_buildings] * orders, axis=-1)


def by_building(bids: Bids, orders: int) -> Bids:
    """What each building wants in all, (…, n), at the mean price.

    Raises ``ValueError`` where a building bids and asks in one slot.
    """
    if orders == 1:
        return bids
    quantity, price, is_buyer = (_rungs(values, orders) for values in bids)
    live = quantity > 0
    buys = np.logical_or.reduce(live & is_buyer, axis=-2)
    both = buys & np.logical_or.reduce(live & ~is_buyer, axis=-2)
    if both.any():
        place = int(np.flatnonzero(both.reshape(-1, both.shape[-1]).any(axis=0))[0])
        raise ValueError(f"The orders of building number {place} in one slot must be all bids or all asks.")
    none = ~np.logical_or.reduce(live, axis=-2)
    return Bids(
        np.add.reduce(quantity, axis=-2),
        np.where(none, price[..., 0, :], mean_price(quantity, price)),
        np.where(none, is_buyer[..., 0, :], buys),
    )


def cleared_by_building(cleared: Cleared, orders: int) -> Cleared:
    """What was cleared of each building, (…, n), at the mean price of its orders."""
    if orders == 1:
        return cleared
    bought, sold, price = (_rungs(values, orders) for values in cleared)
    return Cleared(np.add.reduce(bought, axis=-2), np.add.reduce(sold, axis=-2), mean_price(bought + sold, price))


def mean_price(energy: Ints, price: Floats) -> Floats:
    """Mean of prices (…, m, n) by energy, (…, n); 0 where there is none.

    >>> mean_price(np.array([[1, 0], [3, 0]]), np.array([[10.0, 9.0], [20.0, 9.0]])).tolist()
    [17.5, 0.0]
    """
    whole, live = np.add.reduce(energy, axis=-2), energy > 0
    value = np.add.reduce(np.where(live, energy * price, 0.0), axis=-2)
    mean = np.divide(value, whole, out=np.zeros(whole.shape), where=whole > 0)
    # Rounding must not carry the mean out of the range: orders at one price keep it to the bit.
    least = np.minimum.reduce(np.where(live, price, np.inf), axis=-2)
    most = np.maximum.reduce(np.where(live, price, -np.inf), axis=-2)
    return np.where(whole > 0, np.minimum(np.maximum(mean, least), most), 0.0)


def _rungs(values: np.ndarray, orders: int) -> np.ndarray:
    *rest, width = values.shape
    return values.reshape(*rest, orders, width // orders)


class LadderWiring:
    """The wires as orders see them: the order of a building moves them as the building does."""

    def __init__(self, wiring: Wiring, orders: int) -> None:
        self._wiring, self._orders = wiring, orders

    def around(self, sold_kwh: Floats) -> Tangent:
        """See :class:`ysc_sim.contracts.Wiring`."""
        found = self._wiring.around(self._added(sold_kwh))
        per_kwh, loss = (repeated(of, self._orders) for of in (found.per_kwh, found.loss_per_kwh))
        return found._replace(per_kwh=per_kwh, loss_per_kwh=loss)

    def holds(self, sold_kwh: Floats) -> bool:
        """See :class:`ysc_sim.contracts.Wiring`."""
        return self._wiring.holds(self._added(sold_kwh))

    def _added(self, sold_kwh: Floats) -> Floats:
        return np.asarray(np.add.reduce(_rungs(sold_kwh, self._orders), axis=-2))
