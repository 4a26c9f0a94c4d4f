"""Outages answered per CPU second: the algebra of survival, and the same rule as a plain loop beside it.

    python benchmarks/survival.py [--buildings 50] [--loop-designs 2] [--draws 1000] [--workers 2]

The plain loop walks on from every start until a step cannot be served, in whole milliwatt-hours as the kernel does; it
is timed on a few designs and scaled. Both must give the same hours. Target times are for one core. ``--draws``:
instead, so many outages of a day in a year of 51 companies on the full engine; ``--workers``: on so many processes.
"""

from __future__ import annotations

import argparse
import os
import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ysc_sim.resilience import reserve_curve, survival_by_tier, survival_hours
from ysc_sim.resilience.steps import Batch, down_mwh, step_maps
from ysc_sim.units import Floats

HOURS = 8760
DESIGNS = 100
LIMITS_S = {"designs": 0.6, "buildings": 35.0, "reserve": 0.6, "tiers": 60.0}


def year(seed: int) -> tuple[Floats, Floats]:
    """A year of load and sun of one building, hourly kW."""
    rng = np.random.default_rng(seed)
    hour = np.arange(HOURS) % 24
    season = 1.0 + 0.3 * np.cos(2 * np.pi * (np.arange(HOURS) / HOURS - 0.55))
    load = (4.0 + 8.0 * ((hour > 7) & (hour < 20))) * rng.uniform(0.7, 1.3, HOURS)
    sun = 45.0 * season * np.maximum(np.sin((hour - 5.5) / 13 * np.pi), 0.0) ** 1.3
    return load, sun * rng.choice([0.1, 0.5, 1.0], HOURS // 24, p=[0.2, 0.3, 0.5]).repeat(24)


def plant(energy_kwh: Floats) -> dict[str, Any]:
    """Stores of these sizes, with a floor and losses."""
    sizes: dict[str, Any] = {"energy_kwh": energy_kwh, "floor_kwh": 0.1 * energy_kwh}
    return {**sizes, "power_kw": 30.0, "step_h": 1.0, "charge_efficiency": 0.95, "discharge_efficiency": 0.95}


def plain_loop(load: Floats, sun: Floats, size: dict[str, Any]) -> Floats:
    """The same rule, one start and one step after the other."""
    batch = Batch(load, sun, **{**{k: v for k, v in size.items() if k != "step_h"}, "start_kwh": size["energy_kwh"]})
    hours = np.zeros((batch.rows, HOURS))
    for part, block in batch.blocks():
        least, change, cap = (array.tolist() for array in step_maps(block, size["step_h"]))
        begins = np.broadcast_to(down_mwh(block["start_kwh"]), (len(least), HOURS)).tolist()
        for row in range(len(least)):
            for start in range(HOURS):
                store, served, at = begins[row][start], 0, start
                while served < HOURS and store >= least[row][at]:
                    store = min(cap[row][at], store + change[row][at])
                    served += 1
                    at = at + 1 if at + 1 < HOURS else 0
                hours[part.start + row, start] = served
    return hours * size["step_h"]


TIERED: dict[str, Any] = {
    "tier_shares": [0.3, 0.3, 0.2, 0.2],
    "fuel_tiers": 2,
    "generator_kw": 10.0,
    "generator_min_kw": 3.0,
    "fuel_l": 190.0,
    "fuel_l_per_h": 0.6,
    "fuel_l_per_kwh": 0.26,
    "vehicle_kwh": 40.0,
    "vehicle_kw": 6.0,
    "vehicle_start_kwh": 30.0,
    "vehicle_floor_kwh": 16.0,
    "vehicle_trip_kwh": 3.0,
}


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """The answer and the CPU seconds that it took."""
    began = time.process_time()
    answer = work()
    return answer, time.process_time() - began


def report(name: str, seconds: float, outages: int, limit_s: float, loop_s: float | None = None) -> None:
    """One line; the ratio is plain loop to kernel."""
    beside = "" if loop_s is None else f"   plain loop {loop_s:10.1f} s   ratio {loop_s / seconds:8.0f}"
    print(f"{name:<52} {seconds:8.3f} s (limit {limit_s:g})  {outages / seconds:12,.0f} outages/s{beside}")


def ensemble(draws: int, workers: int) -> None:
    """A year of 51 companies for every draw, on the engine: wall time, CPU time and memory of all processes."""
    from ysc_sim.scenario import load_scenario
    from ysc_sim.study.ensemble import run_ensemble
    from ysc_sim.study.workers import executor

    told = {"results.record": "none", "ensemble": f"{{outages: {{duration_h: 24, draws: {draws}, first_h: 24}}}}"}
    scenario = load_scenario(Path(__file__).parents[1] / "scenarios/survival_51.yaml", overrides=told)
    began, before = time.perf_counter(), os.times()
    with executor(workers) as (found, _):
        results = run_ensemble(scenario, found, workers)
    wall, after = time.perf_counter() - began, os.times()
    cpu = sum(after[:4]) - sum(before[:4])
    own, children = (
        resource.getrusage(who).ru_maxrss / 2**20 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    print(
        f"{draws} draws × 51 buildings × {HOURS} h, {workers} processes: "
        f"wall {wall:.0f} s, CPU {cpu:.0f} s (limit 120 s on 2 cores)"
    )
    print(f"peak memory {own:.2f} GB + {workers} × {children:.2f} GB; digest {results.digest()[:16]}")


def main() -> None:
    """Time the cases and compare with the plain loop."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--buildings", type=int, default=50)
    parser.add_argument("--loop-designs", type=int, default=2)
    parser.add_argument("--draws", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    if options.draws:
        ensemble(options.draws, options.workers)
        return
    load, sun = year(0)
    energy = np.linspace(20.0, 1000.0, DESIGNS)[:, None]
    survival_hours(load, sun, start_kwh=energy[:2], **plant(energy[:2]))

    hours, seconds = timed(lambda: survival_hours(load, sun, start_kwh=energy, **plant(energy)))
    some = np.linspace(0, DESIGNS - 1, options.loop_designs).astype(int)
    walked, loop_s = timed(lambda: plain_loop(load, sun, plant(energy[some])))
    assert (hours[some] == walked).all(), "kernel and plain loop differ"
    scaled = loop_s * hours.sum() / walked.sum()
    report(f"survival, {DESIGNS} designs × {HOURS} starts", seconds, hours.size, LIMITS_S["designs"], scaled)
    for promised in (24, 72, 8760):
        _, seconds = timed(lambda promised=promised: reserve_curve(load, sun, hours=promised, **plant(energy)))
        report(f"reserve curve of {promised} h, {DESIGNS} designs", seconds, hours.size, LIMITS_S["reserve"])

    home = np.isin(np.arange(HOURS) % 24, range(8, 18), invert=True).astype(np.float64)
    tiered = {**TIERED, **plant(energy), "start_kwh": energy, "vehicle_present": home}
    _, seconds = timed(lambda: survival_by_tier(load, sun, hours=168, **tiered))
    report(f"four tiers, fuel, V2H, 168 h, {DESIGNS} designs", seconds, hours.size, LIMITS_S["tiers"])

    loads, suns = (np.stack(both)[:, None, :] for both in zip(*map(year, range(options.buildings)), strict=True))
    hours, seconds = timed(lambda: survival_hours(loads, suns, start_kwh=energy, **plant(energy)))
    report(f"survival, {options.buildings} buildings × {DESIGNS} designs", seconds, hours.size, LIMITS_S["buildings"])
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GB")


if __name__ == "__main__":
    main()
