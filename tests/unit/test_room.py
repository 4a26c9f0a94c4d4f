"""Rooms of two thermal nodes against the matrix exponential, and what walls do to a stage that is switched off."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import expm

from ysc_sim.contracts import Moment, Placed, Rows, Site
from ysc_sim.devices.aircon import AirconFleet, AirconSpec
from ysc_sim.devices.room import COUPLING_W_PER_K_M2, TwoNodes
from ysc_sim.timeseries import TimeAxis

TEMPERATURE = st.floats(-10, 40)


@given(
    loss=st.floats(0.01, 1),
    air=st.floats(0.01, 2),
    coupling=st.floats(0.01, 5),
    mass=st.floats(0.01, 30),
    start=st.tuples(TEMPERATURE, TEMPERATURE),
    outside=TEMPERATURE,
    heat=st.floats(-10, 10),
    hours=st.floats(0.001, 6),
    level=TEMPERATURE,
)
def test_both_temperatures_are_those_of_the_matrix_exponential(
    loss: float,
    air: float,
    coupling: float,
    mass: float,
    start: tuple[float, float],
    outside: float,
    heat: float,
    hours: float,
    level: float,
) -> None:
    room = TwoNodes(*(np.array([each]) for each in (loss, air, coupling, mass)))
    system = np.array(
        [
            [-(loss + coupling) / air, coupling / air, (loss * outside + heat) / air],
            [coupling / mass, -coupling / mass, 0],
            [0, 0, 0],
        ]
    )
    courses = room.courses(*(np.array([[each]]) for each in (*start, outside, heat)))
    after = expm(system * hours) @ [*start, 1.0]
    scale = 1.0 + abs(heat) / loss
    for course, theirs in zip(courses, after[:2], strict=True):
        assert course.at(np.asarray(hours))[0, 0] == pytest.approx(theirs, abs=1e-9 * scale)
    one_more = system + np.array([[0, 0, 1 / air], [0, 0, 0], [0, 0, 0]])
    more = expm(one_more * hours) @ [*start, 1.0]
    assert room.k_per_kw(hours)[0] == pytest.approx(more[0] - after[0], abs=1e-9 * scale)
    fine = (np.arange(4000) + 0.5) / 4000 * hours
    sampled = np.maximum(courses[0].at(fine.reshape(-1, 1)) - level, 0.0).mean() * hours
    above = courses[0].hours_above(np.array([level]), np.array([[hours]]))[0, 0]
    assert above == pytest.approx(sampled, abs=2e-3 * hours * scale)
    middle = courses[0].at(np.asarray(hours / 2)), courses[1].at(np.asarray(hours / 2))
    second, _ = room.courses(*middle, np.array([[outside]]), np.array([[heat]]))
    half = np.array([[hours / 2]])
    parts = courses[0].hours_above(np.array([level]), half) + second.hours_above(np.array([level]), half)
    assert parts[0, 0] == pytest.approx(above, abs=1e-9 * scale)


def rooms(*specs: AirconSpec) -> AirconFleet:
    site = Site(TimeAxis.of("2026-08-03T00:00", step_s=1800, days=4), Rows((1,)), 35.45, 139.64, Path())
    shape = (1, len(specs))
    ids = tuple(f"b/{i}" for i in range(len(specs)))
    return AirconFleet(Placed(specs, ids, np.arange(len(specs)), np.zeros(shape, dtype=np.int64), np.ones(shape), site))


def test_the_coupling_is_that_of_the_standard() -> None:
    assert pytest.approx(9.23, abs=0.01) == COUPLING_W_PER_K_M2


def test_walls_carry_a_room_through_a_stage_that_is_off() -> None:
    """At two on the third day all are held; in an hour without cooling a heavy room warms up less."""
    plain = {"thermal_kw": 20.0, "floor_m2": 100.0}
    fleet = rooms(
        AirconSpec(**plain), AirconSpec(**plain, mass_wh_per_k_m2=46), AirconSpec(**plain, mass_wh_per_k_m2=103)
    )
    state = fleet.start()
    for k in range(124):
        moment = Moment(k * 1800.0, k)
        fleet.advance(state, fleet.bands(state, moment).want_kw, 1800.0, moment)
    np.testing.assert_allclose(state["room_c"], 27.0, atol=1e-9)
    for k in (124, 125):
        moment = Moment(k * 1800.0, k)
        fleet.bands(state, moment)
        fleet.advance(state, np.zeros((1, 3)), 1800.0, moment)
    light, medium, heavy = state["room_c"][0].tolist()
    assert light > medium + 0.5
    assert medium > heavy > 27.0
    assert state["discomfort_kh"][0, 0] > state["discomfort_kh"][0, 1]


def test_a_room_beside_heavy_ones_keeps_its_bits() -> None:
    plain, heavy = AirconSpec(thermal_kw=5, floor_m2=80), AirconSpec(thermal_kw=5, floor_m2=80, mass_wh_per_k_m2=46)
    found = []
    for fleet in (rooms(plain), rooms(heavy, plain)):
        state = fleet.start()
        for k in range(48):
            moment = Moment(k * 1800.0, k)
            fleet.advance(state, fleet.bands(state, moment).want_kw * (k % 3 > 0), 1800.0, moment)
        found.append([state[name][0, -1] for name in ("room_c", "used_kwh", "discomfort_kh")])
    assert found[0] == found[1]


def test_a_coupling_without_mass_is_refused() -> None:
    assert AirconSpec(thermal_kw=1, floor_m2=10, mass_w_per_k_m2=5).check()[0][0] == "coupling_without_mass"
