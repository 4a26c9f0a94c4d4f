"""Shapley value and nucleolus against definitions, published examples and brute force."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ysc_sim.markets import nucleolus, shapley_values, sharing_game_shapley


def by_orders(game: list[float], n: int) -> list[float]:
    """Mean marginal contribution over all n! orders of arrival: the definition."""
    shares = [0.0] * n
    for order in itertools.permutations(range(n)):
        there = 0
        for player in order:
            shares[player] += game[there | 1 << player] - game[there]
            there |= 1 << player
    return [share / math.factorial(n) for share in shares]


@pytest.mark.parametrize("n", [0, 1, 2, 3, 6])
def test_shapley_is_the_mean_over_all_orders(n: int) -> None:
    game = np.random.default_rng(n).normal(size=(3, 1 << n))
    game[:, 0] = 0
    ours = shapley_values(game)
    assert ours.shape == (3, n)
    for row in range(3):
        assert ours[row] == pytest.approx(by_orders(game[row].tolist(), n), abs=1e-13)


def bankruptcy(estate: float, claims: tuple[float, ...]) -> list[float]:
    """What is left for a coalition once the others are paid in full."""
    n = len(claims)
    return [max(0.0, estate - sum(claims[i] for i in range(n) if not s >> i & 1)) for s in range(1 << n)]


# R. J. Aumann, M. Maschler, Game theoretic analysis of a bankruptcy problem from the Talmud, Journal of Economic Theory
# 36 (1985) 195–213: the Mishna's divisions are the nucleoli.
@pytest.mark.parametrize(
    ("estate", "division"), [(100, (100 / 3,) * 3), (200, (50, 75, 75)), (300, (50, 100, 150)), (400, (50, 125, 225))]
)
def test_nucleolus_divides_as_the_talmud(estate: float, division: tuple[float, ...]) -> None:
    assert nucleolus(bankruptcy(estate, (100, 200, 300))) == pytest.approx(division, abs=1e-9)


# S. C. Littlechild, G. Owen, A simple expression for the Shapley value in a special case, Management Science 20 (1973)
# 370–372: in an airport game each runway metre is shared by those who need it; the nucleolus of three aircraft with
# costs c1 ≤ c2 ≤ c3 is known in closed form (S. C. Littlechild, International Journal of Game Theory 3 (1974) 21–29).
def test_airport_games() -> None:
    cost = (6.0, 10.0, 18.0)
    game = [-max((cost[i] for i in range(3) if s >> i & 1), default=0.0) for s in range(8)]
    assert shapley_values(game) == pytest.approx([-2, -4, -12])
    first = min(cost[0] / 2, cost[1] / 3)
    second = (cost[1] - first) / 2
    assert nucleolus(game) == pytest.approx([-first, -second, first + second - cost[2]])


@settings(deadline=None, max_examples=40)
@given(st.integers(2, 5), st.integers(0, 2**32))
def test_no_division_is_lexicographically_better(n: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    net = rng.integers(-5, 6, (3, n)).astype(float)
    members = (np.arange(1 << n)[:, None] >> np.arange(n)) & 1
    total = members @ net.T
    game = (10 * np.maximum(total, 0) - 30 * np.maximum(-total, 0)).sum(axis=1)
    ours = nucleolus(game)
    assert ours.sum() == pytest.approx(game[-1], abs=1e-9)

    def excesses(division: np.ndarray) -> np.ndarray:
        return np.sort((game - members @ division)[1:-1])[::-1]

    best = excesses(ours)
    for _ in range(200):
        move = rng.normal(size=n) * rng.choice([1e-2, 1.0, 20.0])
        differs = np.flatnonzero(np.abs((other := excesses(ours + move - move.mean())) - best) > 1e-7)
        assert not len(differs) or other[differs[0]] > best[differs[0]]


def test_nucleolus_where_being_alone_binds() -> None:
    # Players 1 and 2 can have everything without 0; {0, 1} would take a third: by hand (0, 2/3, 1/3).
    assert nucleolus([0, 0, 0, 1 / 3, 0, 0, 1, 1]) == pytest.approx([0, 2 / 3, 1 / 3])


def test_nucleolus_of_inessential_and_impossible_games() -> None:
    assert nucleolus([0, 1, 2, 3]).tolist() == [1, 2]
    assert nucleolus([0, 5]).tolist() == [5]
    assert nucleolus([0]).shape == (0,)
    with pytest.raises(ValueError, match="each alone"):
        nucleolus([0, 2, 2, 3])


@pytest.mark.parametrize("game", [[0, 1, 2], [], 0.0, [1.0, 2.0], [0.0, np.nan]])
@pytest.mark.parametrize("solution", [shapley_values, nucleolus])
def test_refuses_what_is_no_game(solution: object, game: object) -> None:
    with pytest.raises(ValueError, match="game"):
        solution(game)  # type: ignore[operator]


def brute(net: np.ndarray, buy: np.ndarray, sell: np.ndarray) -> np.ndarray:
    n = net.shape[1]
    total = ((np.arange(1 << n)[:, None] >> np.arange(n)) & 1) @ net.T
    return shapley_values((sell * np.maximum(total, 0) - buy * np.maximum(-total, 0)).sum(axis=1))


@settings(deadline=None, max_examples=150)
@given(st.integers(0, 9), st.integers(0, 4), st.integers(0, 2**32), st.sampled_from([0.2, 0.05, 1.0]))
def test_sharing_game_is_exact_on_the_lattice_and_within_the_bound_off_it(
    n: int, periods: int, seed: int, quantum: float
) -> None:
    rng = np.random.default_rng(seed)
    buy, sell = rng.uniform(-5, 40, periods), rng.uniform(-5, 40, periods)
    whole = rng.integers(-6, 7, (periods, n)) * quantum
    ours = sharing_game_shapley(whole, buy_jpy_per_kwh=buy, sell_jpy_per_kwh=sell, quantum_kwh=quantum)
    exact = brute(whole, buy, sell)
    assert ours.shares_jpy == pytest.approx(exact, abs=1e-9)
    assert (np.abs(ours.shares_jpy - exact) <= ours.rounding_bound_jpy).all()
    assert ours.rounding_bound_jpy < 1e-6
    net = rng.normal(0, 2 * quantum, (periods, n))
    ours = sharing_game_shapley(net, buy_jpy_per_kwh=buy, sell_jpy_per_kwh=sell, quantum_kwh=quantum)
    assert (np.abs(ours.shares_jpy - brute(net, buy, sell)) <= ours.rounding_bound_jpy).all()


def test_sharing_game_of_51_members_balances_and_treats_equals_alike() -> None:
    rng = np.random.default_rng(51)
    net = rng.integers(-9, 10, (20, 51)) * 0.2
    net[:, 50], net[:, 49] = net[:, 0], 0.0
    ours = sharing_game_shapley(net, buy_jpy_per_kwh=30, sell_jpy_per_kwh=8.5).shares_jpy
    total = net.sum(axis=1)
    assert ours.sum() == pytest.approx((8.5 * np.maximum(total, 0) - 30 * np.maximum(-total, 0)).sum(), rel=1e-12)
    assert ours[50] == pytest.approx(ours[0], rel=1e-12)
    assert ours[49] == 0


@pytest.mark.parametrize("quantum", [0.0, -1.0, np.nan, np.inf, 1e-9])
def test_sharing_game_refuses_a_senseless_quantum(quantum: float) -> None:
    with pytest.raises(ValueError, match="quantum_kwh"):
        sharing_game_shapley([[1.0, -1.0]], buy_jpy_per_kwh=3, sell_jpy_per_kwh=1, quantum_kwh=quantum)
