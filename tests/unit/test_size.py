"""Sizing: the analytic optimum of a square wave, and what must hold of any search."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from ysc_sim.errors import ScenarioError
from ysc_sim.scenario import load_scenario
from ysc_sim.study.chosen import chosen_scenario
from ysc_sim.study.size import Sized, size
from ysc_sim.study.size_summary import summary
from ysc_sim.study.worth import annuity
from ysc_sim.words import LANGUAGES, text

DAYS = 4
DEMAND_JPY = 2530 * 0.85 * 12
"""Yearly price of a kW at a power factor of 100 %."""


def write_load(folder: Path, kw: np.ndarray) -> None:
    start = datetime(2026, 6, 1)
    lines = ["time,kW"] + [f"{start + timedelta(minutes=30 * k)},{v}" for k, v in enumerate(np.tile(kw, DAYS))]
    (folder / "load.csv").write_text("\n".join(lines))


def scenario_file(folder: Path, battery: str, sizing: str, *, more: str = "") -> Path:
    text = f"""
format: 1
name: square
time: {{start: 2026-06-01T00:00, days: {DAYS}, step_s: 1800}}
tariff: {{plan: tepco_hv_basic_2026, power_factor_percent: 100}}
finance: {{years: 10, discount_rate: 0.0}}
buildings:
  - id: shop
    profile: load.csv
    strategy: {{kind: peak_cut, target_kw: 80}}
    devices:
      - {{kind: battery, energy_kwh: 10, power_kw: 100, charge_efficiency: 1, discharge_efficiency: 1, soc_start: 1.0,
         life_years: 10, fade_per_year: 0, {battery}}}
