"""Frequency after a disturbance: formulas of the textbook, timers by hand, and what must be refused."""

import numpy as np
import pytest

from ysc_sim.resilience import FrequencyWatt, Outcome, Source, Stage, frequency_response


def coasting(**more: float) -> Source:
    """A machine without governor: frequency moves in straight lines."""
    return Source(**{"rated_kva": 1000.0, "droop_pu": np.inf, "inertia_s": 4.0, **more})


def test_settling_and_initial_rate_are_those_of_the_textbook() -> None:
    # Kundur 1994, eq. 11.4 and 11.1: Δf = −f0·ΔP/(ΣS/R + ΣD·S + D_load·P_load), RoCoF = −ΔP·f0/(2ΣH·S).
    sources = [
        Source(rated_kva=300, droop_pu=0.04, inertia_s=3.0, damping_pu=1.5, t1_s=0.1, t3_s=0.4, p_kw=100),
        Source(rated_kva=500, droop_pu=0.05, inertia_s=0.5, damping_pu=0.5, t1_s=0.02, p_kw=200),
        Source(rated_kva=200, droop_pu=0.03, p_kw=50),
    ]
    step = np.array([-40.0, 0.0, 20.0, 60.0])
    found = frequency_response(step, sources, load_kw=350, load_damping_pu=1.2, duration_s=60)
    stiffness = 300 / 0.04 + 500 / 0.05 + 200 / 0.03 + 1.5 * 300 + 0.5 * 500 + 1.2 * 350
    np.testing.assert_allclose(found.settling_hz, 50 - 50 * step / stiffness, atol=1e-10)
    np.testing.assert_allclose(found.rocof_hz_per_s, -step * 50 / (2 * (3.0 * 300 + 0.5 * 500)), rtol=1e-12)
    assert list(found.outcome) == [Outcome.SETTLED] * 4
    assert found.events == []


def test_without_inertia_frequency_is_where_the_balance_is_and_droop_shares_two_to_one() -> None:
    # Two droop inverters of 2 % and 4 %: reference case C of ANDES REGF1, 49.93333 Hz, shared 2:1.
    sources = [Source(rated_kva=100, droop_pu=0.02, p_kw=10), Source(rated_kva=100, droop_pu=0.04, p_kw=10)]
    found = frequency_response(10.0, sources)
    assert found.settling_hz == pytest.approx([50 - 50 * 10 / (100 / 0.02 + 100 / 0.04)])
    assert found.settling_hz == pytest.approx([49.93333], abs=1e-5)
    assert found.nadir_hz == found.settling_hz
    assert found.rocof_hz_per_s[0] == -np.inf
    extra = found.energy_kwh[0] * 360 - 10
    assert extra == pytest.approx([20 / 3, 10 / 3])


def test_a_stage_trips_its_delay_after_the_crossing() -> None:
    # 100 kW short, 8,000 kW·s/50 Hz of inertia: −0.625 Hz/s. 49.0 Hz after 1.6 s, trip at 1.9 s, the stage covers all.
    found = frequency_response(100.0, [coasting()], ufls=[Stage(below_hz=49.0, delay_s=0.3, shed_kw=100.0)])
    assert [(row, kind, index) for row, _, kind, index in found.events] == [(0, "shed", 0)]
    assert found.events[0][1] == pytest.approx(1.9, abs=1e-9)
    assert found.nadir_hz == pytest.approx([50 - 0.625 * 1.9], abs=1e-9)
    assert found.nadir_s == pytest.approx([1.9], abs=1e-9)
    assert found.settling_hz == pytest.approx([50 - 0.625 * 1.9], abs=1e-9)
    assert found.shed_kw.tolist() == [100.0]
    assert found.outcome[0] == Outcome.SHED


def test_a_timer_that_is_left_in_time_does_not_trip() -> None:
    machine = Source(rated_kva=1e5, droop_pu=0.05, inertia_s=4.0, t1_s=0.1, t3_s=0.5)
    # Below 49.7 Hz from 0.54 s on, and above again before its second swing.
    for delay, shed in ((0.6, 1), (1.5, 0)):
        found = frequency_response(1e4, [machine], ufls=[Stage(below_hz=49.7, delay_s=delay, shed_kw=1.0)])
        assert len(found.events) == shed


