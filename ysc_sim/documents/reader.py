"""YAML 1.2 scalars over PyYAML's parser, with places, without its traps.

* Nesting and size are bounded on the stream of events, before anything recursive sees the text: libyaml's composer
  overruns the C stack on 100,000 open brackets.
* ``<<`` merges are refused, and the weight of expanded aliases is capped: 380 bytes can stand for billions of nodes.
* ``12:30`` is text, ``NO`` is text, ``1e3`` is a number, ``0777`` is 777: YAML 1.2's core schema. A date or a time stays
  text; the schema decides what it is.
* Duplicate keys, a second document, tags other than the plain ones, NaN and infinity are errors, with both places.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from ysc_sim.documents.files import read_bytes
from ysc_sim.errors import Problem, ScenarioError

MAX_BYTES = 16_000_000
MAX_DEPTH = 64
MAX_NODES = 1_000_000
MAX_DIGITS = 40
try:
    LOADER: Any = yaml.CSafeLoader
except AttributeError:  # PyYAML without libyaml: slower, same events
    LOADER = yaml.SafeLoader

Place = tuple[int, int]
Path_ = tuple[str | int, ...]

PLAIN_TAGS = {f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "map", "seq")}
NULL = {"", "~", "null", "Null", "NULL"}
TRUE, FALSE = {"true", "True", "TRUE"}, {"false", "False", "FALSE"}
INTEGER = re.compile(r"[-+]?[0-9]+")
OCTAL = re.compile(r"0o[0-7]+")
HEX = re.compile(r"0x[0-9a-fA-F]+")
FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")


@dataclass
class Document:
    """Plain data and where it stands. ``places`` maps a path to the place of its value, ``keys`` to that of its key."""

    name: str
    data: Any
    places: dict[Path_, Place] = field(default_factory=dict)
    keys: dict[Path_, Place] = field(default_factory=dict)

    def place(self, path: Path_, *, key: bool = False) -> Place:
        """Line and column (from 1) of the value, or key, at ``path``; of its nearest known ancestor if it is absent."""
        for end in range(len(path), -1, -1):
            found = (self.keys if key else self.places).get(path[:end]) or self.places.get(path[:end])
            if found:
                return found
        return (1, 1)


def read_yaml(path: Path, *, max_bytes: int = MAX_BYTES) -> Document:
    """Read one file. Raises ``ScenarioError`` with every problem that can be told."""
    return parse_yaml(read_bytes(path, max_bytes=max_bytes), str(path))


def parse_yaml(text: str | bytes, name: str) -> Document:
    """Read YAML text; ``name`` stands for the file in messages. Raises ``ScenarioError``."""
    source = _decode(text, name)
    try:
        _scan(source, name)
        node = yaml.compose(source, Loader=LOADER)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        reason = error.problem or error.context or "?"
        if "nesting depth" in reason:
            raise ScenarioError([Problem("yaml_too_deep", {"limit": MAX_DEPTH}, name, line, column)]) from None
        at_tab = mark is not None and source.splitlines()[mark.line : mark.line + 1] and (
            source.splitlines()[mark.line][mark.column : mark.column + 1] == "\t"
        )
        key = "yaml_tab" if at_tab else "yaml_syntax"
        raise ScenarioError([Problem(key, {"reason": reason}, name, line, column)]) from None
    except yaml.YAMLError as error:
        raise ScenarioError([Problem("yaml_syntax", {"reason": str(error).splitlines()[0]}, name, 1, 1)]) from None
    build = _Builder(name)
    data = None if node is None else build.value(node, ())
    if build.problems:
        raise ScenarioError(build.problems)
    return Document(name, data, build.places, build.keys)


def _decode(text: str | bytes, name: str) -> str:
    if isinstance(text, str):
        source = text
    else:
        if text[:2] in (b"\xff\xfe", b"\xfe\xff"):
            raise ScenarioError([Problem("yaml_not_utf8", {}, name, 1, 1)])
        try:
            source = text.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = text.count(b"\n", 0, error.start) + 1
            column = error.start - (text.rfind(b"\n", 0, error.start) + 1) + 1
            raise ScenarioError([Problem("yaml_not_utf8", {}, name, line, column)]) from None
    bad = re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]", source)
    if bad:
        line = source.count("\n", 0, bad.start()) + 1
        column = bad.start() - (source.rfind("\n", 0, bad.start()) + 1) + 1
        raise ScenarioError([Problem("yaml_control_character", {"code": f"U+{ord(bad[0]):04X}"}, name, line, column)])
    return source


def _scan(source: str, name: str) -> None:
    """Walk the events without recursion: depth, documents, and the weight of what aliases stand for."""
    depth, documents, total = 0, 0, 0
    weights: dict[str, int] = {}
    open_: list[tuple[str | None, int]] = []
    for event in yaml.parse(source, Loader=LOADER):
        mark = event.start_mark
        line, column = mark.line + 1, mark.column + 1
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise ScenarioError([Problem("yaml_second_document", {}, name, line, column)])
        elif isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                raise ScenarioError([Problem("yaml_too_deep", {"limit": MAX_DEPTH}, name, line, column)])
            open_.append((event.anchor, total))
            total += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
            anchor, before = open_.pop()
            if anchor:
                weights[anchor] = total - before
        elif isinstance(event, yaml.ScalarEvent):
            total += 1
            if event.anchor:
                weights[event.anchor] = 1
        elif isinstance(event, yaml.AliasEvent):
            if any(anchor == event.anchor for anchor, _ in open_):
                raise ScenarioError([Problem("yaml_alias_of_itself", {"anchor": event.anchor}, name, line, column)])
            total += weights.get(event.anchor, 1)
        if total > MAX_NODES:
            raise ScenarioError([Problem("yaml_too_many_nodes", {"limit": MAX_NODES}, name, line, column)])


class _Builder:
    """Turns nodes into plain data, notes places, collects problems. Depth is already bounded."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.problems: list[Problem] = []
        self.places: dict[Path_, Place] = {}
        self.keys: dict[Path_, Place] = {}

    def complain(self, problem: str, node: Any, path: Path_, **values: Any) -> None:
        line, column = _place(node)
        self.problems.append(Problem(problem, values, self.name, line, column, dotted(path)))

    def value(self, node: Any, path: Path_) -> Any:
        self.places[path] = _place(node)
        if node.tag not in PLAIN_TAGS and not node.tag.startswith("tag:yaml.org,2002:"):
            self.complain("yaml_tag", node, path, tag=node.tag)
            return None
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            if node.tag != "tag:yaml.org,2002:seq":
                self.complain("yaml_tag", node, path, tag=node.tag)
            return [self.value(item, (*path, i)) for i, item in enumerate(node.value)]
        return self.scalar(node, path)

    def mapping(self, node: Any, path: Path_) -> dict[str, Any]:
        if node.tag != "tag:yaml.org,2002:map":
            self.complain("yaml_tag", node, path, tag=node.tag)
        result: dict[str, Any] = {}
        first: dict[str, Place] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self.complain("yaml_key_not_text", key_node, path)
                continue
            key = key_node.value
            if key == "<<" and key_node.style in (None, ""):
                self.complain("yaml_merge", key_node, path)
                continue
            here = (*path, key)
            if key in first:
                self.complain("yaml_duplicate_key", key_node, here, key=key, first_line=first[key][0])
                continue
            first[key] = _place(key_node)
            self.keys[here] = first[key]
            result[key] = self.value(value_node, here)
        return result

    def scalar(self, node: Any, path: Path_) -> Any:
        text = node.value
        explicit = node.style not in (None, "")
        if _has_tag(node) and not explicit and node.tag not in PLAIN_TAGS | _RESOLVED:
            self.complain("yaml_tag", node, path, tag=node.tag)
            return None
        if explicit:
            return text
        if text in NULL:
            return None
        if text in TRUE or text in FALSE:
            return text in TRUE
        if NOT_FINITE.fullmatch(text):
            self.complain("not_finite", node, path, value=text)
            return None
        return self.number(node, text, path)

    def number(self, node: Any, text: str, path: Path_) -> Any:
        for pattern, base in ((INTEGER, 10), (OCTAL, 8), (HEX, 16)):
            if pattern.fullmatch(text):
                if len(text) > MAX_DIGITS:
                    self.complain("too_many_digits", node, path, digits=len(text), limit=MAX_DIGITS)
                    return None
                return int(text, base if base == 10 else 0)
        if FLOAT.fullmatch(text):
            number = float(text)
            if not math.isfinite(number):
                self.complain("not_finite", node, path, value=text)
                return None
            return number
        return text


_RESOLVED = {f"tag:yaml.org,2002:{name}" for name in ("timestamp", "value", "merge")}
"""What PyYAML's 1.1 resolver makes of plain text; here it stays text."""


def _has_tag(node: Any) -> bool:
    return node.tag not in ("tag:yaml.org,2002:str", None)


def _place(node: Any) -> Place:
    return node.start_mark.line + 1, node.start_mark.column + 1


def dotted(path: Path_) -> str:
    """``buildings.0.id``"""
    return ".".join(str(part) for part in path)
