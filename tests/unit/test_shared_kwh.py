"""Which charges a shared kWh avoids, by whose wires it uses, at the prices of the run."""

from pathlib import Path

import numpy as np
import pytest

import ysc_sim as ysc
from ysc_sim.community.compile import compile_community
from ysc_sim.engine.prices import import_value
from ysc_sim.engine.shared_kwh import shared_kwh_terms
from ysc_sim.report import build_member_page, build_report
from ysc_sim.results import load_results
from ysc_sim.scenario.load import parse_scenario

TWO = """
format: 1
time: {start: 2026-08-03T00:00, days: 2, step_s: 1800}
tariff: {plan: PLAN, power_factor_percent: 95WHEELING}
wires: WIRES
buildings:
  - {id: office, profile: office, load_kwh_per_year: 60000, devices: [{kind: solar, rated_kw: 40}]}
  - {id: shop, profile: shop, load_kwh_per_year: 50000}
"""


def scenario(wires: str, plan: str = "tepco_hv_basic_2026", wheeling: float | None = None) -> ysc.Scenario:
    paid = "" if wheeling is None else f", wheeling_jpy_per_kwh: {wheeling}"
    text = TWO.replace("WIRES", wires).replace("PLAN", plan).replace("WHEELING", paid)
    parsed: ysc.Scenario = parse_scenario(text, folder=Path())
    return parsed


def charges(results: ysc.Results) -> dict[str, tuple[float, float, float]]:
    found = results.manifest["shared_kwh"][0]["charges"]
    names = ("supplier_jpy_per_kwh", "neighbour_jpy_per_kwh", "avoided_jpy_per_kwh")
    return {charge["item"]: tuple(charge[name] for name in names) for charge in found}


@pytest.mark.parametrize("wires", ["private_line", "same_site"])
def test_behind_one_meter_everything_is_avoided_and_the_one_peak_counts(wires: str) -> None:
    results = ysc.run(scenario(wires))
    assert charges(results) == {
        "energy": (17.43, 0.0, 17.43),
        "fuel_adjustment": (0.0, 0.0, 0.0),
        "levy": (4.18, 0.0, 4.18),
        "wheeling": (0.0, 0.0, 0.0),
        "total": (21.61, 0.0, 21.61),
    }
    contract = results.manifest["shared_kwh"][0]
    assert (contract["demand_jpy_per_kw"], contract["demand_meter"]) == (2530 * 0.9, "connection")


def test_over_the_utilitys_wires_levy_and_wheeling_are_borne_and_no_peak_is_lowered(tmp_path: Path) -> None:
    results = ysc.run(scenario("utility", wheeling=9.0))
    found = charges(results)
    assert found["levy"] == (4.18, 4.18, 0.0)
    assert found["wheeling"] == (0.0, 9.0, -9.0)
    assert found["total"] == (21.61, 13.18, 8.43)
    assert results.manifest["shared_kwh"][0]["demand_meter"] == "building"
    again = load_results(results.save(tmp_path / "run"))
    assert again.manifest["shared_kwh"] == results.manifest["shared_kwh"]
    page = build_report(again, "en")
    assert 'data-shared="0.charges.4.avoided_jpy_per_kwh" value="8.43"' in page
    assert "trade never lowers it" in page
    assert "融通では決して下がりません" in page
    assert "data-shared" not in build_member_page(again, "shop", "en"), "plans of others are theirs"


@pytest.mark.parametrize("wires", ["private_line", "utility"])
def test_avoided_is_what_bidders_are_told(wires: str) -> None:
    community = compile_community(scenario(wires, "kyuden_hv_industrial_tou_a"))
    axis, terms = community.site.axis, community.terms
    told = import_value(terms, terms.shared or terms.own[0], axis)
    contract = shared_kwh_terms(terms, axis, 2)[0]
    assert contract["charges"][-1]["avoided_jpy_per_kwh"] == pytest.approx(told.mean(), abs=1e-6)
    assert contract["least_avoided_jpy_per_kwh"] == pytest.approx(told.min(), abs=1e-6)
    assert contract["most_avoided_jpy_per_kwh"] == pytest.approx(told.max(), abs=1e-6)
    assert np.ptp(told) > 1


def test_nobody_shares_alone_and_a_fixed_base_has_no_peak() -> None:
    one = compile_community(scenario("private_line"))
    assert shared_kwh_terms(one.terms, one.site.axis, 1) == ()
    fixed = compile_community(scenario("utility", "tepco_lv_meter_rate_b"))
    assert shared_kwh_terms(fixed.terms, fixed.site.axis, 2)[0]["demand_jpy_per_kw"] == 0.0
