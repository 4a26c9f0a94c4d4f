"""No strategy beats the bound, whatever the community, the tariff and the wires."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ysc_sim as ysc
from ysc_sim.scenario.load import parse_scenario
from ysc_sim.study.bound import Values, bound_of
from ysc_sim.study.strategies import try_strategy

TRIED: list[dict[str, Any]] = [
    {"kind": "none"},
    {"kind": "self_consumption"},
    {"kind": "peak_cut", "target_kw": 8.0},
    {"kind": "demand_controller", "target_kw": 8.0},
    {"kind": "aircon_rotation", "target_kw": 8.0},
    {"kind": "constant_draw"},
    {"kind": "tou_arbitrage"},
    {"kind": "ev_smart_charging"},
    {"kind": "group_peak_cut"},
    {"kind": "mpc", "horizon_slots": 24, "replan_slots": 8},
    {"kind": "optimal"},
]
PROFILES = ("office", "shop", "clinic", "detached120_gas")
PLANS = ("tepco_hv_basic_2026", "kyuden_hv_industrial_tou_a", "tepco_lv_meter_rate_b")


def building(number: int, draw: Any) -> str:
    devices = []
    if draw(st.booleans()):
        devices.append(
            f"{{kind: battery, energy_kwh: {draw(st.integers(2, 60))}, power_kw: {draw(st.integers(1, 30))}}}"
        )
    if draw(st.booleans()):
        devices.append(f"{{kind: solar, rated_kw: {draw(st.integers(1, 40))}}}")
    if draw(st.booleans()):
        devices.append("{kind: ev, charge: departure, discharge_kw: 6, trip_kwh: 8}")
    if draw(st.booleans()):
        devices.append("{kind: switchable_load, profile: office, load_kwh_per_year: 20000, comfort_jpy_per_kwh: 30}")
    profile = draw(st.sampled_from(PROFILES))
    ban = draw(st.sampled_from(("allowed", "allowed", "forbidden")))
    said = f"id: b{number}, profile: {profile}, load_kwh_per_year: 50000, export: {ban}"
    return f"  - {{{said}, devices: [{', '.join(devices)}]}}"


@st.composite
def scenarios(draw: Any) -> str:
    wires = draw(st.sampled_from(("private_line", "utility")))
    market = draw(st.sampled_from(("none", "call_auction")))
    lines = [
        "format: 1",
        f"time: {{start: 2026-07-3{draw(st.integers(0, 1))}T00:00, days: 3, step_s: 1800}}",
        f"tariff: {{plan: {draw(st.sampled_from(PLANS))}, previous_kw: [3, 6], export_jpy_per_kwh: 8.5}}",
        f"wires: {wires}",
        f"market: {{kind: {market}}}",
        "buildings:",
        *(building(number, draw) for number in range(draw(st.integers(1, 3)))),
    ]
    if draw(st.booleans()):
        lines += ["outages:", "  - {start: 2026-08-01T10:00, duration_h: 2}"]
    return "\n".join(lines)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(scenarios(), st.lists(st.sampled_from(TRIED), min_size=2, max_size=3, unique_by=str))
def test_bound_is_never_beaten(text: str, strategies: list[dict[str, Any]]) -> None:
    scenario: ysc.Scenario = parse_scenario(text, folder=Path())
    values = Values(wear_jpy_per_kwh=3.0, unserved_jpy_per_kwh=200.0, stored_jpy_per_kwh=15.0)
    base = try_strategy(scenario, {"kind": "none"}, values)
    bound = bound_of(base.community, base.arrays, values).total_jpy[0]
    for strategy in strategies:
        total = try_strategy(scenario, strategy, values).costs.total_jpy[0]
        assert total >= bound - 1e-5 * abs(bound) - 0.01, strategy
        assert total == pytest.approx(total)
