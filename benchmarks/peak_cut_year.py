"""How near group peak cut comes to the pooled optimum over a whole fiscal year: communities by seeds.

Every seed draws its own sky over the roofs (synthetic weather) and its own habits (diversity) in each building; the
year begins in April without any history. The optimum is the lowest import that one store with the power and room of
all stores could have held over the year, knowing all of it. Results: docs/peak-cut.md.

Run: python benchmarks/peak_cut_year.py [seeds] [days] [community ...] [--first-seed N]  (the margin of the forecast was
chosen on weeks of seeds 100 to 109, with which it starts unless told otherwise: others are fresh)
"""

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from records import emit

import ysc_sim as ysc
from ysc_sim.community.arrays import Community
from ysc_sim.community.compile import compile_community
from ysc_sim.engine.outlook import plant_of
from ysc_sim.engine.simulate import run_community
from ysc_sim.strategies.fair import lowest_level_kw

START = "2026-04-01T00:00"
SLOT_H = 0.5
FIRST_SEED = 100


def building(name: str, profile: str, kwh: float, battery: float, sun: float = 0.0, count: int = 1) -> dict[str, Any]:
    devices: list[dict[str, Any]] = []
    if battery:
        devices.append({"kind": "battery", "energy_kwh": battery, "power_kw": battery / 2})
    if sun:
        devices.append({"kind": "solar", "rated_kw": sun, "tilt_deg": 20, "azimuth_deg": 180})
    said = {"id": name, "profile": profile, "load_kwh_per_year": kwh, "devices": devices, "diversity": {}}
    return {**said, "count": count} if count > 1 else said


COMMUNITIES = {
    "five SMEs": [
        building("office", "office", 150e3, 60, 30),
        building("factory", "small_factory", 200e3, 60, 50),
        building("shop", "shop", 80e3, 40),
        building("store", "convenience_store", 165e3, 0),
        building("clinic", "clinic", 60e3, 30),
    ],
    "shopping street": [
        building("shops", "shop", 70e3, 20, count=6),
        building("store", "convenience_store", 165e3, 30),
        building("clinic", "clinic", 40e3, 20, 10),
    ],
    "office park": [
        building("office", "office", 90e3, 30, 20, count=3),
        building("clinic", "clinic", 60e3, 20, 10),
        building("shop", "shop", 60e3, 20),
    ],
    "homes and a clinic": [
        building("clinic", "clinic", 60e3, 40),
        building("home", "detached120_allelec", 9e3, 10, 4, count=8),
    ],
    "flats and a shop": [
        building("flat", "apartment70_gas", 3.5e3, 5, count=20),
        building("shop", "shop", 60e3, 20),
    ],
}


def community_of(name: str, strategy: dict[str, Any], seeds: int, days: int, first_seed: int = FIRST_SEED) -> Community:
    """A community whose members all follow one strategy; one row for every seed."""
    said = {
        "format": 1,
        "time": {"start": START, "days": days, "step_s": 1800},
        "seed": first_seed,
        "site": {"weather": "synthetic"},
        "wires": "private_line",
        "tariff": {"plan": "tepco_hv_basic_2026"},
        "buildings": [{**one, "strategy": strategy} for one in COMMUNITIES[name]],
        "ensemble": {"seeds": seeds},
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "community.yaml"
        path.write_text(json.dumps(said), encoding="utf-8")
        return compile_community(ysc.load_scenario(path))


def import_kw(community: Community) -> np.ndarray:
    """Half-hour means at the point of connection, (slots, S)."""
    arrays = run_community(community)
    return (arrays.community_import_mwh - arrays.community_export_mwh) / 1e6 / SLOT_H


def asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Peak of group_peak_cut over a year, over that of the pooled optimum.")
    parser.add_argument("seeds", nargs="?", type=int, default=10)
    parser.add_argument("days", nargs="?", type=int, default=365)
    parser.add_argument("community", nargs="*", default=list(COMMUNITIES))
    parser.add_argument("--first-seed", type=int, default=FIRST_SEED)
    return parser.parse_args()


def main() -> None:
    said = asked()
    seeds, days = said.seeds, said.days
    for name in said.community:
        none = community_of(name, {"kind": "none"}, seeds, days, said.first_seed)
        need = import_kw(none)
        plant = plant_of(none, np.arange(len(none.buildings)))
        best = lowest_level_kw(
            need,
            stored_kwh=np.full(seeds, plant.start_kwh.sum()),
            room_kwh=np.full(seeds, plant.room_kwh.sum()),
            charge_kw=float(plant.charge_kw.sum()),
            discharge_kw=float(plant.discharge_kw.sum()),
            charge_efficiency=float(plant.charge_efficiency.max()),
            discharge_efficiency=float(plant.discharge_efficiency.max()),
            step_h=SLOT_H,
        )
        cut = community_of(name, {"kind": "group_peak_cut"}, seeds, days, said.first_seed)
        group = np.maximum.reduce(import_kw(cut), axis=0)
        natural = np.maximum.reduce(need, axis=0)
        over = 100 * (group / best - 1)
        low, middle, high = np.percentile(over, [0, 50, 100])
        emit(f"yearly peak, {name}, {seeds} seeds × {days} days, group over optimum", middle, "%, median")
        print(
            f"{name:18} peak kW (median) none {np.median(natural):.1f} group {np.median(group):.1f} optimum "
            f"{np.median(best):.1f}; group over optimum: {' '.join(f'{x:.1f}' for x in over)} % "
            f"(min {low:.1f}, median {middle:.1f}, max {high:.1f})",
            flush=True,
        )


if __name__ == "__main__":
    main()
