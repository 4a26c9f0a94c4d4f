"""Relays of single inverters in a transient: who trips, when, and what that does to the rest; by hand."""

import numpy as np
import pytest

from ysc_sim.resilience import FrequencyWatt, Outcome, Source, Stage, Trip, frequency_response

JAPAN = (Trip(limit_hz=48.5, delay_s=1.0), Trip(limit_hz=51.0, delay_s=1.0, above=True))
F0 = 50.0


def steady(p_kw: float, *trips: Trip, lag_s: float = 0.0) -> FrequencyWatt:
    return FrequencyWatt(p_kw=p_kw, deadband_hz=0.0, droop_pu=np.inf, lag_s=lag_s, trips=trips)


def test_a_fall_without_governor_trips_when_the_timer_is_over() -> None:
    """2·H·S/f0 = 1 kW·s/Hz·… : 200 kVA, H 5 s, 40 kW: −1 Hz/s, at 48.5 Hz after 1.5 s, off at 2.5 s, then −2 Hz/s."""
    machine = Source(rated_kva=200.0, droop_pu=np.inf, inertia_s=5.0)
    sun = steady(40.0, *JAPAN)
    found = frequency_response(40.0, [machine], followers=[sun], collapse_hz=40.0, duration_s=4.0)
    assert [(kind, index) for _, _, kind, index in found.events] == [("tripped", 0)]
    assert found.events[0][1] == pytest.approx(2.5, abs=1e-9)
    assert found.nadir_hz[0] == pytest.approx(50 - 2.5 - 2 * 1.5, abs=1e-9)


def test_each_inverter_has_its_own_curve() -> None:
    """Old ones (49 Hz, 0.2 s) go first and take the next ones (48.5 Hz, 0.5 s) along; the last ride through."""
    machine = Source(rated_kva=200.0, droop_pu=np.inf, inertia_s=5.0)
    old, new = steady(40.0, Trip(limit_hz=49.0, delay_s=0.2)), steady(80.0, Trip(limit_hz=48.5, delay_s=0.5))
    third = steady(10.0, Trip(limit_hz=45.0, delay_s=20.0))
    found = frequency_response(40.0, [machine], followers=[new, old, third], collapse_hz=40.0, duration_s=3.0)
    # −1 Hz/s to 1.2 s (48.8 Hz), −2 Hz/s from there: 48.5 Hz at 1.35 s, the second group is off at 1.85 s.
    assert [(index, round(t, 9)) for _, t, _, index in found.events] == [(1, 1.2), (0, 1.85)]


def test_an_over_frequency_relay_and_frequency_watt() -> None:
    """The step −60 kW lifts a droop island; the sun trips, and frequency falls below nominal."""
    former = Source(rated_kva=100.0, droop_pu=0.05, p_kw=50.0)
    sun = FrequencyWatt(p_kw=50.0, deadband_hz=5.0, droop_pu=0.05, lag_s=0.0, trips=JAPAN)
    found = frequency_response(-45.0, [former], followers=[sun])
    # Δf = 45 kW / (100 kVA / 2.5 Hz) = 1.125 Hz, above 51.0; a second later 50 kW are gone: −0.125 Hz.
    assert found.events == [(0, pytest.approx(1.0), "tripped", 0)]
    assert found.nadir_hz[0] == pytest.approx(51.125)
    assert found.settling_hz[0] == pytest.approx(49.875)
    assert found.outcome[0] is Outcome.SETTLED


def test_one_that_comes_back_in_time_does_not_trip() -> None:
    former = Source(rated_kva=100.0, droop_pu=0.05, p_kw=0.0)
    sun = steady(50.0, *JAPAN)
    shed = Stage(below_hz=48.6, delay_s=0.3, shed_kw=40.0)
    found = frequency_response(70.0, [former], followers=[sun], ufls=[shed])
    assert [(kind, round(t, 9)) for _, t, kind, _ in found.events] == [("shed", 0.3)]
    assert found.outcome[0] is Outcome.SHED


def test_only_the_first_relay_of_an_inverter_counts() -> None:
    machine = Source(rated_kva=200.0, droop_pu=np.inf, inertia_s=5.0)
    fast = Trip(limit_hz=47.0, delay_s=0.16)
    found = frequency_response(
        40.0, [machine], followers=[steady(10.0, *JAPAN, fast)], collapse_hz=40.0, duration_s=6.0
    )
    assert len(found.events) == 1
    both = frequency_response(40.0, [machine], followers=[steady(10.0, *JAPAN, *JAPAN)], collapse_hz=40.0)
    assert [event for event in both.events if event[2] == "tripped"] == [(0, pytest.approx(2.5), "tripped", 0)]


