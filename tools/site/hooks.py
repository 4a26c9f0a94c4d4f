"""Pages of the manual that are made from the code: fields of a scenario, kinds, columns, metrics, commands, words.

``mkdocs.yml`` names this file under ``hooks``. A line ``<!-- generated: NAME -->`` of a page is replaced by the table
NAME, so that what stands in the manual is what the program does.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from ysc_sim import words
from ysc_sim.plugins import registry
from ysc_sim.results import columns
from ysc_sim.scenario.json_schema import field_docs
from ysc_sim.scenario.kinds import Choice, choice_of, spec_of
from ysc_sim.scenario.messages import classes_in, hints_of, unit_of
from ysc_sim.scenario.schema import Declared
from ysc_sim.scenario.starters import starter_line, starter_names

words.set_language("en")  # the command line takes its words when it is imported
MARK = re.compile(r"^<!-- generated: ([a-z-]+) -->$", re.MULTILINE)
GROUPS = ("devices", "strategies", "forecasts", "markets", "bidders", "outages")


def on_page_markdown(markdown: str, **_: Any) -> str:
    """mkdocs asks this for every page."""
    return MARK.sub(lambda mark: PARTS[mark[1]](), markdown)


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of Markdown; what would end a cell is written out."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines) + "\n"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def fields_of(cls: Any, *, without: Sequence[str] = ()) -> list[list[str]]:
    """Name, unit, default and meaning of each field of a dataclass, with its Japanese label where it has one."""
    docs, hints = field_docs(cls), hints_of(cls)
    return [
        [f"`{field.name}`", unit_of(hints[field.name]), _default(field), docs.get(field.name, "")]
        for field in dataclasses.fields(cls)
        if field.name not in without
    ]


def _default(field: dataclasses.Field[Any]) -> str:
    if field.default is not dataclasses.MISSING:
        value = field.default
    elif field.default_factory is not dataclasses.MISSING:
        value = field.default_factory()
    else:
        return "**needed**"
    if isinstance(value, Choice):
        return f"`{value.kind}`"
    if value is None or dataclasses.is_dataclass(value) or value in ((), {}, ""):
        return ""
    return f"`{list(value) if isinstance(value, tuple) else value}`"


def scenario() -> str:
    """Every map of a scenario file with its fields, from the outermost inwards."""
    parts: list[str] = []
    waiting: list[tuple[str, Any]] = [("", Declared)]
    told: set[Any] = set()
    while waiting:
        path, cls = waiting.pop(0)
        if cls in told or issubclass(cls, Choice):
            continue
        told.add(cls)
        parts.append(f"## {path or 'A scenario'}\n\n{_first_line(cls)}\n\n{table(HEADS, fields_of(cls))}")
        for name, hint in hints_of(cls).items():
            waiting += [(f"{path}.{name}".strip("."), held) for held in classes_in(hint)]
    return "\n".join(parts)


HEADS = ("field", "unit", "default", "meaning")


def _first_line(cls: Any) -> str:
    return (inspect.getdoc(cls) or "").partition("\n\n")[0]


def kinds() -> str:
    """Every kind of every group with the fields of its ``Spec``."""
    parts: list[str] = []
    for group in GROUPS:
        parts.append(f"## {group.capitalize()}\n")
        for kind in sorted(registry(group)):
            spec, into = spec_of(group, kind), choice_of(group, kind)
            label = words.label("choices", f"{group}.{kind}", "ja")
            japanese = "" if label == f"{group}.{kind}" else f" · {label}"
            rows = [*fields_of(into, without=("kind", "spec")), *fields_of(spec)]
            says = table(HEADS, rows) if rows else "*Nothing to say.*\n"
            parts.append(f"### `{kind}`{japanese}\n\n{_first_line(spec)}\n\n{says}")
    return "\n".join(parts)


def result_columns() -> str:
    """Every column of every table of a result folder."""
    tables = [(name, value) for name, value in vars(columns).items() if name == "KEYS" or name.endswith("_COLUMNS")]
    parts = []
    for name, found in tables:
        if name == "TIER_COLUMNS":
            continue
        title = "keys" if name == "KEYS" else name.removesuffix("_COLUMNS").lower()
        rows = [[f"`{c.name}`", c.unit, c.meaning, words.metric_label(c.name, "ja")] for c in found]
        parts.append(f"### {title}\n\n{table(('column', 'unit', 'meaning', '日本語'), rows)}")
    return "\n".join(parts)


def metrics() -> str:
    """Every metric of ``metrics.json``: what it is called, which direction is better, what it means."""
    rows = []
    for metric in registry("metrics").values():
        for name, info in vars(metric).get("defines", {}).items():
            better = {1: "more", -1: "less"}.get(int(info.better), "–")
            names = [words.metric_label(name, lang) for lang in words.LANGUAGES]
            rows.append([f"`{name}`", str(info.unit), names[0], names[1], better, words.label("meanings", name, "en")])
    return table(("metric", "unit", "name", "日本語", "better", "meaning"), sorted(rows))


def commands() -> str:
    """Every command of ``ysc`` with its options."""
    from typer.main import get_command

    from ysc_sim.cli.commands import app

    parts = []
    for name, command in sorted(get_command(app).commands.items()):  # type: ignore[attr-defined]
        rows = []
        for parameter in command.params:
            is_option = parameter.param_type_name == "option"
            said = "/".join(parameter.opts) if is_option else (parameter.metavar or parameter.name.upper())
            rows.append([f"`{said}`", getattr(parameter, "help", "") or ""])
        parts.append(f"### `ysc {name}`\n\n{command.help}\n\n{table(('argument or option', 'meaning'), rows)}")
    return "\n".join(parts)


def starters() -> str:
    """The starter scenarios of ``ysc init``."""
    rows = [
        [f"`{name}`", words.label("choices", f"starter.{name}", "ja"), starter_line(name, "en")]
        for name in starter_names()
    ]
    return table(("template", "日本語名", "what it is"), rows)


def terms() -> str:
    """Words of the program in both languages, as the page and the screen show them."""
    parts = []
    for section, title in (
        ("metrics", "Numbers"), ("items", "Lines of a bill"), ("modes", "Modes"), ("causes", "Causes"),
        ("choices", "Kinds and choices"), ("fields", "Fields of a scenario"),
    ):  # fmt: skip
        english, japanese = (words.words_of(lang)[section] for lang in words.LANGUAGES)
        rows = [[f"`{key}`", str(english[key]), str(japanese[key])] for key in english if not key.startswith("_")]
        parts.append(f"### {title}\n\n{table(('in files', 'English', '日本語'), rows)}")
    return "\n".join(parts)


def first_lines() -> str:
    """Notebooks with their first heading."""
    import json

    rows = []
    for path in sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb")):
        heading = "".join(json.loads(path.read_text(encoding="utf-8"))["cells"][0]["source"]).partition("\n")[0]
        rows.append([f"`notebooks/{path.name}`", heading.lstrip("# ")])
    return table(("notebook", "what it does"), rows)


PARTS: dict[str, Callable[[], str]] = {
    "scenario": scenario,
    "kinds": kinds,
    "columns": result_columns,
    "metrics": metrics,
    "commands": commands,
    "starters": starters,
    "terms": terms,
    "notebooks": first_lines,
}
