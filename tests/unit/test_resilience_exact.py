"""Survival, synchronising and indices against rules written out here: every failure, every instant, every map."""

import itertools
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from ysc_sim.resilience import (
    FrequencyWatt,
    Outcome,
    Source,
    frequency_response,
    generators,
    reliability_indices,
    reserve_curve,
    survival_by_tier,
    survival_hours,
    survival_probability,
    synchronising_time_s,
)
from ysc_sim.resilience.steps import NEVER, Batch, Maps, after, down_mwh, shifted, up_mwh, whole_steps

# Synchronising


def closed_after_s(slip_hz: float, angle_deg: float, hold_s: float, window_deg: float) -> float:
    """Walk through time by the millisecond until the window was met long enough; inf after three turns and a hold."""
    step = 1e-3
    time = np.arange(0.0, (3.0 / abs(slip_hz) if slip_hz else 0.0) + hold_s + 2 * step, step)
    turned = angle_deg + 360.0 * slip_hz * time
    apart = np.abs((turned + 180.0) % 360.0 - 180.0)
    since = 0.0
    for t, inside in zip(time.tolist(), (apart <= window_deg).tolist(), strict=True):
        if not inside:
            since = t + step
        elif t - since >= hold_s - step / 2:
            return t
    return math.inf


@pytest.mark.parametrize("hold_s", [0.0, 0.3, 1.0])
def test_breaker_closes_when_a_walk_through_time_says_so(hold_s: float) -> None:
    for slip, angle in itertools.product((-0.25, -0.05, 0.0, 0.1, 0.3), (-170.0, -30.0, -5.0, 0.0, 12.0, 90.0, 175.0)):
        expected = closed_after_s(slip, angle, hold_s, 20.0)
        found = float(synchronising_time_s(slip, angle, hold_s=hold_s))
        assert found == pytest.approx(expected, abs=5e-3), (slip, angle)


def test_windows_of_synchronising_are_closed_intervals() -> None:
    assert synchronising_time_s([0.3, 0.3001], 0.0, hold_s=0.1).tolist() == [0.1, np.inf]
    assert synchronising_time_s(0.0, 0.0, [0.1, -0.1, 0.1001]).tolist() == [0.0, 0.0, np.inf]
    assert synchronising_time_s(0.0, [20.0, -20.0, 20.001, 340.0, 180.0]).tolist() == [0.0, 0.0, np.inf, 0.0, np.inf]
    # 40° at 0.1 Hz take 10/9 s: so long it may be held, from the edge on, and no longer.
    assert synchronising_time_s(0.1, -20.0, hold_s=1.1) == pytest.approx(1.1)
    assert synchronising_time_s(0.1, -20.0, hold_s=1.12) == np.inf
    assert synchronising_time_s(0.2, 100.0, max_angle_deg=180.0, hold_s=60.0) == 60.0, "no window"
    # 45° a second from −2.5° to 20°: half a second inside, just what is asked; 45° wide: one second, at the next turn.
    assert synchronising_time_s(0.125, -2.5, hold_s=0.5) == 0.5
    assert synchronising_time_s(0.125, 90.0, max_angle_deg=22.5, hold_s=1.0) == 6.5
    assert synchronising_time_s(0.1, np.nan) == np.inf
    zero = synchronising_time_s(0.0, 0.0, max_slip_hz=0.0, max_voltage_pu=0.0, max_angle_deg=0.0)
    assert zero == 0.0


@pytest.mark.parametrize("name", ["max_slip_hz", "max_voltage_pu", "max_angle_deg", "hold_s"])
def test_synchronising_refuses(name: str) -> None:
    for value in (-1e-9, np.nan):
        with pytest.raises(ValueError, match=name):
            synchronising_time_s(0.1, 0.0, **{name: value})


# Generators that may fail


