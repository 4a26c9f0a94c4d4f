"""Bids that are drawn: named by row and building, the same in any batch, and enough to wake Huang's auction."""

from __future__ import annotations

from pathlib import Path

import numpy as np

import ysc_sim as ysc
from ysc_sim.bidders.zero_intelligence import ZeroIntelligence, ZeroIntelligenceSpec, uniform
from ysc_sim.community.compile import compile_community
from ysc_sim.contracts import BidView, Rows
from ysc_sim.engine.simulate import run_community
from ysc_sim.results.arrays import RunArrays

STREET = """
format: 1
time: {start: 2026-05-01T00:00, days: 2, step_s: 1800}
seed: SEED
tariff: {plan: tepco_hv_basic_2026, export_jpy_per_kwh: 8.5}
market: {kind: huang}
bidder: {kind: zero_intelligence, forecast: {kind: persistence, of: yesterday}}
wires: private_line
ensemble: {seeds: ROWS}
buildings:
  - {id: roof, count: 4, profile: detached120_gas, devices: [{kind: solar, rated_kw: 6}]}
  - {id: plain, count: 4, profile: detached120_gas}
"""


def run_street(folder: Path, seed: int, rows: int) -> RunArrays:
    path = folder / "street.yaml"
    path.write_text(STREET.replace("SEED", str(seed)).replace("ROWS", str(rows)), encoding="utf-8")
    return run_community(compile_community(ysc.load_scenario(path)))


def test_a_row_bids_the_same_in_any_batch_and_huang_trades(tmp_path: Path) -> None:
    together, alone = run_street(tmp_path, 5, 3), run_street(tmp_path, 7, 1)
    np.testing.assert_array_equal(together.cleared_bought_mwh[:, 2], alone.cleared_bought_mwh[:, 0])
    np.testing.assert_array_equal(together.payment_mjpy[:, 2], alone.payment_mjpy[:, 0])
    assert together.bought_mwh.sum() > 0
    assert (together.bought_mwh[:, 0] != together.bought_mwh[:, 1]).any()
    assert together.payment_mjpy.sum() > 0  # what buyers pay above sellers
    assert not together.money_residual_mjpy.any()
    # … goes back to the members of the one contract.
    assert np.abs(together.rounding_mjpy).max() <= together.bought_mwh.shape[0] * 8 / 2


def view(expected: np.ndarray) -> BidView:
    prices = np.full((1, expected.shape[1]), 30.0), np.full((1, expected.shape[1]), 8.5)
    return BidView(slot=0, slot_s=1800, t_s=0.0, expected_kwh=expected, prices=lambda count: prices)


def test_prices_lie_between_the_two_values_and_follow_the_name() -> None:
    bidder = ZeroIntelligence(ZeroIntelligenceSpec())
    state = bidder.start(Rows((1, 2)), ["a", "b", "c"])
    expected = np.array([[1.0, -1.0, 0.0], [-2.0, 1.0, 1.0]])
    bids = [bidder.bid(view(expected), state) for _ in range(200)]
    price = np.stack([bid.price_jpy_per_kwh for bid in bids])
    assert (price >= 8.5).all()
    assert (price <= 30).all()
    np.testing.assert_allclose(price.mean(axis=0), 19.25, atol=1.5)
    assert bids[0].quantity_mwh.tolist() == [[1_000_000, 1_000_000, 0], [2_000_000, 1_000_000, 1_000_000]]
    fewer = bidder.start(Rows((2,)), ["c"])
    alone = bidder.bid(view(expected[1:, 2:]), fewer)
    assert alone.price_jpy_per_kwh[0, 0] == price[0, 1, 2]


def test_uniform_fills_the_range_evenly() -> None:
    with np.errstate(over="ignore"):
        counters = np.arange(1, 20_001, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    numbers = uniform(counters)
    counts = np.histogram(numbers, bins=20, range=(0, 1))[0]
    assert ((counts - 1000.0) ** 2 / 1000.0).sum() < 50  # chi-squared, 19 degrees of freedom
