"""``ysc size``: what to buy, why, what it is worth, and how sure that is."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ysc_sim.errors import Problem, ScenarioError
from ysc_sim.words import language, problem_line, text

if TYPE_CHECKING:
    from ysc_sim.study.size import Sized

MOST_TRIALS = 100_000
MOST_SHOWN = 12
"""Candidates of the front on a screen; the files hold all."""
SHOWN = ("payback_years", "guaranteed_h", "co2_kg")
MILLION = 1e6


def size_file(
    file: Path,
    settings: list[str],
    trials: int,
    invoices: Path | None,
    member: str,
    workers: int,
    out: Path | None,
    *,
    quiet: bool,
) -> None:
    """Search, judge, store, show."""
    from ysc_sim.cli.run import parse_settings
    from ysc_sim.cli.sweep import check_workers
    from ysc_sim.report.size_page import size_page
    from ysc_sim.results.files import check_target
    from ysc_sim.scenario import load_scenario
    from ysc_sim.study.group_buy import group_gains
    from ysc_sim.study.rough import checked_bills, invoices_of, not_compared, paid_adjustments, rough_of
    from ysc_sim.study.size_files import save_size, stored_columns
    from ysc_sim.study.size_summary import summary

    overrides = parse_settings(settings, None)
    check_workers(workers)
    if not 0 <= trials <= MOST_TRIALS:
        raise ScenarioError([Problem("trials_wrong", {"value": trials, "limit": f"{MOST_TRIALS:,}"})])
    scenario = load_scenario(file, overrides=overrides)
    for warning in scenario.warnings:
        print(problem_line(warning), file=sys.stderr)
    read = None if invoices is None else invoices_of(scenario, invoices, member)
    target = out or Path("results") / f"{file.stem}-size"
    check_target(target)
    paid = {} if read is None else paid_adjustments(scenario, *read)
    found = _search(file, {**paid, **overrides}, trials, workers, quiet=quiet)
    bills = checked_bills(scenario, found.base_import_kw, read)
    for finding in (finding for bill in bills if bill.compared for finding in bill.findings):
        print(problem_line(finding), file=sys.stderr)
    rough = rough_of(bills) + (() if invoices is None else not_compared(bills))
    told = summary(found, rough, group_gains(found))
    save_size(found, told, rough, target, size_page(told, stored_columns(found), language()))
    if not quiet:
        show_size(told)
    print(target / "report.html")


def _search(file: Path, overrides: dict[str, Any], trials: int, workers: int, *, quiet: bool) -> Sized:
    from ysc_sim.study.size import size
    from ysc_sim.study.workers import executor

    def counted(console: Any) -> Callable[[int], None]:
        done = 0

        def tell(count: int) -> None:
            nonlocal done
            done += count
            console.update(text("cli.size_done").format(count=f"{done:,}"))

        return tell

    with executor(workers) as (pool, _):
        several = pool if workers > 1 else None
        if quiet or not sys.stderr.isatty():
            return size(file, overrides, trials=trials, workers=several)
        from rich.console import Console

        with Console(stderr=True).status(text("cli.simulating")) as status:
            return size(file, overrides, trials=trials, workers=several, progress=counted(status))


def show_size(found: dict[str, Any]) -> None:
    """The choice in words, the investment, the front, the members."""
    from rich.console import Console

    from ysc_sim.study.size_summary import sentence_values

    console = Console()
    if found["rough"]:
        print(text("cli.bill_rough"))
        for reason in found["rough"]:
            print("- " + problem_line(Problem(reason["key"], reason["values"])))
    for reason in found["reasons"]:
        print(text(f"report.{reason['key']}").format_map(sentence_values(reason["values"], language(), found["keys"])))
    console.print(_investment(found))
    console.print(_front(found))
    if "members" in found:
        console.print(_members(found))


def _investment(found: dict[str, Any]) -> Any:
    from rich.table import Table

    table = Table(title=text("report.size_investment"), title_justify="left")
    table.add_column(text("cli.invest_year"), justify="right")
    columns = ("outlay_jpy", "maintenance_jpy", "saving_jpy", "flow_jpy", "sum_jpy")
    for column in columns:
        table.add_column(text(f"report.size_{column}"), justify="right")
    flow = found["flow"]
    for row, year in enumerate(flow["year"]):
        table.add_row(f"{year:.0f}", *(f"{flow[column][row]:,.0f}" for column in columns))
    payback = found["shown"].get("payback_years")
    said = text("report.size_never") if payback is None else text("report.size_years").format(years=f"{payback:.1f}")
    rate = found["shown"].get("irr")
    table.caption = (
        f"{text('cli.invest_payback')}: {said} · {text('cli.invest_npv')}: {found['shown']['npv_jpy']:,.0f} · "
        f"{text('cli.invest_irr')}: {'–' if rate is None else f'{rate:.1%}'}"
    )
    table.caption_justify = "left"
    return table


def _front(found: dict[str, Any]) -> Any:
    """Sizes and choices in columns of their own, the cheapest first."""
    from rich.table import Table

    from ysc_sim.study.size_keys import key_label, value_label

    table = Table(title=text("report.size_front_table"), title_justify="left")
    entries, parts = found["front"][:MOST_SHOWN], found["keys"]
    keys = list(dict.fromkeys(key for entry in entries for key in (*entry["sizes"], *entry["choices"])))
    for key in keys:
        table.add_column(key_label(parts[key]), justify="right", overflow="fold")
    table.add_column(text("report.size_cost_axis"), justify="right", overflow="fold")
    for column in SHOWN:
        table.add_column(text(f"report.size_{column}"), justify="right", overflow="fold")
    for entry in entries:
        told = entry["sizes"] | entry["choices"]
        cells = ["–" if entry["nothing"] or key not in told else value_label(parts[key], told[key]) for key in keys]
        cost = f"{entry['total_cost_jpy'] / MILLION:,.2f}"
        table.add_row(*cells, cost, *(_cell(entry.get(column)) for column in SHOWN))
    return table


def _cell(value: float | None) -> str:
    if value is None:
        return text("report.size_never")
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:,.4g}"


def _members(found: dict[str, Any]) -> Any:
    from rich.table import Table

    from ysc_sim.report.size_page import MEMBER

    table = Table(title=text("report.size_members"), title_justify="left")
    table.add_column(text("columns.building"))
    for key in MEMBER:
        table.add_column(text(f"report.size_{key}"), justify="right")
    table.add_column(text("report.size_stays_out"))
    for entry in found["members"]:
        out = text("report.size_out") if entry["stays_out"] else text("report.size_in")
        table.add_row(str(entry["member"]), *(f"{entry[key]:,.0f}" for key in MEMBER), out)
    return table
