"""Plan files: what is shipped, what is refused and where."""

from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from ysc_sim.billing import load_tariff, plan_names
from ysc_sim.billing.plan_file import PLANS
from ysc_sim.errors import ScenarioError, TariffError

MONDAY = datetime.fromisoformat("2026-08-03T00:00+09:00")


@pytest.mark.parametrize("name", plan_names())
def test_every_shipped_plan_can_be_read_and_says_its_sources(name: str) -> None:
    tariff = load_tariff(name)
    assert tariff.name == name
    assert tariff.assumed
    for price in [*tariff.energy.values(), *tariff.export, *([tariff.base] if tariff.base else [])]:
        assert price.source
    assert load_tariff(PLANS / f"{name}.yaml") == tariff


def test_unknown_plan_names_its_nearest() -> None:
    with pytest.raises(TariffError) as caught:
        load_tariff("tepco_hv_basic_2062")
    assert caught.value.key == "plan_unknown"
    assert caught.value.values["suggestion"] == "tepco_hv_basic_2026"


def test_own_plan_extends_a_shipped_one(tmp_path: Path) -> None:
    path = tmp_path / "ours.yaml"
    path.write_text("extends: tepco_hv_basic_2026\nrounding: {kw: half_up}\n")
    ours = load_tariff(str(path))
    assert ours.name == "ours"
    assert (ours.rounding.kw, ours.rounding.total) == ("half_up", "floor")
    assert ours.energy == load_tariff("tepco_hv_basic_2026").energy


@pytest.mark.parametrize(
    ("text", "key", "place", "field"),
    [
        ("bse: 1", "unknown_key", "2:1", "bse"),
        ("energy: {all: {sorce: x}}", "unknown_key", "2:16", "energy.all.sorce"),
        ("tax: {included: yes}", "value_wrong", "2:17", "tax.included"),
        ("valid_from: 2026-13-01", "value_wrong", "2:13", "valid_from"),
        ("valid_to: 2020-01-01", "value_wrong", "1:1", ""),
        ("rounding: {total: up}", "value_wrong", "2:19", "rounding.total"),
        ("clock: [{band: all, months: [13]}]", "value_wrong", "2:30", "clock.0.months.0"),
        ("clock: [{band: all, days: [sunday]}]", "value_wrong", "2:9", "clock.0"),
        ("clock: [{band: all, days: [02-30]}]", "value_wrong", "2:9", "clock.0"),
        ("clock: [{band: all, hours: [8, 8]}]", "value_wrong", "2:9", "clock.0"),
        ("clock: [{band: all, hours: [8, 22]}]", "value_wrong", "1:1", ""),
        ("clock: [{band: night}]", "value_wrong", "1:1", ""),
        ("energy: {b: {price_jpy_per_kwh: 1, source: x}}", "value_wrong", "1:1", ""),
        ("energy: {all: {up_to_kwh: 5}}", "value_wrong", "1:1", ""),
        ("levy: [{valid_from: 2026-01-01}]", "field_missing", "2:8", "levy.0.valid_to"),
        ("base: {unit: W}", "value_wrong", "2:14", "base.unit"),
    ],
)
def test_wrong_plan_says_where(tmp_path: Path, text: str, key: str, place: str, field: str) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text(f"extends: tepco_hv_basic_2026\n{text}\n")
    with pytest.raises(ScenarioError) as caught:
        load_tariff(path)
    problem = caught.value.problems[0]
    assert (problem.key, problem.place, problem.field) == (key, f"{path}:{place}", field)


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text("title: x\nbase: {unit: kW}\nenergy: {all: {}}\nsupplier: 3\n")
    with pytest.raises(ScenarioError) as caught:
        load_tariff(path)
    assert {problem.field for problem in caught.value.problems} == {
        "base.price_jpy",
        "base.source",
        "energy.all.price_jpy_per_kwh",
        "energy.all.source",
        "supplier",
    }


@pytest.mark.parametrize("text", ["extends: loop.yaml", "extends: 3", "extends: ../loop.yaml", "extends: /etc/x.yaml"])
def test_extends_stays_in_its_folder_and_ends(tmp_path: Path, text: str) -> None:
    path = tmp_path / "loop.yaml"
    path.write_text(text)
    with pytest.raises(ScenarioError):
        load_tariff(path)


def test_plan_must_be_a_map(tmp_path: Path) -> None:
    path = tmp_path / "list.yaml"
    path.write_text("- 1\n")
    with pytest.raises(ScenarioError) as caught:
        load_tariff(path)
    assert caught.value.problems[0].key == "not_a_map"


def test_clock_of_kyushu() -> None:
    """kyuden.co.jp sangyokiji-a: Sundays, holidays, 2-3 Jan, 30 Apr, 1-2 May, 30-31 Dec are night."""
    plan = load_tariff("kyuden_hv_industrial_tou_a")

    def band(text: str) -> str:
        return plan.band_names[plan.bands(datetime.fromisoformat(f"{text}+09:00"), 1800, 1)[0]]

    assert [
        band(f"2026-08-03T{hour}") for hour in ("07:30", "08:00", "12:30", "13:00", "15:30", "16:00", "21:30", "22:00")
    ] == [
        "night",
        "day_summer",
        "day_summer",
        "peak",
        "peak",
        "day_summer",
        "day_summer",
        "night",
    ]
    assert band("2026-10-05T14:00") == "day_other"
    for rest in (
        "2026-08-02",
        "2026-08-11",
        "2027-01-02",
        "2026-04-30",
        "2026-05-01",
        "2026-12-31",
        "2026-05-06",
    ):
        assert band(f"{rest}T14:00") == "night", rest


def test_price_arrays() -> None:
    plan = load_tariff("kyuden_hv_industrial_tou_a")
    price = plan.energy_price_jpy_per_kwh(MONDAY, 3600, 24)
    assert price.tolist() == [15.17] * 8 + [17.27] * 5 + [19.74] * 3 + [17.27] * 6 + [15.17] * 2
    assert plan.levy_jpy_per_kwh(MONDAY, 60, 3).tolist() == [4.18] * 3
    steps = load_tariff("toell_lv_c")
    assert steps.energy_price_jpy_per_kwh(MONDAY, 1800, 2).tolist() == [29.65] * 2, "the first step"
    two = {"2026-08": 1.0, "2026-09": -1.0}
    eve = datetime.fromisoformat("2026-08-31T23:30+09:00")
    assert steps.energy_price_jpy_per_kwh(eve, 1800, 2, adjustments=two).tolist() == pytest.approx([30.65, 28.65])


def test_export_prices() -> None:
    assert load_tariff("tepco_hv_basic_2026").export_price_jpy_per_kwh == 0.0
    assert load_tariff("after_fit_tepco").export_price_jpy_per_kwh == 8.5
    fit = load_tariff("fit_lt10kw_2025h2")
    assert [fit.export_price_in_year_jpy_per_kwh(year) for year in (1, 4, 5, 10, 11)] == [24, 24, 8.3, 8.3, 0]


def test_plan_is_a_value() -> None:
    assert len({load_tariff(name) for name in plan_names()}) == len(plan_names())
    assert np.isfinite([load_tariff(name).export_price_jpy_per_kwh for name in plan_names()]).all()
