"""Random communities with a network: books close, losses are no gain, and the voltages are those of a solve of its own
from the powers that were recorded; ``control`` that has nothing to do changes nothing."""

import json
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ysc_sim as ysc
from ysc_sim.community.compile import compile_community
from ysc_sim.powerflow import EARTH, solve

HOME = st.fixed_dictionaries(
    {
        "count": st.integers(1, 3),
        "profile": st.sampled_from(["detached120_gas", "apartment70_gas", "shop"]),
        "solar_kw": st.sampled_from([0.0, 4.0, 9.0]),
        "battery_kwh": st.sampled_from([0.0, 5.0]),
    }
)
COMMUNITY = st.fixed_dictionaries(
    {
        "homes": st.lists(HOME, min_size=1, max_size=3),
        "wires": st.sampled_from(["private_line", "utility"]),
        "supply_v": st.sampled_from([6500, 6600, 6650]),
        "service_m": st.integers(10, 60),
        "outage_h": st.sampled_from([0, 0, 3]),
    }
)


def run(drawn, mode, **network):
    private = drawn["wires"] == "private_line"
    homes = []
    for number, home in enumerate(drawn["homes"]):
        devices = [{"kind": "solar", "rated_kw": home["solar_kw"]}] if home["solar_kw"] else []
        if home["battery_kwh"]:
            devices.append({"kind": "battery", "energy_kwh": home["battery_kwh"], "power_kw": 3, "grid_forming": True})
        homes.append({"id": f"b{number}", "count": home["count"], "profile": home["profile"], "devices": devices})
    data = {
        "format": 1,
        "time": {"start": "2026-05-11T00:00", "days": 1, "step_s": 1800},
        "wires": drawn["wires"],
        "tariff": {"plan": "tepco_hv_basic_2026", "export_jpy_per_kwh": 8.5}
        if private
        else {"plan": "tepco_lv_meter_rate_b", "contract": 60, "export_jpy_per_kwh": 8.5},
        "power_flow": mode,
        "network": {"kind": "street", "service_m": drawn["service_m"], "supply_v": drawn["supply_v"], **network},
        "buildings": homes,
    }
    if drawn["outage_h"]:
        data["outages"] = [{"start": "2026-05-11T16:00", "duration_h": drawn["outage_h"]}]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scenario.yaml"
        path.write_text(json.dumps(data), encoding="utf-8")
        scenario = ysc.load_scenario(path)
        return ysc.run(scenario), compile_community(scenario)


def books_close(result):
    numbers = result.metrics["community"]
    assert numbers["ledger_residual_mwh"] == 0
    assert numbers["money_residual_jpy"] == 0
    assert numbers["energy_residual_kwh"] < 1e-6
    losses = result.arrays.power_flow.loss_kw
    assert np.nanmin(losses, initial=0.0) >= -1e-9


def voltages_are_those_of_the_powers(result, community):
    """The powers at the ports, once more from the recorded columns, through a solve of each section by itself."""
    flow, wires, columns = result.arrays.power_flow, community.wires, result.arrays.columns
    kw = {name: column[:, 0] / 0.5 for name, column in columns.items() if name.endswith("_kwh")}
    load = kw.get("unserved_kwh", 0.0) - kw["load_kwh"]
    other = kw["export_kwh"] - kw["import_kwh"] - load
    made = kw.get("pv_kwh", np.zeros_like(load))
    alive = flow.energised_share[:, 0] > 0
    seen = np.full((len(load), 2), np.nan)
    for section in wires.sections:
        mine = section.buildings
        p = load[:, mine] @ section.load_to_port + other[:, mine] @ section.other_to_port
        q = (load[:, mine] * wires.load_tan_phi) @ section.load_to_port
        q = q - (made[:, mine] * wires.generation_tan_phi[mine]) @ section.other_to_port
        answer = solve(section.net, p + section.fixed_p_kw, q + section.fixed_q_kvar, tolerance_pu=1e-10)
        nodes = answer.v_pu.reshape(len(p), -1)
        first, second = section.watched.T
        across = np.abs(nodes[:, first] - np.where(second == EARTH, 0.0, nodes[:, second])) / section.watched_nominal
        assert answer.ok[alive].all()
        seen[:, 0] = np.fmin(seen[:, 0], across.min(axis=1))
        seen[:, 1] = np.fmax(seen[:, 1], across.max(axis=1))
    assert alive.any()
    assert flow.network_min_voltage_pu[alive, 0] == pytest.approx(seen[alive, 0], abs=1e-7)
    assert flow.network_max_voltage_pu[alive, 0] == pytest.approx(seen[alive, 1], abs=1e-7)


@settings(max_examples=5, deadline=None)
@given(COMMUNITY)
def test_report(drawn):
    result, community = run(drawn, "report")
    books_close(result)
    voltages_are_those_of_the_powers(result, community)


@settings(max_examples=5, deadline=None)
@given(COMMUNITY)
def test_control(drawn):
    result, community = run(drawn, "control")
    books_close(result)
    if not drawn["outage_h"]:
        voltages_are_those_of_the_powers(result, community)


@settings(max_examples=3, deadline=None)
@given(COMMUNITY)
def test_control_without_anything_to_do_is_the_report(drawn):
    homes = [{**home, "battery_kwh": 0.0} for home in drawn["homes"]]
    drawn = {**drawn, "homes": homes, "outage_h": 0}
    free, _ = run(drawn, "report")
    idle, _ = run(drawn, "control", volt_watt_pu=[1.3, 1.4])
    for name in ("loss_kw", "network_min_voltage_pu", "network_max_voltage_pu"):
        one, other = (getattr(result.arrays.power_flow, name) for result in (free, idle))
        assert one == pytest.approx(other, rel=1e-6, abs=1e-7)
    for name in ("pv_kwh", "load_kwh"):
        assert free.metrics["community"].get(name) == idle.metrics["community"].get(name)
