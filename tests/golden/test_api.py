"""What others rely on, as it is: names, signatures, commands, fields, columns, metrics. A change of it is seen here.

After a change that is meant: ``python tests/golden/test_api.py``, and a line in CHANGELOG.md (docs/stability.md says
what each kind of change means for the version).
"""

import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

EXPECTED = Path(__file__).with_name("api.txt")
MODULES = (
    "ysc_sim",
    "ysc_sim.powerflow",
    "ysc_sim.resilience",
    "ysc_sim.billing",
    "ysc_sim.markets",
    "ysc_sim.adapters.pandapower",
    "ysc_sim.contracts",
)


def api() -> str:
    """One line for every name that is promised."""
    return "\n".join([*_python(), *_commands(), *_scenario(), *_tables(), *_plugins()]) + "\n"


def _python() -> Iterator[str]:
    for module in MODULES:
        found = importlib.import_module(module)
        for name in sorted(found.__all__):
            yield from _named(f"{module}.{name}", getattr(found, name))


def _named(name: str, thing: Any) -> Iterator[str]:
    yield f"{name}{_signature(thing)}"
    if inspect.isclass(thing):
        for part, member in sorted(vars(thing).items()):
            if not part.startswith("_") and part not in ("mro", "model_config"):
                kind = inspect.unwrap(member.__func__) if isinstance(member, (classmethod, staticmethod)) else member
                yield f"{name}.{part}{_signature(kind)}"


def _signature(thing: Any) -> str:
    """Parameters and their defaults; no types, which say the same in many ways, and no addresses."""
    if not callable(thing):
        return ""
    try:
        parameters = inspect.signature(thing).parameters.values()
    except (ValueError, TypeError):
        return "(…)"
    plain = [parameter.replace(annotation=inspect.Parameter.empty) for parameter in parameters]
    return re.sub(r" at 0x[0-9a-f]+", "", str(inspect.Signature(plain)))


def _commands() -> Iterator[str]:
    from typer.main import get_command

    from ysc_sim.cli.commands import app

    group = get_command(app)
    for name, command in sorted(getattr(group, "commands").items()):  # noqa: B009 - typer hides the type
        words = [
            parameter.opts[0] if parameter.opts[0].startswith("-") else parameter.opts[0].upper()
            for parameter in command.params
        ]
        yield f"ysc {name} {' '.join(words)}"


def _scenario() -> Iterator[str]:
    from ysc_sim.scenario import json_schema

    schema = json_schema()
    definitions = schema.get("$defs", {})
    for title, part in sorted([("scenario", schema), *definitions.items()]):
        required = set(part.get("required", ()))
        for field in sorted(part.get("properties", {})):
            yield f"field {title}.{field}{' (required)' if field in required else ''}"


def _tables() -> Iterator[str]:
    from ysc_sim.results import columns

    for table, names in sorted(vars(columns).items()):
        if table.endswith("_COLUMNS") and table != "TIER_COLUMNS":
            for column in names:
                yield f"column {table.removesuffix('_COLUMNS').lower()}.{column.name} {column.unit}"


def _plugins() -> Iterator[str]:
    from ysc_sim.plugins import plugin, registry

    for group in ("devices", "strategies", "forecasts", "bidders", "markets", "outages", "metrics"):
        for kind in sorted(registry(group)):
            yield f"plug-in {group}.{kind}"
    for kind in sorted(registry("metrics")):
        for name, info in sorted(plugin("metrics", kind)().defines.items()):
            yield f"metric {name} {info.unit}"


def test_nothing_that_others_rely_on_has_changed_unsaid() -> None:
    assert api().splitlines() == EXPECTED.read_text(encoding="utf-8").splitlines()


if __name__ == "__main__":
    EXPECTED.write_text(api(), encoding="utf-8")
