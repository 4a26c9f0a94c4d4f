"""YAML text → a tree of nodes with places, in bounded time, space and depth.

The tree is put together here from libyaml's stream of events, without recursion: PyYAML's own composer
overruns the C stack on 100,000 open brackets. Aliases weigh as much as what they stand for, in values,
characters and depth: a few hundred bytes can stand for billions of values. What is wrong but can be stepped
over is noted; the rest raises.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import yaml

from ysc_sim.documents.scalars import CORE, shown_tag
from ysc_sim.documents.suggest import suggest
from ysc_sim.documents.syntax import told
from ysc_sim.documents.text import Place
from ysc_sim.errors import Problem, ScenarioError

MOST_DEPTH = 64
MOST_PROBLEMS = 100
MOST_VALUES = 500_000
CHARACTERS_PER_VALUE = 256
"""A long text counts as one value more for each so many characters."""

# The parser of libyaml where PyYAML has it, else PyYAML's own: slower, the same events.
LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(slots=True)
class Node:
    """A piece of a document: a scalar (``text``), a list (``items``) or a map (keys and values in turn)."""

    kind: Literal["scalar", "map", "list"]
    place: Place
    tag: str | None = None
    text: str = ""
    quoted: bool = False
    items: list[Node] = field(default_factory=list)


@dataclass(slots=True)
class _Open:
    """A collection that has begun and not ended."""

    node: Node
    anchor: str | None
    weight_before: int
    height: int = 1


@dataclass(slots=True)
class _Anchored:
    node: Node
    weight: int
    height: int


def compose(text: str, name: str) -> tuple[Node | None, list[Problem]]:
    """The root of the document, None if it is empty, and what was stepped over. Raises ``ScenarioError``."""
    composer = _Composer(name)
    try:
        for event in yaml.parse(text, Loader=LOADER):
            composer.take(event)
    except yaml.MarkedYAMLError as error:
        open_line = composer.open[-1].node.place[0] if composer.open else 0
        composer.stop(told(error, text, name, open_line=open_line, most_depth=MOST_DEPTH))
    except yaml.YAMLError as error:
        composer.stop(Problem("yaml_syntax", {"reason": str(error)}, name, 1, 1))
    return composer.root, composer.problems


class _Composer:
    def __init__(self, name: str) -> None:
        self.name = name
        self.root: Node | None = None
        self.problems: list[Problem] = []
        self.documents = 0
        self.weight = 0
        self.open: list[_Open] = []
        self.anchored: dict[str, _Anchored] = {}

    def take(self, event: Any) -> None:
        """One event of the stream."""
        if isinstance(event, yaml.ScalarEvent):
            self.scalar(event)
        elif isinstance(event, yaml.CollectionStartEvent):
            self.begin(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            self.end()
        elif isinstance(event, yaml.AliasEvent):
            self.alias(event)
        elif isinstance(event, yaml.DocumentStartEvent):
            self.documents += 1
            if self.documents > 1:
                self.stop(self.problem("yaml_second_document", event))

    def scalar(self, event: Any) -> None:
        """Take a value."""
        place = _place(event)
        node = Node("scalar", place, event.tag, event.value, event.style not in (None, ""))
        self.add(node, event.anchor, 1 + len(event.value) // CHARACTERS_PER_VALUE, 0, event)

    def begin(self, event: Any) -> None:
        """Open a map or a list."""
        kind: Literal["map", "list"] = "map" if isinstance(event, yaml.MappingStartEvent) else "list"
        if event.tag not in (None, "!", f"{CORE}{'map' if kind == 'map' else 'seq'}"):
            self.note(self.problem("yaml_tag", event, tag=shown_tag(event.tag)))
        self.open.append(_Open(Node(kind, _place(event)), event.anchor, self.weight))
        self.weigh(1, 0, event)

    def end(self) -> None:
        """Close the innermost map or list and hang it where it belongs."""
        done = self.open.pop()
        if done.anchor:
            self.anchored[done.anchor] = _Anchored(done.node, self.weight - done.weight_before, done.height)
        self.put(done.node, done.height)

    def alias(self, event: Any) -> None:
        """Take what an anchor names; it weighs as much again."""
        name = event.anchor
        found = self.anchored.get(name)
        if any(above.anchor == name for above in self.open):
            self.note(self.problem("yaml_alias_of_itself", event, anchor=name))
        elif found is None:
            near = suggest(name, self.anchored)
            self.note(self.problem("yaml_alias_unknown", event, anchor=name, suggestion=near))
        else:
            self.add(found.node, None, found.weight, found.height, event)
            return
        self.add(Node("scalar", _place(event)), None, 1, 0, event)

    def add(self, node: Node, anchor: str | None, weight: int, height: int, event: Any) -> None:
        """Weigh a whole node, remember it under its anchor, and hang it where it belongs."""
        self.weigh(weight, height, event)
        if anchor:
            self.anchored[anchor] = _Anchored(node, weight, height)
        self.put(node, height)

    def put(self, node: Node, height: int) -> None:
        """Hang a node into the innermost open map or list; the first one is the root."""
        if not self.open:
            self.root = node
            return
        above = self.open[-1]
        above.node.items.append(node)
        above.height = max(above.height, height + 1)

    def weigh(self, weight: int, height: int, event: Any) -> None:
        """Count values and depth, and stop where there are too many."""
        self.weight += weight
        if self.weight > MOST_VALUES:
            self.stop(self.problem("yaml_too_many_nodes", event, limit=MOST_VALUES))
        if len(self.open) + height > MOST_DEPTH:
            self.stop(self.problem("yaml_too_deep", event, limit=MOST_DEPTH))

    def problem(self, key: str, event: Any, **values: Any) -> Problem:
        """What is wrong, at the place of an event."""
        return Problem(key, values, self.name, *_place(event))

    def note(self, problem: Problem) -> None:
        """Keep a problem and go on, up to a limit."""
        if len(self.problems) >= MOST_PROBLEMS:
            self.stop(Problem("yaml_many_problems", {"limit": MOST_PROBLEMS}, self.name))
        self.problems.append(problem)

    def stop(self, problem: Problem) -> None:
        """End here with all that was found. Raises ``ScenarioError``."""
        raise ScenarioError([*self.problems, problem]) from None


def _place(event: Any) -> Place:
    mark = event.start_mark
    return mark.line + 1, mark.column + 1
