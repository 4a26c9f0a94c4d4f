"""A member's page says nothing of the neighbours: no name, no half-hour."""

import json
import re
from html import unescape
from pathlib import Path

import numpy as np
import pytest

from ysc_sim.engine.simulate import run
from ysc_sim.errors import ResultError
from ysc_sim.report import build_member_page, build_report, write_member_page
from ysc_sim.results import load_results
from ysc_sim.results.files import check_target
from ysc_sim.scenario import load_scenario

SCENARIO = """
format: 1
name: Quarrymen and Otterbein
description: Quarrymen sells to Otterbein.
time: {start: 2026-08-03T00:00, days: 3}
wires: WIRES
market: {kind: call_auction}
islanding_agreement: false
buildings:
  - id: Ownhouse
    profile: detached120_gas
    devices: [{kind: solar, rated_kw: 4}, {kind: battery, energy_kwh: 9, power_kw: 3}]
  - id: Quarrymen
    profile: office
    load_kwh_per_year: OTHER
    devices: [{kind: solar, rated_kw: 30}, {kind: battery, energy_kwh: 20, power_kw: 8, id: bank}]
  - {id: Otterbein, profile: detached120_gas}
outages:
  - {start: 2026-08-04T18:00, duration_h: 3}
"""


def made(folder: Path, wires: str, other: str = "30000"):
    path = folder / "three.yaml"
    path.write_text(SCENARIO.replace("WIRES", wires).replace("OTHER", other), encoding="utf-8")
    return run(load_scenario(path))


@pytest.mark.parametrize("wires", ["private_line", "utility"])
@pytest.mark.parametrize("lang", ["en", "ja"])
def test_no_neighbour_is_named(tmp_path, wires, lang):
    results = made(tmp_path, wires)
    for member in results.buildings:
        page = build_member_page(results, member, lang)
        assert member in page
        for other in set(results.buildings) - {member}:
            assert other.lower() not in page.lower()
    assert "Quarrymen" in build_report(results, lang)


def test_the_half_hours_are_the_members_own(tmp_path):
    results = made(tmp_path, "private_line")
    page = build_member_page(results, "Ownhouse", "en")
    frame = results.frame("buildings")
    own = frame[frame["building"].astype(str) == "Ownhouse"]
    told = [json.loads(unescape(text)) for text in re.findall(r'data-told="([^"]*)"', page)]
    assert len(told) > 4
    possible = {column: own[column].to_numpy(dtype=float) for column in own if str(own[column].dtype) == "float64"}
    for figure in told:
        for values in figure["values"]:
            shown = np.array([np.nan if v is None else v for v in values])
            assert is_own(shown, possible), shown


def is_own(shown: np.ndarray, possible: dict[str, np.ndarray]) -> bool:
    """Whether a series is a column of the member, as energy, power or content, or the served part of its demand."""
    columns = [*possible.values(), possible["load_kwh"] - possible["unserved_kwh"]]
    for column in columns:
        for first in range(len(column) - len(shown) + 1):
            part = column[first : first + len(shown)]
            if np.allclose(part, shown, rtol=6e-3, atol=1e-9) or np.allclose(2 * part, shown, rtol=6e-3, atol=1e-9):
                return True
    return False


def test_another_neighbour_changes_nothing_but_prices_and_the_sum(tmp_path):
    """With its own contract, its half-hours do not hang on the neighbours; neither do the figures on its page."""
    figures = []
    for other in ("30000", "60000"):
        page = build_member_page(made(tmp_path, "utility", other), "Ownhouse", "en")
        figures.append(re.findall(r'data-told="([^"]*)"', page) + re.findall(r"base64,([^\"]*)", page))
    assert figures[0] == figures[1]
    assert figures[0]


def test_unknown_member(tmp_path):
    results = made(tmp_path, "private_line")
    with pytest.raises(ResultError) as error:
        build_member_page(results, "Quarryman", "en")
    assert error.value.key == "result_no_member"
    assert error.value.values["suggestion"] == "Quarrymen"


def test_it_lies_beside_the_report_and_does_not_block_the_next_run(tmp_path):
    made(tmp_path, "private_line").save(tmp_path / "run")
    path = write_member_page(load_results(tmp_path / "run"), tmp_path / "run", "Ownhouse", "ja")
    assert path.name == "member_Ownhouse.html"
    check_target(tmp_path / "run")
