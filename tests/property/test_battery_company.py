"""A battery does the same to the last bit in whatever company it stands: alone, among its kind, among others.

Powers near a limit are reckoned for all stores where many are near one and for those few otherwise; figures that all
share are single numbers. Neither may show.
"""

from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ysc_sim.contracts import Moment, Placed, Rows, Site
from ysc_sim.devices.battery import BatteryFleet, BatterySpec
from ysc_sim.timeseries import TimeAxis

STEP_S = 1800
KINDS: tuple[dict[str, Any], ...] = (
    {"model": "generic_home"},
    {"model": "generic_business"},
    {"energy_kwh": 9.8, "power_kw": 4.0},
    {"model": "generic_home", "energy_kwh": 5.0, "ageing": "none", "soc_min": 0.2},
    {"model": "generic_home", "temperature_c": 35.0},
)
STEPS = 60


def driven(specs: list[BatterySpec], wishes: np.ndarray) -> dict[str, np.ndarray]:
    """Bands, flows and what the batteries remember, (steps, m) each; wishes (STEPS, m) are shares of the bands."""
    m = len(specs)
    site = Site(TimeAxis.of("2026-08-03T00:00", step_s=STEP_S, days=3), Rows((1,)), 35.45, 139.64, Path())
    ids = tuple(f"b/{i}" for i in range(m))
    shift, scale = np.zeros((1, m), dtype=np.int64), np.ones((1, m))
    fleet = BatteryFleet(Placed(tuple(specs), ids, np.arange(m), shift, scale, site))
    state, found = fleet.start(), []
    for k, wish in enumerate(wishes):
        moment = Moment(float(k * STEP_S), k)
        fleet.on_event(state, moment)
        bands = fleet.bands(state, moment)
        p = np.where(wish < 0, -wish * bands.lo_kw, wish * bands.hi_kw)
        limit_s = fleet.limit_s(state, p)
        flow = fleet.advance(state, p, float(STEP_S), moment)
        found.append(np.broadcast_arrays(*bands, limit_s, flow.energy_kwh, flow.loss_kwh, fleet.drain_kw(state, p)))
    measured = {name: np.broadcast_to(measure.value, (1, m)) for name, measure in fleet.measure(state).items()}
    return {
        "flows": np.array(found)[:, :, 0],
        **{name: state[name] for name in ("stored_kwh", "capacity_kwh")},
        **measured,
    }


@settings(max_examples=10)
@given(kinds=st.lists(st.sampled_from(range(len(KINDS))), min_size=2, max_size=12), seed=st.integers(0, 2**32 - 1))
def test_company_does_not_show(kinds: list[int], seed: int) -> None:
    specs = [BatterySpec(**KINDS[kind]) for kind in kinds]
    rng = np.random.default_rng(seed)
    wishes = np.clip(rng.uniform(-1.3, 1.3, (STEPS, len(specs))), -1, 1) * (rng.random((STEPS, len(specs))) > 0.1)
    together = driven(specs, wishes)
    for j, spec in enumerate(specs):
        alone = driven([spec], wishes[:, j : j + 1])
        for name, values in alone.items():
            np.testing.assert_array_equal(values[..., 0], together[name][..., j], err_msg=name)


def test_rows_may_differ_in_power() -> None:
    """Each row is the fleet of its own power; stores say it, with one product in the fleet and with two."""
    for specs in ([BatterySpec(energy_kwh=10, power_kw=5)], [BatterySpec(**KINDS[0]), BatterySpec(**KINDS[2])]):
        m = len(specs)
        powers = np.array([1.0, 2.0, 3.0])
        rows = Rows((1, 2, 3), {("b/0", "power_kw"): powers})
        site = Site(TimeAxis.of("2026-08-03T00:00", step_s=STEP_S, days=3), rows, 35.45, 139.64, Path())
        ids = tuple(f"b/{i}" for i in range(m))
        shift, scale = np.zeros((3, m), dtype=np.int64), np.ones((3, m))
        fleet = BatteryFleet(Placed(tuple(specs), ids, np.arange(m), shift, scale, site))
        state = fleet.start()
        part = {name: array[1:] for name, array in state.items()}
        for some, whole in ((state, powers), (part, powers[1:])):
            store = fleet.store(some)
            for said in (store.charge_kw, store.discharge_kw):
                assert np.broadcast_to(said, store.stored_kwh.shape)[:, 0].tolist() == whole.tolist()
            bands = fleet.bands(some, Moment(0.0, 0))
            assert bands.hi_kw[:, 0].tolist() == whole.tolist()
            flow = fleet.advance(dict(some), bands.hi_kw, 600.0, Moment(0.0, 0))
            np.testing.assert_allclose(flow.energy_kwh[:, 0], whole / 6)


def test_a_late_battery_of_no_size_does_nothing() -> None:
    rows = Rows((1, 2), {("b/0", "power_kw"): np.array([0.0, 4.0]), ("b/0", "energy_kwh"): np.array([0.0, 9.8])})
    site = Site(TimeAxis.of("2026-08-03T00:00", step_s=STEP_S, days=3), rows, 35.45, 139.64, Path())
    spec = BatterySpec(model="generic_home", dead_time_s=1.0, settling_s=5.0)
    nothing = np.zeros((2, 1), dtype=np.int64)
    fleet = BatteryFleet(Placed((spec,), ("b/0",), np.zeros(1, dtype=np.int64), nothing, nothing + 1.0, site))
    state = fleet.start()
    flow = fleet.advance(state, fleet.bands(state, Moment(0.0, 0)).hi_kw, 600.0, Moment(0.0, 0))
    assert flow.energy_kwh[0, 0] == 0.0
    assert 0.5 < flow.energy_kwh[1, 0] < 4.0 / 6
