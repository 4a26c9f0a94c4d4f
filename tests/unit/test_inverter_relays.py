"""Grid-following inverters with relays of their own in an island: who trips, for how long, who takes over; by hand."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ysc_sim as ysc
from ysc_sim.community.compile import compile_community
from ysc_sim.engine.simulate import run_community
from ysc_sim.errors import ScenarioError
from ysc_sim.results.arrays import RunArrays

NOON = 12 * 3600.0
# Without inertia frequency is algebraic: −5 % of 50 Hz at full power of what forms.
RULES = {"load_damping_pu": 0.0, "droop_pu": 0.05, "shed_hz": [40.0, 40.0, 40.0], "collapse_hz": 40.0}
BATTERY = {"kind": "battery", "energy_kwh": 1000, "power_kw": 30, "soc_start": 0.5}
FOLLOWER = {
    "kind": "battery",
    "id": "follower",
    "energy_kwh": 1000,
    "power_kw": 4,
    "grid_forming": False,
    "soc_start": 0.5,
}
JAPAN = [{"below_hz": 48.5}, {"above_hz": 51.0}]
SLOW = [{"below_hz": 45.0, "after_s": 5.0}]


def simulate(tmp_path: Path, kw: list[float], **more: Any) -> RunArrays:
    """A battery that forms, sun from a file (3 kW each) on two roofs; demand ``kw`` by half-hours from noon on."""
    each = [kw[0]] * 24 + kw + [kw[-1]] * (24 - len(kw))
    lines = [f"2026-08-03 {slot // 2:02d}:{slot % 2 * 30:02d},{each[slot]}" for slot in range(48)]
    (tmp_path / "load.csv").write_text("\n".join(["time,kw", *lines]) + "\n", encoding="utf-8")
    suns = [f"2026-08-03 {slot // 2:02d}:{slot % 2 * 30:02d},3.0" for slot in range(48)]
    (tmp_path / "sun.csv").write_text("\n".join(["time,kw", *suns]) + "\n", encoding="utf-8")
    sun = {"kind": "solar", "rated_kw": 6, "profile": "sun.csv", "tilt_deg": 20, "azimuth_deg": 180}
    island = {"shed_below_soc": [0, 0, 0, 0], "frequency": RULES, **more.pop("island", {})}
    data = {
        "format": 1,
        "time": {"start": "2026-08-03T00:00", "days": 1, "step_s": 1800},
        "island": island,
        "buildings": [
            {"id": "a", "profile": "load.csv", "strategy": {"kind": "none"},
             "devices": [BATTERY, {**sun, "id": "east"}, {**sun, "id": "west"}]},
        ],
        "outages": [{"start": "2026-08-03T11:55", "duration_h": 3}],
        **more,
    }  # fmt: skip
    path = tmp_path / "scenario.yaml"
    path.write_text(json.dumps(data), encoding="utf-8")
    return run_community(compile_community(ysc.load_scenario(path)))


def told(arrays: RunArrays) -> list[tuple[float, str]]:
    return [(round(event.t_s - NOON, 6), event.cause) for event in arrays.events if event.cause.startswith("inverter")]


def test_a_fall_trips_the_sun_that_waits_and_comes_back(tmp_path: Path) -> None:
    """17 kW of demand more are 17/30 of 2.5 Hz: 48.5 Hz is not passed; 19 kW pass it, and 6 kW of sun go with it."""
    quiet = simulate(tmp_path, [6.0, 23.0], island={"inverters": [{}]})
    assert told(quiet) == []
    arrays = simulate(tmp_path, [6.0, 25.0], island={"inverters": [{"wait_s": 240.0}]})
    assert told(arrays) == [(1801, "inverter_off"), (2041, "inverter_on")]
    assert arrays.columns["unserved_kwh"].sum() == 0
    assert arrays.columns["curtailed_kwh"][25, 0, 0] == pytest.approx(6 * 240 / 3600)
    assert arrays.columns["pv_kwh"][25, 0, 0] == pytest.approx(3 - 6 * 240 / 3600)
    assert arrays.columns["battery_discharge_kwh"][25, 0, 0] == pytest.approx(19 * 0.5 + 6 * 240 / 3600)
    assert arrays.island_residual_kwh[0] < 1e-9
    (step,) = [event for event in arrays.events if event.cause == "step" and event.t_s == NOON + 1800]
    assert step.frequency_hz == pytest.approx(50 - 25 / 30 * 2.5)


def test_what_the_rest_cannot_carry_ends_the_island(tmp_path: Path) -> None:
    """30 kW carry 24 of 30 kW with the sun, but not without it."""
    arrays = simulate(tmp_path, [6.0, 30.5], island={"inverters": [{}]})
    assert [(event.t_s - NOON, event.cause) for event in arrays.events if event.to_mode == "DEAD"] == [
        (1801, "frequency")
    ]


def test_each_by_its_own_curve(tmp_path: Path) -> None:
    inverters = [{"devices": ["a/east"], "relays": JAPAN, "wait_s": 60.0}, {"relays": SLOW}]
    arrays = simulate(tmp_path, [6.0, 25.0], island={"inverters": inverters})
    assert told(arrays) == [(1801, "inverter_off"), (1861, "inverter_on")]
    assert arrays.columns["curtailed_kwh"][25, 0, 0] == pytest.approx(3 * 60 / 3600)
    assert arrays.columns["unserved_kwh"].sum() == 0


def test_a_rise_trips_too(tmp_path: Path) -> None:
    """Demand that falls by 16 kW, with a dead band that frequency does not leave: +1.33 Hz."""
    rules = {**RULES, "sun_deadband_hz": 4.0, "rise_hz": 55.0}
    arrays = simulate(tmp_path, [20.0, 4.0], island={"inverters": [{"wait_s": 30.0}], "frequency": rules})
    assert told(arrays) == [(1801, "inverter_off"), (1831, "inverter_on")]


def test_a_store_that_follows_trips_and_gives_nothing(tmp_path: Path) -> None:
    home = {"id": "a", "profile": "load.csv", "strategy": {"kind": "none"}, "devices": [BATTERY, FOLLOWER]}
    relays = [{"below_hz": 49.3, "after_s": 0.5}]
    arrays = simulate(
        tmp_path, [1.2, 15.0], buildings=[home], island={"inverters": [{"relays": relays, "wait_s": 600.0}]}
    )
    # The step of what forms is 13.8 · 30/36 = 11.5 kW: −0.96 Hz.
    assert told(arrays) == [(1800.5, "inverter_off"), (2400.5, "inverter_on")]
    assert arrays.columns["battery_discharge_kwh"][25, 0, 0] == pytest.approx(7.5)
    assert arrays.columns["unserved_kwh"].sum() == 0


def test_the_loss_of_the_grid_is_a_step_like_any_other(tmp_path: Path) -> None:
    arrays = simulate(tmp_path, [25.5, 25.5], island={"inverters": [{"wait_s": 100.0}]})
    assert told(arrays) == [(-299, "inverter_off"), (-199, "inverter_on")]


def test_rows_with_relays_are_runs_of_their_own(tmp_path: Path) -> None:
    outages = [{"kind": "random", "per_year": 1500, "median_h": 1.0}]
    island = {"inverters": [{"wait_s": 77.0}]}
    together = simulate(tmp_path, [6.0, 25.0] * 12, outages=outages, island=island, ensemble={"seeds": 4}, seed=3)
    assert {event.cause for event in together.events} >= {"inverter_off", "inverter_on"}
    for row in range(4):
        alone = simulate(tmp_path, [6.0, 25.0] * 12, outages=outages, island=island, seed=3 + row)
        mine = [(e.t_s, e.cell, e.to_mode, e.cause) for e in together.events if e.row == row]
        assert mine == [(e.t_s, e.cell, e.to_mode, e.cause) for e in alone.events]
        for name, column in together.columns.items():
            np.testing.assert_array_equal(column[:, row], alone.columns[name][:, 0], err_msg=name)


@pytest.mark.parametrize(
    ("island", "key"),
    [
        ({"inverters": [{"relays": [{"below_hz": 48, "above_hz": 51}]}]}, "relay_needs_one_limit"),
        ({"inverters": [{"relays": [{}]}]}, "relay_needs_one_limit"),
        ({"inverters": [{"relays": [{"below_pu": 0.8}]}]}, "voltage_needs_control"),
        ({"inverters": [{}], "frequency": None}, "relay_needs_frequency"),
        ({"inverters": [{"devices": ["a/roof"]}]}, "inverter_unknown"),
        ({"inverters": [{}, {}]}, "inverter_twice"),
        ({"inverters": [{"devices": ["a/east", "a/east"]}]}, "inverter_twice"),
    ],
)
def test_what_cannot_be_is_refused(tmp_path: Path, island: dict[str, Any], key: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        simulate(tmp_path, [1.0, 1.0], island=island)
    assert key in [problem.key for problem in caught.value.problems]
