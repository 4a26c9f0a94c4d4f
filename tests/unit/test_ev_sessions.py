"""Who comes when, who leaves with too little: commuters, company cars, visitors, and a file of sessions."""

from pathlib import Path

import numpy as np
import pytest

import ysc_sim as ysc
from ysc_sim.contracts import Moment, Placed, Rows, Site
from ysc_sim.devices.datasheet import Limit
from ysc_sim.devices.ev import EvFleet, EvSpec
from ysc_sim.devices.sessions import draw_timetable
from ysc_sim.errors import ScenarioError
from ysc_sim.timeseries import TimeAxis

STEP_S = 1800


def placed(*specs: EvSpec, days: int = 28, rows: int = 1, folder: Path = Path()) -> Placed:
    m = len(specs)
    site = Site(
        TimeAxis.of("2026-08-03T00:00", step_s=STEP_S, days=days), Rows(tuple(range(rows))), 35.4, 139.6, folder
    )
    shape = (rows, m)
    ids = tuple(f"b/{i}" for i in range(m))
    return Placed(specs, ids, np.arange(m), np.zeros(shape, dtype=np.int64), np.ones(shape), site)


def live(fleet: EvFleet, days: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Powers of a fleet that does no more than its drivers need, events at the nearest tick before."""
    state, powers = fleet.start(), []
    for k in range(days * 48):
        moment = Moment(float(k * STEP_S), k)
        while (fleet.next_event_s(state, moment) <= moment.t_s).any():
            fleet.on_event(state, moment)
        p = fleet.bands(state, moment).want_kw
        powers.append(fleet.advance(state, np.array(p), float(STEP_S), moment).energy_kwh * 2)
    return np.array(powers), state


def test_a_use_stands_for_usual_times() -> None:
    assert (EvSpec().leave, EvSpec().arrive, EvSpec().trip_kwh) == ("07:30", "18:30", 3.1)
    company = EvSpec(use="company")
    assert (company.leave, company.arrive, company.days) == ("09:00", "17:00", "weekdays")
    assert EvSpec(use="company", leave="06:00").leave == "06:00"
    assert EvSpec(use="visitor").check() == []
    assert EvSpec(use="visitor", open_from="22:00").check()[0][0] == "ev_back_before_gone"
    assert EvSpec(vehicle="a").check()[0][0] == "vehicle_without_file"
    assert (
        EvSpec(charge_limits=(Limit(soc=0.9, power=0.5), Limit(soc=0.8, power=0.3))).check()[0][0]
        == "limits_out_of_order"
    )


def test_company_cars_stay_over_the_weekend() -> None:
    table = draw_timetable(placed(EvSpec(use="company")))
    leaves = table.event_s[0, 0, 0::2]
    days = (leaves[np.isfinite(leaves)] // 86_400).astype(int)
    assert len(days) == 20
    assert (days % 7 < 5).all(), "3 August 2026 is a Monday"


def test_visitors_come_as_often_as_they_should_and_one_at_a_time() -> None:
    spec = EvSpec(use="visitor", visits_per_day=6, stay_minutes=60, trip_kwh=8)
    rows = 40
    table = draw_timetable(placed(spec, rows=rows))
    events = table.event_s[:, 0, 1:]
    came = np.isfinite(events[:, 0::2]).sum(axis=1)
    per_day = (came + table.turned_away[:, 0]) / 28
    assert abs(per_day.mean() - 6) < 3 * np.sqrt(6 / 28 / rows)
    assert (table.turned_away > 0).all()
    for row in range(rows):
        mine = events[row][np.isfinite(events[row])]
        assert (np.diff(mine) > 0).all()
        stays = mine[1::2] - mine[0::2]
        assert stays.min() >= 900
        clock = mine[0::2] % 86_400
        assert clock.min() >= 9 * 3600
        assert clock.max() <= 21 * 3600


def test_visitors_are_served_or_counted() -> None:
    slow = EvSpec(use="visitor", charge_kw=1, trip_kwh=20, stay_minutes=30)
    fast = EvSpec(use="visitor", charge_kw=50, trip_kwh=5, stay_minutes=600, visits_per_day=1)
    fleet = EvFleet(placed(slow, fast))
    power, state = live(fleet, 28)
    found = {name: measure.value[0] for name, measure in fleet.measure(state).items()}
    assert (found["ev_departures"] > 5).all()
    assert found["ev_unmet_departures"][0] > 0.8 * found["ev_departures"][0]
    assert found["ev_unmet_departures"][1] < 0.3 * found["ev_departures"][1]
    assert found["ev_lacking_kwh"][0] > 100
    assert power.min() >= -50
    assert (power <= 0).all()


def test_a_commuter_with_time_enough_always_leaves_with_enough() -> None:
    limits = (Limit(soc=0.5, power=0.5), Limit(soc=0.7, power=0.2))
    specs = [EvSpec(charge=charge, charge_limits=each) for charge in ("arrival", "departure") for each in ((), limits)]
    fleet = EvFleet(placed(*specs))
    power, state = live(fleet, 28)
    assert (state["left"] == 28).all()
    assert (state["unmet"][:, :3] == 0).all()
    assert state["lacked_kwh"].max() < 0.5, "what the last half-hour before a departure lacks, at most"
    assert power[:, 0, 0].min() == pytest.approx(-6)
    for number, (soc, share) in enumerate([(0.5, 1.0), (0.7, 0.5)], start=1):
        assert fleet._charge_limits[number - 1][0][1] == soc
        assert share > 0


def test_charging_power_falls_near_full() -> None:
    spec = EvSpec(
        soc_start=0.45, soc_required=0.9, charge_limits=(Limit(soc=0.6, power=0.5), Limit(soc=0.8, power=0.1))
    )
    fleet = EvFleet(placed(spec))
    state, powers, socs = fleet.start(), [], []
    for k in range(14):
        bands = fleet.bands(state, Moment(float(k * STEP_S), k))
        socs.append(float(state["stored_kwh"][0, 0]) / 40)
        powers.append(-float(bands.lo_kw[0, 0]))
        flow = fleet.advance(state, np.array(bands.lo_kw), float(STEP_S), Moment(float(k * STEP_S), k))
        assert flow.held_s is None
    for soc, power in zip(socs, powers, strict=True):
        assert power <= 6 * (1.0 if soc < 0.6 else 0.5 if soc < 0.8 else 0.1) + 1e-9
    assert powers[0] == pytest.approx(6)
    assert powers[-1] == pytest.approx(0.6)


SESSIONS = """vehicle,arrive,leave,energy_kwh
van,2026-08-03 08:00,2026-08-03 12:00,10
car,2026/08/03 09:00,2026/08/03 09:20,9
van,2026-08-04T08:00,2026-08-04T12:00,4
"""
SCENARIO = """
format: 1
time: {start: 2026-08-03T00:00, days: 2, step_s: 600}
buildings:
  - id: yard
    profile: office
    devices:
      - {kind: ev, id: van, sessions_file: sessions.csv, vehicle: van, charge_kw: 6}
      - {kind: ev, id: car, sessions_file: sessions.csv, vehicle: car, charge_kw: 6}
"""


def write(folder: Path, sessions: str = SESSIONS, scenario: str = SCENARIO) -> Path:
    (folder / "sessions.csv").write_text(sessions, encoding="utf-8-sig")
    path = folder / "scenario.yaml"
    path.write_text(scenario, encoding="utf-8")
    return path


def test_sessions_of_a_file_are_charged_as_they_say(tmp_path: Path) -> None:
    results = ysc.run(ysc.load_scenario(write(tmp_path)))
    found = results.metrics["community"]
    assert found["ev_departures"] == 3
    assert found["ev_unmet_departures"] == 1
    # The car has 20 minutes: 6 kW · 1/3 h · 0.9 = 1.8 of 9 kWh.
    assert found["ev_lacking_kwh"] == pytest.approx(9 - 1.8)
    assert found["ev_charge_kwh"] == pytest.approx(14 / 0.9 + 2)
    frame = results.frame("buildings")
    by_hour = frame.groupby(frame["time"].dt.floor("h"))["ev_charge_kwh"].sum()
    assert by_hour.iloc[:8].sum() == 0
    assert by_hour.iloc[8] == pytest.approx(6)


@pytest.mark.parametrize(
    ("old", "new", "key", "line"),
    [
        ("arrive,leave", "came,leave", "sessions_columns", 1),
        ("2026-08-03 12:00,10", "2026-08-03 07:00,10", "sessions_line", 2),
        (",10", ",ten", "sessions_line", 2),
        ("2026/08/03 09:00", "2026/13/03 09:00", "sessions_line", 3),
        ("2026-08-04T08:00,2026-08-04", "2026-08-03T11:00,2026-08-04", "sessions_overlap", 0),
        ("car,", "bus,", "sessions_none", 0),
    ],
)
def test_what_is_wrong_with_a_file_is_told_with_its_line(
    tmp_path: Path, old: str, new: str, key: str, line: int
) -> None:
    with pytest.raises(ScenarioError) as error:
        ysc.load_scenario(write(tmp_path, SESSIONS.replace(old, new)))
    assert any(problem.key == key and (not line or problem.line == line) for problem in error.value.problems)


def test_a_timetable_belongs_to_its_charger() -> None:
    alone = draw_timetable(placed(EvSpec(use="visitor")))
    both = draw_timetable(placed(EvSpec(use="visitor"), EvSpec(), rows=2))
    n = alone.event_s.shape[2] - 2
    np.testing.assert_array_equal(alone.event_s[0, 0, :n], both.event_s[0, 0, :n])
