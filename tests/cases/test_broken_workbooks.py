"""Broken scenario workbooks: each mistake is told with its sheet and cell, in both languages, all of them at once."""

from __future__ import annotations

import io
import tempfile
import zipfile
from collections.abc import Callable
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from ysc_sim.documents.reader import parse_yaml
from ysc_sim.errors import Problem, ScenarioError
from ysc_sim.scenario import load_scenario
from ysc_sim.scenario.book import write_book
from ysc_sim.scenario.book.layout import sheet_title
from ysc_sim.words import LANGUAGES, problem_line

GOOD = """
format: 1
name: Two
time: {start: 2026-08-03T00:00, days: 2, step_s: 1800}
seed: 1
tariff: {plan: tepco_hv_basic_2026, export_jpy_per_kwh: 8.5}
wires: private_line
buildings:
  - id: office
    profile: office
    load_kwh_per_year: 90000
    tier_shares: [0.2, 0.3, 0.3, 0.2]
    strategy: {kind: peak_cut, target_kw: 20}
  - {id: home, profile: detached120_gas, count: 2}
outages: [{start: 2026-08-03T18:00, duration_h: 2}]
"""
DEVICES = [
    {"kind": "solar", "rated_kw": 30, "tilt_deg": 10},
    {"kind": "battery", "energy_kwh": 40, "power_kw": 20},
    {"kind": "ev", "leave": "08:30"},
]
START = "scenario", "B4"
RATED, STORE, POWER = "D2", "G3", "H3"


@cache
def content(lang: str) -> bytes:
    """A good workbook as bytes."""
    data = parse_yaml(GOOD, "good").data
    data["buildings"][0]["devices"] = DEVICES
    with tempfile.TemporaryDirectory() as folder:
        write_book(Path(folder) / "good.xlsx", data, lang)
        return (Path(folder) / "good.xlsx").read_bytes()


def book(lang: str) -> openpyxl.Workbook:
    """A good workbook, to be broken."""
    return openpyxl.load_workbook(io.BytesIO(content(lang)))


Edit = Callable[[Callable[[str], Worksheet], openpyxl.Workbook], object]


def put(sheet: str, cell: str, value: object) -> Edit:
    def edit(of: Callable[[str], Worksheet], _: openpyxl.Workbook) -> None:
        of(sheet)[cell] = value

    return edit


def rename(sheet: str, title: str) -> Edit:
    def edit(of: Callable[[str], Worksheet], _: openpyxl.Workbook) -> None:
        of(sheet).title = title

    return edit


def sheet_of_ones_own(of: Callable[[str], Worksheet], whole: openpyxl.Workbook) -> None:
    whole.create_sheet("outage")["A1"] = "start"


def hide_row(of: Callable[[str], Worksheet], _: openpyxl.Workbook) -> None:
    of("devices").row_dimensions[3].hidden = True


def hide_column(of: Callable[[str], Worksheet], _: openpyxl.Workbook) -> None:
    of("devices").column_dimensions["D"].hidden = True


def hide_sheet(of: Callable[[str], Worksheet], _: openpyxl.Workbook) -> None:
    of("devices").sheet_state = "hidden"


def twice(sheet: str, row: int) -> Edit:
    def edit(of: Callable[[str], Worksheet], _: openpyxl.Workbook) -> None:
        here = of(sheet)
        here.append([cell.value for cell in here[row]])

    return edit


def a_plain_serial(of: Callable[[str], Worksheet], _: openpyxl.Workbook) -> None:
    of("scenario")["B4"] = 46237
    of("scenario")["B4"].number_format = "General"


