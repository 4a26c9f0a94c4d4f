"""Exports hold what the run stored: totals recomputed from the formulas, sums of half-hours, text that stays text."""

from __future__ import annotations

import csv
import math
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

import ysc_sim as ysc
from ysc_sim.errors import ResultError, ScenarioError
from ysc_sim.results import Results
from ysc_sim.study.export import Export, check_format, default_target, export, to_half_hours
from ysc_sim.study.export_xlsx import product_is
from ysc_sim.words import LANGUAGES, set_language

SCENARIOS = Path(__file__).parent.parent.parent / "scenarios"
NASTY = "=HYPERLINK(1)"


@pytest.fixture(scope="module")
def results() -> Results:
    changes = {"time.days": 1, "name": NASTY, "description": "'@sum <script>'", "outages.0.start": "2026-08-03T18:00"}
    return ysc.run(ysc.load_scenario(SCENARIOS / "yokohama_block.yaml", overrides=changes))


@pytest.fixture(scope="module")
def ensemble() -> Results:
    changes = {"time.days": 2, "ensemble": {"seeds": 3}, "outages.0.start": "2026-04-06T18:00"}
    return ysc.run(ysc.load_scenario(SCENARIOS / "one_home.yaml", overrides=changes))


@pytest.fixture(params=LANGUAGES)
def lang(request: pytest.FixtureRequest) -> Iterator[str]:
    set_language(request.param)
    yield request.param
    set_language("en")


class Sheets:
    """A small reckoner of the formulas that a workbook holds: SUM of a column, products, differences, ROUND."""

    def __init__(self, path: Path) -> None:
        self.book = openpyxl.load_workbook(path)

    def value(self, sheet: str, cell: str) -> float:
        found = self.book[sheet][cell].value
        if not (isinstance(found, str) and found.startswith("=")):
            return float(found or 0)
        return self.formula(sheet, found[1:])

    def formula(self, sheet: str, said: str) -> float:
        if said == "0":
            return 0.0
        if rounded := re.fullmatch(r"ROUND\((\w+)([*-])(\w+),3\)", said):
            a, b = self.value(sheet, rounded[1]), self.value(sheet, rounded[3])
            exact = a * b if rounded[2] == "*" else a - b
            return math.copysign(math.floor(abs(exact) * 1000 + 0.5) / 1000, exact)
        total = re.fullmatch(r"SUM\((?:'([^']+)'!)?([A-Z]+)(\d+):([A-Z]+)(\d+)\)(?:/(\d+))?", said)
        assert total, said
        cells = self.book[total[1] or sheet][f"{total[2]}{total[3]}:{total[4]}{total[5]}"]
        values = [self.value(total[1] or sheet, cell.coordinate) for row in cells for cell in row]
        return math.fsum(values) / int(total[6] or 1)


def totals(path: Path, metrics: dict[str, object]) -> None:
    """Every total of the sheet of bills is the stored bill."""
    sheets = Sheets(path)
    bills = sheets.book.worksheets[1]
    heads = [cell.value for cell in bills[1]]
    total, stored = len(heads) - 3, len(heads) - 2
    seen = set()
    for row in bills.iter_rows(min_row=2):
        account = row[0].value
        whole = account in ("community", "All members", "参加者の合計")
        own = metrics["community"] if whole else metrics["buildings"].get(account)  # type: ignore[index, attr-defined]
        if own is None:
            continue
        seen.add(account)
        found = sheets.value(bills.title, row[total].coordinate)
        assert found == pytest.approx(own["bill_jpy"], abs=1e-6)
        assert row[stored].value == pytest.approx(own["bill_jpy"], abs=1e-9)
        assert sheets.value(bills.title, row[total + 2].coordinate) == 0
    assert {*metrics["buildings"]} <= seen  # type: ignore[misc]
    assert account in ("All members", "参加者の合計")


def test_the_totals_of_the_workbook_are_the_stored_bills(results: Results, tmp_path: Path, lang: str) -> None:
    export(results, "xlsx", tmp_path / "run.xlsx")
    totals(tmp_path / "run.xlsx", results.metrics)
    book = openpyxl.load_workbook(tmp_path / "run.xlsx")
    assert len(book.sheetnames) == 9
    assert ("概要" in book.sheetnames) == (lang == "ja")


def test_in_an_ensemble_totals_are_means(ensemble: Results, tmp_path: Path) -> None:
    export(ensemble, "xlsx", tmp_path / "run.xlsx")
    totals(tmp_path / "run.xlsx", ensemble.metrics)


