"""Rationing of delivered trade against exact fractions."""

from fractions import Fraction

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ysc_sim.contracts import Cleared
from ysc_sim.engine.island_trade import IslandTrade
from ysc_sim.engine.rationing import ration
from ysc_sim.engine.settle import Meters, settle

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


@settings(deadline=None, max_examples=200)
@given(
    st.integers(1, 4),
    st.integers(1, 5),
    st.sampled_from([0.0, 0.037, 0.069, 0.5]),
    st.booleans(),
    st.integers(0, 2**32),
)
def test_what_is_sold_arrives_or_is_lost(slots: int, n: int, loss: float, island: bool, seed: int) -> None:
    """Random meters, promises, islands and losses: nobody beyond meter or promise, not a milliwatt-hour astray."""
    rng = np.random.default_rng(seed)
    shape = (slots, 2, n)

    def some() -> np.ndarray:
        return rng.integers(0, 10 ** rng.integers(1, 9), shape) * (rng.random(shape) < 0.7)

    imported, exported, promised = some(), some(), some()
    buys = rng.random(shape) < 0.5
    price = rng.uniform(5, 30, (slots, 2, 1)) * np.ones(shape)
    cleared = Cleared(promised * buys, promised * ~buys, price)
    zero = np.zeros((slots, 2), dtype=np.int64)
    meters = Meters(imported, exported, zero, zero, zero, zero, zero)
    inside = None
    if island:
        inner_in, inner_out = np.minimum(imported, some()), np.minimum(exported, some())
        both = np.minimum(inner_in.sum(axis=2), inner_out.sum(axis=2))
        inside = IslandTrade(ration(inner_in, both), ration(inner_out, both), price, inner_in, inner_out)
    together = rng.integers(0, 3, shape) * (rng.random((slots, 2, 1)) < 0.5)
    trades = settle(meters, cleared, together, inside, loss)
    np.testing.assert_array_equal(trades.bought_mwh.sum(axis=2) + trades.loss_mwh, trades.sold_mwh.sum(axis=2))
    assert (trades.loss_mwh >= 0).all()
    assert (trades.bought_mwh <= imported).all()
    assert (trades.sold_mwh <= exported).all()
    own = (0, 0) if inside is None else (inside.bought_mwh, inside.sold_mwh)
    taken, given = trades.bought_mwh - own[0], trades.sold_mwh - own[1]
    assert (taken <= cleared.bought_mwh).all()
    assert (given <= cleared.sold_mwh).all()
    kept = 1 - Fraction(round(loss * 1_000_000), 1_000_000)
    for number in range(3):
        # Nothing passes from one group of buildings to another, and each group loses its own share.
        mine = together == number
        arrived, sent = (np.where(mine, side, 0).sum(axis=2).ravel().tolist() for side in (taken, given))
        for end, begin in zip(arrived, sent, strict=True):
            assert end <= begin * kept < end + 1
