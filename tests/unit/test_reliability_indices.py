"""Indices of IEEE 1366 on events worked out by hand."""

import numpy as np
import pytest

from ysc_sim.resilience import reliability_indices


def test_momentary_and_sustained_are_counted_apart() -> None:
    """Exactly five minutes is momentary; the longest is the only one that lasts."""
    found = reliability_indices([30, 20, 50], [300.0, 300.001, 3600.0], customers_served=100, period_h=24)
    assert found["maifi"] == 0.3
    assert found["saifi"] == pytest.approx(0.7)
    assert found["saidi_h"] == pytest.approx((20 * 300.001 / 3600 + 50) / 100)
    assert found["caidi_h"] == pytest.approx(found["saidi_h"] / found["saifi"])
    assert found["asai"] == pytest.approx(1 - found["saidi_h"] / 24)


def test_no_events_is_perfect_service() -> None:
    found = reliability_indices([], [], customers_served=51, period_h=8760)
    assert found == {"saifi": 0.0, "saidi_h": 0.0, "caidi_h": 0.0, "maifi": 0.0, "asai": 1.0}


def test_only_momentary_events_leave_caidi_zero() -> None:
    found = reliability_indices([5, 5], 60.0, customers_served=10, period_h=1)
    assert (found["maifi"], found["caidi_h"], found["asai"]) == (1.0, 0.0, 1.0)


def test_a_batch_of_years_is_the_years_one_by_one() -> None:
    rng = np.random.default_rng(1)
    customers, seconds = rng.integers(0, 51, (4, 3, 9)), rng.choice([10.0, 300.0, 301.0, 7200.0], (4, 3, 9))
    served = np.array([51, 60, 70])
    batch = reliability_indices(customers, seconds, customers_served=served, period_h=8760)
    for at in np.ndindex(4, 3):
        one = reliability_indices(customers[at], seconds[at], customers_served=served[at[1]], period_h=8760)
        for name, value in one.items():
            assert np.asarray(batch[name])[at] == value


def test_the_threshold_can_be_moved() -> None:
    """Japanese utilities count from one minute."""
    assert reliability_indices([1], [120], customers_served=1, period_h=1, sustained_s=60)["saifi"] == 1.0


@pytest.mark.parametrize(
    ("customers", "seconds", "served", "period_h", "shown"),
    [
        ([1], [-1.0], 2, 1, "duration_s"),
        ([-1], [1.0], 2, 1, "customers"),
        ([3], [1.0], 2, 1, "customers_served"),
        ([1], [np.nan], 2, 1, "nan"),
        ([1], [np.inf], 2, 1, "inf"),
        ([1], [1.0], 0, 1, "customers_served"),
        ([1], [1.0], 2, 0, "period_h"),
    ],
)
def test_impossible_numbers_are_refused(customers, seconds, served, period_h, shown) -> None:
    with pytest.raises(ValueError, match=shown):
        reliability_indices(customers, seconds, customers_served=served, period_h=period_h)
