"""``ysc import``: a file of another format → a clean table, and what was done to it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import typer

from ysc_sim.errors import Problem, ScenarioError
from ysc_sim.words import harmless, problem_line, text

if TYPE_CHECKING:
    from ysc_sim.timeseries.importers import Options, TimeTable


def import_to(kind: str, file: Path, out: Path, options: Options, *, quiet: bool) -> None:
    """Read, write, and tell; nothing is written where anything is wrong. Raises ``ScenarioError``."""
    from ysc_sim.timeseries.importers import import_file, write_table

    if out.exists() and file.exists() and out.samefile(file):
        raise ScenarioError([Problem("import_same_file", {"path": str(out)})])
    table = import_file(file, kind, options)
    write_table(table, out)
    for note in table.notes:
        print(problem_line(note), file=sys.stderr)
    if not quiet:
        show(table)
    print(out)


def options_of(
    unit: str, stamp: str, column: str, year: int | None, zone: str, fill_hours: float, step: int | None
) -> Options:
    """Options of the command line. Raises ``typer.BadParameter``."""
    from ysc_sim.timeseries.importers import Options
    from ysc_sim.timeseries.read import Stamp, Unit

    units = {name.lower(): name for name in get_args(Unit)}
    if unit.lower() not in units:
        raise typer.BadParameter(text("cli.wrong_unit").format(known=", ".join(units.values())))
    if stamp not in get_args(Stamp):
        raise typer.BadParameter(text("cli.wrong_stamp"))
    return Options(
        unit=units[unit.lower()],
        stamp=stamp,  # type: ignore[arg-type]
        column=column,
        year=year,
        zone=zone,
        fill_h=fill_hours,
        step_s=step,
    )


def show(table: TimeTable) -> None:
    """What was recognised, from when to when, and the size of the numbers, so that a slip of unit is seen."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from ysc_sim.cli.run import format_number

    grid = Table.grid(padding=(0, 2))
    grid.add_row(text("cli.table_kind"), table.kind)
    grid.add_row(text("cli.table_span"), f"{table.start.isoformat()}, {table.end.isoformat()}")
    grid.add_row(text("cli.table_step"), f"{table.step_s} s × {table.count}")
    if table.site.name:
        grid.add_row(text("cli.table_site"), escape(harmless(table.site.name)))
    numbers = Table()
    for name in ("column", "mean", "least", "most"):
        numbers.add_column(text(f"cli.table_{name}"), justify="left" if name == "column" else "right")
    for name, values in table.columns.items():
        sizes = (format_number(float(v)) for v in (values.mean(), values.min(), values.max()))
        numbers.add_row(escape(harmless(name)), *sizes)
    console = Console()
    console.print(grid)
    console.print(numbers)