def chances(load: list[float], first: int, steps: int, plant: dict[str, Any]) -> list[float]:
    """Probability to have served 1, 2 … steps: all numbers of failures, one branch after the other."""
    served = [0.0] * steps
    eta_c, eta_d, floor = plant["charge_efficiency"], plant["discharge_efficiency"], plant["floor_kwh"]

    def fail(running: int, chance: float) -> Iterator[tuple[int, float]]:
        p = plant["step_h"] / plant["mttf_h"]
        for left in range(running + 1):
            yield left, chance * math.comb(running, left) * (1 - p) ** left * p ** (running - left)

    def walk(step: int, running: int, store: float, chance: float) -> None:
        if step == steps or chance == 0:
            return
        for left, here in fail(running, chance):
            net = load[(first + step) % len(load)] - left * plant["generator_kw"]
            need = max(net, 0.0) * plant["step_h"] / eta_d
            gain = min(max(-net, 0.0), plant["power_kw"]) * plant["step_h"] * eta_c
            if net > plant["power_kw"] or (need and store - need < floor - 1e-6):
                continue
            served[step] += here
            walk(step + 1, left, min(store - need + gain, plant["energy_kwh"]), here)

    q, count = plant["start_failure"], plant["generator_count"]
    for running in range(count + 1):
        walk(0, running, plant["start_kwh"], math.comb(count, running) * (1 - q) ** running * q ** (count - running))
    return served


PLANT = {
    "generator_kw": 1.5, "generator_count": 3, "mttf_h": 4.0, "start_failure": 0.1, "energy_kwh": 6.0, "power_kw": 2.0,
    "start_kwh": 4.0, "floor_kwh": 1.0, "charge_efficiency": 0.8, "discharge_efficiency": 0.9, "step_h": 0.5,
}  # fmt: skip
LOAD = [2.0, 3.5, 5.0, 1.0, 4.0]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"generator_count": 1},
        {"start_failure": 0.0, "mttf_h": 0.5},
        {"mttf_h": np.inf},
        {"start_failure": 1.0, "power_kw": 9.0},
        {"energy_kwh": 0.0, "start_kwh": 0.0, "floor_kwh": 0.0, "power_kw": 0.0},
    ],
)
def test_probability_is_the_sum_over_every_way_to_fail(changes: dict[str, float]) -> None:
    plant = {**PLANT, **changes}
    found = survival_probability(LOAD, 0.0, hours=2.5, **plant)
    assert found.shape == (5, 5)
    for first in range(5):
        assert found[first] == pytest.approx(chances(LOAD, first, 5, plant), abs=1e-12)


def test_designs_with_other_numbers_of_generators_are_a_batch() -> None:
    counts = np.array([[0], [3], [1]])
    batch = survival_probability(LOAD, 0.0, hours=1.5, **{**PLANT, "generator_count": counts})
    for at, count in enumerate(counts[:, 0].tolist()):
        one = survival_probability(LOAD, 0.0, hours=1.5, **{**PLANT, "generator_count": count})
        assert batch[at] == pytest.approx(one, abs=1e-15)


