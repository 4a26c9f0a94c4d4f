"""Engines of an island that run while its stores are low or weak, and not longer; by hand."""

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

BATTERY = {"kind": "battery", "energy_kwh": 10, "power_kw": 10, "soc_start": 1.0}
ENGINE = {"kind": "genset", "rated_kw": 8, "start_failure": 0.0, "mttf_h": 1e9, "min_load": 0.0, "start_s": 60,
          "tank_l": 500}  # fmt: skip
RULES = {"start_below_soc": 0.3, "stop_above_soc": 0.8}


def simulate(tmp_path: Path, devices: list[dict[str, Any]], kw: list[float] | None = None, **more: Any) -> RunArrays:
    each = [4.0] * 48 if kw is None else kw
    lines = [f"2026-08-03 {slot // 2:02d}:{slot % 2 * 30:02d},{each[slot]}" for slot in range(48)]
    (tmp_path / "load.csv").write_text("\n".join(["time,kw", *lines]) + "\n", encoding="utf-8")
    island = {"shed_below_soc": [0, 0, 0, 0], "engines": RULES, **more.pop("island", {})}
    data = {
        "format": 1,
        "time": {"start": "2026-08-03T00:00", "days": 1, "step_s": 1800},
        "island": island,
        "buildings": [{"id": "a", "profile": "load.csv", "strategy": {"kind": "none"}, "devices": devices}],
        "outages": [{"start": "2026-08-03T00:00", "duration_h": 12}],
        **more,
    }
    path = tmp_path / "scenario.yaml"
    path.write_text(json.dumps(data), encoding="utf-8")
    return run_community(compile_community(ysc.load_scenario(path)))


def test_the_engine_starts_at_its_level_and_carries_the_demand(tmp_path: Path) -> None:
    """7 kWh at 95 % carry 4 kW for 1.6625 h; the engine gives power a minute later, to the end."""
    arrays = simulate(tmp_path, [BATTERY, ENGINE])
    run_h = 12 - 1.6625 - 60 / 3600
    assert arrays.columns["genset_kwh"].sum() == pytest.approx(4 * run_h)
    assert arrays.columns["battery_discharge_kwh"].sum() == pytest.approx(4 * (12 - run_h))
    assert arrays.columns["unserved_kwh"].sum() == 0
    assert arrays.outages[0].cause == "none"


def test_one_that_charges_stops_at_its_level_and_starts_again(tmp_path: Path) -> None:
    """It gives its 8 kW: 4 to the demand, 4 to the store, until 80 % are in it."""
    arrays = simulate(tmp_path, [BATTERY, ENGINE], island={"engines": {**RULES, "charge": True}})
    low = 3.0 - 4 * 60 / 3600 / 0.95
    fall_h, rise_h = (8.0 - 3.0) * 0.95 / 4, (8.0 - low) / 0.95 / 4
    cycle_h = fall_h + 60 / 3600 + rise_h
    left_h = 12 - 1.6625 - 60 / 3600
    runs_h = 0.0
    while left_h > 0:
        runs_h += min(rise_h, left_h)
        left_h -= cycle_h
    assert arrays.columns["genset_kwh"].sum() == pytest.approx(8 * runs_h, rel=1e-6)
    assert arrays.columns["unserved_kwh"].sum() == 0
    assert arrays.island_residual_kwh[0] < 1e-9


def test_stores_that_are_too_weak_call_it(tmp_path: Path) -> None:
    kw = [4.0] * 4 + [9.0] * 2 + [4.0] * 42
    weak = {**BATTERY, "energy_kwh": 200, "power_kw": 6}
    arrays = simulate(tmp_path, [weak, ENGINE], kw)
    assert arrays.columns["genset_kwh"][:4].sum() == 0
    # Called at once, it carries 8 of the 9 kW: engines come before stores.
    assert arrays.columns["genset_kwh"][4:6, 0, 0] == pytest.approx([8 * (0.5 - 60 / 3600), 4.0])
    assert arrays.columns["genset_kwh"][8:].sum() == 0
    assert arrays.columns["unserved_kwh"].sum() == pytest.approx(3 * 60 / 3600)


def test_without_stores_and_without_rules_engines_run_all_the_time(tmp_path: Path) -> None:
    for devices, island in (([ENGINE], {}), ([BATTERY, ENGINE], {"engines": None})):
        arrays = simulate(tmp_path, devices, island=island)
        assert arrays.columns["genset_kwh"].sum() == pytest.approx(4 * (12 - 60 / 3600))


def test_an_unloaded_stop_is_no_disturbance_and_rows_are_runs_of_their_own(tmp_path: Path) -> None:
    island = {"engines": {**RULES, "charge": True}, "frequency": {"inertia_s": 3.0}}
    outages = [{"kind": "random", "per_year": 900, "median_h": 5.0}]
    together = simulate(tmp_path, [BATTERY, ENGINE], outages=outages, island=island, ensemble={"seeds": 3}, seed=8)
    assert {event.cause for event in together.events} >= {"grid_lost", "grid_returned"}
    assert "frequency" not in {event.cause for event in together.events}
    for row in range(3):
        alone = simulate(tmp_path, [BATTERY, ENGINE], outages=outages, island=island, seed=8 + row)
        mine = [(e.t_s, e.to_mode, e.cause) for e in together.events if e.row == row]
        assert mine == [(e.t_s, e.to_mode, e.cause) for e in alone.events]
        for name, column in together.columns.items():
            np.testing.assert_array_equal(column[:, row], alone.columns[name][:, 0], err_msg=name)


def test_levels_that_cross_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError) as caught:
        simulate(tmp_path, [], island={"engines": {"start_below_soc": 0.8, "stop_above_soc": 0.8}})
    assert [problem.key for problem in caught.value.problems] == ["engines_stop_below_start"]
