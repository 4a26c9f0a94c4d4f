"""``power_flow: control``: losses are served and paid for by somebody, solar inverters follow their voltage."""

import numpy as np
import pytest

import ysc_sim as ysc

SCENARIO = """
format: 1
time: {{start: 2026-05-11T00:00, days: {days}, step_s: 1800}}
wires: {wires}
tariff: {{plan: {plan}, export_jpy_per_kwh: 8.5}}
power_flow: {mode}
network: {{kind: street, buildings_per_transformer: 20, service_m: 40, supply_v: {supply_v}}}
buildings:
  - id: house
    profile: detached120_gas
    count: {count}
    devices: [{{kind: solar, rated_kw: 6}}{battery}]
  - {{id: shop, profile: shop, load_kwh_per_year: 20000}}
outages: [{outages}]
"""
BATTERY = ", {kind: battery, energy_kwh: 6, power_kw: 3}"


def run(
    folder, mode="control", *, days=1, wires="private_line", count=4, battery="", supply_v=6600, outages="", **over
):
    plan = "tepco_hv_basic_2026" if wires == "private_line" else "tepco_lv_meter_rate_b, contract: 60"
    text = SCENARIO.format(
        days=days, wires=wires, plan=plan, mode=mode, supply_v=supply_v, count=count, battery=battery, outages=outages
    )
    (folder / "scenario.yaml").write_text(text, encoding="utf-8")
    overrides = {name.replace("__", "."): value for name, value in over.items()}
    return ysc.run(ysc.load_scenario(folder / "scenario.yaml", overrides))


def community(result):
    return result.metrics["community"]


def left_over(numbers):
    """What the identity of INTERFACE does not account for at the community's meter, kWh."""
    out = ("load_kwh", "export_kwh", "battery_charge_kwh", "ev_charge_kwh", "loss_kwh")
    into = ("unserved_kwh", "import_kwh", "pv_kwh", "wind_kwh", "battery_discharge_kwh", "ev_discharge_kwh")
    return sum(numbers.get(name, 0.0) for name in out) - sum(numbers.get(name, 0.0) for name in into)


OUTAGE = "{start: 2026-05-11T17:10, duration_h: 5}"


@pytest.mark.parametrize("wires", ["private_line", "utility"])
@pytest.mark.parametrize("outages", ["", OUTAGE])
def test_losses_are_part_of_the_balance(wires, outages, tmp_path):
    result = run(tmp_path, wires=wires, battery=BATTERY, outages=outages)
    numbers = community(result)
    assert numbers["loss_kwh"] > 0.5
    assert left_over(numbers) == pytest.approx(0.0, abs=1e-4)
    assert numbers["ledger_residual_mwh"] == 0
    assert numbers["money_residual_jpy"] == 0
    assert numbers["meter_rounding_mwh"] <= 2 * 5 + 1
    assert numbers["energy_residual_kwh"] < 1e-6


def test_the_connection_takes_the_losses_on_top(tmp_path):
    result = run(tmp_path)
    frame, whole = result.frame("buildings"), result.frame("community")
    nets = (frame.import_kwh - frame.export_kwh).groupby(frame.time).sum().to_numpy()
    through = (whole.import_kwh - whole.export_kwh).to_numpy()
    assert through == pytest.approx(nets + whole.loss_kwh.to_numpy(), abs=1e-9)


def test_without_stores_and_limits_losses_are_those_of_the_report(tmp_path):
    control = run(tmp_path, network__volt_watt_pu="[1.3, 1.4]")
    report = run(tmp_path, "report")
    assert community(control)["loss_kwh"] == pytest.approx(community(report)["loss_kwh"], rel=1e-7)
    assert community(control)["max_voltage_pu"] == pytest.approx(community(report)["max_voltage_pu"], rel=1e-7)
    assert community(control)["curtailed_kwh"] == 0
    for name in ("pv_kwh", "load_kwh"):
        assert community(control)[name] == community(report)[name]


def test_volt_watt_holds_the_voltage_and_says_what_it_costs(tmp_path):
    control = run(tmp_path, count=10, supply_v=6640)
    report = run(tmp_path, "report", count=10, supply_v=6640)
    free, held = community(report), community(control)
    assert free["max_voltage_pu"] > 1.064
    # The inverters see the outer wires; of the two sides of a home the less loaded one stays a little above.
    assert held["max_voltage_pu"] < 1.0594 + 0.002
    assert held["curtailed_kwh"] > 10.0
    assert held["pv_kwh"] + held["curtailed_kwh"] == pytest.approx(free["pv_kwh"], rel=1e-12)
    frame = control.frame("buildings")
    assert (frame.curtailed_kwh >= -1e-12).all()
    assert (frame[frame.building == "shop"].curtailed_kwh == 0).all()


def test_volt_watt_is_the_curve_at_the_outer_wires(tmp_path):
    """Where it acts, power is what the curve allows at the voltage that the power makes."""
    result = run(tmp_path, count=10, supply_v=6640)
    flow, columns = result.arrays.power_flow, result.arrays.columns
    cut = columns["curtailed_kwh"][:, 0, :10] > 1e-6
    power = 2.0 * columns["pv_kwh"][:, 0, :10]
    # Between the outer wires, as the mean of what is seen: legs differ to both sides of it.
    outer = (flow.min_voltage_pu + flow.max_voltage_pu)[:, 0, :10] / 2.0
    allowed = 6.0 * np.clip((1.0594 - outer) / (1.0594 - 1.0545), 0.0, 1.0)
    assert cut.any()
    assert np.abs(power - allowed)[cut].max() < 0.05


