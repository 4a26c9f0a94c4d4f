"""The hardest day of the network, bus by bus: it says what the power flow of the run says, and is drawn from there."""

import html
import json
import re
from pathlib import Path

import numpy as np
import pytest

from ysc_sim.engine.network_day import hardest_intervals
from ysc_sim.engine.simulate import run
from ysc_sim.report import build_report
from ysc_sim.report.network_map import voltage_steps
from ysc_sim.report.tree import places
from ysc_sim.results import load_results
from ysc_sim.scenario import load_scenario

STREET = Path(__file__).parents[2] / "scenarios" / "street_voltage.yaml"


@pytest.fixture(scope="module")
def results():
    return run(load_scenario(STREET, overrides={"time.days": "3", "network.buildings_per_transformer": "7"}))


def test_it_holds_the_extremes_of_the_run(results):
    frame = results.frame("network_day")
    whole = results.frame("power_flow").query("building == 'community'").set_index("time")
    assert frame["time"].nunique() == 48
    by_time = frame.groupby("time")
    shown = whole.loc[sorted(set(frame["time"]))]
    far = np.maximum(by_time["voltage_pu"].max() - 1.0, 1.0 - by_time["voltage_pu"].min())
    expected = np.maximum(shown["max_voltage_pu"] - 1.0, 1.0 - shown["min_voltage_pu"])
    np.testing.assert_allclose(far, expected, atol=1e-9)
    loads = frame[frame["element"] == "line"].groupby("time")["loading_percent"].max()
    np.testing.assert_allclose(loads, shown["max_line_loading_percent"], rtol=1e-9)
    assert abs(frame["voltage_pu"].max() - results.metrics["community"]["max_voltage_pu"]) < 1e-9


def test_every_building_stands_at_its_bus_and_every_branch_joins_two(results):
    frame = results.frame("network_day")
    first = frame[frame["time"] == frame["time"].iloc[0]]
    buses = first[first["start_bus"] < 0]
    assert sorted(name for name in buses["building"].astype(str) if name) == sorted(results.buildings)
    assert set(buses["element"]) == {"source", "bus"}
    wires = first[first["start_bus"] >= 0]
    assert set(wires["element"]) == {"line", "transformer"}
    assert (wires["element"] == "transformer").sum() == 2
    assert set(wires["end_bus"]) | set(wires["start_bus"]) == set(buses["number"])


def test_stored_and_drawn_in_whole_numbers(results, tmp_path):
    results.save(tmp_path / "run")
    again = load_results(tmp_path / "run")
    assert again.frame("network_day").equals(results.frame("network_day"))
    page = build_report(again, "en")
    data = json.loads(html.unescape(re.search(r'data-map="([^"]*)"', page)[1]))
    frame = again.frame("network_day")
    volts = frame["voltage_pu"].to_numpy().reshape(48, -1)
    known = np.isfinite(volts)
    assert np.array_equal(np.array(data["values"])[known], np.rint(volts[known] * 10_000).astype(int))
    assert page.count(" data-n=") == volts.shape[1]
    assert '<path class="bus v6"' in page  # it opens at the hardest instant, above the limit


def test_a_run_without_network_has_no_map():
    plain = run(load_scenario(STREET, overrides={"time.days": "1", "power_flow": "off"}))
    assert "network_day" not in plain.frames
    assert 'id="map"' not in build_report(plain, "en")


def test_one_instant_of_each_half_hour_the_hardest(results):
    flow, axis = results.arrays.power_flow, results.arrays.axis
    found = hardest_intervals(axis, 1800, flow)
    assert len(found) == 48
    assert found[0] % 48 == 0
    # With finer intervals each half-hour gives its hardest.
    finer = hardest_intervals(axis, 900, flow)
    assert len(finer) == 48
    assert np.array_equal(np.unique(finer // 2), np.arange(finer[0] // 2, finer[0] // 2 + 48))


def test_meshes_and_islands_are_drawn_too():
    x, y, lines = places(6, [(0, 1), (1, 2), (2, 0), (3, 4)], [0])
    assert x.tolist() == [0.0, 1.0, 1.0, 0.0, 1.0, 0.0]
    assert lines == 4
    assert len(set(zip(x.tolist(), y.tolist(), strict=True))) == 6
    assert places(1, [], [])[1].tolist() == [0.5]
    assert voltage_steps(0.9, 1.1)[0] == 9000
