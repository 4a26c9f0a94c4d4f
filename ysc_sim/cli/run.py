"""``ysc demo``, ``ysc run``, ``ysc report``: simulate, store, show."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ysc_sim.errors import Problem, ScenarioError
from ysc_sim.words import harmless, language, problem_line, text

if TYPE_CHECKING:
    from ysc_sim.results import Results
    from ysc_sim.scenario import Scenario

SUMMARY = (
    "load_kwh",
    "served_kwh",
    "pv_kwh",
    "wind_kwh",
    "import_kwh",
    "export_kwh",
    "traded_kwh",
    "self_sufficiency_ratio",
    "peak_import_kw",
    "new_peak_kw",
    "bill_without_sharing_jpy",
    "bill_jpy",
    "saving_jpy",
    "min_voltage_pu",
    "max_voltage_pu",
    "voltage_violation_h",
    "max_line_loading_percent",
    "max_transformer_loading_percent",
    "loss_kwh",
    "outage_hours",
    "unserved_kwh_tier1",
    "unserved_kwh",
    "energy_residual_kwh",
    "money_residual_jpy",
)

PRICE_WARNINGS = ("price_outside_validity", "levy_outside_table", "contract_is_negotiated")
"""What a bill may be wrong by; a month that is covered in part stands on the page only."""
MOST_WARNINGS = 12
"""New peaks that are listed on a screen; the page lists more."""


def run_demo(out: Path | None, *, quiet: bool) -> None:
    """Simulate the shipped block."""
    run_file(
        scenarios_folder() / "yokohama_block.yaml", [], None, out or Path("demo-results"), report=True, quiet=quiet
    )


def scenarios_folder() -> Path:
    """``scenarios/`` inside an installed package, or beside it in a checkout."""
    package = Path(__file__).resolve().parent.parent
    installed = package / "scenarios"
    return installed if installed.is_dir() else package.parent / "scenarios"


def run_file(
    file: Path,
    settings: list[str],
    seed: int | None,
    out: Path | None,
    *,
    report: bool,
    quiet: bool,
    stages: bool = False,
    investment: bool = True,
) -> None:
    """Load, simulate, store; show a summary and where the page is. ``stages``: what each step of the scenario saves;
    ``investment``: what devices that name prices are worth.
    """
    from ysc_sim.scenario import load_scenario

    scenario = load_scenario(file, overrides=parse_settings(settings, seed))
    for warning in scenario.warnings:
        print(problem_line(warning), file=sys.stderr)
    target = out or Path("results") / file.stem
    from ysc_sim.results.files import check_target

    check_target(target)
    results = _simulate(scenario, quiet=quiet)
    if stages:
        results.studies["stages"] = _stages(scenario, results, quiet=quiet)
    if investment:
        _invest(scenario, results)
    if any(building.strategy.kind == "demand_response" for building in scenario.buildings):
        results.studies["demand_response"] = _settled_events(scenario, results)
    if held := _held_targets(scenario, results):
        results.studies["held_targets"] = held
    if split := _who_gains(scenario, results):
        results.studies["who_gains"] = split
    html = None
    if report:
        from ysc_sim.report import build_report

        html = build_report(results, language())
    results.save(target, report_html=html)
    if not quiet:
        show_summary(results)
    print(target / "report.html" if report else target)


def parse_settings(settings: list[str], seed: int | None) -> dict[str, Any]:
    """``KEY=VALUE`` words as overrides; values are read as YAML scalars by the loader. Raises ``ScenarioError``."""
    overrides: dict[str, Any] = {}
    wrong = []
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not equals or not key.strip():
            wrong.append(Problem("not_key_value", {"value": setting}))
        overrides[key.strip()] = value
    if wrong:
        raise ScenarioError(wrong)
    if seed is not None:
        overrides["seed"] = str(seed)
    return overrides


def _simulate(scenario: Scenario, *, quiet: bool) -> Results:
    """Run with a bar on standard error, where that is a terminal."""
    from ysc_sim.engine.simulate import run

    return run(scenario, progress=not quiet and sys.stderr.isatty())


def _settled_events(scenario: Scenario, results: Results) -> list[dict[str, Any]]:
    """Each event against its award, from the meters; none where no course of time is kept."""
    from ysc_sim.study.demand_response import settled

    return [] if results.arrays is None else settled(scenario, results.arrays)


def _held_targets(scenario: Scenario, results: Results) -> list[dict[str, Any]]:
    """Whether the scenario's targets held, from the meters; none where no course of time is kept."""
    from ysc_sim.study.held_targets import held_targets

    return [] if results.arrays is None else held_targets(scenario, results.arrays)