CASES: dict[str, tuple[Edit, str, str, str]] = {
    "a sheet is missing": (lambda of, whole: whole.remove(of("buildings")), "workbook_sheet_missing", "", ""),
    "a sheet is misspelt": (sheet_of_ones_own, "workbook_sheet_unknown", "outage", "A1"),
    "no headings": (put("buildings", "A1", "謎"), "invoice_heading_missing", "buildings", "A1"),
    "a column is missing": (put("devices", "B1", None), "invoice_heading_missing", "devices", "A1"),
    "a heading is misspelt": (put("devices", "D1", "rated_kww"), "workbook_heading_unknown", "devices", "D1"),
    "a heading twice": (put("devices", "E1", "rated_kw"), "invoice_heading_twice", "devices", "E1"),
    "a column of another table": (put("buildings", "K1", "tilt_deg"), "workbook_heading_unknown", "buildings", "K1"),
    "words for a number": (put("devices", RATED, "many"), "not_a_number", "devices", RATED),
    "a number as text": (put("devices", RATED, "３０"), "workbook_number_as_text", "devices", RATED),
    "a date for a number": (put("devices", RATED, datetime(2026, 8, 3)), "workbook_date_as_number", "devices", RATED),
    "a serial number for a date": (a_plain_serial, "workbook_serial", *START),
    "a date that is none": (put(*START, "2026/2/30"), "not_a_date_time", *START),
    "a date in words": (put(*START, "next Monday"), "not_a_date_time", *START),
    "truth for a number": (put("devices", RATED, True), "not_a_number", "devices", RATED),
    "a formula without value": (put("devices", RATED, "=10*3"), "workbook_formula_empty", "devices", RATED),
    "an error for a value": (put("devices", RATED, "#DIV/0!"), "workbook_cell_error", "devices", RATED),
    "merged cells": (lambda of, _: of("devices").merge_cells("A2:A3"), "workbook_merged", "devices", "A2"),
    "a hidden row": (hide_row, "workbook_hidden_row", "devices", "A3"),
    "a hidden column": (hide_column, "workbook_hidden_column", "devices", "D1"),
    "a hidden sheet": (hide_sheet, "workbook_hidden_sheet", "devices", "A1"),
    "an id twice": (twice("buildings", 2), "id_twice", "buildings", "A4"),
    "an unknown kind": (put("devices", "B2", "solarr"), "plugin_unknown", "devices", "B2"),
    "no kind": (put("devices", "B2", None), "kind_missing", "devices", "B2"),
    "an unknown building": (put("devices", "A2", "offce"), "building_unknown", "devices", "A2"),
    "no building": (put("devices", "A2", None), "field_missing", "devices", "A2"),
    "an unknown profile": (put("buildings", "B2", "offic"), "profile_unknown", "buildings", "B2"),
    "an unknown plan": (put("scenario", "B11", "tepco_hv_basic_2030"), "plan_unknown", "scenario", "B11"),
    "an unknown strategy": (put("buildings", "F2", "peek_cut"), "plugin_unknown", "buildings", "F2"),
    "a required value is missing": (put("devices", STORE, None), "field_missing", "devices", STORE),
    "a value of another kind": (put("devices", STORE.replace("3", "2"), 5), "unknown_key", "devices", "G2"),
    "below zero": (put("devices", POWER, -20), "must_be_above", "devices", POWER),
    "percent for a share": (put("devices", "I3", 50), "percent_for_share", "devices", "I3"),
    "shares that do not add up": (put("buildings", "D2", "0.2, 0.3"), "list_too_short", "buildings", "D2"),
    "words among the shares": (put("buildings", "D2", "0.2, 0.3, x, 0.2"), "not_a_number", "buildings", "D2"),
    "an open bracket": (put("buildings", "D2", "[0.2, 0.3"), "yaml_bracket_open", "buildings", "D2"),
    "an unknown item": (put("scenario", "A3", "Colour of the roof"), "unknown_key", "scenario", "A3"),
    "an item that is no field": (put("scenario", "A3", "time.hours"), "unknown_key", "scenario", "A3"),
    "an item twice": (twice("scenario", 4), "yaml_duplicate_key", "scenario", "A23"),
    "a value without item": (put("scenario", "B30", 5), "workbook_value_only", "scenario", "A30"),
    "a hostile name": (put("buildings", "A2", "=cmd|' /C calc'!A0"), "workbook_formula_empty", "buildings", "A2"),
    "a script for a name": (put("buildings", "A3", "<script>alert(1)</script>"), "id_unsafe", "buildings", "A3"),
    "a way out of the folder": (put("buildings", "B2", "../secret.csv"), "path_escapes", "buildings", "B2"),
    "an outage too late": (put("outages", "B2", datetime(2030, 1, 1)), "outage_outside", "outages", "B2"),
    "a whole and its part": (put("buildings", "J1", "tariff"), "workbook_two_values", "", ""),
}  # fmt: skip


