"""Whatever stands in the cells of a scenario workbook, it is read, or every problem is told by its cell."""

from __future__ import annotations

import dataclasses
import tempfile
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ysc_sim.documents.reader import parse_yaml
from ysc_sim.documents.workbook import CellError, Sheet, read_sheets
from ysc_sim.errors import Problem, ScenarioError
from ysc_sim.scenario import load_scenario
from ysc_sim.scenario.book import read, write_book
from ysc_sim.scenario.starters import starter_text
from ysc_sim.words import LANGUAGES, problem_line

VALUES: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**18), 10**18),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(
        [
            "",
            " ",
            "=1+1",
            "{",
            "[1, 2",
            "{a: {b: [}",
            "[[[]]]",
            "*x",
            "!!python/name:os.system",
            "0.2, , 0.3",
            "、",
            "x" * 500,
        ]
    ),
    st.sampled_from(
        [
            "kind",
            "battery",
            "蓄電池",
            "office",
            "house",
            "2026/13/45 25:61",
            "08:30",
            "２０２６年8月3日",
            "\u202e",
            "on",
        ]
    ),
    st.text(max_size=12),
    st.dates(date(1900, 1, 1)),
    st.datetimes(datetime(1900, 1, 1)),
    st.times(),
    st.timedeltas(timedelta(0), timedelta(days=40)),
    st.just(CellError("#REF!")),
    st.just(time(0, 0)),
)
CHANGES = st.lists(st.tuples(st.integers(0, 4), st.integers(1, 24), st.integers(1, 17), VALUES), min_size=1, max_size=6)


def good_sheets() -> list[Sheet]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "book.xlsx"
        write_book(path, parse_yaml(starter_text("block", "ja"), "block").data, "ja")
        return read_sheets(path, max_bytes=10**7)


SHEETS = good_sheets()


Changes = list[tuple[int, int, int, Any]]


def changed_sheets(changes: Changes) -> list[Sheet]:
    cells = [dict(sheet.cells) for sheet in SHEETS]
    for sheet, row, column, value in changes:
        cells[sheet].pop((row, column), None)
        if value is not None:
            cells[sheet][row, column] = value
    return [dataclasses.replace(sheet, cells=own) for sheet, own in zip(SHEETS, cells, strict=True)]


def read_changed(changes: Changes) -> str:
    """How the reading ended: 'read', or the key of the first problem or warning."""
    sheets = changed_sheets(changes)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(read, "read_sheets", lambda path, max_bytes: sheets)
        problems = told()
    for problem in problems:
        for lang in LANGUAGES:
            assert problem_line(problem, lang).startswith(("book.xlsx", "--set")), problem_line(problem, lang)
    return problems[0].key if problems else "read"


@settings(max_examples=150, deadline=None)
@given(changes=CHANGES)
def test_any_cells(changes: Changes) -> None:
    read_changed(changes)


def told() -> tuple[Problem, ...]:
    try:
        return load_scenario("book.xlsx").warnings
    except ScenarioError as error:
        return error.problems
