"""Whatever the bytes, reading ends: with a document or with problems, in a process that is still there.

JSON is the outside answer: YAML 1.2 (section 1.3) says that every JSON text is YAML and means the same.
"""

from __future__ import annotations

import json
import math
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from ysc_sim.documents import Document, parse_yaml
from ysc_sim.errors import ScenarioError
from ysc_sim.words import LANGUAGES, problem_line

PIECES = [
    "a",
    "12:30",
    "1e3",
    ".nan",
    "&a ",
    "*a",
    "<<: ",
    "- ",
    "? ",
    ": ",
    "\n",
    "\n  ",
    "\t",
    " ",
    "[",
    "]",
    "{",
    "}",
]
PIECES += [
    ",",
    "#",
    "|",
    ">",
    "'",
    '"',
    "\\",
    "---\n",
    "...\n",
    "%TAG ! x\n",
    "!!str ",
    "!x ",
    "!",
    "@",
    "`",
    "\r\n",
]
PIECES += [
    "横",
    "\ufeff",
    "\u2028",
    "\x85",
    "\0",
    "=",
    "~",
    "null",
    "0" * 50,
    "1e999",
    "x" * 1100,
    "a: 1\n",
    "b: &b ",
]
yamlish = st.lists(st.sampled_from(PIECES), max_size=40).map("".join)
printable = st.characters(exclude_categories=("Cc", "Cs"), exclude_characters="\u2028\u2029\ufeff\ufffe\uffff")
leaves = (
    st.none()
    | st.booleans()
    | st.integers(min_value=-(10**38), max_value=10**38)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(printable, max_size=20)
)
trees = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(printable, max_size=8), inner, max_size=4),
    max_leaves=20,
)


def outcome(source: str | bytes) -> Any:
    """The data, or the problems; nothing else may come out, and every problem can be said."""
    try:
        document = parse_yaml(source, "a.yaml")
    except ScenarioError as error:
        problems = error.problems
    else:
        assert isinstance(document, Document)
        assert is_plain(document.data)
        return document.data
    assert problems
    assert all(problem_line(problem, lang).isprintable() for problem in problems for lang in LANGUAGES)
    return problems


def is_plain(data: Any) -> bool:
    if isinstance(data, dict):
        return all(type(key) is str and is_plain(value) for key, value in data.items())
    if isinstance(data, list):
        return all(map(is_plain, data))
    return data is None or type(data) in (str, bool, int) or (type(data) is float and math.isfinite(data))


@given(st.binary(max_size=200))
@example(b"[" * 100_000)
@example(b"{" * 100_000)
@example(b"{a: " * 50_000)
@example(b"- " * 100_000)
@example(b"? " * 100_000)
@example(b"&a " * 50_000)
@example(b"%TAG !a! x\n" * 100_000)
@example(b"!" * 1_000_000)
@example(b"a\n" * 500_000)
@example(b"'" * 1_000_000)
@example(b": " * 500_000)
@example(b"\xff" * 1_000_000)
def test_any_bytes_give_a_document_or_problems(source: bytes) -> None:
    outcome(source)


@given(yamlish)
@example("a: &a [*a]")
@example("a: 2024-01-00")  # a date that there is not: PyYAML raises a bare ValueError
@example("!!int x")
@example("!!timestamp x")
@example("!<tag:yaml.org,2002:python/name:os.system> x")
@example("? [a]\n: b")
@example("a: !!float .inf")
def test_anything_that_looks_like_yaml_gives_a_document_or_problems(source: str) -> None:
    assert outcome(source) == outcome(source)


@given(trees, st.sampled_from([None, 2]), st.booleans())
@example({"\x7f": 1}, None, True)
def test_json_means_what_json_says(tree: Any, indent: int | None, ascii_only: bool) -> None:
    written = json.dumps(tree, indent=indent, ensure_ascii=False)
    if ascii_only and max(written) <= "\uffff":  # libyaml does not join the halves of an emoji
        written = json.dumps(tree, indent=indent)
    found = parse_yaml(written, "a.json").data
    assert json.dumps(found) == json.dumps(tree)  # as text: 1 is not 1.0, and -0.0 is not 0.0


@given(st.integers(1, 9), st.integers(1, 9))
def test_weight_of_aliases_is_what_they_expand_to(width: int, height: int) -> None:
    """width**height values behind a few hundred bytes: read where they are few, refused where many."""
    lines = ["a0: &a0 x"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * width)}]" for i in range(1, height + 1)]
    own = [1]
    for _ in range(height):
        own.append(1 + width * own[-1])
    total = 1 + (height + 1) + sum(own)  # the map, its keys, its values
    found = outcome("\n".join(lines))
    assert isinstance(found, dict) == (total <= 500_000)


@given(st.lists(st.integers(1, 30), min_size=1, max_size=6))
def test_depth_of_aliases_is_what_they_expand_to(depths: list[int]) -> None:
    lines = ["a0: &a0 x"]
    for i, depth in enumerate(depths, start=1):
        lines.append(f"a{i}: &a{i} {'[' * depth}*a{i - 1}{']' * depth}")
    found = outcome("\n".join(lines))
    assert isinstance(found, dict) == (1 + sum(depths) <= 64)
