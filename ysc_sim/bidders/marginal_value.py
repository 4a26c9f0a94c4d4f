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
from typing import ClassVar, NamedTuple

import numpy as np

from ysc_sim.bidders.truthful import order
from ysc_sim.bidders.worth import HORIZON_S, could_give, could_take, look_ahead
from ysc_sim.contracts import Bids, BidView, Rows, Vehicles
from ysc_sim.units import MWH_PER_KWH, SECONDS_PER_HOUR, Floats, Ints


@dataclass(frozen=True, kw_only=True)
class MarginalValueSpec:
    """What is bid when store or vehicle could do without a part only."""

    ladder: bool = False
    """Three orders per building and slot: what the battery could take or cover and what the vehicle could wait for have
    prices of their own, the rest that of the tariff. Otherwise one order, at the tariff's price unless the whole of
    it could be kept, covered or put off."""


class Part(NamedTuple):
    """Part of what is expected of each meter that has a price of its own, (R, n) each."""

    energy_kwh: Floats
    price_jpy_per_kwh: Floats


class MarginalValue:
    """Marginal value of tariff, battery and vehicle."""

    kind: ClassVar[str] = "marginal_value"
    Spec: ClassVar[type] = MarginalValueSpec
    reads_outcome: ClassVar[bool] = False

    def __init__(self, spec: MarginalValueSpec) -> None:
        self.spec = spec
        self.orders = 3 if spec.ladder else 1

    def start(self, rows: Rows, building_ids: Sequence[str]) -> dict[str, np.ndarray]:
        """Remembers nothing."""
        return {}

    def bid(self, view: BidView, state: dict[str, np.ndarray]) -> Bids:
        """Orders in whole milliwatt-hours."""
        net = view.expected_kwh
        buy, sell = (np.broadcast_to(p, net.shape) for p in (view.import_jpy_per_kwh, view.export_jpy_per_kwh))
        keeps, spares = _with_store(view, buy, sell)
        waits = _with_vehicle(view, buy)
        if self.spec.ladder:
            return rungs(net, buy, sell, keeps, spares, waits)
        sell = np.where((net > 0) & (keeps.energy_kwh >= net), keeps.price_jpy_per_kwh, sell)
        for part in (spares, waits):
            covers = (net < 0) & (part.energy_kwh >= -net)
            buy = np.where(covers, np.minimum(buy, part.price_jpy_per_kwh), buy)
        return order(net, buy, sell)

    def offer_relief(self, view: BidView, state: dict[str, np.ndarray]) -> Bids:
        """What the batteries could give beyond what is expected of the meter, at what it will be missed by."""
        net, stores = view.expected_kwh, view.stores
        if stores is None:
            return order(np.zeros(net.shape), np.zeros(net.shape), np.zeros(net.shape))
        return order(could_give(view, stores), np.zeros(net.shape), look_ahead(view, stores).spared)


def _with_store(view: BidView, buy: Floats, sell: Floats) -> tuple[Part, Part]:
    """Surplus that the store could take, and need that it could cover."""
    stores, nothing = view.stores, np.zeros(view.expected_kwh.shape)
    if stores is None:
        return Part(nothing, sell), Part(nothing, buy)
    worth = look_ahead(view, stores)
    # Values lie between what the supplier pays and what it charges: else the supplier is the better partner.
    kept = np.maximum(sell, np.minimum(worth.kept, np.maximum(buy, sell)))
    spared = np.minimum(buy, np.maximum(worth.spared, np.minimum(buy, sell)))
    return Part(could_take(view, stores), kept), Part(could_give(view, stores), spared)


def _with_vehicle(view: BidView, buy: Floats) -> Part:
    """Charging that may wait."""
    vehicles = view.vehicles
    if vehicles is None:
        return Part(np.zeros(view.expected_kwh.shape), buy)
    waits, later = worth_of_waiting(view, vehicles)
    power = vehicles.charge_kw * (view.slot_s / SECONDS_PER_HOUR)
    return Part(np.where(waits, power, 0.0), np.minimum(buy, later))


def rungs(net_kwh: Floats, buy: Floats, sell: Floats, keeps: Part, spares: Part, waits: Part) -> Bids:
    """Three orders per building, (R, 3·n): at the tariff's price, and two parts with prices of their own.

    What is worth least is done without first: the cheaper part of a need is as large as it can be, the dearer one as
    large as what is left.

    >>> one = np.ones((1, 1))
    >>> covers, waits = Part(2 * one, 20 * one), Part(1 * one, 15 * one)
    >>> bids = rungs(-5 * one, 30 * one, 8 * one, Part(0 * one, 8 * one), covers, waits)
    >>> (bids.quantity_mwh / 1e6).tolist(), bids.price_jpy_per_kwh.tolist()
    ([[2.0, 2.0, 1.0]], [[30.0, 20.0, 15.0]])
    """
    is_buyer = net_kwh < 0
    whole = _mwh(np.abs(net_kwh))
    later = waits.price_jpy_per_kwh <= spares.price_jpy_per_kwh
    cheap, dear = (
        Part(*(np.where(later, a, b) for a, b in pair))
        for pair in (zip(waits, spares, strict=True), zip(spares, waits, strict=True))
    )
    last = np.minimum(_mwh(np.where(is_buyer, cheap.energy_kwh, 0.0)), whole)
    second = np.minimum(_mwh(np.where(is_buyer, dear.energy_kwh, keeps.energy_kwh)), whole - last)
    return Bids(
        np.concatenate([whole - last - second, second, last], axis=-1),
        np.concatenate(
            [
                np.where(is_buyer, buy, sell),
                np.where(is_buyer, dear.price_jpy_per_kwh, keeps.price_jpy_per_kwh),
                np.where(is_buyer, cheap.price_jpy_per_kwh, sell),
            ],
            axis=-1,
        ),
        np.tile(is_buyer, 3),
    )


def _mwh(energy_kwh: Floats) -> Ints:
    return np.rint(energy_kwh * MWH_PER_KWH).astype(np.int64)


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
