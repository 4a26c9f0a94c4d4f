"""``ysc compare``: scenarios, result folders or variants of one scenario, held against the first."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ysc_sim.errors import Problem, ScenarioError
from ysc_sim.words import LANGUAGES, harmless, label, language, metric_label, text

if TYPE_CHECKING:
    import pandas as pd

    from ysc_sim.results import Results
    from ysc_sim.scenario import Scenario
    from ysc_sim.study.comparison import Comparison, Difference

MOST_RUNS = 24
MOST_SHOWN = 12
"""Differing inputs that are listed on a screen; the page lists all."""


AS_WRITTEN = "file"
"""In a list of strategies: those that stand in the file."""
STRATEGY_KEY = "buildings.*.strategy.kind"


def compare_runs(
    sources: Sequence[Path],
    vary: Sequence[str],
    settings: Sequence[str],
    out: Path | None,
    *,
    strategies: str | None = None,
    quiet: bool,
) -> None:
    """Load or run everything, tell what differs, write the page. Raises ``YscError``."""
    if out is not None and out.suffix.lower() not in (".html", ".htm"):
        raise ScenarioError([Problem("import_ending", {"path": str(out), "known": ".html"})])
    variants: list[Scenario] = []
    names: list[str] | None
    if strategies is not None:
        variants, names = _strategies(sources, strategies, vary, settings)
    elif vary:
        variants, names = _variants(sources, vary, settings)
    results = [_run(variant, quiet) for variant in variants]
    if not variants:
        results, names = _sources(sources, settings, quiet)
    from ysc_sim.study.comparison import Comparison

    comparison = Comparison(results, names)
    if not quiet:
        _show_rules(comparison)
        for run in range(1, len(results)):
            _show(comparison, run)
        _show_inputs(comparison)
    found = None if strategies is None else _against_bound(variants, results, comparison.names)
    if found is not None and not quiet:
        _show_bound(found)
    if out is not None:
        from ysc_sim.report.comparison import write_comparison

        print(write_comparison(out, comparison, language(), found))


def _sources(sources: Sequence[Path], settings: Sequence[str], quiet: bool) -> tuple[list[Results], list[str] | None]:
    """Result folders as they are stored, scenarios as they run now. Raises ``YscError``."""
    from ysc_sim.results import load_results

    if not 2 <= len(sources) <= MOST_RUNS:
        raise ScenarioError([Problem("compare_count", {"count": len(sources), "limit": MOST_RUNS})])
    scenarios = {source: _scenario(source, settings) for source in sources if not source.is_dir()}
    results = [_run(scenarios[source], quiet) if source in scenarios else load_results(source) for source in sources]
    names = [str(result.manifest["scenario"]["name"]) for result in results]
    same = len(set(names)) < len(names)
    return results, [source.stem for source in sources] if same else names


def _strategies(
    sources: Sequence[Path], kinds: str, vary: Sequence[str], settings: Sequence[str]
) -> tuple[list[Scenario], list[str]]:
    """One scenario under each strategy, all buildings alike; or under those of the file. Raises ``YscError``."""
    listed = [kind.strip() for kind in kinds.split(",") if kind.strip()]
    if vary or len(sources) != 1 or sources[0].is_dir():
        raise ScenarioError([Problem("compare_strategies_one", {})])
    if not 2 <= len(listed) <= MOST_RUNS:
        raise ScenarioError([Problem("compare_count", {"count": len(listed), "limit": MOST_RUNS})])
    said = [[*settings] if kind == AS_WRITTEN else [*settings, f"{STRATEGY_KEY}={kind}"] for kind in listed]
    names = [text("cli.strategies_as_written") if kind == AS_WRITTEN else kind for kind in listed]
    return [_scenario(sources[0], words) for words in said], names


def _variants(
    sources: Sequence[Path], vary: Sequence[str], settings: Sequence[str]
) -> tuple[list[Scenario], list[str]]:
    """One scenario with each value, or each combination of values. Raises ``YscError``."""
    from ysc_sim.study.design import design, read_axes

    if len(sources) != 1 or sources[0].is_dir():
        raise ScenarioError([Problem("compare_vary_one", {"count": len(sources)})])
    points = design(read_axes(vary), None, 0)
    if not 2 <= len(points) <= MOST_RUNS:
        raise ScenarioError([Problem("compare_count", {"count": len(points), "limit": MOST_RUNS})])
    shared = [word for word in settings if word.partition("=")[0].strip() not in points[0]]
    scenarios = [_scenario(sources[0], [*shared, *(f"{k}={v}" for k, v in point.items())]) for point in points]
    names = [", ".join(f"{key.rpartition('.')[2]}={value}" for key, value in point.items()) for point in points]
    return scenarios, names


def _scenario(source: Path, settings: Sequence[str]) -> Scenario:
    from ysc_sim.cli.run import parse_settings
    from ysc_sim.scenario import load_scenario

    return load_scenario(source, overrides=parse_settings(list(settings), None))


def _run(scenario: Scenario, quiet: bool) -> Results:
    from ysc_sim.engine.simulate import run

    return run(scenario, progress=not quiet and sys.stderr.isatty())


def _show_rules(comparison: Comparison) -> None:
    """Rules of sharing side by side, where two of the runs traded."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from ysc_sim.report.mechanisms import mechanisms_lines

    found = mechanisms_lines(comparison.results)
    if found is None:
        return
    heads, lines = found
    grid = Table(title=text("report.mechanisms"), title_justify="left", padding=0)  # whole words on 80 columns
    grid.add_column(text("report.mechanisms_rule"), no_wrap=True)
    for head in heads:
        grid.add_column(escape(head[LANGUAGES.index(language())]), justify="right", overflow="fold")
    for name, line in zip(comparison.names, lines, strict=True):
        grid.add_row(escape(harmless(name.removeprefix("kind="), 24)), *line)
    Console().print(grid)


