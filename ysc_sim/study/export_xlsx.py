"""An export as one Excel workbook, with bills that recompute their totals.

On the sheet of bill lines an amount is quantity × price, rounded to 1/1000 yen, where that is what it is; on the sheet
of bills every month is the sum of its lines, every total the sum of its months, and beside it stands the bill that the
run stored, and the difference, which is 0. A price that is changed in Excel moves them all.

Text stays text, whatever it begins with: nothing that a user named becomes a formula or a link.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from ysc_sim.documents.workbook import column_name
from ysc_sim.errors import ResultError
from ysc_sim.study.export import COMMUNITY, Export, Table, heads
from ysc_sim.study.plain_csv import write_whole
from ysc_sim.words import harmless, label, text

MOST_ROWS = 1_048_576
"""Of one sheet, its heading among them."""
MOST_CELLS = 12_000_000
LONGEST_TEXT = 32_000
WIDEST = 60
OPTIONS = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "constant_memory": True}
MILLI = 1000.0


class Book:
    """A workbook being written, sheet after sheet."""

    def __init__(self, book: Any) -> None:
        self.book = book
        self.bold = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
        self.time = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        self.yen = book.add_format({"num_format": "#,##0.###"})
        self.money = book.add_format({"num_format": "#,##0", "bold": True})

    def sheet(self, title: str, headings: Sequence[str], widths: Sequence[float] | None = None) -> Any:
        """A new sheet with its headings, which stay in sight."""
        sheet = self.book.add_worksheet(title[:31])
        for c, name in enumerate(headings):
            width = min(max(len(name) * 1.2, 10), 26) if widths is None else widths[c]
            sheet.set_column(c, c, width)
            sheet.write_string(0, c, harmless(name, LONGEST_TEXT), self.bold)
        sheet.freeze_panes(1, 1)
        return sheet

    def put(self, sheet: Any, row: int, column: int, value: object) -> None:
        """One value: a time without its zone, a number as such, everything else as text."""
        if value is None:
            return
        if isinstance(value, datetime):
            sheet.write_datetime(row, column, value.replace(tzinfo=None), self.time)
        elif isinstance(value, bool):
            sheet.write_boolean(row, column, value)
        elif isinstance(value, int | float):
            if math.isfinite(value):
                sheet.write_number(row, column, value)
        else:
            sheet.write_string(row, column, str(value)[:LONGEST_TEXT])


def write_workbook(found: Export, path: Path) -> None:
    """Write the workbook, all of it or nothing.

    Raises ``ResultError`` where it would be too large, cannot be written, or xlsxwriter is not installed.
    """
    try:
        import xlsxwriter
    except ImportError:
        raise ResultError("excel_not_installed") from None
    if path.suffix.lower() != ".xlsx":
        raise ResultError("import_ending", path=str(path), known=".xlsx")
    tables = found.tables()
    cells = sum(len(table.frame) * len(table.frame.columns) for table in tables)
    if cells > MOST_CELLS:
        raise ResultError("export_too_large", table="xlsx", lines=cells, limit=MOST_CELLS)

    def write(beside: Path) -> None:
        with xlsxwriter.Workbook(str(beside), dict(OPTIONS)) as book:
            _fill(Book(book), found, tables)

    write_whole(path, write)


def _fill(book: Book, found: Export, tables: Sequence[Table]) -> None:
    for table in tables:
        if table.key == "summary":
            _summary(book, table)
        elif table.key == "bills":
            _bills(book, found)
        elif table.key == "bill_lines":
            _lines(book, table)
        elif table.key == "metrics":
            _plain(book, table, [28, 26, 10, WIDEST, *([14] * (len(table.frame.columns) - 4))])
        else:
            _plain(book, table, None)


def _plain(book: Book, table: Table, widths: Sequence[float] | None) -> None:
    """A table as it is, on more than one sheet where Excel cannot hold it on one."""
    number, room = 1, MOST_ROWS - 1
    rows = iter(table.rows())
    row = next(rows, None)
    while True:
        title = table.title if number == 1 else f"{table.title} ({number})"
        sheet = book.sheet(title, heads(table), widths)
        line = 0
        while row is not None and line < room:
            line += 1
            for c, value in enumerate(row):
                book.put(sheet, line, c, value)
            row = next(rows, None)
        if row is None:
            return
        number += 1


def _summary(book: Book, table: Table) -> None:
    sheet = book.sheet(table.title, heads(table), [36, 40, 10])
    for r, row in enumerate(table.rows(), 1):
        for c, value in enumerate(row):
            book.put(sheet, r, c, value)


def _bills(book: Book, found: Export) -> None:
    """Accounts × months, each cell the sum of its lines."""
    months, lines = found.months, text("cli.table_bill_lines")
    yen = label("units", "JPY")
    headings = [text("columns.building"), *months, f"{text('report.total')} ({yen})"]
    headings += [text("cli.bills_stored"), text("cli.bills_difference")]
    sheet = book.sheet(text("cli.table_bills"), headings, [24, *([13] * (len(months) + 3))])
    amounts = dict(zip(found.accounts, found.monthly.frame[months].to_numpy().tolist(), strict=True))
    spans = _spans(found.lines)
    amount = column_name(list(found.lines.frame.columns).index("amount_jpy"))
    by_rows = f"/{found.rows}" if found.rows > 1 else ""
    for r, account in enumerate(found.accounts, 1):
        sheet.write_string(r, 0, account)
        for c, month in enumerate(months, 1):
            span = spans.get((account, month))
            formula = f"=SUM('{lines}'!{amount}{span[0]}:{amount}{span[1]}){by_rows}" if span else "=0"
            sheet.write_formula(r, c, formula, book.yen, amounts[account][c - 1])
        total = len(months) + 1
        value = sum(amounts[account])
        last = column_name(total - 1)
        sheet.write_formula(r, total, f"=SUM(B{r + 1}:{last}{r + 1})", book.money, value)
        _compare(book, sheet, r, total, value, found.stored_total_jpy(account))
    _all_members(book, sheet, found, amounts)


def _compare(book: Book, sheet: Any, row: int, total: int, value: float, stored: float | None) -> None:
    """The stored bill beside a total, and the difference."""
    if stored is not None:
        sheet.write_number(row, total + 1, stored, book.yen)
        both = f"{column_name(total)}{row + 1}-{column_name(total + 1)}{row + 1}"
        sheet.write_formula(row, total + 2, f"=ROUND({both},3)", book.yen, round(value - stored, 3))


def _all_members(book: Book, sheet: Any, found: Export, amounts: dict[str, list[float]]) -> None:
    """What all members pay together: the sum of the lines above, without the community's own contract."""
    members = [account for account in found.accounts if account != COMMUNITY]
    row = len(found.accounts) + 1
    sheet.write_string(row, 0, text("cli.bills_all_members"), book.bold)
    by_month = [sum(amounts[account][c] for account in members) for c in range(len(found.months))]
    for c, value in enumerate([*by_month, sum(by_month)], 1):
        name = column_name(c)
        sheet.write_formula(row, c, f"=SUM({name}2:{name}{len(members) + 1})", book.money, value)
    _compare(book, sheet, row, len(found.months) + 1, sum(by_month), found.stored_total_jpy(COMMUNITY))


