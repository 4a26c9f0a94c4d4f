"""Sun that gives less as the frequency rises: in a run it decides whether an island with a full battery lives."""

from pathlib import Path

import pytest

import ysc_sim as ysc

SCENARIO = """
format: 1
time: {start: 2026-05-05T00:00, days: 1, step_s: 1800}
wires: private_line
site: {weather: synthetic, weather_variability: 0}
buildings:
  - id: a
    profile: detached120_gas
    devices:
      - {kind: solar, rated_kw: 20}
      - {kind: battery, energy_kwh: 20, power_kw: 10}
outages: [{start: 2026-05-05T11:10, duration_h: 2}]
island: {frequency: {sun_droop_pu: DROOP, sun_lag_s: LAG, inertia_s: 5, droop_pu: 0.01}}
"""


@pytest.mark.parametrize(("droop", "lag_s", "lives"), [(0.02, 0.2, True), (1.0, 0.2, False), (0.02, 5.0, False)])
def test_a_full_battery_lives_by_frequency_watt_alone(tmp_path: Path, droop: float, lag_s: float, lives: bool) -> None:
    """At 11:10 the battery is full and some 9.6 kW are exported: all of it must go. At rest the frequency would be
    50.036 + 0.02·50·(export/generation) = 51.02 Hz; on the way it must stay below 51.5 Hz."""
    path = tmp_path / "scenario.yaml"
    path.write_text(SCENARIO.replace("DROOP", str(droop)).replace("LAG", str(lag_s)), encoding="utf-8")
    results = ysc.run(ysc.load_scenario(path))
    first, second = results.frame("events").iloc[0], results.frame("events").iloc[1]
    house = results.frame("buildings").set_index("time").loc["2026-05-05T11:30:00+09:00"]
    assert results.metrics["community"]["energy_residual_kwh"] < 1e-9
    if lives:
        assert 51.02 < first["frequency_hz"] < 51.5
        assert second["to_mode"] == "GRID"
        assert house["pv_kwh"] == pytest.approx(house["load_kwh"])
        assert house["curtailed_kwh"] > 4
        assert results.metrics["community"]["unserved_kwh"] == 0
    else:
        assert first["frequency_hz"] == pytest.approx(51.5, abs=1e-3)
        assert (second["to_mode"], second["cause"]) == ("DEAD", "frequency")
        assert house["pv_kwh"] == 0
        assert house["unserved_kwh"] == house["load_kwh"]
