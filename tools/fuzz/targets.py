"""What is fuzzed: strategies and readers of the tests in tests/property, one entry for each way into the program."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from hypothesis import strategies as st

TESTS = Path(__file__).parents[2] / "tests" / "property"
Reader = Callable[[Any], str]
"""Draws an example (``st.data()``), has it read, and says how that ended."""


def load(name: str) -> ModuleType:
    """A test file as a module."""
    spec = importlib.util.spec_from_file_location(name, TESTS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def yaml_loader(folder: Path) -> Reader:
    tests = load("test_documents_fuzz")
    texts = st.one_of(st.binary(max_size=200), tests.yamlish)

    def read(data: Any) -> str:
        found = tests.outcome(data.draw(texts))
        return str(found[0].key) if isinstance(found, tuple) else "document"

    return read


def scenario_values(folder: Path) -> Reader:
    tests = load("test_scenario_random")
    scenarios, junk = tests.SCENARIO, tests.JUNK

    def read(data: Any) -> str:
        tree = data.draw(scenarios)
        for _ in range(data.draw(st.integers(1, 3))):
            tests.damage(tree, data, junk)
        if data.draw(st.integers(0, 9)):
            tree["format"] = 1  # without it nothing else is looked at
        scenario, problems = tests.told(tests.quoted(tree))
        assert (scenario is None) == bool(problems)
        return "scenario" if scenario is not None else str(problems[0].key)

    return read


def importers(folder: Path) -> Reader:
    tests = load("test_importers_fuzz")
    hours = st.sampled_from([0.0, 2.0, 48.0])

    def read(data: Any) -> str:
        seeds = st.sampled_from(tests.SEEDS)
        seed = tests.damaged(data.draw(seeds), data.draw(tests.cuts)) if data.draw(st.integers(0, 9)) else None
        content = data.draw(st.binary(max_size=400)) if seed is None else seed
        options = tests.Options(fill_h=data.draw(hours))
        return str(tests.check(folder / "any", content, data.draw(tests.kinds), options))

    return read


def side_files(kind: str) -> Callable[[Path], Reader]:
    def build(folder: Path) -> Reader:
        tests = load("test_side_files_fuzz")
        goods = st.sampled_from(tests.kinds()[kind][1])
        return lambda data: str(tests.read(kind, tests.damaged(data.draw(goods), data.draw(tests.cuts)), folder))

    return build


def result_values(folder: Path) -> Reader:
    tests = load("test_results_fuzz")
    good = tests.good_folder(folder / "good")
    return lambda data: str(tests.changed_values(good, folder, data))


def result_tables(folder: Path) -> Reader:
    tests = load("test_results_fuzz")
    good = tests.good_folder(folder / "good")
    return lambda data: str(tests.changed_bytes(good, folder, data))


def workbook_cells(folder: Path) -> Reader:
    tests = load("test_workbook_fuzz")
    return lambda data: str(tests.read_changed(data.draw(tests.CHANGES)))


def pandapower_files(folder: Path) -> Reader:
    tests = load("test_pandapower_fuzz")
    assert tests.read(tests.text_of(tests.file())) == "network"  # compiles what is compiled at first use

    def read(data: Any) -> str:
        ending = str(tests.read_harmed(data))
        assert ending in ("network", "problems", "element")
        return ending

    return read


SIDE_FILES = (
    "scenario",
    "workbook",
    "invoices",
    "invoices in a workbook",
    "measured load",
    "charging sessions",
    "normals",
    "price plan",
    "datasheet",
)
TARGETS: dict[str, tuple[float, Callable[[Path], Reader]]] = {
    "YAML loader": (2.0, yaml_loader),
    "scenario, values": (2.0, scenario_values),
    "importers": (3.0, importers),
    "result reader, values": (2.0, result_values),
    "result reader, tables": (2.0, result_tables),
    "workbook, cells": (2.0, workbook_cells),
    "power-flow adapter": (3.0, pandapower_files),
} | {f"{kind}, bytes": (0.5, side_files(kind)) for kind in SIDE_FILES}
"""Name: (share of the time, what builds its reader in a folder)."""
