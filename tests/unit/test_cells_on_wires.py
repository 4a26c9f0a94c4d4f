"""Cells within cells with the network solved inside the run: every island serves the losses of its own part."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ysc_sim as ysc
from ysc_sim.community.compile import compile_community
from ysc_sim.engine.simulate import run_community
from ysc_sim.results.arrays import RunArrays

BATTERY = {"kind": "battery", "energy_kwh": 60, "power_kw": 20, "soc_start": 0.9}
SUN = {"kind": "solar", "rated_kw": 6, "tilt_deg": 20, "azimuth_deg": 180}
CELLS = [{"id": "left", "buildings": ["a", "b"]}, {"id": "right", "buildings": ["c", "d"]}]
AWAY = {"start": "2026-05-11T17:10", "duration_h": 4}


def simulate(tmp_path: Path, outages: list[dict[str, Any]], **more: Any) -> RunArrays:
    lines = [f"2026-05-11 {slot // 2:02d}:{slot % 2 * 30:02d},4.0" for slot in range(48)]
    (tmp_path / "flat.csv").write_text("\n".join(["time,kw", *lines]) + "\n", encoding="utf-8")
    own = {"a": [BATTERY], "b": [SUN], "c": [BATTERY, SUN], "d": []}
    data = {
        "format": 1,
        "time": {"start": "2026-05-11T00:00", "days": 1, "step_s": 1800},
        "wires": "private_line",
        "tariff": {"plan": "tepco_hv_basic_2026", "export_jpy_per_kwh": 8.5},
        "power_flow": "control",
        "network": {"kind": "street", "buildings_per_transformer": 20, "service_m": 40},
        "island": {"shed_below_soc": [0, 0, 0, 0], **more.pop("island", {})},
        "buildings": [
            {"id": name, "profile": "flat.csv", "strategy": {"kind": "none"}, "devices": devices}
            for name, devices in own.items()
        ],
        "cells": CELLS,
        "outages": outages,
        **more,
    }
    path = tmp_path / "scenario.yaml"
    path.write_text(json.dumps(data), encoding="utf-8")
    return run_community(compile_community(ysc.load_scenario(path)))


def left_over_kwh(arrays: RunArrays, buildings: slice, slots: slice) -> float:
    """What the buildings of an island put into its wires beyond what comes out: its losses."""
    columns = arrays.columns
    return float((columns["export_kwh"] - columns["import_kwh"])[slots, 0, buildings].sum())


def test_cells_that_are_never_apart_are_the_community(tmp_path: Path) -> None:
    whole, cells = simulate(tmp_path, [AWAY], cells=[]), simulate(tmp_path, [AWAY])
    for name, column in whole.columns.items():
        np.testing.assert_array_equal(column, cells.columns[name], err_msg=name)
    np.testing.assert_array_equal(whole.community["loss_kwh"], cells.community["loss_kwh"])


@pytest.mark.parametrize("away", [[AWAY], []])
def test_every_island_serves_its_own_losses(tmp_path: Path, away: list[dict[str, Any]]) -> None:
    cut = {"start": "2026-05-11T18:00", "duration_h": 2, "cell": "left"}
    arrays = simulate(tmp_path, [*away, cut])
    slots = slice(36, 40)
    lost = float(arrays.community["loss_kwh"][slots, 0].sum())
    left, right = (left_over_kwh(arrays, part, slots) for part in (slice(0, 2), slice(2, 4)))
    assert left > 0
    if away:
        # Both islands make up for exactly what is lost; the right one holds the transformer, and its iron.
        assert right > left
        assert left + right == pytest.approx(lost, abs=1e-6)
        assert arrays.island_residual_kwh[0] < 1e-6
        assert (arrays.community["import_kwh"][slots] == 0).all()
    else:
        through = float((arrays.community["import_kwh"] - arrays.community["export_kwh"])[slots, 0].sum())
        assert through + left + right == pytest.approx(lost, abs=1e-6)
    assert arrays.energy_residual_kwh.sum() < 1e-6
    assert not arrays.ledger_residual_mwh.any()
    assert not arrays.money_residual_mjpy.any()
    assert arrays.columns["unserved_kwh"].sum() == 0


def test_losses_of_an_island_are_those_of_the_same_island_alone(tmp_path: Path) -> None:
    """While the right block is dark the left one lives as if nothing else hung on the street but its copper."""
    cut = {"start": "2026-05-11T18:00", "duration_h": 2, "cell": "left"}
    both = simulate(tmp_path, [AWAY, cut, {**cut, "cell": "right"}])
    fault = {**cut, "cell": "right", "fault": True}
    alone = simulate(tmp_path, [AWAY, cut, fault])
    left = (slice(36, 40), 0, slice(0, 2))
    np.testing.assert_allclose(both.columns["export_kwh"][left], alone.columns["export_kwh"][left], rtol=1e-10)


def test_rows_are_runs_of_their_own_within_the_tolerance_of_the_network(tmp_path: Path) -> None:
    outages = [{"kind": "random", "per_year": 1500, "median_h": 1.0, "cell": "*", "name": "inside"}, AWAY]
    together = simulate(tmp_path, outages, ensemble={"seeds": 3}, seed=2)
    for row in range(3):
        alone = simulate(tmp_path, outages, seed=2 + row)
        mine = [(e.cell, e.to_mode, e.cause) for e in together.events if e.row == row]
        assert mine == [(e.cell, e.to_mode, e.cause) for e in alone.events]
        for name, column in together.columns.items():
            np.testing.assert_allclose(column[:, row], alone.columns[name][:, 0], rtol=0, atol=1e-6, err_msg=name)


def test_relays_of_voltage_switch_off_who_sees_it_and_not_the_island(tmp_path: Path) -> None:
    noon = {"start": "2026-05-11T10:00", "duration_h": 1.0}
    high = [{"devices": ["b/solar"], "relays": [{"above_pu": 1.0001, "after_s": 2.0}], "wait_s": 120.0}]
    arrays = simulate(tmp_path, [noon], island={"inverters": high})
    told = [(event.t_s - 36000, event.cell, event.cause) for event in arrays.events if "inverter" in event.cause]
    assert told[:2] == [(2.0, "left", "inverter_off"), (122.0, "left", "inverter_on")]
    assert arrays.columns["curtailed_kwh"][20:22, 0, 1].sum() > 1.0
    assert arrays.columns["curtailed_kwh"][20:22, 0, 2].sum() == 0
    assert arrays.columns["unserved_kwh"].sum() == 0
