"""Bills of every shipped plan, worked out by hand, and every price against the published table.

High voltage: 120 kW constant for a month of 744 h = 89,280 kWh, power factor 95 % (factor 0.90). Low
voltage: 0.5 kW = 372 kWh = 120 + 180 + 72. Low-voltage power: 20 kW, 14,880 kWh. Adjustments are 0. Bands
of August 2026, which has the Sundays 2, 9, 16, 23, 30 and Mountain Day on Tuesday the 11th:

* Monday to Saturday, holidays too (TEPCO): 26 days, 8-22 h = 364 h, the rest 380 h;
* working days (KEPCO, Kyushu): 25; 10-17 h = 175 h, rest of 8-22 h = 175 h; 13-16 h = 75 h, rest of 8-22 h
= 275 h; all
  the rest 394 h.

January 2026 has days of rest on 1, 2, 3 (New Year), 12 (Coming of Age) and the Sundays 4, 11, 18, 25: 23
working days, 8-22 h = 322 h, the rest 422 h.
"""

import csv
import os
import re
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from ysc_sim.billing import Bill, bill, export_lines, load_tariff, plan_names

BILLS = """
tepco_hv_basic_2024 2024-08: demand 120 × 1701 = 204120; energy_all 89280 × 19.51 = 1741852.8; levy 89280 ×
  3.49 = 311587.2; total 2257560
tepco_hv_zero_2024 2024-08: demand 120 × 1890 = 226800; energy_all 89280 × 20.7 = 1848096; levy 89280 × 3.49
  = 311587.2; total 2386483
tepco_hv_market_2024 2024-08: demand 120 × 1530 = 183600; energy_all 89280 × 14.75 = 1316880; levy 89280 ×
  3.49 = 311587.2; total 1812067
tepco_hv_basic_2025 2025-08: demand 120 × 2727 = 327240; energy_all 89280 × 16.56 = 1478476.8; levy 89280 ×
  3.98 = 355334.4; total 2161051
tepco_hv_zero_2025 2025-08: demand 120 × 2898 = 347760; energy_all 89280 × 16.63 = 1484726.4; levy 89280 ×
  3.98 = 355334.4; total 2187820
tepco_hv_market_2025 2025-08: demand 120 × 1350 = 162000; energy_all 89280 × 16.37 = 1461513.6; levy 89280 ×
  3.98 = 355334.4; total 1978848
tepco_hv_basic_2026 2026-08: demand 120 × 2277 = 273240; energy_all 89280 × 17.43 = 1556150.4; levy 89280 ×
  4.18 = 373190.4; total 2202580
tepco_hv_zero_2026 2026-08: demand 120 × 2448 = 293760; energy_all 89280 × 17.21 = 1536508.8; levy 89280 ×
  4.18 = 373190.4; total 2203459
tepco_hv_market_2026 2026-08: demand 120 × 1350 = 162000; energy_day 43680 × 15.18 = 663062.4; energy_night
  45600 × 15 = 684000; levy 89280 × 4.18 = 373190.4; total 1882252
kepco_hv_as 2026-08: demand 120 × 1588.95 = 190674; energy_summer 89280 × 13.94 = 1244563.2; levy 89280 ×
  4.18 = 373190.4; total 1808427
kepco_hv_as 2026-10: demand 120 × 1588.95 = 190674; energy_other 89280 × 12.87 = 1149033.6; levy 89280 ×
  4.18 = 373190.4; total 1712898
kepco_hv_as_tou 2026-08: demand 120 × 1588.95 = 190674; energy_peak 21000 × 19.4 = 407400; energy_day 21000
  × 14.09 = 295890; energy_night 47280 × 9.73 = 460034.4; levy 89280 × 4.18 = 373190.4; total 1727188
kepco_hv_bs 2026-08: demand 120 × 1707.75 = 204930; energy_summer 89280 × 12.55 = 1120464; levy 89280 × 4.18
  = 373190.4; total 1698584
okinawa_hv_commercial 2026-08: demand 120 × 1540.62 = 184874.4; energy_summer 89280 × 16.83 = 1502582.4;
  levy 89280 × 4.18 = 373190.4; total 2060647
okinawa_hv_commercial 2026-10: demand 120 × 1540.62 = 184874.4; energy_other 89280 × 15.38 = 1373126.4; levy
  89280 × 4.18 = 373190.4; total 1931191
kyuden_hv_industrial_tou_a 2026-08: demand 120 × 1928.502 = 231420.24; energy_peak 9000 × 19.74 = 177660;
  energy_day_summer 33000 × 17.27 = 569910; energy_night 47280 × 15.17 = 717237.6; levy 89280 × 4.18 =
  373190.4; total 2069418
kyuden_hv_industrial_tou_a 2026-01: demand 120 × 1928.502 = 231420.24; energy_day_other 38640 × 16.32 =
  630604.8; energy_night 50640 × 15.17 = 768208.8; levy 89280 × 3.98 = 355334.4; total 1985568
tepco_hv_power_a 2026-08: demand 120 × 1701 = 204120; energy_summer 89280 × 19.93 = 1779350.4; levy 89280 ×
  4.18 = 373190.4; total 2356660
hokkaido_hv 2026-08: demand 120 × 2592.18 = 311061.6; energy_all 89280 × 21.62 = 1930233.6; levy 89280 ×
  4.18 = 373190.4; total 2614485
hokkaido_hv_business 2026-08: demand 120 × 2423.88 = 290865.6; energy_all 89280 × 23.4 = 2089152; levy 89280
  × 4.18 = 373190.4; total 2753208
tepco_lv_power 2026-08: demand 20 × 1155.84 = 23116.8; energy_summer 14880 × 27.14 = 403843.2; levy 14880 ×
  4.18 = 62198.4; total 489158
toell_lv_c 2026-08: demand 10 × 303.17 = 3031.7; energy_step1 120 × 29.65 = 3558; energy_step2 180 × 35.42 =
  6375.6; energy_step3 72 × 39.49 = 2843.28; levy 372 × 4.18 = 1554.96; total 17363
toell_lv_b_30a 2026-08: demand 30 × 31.175 = 935.25; energy_step1 120 × 29.65 = 3558; energy_step2 180 ×
  35.42 = 6375.6; energy_step3 72 × 39.49 = 2843.28; levy 372 × 4.18 = 1554.96; total 15267
tepco_lv_meter_rate_b 2026-08: demand 30 × 31.175 = 935.25; energy_step1 120 × 29.8 = 3576; energy_step2 180
  × 36.4 = 6552; energy_step3 72 × 40.49 = 2915.28; levy 372 × 4.18 = 1554.96; total 15533
tepco_lv_meter_rate_b_to_2023 2022-08: demand 30 × 28.6 = 858; energy_step1 120 × 19.88 = 2385.6;
  energy_step2 180 × 26.48 = 4766.4; energy_step3 72 × 30.57 = 2201.04; levy 372 × 3.45 = 1283.4; total
  11494
"""

