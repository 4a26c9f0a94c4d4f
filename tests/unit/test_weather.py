"""Synthetic weather: right on average, as restless as real weather, consistent in itself.

Normals: Yokohama observatory 1991 to 2020 (Japan Meteorological Agency). Clearness of real days: Miyakojima 2014,
mean 0.45, standard deviation 0.18. Yields of a south roof of 30°: 1,035 to 1,255 kWh/kW (national method for houses,
sunshine classes A3 to A5).
"""

import os
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import kstest

import ysc_sim as ysc
from ysc_sim.contracts import Rows
from ysc_sim.timeseries.clearsky import clear_sky
from ysc_sim.timeseries.mirror import mirror_image
from ysc_sim.timeseries.normals import MONTH_OF_DAY, Normals, smooth_year, yokohama
from ysc_sim.timeseries.photovoltaic import Plane, plane_kw
from ysc_sim.timeseries.weather import Weather, spread, synthetic_weather

SEEDS = 30
HOURS = np.repeat(MONTH_OF_DAY, 24)


def drawn(rows: int, first_seed: int = 100, **how: object) -> Weather:
    seeds = Rows(tuple(range(first_seed, first_seed + rows)))
    said = {"first": date(2026, 1, 1), "days": 365, **how}
    return synthetic_weather(draw=lambda row, stream: seeds.generator(row, "site", stream), rows=rows, **said)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def thirty_years() -> Weather:
    return drawn(SEEDS)


def monthly(values: np.ndarray, how: object = np.mean) -> np.ndarray:
    return np.stack([how(values[month == HOURS], axis=0) for month in range(12)])  # type: ignore[operator]


QUANTITIES = {
    "sunshine": (np.sum, "sunshine_h", (15.0, 55.0)),
    "temperature_c": (np.mean, "temp_mean_c", (0.5, 1.6)),
    "wind_m_s": (np.mean, "wind_mean_m_s", (0.1, 0.4)),
}


@pytest.mark.parametrize("first_seed", [0, 1, 100, 5_000_000])
def test_thirty_years_are_those_of_the_normals(first_seed: int) -> None:
    """Any thirty seeds. Of unrelated draws one set in five has a month beyond 3 standard errors (Student's t, 36
    months); of these the worst month of twenty sets lies at 1.6, and single years are as unlike as ever."""
    years = drawn(SEEDS, first_seed)
    for name, (how, normal, (least, most)) in QUANTITIES.items():
        months = monthly(getattr(years, name), how)
        deviation = months.std(axis=1, ddof=1)
        error = (months.mean(axis=1) - getattr(yokohama(), normal)) / (deviation / np.sqrt(SEEDS))
        assert (np.abs(error) < 2.5).all(), (name, error)
        assert (deviation > least).all()
        assert (deviation < most).all()


def test_a_mirror_image_follows_the_same_law() -> None:
    """What drives it is standard normal and knows nothing of the past; it is calm where the other is windy."""
    a, driven = 0.9, np.random.default_rng(3).standard_normal((60_000, 2))
    driven[1:] *= np.sqrt(1 - a * a)
    path = driven.copy()
    for k in range(1, len(path)):
        path[k] += a * path[k - 1]
    image = mirror_image(driven, a)
    pushes = (image[1:] - a * image[:-1]) / np.sqrt(1 - a * a)
    assert kstest(pushes.ravel(), "norm").pvalue > 0.01
    assert abs(np.corrcoef(pushes[:, 0], pushes[:, 1])[0, 1]) < 0.02
    for past in (image[:-1, 0], image[:-1, 1], (image[:-1] ** 2).sum(axis=1)):
        for push in (*pushes.T, (pushes**2).sum(axis=1)):
            assert abs(np.corrcoef(past, push)[0, 1]) < 0.02
    strength, other = (image**2).sum(axis=1) / 2, (path**2).sum(axis=1) / 2
    assert strength.mean() == pytest.approx(1.0, abs=0.05)
    assert np.corrcoef(strength, other)[0, 1] < -0.4  # of months: -0.7
    np.testing.assert_allclose(pushes**2 @ np.ones(2), (driven[1:] / np.sqrt(1 - a * a)) ** 2 @ np.ones(2))


