"""Every file of ``bad/yaml`` is refused with exactly the problems of ``expected.yaml``, each at its place."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ysc_sim.documents import read_yaml
from ysc_sim.errors import Problem, ScenarioError
from ysc_sim.words import LANGUAGES, problem_line

FOLDER = Path(__file__).with_name("bad") / "yaml"
EXPECTED: dict[str, Any] = read_yaml(FOLDER / "expected.yaml").data


def said(name: str) -> tuple[Problem, ...]:
    with pytest.raises(ScenarioError) as error:
        read_yaml(FOLDER / name)
    return error.value.problems


def test_every_file_has_an_expectation_and_the_other_way_round() -> None:
    files = {path.name for path in FOLDER.glob("*.yaml")} - {"expected.yaml"}
    assert files == set(EXPECTED["cases"])
    assert len(files) > 50


@pytest.mark.parametrize("name", EXPECTED["cases"])
def test_problems_are_those_expected(name: str) -> None:
    found = [{"key": p.key, "line": p.line, "column": p.column, "field": p.field} for p in said(name)]
    assert found == [{"field": "", **problem} for problem in EXPECTED["cases"][name]]


@pytest.mark.parametrize("name", EXPECTED["cases"])
def test_problems_can_be_said_in_both_languages(name: str) -> None:
    for problem in said(name):
        assert problem.file == str(FOLDER / name)
        for lang in LANGUAGES:
            line = problem_line(problem, lang)
            assert line.startswith(f"{problem.place}: ")
            assert "{" not in line
            assert problem.key not in line, "no sentence"
            assert line.isprintable()
            assert len(line) < 400 + len(problem.place)


def test_the_command_line_says_so_and_ends_with_the_status_expected(tmp_path: Path) -> None:
    files = [str(FOLDER / name) for name in EXPECTED["cases"]]
    done = subprocess.run(
        [sys.executable, "-m", "ysc_sim", "validate", *files],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    assert done.returncode == EXPECTED["exit"]
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())
    for name, problems in EXPECTED["cases"].items():
        for problem in problems:
            assert f"{FOLDER / name}:{problem['line']}:{problem['column']}: " in done.stderr
