"""Building-steps per CPU second of the whole engine: load, solar, battery, market, bills.

    python benchmarks/engine.py [--repeat 3] [--peer-python PATH]

Each case runs with the market cleared inside the loop and after the run, and both must give the same bits. A peer is
timed in the same run where one is installed: python-microgrid in this interpreter, or, because it needs an older
NumPy, in the one named by ``--peer-python`` (see benchmarks/peers/README.md).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from records import emit

import ysc_sim as ysc
from ysc_sim.community.arrays import Community
from ysc_sim.community.compile import compile_community
from ysc_sim.engine.simulate import run_community

CASES = (
    ("51 buildings × 17,520 half-hours", 51, 17_520, 1800, 1, 2e5, 4e5),
    ("1,000 buildings × 8,760 hours", 1000, 8_760, 3600, 1, 3e6, 8e6),
    ("51 buildings × 2,000 half-hours × 100 rows", 51, 2_000, 1800, 100, 5e6, 1e7),
)
PEER_NAME = "python-microgrid, 1 home × 8,760 h"
PEER = Path(__file__).parent / "peers" / "python_microgrid_year.py"


def community(buildings: int, steps: int, step_s: int, rows: int, more: dict[str, Any] | None = None) -> Community:
    """Alike homes with load, solar and battery that trade in a call auction on one supply point.

    ``more`` replaces what stands at the top of the scenario.
    """
    data: dict[str, Any] = {
        "format": 1,
        "time": {"start": "2026-04-01T00:00", "days": steps * step_s / 86_400, "step_s": step_s},
        "tariff": {"plan": "tepco_hv_basic_2026", "export_jpy_per_kwh": 8.5},
        "market": {"kind": "call_auction"},
        "wires": "private_line",
        "results": {"record": "slot"},
        "ensemble": {"seeds": rows},
        "buildings": [
            {
                "id": "home",
                "count": buildings,
                "profile": "detached120_gas",
                "devices": [
                    {"kind": "solar", "rated_kw": 4, "tilt_deg": 30, "azimuth_deg": 180},
                    {"kind": "battery", "energy_kwh": 9.8, "power_kw": 4},
                ],
            }
        ],
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "benchmark.yaml"
        path.write_text(json.dumps(data | (more or {})), encoding="utf-8")
        return compile_community(ysc.load_scenario(path))


def best_cpu_s(made: Community, repeat: int) -> tuple[float, str]:
    """Least CPU time of some runs, and a digest of what came out."""
    times, digest = [], ""
    for _ in range(repeat):
        began = time.process_time()
        arrays = run_community(made)
        times.append(time.process_time() - began)
        digest = f"{arrays.bought_mwh.sum()}/{arrays.bill_mjpy.sum()}/{arrays.import_mwh.sum()}"
    return min(times), digest


def empty_tick_us(repeat: int) -> float:
    """One tick of a community of one building with a load alone, without market, in microseconds."""
    data = {
        "format": 1,
        "time": {"start": "2026-04-01T00:00", "days": 30, "step_s": 60},
        "results": {"record": "slot"},
        "buildings": [{"id": "a", "profile": "office", "load_kwh_per_year": 1000}],
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tick.yaml"
        path.write_text(json.dumps(data), encoding="utf-8")
        made = compile_community(ysc.load_scenario(path))
    return best_cpu_s(made, repeat)[0] / (30 * 1440) * 1e6


def peer_rate(python: str) -> str:
    """Building-steps per CPU second of python-microgrid on the same kind of home, or why there is no figure."""
    try:
        done = subprocess.run([python, str(PEER)], capture_output=True, text=True, timeout=600, check=False)
    except OSError as error:
        return f"not run ({error})"
    return done.stdout.strip() if done.returncode == 0 else "not installed in that interpreter"


def ratio_to(peer: str, rate: float) -> float | None:
    """How many times a peer's rate; none where it told none."""
    number = peer.partition(" ")[0].replace(",", "")
    return rate / float(number) if number.isdigit() else None


def main() -> None:
    """Print the table."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--repeat", type=int, default=3)
    options.add_argument("--peer-python", default=sys.executable)
    given = options.parse_args()
    print(f"numpy {np.__version__}, best of {given.repeat}; building-steps per CPU second, whole run with bills")
    print(f"{'case':46} {'market in loop':>15} {'aim':>8} {'market after':>15} {'aim':>8}  same bits")
    peer = peer_rate(given.peer_python)
    for name, buildings, steps, step_s, rows, aim_loop, aim_after in CASES:
        made = community(buildings, steps, step_s, rows)
        work = buildings * steps * rows
        loop_s, loop = best_cpu_s(replace(made, market_in_loop=True), given.repeat)
        after_s, after = best_cpu_s(replace(made, market_in_loop=False), given.repeat)
        same = "yes" if loop == after else "NO"
        for how, seconds, aim in (
            ("market in the loop", loop_s, aim_loop),
            ("market after the run", after_s, aim_after),
        ):
            rate, ratio = work / seconds, ratio_to(peer, work / seconds)
            emit(f"engine, {name}, {how}", rate, "building-steps/s", aim=aim, high=True, peer=PEER_NAME, ratio=ratio)
        print(f"{name:46} {work / loop_s:15,.0f} {aim_loop:8.0e} {work / after_s:15,.0f} {aim_after:8.0e}  {same}")
    tick = empty_tick_us(given.repeat)
    print(f"empty tick: {tick:.1f} µs (aim 60)")
    emit("engine, empty tick", tick, "µs", aim=60)
    print(f"python-microgrid, 1 home × 8,760 h: {peer}")


if __name__ == "__main__":
    main()
