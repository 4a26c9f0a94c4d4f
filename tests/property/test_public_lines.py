"""Trade over public lines: whole numbers that add up, losses between the meters, imbalance at one price both ways."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ysc_sim.markets import allocate_meters, bill_public_lines


@settings(deadline=None, max_examples=200)
@given(st.integers(0, 3), st.integers(0, 6), st.sampled_from([0.0, 0.037, 0.069, 0.5]), st.integers(0, 2**32))
def test_allocation_adds_up_to_the_last_milliwatt_hour(rows: int, n: int, loss: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    top = 10 ** int(rng.integers(1, 10))
    output = rng.integers(0, top, (rows, n)) * (rng.random((rows, n)) < 0.5)
    demand = rng.integers(0, top, (rows, n)) * (rng.random((rows, n)) < 0.7)
    bought, sold = allocate_meters(output, demand, loss_rate=loss)
    assert (bought <= demand).all()
    assert (sold <= output).all()
    assert (np.minimum(bought, sold) >= 0).all()
    kept = 1 - Fraction(round(loss * 1_000_000), 1_000_000)
    for row in range(rows):
        there, gone = int(bought[row].sum()), int(sold[row].sum())
        # Generation end = demand / (1 − loss), rounded up to whole milliwatt-hours and no further.
        assert there <= gone * kept < there + 1
        # One side is allocated in full.
        assert there == demand[row].sum() or (int(output[row].sum()) * kept) // 1 == there


@settings(deadline=None, max_examples=100)
@given(st.integers(1, 6), st.integers(0, 2**32))
def test_money_adds_up_to_the_last_thousandth_of_a_yen(n: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    bought, sold = allocate_meters(rng.integers(0, 10**7, (4, n)), rng.integers(0, 10**7, (4, n)), loss_rate=0.037)
    bill = bill_public_lines(
        bought, sold, price_jpy_per_kwh=rng.uniform(8, 30, 4), wheeling_jpy_per_kwh=9.44, levy_jpy_per_kwh=4.18,
        planned_mwh=rng.integers(-100, 100, 4), actual_mwh=rng.integers(-100, 100, 4), imbalance_jpy_per_kwh=11.75,
    )  # fmt: skip
    np.testing.assert_array_equal(bill.energy_mjpy.sum(axis=1), bill.rounding_mjpy)
    assert not bill.rounding_mjpy[sold.sum(axis=1) > 0].any()
    assert not bill.energy_mjpy[(bought == 0) & (sold == 0)].any()
    np.testing.assert_array_equal(bill.wheeling_mjpy, np.rint(bought * 9.44 / 1000).astype(int))


def test_imbalance_is_paid_for_what_is_missing_and_earned_for_what_is_over() -> None:
    bill = bill_public_lines(
        np.zeros((2, 1), int), np.zeros((2, 1), int), price_jpy_per_kwh=0, wheeling_jpy_per_kwh=0, levy_jpy_per_kwh=0,
        planned_mwh=[1_000_000, -1_000_000], actual_mwh=[0, 0], imbalance_jpy_per_kwh=[50.0, 50.0],
    )  # fmt: skip
    assert bill.imbalance_mjpy.tolist() == [50_000, -50_000]


def test_refuses_what_is_no_allocation() -> None:
    with pytest.raises(ValueError, match="output_mwh"):
        allocate_meters([0.5], [1])
    with pytest.raises(ValueError, match="demand_mwh"):
        allocate_meters([1], [-1])
    with pytest.raises(ValueError, match="loss_rate"):
        allocate_meters([1], [1], loss_rate=1.0)
    with pytest.raises(ValueError, match="levy"):
        bill_public_lines([1], [1], price_jpy_per_kwh=1, wheeling_jpy_per_kwh=1, levy_jpy_per_kwh=np.nan)
