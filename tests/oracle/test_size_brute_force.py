"""A search from a coarse grid against brute force on a fine one, by every objective, on random loads.

Loads with one hump make costs convex in the energy: what a kW costs grows with depth. Random walks have several humps.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from ysc_sim.study.size import Sized, size
from ysc_sim.study.worth import COLUMN_OF, MORE_IS_BETTER, OBJECTIVES, score

DAYS = 3
ENERGY, TARGET = "buildings.shop.devices.battery.energy_kwh", "buildings.shop.strategy.target_kw"
COARSE = f"{{{ENERGY}: [0, 40, 80, 160], {TARGET}: [45, 60, 80, 100]}}"
FINE = f"{{{ENERGY}: {list(range(0, 161, 4))}, {TARGET}: {list(range(45, 105))}}}"
FILE = """
format: 1
name: random load
time: {{start: 2026-06-01T00:00, days: {days}, step_s: 1800}}
tariff: {{plan: tepco_hv_basic_2026, power_factor_percent: 100}}
finance: {{years: 10, discount_rate: 0.0}}
buildings:
  - id: shop
    profile: load.csv
    strategy: {{kind: peak_cut, target_kw: 80}}
    devices:
      - {{kind: battery, energy_kwh: 10, power_kw: 100, charge_efficiency: 1, discharge_efficiency: 1, soc_start: 1.0,
         life_years: 10, fade_per_year: 0, investment_jpy_per_kwh: {price}, investment_jpy: {fixed}}}
size: {{unseen_seeds: 0, outage: {{events_per_year: 0.5}}}}
"""


def one_hump(random: np.random.Generator) -> np.ndarray:
    order = np.argsort(np.abs(np.arange(48) - 28), kind="stable")[::-1].argsort()
    return np.asarray(40.0 + 60.0 * np.sort(random.random(48))[order])


def walk(random: np.random.Generator) -> np.ndarray:
    x = np.cumsum(random.normal(size=48))
    return np.asarray(40.0 + 60.0 * (x - x.min()) / (x.max() - x.min()))


def scenario_file(folder: Path, kw: np.ndarray, price: float, fixed: float) -> Path:
    start = datetime(2026, 6, 1)
    lines = [f"{start + timedelta(minutes=30 * k)},{v}" for k, v in enumerate(np.tile(kw, DAYS))]
    (folder / "load.csv").write_text("\n".join(["time,kW", *lines]))
    path = folder / "scenario.yaml"
    path.write_text(FILE.format(days=DAYS, price=round(price), fixed=round(fixed)))
    return path


def searched(file: Path, vary: str, **more: str) -> Sized:
    return size(file, {"size.vary": vary, **{f"size.{key}": value for key, value in more.items()}})


def behind(found: Sized, brute: Sized, objective: str, budget_jpy: float | None = None) -> float:
    """By what share of the best on the fine grid the search is worse; < 0: it is better."""
    name = COLUMN_OF[objective]
    best = int(np.argmin(score(brute.candidates.columns, objective, budget_jpy)))
    theirs, ours = float(brute.candidates.columns[name][best]), float(found.candidates.columns[name][found.winner])
    if not np.isfinite(theirs):
        return 0.0
    return ((theirs - ours) if name in MORE_IS_BETTER else (ours - theirs)) / max(abs(theirs), 1e-9)


@pytest.mark.parametrize("seed", range(100, 104))
@pytest.mark.parametrize("make", [one_hump, walk])
def test_the_search_is_within_a_percent_of_brute_force(tmp_path: Path, make: object, seed: int) -> None:
    random = np.random.default_rng(seed)
    kw = make(random)  # type: ignore[operator]
    price = random.uniform(20_000, 90_000)
    file = scenario_file(tmp_path, kw, price, random.choice([0.0, 150_000.0]))
    brute = searched(file, FINE, refine="0")
    # The hills of a random walk are many and alike: of its present value, a small difference, no percent is promised.
    for objective in ("total_cost", "npv", "payback") if make is one_hump else ("total_cost",):
        found = searched(file, COARSE, objective=objective)
        assert behind(found, brute, objective) <= 0.01, objective
    if seed == 100 and make is one_hump:
        budget = price * random.uniform(20, 150)
        for objective in OBJECTIVES:
            found = searched(file, COARSE, objective=objective, budget_jpy=f"{budget:.0f}", refine="1")
            assert behind(found, brute, objective, round(budget)) <= 0.01, objective
            assert found.number("purchase_jpy") <= budget + 1


@pytest.mark.parametrize("seed", range(6))
def test_a_search_by_cost_is_near_in_present_value_too_and_looks_at_less(tmp_path: Path, seed: int) -> None:
    random = np.random.default_rng(seed)
    kw = one_hump(random)
    file = scenario_file(tmp_path, kw, random.uniform(20_000, 90_000), 0.0)
    brute, found = searched(file, FINE, refine="0"), searched(file, COARSE, refine="3")
    for objective in ("total_cost", "npv"):
        assert behind(found, brute, objective) <= 0.01, objective
    assert found.candidates.count < brute.candidates.count / 2
