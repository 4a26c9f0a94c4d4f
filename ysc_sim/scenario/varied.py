"""Keys whose values differ from row to row: ``buildings.shop.devices.battery.energy_kwh`` → devices and their field.

A key names fields of devices or of strategies as ``--set`` does. Only a field that its plug-in reads row by row (its
``row_fields``) may be varied so; another field needs a run of its own.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import annotated_types

from ysc_sim.documents import suggest
from ysc_sim.errors import Problem, ScenarioError
from ysc_sim.plugins import plugin
from ysc_sim.scenario.kinds import Choice, parts_of
from ysc_sim.scenario.messages import hints_of
from ysc_sim.scenario.tree import Path_, Tree

if TYPE_CHECKING:
    from ysc_sim.scenario.schema import Building, Scenario


class Target(NamedTuple):
    """One field of one device, or of the strategy, of a building of the file."""

    building: int
    device: int | None
    """Number of the device; None: the strategy."""
    name: str
    """Name of the device inside its building, or ``strategy``."""
    choice: Choice
    field: str


def targets(scenario: Scenario, key: str) -> list[Target]:
    """What a key varies, at least one. Raises ``ScenarioError``."""
    words = key.split(".")
    if words[0] != "buildings" or len(words) < 3 or not all(words):
        raise _unknown(key)
    found = [
        target
        for b, rest in _chosen([building.id for building in scenario.buildings], words[1:], key)
        for target in _in_building(b, scenario.buildings[b], rest, key)
    ]
    if not found:
        raise _unknown(key)
    for target in found:
        known = row_fields(target)
        if target.field not in known:
            raise _unknown(key, target.choice.kind, known, target.field)
    return found


def row_fields(target: Target) -> tuple[str, ...]:
    """Fields in which rows may differ, of the plug-in that is meant."""
    group = "strategies" if target.device is None else "devices"
    return tuple(getattr(plugin(group, target.choice.kind), "row_fields", ()))


def _unknown(key: str, kind: str = "", known: Sequence[str] = (), field: str = "") -> ScenarioError:
    values = {"key": key, "kind": kind, "known": ", ".join(known), "suggestion": suggest(field, known)}
    return ScenarioError([Problem("vary_field_fixed" if kind else "vary_key_unknown", values)])


def _chosen(names: Sequence[str], words: Sequence[str], key: str) -> Iterator[tuple[int, Sequence[str]]]:
    """Items that the first words name, with the words that are left; an id may hold dots."""
    if words[0] == "*":
        yield from ((number, words[1:]) for number in range(len(names)))
        return
    for end in range(len(words), 0, -1):
        if ".".join(words[:end]) in names:
            yield names.index(".".join(words[:end])), words[end:]
            return
    if words[0].isdecimal() and int(words[0]) < len(names):
        yield int(words[0]), words[1:]
        return
    values = {"key": key, "name": words[0], "known": ", ".join(names[:20]), "suggestion": suggest(words[0], names)}
    raise ScenarioError([Problem("key_unknown_item", values)])


def _in_building(b: int, building: Building, words: Sequence[str], key: str) -> Iterator[Target]:
    if not words:
        return
    if words[0] == "strategy" and len(words) > 1:
        choice: Choice = building.strategy
        for word in words[1:-1]:
            parts = dict(parts_of(choice))
            if word not in parts:
                raise _unknown(key)
            choice = parts[word]
        yield Target(b, None, "strategy", choice, words[-1])
        return
    if len(words) == 1:
        words = ("devices", "load", words[0])  # a load may stand beside the id
    if words[0] != "devices" or len(words) < 3:
        raise _unknown(key)
    every = words[1] == "*"
    for d, rest in _chosen([device.id for device in building.devices], words[1:], key):
        device = building.devices[d]
        if len(rest) != 1:
            raise _unknown(key)
        target = Target(b, d, device.id, device, rest[0])
        if not every or rest[0] in row_fields(target):
            yield target


def value_problem(target: Target, value: float) -> tuple[str, dict[str, Any]] | None:
    """What is wrong with one value: it must keep the bounds of the field; a device may also have size 0."""
    spec: Any = type(target.choice.spec)
    hint = hints_of(spec)[target.field]
    values: dict[str, Any] = {"value": f"{value:g}", "unit": ""}
    if not math.isfinite(value):
        return "not_finite", values
    for bound in _bounds(hint):
        if isinstance(bound, annotated_types.Gt) and value <= bound.gt and (value < 0 or target.device is None):  # type: ignore[operator]
            return "must_be_above", {**values, "limit": bound.gt}
        if isinstance(bound, annotated_types.Ge) and value < bound.ge:  # type: ignore[operator]
            return "must_be_at_least", {**values, "limit": bound.ge}
        if isinstance(bound, annotated_types.Le) and value > bound.le:  # type: ignore[operator]
            return "must_be_at_most", {**values, "limit": bound.le}
    return None


def _bounds(hint: Any) -> Iterator[Any]:
    for part in (*getattr(hint, "__metadata__", ()), *getattr(hint, "__args__", ())):
        if hasattr(part, "__metadata__"):
            yield from _bounds(part)
        elif isinstance(part, annotated_types.BaseMetadata):
            yield part


def planners(scenario: Scenario, fields: Collection[str] | None = None) -> Iterator[tuple[int, Choice]]:
    """Buildings whose strategy plans with one size of the stores, which rows must then not change.

    ``fields``: what rows differ in (None: not known); a plan may have nothing to do with that (its ``plan_ignores``).
    """
    for b, building in enumerate(scenario.buildings):
        choices: list[Choice] = [building.strategy]
        while choices:
            choice = choices.pop()
            choices += [part for name, part in parts_of(choice) if name == "inner"]
            kind: Any = plugin("strategies", choice.kind)
            if fields is not None and set(fields) <= set(getattr(kind, "plan_ignores", ())):
                continue
            if hasattr(kind, "prepare") and not getattr(kind, "rows_may_differ", lambda spec: False)(choice.spec):
                yield b, choice


def varied_rows_are_possible(scenario: Scenario, tree: Tree) -> Iterator[Problem]:
    """Lists of one length, of values that the fields take."""
    varied = scenario.ensemble.vary
    where: Path_ = ("ensemble", "vary")
    if len({len(values) for values in varied.values()}) > 1:
        told = ", ".join(f"{key}: {len(values)}" for key, values in varied.items())
        yield tree.problem("vary_lengths", where, {"lengths": told})
    if varied:
        for b, choice in planners(scenario, {key.rpartition(".")[2] for key in varied}):
            yield tree.problem("vary_planner", ("buildings", b, "strategy"), {"kind": choice.kind})
    for key, values in varied.items():
        try:
            found = targets(scenario, key)
        except ScenarioError as error:
            for problem in error.problems:
                yield tree.problem(problem.key, (*where, key), problem.values)
            continue
        for number, value in enumerate(values):
            wrong = value_problem(found[0], value)
            if wrong is not None:
                yield tree.problem(wrong[0], (*where, key, number), wrong[1])
