"""Baselines, delivery and payment; the strategy around another one."""

from datetime import date
from pathlib import Path

import numpy as np
import pytest

import ysc_sim as ysc
from ysc_sim.billing.demand_response import baseline_kw, delivery, working_dates, working_days
from ysc_sim.errors import ScenarioError
from ysc_sim.report import build_report
from ysc_sim.study.demand_response import respond, settled


def test_baseline_is_the_mean_of_the_best_days() -> None:
    past = np.stack([np.full(48, kw) for kw in (10.0, 20.0, 30.0, 40.0, 50.0)])
    today = np.full(48, 99.0)
    said = {"first_slot": 26, "slots": 4, "adjust_slots": 0}
    assert baseline_kw(past, today, days=5, best=5, **said).tolist() == [30.0] * 4
    assert baseline_kw(past, today, days=5, best=4, **said).tolist() == [35.0] * 4, "high 4 of 5"
    assert baseline_kw(past, today, days=2, best=2, **said).tolist() == [45.0] * 4, "the last two"
    chosen = baseline_kw(past, today, days=2, best=2, comparable=[True, True, False, False, False], **said)
    assert chosen.tolist() == [15.0] * 4


def test_same_day_adjustment_reads_nothing_of_the_event() -> None:
    past, today = np.full((2, 3, 48), 20.0), np.full((2, 48), 26.0)
    today[:, 26:] = np.nan
    moved = baseline_kw(past, today, first_slot=28, slots=2, days=3, best=3)
    assert moved.tolist() == [[26.0, 26.0]] * 2
    today[:, :26] = 0.0
    assert (baseline_kw(past, today, first_slot=28, slots=2, days=3, best=3) == 0).all(), "never below nothing"


@pytest.mark.parametrize(
    "wrong",
    [{"best": 11}, {"first_slot": 47}, {"slots": 0}, {"comparable": np.zeros(3, dtype=bool)}, {"gap_slots": -1}],
)
def test_baseline_refuses_what_cannot_be(wrong: dict[str, object]) -> None:
    said = {"first_slot": 20, "slots": 2, "days": 10, "best": 10, **wrong}
    with pytest.raises(ValueError, match=r"must|no comparable"):
        baseline_kw(np.zeros((3, 48)), np.zeros(48), **said)


def test_delivery_pays_up_to_the_award_and_fines_what_lacks() -> None:
    result = delivery([[50.0, 50.0]], [[30.0, 60.0]], award_kw=[10.0], jpy_per_kwh=40.0, penalty_jpy_per_kwh=20.0)
    assert result.delivered_kwh.tolist() == [5.0]
    assert result.ratio.tolist() == [0.5]
    assert result.payment_jpy.tolist() == [(10 * 40 - 10 * 20) * 0.5]
    with pytest.raises(ValueError, match="award_kw"):
        delivery([1.0], [1.0], award_kw=0.0)


def test_working_days() -> None:
    assert working_days(4, 4).tolist() == [True, False, False, True], "Friday to Monday"
    golden_week = working_dates(date(2026, 5, 1), 8)
    assert golden_week.tolist() == [True, False, False, False, False, False, True, True], "the 6th is a substitute"


EVENT = """
format: 1
time: {{start: 2026-08-03T00:00, days: 10}}
buildings:
  - id: works
    profile: load.csv
    strategy: {{kind: demand_response, inner: {{kind: {inner}}}, events: [{event}]}}
    devices:
      - {{kind: battery, energy_kwh: 60, power_kw: 30, soc_start: 0.1, soc_min: 0.1}}
"""


def scenario(folder: Path, event: str, inner: str = "none") -> ysc.Scenario:
    day = np.where((np.arange(48) >= 18) & (np.arange(48) < 36), 50.0, 20.0)
    times = np.datetime64("2026-08-03T00:00") + np.arange(480) * np.timedelta64(30, "m")
    rows = [f"{time},{kw}" for time, kw in zip(times, np.tile(day, 10), strict=True)]
    (folder / "load.csv").write_text("time,kW\n" + "\n".join(rows) + "\n", encoding="utf-8")
    (folder / "a.yaml").write_text(EVENT.format(event=event, inner=inner), encoding="utf-8")
    return ysc.load_scenario(folder / "a.yaml")


def test_stores_are_filled_after_the_announcement_and_cut_exactly(tmp_path: Path) -> None:
    said = scenario(tmp_path, "{start: 2026-08-11T14:00, duration_h: 2, notice_h: 12, cut_kw: 15}")
    table = respond(said, jpy_per_kwh=10.0)
    assert table["delivered_kwh"].tolist() == pytest.approx([30.0], abs=1e-5)
    assert table["ratio"].tolist() == pytest.approx([1.0], abs=1e-6)
    assert table["payment_jpy"].tolist() == pytest.approx([300.0], abs=1e-3)
    frame = ysc.run(said).frame("buildings")
    charged = frame[frame["battery_charge_kwh"] > 1e-6]["time"]
    assert charged.min().isoformat() == "2026-08-11T02:00:00+09:00"
    assert frame["demand_kw"].max() <= 50.0 + 1e-6, "filling makes no peak"


