"""Batteries that need time to follow a set-point: by hand, by fine integration, and under the laws of all devices."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ysc_sim as ysc
from ysc_sim.contracts import Moment, Placed, Rows, Site
from ysc_sim.devices.battery import BatteryFleet, BatterySpec
from ysc_sim.timeseries import TimeAxis

SAMPLES: tuple[dict[str, Any], ...] = (
    {"energy_kwh": 10, "power_kw": 5, "dead_time_s": 1.5, "settling_s": 8},
    {"energy_kwh": 10, "power_kw": 5, "settling_s": 300},
    {"energy_kwh": 1, "power_kw": 5, "dead_time_s": 400},
    {"energy_kwh": 10, "power_kw": 5},
    {"model": "generic_home", "dead_time_s": 2, "settling_s": 14},
    {"model": "generic_home", "energy_kwh": 2, "dead_time_s": 20, "settling_s": 600},
)


def fleet_of(*samples: dict[str, Any], step_s: int = 1800) -> BatteryFleet:
    specs, m = tuple(BatterySpec(**sample) for sample in samples), len(samples)
    site = Site(TimeAxis.of("2026-08-03T00:00", step_s=step_s, days=3), Rows((1, 2)), 35.45, 139.64, Path())
    ids = tuple(f"b/{i}" for i in range(m))
    return BatteryFleet(Placed(specs, ids, np.arange(m), np.zeros((2, m), dtype=np.int64), np.ones((2, m)), site))


def go(fleet: BatteryFleet, state: Any, p_kw: float, seconds: float) -> Any:
    flow = fleet.advance(state, np.full((2, len(fleet.designs)), p_kw), seconds, Moment(0.0, 0))
    return flow.energy_kwh[0] * 3600.0


def test_a_step_of_the_set_point_by_hand() -> None:
    """Dead time 2 s, 4 s to rated power of 5 kW: after 10 s 5·(10 − 2 − 4/2) kWs; then on at once."""
    fleet = fleet_of({"energy_kwh": 10, "power_kw": 5, "dead_time_s": 2, "settling_s": 4})
    state = fleet.start()
    assert go(fleet, state, 5.0, 1.0) == pytest.approx([0.0])
    assert go(fleet, state, 5.0, 9.0) == pytest.approx([30.0])
    assert go(fleet, state, 5.0, 10.0) == pytest.approx([50.0])
    # From 5 to −2.5 takes 2 + 6 s; the zero is crossed after 2 + 4 s.
    assert go(fleet, state, -2.5, 6.0) == pytest.approx([2 * 5 + 4 * 2.5])
    assert go(fleet, state, -2.5, 4.0) == pytest.approx([-2 * 1.25 - 2 * 2.5])


def test_a_set_point_that_comes_in_a_dead_time_is_taken_at_its_end() -> None:
    fleet = fleet_of({"energy_kwh": 10, "power_kw": 5, "dead_time_s": 2})
    state = fleet.start()
    moved = [float(go(fleet, state, p, 1.0)[0]) for p in (1.0, 2.0, 3.0, 3.0, 3.0, 3.0)]
    assert moved == pytest.approx([0.0, 0.0, 2.0, 2.0, 3.0, 3.0])


def test_losses_on_the_way_are_those_of_fine_steps() -> None:
    """Half an hour of set-points against six thousand steps of constant power through the same curve of losses."""
    late, plain = fleet_of({"model": "generic_home", "settling_s": 600}), fleet_of({"model": "generic_home"})
    state, fine = late.start(), plain.start()
    power, slope = 0.0, 4.0 / 600
    for target in (4.0, -3.0, 0.5, -0.01):
        late.advance(state, np.full((2, 1), target), 450.0, Moment(0.0, 0))
        for _ in range(1500):
            step = np.clip(target - power, -slope * 0.3, slope * 0.3)
            plain.advance(fine, np.full((2, 1), power + step / 2), 0.3, Moment(0.0, 0))
            power += step
    np.testing.assert_allclose(state["stored_kwh"], fine["stored_kwh"], atol=5e-6)
    np.testing.assert_allclose(state["moved_kwh"], fine["moved_kwh"], rtol=1e-4)


STEPS = st.lists(st.tuples(st.floats(0, 1), st.integers(1, 1800), st.floats(0.01, 0.99)), min_size=1, max_size=20)


@settings(max_examples=60)
@given(steps=STEPS)
def test_bands_energy_and_split_steps(steps: list[tuple[float, int, float]]) -> None:
    """Whatever set-points arrive, wherever a step is cut in two."""
    ends = []
    for cut in (False, True):
        fleet = fleet_of(*SAMPLES)
        state = fleet.start()
        energies = []
        for k, (share, seconds, where) in enumerate(steps):
            moment = Moment(k * 1800.0, k)
            fleet.on_event(state, moment)
            bands = fleet.bands(state, moment)
            p = bands.lo_kw + share * (bands.hi_kw - bands.lo_kw)
            total = np.zeros(p.shape)
            for part in (where * seconds, (1 - where) * seconds) if cut else (float(seconds),):
                before = state["stored_kwh"].copy()
                flow = fleet.advance(state, p, part, moment)
                store = fleet.store(state)
                change = store.stored_kwh - before
                np.testing.assert_allclose(change, flow.charge_kwh - flow.discharge_kwh - flow.loss_kwh, atol=1e-12)
                np.testing.assert_allclose(flow.energy_kwh, flow.discharge_kwh - flow.charge_kwh, atol=1e-12)
                assert (flow.loss_kwh >= -1e-12).all()
                assert (np.abs(flow.energy_kwh) <= fleet.power_kw * part / 3600 + 1e-9).all()
                assert (store.stored_kwh >= store.floor_kwh - 1e-9).all()
                assert (store.stored_kwh <= store.capacity_kwh + 1e-9).all()
                total += flow.energy_kwh
            energies.append(total)
        cycles = fleet.measure(state)["battery_equivalent_full_cycles"].value
        ends.append([*energies, state["stored_kwh"], state["given_kw"], np.broadcast_to(cycles, p.shape)])
    np.testing.assert_allclose(ends[0], ends[1], atol=1e-9)


def test_rows_alone_have_the_same_bits() -> None:
    fleet = fleet_of(*SAMPLES)
    both = fleet.start()
    second = {name: array[1:].copy() for name, array in both.items()}
    random = np.random.default_rng(4)
    for k in range(100):
        moment = Moment(k * 1800.0, k)
        share = random.random((2, len(SAMPLES)))
        found = []
        for rows, state in ((slice(None), both), (slice(1, None), second)):
            fleet.on_event(state, moment)
            lo, hi, _ = fleet.bands(state, moment)
            found.append(fleet.advance(state, lo + share[rows] * (hi - lo), 1800.0, moment).energy_kwh)
        np.testing.assert_array_equal(found[0][1:], found[1])
    assert "given_kw" not in fleet_of({"model": "generic_home"}, {"energy_kwh": 10, "power_kw": 5}).start()


SCENARIO = """
format: 1
time: {start: 2026-08-03T00:00, days: 1, step_s: 60}
wires: private_line
buildings:
  - id: home
    profile: detached120_gas
    strategy: {kind: self_consumption}
    devices:
      - {kind: solar, rated_kw: 6}
      - {kind: battery, id: store, model: generic_home, soc_start: 0.6, dead_time_s: RESPONSE, settling_s: RESPONSE}
  - {id: next, profile: detached120_gas}
outages: [{start: 2026-08-03T18:00:20, duration_h: 3}]
"""


def test_in_a_run_the_grid_carries_the_rest_and_an_island_is_exact(tmp_path: Path) -> None:
    found = []
    for response in (0, 30):
        (tmp_path / "scenario.yaml").write_text(SCENARIO.replace("RESPONSE", str(response)))
        results = ysc.run(ysc.load_scenario(tmp_path / "scenario.yaml"))
        assert results.metrics["community"]["energy_residual_kwh"] < 1e-9
        table = results.frame("buildings").set_index(["building", "time"]).loc["home"]
        assert not table.loc["2026-08-03T18:01:00+09:00":"2026-08-03T20:59:00+09:00", "import_kwh"].any()
        found.append(results.metrics["buildings"]["home"])
    at_once, late = found
    assert late["import_kwh"] > at_once["import_kwh"] + 0.05
    assert late["export_kwh"] > at_once["export_kwh"] + 0.05
    assert late["unserved_kwh"] == pytest.approx(at_once["unserved_kwh"], abs=0.05)
