"""What a rule of trade is worth: by hand, against the functions on their own, and on the page of a comparison."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import ysc_sim as ysc
from ysc_sim.community.compile import compile_community
from ysc_sim.engine.simulate import run_community
from ysc_sim.markets import clear_call_auction, fairness_report
from ysc_sim.metrics.trade import Trade, most_worth_jpy
from ysc_sim.report.mechanisms import mechanisms_part
from ysc_sim.results.arrays import RunArrays, Values

STREET = """
format: 1
time: {start: 2026-05-01T00:00, days: 3, step_s: 1800}
seed: 3
tariff: {plan: tepco_hv_basic_2026, export_jpy_per_kwh: 8.5}
market: {kind: MARKET}
wires: private_line
buildings:
  - {id: roof, count: 3, profile: detached120_gas, devices: [{kind: solar, rated_kw: 6}]}
  - {id: plain, count: 4, profile: detached120_gas}
"""


def run(folder: Path, market: str) -> RunArrays:
    path = folder / "street.yaml"
    path.write_text(STREET.replace("MARKET", market), encoding="utf-8")
    return run_community(compile_community(ysc.load_scenario(path)))


@pytest.mark.parametrize("market", ["call_auction", "bill_sharing", "scarce_side", "supply_demand_ratio"])
def test_the_numbers_are_those_of_the_fairness_report(tmp_path: Path, market: str) -> None:
    arrays = run(tmp_path, market)
    assert arrays.values is not None
    found = {name: float(value[0]) for name, value in Trade().compute(arrays).community.items()}
    buy, sell = arrays.values.import_jpy_per_kwh[:, 0], arrays.values.export_jpy_per_kwh[:, 0]
    taken, sent = arrays.import_mwh[:, 0] / 1e6, arrays.export_mwh[:, 0] / 1e6
    rest = (taken - arrays.bought_mwh[:, 0] / 1e6) * buy[:, None] - (sent - arrays.sold_mwh[:, 0] / 1e6) * sell[:, None]
    paid = (rest + arrays.payment_mjpy[:, 0] / 1e3).sum(axis=0)
    # Meters that count both ways in one half-hour would need two members: left out by making them one.
    net = sent - taken
    report = fairness_report(net, paid, buy_jpy_per_kwh=buy, sell_jpy_per_kwh=sell)
    assert found["trade_losers"] == report.losers.sum()
    assert found["gini_of_trade_gains"] == pytest.approx(report.gini, abs=0.02)
    assert found["trade_gain_jpy"] == pytest.approx(report.saving_jpy.sum(), rel=0.02)
    assert 0 <= found["trade_welfare_ratio"] <= 1
    assert found["blocking_bound_jpy"] >= found["blocking_gain_jpy"] >= 0
    assert found["blocking_gain_jpy"] == pytest.approx(report.blocking.gain_jpy, abs=0.02 * report.shared_gain_jpy)
    assert (found["trade_losers"] > 0) == (market == "bill_sharing")
    assert abs(found["market_surplus_jpy"]) < 1


def test_most_worth_is_that_of_truthful_call_auctions() -> None:
    rng = np.random.default_rng(5)
    plan = rng.integers(0, 3, 9)
    values = Values(rng.uniform(15, 40, (200, 3)), rng.uniform(5, 20, (200, 3)), plan)
    net = rng.integers(-5, 6, (200, 1, 9)) * 10**6
    taken, sent = np.maximum(-net, 0), np.maximum(net, 0)
    price = np.where(net < 0, values.import_jpy_per_kwh[:, plan][:, None], values.export_jpy_per_kwh[:, plan][:, None])
    deal = clear_call_auction(np.abs(net) / 1e6, price, net < 0)
    worth = (deal.cleared_kwh * np.where(net < 0, price, -price)).sum()
    assert most_worth_jpy(values, taken, sent).item() == pytest.approx(worth, rel=1e-12)


def test_table_and_figure_show_stored_numbers(tmp_path: Path) -> None:
    results = []
    for market in ("none", "call_auction", "bill_sharing"):
        path = tmp_path / "street.yaml"
        path.write_text(STREET.replace("MARKET", market), encoding="utf-8")
        results.append(ysc.run(ysc.load_scenario(path)))
    part = mechanisms_part(["none", "call_auction", "bill_sharing"], results)
    assert part is not None
    page = str(part.body)
    told = {float(value) for value in re.findall(r'data-metric="trade_gain_jpy" value="([^"]+)"', page)}
    assert told == {result.metrics["community"]["trade_gain_jpy"] for result in results[1:]}
    bars = re.findall(r'data-building="([^"]+)" data-value="([^"]+)"', page)
    assert len(bars) == 2 * 7
    for result, some in zip(results[1:], (bars[:7], bars[7:]), strict=True):
        stored = result.metrics["buildings"]
        assert all(float(value) == stored[building]["trade_gain_jpy"] for building, value in some)
    assert 'lang="ja"' in page
    assert mechanisms_part(["none", "call_auction"], results[:2]) is None
