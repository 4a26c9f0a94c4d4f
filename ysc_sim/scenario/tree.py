"""The raw data of a scenario and where each piece was written, through ``extends`` and overrides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from ysc_sim.documents import Document
from ysc_sim.errors import Problem

Path_ = tuple[str | int, ...]
NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True)
class Origin:
    """A subtree comes from ``path`` of ``document``; without a document, from an override."""

    document: Document | None
    path: Path_


@dataclass
class Tree:
    """Plain data, the origin of each subtree that did not come with its parent, and what was found wrong."""

    data: Any
    origins: dict[Path_, Origin] = field(default_factory=dict)
    shown_as: dict[Path_, Path_] = field(default_factory=dict)
    """Subtrees that the user wrote elsewhere: the load of a building, written beside its id."""
    with_load_in_front: set[Path_] = field(default_factory=set)
    """Lists of devices that begin with such a load."""
    lacks_base: bool = False
    """A file that it extends could not be read: what is missing may stand there."""
    problems: list[Problem] = field(default_factory=list)

    @classmethod
    def of(cls, document: Document) -> Tree:
        """The tree of one file."""
        return cls(document.data, {(): Origin(document, ())}, problems=list(document.problems))

    def problem(
        self,
        key: str,
        path: Path_,
        values: Mapping[str, Any] = NOTHING,
        *,
        at_key: bool = False,
        severity: str = "error",
    ) -> Problem:
        """A problem at ``path``, with file, line, column (or cell) and the dotted path that ``--set`` would take."""
        file, line, column = self.place(path, at_key=at_key)
        return Problem(key, values, file, line, column, self.dotted(path), severity, self.cell(path, at_key=at_key))

    def complain(self, key: str, path: Path_, **values: Any) -> None:
        """Note a problem."""
        self.problems.append(self.problem(key, path, values))

    def line(self, path: Path_) -> int:
        """Line of what stands at ``path``."""
        return self.place(path)[1]

    def place(self, path: Path_, *, at_key: bool = False) -> tuple[str, int, int]:
        """File, line and column of what stands at ``path``; line 0 where an override put it."""
        origin = self.origin(path)
        if origin.document is None:
            return "--set", 0, 0
        return (origin.document.name, *origin.document.place(origin.path, key=at_key))

    def cell(self, path: Path_, *, at_key: bool = False) -> str:
        """The cell where ``path`` stands, if it was written into a workbook."""
        origin = self.origin(path)
        return "" if origin.document is None else origin.document.cell(origin.path, key=at_key)

    def origin(self, path: Path_) -> Origin:
        """Where ``path`` was written."""
        for end in range(len(path), -1, -1):
            origin = self.origins.get(path[:end])
            if origin is not None:
                return Origin(origin.document, (*origin.path, *path[end:]))
        return Origin(None, path)

    def dotted(self, path: Path_) -> str:
        """``buildings.office.devices.battery.energy_kwh``: items by id, else kind, else number.

        >>> Tree({"buildings": [{"id": "office"}]}).dotted(("buildings", 0, "count"))
        'buildings.office.count'
        """
        for end in range(len(path), 0, -1):
            if path[:end] in self.shown_as:
                path = (*self.shown_as[path[:end]], *path[end:])
                break
        words, here = [], self.data
        for end, part in enumerate(path):
            if isinstance(part, int) and isinstance(here, list) and part < len(here):
                before = 1 if path[:end] in self.with_load_in_front else 0
                words.append(item_names(here, before)[part])
                here = here[part]
            else:
                words.append(str(part))
                here = here.get(part) if isinstance(here, dict) else None
        return ".".join(words)


def item_names(items: list[Any], before: int = 0) -> list[str]:
    """How each item of a list is called in a key: its id, else its kind (``solar_2``, …), else its number.

    ``before`` of them do not count.

    >>> item_names([{"kind": "solar"}, {"kind": "solar"}, {"id": "shop"}, 4])
    ['solar', 'solar_2', 'shop', '3']
    """
    taken = {item["id"] for item in items if isinstance(item, dict) and isinstance(item.get("id"), str)}
    names: list[str] = []
    for number, item in enumerate(items):
        name = str(number - before)
        if isinstance(item, dict) and isinstance(item.get("id"), str):
            name = item["id"]
        elif isinstance(item, dict) and isinstance(item.get("kind"), str):
            name = next(name for name in _numbered(item["kind"]) if name not in taken)
            taken.add(name)
        names.append(name)
    return names


def _numbered(kind: str) -> Iterator[str]:
    yield kind
    number = 2
    while True:
        yield f"{kind}_{number}"
        number += 1
