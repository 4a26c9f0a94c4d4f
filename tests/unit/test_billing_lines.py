"""What a bill does at its edges: part months, contracts, adjustments, tax, rounding, warnings."""

from dataclasses import replace
from datetime import datetime, timezone

import numpy as np
import pytest

from ysc_sim.billing import (
    bill,
    bill_lines,
    export_lines,
    fuel_adjustment_jpy_per_kwh,
    load_tariff,
    market_adjustments,
    mean_fuel_price_jpy_per_kl,
)
from ysc_sim.billing.tariff import Base, EnergyPrice, Rounding, Tariff, Tax
from ysc_sim.errors import TariffError

AUGUST = datetime.fromisoformat("2026-08-01T00:00+09:00")
BASIC = load_tariff("tepco_hv_basic_2026")
MONTH = 48 * 31


def keys(problems: object) -> list[str]:
    return [problem.key for problem in problems]  # type: ignore[attr-defined]


def test_columns_of_months() -> None:
    table = bill(load_tariff("kyuden_hv_industrial_tou_a"), np.ones(MONTH), start=AUGUST, step_s=1800).months
    assert table.columns.tolist() == [
        "month",
        "demand_jpy",
        "energy_peak_jpy",
        "energy_day_summer_jpy",
        "energy_day_other_jpy",
        "energy_night_jpy",
        "fuel_adjustment_jpy",
        "levy_jpy",
        "tax_jpy",
        "total_jpy",
    ]
    assert table.month.tolist() == ["2026-08"]


def test_months_are_japans() -> None:
    """15:00 UTC on 31 July is midnight in Japan."""
    start = datetime(2026, 7, 31, 15, tzinfo=timezone.utc)  # noqa: UP017
    assert bill(BASIC, np.ones(MONTH), start=start, step_s=1800).months.month.tolist() == ["2026-08"]


def test_naive_start_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        bill(BASIC, [1.0], start=datetime(2026, 8, 1), step_s=1800)


def test_part_month_bears_its_full_demand_charge_and_says_so() -> None:
    result = bill(BASIC, np.full(48 * 3, 10.0), start=AUGUST, step_s=1800)
    assert result.months.demand_jpy.tolist() == [21_505.0]
    assert keys(result.warnings) == ["month_partly_covered"]
    assert result.warnings[0].values == {"month": "2026-08", "days": 3.0, "length": 31}


def test_half_hour_covered_in_part_is_billed_but_makes_no_demand() -> None:
    start = datetime.fromisoformat("2026-08-01T00:15+09:00")
    power = [100.0, *[10.0] * 4]
    result = bill(BASIC, power, start=start, step_s=900)
    lines = result.lines.set_index("item")
    assert lines.quantity["demand"] == 10.0
    assert lines.quantity["energy_all"] == 35.0
    assert "half_hours_partly_covered" in keys(result.warnings)


def test_export_is_not_imported() -> None:
    power = np.zeros(MONTH)
    power[:2] = [10.0, -500.0]
    assert bill(BASIC, power, start=AUGUST, step_s=1800).lines.quantity[1] == 5.0


def test_price_past_its_validity_is_used_with_a_warning() -> None:
    old = load_tariff("tepco_hv_basic_2024")
    result = bill(old, np.full(MONTH, 20.0), start=AUGUST, step_s=1800)
    assert keys(result.warnings) == ["price_outside_validity"]
    assert result.warnings[0].values["valid_to"] == "2025-03-31"
    assert result.months["energy_all_jpy"].tolist() == [290_308.8], "14,880 × 19.51"


def test_levy_outside_its_table_is_the_nearest_with_a_warning() -> None:
    start = datetime.fromisoformat("2027-05-01T00:00+09:00")
    result = bill(BASIC, np.full(MONTH, 20.0), start=start, step_s=1800)
    assert keys(result.warnings) == ["levy_outside_table"]
    assert result.months.levy_jpy.tolist() == [62_198.4], "14,880 × 4.18"


def test_large_contract_is_said_to_be_negotiated() -> None:
    assert keys(bill(BASIC, np.full(MONTH, 600.0), start=AUGUST, step_s=1800).warnings) == ["contract_is_negotiated"]


def test_negotiated_contract_and_its_exceedance() -> None:
    power = np.full(MONTH, 500.0)
    power[100] = 620.0
    result = bill(BASIC, power, start=AUGUST, step_s=1800, contract=600.0)
    lines = result.lines.set_index("item").amount_jpy
    assert lines["demand"] == 600 * 2530 * 0.85
    assert lines["exceedance"] == pytest.approx(20 * 2530 * 0.85 * 1.5)
    assert result.months.demand_jpy[0] == lines["demand"] + lines["exceedance"]


