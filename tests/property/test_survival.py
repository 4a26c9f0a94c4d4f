"""The algebra of survival against the plain rule, step by step, in the same whole milliwatt-hours."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ysc_sim.resilience import reserve_curve, survival_hours

RANDOM_CASES = 10_000


def plain_hours(load, generation, *, energy, power, start, step_h, charge=1.0, discharge=1.0, floor=0.0, most=None):
    """One start after the other, one step after the other, in exact arithmetic with one rounding a step.

    Every number is the decimal that was written, as a user reads it, not its binary neighbour.
    """
    exact = [Fraction(str(value)) for value in (energy, power, start, step_h, charge, discharge, floor)]
    capacity, kw, stored, step, eta_c, eta_d, least = exact
    needs, gains = [], []
    for some, other in zip(load, generation, strict=True):
        net = Fraction(str(some)) - Fraction(str(other))
        needs.append(math.inf if net > kw else math.ceil(max(net, 0) * step / eta_d * 10**6))
        gains.append(math.floor(min(max(-net, 0), kw) * step * eta_c * 10**6))
    full, bottom = math.floor(capacity * 10**6), math.ceil(least * 10**6)
    steps, found = len(load), []
    most = steps if most is None else most
    for first in range(steps):
        left, served = math.floor(stored * 10**6), 0
        while served < most:
            at = (first + served) % steps
            if needs[at] and left - bottom < needs[at]:
                break
            left = min(full, left - needs[at] + gains[at]) if needs[at] != math.inf else left
            served += 1
        found.append(served * step_h)
    return found


def random_case(rng):
    """Coarse numbers, so that ties (exactly empty, exactly full, exactly the power) are common."""
    steps = int(rng.integers(1, 13))
    energy = float(rng.integers(0, 13)) / 2
    return {
        "load": (rng.integers(0, 21, steps) / 10).tolist(),
        "generation": (rng.integers(0, 21, steps) * (rng.random(steps) < 0.5) / 10).tolist(),
        "energy": energy,
        "power": float(rng.choice([0.0, 0.5, 1.1, 2.0, 9.0])),
        "start": round(energy * float(rng.choice([0.0, 0.2, 0.5, 1.0])), 3),
        "step_h": float(rng.choice([0.25, 0.5, 1.0])),
        "charge": float(rng.choice([1.0, 0.9, 0.97])),
        "discharge": float(rng.choice([1.0, 0.9, 0.97])),
        "floor": round(energy * float(rng.choice([0.0, 0.0, 0.1, 1.0])), 3),
        "most": int(rng.choice([0, 1, 3, steps, 2 * steps + 1])),
    }


def kernel_hours(case):
    return survival_hours(
        case["load"],
        case["generation"],
        energy_kwh=case["energy"],
        power_kw=case["power"],
        start_kwh=case["start"],
        step_h=case["step_h"],
        charge_efficiency=case["charge"],
        discharge_efficiency=case["discharge"],
        floor_kwh=case["floor"],
        max_hours=case["most"] * case["step_h"],
    )


def test_ten_thousand_random_cases_equal_the_plain_rule() -> None:
    """Wrap-round, floors, efficiencies, no power, no energy, ties; more than once round."""
    rng = np.random.default_rng(20260803)
    for number in range(RANDOM_CASES):
        case = random_case(rng)
        assert kernel_hours(case).tolist() == plain_hours(**case), (number, case)


def test_a_batch_of_designs_is_the_designs_one_by_one() -> None:
    rng = np.random.default_rng(4)
    load, sun = rng.uniform(0, 2, (3, 1, 40)), rng.uniform(0, 3, 40)
    energy = rng.uniform(0, 9, (5, 1))
    batch = survival_hours(load, sun, energy_kwh=energy, power_kw=1.7, start_kwh=0.6 * energy, step_h=0.5)
    assert batch.shape == (3, 5, 40)
    for at in np.ndindex(3, 5):
        one = survival_hours(
            load[at[0], 0], sun, energy_kwh=energy[at[1]], power_kw=1.7, start_kwh=0.6 * energy[at[1]], step_h=0.5
        )
        assert (batch[at] == one).all()


def design(rng, steps):
    energy = rng.uniform(1, 30)
    return {
        "energy_kwh": energy,
        "power_kw": rng.uniform(0.5, 4),
        "step_h": 1.0,
        "charge_efficiency": rng.uniform(0.8, 1),
        "discharge_efficiency": rng.uniform(0.8, 1),
        "floor_kwh": energy * rng.choice([0.0, 0.1]),
    }, (rng.uniform(0, 2, steps), rng.uniform(0, 4, steps) * (np.arange(steps) % 24 > 12))


def test_exactly_the_curve_survives_and_one_watt_hour_less_does_not() -> None:
    """Every hour of 100 random designs."""
    rng = np.random.default_rng(8)
    watt_hour = 0.001
    finite = inf = 0
    for _ in range(100):
        plant, (load, sun) = design(rng, 240)
        hours = float(rng.choice([1, 5, 24, 72, 300]))
        curve = reserve_curve(load, sun, hours=hours, **plant)
        full = np.full(240, plant["energy_kwh"])
        enough = np.isfinite(curve)
        kept = survival_hours(load, sun, start_kwh=np.where(enough, curve, full), max_hours=hours, **plant)
        assert (kept[enough] == hours).all()
        assert (kept[~enough] < hours).all()
        tight = enough & (curve > plant["floor_kwh"] + watt_hour)
        less = survival_hours(load, sun, start_kwh=np.where(tight, curve - watt_hour, 0), max_hours=hours, **plant)
        assert (less[tight] < hours).all()
        assert (curve >= plant["floor_kwh"]).all()
        finite, inf = finite + tight.sum(), inf + (~enough).sum()
    assert finite > 1000
    assert inf > 100


def test_one_milliwatt_hour_less_than_the_curve_does_not_survive_either() -> None:
    rng = np.random.default_rng(9)
    for _ in range(30):
        plant, (load, sun) = design(rng, 60)
        curve = reserve_curve(load, sun, hours=20, **plant)
        tight = np.isfinite(curve) & (curve > plant["floor_kwh"] + 1e-5)
        less = np.where(tight, curve - 1e-6, 0)
        assert (survival_hours(load, sun, start_kwh=less, max_hours=20, **plant)[tight] < 20).all()


def test_from_on_the_closed_curve_one_can_stay_on_it() -> None:
    rng = np.random.default_rng(10)
    for _ in range(60):
        plant, (load, sun) = design(rng, int(rng.integers(1, 100)))
        grid_kw = rng.uniform(0, 3)
        open_curve = reserve_curve(load, sun, hours=12, **plant)
        closed = reserve_curve(load, sun, hours=12, charge_from_grid_kw=grid_kw, **plant)
        assert (np.isinf(open_curve) == np.isinf(closed)).all()
        asked, kept = (np.where(np.isinf(curve), plant["energy_kwh"], curve) for curve in (open_curve, closed))
        assert (kept >= asked).all()
        step_kwh = plant["charge_efficiency"] * min(grid_kw, plant["power_kw"])
        wanted = np.maximum.reduce([np.roll(asked, -ahead) - ahead * step_kwh for ahead in range(len(load))])
        # An inf step shows inf in the answer, whatever was counted for it; whole mWh of charge: ≤ 1 mWh a step.
        shown = np.isfinite(closed)
        assert np.allclose(closed[shown], wanted[shown], atol=1e-6 * len(load))
        # Where inf is taken as full in the answer too, the recursion of the definition holds between neighbours.
        whole = np.where(np.isinf(closed), np.maximum(wanted, asked), closed)
        assert (whole + step_kwh + 1e-6 * len(load) >= np.roll(whole, -1)).all()


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_more_stored_never_survives_shorter(data) -> None:
    steps = data.draw(st.integers(1, 30))
    power = st.floats(0, 5, allow_subnormal=True)
    load = data.draw(st.lists(power, min_size=steps, max_size=steps))
    sun = data.draw(st.lists(power, min_size=steps, max_size=steps))
    starts = sorted(data.draw(st.lists(st.floats(0, 10), min_size=2, max_size=5)))
    found = survival_hours(
        load, sun, energy_kwh=10, power_kw=3, start_kwh=np.array(starts)[:, None], step_h=0.5, floor_kwh=1
    )
    assert (np.diff(found, axis=0) >= 0).all()


def test_a_longer_promise_never_needs_less() -> None:
    rng = np.random.default_rng(3)
    plant, (load, sun) = design(rng, 50)
    curves = [reserve_curve(load, sun, hours=hours, **plant) for hours in (0, 1, 2, 3, 10, 50, 75, 100, 1000)]
    assert (curves[0] == plant["floor_kwh"]).all()
    for shorter, longer in itertools.pairwise(curves):
        assert (longer >= shorter).all()


@pytest.mark.parametrize("hours", [3.5, 4.0])
def test_a_broken_number_of_steps_is_promised_to_the_end_of_its_last(hours) -> None:
    curve = reserve_curve([1.0] * 10, 0.0, hours=hours, energy_kwh=9, power_kw=1, step_h=1.0)
    assert (curve == 4.0).all()
