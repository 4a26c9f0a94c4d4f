"""``ysc sweep``: many runs of one scenario, resumable, on as many workers as there are."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ysc_sim.errors import Problem, ScenarioError
from ysc_sim.words import language, text

if TYPE_CHECKING:
    import pandas as pd

SHOWN = 20
"""Lines of the table on a screen; the files hold all."""
COLUMNS = ("bill_jpy", "peak_import_kw", "self_sufficiency_ratio", "unserved_kwh", "unserved_kwh_tier1")


def sweep_file(
    file: Path,
    vary: list[str],
    sample: str | None,
    settings: list[str],
    workers: int,
    cluster: str | None,
    out: Path | None,
    *,
    resume: bool,
    quiet: bool,
) -> None:
    """Check every point, run what is missing, write the table and its figure."""
    from ysc_sim.cli.run import parse_settings
    from ysc_sim.engine.simulate import progress_bar
    from ysc_sim.report.parallel import write_parallel
    from ysc_sim.scenario import load_scenario
    from ysc_sim.study.design import design, read_axes
    from ysc_sim.study.sweep import Sweep, run_sweep, units_in
    from ysc_sim.study.workers import executor

    axes = read_axes(vary)
    check_workers(workers)
    shared = parse_settings(settings, None)
    points = design(axes, sample, load_scenario(file, overrides=shared).seed)
    sweep = Sweep.of(file, points, shared)
    target = out or Path("results") / f"{file.stem}-sweep"
    with executor(workers, cluster) as (found, at_once):
        if not quiet and sys.stderr.isatty():
            with progress_bar(text("cli.simulating")) as told:
                table = run_sweep(sweep, target, resume=resume, executor=found, at_once=at_once, progress=told)
        else:
            table = run_sweep(sweep, target, resume=resume, executor=found, at_once=at_once)
    page = write_parallel(target / "sweep.html", table, list(points[0]), file.stem, language(), units_in(target))
    if not quiet:
        show_sweep(table, list(points[0]))
    print(page)


def check_workers(workers: int) -> None:
    """Raises ``ScenarioError`` for a number of workers that makes no sense here."""
    most = 4 * (os.cpu_count() or 1) + 16
    if not 1 <= workers <= most:
        raise ScenarioError([Problem("workers_wrong", {"value": workers, "limit": most})])


def show_sweep(table: pd.DataFrame, keys: list[str]) -> None:
    """The first points with the numbers that most want."""
    from rich.console import Console
    from rich.table import Table

    from ysc_sim.cli.run import format_number
    from ysc_sim.words import metric_label

    shown = [name for name in COLUMNS if name in table]
    drawn = Table()
    for key in keys:
        drawn.add_column(key)
    for name in shown:
        drawn.add_column(metric_label(name), justify="right")
    for _, line in table.head(SHOWN).iterrows():
        cells = [f"{line[key]:g}" if isinstance(line[key], float) else str(line[key]) for key in keys]
        drawn.add_row(*cells, *(format_number(line[name]) for name in shown))
    Console().print(drawn)
