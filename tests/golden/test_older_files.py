"""What an older version wrote is read by this one: a scenario and a result of 26 November 2026, as they were.

The result lacks columns, metrics and fields that were added later; ``tests/golden/older`` is never written again.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

import ysc_sim as ysc
from ysc_sim.errors import ResultError, ScenarioError
from ysc_sim.report import build_report
from ysc_sim.study.export import export
from ysc_sim.study.replay import stored_scenario

OLDER = Path(__file__).with_name("older")


@pytest.fixture(scope="module")
def results() -> ysc.Results:
    return ysc.load_results(OLDER / "result")


def test_an_older_scenario_is_read_without_a_word_and_means_the_same() -> None:
    scenario = ysc.load_scenario(OLDER / "scenario.yaml")
    assert scenario.warnings == ()
    for stored, now in zip(stored_scenario(OLDER / "result").buildings, scenario.buildings, strict=True):
        # Copies differed as a default then; a stored scenario keeps what it was run with.
        assert replace(stored, diversity=now.diversity) == now
    assert stored_scenario(OLDER / "result").buildings[0].diversity.size_spread == 0.15


def test_every_table_of_an_older_result_is_read(results: ysc.Results) -> None:
    assert set(results.frames) == {"community", "buildings", "trades", "bills", "events", "outages"}
    metrics = json.loads((OLDER / "result" / "metrics.json").read_text(encoding="utf-8"))
    assert results.metrics["community"] == metrics["community"]
    assert results.frame("community")["load_kwh"].sum() == pytest.approx(265.3, abs=0.05)
    events = results.frame("events")
    assert len(events) > 0
    assert events["frequency_hz"].isna().all(), "nobody had looked at it"
    assert list(events["cause"])


def test_its_page_is_built_and_its_tables_exported(results: ysc.Results, tmp_path: Path) -> None:
    assert "18.37" in build_report(results)
    export(results, "csv", tmp_path / "csv")
    assert len(list((tmp_path / "csv").iterdir())) > 5


def test_it_is_compared_with_a_run_of_today(results: ysc.Results) -> None:
    today = ysc.run(ysc.load_scenario(OLDER / "scenario.yaml"))
    assert len(ysc.compare([results, today])) > 50
    for name in ("load_kwh", "pv_kwh"):
        assert today.metrics["community"][name] == pytest.approx(results.metrics["community"][name], rel=0.02), name


@pytest.mark.parametrize("name", ["manifest.json", "metrics.json"])
def test_a_newer_result_is_refused_with_a_sentence(tmp_path: Path, name: str) -> None:
    folder = shutil.copytree(OLDER / "result", tmp_path / "newer")
    tree = json.loads((folder / name).read_text(encoding="utf-8"))
    (folder / name).write_text(json.dumps(tree | {"format": 2}), encoding="utf-8")
    with pytest.raises(ResultError) as error:
        ysc.load_results(folder)
    assert name in str(error.value)


def test_a_newer_scenario_is_refused_with_a_sentence(tmp_path: Path) -> None:
    text = (OLDER / "scenario.yaml").read_text(encoding="utf-8").replace("format: 1", "format: 2")
    (tmp_path / "a.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioError) as error:
        ysc.load_scenario(tmp_path / "a.yaml")
    assert [problem.key for problem in error.value.problems] == ["format_newer"]
