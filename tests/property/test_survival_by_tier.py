"""Tiers, fuel and vehicles: the batch against one outage walked through in plain Python."""

import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ysc_sim.resilience import survival_by_tier, survival_hours

PLAIN = runpy.run_path(str(Path(__file__).parents[2] / "benchmarks" / "plain_rules.py"))
"""The rule of the module, one outage, one step after the other: what the kernel is timed against, too."""
walk = PLAIN["tiers_walked"]


def random_plant(rng: np.random.Generator, count: int) -> dict[str, Any]:
    energy, car = rng.uniform(0, 20), rng.uniform(5, 20)
    shares = rng.dirichlet([1.0] * 4)
    return {
        "step_h": float(rng.choice([0.5, 1.0])),
        "tier_shares": (shares / shares.sum()).tolist(),
        "energy_kwh": energy,
        "power_kw": rng.uniform(0, 4),
        "start_kwh": energy * rng.uniform(0.2, 1),
        "floor_kwh": energy * rng.choice([0.0, 0.2]),
        "charge_efficiency": rng.uniform(0.8, 1),
        "discharge_efficiency": rng.uniform(0.8, 1),
        "shed_below_soc": np.sort(rng.uniform(0, 0.5, 4) * [0, 1, 1, 1]).tolist(),
        "fuel_tiers": int(rng.integers(0, 5)),
        "generator_kw": rng.choice([0.0, 1.5, 5.0]),
        "generator_min_kw": rng.choice([0.0, 0.8]),
        "fuel_l": rng.uniform(0, 10),
        "fuel_l_per_h": rng.choice([0.0, 0.3]),
        "fuel_l_per_kwh": 0.3,
        "vehicle_kwh": car,
        "vehicle_kw": rng.choice([0.0, 3.0]),
        "vehicle_start_kwh": car * rng.uniform(0, 1),
        "vehicle_floor_kwh": car * rng.choice([0.0, 0.4]),
        "vehicle_present": (rng.random(count) < 0.7).astype(float),
        "vehicle_trip_kwh": rng.uniform(0, 4),
    }


def test_every_start_is_the_outage_walked_through_alone() -> None:
    rng = np.random.default_rng(12)
    lived = 0
    for _ in range(40):
        count = int(rng.integers(2, 30))
        load, sun = rng.uniform(0.1, 3, count), rng.uniform(0, 5, count) * (rng.random(count) < 0.4)
        plant, steps = random_plant(rng, count), int(rng.integers(1, 40))
        found = survival_by_tier(load, sun, hours=steps * plant["step_h"], **plant)
        for first in range(count):
            hours, unserved, fuel = walk(load, sun, first, steps, plant)
            assert found.survived_h[first] == hours
            assert found.unserved_kwh[first] == pytest.approx(unserved, abs=1e-9)
            assert found.fuel_left_l[first] == pytest.approx(fuel, abs=1e-9)
            lived += hours > 0
    assert lived > 100


def test_one_tier_without_fuel_is_the_algebra() -> None:
    """Partial service counts as dark here as there; float64 here, whole mWh there."""
    rng = np.random.default_rng(13)
    load, sun = rng.uniform(0.2, 3, 200), rng.uniform(0, 6, 200) * (rng.random(200) < 0.4)
    energy = rng.uniform(1, 30, (20, 1))
    store = {"energy_kwh": energy, "power_kw": 2.9, "start_kwh": 0.8 * energy, "step_h": 1, "charge_efficiency": 0.93}
    found = survival_by_tier(load, sun, tier_shares=[1, 0, 0, 0], shed_below_soc=[0, 0, 0, 0], hours=150, **store)
    assert (found.survived_h == survival_hours(load, sun, max_hours=150, **store)).all()


def test_designs_are_a_batch() -> None:
    rng = np.random.default_rng(14)
    load, sun = rng.uniform(0.2, 3, (2, 1, 30)), rng.uniform(0, 6, 30)
    sizes = np.array([[4.0], [8.0], [16.0]])
    plant = {"tier_shares": [0.4, 0.2, 0.2, 0.2], "hours": 20, "step_h": 1, "power_kw": 3}
    batch = survival_by_tier(load, sun, energy_kwh=sizes, start_kwh=sizes, **plant)
    assert batch.unserved_kwh.shape == (2, 3, 30, 4)
    one = survival_by_tier(load[1, 0], sun, energy_kwh=8, start_kwh=8, **plant)
    assert (batch.unserved_kwh[1, 1] == one.unserved_kwh).all()
    assert (batch.survived_h[1, 1] == one.survived_h).all()


@pytest.mark.parametrize(
    ("wrong", "shown"),
    [
        ({"tier_shares": [0.5, 0.5, 0.5, 0]}, "sum to 1"),
        ({"tier_shares": [1.0]}, "four numbers"),
        ({"fuel_tiers": 5}, "fuel_tiers"),
        ({"vehicle_start_kwh": 3.0}, "vehicle_start_kwh"),
        ({"fuel_l": -1.0}, "fuel_l"),
    ],
)
def test_refuses(wrong: dict[str, Any], shown: str) -> None:
    plant = {"tier_shares": [1, 0, 0, 0], "hours": 2, "step_h": 1, "energy_kwh": 1, "power_kw": 1, "start_kwh": 1}
    with pytest.raises(ValueError, match=shown):
        survival_by_tier([1.0], 0.0, **{**plant, **wrong})


def test_an_argument_that_does_not_exist_is_named() -> None:
    with pytest.raises(TypeError, match="generator_power"):
        survival_by_tier(
            [1.0],
            0,
            tier_shares=[1, 0, 0, 0],
            hours=1,
            step_h=1,
            energy_kwh=1,
            power_kw=1,
            start_kwh=1,
            generator_power=3.0,
        )
