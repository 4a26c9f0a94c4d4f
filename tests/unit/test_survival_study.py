"""Survival beside a run: stored with it, refused for another, shown on its page as it is stored."""

import json
import re

import numpy as np
import pytest

from ysc_sim.cli.survival import Asked, survival_file
from ysc_sim.engine.simulate import run
from ysc_sim.errors import ResultError
from ysc_sim.report import build_report
from ysc_sim.results import load_results
from ysc_sim.scenario import load_scenario
from ysc_sim.study.survival import survive
from ysc_sim.study.survival_study import check_run, share_of, survival_study, with_survival

SCENARIO = """
format: 1
time: {start: 2026-06-01T00:00, days: 4}
wires: private_line
buildings:
  - id: clinic
    profile: clinic
    load_kwh_per_year: 30000
    strategy: {kind: peak_cut, target_kw: 6}
    devices: [{kind: solar, rated_kw: 20}, {kind: battery, energy_kwh: 40, power_kw: 15}]
  - {id: home, profile: detached120_gas}
"""


@pytest.fixture
def stored(tmp_path):
    path = tmp_path / "house.yaml"
    path.write_text(SCENARIO, encoding="utf-8")
    run(load_scenario(path)).save(tmp_path / "run")
    return path, tmp_path / "run"


def test_the_command_adds_it_to_the_run_and_to_its_page(stored, capsys):
    path, folder = stored
    before = load_results(folder)
    survival_file(path, "6,24", [], None, into=folder, asked=Asked(price=True), quiet=True)
    after = load_results(folder)
    assert after.digest() == before.digest()
    assert list(after.studies) == ["survival"]
    found = survive(load_scenario(path), [6.0, 24.0])
    study = after.studies["survival"]
    assert study["cells"][0]["summary"] == found.summary()
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert 'id="survival"' in page
    shown = dict(re.findall(r'data-study="(survival\.[^"]*)" value="([^"]*)"', page))
    assert len(shown) > 20
    for where, value in shown.items():
        node = after.studies
        for key in where.split("."):
            node = node[int(key)] if key.isdigit() else node[key]
        assert float(value) == node, where
    assert capsys.readouterr().out.strip().endswith("report.html")


def test_a_run_of_another_scenario_is_refused_before_anything_is_computed(stored):
    path, folder = stored
    other = load_scenario(path, overrides={"seed": "2"})
    with pytest.raises(ResultError) as error:
        check_run(folder, other)
    assert error.value.key == "study_of_another"
    with pytest.raises(ResultError):
        with_survival(folder, survive(other, [6.0]), {})


def test_shares_are_those_of_the_starts(stored):
    path, _ = stored
    found = survive(load_scenario(path), [6.0])
    cell = survival_study(found, {})["cells"][0]
    hours, curve = np.array(cell["hours"]), np.array(cell["curves"][3]["left_ratio"])
    lived = found.hours_left[:, 0, 3].ravel()
    np.testing.assert_allclose(curve, [(lived >= hour * (1 - 1e-9)).mean() for hour in hours])
    assert (np.diff(curve) <= 0).all()
    assert share_of([1.0], [1.0, 1.1]) == [1.0, 0.0]


@pytest.mark.parametrize(
    "wrong",
    [
        [],
        {"cells": 3},
        {"cells": [{"cell": "a", "hours": [0], "curves": [], "summary": []}]},
        {"cells": [{"cell": "a", "hours": [0, 1], "curves": [{"tiers": 9}], "summary": []}]},
        {"cells": [{"cell": "a", "hours": [0, "x"], "curves": [], "summary": [1]}]},
    ],
)
def test_what_nobody_wrote_is_not_drawn(stored, wrong):
    results = load_results(stored[1])
    results.studies["survival"] = json.loads(json.dumps(wrong))
    assert 'id="survival"' not in build_report(results, "en")
