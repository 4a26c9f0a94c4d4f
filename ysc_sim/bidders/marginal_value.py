"""Truthful bids of those who have a choice: a store that could keep or spare the energy, a vehicle that could wait.

*Surplus* that the battery could take is not sold below what it will bring there. *Need* that the battery could cover
is not bought above what the energy will be missed by. *Charging* that may wait until the vehicle leaves is not bought
above the cheapest hours that are left: with a departure in L slots and a need of k of them, the k-th cheapest price.
Without store or vehicle these are the truthful bids of the meter's tariff.

Source: the dominant strategy of W. Vickrey, Counterspeculation, auctions, and competitive sealed tenders, Journal of
Finance 16 (1961) 8–37, with opportunity values as in :mod:`ysc_sim.bidders.worth`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ysc_sim.bidders.truthful import order
from ysc_sim.bidders.worth import HORIZON_S, could_give, could_take, look_ahead
from ysc_sim.contracts import Bids, BidView, Rows, Vehicles
from ysc_sim.units import SECONDS_PER_HOUR, Floats


@dataclass(frozen=True, kw_only=True)
class MarginalValueSpec:
    """Nothing to set."""


class MarginalValue:
    """Marginal value of tariff, battery and vehicle."""

    kind: ClassVar[str] = "marginal_value"
    Spec: ClassVar[type] = MarginalValueSpec
    reads_outcome: ClassVar[bool] = False

    def __init__(self, spec: MarginalValueSpec) -> None:
        self.spec = spec

    def start(self, rows: Rows, building_ids: Sequence[str]) -> dict[str, np.ndarray]:
        """Remembers nothing."""
        return {}

    def bid(self, view: BidView, state: dict[str, np.ndarray]) -> Bids:
        """One order per building, whole milliwatt-hours."""
        net = view.expected_kwh
        buy, sell = (np.broadcast_to(p, net.shape) for p in (view.import_jpy_per_kwh, view.export_jpy_per_kwh))
        stores, vehicles = view.stores, view.vehicles
        if stores is not None:
            worth = look_ahead(view, stores)
            # Values lie between what the supplier pays and what it charges: else the supplier is the better partner.
            keeps = (net > 0) & (could_take(view, stores) >= net)
            spares = (net < 0) & (could_give(view, stores) >= -net)
            sell = np.where(keeps, np.maximum(sell, np.minimum(worth.kept, np.maximum(buy, sell))), sell)
            buy = np.where(spares, np.minimum(buy, np.maximum(worth.spared, np.minimum(buy, sell))), buy)
        if vehicles is not None:
            waits, later = worth_of_waiting(view, vehicles)
            power = vehicles.charge_kw * (view.slot_s / SECONDS_PER_HOUR)
            buy = np.where(waits & (power >= -net), np.minimum(buy, later), buy)
        return order(net, buy, sell)

    def offer_relief(self, view: BidView, state: dict[str, np.ndarray]) -> Bids:
        """What the batteries could give beyond what is expected of the meter, at what it will be missed by."""
        net, stores = view.expected_kwh, view.stores
        if stores is None:
            return order(np.zeros(net.shape), np.zeros(net.shape), np.zeros(net.shape))
        return order(could_give(view, stores), np.zeros(net.shape), look_ahead(view, stores).spared)


def worth_of_waiting(view: BidView, vehicles: Vehicles) -> tuple[np.ndarray, Floats]:
    """Whether charging may wait (R, n), and what it will cost then: the k-th cheapest price before the departure."""
    slot_h, count = view.slot_s / SECONDS_PER_HOUR, int(HORIZON_S // view.slot_s)
    left = np.clip(np.floor((vehicles.due_s - view.begins_s) / view.slot_s), 0, count)
    per_slot = vehicles.charge_kw * slot_h
    needed = np.divide(vehicles.missing_kwh, per_slot, out=np.zeros_like(per_slot), where=per_slot > 0)
    k = np.ceil(needed - 1e-9)
    ahead = view.prices_ahead(count)[0][:, None, :]
    # This slot is not among those that charging would wait for.
    later = (np.arange(count)[:, None, None] >= 1) & (np.arange(count)[:, None, None] < left)
    prices = np.sort(np.where(later, ahead, np.inf), axis=0)
    rank = np.clip(k - 1, 0, count - 1).astype(np.int64)
    worth = np.take_along_axis(prices, rank[None], axis=0)[0]
    return (k > 0) & (k <= left - 1), worth
