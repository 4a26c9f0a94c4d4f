"""Invoices that a customer copied into a table, CSV or Excel: one line a month, in either language.

Month and total are needed; what else an invoice says (contract, power factor, energy, single amounts, the
price of the fuel adjustment) is used where it is given. Every problem is told with its line and column, or
with its sheet and cell.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ysc_sim.documents import read_text, suggest
from ysc_sim.errors import Problem, ScenarioError
from ysc_sim.study.workbook import WorkbookCells, read_workbook
from ysc_sim.timeseries.cells import Cells, number, read_cells, stop_if

Table = Cells | WorkbookCells
MOST_INVOICES = 12
MOST_BYTES = 5_000_000
MOST_JPY = 1e12
ADJUSTMENT = "adjustment_jpy_per_kwh"
HEADINGS: dict[str, tuple[str, ...]] = {
    "month": ("month", "年月", "請求月", "使用月", "月"),
    "contract": ("contract", "contract_kw", "契約電力", "契約", "契約容量", "契約電流"),
    "power_factor_percent": ("power_factor", "power_factor_percent", "力率"),
    "energy_kwh": ("energy_kwh", "energy", "使用電力量", "使用量", "電力量"),
    "demand_jpy": ("demand_charge", "demand_jpy", "basic_charge", "基本料金"),
    "energy_jpy": ("energy_charge", "energy_jpy", "電力量料金"),
    ADJUSTMENT: ("fuel_adjustment_price", "adjustment_jpy_per_kwh", "燃料費調整単価", "燃料費等調整単価", "調整単価"),
    "adjustment_jpy": ("fuel_adjustment", "adjustment_jpy", "燃料費調整額", "燃料費等調整額", "調整額"),
    "levy_jpy_per_kwh": ("levy_price", "levy_jpy_per_kwh", "再エネ賦課金単価", "賦課金単価"),
    "levy_jpy": ("levy", "levy_jpy", "再エネ賦課金", "賦課金", "再生可能エネルギー発電促進賦課金"),
    "tax_jpy": ("tax", "tax_jpy", "消費税", "消費税額", "消費税等相当額"),
    "total_jpy": ("total", "total_jpy", "請求金額", "請求額", "合計", "合計金額", "ご請求金額"),
}
"""Field → what a heading may say, without blanks and units in brackets; the first of each language is ours."""
REMARKS = ("note", "notes", "remarks", "備考", "メモ")
MAY_BE_NEGATIVE = frozenset({ADJUSTMENT, "adjustment_jpy"})
MONTH = re.compile(r"(\d{4})\s*(?:[-/.]\s*(\d{1,2})(?:[-/.]\d{1,2})?|年\s*(\d{1,2})月(?:分|度)?|(\d{2}))", re.ASCII)
SIGNS = re.compile(r"[¥\\]|円$|jpy$|kwh$|kw$|kva$|%$", re.IGNORECASE)
BRACKETS = re.compile(r"[\(\[].*?[\)\]]")


@dataclass(frozen=True, kw_only=True)
class Invoice:
    """What one invoice says; None is left blank."""

    month: str
    """``2026-08``"""
    total_jpy: float
    contract: float | None = None
    """In the unit of the plan."""
    power_factor_percent: float | None = None
    energy_kwh: float | None = None
    demand_jpy: float | None = None
    energy_jpy: float | None = None
    adjustment_jpy_per_kwh: float | None = None
    adjustment_bands: dict[str, float] = field(default_factory=dict)
    """Price of the adjustment by band, where the plan has bands."""
    adjustment_jpy: float | None = None
    levy_jpy_per_kwh: float | None = None
    levy_jpy: float | None = None
    tax_jpy: float | None = None
    place: str = ""
    """Where its line begins."""


def read_invoices(path: Path, bands: Sequence[str] = ()) -> tuple[list[Invoice], list[Problem]]:
    """Invoices of a CSV or Excel file (``.xlsx``) in the order of their months, and warnings.

    ``bands`` are the plan's bands of the adjustment. Raises ``ScenarioError`` with every problem found.
    """
    table: Table
    if path.suffix.lower() in (".xlsx", ".xlsm"):
        table = read_workbook(path, max_bytes=MOST_BYTES)
    else:
        table = read_cells(read_text(path, max_bytes=MOST_BYTES), path.name)
    heading, places, unread = _headings(table, bands)
    invoices, problems = _rows(table, heading, places)
    stop_if(problems)
    if not invoices:
        raise ScenarioError([table.problem("invoice_none", heading)])
    if len(invoices) > MOST_INVOICES:
        raise ScenarioError([table.problem("invoice_too_many", heading, count=len(invoices), limit=MOST_INVOICES)])
    return sorted(invoices, key=lambda invoice: invoice.month), unread


def _headings(table: Table, bands: Sequence[str]) -> tuple[int, dict[int, str], list[Problem]]:
    """Row of the headings, cell → field, and a warning about cells that are not read. Raises ``ScenarioError``."""
    known = {_plain(name): key for key, names in HEADINGS.items() for name in names}
    known |= {_plain(f"{name}_{band}"): f"band:{band}" for band in bands for name in HEADINGS[ADJUSTMENT]}
    best, most = 0, 0
    for k, row in enumerate(table.rows[:20]):
        hits = sum(_plain(cell) in known for cell in row)
        if hits > most:
            best, most = k, hits
    places: dict[int, str] = {}
    problems, unread = [], []
    for c, cell in enumerate(table.rows[best] if table.rows else ()):
        key = known.get(_plain(cell))
        if key in places.values():
            problems.append(table.problem("invoice_heading_twice", best, c, value=cell.strip()))
        elif key is not None:
            places[c] = key
        elif cell.strip() and _plain(cell) not in REMARKS:
            near = suggest(_plain(cell), known)
            unread.append(_warn(table, best, c, value=cell.strip(), suggestion=near))
    for needed in ("month", "total_jpy"):
        if needed not in places.values():
            said = " / ".join(HEADINGS[needed][:2])
            problems.append(table.problem("invoice_heading_missing", best, 0, key=said))
    if problems:
        raise ScenarioError([*problems, *unread])
    return best, places, unread


def _warn(table: Table, row: int, cell: int, **values: Any) -> Problem:
    return replace(table.problem("invoice_heading_unknown", row, cell, **values), severity="warning")


def _plain(text: str) -> str:
    """A heading without blanks, brackets and capital letters."""
    text = BRACKETS.sub("", unicodedata.normalize("NFKC", text))
    return re.sub(r"[\s_・:：-]+", "_", text.strip().lower()).strip("_")


def _rows(table: Table, heading: int, places: dict[int, str]) -> tuple[list[Invoice], list[Problem]]:
    invoices: list[Invoice] = []
    problems: list[Problem] = []
    for r in range(heading + 1, len(table.rows)):
        row = table.rows[r]
        filled = {key: (c, row[c].strip()) for c, key in places.items() if c < len(row) and row[c].strip()}
        if set(filled) <= {"month"}:
            continue  # a line of the template that was not used
        values, wrong = _row(table, r, filled)
        problems += wrong
        if wrong:
            continue
        before = next((other for other in invoices if other.month == values["month"]), None)
        if before is not None:
            at = filled["month"][0]
            problems.append(table.problem("invoice_twice", r, at, month=values["month"], before=before.place))
            continue
        bands = {key.removeprefix("band:"): values.pop(key) for key in list(values) if key.startswith("band:")}
        place = table.where(r)
        invoices.append(Invoice(**values, adjustment_bands=bands, place=place))
    return invoices, problems


def _row(table: Table, r: int, filled: dict[str, tuple[int, str]]) -> tuple[dict[str, Any], list[Problem]]:
    values: dict[str, Any] = {}
    problems = [
        table.problem("invoice_cell_empty", r, 0, key=" / ".join(HEADINGS[key][:2]))
        for key in ("month", "total_jpy")
        if key not in filled
    ]
    for key, (c, text) in filled.items():
        if key == "month":
            month = _month(text)
            if month is None:
                problems.append(table.problem("adjustment_month_wrong", r, c, month=text))
            values[key] = month
            continue
        value = number(SIGNS.sub("", unicodedata.normalize("NFKC", text)).strip())
        problem = _wrong(key, value)
        if problem:
            problems.append(table.problem(problem[0], r, c, value=text, **problem[1]))
        values[key] = value
    return values, problems


def _wrong(key: str, value: float | None) -> tuple[str, dict[str, Any]] | None:
    """What is wrong with a number, if anything."""
    if value is None:
        return "csv_not_a_number", {}
    if not math.isfinite(value):
        return "not_finite", {}
    if value < 0 and key not in MAY_BE_NEGATIVE and not key.startswith("band:"):
        return "must_be_at_least", {"limit": 0}
    if key == "power_factor_percent" and not 0 < value <= 100:
        return "invoice_power_factor", {}
    if (key == ADJUSTMENT or key.startswith("band:") or key == "levy_jpy_per_kwh") and abs(value) > 1000:
        return "invoice_price_not_amount", {}
    return ("must_be_at_most", {"limit": MOST_JPY}) if abs(value) > MOST_JPY else None


def _month(text: str) -> str | None:
    """``2026-08`` of what people write for a month, None where it is none.

    >>> _month("2026/8"), _month("2026年8月分"), _month("202608"), _month("2026-13"), _month("Aug-26")
    ('2026-08', '2026-08', '2026-08', None, None)
    """
    found = MONTH.fullmatch(unicodedata.normalize("NFKC", text).replace(" 00:00:00", "").strip())
    if found is None:
        return None
    year, month = int(found[1]), int(found[2] or found[3] or found[4])
    return f"{year:04d}-{month:02d}" if 1 <= month <= 12 and 1990 <= year <= 2199 else None
