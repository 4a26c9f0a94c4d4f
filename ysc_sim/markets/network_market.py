"""The auction over a network as a market of a scenario: fees between members, and limits of the wires.

For each slot the trades that are worth most are looked for (:func:`~ysc_sim.markets.clear_network_auction`). Where a
network is solved, a power flow with everything that was sold checks them; if a limit is broken the auction is repeated
under the limits linearised at the last point, and the last resort is to sell less by everybody, so that no cleared
trade ever breaks a limit. Marginal losses, priced, are part of a seller's fee.

Source: sequential linear programming, R. E. Griffith, R. A. Stewart, A nonlinear programming technique for the
optimization of continuous processing systems, Management Science 7 (1961) 379–392; operating envelopes in local trade,
M. I. Azim, W. Tushar, T. K. Saha, Coalition graph game-based P2P energy trading with local voltage management, IEEE
Transactions on Smart Grid 12 (2021) 4389–4402.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar

import numpy as np
from annotated_types import Ge, Le, Len

from ysc_sim.contracts import Bids, Cleared, Wiring
from ysc_sim.markets.network_auction import NetworkClearing, NetworkLimits, clear_network_auction
from ysc_sim.units import KW, MWH_PER_KWH, Floats, Ints, JPYPerKWh, Unit

ROUNDS = 6
HALVINGS = 30
ENOUGH = 1e-4
"""Relative gain of a further round that is not worth it."""
MARGIN = 1e-6
"""How far inside a limit the linear program stays, in p.u. and shares of a rated current."""
Name = Annotated[str, Len(1, 64)]


@dataclass(frozen=True, kw_only=True)
class PairFee:
    """Fee and limit of what one member sells to another, or one group to another."""

    seller: Name
    """Building, or several alike by their common id; ``*`` is everybody."""
    buyer: Name
    """Likewise."""
    fee_jpy_per_kwh: JPYPerKWh = 0.0
    """Charge for each kilowatt-hour."""
    limit_kw: Annotated[float, Ge(0), Le(1e9), Unit("kW")] | None = None
    """Most that each such pair may trade; no limit if not given."""


@dataclass(frozen=True, kw_only=True)
class Feeder:
    """What all trades together may move through the wires of some members, in either direction."""

    buildings: Annotated[tuple[Name, ...], Len(1, 100_000)]
    """Who is on the feeder: buildings, or several alike by their common id."""
    limit_kw: KW
    """Most net power of their trades, in or out."""


@dataclass(frozen=True, kw_only=True)
class NetworkMarketSpec:
    """Fees and limits; voltages and currents too where ``power_flow`` is ``report`` or ``control``."""

    fee_jpy_per_kwh: JPYPerKWh = 0.0
    """Fee between any two members."""
    fees: Annotated[tuple[PairFee, ...], Len(0, 10_000)] = ()
    """Other fees and limits of pairs; the last that fits counts."""
    places_m: Mapping[str, Annotated[tuple[float, float], Unit("m")]] = field(default_factory=dict, hash=False)
    """Where members stand, east and north."""
    fee_jpy_per_kwh_km: Annotated[float, Ge(0), Le(1e6), Unit("JPY/kWh·km")] = 0.0
    """Fee for each kilometre between two places."""
    feeders: Annotated[tuple[Feeder, ...], Len(0, 1000)] = ()
    """Limits as data."""
    loss_jpy_per_kwh: JPYPerKWh = 0.0
    """Price of what a further kilowatt-hour sold makes the wires lose; only where they are solved."""

    def check(self) -> list[tuple[str, str, dict[str, object]]]:
        """Cross rules: (problem key, field, values)."""
        if self.fee_jpy_per_kwh_km and not self.places_m:
            return [("places_needed", "places_m", {})]
        return []


class NetworkMarket:
    """The most valuable trades that the wires can carry."""

    kind: ClassVar[str] = "network_auction"
    Spec: ClassVar[type] = NetworkMarketSpec
    trades: ClassVar[bool] = True

    def __init__(self, spec: NetworkMarketSpec) -> None:
        self.spec = spec

    def clear(self, bids: Bids) -> Cleared:
        """Without names: the common fee alone."""
        shape = bids.quantity_mwh.shape
        bought, sold, price = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64), np.zeros(shape)
        for row in np.ndindex(shape[:-1]):
            one = Bids(bids.quantity_mwh[row], bids.price_jpy_per_kwh[row], bids.is_buyer[row])
            bought[row], sold[row], price[row] = self.clear_over(one, (), 1.0, None)
        return Cleared(bought, sold, price)

    def clear_over(self, bids: Bids, building_ids: Sequence[str], slot_h: float, wiring: Wiring | None) -> Cleared:
        """Trades of one row, (n,), that pay their fees and keep every limit."""
        fee, most, feeders = self._terms(building_ids, len(bids.quantity_mwh), slot_h)
        energy = bids.quantity_mwh / MWH_PER_KWH
        book = (energy, bids.price_jpy_per_kwh, bids.is_buyer)
        out = clear_network_auction(*book, fee_jpy_per_kwh=fee, pair_limit_kwh=most, limits=feeders)
        if wiring is not None and out.trade_kwh.any():
            out = self._within(wiring, book, fee, most, feeders, out)
        return in_whole(out, bids)

    def _within(
        self, wiring: Wiring, book: Any, fee: Floats, most: Floats, feeders: NetworkLimits | None, out: NetworkClearing
    ) -> NetworkClearing:
        """The auction under the limits of the wires, linearised where the last one ended."""
        priced, best = self.spec.loss_jpy_per_kwh != 0, None
        if not priced and wiring.holds(sold_of(out)):
            return out
        at = sold_of(out)
        for _ in range(ROUNDS):
            tangent = wiring.around(at)
            limits = joined(tangent, at, feeders)
            losses = self.spec.loss_jpy_per_kwh * tangent.loss_per_kwh[:, None]
            try:
                out = clear_network_auction(*book, fee_jpy_per_kwh=fee + losses, pair_limit_kwh=most, limits=limits)
            except ValueError:  # the tangent at a point far outside may leave no way back: start nearer
                at = at / 2
                continue
            at = sold_of(out)
            if wiring.holds(at):
                if best is not None and out.welfare_jpy <= best.welfare_jpy * (1 + ENOUGH):
                    break
                best = out
        return shrunk(wiring, out) if best is None else best

    def _terms(self, ids: Sequence[str], n: int, slot_h: float) -> tuple[Floats, Floats, NetworkLimits | None]:
        """Fees (n, n), limits of pairs (n, n) kWh, and limits of feeders."""
        fee, most = np.full((n, n), float(self.spec.fee_jpy_per_kwh)), np.full((n, n), np.inf)
        if not ids:
            return fee, most, None
        if self.spec.fee_jpy_per_kwh_km:
            place = np.array([next((p for k, p in self.spec.places_m.items() if fits(k, i)), (0, 0)) for i in ids])
            away = np.hypot(*(place[:, None, :] - place[None, :, :]).T).T / 1000.0
            fee += self.spec.fee_jpy_per_kwh_km * away
        for pair in self.spec.fees:
            where = np.ix_([fits(pair.seller, i) for i in ids], [fits(pair.buyer, i) for i in ids])
            fee[where] = pair.fee_jpy_per_kwh
            most[where] = np.inf if pair.limit_kw is None else pair.limit_kw * slot_h
        if not self.spec.feeders:
            return fee, most, None
        member = np.array([[any(fits(name, i) for name in f.buildings) for i in ids] for f in self.spec.feeders])
        top = np.array([feeder.limit_kw * slot_h for feeder in self.spec.feeders])
        return fee, most, NetworkLimits(member.astype(np.float64), np.zeros(len(top)), -top, top)


def fits(name: str, building: str) -> bool:
    """Whether ``name`` means a building: itself, the common id of its copies, or everybody.

    >>> fits("house", "house_07"), fits("house", "houseboat"), fits("*", "x")
    (True, False, True)
    """
    head, _, number = building.rpartition("_")
    return name in ("*", building) or (head == name and number.isdigit())


def sold_of(out: NetworkClearing) -> Floats:
    """What each member sends, (n,) kWh."""
    return np.asarray(np.add.reduce(out.trade_kwh, axis=1))


def joined(tangent: Any, at: Floats, feeders: NetworkLimits | None) -> NetworkLimits:
    """Limits of the wires as rows of the linear program, with those of the feeders."""
    base = tangent.value - tangent.per_kwh @ at
    # Who buys draws what it needs with or without trade: only what is sold moves the wires.
    lower, upper = tangent.lower + MARGIN, tangent.upper - MARGIN
    held = NetworkLimits(tangent.per_kwh, base, np.minimum(lower, tangent.upper), np.maximum(upper, tangent.lower))
    if feeders is None:
        return held
    return NetworkLimits(
        *(np.concatenate([getattr(held, name), getattr(feeders, name)]) for name in held.__dataclass_fields__)
    )


def shrunk(wiring: Wiring, out: NetworkClearing) -> NetworkClearing:
    """The largest common share of the trades that the wires carry, by halving; nobody's price changes."""
    low, high = 0.0, 1.0
    sold = sold_of(out)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if wiring.holds(sold * middle) else (low, middle)
    return NetworkClearing(
        out.trade_kwh * low,
        out.price_jpy_per_kwh,
        out.payment_jpy * low,
        out.fees_jpy * low,
        out.rent_jpy * low,
        out.welfare_jpy * low,
    )


def in_whole(out: NetworkClearing, bids: Bids) -> Cleared:
    """Trades cut to whole milliwatt-hours, pair by pair, so that what is sold is bought."""
    pairs: Ints = np.floor(out.trade_kwh * MWH_PER_KWH + 1e-6).astype(np.int64)
    sold, bought = np.add.reduce(pairs, axis=1), np.add.reduce(pairs, axis=0)
    limit, level = bids.price_jpy_per_kwh, np.nan_to_num(out.price_jpy_per_kwh)
    kept = np.where(bids.is_buyer, np.minimum(level, limit), np.maximum(level, limit))
    return Cleared(bought, sold, np.where(bought + sold > 0, kept, 0.0))
