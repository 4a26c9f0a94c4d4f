"""The JSON Schema of a scenario file (draft 2020-12): editors complete fields and mark what is wrong.

It comes from the dataclasses: bounds from their annotations, descriptions from the text below each field,
units behind them. What the loader accepts beyond the dataclasses (``extends``, a load beside the id) is added
here.
"""

from __future__ import annotations

import ast
import copy
import dataclasses
import inspect
import textwrap
from typing import Any

from ysc_sim.plugins import registry
from ysc_sim.scenario.kinds import KIND_IF_NONE, Choice, choice_of, flat_adapter, flat_class, spec_of
from ysc_sim.scenario.load import declared_adapter
from ysc_sim.scenario.messages import classes_in, hints_of, unit_of
from ysc_sim.scenario.overrides import BESIDE_ID
from ysc_sim.scenario.schema import Declared

CHOSEN = ("devices", "strategies", "forecasts", "bidders", "markets", "outages")
"""Groups whose kinds stand in a scenario; metrics do not."""


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a scenario file, with every installed plug-in."""
    definitions: dict[str, Any] = {}
    root = _described(declared_adapter().json_schema(), Declared, definitions)
    for group in CHOSEN:
        for kind in registry(group):
            definitions[f"{group}.{kind}"] = _kind(group, kind, definitions)
        definitions[group] = {"oneOf": [{"$ref": f"#/$defs/{group}.{kind}"} for kind in registry(group)]}
    _add_what_is_short(root, definitions)
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "ysc-sim scenario",
        **root,
        "$defs": definitions,
    }
    return {"title": schema["title"], **_without_titles(schema)}


def _kind(group: str, kind: str, definitions: dict[str, Any]) -> dict[str, Any]:
    """One kind as an object whose ``kind`` is fixed."""
    flat = flat_class(group, kind)
    node = _described(flat_adapter(group, kind).json_schema(), flat, definitions)
    spec = spec_of(group, kind)
    docs = field_docs(spec) | field_docs(choice_of(group, kind))
    for name, field in node["properties"].items():
        if name in docs:
            field["description"] = _with_unit(docs[name], hints_of(flat)[name])
    node["description"] = (inspect.getdoc(spec) or "").partition("\n\n")[0]
    node["properties"]["kind"] = {"const": kind, "description": node["description"]}
    if needs := getattr(spec, "needs", ()):
        node["anyOf"] = [{"required": list(option)} for option in needs]
    if KIND_IF_NONE.get(group) != kind:
        node["required"] = ["kind", *(name for name in node.get("required", []) if name != "kind")]
    return node


def _described(schema: dict[str, Any], cls: type, definitions: dict[str, Any]) -> dict[str, Any]:
    """The object of ``cls`` in a schema that pydantic made; the objects inside it go to ``definitions``."""
    inner = schema.pop("$defs", {})
    described: dict[str, dict[str, Any]] = {}
    _describe_all(cls, inner, described)
    own = described.pop(cls.__name__)
    definitions.update(described)
    return own


def _describe_all(cls: type, inner: dict[str, Any], described: dict[str, dict[str, Any]]) -> None:
    if cls.__name__ in described:
        return
    # pydantic names a definition after its class, with signs that a reference cannot hold replaced
    name = next(name for name, node in inner.items() if node.get("title") == cls.__name__)
    node = described[cls.__name__] = _with_kinds(copy.deepcopy(inner[name]))
    docs = field_docs(cls)
    for field, hint in hints_of(cls).items():
        if field not in node["properties"]:
            continue
        if field in docs:
            node["properties"][field]["description"] = _with_unit(docs[field], hint)
        for held in classes_in(hint):
            if not issubclass(held, Choice):
                _describe_all(held, inner, described)


def _with_unit(text: str, hint: Any) -> str:
    unit = unit_of(hint)
    return f"{text} [{unit}]" if unit else text


def _with_kinds(node: Any) -> Any:
    """References in the place of the place-holders that :class:`Chooses` left."""
    if isinstance(node, dict):
        if "$kinds" in node:
            return {**{k: v for k, v in node.items() if k != "$kinds"}, "$ref": f"#/$defs/{node['$kinds']}"}
        return {key: _with_kinds(value) for key, value in node.items()}
    return [_with_kinds(item) for item in node] if isinstance(node, list) else node


def _add_what_is_short(root: dict[str, Any], definitions: dict[str, Any]) -> None:
    """``extends``, and a load beside the id of its building."""
    root["properties"]["extends"] = {
        "type": "string",
        "description": "Another scenario in this folder; this file says only what is different.",
    }
    # A file that extends another one may leave out what that one says.
    root["if"] = {"not": {"required": ["extends"]}}
    root["then"] = {"required": root.pop("required")}
    building, load = definitions["Building"], definitions.get("devices.load")
    if load is not None:
        building["properties"] |= {name: load["properties"][name] for name in sorted(BESIDE_ID)}


def _without_titles(node: Any, *, names: bool = False) -> Any:
    """Without titles, which repeat the names of fields; ``names``: the keys of ``node`` are such names."""
    if isinstance(node, list):
        return [_without_titles(item) for item in node]
    if not isinstance(node, dict):
        return node
    kept = {key: value for key, value in node.items() if names or key != "title"}
    inside = {key: not names and key in ("properties", "$defs") for key in kept}
    return {key: _without_titles(value, names=inside[key]) for key, value in kept.items()}


def field_docs(cls: type) -> dict[str, str]:
    """The text below each field of a dataclass, as one line; none where the source is not at hand."""
    docs: dict[str, str] = {}
    for base in reversed(cls.__mro__):
        if not dataclasses.is_dataclass(base):
            continue
        try:
            body = ast.parse(textwrap.dedent(inspect.getsource(base))).body[0]
        except (OSError, TypeError, SyntaxError):
            continue
        assert isinstance(body, ast.ClassDef)
        for field, text in zip(body.body, body.body[1:], strict=False):
            if (
                (isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(text, ast.Expr))
                and isinstance(text.value, ast.Constant)
                and isinstance(text.value.value, str)
            ):
                docs[field.target.id] = " ".join(text.value.value.split())
    return docs