@pytest.mark.parametrize(
    ("plan", "contract", "key"),
    [
        ("toell_lv_c", None, "contract_needed"),
        ("toell_lv_c", 60.0, "contract_outside_plan"),
        ("tepco_hv_basic_2026", 0.0, "contract_outside_plan"),
    ],
)
def test_contract_that_the_plan_cannot_take(plan: str, contract: float | None, key: str) -> None:
    with pytest.raises(TariffError) as caught:
        bill(load_tariff(plan), np.ones(MONTH), start=AUGUST, step_s=1800, contract=contract)
    assert caught.value.key == key


def test_power_factor_leaves_a_low_voltage_base_alone() -> None:
    plan = load_tariff("toell_lv_c")
    bills = [
        bill(plan, np.ones(MONTH), start=AUGUST, step_s=1800, contract=10, power_factor_percent=percent).total_jpy
        for percent in (85, 100)
    ]
    assert bills[0] == bills[1]


def test_contract_in_kw_of_ampere_and_kva() -> None:
    one = np.full((MONTH, 1), 100_000)
    assert bill_lines(load_tariff("toell_lv_b_30a"), one, start=AUGUST).largest_contract_kw.tolist() == [3.0]
    assert bill_lines(load_tariff("toell_lv_c"), one, start=AUGUST, contract=6).contract_kw.tolist() == [[6.0]]


def test_assumed_adjustment_is_stated() -> None:
    result = bill(BASIC, np.ones(MONTH), start=AUGUST, step_s=1800)
    assert "2026-08" in result.assumed["fuel_adjustment"]
    given = bill(BASIC, np.ones(MONTH), start=AUGUST, step_s=1800, adjustments={"2026-08": -1.5})
    assert "fuel_adjustment" not in given.assumed
    assert given.months.fuel_adjustment_jpy.tolist() == [-1.5 * 744]


def test_adjustment_by_band() -> None:
    """26 days Monday to Saturday: 5, 3 and 6 hours; 744 − 364 = 380 h are night."""
    table = {"2026-08": {"morning": 1.0, "noon": 10.0, "evening": 100.0, "night": 1000.0}}
    result = bill(BASIC, np.ones(MONTH), start=AUGUST, step_s=1800, adjustments=table)
    assert result.months.fuel_adjustment_jpy.tolist() == [26 * (5 * 1 + 3 * 10 + 6 * 100) + 380 * 1000]
    price = BASIC.energy_price_jpy_per_kwh(AUGUST, 1800, MONTH, adjustments=table)
    assert price.sum() / 2 == pytest.approx(result.months.fuel_adjustment_jpy[0] + 744 * 17.43)


@pytest.mark.parametrize(
    ("adjustments", "key"),
    [
        ({"2026-07": 1.0}, "adjustment_missing"),
        ({"2026/08": 1.0}, "adjustment_month_wrong"),
        ({"2026-08": {"morning": 1.0}}, "adjustment_bands_wrong"),
        ({"2026-08": np.nan}, "adjustment_not_finite"),
    ],
)
def test_wrong_adjustments_are_errors(adjustments: dict[str, float], key: str) -> None:
    with pytest.raises(TariffError) as caught:
        bill(BASIC, np.ones(MONTH), start=AUGUST, step_s=1800, adjustments=adjustments)
    assert caught.value.key == key


def test_plan_without_assumption_needs_adjustments() -> None:
    strict = replace(BASIC, adjustment=replace(BASIC.adjustment, assumed_jpy_per_kwh=None))
    with pytest.raises(TariffError) as caught:
        bill(strict, np.ones(MONTH), start=AUGUST, step_s=1800)
    assert caught.value.key == "adjustment_missing"


def plan_of_test(**changes: object) -> Tariff:
    base = Base(unit="kW", price_jpy=1000.0, source="test", power_factor=True)
    plan = Tariff(name="test", title="", base=base, energy={"all": EnergyPrice(price_jpy_per_kwh=10.5, source="test")})
    adjustment = replace(plan.adjustment, assumed_jpy_per_kwh=0.0)
    return replace(plan, adjustment=adjustment, levy="renewable", **changes)


def test_tax_on_top_leaves_the_levy_out() -> None:
    result = bill(plan_of_test(tax=Tax(included=False)), np.ones(MONTH), start=AUGUST, step_s=1800)
    row = result.months.iloc[0]
    assert row.tax_jpy == pytest.approx(0.1 * (850 + 744 * 10.5), abs=1e-3)
    assert row.total_jpy == int(850 + 744 * 10.5 + row.tax_jpy + 744 * 4.18)
    price = plan_of_test(tax=Tax(included=False)).energy_price_jpy_per_kwh(AUGUST, 1800, 1)
    assert price.tolist() == pytest.approx([11.55])


