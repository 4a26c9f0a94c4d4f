"""A scenario written out: every default, every id, nothing that is short or extended.

The text reads back as the equal scenario. Files that it names stay relative to the scenario's folder: read it
with ``parse_scenario(text, folder=...)``, or put it, with copies of those files under the same names, in a
folder of its own.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import Any

import yaml

from ysc_sim.scenario.kinds import Choice
from ysc_sim.scenario.schema import Declared, Scenario

BASE: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


class Writer(BASE):  # type: ignore[misc]
    """Quotes every text that YAML 1.1 or 1.2 could take for something else; writes no anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        """No anchors."""
        return True


def _text(writer: Any, text: str) -> Any:
    is_plain = PLAIN.fullmatch(text) and text.lower() not in (
        "y",
        "n",
        "yes",
        "no",
        "on",
        "off",
        "true",
        "false",
        "null",
    )
    return writer.represent_scalar("tag:yaml.org,2002:str", text, style=None if is_plain else '"')


Writer.add_representer(str, _text)


def resolved_yaml(scenario: Scenario) -> str:
    """The scenario as YAML, the same bytes for equal scenarios."""
    said = {field.name: getattr(scenario, field.name) for field in dataclasses.fields(Declared)}
    data = {key: plain(value) for key, value in said.items() if value is not None}
    return str(yaml.dump(data, Dumper=Writer, allow_unicode=True, sort_keys=False, width=120))


def plain(value: Any) -> Any:
    """Maps, lists, texts and numbers in the place of frozen data; what is None is left out."""
    if isinstance(value, Choice):
        beside = {f.name: getattr(value, f.name) for f in dataclasses.fields(value) if f.name not in ("kind", "spec")}
        spec = {f.name: getattr(value.spec, f.name) for f in dataclasses.fields(value.spec)}
        return {"kind": value.kind} | {k: plain(v) for k, v in (beside | spec).items() if v is not None}
    if dataclasses.is_dataclass(value):
        said = {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
        return {key: plain(item) for key, item in said.items() if item is not None}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    return value