def test_who_charges_and_trips_relieves_the_island() -> None:
    former = Source(rated_kva=100.0, droop_pu=0.05, p_kw=20.0)
    found = frequency_response(70.0, [former], followers=[steady(-30.0, *JAPAN)])
    # 50 − 70/40 = 48.25 Hz; a second later 30 kW of charging are gone: 50 − 40/40.
    assert found.nadir_hz[0] == pytest.approx(48.25)
    assert found.settling_hz[0] == pytest.approx(49.0)


@pytest.mark.parametrize("lag_s", [0.0, 0.7])
@pytest.mark.parametrize("inertia_s", [0.0, 3.0])
def test_against_small_steps(lag_s: float, inertia_s: float) -> None:
    """Euler with 10 µs steps: frequency-watt with a lag, two relays, droop."""
    damping, droop, rated, p, step = 20.0, 0.05, 100.0, 60.0, -55.0
    trips = (Trip(limit_hz=50.9, delay_s=0.4, above=True), Trip(limit_hz=49.2, delay_s=0.3))
    former = Source(rated_kva=rated, droop_pu=droop, inertia_s=inertia_s, damping_pu=damping / rated, p_min_kw=-500)
    sun = FrequencyWatt(p_kw=p, deadband_hz=0.2, droop_pu=0.1, lag_s=lag_s, trips=trips)
    other = steady(5.0, Trip(limit_hz=49.5, delay_s=0.1))
    found = frequency_response([step], [former], followers=[sun, other], rise_hz=60.0, duration_s=3.0)
    gain, dt = rated / droop / F0, 1e-4
    f, y, off, timers, events, now = 0.0, 0.0, [False, False], [0.0, 0.0, 0.0], [], 0.0
    relays = [(0, *vars(trips[0]).values()), (0, *vars(trips[1]).values()), (1, 49.5, 0.1, False)]
    while now < 3.0:
        aim = -p * min(max((f - 0.2) / (0.1 * F0), 0.0), 1.0)
        y = -p if off[0] else (aim if lag_s == 0 else y + dt * (aim - y) / lag_s)
        fixed = -step + y * (lag_s > 0 or off[0]) - 5.0 * off[1]
        if inertia_s:
            power = fixed + (y if lag_s == 0 and not off[0] else 0.0) - (gain + damping / F0) * f
            f += dt * power * F0 / (2 * inertia_s * rated)
        else:
            low, high = -20.0, 20.0
            for _ in range(60):
                f = (low + high) / 2
                curb = -p * min(max((f - 0.2) / (0.1 * F0), 0.0), 1.0) if lag_s == 0 and not off[0] else 0.0
                low, high = (f, high) if fixed + curb - (gain + damping / F0) * f > 0 else (low, f)
        now += dt
        for k, (victim, limit, delay, above) in enumerate(relays):
            beyond = (F0 + f > limit) if above else (F0 + f < limit)
            timers[k] = timers[k] + dt if beyond and not off[victim] else 0.0
            if timers[k] >= delay:
                off[victim] = True
                events.append((now, victim))
    assert [index for _, _, _, index in found.events] == [index for _, index in events]
    assert [t for _, t, _, _ in found.events] == pytest.approx([t for t, _ in events], abs=3e-3)


def test_rows_do_not_know_each_other() -> None:
    rng = np.random.default_rng(3)
    steps = rng.uniform(-60, 60, 40)
    former = Source(rated_kva=100.0, droop_pu=0.05, inertia_s=2.0, t1_s=0.1, p_kw=50.0, p_max_kw=150.0)
    sun = FrequencyWatt(p_kw=40.0, deadband_hz=0.2, droop_pu=0.1, lag_s=0.4, trips=JAPAN)
    together = frequency_response(steps, [former], followers=[sun], rise_hz=60.0, collapse_hz=40.0)
    assert {kind for _, _, kind, _ in together.events} == {"tripped"}
    for row, step in enumerate(steps.tolist()):
        alone = frequency_response(step, [former], followers=[sun], rise_hz=60.0, collapse_hz=40.0)
        assert alone.nadir_hz[0] == together.nadir_hz[row]
        assert [event[1:] for event in alone.events] == [event[1:] for event in together.events if event[0] == row]


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: Trip(limit_hz=np.nan, delay_s=1.0), "limit_hz"),
        (lambda: Trip(limit_hz=49.0, delay_s=-1.0), "delay_s"),
        (lambda: FrequencyWatt(p_kw=-1.0, deadband_hz=0.0, droop_pu=0.05, lag_s=0.0), "p_kw"),
        (lambda: FrequencyWatt(p_kw=1.0, deadband_hz=0.0, droop_pu=0.0, lag_s=0.0), "droop_pu"),
    ],
)
def test_what_cannot_be_is_refused(make: object, name: str) -> None:
    assert callable(make)
    with pytest.raises(ValueError, match=name):
        make()
