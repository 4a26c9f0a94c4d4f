"""Stores: whatever set-points arrive, bands hold, energy is conserved, and splitting a step changes nothing."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ysc_sim.contracts import Moment, Placed, Rows, Site
from ysc_sim.devices.battery import BatteryFleet, BatterySpec
from ysc_sim.devices.ev import EvFleet, EvSpec
from ysc_sim.devices.reservoir import move_energy
from ysc_sim.timeseries import TimeAxis

SITE = Site(TimeAxis.of("2026-08-03T00:00", step_s=1800, days=3), Rows((1, 2)), 35.45, 139.64, Path())


def placed(specs: list[object]) -> Placed:
    m = len(specs)
    return Placed(
        tuple(specs),
        tuple(f"b/{i}" for i in range(m)),
        np.arange(m),
        np.zeros((2, m), dtype=np.int64),
        np.ones((2, m)),
        SITE,
    )


FRACTION = st.floats(0.05, 0.95)
BATTERY = st.builds(
    lambda e, p, c, d, lo, width, at: BatterySpec(
        energy_kwh=e,
        power_kw=p,
        charge_efficiency=c,
        discharge_efficiency=d,
        soc_min=lo,
        soc_max=lo + (1 - lo) * width,
        soc_start=lo + (1 - lo) * width * at,
    ),
    st.floats(0.1, 500),
    st.floats(0.1, 500),
    st.floats(0.5, 1),
    st.floats(0.5, 1),
    st.floats(0, 0.5),
    FRACTION,
    st.floats(0, 1),
)
EV = st.builds(
    lambda e, required, floor, late: EvSpec(
        energy_kwh=e, discharge_kw=6, soc_required=required, soc_floor=required * floor, charge=late
    ),
    st.floats(10, 80),
    FRACTION,
    FRACTION,
    st.sampled_from(["arrival", "departure"]),
)
STEPS = st.lists(st.tuples(st.floats(-1, 1), st.integers(1, 3600)), min_size=1, max_size=30)


def drive(fleet: BatteryFleet | EvFleet, steps: list[tuple[float, int]], parts: int) -> tuple[list[float], np.ndarray]:
    """Run a fleet through wishes (shares of its band); events are dealt with at their own times."""
    state, t, moved = fleet.start(), 0.0, []
    for share, seconds in steps:
        total = np.zeros((2, 1))
        bands = fleet.bands(state, Moment(t, 0))
        assert (bands.lo_kw <= bands.want_kw + 1e-12).all()
        assert (bands.want_kw <= bands.hi_kw + 1e-12).all()
        p = np.where(share < 0, -share * bands.lo_kw, share * bands.hi_kw)
        p = np.broadcast_to(np.clip(p, bands.lo_kw, bands.hi_kw), (2, 1)).copy()
        for _ in range(parts):
            before = fleet.store(state).stored_kwh.copy()
            flow = fleet.advance(state, p, seconds / parts, Moment(t, 0))
            store = fleet.store(state)
            assert flow.charge_kwh is not None
            assert flow.discharge_kwh is not None
            assert flow.loss_kwh is not None
            assert (flow.loss_kwh >= -1e-12).all()
            away = 0.0 if flow.away_kwh is None else flow.away_kwh
            change = store.stored_kwh - before
            expected = flow.charge_kwh - flow.discharge_kwh - flow.loss_kwh
            # What was driven left the store at the event, before this flow began.
            np.testing.assert_allclose(change, expected, atol=1e-9)
            assert np.all(np.asarray(away) >= 0)
            assert (store.stored_kwh >= store.floor_kwh - 1e-9).all()
            assert (store.stored_kwh <= store.capacity_kwh + 1e-9).all()
            total += flow.energy_kwh
            if flow.held_s is not None:
                # A device that met its limit rests for the remainder of what was set.
                p = np.where(flow.held_s < seconds / parts, 0.0, p)
        t += seconds
        fleet.on_event(state, Moment(t, 0))
        moved.extend(total[:, 0].tolist())
    return moved, fleet.store(state).stored_kwh


@given(BATTERY, STEPS)
def test_battery_keeps_its_bands_and_its_energy(spec: BatterySpec, steps: list[tuple[float, int]]) -> None:
    whole, end = drive(BatteryFleet(placed([spec])), steps, 1)
    halves, end_of_halves = drive(BatteryFleet(placed([spec])), steps, 2)
    np.testing.assert_allclose(whole, halves, atol=1e-9)
    np.testing.assert_allclose(end, end_of_halves, atol=1e-9)


MODEL = st.builds(
    lambda model, energy, at, law, years: BatterySpec(
        model=model,
        energy_kwh=energy,
        soc_min=0.1,
        soc_max=0.95,
        soc_start=0.1 + 0.85 * at,
        ageing=law,
        age_years=years,
    ),
    st.sampled_from(["generic_home", "generic_business"]),
    st.floats(0.5, 60),
    st.floats(0, 1),
    st.sampled_from(["none", "lfp"]),
    st.floats(0, 20),
)


@given(MODEL, STEPS)
def test_battery_with_a_datasheet_keeps_its_bands_and_its_energy(
    spec: BatterySpec, steps: list[tuple[float, int]]
) -> None:
    """Curves, standby, less power near full and empty, ageing: all exact."""
    whole, end = drive(BatteryFleet(placed([spec])), steps, 1)
    halves, end_of_halves = drive(BatteryFleet(placed([spec])), steps, 2)
    np.testing.assert_allclose(whole, halves, atol=1e-9)
    np.testing.assert_allclose(end, end_of_halves, atol=1e-9)


@given(MODEL, st.floats(-1, 1))
def test_what_is_offered_can_be_held_for_a_step(spec: BatterySpec, share: float) -> None:
    """No limit of power inside the window is met within a step; only full or the floor may be."""
    fleet = BatteryFleet(placed([spec]))
    state = fleet.start()
    bands = fleet.bands(state, Moment(0.0, 0))
    p = np.broadcast_to(np.where(share < 0, -share * bands.lo_kw, share * bands.hi_kw), (2, 1)).copy()
    flow = fleet.advance(state, p, 1800.0, Moment(0.0, 0))
    store = fleet.store(state)
    if flow.held_s is not None and (flow.held_s < 1800 - 1e-6).any():
        at_end = np.minimum(abs(store.stored_kwh - store.floor_kwh), abs(store.stored_kwh - store.capacity_kwh))
        # It rested since: standby may have taken something from a full store.
        assert (at_end <= 0.06 * 0.5 + 1e-9).all()


@given(EV, STEPS)
def test_vehicle_keeps_its_bands_and_its_energy(spec: EvSpec, steps: list[tuple[float, int]]) -> None:
    whole, end = drive(EvFleet(placed([spec])), steps, 1)
    halves, end_of_halves = drive(EvFleet(placed([spec])), steps, 2)
    np.testing.assert_allclose(whole, halves, atol=1e-9)
    np.testing.assert_allclose(end, end_of_halves, atol=1e-9)


def test_battery_is_empty_at_the_second_computed_by_hand() -> None:
    # 6 kWh above the floor, 0.9 of it can be delivered at 3 kW: 1.8 h.
    spec = BatterySpec(energy_kwh=10, power_kw=3, discharge_efficiency=0.9, soc_min=0.2, soc_start=0.8)
    fleet = BatteryFleet(placed([spec]))
    state = fleet.start()
    p = np.full((2, 1), 3.0)
    np.testing.assert_allclose(fleet.limit_s(state, p), 1.8 * 3600, rtol=1e-12)
    flow = fleet.advance(state, p, 7200.0, Moment(0.0, 0))
    assert flow.held_s is not None
    np.testing.assert_allclose(flow.held_s, 1.8 * 3600, rtol=1e-12)
    np.testing.assert_allclose(flow.energy_kwh, 5.4, rtol=1e-12)


def test_timetable_is_drawn_by_name_not_by_position() -> None:
    alone = EvFleet(placed([EvSpec()]))
    both = placed([EvSpec(), EvSpec()])
    pair = EvFleet(Placed(both.specs, ("a/0", "b/0"), both.building, both.shift_s, both.scale, SITE))
    np.testing.assert_array_equal(alone.start()["due_s"][:, 0], pair.start()["due_s"][:, 1])
    assert pair.start()["due_s"][0, 0] != pair.start()["due_s"][0, 1]


@pytest.mark.parametrize("field", ["leave", "arrive"])
def test_clock_times_are_checked(field: str) -> None:
    assert [problem[0] for problem in EvSpec(**{field: "25:00"}).check()] == ["not_a_clock_time"]


def test_a_store_a_rounding_beyond_its_limit_rests():
    stored = np.array([[-5e-324, 5.000000000000001]])
    after, flow = move_energy(
        stored, np.zeros((1, 2)), 60.0, np.zeros(2), np.full(2, 5.0), np.full(2, 0.9), np.full(2, 0.9)
    )
    assert np.array_equal(after, stored)
    assert not flow.energy_kwh.any()
    assert flow.held_s is None
