"""Shedding, restoration, cold loads and power sharing, by hand."""

import json
import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

import ysc_sim as ysc
from ysc_sim.community.compile import compile_community
from ysc_sim.community.segments import Segments
from ysc_sim.engine.shedding import Queue, start_shedding
from ysc_sim.engine.simulate import run_community
from ysc_sim.errors import ScenarioError
from ysc_sim.results.arrays import RunArrays
from ysc_sim.scenario.island import Shedding

BATTERY = {"kind": "battery", "energy_kwh": 200, "power_kw": 4, "soc_start": 1.0}


def write(tmp_path: Path, loads: dict[str, float], devices: list[dict[str, Any]], **more: Any) -> Path:
    """Buildings with constant demand in one tier; all devices stand in ``a``. No grid from noon for three hours."""
    for kw in set(loads.values()):
        lines = [f"2026-08-03 {slot // 2:02d}:{slot % 2 * 30:02d},{kw}" for slot in range(48)]
        (tmp_path / f"flat{kw:g}.csv").write_text("\n".join(["time,kw", *lines]) + "\n", encoding="utf-8")
    island = {"shed_below_soc": [0, 0, 0, 0], **more.pop("island", {})}
    data = {
        "format": 1,
        "time": {"start": "2026-08-03T00:00", "days": 1, "step_s": 1800},
        "wires": "private_line",
        "island": island,
        "buildings": [
            {
                "id": name,
                "profile": f"flat{kw:g}.csv",
                "tier_shares": [0, 0, 0, 1],
                "strategy": {"kind": "none"},
                "devices": devices if name == "a" else [],
            }
            for name, kw in loads.items()
        ],
        "outages": [{"start": "2026-08-03T12:00", "duration_h": 3}],
        **more,
    }
    path = tmp_path / "scenario.yaml"
    path.write_text(json.dumps(data), encoding="utf-8")
    return path


def simulate(tmp_path: Path, loads: dict[str, float], devices: list[dict[str, Any]], **more: Any) -> RunArrays:
    return run_community(compile_community(ysc.load_scenario(write(tmp_path, loads, devices, **more))))


def unserved(arrays: RunArrays) -> list[float]:
    return [round(float(x), 9) for x in arrays.columns["unserved_kwh"].sum(axis=(0, 1))]


def test_by_turns_everybody_is_off_for_the_same_time(tmp_path: Path) -> None:
    # 4 kW for three buildings of 2 kW: two are on; after an hour each was off for 20 minutes.
    shedding = {"inside_tier": "turns", "turn_s": 1200}
    arrays = simulate(tmp_path, {"a": 2.0, "b": 2.0, "c": 2.0}, [BATTERY], island={"shedding": shedding})
    assert unserved(arrays) == [2.0, 2.0, 2.0]
    assert float(arrays.columns["island_served_kwh_tier4"].sum()) == pytest.approx(12.0)
    fixed = simulate(tmp_path, {"a": 2.0, "b": 2.0, "c": 2.0}, [BATTERY], island={"shedding": {"inside_tier": "fixed"}})
    assert unserved(fixed) == [0.0, 0.0, 6.0]


def test_alike_serves_all_in_part_and_whole_buildings_leave_a_rest(tmp_path: Path) -> None:
    loads = {"a": 1.0, "b": 3.0, "c": 2.0}
    alike = simulate(tmp_path, loads, [BATTERY])
    assert unserved(alike) == pytest.approx([1.0, 3.0, 2.0])
    # In the order of names 1 + 3 kW fit; the largest first: 3 + 1.
    for rule, expected in (("fixed", [0, 0, 6]), ("largest_first", [0, 0, 6])):
        arrays = simulate(tmp_path, loads, [BATTERY], island={"shedding": {"inside_tier": rule}})
        assert unserved(arrays) == expected
    small = simulate(
        tmp_path, loads, [{**BATTERY, "power_kw": 2.5}], island={"shedding": {"inside_tier": "largest_first"}}
    )
    assert unserved(small) == [3, 9, 0]


def test_who_was_switched_off_rests(tmp_path: Path) -> None:
    # Turns of ten minutes, but nobody is switched on again within an hour of being switched off.
    loads = {"a": 2.0, "b": 2.0, "c": 2.0}
    shedding = {"inside_tier": "turns", "turn_s": 600, "min_off_s": 3600}
    arrays = simulate(tmp_path, loads, [BATTERY], island={"shedding": shedding})
    # c rests for the first hour; then it takes the place of a, which rests for the second; then that of b.
    assert unserved(arrays) == [2.0, 2.0, 2.0]
    kept = simulate(tmp_path, loads, [BATTERY], island={"shedding": {**shedding, "min_off_s": 0, "min_on_s": 10800}})
    assert unserved(kept) == [2.0, 0.0, 4.0] or sum(unserved(kept)) == pytest.approx(6.0)


