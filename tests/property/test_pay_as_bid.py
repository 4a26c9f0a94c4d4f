"""Pay-as-bid against a second implementation in exact fractions, and against the welfare of the call auction."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from ysc_sim.markets import clear_call_auction, clear_pay_as_bid


def rungs(cleared: list[Fraction], price: list[int], side: list[bool], sign: int) -> list[list]:
    """[price, energy left, members] from best to worst."""
    found: dict[int, list] = {}
    for i, energy in enumerate(cleared):
        if side[i] and energy:
            rung = found.setdefault(price[i], [price[i], Fraction(0), []])
            rung[1] += energy
            rung[2].append(i)
    return [found[p] for p in sorted(found, key=lambda p: sign * p)]


def twin(cleared: list[Fraction], price: list[int], buys: list[bool], k: Fraction) -> list[Fraction]:
    """Payments: walk both ladders at once; what a rung pays is shared by its members' energy."""
    bids, asks = rungs(cleared, price, buys, -1), rungs(cleared, price, [not b for b in buys], 1)
    energy = {id(rung): rung[1] for rung in bids + asks}
    money = dict.fromkeys(energy, Fraction(0))
    b = a = 0
    while b < len(bids) and a < len(asks):
        amount = min(bids[b][1], asks[a][1])
        value = amount * (asks[a][0] + k * (bids[b][0] - asks[a][0]))
        money[id(bids[b])] += value
        money[id(asks[a])] -= value
        bids[b][1] -= amount
        asks[a][1] -= amount
        b, a = b + (not bids[b][1]), a + (not asks[a][1])
    paid = [Fraction(0)] * len(price)
    for rung in [*rungs(cleared, price, buys, -1), *rungs(cleared, price, [not x for x in buys], 1)]:
        whole = next(r for r in bids + asks if r[2] == rung[2] and r[0] == rung[0])
        for i in rung[2]:
            paid[i] = money[id(whole)] * cleared[i] / rung[1]
    return paid


@pytest.mark.parametrize("k", [Fraction(1), Fraction(0), Fraction(3, 8)])
def test_agrees_with_the_twin_on_random_books(k: Fraction) -> None:
    rng = np.random.default_rng(11)
    shape = (3_400, 11)
    used = np.arange(11) < rng.integers(0, 12, (3_400, 1))
    quantity = np.where(used, rng.integers(0, 5, shape), 0)
    price = np.floor(rng.random(shape) * rng.integers(1, 12, (3_400, 1))).astype(int)
    buys = rng.random(shape) < rng.choice([0, 0.5, 0.5, 1], (3_400, 1))
    auction, ours = clear_call_auction(quantity, price, buys), clear_pay_as_bid(quantity, price, buys, k=float(k))
    np.testing.assert_array_equal(ours.cleared_kwh, auction.cleared_kwh)
    exact = np.zeros(shape)
    for row in range(3_400):
        # Whole quantities make every share a fraction with a small denominator.
        cleared = [Fraction(c).limit_denominator(1000) for c in auction.cleared_kwh[row].tolist()]
        exact[row] = [float(x) for x in twin(cleared, price[row].tolist(), buys[row].tolist(), k)]
    np.testing.assert_allclose(ours.payment_jpy, exact, atol=1e-11)
    np.testing.assert_allclose(ours.payment_jpy.sum(axis=1), 0, atol=1e-11)


def test_nobody_loses_and_rows_are_independent() -> None:
    rng = np.random.default_rng(12)
    quantity, price, buys = (
        rng.uniform(0, 2, (30, 4, 20)),
        rng.uniform(8, 36, (30, 4, 20)),
        rng.random((30, 4, 20)) < 0.5,
    )
    for k in (0.0, 0.4, 1.0):
        out = clear_pay_as_bid(quantity, price, buys, k=k)
        gain = out.cleared_kwh * np.where(buys, price, -price) - out.payment_jpy
        assert (gain >= -1e-12).all()
        alone = clear_pay_as_bid(quantity[3, 1], price[3, 1], buys[3, 1], k=k)
        np.testing.assert_array_equal(out.payment_jpy[3, 1], alone.payment_jpy)
    with pytest.raises(ValueError, match="k"):
        clear_pay_as_bid([1.0], [1.0], [True], k=2)