def test_collapse_and_rise_end_the_island_at_their_instant() -> None:
    found = frequency_response([100.0, -60.0], [coasting(p_kw=500.0)])
    assert list(found.outcome) == [Outcome.COLLAPSED, Outcome.OVERFREQUENCY]
    # 2.5 Hz at 0.625 Hz/s, 1.5 Hz at 0.375 Hz/s.
    assert [t_s for _, t_s, _, _ in found.events] == pytest.approx([4.0, 4.0], abs=1e-9)
    assert found.nadir_hz == pytest.approx([47.5, 51.5], abs=1e-9)
    assert np.isnan(found.settling_hz).all()
    # Until then the machine gave its 500 kW and, from its inertia, what was missing.
    assert found.energy_kwh[:, 0] == pytest.approx([600 * 4 / 3600, 440 * 4 / 3600])


def test_governors_stop_at_their_limit() -> None:
    source = Source(rated_kva=100, droop_pu=0.05, inertia_s=5.0, t1_s=0.1, t3_s=0.2, p_kw=40, p_max_kw=45)
    held = frequency_response(8.0, [source], load_kw=100, load_damping_pu=2.0, duration_s=60)
    # 5 kW from the machine, the other 3 kW from the load: 50·3/200 = 0.75 Hz.
    assert held.settling_hz == pytest.approx([49.25])
    assert held.outcome[0] == Outcome.SETTLED
    lost = frequency_response(8.0, [source], duration_s=60)
    assert lost.outcome[0] == Outcome.COLLAPSED


def test_frequency_watt_takes_what_is_too_much() -> None:
    # Droop 2 % of 100 kVA: 100 kW/Hz. Behind 0.05 Hz, 40 kW of sun fall by 40 kW/Hz (2 % of 50 Hz is 1 Hz).
    source = Source(rated_kva=100, droop_pu=0.02, p_kw=80)
    sun = FrequencyWatt(p_kw=40, deadband_hz=0.05, droop_pu=0.02, lag_s=0.2)
    found = frequency_response(-40.0, [source], followers=[sun])
    assert found.nadir_hz == pytest.approx([50.4])
    assert found.settling_hz == pytest.approx([50 + (40 + 40 * 0.05) / 140])
    at_once = FrequencyWatt(p_kw=40, deadband_hz=0.05, droop_pu=0.02, lag_s=0.0)
    assert frequency_response(-40.0, [source], followers=[at_once]).nadir_hz == pytest.approx(found.settling_hz)


def test_an_island_without_any_source_is_lost_at_once() -> None:
    found = frequency_response([1.0, 0.0, -1.0], [])
    assert list(found.outcome) == [Outcome.COLLAPSED, Outcome.SETTLED, Outcome.OVERFREQUENCY]
    assert found.energy_kwh.shape == (3, 0)


def test_shedding_can_save_an_island_without_inertia() -> None:
    source = Source(rated_kva=100, droop_pu=0.04, p_kw=60)
    stages = [Stage(below_hz=49.0, delay_s=0.2, shed_kw=30), Stage(below_hz=48.0, delay_s=0.1, shed_kw=50)]
    # 70 kW more than 60: 40 kW above its rating, nothing else holds frequency: lost before any timer runs out.
    assert frequency_response(70.0, [source], ufls=stages).outcome[0] == Outcome.COLLAPSED
    # 60 kW more, and 1,000 kW that fall by 1 % at each 0.5 Hz: (60 − 40)·50/1,000 = 1 Hz below the end of its droop.
    found = frequency_response(65.0, [source], ufls=stages, load_kw=1000, load_damping_pu=1.0)
    assert found.nadir_hz == pytest.approx([50 - 50 * 25 / 1000])
    assert [(t_s, index) for _, t_s, _, index in found.events] == [(0.2, 0)]
    # 35 kW are left: droop and load share them.
    assert found.settling_hz == pytest.approx([50 - 50 * 35 / (100 / 0.04 + 1000)])
    assert found.outcome[0] == Outcome.SHED


