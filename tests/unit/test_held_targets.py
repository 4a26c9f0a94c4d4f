"""Whether targets held in a run: by hand, on loads that are known."""

from pathlib import Path

import numpy as np
import pytest

import ysc_sim as ysc
from ysc_sim.report import build_report
from ysc_sim.study.held_targets import held_targets

RUN = """
format: 1
time: {start: 2026-08-03T00:00, days: 2, step_s: 1800}
tariff: {plan: tepco_hv_basic_2026, power_factor_percent: 95}
wires: WIRES
MORE
buildings:
  - {id: a, profile: a.csv, strategy: {STRATEGY}}
  - {id: b, profile: a.csv}
"""


def run(folder: Path, strategy: str, wires: str = "utility", more: str = "") -> tuple[ysc.Scenario, ysc.Results]:
    """50 kW, but 60 kW in one half-hour; nothing that could hold a target."""
    load = np.full(96, 50.0)
    load[60] = 60.0
    times = np.datetime64("2026-08-03T00:00") + np.arange(96) * np.timedelta64(30, "m")
    rows = [f"{time},{kw}" for time, kw in zip(times, load, strict=True)]
    (folder / "a.csv").write_text("time,kW\n" + "\n".join(rows) + "\n", encoding="utf-8")
    text = RUN.replace("STRATEGY", strategy).replace("WIRES", wires).replace("MORE", more)
    (folder / "a.yaml").write_text(text, encoding="utf-8")
    said = ysc.load_scenario(folder / "a.yaml")
    return said, ysc.run(said)


def lines(folder: Path, *said: str) -> list[dict[str, float]]:
    scenario, results = run(folder, *said)
    assert results.arrays is not None
    return held_targets(scenario, results.arrays)


def test_a_break_costs_the_contract_in_twelve_months(tmp_path: Path) -> None:
    (line,) = lines(tmp_path, "kind: peak_cut, target_kw: 55", "utility", "ensemble: {seeds: 3}")
    assert (line["building"], line["rows"], line["broken"]) == ("a", 3, 3)
    assert line["worst_kw"] == pytest.approx(60.0)
    jpy = 5 * 2530 * (185 - 95) / 100 * 12
    assert line["worst_break_jpy"] == pytest.approx(jpy)
    assert line["expected_break_jpy"] == pytest.approx(jpy)


def test_a_target_that_holds_costs_nothing(tmp_path: Path) -> None:
    (line,) = lines(tmp_path, "kind: peak_cut, target_kw: 60")
    assert (line["broken"], line["worst_break_jpy"]) == (0, 0.0)


def test_behind_one_contract_the_sum_is_billed(tmp_path: Path) -> None:
    (own,) = lines(tmp_path, "kind: peak_cut, target_kw: 55", "private_line")
    assert (own["broken"], own["worst_break_jpy"]) == (1, 0.0), "its own half-hours make no demand charge"
    (together,) = lines(tmp_path, "kind: group_peak_cut, target_kw: 110", "private_line")
    assert together["building"] == ""
    assert together["worst_break_jpy"] == pytest.approx(10 * 2530 * 0.9 * 12)


@pytest.mark.parametrize("strategy", ["kind: none", "kind: group_peak_cut"])
def test_without_a_target_there_is_nothing(tmp_path: Path, strategy: str) -> None:
    assert lines(tmp_path, strategy) == []


def test_the_page_says_how_often_and_that_the_run_is_short(tmp_path: Path) -> None:
    scenario, results = run(tmp_path, "kind: peak_cut, target_kw: 55", "utility", "ensemble: {seeds: 3}")
    assert results.arrays is not None
    results.studies["held_targets"] = kept = held_targets(scenario, results.arrays)
    for lang in ("en", "ja"):
        part = build_report(results, lang).split('id="held_targets"')[1].split("</section>")[0]
        assert "the target was broken in 3 of 3 draws" in part
        assert "3 通りのうち 3 通りで目標を超えました" in part
        assert "over twelve months a break is more likely" in part
        assert f'value="{kept[0]["worst_break_jpy"]!r}"' in part
    results.studies["held_targets"] = [{"building": "a"}, 7]
    assert 'id="held_targets"' not in build_report(results, "en")
