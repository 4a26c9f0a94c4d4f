"""Every format, from a sample in its true layout to the table that is stored beside it."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ysc_sim.errors import ScenarioError
from ysc_sim.timeseries.importers import Options, TimeTable, import_file, importers, write_table
from ysc_sim.timeseries.read import read_measured

sys.path.insert(0, str(Path(__file__).parent))
import importer_samples as samples

EXPECTED = samples.FOLDER / "expected"


def read(tmp_path: Path, name: str, text: str, encoding: str = "cp932", **options: object) -> TimeTable:
    path = tmp_path / name
    path.write_bytes(text.encode(encoding))
    return import_file(path, options=Options(**options))  # type: ignore[arg-type]


@pytest.mark.parametrize(("name", "kind"), samples.KINDS.items())
def test_the_table_of_a_sample_is_the_stored_one(tmp_path: Path, name: str, kind: str) -> None:
    table = import_file(samples.FOLDER / name)
    assert table.kind == kind
    write_table(table, tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_text() == (EXPECTED / f"{Path(name).stem}.csv").read_text()


@pytest.mark.parametrize("kind", ["metpv11", "metpv20", "epw"])
def test_the_first_day_of_a_typical_year_is_the_stored_one(tmp_path: Path, kind: str) -> None:
    """The samples repeat one day all year: the first is stored, and every other has its values."""
    path = tmp_path / kind
    text = getattr(samples, kind)()
    path.write_bytes(text.encode("utf-8" if kind == "epw" else "cp932"))
    table = import_file(path)
    assert (table.kind, table.count) == (kind, 8760)
    for name, values in table.columns.items():
        if name != "dni_w_per_m2" or kind == "epw":  # of METPV it is worked out with the sun of each day
            assert (values.reshape(365, 24) == values[:24]).all(), name
    first = replace(table, columns={name: values[:24] for name, values in table.columns.items()})
    write_table(first, tmp_path / "out.csv")
    mine, stored = (
        pd.read_csv(path, index_col="time") for path in (tmp_path / "out.csv", EXPECTED / f"{kind}_day.csv")
    )
    # Direct normal radiation of METPV stands on the solar position of the pvlib that is installed.
    pd.testing.assert_frame_equal(mine, stored, rtol=1e-6)


def test_a_year_of_365_days_of_48_half_hours(tmp_path: Path) -> None:
    """Every cell stands at its own half-hour: day d, half-hour s holds d + s/100 kWh."""
    days = [date(2025, 1, 1) + timedelta(days=d) for d in range(365)]
    head = ["年月日", *(f"{s // 2}:{s % 2 * 30:02d}～{(s + 1) // 2}:{(s + 1) % 2 * 30:02d}(kWh)" for s in range(48))]
    lines = [",".join([f"{day:%Y/%m/%d}", *(f"{d + s / 100:.2f}" for s in range(48))]) for d, day in enumerate(days)]
    table = read(tmp_path, "year.csv", "\n".join([",".join(head), *lines]))
    assert (table.kind, table.count, table.step_s) == ("demand_wide", 365 * 48, 1800)
    expected = 2 * (np.arange(365)[:, None] + np.arange(48) / 100)
    np.testing.assert_allclose(table.columns["demand_kw"].reshape(365, 48), expected, atol=1e-12)


@pytest.mark.parametrize("encoding", ["cp932", "utf-8", "utf-8-sig"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("name", ["jma_hourly.csv", "denkiyoho_day.csv", "demand_long_range.csv"])
def test_encoding_and_ends_of_lines_change_nothing(tmp_path: Path, name: str, encoding: str, line_end: str) -> None:
    again = read(tmp_path, name, samples.text(name).replace("\n", line_end), encoding)
    table = import_file(samples.FOLDER / name)
    assert (again.kind, again.start) == (table.kind, table.start)
    assert all((again.columns[column] == values).all() for column, values in table.columns.items())


def test_every_kind_has_a_sample() -> None:
    elsewhere = {"metpv11", "metpv20", "epw", "tmy2", "tmy3", "parquet"}  # below, and in the oracle tests
    assert set(importers()) == set(samples.KINDS.values()) | elsewhere


def test_jepx_time_code_one_is_the_first_half_hour() -> None:
    table = import_file(samples.FOLDER / "jepx_spot.csv", options=Options(column="東京"))
    assert list(table.columns) == ["tokyo_jpy_per_kwh"]
    assert table.start == datetime.fromisoformat("2026-03-31T00:00+09:00")
    # code 1 of the first day: system 8 + 1 + 0.25 and Tokyo, the third area, 1.00 more
    assert table.columns["tokyo_jpy_per_kwh"][0] == 10.25
    assert table.count == 96


def test_jma_hours_are_ends_and_megajoules_become_watts() -> None:
    table = import_file(samples.FOLDER / "jma_hourly.csv")
    assert table.site.name == "架空町"
    # the line of 2026/7/31 15:00 says 1.5 mm and 1.99 MJ/m²: 14:00 to 15:00
    assert table.columns["rain_mm"][14] == 1.5
    line = next(line for line in samples.text("jma_hourly.csv").splitlines() if line.startswith("2026/7/31 15:00"))
    megajoules = float(line.split(",")[24])
    assert table.columns["ghi_w_per_m2"][14] == pytest.approx(megajoules * 1e6 / 3600, rel=1e-12)
    assert table.columns["ghi_w_per_m2"][0] == 0  # blank with quality 8: night
    assert [note.key for note in table.notes] == ["import_columns_empty"]


def test_man_kilowatts_are_ten_megawatts() -> None:
    table = import_file(samples.FOLDER / "denkiyoho_day.csv")
    assert table.step_s == 300
    assert table.columns["area_demand_mw"][:2].tolist() == [24000.0, 24010.0]
    hourly = import_file(samples.FOLDER / "denkiyoho_day.csv", options=Options(step_s=3600))
    assert hourly.columns["area_demand_mw"][:2].tolist() == [25000.0, 25200.0]
    assert hourly.columns["area_supply_mw"][23] == 33300.0


def test_the_day_that_is_not_over_ends_where_it_is_published(tmp_path: Path) -> None:
    lines = samples.text("denkiyoho_day.csv").splitlines()
    lines = [",".join(line.split(",")[:2]) + ",,," if re.search(r"^2026/9/1,2\d:", line) else line for line in lines]
    table = read(tmp_path, "now.csv", "\n".join(lines))
    assert table.end.isoformat() == "2026-09-01T20:00:00+09:00"
    assert "import_not_yet_published" in [note.key for note in table.notes]


def test_ends_of_intervals_become_starts() -> None:
    table = import_file(samples.FOLDER / "demand_long_ends.csv")
    assert table.start.isoformat() == "2026-08-03T00:00:00+09:00"
    assert (table.columns["demand_kw"][0], table.columns["demand_kw"][-1]) == (41, 49)
    assert [note.key for note in table.notes] == ["import_ends_shifted"]
    declared = import_file(samples.FOLDER / "demand_long_ends.csv", options=Options(stamp="start"))
    assert declared.start - table.start == timedelta(minutes=30)


@pytest.mark.parametrize(("name", "make"), [("m.txt", samples.metpv11), ("m.csv", samples.metpv20)])
def test_metpv_in_both_layouts(tmp_path: Path, name: str, make: object) -> None:
    table = read(tmp_path, name, make())  # type: ignore[operator]
    assert table.kind == ("metpv11" if name.endswith("txt") else "metpv20")
    assert (table.count, table.start.isoformat()) == (8760, "2021-01-01T00:00:00+09:00")
    assert table.site.latitude_deg == pytest.approx(35.44)
    assert table.site.longitude_deg == pytest.approx(139 + 39.2 / 60)
    noon = 5 * 24 + 11  # 11:00 to 12:00, the twelfth value of a day
    columns = {column: float(values[noon]) for column, values in table.columns.items()}
    assert columns["ghi_w_per_m2"] == pytest.approx(143 * 1e4 / 3600, rel=1e-12)
    assert columns["direct_horizontal_w_per_m2"] == pytest.approx(61 * 1e4 / 3600, rel=1e-12)
    assert columns["temperature_c"] == pytest.approx(-5.8)
    assert columns["wind_direction_deg"] == 10 * 22.5
    assert columns["wind_m_per_s"] == 3.0
    assert table.columns["rain_mm"][22] == 12.5
    assert columns["snow_cm"] == 22


def test_direct_normal_radiation_closes_with_the_horizontal_one(tmp_path: Path) -> None:
    import pvlib

    table = read(tmp_path, "m.txt", samples.metpv11())
    middle = pd.date_range(table.start + timedelta(minutes=30), periods=table.count, freq="h")
    sun = pvlib.solarposition.get_solarposition(middle, table.site.latitude_deg, table.site.longitude_deg)
    high = (sun["elevation"] > 20).to_numpy()
    back = table.columns["dni_w_per_m2"] * np.sin(np.radians(sun["elevation"].to_numpy()))
    np.testing.assert_allclose(back[high], table.columns["direct_horizontal_w_per_m2"][high], rtol=1e-9)


def test_metpv_on_an_inclined_plane(tmp_path: Path) -> None:
    station, *lines = samples.metpv20().splitlines()
    tilted = [f"30,{line}" for line in lines if line.startswith("1,")]
    table = read(tmp_path, "tilted.csv", "\n".join([station, *tilted]))
    assert list(table.columns) == ["plane_w_per_m2"]
    assert table.columns["plane_w_per_m2"][11] == pytest.approx(143 * 1e4 / 3600)


def test_one_station_of_several(tmp_path: Path) -> None:
    lines = samples.text("jma_hourly.csv").splitlines()
    both = [lines[0], lines[1], *(f"{line},{line.partition(',')[2]}" for line in lines[2:])]
    both[2] = both[2][::-1].replace("町空架", "町際実", 26)[::-1]
    text = "\n".join(both)
    with pytest.raises(ScenarioError, match="架空町, 実際町"):
        read(tmp_path, "two.csv", text)
    table = read(tmp_path, "two.csv", text, column="実際町")
    assert table.site.name == "実際町"
    assert (
        table.columns["ghi_w_per_m2"] == import_file(samples.FOLDER / "jma_hourly.csv").columns["ghi_w_per_m2"]
    ).all()


def test_a_typical_year_gets_a_leap_day(tmp_path: Path) -> None:
    table = read(tmp_path, "m.txt", samples.metpv11(), year=2024)
    assert table.count == 8784
    assert "import_leap_day_made" in [note.key for note in table.notes]


def test_epw(tmp_path: Path) -> None:
    table = read(tmp_path, "w.epw", samples.epw())
    assert (table.kind, table.count, table.start.isoformat()) == ("epw", 8760, "2009-01-01T00:00:00+09:00")
    # the twelfth line of a day, 11:00 to 12:00
    hour = samples.text("epw_day.epw").splitlines()[8 + 11].split(",")
    assert table.columns["ghi_w_per_m2"][11] == float(hour[13])
    assert table.columns["dhi_w_per_m2"][11] == float(hour[15])
    assert table.columns["temperature_c"][11] == float(hour[6])
    assert table.columns["pressure_hpa"][11] == 1012.0


@pytest.mark.parametrize("name", ["demand_long_range.csv", "demand_wide_days.csv", "demand_long_ends.csv"])
def test_a_scenario_reads_what_was_written(tmp_path: Path, name: str) -> None:
    table = import_file(samples.FOLDER / name)
    write_table(table, tmp_path / "clean.csv")
    measured = read_measured(tmp_path / "clean.csv")
    assert (measured.start, measured.step_s) == (table.start, table.step_s)
    assert (measured.kw == table.columns["demand_kw"]).all()


@pytest.mark.parametrize("name", samples.KINDS)
def test_what_was_written_is_read_again_as_the_same(tmp_path: Path, name: str) -> None:
    table = import_file(samples.FOLDER / name)
    write_table(table, tmp_path / "clean.csv")
    again = import_file(tmp_path / "clean.csv", "csv")
    known = [column for column in table.columns if column in again.columns]
    assert known
    assert all((again.columns[column] == table.columns[column]).all() for column in known)
    write_table(table, tmp_path / "clean.parquet")
    frame = pd.read_parquet(tmp_path / "clean.parquet")
    assert frame["time"].iloc[0].to_pydatetime() == table.start
    assert list(frame.columns) == ["time", *table.columns]
    packed = import_file(tmp_path / "clean.parquet")
    assert (packed.kind, packed.start, packed.step_s) == ("parquet", table.start, table.step_s)
    assert all((packed.columns[column] == table.columns[column]).all() for column in packed.columns)
