"""Splits against exact fractions, and ledgers that stay at zero."""

from fractions import Fraction

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from ysc_sim.billing import Ledger, split_by_largest_remainder

WEIGHTS = st.lists(st.integers(0, 2**56), min_size=1, max_size=12)
TOTALS = st.integers(-(2**50), 2**50)


def hamilton(total: int, weights: list[int]) -> list[int]:
    """Largest remainder in exact fractions."""
    if not any(weights):
        weights = [1] * len(weights)
    size, sign = abs(total), -1 if total < 0 else 1
    dues = [Fraction(size * weight, sum(weights)) for weight in weights]
    parts = [due.numerator // due.denominator for due in dues]
    order = sorted(range(len(weights)), key=lambda i: (parts[i] - dues[i], i))
    for i in order[: size - sum(parts)]:
        parts[i] += 1
    return [sign * part for part in parts]


@given(TOTALS, WEIGHTS)
@example(440_923_796_212_448, [16, 25, 17])  # the last part is whole; floating point falls just short
def test_split_is_hamiltons(total: int, weights: list[int]) -> None:
    assert split_by_largest_remainder(total, weights).tolist() == hamilton(total, weights)


@given(TOTALS, st.lists(st.floats(0, 1e300), min_size=1, max_size=9))
def test_split_by_floats_adds_up(total: int, weights: list[float]) -> None:
    parts = split_by_largest_remainder(total, weights)
    assert int(parts.sum()) == total
    assert (np.sign(parts) * np.sign(total) >= 0).all()


@given(st.lists(st.tuples(TOTALS, st.lists(st.integers(0, 2**40), min_size=4, max_size=4)), min_size=1, max_size=6))
def test_split_of_a_row_does_not_depend_on_the_batch(rows: list[tuple[int, list[int]]]) -> None:
    together = split_by_largest_remainder([total for total, _ in rows], [weights for _, weights in rows])
    alone = [split_by_largest_remainder(total, weights).tolist() for total, weights in rows]
    assert together.tolist() == alone


PAYMENTS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(-(10**12), 10**12)), max_size=20)


@given(PAYMENTS)
def test_ledger_stays_at_zero(payments: list[tuple[int, int, int]]) -> None:
    ledger = Ledger("abcde")
    expected = [0] * 5
    for payer, payee, amount in payments:
        ledger.post(payer, payee, amount)
        expected[payer] -= amount
        expected[payee] += amount
    assert ledger.balances_mjpy.tolist() == [expected]
    assert ledger.residual_mjpy.tolist() == [0]