def test_seeds_are_mirrored_in_pairs_and_alone_in_their_row() -> None:
    """Seeds 7 and 8; a row has the same weather in any batch, whatever other seeds stand beside it."""
    pair, alone = drawn(2, 7, days=20), drawn(1, 8, days=20)
    np.testing.assert_array_equal(pair.temperature_c[:, 1:], alone.temperature_c)
    np.testing.assert_array_equal(pair.wind_m_s[:, 1:], alone.wind_m_s)
    assert np.corrcoef(pair.sunshine.reshape(20, 24, 2).sum(axis=1).T)[0, 1] < -0.5
    zero, one = drawn(1, 0, days=20), drawn(1, 1, days=20)
    assert abs(np.corrcoef(zero.temperature_c[:, 0], one.temperature_c[:, 0])[0, 1]) < 0.97
    assert (zero.wind_m_s != one.wind_m_s).any()


def test_without_variability_every_year_is_the_normal_one() -> None:
    calm = drawn(1, variability=0.0)
    np.testing.assert_allclose(monthly(calm.sunshine, np.sum)[:, 0], yokohama().sunshine_h, rtol=0.01)
    np.testing.assert_allclose(monthly(calm.temperature_c)[:, 0], yokohama().temp_mean_c, rtol=0.01)
    np.testing.assert_allclose(monthly(calm.wind_m_s)[:, 0], yokohama().wind_mean_m_s, rtol=0.01)


def test_direct_and_diffuse_make_up_global(thirty_years: Weather) -> None:
    for weather in (thirty_years, drawn(1, days=10, step_s=60)):
        sky = weather.sky
        cosine = np.divide(sky.beam_w_m2, sky.dni_w_m2, out=np.zeros_like(sky.beam_w_m2), where=sky.dni_w_m2 > 0)
        direct = weather.dni_w_m2 * cosine[:, None]
        np.testing.assert_allclose(weather.dhi_w_m2 + direct, weather.ghi_w_m2, atol=1e-9)
        assert (weather.dhi_w_m2 >= 0).all()
        assert (weather.dni_w_m2 >= 0).all()
        assert (weather.dni_w_m2 <= sky.extra_w_m2[:, None]).all()


def test_days_are_as_unlike_as_real_ones(thirty_years: Weather) -> None:
    sky = thirty_years.sky
    outside = (sky.extra_w_m2 * np.maximum(np.cos(np.radians(sky.zenith_deg)), 0.0)).reshape(365, 24).sum(axis=1)
    clearness = thirty_years.ghi_w_m2.reshape(365, 24, -1).sum(axis=1) / outside[:, None]
    assert clearness.mean() == pytest.approx(0.45, abs=0.03)
    assert clearness.std() == pytest.approx(0.18, abs=0.03)
    anomaly = clearness - clearness.mean(axis=1, keepdims=True)
    memory = np.mean([np.corrcoef(column[1:], column[:-1])[0, 1] for column in anomaly.T])
    assert 0.2 < memory < 0.45
    year = thirty_years.ghi_w_m2.sum(axis=0)
    assert 0.015 < year.std() / year.mean() < 0.06


def test_minutes_keep_the_hours(thirty_years: Weather) -> None:
    minutes = drawn(1, days=20, step_s=60)
    hours = drawn(1, days=20)
    inside = (hours.sky.potential == 1.0) & (minutes.sky.potential.reshape(-1, 60).min(axis=1) == 1.0)
    means = minutes.sunshine.reshape(-1, 60).mean(axis=1)
    np.testing.assert_allclose(means[inside], hours.sunshine[inside, 0], atol=1e-9)
    assert set(np.unique(np.round(minutes.sunshine, 9))) >= {0.0, 1.0}
    np.testing.assert_allclose(minutes.temperature_c[::60], hours.temperature_c)


def test_rows_do_not_know_each_other() -> None:
    two = drawn(2, days=5)
    seeds = Rows((101,))
    one = synthetic_weather(date(2026, 1, 1), 5, lambda row, stream: seeds.generator(row, "site", stream), 1)
    for name in ("ghi_w_m2", "temperature_c", "wind_m_s"):
        np.testing.assert_array_equal(getattr(two, name)[:, 1], getattr(one, name)[:, 0])


@pytest.mark.parametrize(
    "wrong", [{"step_s": 45}, {"step_s": 7200}, {"days": 0}, {"rows": 0}, {"variability": 1.5}, {"variability": np.nan}]
)
def test_what_makes_no_weather(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="must be"):
        synthetic_weather(**{"first": date(2026, 1, 1), "days": 1, "draw": None, "rows": 1, **wrong})  # type: ignore[arg-type]


def test_smooth_year_meets_every_month_weighted_too() -> None:
    weight = np.linspace(1, 3, 365)
    year = smooth_year(yokohama().temp_mean_c, weight)
    for month, normal in enumerate(yokohama().temp_mean_c):
        inside = month == MONTH_OF_DAY
        assert np.average(year[inside], weights=weight[inside]) == pytest.approx(normal, abs=1e-9)


