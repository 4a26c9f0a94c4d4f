"""``ysc bill``: what a measured load costs under a plan, month by month, and what the invoices say."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from ysc_sim.errors import Problem, ScenarioError
from ysc_sim.words import item_label, label, problem_line, text
from ysc_sim.words.assumed import assumed_field, assumed_text

if TYPE_CHECKING:
    from ysc_sim.study.reconcile import Given, Load, Reconciliation
    from ysc_sim.timeseries.importers import Options

LINES = ("month", "item", "quantity", "unit", "price_jpy", "amount_jpy")


def bill_of(
    data: Path,
    plan: str,
    kind: str,
    options: Options,
    given: Given,
    *,
    invoices: Path | None,
    adjustments: list[str],
    out: Path | None,
    quiet: bool,
) -> None:
    """Rebuild the bills, compare them, tell. Raises ``YscError``."""
    from ysc_sim.billing import load_tariff
    from ysc_sim.study.explain import reconcile
    from ysc_sim.study.invoices import read_invoices

    if out is not None and out.suffix.lower() != ".csv":
        raise ScenarioError([Problem("import_ending", {"path": str(out), "known": ".csv"})])
    tariff = load_tariff(plan)
    bands = tariff.adjustment_band_names
    found, unread = read_invoices(invoices, bands if len(bands) > 1 else ()) if invoices else ([], [])
    load, notes = load_of(data, kind, options)
    table = _adjustments(adjustments)
    result = reconcile(tariff, load, given, found, table)
    if out is not None:
        _write(result, out)
    for note in (*unread, *notes, *result.findings):
        print(problem_line(note), file=sys.stderr)
    for field, said in result.months[0].bill.assumed.items():
        told = text("cli.bill_assumed").format(field=assumed_field(field), said=assumed_text(said))
        print(told, file=sys.stderr)
    if not quiet:
        _show(result)
    _verdict(result)
    if out is not None:
        print(out)


def load_of(data: Path, kind: str, options: Options) -> tuple[Load, tuple[Problem, ...]]:
    """The one load of a file of any format, and what was done to it. Raises ``ScenarioError``."""
    from ysc_sim.study.reconcile import Load
    from ysc_sim.timeseries.importers import import_file

    table = import_file(data, kind, options)
    powers = [name for name in table.columns if name.endswith("_kw")]
    if not powers:
        raise ScenarioError([Problem("bill_no_power", {"kind": table.kind}, table.file)])
    if len(powers) > 1:
        values = {"count": len(powers), "known": ", ".join(powers)}
        raise ScenarioError([Problem("csv_which_column", values, table.file)])
    return Load(table.columns[powers[0]], table.start, table.step_s, table.file), table.notes


def _adjustments(given: list[str]) -> dict[str, float] | None:
    """``2026-08=-1.23`` … as a table. Raises ``ScenarioError``."""
    table: dict[str, float] = {}
    wrong = []
    for word in given:
        month, _, price = word.partition("=")
        if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", month) or not re.fullmatch(r"[+-]?\d{1,4}(\.\d{1,6})?", price):
            wrong.append(Problem("bill_adjustment_option", {"value": word}))
        else:
            table[month] = float(price)
    if wrong:
        raise ScenarioError(wrong)
    return table or None


def numbers_of(given: str) -> tuple[float, ...]:
    """``100,110.5`` as numbers, none below zero. Raises ``typer.BadParameter``."""
    parts = [part.strip() for part in given.split(",") if part.strip()]
    if not all(re.fullmatch(r"\d{1,7}(\.\d{1,6})?", part) for part in parts):
        raise typer.BadParameter(text("cli.wrong_previous"))
    return tuple(float(part) for part in parts)


def write_invoice_template(path: Path, plan: str | None) -> None:
    """An empty table of invoices for a plan."""
    from ysc_sim.billing import load_tariff
    from ysc_sim.study.invoice_template import write_template

    if plan is None:
        write_template(path)
    else:
        tariff = load_tariff(plan)
        write_template(path, tariff.require_import().unit, tariff.adjustment_band_names)
    print(path)


def _show(result: Reconciliation) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table()
    table.add_column(text("cli.bill_month"))
    unit = result.tariff.require_import().unit
    with_invoices = bool(result.compared)
    heads = [text("cli.bill_energy"), text("cli.bill_contract").format(unit=unit), text("cli.bill_rebuilt")]
    for head in [*heads, *([text("cli.bill_invoiced"), text("cli.bill_difference")] if with_invoices else [])]:
        table.add_column(head, justify="right")
    for month in result.months:
        cells = [month.month, f"{month.energy_kwh:,.1f}", f"{month.contract:,.1f}", f"{month.total_jpy:,.0f}"]
        if with_invoices:
            paid, difference = month.invoice, month.difference_jpy
            cells += ["–" if paid is None else f"{paid.total_jpy:,.0f}"]
            cells += ["–" if difference is None else f"{difference:+,.0f}"]
        table.add_row(*cells)
    Console().print(table)


def _verdict(result: Reconciliation) -> None:
    """Totals in a sentence, and whether anything that builds on them is a rough estimate."""
    print(text("cli.bill_total").format(count=len(result.months), total=f"{result.rebuilt_jpy:,.0f}"))
    if result.compared:
        base = result.invoiced_jpy
        percent = f"{100 * result.difference_jpy / base:+.2f}" if base else "–"
        told = {"invoiced": f"{base:,.0f}", "difference": f"{result.difference_jpy:+,.0f}", "percent": percent}
        print(text("cli.bill_compared").format(count=len(result.compared), **told))
    if result.rough:
        print(text("cli.bill_rough"))
        for reason in result.rough:
            print("- " + problem_line(reason).removeprefix(text("problems.warning") + ": "))


def _write(result: Reconciliation, path: Path) -> None:
    """All lines of all months as CSV. Raises ``ResultError``."""
    from ysc_sim.study.plain_csv import write_csv

    headings = [text("cli.bill_amount") if name == "amount_jpy" else label("columns", name) for name in LINES]
    rows = [
        [row.month, item_label(str(row.item)), row.quantity, row.unit, row.price_jpy, row.amount_jpy]
        for month in result.months
        for row in month.bill.lines.itertuples(index=False)
    ]
    write_csv(path, headings, rows)
