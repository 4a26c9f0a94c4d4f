"""Every sentence exists in both languages, with the same gaps; every key that the code uses has one."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, get_origin

import pytest

import ysc_sim
from ysc_sim import units, words
from ysc_sim.documents import read_yaml, syntax
from ysc_sim.engine.modes import MODES
from ysc_sim.errors import Problem, ScenarioError, TariffError
from ysc_sim.plugins import registry
from ysc_sim.results import columns

SOURCE = Path(ysc_sim.__file__).parent
FIRST_ARGUMENT = {"Problem", "PluginError", "ResultError", "TariffError", "InvariantError", "YscError"}
FIRST_ARGUMENT |= {"ScalarError", "complain", "problem", "note", "wrong"}
"""Calls, as functions or methods, whose first argument is the key of a problem."""
SECOND_ARGUMENT = {"_wrong"}
SECTIONS = (
    "problems",
    "cli",
    "report",
    "metrics",
    "columns",
    "meanings",
    "units",
    "modes",
    "causes",
    "items",
    "assumed",
    "book",
    "fields",
    "hints",
    "choices",
    "figures",
)


def gaps(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None}


def trees() -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted(SOURCE.rglob("*.py")):
        yield path.relative_to(SOURCE), ast.parse(path.read_text(encoding="utf-8"))


def literals(node: ast.expr) -> Iterator[str]:
    """Texts that an expression can be: itself, or the branches of a conditional one."""
    if isinstance(node, ast.IfExp):
        yield from literals(node.body)
        yield from literals(node.orelse)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value


def called(node: ast.Call) -> str:
    return node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")


def problem_keys() -> dict[str, str]:
    """Key → where it is used."""
    found = dict.fromkeys(syntax.MEANING.values(), "documents/syntax.py")
    for path, tree in trees():
        for node in ast.walk(tree):
            for expression in key_expressions(node):
                for key in literals(expression):
                    found.setdefault(key, f"{path}:{expression.lineno}")
    return found


def key_expressions(node: ast.AST) -> Iterator[ast.expr]:
    """Where a key stands in a call, or in what the ``check`` of a ``Spec`` gives: (key, field, values)."""
    if isinstance(node, ast.Call):
        position = 0 if called(node) in FIRST_ARGUMENT else 1 if called(node) in SECOND_ARGUMENT else None
        if position is not None and len(node.args) > position:
            yield node.args[position]
    if isinstance(node, ast.FunctionDef) and node.name in ("check", "_window_problems", "check_datasheet"):
        for inner in ast.walk(node):
            if isinstance(inner, ast.Tuple) and len(inner.elts) == 3 and isinstance(inner.elts[2], ast.Dict | ast.Name):
                yield inner.elts[0]


def text_keys() -> dict[str, str]:
    """``section.key`` → where ``words.text`` is asked for it."""
    found: dict[str, str] = {}
    for path, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and called(node) == "text" and node.args:
                for key in literals(node.args[0]):
                    if re.fullmatch(r"[a-z]+\.\w+", key):
                        found.setdefault(key, f"{path}:{node.lineno}")
    return found


def spoken() -> Iterator[tuple[str, str]]:
    for section, entries in words.words_of("en").items():
        for key in entries:
            yield section, key


def test_both_languages_have_the_same_sections_and_keys() -> None:
    english, japanese = words.words_of("en"), words.words_of("ja")
    assert tuple(english) == tuple(japanese) == SECTIONS
    for section in SECTIONS:
        assert set(english[section]) == set(japanese[section]), section
        assert all(isinstance(key, str) for key in english[section]), "yes, no, on and off must be quoted"


@pytest.mark.parametrize("lang", words.LANGUAGES)
def test_no_key_stands_twice(lang: str) -> None:
    """PyYAML, which reads these files, keeps the last one and says nothing; our own reader refuses."""
    document = read_yaml(Path(words.__file__).with_name(f"{lang}.yaml"))
    assert set(document.data) == set(SECTIONS)


@pytest.mark.parametrize("section", SECTIONS)
def test_both_languages_have_the_same_gaps(section: str) -> None:
    for key in words.words_of("en")[section]:
        english, japanese = (str(words.words_of(lang)[section][key]) for lang in words.LANGUAGES)
        assert gaps(english) == gaps(japanese), f"{section}.{key}"


def test_japanese_is_japanese_and_english_is_english() -> None:
    kana_or_kanji = re.compile("[ぁ-んァ-ヶ一-龠々]")
    same_in_both = {"units"}
    for section, key in spoken():
        english, japanese = (str(words.words_of(lang)[section][key]) for lang in words.LANGUAGES)
        assert not kana_or_kanji.search(english), f"{section}.{key}: {english}"
        if section not in same_in_both and re.search("[a-z]{3}", english):
            assert kana_or_kanji.search(japanese), f"{section}.{key}: {japanese}"


def test_every_problem_in_the_code_has_a_sentence() -> None:
    used = problem_keys()
    seen = {"file_missing", "unknown_key", "no_transition", "soc_band_empty", "yaml_colon", "too_many_digits"}
    assert seen <= set(used), "the scan itself does not work"
    missing = {key: where for key, where in used.items() if key not in words.words_of("en")["problems"]}
    assert not missing


def test_every_sentence_about_a_problem_is_used() -> None:
    """A sentence that nothing says is a leftover; keys built from parts are found by what they begin with."""
    said: set[str] = set()
    beginnings: set[str] = set()
    for _, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                said.add(node.value)
            if isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
                beginnings.add(str(node.values[0].value))
    beginnings = {start for start in beginnings if re.fullmatch(r"[a-z]\w{3,}", start)}
    unused = [
        key
        for key in words.words_of("en")["problems"]
        if key not in said and not any(key.startswith(start) for start in beginnings)
    ]
    assert not unused


def test_every_text_that_the_code_asks_for_exists() -> None:
    used = text_keys()
    assert "cli.valid" in used, "the scan itself does not work"
    assert not {key: where for key, where in used.items() if not words.has(key)}


def test_every_column_has_a_heading_a_meaning_and_a_unit() -> None:
    tables = [table for name, table in vars(columns).items() if name == "KEYS" or name.endswith("_COLUMNS")]
    assert len(tables) > 5
    for column in (column for table in tables for column in table):
        assert words.has(f"columns.{column.name}") or words.has(f"metrics.{column.name}"), column.name
        assert words.has(f"meanings.{column.name}"), column.name
        assert not column.unit or words.has(f"units.{column.unit}"), column.unit


def test_every_metric_of_ours_has_a_name_a_meaning_and_a_unit() -> None:
    found = [metric for metric in registry("metrics").values() if metric.__module__.startswith("ysc_sim.")]
    assert len(found) > 4
    for name, info in (item for metric in found for item in vars(metric)["defines"].items()):
        assert words.has(f"metrics.{name}"), name
        assert words.has(f"meanings.{name}"), name
        assert words.has(f"units.{info.unit}"), info.unit


def test_every_number_of_a_device_of_ours_has_a_name_a_meaning_and_a_unit() -> None:
    fleets = [fleet for fleet in registry("devices").values() if fleet.__module__.startswith("ysc_sim.")]
    found = [item for fleet in fleets for item in vars(fleet).get("measures", {}).items()]
    assert found
    for name, info in found:
        assert words.has(f"metrics.{name}"), name
        assert words.has(f"meanings.{name}"), name
        assert words.has(f"units.{info.unit}"), info.unit


def test_every_unit_of_a_field_can_be_said() -> None:
    fields = [hint for hint in vars(units).values() if get_origin(hint) is Annotated]
    assert len(fields) > 10
    for unit in (mark for hint in fields for mark in hint.__metadata__ if isinstance(mark, units.Unit)):
        assert words.has(f"units.{unit}"), unit


def test_every_mode_and_every_cause_of_the_engine_has_a_name() -> None:
    for mode in MODES:
        assert words.has(f"modes.{mode.name}"), mode.name
    for cause in ("none", "energy", "power", "former", "voltage", "frequency", "start", "sync"):
        assert words.has(f"causes.{cause}"), cause


@pytest.mark.parametrize("lang", words.LANGUAGES)
def test_every_sentence_can_be_said(lang: str) -> None:
    for section, key in spoken():
        text = str(words.words_of(lang)[section][key])
        said = words.sentence(section, key, dict.fromkeys(gaps(text), "x"), lang)
        assert said or section == "units"
        assert not re.search(r"\{\w+\}", said), f"{section}.{key}"


def test_a_suggestion_becomes_a_question_and_none_becomes_nothing() -> None:
    values: dict[str, str | None] = {"group": "device", "suggestion": "devices"}
    assert words.sentence("problems", "plugin_group_unknown", values, "en") == (
        "There is no group of plug-ins 'device'. Did you mean 'devices'?"
    )
    assert words.sentence("problems", "plugin_group_unknown", values, "ja").endswith("「devices」ではありませんか？")
    values["suggestion"] = None
    assert words.sentence("problems", "plugin_group_unknown", values, "en").endswith("'device'.")
    for lang in words.LANGUAGES:
        for section, key in spoken():
            if (section, key) != ("problems", "did_you_mean"):
                assert "suggestion" not in gaps(str(words.words_of(lang)[section][key])), f"{section}.{key}"


def test_a_line_says_place_severity_field_and_message() -> None:
    problem = Problem("file_missing", {"path": "b.csv"}, "a.yaml", 3, 7, "buildings.office.profile")
    assert words.problem_line(problem, "en") == "a.yaml:3:7: buildings.office.profile: There is no file b.csv."
    assert words.problem_line(problem, "ja") == "a.yaml:3:7: buildings.office.profile: ファイル b.csv がありません。"
    warning = Problem("file_missing", {"path": "b.csv"}, severity="warning")
    assert words.problem_line(warning, "en") == "warning: There is no file b.csv."
    assert words.problem_line(warning, "ja") == "注意: ファイル b.csv がありません。"


def test_a_sentence_of_somebody_elses_plug_in_is_shown_as_it_is() -> None:
    assert words.sentence("problems", "my_own", {"a": 1}, "ja") == "my_own a=1"


def test_a_missing_value_stays_a_gap() -> None:
    assert words.sentence("problems", "file_missing", {}, "en") == "There is no file {path}."


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("a\nb\tc\x1b[31m", "a?b?c?[31m"),
        ("\u202egnp.exe", "?gnp.exe"),
        ("\u2066x\u2069", "?x?"),
        ("zero\u200bwidth", "zero?width"),
        ("x" * 81, "x" * 79 + "…"),
        ("x" * 80, "x" * 80),
        ("横浜" * 50, "横浜" * 39 + "横…"),
        ("/" + "x" * 90 + "/metrics.json", "/" + "x" * 38 + "…" + "x" * 27 + "/metrics.json"),
        ("{path}", "{path}"),
        (0.1 + 0.2, "0.3"),
        (1234567, "1234567"),
        (None, "None"),
    ],
)
def test_values_from_outside_are_harmless(value: object, shown: str) -> None:
    assert words.harmless(value) == shown
    assert words.sentence("problems", "file_missing", {"path": value}, "en") == f"There is no file {shown}."


def test_the_place_of_a_problem_cannot_turn_the_line_round() -> None:
    line = words.problem_line(Problem("yaml_merge", {}, "a\n\u202eb.yaml", 1, 2, "x\x1by"), "en")
    assert line.startswith("a??b.yaml:1:2: x?y: ")


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, "en"),
        ({"LANG": "ja"}, "ja"),
        ({"LANG": "jam_JM.UTF-8"}, "en"),
        ({"LANG": "ja_JP.UTF-8"}, "ja"),
        ({"LANG": "ja_JP.UTF-8", "LC_ALL": "C.UTF-8"}, "en"),
        ({"LANG": "en_GB.UTF-8", "LC_ALL": "ja_JP.eucJP"}, "ja"),
        ({"LANG": "en_GB.UTF-8", "LC_MESSAGES": "ja_JP.UTF-8"}, "ja"),
        ({"YSC_LANG": "en", "LANG": "ja_JP.UTF-8"}, "en"),
        ({"YSC_LANG": "ja"}, "ja"),
        ({"YSC_LANG": "fr", "LANG": "ja_JP.UTF-8"}, "ja"),
    ],
)
def test_language_follows_choice_then_environment(
    environment: dict[str, str], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(words, "_chosen", [])
    for name in ("YSC_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert words.language() == expected
    words.set_language("en" if expected == "ja" else "ja")
    assert words.language() != expected


def test_an_unknown_language_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "_chosen", [])
    with pytest.raises(ValueError, match=r"language\(='fr'\)"):
        words.set_language("fr")


def test_errors_are_worded_in_the_language_in_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "_chosen", ["ja"])
    error = ScenarioError([Problem("yaml_merge", {}, "a.yaml", 1, 2), Problem("yaml_key_not_text", {}, "a.yaml", 3, 4)])
    first, second = str(error).split("\n")
    assert first.startswith("a.yaml:1:2: ")
    assert second == "a.yaml:3:4: キーは文字列でなければなりません。"
    monkeypatch.setattr(words, "_chosen", ["en"])
    assert str(TariffError("file_missing", path="x.yaml")) == "There is no file x.yaml."
