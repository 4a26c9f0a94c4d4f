"""Laws of a bill on random loads."""

from calendar import monthrange
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ysc_sim.billing import Bill, bill, bill_lines, contract_kw, half_hour_demand_kw, load_tariff, plan_names
from ysc_sim.billing.money import energy_amount_mjpy

BASIC = load_tariff("tepco_hv_basic_2026")
TOU = load_tariff("kyuden_hv_industrial_tou_a")
SELLING = [name for name in plan_names() if load_tariff(name).base]
APRIL = datetime.fromisoformat("2026-04-01T00:00+09:00")
MONTHS = st.sampled_from([APRIL.replace(year=2026 + m // 12, month=m % 12 + 1) for m in range(3, 15)])
"""Every month of a fiscal year: seasons of plans, the turn of the levy, holidays."""
SLOTS = 48 * (30 + 31 + 30)
EDGES = np.cumsum([0, 30, 31, 30]) * 48
SEEDS = st.integers(0, 2**32 - 1)


def days_in(first_day: datetime) -> int:
    return monthrange(first_day.year, first_day.month)[1]


def load_of(seed: int, slots: int = SLOTS) -> np.ndarray:
    """Whole kW with a tail, so that peaks differ between months."""
    return np.random.default_rng(seed).gamma(2.0, 40.0, slots).round()


def demand(result: Bill) -> float:
    return float(result.months.demand_jpy.sum())


@settings(max_examples=50)
@given(SEEDS, st.integers(0, SLOTS - 1), st.integers(1, 400), st.sampled_from([80.0, 85.0, 95.0, 100.0]))
def test_spike_costs_its_rise_of_the_contract(seed: int, slot: int, extra_kw: int, factor: float) -> None:
    """The demand charge rises by Σ (rise of contract) × price × (185 − PF)/100; energy is apart."""
    calm = load_of(seed)
    spiked = calm.copy()
    spiked[slot] += extra_kw
    before, after = (
        bill(BASIC, load, start=APRIL, step_s=1800, power_factor_percent=factor) for load in (calm, spiked)
    )
    contracts = [
        contract_kw([half_hour_demand_kw(load[a:b], step_s=1800).max() for a, b in pairwise(EDGES)])
        for load in (calm, spiked)
    ]
    rise = float((contracts[1] - contracts[0]).sum())
    assert demand(after) - demand(before) == pytest.approx(rise * 2530 * (185 - factor) / 100, abs=1e-6)
    energy = (after.months.energy_all_jpy - before.months.energy_all_jpy).sum()
    assert energy == pytest.approx(extra_kw * 0.5 * 17.43, abs=1e-6)


@settings(max_examples=30)
@given(SEEDS, st.sampled_from(SELLING), st.integers(1, 5))
def test_bill_and_lines_agree_and_lines_add_up(seed: int, name: str, meters: int) -> None:
    tariff = load_tariff(name)
    contract = 10.0 if tariff.base.unit == "kVA" else None
    energy = np.random.default_rng(seed).integers(0, 10**8, (SLOTS, meters))
    lines = bill_lines(tariff, energy, start=APRIL, contract=contract, power_factor_percent=93.0)
    assert (lines.total_mjpy == lines.amount_mjpy.sum(axis=1)).all()
    assert (lines.month_total_mjpy % 1000 == 0).all()
    assert (lines.month_total_mjpy.sum(axis=1) == lines.total_mjpy).all()
    first = bill(tariff, energy[:, 0] * 2e-6, start=APRIL, step_s=1800, contract=contract, power_factor_percent=93.0)
    assert first.total_jpy * 1000 == lines.total_mjpy[0]
    assert first.months.total_jpy.tolist() == (lines.month_total_mjpy[0] / 1000).tolist()
    parts = first.months.drop(columns=["month", "total_jpy"]).sum(axis=1)
    assert (np.floor(parts + 1e-6) == first.months.total_jpy).all()
    priced = [line for line in lines.lines if line.item != "rounding"]
    for line in priced:
        assert line.amount_mjpy == pytest.approx(line.quantity * line.price_jpy * 1000, abs=0.501)


@settings(max_examples=20)
@given(SEEDS, st.integers(1, 4))
def test_meter_does_not_depend_on_its_batch(seed: int, alone: int) -> None:
    energy = np.random.default_rng(seed).integers(0, 10**8, (SLOTS, 5))
    together = bill_lines(TOU, energy, start=APRIL)
    single = bill_lines(TOU, energy[:, alone : alone + 1], start=APRIL)
    assert (together.amount_mjpy[alone] == single.amount_mjpy[0]).all()
    assert (together.quantity[alone] == single.quantity[0]).all()
    assert (together.contract_kw[alone] == single.contract_kw[0]).all()


@settings(max_examples=30)
@given(SEEDS, st.sampled_from(SELLING), st.sampled_from([1, 2]))
def test_period_cut_between_months_costs_the_same(seed: int, name: str, months: int) -> None:
    """With the earlier peaks carried over, two bills are one."""
    tariff, load = load_tariff(name), load_of(seed)
    contract = 10.0 if tariff.base.unit == "kVA" else None
    cut = int(EDGES[months])
    whole = bill(tariff, load, start=APRIL, step_s=1800, contract=contract)
    first = bill(tariff, load[:cut], start=APRIL, step_s=1800, contract=contract)
    peaks = [half_hour_demand_kw(load[a:b], step_s=1800).max() for a, b in pairwise(EDGES)]
    second = bill(
        tariff,
        load[cut:],
        start=APRIL + timedelta(seconds=1800 * cut),
        step_s=1800,
        contract=contract,
        previous_kw=peaks[:months],
    )
    assert first.total_jpy + second.total_jpy == whole.total_jpy


@settings(max_examples=30)
@given(SEEDS, st.integers(1, 47 * 30))
def test_period_cut_inside_a_month_pays_its_base_twice(seed: int, cut: int) -> None:
    load = load_of(seed, 48 * 30)
    whole = bill(BASIC, load, start=APRIL, step_s=1800)
    first = bill(BASIC, load[:cut], start=APRIL, step_s=1800)
    second = bill(
        BASIC,
        load[cut:],
        start=APRIL + timedelta(seconds=1800 * cut),
        step_s=1800,
        previous_kw=[load[:cut].max()],
    )
    assert demand(first) + demand(second) == pytest.approx((load[:cut].max() + load.max()) * 2530 * 0.85)
    energy = first.months.energy_all_jpy[0] + second.months.energy_all_jpy[0]
    assert energy == pytest.approx(whole.months.energy_all_jpy[0], abs=2e-3)
    said = {problem.key for problem in (*first.warnings, *second.warnings)}
    assert said - {"contract_is_negotiated"} == {"month_partly_covered"}, "a large draw may be one for negotiation"


@settings(max_examples=30)
@given(SEEDS, st.permutations(range(30)))
def test_days_of_a_month_may_change_places(seed: int, order: list[int]) -> None:
    """Without bands a bill does not know the days apart; with bands, equal days do."""
    load = load_of(seed, 48 * 30).reshape(30, 48)
    shuffled = load[order]
    bills = [bill(BASIC, days.ravel(), start=APRIL, step_s=1800).total_jpy for days in (load, shuffled)]
    assert bills[0] == bills[1]
    working = np.array([day for day in range(30) if day % 7 not in (4,) and day not in (28, 29)])
    swapped = load.copy()
    swapped[working] = load[working[::-1]]
    bills = [bill(TOU, days.ravel(), start=APRIL, step_s=1800).total_jpy for days in (load, swapped)]
    assert bills[0] == bills[1]


@settings(max_examples=60)
@given(SEEDS, st.sampled_from(SELLING), MONTHS, st.randoms(use_true_random=False))
def test_days_that_a_plan_prices_alike_may_change_places_in_every_plan(
    seed: int, name: str, first_day: datetime, random: Random
) -> None:
    """Days of any month whose bands, of energy and of the adjustment, are the same; without bands these are all."""
    length = days_in(first_day)
    tariff, load = load_tariff(name), load_of(seed, 48 * length).reshape(length, 48)
    when = (first_day, 1800, 48 * length)
    bands = np.stack([tariff.bands(*when), tariff.adjustment_bands(*when)]).reshape(2, length, 48)
    groups: dict[bytes, list[int]] = {}
    for day in range(length):
        groups.setdefault(bands[:, day].tobytes(), []).append(day)
    shuffled = load.copy()
    for days in groups.values():
        shuffled[days] = load[random.sample(days, len(days))]
    contract = 10.0 if tariff.base.unit == "kVA" else None
    first, second = (
        bill(tariff, days.ravel(), start=first_day, step_s=1800, contract=contract) for days in (load, shuffled)
    )
    assert first.lines.equals(second.lines)
    assert first.total_jpy == second.total_jpy


@settings(max_examples=60)
@given(SEEDS, st.sampled_from(SELLING), MONTHS, st.integers(1, 27))
def test_period_cut_between_days_keeps_the_energy_of_every_band(
    seed: int, name: str, first_day: datetime, day: int
) -> None:
    """Energy, adjustment and levy of a month add up over a cut; steps begin anew, so that no kWh is dearer for it."""
    tariff, load = load_tariff(name), load_of(seed, 48 * days_in(first_day))
    contract = 10.0 if tariff.base.unit == "kVA" else None
    cut = 48 * day
    whole = bill(tariff, load, start=first_day, step_s=1800, contract=contract)
    parts = [
        bill(tariff, load[:cut], start=first_day, step_s=1800, contract=contract),
        bill(tariff, load[cut:], start=first_day + timedelta(days=day), step_s=1800, contract=contract),
    ]

    def of_kwh(made: Bill) -> float:
        lines = made.lines
        return float(lines.amount_jpy[lines.unit == "kWh"].sum())

    together = of_kwh(parts[0]) + of_kwh(parts[1])
    if tariff.steps_kwh:
        assert together <= of_kwh(whole) + 0.01
    else:
        assert together == pytest.approx(of_kwh(whole), abs=0.01)
    peaks = [demand(part) for part in parts]
    assert max(peaks) == pytest.approx(demand(whole)), "the half that holds the peak pays what the whole does"


@given(hnp.arrays(np.int64, 8, elements=st.integers(0, 10**15)), st.integers(-(10**8), 10**8))
def test_amounts_are_exact(energy_mwh: np.ndarray, price_micro: int) -> None:
    """Against decimal arithmetic."""
    amounts = energy_amount_mjpy(energy_mwh, price_micro / 1e6)
    for energy, amount in zip(energy_mwh.tolist(), amounts.tolist(), strict=True):
        exact = Decimal(energy) * price_micro / 10**9
        floor_half_up = (exact + Decimal("0.5")).to_integral_value(rounding="ROUND_FLOOR")
        assert amount == floor_half_up
        if price_micro >= 0:
            assert amount == exact.to_integral_value(rounding=ROUND_HALF_UP)


@settings(max_examples=60)
@given(
    hnp.arrays(np.float64, st.integers(1, 200), elements=st.floats(-100, 100)),
    st.sampled_from([1, 7, 60, 450, 700, 1800, 3600]),
    st.integers(0, 1799),
)
def test_half_hours_hold_the_energy_of_the_import(power: np.ndarray, step: int, offset: int) -> None:
    """Against a second-by-second register."""
    seconds = np.concatenate([np.full(offset, np.nan), np.repeat(np.maximum(power, 0), step)])
    padded = np.concatenate([seconds, np.full(-len(seconds) % 1800, np.nan)]).reshape(-1, 1800)
    demand = half_hour_demand_kw(power, step_s=step, offset_s=offset)
    np.testing.assert_allclose(demand, padded.mean(axis=1), rtol=1e-12, atol=1e-12)


@given(
    hnp.arrays(np.float64, st.tuples(st.integers(1, 3), st.integers(1, 30)), elements=st.floats(0, 1e4)),
    st.lists(st.floats(0, 1e4), max_size=15),
)
def test_contract_is_the_largest_of_twelve_months(peaks: np.ndarray, before: list[float]) -> None:
    contract = contract_kw(peaks, previous_kw=before)
    for row, result in zip(peaks.tolist(), contract.tolist(), strict=True):
        months = [*before, *row]
        ends = range(len(before) + 1, len(months) + 1)
        assert result == [max(months[max(0, end - 12) : end]) for end in ends]


@settings(max_examples=20)
@given(SEEDS)
def test_separate_contracts_do_not_see_trade(seed: int) -> None:
    """Five contracts over the utility's wires: their demand is that of their own meters."""
    energy = np.random.default_rng(seed).integers(0, 10**8, (48 * 30, 5))
    together = bill_lines(BASIC, np.add.reduce(energy, axis=1, keepdims=True), start=APRIL)
    apart = bill_lines(BASIC, energy, start=APRIL)
    assert (apart.contract_kw[:, 0] == energy.max(axis=0) * 2 / 1e6).all()
    assert together.contract_kw[0, 0] <= apart.contract_kw[:, 0].sum() + 1e-9
