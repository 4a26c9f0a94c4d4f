"""Runs against a baseline: paired rows, intervals, verdicts, inputs, and a page whose numbers are the stored ones."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

import ysc_sim as ysc
from ysc_sim.report.comparison import build_comparison
from ysc_sim.results import Results, load_results
from ysc_sim.study.comparison import Comparison, Outcome, Pairing
from ysc_sim.study.inputs import input_differences
from ysc_sim.study.rows import row_values
from ysc_sim.study.student import independent_interval, paired_interval, quantile

SCENARIO = """
format: 1
name: "block <script>alert(1)</script>"
time: {start: 2026-08-03T00:00, days: 2, step_s: 1800}
seed: 1
tariff: {plan: tepco_hv_basic_2026}
wires: same_site
buildings:
  - id: office
    profile: office
    load_kwh_per_year: 90000
    strategy: {kind: none}
    devices:
      - {kind: solar, rated_kw: 30}
      - {kind: battery, energy_kwh: 40, power_kw: 20}
  - {id: house, profile: detached120_gas, count: 2, devices: [{kind: wind, turbine: bergey_excel10}]}
ensemble: {seeds: 6}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("scenario") / "block.yaml"
    path.write_text(SCENARIO)
    return path


def run(path: Path, **changes: object) -> Results:
    return ysc.run(ysc.load_scenario(path, overrides={key.replace("__", "."): v for key, v in changes.items()}))


@pytest.fixture(scope="module")
def base(folder: Path) -> Results:
    return run(folder)


@pytest.fixture(scope="module")
def controlled(folder: Path) -> Results:
    return run(folder, buildings__office__strategy__kind="self_consumption", name="controlled")


def outcome(comparison: Comparison, name: str) -> Outcome:
    return next(d.outcome for d in comparison.differences(1) if d.metric == name)


@pytest.mark.parametrize("probability", [0.6, 0.9, 0.975, 0.995])
@pytest.mark.parametrize("freedom", [1, 2, 3.7, 9, 99, 5000])
def test_quantiles_are_those_of_scipy(probability: float, freedom: float) -> None:
    assert quantile(probability, freedom) == pytest.approx(stats.t.ppf(probability, freedom), rel=1e-9)


def test_intervals_are_those_of_scipy() -> None:
    rng = np.random.default_rng(4)
    a, b = rng.normal(5, 1, 12), rng.normal(6, 3, 20)
    paired = stats.ttest_rel(b[:12], a).confidence_interval(0.95)
    assert paired_interval(b[:12] - a) == pytest.approx((paired.low, paired.high), rel=1e-9)
    welch = stats.ttest_ind(b, a, equal_var=False).confidence_interval(0.95)
    assert independent_interval(a, b) == pytest.approx((welch.low, welch.high), rel=1e-9)


def test_common_draws_are_paired(base: Results, controlled: Results) -> None:
    comparison = Comparison([base, controlled])
    assert comparison.pairing(1) is Pairing.PAIRED
    bill = next(d for d in comparison.verdict(1) if d.metric == "bill_jpy")
    rows = [row_values(result)["bill_jpy"] for result in (base, controlled)]
    assert bill.interval == pytest.approx(paired_interval(rows[1] - rows[0]))
    assert bill.rows == 6
    assert bill.outcome is Outcome.BETTER
    assert outcome(comparison, "co2_kg") is Outcome.BETTER


def test_pairing_sees_what_independent_means_hide(base: Results, controlled: Results) -> None:
    first, second = (row_values(result)["import_kwh"] for result in (base, controlled))
    assert np.ptp(paired_interval(second - first)) < 0.2 * np.ptp(independent_interval(first, second))


def test_the_same_inputs_are_equal(base: Results) -> None:
    comparison = Comparison([base, base])
    assert {d.outcome for d in comparison.differences(1)} == {Outcome.EQUAL}
    assert comparison.inputs == []
    assert comparison.names[0] != comparison.names[1]


def test_other_seeds_show_no_difference(folder: Path, base: Results) -> None:
    comparison = Comparison([base, run(folder, seed=2)])
    assert comparison.pairing(1) is Pairing.INDEPENDENT
    assert outcome(comparison, "wind_kwh") is Outcome.NOT_SHOWN
    assert [d.key for d in comparison.inputs] == ["seed"]


def test_one_row_has_no_interval(folder: Path) -> None:
    runs = [run(folder, ensemble__seeds=1, buildings__office__devices__solar__rated_kw=kw) for kw in (30, 10)]
    comparison = Comparison(runs)
    assert comparison.pairing(1) is Pairing.SINGLE
    bill = next(d for d in comparison.verdict(1) if d.metric == "bill_jpy")
    assert (bill.interval, bill.outcome) == (None, Outcome.WORSE)


def test_other_days_are_not_judged(folder: Path, base: Results) -> None:
    comparison = Comparison([base, run(folder, time__days=1)])
    assert comparison.pairing(1) is Pairing.OTHER_TIME
    assert {d.outcome for d in comparison.differences(1)} == {Outcome.UNKNOWN}


def test_rows_of_stored_results_are_those_of_fresh_ones(base: Results, tmp_path: Path) -> None:
    loaded = row_values(load_results(base.save(tmp_path / "base")))
    fresh = row_values(base)
    assert {"bill_jpy", "peak_import_kw", "import_kwh", "served_kwh"} <= set(loaded)
    for name, values in loaded.items():
        np.testing.assert_allclose(values, fresh[name], rtol=1e-7, atol=1e-5)  # meters count whole mWh


def test_inputs_that_differ_are_named(base: Results, controlled: Results) -> None:
    found = {d.key: d.values for d in Comparison([base, controlled]).inputs}
    assert found["buildings.office.strategy.kind"] == ("none", "self_consumption")
    assert input_differences(["a: 1\nb: {c: 2}", "a: 1\nd: x"])[0].values == ("2", "–")


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_every_number_on_the_page_is_the_stored_one(base: Results, controlled: Results, lang: str) -> None:
    page = build_comparison(Comparison([base, controlled], ["a", "b"]), lang)
    numbers = re.findall(r'<data class="n" data-metric="<bdi>(\w+)</bdi>" value="([^"]+)">|'
                         r'<data class="n" data-metric="(\w+)" value="([^"]+)">', page)  # fmt: skip
    assert len(numbers) > 30
    known = {
        name: {value, controlled.metrics["community"].get(name)} for name, value in base.metrics["community"].items()
    }
    for first, value, second, other in numbers:
        name, said = first or second, float(value or other)
        values = known[name]
        assert said in values or any(said == b - a for a in values for b in values if a is not None and b is not None)
    assert f'<html lang="{lang}"' in page
    assert "No difference" in page or "差は認められない" in page or "equal" in page


def test_names_are_inert_and_nothing_is_fetched(base: Results, controlled: Results) -> None:
    page = build_comparison(Comparison([base, controlled]), "en")
    assert "<script>alert" not in page
    assert "<script>alert(1)" in unescape(page)
    assert not re.search(r'(?:src|href)="https?:', page)


def test_fewer_than_two_runs_are_refused(base: Results) -> None:
    with pytest.raises(ValueError, match="at least 2"):
        Comparison([base])
