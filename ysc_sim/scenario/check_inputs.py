"""Cross rules about what comes from outside: files, and numbers in the wrong unit."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from statistics import median
from typing import Any

from ysc_sim.documents import inside
from ysc_sim.errors import Problem, ScenarioError
from ysc_sim.scenario.messages import hints_of, unit_of
from ysc_sim.scenario.network import GridFile
from ysc_sim.scenario.schema import Scenario
from ysc_sim.scenario.tree import Path_, Tree

MAX_C_RATE = 10.0
"""Power per energy of a store, 1/h: above it kW and kWh have probably been exchanged."""
MAX_PEER_RATIO = 100.0
"""A size so many times that of its like is probably in the wrong unit (W for kW: 1,000)."""
LEAST_PEERS = 2
STORE_POWERS = ("power_kw", "charge_kw", "discharge_kw")


def files_are_usable(scenario: Scenario, tree: Tree) -> Iterator[Problem]:
    """A ``profile`` may be a file, a field ``…_file`` is one; files lie in the scenario's folder.

    What stands in a file, and which profiles are shipped, is for the ``Spec`` to say: ``check()``, and
    ``check_files(folder, axis)``, which gives problems.
    """
    axis = scenario.clock()
    for b, building in enumerate(scenario.buildings):
        for d, device in enumerate(building.devices):
            path: Path_ = ("buildings", b, "devices", d)
            unusable: list[Problem] = []
            for field, name in named_files_of(device.spec):
                unusable += file_is_usable(scenario.folder, name, (*path, field), tree)
            yield from unusable
            look_inside: Any = getattr(device.spec, "check_files", None)
            if look_inside and axis and not unusable:
                for problem in look_inside(scenario.folder, axis):
                    yield problem if problem.line else placed(problem, device.spec, path, tree)


def placed(problem: Problem, spec: Any, path: Path_, tree: Tree) -> Problem:
    """A problem of a whole file, told where the file is named."""
    field = problem.field or next((field for field, _ in named_files_of(spec)), "")
    where = (*path, field) if field else path
    return tree.problem(problem.key, where, problem.values, severity=problem.severity)


def stores_are_plausible(scenario: Scenario, tree: Tree) -> Iterator[Problem]:
    """A store that empties in six minutes is more often a slip than a store."""
    for b, building in enumerate(scenario.buildings):
        for d, device in enumerate(building.devices):
            energy: Any = getattr(device.spec, "energy_kwh", None)
            for name in STORE_POWERS if energy else ():
                power: Any = getattr(device.spec, name, 0.0)
                if power and power > MAX_C_RATE * energy:
                    values = {"power_kw": power, "energy_kwh": energy, "rate": power / energy}
                    where = ("buildings", b, "devices", d, name)
                    yield tree.problem("power_and_energy_exchanged", where, values, severity="warning")


def sizes_are_alike(scenario: Scenario, tree: Tree) -> Iterator[Problem]:
    """A kW or kWh that is more than 100 times the median of the other devices of its kind."""
    sizes: dict[tuple[str, str], list[tuple[float, Path_, str]]] = defaultdict(list)
    for b, building in enumerate(scenario.buildings):
        for d, device in enumerate(building.devices):
            spec: Any = type(device.spec)
            for field, unit in sized_fields(spec):
                value = getattr(device.spec, field)
                if isinstance(value, int | float) and value > 0:
                    sizes[device.kind, field].append((value, ("buildings", b, "devices", d, field), unit))
    for group in sizes.values():
        ordered = sorted(value for value, _, _ in group)
        if len(group) <= LEAST_PEERS or ordered[-1] <= MAX_PEER_RATIO * ordered[0]:
            continue
        for value, path, unit in group:
            usual = median_without(ordered, value)
            if value > MAX_PEER_RATIO * usual:
                values = {"value": value, "usual": usual, "unit": unit, "ratio": round(value / usual)}
                yield tree.problem("size_unlike_peers", path, values, severity="warning")


def median_without(ordered: list[float], value: float) -> float:
    """Median of all values but one that is equal to ``value``.

    >>> median_without([1.0, 2.0, 3.0, 900.0], 900.0)
    2.0
    """
    place = ordered.index(value)
    return median(ordered[:place] + ordered[place + 1 :])


def named_files_of(spec: Any) -> Iterator[tuple[str, str]]:
    """Fields of a specification that name a file, with what they name."""
    for field in dataclasses.fields(spec):
        value = getattr(spec, field.name)
        if not isinstance(value, str) or not value:
            continue
        if field.name.endswith("_file") or (field.name in ("profile", "model") and is_file_name(value)):
            yield field.name, value


def named_files(scenario: Scenario) -> tuple[str, ...]:
    """Files that a scenario reads, relative to its folder, each once."""
    tariffs = (scenario.tariff, *(building.tariff for building in scenario.buildings if building.tariff))
    found = [tariff.plan for tariff in tariffs if is_file_name(tariff.plan)]
    for building in scenario.buildings:
        found += [name for device in building.devices for _, name in named_files_of(device.spec)]
    if isinstance(scenario.network, GridFile):
        found.append(scenario.network.file)
    found += [name for name in (scenario.site.weather_file, scenario.site.weather_normals_file) if name]
    return tuple(dict.fromkeys(found))


def is_file_name(name: str) -> bool:
    """Whether a profile is a file of the user's own: it has an ending or a folder.

    >>> is_file_name("office"), is_file_name("meter.csv"), is_file_name("data/office")
    (False, True, True)
    """
    return "." in name or "/" in name or "\\" in name


def file_is_usable(folder: Path, name: str, path: Path_, tree: Tree) -> Iterator[Problem]:
    """The file is inside the folder and is a regular one."""
    try:
        file = inside(folder, name)
        if not file.exists():
            yield tree.problem("file_missing", path, {"path": name})
        elif not file.is_file():
            yield tree.problem("not_a_regular_file", path, {"path": name})
    except ScenarioError as error:
        for problem in error.problems:
            yield tree.problem(problem.key, path, problem.values)
    except OSError as error:
        yield tree.problem("file_unreadable", path, {"path": name, "reason": error.strerror or str(error)})


@cache
def sized_fields(spec: type) -> tuple[tuple[str, str], ...]:
    """Fields of a specification in kW, kWh or kVA, each with its unit."""
    units = {name: unit_of(hint) for name, hint in hints_of(spec).items()}
    return tuple((name, unit) for name, unit in units.items() if unit in ("kW", "kWh", "kVA"))


INPUT_RULES: tuple[Callable[[Scenario, Tree], Iterator[Problem]], ...] = (
    files_are_usable,
    stores_are_plausible,
    sizes_are_alike,
)
