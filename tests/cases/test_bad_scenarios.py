"""Every wrong scenario of the corpus gets exactly the messages of ``expected.yaml``, at their places."""

from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from ysc_sim.documents import parse_yaml
from ysc_sim.errors import Problem, ScenarioError
from ysc_sim.scenario import load_scenario, resolved_yaml
from ysc_sim.words import LANGUAGES, problem_line

FOLDER = Path(__file__).parent / "bad" / "scenario"
EXPECTED = yaml.load((FOLDER / "expected.yaml").read_text(encoding="utf-8"), yaml.CSafeLoader)
FILES = sorted(path.stem for path in FOLDER.glob("*.yaml") if path.name != "expected.yaml")


@cache
def told(path: Path) -> tuple[Problem, ...]:
    """Everything that is said about a scenario."""
    try:
        return load_scenario(path).warnings
    except ScenarioError as error:
        return error.problems


def place(file: str) -> str:
    """A file below the folder of the cases as it would be written in one."""
    return Path(file).relative_to(FOLDER).as_posix() if Path(file).is_absolute() else file


def test_every_case_has_its_expectation():
    assert sorted(EXPECTED) == FILES


@pytest.mark.parametrize("case", FILES)
def test_case(case):
    problems = told(FOLDER / f"{case}.yaml")
    found = [(p.key, f"{p.line}:{p.column}", p.field, place(p.file), p.severity) for p in problems]
    assert found == [
        (e["key"], e["at"], e["field"], e.get("file", f"{case}.yaml"), e.get("severity", "error"))
        for e in problems_of(EXPECTED[case])
    ]


def problems_of(entry: Any) -> list[dict[str, str]]:
    """A list of problems, or a map with ``accepts`` (values that are read) and the problems beside them."""
    return entry.get("problems", []) if isinstance(entry, dict) else entry


def value_at(tree: Any, dotted: str) -> Any:
    """A value of the resolved scenario; items of lists by their id, kind or number."""
    for word in dotted.split("."):
        if isinstance(tree, list):
            named = [item for item in tree if isinstance(item, dict) and word in (item.get("id"), item.get("kind"))]
            tree = named[0] if named else tree[int(word)]
        else:
            tree = tree[word]
    return tree


@pytest.mark.parametrize("case", [case for case, entry in EXPECTED.items() if isinstance(entry, dict)])
def test_what_is_accepted_means_what_was_written(case):
    scenario = load_scenario(FOLDER / f"{case}.yaml")
    data = parse_yaml(resolved_yaml(scenario), case).data
    for dotted, value in EXPECTED[case]["accepts"].items():
        found = value_at(data, dotted)
        assert (type(found), found) == (type(value), value), dotted


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("case", FILES)
def test_every_message_is_a_whole_sentence(case, language):
    for problem in told(FOLDER / f"{case}.yaml"):
        sentence = problem_line(problem, language)
        assert not sentence.partition(": ")[2].startswith(problem.key), "the key has no sentence"
        assert "{" not in sentence.replace("{kind: ...}", "").replace("{'id': 'home'}", ""), "a gap is left"
        assert sentence.rstrip().endswith((".", "?", "。", "？"))
