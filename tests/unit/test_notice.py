"""Announced outages: who may know of them and when, and stores that are filled because of them; by hand."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ysc_sim as ysc
from ysc_sim.community.compile import compile_community
from ysc_sim.engine.notices import Notices
from ysc_sim.engine.simulate import run_community
from ysc_sim.results.arrays import RunArrays

HOUR = 3600
NOON = 12 * HOUR
BATTERY = {"kind": "battery", "energy_kwh": 20, "power_kw": 8, "soc_start": 0.0, "charge_efficiency": 1.0}
BATTERY |= {"discharge_efficiency": 1.0}


def write(tmp_path: Path, strategy: dict[str, Any], outages: list[dict[str, Any]], **more: Any) -> Path:
    lines = [f"2026-08-03 {slot // 2:02d}:{slot % 2 * 30:02d},4.0" for slot in range(48)]
    (tmp_path / "flat.csv").write_text("\n".join(["time,kw", *lines]) + "\n", encoding="utf-8")
    data = {
        "format": 1,
        "time": {"start": "2026-08-03T00:00", "days": 1, "step_s": 1800},
        "island": {"shed_below_soc": [0, 0, 0, 0]},
        "buildings": [
            {"id": "a", "profile": "flat.csv", "strategy": strategy, "devices": [BATTERY]},
        ],
        "outages": outages,
        **more,
    }
    path = tmp_path / "scenario.yaml"
    path.write_text(json.dumps(data), encoding="utf-8")
    return path


def simulate(tmp_path: Path, strategy: dict[str, Any], outages: list[dict[str, Any]], **more: Any) -> RunArrays:
    return run_community(compile_community(ysc.load_scenario(write(tmp_path, strategy, outages, **more))))


def told(notice_h: float, duration_h: float = 3.0) -> dict[str, Any]:
    return {"start": "2026-08-03T12:00", "duration_h": duration_h, "notice_h": notice_h}


def on_notice(**more: Any) -> dict[str, Any]:
    return {"kind": "reserve_on_notice", "inner": {"kind": "self_consumption"}, **more}


def soc(arrays: RunArrays) -> Any:
    return arrays.columns["soc_kwh"][:, 0, 0]


def test_a_notice_fills_the_store_evenly_until_the_start(tmp_path: Path) -> None:
    arrays = simulate(tmp_path, on_notice(), [told(4)])
    np.testing.assert_allclose(soc(arrays)[15:24], np.linspace(0, 20, 9))
    assert float(arrays.columns["unserved_kwh"].sum()) == 0.0
    assert soc(arrays)[29] == pytest.approx(8)
    # 4 kW of demand and 5 kW into the store.
    assert arrays.columns["import_kwh"][16:24, 0, 0] == pytest.approx(np.full(8, 4.5))


def test_at_once_means_as_fast_as_may_be(tmp_path: Path) -> None:
    arrays = simulate(tmp_path, on_notice(evenly=False, charge_from_grid_kw=8), [told(4)])
    np.testing.assert_allclose(soc(arrays)[15:24], [0, 4, 8, 12, 16, 20, 20, 20, 20])
    slow = simulate(tmp_path, on_notice(charge_from_grid_kw=2), [told(4)])
    assert soc(slow)[23] == pytest.approx(8)


def test_what_nobody_announced_finds_the_store_empty(tmp_path: Path) -> None:
    arrays = simulate(tmp_path, on_notice(), [told(0)])
    assert arrays.outages[0].soc_start_kwh == 0.0
    assert arrays.outages[0].cause == "energy"
    kept = simulate(tmp_path, on_notice(otherwise=0.3), [told(0)])
    assert kept.outages[0].soc_start_kwh == pytest.approx(6.0)
    assert kept.outages[0].survived_h == pytest.approx(1.5)


@pytest.mark.parametrize("kind", ["reserve_on_notice", "reserve_level", "reserve_forecast", "mpc", "peak_cut"])
def test_an_unannounced_outage_changes_no_decision_before_it(kind: str, tmp_path: Path) -> None:
    strategy = {"kind": kind}
    strategy |= {"target_kw": 30} if kind == "peak_cut" else {}
    strategy |= {} if kind in ("mpc", "peak_cut") else {"inner": {"kind": "self_consumption"}}
    without = simulate(tmp_path, strategy, [])
    outage = simulate(tmp_path, strategy, [told(0)])
    for name in ("battery_charge_kwh", "battery_discharge_kwh"):
        assert (without.columns[name][:24] == outage.columns[name][:24]).all()


def test_before_the_notice_nothing_is_known(tmp_path: Path) -> None:
    without, with_it = (simulate(tmp_path, on_notice(), some) for some in ([], [told(4)]))
    assert (soc(without)[:16] == soc(with_it)[:16]).all()
    assert soc(without)[16] != soc(with_it)[16]


def test_an_unannounced_end_stays_unknown(tmp_path: Path) -> None:
    outages = [told(2, 1.0), {"start": "2026-08-03T12:30", "duration_h": 5}]
    notices = Notices(compile_community(ysc.load_scenario(write(tmp_path, {"kind": "none"}, outages))))
    assert notices.at(None, NOON - 2 * HOUR - 1).start_s.tolist() == [[np.inf]]
    notice = notices.at(None, NOON - 2 * HOUR)
    assert (notice.start_s.tolist(), notice.end_s.tolist()) == ([[NOON]], [[NOON + HOUR]])
    assert notices.at(None, NOON + HOUR).start_s.tolist() == [[np.inf]]


def test_a_notice_of_a_feeder_is_for_those_behind_it(tmp_path: Path) -> None:
    path = write(tmp_path, {"kind": "none"}, [{**told(2), "cell": "west"}, {**told(3), "start": "2026-08-03T18:00"}])
    data = json.loads(path.read_text(encoding="utf-8"))
    data |= {"wires": "private_line", "cells": [{"id": "west", "buildings": ["b"]}]}
    data["buildings"].append({"id": "b", "profile": "flat.csv"})
    path.write_text(json.dumps(data), encoding="utf-8")
    notices = Notices(compile_community(ysc.load_scenario(path)))
    assert notices.at(None, NOON - HOUR).start_s.tolist() == [[np.inf, NOON]]
    assert notices.at(None, NOON + 3 * HOUR).start_s.tolist() == [[18 * HOUR, 18 * HOUR]]


def test_reserve_by_forecast_keeps_what_the_next_hours_need(tmp_path: Path) -> None:
    strategy = {"kind": "reserve_forecast", "inner": {"kind": "self_consumption"}, "hours": 2.25, "critical": 0.5}
    strategy |= {"margin": 0.0, "forecast": {"kind": "persistence"}}
    arrays = simulate(tmp_path, strategy, [])
    # 2.25 h × 4 kW × 0.5, known from the first finished half-hour on.
    assert soc(arrays)[-1] == pytest.approx(4.5)
    assert soc(arrays)[0] == 0.0
