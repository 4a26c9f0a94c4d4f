"""Runs tests on mutants inside one pytest session: a process is forked for each mutant, so nothing is imported again.

In the child the code of the functions that changed is exchanged where they stand. What runs at import (constants,
defaults, fields of classes) cannot be exchanged so: there the child forgets the package and imports it once more from
the changed text. What a test computes while it is collected is not seen: such a mutant seems to survive.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import coverage
import pytest
from mutants import Mutant

MEMORY_BYTES = 6 * 2**30
OPTIONS = ["-q", "-x", "--tb=no", "-p", "no:cacheprovider", "-W", "ignore::pytest.PytestAssertRewriteWarning"]


@dataclass(frozen=True)
class Plan:
    """Which tests run which lines of which file, and how long each takes (s of processor, with the tracer on)."""

    tests_by_line: dict[str, dict[int, list[str]]]
    seconds: dict[str, float]

    def chosen(self, mutant: Mutant, root: Path, limit_s: float) -> list[str]:
        """Tests that run a line of the mutant, quick tests and files first, up to ``limit_s``."""
        by_line = self.tests_by_line.get(str(root / mutant.path), {})
        names: set[str] = set()
        # Defaults and fields run at import, in no test: there whoever runs the function, the class or the file.
        for first, last in (mutant.lines, mutant.around, (0, 10**9)):
            names = names or {x for line, tests in by_line.items() if first <= line <= last for x in tests}
        names = {test for name in names for test in self._meant(name)}
        files: dict[str, float] = {}
        for test in names:
            files[_file(test)] = files.get(_file(test), 0.0) + self.seconds[test]
        ranked = sorted(
            names, key=lambda x: (self.seconds[x] > limit_s / 8, files[_file(x)], _file(x), self.seconds[x])
        )
        used, kept = 0.0, []
        for test in ranked:
            used += self.seconds[test]
            if used <= limit_s or not kept:
                kept.append(test)
        return kept

    def _meant(self, context: str) -> list[str]:
        """A context is a test, or ``file::`` for what a fixture of the file has run."""
        return [context] if context in self.seconds else [x for x in self.seconds if _file(x) + "::" == context]


def _file(test: str) -> str:
    return test.partition("::")[0]


class Runner:
    """pytest plugin: collects as always, then measures the lines of each test and runs the mutants."""

    def __init__(self, mutants: list[Mutant], root: Path, results: Path, limit_s: float) -> None:
        self.mutants, self.root, self.results, self.limit_s = mutants, root, results, limit_s
        self.failed = False

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Hook of pytest: remembers a failure."""
        self.failed |= bool(report.failed)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Hook of pytest: stands in for its own loop over the tests."""
        items = {item.nodeid: item for item in session.items}
        paths = {str(self.root / m.path) for m in self.mutants}
        plan = Plan(*_in_child_json(lambda: self._lines(list(items.values()), sorted(paths))))
        print(f"\n{len(items)} tests, {sum(plan.seconds.values()):.0f} s; {len(self.mutants)} mutants", flush=True)
        live, caches = _live_functions(paths)
        with self.results.open("w", encoding="utf-8") as out:
            for mutant in self.mutants:
                began = time.monotonic()
                outcome = self._outcome(mutant, plan, items, live, caches)
                row = {"path": mutant.path, "line": mutant.lines[0], "change": mutant.change, "outcome": outcome}
                print(
                    json.dumps(row | {"s": round(time.monotonic() - began, 1)}, ensure_ascii=False),
                    file=out,
                    flush=True,
                )
        return True

    def _lines(self, items: list[pytest.Item], paths: list[str]) -> tuple[Any, dict[str, float]]:
        tracer = coverage.Coverage(include=paths, data_file=None, config_file=False)
        seconds = {}
        tracer.start()
        for item in items:
            began = time.process_time()
            tracer.switch_context(item.nodeid)
            self._context = (tracer, item)
            self._run([item])
            seconds[item.nodeid] = time.process_time() - began
        tracer.stop()
        if self.failed:
            raise SystemExit("a test fails without any mutant")
        data = tracer.get_data()
        lines = {
            path: {str(n): [c for c in names if c] for n, names in data.contexts_by_lineno(path).items()}
            for path in paths
        }
        return lines, seconds

    _context: tuple[coverage.Coverage, pytest.Item] | None = None

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: Any) -> Iterator[None]:
        """What a fixture of a whole file runs is credited to every test of the file."""
        if self._context is None or fixturedef.scope == "function":
            return (yield)
        tracer, item = self._context
        tracer.switch_context(_file(item.nodeid) + "::")
        try:
            return (yield)
        finally:
            tracer.switch_context(item.nodeid)

    def _run(self, items: list[pytest.Item]) -> None:
        for item, after in zip(items, [*items[1:], None], strict=True):
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=after)
            if self.failed:
                return

    def _outcome(self, mutant: Mutant, plan: Plan, items: dict[str, pytest.Item], live: Any, caches: Any) -> str:
        chosen = plan.chosen(mutant, self.root, self.limit_s)
        if not chosen:
            return "no test"
        limit = 6 + 4 * sum(plan.seconds[x] for x in chosen)
        swaps = _swaps(mutant, str(self.root / mutant.path), live)

        def swapped() -> bool:
            for function, code in swaps or []:
                function.__code__ = code
            for cached in caches:
                cached.cache_clear()
            self._run([items[x] for x in chosen])
            return self.failed

        work = swapped if swaps is not None else functools.partial(_fresh, mutant, self.root, chosen)
        return _killed(work, limit) or "survived"


def _killed(work: Any, limit_s: float) -> str:
    """How the tests of a child ended: "killed", "timeout", or nothing when they all passed."""
    child = os.fork()
    if child == 0:
        code = 1
        with contextlib.suppress(BaseException):
            quiet = os.open(os.devnull, os.O_WRONLY)
            os.dup2(quiet, 1)
            os.dup2(quiet, 2)
            used = int(time.process_time())
            resource.setrlimit(resource.RLIMIT_CPU, (used + int(limit_s), used + int(limit_s)))
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
            code = int(bool(work()))
        os._exit(code)
    began = time.monotonic()
    while True:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            break
        if time.monotonic() - began > 10 * limit_s:  # asleep: it uses no processor
            os.kill(child, 9)
        time.sleep(0.01)
    if os.WIFSIGNALED(status):
        return "timeout"
    return "killed" if os.WEXITSTATUS(status) else ""


def _in_child_json(work: Any) -> Any:
    with tempfile.NamedTemporaryFile() as file:
        child = os.fork()
        if child == 0:
            try:
                Path(file.name).write_text(json.dumps(work()))
            except BaseException as error:
                print(repr(error), flush=True)
                os._exit(1)
            os._exit(0)
        if os.waitpid(child, 0)[1]:
            raise SystemExit("the tests cannot be measured")
        lines, seconds = json.loads(Path(file.name).read_text())
    return {path: {int(n): names for n, names in rows.items()} for path, rows in lines.items()}, seconds


def _live_functions(paths: set[str]) -> tuple[dict[tuple[str, str, int], list[FunctionType]], list[Any]]:
    live: dict[tuple[str, str, int], list[FunctionType]] = {}
    caches = []
    for thing in gc.get_objects():
        if type(thing) is FunctionType and thing.__code__.co_filename in paths:
            code = thing.__code__
            live.setdefault((code.co_filename, code.co_qualname, code.co_firstlineno), []).append(thing)
        elif isinstance(thing, functools._lru_cache_wrapper):
            caches.append(thing)
    return live, caches


def _swaps(mutant: Mutant, path: str, live: Any) -> list[tuple[FunctionType, CodeType]] | None:
    """Functions and their new code, or None where the change is not inside functions alone."""
    old, new = (compile(x, path, "exec") for x in (Path(path).read_text(encoding="utf-8"), mutant.source))
    found: list[tuple[FunctionType, CodeType]] = []
    return found if _pair(old, new, path, live, found) else None


def _pair(old: CodeType, new: CodeType, path: str, live: Any, found: list[tuple[FunctionType, CodeType]]) -> bool:
    functions = live.get((path, old.co_qualname, old.co_firstlineno))
    if functions:
        if old != new:
            found += [(function, new) for function in functions]
        return bool(old.co_freevars == new.co_freevars)
    inner_old, inner_new = ([x for x in code.co_consts if isinstance(x, CodeType)] for code in (old, new))
    if len(inner_old) != len(inner_new) or _own(old) != _own(new):
        return False
    return all(_pair(a, b, path, live, found) for a, b in zip(inner_old, inner_new, strict=True))


def _own(code: CodeType) -> tuple[Any, ...]:
    plain = [repr(x) for x in code.co_consts if not isinstance(x, CodeType)]
    return code.co_code, plain, code.co_names, code.co_varnames


class _Changed(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives the changed text for one file, and leaves all others to the usual way."""

    def __init__(self, name: str, path: Path, source: str) -> None:
        self.name, self.path, self.source = name, path, source

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        if fullname != self.name:
            return None
        package = [str(self.path.parent)] if self.path.name == "__init__.py" else None
        return importlib.util.spec_from_file_location(
            fullname, self.path, loader=self, submodule_search_locations=package
        )

    def exec_module(self, module: ModuleType) -> None:
        exec(compile(self.source, str(self.path), "exec"), module.__dict__)


def _fresh(mutant: Mutant, root: Path, tests: list[str]) -> bool:
    """Whether the tests fail when the package is imported anew with the changed file."""
    name = mutant.path.removesuffix(".py").replace("/", ".").removesuffix(".__init__")
    for module in [x for x in sys.modules if x.split(".")[0] in (name.split(".")[0], "tests", "conftest")]:
        del sys.modules[module]
    sys.meta_path.insert(0, _Changed(name, root / mutant.path, mutant.source))
    importlib.import_module(name)  # before pytest does: it loads files whose doctests it runs by its own way
    return bool(pytest.main([*OPTIONS, *tests]) != 0)
