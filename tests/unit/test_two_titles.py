"""Title and description of a scenario in two languages: which stands where, and when a translation is dropped."""

from __future__ import annotations

import pytest

import ysc_sim as ysc
from ysc_sim.report.page import build_report
from ysc_sim.results import load_results
from ysc_sim.scenario.load import parse_scenario

TEXT = """
format: 1
name: Two shops
name_ja: 二つの店
description: What they share.
description_ja: 分け合うもの
time: {start: 2026-08-03T00:00, days: 1, step_s: 1800}
tariff: {plan: tepco_hv_basic_2026}
buildings: [{id: shop, profile: shop, load_kwh_per_year: 20000, count: 2}]
wires: same_site
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    kept = tmp_path_factory.mktemp("two")
    ysc.run(parse_scenario(TEXT, folder=".")).save(kept / "run")
    return kept / "run"


def test_each_language_has_its_own(folder):
    page = build_report(load_results(folder), "ja")
    heading = page.split("<h1>")[1].split("</h1>")[0]
    assert heading == '<span lang="en">Two shops</span><span lang="ja">二つの店</span>'
    assert '<span lang="en">What they share.</span><span lang="ja">分け合うもの</span>' in page
    assert 'data-title-en="Two shops' in page
    assert 'data-title-ja="二つの店' in page


def test_the_manifest_keeps_both(folder):
    said = load_results(folder).manifest["scenario"]
    assert (said["name"], said["name_ja"], said["description_ja"]) == ("Two shops", "二つの店", "分け合うもの")


def test_what_was_not_said_is_not_kept():
    plain = TEXT.replace("name_ja: 二つの店\n", "").replace("description_ja: 分け合うもの\n", "")
    assert not {"name_ja", "description_ja"} & set(parse_scenario(plain, folder=".").identity())


def test_a_translation_goes_with_its_text(tmp_path):
    (tmp_path / "base.yaml").write_text(TEXT, encoding="utf-8")
    other = "extends: base.yaml\nformat: 1\nname: Two offices\n"
    (tmp_path / "other.yaml").write_text(other, encoding="utf-8")
    scenario = ysc.load_scenario(tmp_path / "other.yaml")
    assert (scenario.name, scenario.name_ja) == ("Two offices", "")
    assert scenario.description_ja == "分け合うもの"
    both = ysc.load_scenario(tmp_path / "base.yaml", overrides={"name": "B", "name_ja": "乙"})
    assert (both.name, both.name_ja) == ("B", "乙")
    one = ysc.load_scenario(tmp_path / "base.yaml", overrides={"description": "C"})
    assert (one.name_ja, one.description_ja) == ("二つの店", "")
