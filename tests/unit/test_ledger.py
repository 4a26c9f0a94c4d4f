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
