"""What a fleet of 10,000 batteries costs per step: with and without ageing, at rest, in step and in random motion.

    python benchmarks/batteries.py [--repeat 5]

Every step is what the engine asks of a fleet: bands, advance, and at midnight the capacity. Half-hour steps, one core,
CPU time, the best of some runs. "Ageing adds" is the difference to the same batteries without it. A busy machine slows
the arithmetic of arrays down, so that the same run also times the sum of two arrays of 10,000 numbers, which takes some
2.5 µs on an idle core; the last column is the step in such sums, whatever the machine does.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from records import emit

from ysc_sim.contracts import Moment, Placed, Rows, Site
from ysc_sim.devices.battery import BatteryFleet, BatterySpec
from ysc_sim.timeseries import TimeAxis

COUNT = 10_000
STEPS = 240
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


def microseconds_of_a_sum() -> float:
    """Of two arrays of as many numbers, at places in memory that do not disturb each other."""
    pool = np.zeros((3, COUNT + 64))
    a, b, c = pool[0, :COUNT], pool[1, 16 : COUNT + 16], pool[2, 32 : COUNT + 32]
    began = time.process_time()
    for _ in range(500):
        np.add(a, b, out=c)
    return (time.process_time() - began) / 500 * 1e6


def best(fields: dict[str, object], wishes: np.ndarray, repeat: int) -> tuple[float, float]:
    """Milliseconds per step, and the step in sums of two arrays timed beside it: the smallest of some runs each."""
    found = []
    for _ in range(repeat):
        before = microseconds_of_a_sum()
        each = milliseconds(fleet_of(**fields), wishes)
        found.append((each, each * 1e3 / ((before + microseconds_of_a_sum()) / 2)))
    return min(ms for ms, _ in found), min(sums for _, sums in found)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--repeat", type=int, default=5)
    repeat = options.parse_args().repeat
    rng = np.random.default_rng(1)
    days = np.sin(np.arange(STEPS) * 2 * np.pi / 48)[:, None, None] * np.ones((1, 1, COUNT))
    motions = {
        "daily cycle": np.clip(days + rng.normal(0, 0.05, (STEPS, 1, COUNT)), -1, 1),
        "random sign every step": rng.uniform(-1, 1, (STEPS, 1, COUNT)),
    }
    kinds: dict[str, dict[str, object]] = {
        "plain": {"energy_kwh": 9.8, "power_kw": 4.0},
        "generic_home": {"model": "generic_home"},
    }
    print(f"{COUNT:,} batteries, ms per step; in brackets: sums of two arrays")
    for motion, wishes in motions.items():
        for kind, fields in kinds.items():
            without, sums = best({**fields, "ageing": "none"}, wishes, repeat)
            ageing, sums_ageing = best({**fields, "ageing": "lfp"}, wishes, repeat)
            emit(f"{COUNT:,} batteries, {kind}, {motion}", without, "ms a step")
            emit(f"{COUNT:,} batteries, {kind}, {motion}, with ageing", ageing, "ms a step")
            print(
                f"{motion:24} {kind:14} {without:5.2f} ({sums:4.0f})   with ageing {ageing:5.2f} ({sums_ageing:4.0f})"
                f"   ageing adds {ageing - without:5.2f} ({sums_ageing - sums:4.0f})"
            )


if __name__ == "__main__":
    main()
