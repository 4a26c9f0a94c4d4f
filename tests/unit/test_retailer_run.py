"""Trade over the utility's wires in a run: gate closure, plan, losses, wheeling, levy, imbalance, failed delivery."""

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
from ysc_sim.results.arrays import RunArrays

RETAILER = {"loss_rate": 0.05, "imbalance_jpy_per_kwh": [10.0, 50.0], "procurement_jpy_per_kwh": [12.0]}


def run(tmp_path: Path, *, retailer: dict[str, Any] | None = None, **more: Any) -> RunArrays:
    """Three days alike: home needs 2 kW, roof 1 kW, but from 9:00 to 15:00 roof has 4 kW to spare."""
    powers = {"home": (2.0, 2.0), "roof": (1.0, 0.0), "sun": (0.0, 4.0)}
    for name, power in powers.items():
        rows = [
            f"2026-08-{day:02d} {slot // 2:02d}:{slot % 2 * 30:02d},{power[18 <= slot < 30]}"
            for day in (3, 4, 5)
            for slot in range(48)
        ]
        (tmp_path / f"{name}.csv").write_text("\n".join(["time,kw", *rows]) + "\n", encoding="utf-8")
    data = {
        "format": 1,
        "time": {"start": "2026-08-03T00:00", "days": 3, "step_s": 1800},
        "tariff": {"plan": "tepco_hv_basic_2026", "export_jpy_per_kwh": 8.0, "wheeling_jpy_per_kwh": 3.0},
        "wires": "utility",
        "market": {"kind": "call_auction"},
        "bidder": {"kind": "truthful", "forecast": {"kind": "persistence", "of": "last_slot"}},
        "retailer": RETAILER if retailer is None else retailer,
        "buildings": [
            {"id": "home", "profile": "home.csv"},
            {"id": "roof", "profile": "roof.csv", "devices": [{"kind": "solar", "rated_kw": 4, "profile": "sun.csv"}]},
        ],
        **more,
    }
    path = tmp_path / "scenario.yaml"
    path.write_text(json.dumps(data), encoding="utf-8")
    return run_community(compile_community(ysc.load_scenario(path)))


def closed(arrays: RunArrays) -> None:
    assert not arrays.money_residual_mjpy.any()
    assert not arrays.ledger_residual_mwh.any()
    paid = arrays.bill_mjpy.sum(axis=1) + arrays.rounding_mjpy
    np.testing.assert_array_equal(paid, arrays.community_bill_mjpy)


def lines(arrays: RunArrays, building: int) -> dict[str, tuple[float, int]]:
    return {
        line.item: (float(line.quantity[0]), int(line.amount_mjpy[0]))
        for line in arrays.bills
        if line.building == building
    }


HOME, ROOF, NETWORK = 0, 1, -3


def test_bids_are_an_hour_old_and_losses_lie_between_the_meters(tmp_path: Path) -> None:
    arrays = run(tmp_path)
    closed(arrays)
    # The bid for slot k is made when slot k − 2 begins, from slot k − 3: trade begins three slots after the sun.
    first = [int(np.flatnonzero(arrays.cleared_bought_mwh[:48, 0, HOME])[at]) for at in (0, -1)]
    assert first == [21, 32]
    assert arrays.bought_mwh[21, 0].tolist() == [1_000_000, 0]
    assert arrays.sold_mwh[21, 0].tolist() == [0, 1_052_632]  # 1 / (1 − 0.05), rounded up
    # The seller is the longer side, so its ask of 8 sets the price: 8 per kWh sent, 8 / 0.95 per kWh that arrives.
    assert arrays.trade_price_jpy_per_kwh[21, 0] == pytest.approx([8 / 0.95, 8.0])
    assert arrays.payment_mjpy[21, 0].tolist() == [8421, -8421]
    assert lines(arrays, NETWORK)["trade_losses"][0] == pytest.approx(27 * 0.052632)


def test_wheeling_levy_and_imbalance_by_hand(tmp_path: Path) -> None:
    arrays = run(tmp_path)
    home, roof, network = (lines(arrays, building) for building in (HOME, ROOF, NETWORK))
    assert home["wheeling"] == (pytest.approx(27.0), 27 * 3_000)
    whole = run(tmp_path, market={"kind": "none"}, retailer={})
    assert home["levy"] == lines(whole, HOME)["levy"]  # on every kWh through the meter, whoever sold it
    # The first three slots had no plan; then only roof deviates: 2.5 kWh more for three slots of every morning (a
    # procured kWh costs 12, the imbalance 10), 2.5 kWh less for three of every afternoon (50).
    assert home["imbalance"] == (pytest.approx(-3.0), -3 * 2_000)
    assert roof["imbalance"] == (pytest.approx(-1.5), -3_000 + 3 * (3 * 5_000 + 3 * 95_000))
    assert network["imbalance"] == (pytest.approx(-4.5), -(45_000 + 3 * (3 * -25_000 + 3 * 125_000)))
    kept = run(tmp_path, retailer={**RETAILER, "imbalance_borne_by": "retailer"})
    closed(kept)
    assert "imbalance" not in lines(kept, ROOF)
    assert lines(kept, NETWORK)["imbalance"] == network["imbalance"]
    assert arrays.bill_mjpy[0, ROOF] - kept.bill_mjpy[0, ROOF] == roof["imbalance"][1]


def test_what_was_sold_and_did_not_come_is_settled(tmp_path: Path) -> None:
    arrays = run(tmp_path, outages=[{"start": "2026-08-04T12:10", "duration_h": 0.5}])
    closed(arrays)
    # 12:00 to 12:30: ten minutes; 12:30 to 13:00: twenty minutes; the afternoon's last three slots: nothing.
    assert arrays.bought_mwh[72:74, 0, HOME].tolist() == [333_333, 666_667]
    assert arrays.cleared_bought_mwh[72:74, 0, HOME].tolist() == [1_000_000] * 2
    assert not arrays.bought_mwh[78:81].any()
    assert (arrays.cleared_bought_mwh[78:81, 0, HOME] == 1_000_000).all()
    assert not arrays.payment_mjpy[78:81].any()
    table = ysc.run(ysc.load_scenario(tmp_path / "scenario.yaml")).frame("trades")
    told = table[(table["buyer"] == "home") & (table["time"] >= "2026-08-04T12:00+09:00")]
    assert told["status"].tolist()[:2] == ["short", "short"]
    late = told[(told["time"] >= "2026-08-04T15:00+09:00") & (told["time"] < "2026-08-04T16:30+09:00")]
    assert late["status"].tolist() == ["failed"] * 3


def test_gate_closure_of_one_slot_or_none(tmp_path: Path) -> None:
    for closure_s, first in ((0, 19), (1, 20), (1800, 20), (7200, 23)):
        arrays = run(tmp_path, retailer={"closure_s": closure_s})
        assert np.flatnonzero(arrays.cleared_bought_mwh[:48, 0, HOME])[0] == first


def test_refuses_a_retailer_where_there_are_no_public_lines(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="retailer"):
        run(tmp_path, wires="private_line", tariff={"plan": "tepco_hv_basic_2026"})
    with pytest.raises(ScenarioError, match="procurement"):
        run(tmp_path, retailer={"imbalance_jpy_per_kwh": [30.0]})
    with pytest.raises(ScenarioError, match="5"):
        run(tmp_path, retailer={"imbalance_jpy_per_kwh": [30.0] * 5, "imbalance_borne_by": "retailer"})
