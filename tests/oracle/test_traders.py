"""Traders of the continuous auction: the efficiency that is published, and what the engine's clock does with them.

D. K. Gode, S. Sunder, Journal of Political Economy 101 (1993) 119–137: constrained zero-intelligence traders reach 96.9
to 99.9 % of the possible surplus.
"""

from __future__ import annotations

import numpy as np
import pytest

from ysc_sim.contracts import Bids, Rows
from ysc_sim.engine.negotiation import negotiate
from ysc_sim.markets import clear_call_auction
from ysc_sim.markets.continuous_auction import ContinuousAuction, ContinuousAuctionSpec


def book(seed: int) -> Bids:
    """Eleven buyers and eleven sellers of one kilowatt-hour, limits evenly spread, in random order of places."""
    rng = np.random.default_rng(seed)
    limit = np.concatenate([np.linspace(10, 40, 11), np.linspace(8, 38, 11)])
    order = rng.permutation(22)
    return Bids(np.full(22, 1_000_000), limit[order], np.arange(22)[order] < 11)


def outcome(trader: str, seed: int, quotes: int) -> tuple[float, float]:
    """Part of the possible surplus that is reached, and root mean square distance of prices from equilibrium."""
    bids = book(seed)
    spec = ContinuousAuctionSpec(trader=trader, quotes=quotes)  # type: ignore[arg-type]
    window = ContinuousAuction(spec).negotiate(bids, np.random.default_rng(seed))
    while (due := window.next_event_s()) is not None:
        window.on_event(due)
    out = window.cleared()
    sign = np.where(bids.is_buyer, 1.0, -1.0)
    worth = sign * bids.price_jpy_per_kwh
    best = clear_call_auction(bids.quantity_mwh / 1e6, bids.price_jpy_per_kwh, bids.is_buyer)
    reached = (worth * (out.bought_mwh + out.sold_mwh)).sum() / 1e6 / (worth * best.cleared_kwh).sum()
    paid = out.price_jpy_per_kwh[out.bought_mwh > 0] - float(best.price_jpy_per_kwh)
    return float(reached), float(np.sqrt((paid**2).mean()))


def test_efficiency_as_published() -> None:
    zi = np.array([outcome("zero_intelligence", seed, 60) for seed in range(60)])
    zip_ = np.array([outcome("zip", seed, 60) for seed in range(60)])
    assert 0.95 <= zi[:, 0].mean() <= 1
    assert 0.95 <= zip_[:, 0].mean() <= 1
    assert max(zi[:, 1].mean(), zip_[:, 1].mean()) < 6


@pytest.mark.parametrize("trader", ["truthful", "zero_intelligence", "zip"])
def test_nobody_trades_beyond_the_limit(trader: str) -> None:
    for seed in range(20):
        bids = book(seed)
        out = ContinuousAuction(ContinuousAuctionSpec(trader=trader, seed=seed)).clear(bids)  # type: ignore[arg-type]
        traded = out.bought_mwh + out.sold_mwh > 0
        gap = np.where(bids.is_buyer, 1, -1) * (bids.price_jpy_per_kwh - out.price_jpy_per_kwh)
        assert (gap[traded] >= 0).all()
        assert out.bought_mwh.sum() == out.sold_mwh.sum() > 0


def test_the_clock_of_the_engine_changes_nothing() -> None:
    market = ContinuousAuction(ContinuousAuctionSpec(quotes=5, life_s=300.0))
    rows = Rows((3, 4))
    bids = Bids(
        *(np.stack([np.stack([getattr(book(s), f) for s in (r, r + 7)]) for r in range(3)]) for f in Bids._fields)
    )
    together = negotiate(market, bids, rows, 10)
    for slot in range(3):
        alone = negotiate(market, Bids(*(field[slot : slot + 1] for field in bids)), rows, 10 + slot)
        for one, many in zip(alone, together, strict=True):
            np.testing.assert_array_equal(one[0], many[slot])
        for row in range(2):
            mine = Bids(*(field[slot, row] for field in bids))
            window = market.negotiate(mine, rows.generator(row, "market", f"gate {10 + slot}"))
            while (due := window.next_event_s()) is not None:
                window.on_event(due)
            np.testing.assert_array_equal(window.cleared().bought_mwh, together.bought_mwh[slot, row])


def test_quotes_expire() -> None:
    bids = Bids(np.array([1, 1]), np.array([9.0, 3.0]), np.array([True, False]))
    eager = ContinuousAuctionSpec(trader="truthful", quotes=1, life_s=1e-6, window_s=1800)
    assert ContinuousAuction(eager).clear(bids).bought_mwh.sum() == 0
    patient = ContinuousAuctionSpec(trader="truthful", quotes=1)
    assert ContinuousAuction(patient).clear(bids).bought_mwh.sum() == 1


def test_zip_traders_learn_from_window_to_window() -> None:
    """Twelve windows of four quotes each: what was learnt is kept, so prices close in on the equilibrium."""
    market = ContinuousAuction(ContinuousAuctionSpec(trader="zip", quotes=4))
    reached = np.zeros((20, 12, 2))
    for seed in range(20):
        bids = book(seed)
        memory = {name: held[0] for name, held in market.start(Rows((seed,)), [str(i) for i in range(22)]).items()}
        best = clear_call_auction(bids.quantity_mwh / 1e6, bids.price_jpy_per_kwh, bids.is_buyer)
        worth = np.where(bids.is_buyer, 1, -1) * bids.price_jpy_per_kwh
        for number in range(12):
            window = market.negotiate(bids, np.random.default_rng([seed, number]), memory)
            while (due := window.next_event_s()) is not None:
                window.on_event(due)
            out = window.cleared()
            paid = out.price_jpy_per_kwh[out.bought_mwh > 0] - float(best.price_jpy_per_kwh)
            share = (worth * (out.bought_mwh + out.sold_mwh)).sum() / 1e6 / (worth * best.cleared_kwh).sum()
            reached[seed, number] = share, np.sqrt((paid**2).mean())
    mean = reached.mean(axis=0)
    assert mean[-3:, 0].mean() > 0.94 > mean[:3, 0].mean()
    assert mean[-3:, 1].mean() < 0.4 * mean[0, 1]
