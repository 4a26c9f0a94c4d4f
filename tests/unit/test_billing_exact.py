"""Bills and cash flows where a small slip would go unseen: halves of a sen, first and last years, edges of slots."""

from dataclasses import replace
from datetime import datetime

import numpy as np
import pytest

from ysc_sim.billing import (
    Asset,
    Saving,
    bill,
    bill_lines,
    cash_flow,
    contract_kw,
    fuel_adjustment_jpy_per_kwh,
    load_tariff,
    market_adjustments,
    mean_fuel_price_jpy_per_kl,
    payback_years,
)
from ysc_sim.billing.demand import slot_import_kws
from ysc_sim.billing.demand_response import baseline_kw, delivery, working_days
from ysc_sim.billing.levy import levy_at, renewable_levy
from ysc_sim.billing.money import energy_amount_mjpy, round_float, round_whole, to_mjpy
from ysc_sim.billing.public_lines import arriving, both_ends, kept_part, sent_for

AUGUST = datetime.fromisoformat("2026-08-01T00:00+09:00")
BASIC = load_tariff("tepco_hv_basic_2026")
MONTH = 48 * 31


def test_halves_of_a_sen_go_up_as_on_paper() -> None:
    """1.005 is a little less in binary; a supplier's table says 1.01."""
    said = {"base_jpy_per_kl": 0.0, "unit_jpy_per_kwh": 1.0}
    assert fuel_adjustment_jpy_per_kwh(1005.0, **said) == 1.01
    assert fuel_adjustment_jpy_per_kwh(-1005.0, **said) == -1.0
    assert fuel_adjustment_jpy_per_kwh(1004.9, **said) == 1.0
    assert fuel_adjustment_jpy_per_kwh(1_000_000.0, **said) == 1000.0, "1,000 JPY/kl, not 1,001"


def test_every_fuel_has_its_weight() -> None:
    """α = 0.0048, β = 0.3827, γ = 0.6584 of 10,000,000 each: 48,000, 3,827,000, 6,584,000 JPY/kl."""
    means = [mean_fuel_price_jpy_per_kl(*prices) for prices in (1e7 * np.eye(3)).tolist()]
    assert means == [48_000.0, 3_827_000.0, 6_584_000.0]
    assert mean_fuel_price_jpy_per_kl(50.0, 0.0, 0.0, alpha=1.0) == 100.0, "half up"
    assert mean_fuel_price_jpy_per_kl(49.0, 0.0, 0.0, alpha=1.0) == 0.0


def test_market_adjustment_needs_one_row_of_numbers() -> None:
    for spot in (np.ones((2, 2)), [1.0, np.nan]):
        with pytest.raises(ValueError, match="one row of finite"):
            market_adjustments(BASIC, spot, start=AUGUST)


def test_rounding_of_each_rule() -> None:
    for rule, whole, real in (
        ("exact", [1499, 1500, -1500], [1.4, 1.5, 2.0]),
        ("floor", [1000, 1000, -2000], [1.0, 1.0, 2.0]),
        ("half_up", [1000, 2000, -1000], [1.0, 2.0, 2.0]),
    ):
        assert round_whole(np.array([1499, 1500, -1500]), 1000, rule).tolist() == whole
        assert round_float(np.array([1.4, 1.5, 2.0]), rule).tolist() == real
    assert to_mjpy(np.array([0.0004, 0.0005, -0.0005])).tolist() == [0, 1, 0]


def test_amounts_are_exact_beyond_what_a_float_holds() -> None:
    """Python's whole numbers have no bound: mWh × millionths of a yen, half up to a thousandth."""
    for energy in (1, 999_999, 1_000_000, 499_999_999, 500_000_000, 600_000_000, 123_456_789_012_345):
        for price in (17.43, 0.000001, 999.999999):
            exact = (energy * round(price * 1_000_000) + 500_000_000) // 1_000_000_000
            amount = energy_amount_mjpy(np.array([energy]), price)
            assert amount.dtype == np.int64
            assert amount.tolist() == [exact]