def told(path: Path) -> tuple[Problem, ...]:
    try:
        return load_scenario(path).warnings
    except ScenarioError as error:
        return error.problems


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("case", CASES)
def test_a_mistake_is_told_with_its_cell(tmp_path: Path, case: str, lang: str) -> None:
    edit, key, sheet, cell = CASES[case]
    path = tmp_path / "book.xlsx"
    whole = book(lang)
    if case == "a whole and its part":
        whole[sheet_title("buildings", lang)]["I2"] = "tepco_hv_basic_2026"
        whole[sheet_title("buildings", lang)]["J2"] = "{plan: tepco_hv_basic_2026}"
    edit(lambda name: whole[sheet_title(name, lang)], whole)
    whole.save(path)
    with pytest.raises(ScenarioError) as caught:
        load_scenario(path)
    found = [problem for problem in caught.value.problems if problem.key == key]
    assert found, str(caught.value)
    title = sheet if sheet in ("", "outage") else sheet_title(sheet, lang)
    if sheet:
        assert found[0].cell == f"{title}!{cell}", str(caught.value)
        assert str(caught.value).startswith(f"{path}:{title}!") or len(caught.value.problems) > 1
    for language in LANGUAGES:
        line = problem_line(found[0], language)
        assert "{" not in line.replace("{kind: ...}", "").replace("{plan:", ""), "a gap is left"
        assert line.rstrip().endswith((".", "?", "。", "？"))


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    whole = book("en")
    whole["devices"]["D2"] = "many"
    whole["devices"]["B4"] = "eve"
    whole["devices"].row_dimensions[3].hidden = True
    whole["buildings"]["C2"] = "=1+1"
    whole["scenario"]["B7"] = -1
    whole["outages"]["C2"] = -1
    whole.save(path)
    assert {(problem.key, problem.cell) for problem in told(path)} == {
        ("not_a_number", "devices!D2"),
        ("plugin_unknown", "devices!B4"),
        ("workbook_hidden_row", "devices!A3"),
        ("workbook_formula_empty", "buildings!C2"),
        ("must_be_at_least", "scenario!B7"),
        ("must_be_at_least", "outages!C2"),
    }


