"""Faults inside the community, cuts that differ by row, and who lives together; by hand."""

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
CELLS = [
    {"id": "north", "buildings": ["b"]},
    {"id": "annex", "parent": "north", "buildings": ["c"]},
    {"id": "south", "buildings": ["d"]},
]


def load(tmp_path: Path, outages: list[dict[str, Any]], with_battery: str = "abcd", **more: Any) -> Any:
    """Four buildings of 4 kW: a on the common wires, b in north, c in the annex of north, d in south."""
    lines = [f"2026-08-03 {slot // 2:02d}:{slot % 2 * 30:02d},4.0" for slot in range(48)]
    (tmp_path / "flat.csv").write_text("\n".join(["time,kw", *lines]) + "\n", encoding="utf-8")
    data = {
        "format": 1,
        "time": {"start": "2026-08-03T00:00", "days": 1, "step_s": 1800},
        "wires": "private_line",
        "island": {"shed_below_soc": [0, 0, 0, 0], **more.pop("island", {})},
        "cells": CELLS,
        "buildings": [
            {"id": name, "profile": "flat.csv", "strategy": {"kind": "none"},
             "devices": [BATTERY] if name in with_battery else []}
            for name in "abcd"
        ],
        "outages": outages,
        **more,
    }  # fmt: skip
    path = tmp_path / "scenario.yaml"
    path.write_text(json.dumps(data), encoding="utf-8")
    return ysc.load_scenario(path)


def simulate(tmp_path: Path, outages: list[dict[str, Any]], with_battery: str = "abcd", **more: Any) -> RunArrays:
    return run_community(compile_community(load(tmp_path, outages, with_battery, **more)))


def story(arrays: RunArrays, cell: str) -> list[tuple[float, str, str]]:
    return [(event.t_s - NOON, event.to_mode, event.cause) for event in arrays.events if event.cell == cell]


def unserved(arrays: RunArrays) -> list[float]:
    return [round(float(x), 6) for x in arrays.columns["unserved_kwh"].sum(axis=(0, 1))]


def test_a_fault_darkens_its_section_and_splits_the_rest(tmp_path: Path) -> None:
    fault = {"start": "2026-08-03T12:00", "duration_h": 2, "cell": "north", "fault": True}
    arrays = simulate(tmp_path, [fault])
    assert story(arrays, "north") == [(0, "DEAD", "fault"), (7200, "GRID", "grid_returned")]
    assert story(arrays, "annex") == [(0, "ISLAND", "grid_lost"), (7200, "GRID", "grid_returned")]
    assert story(arrays, "community") == story(arrays, "south") == []
    # The battery of b stands on the faulted wires and helps nobody.
    assert unserved(arrays) == [0, 8, 0, 0]
    records = {record.cell: (record.cause, record.survived_h) for record in arrays.outages}
    assert records == {"north": ("fault", 0.0), "annex": ("none", 2.0)}


def test_a_fault_on_the_common_wires_leaves_every_block_alone(tmp_path: Path) -> None:
    fault = {"start": "2026-08-03T12:00", "duration_h": 2, "cell": "community", "fault": True}
    arrays = simulate(tmp_path, [fault], with_battery="abd")
    assert story(arrays, "community") == [(0, "DEAD", "fault"), (7200, "GRID", "grid_returned")]
    # North and its annex go on together on the battery of b.
    assert [mode for _, mode, _ in story(arrays, "annex")] == ["ISLAND", "GRID"]
    assert unserved(arrays) == [8, 0, 0, 0]
    assert not arrays.community["import_kwh"][24:28].any()


def test_a_fault_during_an_outage_outlasts_it(tmp_path: Path) -> None:
    outages = [
        {"start": "2026-08-03T12:00", "duration_h": 2},
        {"start": "2026-08-03T13:00", "duration_h": 3, "cell": "north", "fault": True},
    ]
    arrays = simulate(tmp_path, outages, island={"synchronise": {"slip_hz": 0.0, "max_angle_deg": 180, "hold_s": 60}})
    assert [mode for _, mode, _ in story(arrays, "north")] == ["ISLAND", "DEAD", "GRID"]
    assert story(arrays, "north")[-1][0] == 4 * 3600
    # The annex is split off by the fault and joins the grid in step, after it.
    assert story(arrays, "annex")[1:] == [
        (3600, "ISLAND", "split"),
        (14400, "SYNC", "grid_returned"),
        (14460, "GRID", "synchronised"),
    ]
    assert unserved(arrays) == [0, 12, 0, 0]


def test_two_reasons_to_stay_open_are_counted(tmp_path: Path) -> None:
    outages = [
        {"start": "2026-08-03T12:00", "duration_h": 1, "cell": "north", "fault": True},
        {"start": "2026-08-03T12:30", "duration_h": 2, "cell": "annex"},
    ]
    arrays = simulate(tmp_path, outages)
    assert story(arrays, "north")[-1] == (3600, "GRID", "grid_returned")
    assert story(arrays, "annex")[-1] == (9000, "GRID", "grid_returned")


