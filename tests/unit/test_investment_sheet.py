"""The workbook of an investment, recalculated by a formula engine: what it shows moves as the program does."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from ysc_sim.errors import Problem, ResultError
from ysc_sim.study.investment_sheet import FIRST_DEVICE, TOP, write_investment
from ysc_sim.study.size import Sized, size
from ysc_sim.words import LANGUAGES, set_language, text

FILE = """
format: 1
name: workbook
time: {start: 2026-06-01T00:00, days: 30, step_s: 1800}
tariff: {plan: tepco_hv_basic_2026, power_factor_percent: 95, export_jpy_per_kwh: 8.5}
finance: {discount_rate: 0.03, energy_price_rise_per_year: 0.01, demand_price_rise_per_year: 0.02,
  maintenance_rise_per_year: 0.005}
buildings:
  - id: factory
    profile: small_factory
    load_kwh_per_year: 250000
    strategy: {kind: peak_cut, target_kw: 70}
    devices:
      - {kind: solar, rated_kw: 40, investment_jpy_per_kw: 200000, installation_jpy: 500000, life_years: 25,
         maintenance_jpy_per_year: 100000, subsidy_jpy: 300000, price_source: quotation, price_date: "2026-11"}
      - {kind: battery, energy_kwh: 60, power_kw: 30, investment_jpy_per_kwh: BATTERY, investment_jpy_per_kw: 30000,
         life_years: 12, replacement_jpy: 3000000, maintenance_jpy_per_year: 20000}
size: {unseen_seeds: 0}
"""


def sized(folder: Path, battery_jpy_per_kwh: float = 60_000) -> Sized:
    path = folder / "scenario.yaml"
    path.write_text(FILE.replace("BATTERY", str(battery_jpy_per_kwh)))
    return size(path)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Sized:
    return sized(tmp_path_factory.mktemp("size"))


@pytest.fixture(params=LANGUAGES)
def lang(request: pytest.FixtureRequest) -> Any:
    set_language(request.param)
    yield request.param
    set_language("en")


def recalculated(path: Path, changes: dict[str, float] | None = None) -> dict[str, Any]:
    """Results of the second sheet after a formula engine has worked out the whole workbook anew."""
    book = openpyxl.load_workbook(path)
    inputs, flow = book.sheetnames
    for cell, value in (changes or {}).items():
        book[inputs][cell] = value
    changed = path.with_name("changed.xlsx")
    book.save(changed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import formulas

        solution = formulas.ExcelModel().loads(str(changed)).finish().calculate()
    prefix = f"'[{changed.name}]{flow}'!".upper()
    values = {str(key).upper(): value for key, value in solution.items()}
    names = ("payback", "discounted_payback", "npv", "irr")
    cells = {name: values[f"{prefix}B{row}"].value[0, 0] for row, name in enumerate(names, 2)}
    cells["flow"] = [float(values[f"{prefix}G{TOP + year}"].value[0, 0]) for year in range(21)]
    return cells


def close(cells: dict[str, Any], flow: Any) -> None:
    assert cells["flow"] == pytest.approx(flow.flow_jpy.tolist(), abs=1e-3)
    assert float(cells["npv"]) == pytest.approx(float(flow.npv_jpy), abs=1e-2)
    assert float(cells["irr"]) == pytest.approx(float(flow.irr), abs=1e-6)
    for name, years in (("payback", flow.payback_years), ("discounted_payback", flow.discounted_payback_years)):
        expected = pytest.approx(float(years), abs=1e-6) if years < 100 else text("report.size_never")
        assert cells[name] == expected, name


def test_the_formulas_give_what_the_program_found(found: Sized, tmp_path: Path) -> None:
    write_investment(found, tmp_path / "investment.xlsx")
    close(recalculated(tmp_path / "investment.xlsx"), found.flow)


@pytest.mark.parametrize("price", [90_000.0])
def test_a_changed_battery_price_moves_the_payback_as_the_program_does(
    found: Sized, tmp_path: Path, price: float
) -> None:
    write_investment(found, tmp_path / "investment.xlsx")
    cells = recalculated(tmp_path / "investment.xlsx", {f"F{FIRST_DEVICE + 1}": price})
    again = sized(tmp_path, price)
    close(cells, again.flow)
    assert float(cells["payback"]) != pytest.approx(float(found.flow.payback_years), abs=0.1)


def test_it_says_when_it_does_not_pay_back(tmp_path: Path, lang: str) -> None:
    dear = sized(tmp_path, 900_000)
    write_investment(dear, tmp_path / "dear.xlsx")
    assert dear.buys_nothing
    assert not dear.pays_back
    said = openpyxl.load_workbook(tmp_path / "dear.xlsx").worksheets[0]
    assert text("cli.invest_not_advised") in [cell.value for row in said.iter_rows() for cell in row]
    if lang == "ja":
        cells = recalculated(tmp_path / "dear.xlsx")
        assert cells["payback"] == cells["discounted_payback"] == "回収できません"


def test_other_inputs_move_it_too(found: Sized, tmp_path: Path) -> None:
    write_investment(found, tmp_path / "investment.xlsx")
    changes = {"B1": 0.06, "B3": 0.0, f"K{FIRST_DEVICE + 1}": 9e6, f"H{FIRST_DEVICE}": 0.0}
    cells = recalculated(tmp_path / "investment.xlsx", changes)
    path = tmp_path / "scenario.yaml"
    path.write_text(FILE.replace("BATTERY", "60000"))
    battery, solar = "buildings.factory.devices.battery", "buildings.factory.devices.solar"
    settings = {"finance.discount_rate": "0.06", "finance.demand_price_rise_per_year": "0.0"}
    close(cells, size(path, {**settings, f"{battery}.replacement_jpy": "9000000", f"{solar}.subsidy_jpy": "0"}).flow)


def test_rough_is_marked_and_prices_say_where_they_come_from(found: Sized, tmp_path: Path, lang: str) -> None:
    reason = Problem("bill_rough_difference", {"percent": 2.5}, severity="warning")
    write_investment(found, tmp_path / "investment.xlsx", [reason])
    sheet = openpyxl.load_workbook(tmp_path / "investment.xlsx").worksheets[0]
    said = [str(cell.value) for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert text("cli.bill_rough") in said
    assert any("2.5" in line for line in said)
    assert "2026-11 quotation" in said
    assert text("cli.invest_assumed") in said


def test_another_ending_is_refused(found: Sized, tmp_path: Path) -> None:
    with pytest.raises(ResultError):
        write_investment(found, tmp_path / "investment.ods")
