"""Runs at the edge of what can be run have a page, too: no demand, no grid, one half-hour, days of 23 hours."""

import re

import pytest

from ysc_sim.engine.simulate import run
from ysc_sim.report import build_member_page, build_report, build_sheet
from ysc_sim.scenario import load_scenario
from ysc_sim.study.stages import stages_of

PLANT = "{kind: solar, rated_kw: 9}, {kind: battery, energy_kwh: 5, power_kw: 2}"
TWO = f"""
buildings:
  - {{id: a, profile: office, load_kwh_per_year: 9000, devices: [{PLANT}]}}
  - {{id: b}}
"""
DARK = "\noutages: [{start: 2026-08-03T00:00, duration_h: 24}]"
ODD = {
    "nothing": "time: {start: 2026-08-03T00:00, days: 1}\nbuildings: [{id: a}]",
    "one half-hour": "time: {start: 2026-08-03T23:30, days: 0.0208333333333}\nbuildings: [{id: a, profile: office}]",
    "hours": "time: {start: 2026-08-03T05:00, days: 3, step_s: 3600}\nwires: private_line" + TWO,
    "seconds": "time: {start: 2026-08-03T23:00, days: 0.0416666666667, step_s: 1}\nwires: private_line" + TWO,
    "summer time": "time: {start: 2026-03-07T00:00, days: 20, tz: America/New_York}\nwires: private_line" + TWO,
    "recorded by slot": (
        "time: {start: 2026-08-03T06:00, days: 4, step_s: 600}\nresults: {record: slot}\nwires: private_line" + TWO
    ),
    "an outage longer than the rest": (
        "time: {start: 2026-08-03T06:00, days: 2.5}\nensemble: {seeds: 3}\nwires: private_line"
        "\noutages: [{start: 2026-08-03T12:00, duration_h: 40}]" + TWO
    ),
    "never a grid": "time: {start: 2026-08-03T00:00, days: 1}\npower_flow: control\nwires: private_line" + DARK + TWO,
    "a dead network": "time: {start: 2026-08-03T00:00, days: 1}\npower_flow: report\nwires: utility" + DARK + TWO,
}


@pytest.mark.parametrize("which", ODD)
def test_every_page_can_be_built(tmp_path, which):
    path = tmp_path / "odd.yaml"
    path.write_text(f"format: 1\n{ODD[which]}\n", encoding="utf-8")
    scenario = load_scenario(path)
    results = run(scenario)
    results.studies["stages"] = stages_of(scenario, results)
    pages = [build_report(results, "ja"), build_sheet(results, "en")]
    pages += [build_member_page(results, building, "en") for building in results.buildings]
    for page in pages:
        assert 'id="headline"' in page
        assert not re.search(r"\b(nan|inf|None)\b", page.partition("<main>")[2].partition("<script>")[0])