INCOMES = {  # plan -> year of the contract -> yen for 1,000.5 kWh
    "fit_lt10kw_2025h1": {1: 15007, 10: 15007, 11: 0},  # 15,007.5
    "fit_lt10kw_2025h2": {1: 24012, 4: 24012, 5: 8304, 10: 8304, 11: 0},  # 8,304.15
    "fit_roof_10kw_2025h1": {1: 11505, 20: 11505, 21: 0},  # 11,505.75
    "fit_roof_10kw_2025h2": {1: 19009, 5: 19009, 6: 8304, 20: 8304, 21: 0},  # 19,009.5
    "fit_ground_10_50kw_2025": {1: 10005, 20: 10005, 21: 0},
    "fit_50kw_2025": {1: 8904, 20: 8904, 21: 0},  # 8,904.45
    "after_fit_tepco": {1: 8504, 30: 8504},  # 8,504.25
}


def cases() -> list[tuple[str, str, dict[str, tuple[str, str, str]], int]]:
    found = []
    for plan, month, body, total in re.findall(r"(\S+) (\d{4}-\d\d): (.*?); total (\d+)", " ".join(BILLS.split())):
        parts = {}
        for line in body.split("; "):
            item, quantity, _, price, _, amount = line.split()
            parts[item] = (quantity, price, amount)
        found.append((plan, month, parts, int(total)))
    return found


def month_of(plan: str, month: str) -> Bill:
    tariff = load_tariff(plan)
    load_kw = {"kW": 120.0, "kVA": 0.5, "A": 0.5}[tariff.base.unit] if plan != "tepco_lv_power" else 20.0
    contract = 10.0 if plan == "toell_lv_c" else None
    start = datetime.fromisoformat(f"{month}-01T00:00+09:00")
    load = np.full(744 * 2, load_kw)
    return bill(tariff, load, start=start, step_s=1800, power_factor_percent=95.0, contract=contract)


@pytest.mark.parametrize(("plan", "month", "parts", "total"), cases())
def test_bill_is_what_was_worked_out_by_hand(
    plan: str, month: str, parts: dict[str, tuple[str, str, str]], total: int
) -> None:
    result = month_of(plan, month)
    lines = result.lines.set_index("item")
    for item, (quantity, price, amount) in parts.items():
        assert Decimal(quantity) * Decimal(price) == Decimal(amount), "slip of the pen"
        assert lines.quantity[item] == pytest.approx(float(quantity), abs=1e-12)
        assert lines.price_jpy[item] == pytest.approx(float(price), abs=1e-12)
        assert lines.amount_jpy[item] == float(amount)
    assert (lines.amount_jpy.drop([*parts, "rounding"]) == 0).all()
    assert result.total_jpy == total == int(sum(Decimal(amount) for *_, amount in parts.values()))
    assert result.months.total_jpy.tolist() == [total]
    assert result.warnings == ()


def test_every_plan_that_sells_has_a_hand_written_bill() -> None:
    selling = {name for name in plan_names() if load_tariff(name).base}
    assert {plan for plan, *_ in cases()} == selling
    assert {plan for plan in plan_names() if not load_tariff(plan).base} == set(INCOMES)