def test_the_order_of_tiers_can_be_turned_round(tmp_path: Path) -> None:
    path = write(tmp_path, {"a": 4.0, "b": 4.0}, [BATTERY], island={"shedding": {"order": [4, 3, 2, 1]}})
    data = json.loads(path.read_text(encoding="utf-8"))
    data["buildings"][0]["tier_shares"] = [1, 0, 0, 0]
    path.write_text(json.dumps(data), encoding="utf-8")
    arrays = run_community(compile_community(ysc.load_scenario(path)))
    assert unserved(arrays) == [12.0, 0.0]
    assert arrays.outages[0].unserved_kwh == pytest.approx((12.0, 0, 0, 0))
    with pytest.raises(ScenarioError, match="Each"):
        write_and_load(tmp_path, island={"shedding": {"order": [1, 1, 2, 3]}})


def write_and_load(tmp_path: Path, **more: Any) -> Any:
    return ysc.load_scenario(write(tmp_path, {"a": 4.0}, [BATTERY], **more))


def test_tiers_come_back_one_after_the_other_after_a_black_start(tmp_path: Path) -> None:
    engine = {"kind": "genset", "rated_kw": 10, "start_failure": 0.0, "mttf_h": 1e9, "min_load": 0.0, "start_s": 40}
    path = write(tmp_path, {"a": 4.0}, [engine], island={"shedding": {"pick_up_s": 60}})
    data = json.loads(path.read_text(encoding="utf-8"))
    data["buildings"][0]["tier_shares"] = [0.25] * 4
    path.write_text(json.dumps(data), encoding="utf-8")
    arrays = run_community(compile_community(ysc.load_scenario(path)))
    expected = [(40 + 60 * k) / 3600 for k in range(4)]
    assert arrays.outages[0].unserved_kwh == pytest.approx(expected)


def test_a_tier_waits_until_the_stores_have_recovered(tmp_path: Path) -> None:
    """Full sun from 11:00; tier 4 is shed below half and comes back at 0.6, not at 0.5."""
    sun = {"kind": "solar", "rated_kw": 30, "tilt_deg": 20, "azimuth_deg": 180}
    battery = {**BATTERY, "energy_kwh": 150, "power_kw": 30, "soc_start": 0.4}

    def back(restore: list[float] | None) -> float:
        shedding = {} if restore is None else {"restore_above_soc": restore}
        rules = {"shed_below_soc": [0, 0, 0, 0.5], "shedding": shedding}
        outage = [{"start": "2026-08-03T06:00", "duration_h": 15}]
        arrays = simulate(tmp_path, {"a": 8.0}, [battery, sun], island=rules, outages=outage)
        return float(arrays.columns["unserved_kwh"].sum())

    assert back([0, 0, 0, 0.5]) == pytest.approx(back(None))
    assert back([0, 0, 0, 0.9]) > back([0, 0, 0, 0.6]) >= back(None)


def test_cold_load_after_a_dark_outage_in_closed_form(tmp_path: Path) -> None:
    cold = {"peak": 3.0, "build_s": 3600.0, "decay_s": 1800.0}
    arrays = simulate(tmp_path, {"a": 4.0}, [], island={"cold_load": cold})
    excess = 2.0 * (1 - math.exp(-3))
    total = 4.0 * excess * 0.5 * (1 - math.exp(-9 * 2))
    assert float(arrays.columns["pickup_kwh"].sum()) == pytest.approx(total, rel=1e-5)
    # The first half-hour: exact mean of the exponential.
    first = 4.0 * excess * 0.5 * (1 - math.exp(-1))
    assert arrays.columns["pickup_kwh"][30, 0, 0] == pytest.approx(first)
    assert arrays.columns["import_kwh"][30, 0, 0] == pytest.approx(2.0 + first)
    assert float(arrays.columns["unserved_kwh"].sum()) == pytest.approx(12.0)
    held = simulate(tmp_path, {"a": 4.0}, [], island={"cold_load": {**cold, "hold_s": 600}})
    assert float(held.columns["pickup_kwh"].sum()) == pytest.approx(total + 4.0 * excess * 600 / 3600, rel=1e-5)


def test_cold_load_counts_when_a_turn_begins(tmp_path: Path) -> None:
    # 2 kW each, 4.5 kW to give: once off, a building needs up to 4 kW, so that it waits until another one is off too.
    loads = {"a": 2.0, "b": 2.0, "c": 2.0}
    rules = {"shedding": {"inside_tier": "turns", "turn_s": 1800}}
    cold = {"peak": 3.0, "build_s": 60.0, "decay_s": 600.0}
    battery = {**BATTERY, "power_kw": 4.5}
    plain = simulate(tmp_path, loads, [battery], island=rules)
    heavy = simulate(tmp_path, loads, [battery], island={**rules, "cold_load": cold})
    assert unserved(plain) == [2.0, 2.0, 2.0]
    assert sum(unserved(heavy)) > 6.0
    power = heavy.columns["battery_discharge_kwh"].sum(axis=(1, 2)) * 2
    assert (power <= 4.5 + 1e-9).all()