def test_energies_that_are_joined_give_a_lower_bound_close_to_the_truth(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(5)
    load = rng.uniform(0.5, 4.5, 30)
    exact = survival_probability(load, 0.0, hours=12, **PLANT)
    widths = []
    kept_apart = generators._kept_apart

    def watched(gap: np.ndarray, loss: np.ndarray) -> np.ndarray:
        kept = kept_apart(gap, loss)
        widths.append(int(kept.sum(axis=1).max(initial=0)) + 1)
        return kept

    monkeypatch.setattr(generators, "_kept_apart", watched)
    survival_probability(load, 0.0, hours=12, **PLANT)
    assert max(widths) > 12, "the case has more energies than are kept below"
    for most, gap in ((12, 0.01), (3, 0.2)):
        widths.clear()
        monkeypatch.setattr(generators, "MOST_ENERGIES", most)
        bound = survival_probability(load, 0.0, hours=12, **PLANT)
        assert max(widths) == most
        assert (bound <= exact + 1e-12).all()
        assert (exact - bound).max() < gap
    assert (bound < exact - 1e-9).any(), "three energies are too few"


# Maps of steps


def test_composed_maps_do_what_one_does_after_the_other() -> None:
    rng = np.random.default_rng(6)
    for _ in range(200):
        one, two = (Maps(*(np.array([[v]]) for v in (rng.integers(0, 9), rng.integers(-9, 9), rng.integers(0, 12))))
                    for _ in range(2))  # fmt: skip
        both = after(one, two)
        for store in range(13):
            expected: int | None = store
            for least, change, cap in (tuple(int(part[0, 0]) for part in maps) for maps in (one, two)):
                expected = min(cap, expected + change) if expected is not None and expected >= least else None
            lives = store >= int(both.least[0, 0])
            assert lives == (expected is not None)
            if lives:
                assert min(int(both.cap[0, 0]), store + int(both.change[0, 0])) == expected


def test_what_no_store_reaches_stays_so_however_often_it_is_composed() -> None:
    maps = Maps(np.array([[NEVER, 0]]), np.array([[-NEVER // 2, NEVER // 2]]), np.array([[5, 5]]))
    for _ in range(70):
        maps = after(maps, maps)
    assert abs(maps.change).max() <= NEVER // 2
    assert maps.least[0, 0] >= NEVER


def test_shifting_goes_round() -> None:
    maps = Maps(*(np.arange(5)[None] + 10 * k for k in range(3)))
    for steps in (0, 2, 5, 7):
        assert shifted(maps, steps).change.tolist() == [[10 + (i + steps) % 5 for i in range(5)]]


def test_whole_steps_and_whole_milliwatt_hours() -> None:
    assert [whole_steps("hours", hours, 0.1) for hours in (0.0, 0.05, 0.1, 0.3, 0.7, 0.71)] == [0, 1, 1, 3, 7, 8]
    assert (down_mwh(np.array([0.07, 1.9e-6])).tolist(), up_mwh(np.array([0.07, 1.1e-6])).tolist()) == (
        [70_000, 1],
        [70_000, 2],
    )
    for hours, step_h, named in ((np.nan, 1.0, "hours"), (np.inf, 1.0, "hours"), (1.0, np.inf, "step_h")):
        with pytest.raises(ValueError, match=named):
            whole_steps("hours", hours, step_h)


def test_blocks_cover_every_row_once_and_hold_what_was_given() -> None:
    energy, load = np.arange(6.0).reshape(2, 3, 1), np.arange(4.0)
    batch = Batch(load, 0.0, energy_kwh=energy)
    assert (batch.shape, batch.rows, batch.steps) == ((2, 3, 4), 6, 4)
    for elements, rows in ((4, 1), (9, 2), (20, 5), (1, 1), (1000, 6)):
        blocks = list(batch.blocks(elements))
        assert next(part.stop - part.start for part, _ in blocks) == rows
        assert [k for part, _ in blocks for k in range(part.start, part.stop)] == list(range(6))
        assert np.concatenate([block["energy_kwh"] for _, block in blocks]).tolist() == [[float(k)] for k in range(6)]
        assert all(block["load_kw"].tolist() == [load.tolist()] * len(block["load_kw"]) for _, block in blocks)


@pytest.mark.parametrize("name", ["energy_kwh", "start_kwh", "floor_kwh"])
def test_energies_have_a_largest(name: str) -> None:
    plant = {"energy_kwh": 1e12, "power_kw": 1.0, "start_kwh": 0.0, "step_h": 1.0}
    assert survival_hours([0.0], 0.0, **{**plant, name: 1e12}).tolist() == [1.0]
    with pytest.raises(ValueError, match="at most 1e"):
        survival_hours([0.0], 0.0, **{**plant, name: 1.1e12})


def test_reserve_of_a_broken_promise_and_of_a_charge_all_round() -> None:
    """Need 6 at hour 5, 2 kWh an hour from the grid: 4, 2, 0 before it, and so round the horizon."""
    load = np.zeros(6)
    load[5] = 6.0
    plant = {"energy_kwh": 10.0, "power_kw": 9.0, "step_h": 1.0}
    assert reserve_curve(load, 0.0, hours=1, charge_from_grid_kw=2.0, **plant).tolist() == [0, 0, 0, 2, 4, 6]
    assert reserve_curve(load, 0.0, hours=1, charge_from_grid_kw=1.0, **plant).tolist() == [1, 2, 3, 4, 5, 6]
    load[5] = 3.0
    assert reserve_curve(load, 0.0, hours=13, **plant).tolist() == [6, 6, 6, 6, 6, 9]


# Tiers


def test_tiers_by_hand() -> None:
    """4 kW in four tiers, 10 kWh: tier 4 goes at 3 kWh, tier 3 at 2, tier 2 at 1; what is left is for tier 1."""
    found = survival_by_tier(
        [4.0] * 8, 0.0, tier_shares=[0.25] * 4, hours=8, step_h=1, energy_kwh=10, power_kw=9, start_kwh=10,
    )  # fmt: skip
    # 10 → 6 → 2 (all four); at 2 of 10 kWh tiers 3 and 4 (above 20 and 30 %) are let go: 2 → 0; then dark.
    assert found.survived_h[0] == 3.0
    assert found.unserved_kwh[0].tolist() == [5.0, 5.0, 6.0, 6.0]
    assert found.fuel_left_l[0] == 0.0


def test_generator_by_hand() -> None:
    """3 kW without a store: 1 l/h and 0.5 l/kWh are 2.5 l an hour; of 6 l two hours, and 1 l stays in the tank."""
    plant = {"hours": 3, "step_h": 1, "energy_kwh": 0, "power_kw": 0, "start_kwh": 0, "tier_shares": [1, 0, 0, 0]}
    engine = {"generator_kw": 4, "generator_min_kw": 1, "fuel_l": 6, "fuel_l_per_h": 1, "fuel_l_per_kwh": 0.5}
    found = survival_by_tier([3.0], 0.0, **plant, **engine)
    assert (found.survived_h.tolist(), found.fuel_left_l.tolist()) == ([2.0], [1.0])
    assert found.unserved_kwh.tolist() == [[3.0, 0.0, 0.0, 0.0]]
    none = survival_by_tier([3.0], 0.0, fuel_tiers=0, **plant, **engine)
    assert (none.survived_h.tolist(), none.fuel_left_l.tolist()) == ([0.0], [6.0])
    low = survival_by_tier([0.5], 0.0, **plant, **engine)
    assert low.fuel_left_l.tolist() == [1.5], "at its minimum load: 1.5 l an hour"


@pytest.mark.parametrize("shares", [[0.5, 0.5, 0, 1e-8], [-0.1, 1.1, 0, 0], [[1, 0, 0, 0]], [np.nan, 1, 0, 0]])
def test_shares_of_tiers_are_four_that_make_one(shares: list[float]) -> None:
    plant = {"hours": 1, "step_h": 1, "energy_kwh": 1, "power_kw": 1, "start_kwh": 1}
    with pytest.raises(ValueError, match="tier_shares"):
        survival_by_tier([1.0], 0.0, tier_shares=shares, **plant)
    with pytest.raises(ValueError, match="shed_below_soc"):
        survival_by_tier([1.0], 0.0, tier_shares=[1, 0, 0, 0], shed_below_soc=[0, 0, 0, 1.01], **plant)


# Transients


def test_plant_that_is_curtailed_to_nothing_gives_no_less() -> None:
    """100 kW too many, 100 kW/Hz of droop; 40 kW of sun are gone 0.55 Hz above: (100 − 40)/100 = 0.6 Hz."""
    source = Source(rated_kva=100, droop_pu=0.02, p_kw=100)
    for lag_s in (0.0, 0.2):
        sun = FrequencyWatt(p_kw=40, deadband_hz=0.05, droop_pu=0.01, lag_s=lag_s)
        found = frequency_response(-100.0, [source], followers=[sun])
        assert found.settling_hz == pytest.approx([50.6], abs=1e-9)
        assert found.outcome[0] == Outcome.SETTLED


@pytest.mark.parametrize(("step_kw", "sign"), [(-24.0, 1), (24.0, -1)])
def test_governor_that_stood_at_its_limit_comes_back(step_kw: float, sign: int) -> None:
    """40 kW/Hz with 10 kW to give either way, 80 kW/Hz that come late: rest at 24/120 = 0.2 Hz, from beyond 0.25."""
    quick = Source(rated_kva=100, droop_pu=0.05, inertia_s=1.0, damping_pu=0.0, p_kw=10, p_max_kw=20)
    late = Source(rated_kva=200, droop_pu=0.05, t1_s=1.5, p_kw=100)
    found = frequency_response(step_kw, [quick, late], load_kw=100, load_damping_pu=0.0, duration_s=200.0)
    assert sign * (found.nadir_hz[0] - 50) > 0.25
    assert found.settling_hz == pytest.approx([50 + sign * 0.2])
    assert found.outcome[0] == Outcome.SETTLED
    assert found.energy_kwh.sum() * 3600 == pytest.approx((110 + step_kw) * 200.0), "what is taken is given"


def test_lag_that_needs_inertia_is_shown() -> None:
    for lags, shown in (({"t1_s": 0.1}, "0.1"), ({"t3_s": 0.3}, "0.3"), ({"t1_s": 0.2, "t3_s": 0.3}, "0.2")):
        with pytest.raises(ValueError, match=rf"\(={shown}\)"):
            frequency_response(1.0, [Source(rated_kva=100, droop_pu=0.05, **lags)])


# Indices


def test_indices_at_their_edges() -> None:
    everyone = reliability_indices(7, 3600.0, customers_served=7, period_h=1)
    assert everyone == {"saifi": 1.0, "saidi_h": 1.0, "caidi_h": 1.0, "maifi": 0.0, "asai": 0.0}
    assert reliability_indices([1], [0.0], customers_served=1, period_h=1, sustained_s=0)["maifi"] == 1.0
    with pytest.raises(ValueError, match="sustained_s"):
        reliability_indices([1], [1.0], customers_served=1, period_h=1, sustained_s=-1.0)
    with pytest.raises(ValueError, match="sustained_s"):
        reliability_indices([1], [1.0], customers_served=1, period_h=1, sustained_s=np.nan)
    by_year = reliability_indices([[1], [2]], [600.0], customers_served=4, period_h=[10.0, 20.0])
    by_year["saifi"][0] = 9.0  # an array of its own
    assert by_year["saidi_h"].tolist() == pytest.approx([1 / 24, 1 / 12])
    assert by_year["asai"].tolist() == pytest.approx([1 - 1 / 240, 1 - 1 / 240])


@pytest.mark.parametrize(
    ("wrong", "name"),
    [
        ({"customers": [-1]}, "customers"),
        ({"duration_s": [np.nan]}, "duration_s"),
        ({"customers_served": -2}, "customers_served"),
        ({"customers_served": 0}, "customers_served"),
        ({"period_h": np.inf}, "period_h"),
    ],
)
def test_indices_name_what_is_wrong(wrong: dict[str, Any], name: str) -> None:
    given = {"customers": [1], "duration_s": [600.0], "customers_served": 2, "period_h": 1.0, **wrong}
    with pytest.raises(ValueError, match=rf"^{name}\(="):
        reliability_indices(given.pop("customers"), given.pop("duration_s"), **given)
