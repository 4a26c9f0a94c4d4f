"""The investment on the page of an ordinary run: the numbers of ``ysc size``, and honest where it does not pay back."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from ysc_sim.engine.simulate import run
from ysc_sim.report import build_report
from ysc_sim.report.investment_part import investment_in
from ysc_sim.results import load_results
from ysc_sim.scenario import Scenario, load_scenario
from ysc_sim.study.candidates import quiet, simulate_rows
from ysc_sim.study.invested import STUDY, invested, investment_of, roughly
from ysc_sim.study.size import size
from ysc_sim.study.size_summary import summary

SCENARIO = """
format: 1
name: shop
time: {start: 2026-06-01T00:00, days: DAYS, step_s: 1800}
tariff: {plan: tepco_hv_basic_2026, power_factor_percent: 95, export_jpy_per_kwh: 8}
finance: {years: 20, discount_rate: 0.02, energy_price_rise_per_year: 0.01}
buildings:
  - id: shop
    profile: office
    load_kwh_per_year: 200000
    strategy: STRATEGY
    devices:
      - {kind: solar, rated_kw: 20, investment_jpy_per_kw: PRICE, maintenance_jpy_per_year: 20000, life_years: 25}
      - {kind: battery, energy_kwh: 20, power_kw: 10, investment_jpy_per_kwh: 90000, life_years: 15,
         subsidy_jpy: 400000, replacement_jpy: 1000000, price_date: "2026-11", price_source: "quotation <b>A</b>"}
size:
  vary: {buildings.shop.devices.battery.energy_kwh: [20]}
  refine: 0
  unseen_seeds: 0
"""
PEAK_CUT = "{kind: peak_cut, target_kw: 40}"
PLANS = "{kind: mpc}"


def shop(folder: Path, *, price: float = 60_000, days: int = 5, strategy: str = PEAK_CUT, more: str = "") -> Scenario:
    text = SCENARIO.replace("PRICE", str(price)).replace("DAYS", str(days)).replace("STRATEGY", strategy)
    path = folder / "shop.yaml"
    path.write_text(text + more, encoding="utf-8")
    return load_scenario(path)


def test_numbers_are_those_of_size_for_the_same_design(tmp_path: Path) -> None:
    scenario = shop(tmp_path)
    found: Any = investment_of(scenario)
    sized = summary(size(tmp_path / "shop.yaml"), (), None)
    assert found["shown"] == pytest.approx(sized["shown"], rel=1e-12)
    for column, values in sized["flow"].items():
        assert found["flow"][column] == pytest.approx(values, rel=1e-12, abs=1e-6), column
    assert found["devices"] == sized["devices"]
    assert found["bills"] == sized["bills"]
    assert found["pays_back"] == sized["pays_back"]
    # The battery fades to 80 % in 15 years, is then bought anew, and the saving is that of new devices again.
    assert found["flow"]["outlay_jpy"][0] == 20 * 60_000 + 20 * 90_000 - 400_000
    assert found["flow"]["outlay_jpy"][15] == 1_000_000


def test_a_strategy_that_plans_is_simulated_old_in_runs_of_its_own(tmp_path: Path) -> None:
    scenario = shop(tmp_path, days=2, strategy=PLANS)
    found = invested(scenario)
    old = load_scenario(tmp_path / "shop.yaml", overrides={"buildings.shop.devices.battery.energy_kwh": "16"})
    _, arrays = simulate_rows(quiet(old), {}, 1)
    imported = arrays.community_import_mwh.sum() / 1e6 * 365 / 2
    assert found.aged[1].mean("import_kwh")[0] == pytest.approx(imported, rel=1e-12)
    assert found.aged[1].mean("import_kwh")[0] != found.measured.mean("import_kwh")[0]


def test_nothing_is_said_where_no_device_names_a_price(tmp_path: Path) -> None:
    scenario = shop(tmp_path)
    buildings = tuple(dataclasses.replace(building, devices=()) for building in scenario.buildings)
    assert investment_of(dataclasses.replace(scenario, buildings=buildings)) is None


@pytest.mark.parametrize(
    ("price", "words"),
    [
        (20_000, {"en": "pays back after", "ja": "年で回収できます"}),
        (900_000, {"en": "does not pay back", "ja": "回収できません"}),
    ],
)
def test_the_page_says_whether_it_pays_back_and_is_rebuilt_from_what_is_stored(
    tmp_path: Path, price: float, words: dict[str, str]
) -> None:
    scenario = shop(tmp_path, price=price)
    if price == 20_000:
        # Panels alone: the battery of this shop never earns its price.
        own = scenario.buildings[0]
        panels = dataclasses.replace(own, devices=tuple(d for d in own.devices if d.kind != "battery"))
        scenario = dataclasses.replace(scenario, buildings=(panels,))
    results = run(scenario)
    results.studies[STUDY] = found = investment_of(scenario)
    assert found is not None
    assert found["pays_back"] == (price == 20_000) == ("payback_years" in found["shown"])
    page = build_report(results, "ja")
    assert 'id="investment"' in page
    for said in words.values():
        assert said in page
    assert "概算" in page
    assert "ROUGH ESTIMATE" in page
    assert "<b>A</b>" not in page
    value = found["flow"]["discounted_sum_jpy"][20]
    assert f'data-study="investment.flow.discounted_sum_jpy.20" value="{value!r}"' in page
    results.save(tmp_path / "out", report_html=page)
    again = build_report(load_results(tmp_path / "out"), "ja")
    start, end = (page.index(f'id="{part}"') for part in ("investment", "flows"))
    assert page[start:end] in again


@pytest.mark.parametrize(
    ("days", "more", "keys"),
    [
        (365, "", []),
        (366, "", []),
        (730, "", []),
        (364, "", ["invest_rough_days"]),
        (400, "", ["invest_rough_days"]),
        (1, "", ["invest_rough_days"]),
        (365, "ensemble: {vary: {buildings.shop.devices.battery.energy_kwh: [5, 9]}}", ["invest_rough_varied"]),
    ],
)
def test_reasons_for_a_rough_estimate(tmp_path: Path, days: int, more: str, keys: list[str]) -> None:
    assert [problem.key for problem in roughly(shop(tmp_path, days=days, more=more))] == keys


@pytest.mark.parametrize(
    "damage",
    [
        {"flow": {"year": [0.0]}},
        {"shown": {"purchase_jpy": 1.0, "npv_jpy": "much"}},
        {"devices": [{}]},
        {"rough": [{"key": "nowhere", "values": {}}]},
        {"finance": {}},
        {"reasons": None},
    ],
)
def test_what_was_damaged_is_left_out(tmp_path: Path, damage: dict[str, Any]) -> None:
    numbers = [0.0, 1.0]
    columns = ("outlay_jpy", "maintenance_jpy", "saving_jpy", "flow_jpy", "sum_jpy", "discounted_sum_jpy")
    sound: dict[str, Any] = {
        "flow": {"year": numbers} | dict.fromkeys(columns, numbers),
        "shown": {"purchase_jpy": 1.0, "npv_jpy": 2.0},
        "devices": [],
        "finance": {"years": 1},
        "rough": [],
        "reasons": [],
    }
    assert investment_in({STUDY: sound}) is sound
    assert investment_in({STUDY: sound | damage}) is None
