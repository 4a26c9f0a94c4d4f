"""Survival against answers that others published or that can be worked out on paper."""

import itertools

import numpy as np
import pytest

from ysc_sim.resilience import reserve_curve, survival_hours, survival_probability


def test_reopt_hand_case() -> None:
    """REopt.jl, test/runtests.jl, Backup Generator Reliability: 2 × 1 kW, MTTF 5 h, 4 kWh at 0.75, minimum 0.5."""
    chance = survival_probability(
        [1, 2, 2],
        0,
        hours=3,
        generator_kw=1,
        generator_count=2,
        mttf_h=5,
        energy_kwh=4,
        power_kw=1,
        start_kwh=3,
        floor_kwh=2,
        step_h=1,
    )
    assert chance.shape == (3, 3)
    assert chance[0] == pytest.approx([1.0, 0.8704, 0.557056], abs=1e-12)


def test_400_kwh_at_30_kw_last_13_hours() -> None:
    found = survival_hours(np.full(8760, 30.0), 0, energy_kwh=400, power_kw=30, start_kwh=400, step_h=1)
    assert (found == 13).all()


@pytest.mark.parametrize(("sun_kw", "energy_kwh"), [(30.0, 140.0)])
def test_square_wave_of_sun_lives_through_the_year(sun_kw, energy_kwh) -> None:
    """12 h × 10 kW at night take 133.3 kWh out of the store, 12 h × 20 kW × 0.9 bring 216 kWh by day."""
    sun = np.tile(np.repeat([sun_kw, 0.0], 12), 365)
    plant = {"energy_kwh": energy_kwh, "power_kw": 30, "step_h": 1, "charge_efficiency": 0.9}
    found = survival_hours(np.full(8760, 10.0), sun, start_kwh=energy_kwh, discharge_efficiency=0.9, **plant)
    assert (found == 8760).all()
    curve = reserve_curve(np.full(8760, 10.0), sun, hours=8760, discharge_efficiency=0.9, **plant)
    assert curve[12] == pytest.approx(120 / 0.9, abs=1e-4)
    assert curve[0] == 0


def test_square_wave_with_a_store_too_small_for_the_night_dies_in_it() -> None:
    sun = np.tile(np.repeat([30.0, 0.0], 12), 365)
    found = survival_hours(
        np.full(8760, 10.0), sun, energy_kwh=130, power_kw=30, start_kwh=130, step_h=1, discharge_efficiency=0.9
    )
    assert found[12] == 11  # 11 × 11.11 = 122.2 kWh; the twelfth hour would make it 133.3
    assert found[0] == 23


def test_generators_alone_are_a_binomial() -> None:
    """2 of 3 must run: after k steps each runs with (1 − sf)·(1 − q)^k, independently."""
    q, start_failure = 0.5 / 100, 0.02
    chance = survival_probability(
        np.full(6, 9.0),
        0,
        hours=24,
        generator_kw=5,
        generator_count=3,
        mttf_h=100,
        start_failure=start_failure,
        step_h=0.5,
    )
    runs = (1 - start_failure) * (1 - q) ** np.arange(1, 49)
    assert chance == pytest.approx(np.broadcast_to(3 * runs**2 * (1 - runs) + runs**3, (6, 48)), abs=1e-12)


def test_every_history_of_failures_one_by_one() -> None:
    """All times at which each of two generators may fail, weighted and walked through on their own."""
    rng = np.random.default_rng(5)
    steps, kw, q = 7, 1.5, 0.1
    load, sun = rng.uniform(0, 4, steps), rng.uniform(0, 1, steps)
    expected = np.zeros((steps, steps))
    for start in range(steps):
        order = (start + np.arange(steps)) % steps
        for fails in itertools.product(range(steps + 1), repeat=2):
            weight = np.prod([(1 - q) ** at * (q if at < steps else 1) for at in fails])
            running = sum((np.arange(steps) < at).astype(float) for at in fails)
            hours = survival_hours(
                load[order],
                sun[order] + kw * running,
                energy_kwh=5,
                power_kw=2.5,
                start_kwh=3,
                step_h=1,
                charge_efficiency=0.9,
                discharge_efficiency=0.95,
            )[0]
            expected[start, : int(hours)] += weight
    found = survival_probability(
        load,
        sun,
        hours=steps,
        generator_kw=kw,
        generator_count=2,
        mttf_h=10,
        energy_kwh=5,
        power_kw=2.5,
        start_kwh=3,
        charge_efficiency=0.9,
        discharge_efficiency=0.95,
        step_h=1,
    )
    assert found == pytest.approx(expected, abs=1e-12)


def test_generators_that_never_fail_are_generation() -> None:
    rng = np.random.default_rng(6)
    load, sizes = rng.uniform(0, 6, (2, 1, 48)), np.array([[1], [2], [4]])
    plant = {"energy_kwh": 8, "power_kw": 3, "start_kwh": 8, "step_h": 1}
    chance = survival_probability(load, 0, hours=30, generator_kw=1.0, generator_count=sizes, mttf_h=np.inf, **plant)
    hours = survival_hours(load, 1.0 * sizes, max_hours=30, **plant)
    assert chance.shape == (2, 3, 48, 30)
    assert (chance == (np.arange(1, 31) <= hours[..., None])).all()


def test_many_energies_are_joined_to_a_lower_bound() -> None:
    """200 steps of uneven net load give more than 128 different energies; the answer stays close to drawn histories."""
    rng = np.random.default_rng(7)
    load = rng.uniform(0.5, 1.5, 200)
    plant = {"energy_kwh": 60, "power_kw": 5, "start_kwh": 30}
    chance = survival_probability(
        load, 0, hours=200, generator_kw=0.9, generator_count=2, mttf_h=150, step_h=1, **plant
    )[0]
    draws = 4000
    fails = rng.geometric(1 / 150, (draws, 2)) - 1
    running = (np.arange(200)[None, :, None] < fails[:, None, :]).sum(axis=2)
    lived = survival_hours(np.broadcast_to(load, (draws, 200)), 0.9 * running, step_h=1, **plant)[:, 0]
    drawn = (lived[:, None] > np.arange(200)).mean(axis=0)
    assert np.abs(chance - drawn).max() < 0.03
    assert (np.diff(chance) <= 1e-12).all()
