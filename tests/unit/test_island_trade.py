"""Trade in islands: what the meters counted inside, at the worth of the first tier that is not served; by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ysc_sim as ysc
from ysc_sim.community.compile import compile_community
from ysc_sim.engine.simulate import run_community
from ysc_sim.errors import ScenarioError
from ysc_sim.markets import share_island
from ysc_sim.results.arrays import RunArrays

BATTERY = {"kind": "battery", "energy_kwh": 100, "power_kw": 20, "soc_start": 0.5}
VALUES = [2000.0, 800.0, 300.0, 100.0]
SCARCITY = {"value_jpy_per_kwh": VALUES, "surplus_jpy_per_kwh": 10.0}
OUTAGE = {"start": "2026-08-03T12:00", "duration_h": 3}


def run(tmp_path: Path, *, shed: list[float], outages: list[dict[str, Any]], **more: Any) -> RunArrays:
    """a has the battery, b and c have none; each takes 4 kW, a quarter of it in each tier."""
    lines = [f"2026-08-03 {slot // 2:02d}:{slot % 2 * 30:02d},4.0" for slot in range(48)]
    (tmp_path / "flat.csv").write_text("\n".join(["time,kw", *lines]) + "\n", encoding="utf-8")
    building = {"profile": "flat.csv", "tier_shares": [0.25] * 4, "strategy": {"kind": "none"}}
    data = {
        "format": 1,
        "time": {"start": "2026-08-03T00:00", "days": 1, "step_s": 1800},
        "wires": "private_line",
        "market": {"kind": "call_auction"},
        "island": {"shed_below_soc": shed, "scarcity": SCARCITY},
        "buildings": [{"id": "a", **building, "devices": [BATTERY]}, {"id": "b", **building}, {"id": "c", **building}],
        "outages": outages,
        **more,
    }
    path = tmp_path / "scenario.yaml"
    path.write_text(json.dumps(data), encoding="utf-8")
    return run_community(compile_community(ysc.load_scenario(path)))


def test_all_served_costs_the_price_of_surplus(tmp_path: Path) -> None:
    arrays = run(tmp_path, shed=[0, 0, 0, 0], outages=[OUTAGE])
    assert arrays.sold_mwh[24:30, 0, 0].tolist() == [4_000_000] * 6
    assert arrays.bought_mwh[24:30, 0, 1:].tolist() == [[2_000_000, 2_000_000]] * 6
    assert arrays.payment_mjpy[24:30, 0].tolist() == [[-40_000, 20_000, 20_000]] * 6
    assert not arrays.bought_mwh[:24].any()
    assert not arrays.ledger_residual_mwh.any()
    assert not arrays.money_residual_mjpy.any()


@pytest.mark.parametrize(("shed", "tier"), [([0, 0, 0, 0.6], 4), ([0, 0, 0.6, 0.6], 3), ([0, 0.6, 0.6, 0.6], 2)])
def test_scarcity_costs_what_the_first_unserved_tier_would_give(tmp_path: Path, shed: list[float], tier: int) -> None:
    arrays = run(tmp_path, shed=shed, outages=[OUTAGE])
    served = (tier - 1) / 4 * 2_000_000
    np.testing.assert_array_equal(arrays.bought_mwh[24:30, 0, 1:], served)
    np.testing.assert_array_equal(arrays.trade_price_jpy_per_kwh[24:30, 0], VALUES[tier - 1])
    # The rule on its own, from what the island had and what each tier wanted.
    had = [3 * served / 1e6, 0.0, 0.0]
    shares = share_island(had, np.full((3, 4), 0.5), value_jpy_per_kwh=VALUES, surplus_jpy_per_kwh=10.0)
    np.testing.assert_allclose(shares.trade_kwh * 1e6, (arrays.bought_mwh - arrays.sold_mwh)[24, 0], atol=1e-6)
    np.testing.assert_allclose(shares.payment_jpy * 1e3, arrays.payment_mjpy[24, 0], atol=1e-6)


def test_only_the_time_without_grid_is_traded_so(tmp_path: Path) -> None:
    arrays = run(tmp_path, shed=[0, 0, 0, 0], outages=[{"start": "2026-08-03T12:10", "duration_h": 0.25}])
    assert arrays.bought_mwh[24, 0].tolist() == [0, 1_000_000, 1_000_000]
    assert not arrays.bought_mwh[25:].any()
    lines = {line.item: line for line in arrays.bills if line.building == 1}
    assert lines["trade_bought"].amount_mjpy.tolist() == [10_000]


def test_nothing_is_sold_across_an_open_switch(tmp_path: Path) -> None:
    cells = [{"id": "left", "buildings": ["a", "b"]}, {"id": "right", "buildings": ["c"]}]
    cut = {"start": "2026-08-03T13:00", "duration_h": 1, "cell": "left"}
    arrays = run(tmp_path, shed=[0, 0, 0, 0], outages=[OUTAGE, cut], cells=cells)
    assert arrays.bought_mwh[24, 0].tolist() == [0, 2_000_000, 2_000_000]
    # While the feeder of the left block is cut, c is dark, and a supplies b alone.
    assert arrays.bought_mwh[26:28, 0].tolist() == [[0, 2_000_000, 0]] * 2
    assert arrays.sold_mwh[26:28, 0].tolist() == [[2_000_000, 0, 0]] * 2
    assert arrays.bought_mwh[29, 0].tolist() == [0, 2_000_000, 2_000_000]


def test_refuses_values_that_rise(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="scarcity"):
        run(tmp_path, shed=[0] * 4, outages=[], island={"scarcity": {"value_jpy_per_kwh": [1, 2, 3, 4]}})
