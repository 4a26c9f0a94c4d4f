"""Who gains from one contract: sums to the yen, equals get equal shares, two members by hand, and the page of a run."""

import json
import re

import numpy as np
import pytest

from ysc_sim.cli.run import run_file
from ysc_sim.community.compile import shared_contract
from ysc_sim.engine.simulate import run
from ysc_sim.report import build_report, build_sheet
from ysc_sim.results import load_results
from ysc_sim.scenario import load_scenario
from ysc_sim.study.gains import split_saving
from ysc_sim.study.who_gains import EXACT_MEMBERS, effort, who_gains

SCENARIO = """
format: 1
time: {start: 2026-08-03T00:00, days: 3}
tariff: {plan: tepco_hv_basic_2026, export_jpy_per_kwh: 8.5}
wires: private_line
buildings:
"""
TWO = (
    SCENARIO
    + """
  - {id: office, profile: office, load_kwh_per_year: 60000, devices: [{kind: solar, rated_kw: 30}]}
  - {id: home, profile: detached120_gas, load_kwh_per_year: 20000}
"""
)
EQUAL = SCENARIO + "\n".join(
    f"  - {{id: {id}, profile: {profile}, load_kwh_per_year: 40000, diversity: {{shift_minutes: 0, size_spread: 0}}}}"
    for id, profile in (("a", "office"), ("b", "detached120_gas"), ("c", "detached120_gas"))
)


def made(folder, text=TWO):
    path = folder / "who.yaml"
    path.write_text(text, encoding="utf-8")
    scenario = load_scenario(path)
    return scenario, run(scenario)


def column(split, key):
    return np.array([member[key] for member in split["members"]])


def test_two_members_halve_what_they_save_together(tmp_path):
    """v({1}) = v({2}) = 0, so each gets half of v({1, 2}): the Shapley value of two."""
    scenario, results = made(tmp_path)
    community = results.metrics["community"]
    saving = community["bill_without_sharing_jpy"] - community["bill_jpy"]
    split = who_gains(scenario, results.arrays)
    assert saving > 100
    assert column(split, "shapley_jpy") == pytest.approx([saving / 2, saving / 2], abs=1e-6)
    assert (split["orders"], split["coalitions"]) == (0, 4)
    peaks, energy = column(split, "peak_kw"), column(split, "energy_kwh")
    own = [results.metrics["buildings"][b] for b in ("home", "office")]
    assert peaks == pytest.approx([b["peak_import_kw"] for b in own])
    assert energy == pytest.approx([b["import_kwh"] + b["export_kwh"] for b in own], rel=1e-6)
    assert column(split, "by_peak_jpy") == pytest.approx(saving * peaks / peaks.sum())
    assert column(split, "by_energy_jpy") == pytest.approx(saving * energy / energy.sum())
    assert column(split, "billed_jpy") == pytest.approx([b["saving_jpy"] for b in own])
    # One of two can only leave alone, and then has its own bill back: it gains what it loses here.
    for key in ("billed", "shapley", "by_peak", "by_energy"):
        worst = -column(split, f"{key}_jpy").min()
        assert split["leaving"][key]["jpy"] == pytest.approx(max(worst, 0.0), abs=1e-6)


def test_every_split_adds_up_and_equal_members_get_equal_shares(tmp_path):
    scenario, results = made(tmp_path, EQUAL)
    split = who_gains(scenario, results.arrays)
    community = results.metrics["community"]
    saving = community["bill_without_sharing_jpy"] - community["bill_jpy"]
    assert split["total_jpy"] == pytest.approx(saving, abs=1e-6)
    for key in ("shapley_jpy", "by_peak_jpy", "by_energy_jpy"):
        assert column(split, key).sum() == pytest.approx(saving, abs=1e-6)
    same = results.arrays.import_mwh[:, 0, 1] - results.arrays.import_mwh[:, 0, 2]
    assert not same.any()
    shares = column(split, "shapley_jpy")
    assert shares[1] == pytest.approx(shares[2], abs=1e-6)
    assert shares[0] > shares[1] > 0
    sampled = split_saving(shared_contract(scenario, 3), results.arrays, orders=40, exact_members=0)
    assert sampled.shapley_jpy.sum() == pytest.approx(saving, abs=1e-6)
    assert (np.abs(sampled.shapley_jpy - shares) <= 2 * sampled.half_width_jpy + 1e-6).all()


