"""When the grid is away: rolling groups as announced, restoration as published, rates and laws of random outages."""

from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from ysc_sim.community.windows import merge_windows
from ysc_sim.contracts import OutageWindow, Rows, Site
from ysc_sim.outages.random import Random, RandomSpec
from ysc_sim.outages.recovery import hours_without
from ysc_sim.outages.rolling import Rolling, RollingSpec
from ysc_sim.outages.typhoon import Typhoon, TyphoonSpec
from ysc_sim.outages.windows import Windows, WindowsSpec
from ysc_sim.timeseries import TimeAxis


def site(start: str, days: float, rows: int = 1) -> Site:
    return Site(TimeAxis.of(start, step_s=1800, days=days), Rows(tuple(range(1, rows + 1))), 35.0, 139.0, Path())


def clock(window: OutageWindow) -> tuple[int, float, float]:
    """Day, hour of the start, hours."""
    return window.start_s // 86400, window.start_s % 86400 / 3600, (window.end_s - window.start_s) / 3600


def test_group_1_of_march_2011_as_announced() -> None:
    spec = RollingSpec(first="2011-03-14", days=3, group=1)
    windows = Rolling(spec).windows(site("2011-03-13T00:00", 10), 0)
    # 14 March, then the announcement of the 18th, then that of the 14th again.
    assert [clock(w) for w in windows] == [
        (1, pytest.approx(6 + 1 / 3), 3.0),
        (1, pytest.approx(16 + 5 / 6), 3.0),
        (2, pytest.approx(6 + 1 / 3), 3.0),
        (2, pytest.approx(13 + 5 / 6), 3.0),
        (3, pytest.approx(6 + 1 / 3), 3.0),
        (3, pytest.approx(16 + 5 / 6), 3.0),
    ]
    assert {w.notice_s for w in windows} == {7200}


def test_rolling_outages_never_outlast_their_window_and_may_be_called_off() -> None:
    here = site("2011-03-13T00:00", 100, rows=50)
    long = Rolling(RollingSpec(first="2011-03-14", days=80, group=3, away_h=9.0)).windows(here, 0)
    assert {w.end_s - w.start_s for w in long} == {3 * 3600 + 40 * 60}
    sometimes = Rolling(RollingSpec(first="2011-03-14", days=80, group=3, carried_out=0.25))
    each = [sometimes.windows(here, row) for row in range(50)]
    assert 0.2 < np.mean([len(some) for some in each]) / 80 < 0.3
    assert sometimes.windows(here, 7) == each[7]
    assert each[0] != each[1]


def test_restoration_follows_the_published_curve() -> None:
    # Typhoon 24 of 2018: 46 % after 24 h, 84 % after 48 h.
    assert hours_without("typhoon_2018_24", 0.46) == pytest.approx(24)
    assert hours_without("typhoon_2018_24", 0.23) == pytest.approx(12)
    assert hours_without("typhoon_2019_15_faxai", 0.99) == pytest.approx(280)
    # Beyond the last point the queue goes on.
    assert hours_without("typhoon_2018_21", 0.9999) > hours_without("typhoon_2018_21", 0.99) == pytest.approx(120)
    here = site("2019-09-08T00:00", 30, rows=2000)
    storm = Typhoon(TyphoonSpec(start="2019-09-09T05:00", event="typhoon_2018_24"))
    hours = np.array([(w.end_s - w.start_s) / 3600 for row in range(2000) for w in storm.windows(here, row)])
    assert len(hours) == 2000
    assert np.mean(hours <= 24) == pytest.approx(0.46, abs=0.04)
    assert np.mean(hours <= 48) == pytest.approx(0.84, abs=0.03)
    certain = Typhoon(TyphoonSpec(start="2019-09-09T05:00", quantile=0.5401))
    assert not certain.differs
    assert clock(certain.windows(here, 0)[0]) == (1, 5.0, 58.0)


@pytest.mark.parametrize("law", ["lognormal", "weibull"])
def test_random_outages_have_their_rate_and_median(law: Literal["lognormal", "weibull"]) -> None:
    here = site("2026-01-01T00:00", 365, rows=400)
    spec = RandomSpec(per_year=5.0, median_h=2.0, law=law, spread=0.8, shape=0.7)
    windows = [w for row in range(400) for w in Random(spec).windows(here, row)]
    assert len(windows) / 400 == pytest.approx(5.0, abs=0.45)
    hours = [(w.end_s - w.start_s) / 3600 for w in windows]
    assert np.median(hours) == pytest.approx(2.0, rel=0.12)


def test_random_outages_come_in_their_months_and_hours() -> None:
    months = tuple(3.0 if month in (8, 9) else 0.0 for month in range(1, 13))
    hours = tuple(1.0 if 18 <= hour < 24 else 0.0 for hour in range(24))
    here = site("2026-01-01T00:00", 365, rows=100)
    model = Random(RandomSpec(per_year=6.0, median_h=1.0, month_weights=months, hour_weights=hours))
    moments = [here.axis.at(w.start_s) for row in range(100) for w in model.windows(here, row)]
    assert {moment.month for moment in moments} == {8, 9}
    assert {moment.hour for moment in moments} <= set(range(18, 24))
    # The rate is the year's mean: all six fall into the two months and six hours.
    assert len(moments) / 100 == pytest.approx(6.0, abs=1.0)
    assert Random(RandomSpec(per_year=0.0, median_h=1.0)).windows(here, 0) == []


def test_a_name_makes_another_draw_and_a_row_its_own() -> None:
    here = site("2026-01-01T00:00", 365, rows=3)
    one, two = (Random(RandomSpec(per_year=20, median_h=1, name=name)) for name in ("trees", "lightning"))
    assert one.windows(here, 0) != two.windows(here, 0)
    assert one.windows(here, 0) != one.windows(here, 1)
    assert one.windows(here, 2) == one.windows(here, 2)


def test_windows_are_joined_and_one_of_no_length_is_none() -> None:
    axis = TimeAxis.of("2026-01-01T00:00", step_s=1800, days=1)
    here = site("2026-01-01T00:00", 1)
    none = Windows(WindowsSpec(start="2026-01-01T03:00", duration_h=0.0)).windows(here, 0)
    assert merge_windows(none, axis) == ()
    some = [
        OutageWindow(100, 200, 50),
        OutageWindow(200, 300, 10),
        OutageWindow(-50, -10),
        OutageWindow(90_000, 91_000),
    ]
    assert merge_windows(some, axis) == (OutageWindow(100, 300, 50, told_end_s=300),)


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        (RollingSpec(first="tomorrow"), "first"),
        (RollingSpec(first="2011-03-14", plan="nobody"), "plan"),
        (RollingSpec(first="2011-03-14", group=9), "group"),
        (TyphoonSpec(start="2019-09-09T05:00", event="typhoon_0000"), "event"),
        (TyphoonSpec(start="never"), "start"),
        (RandomSpec(per_year=1, median_h=1, hour_weights=(0.0,) * 24), "hour_weights"),
    ],
)
def test_what_is_unknown_is_told(spec: RollingSpec | TyphoonSpec | RandomSpec, field: str) -> None:
    assert [name for _, name, _ in spec.check()] == [field]
