"""``ysc plugins``: what is installed, and where it comes from."""

from __future__ import annotations

from ysc_sim.words import text


def list_plugins() -> None:
    """A table of every plug-in of every group."""
    from rich.console import Console
    from rich.table import Table

    from ysc_sim.plugins import catalogue

    table = Table()
    for column in ("group", "kind", "distribution", "meaning"):
        table.add_column(text(f"cli.plugins_{column}"))
    for entry in catalogue():
        table.add_row(entry.group, entry.kind, entry.distribution, entry.summary)
    Console().print(table)
