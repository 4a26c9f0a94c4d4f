"""Edges of the survival kernels, and what they refuse."""

import numpy as np
import pytest

from ysc_sim.resilience import reserve_curve, survival_hours, survival_probability

PLANT = {"energy_kwh": 10.0, "power_kw": 5.0, "step_h": 1.0}


def survive(load, generation=0.0, **changes):
    return survival_hours(load, generation, **{**PLANT, "start_kwh": 10.0, **changes}).tolist()


def test_one_step_goes_round_and_round() -> None:
    assert survive([3.0]) == [1.0]
    assert survive([3.0], max_hours=100) == [3.0]
    assert survive([3.0], 3.0, max_hours=100) == [100.0]


def test_no_steps_no_answer() -> None:
    assert survival_hours(np.zeros((3, 0)), 0, **PLANT, start_kwh=0).shape == (3, 0)
    assert reserve_curve(np.zeros((3, 0)), 0, hours=1, **PLANT).shape == (3, 0)


def test_without_any_store_the_sun_alone_serves() -> None:
    none = {"energy_kwh": 0.0, "power_kw": 0.0, "start_kwh": 0.0}
    assert survive([1.0, 1.0, 1.0], [2.0, 1.0, 0.9], **none) == [2.0, 1.0, 0.0]
    curve = reserve_curve([1.0, 1.0, 1.0], [2.0, 1.0, 0.9], hours=2, energy_kwh=0, power_kw=0, step_h=1)
    assert curve.tolist() == [0.0, np.inf, np.inf]


def test_a_load_above_the_power_cannot_be_served_however_full_the_store() -> None:
    assert survive([1.0, 5.001]) == [1.0, 0.0]
    assert survive([1.0, 5.0]) == [2.0, 2.0]
    assert survive([1.0, 900.0], power_kw=np.inf, energy_kwh=1e4, start_kwh=1e4) == [2.0, 2.0]


def test_a_start_below_the_floor_waits_for_surplus() -> None:
    assert survive([1.0, 1.0], [4.0, 0.0], floor_kwh=4.0, start_kwh=2.0) == [2.0, 0.0]
    assert survive([1.0, 1.0], [1.0, 0.0], floor_kwh=4.0, start_kwh=2.0) == [1.0, 0.0]


def test_decimals_are_read_as_decimals() -> None:
    """0.07 kWh are 70,000 mWh, though 0.07 · 10⁶ is a little more in binary; 1.1 − 1.0 kW pass through 0.1 kW."""
    assert survive([0.07] * 10, energy_kwh=0.7, start_kwh=0.7) == [10.0] * 10
    assert survive([1.1] * 3, 1.0, power_kw=0.1) == [3.0] * 3
    assert survive([0.1 + 0.2], 0.3, energy_kwh=0, start_kwh=0) == [1.0]


def test_however_small_a_need_it_is_a_milliwatt_hour() -> None:
    assert survive([5e-324] * 3, start_kwh=2e-6) == [2.0] * 3
    assert survive([0.0] * 3, 5e-324, start_kwh=0) == [3.0] * 3


def test_max_hours_that_is_no_whole_number_of_steps() -> None:
    assert survive([1.0] * 5, max_hours=2.5) == [2.5] * 5
    assert survive([5.0] * 5, max_hours=2.5) == [2.0] * 5
    assert survive([1.0] * 5, max_hours=0) == [0.0] * 5


def test_what_varies_over_the_horizon_may() -> None:
    """A start of its own at each step; a store of which only a part can be used at some hours."""
    assert survive([4.0, 4.0, 4.0], start_kwh=[0.0, 4.0, 10.0]) == [0.0, 1.0, 2.0]
    assert survive([4.0, 4.0, 4.0], power_kw=[5.0, 0.0, 5.0]) == [1.0, 0.0, 2.0]


def test_a_promise_of_no_hours_is_the_floor() -> None:
    assert reserve_curve([3.0, 3.0], 0.0, hours=0, floor_kwh=1.5, **PLANT).tolist() == [1.5, 1.5]


def test_a_hopeless_hour_asks_to_be_full_before_it() -> None:
    """Two hours before the one that nothing survives the store must be on its way; the answer there stays inf."""
    curve = reserve_curve([0, 0, 0, 6.0], 0, hours=1, charge_from_grid_kw=3, **PLANT)
    assert curve.tolist() == [1.0, 4.0, 7.0, np.inf]


def test_charging_from_the_grid_is_bound_by_the_power_of_the_store() -> None:
    """5 kW at most, of which 0.8 arrive: 4 kWh an hour, however much the connection may give."""
    plant = {**PLANT, "charge_efficiency": 0.8}
    for kw in (5.0, 50.0, np.inf):
        curve = reserve_curve([0, 0, 0, 6.0], 0, hours=1, charge_from_grid_kw=kw, **plant)
        assert curve.tolist() == [0.0, 2.0, 6.0, np.inf]


@pytest.mark.parametrize(
    "wrong",
    [
        {"energy_kwh": -1.0},
        {"energy_kwh": np.nan},
        {"energy_kwh": np.inf},
        {"power_kw": -0.1},
        {"start_kwh": 11.0},
        {"floor_kwh": 11.0},
        {"floor_kwh": -1.0},
        {"charge_efficiency": 0.0},
        {"discharge_efficiency": 1.01},
        {"step_h": 0.0},
        {"step_h": np.nan},
        {"max_hours": -1.0},
        {"max_hours": np.inf},
    ],
)
def test_survival_refuses(wrong) -> None:
    with pytest.raises(ValueError, match=f"{next(iter(wrong))}"):
        survive([1.0, 2.0], **wrong)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_profiles_must_be_finite(bad) -> None:
    with pytest.raises(ValueError, match="load_kw"):
        survive([1.0, bad])
    with pytest.raises(ValueError, match="generation_kw"):
        survive([1.0, 2.0], [0.0, bad])


def test_a_time_axis_is_needed() -> None:
    with pytest.raises(ValueError, match="time axis"):
        survive(1.0)


@pytest.mark.parametrize(
    ("wrong", "shown"),
    [
        ({"mttf_h": 0.5}, "mttf_h"),
        ({"mttf_h": np.nan}, "mttf_h"),
        ({"generator_count": 1.5}, "generator_count"),
        ({"generator_count": -1}, "generator_count"),
        ({"start_failure": 1.1}, "start_failure"),
        ({"generator_kw": -1.0}, "generator_kw"),
        ({"hours": -1.0}, "hours"),
    ],
)
def test_probability_refuses(wrong, shown) -> None:
    plant = {"hours": 2, "generator_kw": 1.0, "generator_count": 1, "mttf_h": 10.0, "step_h": 1.0}
    with pytest.raises(ValueError, match=shown):
        survival_probability([1.0, 2.0], 0, **{**plant, **wrong})


def test_probability_without_generators_is_survival() -> None:
    load = [3.0, 2.0, 6.0]
    chance = survival_probability(load, 0, hours=3, generator_kw=1, generator_count=0, mttf_h=9, start_kwh=9, **PLANT)
    assert chance.tolist() == [[1, 1, 0], [1, 0, 0], [0, 0, 0]]
    assert survive(load, start_kwh=9) == [2.0, 1.0, 0.0]
