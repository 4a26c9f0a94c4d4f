"""Synthetic weather of a place of one's own: its monthly normals in a file."""

from pathlib import Path

import numpy as np
import pytest

import ysc_sim as ysc
from ysc_sim.contracts import Rows, Site
from ysc_sim.devices.weather import outdoor_c, weather_of, wind_and_density
from ysc_sim.errors import ScenarioError
from ysc_sim.timeseries import TimeAxis
from ysc_sim.timeseries.normals import MONTH_OF_DAY, read_normals, yokohama

# Round numbers of a cold place, columns in another order than the shipped file's.
COLD = """wind_mean_m_s,month,temp_mean_c,temp_min_mean_c,temp_max_mean_c,sunshine_h,rain_mm
3.4,1,-3,-6,0,90,110
3.4,2,-3,-6,0,100,90
3.9,3,1,-2,5,145,78
4.3,4,7,3,12,176,55
4.3,5,13,9,18,200,56
3.8,6,17,13,22,180,60
3.7,7,21,18,25,168,91
3.6,8,22,19,26,168,127
3.4,9,19,15,23,159,142
3.5,10,12,8,16,146,110
3.6,11,5,2,9,99,114
3.3,12,-1,-4,2,83,115
"""
SCENARIO = """
format: 1
time: {start: 2026-01-01T00:00, days: 2}
site: {latitude_deg: 43.06, longitude_deg: 141.33, weather: WEATHER, weather_normals_file: cold.csv}
buildings: [{id: a, profile: office, devices: [{kind: solar, rated_kw: 5}, {kind: wind, turbine: skystream}]}]
"""


def load(folder: Path, text: str = COLD, weather: str = "synthetic", encoding: str = "utf-8") -> ysc.Scenario:
    (folder / "cold.csv").write_bytes(text.encode(encoding))
    path = folder / "scenario.yaml"
    path.write_text(SCENARIO.replace("WEATHER", weather), encoding="utf-8")
    return ysc.load_scenario(path)


def test_without_variability_months_are_those_of_the_file(tmp_path: Path) -> None:
    load(tmp_path)
    axis = TimeAxis.of("2026-01-01T00:00", step_s=3600, days=365)
    site = Site(axis, Rows((1,)), 43.06, 141.33, tmp_path, "synthetic", 0.0, None, "cold.csv")
    normals = read_normals(tmp_path / "cold.csv")
    months = np.repeat(MONTH_OF_DAY, 24)
    sky, air, wind = weather_of(site, 0, 3600), outdoor_c(site), wind_and_density(site)[0]
    for month in range(12):
        inside = months == month
        assert sky.sunshine[inside].sum() == pytest.approx(normals.sunshine_h[month], rel=0.01)
        assert air[inside].mean() == pytest.approx(normals.temp_mean_c[month], abs=0.05)
        assert wind[inside].mean() == pytest.approx(normals.wind_mean_m_s[month], rel=0.01)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
def test_a_run_says_whose_normals_they_are(tmp_path: Path, encoding: str) -> None:
    results = ysc.run(load(tmp_path, COLD + "\n", encoding=encoding))
    notes = [note for note in results.manifest["notes"] if note["key"] == "weather_of_own_normals"]
    assert [note["file"] for note in notes] == ["cold.csv"]
    assert results.metrics["community"]["energy_residual_kwh"] < 1e-9


def test_the_shipped_file_is_read_the_same_way() -> None:
    assert yokohama().temp_max_c[:2].tolist() == [10.2, 10.8]


@pytest.mark.parametrize(
    ("text", "weather", "key", "place"),
    [
        (COLD, "standard", "weather_normals_unused", "scenario.yaml:4:"),
        (COLD.replace("sunshine_h", "sun"), "synthetic", "normals_column_missing", "cold.csv:1:"),
        (COLD.replace("3.3,12,-1,-4,2,83,115\n", ""), "synthetic", "normals_months", "cold.csv:1:"),
        (COLD + COLD.splitlines()[-1], "synthetic", "normals_months", "cold.csv:1:"),
        (COLD.replace("\n3.4,2,-3", "\n3.4,2,x"), "synthetic", "normals_not_a_number", "cold.csv:3:"),
        (COLD.replace("\n3.4,2,-3", "\n3.4,2,nan"), "synthetic", "normals_not_a_number", "cold.csv:3:"),
        (COLD.replace("\n3.9,3,1", "\n3.9,3,9"), "synthetic", "normals_beyond_reason", "cold.csv:4:"),
        (COLD.replace(",90,110", ",300,110"), "synthetic", "normals_too_sunny", "scenario.yaml:4:"),
        ("", "synthetic", "normals_column_missing", "cold.csv:1:"),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, text: str, weather: str, key: str, place: str) -> None:
    with pytest.raises(ScenarioError) as error:
        load(tmp_path, text, weather)
    assert [(problem.key, place in problem.place) for problem in error.value.problems] == [(key, True)]


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    load(tmp_path)
    (tmp_path / "cold.csv").unlink()
    with pytest.raises(ScenarioError) as error:
        ysc.load_scenario(tmp_path / "scenario.yaml")
    assert [problem.key for problem in error.value.problems] == ["file_missing"]
