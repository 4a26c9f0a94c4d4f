"""Accounts that balance, and what they refuse."""

import numpy as np
import pytest

from ysc_sim.billing import Ledger, split_by_largest_remainder


def test_every_payment_stands_twice() -> None:
    ledger = Ledger(["utility", "operator", "rounding", "a", "b"], rows=2)
    ledger.post(["a", "b"], "operator", [[700, 300], [1, 2]])
    ledger.post("operator", "utility", np.array([[999], [3]]))
    ledger.post(1, 2, 1)
    assert ledger.balances_mjpy.tolist() == [[999, 0, 1, -700, -300], [3, -1, 1, -1, -2]]
    assert ledger.residual_mjpy.tolist() == [0, 0]
    assert ledger.amount_mjpy.tolist() == [[700, 300, 999, 1], [1, 2, 3, 1]]
    assert (ledger.payer.tolist(), ledger.payee.tolist()) == ([3, 4, 1, 1], [1, 1, 0, 2])


def test_empty_ledger() -> None:
    assert Ledger(["a"]).balances_mjpy.tolist() == [[0]]


def test_ledger_refuses() -> None:
    with pytest.raises(ValueError, match="different names"):
        Ledger(["a", "a"])
    ledger = Ledger(["a", "b"])
    for payer, amount in (("c", 1), (2, 1), (-1, 1), (0.5, 1), ("a", 0.5)):
        with pytest.raises(ValueError, match="must be"):
            ledger.post(payer, "b", amount)
    assert ledger.residual_mjpy.tolist() == [0]


def test_ties_go_by_position() -> None:
    assert split_by_largest_remainder(5, [1, 1, 1]).tolist() == [2, 2, 1]
    assert split_by_largest_remainder(1, [0, 0.5, 0.5]).tolist() == [0, 1, 0]
    assert split_by_largest_remainder(-5, [1, 1, 1]).tolist() == [-2, -2, -1]


@pytest.mark.parametrize(
    ("total", "weights"),
    [(1.5, [1]), (1, []), (1, [-1, 2]), (1, [-1.0, -2.0]), (1, [np.nan]), (2**51, [1]), (1, [2**60, 1])],
)
def test_split_refuses(total: object, weights: object) -> None:
    with pytest.raises(ValueError, match=r"must"):
        split_by_largest_remainder(total, weights)  # type: ignore[arg-type]


def test_ledger_counts_wide_and_by_position() -> None:
    ledger = Ledger(["a", "b"], rows=2)
    ledger.post(0, "b", np.full((2, 3), 2**31 - 1, dtype=np.int32))
    ledger.post(np.array([], dtype=str), np.array([], dtype=str), np.zeros((2, 0), dtype=np.int64))
    ledger.post("b", 0, np.uint8(200))
    whole = 3 * (2**31 - 1)
    assert ledger.balances_mjpy.tolist() == [[200 - whole, whole - 200]] * 2
    assert (
        ledger.amount_mjpy.dtype == ledger.balances_mjpy.dtype == ledger.payer.dtype == ledger.payee.dtype == np.int64
    )
    assert ledger.payer.tolist() == [0, 0, 0, 1]
    with pytest.raises(ValueError, match=r"^account\(='c'\) must be one of a, b\.$"):
        ledger.post("c", "a", 1)


@pytest.mark.parametrize(
    ("total", "weights", "message"),
    [
        (2**50 + 1, [1], r"^total must not exceed 2\*\*50\.$"),
        (-(2**50) - 1, [1], r"^total must not exceed 2\*\*50\.$"),
        (1, [], r"^weights must have at least one part\.$"),
        (1, 1, r"^weights must have at least one part\.$"),
        (1, [np.inf], r"^weights must be finite\.$"),
        (1, [[0.5, 1.0], [-0.5, 1.0]], r"^weights must be at least 0\.$"),
        (1, [[0, 1], [-1, 1]], r"^weights must be at least 0\.$"),
        (1, [[1, 1], [2**59 + 1, 0]], r"^weights must not add up to more than 2\*\*60\.$"),
    ],
)
def test_split_says_what_is_wrong(total: int, weights: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        split_by_largest_remainder(total, weights)  # type: ignore[arg-type]


def test_split_at_its_bounds() -> None:
    assert split_by_largest_remainder(2**50, [2**59, 2**59]).tolist() == [2**49, 2**49]
    assert split_by_largest_remainder(-(2**50), [2**60]).tolist() == [-(2**50)]
    # The second is due 2⁻⁹ of a thousandth; the first lacks as much and has the larger remainder.
    assert split_by_largest_remainder(2**50, [2**59, 1]).tolist() == [2**50, 0]


def test_split_of_batches() -> None:
    """Totals and weights broadcast; a row has its own scale, its own sum, its own ties."""
    weights = np.array([[[0.0, 0.0, 0.0]], [[1e-300, 0.0, 1e-300]], [[1e300, 3e300, 0.0]]])
    split = split_by_largest_remainder(np.array([[5, -3]]), weights)
    assert split.tolist() == [
        [[2, 2, 1], [-1, -1, -1]],
        [[3, 0, 2], [-2, 0, -1]],
        [[1, 4, 0], [-1, -2, 0]],
    ]
    assert split.dtype == np.int64
    small = split_by_largest_remainder(np.array([7, 0], dtype=np.int8), np.array([1, 2], dtype=np.uint8))
    assert small.tolist() == [[2, 5], [0, 0]]
    assert small.dtype == np.int64
    many = split_by_largest_remainder(10, np.ones(40, dtype=np.int32))
    assert many.tolist() == [1] * 10 + [0] * 30
