"""Speed of a year of peak cut in 1-min steps: five SMEs with a demand controller, and the same with 100 battery sizes.

Targets: one row ≤ 90 s on one core for 525,600 steps, bill included; 100 sizes of the batteries in one batch ≤ 6 times
that. There is no ratio to a peer: none has a demand controller with half-hour registers under a Japanese contract.

Run: python benchmarks/peak_cut.py [days]  (fewer days are measured and scaled to a year; CPU time of this process)
"""

import argparse
import time
from dataclasses import replace
from pathlib import Path

from records import emit

import ysc_sim as ysc
from ysc_sim.community.compile import compile_community
from ysc_sim.engine.simulate import run_community

SCENARIO = Path(__file__).parents[1] / "scenarios" / "peak_cut_smes.yaml"
TARGET_KW = {"office": 45.0, "factory": 65.0, "shop": 22.0, "convenience_store": 30.0, "clinic": 18.0}
WITH_TARGET = ("demand_controller", "peak_cut")
LEAST, MOST = 0.1, 2.0
"""Sizes of the batteries in the rows of a batch, as parts of the scenario's own."""
DAYS = 365
STEPS_PER_DAY = 1440


def of_sizes(scenario: ysc.Scenario, rows: int) -> ysc.Scenario:
    """The scenario with ``rows`` rows that differ in the size of every battery, energy and power alike."""
    factors = [LEAST + (MOST - LEAST) * row / (rows - 1) for row in range(rows)]
    sizes = {
        f"buildings.{building.id}.devices.battery.{field}": tuple(getattr(device.spec, field) * x for x in factors)
        for building in scenario.buildings
        for device in building.devices
        if device.kind == "battery"
        for field in ("energy_kwh", "power_kw")
    }
    return replace(scenario, ensemble=replace(scenario.ensemble, vary=sizes))


def seconds(days: int, rows: int, strategy: str) -> float:
    """CPU time of a run with its bill, scaled to a year; several ``rows`` are sizes of the batteries."""
    said: dict[str, object] = {"time.days": days}
    for name, target in TARGET_KW.items():
        said[f"buildings.{name}.strategy.kind"] = strategy
        if strategy in WITH_TARGET:
            said[f"buildings.{name}.strategy.target_kw"] = target
    scenario = ysc.load_scenario(SCENARIO, overrides=said)
    community = compile_community(scenario if rows == 1 else of_sizes(scenario, rows))
    began = time.process_time()
    run_community(community)
    return (time.process_time() - began) * DAYS / days


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("days", nargs="?", type=int, default=DAYS)
    days = parser.parse_args().days
    seconds(1, 1, "none")
    for strategy in ("none", *WITH_TARGET, "constant_draw", "group_peak_cut"):
        one = seconds(days, 1, strategy)
        each = one / DAYS / STEPS_PER_DAY * 1e6
        emit(f"peak cut in minutes, {strategy}, from {days} days, a year", one, "s", aim=90)
        said = f"{strategy:18} one row {one:6.1f} s a year ({each:.0f} µs a step)"
        if strategy != "group_peak_cut":  # its plan is for stores of one size
            many = seconds(max(days // 10, 1), 100, strategy) / one
            emit(f"peak cut in minutes, {strategy}, from {days} days, 100 battery sizes over one", many, "×", aim=6)
            said += f"; 100 battery sizes {many:.1f} times that"
        print(said, flush=True)


if __name__ == "__main__":
    main()
