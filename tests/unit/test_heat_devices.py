"""Water heaters, fuel cells and air conditioners, by hand and in a run."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ysc_sim as ysc
from ysc_sim.contracts import Moment, Placed, Rows, Site
from ysc_sim.devices.aircon import AirconFleet, AirconSpec, hours_above
from ysc_sim.devices.fuel_cell import FuelCellFleet, FuelCellSpec
from ysc_sim.devices.water_heater import WaterHeaterFleet, WaterHeaterSpec
from ysc_sim.timeseries import TimeAxis
from ysc_sim.timeseries.hotwater import LITRES, draw_kw

STEP_S = 1800


def placed(*specs: object, start: str = "2026-01-12T00:00", days: int = 7) -> Placed:
    m = len(specs)
    site = Site(TimeAxis.of(start, step_s=STEP_S, days=days), Rows((1,)), 35.45, 139.64, Path())
    ids = tuple(f"b/{i}" for i in range(m))
    return Placed(specs, ids, np.arange(m), np.zeros((1, m), dtype=np.int64), np.ones((1, m)), site)


def live(fleet: Any, days: int, share: float = 0.0) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Powers (T, m) of a fleet that gets hi + share·(lo − hi), and its state at the end."""
    state, powers = fleet.start(), []
    for k in range(days * 48):
        moment = Moment(float(k * STEP_S), k)
        bands = fleet.bands(state, moment)
        p = bands.hi_kw + share * (bands.lo_kw - bands.hi_kw) if fleet.flexible else bands.want_kw
        powers.append(fleet.advance(state, p.copy(), float(STEP_S), moment).energy_kwh[0] * 2)
    return np.array(powers), state


def test_the_draw_is_that_of_the_standard() -> None:
    assert LITRES.sum() == 450
    # 450 l from 9.3 °C (air of 8 °C) to 40 °C: 16.1 kWh.
    assert draw_kw(np.full((24, 1), 8.0)).sum() * 4 == pytest.approx(450 * 4.186 / 3600 * (40 - 9.286), rel=1e-9)


def test_a_water_heater_runs_at_night_and_nobody_bathes_cold() -> None:
    fleet = WaterHeaterFleet(placed(WaterHeaterSpec()))
    power, state = live(fleet, 7)
    days = power[:, 0].reshape(7, 48)
    assert (days[1:, 14:] > -1e-9).mean() > 0.9, "from 07:00 on it rests, but for a tank that runs low"
    assert days[1:, :14].min() < -0.8
    assert state["unmet_kwh"][0, 0] == 0.0
    drawn = state["drawn_kwh"][0, 0]
    used = state["used_kwh"][0, 0]
    assert 3.0 < drawn / used < 4.6, "COP of the class in January, losses of the tank included"
    # Heat in = draw + losses + change of the tank.
    cop = fleet._now(state, Moment(0.0, 0))[0]
    assert cop[0, 0] == pytest.approx(0.94 * np.interp(fleet._draw_kw[0, 0] * 0 + 3.0, [2, 7], [3.28, 4.57]), abs=0.5)


def test_surplus_running_takes_what_is_left_over_and_is_full_by_its_hour() -> None:
    fleet = WaterHeaterFleet(placed(WaterHeaterSpec(run="surplus", ready="15:00"), WaterHeaterSpec(run="surplus")))
    by_sun, state = live(fleet, 5, share=1.0)
    assert state["unmet_kwh"].max() == 0.0
    waited, _ = live(fleet, 5)
    first = waited[:, 0].reshape(5, 48)[2]
    assert first[:18].min() > -0.3, "without surplus it waits"
    assert first[18:30].min() < -0.8, "and is heated before 15:00"
    assert by_sun.sum() != waited.sum()


def test_hot_water_below_sixty_degrees_is_refused() -> None:
    from ysc_sim.scenario.kinds import flat_adapter

    with pytest.raises(ValueError, match="greater than or equal to 60"):
        flat_adapter("devices", "water_heater").validate_json('{"kind": "water_heater", "hot_c": 55.0}')


