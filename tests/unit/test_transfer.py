"""Leaving the grid and joining it, by hand: breaks, engines, frequency, synchronism, waiting."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ysc_sim as ysc
from ysc_sim.community.compile import compile_community
from ysc_sim.engine.modes import MODES, TRANSITIONS, follow
from ysc_sim.engine.simulate import run_community
from ysc_sim.errors import InvariantError, ScenarioError
from ysc_sim.resilience import synchronising_time_s
from ysc_sim.results.arrays import RunArrays

NOON = 12 * 3600.0
OUTAGE = {"start": "2026-08-03T12:00", "duration_h": 2}
BATTERY = {"kind": "battery", "energy_kwh": 100, "power_kw": 10, "soc_start": 0.5}
ENGINE = {"kind": "genset", "rated_kw": 10, "start_failure": 0.0, "mttf_h": 1e9, "min_load": 0.0}


def simulate(
    tmp_path: Path,
    devices: list[dict[str, Any]],
    *,
    island: dict[str, Any] | None = None,
    outage: dict[str, Any] | None = None,
    **more: Any,
) -> RunArrays:
    """A building with 4 kW all day, a quarter in each tier."""
    lines = [f"2026-08-03 {slot // 2:02d}:{slot % 2 * 30:02d},4.0" for slot in range(48)]
    (tmp_path / "flat.csv").write_text("\n".join(["time,kw", *lines]) + "\n", encoding="utf-8")
    building = {"id": "a", "profile": "flat.csv", "tier_shares": [0.25] * 4, "strategy": {"kind": "none"}}
    data = {
        "format": 1,
        "time": {"start": "2026-08-03T00:00", "days": 1, "step_s": 1800},
        "island": {"shed_below_soc": [0, 0, 0, 0], **(island or {})},
        "buildings": [{**building, "devices": devices}],
        "outages": [outage or OUTAGE],
        **more,
    }
    path = tmp_path / "scenario.yaml"
    path.write_text(json.dumps(data), encoding="utf-8")
    return run_community(compile_community(ysc.load_scenario(path)))


def story(arrays: RunArrays) -> list[tuple[float, str, str]]:
    return [(round(event.t_s - NOON, 6), event.to_mode, event.cause) for event in arrays.events]


def unserved(arrays: RunArrays) -> float:
    return float(arrays.columns["unserved_kwh"].sum())


def test_a_break_where_the_formers_could_not_take_over(tmp_path: Path) -> None:
    weak = {**BATTERY, "power_kw": 3}
    arrays = simulate(tmp_path, [weak], island={"break_s": 90})
    assert story(arrays) == [
        (0, "TRANSFER", "grid_lost"),
        (90, "ISLAND", "transferred"),
        (7200, "GRID", "grid_returned"),
    ]
    # 4 kW for 90 s, then the 1 kW of tier 4.
    assert unserved(arrays) == pytest.approx(4 * 90 / 3600 + 1 * (7200 - 90) / 3600)
    assert arrays.outages[0].cause == "none"
    strong = simulate(tmp_path, [BATTERY], island={"break_s": 90})
    assert story(strong)[0] == (0, "ISLAND", "grid_lost")
    announced = simulate(tmp_path, [weak], island={"break_s": 90}, outage={**OUTAGE, "notice_h": 2})
    assert story(announced)[0] == (0, "ISLAND", "planned")


def test_an_engine_starts_after_its_time_and_carries_the_load(tmp_path: Path) -> None:
    arrays = simulate(tmp_path, [{**ENGINE, "start_s": 40}])
    assert story(arrays) == [
        (0, "BLACKSTART", "grid_lost"),
        (40, "ISLAND", "started"),
        (7200, "GRID", "grid_returned"),
    ]
    assert unserved(arrays) == pytest.approx(4 * 40 / 3600)
    assert float(arrays.columns["genset_kwh"].sum()) == pytest.approx(4 * (7200 - 40) / 3600)
    assert arrays.outages[0].survived_h == 2.0


def test_an_engine_stops_when_the_switch_to_the_grid_closes(tmp_path: Path) -> None:
    rules = {"synchronise": {"slip_hz": 0.0, "max_angle_deg": 180, "hold_s": 100}}
    arrays = simulate(tmp_path, [{**ENGINE, "start_s": 40, "min_load": 0.5}], island=rules)
    assert story(arrays)[-1] == (7300, "GRID", "synchronised")
    assert float(arrays.columns["genset_kwh"].sum()) == pytest.approx(4 * (7300 - 40) / 3600)


def test_an_engine_that_does_not_start_leaves_the_cell_dark(tmp_path: Path) -> None:
    arrays = simulate(tmp_path, [{**ENGINE, "start_s": 40, "start_failure": 1.0, "repair_h": 100}])
    assert story(arrays)[:2] == [(0, "BLACKSTART", "grid_lost"), (40, "DEAD", "start")]
    record = arrays.outages[0]
    assert (record.cause, record.device) == ("start", "a/genset")
    assert record.survived_h == pytest.approx(40 / 3600)


def test_a_repaired_engine_starts_a_dark_cell_again(tmp_path: Path) -> None:
    # It fails at once, is repaired after half an hour, and then fails again: draws are fixed by the seed.
    arrays = simulate(tmp_path, [{**ENGINE, "start_s": 40, "start_failure": 0.5, "repair_h": 0.5}], seed=5)
    modes = [mode for _, mode, _ in story(arrays)]
    assert modes[0] == "BLACKSTART"
    assert "ISLAND" in modes


def test_the_battery_bridges_the_start_of_the_engine(tmp_path: Path) -> None:
    arrays = simulate(tmp_path, [BATTERY, {**ENGINE, "start_s": 60}])
    assert unserved(arrays) == 0.0
    assert [mode for _, mode, _ in story(arrays)] == ["ISLAND", "GRID"]
    assert float(arrays.columns["battery_discharge_kwh"].sum()) == pytest.approx(4 * 60 / 3600)
    assert float(arrays.columns["genset_kwh"].sum()) == pytest.approx(4 * (7200 - 60) / 3600)


def test_a_tank_that_is_empty_ends_the_island_at_its_second(tmp_path: Path) -> None:
    # 0.06 · 10 + 0.26 · 4 = 1.64 L an hour: 1.64 L last an hour after the start.
    arrays = simulate(tmp_path, [{**ENGINE, "start_s": 40, "tank_l": 1.64}])
    assert [event[1] for event in story(arrays)] == ["BLACKSTART", "ISLAND", "DEAD", "GRID"]
    assert story(arrays)[2][0] == pytest.approx(3640, abs=1e-3)


def test_frequency_can_lose_an_island_that_power_would_have_kept(tmp_path: Path) -> None:
    # 4 kW on a 3 kW droop inverter: shedding would do, but without inertia frequency falls through at once.
    weak = {**BATTERY, "power_kw": 3}
    rules = {"frequency": {"load_damping_pu": 0.0}}
    lost = simulate(tmp_path, [weak], island=rules)
    assert story(lost)[:2] == [(0, "ISLAND", "grid_lost"), (0, "DEAD", "frequency")]
    assert (lost.outages[0].cause, lost.outages[0].survived_h) == ("frequency", 0.0)
    # With H = 5 s on 3 kW: RoCoF −4·50/30 = −6.7 Hz/s, relays at 49.0, 48.7 and 48.4 Hz have time to act.
    rules = {"frequency": {"load_damping_pu": 0.0, "inertia_s": 5.0, "shed_delay_s": 0.02, "restore_s": 600}}
    kept = simulate(tmp_path, [weak], island=rules)
    relays = [cause for _, _, cause in story(kept) if cause.startswith("relay")]
    assert relays == ["relay_tier4", "relay_tier3"]
    assert [mode for _, mode, cause in story(kept) if cause not in ("step", *relays)] == ["ISLAND", "GRID"]
    assert 48.4 < kept.events[0].frequency_hz < 48.7
    tiers = [float(kept.columns[f"unserved_kwh_tier{tier}"].sum()) for tier in (1, 2, 3, 4)]
    assert tiers[0] == 0.0
    # Tier 4 stays off anyway: the battery gives 3 kW. What the relays shed beyond it comes back after ten minutes.
    assert tiers[3] == pytest.approx(2.0, abs=1e-3)
    assert tiers[2] in (0.0, pytest.approx(600 / 3600, abs=1e-3))


def test_an_island_joins_when_it_is_in_step(tmp_path: Path) -> None:
    rules = {"synchronise": {"slip_hz": 0.05, "max_angle_deg": 10, "hold_s": 0.5}}
    arrays = simulate(tmp_path, [BATTERY], island=rules)
    assert [mode for _, mode, _ in story(arrays)] == ["ISLAND", "SYNC", "GRID"]
    waited = story(arrays)[2][0] - 7200
    angle = 360.0 * compiled_rows(tmp_path).generator(0, "community", f"angle {NOON + 7200:.3f}").random() - 180.0
    assert waited == pytest.approx(
        float(synchronising_time_s(0.05, angle, 0.01, max_angle_deg=10, hold_s=0.5)), abs=1e-6
    )
    # The battery goes on carrying the building until the switch closes, and not longer.
    assert float(arrays.columns["battery_discharge_kwh"].sum()) == pytest.approx(4 * (7200 + waited) / 3600)


def compiled_rows(tmp_path: Path) -> Any:
    return compile_community(ysc.load_scenario(tmp_path / "scenario.yaml")).site.rows


def test_an_island_that_never_comes_into_step_joins_dark(tmp_path: Path) -> None:
    rules = {"synchronise": {"slip_hz": 0.5, "give_up_s": 120}, "break_s": 30}
    arrays = simulate(tmp_path, [BATTERY], island=rules)
    assert story(arrays) == [
        (0, "ISLAND", "grid_lost"),
        (7200, "SYNC", "grid_returned"),
        (7320, "DEAD", "sync"),
        (7350, "GRID", "grid_returned"),
    ]
    assert unserved(arrays) == pytest.approx(4 * 30 / 3600)
    assert (arrays.outages[0].cause, arrays.outages[0].survived_h) == ("sync", 2.0)


def test_generation_waits_after_a_dark_return(tmp_path: Path) -> None:
    sun = {"kind": "solar", "rated_kw": 10, "tilt_deg": 20, "azimuth_deg": 180}
    outage = {"start": "2026-08-03T11:00", "duration_h": 0.5}
    plain = simulate(tmp_path, [sun], outage=outage)
    waiting = simulate(tmp_path, [sun], outage=outage, island={"wait_s": 300, "ramp_s": 300})
    ends = [(event.t_s - 11.5 * 3600, event.to_mode) for event in waiting.events[-2:]]
    assert ends == [(0.0, "RECOVER"), (600.0, "GRID")]
    slot = 23
    before = float(plain.columns["pv_kwh"][slot, 0, 0])
    # 300 s nothing, then ten stairs of 30 s: 0, 0.1, …, 0.9.
    lost = before * (300 + sum(30 * (1 - k / 10) for k in range(10))) / 1800
    assert before - float(waiting.columns["pv_kwh"][slot, 0, 0]) == pytest.approx(lost)
    assert float(waiting.columns["curtailed_kwh"][slot, 0, 0]) == pytest.approx(lost)
    assert float(waiting.columns["unserved_kwh"][slot, 0, 0]) == 0.0


def test_the_next_outage_catches_an_island_that_waits_for_its_step(tmp_path: Path) -> None:
    rules = {"synchronise": {"slip_hz": 0.0, "hold_s": 900, "max_angle_deg": 180, "give_up_s": 1000}}
    second = {"start": "2026-08-03T14:10", "duration_h": 1}
    arrays = simulate(tmp_path, [BATTERY], island=rules, outages=[OUTAGE, second])
    assert [mode for _, mode, _ in story(arrays)] == ["ISLAND", "SYNC", "ISLAND", "SYNC", "GRID"]
    assert unserved(arrays) == 0.0
    assert float(arrays.columns["battery_discharge_kwh"].sum()) == pytest.approx(4 * (3 + 1 / 6 + 0.25))


def test_windows_of_synchronism_against_small_steps() -> None:
    rng = np.random.default_rng(3)
    for _ in range(200):
        slip, angle = rng.uniform(-0.4, 0.4), rng.uniform(-180, 180)
        window, hold = rng.uniform(1, 60), rng.uniform(0, 2)
        t = np.arange(0, 30, 1e-3)
        inside = np.abs((angle + 360 * slip * t + 180) % 360 - 180) <= window
        since = np.where(inside, 0, t)
        held = t - np.maximum.accumulate(np.where(inside, -np.inf, since))
        held = np.where(np.isinf(held), t, held)
        ready = np.flatnonzero(inside & (held >= hold))
        found = float(synchronising_time_s(slip, angle, max_slip_hz=1.0, max_angle_deg=window, hold_s=hold))
        if np.isfinite(found) and found < 29:
            assert t[ready[0]] == pytest.approx(found, abs=5e-3)
        elif np.isinf(found):
            assert not ready.size or abs(2 * window / (360 * abs(slip)) - hold) < 5e-3


@pytest.mark.parametrize("name", ["max_slip_hz", "max_voltage_pu", "max_angle_deg", "hold_s"])
def test_negative_windows_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        synchronising_time_s(0.1, 0.0, **{name: -1.0})


def test_every_transition_leads_to_a_declared_mode_and_no_other_exists() -> None:
    names = {mode.name for mode in MODES}
    assert {MODES[after].name for after in TRANSITIONS.values()} == names
    triggers = {trigger for _, trigger in TRANSITIONS}
    for mode in range(len(MODES)):
        for trigger in triggers:
            if (mode, trigger) not in TRANSITIONS:
                with pytest.raises(InvariantError, match=MODES[mode].name):
                    follow(mode, trigger)


def test_rules_that_contradict_each_other_are_told(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="inertia_s"):
        simulate(tmp_path, [BATTERY], island={"frequency": {"lag_s": 0.5}})
    with pytest.raises(ScenarioError, match="collapse_hz"):
        simulate(tmp_path, [BATTERY], island={"frequency": {"nominal_hz": 60}})
