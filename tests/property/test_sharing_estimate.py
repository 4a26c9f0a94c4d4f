"""The estimate of the sharing game's Shapley value: balance, and the error that it states."""

from __future__ import annotations

import numpy as np
import pytest

from ysc_sim.markets import estimate_sharing_shapley, sharing_game_shapley


@pytest.mark.parametrize("seed", range(4))
def test_balances_and_states_its_error(seed: int) -> None:
    rng = np.random.default_rng(seed)
    net = rng.normal(0, 0.6, (400, 20)) + rng.normal(0, 0.3, (400, 1))
    net[:40] = np.abs(net[:40])
    buy, sell = rng.uniform(25, 35, 400), rng.uniform(5, 12, 400)
    fast = estimate_sharing_shapley(net, buy_jpy_per_kwh=buy, sell_jpy_per_kwh=sell, check=60)
    exact = sharing_game_shapley(net, buy_jpy_per_kwh=buy, sell_jpy_per_kwh=sell, quantum_kwh=0.02).shares_jpy
    total = net.sum(axis=1)
    value = (sell * np.maximum(total, 0) - buy * np.maximum(-total, 0)).sum()
    assert fast.shares_jpy.sum() == pytest.approx(value, abs=1e-6)
    wrong = np.abs(fast.shares_jpy - exact)
    assert (wrong <= fast.error_jpy + 0.01 * np.abs(exact).max()).mean() >= 0.9
    assert wrong.max() < 0.05 * np.abs(exact).max()
    assert fast.checked == 60


def test_one_sided_periods_are_exact_and_unchecked_ones_have_no_error_bound() -> None:
    plain = estimate_sharing_shapley([[1.0, 2.0], [-1.0, 0.0]], buy_jpy_per_kwh=30, sell_jpy_per_kwh=10)
    assert plain.shares_jpy.tolist() == [-20, 20]
    assert plain.error_jpy.tolist() == [0, 0]
    blind = estimate_sharing_shapley([[1.0, -2.0]], buy_jpy_per_kwh=30, sell_jpy_per_kwh=10, check=0)
    assert np.isinf(blind.error_jpy).all()
    with pytest.raises(ValueError, match="check"):
        estimate_sharing_shapley([[1.0]], buy_jpy_per_kwh=3, sell_jpy_per_kwh=1, check=-1)