def test_bill_of_one_meter_as_a_table() -> None:
    result = bill(BASIC, np.full(MONTH, 600.0), start=AUGUST, step_s=1800)
    assert result.lines.columns.tolist() == ["month", "item", "quantity", "unit", "price_jpy", "amount_jpy"]
    assert result.lines["unit"].tolist() == ["kW", "kWh", "kWh", "kWh", ""]
    assert (result.lines["month"] == "2026-08").all()
    assert result.warnings[0].values == {"plan": BASIC.name, "limit_kw": 500.0, "contract_kw": 600.0}
    assert result.warnings[0].severity == "warning"
    at_limit = bill(BASIC, np.full(MONTH, 500.0), start=AUGUST, step_s=1800).warnings
    assert [warning.key for warning in at_limit] == ["contract_is_negotiated"], "from 500 kW on"


@pytest.mark.parametrize("minute", [0, 10, 29])
def test_bill_begins_anywhere_in_a_half_hour(minute: int) -> None:
    """0.3 kW for 100 minutes are half a kWh, wherever they begin; only whole half-hours make a demand."""
    start = AUGUST.replace(minute=minute)
    result = bill(BASIC, np.full(100, 0.3), start=start, step_s=60)
    lines = result.lines.set_index("item")
    assert lines.quantity["energy_all"] == pytest.approx(0.5, abs=1e-6)
    assert lines.quantity["demand"] == pytest.approx(0.3)
    partly = {0: 1, 10: 2, 29: 2}[minute]
    assert [w.values for w in result.warnings if w.key == "half_hours_partly_covered"] == [{"count": partly}]
    assert {w.severity for w in result.warnings} == {"warning"}


def test_contracts_at_the_edges_of_a_plan() -> None:
    plan = load_tariff("toell_lv_c")
    assert (plan.base.minimum, plan.base.maximum) == (6, 50)
    for contract in (6.0, 50.0):
        assert bill(plan, np.ones(2), start=AUGUST, step_s=1800, contract=contract).sheet.contract_kw.max() == contract
    free = replace(plan, base=replace(plan.base, minimum=None, maximum=None, default=0.5))
    assert bill(free, np.ones(2), start=AUGUST, step_s=1800).sheet.contract_kw.tolist() == [[0.5]]


def test_seconds_that_data_cover_are_whole() -> None:
    imported, covered = slot_import_kws([6.0] * 3, step_s=1200, offset_s=600)
    assert (covered.dtype, covered.tolist()) == (np.int64, [1200, 1800, 600])
    assert imported.tolist() == [7200.0, 10800.0, 3600.0]


def test_levy_before_its_table_is_the_first() -> None:
    periods = renewable_levy()
    assert levy_at(periods, 0) == periods[0]
    assert [levy_at(periods, (2026 - 1970) * 12 + month).price_jpy_per_kwh for month in (3, 4)] == [3.98, 4.18]
    assert [period.source != "" for period in periods] == [True] * len(periods)


def test_meters_with_peaks_of_their_own_before() -> None:
    energy = np.full((MONTH, 2), 5_000_000)
    lines = bill_lines(BASIC, energy, start=AUGUST, previous_kw=[[30.0], [5.0]])
    assert lines.contract_kw.tolist() == [[30.0], [10.0]]
    assert lines.contract_kw.flags.c_contiguous


def test_peaks_before_may_be_more_meters_than_peaks_now() -> None:
    assert contract_kw([50.0, 50.0], previous_kw=[[60.0], [10.0]]).tolist() == [[60.0, 60.0], [50.0, 50.0]]


def test_losses_of_public_lines_in_whole_milliwatt_hours() -> None:
    assert (kept_part(0.0), kept_part(0.25)) == (1_000_000, 750_000)
    for wrong in (-0.01, 1.0, 1.5, np.nan):
        with pytest.raises(ValueError, match="loss_rate"):
            kept_part(wrong)
    assert arriving(np.array([1_500_000, 3, 4]), 750_000).tolist() == [1_125_000, 2, 3], "rounded down"
    assert sent_for(np.array([1_125_000, 2, 3]), 750_000).tolist() == [1_500_000, 3, 4], "rounded up"
    bought, sold = both_ends(np.array([100, 100]), np.array([60, 90]), 0.25)
    assert (bought.tolist(), sold.tolist()) == ([60, 75], [80, 100])


