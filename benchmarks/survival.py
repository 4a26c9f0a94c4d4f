"""Outages answered per CPU second: the algebra of survival, and the same rule as a plain loop beside it.

    python benchmarks/survival.py [--buildings 50] [--loop-designs 2] [--draws 1000] [--workers 2]

The plain loop (``plain_rules.py``) goes through every start step after step, in whole milliwatt-hours as the kernels
do; it is timed on a few designs or starts and scaled. Both must give the same numbers. Target times are for one core.
``--draws``: instead, so many outages of a day in a year of 51 companies on the full engine; ``--workers``: on so many
processes.
"""

from __future__ import annotations

import argparse
import os
import resource
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from plain_rules import hours_walked, least_store, tiers_walked
from records import emit

from ysc_sim.resilience import reserve_curve, survival_by_tier, survival_hours
from ysc_sim.resilience.steps import NEVER, Batch, down_mwh, step_maps
from ysc_sim.units import MWH_PER_KWH, Floats

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


def plain_maps(load: Floats, sun: Floats, size: dict[str, Any]) -> Iterator[tuple[int, list[Any]]]:
    """Number of each design, and its maps of single steps with what it starts with, as plain numbers."""
    batch = Batch(load, sun, **{**{k: v for k, v in size.items() if k != "step_h"}, "start_kwh": size["energy_kwh"]})
    for part, block in batch.blocks():
        maps = step_maps(block, size["step_h"])
        begins = np.broadcast_to(down_mwh(block["start_kwh"]), maps.least.shape)
        for row in range(len(begins)):
            yield part.start + row, [array[row].tolist() for array in (*maps, begins)]


def plain_hours(load: Floats, sun: Floats, size: dict[str, Any]) -> Floats:
    """The same rule, one start and one step after the other."""
    hours = np.zeros((len(size["energy_kwh"]), HOURS))
    for row, (least, change, cap, begins) in plain_maps(load, sun, size):
        for start in range(HOURS):
            hours[row, start] = hours_walked(least, change, cap, begins[start], start)
    return np.asarray(hours * size["step_h"])


def plain_reserve(load: Floats, sun: Floats, size: dict[str, Any], steps: int, starts: Sequence[int]) -> Floats:
    """Reserve curves at some starts, from the last step of the promise backwards; inf where full is not enough."""
    found = np.zeros((len(size["energy_kwh"]), len(starts)))
    for row, (least, change, cap, begins) in plain_maps(load, sun, size):
        for place, start in enumerate(starts):
            needed = least_store(least, change, cap, start, steps, NEVER)
            found[row, place] = np.inf if needed > begins[start] else needed / MWH_PER_KWH
    return found


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
    emit(
        name, seconds, "s", aim=limit_s, peer="" if loop_s is None else "plain loop", ratio=loop_s and loop_s / seconds
    )
    print(f"{name:<52} {seconds:8.3f} s (limit {limit_s:g})  {outages / seconds:12,.0f} outages/s{beside}")


def ensemble(draws: int, workers: int) -> None:
    """A year of 51 companies for every draw, on the engine: wall time, CPU time and memory of all processes."""
    from ysc_sim.engine.ensemble import run_parts
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
    emit(f"outages on the engine, {draws:,} draws × 51 buildings, CPU", cpu, "s")
    emit(f"outages on the engine, {draws:,} draws × 51 buildings, {workers} processes, wall", wall, "s")
    print(
        f"{draws} draws × 51 buildings × {HOURS} h, {workers} processes: "
        f"wall {wall:.0f} s, CPU {cpu:.0f} s (limit 120 s on 2 cores)"
    )
    _, alone_s = timed(lambda: list(run_parts(scenario, [(0,)])))
    one_by_one = alone_s * draws
    print(f"one row after the other, scaled from the first: CPU {one_by_one:,.0f} s   ratio {one_by_one / cpu:.0f}")
    print(f"peak memory {own:.2f} GB + {workers} × {children:.2f} GB; digest {results.digest()[:16]}")


def curves(load: Floats, sun: Floats, energy: Floats, some: Any) -> None:
    """Reserve curves, and some of their starts by hand."""
    for promised in (24, 72, HOURS):
        curve, seconds = timed(partial(reserve_curve, load, sun, hours=promised, **plant(energy)))
        starts = range(0, HOURS, max(1, promised // 24))
        by_hand, loop_s = timed(partial(plain_reserve, load, sun, plant(energy[some]), promised, starts))
        kernel = curve[some][:, list(starts)]
        assert (np.isinf(kernel) == np.isinf(by_hand)).all(), "curve and loop differ"
        assert np.allclose(kernel[np.isfinite(kernel)], by_hand[np.isfinite(by_hand)], rtol=0, atol=1e-9)
        scaled = loop_s * curve.size / by_hand.size
        report(f"reserve curve of {promised} h, {DESIGNS} designs", seconds, curve.size, LIMITS_S["reserve"], scaled)


def tiers(load: Floats, sun: Floats, energy: Floats) -> None:
    """Four tiers with a generator and a vehicle, and some of their outages by hand."""
    home = np.isin(np.arange(HOURS) % 24, range(8, 18), invert=True).astype(np.float64)
    tiered = {**TIERED, **plant(energy), "start_kwh": energy, "vehicle_present": home}
    found, seconds = timed(lambda: survival_by_tier(load, sun, hours=168, **tiered))
    mine, starts = DESIGNS // 2, range(0, HOURS, 100)
    one = {name: np.ravel(value) for name, value in tiered.items() if np.ndim(value) != 1}
    numbers: dict[str, Any] = {name: float(values[mine % values.size]) for name, values in one.items()}
    numbers |= {"tier_shares": TIERED["tier_shares"], "fuel_tiers": TIERED["fuel_tiers"]}
    numbers |= {"vehicle_present": home.tolist(), "shed_below_soc": (0.0, 0.1, 0.2, 0.3)}
    walked, loop_s = timed(
        lambda: [tiers_walked(load.tolist(), sun.tolist(), start, 168, numbers)[0] for start in starts]
    )
    assert found.survived_h[mine, list(starts)].tolist() == walked, "tiers and loop differ"
    scaled = loop_s * found.survived_h.size / len(starts)
    name = f"four tiers, fuel, V2H, 168 h, {DESIGNS} designs"
    report(name, seconds, found.survived_h.size, LIMITS_S["tiers"], scaled)


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
    walked, loop_s = timed(lambda: plain_hours(load, sun, plant(energy[some])))
    assert (hours[some] == walked).all(), "kernel and plain loop differ"
    a_step_s = loop_s / walked.sum()
    scaled = a_step_s * float(hours.sum())
    report(f"survival, {DESIGNS} designs × {HOURS} starts", seconds, hours.size, LIMITS_S["designs"], scaled)
    curves(load, sun, energy, some)
    tiers(load, sun, energy)

    loads, suns = (np.stack(both)[:, None, :] for both in zip(*map(year, range(options.buildings)), strict=True))
    hours, seconds = timed(lambda: survival_hours(loads, suns, start_kwh=energy, **plant(energy)))
    name = f"survival, {options.buildings} buildings × {DESIGNS} designs"
    report(name, seconds, hours.size, LIMITS_S["buildings"] * options.buildings / 50, a_step_s * hours.sum())
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GB")


if __name__ == "__main__":
    main()
