"""``ysc init``: a commented starter scenario in a new folder, as YAML or as an Excel workbook to be filled in."""

from __future__ import annotations

from pathlib import Path

from ysc_sim.errors import ResultError
from ysc_sim.scenario.starters import starter_line, starter_names, starter_text
from ysc_sim.words import language, text


def list_templates() -> None:
    """One line a template: its name and what it is."""
    width = max(len(name) for name in starter_names()) + 2
    for name in starter_names():
        print(f"{name:{width}}{starter_line(name, language())}")


def write_template(folder: Path, name: str, *, excel: bool = False) -> None:
    """Write a template as ``scenario.yaml`` or ``scenario.xlsx``; nothing that exists is overwritten.

    Raises ``ResultError``.
    """
    said = starter_text(name, language())
    target = folder / ("scenario.xlsx" if excel else "scenario.yaml")
    if target.exists():
        raise ResultError("exists_already", path=str(target))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if excel:
            _write_workbook(target, said)
        else:
            target.write_bytes(said.encode())
    except OSError as error:
        raise ResultError("cannot_write", path=str(target), reason=error.strerror or str(error)) from None
    print(target)
    print(text("cli.init_next").format(path=target))


def _write_workbook(target: Path, said: str) -> None:
    from ysc_sim.documents import parse_yaml
    from ysc_sim.scenario.book import write_book
    from ysc_sim.study.plain_csv import write_whole

    data = parse_yaml(said, target.name).data
    write_whole(target, lambda beside: write_book(beside, data, language(), called=target.name))
