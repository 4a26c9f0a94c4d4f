"""What is wrong in a file is told with its line, in both languages, and never as a traceback."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ysc_sim.errors import ScenarioError
from ysc_sim.timeseries.importers import Options, import_file
from ysc_sim.words import problem_line

sys.path.insert(0, str(Path(__file__).parent.parent / "golden"))
import importer_samples as samples

Edit = Callable[[list[str]], list[str]]


def drop(*numbers: int) -> Edit:
    """Lines, counted from 1, left out."""
    return lambda lines: [line for k, line in enumerate(lines, 1) if k not in numbers]


def change(number: int, old: str, new: str) -> Edit:
    """One line with another text."""

    def edit(lines: list[str]) -> list[str]:
        assert old in lines[number - 1]
        return [line.replace(old, new) if k == number else line for k, line in enumerate(lines, 1)]

    return edit


def again(number: int, old: str = "", new: str = "") -> Edit:
    """A line twice, the second time changed."""
    return lambda lines: [*lines[:number], lines[number - 1].replace(old, new), *lines[number:]]


def swap(number: int) -> Edit:
    """A line and the next one exchanged."""
    return lambda lines: [*lines[: number - 1], lines[number], lines[number - 1], *lines[number + 1 :]]


CASES: dict[str, tuple[str, Edit, str, int]] = {
    "jepx gap": ("jepx_spot.csv", drop(10), "csv_gap", 10),
    "jepx double with another price": ("jepx_spot.csv", again(10, "20009000", "1"), "csv_twice", 11),
    "jepx order": ("jepx_spot.csv", swap(10), "csv_gap", 10),
    "jepx code 49": ("jepx_spot.csv", change(10, ",9,", ",49,"), "import_time_code", 10),
    "jepx date": ("jepx_spot.csv", change(10, "2026/03/31", "2026/02/29"), "csv_not_a_time", 10),
    "jepx text": ("jepx_spot.csv", change(10, "20009000", "abc"), "csv_not_a_number", 10),
    "jepx not a number": ("jepx_spot.csv", change(10, "20009000", "nan"), "not_finite", 10),
    "jepx blank price": ("jepx_spot.csv", change(10, "20009000", ""), "csv_missing", 10),
    "jma gap": ("jma_hourly.csv", drop(20, 21), "csv_gap", 20),
    "jma quality": ("jma_hourly.csv", change(20, ",8,1", ",1,1"), "csv_missing", 20),
    "jma daily": ("jma_hourly.csv", change(4, "年月日時", "年月日"), "import_jma_hourly_only", 3),
    "denkiyoho zero inside": ("denkiyoho_day.csv", change(100, ",245", ",0,"), "csv_missing", 100),
    "area unit": ("area_half_hours.csv", change(1, "MW", "?"), "import_area_unit", 3),
    "area junk behind": ("area_half_hours.csv", lambda lines: [*lines[:50], "total,,1"], "csv_not_a_time", 51),
    "long blank": ("demand_long_range.csv", change(5, "13.30", ""), "csv_not_a_number", 5),
    "long negative": ("demand_long_range.csv", change(5, "13.", "-13."), "csv_negative", 5),
    "long other meter": ("demand_long_range.csv", change(50, "03-1234-5678", "03-9999-9999"), "csv_two_meters", 50),
    "long gap": ("demand_long_range.csv", drop(30), "csv_gap", 30),
    "long off the clock": ("demand_long_range.csv", change(30, "14:00", "14:10"), "csv_off_grid", 30),
    "number of the half-hour": ("demand_long_number.txt", change(7, "\t6\t", "\t60\t"), "csv_not_a_time", 7),
    "wide short line": ("demand_wide_days.csv", change(4, "2026/2/28,", "2026/2/28,,"), "csv_not_a_number", 4),
    "wide missing day": ("demand_wide_days.csv", drop(4), "csv_gap", 4),
    "wide 29 February": ("demand_wide_days.csv", change(4, "2026/2/28", "2026/2/29"), "csv_not_a_time", 4),
    "csv offset missing": ("csv_columns.csv", change(9, "+09:00", ""), "csv_some_offsets", 9),
    "csv without units": ("csv_columns.csv", lambda lines: ["time,a,b,c", *lines[1:]], "import_no_units", 2),
}


@pytest.mark.parametrize("case", CASES)
def test_the_line_is_named(tmp_path: Path, case: str) -> None:
    name, edit, key, line = CASES[case]
    path = tmp_path / name
    path.write_text("\n".join(edit(samples.text(name).rstrip("\n").split("\n"))) + "\n", encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        import_file(path)
    first = caught.value.problems[0]
    assert (first.key, first.line) == (key, line), problem_line(first)
    for lang in ("en", "ja"):
        assert re.match(rf"{re.escape(name)}:{line}:\d+: ", problem_line(first, lang))


def test_metpv_with_a_day_missing(tmp_path: Path) -> None:
    lines = samples.metpv11().splitlines()
    assert lines[10].startswith("00001  1 2")
    path = tmp_path / "m.txt"
    path.write_text("\n".join(lines[:10] + lines[11:]), encoding="ascii")
    with pytest.raises(ScenarioError) as caught:
        import_file(path)
    assert [(p.key, p.line) for p in caught.value.problems] == [("import_days_missing", 19)]


def test_metpv_with_a_broken_record(tmp_path: Path) -> None:
    lines = samples.metpv11().splitlines()
    path = tmp_path / "m.txt"
    path.write_text("\n".join([*lines[:5], lines[5][:80], lines[6].replace("  302", "  3x2"), *lines[7:]]))
    with pytest.raises(ScenarioError) as caught:
        import_file(path)
    assert [(p.key, p.line) for p in caught.value.problems] == [("import_record_broken", 6)]


def test_gaps_are_bridged_only_when_asked(tmp_path: Path) -> None:
    path = tmp_path / "jepx.csv"
    path.write_text("\n".join(drop(10)(samples.text("jepx_spot.csv").splitlines())), encoding="utf-8")
    table = import_file(path, options=Options(fill_h=0.5, column="system"))
    assert table.count == 96
    prices = table.columns["system_jpy_per_kwh"]
    assert prices[8] == (prices[7] + prices[9]) / 2
    assert [note.key for note in table.notes][-1] == "csv_filled"


def test_a_line_that_stands_twice_counts_once(tmp_path: Path) -> None:
    path = tmp_path / "jepx.csv"
    path.write_text("\n".join(again(10)(samples.text("jepx_spot.csv").splitlines())), encoding="utf-8")
    table = import_file(path)
    assert table.count == 96
    assert "csv_doubled" in [note.key for note in table.notes]


def test_the_newest_line_may_come_first(tmp_path: Path) -> None:
    head, *lines = samples.text("demand_long_range.csv").splitlines()
    path = tmp_path / "newest.csv"
    path.write_text("\n".join([head, *reversed(lines)]), encoding="utf-8")
    table = import_file(path)
    assert (
        table.columns["demand_kw"] == import_file(samples.FOLDER / "demand_long_range.csv").columns["demand_kw"]
    ).all()


def hours(*stamps: str) -> str:
    return "time,kW\n" + "".join(f"{stamp},{k}\n" for k, stamp in enumerate(stamps))


def test_clocks_put_back_show_an_hour_twice(tmp_path: Path) -> None:
    path = tmp_path / "berlin.csv"
    path.write_text(hours("2026-10-25 01:00", "2026-10-25 02:00", "2026-10-25 02:00", "2026-10-25 03:00"))
    table = import_file(path, options=Options(zone="Europe/Berlin"))
    assert [moment.isoformat() for moment in table.times()] == [
        "2026-10-25T01:00:00+02:00",
        "2026-10-25T02:00:00+02:00",
        "2026-10-25T02:00:00+01:00",
        "2026-10-25T03:00:00+01:00",
    ]


def test_clocks_put_forward_leave_an_hour_out(tmp_path: Path) -> None:
    path = tmp_path / "berlin.csv"
    path.write_text(hours("2026-03-29 00:00", "2026-03-29 01:00", "2026-03-29 03:00", "2026-03-29 04:00"))
    assert import_file(path, options=Options(zone="Europe/Berlin")).count == 4
    path.write_text(hours("2026-03-29 01:00", "2026-03-29 02:00", "2026-03-29 03:00"))
    with pytest.raises(ScenarioError) as caught:
        import_file(path, options=Options(zone="Europe/Berlin"))
    assert (caught.value.problems[0].key, caught.value.problems[0].line) == ("csv_no_such_hour", 3)


def test_a_year_of_days_without_dates(tmp_path: Path) -> None:
    path = tmp_path / "year.csv"
    path.write_text("\n".join([",".join(["使用量kWh"] * 48), *[",".join(["1.5"] * 48)] * 365]), encoding="cp932")
    with pytest.raises(ScenarioError) as caught:
        import_file(path)
    assert caught.value.problems[0].key == "csv_no_dates"
    table = import_file(path, options=Options(year=2025))
    assert (table.count, float(table.columns["demand_kw"].sum())) == (17520, 3.0 * 17520)
    with pytest.raises(ScenarioError) as caught:
        import_file(path, options=Options(year=2024))
    assert (caught.value.problems[0].key, caught.value.problems[0].line) == ("csv_year_length", 366)


@pytest.mark.parametrize(
    ("heading", "value", "kw"),
    [("kW", 3, 3), ("kWh", 3, 6), ("W", 3000, 3), ("MW", 3, 3000), ("万kW", 3, 30000), ("使用量（ｋＷｈ）", 3, 6)],
)
def test_units_in_the_heading(tmp_path: Path, heading: str, value: float, kw: float) -> None:
    path = tmp_path / "unit.csv"
    path.write_text(f"日時,{heading}\n2026/8/3 0:00,{value}\n2026/8/3 0:30,{value}\n", encoding="utf-8")
    assert import_file(path).columns["demand_kw"].tolist() == [kw, kw]


@pytest.mark.parametrize("said", [{"unit": "kW"}, {"step_s": 1800}, {"year": 2024}, {"zone": "UTC"}])
def test_an_option_without_meaning_is_refused(said: dict[str, object]) -> None:
    with pytest.raises(ScenarioError) as caught:
        import_file(samples.FOLDER / "jepx_spot.csv", options=Options(**said))  # type: ignore[arg-type]
    assert caught.value.problems[0].key == "import_option_vain"


def test_names_of_formats_are_forgiving_and_suggested() -> None:
    assert import_file(samples.FOLDER / "jepx_spot.csv", "JEPX").count == 96
    with pytest.raises(ScenarioError, match="jepx"):
        import_file(samples.FOLDER / "jepx_spot.csv", "jepxx")
    with pytest.raises(ScenarioError, match=r"metpv20.*looks like jepx"):
        import_file(samples.FOLDER / "jepx_spot.csv", "metpv-20")
