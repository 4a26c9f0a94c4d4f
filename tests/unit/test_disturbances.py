"""Frequency at every disturbance of an island: the same numbers as the kernel's, and only where the step is large."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ysc_sim as ysc
from ysc_sim.community.compile import compile_community
from ysc_sim.engine.simulate import run_community
from ysc_sim.resilience import Source, frequency_response
from ysc_sim.results.arrays import Event, RunArrays

NOON = 12 * 3600.0
RULES = {"inertia_s": 4.0, "load_damping_pu": 0.0, "droop_pu": 0.05}
BATTERY = {"kind": "battery", "energy_kwh": 100, "power_kw": 10, "soc_start": 1.0}
ENGINE = {"kind": "genset", "rated_kw": 8, "start_failure": 0.0, "mttf_h": 1e9, "min_load": 0.0, "start_s": 60}


def simulate(tmp_path: Path, devices: list[dict[str, Any]], kw: list[float], **island: Any) -> RunArrays:
    """One building, ``kw`` in the half-hours from noon on and the first of them before; no grid from noon."""
    each = [kw[0]] * 24 + kw + [kw[-1]] * (24 - len(kw))
    lines = [f"2026-08-03 {slot // 2:02d}:{slot % 2 * 30:02d},{each[slot]}" for slot in range(48)]
    (tmp_path / "load.csv").write_text("\n".join(["time,kw", *lines]) + "\n", encoding="utf-8")
    data = {
        "format": 1,
        "time": {"start": "2026-08-03T00:00", "days": 1, "step_s": 1800},
        "island": {"shed_below_soc": [0, 0, 0, 0], "frequency": RULES, **island},
        "buildings": [
            {"id": "a", "profile": "load.csv", "tier_shares": [0.25] * 4, "strategy": {"kind": "none"},
             "devices": devices},
        ],
        "outages": [{"start": "2026-08-03T12:00", "duration_h": 3}],
    }  # fmt: skip
    path = tmp_path / "scenario.yaml"
    path.write_text(json.dumps(data), encoding="utf-8")
    return run_community(compile_community(ysc.load_scenario(path)))


def looked_at(arrays: RunArrays) -> list[Event]:
    return [event for event in arrays.events if not np.isnan(event.frequency_hz)]


def nadir(step_kw: float, before_kw: float) -> float:
    source = Source(rated_kva=10.0, droop_pu=0.05, inertia_s=4.0, p_kw=before_kw, p_min_kw=-10.0)
    return float(frequency_response(step_kw, [source]).nadir_hz[0])


def test_a_large_step_of_demand_is_looked_at_and_a_small_one_is_not(tmp_path: Path) -> None:
    arrays = simulate(tmp_path, [BATTERY], [2.0, 2.0, 2.9, 6.0, 6.0, 1.0])
    assert [(event.t_s - NOON, event.cause) for event in looked_at(arrays)] == [
        (0, "grid_lost"),
        (5400, "step"),
        (9000, "step"),
    ]
    expected = [nadir(2.0, 0.0), nadir(3.1, 2.9), nadir(-5.0, 6.0)]
    assert [event.frequency_hz for event in looked_at(arrays)] == pytest.approx(expected)
    assert expected[1] < 50 < expected[2]


def test_an_engine_that_is_lost_leaves_its_power_to_the_others(tmp_path: Path) -> None:
    # 0.06 · 8 + 0.26 · 3 = 1.26 L/h: half an hour after the start the tank is empty.
    engine = {**ENGINE, "tank_l": 0.63}
    arrays = simulate(tmp_path, [BATTERY, engine], [3.0])
    lost = looked_at(arrays)[-1]
    assert lost.t_s - NOON == pytest.approx(60 + 1800, abs=1e-3)
    assert lost.frequency_hz == pytest.approx(nadir(3.0, 0.0))


def test_energy_of_the_transient_is_what_demand_took_less(tmp_path: Path) -> None:
    arrays = simulate(tmp_path, [BATTERY], [2.0, 6.0], frequency={**RULES, "load_damping_pu": 2.0})
    first, second = looked_at(arrays)
    source = Source(rated_kva=10.0, droop_pu=0.05, inertia_s=4.0, p_kw=2.0, p_min_kw=-10.0)
    found = frequency_response(4.0, [source], load_kw=6.0, load_damping_pu=2.0)
    assert second.frequency_hz == pytest.approx(float(found.nadir_hz[0]))
    assert second.swing_kwh == pytest.approx(float(found.energy_kwh[0, 0]) - 6.0 * 10 / 3600)
    assert second.swing_kwh < 0 > first.swing_kwh
    # The run itself books the powers of before and after.
    assert float(arrays.columns["battery_discharge_kwh"].sum()) == pytest.approx(2.0 / 2 + 6.0 * 2.5)


def test_a_step_can_lose_the_island_at_its_own_instant(tmp_path: Path) -> None:
    # 9.5 kW beyond 0.5 kW on 10 kW with a droop of 12 %: 5.7 Hz lower in the end; relays are too slow.
    rules = {**RULES, "droop_pu": 0.12, "shed_delay_s": 5.0}
    arrays = simulate(tmp_path, [BATTERY], [0.5, 0.5, 9.9], frequency=rules)
    step = looked_at(arrays)[-1]
    assert (step.t_s - NOON, step.cause) == (3600, "step")
    dead = arrays.events[arrays.events.index(step) + 1]
    found = frequency_response(9.4, [Source(rated_kva=10.0, droop_pu=0.12, inertia_s=4.0, p_kw=0.5, p_min_kw=-10.0)])
    assert (dead.to_mode, dead.cause) == ("DEAD", "frequency")
    assert dead.t_s - step.t_s == pytest.approx(found.events[0][1])
    assert arrays.outages[0].cause == "frequency"


def test_an_island_lost_by_frequency_is_started_again_after_a_while(tmp_path: Path) -> None:
    """Without inertia nothing holds; the engine tries again every five minutes and fails until demand has fallen."""
    rules = {"load_damping_pu": 0.0, "droop_pu": 0.2, "restart_s": 300.0}
    arrays = simulate(tmp_path, [ENGINE], [7.0, 1.0], frequency=rules)
    story = [(round(event.t_s - NOON, 3), event.to_mode, event.cause) for event in arrays.events]
    assert story[:4] == [
        (0, "BLACKSTART", "grid_lost"),
        (60, "ISLAND", "started"),
        (60, "ISLAND", "step"),
        (60, "BLACKSTART", "frequency"),
    ]
    assert story[4][:2] == (360, "ISLAND")
    assert [mode for t, mode, _ in story if 1850 < t < 10800] == ["ISLAND"] * 3
