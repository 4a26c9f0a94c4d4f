"""A run under a strategy says where it made a higher peak than no control would have."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

import ysc_sim as ysc
from ysc_sim.cli.run import new_peak_lines
from ysc_sim.community.compile import compile_community
from ysc_sim.engine import new_peaks
from ysc_sim.engine.simulate import run_community
from ysc_sim.report import build_report
from ysc_sim.report.new_peaks import new_peaks_of
from ysc_sim.scenario.load import parse_scenario

TWO = """
format: 1
time: {start: 2026-08-28T00:00, days: 5, step_s: STEP}
tariff: {plan: tepco_hv_basic_2026}
wires: private_line
buildings:
  - id: office
    profile: office
    load_kwh_per_year: 60000
    diversity: {}
    strategy: {kind: STRATEGY}
    devices:
      - {kind: battery, energy_kwh: 300, power_kw: 150, soc_start: 0.1}
      - {kind: solar, rated_kw: 20}
  - {id: shop, profile: shop, load_kwh_per_year: 30000}
"""
RESERVE = "reserve_level, level: 0.9"
VEHICLE = "      - {kind: ev, energy_kwh: 40, charge_kw: 6}\n"


def scenario(strategy: str = RESERVE, *, step: str = "1800", more: str = "", device: str = "") -> ysc.Scenario:
    text = TWO.replace("STRATEGY", strategy).replace("STEP", step)
    text = text.replace("  - {id: shop", device + "  - {id: shop") + more
    return parse_scenario(text, folder=Path())  # type: ignore[no-any-return]


def test_filling_a_store_for_an_outage_makes_a_peak_and_says_so() -> None:
    results = ysc.run(scenario())
    found = results.metrics["community"]
    assert found["new_peak_kw"] > 50
    assert found["new_peak_months"] == 1
    assert results.metrics["buildings"]["shop"]["new_peak_kw"] == 0
    notes = new_peaks_of(results.manifest)
    assert [(note["building"], note["month"], note["billed"]) for note in notes] == [
        ("", "2026-08", True),
        ("office", "2026-08", False),
    ]
    none = ysc.run(scenario("none")).arrays
    august = np.arange(none.axis.slots) < 4 * 48
    assert notes[0]["without_kw"] == pytest.approx(none.community_import_mwh[august].max() / 5e5, abs=1e-5)
    assert notes[1]["without_kw"] == pytest.approx(none.import_mwh[august][:, 0, 0].max() / 5e5, abs=1e-5)
    lines = new_peak_lines(results)
    assert len(lines) == 2
    assert "2026-08" in lines[0]
    page = build_report(results, "ja")
    assert 'id="new_peaks"' in page
    assert "制御が作った新たなピーク" in page
    assert f'data-new-peak="0.kw" value="{notes[0]["kw"]!r}"' in page


def test_separate_contracts_are_billed_by_building() -> None:
    own = ysc.run(dataclasses.replace(scenario(), wires="utility"))
    assert [(n["building"], n["billed"]) for n in new_peaks_of(own.manifest)] == [("office", True), ("", False)]


def test_a_member_that_fills_its_store_for_the_others_is_told_apart() -> None:
    results = ysc.run(scenario("group_peak_cut"))
    assert results.metrics["community"]["new_peak_kw"] == 0
    assert [(n["building"], n["billed"]) for n in new_peaks_of(results.manifest)] == [("office", False)]
    assert "is no higher" in build_report(results, "en")


@pytest.mark.parametrize("strategy", ["none", "self_consumption"])
def test_where_no_peak_is_made_nothing_is_said(strategy: str) -> None:
    results = ysc.run(scenario(strategy))
    assert results.metrics["community"].get("new_peak_kw", 0.0) == 0
    assert not new_peak_lines(results)
    assert 'id="new_peaks"' not in build_report(results, "en")


@pytest.mark.parametrize(
    ("more", "device"),
    [
        ("", ""),
        ("outages: [{start: 2026-08-29T09:00, duration_h: 3}]\n", ""),
        ("", VEHICLE),
        ("ensemble: {seeds: 2}\n", ""),
    ],
)
def test_the_peak_without_control_is_that_of_a_run_without_control(more: str, device: str) -> None:
    """Added up where everything is known before, run again where not: both as a run under ``none``."""
    told = ysc.run(scenario(step="600", more=more, device=device)).arrays
    none = ysc.run(scenario("none", step="600", more=more, device=device)).arrays
    august = np.arange(none.axis.slots) < 4 * 48
    for part, month in ((august, 0), (~august, 1)):
        assert told.peaks.own_without_kw[month] == pytest.approx(none.import_mwh[part].max(axis=0) / 5e5, abs=1e-5)
        together = none.community_import_mwh[part].max(axis=0) / 5e5
        assert told.peaks.together_without_kw[month] == pytest.approx(together, abs=1e-5)


def test_a_note_for_every_month_meter_and_how_many_rows() -> None:
    community = compile_community(scenario(more="ensemble: {seeds: 3}\n"))
    arrays = new_peaks.with_peaks(community, run_community(community))
    assert {(n["building"], n["month"], n["rows"], n["of"]) for n in arrays.notes if n["key"] == "new_peak"} == {
        ("", "2026-08", 3, 3),
        ("office", "2026-08", 3, 3),
    }
    rise = arrays.peaks.own_kw - arrays.peaks.own_without_kw
    worst = next(n for n in arrays.notes if n.get("building") == "office")
    assert worst["kw"] - worst["without_kw"] == pytest.approx(rise[0, :, 0].max(), abs=1e-5)


def test_a_damaged_note_is_left_out() -> None:
    results = ysc.run(scenario())
    held = {"notes": [{"key": "new_peak", "kw": "much"}, None, *results.manifest["notes"]]}
    assert len(new_peaks_of(held)) == 2


def test_rows_that_keep_no_course_are_looked_at_too() -> None:
    kept = ysc.run(scenario(more="ensemble: {seeds: 3}\n"))
    forgotten = ysc.run(scenario(more="ensemble: {seeds: 3}\nresults: {record: none}\n"))
    for name in ("new_peak_kw", "new_peak_months"):
        assert forgotten.metrics["community"][name] == kept.metrics["community"][name]
    assert new_peaks_of(forgotten.manifest) == new_peaks_of(kept.manifest)
