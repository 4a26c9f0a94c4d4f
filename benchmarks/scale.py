"""Long and wide runs, each in a process of its own: wall time, CPU time, peak memory.

    python benchmarks/scale.py [--share 1.0] [--only TEXT] [--loop]

``--share``: part of the horizon, for a look at how cost and memory grow with it. ``--loop``: the market is cleared
inside the loop (after the run otherwise). Memory is the peak of the whole process, modules and compiled profiles
included; columns beyond 256 MiB lie on disk (``ysc_sim.results.long_columns``).
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

from engine import community
from records import emit

from ysc_sim.engine.simulate import run_community

CASES = (
    ("51 × 525,600 minutes, power-flow report", 51, 525_600, 60, "step", True),
    ("51 × 525,600 minutes", 51, 525_600, 60, "step", False),
    ("1,000 × 35,040 quarter-hours", 1_000, 35_040, 900, "slot", False),
    ("10,000 × 8,760 hours", 10_000, 8_760, 3600, "slot", False),
)


def measure(number: int, share: float, *, loop: bool) -> dict[str, float]:
    """One case in this process."""
    _, buildings, steps, step_s, record, flow = CASES[number]
    count = max(round(steps * share * step_s / 86_400), 1) * 86_400 // step_s
    began, cpu = time.perf_counter(), time.process_time()
    more = {"results": {"record": record}} | ({"power_flow": "report"} if flow else {})
    made = replace(community(buildings, count, step_s, 1, more), market_in_loop=loop)
    compiled = time.process_time() - cpu
    arrays = run_community(made)
    assert not arrays.money_residual_mjpy.any()
    return {
        "steps": buildings * count,
        "wall_s": time.perf_counter() - began,
        "compile_s": compiled,
        "run_s": time.process_time() - cpu - compiled,
        "peak_mb": peak_mb(),
    }


def peak_mb() -> float:
    """Largest memory of this process; what its parent had does not count where the system can tell."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    line = next(line for line in status.read_text(encoding="utf-8").splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def main() -> None:
    """Print the table."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--share", type=float, default=1.0)
    options.add_argument("--only", default="")
    options.add_argument("--loop", action="store_true")
    options.add_argument("--case", type=int, help="run one case in this process and print JSON")
    given = options.parse_args()
    if given.case is not None:
        print(json.dumps(measure(given.case, given.share, loop=given.loop)))
        return
    print(f"{'case':42} {'wall s':>8} {'compile s':>10} {'CPU s':>8} {'steps/CPU s':>12} {'peak MB':>8}")
    for number, (name, *_) in enumerate(CASES):
        if given.only not in name:
            continue
        command = [sys.executable, str(Path(__file__)), "--case", str(number), "--share", str(given.share)]
        done = subprocess.run(
            command + (["--loop"] if given.loop else []), stdout=subprocess.PIPE, text=True, check=True
        )
        found = json.loads(done.stdout)
        rate = found["steps"] / found["run_s"]
        sized = f"scale, {name}, {given.share:g} of the horizon{', market in the loop' if given.loop else ''}"
        emit(f"{sized}, rate", rate, "building-steps/s", high=True)
        emit(f"{sized}, peak memory", found["peak_mb"], "MB", aim=2000)
        print(
            f"{name:42} {found['wall_s']:8.1f} {found['compile_s']:10.1f} {found['run_s']:8.1f}"
            f" {rate:12,.0f} {found['peak_mb']:8.0f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
