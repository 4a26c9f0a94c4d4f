"""A scenario on a pandapower network, solved by pandapower's own ``runpp`` step by step.

Kerber's rural feeder [1]_ with buildings at some buses; every fourth hour of a day is solved again by pandapower
with the injections of the result, at 1e-10 MVA. A split-phase street is held against loop equations written by hand in
``tests/unit/test_street.py``.

.. [1] G. Kerber, Aufnahmefähigkeit von Niederspannungsverteilnetzen für die Einspeisung aus Photovoltaikkleinanlagen,
   dissertation, TU München 2011; as shipped by pandapower.
"""

import numpy as np
import pytest

import ysc_sim as ysc

pandapower = pytest.importorskip("pandapower")
networks = pytest.importorskip("pandapower.networks")

SCENARIO = """
format: 1
time: {start: 2026-05-11T00:00, days: 1, step_s: 1800}
wires: utility
tariff: {plan: tepco_lv_meter_rate_b, contract: 60, export_jpy_per_kwh: 8.5}
power_flow: report
network: {kind: pandapower, file: grid.json, own_loads: OWN, buses: {house: [BUSES], shop: SHOP}}
buildings:
  - {id: house, profile: detached120_gas, count: 3, devices: [{kind: solar, rated_kw: 8}]}
  - {id: shop, profile: shop, load_kwh_per_year: 30000}
"""


def grid():
    net = networks.create_kerber_landnetz_kabel_1()
    net.load["p_mw"] = 0.001
    net.load["q_mvar"] = 0.0002
    return net


@pytest.mark.parametrize("own", ["replace", "keep", "drop"])
def test_every_step_is_that_of_pandapower(own, tmp_path):
    net = grid()
    buses = [int(bus) for bus in net.load.bus.iloc[[0, 3, 5, -1]]]
    (tmp_path / "grid.json").write_text(pandapower.to_json(net), encoding="utf-8")
    text = SCENARIO.replace("OWN", own).replace("BUSES", ", ".join(map(str, buses[:3])))
    (tmp_path / "scenario.yaml").write_text(text.replace("SHOP", str(buses[3])), encoding="utf-8")
    result = ysc.run(ysc.load_scenario(tmp_path / "scenario.yaml"))
    frame = result.frame("power_flow").set_index(["building", "time"])
    names = ["house_1", "house_2", "house_3", "shop"]
    if own == "drop":
        net.load = net.load[:0]
    if own == "replace":
        net.load = net.load[~net.load.bus.isin(buses)]
    added = [pandapower.create_sgen(net, bus, 0.0) for bus in buses]
    community = frame.loc["community"]
    for time in community.index[::8]:
        net.sgen.loc[added, "p_mw"] = [frame.loc[(name, time), "p_kw"] / 1000 for name in names]
        net.sgen.loc[added, "q_mvar"] = [frame.loc[(name, time), "q_kvar"] / 1000 for name in names]
        pandapower.runpp(net, numba=False, tolerance_mva=1e-10, calculate_voltage_angles=True)
        found = [frame.loc[(name, time), "min_voltage_pu"] for name in names]
        assert found == pytest.approx(net.res_bus.vm_pu.loc[buses].to_numpy(), abs=1e-8)
        whole = community.loc[time]
        assert whole.min_voltage_pu == pytest.approx(net.res_bus.vm_pu.min(), abs=1e-8)
        assert whole.max_voltage_pu == pytest.approx(net.res_bus.vm_pu.max(), abs=1e-8)
        assert whole.max_line_loading_percent == pytest.approx(net.res_line.loading_percent.max(), abs=1e-4)
        assert whole.max_transformer_loading_percent == pytest.approx(net.res_trafo.loading_percent.max(), abs=1e-4)
        loss_mw = net.res_line.pl_mw.sum() + net.res_trafo.pl_mw.sum()
        assert whole.loss_kw == pytest.approx(1000 * loss_mw, abs=1e-4)
        assert whole.p_kw == pytest.approx(1000 * net.res_ext_grid.p_mw.sum(), abs=1e-4)


def test_limits_of_a_bus_are_the_files_own_or_the_statutory_ones(tmp_path):
    """400 V: those of the file, else ± 9.9 %; 200 V: 202 ± 20 V; 100 V: 101 ± 6 V, in volts."""
    net = pandapower.create_empty_network()
    buses = [pandapower.create_bus(net, kv) for kv in (0.4, 0.4, 0.2, 0.1)]
    net.bus["min_vm_pu"], net.bus["max_vm_pu"] = np.nan, np.nan
    net.bus.loc[buses[0], ["min_vm_pu", "max_vm_pu"]] = 0.95, 1.05
    for bus in buses:
        pandapower.create_ext_grid(net, bus, vm_pu=1.08)
    (tmp_path / "grid.json").write_text(pandapower.to_json(net), encoding="utf-8")
    text = SCENARIO.replace("OWN", "keep").replace("BUSES", "0, 1, 2").replace("SHOP", "3")
    (tmp_path / "scenario.yaml").write_text(text, encoding="utf-8")
    numbers = ysc.run(ysc.load_scenario(tmp_path / "scenario.yaml")).metrics["buildings"]
    hours = {name: own["voltage_violation_h"] for name, own in numbers.items()}
    # 1.08 × 0.2 kV = 216 V lies inside 202 ± 20 V, 1.08 × 0.1 kV = 108 V outside 101 ± 6 V
    assert hours == {"house_1": 24.0, "house_2": 0.0, "house_3": 0.0, "shop": 24.0}