size:
  {sizing}
  outage: {{events_per_year: 0}}
  unseen_seeds: 0
{more}"""
    path = folder / "scenario.yaml"
    path.write_text(text)
    return path


def stairs() -> np.ndarray:
    """100 kW for one hour, 80 for four, 40 for the rest."""
    kw = np.full(48, 40.0)
    kw[20:28] = 80.0
    kw[28:30] = 100.0
    return kw


BATTERY = "buildings.shop.devices.battery"
ENERGY, TARGET = "buildings.shop.devices.battery.energy_kwh", "buildings.shop.strategy.target_kw"
STAIRS = f"vary: {{{ENERGY}: [0, 10, 30, 60, 120], {TARGET}: [50, 70, 90, 100]}}"


@pytest.mark.parametrize(
    ("price", "energy_kwh", "target_kw"),
    [
        # One kW is worth 258,060 JPY in ten years. The first 20 kW cost one kWh each, those below 80 kW five more.
        (100_000.0, 20.0, 80.0),
        (300_000.0, 0.0, None),
        # Down to 55 kW 125 kWh would be wanted: 5 h at 25 kW and the 20 kW of the top; 120 are there.
        (20_000.0, 120.0, 60.0),
    ],
)
def test_the_analytic_optimum_of_a_square_wave(
    tmp_path: Path, price: float, energy_kwh: float, target_kw: float | None
) -> None:
    """Down to 80 kW an extra kW costs 1 kWh; below, 5 kWh: the optimum is a corner of the stairs, or nothing."""
    write_load(tmp_path, stairs())
    more = {"refine: 8": ""}
    file = scenario_file(tmp_path, f"investment_jpy_per_kwh: {price}", STAIRS + "\n  " + next(iter(more)))
    found = size(file)
    best = analytic(price, energy_kwh, target_kw)
    reached = float(found.candidates.columns["npv_jpy"][found.winner])
    assert reached == pytest.approx(best, rel=0.005, abs=1.0)
    assert found.buys_nothing == (energy_kwh == 0)
    if target_kw is not None:
        assert found.sizes[ENERGY] == pytest.approx(energy_kwh, abs=1.0)
        assert found.number("contract_kw") == pytest.approx(target_kw, abs=0.5)


def analytic(price: float, energy_kwh: float, target_kw: float | None) -> float:
    """Net value of the optimum in ten years without interest; the first year still pays the old peak for 11 months."""
    if target_kw is None:
        return 0.0
    saved = (100.0 - target_kw) * DEMAND_JPY
    # The run is scaled to a year: a month that is billed stands for all, and the first year's is the old one.
    return saved * 10 - saved - energy_kwh * price


def test_the_first_year_still_pays_the_old_peak(tmp_path: Path) -> None:
    write_load(tmp_path, stairs())
    found = size(scenario_file(tmp_path, "investment_jpy_per_kwh: 100000", STAIRS))
    flow = found.flow.flow_jpy
    assert flow[1] == pytest.approx(0.0, abs=2000)
    assert flow[2] == pytest.approx(found.number("saved_kw") * DEMAND_JPY, rel=1e-3)


def test_optuna_is_as_good(tmp_path: Path) -> None:
    pytest.importorskip("optuna")
    write_load(tmp_path, stairs())
    file = scenario_file(tmp_path, "investment_jpy_per_kwh: 100000", STAIRS + "\n  refine: 4")
    found, by_grid = size(file, trials=96), size(file)
    assert (
        found.candidates.columns["total_cost_jpy"][found.winner]
        <= 1.005 * by_grid.candidates.columns["total_cost_jpy"][by_grid.winner]
    )
    again = size(file, trials=96)
    assert found.sizes == again.sizes


@pytest.fixture
def stair_file(tmp_path: Path) -> Path:
    write_load(tmp_path, stairs())
    return scenario_file(tmp_path, "investment_jpy_per_kwh: 100000, subsidy_jpy: 100000", STAIRS)


@pytest.mark.parametrize("objective", ["npv", "payback", "outage_damage", "guaranteed_hours", "co2", "total_cost"])
def test_every_objective_is_met_by_the_winner(stair_file: Path, objective: str) -> None:
    found = size(stair_file, {"size.objective": objective, "size.refine": "1"})
    from ysc_sim.study.worth import score

    scores = score(found.candidates.columns, objective)
    assert scores[found.winner] == scores[found.finalists].min()
    told = summary(found, (), None)
    assert told["objective"] == objective
    for lang in LANGUAGES:
        assert all(
            "{" not in text(f"report.{r['key']}", lang).format_map(dict.fromkeys(r["values"], "x"))
            for r in told["reasons"]
        )


def test_a_budget_is_kept(stair_file: Path) -> None:
    free = size(stair_file)
    found = size(stair_file, {"size.budget_jpy": "1000000"})
    assert free.number("purchase_jpy") > 1_000_000 >= found.number("purchase_jpy") > 0


def test_a_second_choice_and_keys_that_only_one_has(stair_file: Path) -> None:
    found = size(stair_file, {"size.choices": "{buildings.shop.strategy.kind: [peak_cut, none]}", "size.refine": "0"})
    kinds = {k: int((found.candidates.variant == k).sum()) for k in (0, 1)}
    assert kinds == {0: 20, 1: 5}
    assert np.isnan(found.candidates.sizes[TARGET][found.candidates.variant == 1]).all()
    assert found.variant.chosen == {"buildings.shop.strategy.kind": "peak_cut"}


def test_workers_change_nothing(stair_file: Path) -> None:
    from ysc_sim.study.workers import Here

    one, two = size(stair_file), size(stair_file, workers=Here())
    for name, values in one.candidates.columns.items():
        assert np.array_equal(values, two.candidates.columns[name], equal_nan=True), name


def test_the_chosen_scenario_can_be_run(stair_file: Path) -> None:
    from ysc_sim.engine.simulate import run

    found = size(stair_file)
    chosen = chosen_scenario(found)
    assert run(chosen).metrics["community"]["peak_import_kw"] == pytest.approx(found.number("contract_kw"))
    assert load_scenario(stair_file).size is not None
    assert chosen.size is None


def test_rows_differ_in_power_too(stair_file: Path) -> None:
    power = "buildings.shop.devices.battery.power_kw"
    found = size(stair_file, {"size.vary": f"{{{power}: [5, 20], {ENERGY}: [20], {TARGET}: [80]}}", "size.refine": "0"})
    table = found.candidates
    kw = dict(zip(table.sizes[power][1:].tolist(), table.columns["contract_kw"][1:].tolist(), strict=True))
    assert kw == pytest.approx({5.0: 95.0, 20.0: 80.0})


def test_nothing_to_vary_is_the_devices_as_they_are(stair_file: Path) -> None:
    found = size(stair_file, {"size.vary": "{}"})
    assert found.candidates.count == 2
    assert found.number("purchase_jpy") == 900_000


def test_fading_savings_are_those_of_old_devices(tmp_path: Path) -> None:
    """A battery that ends at half of its energy saves then what half a battery saves."""
    write_load(tmp_path, stairs())
    vary = f"vary: {{{ENERGY}: [20], {TARGET}: [80]}}\n  refine: 0"
    file = scenario_file(tmp_path, "investment_jpy_per_kwh: 100000", vary)
    fresh = size(file)
    faded = size(file, {"buildings.shop.devices.battery.fade_per_year": "0.05"})
    half = size(file, {"size.vary": f"{{{ENERGY}: [10], {TARGET}: [80]}}"})
    new, old = (float(one.flow.saving_jpy[2]) for one in (fresh, half))
    expected = [new - (new - old) * (year - 1) / 10 for year in range(2, 11)]
    assert faded.flow.saving_jpy[2:] == pytest.approx(expected, rel=1e-6)


def test_the_pareto_front_is_not_beaten(stair_file: Path) -> None:
    found = size(stair_file)
    columns = found.candidates.columns
    mine = np.flatnonzero(found.front)
    for k in mine:
        for other in found.finalists:
            better = [columns["total_cost_jpy"][other] < columns["total_cost_jpy"][k] - 1e-6]
            better.append(columns["payback_years"][other] < columns["payback_years"][k] - 1e-9)
            better.append(columns["expected_damage_jpy"][other] < columns["expected_damage_jpy"][k] - 1e-9)
            better.append(columns["guaranteed_h"][other] > columns["guaranteed_h"][k] + 1e-9)
            better.append(columns["co2_kg"][other] < columns["co2_kg"][k] - 1e-9)
            assert not all(better)


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ({f"{BATTERY}.investment_jpy_per_kwh": "null", f"{BATTERY}.subsidy_jpy": "null"}, "size_nothing_priced"),
        ({"size.vary": f"{{{ENERGY}: [0]}}"}, "size_all_zero"),
        ({"size.vary": "{buildings.shop.devices.battery.soc_min: [0]}"}, "vary_field_fixed"),
        ({"size.vary": "{buildings.shop.strategy.target_kw: [0]}"}, "must_be_above"),
        ({"size.choices": "{wires: [sideways]}"}, "sweep_point_wrong"),
    ],
)
def test_what_cannot_be_sized_is_said(stair_file: Path, settings: dict[str, str], key: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        size(stair_file, settings)
    assert key in {problem.key for problem in caught.value.problems}


def test_total_cost_adds_up(stair_file: Path) -> None:
    """Total cost is the present value of the bills, less the net present value, and what outages cost."""
    found = size(stair_file, {"size.outage.events_per_year": "0.5", "finance.discount_rate": "0.04"})
    columns = found.candidates.columns
    nothing = columns["total_cost_jpy"][0] - columns["expected_damage_jpy"][0] * annuity(found.finance)
    expected = nothing - columns["npv_jpy"] + columns["expected_damage_jpy"] * annuity(found.finance)
    assert columns["total_cost_jpy"] == pytest.approx(expected)
    assert isinstance(found, Sized)
    assert dataclasses.is_dataclass(found)