def _show(comparison: Comparison, run: int) -> None:
    """The verdict, and a table of the main numbers where one differs."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from ysc_sim.report.comparison import all_equal, pairing_label, verdict_labels

    found = comparison.verdict(run)
    names = {"name": comparison.names[run], "baseline": comparison.names[0]}
    title = text("report.compare_against").format(**{key: harmless(value) for key, value in names.items()})
    grid = Table(title=escape(title), title_justify="left")
    grid.add_column(text("report.number"))
    for head in (names["baseline"], names["name"]):
        grid.add_column(escape(harmless(head, 24)), justify="right")
    for key in ("compare_difference", "compare_percent", "compare_interval"):
        grid.add_column(text(f"report.{key}"), justify="right")
    grid.add_column(text("report.compare_outcome"))
    for difference in found:
        grid.add_row(*_cells(difference))
    if all_equal(found):
        print(title)
    else:
        Console().print(grid)
    now = LANGUAGES.index(language())
    for said in (*verdict_labels(found), pairing_label(comparison, run)):
        print(said[now])


def _cells(difference: Difference) -> list[str]:
    from ysc_sim.cli.run import format_number

    unit = label("units", difference.unit)
    title = metric_label(difference.metric) + ("" if difference.unit == "1" else f" ({unit})")
    equal = difference.outcome.value == "equal"
    percent = "" if difference.percent is None or equal else f"{difference.percent:+.1f}"
    interval = ""
    if difference.interval is not None and not equal:
        low, high = (format_number(end) for end in difference.interval)
        interval = text("report.compare_from_to").format(low=low, high=high, rows=difference.rows)
    change = 0.0 if equal else difference.difference
    numbers = [format_number(value) for value in (difference.base, difference.value, change)]
    return [title, *numbers, percent, interval, text(f"report.outcome_{difference.outcome.value}")]


def _show_inputs(comparison: Comparison) -> None:
    """What differs in the scenarios."""
    if not comparison.inputs:
        print(text("report.compare_no_inputs"))
        return
    print(text("report.compare_inputs") + ":")
    for difference in comparison.inputs[:MOST_SHOWN]:
        print(f"  {harmless(difference.key, 120)}: " + " | ".join(harmless(value, 40) for value in difference.values))
    left = len(comparison.inputs) - MOST_SHOWN
    if left > 0:
        print("  " + text("report.compare_more").format(count=left))


def _against_bound(variants: Sequence[Scenario], results: Sequence[Results], names: Sequence[str]) -> pd.DataFrame:
    """Total cost of each strategy, new peaks, and how far it is from perfect foresight."""
    from ysc_sim.study.strategies import against_bound

    runs = {
        name: (variant, result.arrays)
        for name, variant, result in zip(names, variants, results, strict=True)
        if result.arrays is not None
    }
    return against_bound(variants[0], runs)


def _show_bound(found: pd.DataFrame) -> None:
    """The table of costs; why there is no bound, where there is none; who made a new peak."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from ysc_sim.cli.run import format_number
    from ysc_sim.report.strategies_part import new_peak_labels, strategy_label

    now = LANGUAGES.index(language())
    grid = Table(title=text("cli.bound_title"), title_justify="left")
    grid.add_column(text("cli.strategy"))
    for key in ("bound_peak", "bound_total", "bound_gap", "bound_percent", "bound_new_peaks"):
        grid.add_column(text(f"cli.{key}"), justify="right")
    for name, line in found.iterrows():
        shown = strategy_label(str(name))[now]
        cells = [line[key] for key in ("peak_import_kw", "total_jpy", "gap_jpy", "gap_percent", "new_peaks")]
        grid.add_row(escape(harmless(shown, 40)), *("" if cell != cell else format_number(cell) for cell in cells))
    Console().print(grid)
    print(text("cli.bound_note"))
    for warning in new_peak_labels(found):
        print(f"⚠ {warning[now]}")
    if why := found.attrs["no_bound"]:
        print(f"{text('cli.bound_not_known')} {why}", file=sys.stderr)
