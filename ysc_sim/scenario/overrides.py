"""``--set buildings.*.strategy.kind=none``: values put over those of the file.

A key is a dotted path. Items of a list are named by their id, else by their kind (``solar``, then
``solar_2``), else by their number from 0; ``*`` means all of them. A key that leads nowhere is an error. A
value that is text is read as YAML would read it. Another ``kind`` takes the place of the whole choice: what
was said for the old kind is dropped, its id stays; therefore kinds are put in before all other values.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

from ysc_sim.documents import parse_yaml, suggest
from ysc_sim.errors import Problem, ScenarioError
from ysc_sim.scenario.extends import forget_translations, shown
from ysc_sim.scenario.tree import Origin, Path_, Tree, item_names

BESIDE_ID = ("profile", "load_kwh_per_year", "floor_m2", "tier_shares", "tier_uses")
"""Fields of a building's load that may be written beside its id; ``devices.load`` finds them there."""
KEPT_WITH_ANOTHER_KIND = ("id", "forecast")


def override(tree: Tree, overrides: Mapping[str, Any]) -> None:
    """Put values over those of the tree; what cannot be placed or read is noted as a problem."""
    if not overrides:
        return
    tree.data = copy.deepcopy(tree.data)
    for key in sorted(overrides, key=lambda key: (key.rpartition(".")[2] != "kind", key.count("."))):
        try:
            value = overrides[key]
            value = parse_yaml(value, f"--set {key}").data if isinstance(value, str) else copy.deepcopy(value)
        except ScenarioError as error:
            tree.problems += [Problem(p.key, p.values, "--set", field=key) for p in error.problems]
            continue
        for path in paths(tree, key):
            put(tree, path, value)
    forget_translations(tree, overrides)


def paths(tree: Tree, key: str) -> list[Path_]:
    """Every place that a key names; a problem is noted, and nothing returned, where it leads nowhere."""
    words = key.split(".")
    if not all(words):
        tree.problems.append(Problem("key_empty_part", {"key": key}, "--set", field=key))
        return []
    try:
        found = list(_follow(tree.data, (), words, key))
    except ScenarioError as error:
        tree.problems += error.problems
        return []
    if not found:
        tree.problems.append(Problem("key_matches_nothing", {"key": key}, "--set", field=key))
    return found


def _follow(here: Any, path: Path_, words: list[str], key: str) -> Iterator[Path_]:
    if not words:
        yield path
    elif isinstance(here, list):
        for number, rest in _items(here, path, words, key):
            yield from _follow(here[number], (*path, number), rest, key)
    elif isinstance(here, dict):
        word = next((word for word in _joined(words) if word in here), words[0])
        rest = words[word.count(".") + 1 :]
        if word == "*" and len(words) > 1:
            for name in here:
                yield from _follow(here[name], (*path, name), rest, key)
        elif word == "devices" and rest[:1] == ["load"] and _load_is_beside(here):
            yield from _follow(here, path, rest[1:], key)
        else:
            # A key that the file does not have: the schema says later whether there is such a field.
            yield from _follow(here.get(word, {}), (*path, word), rest, key)
    elif here is None:
        yield (*path, *words)
    else:
        raise ScenarioError([Problem("key_into_value", {"key": key, "value": shown(here)}, "--set", field=key)])


def _items(here: list[Any], path: Path_, words: list[str], key: str) -> list[tuple[int, list[str]]]:
    """Numbers of the items of a list that are named, each with what is left of the key."""
    names = item_names(here)
    if words[0] == "*":
        return [(number, words[1:]) for number in range(len(here))]
    for word in _joined(words):
        if word in names:
            return [(names.index(word), words[word.count(".") + 1 :])]
    if words[0].isdecimal() and int(words[0]) < len(here):
        return [(int(words[0]), words[1:])]
    values = {
        "key": key,
        "name": words[0],
        "suggestion": suggest(words[0], names),
        "known": ", ".join(names[:20]),
    }
    raise ScenarioError([Problem("key_unknown_item", values, "--set", field=key)])


def _joined(words: list[str]) -> Iterator[str]:
    """The longest name first: an id may itself contain dots."""
    for end in range(len(words), 0, -1):
        yield ".".join(words[:end])


def _load_is_beside(building: dict[str, Any]) -> bool:
    devices = building.get("devices")
    has_load = isinstance(devices, list) and "load" in item_names(devices)
    return not has_load and any(key in building for key in BESIDE_ID)


def put(tree: Tree, path: Path_, value: Any) -> None:
    """Set one value, with the maps that lead to it where they are missing."""
    here = tree.data
    for depth, part in enumerate(path[:-1]):
        if isinstance(here, dict) and not isinstance(here.get(part), dict | list):
            here[part] = {}
            tree.origins[path[: depth + 1]] = Origin(None, ())
        here = here[part]
    last = path[-1]
    if last == "kind" and isinstance(here, dict) and here.get("kind", value) != value:
        for name in [name for name in here if name not in KEPT_WITH_ANOTHER_KIND]:
            del here[name]
    here[last] = value
    for known in [known for known in tree.origins if known[: len(path)] == path]:
        del tree.origins[known]
    tree.origins[path] = Origin(None, ())
