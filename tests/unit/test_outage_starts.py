"""Outages of an ensemble by month and hour of their start: table, and map on the page."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import ysc_sim as ysc
from ysc_sim.report import build_report
from ysc_sim.report.outage_starts import grid_of
from ysc_sim.study.ensemble import outages_by_start

SCENARIO: dict[str, Any] = {
    "format": 1,
    "name": "Half of two months",
    "time": {"start": "2026-04-20T00:00", "days": 20, "step_s": 3600},
    "tariff": {"plan": "tepco_hv_basic_2026"},
    "buildings": [
        {
            "id": "clinic",
            "profile": "clinic",
            "load_kwh_per_year": 9000,
            "tier_shares": [0.5, 0.2, 0.2, 0.1],
            "strategy": {"kind": "self_consumption"},
            "devices": [{"kind": "solar", "rated_kw": 5}, {"kind": "battery", "energy_kwh": 10, "power_kw": 5}],
        }
    ],
    "ensemble": {"outages": {"duration_h": 6, "draws": 60, "first_h": 24}},
}


@pytest.fixture(scope="module", params=["step", "none"])
def results(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Any:
    path: Path = tmp_path_factory.mktemp("outages") / "scenario.yaml"
    path.write_text(json.dumps({**SCENARIO, "results": {"record": request.param}}), encoding="utf-8")  # JSON is YAML
    return ysc.run(ysc.load_scenario(path))


def test_the_table_is_what_a_walk_through_all_outages_finds(results: Any) -> None:
    outages = results.frame("outages")
    table = outages_by_start(outages)
    assert table["outages"].sum() == len(outages) == 60
    assert set(table["month"]) == {4, 5}
    for line in table.to_dict("records"):
        mine = [
            one
            for one in outages.to_dict("records")
            if (one["start"].month, one["start"].hour) == (line["month"], line["hour"])
        ]
        assert len(mine) == line["outages"]
        assert line["survived_h_mean"] == pytest.approx(np.mean([one["survived_h"] for one in mine]))
        assert line["survived_h_min"] == min(one["survived_h"] for one in mine)
        assert line["lived_ratio"] == pytest.approx(np.mean([one["survived_h"] >= 6.0 - 1e-6 for one in mine]))
        for tier in (1, 2, 3, 4):
            name = f"unserved_kwh_tier{tier}"
            assert line[name] == pytest.approx(np.mean([one[name] for one in mine]))


def test_the_page_shows_when_outages_are_lived_through(results: Any) -> None:
    page = build_report(results, "en")
    lived = (results.frame("outages")["survived_h"] >= 6.0 - 1e-6).mean()
    assert "Hours lived through by month and hour of the start" in page
    assert f"60 outages of all rows; {100 * lived:.1f}".removesuffix(".0") in page
    assert "SAIFI" in page.split("Hours lived through")[0]


def test_an_hour_without_outages_is_empty() -> None:
    table = pd.DataFrame({"month": [3, 12], "hour": [5, 0], "survived_h_mean": [2.0, 7.0]})
    months, grid = grid_of(table)
    assert months == [3, 12]
    assert (grid[5, 0], grid[0, 1]) == (2.0, 7.0)
    assert np.isnan(grid).sum() == 46