def test_short_notice_finds_an_empty_store(tmp_path: Path) -> None:
    said = scenario(tmp_path, "{start: 2026-08-11T14:00, duration_h: 2, notice_h: 0, cut_kw: 15}")
    assert respond(said)["ratio"].tolist() == pytest.approx([0.0], abs=1e-6)


def test_inner_strategy_decides_outside_events(tmp_path: Path) -> None:
    event = "{start: 2026-08-11T14:00, duration_h: 2, notice_h: 1, cut_kw: 15}"
    wrapped = ysc.run(scenario(tmp_path, event, inner="peak_cut, target_kw: 45")).frame("buildings")
    plain = wrapped[wrapped["time"].dt.day < 11]
    assert plain["demand_kw"].iloc[48:].max() <= 50.0 + 1e-6
    assert plain["battery_discharge_kwh"].sum() > 0


@pytest.mark.parametrize(
    ("event", "message"),
    [
        ("{start: soon, cut_kw: 5}", "soon"),
        ("{start: 2026-08-11T23:00, duration_h: 2, cut_kw: 5}", "same day"),
        ("{start: 2026-08-11T13:10, duration_h: 2, cut_kw: 5}", "half-hour"),
    ],
)
def test_impossible_events_are_refused(tmp_path: Path, event: str, message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        scenario(tmp_path, event)


def test_every_event_stands_on_the_page_with_the_worst_named(tmp_path: Path) -> None:
    events = "{start: 2026-08-11T14:00, duration_h: 2, notice_h: 12, cut_kw: 15}, "
    events += "{start: 2026-08-12T14:00, duration_h: 2, notice_h: 0, cut_kw: 25}"
    results = ysc.run(said := scenario(tmp_path, events))
    assert results.arrays is not None
    results.studies["demand_response"] = kept = settled(said, results.arrays)
    assert [line["event"] for line in kept] == [1, 2]
    assert kept[1]["ratio"] < kept[0]["ratio"]
    for lang, heading in (("en", "Demand response"), ("ja", "デマンドレスポンス")):
        page = build_report(results, lang)
        assert heading in page
        for number, line in enumerate(kept):
            assert f'data-study="demand_response.{number}.delivered_kwh" value="{line["delivered_kwh"]!r}"' in page
        assert f'data-study="demand_response.1.ratio" value="{kept[1]["ratio"]!r}"' in page
        assert "payment_jpy" not in page.split('id="demand_response"')[1].split("</section>")[0]
    results.studies["demand_response"] = [{"start": "soon"}, 3]
    assert 'id="demand_response"' not in build_report(results, "en")


TWO_WORKS = """
format: 1
time: {start: 2026-08-03T00:00, days: 10}
tariff: {plan: tepco_hv_basic_2026}
wires: utility
buildings:
  - {id: works, profile: works.csv, strategy: {kind: demand_response, events: [EVENT]}}
  - {id: other, profile: works.csv, strategy: {kind: demand_response, events: [EARLIER, EVENT]}}
"""


def test_holidays_and_own_event_days_are_not_comparable(tmp_path: Path) -> None:
    """Always 20 kW, but from 14 to 15 h on working days 50 kW, and 80 kW on Monday the 10th. By hand: the baseline of
    the first is (5 × 50 + 80)/6 = 55 kW, Mountain Day (11th) left out; the other had an event on the 10th: 50 kW.
    """
    day = np.full((10, 48), 20.0)
    day[[0, 1, 2, 3, 4, 9], 28:30], day[7, 28:30] = 50.0, 80.0
    times = np.datetime64("2026-08-03T00:00") + np.arange(480) * np.timedelta64(30, "m")
    rows = [f"{time},{kw}" for time, kw in zip(times, day.ravel(), strict=True)]
    (tmp_path / "works.csv").write_text("time,kW\n" + "\n".join(rows) + "\n", encoding="utf-8")
    event, earlier = (f"{{start: 2026-08-{when}, duration_h: 1, cut_kw: 2}}" for when in ("12T14:00", "10T18:00"))
    text = TWO_WORKS.replace("EVENT", event).replace("EARLIER", earlier)
    (tmp_path / "two.yaml").write_text(text, encoding="utf-8")
    table = respond(ysc.load_scenario(tmp_path / "two.yaml"))
    assert table["sites"].tolist() == [1, 2]
    assert table["baseline_kwh"].iloc[1] == pytest.approx(55.0 + 50.0)


def test_an_event_without_a_comparable_day_is_told_of(tmp_path: Path) -> None:
    events = "{start: 2026-08-03T14:00, duration_h: 1, cut_kw: 5}, {start: 2026-08-12T14:00, cut_kw: 5}"
    results = ysc.run(said := scenario(tmp_path, events))
    assert results.arrays is not None
    results.studies["demand_response"] = kept = settled(said, results.arrays)
    assert [line["ratio"] is None for line in kept] == [True, False]
    assert respond(said)["baseline_kwh"].isna().tolist() == [True, False]
    for lang, words in (("en", "cannot be settled"), ("ja", "精算できない")):
        part = build_report(results, lang).split('id="demand_response"')[1].split("</section>")[0]
        assert words in part
        assert f'value="{kept[1]["ratio"]!r}"' in part
