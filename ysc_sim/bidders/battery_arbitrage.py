"""Arbitrage with a battery on forecasts: sell where the market is dear, buy where it is cheap, if own use brings less.

For every slot of the day it remembers what local trade cost there. If a stored kilowatt-hour brings more now than at
any time ahead, own use or market, the battery's energy is offered at what it would be missed by, wear included; if
energy costs less now than it will bring after the losses of a round trip, the battery's room is asked for at that
value. Otherwise the bid is the truthful one. What is sold must be delivered: give the buildings the strategy
``deliver_trades``.

Source: prices as forecasts and opportunity value as limit follow B. F. Hobbs et al. (eds.), The Next Generation of
Electric Power Unit Commitment Models, Kluwer 2001, chapter 5; exponential smoothing after R. G. Brown 1959.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ysc_sim.bidders.truthful import order
from ysc_sim.bidders.worth import HORIZON_S, could_give, could_take, worth_of
from ysc_sim.contracts import Bids, BidView, Cleared, Flexible, Rows
from ysc_sim.units import Floats, Fraction, JPYPerKWh

MOST_SLOTS = 48


@dataclass(frozen=True, kw_only=True)
class BatteryArbitrageSpec:
    """What a spread must pay for, and how fast prices are learnt."""

    wear_jpy_per_kwh: JPYPerKWh = 0.0
    """Wear of the battery for each kWh that it gives."""
    learning: Fraction = 0.3
    """Weight of the newest price of a slot of the day."""


class BatteryArbitrage:
    """Expected prices of the coming day against the value of what is stored."""

    kind: ClassVar[str] = "battery_arbitrage"
    Spec: ClassVar[type] = BatteryArbitrageSpec
    reads_outcome: ClassVar[bool] = True

    def __init__(self, spec: BatteryArbitrageSpec) -> None:
        self.spec = spec

    def start(self, rows: Rows, building_ids: Sequence[str]) -> dict[str, np.ndarray]:
        """``price`` (R, 48): what trade in each slot of the day costs; NaN where none was seen yet."""
        return {"price": np.full((rows.count, MOST_SLOTS), np.nan)}

    def bid(self, view: BidView, state: dict[str, np.ndarray]) -> Bids:
        """One order per building, whole milliwatt-hours."""
        count = int(HORIZON_S // view.slot_s)
        price, net = state["price"], view.expected_kwh
        if view.last is not None:
            self._learn(price, (view.slot - 1) % count, view.last[1])
        buy, sell = (np.broadcast_to(p, net.shape) for p in (view.import_jpy_per_kwh, view.export_jpy_per_kwh))
        stores = view.stores
        if stores is None:
            return order(net, buy, sell)
        return self._with_stores(view, stores, price[:, (view.slot + np.arange(count)) % count], buy, sell)

    def _with_stores(self, view: BidView, stores: Flexible, market: Floats, buy: Floats, sell: Floats) -> Bids:
        """Orders where batteries stand; ``market`` (R, H): prices expected of this slot and those after it."""
        net, wear = view.expected_kwh, self.spec.wear_jpy_per_kwh
        imported, exported = view.prices_ahead(market.shape[1])
        worth = worth_of(stores, view.expected_ahead(market.shape[1]), imported, exported)
        both_ways = stores.charge_efficiency * stores.discharge_efficiency
        dearest = np.fmax.reduce(market[:, 1:], axis=1, initial=-np.inf)[:, None]
        missed = np.maximum(worth.spared, dearest) + wear
        kept = np.maximum(worth.kept, dearest * both_ways) - wear
        now = market[:, :1]
        gives = np.where(np.where(np.isnan(now), sell, now) > missed, could_give(view, stores), 0.0)
        takes = np.where(np.where(np.isnan(now), buy, now) < kept, could_take(view, stores), 0.0)
        takes = np.where(gives > 0, 0.0, takes)
        offered = net + gives - takes
        ask = np.where(gives > 0, np.maximum(sell, missed), sell)
        bid = np.where(takes > 0, np.minimum(buy, kept), buy)
        return order(offered, bid, ask)

    def _learn(self, price: Floats, place: int, cleared: Cleared) -> None:
        """Move the remembered price of a slot of the day towards the mean price of what was bought in it."""
        volume = np.add.reduce(cleared.bought_mwh, axis=1)
        paid = np.add.reduce(cleared.bought_mwh * cleared.price_jpy_per_kwh, axis=1)
        some = np.flatnonzero(volume > 0)
        seen, old = paid[some] / volume[some], price[some, place]
        price[some, place] = np.where(np.isnan(old), seen, old + self.spec.learning * (seen - old))
