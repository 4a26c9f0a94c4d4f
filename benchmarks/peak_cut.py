"""Speed of a year of peak cut in 1-min steps: five SMEs with a demand controller, and the same with 100 rows.

Targets: one row ≤ 90 s on one core for 525,600 steps, bill included; 100 rows in one batch ≤ 6 times that. The rows are
seeds (other appliances in every minute); rows of other battery sizes have arrays of the same shapes. No peer package
has a demand controller with half-hour registers under a Japanese contract, so there is no ratio to one.

Run: python benchmarks/peak_cut.py [days]  (fewer days are measured and scaled to a year; CPU time of this process)
"""

import argparse
import time
from pathlib import Path

from records import emit

import ysc_sim as ysc
from ysc_sim.community.compile import compile_community
from ysc_sim.engine.simulate import run_community

SCENARIO = Path(__file__).parents[1] / "scenarios" / "peak_cut_smes.yaml"
TARGET_KW = {"office": 45.0, "factory": 65.0, "shop": 22.0, "convenience_store": 30.0, "clinic": 18.0}
DAYS = 365
STEPS_PER_DAY = 1440


def seconds(days: int, rows: int, strategy: str) -> float:
    """CPU time of a run with its bill, scaled to a year."""
    said: dict[str, object] = {"time.days": days, "ensemble.seeds": rows}
    for name, target in TARGET_KW.items():
        said[f"buildings.{name}.strategy.kind"] = strategy
        if strategy == "demand_controller":
            said[f"buildings.{name}.strategy.target_kw"] = target
    community = compile_community(ysc.load_scenario(SCENARIO, overrides=said))
    began = time.process_time()
    run_community(community)
    return (time.process_time() - began) * DAYS / days


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("days", nargs="?", type=int, default=DAYS)
    days = parser.parse_args().days
    for strategy in ("none", "demand_controller", "group_peak_cut"):
        one = seconds(days, 1, strategy)
        each = one / DAYS / STEPS_PER_DAY * 1e6
        many = seconds(max(days // 10, 1), 100, strategy)
        emit(f"peak cut in minutes, {strategy}, from {days} days, a year", one, "s", aim=90)
        emit(f"peak cut in minutes, {strategy}, from {days} days, 100 rows over one", many / one, "×", aim=6)
        print(f"{strategy:18} one row {one:6.1f} s a year ({each:.0f} µs a step); 100 rows {many / one:.1f} times that")


if __name__ == "__main__":
    main()