def test_stores_share_by_droop_by_charge_or_one_after_the_other(tmp_path: Path) -> None:
    one = {"id": "one", "kind": "battery", "energy_kwh": 10, "power_kw": 5, "soc_start": 1.0, "discharge_efficiency": 1}
    two = {**one, "id": "two", "energy_kwh": 30}

    def given(sharing: str, **more: Any) -> Any:
        arrays = simulate(tmp_path, {"a": 4.0}, [one, two], island={"sharing": sharing, **more})
        assert unserved(arrays) == [0.0]
        return arrays

    halves = given("droop").columns["soc_kwh"][-1, 0, 0]
    assert halves == pytest.approx(40 - 12)

    def inside(sharing: str, **more: Any) -> list[float]:
        """Energy that each battery gave, found by its own run with the other in another building's name."""
        path = write(tmp_path, {"a": 4.0, "b": 0.002}, [one], island={"sharing": sharing, **more})
        data = json.loads(path.read_text(encoding="utf-8"))
        data["buildings"][1]["devices"] = [two]
        path.write_text(json.dumps(data), encoding="utf-8")
        arrays = run_community(compile_community(ysc.load_scenario(path)))
        return [float(x) for x in arrays.columns["battery_discharge_kwh"].sum(axis=(0, 1))]

    total = 12.006
    assert inside("droop") == pytest.approx([total / 2, total / 2])
    assert inside("master_slave") == pytest.approx([10.0, total - 10.0])
    assert inside("master_slave", formers=["b/two"]) == pytest.approx([0.0, total])
    first, second = inside("soc")
    assert first < total / 2 < second
    # By charge: what is left over is nearer to equal shares of the energies than under droop.
    assert abs((10 - first) / 10 - (30 - second) / 30) < abs((10 - total / 2) / 10 - (30 - total / 2) / 30)
    with pytest.raises(ScenarioError, match="three"):
        write_and_load(tmp_path, island={"formers": ["a/three"]})


def test_rows_with_turns_and_cold_loads_are_runs_of_their_own(tmp_path: Path) -> None:
    rules = {
        "shed_below_soc": [0, 0.1, 0.2, 0.3],
        "sharing": "soc",
        "shedding": {"inside_tier": "turns", "turn_s": 700, "min_on_s": 300, "min_off_s": 400, "pick_up_s": 30,
                     "restore_above_soc": [0.05, 0.2, 0.3, 0.4]},
        "cold_load": {"peak": 2.0},
    }  # fmt: skip
    loads = {"a": 2.0, "b": 1.5, "c": 1.0, "d": 2.5}
    devices = [
        {**BATTERY, "energy_kwh": 12},
        {"kind": "battery", "id": "more", "energy_kwh": 6, "power_kw": 2},
        {"kind": "solar", "rated_kw": 6, "tilt_deg": 20, "azimuth_deg": 180},
    ]
    outages = [{"kind": "random", "per_year": 2500, "median_h": 1.0}]
    together = simulate(tmp_path, loads, devices, island=rules, outages=outages, ensemble={"seeds": 5})
    assert float(together.columns["pickup_kwh"].sum()) > 0
    for row in range(5):
        alone = simulate(tmp_path, loads, devices, island=rules, outages=outages, seed=1 + row)
        mine = [(e.t_s, e.cell, e.to_mode, e.cause) for e in together.events if e.row == row]
        assert mine == [(e.t_s, e.cell, e.to_mode, e.cause) for e in alone.events]
        for name, column in together.columns.items():
            np.testing.assert_array_equal(column[:, row], alone.columns[name][:, 0], err_msg=name)


def test_a_rest_that_begins_between_seconds_ends(tmp_path: Path) -> None:
    """(s + 400) − s < 400 in floating point for many s: who had rested was asked for ever whether it had."""
    since = next(s for s in 700.0 + np.arange(1, 99) / 97.0 if (s + 400.0) - s < 400.0)
    rules = Shedding(inside_tier="fixed", min_off_s=400.0)
    group = np.zeros(2, dtype=np.int64)
    community = SimpleNamespace(
        island=SimpleNamespace(shedding=rules), cells=("community",), cell_of=Segments(group, 1)
    )
    memory = start_shedding(rules, 1, 2, 1)
    memory["on"][:, 1], memory["since_s"][:, 1] = 0.0, since
    state = SimpleNamespace(memory=memory, net_kw=np.zeros((1, 2)), mode=np.ones((1, 1), dtype=np.int64))
    queue = Queue(cast("Any", community), cast("Any", state), np.array([[since + 400.0]]), None)
    served = queue.serve(0, np.array([[1.0, 1.0]]), np.array([[2.0]]), np.zeros((1, 1), dtype=np.bool_))
    assert served.tolist() == [[1.0, 1.0]]