def test_a_changed_price_moves_the_total(results: Results, tmp_path: Path) -> None:
    path = tmp_path / "run.xlsx"
    export(results, "xlsx", path)
    book = openpyxl.load_workbook(path)
    bills, lines = book.worksheets[1], book.worksheets[2]
    before = Sheets(path).value(bills.title, "C2")
    row = next(r for r in range(2, 40) if str(lines[f"H{r}"].value).startswith("=ROUND"))
    quantity = float(lines[f"E{row}"].value)
    lines[f"G{row}"] = float(lines[f"G{row}"].value) + 1
    book.save(path)
    assert Sheets(path).value(bills.title, "C2") - before == pytest.approx(quantity, abs=2e-3)


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
def test_libreoffice_reckons_the_same(results: Results, tmp_path: Path) -> None:
    export(results, "xlsx", tmp_path / "run.xlsx")
    command = ["soffice", "--headless", "--convert-to", "ods", "--outdir", str(tmp_path), str(tmp_path / "run.xlsx")]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    again = ["soffice", "--headless", "--convert-to", "xlsx:Calc MS Excel 2007 XML", str(tmp_path / "run.ods")]
    subprocess.run([*again, "--outdir", str(tmp_path / "again")], check=True, capture_output=True, timeout=120)
    bills = openpyxl.load_workbook(tmp_path / "again" / "run.xlsx", data_only=True).worksheets[1]
    assert all(abs(float(row[-1].value or 0)) < 1e-3 for row in bills.iter_rows(min_row=2))


def test_text_stays_text(results: Results, tmp_path: Path) -> None:
    export(results, "xlsx", tmp_path / "run.xlsx")
    cell = openpyxl.load_workbook(tmp_path / "run.xlsx").worksheets[0]["B2"]
    assert (cell.value, cell.data_type) == (NASTY, "s")
    export(results, "csv", tmp_path / "csv")
    rows = read(tmp_path / "csv" / "summary.csv")
    assert [row[1] for row in rows[1:3]] == [f"'{NASTY}", "'@sum <script>"]
    for path in (tmp_path / "csv").iterdir():
        for row in read(path):
            assert not any(cell.startswith(("=", "@")) for cell in row), path.name


def read(path: Path) -> list[list[str]]:
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def test_csv_holds_every_table_and_every_metric(results: Results, tmp_path: Path, lang: str) -> None:
    export(results, "csv", tmp_path / "out")
    assert sorted(path.stem for path in (tmp_path / "out").iterdir()) == sorted(t.key for t in Export(results).tables())
    head, *rows = read(tmp_path / "out" / "metrics.csv")
    community = {row[0]: row[4] for row in rows}
    for name, value in results.metrics["community"].items():
        assert float(community[name]) == value
    shown = dict(zip(head, next(row for row in rows if row[0] == "bill_jpy"), strict=True))
    assert float(shown["office"]) == results.metrics["buildings"]["office"]["bill_jpy"]
    trades = read(tmp_path / "out" / "trades.csv")
    total = sum(float(row[6]) for row in trades[1:] if row[3] == "pool")
    assert total == pytest.approx(results.frame("trades").query("buyer == 'pool'")["payment_mjpy"].sum() / 1000)


def test_half_hours_add_up_to_what_was_recorded(results: Results) -> None:
    found = Export(results)
    for name in ("community", "buildings"):
        recorded, halves = results.frame(name), found.half_hours(name).frame  # type: ignore[arg-type]
        assert len(halves) == len(recorded) / 30
        for column in ("load_kwh", "import_kwh", "battery_charge_kwh"):
            assert halves[column].sum() == pytest.approx(recorded[column].sum(), rel=1e-12)
        assert halves["demand_kw"].max() == pytest.approx(recorded["demand_kw"].max(), rel=1e-12)
    community = results.frame("community")
    halves = found.half_hours("community").frame
    assert halves["soc_kwh"].iloc[0] == community["soc_kwh"].iloc[29]
    assert halves["time"].iloc[1] - halves["time"].iloc[0] == pd.Timedelta(minutes=30)


def test_voltages_keep_their_extremes() -> None:
    time = pd.date_range("2026-08-03", periods=3, freq="10min", tz="Asia/Tokyo")
    frame = pd.DataFrame({"time": time, "min_voltage_pu": [0.97, 0.95, 0.99], "max_line_loading_percent": [5, 9, 7]})
    halves = to_half_hours(frame)
    assert halves.iloc[0, 1:].tolist() == [0.95, 9]


def test_parquet_keeps_names_and_zone(results: Results, tmp_path: Path) -> None:
    export(results, "parquet", tmp_path / "out")
    frame = pd.read_parquet(tmp_path / "out" / "half_hours_community.parquet")
    assert str(frame["time"].dt.tz) == "Asia/Tokyo"
    assert frame["load_kwh"].sum() == pytest.approx(results.metrics["community"]["load_kwh"], rel=1e-9)
    metrics = pd.read_parquet(tmp_path / "out" / "metrics.parquet").set_index("metric")
    assert metrics.loc["bill_jpy", "community"] == results.metrics["community"]["bill_jpy"]


def test_where_exports_go(tmp_path: Path) -> None:
    assert default_target(tmp_path / "run", "xlsx").name == "run.xlsx"
    assert default_target(tmp_path / "run", "csv").name == "run-csv"
    assert check_format(".XLSX") == "xlsx"
    with pytest.raises(ScenarioError, match="docx"):
        check_format("docx")


def test_nothing_is_left_where_a_file_stands_in_the_way(results: Results, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("mine")
    with pytest.raises(ResultError):
        export(results, "csv", tmp_path / "taken")
    with pytest.raises(ResultError):
        export(results, "xlsx", tmp_path / "taken.doc")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


def test_a_half_is_no_product() -> None:
    assert product_is(2.0, 3.0, 6.0)
    assert not product_is(1.0, 0.0005, 0.001)
    assert not product_is(5.0, 0.0, 0.0)