def test_supplier_may_round_quantities_and_items() -> None:
    power = np.full(MONTH, 1.5)
    rounding = Rounding(kw="half_up", kwh="half_up", power_factor="half_up", levy="floor", total="half_up")
    result = bill(plan_of_test(rounding=rounding), power, start=AUGUST, step_s=1800, power_factor_percent=94.5)
    lines = result.lines.set_index("item")
    assert lines.quantity["demand"] == 2.0
    assert lines.amount_jpy["demand"] == 1800.0, "2 kW at 95 %"
    assert lines.amount_jpy["levy"] == 4664.0, "1,116 × 4.18 = 4,664.88"
    power[0] = 2.1
    assert bill(plan_of_test(rounding=rounding), power, start=AUGUST, step_s=1800).lines.quantity[1] == 1116.0


def test_exact_total() -> None:
    result = bill(plan_of_test(rounding=Rounding(total="exact")), np.ones(MONTH), start=AUGUST, step_s=1800)
    assert result.total_jpy == 850 + 7812 + 3109.92


def test_published_fuel_adjustment_of_december_2024() -> None:
    """anncierge.jp p=4909: oil 82,043, LNG 93,635, coal 23,209 → 51,500 JPY/kl → −6.33 JPY/kWh."""
    mean = mean_fuel_price_jpy_per_kl(82_043, 93_635, 23_209)
    assert mean == 51_500
    assert fuel_adjustment_jpy_per_kwh(mean, base_jpy_per_kl=86_100, unit_jpy_per_kwh=0.183) == -6.33
    capped = fuel_adjustment_jpy_per_kwh(90_000, base_jpy_per_kl=86_100, unit_jpy_per_kwh=0.183, cap_jpy_per_kl=86_100)
    assert capped == 0.0


def test_market_adjustment_of_a_flat_and_of_a_peaky_month() -> None:
    spot = np.full(MONTH, 21.60)
    assert market_adjustments(BASIC, spot, start=AUGUST) == {
        "2026-08": dict.fromkeys(("night", "morning", "noon", "evening"), 4.92)
    }
    noon = BASIC.adjustment_bands(AUGUST, 1800, MONTH) == BASIC.adjustment_band_names.index("noon")
    spot[noon] = 1.60
    assert market_adjustments(BASIC, spot, start=AUGUST)["2026-08"]["noon"] == -4.92
    winter = datetime.fromisoformat("2026-12-01T00:00+09:00")
    assert market_adjustments(BASIC, np.full(48, 21.60), start=winter)["2026-12"]["night"] == 4.74
    market = load_tariff("tepco_hv_market_2026")
    assert market_adjustments(market, np.full(48, 21.60), start=AUGUST)["2026-08"]["night"] == 11.42
    with pytest.raises(TariffError):
        market_adjustments(load_tariff("tepco_hv_zero_2026"), spot, start=AUGUST)


def test_plan_for_one_direction_refuses_the_other() -> None:
    with pytest.raises(TariffError) as selling:
        bill(load_tariff("after_fit_tepco"), np.ones(MONTH), start=AUGUST, step_s=1800)
    with pytest.raises(TariffError) as buying:
        export_lines(BASIC, np.ones((2, 1), dtype=np.int64), start=AUGUST)
    assert (selling.value.key, buying.value.key) == ("plan_sells_nothing", "plan_buys_nothing")


@pytest.mark.parametrize("energy", [np.ones((2, 1)), np.array([[-1]]), np.ones(3, dtype=np.int64)])
def test_bill_lines_takes_whole_imports_only(energy: np.ndarray) -> None:
    with pytest.raises(ValueError, match="energy must be"):
        bill_lines(BASIC, energy, start=AUGUST)


def test_long_slots_are_billed_with_a_warning() -> None:
    lines = bill_lines(BASIC, np.full((744, 2), 20_000_000), start=AUGUST, slot_s=3600)
    assert keys(lines.warnings) == ["peaks_not_resolved"]
    assert lines.contract_kw.tolist() == [[20.0], [20.0]]
    hourly = bill(BASIC, np.full(744, 20.0), start=AUGUST, step_s=3600)
    assert keys(hourly.warnings) == ["peaks_not_resolved"]
    assert (lines.total_mjpy == 1000 * hourly.total_jpy).all()


def test_nothing_to_bill() -> None:
    empty = bill_lines(BASIC, np.zeros((0, 3), dtype=np.int64), start=AUGUST)
    assert empty.total_mjpy.tolist() == [0, 0, 0]
    assert bill(BASIC, [], start=AUGUST, step_s=1800).total_jpy == 0
