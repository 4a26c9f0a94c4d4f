"""``extends: base.yaml``: a scenario that says only what is different.

Maps are merged, unless they choose different kinds. Lists whose items carry ids (buildings) are merged item
by item, new ids are added at the end; every other list is replaced. A file may only extend a file in or below
the folder of the scenario that is loaded.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ysc_sim.documents import Document, inside, read_yaml
from ysc_sim.documents.workbook import is_workbook
from ysc_sim.errors import Problem, ScenarioError
from ysc_sim.scenario.tree import Path_, Tree

MAX_EXTENDS = 8
TRANSLATED = ("name", "description")
"""What a scenario may say in Japanese, too."""


def read_document(path: Path) -> Document:
    """A scenario file by its ending: a workbook, else YAML. Raises ``ScenarioError``, ``ResultError``."""
    if not is_workbook(path):
        return read_yaml(path)
    from ysc_sim.scenario.book.read import read_book

    return read_book(path)


def extended(document: Document, root: Path, folder: Path, seen: tuple[Path, ...]) -> Tree:
    """The tree of a document laid over those that it extends.

    ``root`` is the folder that no file may leave, ``folder`` that of the document, ``seen`` the files that
    lead here.
    """
    tree = Tree.of(document)
    if not isinstance(document.data, dict) or "extends" not in document.data:
        return tree
    named = document.data["extends"]
    tree.data = {key: value for key, value in document.data.items() if key != "extends"}
    base = _base(tree, named, root, folder, seen)
    if base is None:
        tree.lacks_base = True
        return tree
    return overlaid(base, tree)


def _base(tree: Tree, named: Any, root: Path, folder: Path, seen: tuple[Path, ...]) -> Tree | None:
    """The tree that is extended; None, with the problem noted, where there is none."""
    where: Path_ = ("extends",)
    if not isinstance(named, str):
        tree.complain("not_text_value", where, value=shown(named), unit="")
        return None
    try:
        # ".." is judged after it has been followed: shared/base.yaml may extend ../block.yaml.
        relative = Path(os.path.normpath(folder / named)).relative_to(os.path.normpath(root))
        path = inside(root, named if "://" in named else relative.as_posix())
    except ValueError:
        tree.complain("path_escapes", where, value=named)
        return None
    except ScenarioError as error:
        tree.problems += [tree.problem(p.key, where, p.values) for p in error.problems]
        return None
    if path in seen:
        tree.complain("extends_cycle", where, chain=" → ".join(p.name for p in (*seen[seen.index(path) :], path)))
        return None
    if len(seen) > MAX_EXTENDS:
        tree.complain("extends_too_deep", where, limit=MAX_EXTENDS)
        return None
    try:
        document = read_document(root / relative)
    except ScenarioError as error:
        # What is wrong inside the file has its own place; that there is no file is told where it is named.
        tree.problems += [p if p.line or p.cell else tree.problem(p.key, where, p.values) for p in error.problems]
        return None
    if not isinstance(document.data, dict):
        tree.problems.append(Problem("scenario_not_a_map", {}, document.name, 1, 1))
        return None
    return extended(document, root, (root / relative).parent, (*seen, path))


def overlaid(base: Tree, over: Tree) -> Tree:
    """``over`` laid on ``base``; every piece keeps the place where it was written."""
    result = Tree(None, lacks_base=base.lacks_base, problems=base.problems + over.problems)
    result.data = _merge(result, base, (), over, (), ())
    forget_translations(result, over.data)
    return result


def forget_translations(tree: Tree, anew: Any) -> None:
    """Drop the Japanese of a text that ``anew`` says in other words without saying it in Japanese."""
    for key in TRANSLATED:
        japanese = f"{key}_ja"
        if isinstance(anew, Mapping) and isinstance(tree.data, dict) and key in anew and japanese not in anew:
            tree.data.pop(japanese, None)


def _merge(result: Tree, base: Tree, at_base: Path_, over: Tree, at_over: Path_, here: Path_) -> Any:
    below, above = look_up(base.data, at_base), look_up(over.data, at_over)
    if isinstance(below, dict) and isinstance(above, dict) and same_kind(below, above):
        result.origins[here] = over.origin(at_over)
        merged: dict[str, Any] = {}
        for key in (*below, *(key for key in above if key not in below)):
            there = (*here, key)
            if key not in above:
                merged[key] = take(result, base, (*at_base, key), there)
            elif key not in below:
                merged[key] = take(result, over, (*at_over, key), there)
            else:
                merged[key] = _merge(result, base, (*at_base, key), over, (*at_over, key), there)
        return merged
    if have_ids(below) and have_ids(above):
        result.origins[here] = over.origin(at_over)
        numbers = {item["id"]: number for number, item in enumerate(above)}
        items: list[Any] = []
        for number, item in enumerate(below):
            there = (*here, number)
            if item["id"] in numbers:
                over_item = (*at_over, numbers.pop(item["id"]))
                items.append(_merge(result, base, (*at_base, number), over, over_item, there))
            else:
                items.append(take(result, base, (*at_base, number), there))
        for number in numbers.values():
            items.append(take(result, over, (*at_over, number), (*here, len(items))))
        return items
    return take(result, over, at_over, here)


def take(result: Tree, source: Tree, at: Path_, here: Path_) -> Any:
    """The subtree of ``source`` at ``at``; its origins are noted in ``result`` under ``here``."""
    result.origins[here] = source.origin(at)
    for path, origin in source.origins.items():
        if len(path) > len(at) and path[: len(at)] == at:
            result.origins[(*here, *path[len(at) :])] = origin
    return look_up(source.data, at)


def same_kind(below: dict[str, Any], above: dict[str, Any]) -> bool:
    """Whether two maps speak of one thing: another ``kind`` has other fields, and replaces the whole map."""
    return "kind" not in above or above["kind"] == below.get("kind")


def have_ids(items: Any) -> bool:
    """Whether this is a list of things with ids, all different."""
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        return False
    ids = [item.get("id") for item in items]
    return all(isinstance(name, str) for name in ids) and len(set(ids)) == len(ids)


def look_up(data: Any, path: Path_) -> Any:
    """What stands at ``path``; the path is known to exist."""
    for part in path:
        data = data[part]
    return data


def shown(value: Any, limit: int = 60) -> str:
    """A value as a message may show it, cut to a length."""
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"
