"""How near strategies without foresight come to the optimum:
three communities, ten seeds each, five weeks with
the year's peak (from 27 July; for all-electric homes from 12 January) in half-hours.

Day-to-day weather of load is not in the shipped profiles, so every building's half-hours are drawn here around its
profile: a factor of the day (autocorrelated, 8 %), one of the half-hour (autocorrelated, 5 %), and rare hot or cold
spells (one day in five weeks, +15 % for all). Written as measured .csv files, so that the run itself is like
any user's.

Prints for each community and seed the yearly peak of ``group_peak_cut`` over that of the pooled optimum, and the total
cost of ``mpc`` over the bound. Run: python benchmarks/peak_cut_distribution.py [seeds] [days] [community]
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
from records import emit

import ysc_sim as ysc
from ysc_sim.study.bound import Values, bound_of
from ysc_sim.study.strategies import monthly_peaks_kw, try_strategy
from ysc_sim.timeseries import TimeAxis
from ysc_sim.timeseries.profiles import days_around, load_hours_kw, profile_kwh_per_year

COMMUNITIES = {
    "five SMEs": {
        "office": ("office", 150e3, 60),
        "factory": ("small_factory", 200e3, 60),
        "shop": ("shop", 80e3, 40),
        "store": ("convenience_store", 165e3, 0),
        "clinic": ("clinic", 60e3, 30),
    },
    "shopping street": {
        "a": ("shop", 90e3, 40),
        "b": ("shop", 60e3, 20),
        "c": ("convenience_store", 165e3, 30),
        "d": ("clinic", 40e3, 20),
    },
    "homes and a clinic": {
        "clinic": ("clinic", 60e3, 40),
        **{f"home{k}": ("detached120_allelec", 9e3, 10) for k in range(8)},
    },
}
STARTS = {"five SMEs": "2026-07-27T00:00", "shopping street": "2026-07-27T00:00"}
STARTS["homes and a clinic"] = "2027-01-12T00:00"
VALUES = Values(wear_jpy_per_kwh=3.0, stored_jpy_per_kwh=20.0)


def noise(random: np.random.Generator, count: int, memory: float, size: float) -> np.ndarray:
    steps = random.standard_normal(count)
    level = np.zeros(count)
    for k in range(1, count):
        level[k] = memory * level[k - 1] + np.sqrt(1 - memory**2) * steps[k]
    return level * size


def write(folder: Path, community: str, seed: int, days: int) -> Path:
    start = STARTS[community]
    random = np.random.default_rng([seed, len(community)])
    common = noise(random, days, 0.6, 0.06)
    spells = np.isin(np.arange(days), random.choice(days, max(days * 6 // 365, 1), replace=False)) * 0.15
    buildings = []
    axis = TimeAxis.of(start, step_s=1800, days=days)
    for name, (profile, kwh, battery) in COMMUNITIES[community].items():
        hours = load_hours_kw(profile, days_around(axis, 0)).reshape(-1)[: days * 24]
        kw = np.repeat(hours * kwh / profile_kwh_per_year(profile), 2)
        own = noise(random, days, 0.5, 0.05)
        factor = np.repeat(np.exp(common + own + spells), 48) * np.exp(noise(random, days * 48, 0.7, 0.05))
        times = np.datetime64(start) + np.arange(days * 48) * np.timedelta64(30, "m")
        rows = [f"{time},{value:.4f}" for time, value in zip(times, kw * factor, strict=True)]
        (folder / f"{name}.csv").write_text("time,kW\n" + "\n".join(rows) + "\n", encoding="utf-8")
        devices = f"[{{kind: battery, energy_kwh: {battery}, power_kw: {battery / 2}}}]" if battery else "[]"
        buildings.append(f"  - {{id: {name}, profile: {name}.csv, devices: {devices}}}")
    text = f"""
format: 1
name: {community}
time: {{start: {start}, days: {days}}}
tariff: {{plan: tepco_hv_basic_2026, power_factor_percent: 95}}
wires: private_line
buildings:
""" + "\n".join(buildings)
    (folder / "a.yaml").write_text(text, encoding="utf-8")
    return folder / "a.yaml"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("seeds", nargs="?", type=int, default=10)
    parser.add_argument("days", nargs="?", type=int, default=35)
    parser.add_argument("community", nargs="*", default=list(COMMUNITIES))
    options = parser.parse_args()
    seeds, days = options.seeds, options.days
    for community in options.community:
        ratios = []
        for seed in range(seeds):
            with tempfile.TemporaryDirectory() as folder:
                scenario = ysc.load_scenario(write(Path(folder), community, seed, days))
                none = try_strategy(scenario, {"kind": "none"}, VALUES)
                bound = bound_of(none.community, none.arrays, VALUES)
                best_peak = bound.plans[0].contract_kw.max()
                natural = monthly_peaks_kw(none.community, none.arrays)
                group = try_strategy(scenario, {"kind": "group_peak_cut"}, VALUES)
                mpc = try_strategy(scenario, {"kind": "mpc", "wear_jpy_per_kwh": 3.0, "replan_slots": 6}, VALUES)
            peaks = [monthly_peaks_kw(run.community, run.arrays) for run in (group, mpc)]
            higher = [int((peak > natural + 1e-3).sum()) for peak in peaks]
            totals = [run.costs.total_jpy[0] / bound.total_jpy[0] - 1 for run in (none, group, mpc)]
            over = [f"{name} {100 * x:.2f} %" for name, x in zip(("none", "group", "mpc"), totals, strict=True)]
            line = (natural.max(), best_peak, peaks[0].max(), peaks[1].max(), peaks[0].max() / best_peak - 1)
            ratios.append((line[4], *totals))
            print(
                f"{community:18} seed {seed}: peak none {line[0]:.1f} optimum {line[1]:.1f} group {line[2]:.1f} "
                f"mpc {line[3]:.1f}; group/optimum {100 * line[4]:+.1f} %; total over bound: "
                f"{', '.join(over)}; new peaks {higher}",
                flush=True,
            )
        table = 100 * np.array(ratios)
        for name, column in zip(("group peak", "none total", "group total", "mpc total"), table.T, strict=True):
            low, middle, high = np.percentile(column, [0, 50, 100])
            emit(f"peak cut, {community}, {seeds} seeds × {days} days, {name} over optimum", middle, "%, median")
            print(f"  {name}: min {low:.2f} median {middle:.2f} max {high:.2f} %")


if __name__ == "__main__":
    main()
