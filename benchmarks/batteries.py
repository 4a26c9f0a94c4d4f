"""What a fleet of 10,000 batteries costs per step: with and without ageing, at rest, in step and in random motion.

    python benchmarks/batteries.py

Every step is what the engine asks of a fleet: bands, advance, and at midnight the capacity. Half-hour steps, one core.
"""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

from ysc_sim.contracts import Moment, Placed, Rows, Site
from ysc_sim.devices.battery import BatteryFleet, BatterySpec
from ysc_sim.timeseries import TimeAxis

COUNT = 10_000
STEPS = 480
STEP_S = 1800


def fleet_of(**fields: object) -> BatteryFleet:
    specs = tuple(BatterySpec(**fields) for _ in range(COUNT))  # type: ignore[arg-type]
    site = Site(TimeAxis.of("2026-08-03T00:00", step_s=STEP_S, days=30), Rows((1,)), 35.45, 139.64, Path())
    shape = (1, COUNT)
    ids = tuple(f"b/{i}" for i in range(COUNT))
    return BatteryFleet(Placed(specs, ids, np.arange(COUNT), np.zeros(shape, dtype=np.int64), np.ones(shape), site))


def milliseconds(fleet: BatteryFleet, wishes: np.ndarray) -> float:
    state, t = fleet.start(), 0.0
    began = time.process_time()
    for wish in wishes:
        bands = fleet.bands(state, Moment(t, 0))
        p = np.where(wish < 0, -wish * bands.lo_kw, wish * bands.hi_kw)
        fleet.advance(state, p, float(STEP_S), Moment(t, 0))
        t += STEP_S
        due = fleet.next_event_s(state, Moment(t, 0))
        if due is not None and due.min() <= t:
            fleet.on_event(state, Moment(t, 0))
    return (time.process_time() - began) / len(wishes) * 1e3


def main() -> None:
    rng = np.random.default_rng(1)
    days = np.sin(np.arange(STEPS) * 2 * np.pi / 48)[:, None, None] * np.ones((1, 1, COUNT))
    motions = {
        "daily cycle": np.clip(days + rng.normal(0, 0.05, (STEPS, 1, COUNT)), -1, 1),
        "random sign every step": rng.uniform(-1, 1, (STEPS, 1, COUNT)),
    }
    plain = {"energy_kwh": 9.8, "power_kw": 4.0}
    kinds = {"plain": plain, "plain, ageing": {**plain, "ageing": "lfp"}, "generic_home": {"model": "generic_home"}}
    for motion, wishes in motions.items():
        for kind, fields in kinds.items():
            best = min(milliseconds(fleet_of(**fields), wishes) for _ in range(3))
            print(f"{motion:24} {kind:16} {best:6.2f} ms per step of {COUNT:,} batteries")


if __name__ == "__main__":
    main()
