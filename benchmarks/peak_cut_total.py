"""How near ``mpc`` comes to the least total cost over a whole fiscal year: communities by seeds.

The communities and draws of ``peak_cut_year.py``. Total = bill + wear of the stores − what is stored at the end, wear
at 3 JPY per kWh discharged and a stored kWh at 20 JPY. The bound knows the year and pools all stores of the community,
in its own favour: so the gap is no smaller than that to the bound of each store by itself. Results: docs/peak-cut.md.

Run: python benchmarks/peak_cut_total.py [seeds] [days] [community ...]  (about 50 s of CPU for a year of one seed)
"""

import argparse
import dataclasses

import numpy as np
from peak_cut_year import COMMUNITIES, community_of
from records import emit

from ysc_sim.engine.simulate import run_community
from ysc_sim.optimum import Dispatch, Stores, solve
from ysc_sim.study.bound import Values, dispatch_of_row
from ysc_sim.study.strategies import costs_of

VALUES = Values(wear_jpy_per_kwh=3.0, stored_jpy_per_kwh=20.0)
MPC = {"kind": "mpc", "wear_jpy_per_kwh": 3.0, "replan_slots": 6}


def pooled(problem: Dispatch) -> Dispatch:
    """All stores as one, with the best of their efficiencies, and all buildings as one."""
    stores = problem.stores
    sums = ("charge_kw", "discharge_kw", "room_kwh", "start_kwh")
    best = ("charge_efficiency", "discharge_efficiency")
    one = Stores(
        building=np.zeros(1, dtype=np.int64),
        wear_jpy_per_kwh=stores.wear_jpy_per_kwh.min(keepdims=True),
        **{name: getattr(stores, name).sum(keepdims=True) for name in sums},
        **{name: getattr(stores, name).max(keepdims=True) for name in best},
    )
    net = problem.fixed_kw.sum(axis=1, keepdims=True)
    return dataclasses.replace(problem, stores=one, meter=np.zeros(1, dtype=np.int64), fixed_kw=net)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("seeds", nargs="?", type=int, default=10)
    parser.add_argument("days", nargs="?", type=int, default=365)
    parser.add_argument("community", nargs="*", default=list(COMMUNITIES))
    options = parser.parse_args()
    seeds, days = options.seeds, options.days
    for name in options.community:
        none = community_of(name, {"kind": "none"}, seeds, days)
        arrays = run_community(none)
        bound = []
        for row in range(seeds):
            problem, constant = dispatch_of_row(none, arrays, VALUES, row)
            bound.append(solve(pooled(problem)).cost_jpy + constant)
        line = [f"{name:18} total over bound"]
        mpc = community_of(name, MPC, seeds, days)
        for label, community, run in (("none", none, arrays), ("mpc", mpc, run_community(mpc))):
            gap = 100 * (costs_of(community, run, VALUES).total_jpy / np.array(bound) - 1)
            emit(f"total cost, {name}, {seeds} seeds × {days} days, {label} over bound", gap.max(), "%, largest")
            line.append(f"{label}: {' '.join(f'{x:.2f}' for x in gap)} % (max {gap.max():.2f})")
        print("; ".join(line), flush=True)


if __name__ == "__main__":
    main()
