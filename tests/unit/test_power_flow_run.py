"""``power_flow: report``: what a run tells of its wires, on the grid, in an island, in the dark, in an ensemble."""

import json

import numpy as np
import pytest

import ysc_sim as ysc
from ysc_sim.engine import power_flow
from ysc_sim.report.page import build_report

SCENARIO = """
format: 1
time: {{start: 2026-05-11T00:00, days: {days}, step_s: 1800}}
wires: {wires}
tariff: {{plan: tepco_lv_meter_rate_b, contract: 60, export_jpy_per_kwh: 8.5}}
power_flow: report
buildings:
  - id: house
    profile: detached120_gas
    count: 4
    devices: [{{kind: solar, rated_kw: 5}}, {{kind: battery, energy_kwh: {battery_kwh}, power_kw: 3}}]
  - {{id: shop, profile: shop, load_kwh_per_year: 20000}}
outages: [{outages}]
"""
NETWORK_METRICS = (
    "min_voltage_pu",
    "max_voltage_pu",
    "voltage_violation_h",
    "max_line_loading_percent",
    "max_transformer_loading_percent",
    "loss_kwh",
)


def run(folder, *, days=2, wires="private_line", battery_kwh=10, outages="", **overrides):
    path = folder / "scenario.yaml"
    text = SCENARIO.format(days=days, wires=wires, battery_kwh=battery_kwh, outages=outages)
    path.write_text(text, encoding="utf-8")
    return ysc.run(ysc.load_scenario(path, {name.replace("__", "."): value for name, value in overrides.items()}))


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    return run(tmp_path_factory.mktemp("plain"))


def test_without_a_network_a_street_is_generated_and_written_out(plain):
    assert "kind: street" in plain.scenario_yaml
    assert plain.manifest["network"]["kind"] == "street"
    assert "street_is_generated" in [note["key"] for note in plain.manifest["notes"]]


def test_how_exact_it_is_is_published(plain):
    """The tolerance of the kernel is 1e-8 of its base, 10 kVA."""
    assert 0 < plain.manifest["network"]["mismatch_kva"] <= 1e-7


def test_every_number_is_there(plain):
    for name in NETWORK_METRICS:
        assert name in plain.metrics["community"], name
        assert name in plain.metrics["units"], name
    for name in NETWORK_METRICS[:3]:
        assert all(name in own for own in plain.metrics["buildings"].values()), name


def test_numbers_are_those_of_the_table(plain):
    frame = plain.frame("power_flow")
    community = frame[frame.building == "community"]
    metrics = plain.metrics["community"]
    assert metrics["loss_kwh"] == pytest.approx(community.loss_kw.sum() * 0.5)
    assert metrics["min_voltage_pu"] == community.min_voltage_pu.min()
    assert metrics["max_voltage_pu"] == community.max_voltage_pu.max()
    assert metrics["max_line_loading_percent"] == community.max_line_loading_percent.max()
    for building, own in plain.metrics["buildings"].items():
        mine = frame[frame.building == building]
        assert own["min_voltage_pu"] == mine.min_voltage_pu.min()
        outside = (mine.max_voltage_pu > 107 / 101) | (mine.min_voltage_pu < 95 / 101)
        assert own["voltage_violation_h"] == pytest.approx(outside.sum() * 0.5)


def test_what_the_source_feeds_in_is_what_the_buildings_take_and_what_is_lost(plain):
    frame = plain.frame("power_flow").set_index(["time", "building"]).p_kw.unstack()
    loss = plain.frame("power_flow").query("building == 'community'").loss_kw.to_numpy()
    taken = -frame.drop(columns="community").sum(axis=1).to_numpy()
    assert frame["community"].to_numpy() == pytest.approx(taken + loss, abs=1e-6)


def test_injections_are_the_meters(plain):
    frame = plain.frame("power_flow")
    meters = plain.frame("buildings")
    for building in plain.buildings:
        mine, its = frame[frame.building == building], meters[meters.building == building]
        net = (its.export_kwh - its.import_kwh).to_numpy() * 2.0
        assert mine.p_kw.to_numpy() == pytest.approx(net, abs=1e-12)


def test_energy_and_money_are_those_of_a_run_without_power_flow(plain, tmp_path):
    """Losses are shown outside the identity: report changes no meter and no bill, to the last bit."""
    off = run(tmp_path, power_flow="off")
    assert off.digest() == plain.digest()
    assert "power_flow" not in off.frames
    assert not set(NETWORK_METRICS) & set(off.metrics["community"])
    assert "network" not in off.manifest


def test_a_stored_result_tells_the_same(plain, tmp_path):
    loaded = ysc.load_results(plain.save(tmp_path / "out"))
    assert loaded.frame("power_flow").equals(plain.frame("power_flow"))
    assert loaded.metrics == plain.metrics
    assert json.loads((tmp_path / "out" / "manifest.json").read_text())["network"] == plain.manifest["network"]


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_the_page_has_a_section(plain, lang):
    page = build_report(plain, lang)
    assert '<section id="network">' in page
    assert "transformer 1" in page or "transformer 2" in page