def test_who_lives_together_is_a_field(tmp_path: Path) -> None:
    outage = [{"start": "2026-08-03T12:00", "duration_h": 2}]

    def lost(scope: str) -> list[float]:
        return unserved(simulate(tmp_path, outage, with_battery="bd", island={"scope": scope}))

    assert lost("community") == [0, 0, 0, 0]
    assert lost("cells") == [8, 0, 8, 0]
    assert lost("buildings") == [8, 0, 8, 0]
    apart = simulate(tmp_path, outage, with_battery="bd", island={"scope": "cells"})
    assert {record.cell: record.cause for record in apart.outages} == {
        "annex": "former",
        "community": "former",
        "north": "none",
        "south": "none",
    }
    assert {event.to_mode for event in apart.events if event.t_s == NOON + 7200} == {"GRID"}
    with pytest.raises(ScenarioError, match="scope"):
        load(tmp_path, [{**outage[0], "cell": "north"}], island={"scope": "buildings"})
    with pytest.raises(ScenarioError, match="cells"):
        load(tmp_path, outage, island={"scope": "cells"}, cells=[])


def test_every_building_can_have_a_switch_of_its_own(tmp_path: Path) -> None:
    cells = [{"id": "block", "buildings": ["b", "c"], "each": True}]
    arrays = simulate(tmp_path, [{"start": "2026-08-03T12:00", "duration_h": 1, "cell": "c"}], cells=cells)
    assert {event.cell for event in arrays.events} == {"c"}
    assert unserved(arrays) == [0, 0, 0, 0]
    drawn = simulate(
        tmp_path,
        [{"kind": "random", "per_year": 3000, "median_h": 0.5, "cell": "*"}],
        with_battery="",
        cells=cells,
    )
    assert {event.cell for event in drawn.events} == {"block", "b", "c"}
    assert unserved(drawn)[0] == unserved(drawn)[3] == 0


def test_rows_with_cuts_and_faults_of_their_own_are_runs_of_their_own(tmp_path: Path) -> None:
    outages = [
        {"kind": "random", "per_year": 1500, "median_h": 1.0},
        {"kind": "random", "per_year": 2000, "median_h": 0.7, "cell": "*", "name": "cut"},
        {"kind": "random", "per_year": 1500, "median_h": 0.5, "cell": "north", "fault": True, "name": "fault"},
    ]
    rules = {"synchronise": {"slip_hz": 0.02}, "break_s": 7, "wait_s": 60, "frequency": {"inertia_s": 2}}
    together = simulate(tmp_path, outages, "ad", island=rules, ensemble={"seeds": 6})
    assert {"fault", "split", "merged", "synchronised"} <= {event.cause for event in together.events}
    for row in range(6):
        alone = simulate(tmp_path, outages, "ad", island=rules, seed=1 + row)
        mine = [(e.t_s, e.cell, e.from_mode, e.to_mode, e.cause) for e in together.events if e.row == row]
        assert mine == [(e.t_s, e.cell, e.from_mode, e.to_mode, e.cause) for e in alone.events]
        for name, column in together.columns.items():
            np.testing.assert_array_equal(column[:, row], alone.columns[name][:, 0], err_msg=name)


def test_inside_a_cut_off_cell_neighbours_trade_at_the_price_of_scarcity(tmp_path: Path) -> None:
    cut = [{"start": "2026-08-03T12:00", "duration_h": 2, "cell": "north"}]
    more = {"market": {"kind": "call_auction"}, "tariff": {"plan": "tepco_hv_basic_2026", "export_jpy_per_kwh": 8.5}}
    prices = {"scarcity": {"value_jpy_per_kwh": [2000, 800, 300, 100], "surplus_jpy_per_kwh": 8.5}}
    arrays = simulate(tmp_path, cut, "b", island=prices, **more)
    # c lives on the battery of b; a and d have the grid and nothing to do with it.
    assert arrays.bought_mwh[24:28, 0].sum(axis=0).tolist() == [0, 0, 8_000_000, 0]
    assert arrays.sold_mwh[24:28, 0].sum(axis=0).tolist() == [0, 8_000_000, 0, 0]
    assert arrays.payment_mjpy[24:28, 0, 2].sum() == 8 * 8500
    # Without it they trade at the gate, from what meters showed before: the first slot knows nothing of the night.
    gate = simulate(tmp_path, cut, "b", **more)
    assert gate.bought_mwh[24:28, 0].sum(axis=0).tolist() == [0, 0, 6_000_000, 0]
    assert gate.sold_mwh[24:28, 0].sum(axis=0).tolist() == [0, 6_000_000, 0, 0]
    assert gate.payment_mjpy[24:28, 0, 2].sum() > 6 * 8500