def test_normals_are_checked() -> None:
    good = vars(yokohama())
    with pytest.raises(ValueError, match="12 finite"):
        Normals(**{**good, "sunshine_h": np.full(12, np.nan)})
    with pytest.raises(ValueError, match="rise"):
        Normals(**{**good, "temp_min_c": good["temp_max_c"] + 1})


def test_spread_keeps_its_mean() -> None:
    place = (np.arange(2000) + 0.5) / 2000
    for mean in (0.0, 0.02, 0.37, 0.5, 0.95, 1.0):
        for width in (0.0, 0.5, 1.0):
            values = spread(place, np.array(mean), width)
            assert values.mean() == pytest.approx(mean, abs=6e-4)
            assert values.min() >= 0
            assert values.max() <= 1


def test_clear_sky_of_an_hour_is_the_mean_of_its_minutes() -> None:
    hours = clear_sky(date(2026, 4, 1), 2, 3600, 35.45, 139.64)
    minutes = clear_sky(date(2026, 4, 1), 2, 60, 35.45, 139.64)
    np.testing.assert_allclose(hours.ghi_w_m2, minutes.ghi_w_m2.reshape(-1, 60).mean(axis=1), atol=2.0)
    with pytest.raises(ValueError, match="divide a day"):
        clear_sky(date(2026, 4, 1), 1, 7, 35.45, 139.64)


def test_a_year_of_a_south_roof_is_in_the_published_range(thirty_years: Weather) -> None:
    yields = plane_kw(thirty_years, Plane(30.0, 180.0, 1.0)).sum(axis=0)
    assert 1035 < yields.mean() < 1255
    assert 0.02 < yields.std() / yields.mean() < 0.07
    flat = plane_kw(thirty_years, Plane(0.0, 180.0, 1.0)).sum(axis=0)
    north = plane_kw(thirty_years, Plane(30.0, 0.0, 1.0)).sum(axis=0)
    assert (yields > flat).all()
    assert (flat > north).all()


def test_a_small_inverter_clips(thirty_years: Weather) -> None:
    small = plane_kw(thirty_years, Plane(30.0, 180.0, 0.5))
    assert small.max() == pytest.approx(0.5)
    with pytest.raises(ValueError, match="must be > 0"):
        plane_kw(thirty_years, Plane(30.0, 180.0, 0.0))


def test_a_scenario_with_weather_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "scenario.yaml"
    path.write_text(
        "format: 1\ntime: {start: 2026-05-01T00:00, days: 14}\nensemble: {seeds: 3}\n"
        "site: {weather: synthetic}\n"
        "buildings:\n  - {id: a, profile: office, devices: [{kind: solar, rated_kw: 10},"
        " {kind: solar, rated_kw: 10, azimuth_deg: 90, soiling: 0.1, age_years: 10},"
        " {kind: wind, turbine: cf20}]}\n",
        encoding="utf-8",
    )
    by_seed = ysc.run(ysc.load_scenario(path)).frame("buildings").groupby("row")["pv_kwh"].sum()
    assert by_seed.nunique() == 3
    assert 600 < by_seed.mean() < 1700
    calm = ysc.run(ysc.load_scenario(path, overrides={"site.weather_variability": 0.0}))
    assert calm.frame("buildings").groupby("row")[["pv_kwh", "wind_kwh"]].sum().nunique().tolist() == [1, 1]


def measured_folder() -> Path:
    return Path(os.environ.get("YSC_SHARED_DATA", Path(__file__).parents[2] / "../shared/data"))


def test_beside_a_real_year(thirty_years: Weather) -> None:
    """Miyakojima 2014, another climate: how far clearness strays from day to day, and how long it lingers."""
    path = measured_folder() / "miyakojima_2014_hourly.csv.gz"
    if not path.is_file():
        pytest.skip("the measured year is not here")
    table = np.loadtxt(path, delimiter=",", skiprows=1, usecols=4)
    real = table.reshape(365, 24).sum(axis=1) / 3.6e-3
    sky = clear_sky(date(2014, 1, 1), 365, 3600, 24.79, 125.28)
    index = real / sky.ghi_w_m2.reshape(365, 24).sum(axis=1)
    own = thirty_years.ghi_w_m2.reshape(365, 24, -1).sum(axis=1)
    mine = own / thirty_years.sky.ghi_w_m2.reshape(365, 24).sum(axis=1)[:, None]
    assert mine.std() == pytest.approx(index.std(), abs=0.06)
    quartiles = np.abs(np.quantile(mine, [0.25, 0.5, 0.75]) - np.quantile(index, [0.25, 0.5, 0.75]))
    assert (quartiles < 0.12).all(), quartiles
