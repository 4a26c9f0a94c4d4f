"""The price of an hour: policies measured on one small block, damages counted by hand."""

import dataclasses
import json
from typing import Any

import numpy as np
import pytest

import ysc_sim as ysc
from ysc_sim.community.compile import compile_community
from ysc_sim.community.pooled import pool_of
from ysc_sim.report.survival_page import survival_page
from ysc_sim.study.frontier import Frontier, price_of_an_hour, reserved
from ysc_sim.study.outage_damage import Damage
from ysc_sim.study.survival import survive, without_outages

BLOCK: dict[str, Any] = {
    "format": 1,
    "name": "A <b>block</b>",
    "time": {"start": "2026-08-03T00:00", "days": 6, "step_s": 3600},
    "tariff": {"plan": "tepco_hv_basic_2026", "export_jpy_per_kwh": 8.5},
    "buildings": [
        {
            "id": "shop",
            "profile": "shop",
            "load_kwh_per_year": 30000,
            "tier_shares": [0.3, 0.2, 0.2, 0.3],
            "strategy": {"kind": "reserve_level", "level": 0.1, "inner": {"kind": "self_consumption"}},
            "devices": [
                {"kind": "solar", "rated_kw": 20, "tilt_deg": 20, "azimuth_deg": 180},
                {"kind": "battery", "energy_kwh": 40, "power_kw": 10},
            ],
        },
    ],
}


@pytest.fixture(scope="module")
def scenario(tmp_path_factory: pytest.TempPathFactory) -> Any:
    path = tmp_path_factory.mktemp("frontier") / "scenario.yaml"
    path.write_text(json.dumps(BLOCK), encoding="utf-8")
    return ysc.load_scenario(path)


@pytest.fixture(scope="module")
def frontier(scenario: Any) -> Frontier:
    return price_of_an_hour(
        scenario, promised_h=(4.0, 16.0), levels=(0.4, 1.0), damage=Damage(outage_h=12.0, per_event_jpy=1000.0)
    )


def test_promises_are_kept_and_no_reserve_is_the_baseline(frontier: Frontier) -> None:
    kinds = [(policy.kind, policy.parameter) for policy in frontier.policies]
    assert kinds == [("none", 0.0), ("level", 0.4), ("level", 1.0), ("curve", 4.0), ("curve", 16.0)]
    none, low, full, short, long = frontier.policies
    assert none.guaranteed_h < 4
    assert short.guaranteed_h >= 4
    assert long.guaranteed_h == full.guaranteed_h == 16
    assert none.lives_ratio < short.lives_ratio <= long.lives_ratio == full.lives_ratio
    assert none.damage_jpy > low.damage_jpy >= full.damage_jpy
    assert frontier.table()[0]["extra_jpy"] == 0
    assert "break_even_events_per_year" not in frontier.table()[0]


def test_the_curve_costs_less_than_the_level_that_guarantees_as_much(frontier: Frontier) -> None:
    _, _, full, _, long = frontier.policies
    assert long.cost_jpy < full.cost_jpy


def test_break_even_is_where_the_expected_costs_meet(frontier: Frontier) -> None:
    base = frontier.policies[0]
    for policy, entry in zip(frontier.policies[1:], frontier.table()[1:], strict=True):
        rate = entry["break_even_events_per_year"]
        if entry["extra_jpy"] > 0:
            assert policy.cost_jpy + rate * policy.damage_jpy == pytest.approx(base.cost_jpy + rate * base.damage_jpy)
        expected = policy.cost_jpy + 0.11 * policy.damage_jpy
        assert entry["expected_cost_jpy"] == pytest.approx(expected)


def test_damage_is_what_is_dark_counted_by_hand(scenario: Any, frontier: Frontier) -> None:
    """Every start of the run without reserve: hours survived, then tier 1 dark; the other tiers dark from the start."""
    quiet = reserved(without_outages(scenario), None)
    pool = pool_of(compile_community(quiet)).tier_load_kw[0, 0]
    run = ysc.run(quiet)
    soc = run.frame("buildings")["soc_kwh"].to_numpy()
    total, lives = [], []
    sun = pool_of(compile_community(quiet)).generation_kw[0, 0]
    for start in range(24, 144):
        store, served = soc[start - 1], 0
        for step in range(12):
            at = (start + step) % 144
            need = pool[0, at] - sun[at]
            spare = sun[at] - pool[:, at].sum()
            if need > 0 and (need > 10 or store < need / 0.95 - 1e-6):
                break
            store = min(40.0, store - max(need, 0) / 0.95 + min(max(spare, 0), 10) * 0.95)
            served += 1
        damage = 1000.0 * (served < 12)
        for tier, price in enumerate((5200.0, 2900.0, 560.0, 501.0)):
            dark = range(served if tier == 0 else 0, 12)
            kwh = [pool[tier, (start + step) % 144] for step in dark]
            damage += price * (sum(kwh[:1]) + 9 / 38 * sum(kwh[1:]))
        total.append(damage)
        lives.append(served >= 12)
    assert frontier.policies[0].damage_jpy == pytest.approx(np.mean(total), rel=1e-6)
    assert frontier.policies[0].lives_ratio == pytest.approx(np.mean(lives))


def test_a_full_level_stays_full_once_it_is(scenario: Any) -> None:
    kept = ysc.run(reserved(without_outages(scenario), "reserve_level", {"shop": 4.0}, level=0.6))
    soc = kept.frame("buildings")["soc_kwh"].to_numpy()
    assert soc[24:].min() >= 0.6 * 40 - 1e-9
    assert soc.max() > 0.6 * 40 + 1
    charged = kept.frame("buildings")["battery_charge_kwh"].to_numpy()
    free = ysc.run(reserved(without_outages(scenario), None)).frame("buildings")["soc_kwh"].to_numpy()
    assert free.min() < 1
    assert charged[:1].max() <= 4.0 + 1e-9


def test_what_cannot_be_is_refused(scenario: Any) -> None:
    for wrong in ({"levels": (1.2,)}, {"tiers": 5}, {"warm_up_h": 144.0}, {"charge_h": 0.0}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            price_of_an_hour(scenario, promised_h=(3.0,), **wrong)


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_the_page_begins_with_the_price_and_is_inert_and_offline(scenario: Any, frontier: Frontier, lang: str) -> None:
    page = survival_page(survive(scenario, (4.0, 16.0)), frontier, lang)
    assert "<b>" not in page
    assert "http" not in page
    assert page.index("<circle") < page.index("<h3>")
    assert page.count("<circle") == len(frontier.policies)
    assert f"{frontier.table()[1]['extra_jpy']:,.0f}" in page
    assert page.count("<rect") == 24
    assert "<circle" not in survival_page(survive(scenario, (4.0,)), None, lang)


def test_reserves_are_not_wrapped_twice(scenario: Any) -> None:
    once = reserved(scenario, "reserve_curve", hours=3.0)
    twice = reserved(once, "reserve_curve", hours=3.0)
    assert once == twice
    assert dataclasses.replace(once).buildings[0].strategy.inner.kind == "self_consumption"
