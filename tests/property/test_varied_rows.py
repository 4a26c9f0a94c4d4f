"""Rows of one batch that differ in the sizes of devices are the runs of those sizes, to the last bit or nearly."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from ysc_sim.engine.simulate import run
from ysc_sim.errors import ScenarioError
from ysc_sim.scenario import Scenario, parse_scenario
from ysc_sim.study.rows import row_values

TEXT = """
format: 1
time: {start: 2026-08-03T00:00, days: 3, step_s: 1800}
tariff: {plan: tepco_hv_basic_2026, export_jpy_per_kwh: 8.5}
wires: private_line
buildings:
  - id: office
    profile: office
    load_kwh_per_year: 90000
    strategy: {kind: STRATEGY}
    devices:
      - {kind: solar, rated_kw: 30, inverter_kva: 20}
      - {kind: battery, energy_kwh: 40, power_kw: 20, MORE}
  - {id: home, profile: detached120_gas, count: 2, devices: [{kind: solar, rated_kw: 4}]}
OUTAGE
"""
VARIED = {
    "buildings.office.devices.battery.energy_kwh": (40.0, 80.0, 10.0, 0.0),
    "buildings.office.devices.battery.power_kw": (20.0, 5.0, 30.0, 0.0),
    "buildings.office.devices.solar.rated_kw": (30.0, 60.0, 10.0, 0.0),
    "buildings.home.devices.solar.rated_kw": (4.0, 8.0, 2.0, 4.0),
}


BATTERY = "buildings.office.devices.battery.energy_kwh"


def scenario(
    strategy: str = "peak_cut, target_kw: 20", more: str = "charge_efficiency: 0.9", outage: str = ""
) -> Scenario:
    text = TEXT.replace("STRATEGY", strategy).replace("MORE", more).replace("OUTAGE", outage)
    return parse_scenario(text, folder=".")


def with_points(one: Scenario, varied: dict[str, tuple[float, ...]]) -> Scenario:
    return dataclasses.replace(one, ensemble=dataclasses.replace(one.ensemble, vary=varied))


OUTAGE = "outages: [{start: 2026-08-04T18:00, duration_h: 3}]"
ROWS_ALONE = "ensemble: {outages: {duration_h: 4, draws: 2, first_h: 12}}"


@pytest.mark.parametrize("more", ["charge_efficiency: 0.9", "ageing: lfp, price_jpy_per_kwh: 100000", "model: x"])
@pytest.mark.parametrize("outage", ["", OUTAGE])
def test_a_row_is_the_run_of_its_sizes(more: str, outage: str) -> None:
    more = "model: generic_business" if more == "model: x" else more
    whole = row_values(run(with_points(scenario(more=more, outage=outage), VARIED)))
    for k in range(3):  # 0 is no value of a scenario
        alone = run(with_points(scenario(more=more, outage=outage), {key: (v[k], v[k]) for key, v in VARIED.items()}))
        single = scenario(more=more, outage=outage)
        plain = run(resized(single, k)).metrics["community"]
        for name in ("bill_jpy", "import_kwh", "export_kwh", "battery_discharge_kwh", "peak_import_kw", "pv_kwh"):
            assert whole[name][k] == pytest.approx(plain[name], abs=1e-6), (name, k)
            assert alone.metrics["community"][name] == pytest.approx(plain[name], abs=1e-6)
    assert whole["battery_discharge_kwh"][3] == 0


def resized(one: Scenario, k: int) -> Scenario:
    """The scenario with the k-th sizes written into it; its inverter grows with the modules."""
    office, home = one.buildings

    def sized(device: object, **fields: float) -> object:
        return dataclasses.replace(device, spec=dataclasses.replace(device.spec, **fields))  # type: ignore[attr-defined, type-var]

    load, solar, battery = office.devices
    energy, power, roof, small = (VARIED[key][k] for key in VARIED)
    devices = (load, sized(solar, rated_kw=roof, inverter_kva=20 * roof / 30),
               sized(battery, energy_kwh=energy, power_kw=power))  # fmt: skip
    house = dataclasses.replace(home, devices=(home.devices[0], sized(home.devices[1], rated_kw=small)))
    return dataclasses.replace(one, buildings=(dataclasses.replace(office, devices=devices), house))


def test_parts_of_the_rows_keep_their_own_sizes() -> None:
    """Outages that begin at other times in every row cut the batch into parts."""
    one = scenario(outage=ROWS_ALONE)
    whole = row_values(run(with_points(one, VARIED)))
    assert len(whole["bill_jpy"]) == 8
    for k in range(3):
        alone = row_values(run(resized(one, k)))
        for name in ("bill_jpy", "unserved_kwh", "battery_discharge_kwh", "pv_kwh"):
            assert whole[name][2 * k : 2 * k + 2] == pytest.approx(alone[name], abs=1e-6), (name, k)


def test_targets_of_strategies_and_loads_differ_by_row() -> None:
    key, load = "buildings.office.strategy.target_kw", "buildings.office.load_kwh_per_year"
    found = row_values(run(with_points(scenario(), {key: (15.0, 25.0, 25.0), load: (90000.0, 90000.0, 0.0)})))
    assert found["load_kwh"][2] < found["load_kwh"][0] == pytest.approx(found["load_kwh"][1])
    single = scenario("peak_cut, target_kw: 25")
    assert found["bill_jpy"][1] == pytest.approx(run(single).metrics["community"]["bill_jpy"])


def test_seeds_share_their_draws_with_all_points() -> None:
    text = TEXT.replace("STRATEGY", "self_consumption").replace(", MORE", "").replace("OUTAGE", "ensemble: {seeds: 2}")
    one = parse_scenario(text.replace("time:", "site: {weather: synthetic}\ntime:"), folder=".")
    varied = {"buildings.office.devices.solar.rated_kw": (30.0, 30.0, 60.0)}
    pv = row_values(run(with_points(one, varied)))["pv_kwh"].reshape(2, 3)
    assert np.allclose(pv[:, 0], pv[:, 1])
    assert not np.allclose(pv[0, 0], pv[1, 0])


def test_a_planner_is_refused_unless_it_is_given_a_target() -> None:
    text = TEXT.replace(", MORE", "").replace("OUTAGE", "ensemble: {vary: {" + BATTERY + ": [5, 10]}}")
    with pytest.raises(ScenarioError) as caught:
        parse_scenario(text.replace("STRATEGY", "group_peak_cut"), folder=".")
    assert [problem.key for problem in caught.value.problems] == ["vary_planner"]
    target = "buildings.office.strategy.target_kw"
    one = parse_scenario(text.replace("STRATEGY", "group_peak_cut, target_kw: 20"), folder=".")
    found = row_values(run(with_points(one, {BATTERY: (40.0, 40.0), target: (20.0, 24.0)})))
    other = parse_scenario(text.replace("STRATEGY", "group_peak_cut, target_kw: 24"), folder=".")
    again = row_values(run(with_points(other, {BATTERY: (40.0, 40.0)})))
    assert found["bill_jpy"][1] == pytest.approx(again["bill_jpy"][0])
    assert found["bill_jpy"][0] != pytest.approx(found["bill_jpy"][1])


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ("buildings.nobody.devices.solar.rated_kw: [1]", "key_unknown_item"),
        ("buildings.office.devices.solar.tilt_deg: [1]", "vary_field_fixed"),
        ("buildings.office.strategy.margin: [1]", "vary_field_fixed"),
        ("buildings.office.devices.solar.rated_kw: [-1]", "must_be_above"),
        ("buildings.office.strategy.target_kw: [0]", "must_be_above"),
        ("tariff.contract: [5]", "vary_key_unknown"),
        ("buildings.office: [5]", "vary_key_unknown"),
        (BATTERY + ": [5, 6], buildings.home.devices.solar.rated_kw: [1]", "vary_lengths"),
    ],
)  # fmt: skip
def test_what_cannot_vary_is_said_with_its_line(tmp_path: Path, lines: str, problem: str) -> None:
    text = TEXT.replace("STRATEGY", "peak_cut, target_kw: 9").replace(", MORE", "")
    with pytest.raises(ScenarioError) as caught:
        parse_scenario(text.replace("OUTAGE", "ensemble: {vary: {" + lines + "}}"), folder=tmp_path)
    found = caught.value.problems[0]
    assert found.key == problem
    assert found.line == 15