def test_heat_of_a_solid_oxide_cell_by_hand() -> None:
    fleet = FuelCellFleet(placed(FuelCellSpec(people=0), FuelCellSpec(people=400)))
    power, state = live(fleet, 2)
    assert (power == 0.7).all()
    found = fleet.measure(state)
    made = 0.7 * 48
    np.testing.assert_allclose(found["fuel_cell_gas_kwh"].value, made / 0.55)
    heat, half = made * 0.32 / 0.55, 28 * 4.186 / 3600 * 45 / 2
    assert found["fuel_cell_heat_dumped_kwh"].value[0, 0] == pytest.approx(heat - half, rel=1e-9)
    assert found["fuel_cell_heat_used_kwh"].value[0, 0] == 0.0
    assert found["burner_heat_kwh"].value[0, 1] > 100


def test_a_polymer_cell_stops_when_its_tank_is_full_and_rests_after_its_longest_run() -> None:
    fleet = FuelCellFleet(
        placed(
            FuelCellSpec(technology="pefc", people=1),
            FuelCellSpec(technology="pefc", tank_l=5000, people=200, run_h=10, rest_h=2),
        )
    )
    power, state = live(fleet, 4)
    assert 0 < (power[:, 0] > 0).mean() < 0.6
    assert (state["dumped_kwh"] == 0).all()
    on = power[:, 1] > 0
    assert on[:20].all()
    assert not on[20:24].any()
    assert on[24:44].all()


def test_efficiencies_above_one_are_refused() -> None:
    assert FuelCellSpec(electric_efficiency=0.6, heat_efficiency=0.5).check()[0][0] == "more_out_than_in"
    assert not FuelCellSpec().check()


def test_the_room_is_held_and_drifts_by_hand() -> None:
    spec = AirconSpec(thermal_kw=8, floor_m2=100, used_from="00:00", used_until="00:00", gain_w_per_m2=0)
    fleet = AirconFleet(placed(spec, start="2026-01-12T00:00"))
    power, state = live(fleet, 2)
    assert state["room_c"][0, 0] == pytest.approx(20.0, abs=1e-9)
    # Loss 265 W/K · (20 − outdoor), over the interpolated COP, in the last step.
    outside = fleet._out_c[47, 0]
    cop = np.interp(outside, [-7, 2, 7, 12], [3.1, 3.8, 4.3, 4.9])
    assert -power[-1, 0] == pytest.approx(0.265 * (20 - outside) / cop, rel=0.05)
    drift = fleet.start()
    fleet.advance(drift, np.zeros((1, 1)), 3600.0, Moment(0.0, 0))
    tau = 0.92 / 0.265
    assert drift["room_c"][0, 0] == pytest.approx(fleet._out_c[0, 0] + (23.5 - fleet._out_c[0, 0]) * np.exp(-1 / tau))


def test_discomfort_against_a_fine_sum() -> None:
    rng = np.random.default_rng(3)
    begin, rest, level = rng.uniform(15, 35, (3, 200))
    tau, hours = rng.uniform(0.5, 20, 200), rng.uniform(0.01, 3, 200)
    t = (np.arange(20_000)[:, None] + 0.5) / 20_000 * hours
    fine = np.maximum(rest + (begin - rest) * np.exp(-t / tau) - level, 0.0).mean(axis=0) * hours
    np.testing.assert_allclose(hours_above(begin, rest, tau, level, hours), fine, atol=2e-6)


def test_switching_an_air_conditioner_off_costs_comfort_and_power_later(tmp_path: Path) -> None:
    path = tmp_path / "scenario.yaml"
    path.write_text(
        "format: 1\ntime: {start: 2026-08-03T00:00, days: 2, step_s: 60}\n"
        "buildings:\n  - id: shop\n    profile: shop\n    strategy: {kind: none}\n"
        "    devices: [{kind: aircon, thermal_kw: 30, floor_m2: 200}]\n",
        encoding="utf-8",
    )
    free = ysc.run(ysc.load_scenario(path))
    rotation = {"buildings.shop.strategy": {"kind": "aircon_rotation", "target_kw": 5.0}}
    rotated = ysc.run(ysc.load_scenario(path, overrides=rotation))
    one, other = (result.metrics["community"] for result in (free, rotated))
    assert one["discomfort_kh"] == pytest.approx(0, abs=0.5)
    assert other["discomfort_kh"] > one["discomfort_kh"] + 1
    assert other["aircon_kwh"] < one["aircon_kwh"]
