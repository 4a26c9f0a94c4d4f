"""Meters that may not run backwards: export exactly zero, curtailment and trips counted."""

from pathlib import Path

import numpy as np
import pytest

import ysc_sim as ysc
from ysc_sim.errors import ScenarioError

SUNDAY = """
format: 1
name: Sunday without export
time: {{start: 2026-05-10T00:00, days: 1, step_s: {step_s}}}
buildings:
  - id: factory
    export: forbidden
    no_export: {no_export}
    profile: {load}
    devices:
      - {{kind: solar, rated_kw: 80, tilt_deg: 10, azimuth_deg: 180}}
"""


def scenario(folder: Path, *, load_kw: list[float], step_s: int = 1800, no_export: str = "{}") -> ysc.Scenario:
    each = 86_400 // len(load_kw)
    rows = [f"2026-05-10T{k * each // 3600:02d}:{k * each % 3600 // 60:02d},{kw}" for k, kw in enumerate(load_kw)]
    (folder / "load.csv").write_text("time,kW\n" + "\n".join(rows) + "\n", encoding="utf-8")
    text = SUNDAY.format(step_s=step_s, load="load.csv", no_export=no_export)
    (folder / "a.yaml").write_text(text, encoding="utf-8")
    return ysc.load_scenario(folder / "a.yaml")


def test_eight_kw_under_eighty_kw_of_sun_export_nothing(tmp_path: Path) -> None:
    results = ysc.run(scenario(tmp_path, load_kw=[8.0] * 48))
    numbers = results.metrics["community"]
    assert numbers["export_kwh"] == 0
    assert numbers["curtailed_kwh"] > 300
    assert numbers["relay_trips"] == 0
    free = ysc.run(ysc.load_scenario(tmp_path / "a.yaml", overrides={"buildings.factory.export": "allowed"}))
    made = free.metrics["community"]["pv_kwh"]
    assert numbers["pv_kwh"] + numbers["curtailed_kwh"] == pytest.approx(made, rel=1e-12)
    assert numbers["import_kwh"] == pytest.approx(8 * 24 - numbers["pv_kwh"], abs=1e-5)


def test_margin_keeps_some_import(tmp_path: Path) -> None:
    results = ysc.run(scenario(tmp_path, load_kw=[8.0] * 48, no_export="{margin_kw: 2}"))
    assert results.frame("community")["import_kwh"].min() == pytest.approx(1.0, abs=1e-9)


def falling() -> list[float]:
    """60 kW until noon, then 8 kW."""
    return [60.0] * 720 + [8.0] * 720


def test_relay_trips_where_the_load_falls_faster_than_the_sun_follows(tmp_path: Path) -> None:
    frame = ysc.run(scenario(tmp_path, load_kw=falling(), step_s=60)).frame("buildings")
    assert frame["relay_trips"].sum() == 1
    tripped = frame[frame["relay_trips"] > 0].index[0]
    sun = frame["pv_kwh"].to_numpy()
    assert (sun[tripped : tripped + 5] == 0).all(), "300 s without generation"
    assert sun[tripped + 5] > 0
    assert frame["export_kwh"].sum() == 0


@pytest.mark.parametrize("rule", ["{margin_kw: 55}", "{response_s: 0.4}", "{relay_kw: 100}"])
def test_relay_rests_where_it_is_not_reached(tmp_path: Path, rule: str) -> None:
    numbers = ysc.run(scenario(tmp_path, load_kw=falling(), step_s=60, no_export=rule)).metrics["community"]
    assert numbers["relay_trips"] == 0
    assert numbers["export_kwh"] == 0


def test_discharging_store_gives_way_before_the_sun(tmp_path: Path) -> None:
    text = SUNDAY.format(step_s=1800, load="load.csv", no_export="{}")
    battery = "      - {kind: battery, energy_kwh: 20, power_kw: 10}\n"
    scenario(tmp_path, load_kw=[8.0] * 48)
    (tmp_path / "a.yaml").write_text(text + battery, encoding="utf-8")
    frame = ysc.run(ysc.load_scenario(tmp_path / "a.yaml")).frame("buildings")
    assert frame["export_kwh"].sum() == 0
    both = (frame["battery_discharge_kwh"] > 0) & (frame["curtailed_kwh"] > 1e-9)
    assert not both.any()
    assert np.isfinite(frame["soc_kwh"]).all()


def test_common_meter_over_the_utilitys_wires_is_refused(tmp_path: Path) -> None:
    text = """
format: 1
time: {start: 2026-05-10T00:00, days: 1}
wires: utility
export: forbidden
buildings:
  - {id: a, profile: office}
  - {id: b, profile: office}
"""
    (tmp_path / "a.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioError, match="no common meter"):
        ysc.load_scenario(tmp_path / "a.yaml")


def test_common_meter_lets_neighbours_use_the_sun(tmp_path: Path) -> None:
    text = """
format: 1
time: {start: 2026-05-10T00:00, days: 1}
wires: private_line
export: forbidden
buildings:
  - {id: roof, profile: office, load_kwh_per_year: 10000, devices: [{kind: solar, rated_kw: 80}]}
  - {id: shop, profile: shop, load_kwh_per_year: 100000}
"""
    (tmp_path / "a.yaml").write_text(text, encoding="utf-8")
    results = ysc.run(ysc.load_scenario(tmp_path / "a.yaml"))
    assert results.metrics["community"]["export_kwh"] == 0
    assert results.metrics["buildings"]["roof"]["export_kwh"] > 10
