"""Leaving the grid as planned: the exchange is ramped to zero in stairs, then the switch opens; by hand."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ysc_sim as ysc
from ysc_sim.community.compile import compile_community
from ysc_sim.contracts import OutageWindow
from ysc_sim.engine.row_outages import BACK, LOSS, RAMP, edges_of
from ysc_sim.engine.simulate import run_community
from ysc_sim.results.arrays import RunArrays

NOON = 12 * 3600.0
BATTERY = {"kind": "battery", "energy_kwh": 100, "power_kw": 10, "soc_start": 0.5}
SUN = {"kind": "solar", "rated_kw": 30, "tilt_deg": 20, "azimuth_deg": 180}
ENGINE = {"kind": "genset", "rated_kw": 10, "start_failure": 0.0, "mttf_h": 1e9, "min_load": 0.2, "start_s": 40}
STAIRS = sum(k / 10 for k in range(1, 11)) * 60 / 3600
"""Hours at full power that ten stairs of a minute are worth."""


def simulate(tmp_path: Path, devices: list[dict[str, Any]], notice_h: float = 2.0, **more: Any) -> RunArrays:
    lines = [f"2026-08-03 {slot // 2:02d}:{slot % 2 * 30:02d},4.0" for slot in range(48)]
    (tmp_path / "flat.csv").write_text("\n".join(["time,kw", *lines]) + "\n", encoding="utf-8")
    island = {"shed_below_soc": [0, 0, 0, 0], "planned": {"ramp_s": 600}, **more.pop("island", {})}
    data = {
        "format": 1,
        "time": {"start": "2026-08-03T00:00", "days": 1, "step_s": 1800},
        "island": island,
        "buildings": [{"id": "a", "profile": "flat.csv", "strategy": {"kind": "none"}, "devices": devices}],
        "outages": [{"start": "2026-08-03T12:00", "duration_h": 2, "notice_h": notice_h}],
        **more,
    }
    path = tmp_path / "scenario.yaml"
    path.write_text(json.dumps(data), encoding="utf-8")
    return run_community(compile_community(ysc.load_scenario(path)))


def story(arrays: RunArrays) -> list[tuple[float, str, str]]:
    return [(round(event.t_s - NOON, 6), event.to_mode, event.cause) for event in arrays.events]


def test_import_is_ramped_to_zero_in_ten_stairs(tmp_path: Path) -> None:
    arrays = simulate(tmp_path, [BATTERY])
    assert story(arrays) == [(-600, "PLANNED", "ramp"), (0, "ISLAND", "planned"), (7200, "GRID", "grid_returned")]
    assert arrays.columns["battery_discharge_kwh"][23, 0, 0] == pytest.approx(4 * STAIRS)
    assert arrays.columns["import_kwh"][23, 0, 0] == pytest.approx(2 - 4 * STAIRS)
    assert arrays.outages[0].soc_start_kwh == pytest.approx(50 - 4 * STAIRS / 0.95)


def test_a_short_notice_makes_a_short_ramp_and_none_makes_none(tmp_path: Path) -> None:
    assert story(simulate(tmp_path, [BATTERY], notice_h=0.05))[0] == (-180, "PLANNED", "ramp")
    assert story(simulate(tmp_path, [BATTERY], notice_h=0.0))[0] == (0, "ISLAND", "grid_lost")
    assert story(simulate(tmp_path, [BATTERY], island={"planned": None}))[0] == (0, "ISLAND", "planned")


def test_export_goes_into_the_store_and_what_is_left_is_cut(tmp_path: Path) -> None:
    plain = simulate(tmp_path, [{**BATTERY, "power_kw": 3}, SUN], island={"planned": None})
    ramped = simulate(tmp_path, [{**BATTERY, "power_kw": 3}, SUN])
    export = float(plain.columns["export_kwh"][23, 0, 0])
    assert export > 3
    less = export * 2 * STAIRS
    assert ramped.columns["export_kwh"][23, 0, 0] == pytest.approx(export - less)
    charged = float(ramped.columns["battery_charge_kwh"][23, 0, 0])
    assert 0 < charged <= 3 * 600 / 3600
    assert ramped.columns["curtailed_kwh"][23, 0, 0] == pytest.approx(less - charged)


def test_an_engine_is_called_beforehand_and_there_is_no_break(tmp_path: Path) -> None:
    arrays = simulate(tmp_path, [ENGINE])
    assert [mode for _, mode, _ in story(arrays)] == ["PLANNED", "ISLAND", "GRID"]
    assert float(arrays.columns["unserved_kwh"].sum()) == 0.0


def test_what_the_stores_could_not_take_is_a_step_at_the_opening(tmp_path: Path) -> None:
    weak = {**BATTERY, "power_kw": 3}
    arrays = simulate(tmp_path, [weak], island={"break_s": 20})
    assert story(arrays)[1:3] == [(0, "TRANSFER", "grid_lost"), (20, "ISLAND", "transferred")]
    strong = simulate(tmp_path, [BATTERY], island={"break_s": 20, "frequency": {"inertia_s": 4}})
    assert story(strong)[1] == (0, "ISLAND", "planned")
    assert np.isnan(strong.events[1].frequency_hz)


def test_ramps_need_the_grid() -> None:
    windows = [OutageWindow(1000, 2000, 900), OutageWindow(2100, 3000, 7200), OutageWindow(9000, 9500, 0)]
    assert edges_of(windows, 600) == [
        (400, RAMP, 600, True),
        (1000, LOSS, 0, True),
        (2000, BACK, 0, False),
        (2000, RAMP, 100, True),
        (2100, LOSS, 0, True),
        (3000, BACK, 0, False),
        (9000, LOSS, 0, False),
        (9500, BACK, 0, False),
    ]


def test_rows_that_ramp_at_times_of_their_own_are_runs_of_their_own(tmp_path: Path) -> None:
    outages = [{"kind": "rolling", "first": "2026-08-03", "days": 1, "carried_out": 0.6}]
    together = simulate(tmp_path, [BATTERY, SUN], outages=outages, ensemble={"seeds": 6})
    assert {event.to_mode for event in together.events} == {"PLANNED", "ISLAND", "GRID"}
    for row in range(6):
        alone = simulate(tmp_path, [BATTERY, SUN], outages=outages, seed=1 + row)
        mine = [(e.t_s, e.cell, e.to_mode, e.cause) for e in together.events if e.row == row]
        assert mine == [(e.t_s, e.cell, e.to_mode, e.cause) for e in alone.events]
        for name, column in together.columns.items():
            np.testing.assert_array_equal(column[:, row], alone.columns[name][:, 0], err_msg=name)


def feeder(tmp_path: Path, **more: Any) -> RunArrays:
    """Block ``north`` (a with devices, b in a cell inside it) and d on the common wires; north's feeder is cut."""
    return simulate(
        tmp_path,
        [BATTERY],
        wires="private_line",
        buildings=[
            {
                "id": name,
                "profile": "flat.csv",
                "strategy": {"kind": "none"},
                "devices": [BATTERY] if name == "a" else [],
            }
            for name in ("a", "b", "d")
        ],
        cells=[{"id": "inner", "parent": "north", "buildings": ["b"]}, {"id": "north", "buildings": ["a"]}],
        **more,
    )


