"""Cells within cells, by hand: feeders that are cut, islands that split and merge, who lives and who trades."""

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
BATTERY = {"kind": "battery", "energy_kwh": 100, "power_kw": 20, "soc_start": 0.5}


def scenario(tmp_path: Path, outages: list[dict[str, Any]], **more: Any) -> Path:
    """Blocks north (a, with battery) and south (b, b's annex c in a cell of its own), and d on the common wires."""
    lines = [f"2026-08-03 {slot // 2:02d}:{slot % 2 * 30:02d},4.0" for slot in range(48)]
    (tmp_path / "flat.csv").write_text("\n".join(["time,kw", *lines]) + "\n", encoding="utf-8")
    building = {"profile": "flat.csv", "tier_shares": [0.25] * 4, "strategy": {"kind": "none"}}
    data = {
        "format": 1,
        "time": {"start": "2026-08-03T00:00", "days": 1, "step_s": 1800},
        "wires": "private_line",
        "island": {"shed_below_soc": [0, 0, 0, 0]},
        "buildings": [
            {"id": "a", **building, "devices": [BATTERY]},
            {"id": "b", **building},
            {"id": "c", **building, "devices": [BATTERY]},
            {"id": "d", **building},
        ],
        "cells": [
            {"id": "annex", "parent": "south", "buildings": ["c"]},
            {"id": "north", "buildings": ["a"]},
            {"id": "south", "buildings": ["b"]},
        ],
        "outages": outages,
        **more,
    }
    path = tmp_path / "scenario.yaml"
    path.write_text(json.dumps(data), encoding="utf-8")
    return path


def simulate(path: Path) -> RunArrays:
    return run_community(compile_community(ysc.load_scenario(path)))


def story(arrays: RunArrays, cell: str) -> list[tuple[float, str, str]]:
    return [(event.t_s - NOON, event.to_mode, event.cause) for event in arrays.events if event.cell == cell]


def unserved(arrays: RunArrays) -> list[float]:
    return [round(float(x), 6) for x in arrays.columns["unserved_kwh"][:, 0].sum(axis=0)]


def discharged(arrays: RunArrays) -> list[float]:
    return [round(float(x), 6) for x in arrays.columns["battery_discharge_kwh"][:, 0].sum(axis=0)]


def test_a_cut_feeder_leaves_the_rest_on_the_grid(tmp_path: Path) -> None:
    arrays = simulate(scenario(tmp_path, [{"start": "2026-08-03T12:00", "duration_h": 1, "cell": "south"}]))
    # South with its annex lives on the annex' battery; north and the common wires do not notice.
    assert story(arrays, "south") == story(arrays, "annex")
    assert story(arrays, "south") == [(0, "ISLAND", "grid_lost"), (3600, "GRID", "grid_returned")]
    assert story(arrays, "north") == story(arrays, "community") == []
    assert unserved(arrays) == [0, 0, 0, 0]
    assert discharged(arrays) == [0, 0, 8, 0]
    # Two of four buildings import meanwhile.
    assert arrays.community["import_kwh"][24:26, 0] == pytest.approx([4.0, 4.0])
    found = sorted((record.cell, record.hours, record.cause) for record in arrays.outages)
    assert found == [("annex", 1.0, "none"), ("south", 1.0, "none")]


def test_a_cell_without_former_is_dark_alone(tmp_path: Path) -> None:
    arrays = simulate(
        scenario(
            tmp_path,
            [
                {"start": "2026-08-03T12:00", "duration_h": 1, "cell": "south"},
                {"start": "2026-08-03T12:00", "duration_h": 2, "cell": "annex"},
            ],
        )
    )
    assert [mode for _, mode, _ in story(arrays, "south")][-2:] == ["DEAD", "GRID"]
    assert story(arrays, "annex")[-1] == (7200, "GRID", "grid_returned")
    assert unserved(arrays) == [0, 4, 0, 0]
    assert discharged(arrays) == [0, 0, 8, 0]


def test_an_island_splits_and_merges(tmp_path: Path) -> None:
    arrays = simulate(
        scenario(
            tmp_path,
            [
                {"start": "2026-08-03T12:00", "duration_h": 3},
                {"start": "2026-08-03T13:00", "duration_h": 1, "cell": "south"},
            ],
        )
    )
    expected = [
        (0, "ISLAND", "grid_lost"),
        (3600, "ISLAND", "split"),
        (7200, "ISLAND", "merged"),
        (10800, "GRID", "grid_returned"),
    ]
    assert story(arrays, "south") == story(arrays, "annex") == expected
    assert story(arrays, "north") == [expected[0], expected[3]]
    assert unserved(arrays) == [0, 0, 0, 0]
    # Together the two batteries share the 16 kW; apart each carries its own 8 kW: 24 kWh each either way.
    assert discharged(arrays) == [24, 0, 24, 0]
    assert (arrays.community["import_kwh"][24:30] == 0).all()


def test_islands_merge_in_step_only(tmp_path: Path) -> None:
    rules = {"shed_below_soc": [0, 0, 0, 0], "synchronise": {"slip_hz": 0.0, "max_angle_deg": 180, "hold_s": 60}}
    outages = [
        {"start": "2026-08-03T12:00", "duration_h": 3},
        {"start": "2026-08-03T13:00", "duration_h": 1, "cell": "south"},
    ]
    arrays = simulate(scenario(tmp_path, outages, island=rules))
    assert story(arrays, "annex")[2:] == [
        (7200, "SYNC", "grid_returned"),
        (7260, "ISLAND", "merged"),
        (10800, "SYNC", "grid_returned"),
        (10860, "GRID", "synchronised"),
    ]
    assert story(arrays, "north")[1:] == [(10800, "SYNC", "grid_returned"), (10860, "GRID", "synchronised")]
    assert unserved(arrays) == [0, 0, 0, 0]


