"""Weather years of one's own: laid over any run by date, and refused with file and line where they cannot be used."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pytest

import ysc_sim as ysc
from ysc_sim.errors import ScenarioError
from ysc_sim.timeseries import TimeAxis
from ysc_sim.timeseries.clearsky import clear_sky
from ysc_sim.timeseries.importers import TimeTable, write_table
from ysc_sim.timeseries.lay_days import laid_days
from ysc_sim.timeseries.weather_file import WeatherFile
from ysc_sim.timeseries.weather_year import file_weather, light_of
from ysc_sim.words import problem_line

sys.path.insert(0, str(Path(__file__).parent.parent / "golden"))
import importer_samples as samples

JST = timezone(timedelta(hours=9))
SCENARIO = """\
format: 1
time: {{start: {start}, days: {days}}}
site: {{weather: {weather}, {said}}}
buildings:
  - id: a
    profile: office
    devices:
      - {{kind: solar, rated_kw: 10}}
      - {{kind: aircon, thermal_kw: 8, floor_m2: 80}}
      - {{kind: water_heater}}
      - {{kind: wind, turbine: cf20}}
"""


def hours_of(first: date, days: int, **columns: object) -> TimeTable:
    """A table whose air is as warm as the number of its hour, unless columns are given."""
    said = columns or {"temperature_c": np.arange(24.0 * days)}
    return TimeTable("made", "made.csv", datetime(first.year, first.month, first.day, tzinfo=JST), 3600, said)  # type: ignore[arg-type]


def scenario(folder: Path, said: str, start: str = "2026-08-03T00:00", days: int = 2, weather: str = "file") -> Path:
    path = folder / "scenario.yaml"
    path.write_text(SCENARIO.format(start=start, days=days, said=said, weather=weather), encoding="utf-8")
    return path


def write_year(folder: Path, name: str = "site.csv", days: int = 365, **columns: np.ndarray) -> None:
    clock = np.arange(24 * days)
    sun = np.maximum(np.sin((clock % 24 - 6) * np.pi / 12), 0.0)
    said = {
        "ghi_w_per_m2": 800 * sun,
        "temperature_c": 15 + 12 * np.sin(clock / 24 / 365 * 2 * np.pi - 2) + 5 * sun,
        "wind_m_per_s": 3 + 3 * sun,
        **columns,
    }
    write_table(hours_of(date(2021, 1, 1), days, **said), folder / name)


AXIS = TimeAxis.of("2028-02-27T00:00", step_s=1800, days=4)


def test_a_year_without_leap_day_gives_the_28th_twice() -> None:
    columns, step_s, own = laid_days(hours_of(date(2021, 1, 1), 365), AXIS)
    day = columns["temperature_c"].reshape(4, 24)[:, 0] / 24
    assert (step_s, own) == (3600, 0)
    assert day.tolist() == [57, 58, 58, 59]


def test_a_leap_year_gives_its_own_29th_and_no_other_year_does() -> None:
    columns, _, own = laid_days(hours_of(date(2024, 1, 1), 366), AXIS)
    assert own == 0
    assert (columns["temperature_c"].reshape(4, 24)[:, 0] / 24).tolist() == [57, 58, 59, 60]
    plain, _, _ = laid_days(hours_of(date(2024, 1, 1), 366), TimeAxis.of("2026-02-28T00:00", step_s=1800, days=2))
    assert (plain["temperature_c"].reshape(2, 24)[:, 0] / 24).tolist() == [58, 60]


def test_a_run_over_new_year_and_of_several_years_takes_every_date() -> None:
    axis = TimeAxis.of("2026-12-31T00:00", step_s=3600, days=800)
    columns, _, _ = laid_days(hours_of(date(2021, 1, 1), 365), axis)
    days = columns["temperature_c"].reshape(800, 24)[:, 0] / 24
    assert days[:3].tolist() == [364, 0, 1]
    assert days[366] == 0
    assert days[365 + 59 + 1] == 58  # 29 February 2028


def test_own_dates_come_before_those_of_another_year() -> None:
    table = hours_of(date(2025, 6, 1), 730)
    columns, _, own = laid_days(table, TimeAxis.of("2026-06-01T00:00", step_s=1800, days=2))
    assert own == 2
    assert (columns["temperature_c"].reshape(2, 24)[:, 0] / 24).tolist() == [365, 366]
    columns, _, own = laid_days(table, TimeAxis.of("2030-06-01T00:00", step_s=1800, days=1))
    assert own == 0
    assert columns["temperature_c"][0] / 24 == 365  # the last of both first Junes


def test_another_zone_is_moved_to_the_clock_of_the_run() -> None:
    """01:00 in Tokyo is 16:00 of the day before in Greenwich; the year is closed to a ring. 05:30 halves the hours."""
    table = hours_of(date(2021, 1, 1), 365)
    axis = TimeAxis.of("2022-01-02T00:00", step_s=3600, days=364, tz="UTC")
    columns, step_s, _ = laid_days(table, axis)
    assert step_s == 3600
    assert columns["temperature_c"][0] == 24 + 9
    assert columns["temperature_c"][-9] == 0  # 31 December, 15:00: the first hour of the year in Tokyo
    columns, step_s, _ = laid_days(table, TimeAxis.of("2022-01-02T00:00", step_s=1800, days=1, tz="Asia/Kolkata"))
    assert step_s == 1800
    assert columns["temperature_c"][:3].tolist() == [27, 28, 28]


def test_a_few_days_serve_those_days_only() -> None:
    table = hours_of(date(2026, 8, 3), 2)
    half = TimeAxis.of("2026-08-03T06:00", step_s=1800, days=1.5)
    assert laid_days(table, half)[2] == 2
    for start, days in (("2026-08-03T00:00", 3), ("2027-08-03T00:00", 1)):
        with pytest.raises(ScenarioError) as error:
            laid_days(table, TimeAxis.of(start, step_s=1800, days=days))
        assert error.value.problems[0].key == "csv_does_not_cover"


@pytest.mark.parametrize("parts", [("ghi", "dhi"), ("ghi", "dni"), ("dni", "dhi"), ("ghi",)])
def test_light_that_is_missing_is_worked_out(parts: tuple[str, ...]) -> None:
    """A clear day of June: from any two of the three the third; from the global light alone about as much."""
    sky = clear_sky(date(2026, 6, 1), 1, 3600, 35.45, 139.64)
    cosine = np.maximum(np.cos(np.radians(sky.zenith_deg)), 0.0)
    dni = np.where(sky.zenith_deg < 87, sky.dni_w_m2, 0.0)
    whole = {"dni": dni, "dhi": sky.dhi_w_m2, "ghi": sky.dhi_w_m2 + dni * cosine}
    given = {f"{name}_w_per_m2": whole[name] for name in parts}
    ghi, dhi, normal, sunshine = light_of(given, sky, date(2026, 6, 1), 3600)
    np.testing.assert_allclose(ghi, whole["ghi"], atol=1e-9)
    np.testing.assert_allclose(dhi + normal * cosine, ghi, atol=1e-9)
    if len(parts) == 2:
        np.testing.assert_allclose(normal, dni, atol=1e-9)
        np.testing.assert_allclose(dhi, whole["dhi"], atol=1e-9)
    else:
        assert dhi.sum() == pytest.approx(whole["dhi"].sum(), rel=0.5)  # Erbs: hazier than this clear sky
    assert sunshine[12] == 1.0
    assert sunshine[0] == 0.0


def test_sunshine_hours_alone_follow_angstrom() -> None:
    sky = clear_sky(date(2026, 6, 1), 1, 3600, 35.45, 139.64)
    sums = []
    for share in (0.0, 0.5, 1.0):
        ghi, dhi, dni, sunshine = light_of({"sunshine_h": share * sky.potential}, sky, date(2026, 6, 1), 3600)
        assert sunshine.sum() == pytest.approx(share * sky.potential.sum())
        assert (ghi >= dhi).all()
        assert (dni <= sky.dni_w_m2).all()
        sums.append(ghi.sum() / sky.ghi_w_m2.sum())
    assert sums == pytest.approx([1 / 3, 2 / 3, 1.0], abs=1e-3)


def test_every_device_follows_the_file(tmp_path: Path) -> None:
    """Twice the sun, ten degrees less, no wind: each device that looks at the weather answers."""
    write_year(tmp_path)
    base = ysc.run(ysc.load_scenario(scenario(tmp_path, "weather_file: site.csv")))
    clock = np.arange(8760)
    half = {"ghi_w_per_m2": 400 * np.maximum(np.sin((clock % 24 - 6) * np.pi / 12), 0.0)}
    write_year(tmp_path, "half.csv", **half, temperature_c=np.full(8760, 5.0), wind_m_per_s=np.zeros(8760))
    other = ysc.run(ysc.load_scenario(scenario(tmp_path, "weather_file: half.csv")))
    one, two = (result.metrics["buildings"]["a"] for result in (base, other))
    assert two["pv_kwh"] < 0.65 * one["pv_kwh"]
    assert one["wind_kwh"] > 0
    assert two["wind_kwh"] == 0
    assert two["aircon_kwh"] != pytest.approx(one["aircon_kwh"], rel=0.05)
    assert two["water_heater_kwh"] > 1.1 * one["water_heater_kwh"]
    keys = [note["key"] for note in base.manifest["notes"]]
    assert keys.count("weather_is_file") == 1
    assert keys.count("weather_file_laid") == 1
    assert not {"weather_is_synthetic", "wind_is_synthetic", "solar_standard_year"} & set(keys)
    assert base.manifest["inputs"]["site.csv"]


@pytest.mark.parametrize(
    ("name", "text"),
    [("site.epw", samples.epw), ("metpv20.csv", samples.metpv20), ("mea.txt", samples.metpv11)],
)
def test_published_formats_drive_a_run(tmp_path: Path, name: str, text: object) -> None:
    encoding = "utf-8" if name.endswith("epw") else "cp932"
    (tmp_path / name).write_bytes(text().encode(encoding))  # type: ignore[operator]
    path = scenario(tmp_path, f"weather_file: {name}", start="2028-02-28T00:00", days=3)
    results = ysc.run(ysc.load_scenario(path, overrides={"ensemble.seeds": 2}))
    daily = results.frame("buildings").set_index("time").groupby("row")["pv_kwh"].resample("D").sum().unstack(0)
    assert (daily > 0).all().all()
    np.testing.assert_allclose(daily[0], daily[1])
    np.testing.assert_allclose(daily.iloc[0], daily.iloc[1], rtol=0.02)  # one day of the sample all year, 29 Feb too


def test_jma_hours_of_the_run_itself(tmp_path: Path) -> None:
    """The sample of the agency's download, its own days: radiation where it was measured."""
    (tmp_path / "jma.csv").write_bytes((samples.FOLDER / "jma_hourly.csv").read_bytes())
    from ysc_sim.timeseries.importers import import_file

    table = import_file(tmp_path / "jma.csv")
    axis = TimeAxis(table.start, 1800, table.count * 2)
    year = file_weather(WeatherFile("jma.csv"), tmp_path, axis, 35.45, 139.64)
    np.testing.assert_allclose(year.weather.temperature_c[: table.count, 0], table.columns["temperature_c"])
    assert year.own_days == -(-table.count // 24)


@pytest.mark.parametrize(
    ("said", "key", "place"),
    [
        ("weather_file: ../site.csv", "path_escapes", "scenario.yaml:3:"),
        ("weather_file: /etc/passwd", "path_escapes", "scenario.yaml:3:"),
        ("weather_file: 'https://example.org/a.epw'", "no_url", "scenario.yaml:3:"),
        ("weather_file: missing.epw", "file_missing", "scenario.yaml:3:"),
        ("weather_file: folder", "not_a_regular_file", "scenario.yaml:3:"),
        ("weather_variability: 1", "field_missing", "scenario.yaml:3:"),
        ("weather_file: site.csv, weather_format: epv", "import_kind_unknown", "scenario.yaml:3:"),
        ("weather_file: gap.csv", "csv_gap", "gap.csv:102:"),
        ("weather_file: hot.csv", "weather_value_odd", "scenario.yaml:3:"),
        ("weather_file: calm.csv", "weather_lacks", "scenario.yaml:3:"),
        ("weather_file: week.csv", "csv_does_not_cover", "scenario.yaml:3:"),
        ("weather_file: fine.csv", "weather_step", "scenario.yaml:3:"),
    ],
)
def test_what_is_wrong_with_a_file_is_told_in_both_languages(tmp_path: Path, said: str, key: str, place: str) -> None:
    (tmp_path / "folder").mkdir()
    write_year(tmp_path)
    lines = (tmp_path / "site.csv").read_text().splitlines(keepends=True)
    (tmp_path / "gap.csv").write_text("".join(lines[:101] + lines[104:]))
    write_year(tmp_path, "hot.csv", temperature_c=np.where(np.arange(8760) == 5000, 271.0, 20.0))
    (tmp_path / "calm.csv").write_text("".join(line.rpartition(",")[0] + "\n" for line in lines))
    (tmp_path / "week.csv").write_text("".join(lines[: 24 * 7 + 1]))
    fine = {name: np.full(5760, 10.0) for name in ("ghi_w_per_m2", "temperature_c", "wind_m_per_s")}
    write_table(replace(hours_of(date(2026, 8, 3), 1, **fine), step_s=30), tmp_path / "fine.csv")
    with pytest.raises(ScenarioError) as error:
        ysc.load_scenario(scenario(tmp_path, said))
    found = next(problem for problem in error.value.problems if problem.key == key)
    assert place in found.place
    english, japanese = (problem_line(found, lang) for lang in ("en", "ja"))
    assert "{" not in english + japanese
    assert english != japanese
    if key == "import_kind_unknown":
        assert "'epw'" in english
    if key == "weather_lacks":
        assert "a/wind" in english
        assert "wind_m_per_s" in english


def test_a_file_that_is_not_read_and_one_of_another_place_are_told(tmp_path: Path) -> None:
    write_year(tmp_path)
    with pytest.raises(ScenarioError) as error:
        ysc.load_scenario(scenario(tmp_path, "weather_file: site.csv", weather="synthetic"))
    assert [problem.key for problem in error.value.problems] == ["weather_file_unused"]
    (tmp_path / "site.epw").write_text(samples.epw())
    said = "weather_file: site.epw, latitude_deg: 26.2, longitude_deg: 127.7"
    warnings = ysc.load_scenario(scenario(tmp_path, said)).warnings
    assert "weather_elsewhere" in [problem.key for problem in warnings]


def test_only_what_is_used_is_needed(tmp_path: Path) -> None:
    """Radiation alone is enough for nothing but a roof with temperature; a measured roof needs no weather."""
    write_year(tmp_path, wind_m_per_s=np.zeros(8760))
    lines = (tmp_path / "site.csv").read_text().splitlines(keepends=True)
    (tmp_path / "calm.csv").write_text("".join(line.rpartition(",")[0] + "\n" for line in lines))
    path = scenario(tmp_path, "weather_file: calm.csv")
    text = path.read_text(encoding="utf-8").replace("      - {kind: wind, turbine: cf20}\n", "")
    path.write_text(text, encoding="utf-8")
    assert ysc.run(ysc.load_scenario(path)).metrics["community"]["pv_kwh"] > 20