CUT = {"start": "2026-08-03T12:00", "duration_h": 2, "notice_h": 2, "cell": "north"}


def test_a_feeder_is_ramped_to_zero_before_it_is_cut_and_the_rest_goes_on(tmp_path: Path) -> None:
    arrays = feeder(tmp_path, outages=[CUT])
    for cell in ("north", "inner"):
        mine = [(event.t_s - NOON, event.to_mode, event.cause) for event in arrays.events if event.cell == cell]
        assert mine == [(-600, "PLANNED", "ramp"), (0, "ISLAND", "planned"), (7200, "GRID", "grid_returned")]
    assert not [event for event in arrays.events if event.cell == "community"]
    # The store carries the 8 kW of a and b in ten stairs, d goes on importing its own.
    assert arrays.columns["battery_discharge_kwh"][23, 0, 0] == pytest.approx(8 * STAIRS)
    assert arrays.community["import_kwh"][23, 0] == pytest.approx(6 - 8 * STAIRS)
    assert arrays.community["import_kwh"][24:28, 0] == pytest.approx(2)
    assert arrays.columns["unserved_kwh"].sum() == 0


def test_faults_are_not_ramped_and_cuts_without_notice_neither(tmp_path: Path) -> None:
    for outage in ({**CUT, "fault": True}, {**CUT, "notice_h": 0}):
        arrays = feeder(tmp_path, outages=[outage])
        assert not [event for event in arrays.events if event.cause in ("ramp", "planned")]
        assert min(event.t_s for event in arrays.events) == NOON


def test_a_grid_lost_during_the_ramp_of_a_feeder_takes_all_along(tmp_path: Path) -> None:
    away = {"start": "2026-08-03T11:55", "duration_h": 1}
    arrays = feeder(tmp_path, outages=[CUT, away])
    mine = [(event.t_s - NOON, event.to_mode, event.cause) for event in arrays.events if event.cell == "north"]
    assert mine == [
        (-600, "PLANNED", "ramp"),
        (-300, "ISLAND", "grid_lost"),
        (0, "ISLAND", "split"),
        (7200, "GRID", "grid_returned"),
    ]


def test_two_feeders_ramp_each_for_itself(tmp_path: Path) -> None:
    """The inner one is cut five minutes before the outer: its own exchange is zero by then, whatever north does."""
    inner = {**CUT, "start": "2026-08-03T11:55", "cell": "inner"}
    arrays = feeder(tmp_path, outages=[CUT, inner], island={"planned": {"ramp_s": 600}})
    last = {event.cell: (event.t_s - NOON, event.cause) for event in arrays.events if event.to_mode == "DEAD"}
    assert last == {"inner": (-300, "former")}  # nothing in it can take its load over: the rest is a step
    mine = [(event.t_s - NOON, event.cause) for event in arrays.events if event.cell == "north"]
    assert mine == [(-600, "ramp"), (0, "planned"), (7200, "grid_returned")]
