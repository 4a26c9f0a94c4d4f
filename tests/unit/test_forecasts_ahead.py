"""Forecasts of many slots ahead, and steadiness of a draw."""

from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

import ysc_sim as ysc
from ysc_sim.community.compile import compile_community
from ysc_sim.contracts import History, Rows, Site
from ysc_sim.engine.simulate import run_community
from ysc_sim.forecasts.file import FileForecast, FileForecastSpec
from ysc_sim.forecasts.like_days import LikeDays, LikeDaysSpec
from ysc_sim.forecasts.persistence import Persistence, PersistenceSpec
from ysc_sim.forecasts.weekly import Weekly, WeeklySpec
from ysc_sim.study.steady import smallest_battery_kwh, steady_days
from ysc_sim.timeseries import TimeAxis


def history(need_kwh: np.ndarray, forgotten: int = 0) -> History:
    """Registers of a need (K,) at one building."""
    registers = np.concatenate([[0.0], np.cumsum(need_kwh)])[:, None, None]
    return History(registers, np.zeros_like(registers), 48, forgotten)


def test_weekly_repeats_the_week_before() -> None:
    week = np.random.default_rng(1).uniform(1, 9, 7 * 48)
    ahead = Weekly(WeeklySpec(level=0.0)).predict_ahead(history(week), 100)
    assert ahead.shape == (100, 1, 1)
    assert ahead[:, 0, 0] == pytest.approx(-week[:100])


def test_weekly_takes_yesterday_then_the_last_slot_while_it_knows_no_more() -> None:
    day = np.arange(48.0)
    assert Weekly(WeeklySpec(level=0.0)).predict_ahead(history(day), 3)[:, 0, 0] == pytest.approx([0, -1, -2])
    few = Weekly(WeeklySpec(level=0.0)).predict_ahead(history(day[:5]), 3)
    assert few[:, 0, 0] == pytest.approx([-4.0] * 3)
    assert (Weekly(WeeklySpec()).predict_ahead(history(np.zeros(0)), 2) == 0).all()


def test_weekly_carries_on_how_far_today_is_off() -> None:
    week = np.full(7 * 48, 10.0)
    ahead = Weekly(WeeklySpec(level=0.5, fade_slots=2.0)).predict_ahead(history(np.append(week, 14.0)), 2)
    assert ahead[:, 0, 0] == pytest.approx([-10 - 2 * np.exp(-0.5), -10 - 2 * np.exp(-1.0)])


def like_days(
    start: str = "2026-08-24T00:00+09:00", *, count: int = 3, level: float = 0.0, fade: float = 8
) -> LikeDays:
    """From a Monday, without the adjustment of the same day."""
    site = Site(TimeAxis(datetime.fromisoformat(start), 1800, 60 * 48), Rows((1,)), 35.0, 139.0, Path())
    return LikeDays(LikeDaysSpec(days=count, level=level, fade_slots=fade), site, ("a",))


def by_days(*need: float) -> History:
    return history(np.repeat(np.array(need), 48))


def said(forecast: LikeDays, known: History, count: int = 1) -> list[float]:
    return [round(-float(x), 9) for x in forecast.predict_ahead(known, count)[::48, 0, 0]]


def test_like_days_take_the_largest_of_the_last_of_their_kind() -> None:
    # Monday to Sunday, then Monday: of Friday, Thursday and the Monday before.
    assert said(like_days(), by_days(9, 1, 1, 4, 5, 80, 90)) == [9]
    assert said(like_days(), by_days(2, 1, 1, 4, 5, 80, 90)) == [5]
    assert said(like_days(), by_days(2, 1, 7, 4, 5, 80, 90)) == [5]
    # Of a Saturday: the Sunday and the Saturday before.
    assert said(like_days(), by_days(99, 99, 99, 99, 99, 6, 8, 99, 99, 99, 99, 99)) == [8]
    # Where one alone is asked for: that of the week before.
    assert said(like_days(count=1), by_days(2, 1, 1, 4, 5, 80, 90)) == [2]


def test_a_national_holiday_is_a_day_of_rest() -> None:
    # 21 to 23 September 2026 are holidays: Tuesday 22 looks at Monday, Sunday and Saturday, Thursday 24 at Friday.
    forecast = like_days("2026-09-17T00:00+09:00")
    assert said(forecast, by_days(50, 60, 1, 2, 3)) == [3]
    assert said(forecast, by_days(50, 60, 1, 2, 3, 4, 5)) == [60]


