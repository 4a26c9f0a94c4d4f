"""The bill in stages: steps add up, the last one is the run itself, and what is asked is stored and shown."""

from pathlib import Path

import pytest

from ysc_sim.engine.simulate import run
from ysc_sim.report import build_report
from ysc_sim.results import load_results
from ysc_sim.scenario import load_scenario
from ysc_sim.study.stages import stages_of

SCENARIO = """
format: 1
time: {start: 2026-08-03T00:00, days: 2}
wires: private_line
market: {kind: MARKET}
buildings:
  - id: office
    profile: office
    load_kwh_per_year: 90000
    strategy: {kind: STRATEGY}
    devices: [DEVICES]
  - {id: home, profile: detached120_gas}
"""
ALL = "{kind: solar, rated_kw: 40}, {kind: battery, energy_kwh: 40, power_kw: 20}"


def stages(tmp_path: Path, devices: str, strategy: str = "self_consumption", market: str = "mid_market_rate"):
    path = tmp_path / "two.yaml"
    text = SCENARIO.replace("DEVICES", devices).replace("STRATEGY", strategy).replace("MARKET", market)
    path.write_text(text, encoding="utf-8")
    scenario = load_scenario(path)
    results = run(scenario)
    return results, stages_of(scenario, results)


@pytest.mark.parametrize(
    ("devices", "strategy", "names"),
    [
        (ALL, "peak_cut, target_kw: 20", ["today", "generation", "storage", "control", "sharing"]),
        (ALL, "self_consumption", ["today", "generation", "storage", "sharing"]),
        ("{kind: battery, energy_kwh: 40, power_kw: 20}", "none", ["today", "storage", "sharing"]),
        ("", "none", ["today", "control", "sharing"]),
    ],
)
def test_steps_add_up_to_the_bill_of_the_run(tmp_path, devices, strategy, names):
    results, found = stages(tmp_path, devices, strategy)
    assert [stage["stage"] for stage in found] == names
    assert found[0]["step_mjpy"] == 0
    assert found[0]["bill_mjpy"] + sum(stage["step_mjpy"] for stage in found) == found[-1]["bill_mjpy"]
    community = results.metrics["community"]
    assert found[-1]["bill_mjpy"] == round(1000 * community["bill_jpy"])
    assert found[-2]["bill_mjpy"] == round(1000 * community["bill_without_sharing_jpy"])


def test_sun_and_a_store_lower_the_import_of_the_stages_that_have_them(tmp_path):
    _, found = stages(tmp_path, ALL)
    imports = [stage["import_kwh"] for stage in found]
    assert imports[0] > imports[1] > imports[2] >= imports[3]
    assert abs(found[0]["self_sufficiency_ratio"]) < 1e-6  # the meters round


def test_stored_with_the_run_and_drawn_from_there(tmp_path):
    results, found = stages(tmp_path, ALL)
    assert 'id="waterfall"' not in build_report(results, "en")
    results.studies["stages"] = found
    results.save(tmp_path / "run")
    again = load_results(tmp_path / "run")
    assert again.studies == {"stages": found}
    page = build_report(again, "ja")
    assert 'id="waterfall"' in page
    for number, stage in enumerate(found[1:], start=1):
        assert f'data-study="stages.{number}.step_mjpy" value="{stage["step_mjpy"]}"' in page


def test_stages_that_nobody_wrote_are_not_drawn(tmp_path):
    results, found = stages(tmp_path, ALL)
    for wrong in ({}, [1], [{**found[0], "bill_mjpy": "x"}], [{**found[0], "import_kwh": None}]):
        results.studies["stages"] = wrong
        assert 'id="waterfall"' not in build_report(results, "en")
