"""Strategies side by side, targets on unseen draws, and who gains from one contract."""

import dataclasses
from html import escape

import numpy as np
import pytest

import ysc_sim as ysc
from ysc_sim.billing import bill
from ysc_sim.community.compile import compile_community
from ysc_sim.engine.simulate import run_community
from ysc_sim.report.strategies_part import new_peak_labels, strategies_part
from ysc_sim.scenario.load import parse_scenario
from ysc_sim.study.bound import Values
from ysc_sim.study.gains import EXACT_MEMBERS, exact_shapley, gains_of, sampled_shapley
from ysc_sim.study.strategies import against_bound, compare_strategies, with_strategy
from ysc_sim.study.target import target_that_holds

THREE = """
format: 1
time: {start: 2026-08-03T00:00, days: 7, step_s: 1800}
tariff: {plan: tepco_hv_basic_2026, power_factor_percent: 100}
wires: private_line
buildings:
  - {id: office, profile: office, load_kwh_per_year: 60000, devices: [{kind: battery, energy_kwh: 30, power_kw: 15}]}
  - {id: home, profile: detached120_gas, load_kwh_per_year: 20000, diversity: {}}
  - {id: shop, profile: shop, load_kwh_per_year: 50000, devices: [{kind: solar, rated_kw: 10}], diversity: {}}
"""


def scenario(text: str = THREE) -> ysc.Scenario:
    from pathlib import Path

    parsed: ysc.Scenario = parse_scenario(text, folder=Path())
    return parsed


def test_compare_puts_every_strategy_between_no_control_and_the_bound() -> None:
    table = compare_strategies(scenario(), {"group": {"kind": "group_peak_cut"}, "best": {"kind": "optimal"}})
    assert table.index.tolist() == ["no control", "group", "best", "bound"]
    assert (table["gap_jpy"] >= -0.01).all()
    assert table.loc["best", "total_jpy"] < table.loc["no control", "total_jpy"]
    parts = ["energy_jpy", "demand_jpy", "wear_jpy", "lost_comfort_jpy", "unserved_jpy", "stored_jpy"]
    runs = table.drop(index="bound")
    assert np.allclose(runs[parts].sum(axis=1), runs["total_jpy"])
    assert (runs["new_peaks"] == 0).all()


def test_a_new_peak_is_counted_and_told_in_both_languages() -> None:
    """A spike of 7 kW over the natural peak, put into one half-hour of what was metered."""
    ran = with_strategy(scenario(), {"kind": "none"})
    community = compile_community(ran)
    arrays = run_community(community)
    spiked = arrays.community_import_mwh.copy()
    spiked[100] = spiked.max(axis=0) + 3_500_000
    held = dataclasses.replace(arrays, community_import_mwh=spiked)
    found = against_bound(ran, {"<b>wild</b>": (ran, held), "calm": (ran, arrays)})
    assert found.loc["<b>wild</b>", ["new_peaks", "worst_new_peak_kw"]].tolist() == pytest.approx([1, 7.0])
    assert found.loc["calm", ["new_peaks", "worst_new_peak_kw"]].tolist() == [0, 0]
    labels = new_peak_labels(found)
    assert len(labels) == 1
    assert "by up to 7.00 kW" in labels[0].en
    assert "最大 7.00 kW" in labels[0].ja
    page = strategies_part(found, Values()).body
    assert "<b>wild" not in page
    for which, line in found.iterrows():
        shown = f'data-strategy="{escape(str(which))}" data-number="total_jpy" value="{float(line["total_jpy"])!r}"'
        assert shown in page


def test_without_a_bound_new_peaks_are_told_all_the_same() -> None:
    genset = THREE.replace("{kind: battery, energy_kwh: 30, power_kw: 15}", "{kind: genset, rated_kw: 5}")
    ran = scenario(genset)
    found = against_bound(ran, {"here": (ran, run_community(compile_community(ran)))})
    assert "genset" in found.attrs["no_bound"]
    assert "bound" not in found.index
    assert np.isnan(found["gap_jpy"]).all()
    assert (found["new_peaks"] == 0).all()
    assert "genset" in strategies_part(found, Values()).body