def test_like_days_of_more_than_a_day_ahead_see_no_more_than_has_been() -> None:
    # On Monday morning of the second week: today, tomorrow, the day after; only what is over counts.
    assert said(like_days(), by_days(9, 2, 3, 4, 5, 80, 90), 3 * 48) == [9, 5, 5]


def test_like_days_stand_in_yesterday_then_the_last_slot() -> None:
    assert said(like_days(), by_days(99.0, 99.0, 3, 4, 5)) == [5]  # the first Saturday: no day of rest has been seen
    assert said(like_days(), history(np.array([1.0, 2.0]))) == [2]
    assert (like_days().predict_ahead(history(np.zeros(0)), 2) == 0).all()


def test_like_days_know_their_date_when_the_beginning_is_forgotten() -> None:
    need = np.random.default_rng(3).uniform(1, 9, 40 * 48)
    whole = like_days().predict_ahead(history(need), 60)
    kept = like_days().predict_ahead(history(need[-15 * 48 :], forgotten=25 * 48), 60)
    assert kept == pytest.approx(whole)


def test_like_days_carry_on_how_far_today_is_off() -> None:
    need = np.append(np.full(14 * 48, 10.0), 14.0)
    ahead = like_days(level=0.5, fade=2.0).predict_ahead(history(need), 2)
    assert ahead[:, 0, 0] == pytest.approx([-10 - 2 * np.exp(-0.5), -10 - 2 * np.exp(-1.0)])


@pytest.mark.parametrize("of", ["last_slot", "yesterday"])
def test_persistence_ahead_begins_like_the_coming_slot(of: str) -> None:
    said = history(np.random.default_rng(2).uniform(1, 9, 100))
    forecast = Persistence(PersistenceSpec(of=of))
    assert forecast.predict_ahead(said, 60)[0] == pytest.approx(forecast.predict(said))


def test_own_forecast_is_read_at_its_slot(tmp_path: Path) -> None:
    start = datetime.fromisoformat("2026-08-03T00:00+09:00")
    times = [f"2026-08-0{3 + k // 24}T{k % 24:02d}:00" for k in range(48)]
    rows = [f"{time},{k},{100 + k}" for k, time in enumerate(times)]
    (tmp_path / "f.csv").write_text("time,a [kW],b [kW]\n" + "\n".join(rows) + "\n", encoding="utf-8")
    site = Site(TimeAxis(start, 1800, 96), Rows((1, 2)), 35.0, 139.0, tmp_path)
    forecast = FileForecast(FileForecastSpec(file="f.csv"), site, ("a [kW]", "b [kW]"))
    registers = np.zeros((5, 2, 2))
    ahead = forecast.predict_ahead(History(registers, registers, 48, 2), 3)
    assert ahead[:, 0].tolist() == [[-1.5, -51.5], [-1.5, -51.5], [-2.0, -52.0]]
    assert (ahead[:, 1] == ahead[:, 0]).all()
    summed = forecast.predict_ahead(History(registers[:, :, :1], registers[:, :, :1], 48, 2), 1)
    assert summed[0, 0].tolist() == [-53.0]


def house(energy_kwh: float) -> ysc.Scenario:
    path = Path(__file__).parents[2] / "scenarios" / "constant_draw_house.yaml"
    said = {"time.days": 12, "buildings.house.devices.battery.energy_kwh": energy_kwh}
    return ysc.load_scenario(path, overrides=said)


def test_draw_is_steady_with_the_shipped_battery_and_not_with_a_tenth_of_it() -> None:
    large, small = (steady_days(run_community(compile_community(house(kwh)))) for kwh in (24.0, 2.4))
    assert large[0, 0] >= 0.95
    assert small[0, 0] < 0.5
    with pytest.raises(ValueError, match="skip_days"):
        steady_days(run_community(compile_community(house(24.0))), skip_days=12)


def test_smallest_battery_lies_between() -> None:
    found = smallest_battery_kwh(house(24.0), largest_kwh=24.0, step_kwh=3.0)
    assert 2.4 < found <= 24.0
    with pytest.raises(ValueError, match="too small"):
        smallest_battery_kwh(house(24.0), largest_kwh=1.0)
