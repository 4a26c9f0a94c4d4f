"""Datasheets of batteries: a new product is one YAML file; what is wrong in one is told with its place."""

from pathlib import Path

import numpy as np
import pytest

import ysc_sim as ysc
from ysc_sim.devices.battery import BatteryFleet, BatterySpec
from ysc_sim.devices.datasheet import check_datasheet, load_datasheet, model_names
from ysc_sim.errors import ScenarioError

PRODUCT = """
name: Hamakaze 12
source: maker's datasheet of 2026-04-01
energy_kwh: 12.8
power_kw: 6
soc_min: 0.1
soc_max: 0.9
charge_losses: {no_load: 0.01, linear: 0.01, quadratic: 0.03}
discharge_losses: {no_load: 0.01, quadratic: 0.04}
standby_kw: 0.02
charge_limits: [{soc: 0.8, power: 0.5}]
ageing: lfp
price_jpy_per_kwh: 150000
"""
SCENARIO = """
format: 1
time: {{start: 2026-08-03T00:00, days: 3}}
buildings:
  - id: home
    profile: detached120_gas
    strategy: {{kind: self_consumption}}
    devices:
      - {{kind: solar, rated_kw: 6}}
      - {{kind: battery, model: {model}{more}}}
outages: [{{start: 2026-08-04T18:00, duration_h: 3}}]
"""


def write(folder: Path, model: str, more: str = "", product: str = PRODUCT) -> Path:
    (folder / "hamakaze.yaml").write_text(product, encoding="utf-8")
    path = folder / "scenario.yaml"
    path.write_text(SCENARIO.format(model=model, more=more), encoding="utf-8")
    return path


@pytest.mark.parametrize("model", ["hamakaze", "hamakaze.yaml", "generic_home"])
def test_a_product_is_one_file(tmp_path: Path, model: str) -> None:
    results = ysc.run(ysc.load_scenario(write(tmp_path, model)))
    home = results.metrics["buildings"]["home"]
    assert home["battery_discharge_kwh"] > 5
    assert 0.5 < home["battery_equivalent_full_cycles"] < 4
    assert 0 < home["battery_capacity_loss_ratio"] < 0.02
    assert home["battery_wear_jpy"] > 0
    discharged = home["battery_discharge_kwh"]
    assert home["battery_wear_jpy_per_kwh"] == pytest.approx(home["battery_wear_jpy"] / discharged, rel=1e-9)
    assert results.metrics["community"]["battery_wear_jpy"] == pytest.approx(home["battery_wear_jpy"])
    moved = home["battery_charge_kwh"] - home["battery_discharge_kwh"]
    sheet = load_datasheet(model, tmp_path)
    store = results.frame("buildings")["soc_kwh"].to_numpy()
    assert home["storage_loss_kwh"] == pytest.approx(moved - (store[-1] - self_start(sheet)), abs=1e-9)


def self_start(sheet: object) -> float:
    return 0.5 * sheet.energy_kwh  # type: ignore[attr-defined, no-any-return]


def test_what_the_scenario_says_comes_before_the_datasheet(tmp_path: Path) -> None:
    scenario = ysc.load_scenario(write(tmp_path, "hamakaze", ", energy_kwh: 6.4, soc_min: 0.2, ageing: none"))
    spec = scenario.buildings[0].devices[-1].spec
    fleet = _fleet(spec, tmp_path)
    assert fleet.energy_kwh.tolist() == [6.4]
    assert fleet.power_kw.tolist() == [6.0]
    store = fleet.store(fleet.start())
    assert np.broadcast_to(store.floor_kwh, (1, 1)) == pytest.approx(1.28)
    assert "fade_s" not in fleet.start()


def _fleet(spec: BatterySpec, folder: Path) -> BatteryFleet:
    from ysc_sim.contracts import Placed, Rows, Site
    from ysc_sim.timeseries import TimeAxis

    site = Site(TimeAxis.of("2026-08-03T00:00", step_s=1800, days=3), Rows((1,)), 35.45, 139.64, folder)
    nothing = np.zeros((1, 1), dtype=np.int64)
    return BatteryFleet(Placed((spec,), ("home/battery",), np.zeros(1, dtype=np.int64), nothing, nothing + 1.0, site))


@pytest.mark.parametrize(
    ("model", "more", "product", "key", "place"),
    [
        ("hamakazi", "", PRODUCT, "model_unknown", "scenario.yaml:10:"),
        ("missing.yaml", "", PRODUCT, "file_missing", "scenario.yaml:10:"),
        ("hamakaze.yaml", ", charge_efficiency: 0.9", PRODUCT, "datasheet_says_that", "scenario.yaml:10:"),
        ("hamakaze.yaml", ", soc_start: 0.95", PRODUCT, "soc_start_outside", "scenario.yaml:10:"),
        ("hamakaze.yaml", "", PRODUCT.replace("power_kw: 6", "powr_kw: 6"), "unknown_key", "hamakaze.yaml:5:1"),
        ("hamakaze.yaml", "", PRODUCT.replace("soc: 0.8", "soc: 8"), "value_wrong", "hamakaze.yaml:11:23"),
        ("hamakaze.yaml", "", PRODUCT.replace("no_load", "no_lod"), "unknown_key", "hamakaze.yaml:8:17"),
        ("hamakaze.yaml", "", PRODUCT.replace("soc_max: 0.9", "soc_max: 0.1"), "soc_band_empty", "hamakaze.yaml:6:"),
        ("hamakaze.yaml", "", PRODUCT.replace("0.03}", "0.5}"), "losses_eat_power", "hamakaze.yaml:8:"),
        ("hamakaze.yaml", "", "- 1", "not_a_map", "hamakaze.yaml:1:1"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(
    tmp_path: Path, model: str, more: str, product: str, key: str, place: str
) -> None:
    with pytest.raises(ScenarioError) as error:
        ysc.load_scenario(write(tmp_path, model, more, product))
    assert any(problem.key == key and place in problem.place for problem in error.value.problems)


@pytest.mark.parametrize("name", model_names())
def test_every_shipped_datasheet_is_sound(name: str) -> None:
    sheet = load_datasheet(name, Path())
    assert not check_datasheet(sheet)
    assert len(sheet.source) > 40


def test_limits_must_be_in_order() -> None:
    from dataclasses import replace

    from ysc_sim.devices.datasheet import Limit

    sheet = load_datasheet("generic_home", Path())
    for limits in ((0.9, 0.5), (0.8, 0.3)), ((0.8, 0.5), (0.9, 0.6)), ((0.9, 0.0),):
        wrong = replace(sheet, charge_limits=tuple(Limit(soc=soc, power=power) for soc, power in limits))
        assert [key for key, _, _ in check_datasheet(wrong)] == ["limits_out_of_order"]


def test_a_wrong_loss_stops_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Losses are added up from the curve, not what is left over: the balance of the store tests them."""
    from ysc_sim.devices.conversion import Conversion
    from ysc_sim.errors import InvariantError

    path = write(tmp_path, "hamakaze")
    home = ysc.run(ysc.load_scenario(path)).metrics["community"]
    assert home["energy_residual_kwh"] < 1e-9
    right = Conversion.falls_kw
    monkeypatch.setattr(Conversion, "falls_kw", lambda self, passing: right(self, passing) * 0.999)
    with pytest.raises(InvariantError):
        ysc.run(ysc.load_scenario(path))