def test_a_live_cell_wakes_the_dark_rest_and_the_grid_takes_all(tmp_path: Path) -> None:
    # Both batteries are behind the cut: north and the rest are dark until south is joined to them again.
    path = scenario(
        tmp_path,
        [
            {"start": "2026-08-03T11:00", "duration_h": 2, "cell": "south"},
            {"start": "2026-08-03T12:00", "duration_h": 2},
        ],
    )
    data = json.loads(path.read_text(encoding="utf-8"))
    data["buildings"][0]["devices"] = []
    path.write_text(json.dumps(data), encoding="utf-8")
    arrays = simulate(path)
    assert story(arrays, "north") == [
        (0, "DEAD", "former"),
        (3600, "ISLAND", "merged"),
        (7200, "GRID", "grid_returned"),
    ]
    assert unserved(arrays) == [4, 0, 0, 4]
    assert discharged(arrays) == [0, 0, pytest.approx(8 * 2 + 16), 0]


def test_nobody_trades_across_an_open_switch(tmp_path: Path) -> None:
    outages = [{"start": "2026-08-03T11:40:30", "duration_h": 1.5, "cell": "south"}]
    path = scenario(tmp_path, outages, market={"kind": "call_auction"})
    data = json.loads(path.read_text(encoding="utf-8"))
    sun = {"kind": "solar", "rated_kw": 30, "tilt_deg": 20, "azimuth_deg": 180}
    data["buildings"][0]["devices"] = [sun]
    data["tariff"] = {"plan": "tepco_hv_basic_2026", "export_jpy_per_kwh": 8.5}
    data["buildings"][3]["strategy"] = {"kind": "self_consumption"}
    data["time"] = {"start": "2026-08-02T00:00", "days": 2, "step_s": 1800}
    lines = [f"2026-08-{day:02d} {s // 2:02d}:{s % 2 * 30:02d},4.0" for day in (2, 3) for s in range(48)]
    (tmp_path / "flat.csv").write_text("\n".join(["time,kw", *lines]) + "\n", encoding="utf-8")
    path.write_text(json.dumps(data), encoding="utf-8")
    arrays = simulate(path)
    slots = slice(48 + 23, 48 + 27)
    assert int(arrays.sold_mwh[slots, 0, 0].sum()) > 0
    assert int(arrays.bought_mwh[slots, 0, 3].sum()) > 0
    # What c's battery sends to b inside their own island is theirs to trade.
    bought, sold = (side[slots, 0, 1:3].sum(axis=1) for side in (arrays.bought_mwh, arrays.sold_mwh))
    np.testing.assert_array_equal(bought, sold)
    assert int(arrays.bought_mwh[48 + 20, 0, 1]) > 0


def test_rows_of_nested_cells_are_runs_of_their_own(tmp_path: Path) -> None:
    outages = [
        {"start": "2026-08-03T09:10:11", "duration_h": 5, "cell": "south"},
        {"start": "2026-08-03T10:00", "duration_h": 3, "cell": "annex"},
        {"kind": "random", "per_year": 1500, "median_h": 1.0},
    ]
    rules = {"synchronise": {"slip_hz": 0.02}, "break_s": 7, "wait_s": 60, "ramp_s": 60, "frequency": {"inertia_s": 2}}
    together = simulate(scenario(tmp_path, outages, island=rules, ensemble={"seeds": 8}))
    assert len({event.t_s for event in together.events}) > 30
    for row in range(8):
        alone = simulate(scenario(tmp_path, outages, island=rules, seed=1 + row))
        mine = [(e.t_s, e.cell, e.from_mode, e.to_mode, e.cause) for e in together.events if e.row == row]
        assert mine == [(e.t_s, e.cell, e.from_mode, e.to_mode, e.cause) for e in alone.events]
        for name, column in together.columns.items():
            np.testing.assert_array_equal(column[:, row], alone.columns[name][:, 0], err_msg=name)


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ([{"id": "x", "parent": "y"}, {"id": "y", "parent": "x"}], "parent"),
        ([{"id": "x", "parent": "nowhere"}], "nowhere"),
        ([{"id": "x", "buildings": ["zebra"]}], "zebra"),
        ([{"id": "x", "buildings": ["a"]}, {"id": "y", "buildings": ["a"]}], "another cell"),
        ([{"id": "x"}, {"id": "x"}], "taken"),
        ([{"id": "a"}], "taken"),
    ],
)
def test_cells_that_are_no_tree_are_told(tmp_path: Path, cells: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        ysc.load_scenario(scenario(tmp_path, [], cells=cells))


def test_cuts_of_unknown_cells_and_wires_of_others_are_told(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="west"):
        ysc.load_scenario(scenario(tmp_path, [{"start": "2026-08-03T12:00", "duration_h": 1, "cell": "west"}]))
    with pytest.raises(ScenarioError, match="islanding_agreement"):
        ysc.load_scenario(scenario(tmp_path, [], wires="utility"))