def test_a_line_says_file_cell_field_message_and_suggestion(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    whole = book("ja")
    whole["設備"]["B3"] = "batery"
    whole.save(path)
    (problem,) = told(path)
    assert problem_line(problem, "en").startswith(
        f"{path}:設備!B3: buildings.office.devices.batery.kind: "
        "There is no 'batery' among devices. Did you mean 'battery'?"
    )


def test_a_mistake_of_a_formula_is_not_told_again_as_a_missing_field(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    whole = book("en")
    whole["devices"][STORE] = "=4*10"
    whole.save(path)
    assert [(problem.key, problem.field) for problem in told(path)] == [
        ("workbook_formula_empty", "buildings.office.devices.battery.energy_kwh")
    ]


def with_part(whole: bytes, name: str, content: bytes) -> bytes:
    """A workbook with one more part, or another one in the place of a part."""
    result = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(whole)) as before, zipfile.ZipFile(result, "w", zipfile.ZIP_DEFLATED) as after:
        for part in before.infolist():
            if part.filename != name:
                after.writestr(part, before.read(part))
        after.writestr(name, content)
    return result.getvalue()


def sheet_xml(whole: bytes, number: int) -> bytes:
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        return archive.read(f"xl/worksheets/sheet{number}.xml")


HUGE = b"<row r='%d'><c r='A%d'><v>1</v></c></row>"


def files() -> dict[str, tuple[bytes, str]]:
    whole = content("en")
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b" " * 70_000_000)
    dtd = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]><x>&a;</x>'
    head, _, _ = sheet_xml(whole, 3).partition(b"<sheetData>")
    many = head + b"<sheetData>" + b"<row>" + b"<c/>" * 400_001 + b"</row></sheetData></worksheet>"
    far = head + b"<sheetData>" + HUGE % (1_000_000, 1_000_000) + b"</sheetData></worksheet>"
    return {
        "nothing": (b"", "workbook_broken"),
        "not a zip": (b"format: 1\n", "workbook_broken"),
        "half a zip": (whole[: len(whole) // 2], "workbook_broken"),
        "a zip of something else": (zip_of("a.txt", b"hello"), "workbook_broken"),
        "encrypted, or of Excel 97": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512), "workbook_locked"),
        "a bomb": (bomb.getvalue(), "file_too_large"),
        "a document type": (with_part(whole, "xl/sharedStrings.xml", dtd), "workbook_broken"),
        "a document type in UTF-16": (
            with_part(whole, "xl/sharedStrings.xml", dtd.decode().encode("utf-16")),
            "workbook_broken",
        ),
        "an encoding that nobody knows": (
            with_part(whole, "xl/worksheets/sheet1.xml", b'<?xml version="1.0" encoding="UTF-1-8"?><worksheet/>'),
            "workbook_broken",
        ),
        "macros": (with_part(whole, "xl/vbaProject.bin", b"x"), "workbook_macro"),
        "too many cells": (with_part(whole, "xl/worksheets/sheet3.xml", many), "workbook_too_large"),
        "a cell far below": (with_part(whole, "xl/worksheets/sheet3.xml", far), "workbook_too_wide"),
    }


def zip_of(name: str, content: bytes) -> bytes:
    result = io.BytesIO()
    with zipfile.ZipFile(result, "w") as archive:
        archive.writestr(name, content)
    return result.getvalue()


def test_files_that_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    for name, (content, key) in files().items():
        path.write_bytes(content)
        with pytest.raises(ScenarioError) as caught:
            load_scenario(path)
        assert [problem.key for problem in caught.value.problems] == [key], name
        assert str(caught.value).startswith(str(path))


@pytest.mark.parametrize("ending", ["xlsm", "xls", "xlsb", "XLSM", "ods"])
def test_other_workbooks_are_refused_by_their_name(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"book.{ending}"
    path.write_bytes(content("en"))
    assert [problem.key for problem in told(path)] == ["workbook_ending"]


def test_a_merge_of_all_cells_costs_nothing(tmp_path: Path) -> None:
    whole = content("en")
    xml = sheet_xml(whole, 4).replace(
        b"</sheetData>", b'</sheetData><mergeCells count="1"><mergeCell ref="A1:XFD1048576"/></mergeCells>'
    )
    path = tmp_path / "book.xlsx"
    path.write_bytes(with_part(whole, "xl/worksheets/sheet4.xml", xml))
    assert "workbook_merged" in [problem.key for problem in told(path)]


def test_a_damaged_workbook_never_ends_in_a_traceback(tmp_path: Path) -> None:
    whole = content("en")
    path = tmp_path / "book.xlsx"
    for at in range(0, len(whole), 401):
        path.write_bytes(whole[:at] + b"\xff\x00\xff" + whole[at + 3 :])
        assert all(problem_line(problem).startswith(str(path)) for problem in told(path))


def test_without_openpyxl_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ysc_sim.errors import ResultError

    path = tmp_path / "book.xlsx"
    path.write_bytes(content("en"))
    hidden: dict[str, Any] = {"openpyxl": None}
    for name, module in hidden.items():
        monkeypatch.setitem(__import__("sys").modules, name, module)
    with pytest.raises(ResultError, match=r"ysc-sim\[excel\]"):
        load_scenario(path)
