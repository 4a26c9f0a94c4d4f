"""Gate windows in which orders arrive one by one: SimPy carries the arrivals, the market says what they do.

What is cleared becomes a commitment when the slot begins; nothing physical happens inside the window, so its clock is
its own. Draws are named by row and slot: a window gives the same bits inside the run and afterwards, alone and in any
batch.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import numpy as np
import simpy

from ysc_sim.contracts import Bids, Cleared, ContinuousMarket, Negotiation, Rows


def bids_of(bids: Bids, row: tuple[int, ...]) -> Bids:
    """Orders of one row, (n,) each."""
    return Bids(bids.quantity_mwh[row], bids.price_jpy_per_kwh[row], bids.is_buyer[row])


def arrivals(env: simpy.Environment, session: Negotiation) -> Generator[Any, Any, None]:
    """Wake the session at each of its events."""
    while (due_s := session.next_event_s()) is not None:
        yield env.timeout(max(due_s - env.now, 0.0))
        session.on_event(due_s)


def negotiate(
    market: ContinuousMarket,
    bids: Bids,
    rows: Rows,
    first_slot: int,
    memory: dict[str, np.ndarray] | None = None,
    place: str = "",
) -> Cleared:
    """Outcome of the windows of some slots, orders (K, S, n) from ``first_slot`` on, one after the other.

    ``place``: the island that has a window of its own.

    ``memory`` (S, n): what the traders of each row remember from window to window, changed in place; None: nothing.
    """
    quantity = bids.quantity_mwh
    bought, sold = np.zeros_like(quantity), np.zeros_like(quantity)
    price = np.zeros(quantity.shape)
    traded = (quantity * bids.is_buyer).any(axis=2) & (quantity * ~bids.is_buyer).any(axis=2)
    for slot, row in zip(*(place.tolist() for place in np.nonzero(traded)), strict=True):
        draws = rows.generator(row, f"market {place}".strip(), f"gate {first_slot + slot}")
        mine = None if memory is None else {name: array[row] for name, array in memory.items()}
        session = market.negotiate(bids_of(bids, (slot, row)), draws, mine)
        env = simpy.Environment()
        env.process(arrivals(env, session))
        env.run()
        bought[slot, row], sold[slot, row], price[slot, row] = session.cleared()
    return Cleared(bought, sold, price)