def test_peaks_before_the_run_bind_all_together_as_billed_and_a_part_in_proportion(tmp_path):
    before = TWO.replace("export_jpy_per_kwh: 8.5", "export_jpy_per_kwh: 8.5, previous_kw: [90, 80]")
    before += "  - {id: shop, profile: shop, load_kwh_per_year: 50000}\n"
    scenario, results = made(tmp_path, before)
    split = split_saving(shared_contract(scenario, 3), results.arrays)
    arrays = results.arrays
    assert split.total_jpy == pytest.approx(
        (arrays.bill_alone_mjpy[0].sum() - arrays.community_bill_mjpy[0]) / 1000, abs=1e-6
    )
    assert split.shapley_jpy.sum() == pytest.approx(split.total_jpy, abs=1e-6)
    everyone = split_saving(shared_contract(scenario, 3), arrays, alone_jpy=arrays.bill_alone_mjpy[0] / 1000)
    assert everyone.total_jpy == pytest.approx(split.total_jpy, abs=5.0)


@pytest.mark.parametrize(("old", "new"), [("private_line", "utility"), ("basic_2026,", "basic_2026, contract: 80,")])
def test_without_one_contract_or_with_one_of_agreed_size_nothing_is_split(tmp_path, old, new):
    assert who_gains(*(lambda s, r: (s, r.arrays))(*made(tmp_path, TWO.replace(old, new)))) is None


def test_effort_never_grows_beyond_its_bounds():
    assert effort(EXACT_MEMBERS, 17_568) == (True, 0)
    assert effort(EXACT_MEMBERS + 1, 48) == (False, 200)
    assert effort(2, 10**7) == (True, 0)
    for members in (13, 30, 100, 1000):
        orders = [effort(members, slots)[1] for slots in (48, 1_488, 17_520, 105_120)]
        assert orders == sorted(orders, reverse=True)


def test_the_page_shows_what_is_stored_and_is_built_from_that_alone(tmp_path):
    path = tmp_path / "who.yaml"
    path.write_text(EQUAL, encoding="utf-8")
    run_file(path, [], None, tmp_path / "run", report=True, quiet=True)
    results = load_results(tmp_path / "run")
    split = results.studies["who_gains"]
    assert json.loads((tmp_path / "run" / "studies.json").read_text(encoding="utf-8"))["who_gains"] == split
    page = build_report(results, "en")
    for number, member in enumerate(split["members"]):
        for key in ("billed_jpy", "shapley_jpy", "by_peak_jpy", "by_energy_jpy"):
            assert f'data-study="who_gains.members.{number}.{key}" value="{member[key]!r}"' in page
    assert "Exact: the bills of all 8 groups" in page
    assert "一括契約による節約の分け方" in page
    assert "who_gains" not in build_sheet(results, "en")
    split["leaving"]["billed"] = {"jpy": 321.0, "members": ["a", "<b>"]}
    assert re.search(r"As billed, a, &lt;b&gt; would together gain .{0,90}>321</data>", build_report(results, "en"))
    for key in ("billed", "shapley", "by_peak", "by_energy"):
        split["leaving"][key] = {"jpy": 0.0, "members": []}
    assert "Stable: under none" in build_report(results, "en")
    for member in split["members"]:
        member["half_width_jpy"] = 12.0
    assert build_report(results, "en").count("half_width_jpy") == 3
    split["members"][0]["billed_jpy"] = "much"
    assert "who_gains" not in build_report(results, "en")