# Demand response


def test_baseline_reads_only_the_hours_before_the_gap() -> None:
    """Slots 20 to 25 move the baseline of an event in 28 … 29; the gap 26, 27 and all others do not."""
    past, today = np.zeros((3, 48)), np.full(48, 1e6)
    past[:, 28:30] = 100.0
    today[20:26] = [1, 2, 3, 4, 5, 6]
    assert baseline_kw(past, today, first_slot=28, slots=2).tolist() == [103.5, 103.5]
    today[:] = 1e6
    today[24:27] = [6, 7, 8]
    assert baseline_kw(past, today, first_slot=28, slots=2, adjust_slots=3, gap_slots=1).tolist() == [107.0, 107.0]


def test_early_event_is_moved_by_what_there_is() -> None:
    past, today = np.zeros((3, 48)), np.full(48, np.nan)
    today[0] = 7.0
    assert baseline_kw(past, today, first_slot=3, slots=1).tolist() == [7.0], "one slot before the gap"
    assert baseline_kw(past, today, first_slot=2, slots=1).tolist() == [0.0], "none"
    assert baseline_kw(past, today, first_slot=0, slots=48).tolist() == [0.0] * 48, "the whole day"
    assert baseline_kw(past, today, first_slot=1, slots=1, gap_slots=0).tolist() == [7.0]


def test_best_days_are_the_largest_in_the_event_alone() -> None:
    """A day that is large outside the event does not count; of equal days the older one does."""
    past = np.zeros((3, 4))
    past[:, 2] = [5.0, 9.0, 9.0]
    past[:, 3] = [10.0, 3.0, 3.0]  # sums of the event: 15, 12, 12
    past[:, 0] = [0.0, 50.0, 60.0]
    today = np.array([0.0, 0.0, np.nan, np.nan])
    said = {"first_slot": 2, "slots": 2, "days": 3, "gap_slots": 0}
    assert baseline_kw(past, today, best=1, adjust_slots=0, **said).tolist() == [5.0, 10.0]
    assert baseline_kw(past, today, best=2, adjust_slots=0, **said).tolist() == [7.0, 6.5]
    assert baseline_kw(past, today + 40.0, best=2, adjust_slots=2, **said).tolist() == [34.5, 34.0]
    plain = {"first_slot": 20, "slots": 1}
    ten_of_ten = np.repeat(np.arange(12.0)[:, None], 48, axis=1)
    assert baseline_kw(ten_of_ten, np.zeros(48), adjust_slots=0, **plain).tolist() == [6.5], "the last ten: 2 … 11"


def test_delivery_by_hand() -> None:
    """Cuts of 12, 4 and −2 kW against 10 kW in hours: paid 11 + 4 + 0, short 0 + 6 + 10."""
    result = delivery(
        [20.0, 20.0, 20.0], [8.0, 16.0, 22.0], award_kw=10.0, slot_h=1.0,
        jpy_per_kwh=30.0, penalty_jpy_per_kwh=7.0, pay_up_to=1.1,
    )  # fmt: skip
    assert (float(result.baseline_kwh), float(result.delivered_kwh), float(result.award_kwh)) == (60.0, 14.0, 30.0)
    assert float(result.ratio) == pytest.approx(14 / 30)
    assert float(result.payment_jpy) == pytest.approx(15 * 30 - 16 * 7)
    half = delivery([[20.0] * 2] * 2, [[8.0] * 2] * 2, award_kw=[10.0, 24.0])
    assert half.award_kwh.tolist() == [10.0, 24.0]
    assert half.baseline_kwh.tolist() == [20.0, 20.0]
    assert half.ratio.tolist() == [1.2, 0.5]
    assert half.payment_jpy.tolist() == [0.0, 0.0], "nothing agreed, nothing paid"


def test_week_of_working_days() -> None:
    assert working_days(0, 8).tolist() == [True] * 5 + [False] * 2 + [True]


# Cash flow


def test_first_and_last_year_that_a_study_may_have() -> None:
    assert cash_flow([], [Saving(jpy_per_year=1.0)], years=1).flow_jpy.tolist() == [0.0, 1.0]
    assert cash_flow([], [], years=100).years == 100
    for years in (0, 101):
        with pytest.raises(ValueError, match="years"):
            cash_flow([], [], years=years)
    assert cash_flow([], []).years == 20
    assert cash_flow([], []).discount_rate.tolist() == [0.03]


