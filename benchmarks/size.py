"""A thousand candidates of one factory, a year in half-hours each: CPU seconds of the search's own work.

    python benchmarks/size.py [N]

Random sizes of roof, battery (kWh and kW) and target of ``scenarios/factory_150kw.yaml``; simulation, bills, survival
of an outage from every start and its damage. No peer simulates such batches: what is measured is the project's own
aim, 60 s on two cores.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from records import emit

from ysc_sim.scenario import load_scenario
from ysc_sim.study.candidates import measure, variants

FILE = Path(__file__).parents[1] / "scenarios" / "factory_150kw.yaml"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("count", nargs="?", type=int, default=1000, metavar="N")
    count = parser.parse_args().count
    sizing = load_scenario(FILE).size
    assert sizing is not None
    (one,) = variants(FILE, {}, sizing)
    random = np.random.default_rng(1)
    sizes = {key: random.uniform(max(min(values), 1.0), max(values), count) for key, values in sizing.vary.items()}
    began = time.process_time()
    found = measure(one, sizes, count, sizing.outage, None, 1)
    seconds = time.process_time() - began
    emit(f"sizing, {count:,} candidates of one factory, a year", seconds, "s", aim=120 if count == 1000 else None)
    print(f"{count} candidates: {seconds:.1f} s CPU in one process")
    print(f"demand charges from {found.mean('demand_jpy').min():,.0f} to {found.mean('demand_jpy').max():,.0f} JPY")


if __name__ == "__main__":
    main()
