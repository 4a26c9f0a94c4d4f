"""A year of half-hours and twelve invoices made by hand: 0 JPY of difference, and every error named."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta

import numpy as np
import pytest

from ysc_sim.billing import load_tariff
from ysc_sim.errors import Problem
from ysc_sim.study.explain import reconcile
from ysc_sim.study.invoices import Invoice
from ysc_sim.study.reconcile import Given, Load, Reconciliation
from ysc_sim.words import problem_line

PLAN = load_tariff("tepco_hv_basic_2026")
"""2,530 JPY/kW, 17.43 JPY/kWh, valid from April 2026; the levy is 3.98 in April 2026 and 4.18 from May on."""
START = datetime.fromisoformat("2026-04-01T00:00+09:00")
DAYS = [30, 31, 30, 31, 31, 30, 31, 30, 31, 31, 28, 31]
NAMES = [f"{2026 + (3 + m) // 12}-{(3 + m) % 12 + 1:02d}" for m in range(12)]
PEAKS = [100, 110, 130, 150, 140, 120, 100, 90, 95, 100, 105, 100]
"""kW of one half-hour of each month; else the load is half of it."""
ADJUSTMENTS = [-1.2, -1.1, -0.9, 0.4, 0.6, 0.8, 0.3, -0.2, -0.5, -0.7, -0.6, -0.4]
FACTOR = 95.0


def load(skip_days: int = 0) -> Load:
    months = []
    for days, peak in zip(DAYS, PEAKS, strict=True):
        month = np.full(days * 48, peak / 2.0)
        month[20 * 48 + 28] = peak
        months.append(month)
    kw = np.concatenate(months)
    return Load(kw[skip_days * 48 :], START + timedelta(days=skip_days), 1800)


def invoices() -> list[Invoice]:
    """By hand: contract is the largest peak so far, since no month before is known."""
    made = []
    for m, name in enumerate(NAMES):
        kwh = (DAYS[m] * 48 - 1) * PEAKS[m] / 2 * 0.5 + PEAKS[m] * 0.5
        contract = max(PEAKS[: m + 1])
        demand = contract * 2530 * (185 - FACTOR) / 100
        energy, adjustment = kwh * 17.43, kwh * ADJUSTMENTS[m]
        levy = kwh * (3.98 if name == "2026-04" else 4.18)
        made.append(
            Invoice(
                month=name,
                total_jpy=math.floor(demand + energy + adjustment + levy + 1e-6),
                contract=contract,
                power_factor_percent=FACTOR,
                energy_kwh=kwh,
                demand_jpy=demand,
                energy_jpy=energy,
                adjustment_jpy_per_kwh=ADJUSTMENTS[m],
                adjustment_jpy=adjustment,
                levy_jpy=levy,
            )
        )
    return made


def changed(month: int, **values: object) -> list[Invoice]:
    return [replace(invoice, **values) if m == month else invoice for m, invoice in enumerate(invoices())]


def findings(result: Reconciliation) -> list[tuple[str, str]]:
    """Key and month of what is said about months."""
    return [(f.key, str(f.values["month"])) for f in result.findings if "month" in f.values]


def compare(made: list[Invoice], measured: Load | None = None, **given: object) -> Reconciliation:
    return reconcile(PLAN, measured or load(), Given(**given), made)  # type: ignore[arg-type]


def test_a_year_made_by_hand_is_met_to_the_yen() -> None:
    result = compare(invoices())
    assert [month.difference_jpy for month in result.months] == [0.0] * 12
    assert result.difference_jpy == 0
    assert findings(result) == []
    assert result.rough == ()


def test_only_month_and_total_are_enough() -> None:
    bare = [
        Invoice(month=i.month, total_jpy=i.total_jpy, adjustment_jpy_per_kwh=i.adjustment_jpy_per_kwh)
        for i in invoices()
    ]
    result = compare(bare, power_factor_percent=FACTOR)
    assert result.difference_jpy == 0
    assert findings(result) == []


@pytest.mark.parametrize("month", [0, 3, 11])
def test_a_missing_adjustment_is_named_with_the_price_that_would_fit(month: int) -> None:
    result = compare(changed(month, adjustment_jpy_per_kwh=None, adjustment_jpy=None))
    assert findings(result) == [("bill_adjustment_missing", NAMES[month])]
    (finding,) = (f for f in result.findings if "month" in f.values)
    assert finding.values["fitted"] == pytest.approx(ADJUSTMENTS[month])
    assert [reason.key for reason in result.rough][-1] == "bill_rough_adjustment"
    assert NAMES[month] in str(result.rough[-1].values["months"])


@pytest.mark.parametrize("month", [0, 4, 11])
@pytest.mark.parametrize("stated", [90.0, 100.0])
def test_a_wrong_power_factor_is_named_with_the_right_one(month: int, stated: float) -> None:
    result = compare(changed(month, power_factor_percent=stated))
    assert findings(result) == [("bill_power_factor_wrong", NAMES[month])]
    (finding,) = (f for f in result.findings if "month" in f.values)
    assert finding.values["fitted"] == 95


@pytest.mark.parametrize(
    ("values", "key"),
    [
        ({"power_factor_percent": 90.0}, "bill_power_factor_wrong"),
        ({"contract": 130.0}, "bill_contract_wrong"),
    ],
)
def test_they_are_named_where_the_invoice_gives_no_lines(values: dict[str, float], key: str) -> None:
    bare = [
        replace(invoice, demand_jpy=None, energy_jpy=None, adjustment_jpy=None, levy_jpy=None)
        for invoice in changed(4, **values)
    ]
    assert findings(compare(bare)) == [(key, NAMES[4])]


def test_a_charge_with_another_power_factor_is_named() -> None:
    demand = 150 * 2530 * (185 - 88) / 100
    less = 150 * 2530 * (185 - FACTOR) / 100 - demand
    result = compare(changed(4, demand_jpy=demand, total_jpy=math.floor(invoices()[4].total_jpy - less)))
    assert ("bill_power_factor_wrong", NAMES[4]) in findings(result)


@pytest.mark.parametrize(
    ("month", "stated"),
    [(4, 130.0), (4, 170.0), (11, 160.0), (0, 80.0)],
)
def test_a_wrong_contract_is_named_where_the_charge_is_right(month: int, stated: float) -> None:
    result = compare(changed(month, contract=stated))
    assert findings(result) == [("bill_contract_wrong", NAMES[month])]
    assert result.difference_jpy == 0


def test_a_first_contract_from_before_the_data_is_believed_unless_the_charge_speaks_against_it() -> None:
    result = compare(changed(0, contract=140.0))
    assert findings(result) == [("bill_contract_not_charged", NAMES[0])]
    paid = invoices()[0]
    more = 40 * 2530 * 0.9
    believed = changed(0, contract=140.0, demand_jpy=paid.demand_jpy + more, total_jpy=paid.total_jpy + more)
    result = compare(believed)
    assert findings(result) == [("bill_contract_unchecked", NAMES[0])]
    assert result.difference_jpy == 0
    known = compare(believed, previous_kw=(50.0,) * 11)
    assert findings(known) == [("bill_contract_wrong", NAMES[0])]
    assert known.difference_jpy == pytest.approx(more, abs=1)


def test_a_contract_that_was_charged_wrongly_is_named() -> None:
    paid = invoices()[5]
    more = 20 * 2530 * 0.9
    made = changed(5, contract=170.0, demand_jpy=paid.demand_jpy + more, total_jpy=paid.total_jpy + more)
    result = compare(made)
    assert findings(result) == [("bill_contract_wrong", NAMES[5])]
    assert result.difference_jpy == pytest.approx(more, abs=1)


def test_missing_days_are_named() -> None:
    result = compare(invoices(), load(skip_days=3))
    assert findings(result)[0] == ("bill_days_missing", NAMES[0])
    (finding,) = (f for f in result.findings if f.key == "bill_days_missing")
    assert finding.values["missing"] == 3


def test_an_invoice_of_another_month_is_named() -> None:
    result = compare([*invoices(), Invoice(month="2025-03", total_jpy=1.0)])
    assert ("bill_not_measured", "2025-03") in findings(result)


@pytest.mark.parametrize(
    ("values", "key"),
    [
        (lambda i: {"energy_kwh": i.energy_kwh + 500}, "bill_energy_differs"),
        (lambda i: {"energy_jpy": i.energy_kwh * 18.0}, "bill_energy_price"),
        (lambda i: {"adjustment_jpy": i.energy_kwh * 1.5}, "bill_adjustment_price"),
        (lambda i: {"levy_jpy": i.energy_kwh * 3.98}, "bill_levy_price"),
        (lambda i: {"total_jpy": i.total_jpy + 5000}, "bill_unexplained"),
    ],
)
def test_each_line_is_explained(values: Callable[[Invoice], dict[str, float]], key: str) -> None:
    result = compare(changed(6, **values(invoices()[6])))
    assert (key, NAMES[6]) in findings(result)


def test_whole_kilowatts_and_kilowatt_hours_are_explained_as_rounding() -> None:
    measured = load()
    odd = Load(measured.kw * 1.00313, measured.start, 1800)
    made = []
    for m, invoice in enumerate(invoices()):
        kwh = round(invoice.energy_kwh * 1.00313)
        contract = math.floor(max(PEAKS[: m + 1]) * 1.00313 + 0.5)
        demand, levy = contract * 2530 * 0.9, kwh * (3.98 if m == 0 else 4.18)
        total = math.floor(demand + kwh * (17.43 + ADJUSTMENTS[m]) + levy + 1e-6)
        made.append(replace(invoice, contract=contract, energy_kwh=kwh, demand_jpy=demand, energy_jpy=kwh * 17.43,
                            adjustment_jpy=kwh * ADJUSTMENTS[m], levy_jpy=levy, total_jpy=total))  # fmt: skip
    result = compare(made, odd)
    assert {key for key, _ in findings(result)} == {"bill_rounding"}
    assert result.rough == ()


def test_the_levy_of_an_invoice_goes_before_that_of_the_plan() -> None:
    paid = invoices()[2]
    levy = paid.energy_kwh * 5.0
    total = math.floor(paid.total_jpy - paid.levy_jpy + levy)
    result = compare(changed(2, levy_jpy_per_kwh=5.0, levy_jpy=levy, total_jpy=total))
    assert abs(result.difference_jpy) <= 1


def test_prices_by_band() -> None:
    plain = compare(invoices())
    bands = dict.fromkeys(PLAN.adjustment_band_names, ADJUSTMENTS[1])
    result = compare(changed(1, adjustment_jpy_per_kwh=None, adjustment_bands=bands))
    assert result.rebuilt_jpy == pytest.approx(plain.rebuilt_jpy, abs=1)


def test_more_than_a_percent_is_a_rough_estimate() -> None:
    result = compare([replace(invoice, total_jpy=invoice.total_jpy * 1.02) for invoice in invoices()])
    assert [reason.key for reason in result.rough] == ["bill_rough_difference"]
    assert "%" in problem_line(result.rough[0], "ja")


def test_a_price_past_its_validity_is_a_rough_estimate() -> None:
    old = load_tariff("tepco_hv_basic_2025")
    result = reconcile(old, load())
    keys = [reason.key for reason in result.rough]
    assert keys == ["price_outside_validity", "bill_rough_adjustment"]
    assert result.rough[0].values["months"] == "2026-04 … 2027-03"


def test_a_plan_by_kva() -> None:
    plan = load_tariff("toell_lv_c")
    measured = Load(np.full(48 * 30, 1.0), START, 1800)
    result = reconcile(plan, measured, Given(contract=6.0), [Invoice(month="2026-04", total_jpy=1.0, contract=6.0)])
    assert result.months[0].contract == 6.0
    assert result.months[0].rebuilt_jpy["demand"] == pytest.approx(6 * 303.17, rel=1e-6)


def test_every_finding_is_worded_in_both_languages() -> None:
    made = changed(4, contract=130.0, power_factor_percent=80.0, adjustment_jpy_per_kwh=None, adjustment_jpy=None)
    found: tuple[Problem, ...] = compare(made).findings
    assert found
    for problem in found:
        english, japanese = problem_line(problem, "en"), problem_line(problem, "ja")
        assert "{" not in english + japanese
        assert english != japanese


def test_half_hours_of_five_minutes_give_the_same_bill() -> None:
    fine = Load(np.repeat(load().kw, 6), START, 300)
    assert compare(invoices(), fine).difference_jpy == 0


def test_the_calendar_of_this_test_is_right() -> None:
    assert sum(DAYS) == (date(2027, 4, 1) - date(2026, 4, 1)).days