def test_yearly_replacement_and_none_in_the_last_year() -> None:
    flow = cash_flow([Asset(investment_jpy=100.0, life_years=1, replacement_jpy=30.0)], [], years=3)
    assert flow.outlay_jpy.tolist() == [100.0, 30.0, 30.0, 0.0]
    free = cash_flow([Asset(investment_jpy=100.0, life_years=2, replacement_jpy=0.0)], [], years=5)
    assert free.outlay_jpy.tolist() == [100.0, 0.0, 0.0, 0.0, 0.0, 0.0]


def test_costs_alone_and_by_what_they_save() -> None:
    """10 bought, 5 laid in, 3 given, 2 a year that rise by half: 12, 2, 3, 4.5."""
    asset = Asset(investment_jpy=10.0, installation_jpy=5.0, subsidy_jpy=3.0, maintenance_jpy_per_year=2.0)
    flow = cash_flow([asset], [], years=3, discount_rate=0.0, maintenance_rise_per_year=0.5)
    assert flow.flow_jpy.tolist() == [-12.0, -2.0, -3.0, -4.5]
    assert float(flow.cost_jpy) == 21.5
    assert float(flow.cost_per(2.0)) == pytest.approx(21.5 / 6)
    assert flow.cost_per([[1.0], [0.0]]).tolist() == [[pytest.approx(21.5 / 3)], [np.inf]]
    assert float(flow.cost_per(-1.0)) == np.inf
    assert np.isinf(flow.payback_years)


def test_what_the_first_year_lacks() -> None:
    saving = Saving(jpy_per_year=10.0, price_rise_per_year=1.0, missing_in_first_year_jpy=4.0)
    assert cash_flow([], [saving], years=3).flow_jpy.tolist() == [0.0, 6.0, 20.0, 40.0]


def test_rates_and_numbers_at_their_edges() -> None:
    for wrong in (-1.0, np.inf):
        with pytest.raises(ValueError, match="discount_rate"):
            cash_flow([], [], discount_rate=wrong)
        with pytest.raises(ValueError, match="maintenance_rise"):
            cash_flow([], [], maintenance_rise_per_year=wrong)
        with pytest.raises(ValueError, match="price_rise"):
            cash_flow([], [Saving(jpy_per_year=1.0, price_rise_per_year=wrong)])
    for field in ("installation_jpy", "subsidy_jpy", "maintenance_jpy_per_year"):
        with pytest.raises(ValueError, match=field):
            cash_flow([Asset(**{"investment_jpy": 1.0, field: -1.0})], [])
    asset = Asset(investment_jpy=1.0)
    assert cash_flow([asset], [Saving(jpy_per_year=-5.0, lost_jpy=(1.0,))], years=1).flow_jpy.tolist() == [-1.0, -5.0]
    for name in ("jpy_per_year", "missing_in_first_year_jpy"):
        with pytest.raises(ValueError, match=name):
            cash_flow([asset], [Saving(**{"jpy_per_year": 1.0, name: np.nan})])
    with pytest.raises(ValueError, match="lost_jpy"):
        cash_flow([asset], [Saving(jpy_per_year=1.0, lost_jpy=(np.nan,))])


def test_payback_of_years_without_money_and_of_late_losses() -> None:
    flows = [[-4.0, 0.0, 8.0], [5.0, -6.0, 3.0], [-1.0, 2.0, -3.0], [-4.0, 4.0, 0.0]]
    assert payback_years(flows).tolist() == [1.5, pytest.approx(1 + 1 / 3), np.inf, 1.0]
    tenth = [-1.0, *[0.1] * 10]  # in binary the sum of ten tenths is a hair below 1
    assert payback_years(tenth) == pytest.approx(10.0)
    assert payback_years([0.0]) == 0.0
    beside_a_giant = payback_years([[-1.0, 0.5, 1.0], [-1e12, 1e12, 0.0]])
    assert beside_a_giant.tolist() == [1.5, 1.0], "what is nothing for one is not for the other"
