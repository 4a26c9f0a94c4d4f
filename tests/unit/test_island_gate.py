"""The gate's market inside an island: who is joined behind an open switch trades there, nobody across it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ysc_sim as ysc
from ysc_sim.community.compile import compile_community
from ysc_sim.contracts import Cleared
from ysc_sim.engine.settle import Meters, settle
from ysc_sim.engine.simulate import run_community
from ysc_sim.results.arrays import RunArrays
from ysc_sim.results.recorder import Recorder

SUN = {"kind": "solar", "rated_kw": 30, "tilt_deg": 20, "azimuth_deg": 180}
BATTERY = {"kind": "battery", "energy_kwh": 100, "power_kw": 20, "soc_start": 0.5}
CUT = {"start": "2026-08-03T09:30", "duration_h": 3, "cell": "left"}


def run(tmp_path: Path, market: str, outages: list[dict[str, Any]], **more: Any) -> RunArrays:
    """Left: a sells sun, b buys and has the battery; right: c sells sun, d buys; the same every day."""
    lines = [f"2026-08-{day:02d} {s // 2:02d}:{s % 2 * 30:02d},4.0" for day in (2, 3) for s in range(48)]
    (tmp_path / "flat.csv").write_text("\n".join(["time,kw", *lines]) + "\n", encoding="utf-8")
    devices = {"a": [SUN], "b": [BATTERY], "c": [SUN], "d": [BATTERY]}
    data = {
        "format": 1,
        "time": {"start": "2026-08-02T00:00", "days": 2, "step_s": 1800},
        "wires": "private_line",
        "tariff": {"plan": "tepco_hv_basic_2026", "export_jpy_per_kwh": 8.5},
        "market": {"kind": market},
        "island": {"shed_below_soc": [0, 0, 0, 0]},
        "buildings": [
            {"id": name, "profile": "flat.csv", "strategy": {"kind": "none"}, "devices": own}
            for name, own in devices.items()
        ],
        "cells": [{"id": "left", "buildings": ["a", "b"]}, {"id": "right", "buildings": ["c", "d"]}],
        "outages": outages,
        **more,
    }
    path = tmp_path / "scenario.yaml"
    path.write_text(json.dumps(data), encoding="utf-8")
    return run_community(compile_community(ysc.load_scenario(path)))


@pytest.mark.parametrize(
    "market", ["call_auction", "pay_as_bid", "continuous_auction", "mid_market_rate", "scarce_side"]
)
def test_an_island_has_a_market_of_its_own(tmp_path: Path, market: str) -> None:
    whole, cut = run(tmp_path, market, []), run(tmp_path, market, [CUT])
    inside = slice(48 + 19, 48 + 25)
    left, right = (cut.bought_mwh[inside, 0, sides] for sides in (slice(0, 2), slice(2, 4)))
    assert left[:, 1].all()
    np.testing.assert_array_equal(left.sum(axis=1), cut.sold_mwh[inside, 0, :2].sum(axis=1))
    np.testing.assert_array_equal(right.sum(axis=1), cut.sold_mwh[inside, 0, 2:].sum(axis=1))
    np.testing.assert_array_equal(whole.bought_mwh[: 48 + 19], cut.bought_mwh[: 48 + 19])
    assert not cut.ledger_residual_mwh.any()
    assert not cut.money_residual_mjpy.any()
    # At prices that both sides had bid for, as on the common wires.
    assert (cut.trade_price_jpy_per_kwh[inside, 0, 1] >= 8.5).all()


@pytest.mark.parametrize("market", ["call_auction", "continuous_auction", "muda"])
def test_ladders_of_prices_stay_inside_their_island(tmp_path: Path, market: str) -> None:
    cut = run(tmp_path, market, [CUT], bidder={"kind": "marginal_value", "ladder": True})
    inside = slice(48 + 19, 48 + 25)
    for pair in (slice(0, 2), slice(2, 4)):
        sides = (cleared[inside, 0, pair].sum(axis=1) for cleared in (cut.cleared_bought_mwh, cut.cleared_sold_mwh))
        np.testing.assert_array_equal(*sides)
    assert cut.cleared_bought_mwh[inside].any() or market == "muda"
    assert not cut.ledger_residual_mwh.any()
    assert not cut.money_residual_mjpy.any()


def test_who_leaves_together_within_a_slot_still_settles_with_each_other_and_with_nobody_else(tmp_path: Path) -> None:
    late = run(tmp_path, "call_auction", [{**CUT, "start": "2026-08-03T09:45"}])
    slot = 48 + 19
    for pair in (slice(0, 2), slice(2, 4)):
        assert late.bought_mwh[slot, 0, pair].sum() == late.sold_mwh[slot, 0, pair].sum() > 0


def test_a_row_with_an_island_has_the_bits_of_its_own_run(tmp_path: Path) -> None:
    drawn = {"kind": "random", "per_year": 2000, "median_h": 0.7, "cell": "left", "name": "left"}
    together = run(tmp_path, "continuous_auction", [drawn], ensemble={"seeds": 3}, seed=4)
    for row in range(3):
        alone = run(tmp_path, "continuous_auction", [drawn], seed=4 + row)
        np.testing.assert_array_equal(together.bought_mwh[:, row], alone.bought_mwh[:, 0])
        np.testing.assert_array_equal(together.payment_mjpy[:, row], alone.payment_mjpy[:, 0])


def test_cells_that_went_the_same_way_are_joined() -> None:
    """Cell 1 leaves with 2 and comes back; 3 was away for itself; by hand."""
    recorder = Recorder(intervals=2, slots=2, rows=1, buildings=1, columns=(), community=())
    recorder.note_apart(0, None, np.array([[0, 1, 1, 0]]))
    recorder.note_apart(0, None, np.array([[0, 0, 0, 3]]))
    recorder.note_apart(1, None, np.array([[0, 0, 0, 3]]))
    assert recorder.joined is not None
    assert recorder.joined[:, 0].tolist() == [[0, 1, 1, 3], [0, 0, 0, 3]]


def test_settlement_among_those_who_were_joined() -> None:
    """Two islands of two: each settles the smaller of its own two sides."""
    promised = Cleared(np.array([[[5, 0, 9, 0]]]), np.array([[[0, 8, 0, 6]]]), np.full((1, 1, 4), 10.0))
    nothing = np.zeros((1, 1), dtype=np.int64)
    meters = Meters(*promised[:2], nothing, nothing, nothing, nothing, nothing)
    trades = settle(meters, promised, np.array([[[0, 0, 2, 2]]]))
    assert (trades.bought_mwh.tolist(), trades.sold_mwh.tolist()) == ([[[5, 0, 6, 0]]], [[[0, 5, 0, 6]]])
    assert settle(meters, promised).bought_mwh.tolist() == [[[5, 0, 9, 0]]]
