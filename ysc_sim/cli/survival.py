"""``ysc survival``: how long the buildings live when the grid fails, from every start."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ysc_sim.errors import Problem, ScenarioError
from ysc_sim.words import in_language, language, problem_line, text

if TYPE_CHECKING:
    from ysc_sim.scenario import Scenario
    from ysc_sim.study.frontier import Frontier
    from ysc_sim.study.survival import Survival

MOST_DRAWS = 10_000
FIRST_H = 24.0
"""No outage in the first day: stores there are as the file says."""
MOST_CELLS = 12
"""Cells shown on a screen; the files hold all."""


class Asked(NamedTuple):
    """What is wanted beside hours and shares."""

    sizes: str | None = None
    price: bool = False
    gap: int = 0
    promise: int = 0
    """Outages on the full engine; 0: none."""


def survival_file(
    file: Path, lengths: str, settings: list[str], out: Path | None, *, into: Path | None, asked: Asked, quiet: bool
) -> None:
    """Answer every start of a scenario, store the answers (``into``: beside a run of it), show the shares."""
    from ysc_sim.cli.run import parse_settings
    from ysc_sim.report.survival_page import survival_page
    from ysc_sim.results.files import check_target
    from ysc_sim.scenario import load_scenario
    from ysc_sim.study.survival import by_size, survive
    from ysc_sim.study.survival_study import check_run

    promised = parse_numbers(lengths, "hours_wrong", 8784)
    factors = parse_numbers(asked.sizes, "sizes_wrong", 1e6) if asked.sizes else []
    scenario = load_scenario(file, overrides=parse_settings(settings, None))
    for warning in scenario.warnings:
        print(problem_line(warning), file=sys.stderr)
    target = out or (None if into else Path("results") / f"{file.stem}-survival")
    if target is not None:
        check_target(target)
    if into is not None:
        check_run(into, scenario)
    found = survive(scenario, promised)
    frontier = _frontier(scenario, promised, quiet=quiet) if asked.price else None
    more: dict[str, Any] = {} if frontier is None else {"price_of_an_hour": frontier.table()}
    larger = by_size(found, factors)
    if larger:
        more["by_size"] = larger
    more |= _on_the_engine(scenario, promised, asked)
    if target is not None:
        page = survival_page(found, frontier, language(), larger, more.get("optimism_gap"), more.get("promise"))
        found.save(target, page=page, more=more)
    if into is not None:
        _add_to(into, found, more)
    if not quiet:
        show_survival(found)
    for folder in filter(None, (target, into)):
        print(folder / "report.html")


def _add_to(folder: Path, found: Survival, more: dict[str, Any]) -> None:
    """The run again, with survival beside it and on its page."""
    from ysc_sim.report import build_report
    from ysc_sim.study.survival_study import with_survival

    results = with_survival(folder, found, more)
    results.save(folder, report_html=build_report(results, language()))


def _on_the_engine(scenario: Scenario, promised: list[float], asked: Asked) -> dict[str, Any]:
    """What needs random outages on the full engine."""
    found = {}
    if asked.gap:
        found["optimism_gap"] = _gap(scenario, promised, asked.gap)
    if asked.promise:
        found["promise"] = _promise(scenario, promised, asked.promise)
    return found


def _gap(scenario: Scenario, promised: list[float], draws: int) -> dict[str, Any]:
    """The gap for the longest of the lengths asked for that fits. Raises ``ScenarioError`` where none does."""
    from ysc_sim.study.optimism import optimism_gap

    longest = _longest(scenario, promised, draws, "gap_wrong")
    return optimism_gap(scenario, outage_h=longest, draws=draws, first_h=FIRST_H).summary()


def _promise(scenario: Scenario, promised: list[float], draws: int) -> dict[str, Any]:
    """The promise of the longest of the lengths asked for that fits. Raises ``ScenarioError`` where none does."""
    from ysc_sim.study.promise import promise_kept

    longest = _longest(scenario, promised, draws, "promise_wrong")
    return promise_kept(scenario, outage_h=longest, draws=draws, first_h=FIRST_H).summary()


def _longest(scenario: Scenario, promised: list[float], draws: int, problem: str) -> float:
    days = scenario.time.days or 0.0
    fitting = [length for length in promised if length + FIRST_H <= 24.0 * days]
    if not 1 <= draws <= MOST_DRAWS or not fitting:
        raise ScenarioError([Problem(problem, {"value": draws, "limit": MOST_DRAWS, "days": f"{days:g}"})])
    return max(fitting)


def _frontier(scenario: Scenario, promised: list[float], *, quiet: bool) -> Frontier:
    from ysc_sim.engine.simulate import progress_bar
    from ysc_sim.study.frontier import price_of_an_hour
    from ysc_sim.study.outage_damage import Damage

    lengths = sorted({*(promised), *(share * max(promised) for share in (0.125, 0.25, 0.5))})
    damage = Damage(outage_h=min(promised))
    if quiet or not sys.stderr.isatty():
        return price_of_an_hour(scenario, promised_h=lengths, damage=damage)
    with progress_bar(text("cli.simulating")) as told:
        return price_of_an_hour(scenario, promised_h=lengths, damage=damage, progress=told)


def parse_numbers(words: str, problem: str, most: float) -> list[float]:
    """``24,72`` as numbers. Raises ``ScenarioError`` where one is none, or not above 0, or above ``most``.

    >>> parse_numbers("24, 72", "hours_wrong", 8784)
    [24.0, 72.0]
    """
    found, wrong = [], []
    for word in words.split(","):
        try:
            number = float(word)
        except ValueError:
            number = 0.0
        if 0 < number <= most:
            found.append(number)
        else:
            wrong.append(Problem(problem, {"value": word.strip()}))
    if wrong:
        raise ScenarioError(wrong)
    return found


def show_survival(found: Survival) -> None:
    """A line for each cell and number of tiers kept."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title=in_language(found.scenario, "name") or None, title_justify="left", caption_justify="left")
    table.add_column(text("cli.survival_cell"), no_wrap=True)
    for head in ("survival_tiers", "survival_mean", "survival_min"):
        table.add_column(text(f"cli.{head}"), justify="right")
    for promised in found.promised_h:
        table.add_column(text("cli.survival_share").format(hours=f"{promised:g}"), justify="right")
        table.add_column(text("cli.survival_share_full").format(hours=f"{promised:g}"), justify="right")
    for entry in found.summary()[: 4 * MOST_CELLS]:
        line = [entry["cell"], "1" if entry["tiers"] == 1 else f"1–{entry['tiers']}"]
        line += [f"{entry['survived_h_mean']:.1f}", f"{entry['survived_h_min']:.1f}"]
        for promised in found.promised_h:
            line.append(f"{entry[f'survives_{promised:g}h_ratio']:.1%}")
            line.append(f"{entry[f'survives_full_{promised:g}h_ratio']:.1%}")
        table.add_row(*line)
    if found.left_out:
        table.caption = text("cli.survival_left_out").format(kinds=", ".join(found.left_out))
    Console().print(table)
