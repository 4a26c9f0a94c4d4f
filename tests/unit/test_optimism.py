"""The optimism gap: nothing where the engine does what the algebra says, hours where it cannot."""

import json
from pathlib import Path
from typing import Any

import pytest

import ysc_sim as ysc
from ysc_sim.study.optimism import OptimismGap, optimism_gap


def gap(tmp_path: Path, shed: list[float], second_kwh: float, **more: Any) -> OptimismGap:
    battery = {"kind": "battery", "energy_kwh": 20, "power_kw": 6}
    other = {"kind": "battery", "energy_kwh": second_kwh, "power_kw": second_kwh, "soc_start": 0.2}
    data = {
        "format": 1,
        "time": {"start": "2026-08-03T00:00", "days": 8, "step_s": 3600},
        "wires": "private_line",
        "tariff": {"plan": "tepco_hv_basic_2026", "export_jpy_per_kwh": 8.5},
        "island": {"shed_below_soc": shed},
        "buildings": [
            {
                "id": "clinic",
                "profile": "clinic",
                "load_kwh_per_year": 20000,
                "tier_shares": [0.4, 0.2, 0.2, 0.2],
                "devices": [{"kind": "solar", "rated_kw": 14, "tilt_deg": 20, "azimuth_deg": 180}, battery],
            },
            {
                "id": "home",
                "profile": "detached120_gas",
                "tier_shares": [0.25, 0.25, 0.25, 0.25],
                "devices": [other] if second_kwh else [],
            },
        ],
    }
    path = tmp_path / "scenario.yaml"
    path.write_text(json.dumps(data), encoding="utf-8")
    return optimism_gap(ysc.load_scenario(path), outage_h=12.0, draws=40, **more)


def test_one_battery_for_critical_demand_alone_leaves_no_gap(tmp_path: Path) -> None:
    found = gap(tmp_path, [0, 1, 1, 1], 0)
    assert len(found.algebra_h) == 40
    assert len(set(found.algebra_h.tolist())) > 3
    # An island cannot form on a store that is quite empty; there, and only there, the algebra lets the sun do it.
    differs = found.algebra_h != found.engine_h
    assert set(found.engine_h[differs].tolist()) <= {0.0}
    assert differs.mean() < 0.5


def test_stores_that_serve_everybody_die_earlier_than_the_algebra_says(tmp_path: Path) -> None:
    careful, lavish = gap(tmp_path, [0, 1, 1, 1], 0), gap(tmp_path, [0, 0, 0, 0], 0)
    assert lavish.mean_h > careful.mean_h
    assert lavish.largest_h > 1
    assert (lavish.algebra_h >= lavish.engine_h).all()
    said = lavish.summary()
    assert said["outages"] == 40
    assert said["gap_h_mean"] == pytest.approx(said["algebra_h_mean"] - said["engine_h_mean"])
    assert said["shorter_ratio"] > 0.2
    assert "energy" in said["causes"]


def test_an_outage_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="first_h"):
        gap(tmp_path, [0, 1, 1, 1], 0, first_h=185.0)
