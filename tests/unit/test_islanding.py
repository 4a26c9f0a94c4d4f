"""Outages by hand: seconds, tiers, causes, computed on paper."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ysc_sim as ysc
from ysc_sim.community.compile import compile_community
from ysc_sim.engine.simulate import run_community
from ysc_sim.results.arrays import RunArrays


def flat_load(tmp_path: Path, kw: float, days: int = 1) -> str:
    """A user's CSV of constant power, half-hour rows."""
    rows = [
        f"2026-08-{3 + day:02d} {slot // 2:02d}:{slot % 2 * 30:02d},{kw}" for day in range(days) for slot in range(48)
    ]
    (tmp_path / "flat.csv").write_text("\n".join(["time,kw", *rows]) + "\n", encoding="utf-8")
    return "flat.csv"


def simulate(tmp_path: Path, battery: dict[str, Any], outages: list[dict[str, Any]], **more: Any) -> RunArrays:
    data = {
        "format": 1,
        "time": {"start": "2026-08-03T00:00", "days": 1, "step_s": 1800},
        "island": {"shed_below_soc": [0, 0, 0, 0]},
        "buildings": [
            {
                "id": "a",
                "profile": flat_load(tmp_path, 4.0),
                "tier_shares": [0.25, 0.25, 0.25, 0.25],
                "strategy": {"kind": "none"},
                "devices": [{"kind": "battery", **battery}],
            }
        ],
        "outages": outages,
        **more,
    }
    path = tmp_path / "scenario.yaml"
    path.write_text(json.dumps(data), encoding="utf-8")
    return run_community(compile_community(ysc.load_scenario(path)))


def test_a_battery_that_empties_dies_at_the_second_computed_by_hand(tmp_path: Path) -> None:
    # 10 kWh × 0.95 behind a 4 kW load: 2.375 h after 14:07:13.
    battery = {"energy_kwh": 10, "power_kw": 10, "soc_start": 1.0}
    arrays = simulate(tmp_path, battery, [{"start": "2026-08-03T14:07:13", "duration_h": 5}])
    start = 14 * 3600 + 7 * 60 + 13
    assert [(e.from_mode, e.to_mode, e.cause) for e in arrays.events] == [
        ("GRID", "ISLAND", "grid_lost"),
        ("ISLAND", "DEAD", "energy"),
        ("DEAD", "GRID", "grid_returned"),
    ]
    assert [e.t_s for e in arrays.events] == pytest.approx([start, start + 2.375 * 3600, start + 5 * 3600])
    outage = arrays.outages[0]
    assert outage.survived_h == pytest.approx(2.375)
    assert (outage.cause, outage.device) == ("energy", "a/battery")
    assert sum(outage.unserved_kwh) == pytest.approx(4.0 * (5 - 2.375))
    assert float(arrays.columns["unserved_kwh"].sum()) == pytest.approx(4.0 * (5 - 2.375))


def test_power_limit_sheds_the_last_tiers_first(tmp_path: Path) -> None:
    battery = {"energy_kwh": 100, "power_kw": 2.5, "soc_start": 1.0}
    arrays = simulate(tmp_path, battery, [{"start": "2026-08-03T10:00", "duration_h": 2}])
    assert arrays.outages[0].cause == "none"
    assert arrays.outages[0].unserved_kwh == pytest.approx((0.0, 0.0, 1.0, 2.0))


def test_thresholds_shed_a_tier_at_its_own_second(tmp_path: Path) -> None:
    # Tier 4 (1 kW) is served while more than half is stored: 5 kWh × 0.95 at 4 kW = 1.1875 h, then 3 kW.
    battery = {"energy_kwh": 10, "power_kw": 10, "soc_start": 1.0}
    arrays = simulate(
        tmp_path,
        battery,
        [{"start": "2026-08-03T10:00", "duration_h": 2}],
        island={"shed_below_soc": [0, 0, 0, 0.5]},
    )
    assert arrays.outages[0].unserved_kwh == pytest.approx((0.0, 0.0, 0.0, 2 - 1.1875))


def test_without_a_forming_device_the_building_is_dark_at_once(tmp_path: Path) -> None:
    battery = {"energy_kwh": 10, "power_kw": 10, "soc_start": 1.0, "grid_forming": False}
    arrays = simulate(tmp_path, battery, [{"start": "2026-08-03T10:00", "duration_h": 1}])
    assert arrays.outages[0].cause == "former"
    assert arrays.outages[0].survived_h == 0
    assert sum(arrays.outages[0].unserved_kwh) == pytest.approx(4.0)


def test_an_outage_gives_no_free_energy(tmp_path: Path) -> None:
    battery = {"energy_kwh": 10, "power_kw": 10, "soc_start": 1.0}
    arrays = simulate(tmp_path, battery, [{"start": "2026-08-03T10:00", "duration_h": 1}])
    assert arrays.columns["soc_kwh"][-1, 0, 0] == pytest.approx(10 - 4 / 0.95)
    np.testing.assert_array_equal(arrays.columns["import_kwh"][20:22, 0, 0], 0.0)


def test_an_outage_outside_the_run_changes_nothing(tmp_path: Path) -> None:
    battery = {"energy_kwh": 10, "power_kw": 10, "soc_start": 1.0}
    plain = simulate(tmp_path, battery, [])
    assert not plain.events
    # One that begins on the last second still ends with the run.
    last = simulate(tmp_path, battery, [{"start": "2026-08-03T23:30", "duration_h": 10}])
    assert last.outages[0].hours == pytest.approx(0.5)
    assert last.events[-1].to_mode == "ISLAND"
