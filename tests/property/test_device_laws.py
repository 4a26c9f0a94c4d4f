"""Every kind of device there is: whatever set-points arrive, bands hold, energy is conserved, and splitting a step
in two changes nothing. A kind that is added must be added here: the test asks the registry.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ysc_sim.contracts import Moment, Placed, Rows, Site, Startable
from ysc_sim.devices.datasheet import Limit
from ysc_sim.plugins import plugin, registry
from ysc_sim.timeseries import TimeAxis

STEP_S = 1800
AXIS = TimeAxis.of("2026-01-12T00:00", step_s=STEP_S, days=3)
SITE = Site(AXIS, Rows((1, 2)), 35.45, 139.64, Path(), "synthetic")
SAMPLES: dict[str, list[dict[str, Any]]] = {
    "aircon": [
        {"thermal_kw": 5, "floor_m2": 80},
        {"thermal_kw": 1, "floor_m2": 80, "used_until": "08:00"},
        {"thermal_kw": 3, "floor_m2": 80, "mass_wh_per_k_m2": 46},
    ],
    "battery": [{"energy_kwh": 10, "power_kw": 5}, {"model": "generic_home"}, {"model": "generic_business"}],
    "ev": [
        {"discharge_kw": 6},
        {"charge": "departure", "days": "weekdays", "charge_limits": (Limit(soc=0.6, power=0.4),)},
        {"use": "visitor", "visits_per_day": 12, "stay_minutes": 40},
        {"use": "company"},
    ],
    "fuel_cell": [{}, {"technology": "pefc", "tank_l": 20}, {"technology": "pefc", "people": 0}],
    "genset": [{"rated_kw": 10, "tank_l": 4}, {"rated_kw": 10, "mttf_h": 1, "start_failure": 0.5}],
    "load": [{"profile": "office"}, {"profile": "detached120_gas"}],
    "solar": [{"rated_kw": 4}, {"rated_kw": 4, "inverter_kva": 2, "azimuth_deg": 90, "age_years": 10}],
    "switchable_load": [{"profile": "shop"}],
    "water_heater": [{}, {"run": "surplus", "tank_l": 90, "people": 6}],
    "wind": [{"turbine": "cf20"}],
}
"""What is tried of each kind."""
STEPS = st.lists(st.tuples(st.floats(0, 1), st.integers(1, STEP_S)), min_size=1, max_size=24)


def fleet_of(kind: str) -> Any:
    cls: Any = plugin("devices", kind)
    specs = tuple(cls.Spec(**fields) for fields in SAMPLES[kind])
    m = len(specs)
    ids = tuple(f"b/{i}" for i in range(m))
    shape = (2, m)
    return cls(Placed(specs, ids, np.arange(m), np.zeros(shape, dtype=np.int64), np.ones(shape), SITE))


def test_every_kind_is_here() -> None:
    ours = {kind for kind in registry("devices").kinds if plugin("devices", kind).__module__.startswith("ysc_sim.")}
    assert ours == set(SAMPLES)


def drive(kind: str, steps: list[tuple[float, int]], parts: int) -> np.ndarray:
    """Energies of every device in every step; step k lies in slot k and ends where the fleet asks for it."""
    fleet, moved = fleet_of(kind), []
    state, m = fleet.start(), len(fleet.placed.specs)
    shape = (2, m)
    if isinstance(fleet, Startable):
        fleet.call(state, np.ones(shape, dtype=bool), Moment(0.0, 0))
    for k, (share, seconds) in enumerate(steps):
        moment = Moment(float(k * STEP_S), k)
        fleet.on_event(state, moment)
        bands = [np.array(np.broadcast_to(band, shape)) for band in fleet.bands(state, moment)]
        lo, hi, want = bands
        assert np.isfinite(bands).all()
        assert (lo <= want + 1e-12).all()
        assert (want <= hi + 1e-12).all()
        p = lo + share * (hi - lo) if fleet.flexible else want.copy()
        total = np.zeros(shape)
        for _ in range(parts):
            before = fleet.store(state).stored_kwh.copy() if fleet.stores else None
            flow = fleet.advance(state, p, seconds / parts, moment)
            whole = p * seconds / parts / 3600
            assert (np.abs(flow.energy_kwh) <= np.abs(whole) + 1e-9).all()
            assert (flow.energy_kwh * whole >= 0).all()
            held = seconds / parts if flow.held_s is None else flow.held_s
            np.testing.assert_allclose(flow.energy_kwh, p * held / 3600, atol=1e-9)
            if fleet.stores:
                store = fleet.store(state)
                change = store.stored_kwh - before
                np.testing.assert_allclose(change, flow.charge_kwh - flow.discharge_kwh - flow.loss_kwh, atol=1e-9)
                assert (store.stored_kwh >= store.floor_kwh - 1e-9).all()
                assert (store.stored_kwh <= store.capacity_kwh + 1e-9).all()
            total += flow.energy_kwh
            if flow.held_s is not None:
                p = np.where(flow.held_s < seconds / parts, 0.0, p)
        moved.append(total)
    numbers = fleet.measure(state) if hasattr(fleet, "measure") else {}
    for name, measure in numbers.items():
        assert name in fleet.measures
        assert not np.isinf(measure.value).any()
    last = [np.broadcast_to(numbers[name].value, shape) for name in sorted(numbers)]
    return np.array([*moved, *last])


@pytest.mark.parametrize("kind", sorted(SAMPLES))
@settings(max_examples=12)
@given(steps=STEPS)
def test_two_halves_are_the_whole(kind: str, steps: list[tuple[float, int]]) -> None:
    np.testing.assert_allclose(drive(kind, steps, 1), drive(kind, steps, 2), atol=1e-9, rtol=1e-7)


@pytest.mark.parametrize("kind", sorted(SAMPLES))
def test_a_row_alone_has_the_same_bits(kind: str) -> None:
    fleet = fleet_of(kind)
    both = fleet.start()
    second = {name: array[1:].copy() for name, array in both.items()}
    for k in range(60):
        moment = Moment(float(k * STEP_S), k)
        flows = []
        for rows, state in ((2, both), (1, second)):
            fleet.on_event(state, moment)
            bands = fleet.bands(state, moment)
            middle = (bands.lo_kw + bands.hi_kw) / 2.0 if fleet.flexible else bands.want_kw
            p = np.array(np.broadcast_to(middle, (2, len(fleet.placed.specs))))[-rows:]
            flows.append(np.broadcast_to(fleet.advance(state, p, float(STEP_S), moment).energy_kwh, p.shape))
        np.testing.assert_array_equal(flows[0][1:], flows[1])