def test_an_unfinished_transient_says_so() -> None:
    machine = Source(rated_kva=1e5, droop_pu=0.05, inertia_s=4.0, t1_s=0.1, t3_s=0.5)
    assert frequency_response(1e4, [machine], duration_s=0.5).outcome[0] == Outcome.NOT_SETTLED
    # At rest below a stage whose timer still runs.
    slow = Stage(below_hz=49.9, delay_s=300.0, shed_kw=1.0)
    assert frequency_response(1e4, [machine], ufls=[slow]).outcome[0] == Outcome.NOT_SETTLED
    # Nothing holds it, but it falls slowly.
    drifting = frequency_response(1.0, [coasting()])
    assert drifting.outcome[0] == Outcome.NOT_SETTLED
    assert np.isnan(drifting.settling_hz[0])


def test_stiff_islands_cost_nothing() -> None:
    # Time constants of 10 µs beside 5 s: an explicit method would need a million steps.
    sources = [
        Source(rated_kva=100, droop_pu=0.05, inertia_s=1e-4, t1_s=1e-5, p_kw=50),
        Source(rated_kva=100, droop_pu=0.05, inertia_s=5.0, t1_s=5.0, p_kw=50),
    ]
    found = frequency_response(10.0, sources, duration_s=120)
    assert found.settling_hz == pytest.approx([50 - 50 * 10 / 4000])
    assert found.outcome[0] == Outcome.SETTLED


def test_shapes() -> None:
    machine = Source(rated_kva=100, droop_pu=0.05, inertia_s=[1.0, 2.0, 4.0], t1_s=0.1, p_kw=50)
    found = frequency_response(5.0, [machine])
    assert found.nadir_hz.shape == (3,)
    assert (np.diff(found.nadir_hz) > 0).all()
    empty = frequency_response(np.zeros(0), [Source(rated_kva=100, droop_pu=0.05)])
    assert empty.nadir_hz.shape == (0,)
    assert empty.energy_kwh.shape == (0, 1)
    with pytest.raises(ValueError, match="scalar or"):
        frequency_response(np.zeros((2, 2)), [Source(rated_kva=100, droop_pu=0.05)])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Source(rated_kva=-1, droop_pu=0.05), "rated_kva"),
        (lambda: Source(rated_kva=1, droop_pu=0.0), "droop_pu"),
        (lambda: Source(rated_kva=1, droop_pu=np.nan), "droop_pu"),
        (lambda: Source(rated_kva=1, droop_pu=0.05, p_kw=2), "p_kw"),
        (lambda: Source(rated_kva=9, droop_pu=0.05, p_kw=2, p_max_kw=1), "p_max_kw"),
        (lambda: Source(rated_kva=1, droop_pu=0.05, t2_s=1), "t2_s"),
        (lambda: FrequencyWatt(p_kw=1, deadband_hz=0.1, droop_pu=0, lag_s=0), "droop_pu"),
        (lambda: Stage(below_hz=49, delay_s=-1, shed_kw=1), "delay_s"),
    ],
)
def test_what_cannot_be_is_refused(make: object, message: str) -> None:
    assert callable(make)
    with pytest.raises(ValueError, match=message):
        frequency_response(1.0, [made] if isinstance(made := make(), Source) else [])


@pytest.mark.parametrize(
    "more",
    [
        {"step_kw": np.nan},
        {"frequency_hz": 0.0},
        {"load_kw": -1.0},
        {"collapse_hz": 50.0},
        {"rise_hz": 50.0},
        {"duration_s": 0.0},
        {"duration_s": np.inf},
    ],
)
def test_arguments_out_of_range_are_refused(more: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(more))):
        frequency_response(**{"step_kw": 1.0, "sources": [coasting()], **more})


def test_lags_need_inertia() -> None:
    with pytest.raises(ValueError, match="t1_s"):
        frequency_response(1.0, [Source(rated_kva=100, droop_pu=0.05, t1_s=0.1)])
