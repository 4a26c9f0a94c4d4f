"""The corpus is whole: every rule that judges a scenario is broken by some case; every kind of bad input has one."""

from __future__ import annotations

import ast
import dataclasses
import gzip
import re
import resource
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from ysc_sim.errors import PluginError, ResultError, ScenarioError
from ysc_sim.scenario import check, kinds, load_scenario
from ysc_sim.scenario.starters import starter_text
from ysc_sim.timeseries.importers import import_file
from ysc_sim.words import LANGUAGES, problem_line

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
BAD = HERE / "bad"


def read(path: Path) -> Any:
    return yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader)


KINDS: dict[int, dict[str, Any]] = read(BAD / "kinds.yaml")
ELSEWHERE: dict[str, str] = read(BAD / "elsewhere.yaml")
SCENARIOS = {path.stem: path for path in (BAD / "scenario").glob("*.yaml") if path.name != "expected.yaml"}
JUDGES = ("scenario/*.py", "devices/*.py", "strategies/*.py", "outages/*.py", "markets/*.py", "bidders/*.py")
OWN_TESTS = {39, 42}
"""Kinds that are no input: a disk that is full, a server."""


@cache
def told(path: Path) -> tuple[Any, ...]:
    try:
        return load_scenario(path).warnings
    except ScenarioError as error:
        return error.problems


@cache
def keys_of_the_corpus() -> frozenset[str]:
    return frozenset(problem.key for path in SCENARIOS.values() for problem in told(path))


@cache
def keys_of_the_rules() -> frozenset[str]:
    """Every name of a sentence about a problem that stands in the code of those who judge a scenario."""
    sentences = read(ROOT / "ysc_sim/words/en.yaml")["problems"]
    files = [file for pattern in JUDGES for file in (ROOT / "ysc_sim").glob(pattern)]
    trees = [ast.parse(file.read_text(encoding="utf-8")) for file in files]
    texts = {node.value for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    return (frozenset(sentences) & texts) - {"warning"}  # a word of its own


def test_every_sentence_of_the_checker_is_told_by_some_case() -> None:
    assert keys_of_the_rules() - keys_of_the_corpus() == set(ELSEWHERE), (
        "a rule without a case, or a case no longer missing"
    )
    assert len(keys_of_the_rules() & keys_of_the_corpus()) > 100


def test_what_no_file_can_break_is_tested_elsewhere() -> None:
    for key, file in ELSEWHERE.items():
        assert f'"{key}"' in (ROOT / file).read_text(encoding="utf-8"), key


def test_every_cross_rule_is_broken_by_some_case(monkeypatch: pytest.MonkeyPatch) -> None:
    broken: set[str] = set()

    def watched(rule: Any) -> Any:
        def judge(scenario: Any, tree: Any) -> list[Any]:
            problems = list(rule(scenario, tree))
            if problems:
                broken.add(rule.__name__)
            return problems

        return judge

    names = {rule.__name__ for rule in check.RULES}
    monkeypatch.setattr(check, "RULES", tuple(map(watched, check.RULES)))
    told.cache_clear()
    for path in SCENARIOS.values():
        told(path)
    assert names - broken == set()


@pytest.mark.parametrize("case", sorted(SCENARIOS))
def test_every_message_is_told_in_both_languages_with_line_and_column(case: str) -> None:
    for problem in told(SCENARIOS[case]):
        lines = [problem_line(problem, lang) for lang in LANGUAGES]
        assert lines[0] != lines[1]
        assert all(re.match(r".*\.\w+:[1-9]\d*:[1-9]\d*: ", line) for line in lines), lines


def test_every_kind_of_bad_input_has_cases() -> None:
    assert set(KINDS) == set(range(1, 43)) - OWN_TESTS
    expected = {folder: read(BAD / folder / "expected.yaml") for folder in ("scenario", "yaml")}
    for number, kind in KINDS.items():
        assert kind["what"]
        assert kind.get("cases") or kind.get("tests"), number
        for case in kind.get("cases", ()):
            folder, _, name = case.partition("/")
            assert name in expected[folder].get("cases", expected[folder]), case
        for test in kind.get("tests", ()):
            file, _, name = test.partition("::")
            tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
            assert name in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}, test


def test_the_starters_are_named_where_there_is_no_such() -> None:
    with pytest.raises(ResultError) as error:
        starter_text("no-such", "en")
    assert error.value.key == "unknown_template"
    assert "block" in str(error.value)


def test_a_network_without_pandapower_is_refused_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ysc_sim.adapters.pandapower", None)
    with pytest.raises(ScenarioError) as error:
        load_scenario(SCENARIOS["volt_watt_in_vain"])
    assert "pandapower_missing" in [problem.key for problem in error.value.problems]


def test_a_plug_in_must_not_take_the_name_of_a_field(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = dataclasses.make_dataclass("Spec", [("id", str, "")], kw_only=True)
    monkeypatch.setattr(kinds, "spec_of", lambda group, kind: spec)
    with pytest.raises(PluginError) as error:
        kinds.flat_class("devices", "no-such")
    assert error.value.key == "plugin_field_taken"


def test_there_are_enough() -> None:
    assert len(list(BAD.glob("*/*.yaml"))) - 2 >= 200


def test_a_parquet_that_unpacks_to_much_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.parquet"
    zeros = pa.table(
        {"time": pa.repeat(pa.scalar(0, pa.int64()), 1_000_000), "a_kw": pa.repeat(pa.scalar(0.0), 1_000_000)}
    )
    with pq.ParquetWriter(path, zeros.schema) as writer:
        for _ in range(12):
            writer.write_table(zeros)
    assert path.stat().st_size < 1_000_000, "unpacked it would be 192 MB"
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ScenarioError) as error:
        import_file(path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000, "kB"
    assert problem_line(error.value.problems[0], "en") != problem_line(error.value.problems[0], "ja")


def test_long_texts_of_a_parquet_are_not_unpacked(tmp_path: Path) -> None:
    path, day = tmp_path / "texts.parquet", pd.date_range("2026-08-03", periods=48, freq="30min", tz="Asia/Tokyo")
    text = pa.DictionaryArray.from_arrays(pa.array([0] * 48), pa.array(["x" * 4_000_000]))
    pq.write_table(pa.table({"time": day, "a_kw": pa.array([1.0] * 48), "note_kw": text}), path, store_schema=False)
    assert path.stat().st_size < 1_000_000, "unpacked it would be 192 MB"
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert list(import_file(path).columns) == ["a_kw"]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000, "kB"


def test_a_compressed_table_is_refused(tmp_path: Path) -> None:
    packed = gzip.compress(b"time,kW\n" + b"0" * 50_000_000, compresslevel=1)
    assert len(packed) < 1_000_000
    for name in ("load.csv", "load.csv.gz"):
        (tmp_path / name).write_bytes(packed)
        (tmp_path / "a.yaml").write_text(
            f"format: 1\ntime: {{start: 2026-08-03T00:00, days: 1}}\nbuildings: [{{id: a, profile: {name}}}]\n"
        )
        with pytest.raises(ScenarioError) as error:
            load_scenario(tmp_path / "a.yaml")
        assert error.value.problems[0].key in ("file_not_text", "profile_unknown")