def test_target_is_judged_on_draws_that_it_has_not_seen() -> None:
    held = target_that_holds(scenario(), {"kind": "group_peak_cut"}, choose_on=2, judge_on=6, tolerance_kw=1.0)
    assert held.natural_kw.shape == held.peaks_kw.shape == (6,)
    assert 0 <= held.break_probability <= 1
    assert held.jpy_per_kw == pytest.approx(25_806)
    assert len(held.break_jpy) == round(held.break_probability * 6)
    safer = target_that_holds(
        scenario(), {"kind": "group_peak_cut"}, choose_on=2, judge_on=6, tolerance_kw=1.0, reserve=1.0
    )
    assert safer.break_probability == 0
    assert safer.target_kw == 2 * safer.lowest_kw
    with pytest.raises(ValueError, match="choose_on"):
        target_that_holds(scenario(), {"kind": "group_peak_cut"}, choose_on=0)


def test_gains_add_up_and_value_a_coalition_by_its_own_bill() -> None:
    community = compile_community(scenario())
    arrays = run_community(community)
    gains = gains_of(community, arrays)
    for split in (gains.shapley_jpy, gains.by_peak_jpy, gains.by_energy_jpy):
        assert split.sum() == pytest.approx(gains.total_jpy, abs=1e-6)
    net_kw = (arrays.import_mwh[:, 0] - arrays.export_mwh[:, 0]) / 1e6 * 2
    tariff = community.terms.shared.tariff
    alone = [bill(tariff, net_kw[:, b], start=arrays.axis.start, step_s=1800).total_jpy for b in range(3)]
    together = bill(tariff, net_kw.sum(axis=1), start=arrays.axis.start, step_s=1800).total_jpy
    assert gains.total_jpy == pytest.approx(sum(alone) - together, abs=5.0)
    assert gains.deviation_jpy.keys() == {"shapley", "by_peak", "by_energy", "billed"}


def test_exact_shapley_of_known_games() -> None:
    """Glove game: two left gloves, one right one; and an airport with runways of 10, 20, 30."""

    def gloves(c: np.ndarray) -> np.ndarray:
        return np.minimum(c[:, 0].astype(int) + c[:, 1], c[:, 2]).astype(float)

    assert exact_shapley(gloves, 3) == pytest.approx([1 / 6, 1 / 6, 4 / 6])
    cost = np.array([10.0, 20.0, 30.0])
    airport = exact_shapley(lambda c: (c * cost).max(axis=1), 3)
    assert airport == pytest.approx([10 / 3, 10 / 3 + 5, 10 / 3 + 15])


def test_sampled_shapley_holds_the_exact_one_in_its_interval() -> None:
    weights = np.random.default_rng(3).uniform(1, 5, 8)

    def game(c: np.ndarray) -> np.ndarray:
        return (c @ weights) ** 1.5

    exact = exact_shapley(game, 8)
    mean, half = sampled_shapley(game, 8, 400)
    assert (np.abs(mean - exact) < 3 * half + 1e-9).all()
    assert mean.sum() == pytest.approx(exact.sum())
    with pytest.raises(ValueError, match="orders"):
        sampled_shapley(game, 8, 1)


def test_many_members_are_sampled() -> None:
    one = "{id: home, profile: detached120_gas, load_kwh_per_year: 20000, diversity: {}}"
    many = f"{{id: home, profile: detached120_gas, count: {EXACT_MEMBERS}}}"
    text = THREE.replace(one, many).replace("days: 7", "days: 2")
    community = compile_community(scenario(text))
    gains = gains_of(community, run_community(community), orders=20)
    assert gains.shapley_jpy.sum() == pytest.approx(gains.total_jpy)
    assert (gains.half_width_jpy >= 0).all()
    assert gains.half_width_jpy.any()


def test_gains_need_one_contract() -> None:
    community = compile_community(scenario(THREE.replace("private_line", "utility")))
    with pytest.raises(ValueError, match="own contract"):
        gains_of(community, run_community(community))
