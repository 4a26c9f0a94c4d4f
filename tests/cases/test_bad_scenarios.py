"""Every wrong scenario of the corpus gets exactly the messages of ``expected.yaml``, at their places."""

from pathlib import Path

import pytest
import yaml

from ysc_sim.errors import Problem, ScenarioError
from ysc_sim.scenario import load_scenario
from ysc_sim.words import LANGUAGES, problem_line

FOLDER = Path(__file__).parent / "bad" / "scenario"
EXPECTED = yaml.safe_load((FOLDER / "expected.yaml").read_text(encoding="utf-8"))
FILES = sorted(path.stem for path in FOLDER.glob("*.yaml") if path.name != "expected.yaml")


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
        for e in EXPECTED[case]
    ]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("case", FILES)
def test_every_message_is_a_whole_sentence(case, language):
    for problem in told(FOLDER / f"{case}.yaml"):
        sentence = problem_line(problem, language)
        assert not sentence.partition(": ")[2].startswith(problem.key), "the key has no sentence"
        assert "{" not in sentence.replace("{kind: ...}", "").replace("{'id': 'home'}", ""), "a gap is left"
        assert sentence.rstrip().endswith((".", "?", "。", "？"))
