"""Every installed market: the laws of its contract on random orders of the engine."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ysc_sim.contracts import Bids, Market
from ysc_sim.plugins import plugin, registry

MARKETS = [kind for kind in sorted(registry("markets")) if plugin("markets", kind).trades]
REASONABLE = [kind for kind in MARKETS if kind != "bill_sharing"]
"""Bill sharing alone may pay a seller less than the supplier would."""


def make(kind: str) -> Market:
    cls = plugin("markets", kind)
    market: Market = cls(cls.Spec())
    return market


def draw_bids(data: st.DataObject) -> Bids:
    rows, n = data.draw(st.integers(0, 5)), data.draw(st.integers(0, 9))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    quantity = rng.integers(0, 10 ** int(rng.integers(1, 10)), (rows, n)) * (rng.random((rows, n)) < 0.8)
    price = rng.choice([8.5, 8.5, 20.1, 30.3], (rows, n)) if rng.random() < 0.5 else rng.uniform(0, 40, (rows, n))
    return Bids(quantity, price, rng.random((rows, n)) < rng.choice([0, 0.5, 1]))


@settings(deadline=None, max_examples=40)
@given(st.data())
@pytest.mark.parametrize("kind", MARKETS)
def test_laws(kind: str, data: st.DataObject) -> None:
    bids, market = draw_bids(data), make(kind)
    out = market.clear(bids)
    both = out.bought_mwh + out.sold_mwh
    assert out.bought_mwh.dtype == out.sold_mwh.dtype == np.int64
    assert out.price_jpy_per_kwh.dtype == np.float64
    np.testing.assert_array_equal(out.bought_mwh.sum(-1), out.sold_mwh.sum(-1))
    assert (np.minimum(out.bought_mwh, out.sold_mwh) >= 0).all()
    assert (both <= bids.quantity_mwh).all()
    assert not out.bought_mwh[~bids.is_buyer].any()
    assert not out.sold_mwh[bids.is_buyer].any()
    assert not out.price_jpy_per_kwh[both == 0].any()
    if kind in REASONABLE:
        assert (out.price_jpy_per_kwh <= bids.price_jpy_per_kwh)[bids.is_buyer & (both > 0)].all()
        assert (out.price_jpy_per_kwh >= bids.price_jpy_per_kwh)[~bids.is_buyer & (both > 0)].all()
    money = ((out.bought_mwh - out.sold_mwh) * out.price_jpy_per_kwh).sum(-1)
    assert (money >= -1e-9 * (both * out.price_jpy_per_kwh).sum(-1)).all()


@settings(deadline=None, max_examples=20)
@given(st.data())
@pytest.mark.parametrize("kind", MARKETS)
def test_a_row_alone_gives_the_same_bits(kind: str, data: st.DataObject) -> None:
    bids, market = draw_bids(data), make(kind)
    together = market.clear(Bids(*(np.stack([field, field]) for field in bids)))
    for row in range(len(bids.quantity_mwh)):
        alone = market.clear(Bids(*(field[row : row + 1] for field in bids)))
        for one, many in zip(alone, together, strict=True):
            np.testing.assert_array_equal(one[0], many[1, row])