def test_rows_of_an_ensemble_are_solved_alike(plain, tmp_path):
    both = run(tmp_path, ensemble__seeds=2)
    second = run(tmp_path, seed=2)
    frame, alone = both.frame("power_flow"), second.frame("power_flow")
    mine = frame[frame.row == 1]
    for column in ("min_voltage_pu", "max_voltage_pu", "p_kw", "q_kvar"):
        assert mine[column].to_numpy() == pytest.approx(alone[column].to_numpy(), rel=1e-9, abs=1e-9, nan_ok=True)
    assert "loss_kwh_p95" in both.metrics["community"]


def alive(result):
    flow = result.arrays.power_flow
    return flow.energised_share[:, 0], np.isfinite(flow.network_min_voltage_pu[:, 0])


def test_wires_of_the_utility_are_dead_while_the_grid_is_away(tmp_path):
    outage = "{start: 2026-05-11T09:10, duration_h: 2}"
    result = run(tmp_path, days=1, wires="utility", outages=outage)
    share, solved = alive(result)
    assert share[18:23] == pytest.approx([1 / 3, 0, 0, 0, 2 / 3])
    assert solved.tolist() == [t not in (19, 20, 21) for t in range(48)]
    assert result.arrays.power_flow.loss_kw[19:22].tolist() == [[0], [0], [0]]


def test_a_living_island_has_voltage_and_a_dark_one_none(tmp_path):
    outage = "{start: 2026-05-11T00:00, duration_h: 6}"
    result = run(tmp_path, days=1, battery_kwh=0.6, outages=outage)
    (died,) = [event for event in result.arrays.events if event.to_mode == "DEAD"]
    share, solved = alive(result)
    whole = int(died.t_s // 1800)
    assert (share[:whole] == 1).all()
    assert share[whole] == pytest.approx(died.t_s / 1800 - whole)
    assert (share[whole + 1 : 12] == 0).all()
    assert solved.tolist() == [not whole < t < 12 for t in range(48)]
    island = result.arrays.power_flow.connection_p_kw[1:whole, 0]
    assert island == pytest.approx(result.arrays.power_flow.loss_kw[1:whole, 0], abs=1e-6)


def test_dead_for_good_where_nobody_can_form_an_island(tmp_path):
    outage = "{start: 2026-05-11T00:00, duration_h: 48}"
    result = run(tmp_path, days=1, outages=outage, buildings__house__devices__battery__energy_kwh=0.001)
    share, _ = alive(result)
    assert share[2:].tolist() == [0.0] * 46


def test_shed_demand_flows_nowhere(tmp_path):
    """In the dark nothing is injected, whatever was wanted."""
    result = run(tmp_path, days=1, wires="utility", outages="{start: 2026-05-11T09:00, duration_h: 1}")
    flow = result.arrays.power_flow
    assert np.abs(flow.p_kw[18:20]).max() < 1e-9


def test_what_cannot_be_solved_is_said_and_counts_for_nothing(tmp_path):
    """A line of 1.8 km cannot carry the shop by day: no voltage is claimed there."""
    result = run(tmp_path, days=1, network={"kind": "street", "service_m_of": {"shop": 1800}, "service": "dv_cu_14"})
    flow = result.arrays.power_flow
    assert flow.unsolved["NO_SOLUTION"] > 0
    assert np.isnan(flow.network_min_voltage_pu[~flow.solved]).all()
    note = next(note for note in result.manifest["notes"] if note["key"] == "power_flow_unsolved")
    assert note["count"] == int((~flow.solved).sum())
    assert result.metrics["community"]["min_voltage_pu"] > 0.4
    assert "NO_SOLUTION" in build_report(result, "en")


def test_chunks_do_not_matter(plain, tmp_path, monkeypatch):
    monkeypatch.setattr(power_flow, "CHUNK_VALUES", 200)
    again = run(tmp_path)
    for name in NETWORK_METRICS:
        assert again.metrics["community"][name] == pytest.approx(plain.metrics["community"][name], rel=1e-9), name


def test_solar_power_takes_reactive_power_at_its_power_factor(tmp_path, plain):
    """At 0.95 the inverters draw reactive power and hold the voltage down; at 1 they do not."""
    unity = run(tmp_path, buildings__house__devices__solar__power_factor=1.0)
    assert unity.metrics["community"]["max_voltage_pu"] > plain.metrics["community"]["max_voltage_pu"] + 0.001
    noon = plain.frame("power_flow").query("building == 'house_1'").q_kvar.min()
    assert noon < unity.frame("power_flow").query("building == 'house_1'").q_kvar.min() - 0.5


def test_means_of_slots_are_solved_where_slots_are_recorded(tmp_path):
    result = run(tmp_path, days=1, time__step_s=600, results__record="slot")
    assert result.arrays.power_flow.p_kw.shape == (48, 1, 5)
