"""Cash flow: by hand to the yen, as numpy-financial, and what must hold of any."""

from __future__ import annotations

import numpy as np
import numpy_financial as npf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ysc_sim.billing import Asset, Saving, cash_flow, internal_rate, payback_years


def by_hand() -> np.ndarray:
    """A roof for 25 years and a battery for 15, year by year with plain arithmetic."""
    flows = [-(6_000_000 + 900_000 - 500_000) - (5_550_000 + 1_000_000 - 1_000_000)]
    for year in range(1, 21):
        energy = 600_000 - 75_000 * (year - 1) / 25
        demand = 400_000 - 80_000 * ((year - 1) % 15) / 15
        flow = energy * 1.01 ** (year - 1) + demand * 1.02 ** (year - 1) - (60_000 + 30_000) * 1.005 ** (year - 1)
        if year == 15:
            flow -= 3_000_000
        flows.append(flow)
    return np.array(flows)


def as_built() -> object:
    roof = Asset(investment_jpy=6_000_000, installation_jpy=900_000, subsidy_jpy=500_000,
                 maintenance_jpy_per_year=60_000, life_years=25)  # fmt: skip
    store = Asset(investment_jpy=5_550_000, installation_jpy=1_000_000, subsidy_jpy=1_000_000,
                  maintenance_jpy_per_year=30_000, life_years=15, replacement_jpy=3_000_000)  # fmt: skip
    savings = [
        Saving(jpy_per_year=600_000, price_rise_per_year=0.01, lost_jpy=(75_000, 0)),
        Saving(jpy_per_year=400_000, price_rise_per_year=0.02, lost_jpy=(0, 80_000)),
    ]
    return cash_flow([roof, store], savings, discount_rate=0.03, maintenance_rise_per_year=0.005)


def test_a_hand_calculation_is_met_to_the_yen() -> None:
    flow = as_built()
    assert flow.flow_jpy == pytest.approx(by_hand(), abs=1e-3)
    assert float(flow.npv_jpy) == pytest.approx(sum(f / 1.03**t for t, f in enumerate(by_hand())), abs=1e-3)
    assert flow.npv_jpy == pytest.approx(npf.npv(0.03, by_hand()), abs=1e-3)
    assert flow.irr == pytest.approx(npf.irr(by_hand()), abs=1e-9)


def test_payback_by_hand() -> None:
    flow = cash_flow([Asset(investment_jpy=1_000_000)], [Saving(jpy_per_year=300_000)], discount_rate=0.1)
    assert float(flow.payback_years) == pytest.approx(1_000_000 / 300_000)
    left = 1_000_000 - 300_000 * (1 / 1.1 + 1 / 1.21 + 1 / 1.331 + 1 / 1.4641)
    assert float(flow.discounted_payback_years) == pytest.approx(4 + left / (300_000 / 1.1**5))


def test_it_never_pays_back() -> None:
    flow = cash_flow([Asset(investment_jpy=1e7, life_years=15)], [Saving(jpy_per_year=3e5)])
    assert np.isinf(flow.payback_years)
    assert np.isinf(flow.discounted_payback_years)
    assert flow.npv_jpy < 0


def test_a_replacement_takes_back_what_was_earned() -> None:
    flow = cash_flow([Asset(investment_jpy=1e6, life_years=6)], [Saving(jpy_per_year=2e5)], years=8, discount_rate=0.0)
    assert np.isinf(flow.payback_years)  # 5 years, were it not bought anew after 6
    flow = cash_flow([Asset(investment_jpy=1e6, life_years=6)], [Saving(jpy_per_year=2e5)], years=11, discount_rate=0.0)
    assert float(flow.payback_years) == pytest.approx(10)


@given(
    st.lists(st.floats(-1e6, 1e6).map(lambda x: round(x, 2)), min_size=3, max_size=20),
    st.floats(-0.5, 1.0),
)
def test_npv_and_irr_are_those_of_numpy_financial(flows: list[float], rate: float) -> None:
    ours = internal_rate(flows)
    theirs = npf.irr([-5e6, *map(abs, flows)])
    assert internal_rate([-5e6, *map(abs, flows)]) == pytest.approx(theirs, abs=1e-8, nan_ok=True) or (
        theirs < -0.98 or theirs > 90
    )
    if np.isfinite(ours):
        worth = npf.npv(float(ours), flows)
        scale = np.abs(np.array(flows) / (1 + float(ours)) ** np.arange(len(flows))).max()
        assert abs(worth) <= 1e-6 * max(scale, 1e-12)


def test_candidates_are_rows() -> None:
    prices, saved = np.array([1e6, 2e6, 3e6]), np.array([[1e5], [4e5]])
    flow = cash_flow([Asset(investment_jpy=prices, life_years=np.array([5, 10, np.inf]))], [Saving(jpy_per_year=saved)])
    assert flow.flow_jpy.shape == (2, 3, 21)
    for r in range(2):
        for c in range(3):
            one = cash_flow([Asset(investment_jpy=prices[c], life_years=(5, 10, np.inf)[c])],
                            [Saving(jpy_per_year=saved[r, 0])])  # fmt: skip
            for name in ("npv_jpy", "payback_years", "irr"):
                assert getattr(flow, name)[r, c] == pytest.approx(float(getattr(one, name)), nan_ok=True)


def test_cost_of_what_is_saved() -> None:
    flow = cash_flow([Asset(investment_jpy=1e6)], [Saving(jpy_per_year=1e5)], years=10, discount_rate=0.05)
    annuity = float(npf.pmt(0.05, 10, -1e6))
    assert float(flow.cost_per(1000.0)) == pytest.approx(annuity / 1000)
    assert np.isinf(flow.cost_per(0.0))


def test_nothing_bought_costs_nothing() -> None:
    flow = cash_flow([], [], years=3)
    assert flow.flow_jpy.tolist() == [0, 0, 0, 0]
    assert float(flow.payback_years) == 0
    assert np.isnan(flow.irr)


@pytest.mark.parametrize(
    "fields",
    [
        {"investment_jpy": -1.0},
        {"investment_jpy": np.nan},
        {"investment_jpy": 1.0, "life_years": 0.5},
        {"investment_jpy": 1.0, "life_years": 2.5},
        {"investment_jpy": 1.0, "replacement_jpy": -2.0},
    ],
)
def test_what_cannot_be_is_refused(fields: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must be"):
        cash_flow([Asset(**fields)], [])


def test_other_arguments_are_checked() -> None:
    with pytest.raises(ValueError, match="years"):
        cash_flow([], [], years=0)
    with pytest.raises(ValueError, match="discount_rate"):
        cash_flow([], [], discount_rate=-1.0)
    with pytest.raises(ValueError, match="lost_jpy"):
        cash_flow([], [Saving(jpy_per_year=1.0, lost_jpy=(1.0,))])


def test_payback_of_ties_and_of_profit_from_the_start() -> None:
    assert payback_years([[0.0, 0.0], [5.0, 1.0], [-4.0, 4.0]]).tolist() == [0.0, 0.0, 1.0]