@pytest.mark.parametrize(("plan", "years"), INCOMES.items())
def test_income_of_every_plan_that_buys(plan: str, years: dict[int, int]) -> None:
    sun = np.zeros((48, 1), dtype=np.int64)
    sun[24] = 1_000_500_000
    start = datetime.fromisoformat("2026-04-01T00:00+09:00")
    for year, income in years.items():
        lines = export_lines(load_tariff(plan), sun, start=start, contract_year=year)
        assert lines.total_mjpy.tolist() == [-1000 * income]


PLAN_OF_ROW = {
    ("TEPCO EP", "Basic plan (high voltage)"): "tepco_hv_basic_{year}",
    ("TEPCO EP", "Zero plan (high voltage)"): "tepco_hv_zero_{year}",
    ("TEPCO EP", "Market plan (high voltage)"): "tepco_hv_market_{year}",
    ("KEPCO", "High voltage AS (<500 kW)"): "kepco_hv_as",
    ("KEPCO", "High voltage AS-TOU (<500 kW)"): "kepco_hv_as_tou",
    ("KEPCO", "High voltage BS (industrial)"): "kepco_hv_bs",
    ("Okinawa Electric", "Commercial (<500 kW)"): "okinawa_hv_commercial",
    ("TOELL", "my standard 従量電灯C type"): "toell_lv_c",
    ("TOELL", "my matomete 従量電灯B type"): "toell_lv_b_30a",
    ("METI", "FIT PV <10 kW"): "fit_lt10kw_2025h1",
    ("METI", "FIT PV <10 kW, years 1-4"): "fit_lt10kw_2025h2",
    ("METI", "FIT PV <10 kW, years 5-10"): "fit_lt10kw_2025h2",
    ("METI", "FIT PV >=10 kW roof"): "fit_roof_10kw_2025h1",
    ("METI", "FIT PV >=10 kW roof, years 1-5"): "fit_roof_10kw_2025h2",
    ("METI", "FIT PV >=10 kW roof, years 6-20"): "fit_roof_10kw_2025h2",
    ("METI", "FIT PV 10-50 kW ground"): "fit_ground_10_50kw_2025",
    ("METI", "FIT/FIP PV >=50 kW below auction"): "fit_50kw_2025",
}
NOT_PLANS = {"100% market plan", "renewable levy", "building DR incentive", "power factor rule (50-500 kW)"}


def prices_of(plan: str) -> dict[str, float]:
    """Prices of a plan under the names that the table gives them."""
    tariff = load_tariff(plan)
    prices = {f"fit{row.first_year}": row.price_jpy_per_kwh for row in tariff.export}
    for band, price in tariff.energy.items():
        prices[f"energy_{band}"] = price.price_jpy_per_kwh
    if tariff.base:
        prices["demand_charge"] = prices["base_charge"] = tariff.base.price_jpy
        prices["base_charge_30A"] = tariff.base.price_jpy * 30
        prices["energy_charge"] = next(iter(tariff.energy.values())).price_jpy_per_kwh
    return prices


def test_every_price_is_that_of_the_published_table() -> None:
    root = Path(__file__).resolve().parents[2]
    table = Path(os.environ.get("YSC_SHARED_DATA", root.parent / "shared" / "data")) / "jp_tariffs.csv"
    if not table.is_file():
        pytest.skip("jp_tariffs.csv is not there; set YSC_SHARED_DATA")
    compared = 0
    for row in csv.DictReader(table.read_text(encoding="utf-8").splitlines()):
        if row["menu"] in NOT_PLANS:
            continue
        plan = PLAN_OF_ROW[row["supplier"], row["menu"]].format(year=row["valid_from"][:4])
        item = row["item"]
        if item == "fit":
            years = row["menu"].partition("years ")[2] or "1-"
            item = f"fit{years.split('-')[0]}"
        if item.startswith("energy_step"):
            item = item[: len("energy_step1")]
        assert prices_of(plan)[item] == pytest.approx(float(row["value"]), abs=1e-9), row
        if row["supplier"].startswith("TEPCO"):
            tariff = load_tariff(plan)
            assert (str(tariff.valid_from), str(tariff.valid_to or "")) == (
                row["valid_from"],
                row["valid_to"],
            )
        compared += 1
    assert compared > 40


def test_levy_is_that_of_the_published_table() -> None:
    published = {
        2019: 2.95,
        2020: 2.98,
        2021: 3.36,
        2022: 3.45,
        2023: 1.40,
        2024: 3.49,
        2025: 3.98,
        2026: 4.18,
    }
    tariff = load_tariff("tepco_hv_basic_2026")
    for year, price in published.items():
        eve = datetime.fromisoformat(f"{year}-04-30T23:30+09:00")
        assert tariff.levy_jpy_per_kwh(eve, 1800, 2).tolist() == [published.get(year - 1, price), price]


def test_market_plan_of_2025_is_200_below_that_of_2024() -> None:
    """denkishimbun.com/sp/376621: the demand charge of the market plan fell by 200 JPY/kW in April 2025."""
    base = [load_tariff(f"tepco_hv_market_{year}").base for year in (2024, 2025)]
    assert base[1].price_jpy - base[0].price_jpy == -200
