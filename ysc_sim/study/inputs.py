"""What differs in the inputs of runs: every value of the resolved scenarios that is not the same in all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ysc_sim.documents import parse_yaml
from ysc_sim.errors import ScenarioError

MISSING = "–"
MOST_LISTED = 200
NAMELESS = ("name", "description", "name_ja", "description_ja")
"""Labels, not inputs."""


@dataclass(frozen=True)
class InputDifference:
    """One value that differs."""

    key: str
    """Dotted path; items of lists by ``id``, else ``kind``, else number."""
    values: tuple[str, ...]
    """One for each run; ``–`` where it has none."""


def input_differences(texts: Sequence[str]) -> list[InputDifference]:
    """Differences of resolved scenarios, in the order of the first that has each key; at most 200."""
    flat = [dict(_flatten(_parsed(text), "")) for text in texts]
    keys = list(dict.fromkeys(key for one in flat for key in one))
    found = []
    for key in keys:
        values = tuple(one.get(key, MISSING) for one in flat)
        if len(set(values)) > 1 and key not in NAMELESS:
            found.append(InputDifference(key, values))
    return found[:MOST_LISTED]


def _parsed(text: str) -> Any:
    try:
        return parse_yaml(text, "scenario.yaml").data
    except ScenarioError:
        return {}


def _flatten(node: Any, path: str) -> Iterator[tuple[str, str]]:
    """Dotted path → value of every leaf.

    >>> list(_flatten({"a": [{"id": "x", "kw": 1}, {"kind": "solar", "kw": 2}], "b": [1, 2]}, ""))
    [('a.x.id', 'x'), ('a.x.kw', '1'), ('a.solar.kind', 'solar'), ('a.solar.kw', '2'), ('b', '[1, 2]')]
    """
    if isinstance(node, dict) and node:
        for key, value in node.items():
            yield from _flatten(value, f"{path}.{key}" if path else str(key))
    elif isinstance(node, list) and any(isinstance(item, dict) for item in node):
        for name, item in _named(node):
            yield from _flatten(item, f"{path}.{name}")
    else:
        yield path, str(node)


def _named(items: Sequence[Any]) -> Iterator[tuple[str, Any]]:
    """Items with a name each: id, else kind, numbered where it repeats, else position."""
    seen: dict[str, int] = {}
    for position, item in enumerate(items):
        name = str(item.get("id") or item.get("kind") or position) if isinstance(item, dict) else str(position)
        seen[name] = seen.get(name, 0) + 1
        yield (name if seen[name] == 1 else f"{name}#{seen[name]}"), item
