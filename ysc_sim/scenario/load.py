"""YAML → :class:`Scenario`, or every problem that can be told, each with its file, line and column.

In this order: read the file and those that it extends; put overrides over them; refuse other formats; write out
what is short; validate every field; check the cross rules. Only a file that is
not YAML at all hides what else is wrong with it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ysc_sim.documents import Document, parse_yaml
from ysc_sim.errors import Problem, ScenarioError
from ysc_sim.scenario.check import check
from ysc_sim.scenario.complete import complete
from ysc_sim.scenario.extends import extended, read_document
from ysc_sim.scenario.kinds import strict_adapter
from ysc_sim.scenario.messages import Found, findings, problem_of
from ysc_sim.scenario.network import Street
from ysc_sim.scenario.overrides import override
from ysc_sim.scenario.salvage import salvage
from ysc_sim.scenario.schema import FORMAT, Declared, Scenario, Time
from ysc_sim.scenario.tree import Path_, Tree

if TYPE_CHECKING:
    from pydantic import TypeAdapter


def load_scenario(path: str | Path, overrides: Mapping[str, Any] | None = None) -> Scenario:
    """Read, complete and check a scenario file: YAML, or an Excel workbook (``.xlsx``).

    ``overrides`` maps dotted keys to values, as ``--set`` does. Raises ``ScenarioError``, which lists all
    problems.
    """
    path = Path(path)
    return _scenario(read_document(path), path.parent, (path.resolve(),), overrides or {})


def parse_scenario(text: str, *, folder: str | Path, name: str = "scenario.yaml") -> Scenario:
    """Read a scenario from text; files that it names lie in ``folder``. Raises ``ScenarioError``.

    >>> parse_scenario("format: 2", folder=".")
    Traceback (most recent call last):
    ysc_sim.errors.ScenarioError: scenario.yaml:1:9: format: ...
    """
    folder = Path(folder)
    return _scenario(parse_yaml(text, name), folder, ((folder / name).resolve(),), {})


def _scenario(document: Document, folder: Path, seen: tuple[Path, ...], overrides: Mapping[str, Any]) -> Scenario:
    if not isinstance(document.data, dict):
        line, column = document.place(())
        raise ScenarioError([Problem("scenario_not_a_map", {}, document.name, line, column)])
    tree = extended(document, folder, folder, seen)
    override(tree, overrides)
    _refuse_other_formats(tree)
    complete(tree)
    scenario = _validated(tree, folder, document.name)
    problems = sorted(set_of(tree.problems), key=_by_place)
    if scenario is None or any(problem.severity == "error" for problem in problems):
        raise ScenarioError(problems)
    return dataclasses.replace(scenario, warnings=tuple(problems))


def set_of(problems: list[Problem]) -> list[Problem]:
    """Each problem once: what is wrong in a file that many devices name is told once."""
    kept: dict[Any, Problem] = {}
    for problem in problems:
        kept.setdefault((problem.key, problem.place, problem.field, repr(problem.values)), problem)
    return list(kept.values())


def _by_place(problem: Problem) -> tuple[str, str, int, int]:
    return problem.file, problem.cell.rpartition("!")[0], problem.line, problem.column


def _refuse_other_formats(tree: Tree) -> None:
    """A file of another format is not read on: its fields may mean something else."""
    found = tree.data.get("format", FORMAT)
    if found == FORMAT and not isinstance(found, bool):
        return
    newer = isinstance(found, int) and not isinstance(found, bool) and found > FORMAT
    key = "format_newer" if newer else "format_unknown"
    tree.complain(key, ("format",), value=str(found), known=FORMAT)
    raise ScenarioError(tree.problems)


@cache
def declared_adapter() -> TypeAdapter[Declared]:
    """Validator of a whole scenario."""
    return strict_adapter(Declared)


def _read(data: Any) -> tuple[Declared | None, list[Found]]:
    """What the data declares, or what is wrong with it."""
    from pydantic import ValidationError
    from pydantic_core import to_json

    try:
        # As JSON: there strict validation refuses "12" and true for a number, but reads a list as a tuple.
        return declared_adapter().validate_json(to_json(whole(data))), []
    except ValidationError as error:
        return None, findings(error, data)


def whole(data: Any) -> Any:
    """Data in which ``1e3`` is the whole number 1000; a field that wants 1000.0 takes that as well."""
    if isinstance(data, dict):
        return {key: whole(value) for key, value in data.items()}
    if isinstance(data, list):
        return [whole(value) for value in data]
    return int(data) if isinstance(data, float) and data.is_integer() else data


def _validated(tree: Tree, folder: Path, name: str) -> Scenario | None:
    """The scenario, None where fields are wrong; the tree notes problems of fields and cross rules."""
    declared, found = _read(tree.data)
    if declared is not None:
        scenario = _finished(declared, folder, name)
        tree.problems += check(scenario, tree)
        return scenario
    told = {problem.field for problem in tree.problems}
    tree.problems += [problem_of(tree, item) for item in found if not _is_known_gap(tree, item, told)]

    def read_again(data: Any) -> tuple[Declared | None, list[Path_]]:
        again, wrong = _read(data)
        return again, [item.path for item in wrong]

    rest, left = salvage(tree.data, [item.path for item in found], read_again)
    if rest is not None:
        view = _Salvaged(tree, left.original)
        tree.problems += check(_finished(rest, folder, name), view)
    return None


def _is_known_gap(tree: Tree, item: Found, told: set[str]) -> bool:
    """Whether a field is missing because what should say it could not be read, which was told."""
    if not item.is_missing:
        return False
    return (tree.lacks_base and len(item.path) == 1) or tree.dotted(item.path) in told


def _finished(declared: Declared, folder: Path, name: str) -> Scenario:
    """What follows from several fields: the length from the end, the wires of a single building, the street that is
    solved where no network is named.
    """
    said = {field.name: getattr(declared, field.name) for field in dataclasses.fields(Declared)}
    if declared.wires is None and len(declared.buildings) == 1 and declared.buildings[0].count == 1:
        said["wires"] = "same_site"
    if declared.power_flow != "off" and declared.network is None:
        said["network"] = Street()
    said["time"] = _with_days(declared.time)
    return Scenario(**said, folder=folder, file=name)


def _with_days(time: Time) -> Time:
    """The length in days where the end is given and can be read; otherwise the rules say what is wrong."""
    if time.end is None or time.days is not None:
        return time
    try:
        length = datetime.fromisoformat(time.end) - datetime.fromisoformat(time.start)
    except (ValueError, TypeError):
        return time
    return dataclasses.replace(time, days=length.total_seconds() / 86400, end=None)


class _Salvaged(Tree):
    """The tree, asked by paths into what was left of it."""

    def __init__(self, tree: Tree, original: Any) -> None:
        super().__init__(tree.data, tree.origins, tree.shown_as, tree.with_load_in_front)
        self._original = original

    def problem(self, key: str, path: Path_, *args: Any, **kwargs: Any) -> Problem:
        """As the tree has it, at the place where it stood at first."""
        return super().problem(key, self._original(path), *args, **kwargs)

    def line(self, path: Path_) -> int:
        """As the tree has it."""
        return super().line(self._original(path))
