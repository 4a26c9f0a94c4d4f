"""Second implementations in plain Python of auctions with sides of another kind: relief, network, islands."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ysc_sim.markets import call_flexibility, clear_network_auction, huang, share_island


def relief_twin(target: int, offers: list[int], prices: list[int], ceiling: int) -> tuple[list[Fraction], int | None]:
    """Relief of each offer and the price: walk up the offers, share the last step."""
    given_ = [Fraction(0)] * len(offers)
    left, uniform = Fraction(target), None
    for level in sorted({p for p, q in zip(prices, offers, strict=True) if q and p <= ceiling}):
        at = [i for i, p in enumerate(prices) if p == level and offers[i]]
        whole = sum(offers[i] for i in at)
        if left <= 0:
            break
        uniform = level
        for i in at:
            given_[i] = Fraction(offers[i]) if whole <= left else left * offers[i] / whole
        left -= min(left, whole)
    return given_, uniform


def test_relief_agrees_with_the_twin_on_ten_thousand_random_calls() -> None:
    rng = np.random.default_rng(11)
    offers, prices = rng.integers(0, 5, (10_000, 6)), rng.integers(0, 8, (10_000, 6))
    target, ceiling = rng.integers(0, 16, 10_000), rng.integers(0, 9, 10_000)
    call = call_flexibility(target / 4, offers / 4, prices, ceiling_jpy_per_kw=ceiling)
    for row in range(10_000):
        relief, uniform = relief_twin(
            int(target[row]), offers[row].tolist(), prices[row].tolist(), int(ceiling[row])
        )  # fmt: skip
        assert call.procured_kw[row] == pytest.approx([float(kw) / 4 for kw in relief], abs=1e-12)
        assert float(call.unmet_kw[row]) == pytest.approx(float(target[row] - sum(relief)) / 4, abs=1e-12)
        if uniform is not None and sum(relief):
            assert float(call.price_jpy_per_kw[row]) == uniform


def best_worth(quantity: list[int], price: list[int], buys: list[bool], fee: list[list[int]]) -> int:
    """Most that trades can be worth: augment along the best chain of trades and returns until none is left."""
    sellers = [i for i, q in enumerate(quantity) if q and not buys[i]]
    buyers = [j for j, q in enumerate(quantity) if q and buys[j]]
    left, trade, total = list(quantity), {(i, j): 0 for i in sellers for j in buyers}, 0
    worth = {(i, j): price[j] - price[i] - fee[i][j] for i, j in trade}
    while True:
        reach: dict[int, tuple[int, list[tuple[int, int, int]]]] = {i: (0, []) for i in sellers if left[i]}
        for _ in range(len(quantity)):
            for i, j in trade:
                if i in reach and (j not in reach or reach[i][0] + worth[i, j] > reach[j][0]):
                    reach[j] = (reach[i][0] + worth[i, j], [*reach[i][1], (i, j, 1)])
                if trade[i, j] and j in reach and (i not in reach or reach[j][0] - worth[i, j] > reach[i][0]):
                    reach[i] = (reach[j][0] - worth[i, j], [*reach[j][1], (i, j, -1)])
        ends = [(reach[j][0], j) for j in buyers if left[j] and j in reach]
        if not ends or max(ends)[0] <= 0:
            return total
        gain, end = max(ends)
        path = reach[end][1]
        start = path[0][0]
        amount = min([left[start], left[end], *(trade[i, j] for i, j, sign in path if sign < 0)])
        for i, j, sign in path:
            trade[i, j] += sign * amount
        left[start], left[end], total = left[start] - amount, left[end] - amount, total + gain * amount


@pytest.mark.slow
def test_network_auction_agrees_with_the_twin_on_ten_thousand_random_books() -> None:
    rng = np.random.default_rng(12)
    for _ in range(10_000):
        n = int(rng.integers(0, 6))
        quantity, price = rng.integers(0, 4, n), rng.integers(0, 12, n)
        buys, fee = rng.random(n) < 0.5, rng.integers(-1, 5, (n, n))
        if not (quantity[buys].any() and quantity[~buys].any()) and rng.random() < 0.9:
            continue  # one side alone: nothing to compare but that nothing trades
        out = clear_network_auction(quantity, price, buys, fee_jpy_per_kwh=fee)
        best = best_worth(quantity.tolist(), price.tolist(), buys.tolist(), fee.tolist())
        assert out.welfare_jpy == pytest.approx(best, abs=1e-9)


def island_twin(supply: list[int], demand: list[list[int]]) -> list[list[Fraction]]:
    """What each member's tiers are served: tier by tier, the last one in part."""
    left, served = Fraction(sum(supply)), [[Fraction(0)] * len(demand[0]) for _ in demand]
    for tier in range(len(demand[0])):
        whole = sum(member[tier] for member in demand)
        part = min(Fraction(1), left / whole) if whole else Fraction(0)
        for member, wanted in enumerate(demand):
            served[member][tier] = wanted[tier] * part
        left -= whole * part
    return served


def test_islands_agree_with_the_twin_on_ten_thousand_random_ones() -> None:
    rng = np.random.default_rng(13)
    supply, demand = rng.integers(0, 9, (10_000, 4)), rng.integers(0, 4, (10_000, 4, 4))
    values = np.array([2000.0, 800.0, 300.0, 100.0])
    shares = share_island(supply, demand, value_jpy_per_kwh=values, surplus_jpy_per_kwh=10.0)
    found = []
    for row in range(10_000):
        found.append(island_twin(supply[row].tolist(), demand[row].tolist()))
        short = [t for t in range(4) if sum(m[t] for m in found[-1]) < demand[row, :, t].sum()]
        assert float(shares.price_jpy_per_kwh[row]) == (values[short[0]] if short else 10.0)
    np.testing.assert_allclose(shares.served_kwh, np.array(found, dtype=np.float64), atol=1e-12)


books = st.integers(0, 2**32).map(lambda seed: random_book(np.random.default_rng(seed)))


def random_book(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Ties, zeros, one-sided and empty books."""
    n = int(rng.integers(0, 10))
    price = rng.choice([10.0, 12.5, 20.0, 30.0], n) if rng.random() < 0.5 else rng.uniform(0, 40, n)
    return rng.integers(0, 5, n) / 2, price, rng.random(n) < rng.choice([0, 0.5, 1])


@settings(deadline=None, max_examples=300)
@given(books)
def test_huang_keeps_reason_and_budget(book: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    quantity, price, buys = book
    out = huang(quantity, price, buys)
    bought, sold = out.cleared_kwh[buys].sum(), out.cleared_kwh[~buys].sum()
    assert bought == pytest.approx(sold, abs=1e-12)
    assert (out.cleared_kwh <= quantity + 1e-12).all()
    assert (out.payment_jpy[buys] <= (out.cleared_kwh * price)[buys] + 1e-9).all()
    assert (-out.payment_jpy[~buys] >= (out.cleared_kwh * price)[~buys] - 1e-9).all()
    assert float(out.surplus_jpy) >= -1e-9
    assert out.payment_jpy.sum() == pytest.approx(float(out.surplus_jpy), abs=1e-9)
