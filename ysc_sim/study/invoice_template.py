"""An empty table for a customer's invoices: CSV, or Excel with a sheet that explains the columns."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ysc_sim.errors import Problem, ResultError, ScenarioError
from ysc_sim.study.invoices import ADJUSTMENT, HEADINGS, MOST_INVOICES
from ysc_sim.study.plain_csv import write_csv, write_whole
from ysc_sim.words import language, text

UNITS = {
    "power_factor_percent": "%",
    "energy_kwh": "kWh",
    "demand_jpy": "JPY",
    "energy_jpy": "JPY",
    ADJUSTMENT: "JPY/kWh",
    "adjustment_jpy": "JPY",
    "levy_jpy_per_kwh": "JPY/kWh",
    "levy_jpy": "JPY",
    "tax_jpy": "JPY",
    "total_jpy": "JPY",
}
OURS = {
    "month": "年月",
    "contract": "契約電力",
    "power_factor_percent": "力率",
    "energy_kwh": "使用電力量",
    "demand_jpy": "基本料金",
    "energy_jpy": "電力量料金",
    ADJUSTMENT: "燃料費等調整単価",
    "adjustment_jpy": "燃料費等調整額",
    "levy_jpy_per_kwh": "再エネ賦課金単価",
    "levy_jpy": "再エネ賦課金",
    "tax_jpy": "消費税",
    "total_jpy": "請求金額",
}


def headings(unit: str, bands: Sequence[str]) -> list[str]:
    """Headings in the language in use; with bands, one price of the adjustment for each.

    ``unit`` is that of the contract.
    """
    names: list[str] = []
    for key in HEADINGS:
        name = OURS[key] if language() == "ja" else HEADINGS[key][0]
        of = unit if key == "contract" else text(f"units.{UNITS[key]}") if key in UNITS else ""
        tail = f" ({of})" if of else ""
        if key == ADJUSTMENT and len(bands) > 1:
            names += [f"{name}_{band}{tail}" for band in bands]
        else:
            names.append(f"{name}{tail}")
    return names


def write_template(path: Path, unit: str = "kW", bands: Sequence[str] = ()) -> None:
    """Write a template as ``.csv`` or ``.xlsx``. Raises ``ScenarioError``, ``ResultError``."""
    if path.exists():
        raise ResultError("exists_already", path=str(path))
    names = headings(unit, bands)
    ending = path.suffix.lower()
    if ending == ".csv":
        write_csv(path, names, [])
    elif ending == ".xlsx":
        write_whole(path, lambda beside: _write_workbook(beside, names))
    else:
        raise ScenarioError([Problem("import_ending", {"path": str(path), "known": ".csv, .xlsx"})])


def _write_workbook(path: Path, names: Sequence[str]) -> None:
    try:
        import xlsxwriter
    except ImportError:
        raise ResultError("excel_not_installed") from None
    with xlsxwriter.Workbook(str(path), {"strings_to_formulas": False, "strings_to_urls": False}) as book:
        bold = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
        as_text = book.add_format({"num_format": "@"})
        sheet = book.add_worksheet(text("cli.invoices_sheet"))
        sheet.write_row(0, 0, names, bold)
        sheet.set_column(0, len(names) - 1, 16)
        sheet.set_column(0, 0, 12, as_text)
        sheet.freeze_panes(1, 1)
        rule = {"validate": "decimal", "criteria": "between", "minimum": -1e12, "maximum": 1e12}
        sheet.data_validation(1, 1, MOST_INVOICES, len(names) - 1, rule)
        help_ = book.add_worksheet(text("cli.invoices_help_sheet"))
        help_.set_column(0, 0, 100, book.add_format({"text_wrap": True}))
        for row, line in enumerate(text("cli.invoices_help").splitlines()):
            help_.write_string(row, 0, line)
