"""From what pydantic found to what people can read: the sentence, the place, the unit, the nearest name."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, get_args, get_type_hints

from ysc_sim.documents import suggest
from ysc_sim.errors import PluginError, Problem
from ysc_sim.scenario.extends import look_up, shown
from ysc_sim.scenario.investment import Bought
from ysc_sim.scenario.kinds import KIND_IF_NONE, Chooses, flat_class
from ysc_sim.scenario.network import kind_in
from ysc_sim.scenario.overrides import BESIDE_ID
from ysc_sim.scenario.schema import Declared
from ysc_sim.scenario.tree import Path_, Tree
from ysc_sim.units import Unit

if TYPE_CHECKING:
    from pydantic import ValidationError

MISSING = ("missing", "missing_keyword_only_argument")
WRONG_TYPES = {
    "float_type": "not_a_number",
    "int_type": "not_a_whole_number",
    "int_from_float": "not_a_whole_number",
    "bool_type": "not_true_or_false",
    "string_type": "not_text_value",
    "tuple_type": "not_a_list",
    "list_type": "not_a_list",
    "dict_type": "not_a_map",
    "mapping_type": "not_a_map",
    "dataclass_type": "not_a_map",
    "union_tag_not_found": "not_a_map",
}
BOUNDS = {
    "greater_than": ("gt", "must_be_above"),
    "greater_than_equal": ("ge", "must_be_at_least"),
    "less_than": ("lt", "must_be_below"),
    "less_than_equal": ("le", "must_be_at_most"),
}


@dataclasses.dataclass(frozen=True)
class Found:
    """One finding of pydantic: what, where in the data, and what stands there."""

    type: str
    path: Path_
    value: Any
    values: Mapping[str, Any]
    text: str

    @property
    def is_missing(self) -> bool:
        """Whether a required field is not there."""
        return self.type in MISSING


def findings(error: ValidationError, data: Any) -> list[Found]:
    """Findings with paths into ``data``, one a place: the branches of a union speak of the same value."""
    found: dict[Path_, Found] = {}
    for item in error.errors(include_url=False):
        path = real_path(data, item["loc"], item["type"])
        if item["type"] == "too_short" and len(look_up(data, path)) >= item["ctx"]["min_length"]:
            continue  # pydantic counts only the items that are good
        found.setdefault(path, Found(item["type"], path, item.get("input"), item.get("ctx", {}), item["msg"]))
    return list(found.values())


def real_path(data: Any, loc: Path_, kind: str) -> Path_:
    """``loc`` without the names of union branches, which stand nowhere in the data."""
    path: list[str | int] = []
    for number, part in enumerate(loc):
        if has(data, part):
            data = data[part]
        elif not (kind in (*MISSING, "problem") and number == len(loc) - 1):
            continue
        path.append(part)
    return tuple(path)


def has(data: Any, part: str | int) -> bool:
    """Whether a map has this key, or a list this number."""
    if isinstance(data, list):
        return isinstance(part, int) and part < len(data)
    return isinstance(data, dict) and part in data


def problem_of(tree: Tree, found: Found) -> Problem:
    """The problem that a finding is."""
    if found.is_missing:
        at = tree.problem("field_missing", found.path, {"key": found.path[-1]})
        return dataclasses.replace(at, field=tree.dotted(found.path[:-1]))
    if found.type in ("unexpected_keyword_argument", "extra_forbidden"):
        known = fields_at(tree.data, found.path[:-1])
        name = str(found.path[-1])
        values = {"key": name, "suggestion": suggest(name, known), "known": ", ".join(known)}
        return tree.problem("unknown_key", found.path, values, at_key=True)
    if found.type == "union_tag_invalid":
        kind = found.values["tag"]
        known = [name.strip("' ") for name in str(found.values["expected_tags"]).split(",")]
        values = {"value": shown(kind), "known": ", ".join(known), "suggestion": suggest(str(kind), known)}
        return tree.problem("not_one_of", (*found.path, "kind"), values)
    if found.type == "problem":
        return tree.problem(found.values["key"], found.path, found.values["values"])
    key, values = _of_value(found, unit_at(tree.data, found.path))
    return tree.problem(key, found.path, values)


def _of_value(found: Found, unit: str) -> tuple[str, dict[str, Any]]:
    """Key and values of the sentence about a value that is there, but wrong."""
    values: dict[str, Any] = {"value": shown(found.value), "unit": unit}
    if found.type in WRONG_TYPES:
        return WRONG_TYPES[found.type], values
    if found.type in BOUNDS:
        name, key = BOUNDS[found.type]
        limit = found.values[name]
        if key == "must_be_at_most" and limit == 1 and 1 < found.value <= 100:
            return "percent_for_share", {**values, "share": found.value / 100}
        return key, {**values, "limit": f"{limit:.12g} {unit}".strip()}
    if found.type == "literal_error":
        known = [quoted or bare for quoted, bare in re.findall(r"'([^']*)'|(-?\d+)", found.values["expected"])]
        return "not_one_of", {
            **values,
            "known": ", ".join(known),
            "suggestion": suggest(str(found.value), known),
        }
    return _of_length(found, values)


def _of_length(found: Found, values: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    if found.type in ("too_short", "too_long"):
        limit = found.values.get("min_length", found.values.get("max_length"))
        return f"list_{found.type}", {"limit": limit, "count": found.values["actual_length"]}
    if found.type == "string_too_long":
        return "text_too_long", {**values, "limit": found.values["max_length"]}
    if found.type == "string_too_short":
        return "text_empty", {}
    if found.type == "finite_number":
        return "not_finite", values
    return "value_wrong", {**values, "reason": found.text}


def fields_at(data: Any, path: Path_) -> list[str]:
    """Names of the fields that may stand in the map at ``path``; prices, which every device has, behind its own."""
    cls = walk(data, path)[0]
    names = [] if cls is None else [field.name for field in dataclasses.fields(cls)]
    prices = {field.name for field in dataclasses.fields(Bought)}
    names.sort(key=lambda name: name in prices)
    if cls is Declared:
        return [*names, "extends"]
    return [*names, *BESIDE_ID] if "devices" in names else names


def unit_at(data: Any, path: Path_) -> str:
    """Unit of the field at ``path``; empty where it has none."""
    return unit_of(walk(data, path)[1])


def unit_of(hint: Any) -> str:
    """Unit of an annotated field; empty where it has none, or is a plain number."""
    unit = _search(hint, lambda part: isinstance(part, Unit))
    return "" if unit in (None, "1") else str(unit)


def class_in(hint: Any) -> Any:
    """The dataclass inside an annotation (``tuple[Building, ...]``: ``Building``), or None."""
    return next(classes_in(hint), None)


def classes_in(hint: Any) -> Iterator[Any]:
    """All dataclasses inside an annotation; several where a ``kind`` says which one is meant."""
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        yield hint
        return
    for part in (*getattr(hint, "__metadata__", ()), *get_args(hint)):
        yield from classes_in(part)


def walk(data: Any, path: Path_) -> tuple[Any, Any]:
    """Dataclass of the map at ``path`` (None if it is no such map), and the annotation of its field."""
    hint: Any = Declared
    for part in path:
        if isinstance(part, str):
            cls = _class_of(hint, data)
            hint = hint if cls is None else hints_of(cls).get(part)
        data = data[part] if has(data, part) else None
    return _class_of(hint, data), hint


def _class_of(hint: Any, data: Any) -> Any:
    """The dataclass that an annotation means; of a plug-in, the one for the kind that stands in the data."""
    chooses = _search(hint, lambda part: isinstance(part, Chooses))
    if chooses is None:
        several = [cls for cls in classes_in(hint) if kind_in(data) in get_args(hints_of(cls).get("kind"))]
        return several[0] if several else class_in(hint)
    kind = data.get("kind", KIND_IF_NONE.get(chooses.group)) if isinstance(data, dict) else None
    try:
        return flat_class(chooses.group, kind) if kind and isinstance(kind, str) else None
    except PluginError:
        return None


def _search(hint: Any, wanted: Callable[[Any], bool]) -> Any:
    """The first part of an annotation, from outside in, that is wanted."""
    if wanted(hint):
        return hint
    parts = (*getattr(hint, "__metadata__", ()), *get_args(hint))
    return next((found for part in parts if (found := _search(part, wanted)) is not None), None)


@cache
def hints_of(cls: type) -> dict[str, Any]:
    """Annotations of a dataclass, resolved."""
    return get_type_hints(cls, include_extras=True)