def _spans(table: Table) -> dict[tuple[str, str], tuple[int, int]]:
    """Account and month → first and last line of its bills on the sheet of lines, counted as Excel does."""
    spans, line = {}, 2
    keys: Iterable[tuple[str, str]] = zip(
        table.frame["building"].astype(object), table.frame["month"].astype(object), strict=True
    )
    for key, group in groupby(keys):
        count = sum(1 for _ in group)
        spans[key] = (line, line + count - 1)
        line += count
    return spans


def _lines(book: Book, table: Table) -> None:
    """Every line; its amount is a formula where quantity × price is what was booked."""
    if len(table.frame) >= MOST_ROWS:
        raise ResultError("export_too_large", table=table.key, lines=len(table.frame), limit=MOST_ROWS - 1)
    names = list(table.frame.columns)
    sheet = book.sheet(table.title, heads(table), [24, 10, 6, 26, 14, 8, 12, 14])
    quantity, price, amount = (names.index(name) for name in ("quantity", "price_jpy", "amount_jpy"))
    for r, row in enumerate(table.rows(), 1):
        for c, value in enumerate(row):
            if c == amount and product_is(row[quantity], row[price], value):
                formula = f"=ROUND({column_name(quantity)}{r + 1}*{column_name(price)}{r + 1},3)"
                sheet.write_formula(r, c, formula, book.yen, value)
            else:
                book.put(sheet, r, c, value)


def product_is(quantity: float | None, price: float | None, amount: float | None) -> bool:
    """Whether an amount is quantity × price to 1/1000, however a spreadsheet rounds halves.

    >>> product_is(14880.0, 17.43, 259358.4), product_is(0.0, 0.0, -0.8), product_is(1.0, 0.0005, 0.001)
    (True, False, False)
    """
    if quantity is None or price is None or amount is None or not quantity or not price:
        return False
    exact = quantity * price * MILLI
    return abs(exact - amount * MILLI) < 0.499