def _invest(scenario: Scenario, results: Results) -> None:
    """Put the cash flow of the devices that name prices beside the run."""
    from ysc_sim.study.invested import STUDY, investment_of

    if (found := investment_of(scenario)) is not None:
        results.studies[STUDY] = found


def _who_gains(scenario: Scenario, results: Results) -> dict[str, Any] | None:
    """The saving of one contract, split; nothing where there is none, or no meters are kept."""
    from ysc_sim.study.who_gains import who_gains

    return None if results.arrays is None else who_gains(scenario, results.arrays)


def _stages(scenario: Scenario, results: Results, *, quiet: bool) -> list[dict[str, Any]]:
    """The runs before this one, with less in them."""
    from ysc_sim.engine.simulate import progress_bar
    from ysc_sim.study.stages import stages_of

    if quiet or not sys.stderr.isatty():
        return stages_of(scenario, results)
    with progress_bar(text("cli.stages_running")) as told:
        return stages_of(scenario, results, told)


def show_summary(results: Results) -> None:
    """The table that ends a run: what most want to know, and the residuals."""
    from rich.console import Console
    from rich.table import Table

    from ysc_sim.words import in_language, metric_label

    table = Table(title=in_language(results.manifest["scenario"], "name") or None, title_justify="left")
    table.add_column(text("cli.quantity"))
    table.add_column(text("cli.value"), justify="right")
    table.add_column(text("cli.unit"))
    community, units = results.metrics["community"], results.metrics["units"]
    for name in SUMMARY:
        if name in community:
            table.add_row(metric_label(name), format_number(community[name]), units[name])
    Console().print(table)
    for line in (*investment_lines(results), *new_peak_lines(results), *price_lines(results)):
        print(line)


def investment_lines(results: Results) -> list[str]:
    """Whether the devices that name prices pay back, and why that is a rough estimate."""
    from ysc_sim.report.investment_part import investment_in
    from ysc_sim.study.size_summary import sentence_values

    found = investment_in(results.studies)
    if found is None:
        return []
    lines = [
        text(f"report.{reason['key']}").format_map(sentence_values(reason["values"], language()))
        for reason in found["reasons"]
    ]
    if found["rough"]:
        reasons = ["- " + problem_line(Problem(reason["key"], reason["values"])) for reason in found["rough"]]
        lines = [text("cli.bill_rough"), *reasons, *lines]
    return lines


def new_peak_lines(results: Results) -> list[str]:
    """A warning for each month and meter in which control made a higher peak than there would have been."""
    from ysc_sim.report.new_peaks import new_peaks_of

    found = new_peaks_of(results.manifest)
    lines = []
    for note in found[:MOST_WARNINGS]:
        who = harmless(note["building"]) if note["building"] else text("cli.new_peak_together")
        values = {key: format_number(float(note[key])) for key in ("kw", "rows", "of")}
        values |= {"who": who, "month": harmless(note["month"]), "without": format_number(float(note["without_kw"]))}
        lines.append(text("cli.new_peak_rows" if note["of"] > 1 else "cli.new_peak").format(**values))
    if len(found) > MOST_WARNINGS:
        lines.append(text("cli.new_peaks_more").format(count=len(found) - MOST_WARNINGS))
    return lines


def price_lines(results: Results) -> list[str]:
    """A warning where prices are used past their date, or a contract is none of the plan's."""
    from ysc_sim.report.bill_notes import bill_warnings_of

    found = [note for note in bill_warnings_of(results.manifest) if note["key"] in PRICE_WARNINGS]
    values = [{key: value for key, value in note.items() if key != "key"} for note in found[:MOST_WARNINGS]]
    return [
        problem_line(Problem(note["key"], said, severity="warning")) for note, said in zip(found, values, strict=False)
    ]


def format_number(value: float) -> str:
    """Digits that a reader can use: whole above 1,000, three significant below, and tiny ones as a power of ten.

    >>> format_number(12345.6), format_number(0.4567), format_number(3.2e-12), format_number(0.0)
    ('12,346', '0.457', '3.2e-12', '0')
    """
    if value == 0:
        return "0"
    if abs(value) < 1e-3:
        return f"{value:.1e}"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:,.4g}" if abs(value) >= 1 else f"{value:.3g}"


def rebuild_report(folder: Path, *, a4: bool = False, member: str | None = None) -> None:
    """Write the page anew from what is stored; or the sheet of A4, or the page of one member."""
    from ysc_sim.report import write_member_page, write_report, write_sheet
    from ysc_sim.results import load_results

    results = load_results(folder)
    if member is not None:
        print(write_member_page(results, folder, member, language()))
    if a4:
        print(write_sheet(results, folder, language()))
    if not a4 and member is None:
        print(write_report(results, folder, language()))
