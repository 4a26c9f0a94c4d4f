"""The peak-cut call in a run: called before the slot, given by the battery, measured, paid, borne by all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ysc_sim as ysc
from ysc_sim.community.compile import compile_community
from ysc_sim.contracts import Bids
from ysc_sim.engine.simulate import run_community
from ysc_sim.errors import ScenarioError
from ysc_sim.markets.peak_call import PeakCall, PeakCallSpec

BATTERY = {
    "kind": "battery",
    "energy_kwh": 40,
    "power_kw": 10,
    "soc_start": 1.0,
    "charge_efficiency": 1.0,
    "discharge_efficiency": 1.0,
}


def scenario(tmp_path: Path, **more: Any) -> Path:
    """Two shops of 20 kW, each 30 kW from 13:00 to 15:00; each with a battery that nothing else uses."""
    rows = [
        f"2026-08-{day:02d} {slot // 2:02d}:{slot % 2 * 30:02d},{30.0 if 26 <= slot < 30 else 20.0}"
        for day in (3, 4)
        for slot in range(48)
    ]
    (tmp_path / "shop.csv").write_text("\n".join(["time,kw", *rows]) + "\n", encoding="utf-8")
    shop = {
        "profile": "shop.csv",
        "devices": [BATTERY],
        "strategy": {"kind": "deliver_trades", "inner": {"kind": "none"}},
    }
    data = {
        "format": 1,
        "time": {"start": "2026-08-03T00:00", "days": 2, "step_s": 1800},
        "tariff": {"plan": "tepco_hv_basic_2026"},
        "wires": "private_line",
        "market": {"kind": "peak_call", "target_kw": 50.0},
        "bidder": {"kind": "marginal_value", "forecast": {"kind": "persistence", "of": "yesterday"}},
        "buildings": [{"id": "a", **shop}, {"id": "b", **shop}],
        **more,
    }
    path = tmp_path / "scenario.yaml"
    path.write_text(json.dumps(data), encoding="utf-8")
    return path


def test_called_given_and_paid(tmp_path: Path) -> None:
    made = compile_community(ysc.load_scenario(scenario(tmp_path)))
    arrays = run_community(made)
    # The first day knows the last slot only: the first slot of the peak surprises it. On the second day yesterday's
    # 60 kW, relief not counted, are expected: 5 kWh above the target in each of four slots, shared equally. The slot
    # after the first peak was called too, and the end of the peak counts as relief: a baseline knows no better.
    taken = arrays.import_mwh[:, 0].sum(axis=1) / 1e6
    assert taken[26:30] == pytest.approx([30.0, 25.0, 25.0, 25.0])
    assert taken[48 + 26 : 48 + 30] == pytest.approx([25.0] * 4)
    lines = {line.building: line for line in arrays.bills if line.item == "peak_relief"}
    assert [float(lines[b].quantity[0]) for b in (0, 1)] == pytest.approx([20.0, 20.0])
    price = 17.43 + 4.18  # the dearest need ahead: the same price at any time of the day
    assert [int(lines[b].amount_mjpy[0]) for b in (0, 1)] == pytest.approx([-20_000 * price] * 2, rel=0.02)
    assert not arrays.money_residual_mjpy.any()
    assert np.abs(arrays.rounding_mjpy).max() <= 4
    np.testing.assert_array_equal(arrays.bill_mjpy.sum(axis=1) + arrays.rounding_mjpy, arrays.community_bill_mjpy)
    assert not arrays.bought_mwh.any()


def test_only_what_the_meter_shows_is_paid(tmp_path: Path) -> None:
    """A battery whose strategy does not care was called all day, gave nothing and is paid nothing."""
    path = scenario(tmp_path, market={"kind": "peak_call", "target_kw": 30.0})
    path.write_text(path.read_text().replace("deliver_trades", "reserve_level"), encoding="utf-8")
    text = (tmp_path / "shop.csv").read_text().replace(",30.0", ",20.0")
    (tmp_path / "shop.csv").write_text(text, encoding="utf-8")
    arrays = run_community(compile_community(ysc.load_scenario(path)))
    assert not [line for line in arrays.bills if line.item == "peak_relief" and line.amount_mjpy.any()]


def test_cheapest_first_and_never_above_the_ceiling() -> None:
    market = PeakCall(PeakCallSpec(target_kw=10.0, ceiling_jpy_per_kwh=40.0))
    offers = Bids(np.array([[2_000_000, 2_000_000, 2_000_000]]), np.array([[30.0, 20.0, 50.0]]), np.zeros((1, 3), bool))
    expected = np.array([[-4.0, -2.0, -2.0]])  # 8 kWh in half an hour: 3 above the target
    called = market.call_relief(expected, offers, 0.5)
    assert called.relief_mwh.tolist() == [[1_000_000, 2_000_000, 0]]
    assert called.price_jpy_per_kwh.tolist() == [[30.0, 30.0, 0.0]]
    more = market.call_relief(2 * expected, offers, 0.5)
    assert more.relief_mwh.tolist() == [[2_000_000, 2_000_000, 0]]
    assert not market.call_relief(np.abs(expected), offers, 0.5).relief_mwh.any()


def test_refuses_who_has_nothing_to_offer_and_no_common_peak(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="bidder"):
        ysc.load_scenario(scenario(tmp_path, bidder={"kind": "truthful"}))
    with pytest.raises(ScenarioError, match="one common contract"):
        ysc.load_scenario(scenario(tmp_path, wires="utility"))
