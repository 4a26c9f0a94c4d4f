"""Rationing of delivered trade against exact fractions."""

from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ysc_sim.engine.settle import ration

PARTS = st.lists(st.integers(0, 5 * 10**10), min_size=1, max_size=12)


@given(PARTS, st.floats(0, 1))
def test_ration_is_exact_and_fair(parts: list[int], share: float) -> None:
    total = int(sum(parts) * share)
    cut = ration(np.array([parts], dtype=np.int64), np.array([total], dtype=np.int64))[0]
    assert int(cut.sum()) == total
    whole = sum(parts)
    for part, got in zip(parts, cut.tolist(), strict=True):
        assert 0 <= got <= part
        due = Fraction(part * total, whole) if whole else Fraction(0)
        assert abs(got - due) < 1


@given(PARTS, PARTS)
def test_ration_of_a_row_does_not_depend_on_the_batch(one: list[int], two: list[int]) -> None:
    n = max(len(one), len(two))
    batch = np.zeros((2, n), dtype=np.int64)
    batch[0, : len(one)], batch[1, : len(two)] = one, two
    totals = batch.sum(axis=1) // 3
    together = ration(batch, totals)
    assert (together[0] == ration(batch[:1], totals[:1])[0]).all()
    assert (together[1] == ration(batch[1:], totals[1:])[0]).all()
