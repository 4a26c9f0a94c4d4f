"""Engine generators: called, started, failing, out of fuel; each figure by hand."""

from pathlib import Path

import numpy as np
import pytest

from ysc_sim.contracts import Measuring, Moment, Placed, Rows, Site, Startable
from ysc_sim.devices.genset import FAILED, OFF, RUNNING, STARTING, GensetFleet, GensetSpec
from ysc_sim.timeseries import TimeAxis

AXIS = TimeAxis.of("2026-08-03T00:00", step_s=1800, days=30)


def fleet_of(*specs: GensetSpec, rows: int = 1) -> GensetFleet:
    m = len(specs)
    shape = (rows, m)
    site = Site(AXIS, Rows(tuple(range(rows))), 35.45, 139.64, Path())
    ids = tuple(f"b/{i}" for i in range(m))
    return GensetFleet(Placed(specs, ids, np.arange(m), np.zeros(shape, dtype=np.int64), np.ones(shape), site))


SURE = {"start_failure": 0.0, "mttf_h": 1e9}


def run_up(fleet: GensetFleet) -> dict:
    state = fleet.start()
    fleet.call(state, np.ones(state["phase"].shape, dtype=bool), Moment(0.0, 0))
    fleet.on_event(state, Moment(float(fleet.start_s.max()), 0))
    return state


def test_it_keeps_the_contracts() -> None:
    fleet = fleet_of(GensetSpec(rated_kw=20))
    assert isinstance(fleet, Startable)
    assert isinstance(fleet, Measuring)
    assert set(fleet.measure(fleet.start())) == set(fleet.measures)


def test_nothing_before_the_call_and_before_the_start_is_over() -> None:
    fleet = fleet_of(GensetSpec(rated_kw=20, **SURE))
    state = fleet.start()
    assert not any(band.any() for band in fleet.bands(state, Moment(0.0, 0)))
    assert fleet.next_event_s(state, Moment(0.0, 0)) == np.inf
    fleet.call(state, np.array([[True]]), Moment(100.0, 0))
    assert state["phase"] == STARTING
    assert fleet.next_event_s(state, Moment(100.0, 0)) == 140.0
    fleet.on_event(state, Moment(139.0, 0))
    assert not fleet.bands(state, Moment(139.0, 0)).hi_kw.any()
    fleet.on_event(state, Moment(140.0, 0))
    bands = fleet.bands(state, Moment(140.0, 0))
    assert (bands.lo_kw, bands.hi_kw) == (pytest.approx(6.0), pytest.approx(20.0))
    fleet.call(state, np.array([[False]]), Moment(200.0, 0))
    assert state["phase"] == OFF
    assert fleet.next_event_s(state, Moment(200.0, 0)) == np.inf


def test_fuel_by_hand() -> None:
    # 20 kW at 10 kW: 0.06·20 + 0.26·10 = 3.8 L/h; 19 L last 5 h and give 50 kWh.
    fleet = fleet_of(GensetSpec(rated_kw=20, tank_l=38, fuel_start=0.5, **SURE))
    state = run_up(fleet)
    p = np.array([[10.0]])
    assert fleet.limit_s(state, p) == pytest.approx(5 * 3600)
    flow = fleet.advance(state, p, 2 * 3600.0, Moment(40.0, 0))
    assert flow.held_s is None
    assert state["fuel_l"] == pytest.approx(19 - 7.6)
    flow = fleet.advance(state, p, 4 * 3600.0, Moment(7240.0, 4))
    assert flow.energy_kwh == pytest.approx(30.0)
    assert flow.held_s == pytest.approx(3 * 3600)
    assert (state["fuel_l"], state["phase"]) == (0.0, OFF)
    assert not fleet.ready(state).any()
    fleet.call(state, np.array([[True]]), Moment(30000.0, 16))
    assert state["phase"] == OFF
    assert fleet.measure(state)["genset_fuel_l"].value == pytest.approx(19.0)
    assert fleet.measure(state)["genset_hours"].value == pytest.approx(5.0)


def test_idling_burns_too() -> None:
    fleet = fleet_of(GensetSpec(rated_kw=20, tank_l=2.4, min_load=0.0, **SURE))
    state = run_up(fleet)
    flow = fleet.advance(state, np.zeros((1, 1)), 3 * 3600.0, Moment(40.0, 0))
    assert flow.energy_kwh == 0.0
    assert state["phase"] == OFF
    assert fleet.measure(state)["genset_hours"].value == pytest.approx(2.0)


def test_starts_fail_as_often_as_they_should() -> None:
    rows = 4000
    fleet = fleet_of(GensetSpec(rated_kw=5, start_failure=0.1), rows=rows)
    state = run_up(fleet)
    failed = int((state["phase"] == FAILED).sum())
    assert abs(failed - 400) < 3 * np.sqrt(rows * 0.1 * 0.9)
    assert fleet.measure(state)["genset_failures"].value.sum() == failed


def test_life_is_exponential_and_repair_brings_it_back() -> None:
    rows = 4000
    fleet = fleet_of(GensetSpec(rated_kw=5, start_failure=0.0, mttf_h=100, repair_h=10), rows=rows)
    state = run_up(fleet)
    life_h = (state["due_s"][:, 0] - 40.0) / 3600
    assert abs(life_h.mean() - 100) < 3 * 100 / np.sqrt(rows)
    assert abs((life_h > 100).mean() - np.exp(-1)) < 3 * np.sqrt(0.37 * 0.63 / rows)
    fails_at = state["due_s"].copy()
    fleet.on_event(state, Moment(fails_at, 0))
    assert (state["phase"] == FAILED).all()
    assert not fleet.ready(state).any()
    np.testing.assert_allclose(state["due_s"], fails_at + 36000)
    fleet.on_event(state, Moment(state["due_s"].copy(), 0))
    assert (state["phase"] == STARTING).all(), "still called, it starts again"
    assert (state["starts"] == 2).all()


def test_luck_is_drawn_by_name_and_start_number() -> None:
    one = run_up(fleet_of(GensetSpec(rated_kw=5)))
    two = run_up(fleet_of(GensetSpec(rated_kw=5), GensetSpec(rated_kw=9), rows=2))
    assert one["due_s"][0, 0] == two["due_s"][0, 0]
    assert len(np.unique(two["due_s"])) == 4


def test_the_same_in_two_halves() -> None:
    spec = GensetSpec(rated_kw=20, tank_l=10, **SURE)
    whole, halves = fleet_of(spec), fleet_of(spec)
    a, b = run_up(whole), run_up(halves)
    p = np.array([[13.0]])
    flow = whole.advance(a, p, 10_000.0, Moment(40.0, 0))
    parts = 0.0
    for _ in range(2):
        running = np.where(b["phase"] == RUNNING, p, 0.0)
        parts += float(halves.advance(b, running, 5_000.0, Moment(40.0, 0)).energy_kwh[0, 0])
    assert parts == pytest.approx(float(flow.energy_kwh[0, 0]), abs=1e-9)
    assert a["ran_s"] == pytest.approx(b["ran_s"], abs=1e-9)