def test_an_island_serves_its_losses(tmp_path):
    """The stores pay for the wires: they last less long than without, and what they give is what is used and lost."""
    outage = "{start: 2026-05-11T17:00, duration_h: 7}"
    control = run(tmp_path, battery=BATTERY, outages=outage)
    off = run(tmp_path, "off", battery=BATTERY, outages=outage)
    whole = control.frame("community")
    island = whole.islanded_s == 1800
    assert island.sum() == 14
    lost = whole.loss_kwh[island]
    served = (whole.load_kwh - whole.unserved_kwh)[island]
    given = (whole.pv_kwh + whole.battery_discharge_kwh - whole.battery_charge_kwh)[island]
    assert given.to_numpy() == pytest.approx((served + lost).to_numpy(), abs=1e-7)
    assert (lost[:6] > 0).all()
    assert (whole.import_kwh[island] == 0).all()
    assert community(control)["unserved_kwh"] > community(off)["unserved_kwh"]


def test_a_dark_network_loses_nothing(tmp_path):
    outage = "{start: 2026-05-11T01:00, duration_h: 3}"
    for wires in ("private_line", "utility"):
        whole = run(tmp_path, wires=wires, outages=outage).frame("community")
        assert (whole.loss_kwh[2:8] == 0).all()
        assert (whole.loss_kwh[:2] > 0).all()


def test_members_of_one_contract_bear_the_losses(tmp_path):
    control, off = run(tmp_path, network__volt_watt_pu="[1.3, 1.4]"), run(tmp_path, "off")
    bill = control.frame("bills")
    community_lines = bill[bill.building == "community"]
    assert community(control)["bill_jpy"] > community(off)["bill_jpy"]
    extra = community(control)["import_kwh"] - community(off)["import_kwh"]
    extra -= community(control)["export_kwh"] - community(off)["export_kwh"]
    assert extra == pytest.approx(community(control)["loss_kwh"], abs=1e-5)
    paid = bill[~bill.building.isin(["community", "operator"])].amount_mjpy.sum()
    assert abs(paid - community_lines.amount_mjpy.sum()) < 10


def test_the_network_operator_buys_the_losses_of_the_utilitys_wires(tmp_path):
    control, off = (
        run(tmp_path, mode, wires="utility", network__volt_watt_pu="[1.3, 1.4]") for mode in ("control", "off")
    )
    (line,) = control.frame("bills").query("building == 'network'").to_dict("records")
    assert line["item"] == "network_losses"
    assert line["quantity"] == pytest.approx(community(control)["loss_kwh"], abs=1e-5)
    assert line["amount_mjpy"] == pytest.approx(1000 * line["quantity"] * line["price_jpy"], abs=100)
    assert 10 < line["price_jpy"] < 60
    for building, own in off.metrics["buildings"].items():
        assert control.metrics["buildings"][building]["bill_jpy"] == own["bill_jpy"]


def test_rows_of_an_ensemble_are_solved_alike(tmp_path):
    outage = "{start: 2026-05-11T11:10, duration_h: 3}"
    settings = {"battery": BATTERY, "outages": outage, "supply_v": 6640}
    both = run(tmp_path, ensemble__seeds=2, **settings)
    second = run(tmp_path, seed=2, **settings)
    for name in ("pv_kwh", "curtailed_kwh", "import_kwh", "soc_kwh"):
        mine, alone = both.arrays.columns[name][:, 1], second.arrays.columns[name][:, 0]
        assert mine == pytest.approx(alone, abs=1e-5), name
    assert both.arrays.community["loss_kwh"][:, 1] == pytest.approx(second.arrays.community["loss_kwh"][:, 0], abs=1e-6)


def test_inverters_at_one_bus_of_a_file_share_the_curve(tmp_path):
    pandapower = pytest.importorskip("pandapower")
    net = pandapower.create_empty_network()
    start, end = pandapower.create_bus(net, 0.2), pandapower.create_bus(net, 0.2)
    pandapower.create_ext_grid(net, start, vm_pu=1.05)
    pandapower.create_line_from_parameters(net, start, end, 0.1, 0.4, 0.1, 0.0, 0.3)
    (tmp_path / "grid.json").write_text(pandapower.to_json(net), encoding="utf-8")
    network = {"kind": "pandapower", "file": "grid.json", "buses": {"house": 1, "shop": 0}}
    control, report = run(tmp_path, network=network), run(tmp_path, "report", network=network)
    assert community(report)["max_voltage_pu"] > 1.0594
    assert 1.054 < community(control)["max_voltage_pu"] < 1.0594
    columns = control.arrays.columns
    cut = columns["curtailed_kwh"][:, 0, :4]
    assert cut.sum() > 1
    assert cut == pytest.approx(np.repeat(cut[:, :1], 4, axis=1), abs=1e-9)


def test_a_full_store_moves_the_voltage_at_once(tmp_path):
    """What a store no longer takes flows into the street: inverters answer then, not at the next step."""
    result = run(tmp_path, count=10, supply_v=6640, battery=", {kind: battery, energy_kwh: 4, power_kw: 4}")
    assert community(result)["max_voltage_pu"] < 1.0594 + 0.002


def test_a_curve_that_does_not_fall_is_refused_and_one_that_never_acts_is_told(tmp_path):
    with pytest.raises(ysc.ScenarioError) as caught:
        run(tmp_path, network__volt_watt_pu="[1.08, 1.06]")
    assert [problem.key for problem in caught.value.problems] == ["volt_watt_order"]
    run(tmp_path, "report")
    told = ysc.load_scenario(tmp_path / "scenario.yaml", {"network.volt_watt_pu": "[1.07, 1.08]"}).warnings
    assert [problem.key for problem in told] == ["volt_watt_in_vain"]
