"""YAML text → plain data, every piece of it with line and column.

Keys are text, each once; ``<<`` merges are refused: what a merge hides (which value won, and where it stands)
is what a reader of a scenario wants to see, and ``extends`` does it in the open. All problems that can be
told are told at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ysc_sim.documents.compose import MOST_PROBLEMS, Node, compose
from ysc_sim.documents.files import read_bytes
from ysc_sim.documents.scalars import CORE, ScalarError, plain_value, shown_tag, tagged_value
from ysc_sim.documents.text import Place, decoded
from ysc_sim.errors import Problem, ScenarioError

MAX_BYTES = 16_000_000

Path_ = tuple[str | int, ...]


@dataclass(frozen=True)
class Document:
    """Plain data (dict, list, str, int, float, bool, None), and where each piece of it stands."""

    name: str
    data: Any
    root: Node | None = None
    problems: tuple[Problem, ...] = ()
    """What was wrong with it and could be stepped over."""

    def place(self, path: Path_, *, key: bool = False) -> Place:
        """Line and column (from 1) of the value, or key, at ``path``; if absent, of the nearest ancestor.

        >>> parse_yaml("site: {latitude_deg: 35.45}", "a.yaml").place(("site", "latitude_deg"))
        (1, 22)
        """
        if self.root is None:
            return (1, 1)
        node, place = self.root, self.root.place
        for part in path:
            found = _child(node, part)
            if found is None:
                break
            key_node, node = found
            place = key_node.place if key else node.place
        return place

    def cell(self, path: Path_, *, key: bool = False) -> str:
        """The cell of a workbook where that stands; nothing in a file of lines."""
        return ""


def read_yaml(path: Path, *, max_bytes: int = MAX_BYTES) -> Document:
    """Read one file. Raises ``ScenarioError`` with every problem that can be told."""
    return parse_yaml(read_bytes(path, max_bytes=max_bytes), str(path))


def parse_yaml(text: str | bytes, name: str) -> Document:
    """Read YAML text; ``name`` stands for the file in messages. Raises ``ScenarioError``.

    >>> parse_yaml("{start: 12:30, name: NO, load_kwh: 1e3}", "a.yaml").data
    {'start': '12:30', 'name': 'NO', 'load_kwh': 1000.0}
    """
    root, problems = compose(decoded(text, name), name)
    build = _Builder(name, problems)
    data = None if root is None else build.value(root, ())
    if build.problems:
        raise ScenarioError(sorted(build.problems, key=lambda problem: (problem.line, problem.column)))
    return Document(name, data, root)


def _child(node: Node, part: str | int) -> tuple[Node, Node] | None:
    """Key (an item of a list is its own) and value under ``part``."""
    if node.kind == "list" and isinstance(part, int) and 0 <= part < len(node.items):
        return node.items[part], node.items[part]
    if node.kind == "map":
        for key, value in zip(node.items[::2], node.items[1::2], strict=True):
            if key.kind == "scalar" and key.text == part:
                return key, value
    return None


class _Builder:
    """Turns nodes into plain data and collects problems. Depth and weight are bounded already."""

    def __init__(self, name: str, problems: list[Problem]) -> None:
        self.name = name
        self.problems = problems
        self.told: set[tuple[str, Place]] = set()

    def complain(self, problem: str, node: Node, path: Path_, **values: Any) -> None:
        """Note a problem, once however often an alias repeats it."""
        if (problem, node.place) in self.told:
            return
        if len(self.problems) >= MOST_PROBLEMS:
            enough = Problem("yaml_many_problems", {"limit": MOST_PROBLEMS}, self.name)
            raise ScenarioError([*self.problems, enough])
        self.told.add((problem, node.place))
        self.problems.append(Problem(problem, values, self.name, *node.place, dotted(path)))

    def value(self, node: Node, path: Path_) -> Any:
        if node.kind == "scalar":
            return self.scalar(node, path)
        if node.kind == "map":
            return self.mapping(node, path)
        return [self.value(item, (*path, number)) for number, item in enumerate(node.items)]

    def scalar(self, node: Node, path: Path_) -> Any:
        try:
            if node.tag is not None:
                return tagged_value(node.tag, node.text)
            return node.text if node.quoted else plain_value(node.text)
        except ScalarError as error:
            self.complain(error.key, node, path, **error.values)
            return None

    def mapping(self, node: Node, path: Path_) -> dict[str, Any]:
        result: dict[str, Any] = {}
        first: dict[str, Node] = {}
        for key, value in zip(node.items[::2], node.items[1::2], strict=True):
            if not self.is_good_key(key, path):
                continue
            here = (*path, key.text)
            if key.text in first:
                line = first[key.text].place[0]
                self.complain("yaml_duplicate_key", key, here, key=key.text, first_line=line)
                continue
            first[key.text] = key
            result[key.text] = self.value(value, here)
        return result

    def is_good_key(self, key: Node, path: Path_) -> bool:
        if key.kind != "scalar":
            self.complain("yaml_key_not_text", key, path)
        elif key.tag not in (None, "!", f"{CORE}str"):
            self.complain("yaml_tag", key, path, tag=shown_tag(key.tag))
        elif key.text == "<<" and not key.quoted:
            self.complain("yaml_merge", key, path)
        else:
            return True
        return False


def dotted(path: Path_) -> str:
    """A path as a key: ``buildings.0.id``."""
    return ".".join(str(part) for part in path)
