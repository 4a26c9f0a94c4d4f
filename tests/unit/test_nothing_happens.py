"""Outages of no length, of feeders and of the grid, change nothing: not a bit, not an event."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ysc_sim as ysc
from ysc_sim.community.compile import compile_community
from ysc_sim.engine.simulate import run_community
from ysc_sim.results.arrays import RunArrays

RULES = {
    "planned": {"ramp_s": 600},
    "cold_load": {},
    "frequency": {"inertia_s": 2.0},
    "shedding": {"inside_tier": "turns"},
    "sharing": "soc",
}


def simulate(tmp_path: Path, outages: list[dict[str, Any]], island: dict[str, Any]) -> RunArrays:
    data = {
        "format": 1,
        "time": {"start": "2026-08-03T00:00", "days": 1, "step_s": 1800},
        "wires": "private_line",
        "market": {"kind": "call_auction"},
        "tariff": {"plan": "tepco_hv_basic_2026", "export_jpy_per_kwh": 8.5},
        "island": island,
        "cells": [{"id": "north", "buildings": ["home"], "each": True}],
        "buildings": [
            {
                "id": "shop",
                "profile": "shop",
                "load_kwh_per_year": 30000,
                "devices": [
                    {"kind": "solar", "rated_kw": 12, "tilt_deg": 20, "azimuth_deg": 180},
                    {"kind": "battery", "energy_kwh": 15, "power_kw": 6},
                ],
            },
            {"id": "home", "count": 2, "profile": "detached120_gas"},
        ],
        "outages": outages,
    }
    path = tmp_path / "scenario.yaml"
    path.write_text(json.dumps(data), encoding="utf-8")
    return run_community(compile_community(ysc.load_scenario(path)))


@pytest.mark.parametrize("island", [{}, RULES])
@pytest.mark.parametrize("more", [{}, {"notice_h": 2}, {"cell": "north"}, {"cell": "home_1", "fault": True}])
def test_an_outage_of_zero_length_changes_nothing(more: dict[str, Any], island: dict[str, Any], tmp_path: Path) -> None:
    none = {"start": "2026-08-03T12:10:07", "duration_h": 0, **more}
    without, with_it = (simulate(tmp_path, some, island) for some in ([], [none]))
    assert with_it.events == () == with_it.outages
    assert without.columns.keys() == with_it.columns.keys()
    for name, column in without.columns.items():
        np.testing.assert_array_equal(column, with_it.columns[name], err_msg=name)
    assert (without.bill_mjpy == with_it.bill_mjpy).all()
    assert (without.sold_mwh == with_it.sold_mwh).all()


def test_rules_of_islands_change_nothing_while_the_grid_is_there(tmp_path: Path) -> None:
    plain, ruled = (simulate(tmp_path, [], island) for island in ({}, RULES))
    for name, column in plain.columns.items():
        np.testing.assert_array_equal(column, ruled.columns[name], err_msg=name)
    assert not ruled.columns["pickup_kwh"].any()
