"""Twenty-odd broken invoice and data files: each is told with its line or its sheet and cell, in both languages."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import openpyxl
import pytest

from ysc_sim.errors import Problem, ScenarioError
from ysc_sim.study.invoice_template import headings, write_template
from ysc_sim.study.invoices import Invoice, read_invoices
from ysc_sim.words import LANGUAGES, problem_line, set_language

HEAD = "年月,契約電力 (kW),力率 (%),使用電力量 (kWh),燃料費等調整単価 (円/kWh),請求金額 (円)"
GOOD = "2026-08,150,95,52115,0.6,1499024"


def csv_of(*lines: str) -> str:
    return "\n".join(lines) + "\n"


CSV: dict[str, tuple[str, str, int, int]] = {
    "empty file": ("", "csv_empty", 1, 1),
    "no heading": (csv_of(GOOD), "invoice_heading_missing", 1, 1),
    "no total": (csv_of("年月,契約電力", "2026-08,150"), "invoice_heading_missing", 1, 1),
    "no month": (csv_of("請求金額", "100"), "invoice_heading_missing", 1, 1),
    "heading twice": (csv_of(HEAD + ",合計", GOOD + ",1"), "invoice_heading_twice", 1, len(HEAD) + 2),
    "no invoice": (csv_of(HEAD), "invoice_none", 1, 1),
    "month of words": (csv_of(HEAD, "Aug-26,150,95,1,0,1"), "adjustment_month_wrong", 2, 1),
    "month 13": (csv_of(HEAD, GOOD, "2026-13,150,95,1,0,1"), "adjustment_month_wrong", 3, 1),
    "month missing": (csv_of(HEAD, ",150,95,1,0,1"), "invoice_cell_empty", 2, 1),
    "total missing": (csv_of(HEAD, "2026-08,150,95,1,0,"), "invoice_cell_empty", 2, 1),
    "month twice": (csv_of(HEAD, GOOD, GOOD), "invoice_twice", 3, 1),
    "text for a number": (csv_of(HEAD, "2026-08,many,95,1,0,1"), "csv_not_a_number", 2, 9),
    "not a number": (csv_of(HEAD, "2026-08,nan,95,1,0,1"), "not_finite", 2, 9),
    "negative contract": (csv_of(HEAD, "2026-08,-150,95,1,0,1"), "must_be_at_least", 2, 9),
    "power factor 0.95": (csv_of(HEAD, "2026-08,150,950,1,0,1"), "invoice_power_factor", 2, 13),
    "amount as price": (csv_of(HEAD, "2026-08,150,95,1,-43230,1"), "invoice_price_not_amount", 2, 18),
    "absurd total": (csv_of(HEAD, "2026-08,150,95,1,0,1e15"), "must_be_at_most", 2, 20),
    "thirteen": (
        csv_of(HEAD, *(f"{2026 + m // 12}-{m % 12 + 1:02d},150,95,1,0,1" for m in range(13))),
        "invoice_too_many",
        1,
        1,
    ),
    "open quotation": (csv_of(HEAD, '2026-08,"150') + "x" * 200_000, "csv_broken", 3, 1),
}


@pytest.mark.parametrize("case", CSV)
def test_a_broken_csv_is_told_with_its_line(tmp_path: Path, case: str) -> None:
    text, key, line, column = CSV[case]
    path = tmp_path / "invoices.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        read_invoices(path)
    first = caught.value.problems[0]
    assert (first.key, first.line, first.column) == (key, line, column), problem_line(first)
    assert problem_line(first, "en") != problem_line(first, "ja")
    for lang in LANGUAGES:
        assert problem_line(first, lang).startswith(f"invoices.csv:{line}:{column}: ")
        assert "{" not in problem_line(first, lang)


def workbook(path: Path, edit: Callable[[openpyxl.Workbook], None]) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "請求書"
    sheet.append(HEAD.split(","))
    sheet.append(["2026-08", 150, 95, 52115, 0.6, 1499024])
    edit(book)
    book.save(path)
    return path


def put(cell: str, value: object) -> Callable[[openpyxl.Workbook], None]:
    def edit(book: openpyxl.Workbook) -> None:
        book.active[cell] = value

    return edit


EXCEL: dict[str, tuple[Callable[[openpyxl.Workbook], None], str, str]] = {
    "text": (put("B2", "many"), "csv_not_a_number", "B2"),
    "formula without value": (put("F2", "=B2*10"), "workbook_formula_empty", "F2"),
    "month": (put("A2", "August"), "adjustment_month_wrong", "A2"),
    "power factor": (put("C2", 0), "invoice_power_factor", "C2"),
    "price": (put("E2", 5000), "invoice_price_not_amount", "E2"),
    "negative": (put("D2", -1), "must_be_at_least", "D2"),
    "total missing": (put("F2", None), "invoice_cell_empty", "A2"),
    "heading twice": (put("B1", "合計"), "invoice_heading_twice", "F1"),
    "heading missing": (put("F1", "謎"), "invoice_heading_missing", "A1"),
    "true and false": (put("B2", True), "csv_not_a_number", "B2"),
}


@pytest.mark.parametrize("case", EXCEL)
def test_a_broken_workbook_is_told_with_its_cell(tmp_path: Path, case: str) -> None:
    edit, key, cell = EXCEL[case]
    path = workbook(tmp_path / "invoices.xlsx", edit)
    with pytest.raises(ScenarioError) as caught:
        read_invoices(path)
    first = caught.value.problems[0]
    assert first.key == key, problem_line(first)
    for lang in LANGUAGES:
        assert problem_line(first, lang).startswith(f"invoices.xlsx:請求書!{cell}: ")


@pytest.mark.parametrize("content", [b"", b"PK", b"not a zip at all", b"PK\x03\x04" + bytes(200)])
def test_what_is_no_workbook(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "invoices.xlsx"
    path.write_bytes(content)
    with pytest.raises(ScenarioError):
        read_invoices(path)


def test_a_damaged_workbook_never_ends_in_a_traceback(tmp_path: Path) -> None:
    whole = workbook(tmp_path / "good.xlsx", lambda book: None).read_bytes()
    path = tmp_path / "bad.xlsx"
    for at in range(0, len(whole), 97):
        path.write_bytes(whole[:at] + b"\xff\x00\xff" + whole[at + 3 :])
        problems: tuple[Problem, ...] = ()
        try:
            read_invoices(path)
        except ScenarioError as error:
            problems = error.problems
        assert all(re.match(r"bad\.xlsx", problem_line(problem)) for problem in problems)


def test_bombs_are_refused_before_they_are_opened(tmp_path: Path) -> None:
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b" " * 70_000_000)
    with pytest.raises(ScenarioError, match="60"):
        read_invoices(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("xl/workbook.xml", b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]><x>&a;</x>')
    with pytest.raises(ScenarioError, match="DOCTYPE"):
        read_invoices(path)


def test_what_people_write_is_read(tmp_path: Path) -> None:
    path = tmp_path / "invoices.csv"
    lines = [
        HEAD,
        '２０２６年８月分,１５０kW,95%,"52,115kWh",-0.6,"\\1,499,024"',  # cp932 writes yen as a backslash
        ",,,,,",
        "2026/9,,,,,100円",
    ]
    path.write_bytes(csv_of("A社 請求書の写し", *lines).encode("cp932"))
    found, notes = read_invoices(path)
    assert found == [
        Invoice(month="2026-08", total_jpy=1499024, contract=150, power_factor_percent=95, energy_kwh=52115,
                adjustment_jpy_per_kwh=-0.6, place="invoices.csv:3:1"),
        Invoice(month="2026-09", total_jpy=100, place="invoices.csv:5:1"),
    ]  # fmt: skip
    assert notes == []


def test_an_unknown_heading_is_told_and_the_rest_is_read(tmp_path: Path) -> None:
    path = tmp_path / "invoices.csv"
    path.write_text(csv_of("month,total,contrct,note", "2026-08,5,7,x"), encoding="utf-8")
    found, notes = read_invoices(path)
    assert found[0].contract is None
    assert [(note.key, note.severity, note.column) for note in notes] == [("invoice_heading_unknown", "warning", 13)]
    assert "contract" in problem_line(notes[0], "en")


@pytest.fixture
def _language() -> object:
    yield
    set_language("en")


@pytest.mark.usefixtures("_language")
@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("ending", ["csv", "xlsx"])
@pytest.mark.parametrize("bands", [(), ("night", "morning")])
def test_the_template_is_read_once_it_is_filled(tmp_path: Path, lang: str, ending: str, bands: tuple[str, ...]) -> None:
    set_language(lang)
    path = tmp_path / f"template.{ending}"
    write_template(path, "kW", bands)
    names = headings("kW", bands)
    values: list[object] = [5] * len(names)
    if ending == "csv":
        path.write_text(path.read_text("utf-8-sig") + ",".join(["2026-08", *map(str, values[1:])]), encoding="utf-8")
    else:
        book = openpyxl.load_workbook(path)
        for c, value in enumerate([datetime(2026, 8, 1), *values[1:]], 1):
            book.worksheets[0].cell(2, c, value)
        book.save(path)
    found, notes = read_invoices(path, bands)
    assert notes == []
    invoice = found[0]
    assert (invoice.month, invoice.total_jpy, invoice.contract, invoice.tax_jpy) == ("2026-08", 5, 5, 5)
    assert invoice.adjustment_bands == dict.fromkeys(bands, 5.0)
    assert (invoice.adjustment_jpy_per_kwh is None) == bool(bands)
