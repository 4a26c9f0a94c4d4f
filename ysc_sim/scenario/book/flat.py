"""A scenario's plain data as items and lines of tables: the way back from a tree to sheets."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ysc_sim.scenario.book.layout import OFFERED, SETTINGS, TABLES, choice_label, settings_sheet
from ysc_sim.scenario.book.values import MOMENTS, choices_at, hint_at, wanted
from ysc_sim.scenario.messages import walk
from ysc_sim.scenario.tree import Path_

ISO = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?")


@dataclass
class Flat:
    """What the sheets say: item → value, and for each table its columns and lines."""

    settings: dict[str, dict[str, Any]] = field(default_factory=dict)
    tables: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def columns(self, table: str) -> list[str]:
        """Columns of a new workbook, then those that only this scenario needs; the note stays last."""
        shown = [name for name in TABLES[table].columns if name != "note"]
        used = (name for line in self.tables[table] for name in line)
        return [*dict.fromkeys((*shown, *used)), "note"]


def flat(data: Mapping[str, Any], lang: str) -> Flat:
    """The plain data of one file (a document's, not completed) as sheets; choices in the words of a language."""
    result = Flat({key: dict.fromkeys(names) for key, names in SETTINGS.items()}, {key: [] for key in OFFERED})
    for key, value in data.items():
        if key == "format":
            continue
        if key in TABLES and isinstance(value, list):
            result.tables[key] = [_line(data, (key, number), lang) for number in range(len(value))]
        else:
            for path, inner in _leaves(data, (key,), value):
                name = ".".join(map(str, path))
                result.settings[settings_sheet(name)][name] = cell_value(data, path, inner, lang)
    for number, building in enumerate(data.get("buildings", [])):
        for device in range(len(building.get("devices", []))):
            line = _line(data, ("buildings", number, "devices", device), lang)
            result.tables["devices"].append({"building": building["id"], **line})
    return result


def _line(data: Any, path: Path_, lang: str) -> dict[str, Any]:
    item: Any = data
    for part in path:
        item = item[part]
    found: dict[str, Any] = {}
    for key, value in item.items():
        if not (len(path) == 2 and path[0] == "buildings" and key == "devices"):
            for leaf, inner in _leaves(data, (*path, key), value):
                found[".".join(map(str, leaf[len(path) :]))] = cell_value(data, leaf, inner, lang)
    return found


def _leaves(data: Any, path: Path_, value: Any) -> Iterator[tuple[Path_, Any]]:
    """Values with their paths; maps whose keys are no fields stay whole."""
    if isinstance(value, dict) and value and walk(data, path)[0] is not None:
        for key, inner in value.items():
            yield from _leaves(data, (*path, key), inner)
    else:
        yield path, value


def cell_value(data: Any, path: Path_, value: Any, lang: str) -> Any:
    """What a cell holds for a value: a date as one, a list with commas, a map in YAML's short form."""
    if isinstance(value, list) and not any(_needs_brackets(item) for item in value) and value:
        return ", ".join(str(item) for item in value)
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, str):
        if path[-1] in MOMENTS and ISO.fullmatch(value):
            return datetime.fromisoformat(value)
        group, names = choices_at(data, path) if "text" in wanted(hint_at(data, path)) else ("", ())
        return choice_label(group, value, lang) if lang != "en" and value in names else value
    return value


def _needs_brackets(item: Any) -> bool:
    return not isinstance(item, int | float | str) or (
        isinstance(item, str) and not re.fullmatch(r"[^\s,、;，；\[{]+", item)
    )
