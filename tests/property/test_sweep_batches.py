"""Points of a sweep that share a batch have the numbers of runs of their own, and the same bits in any company."""

from __future__ import annotations

from pathlib import Path

import pytest

import ysc_sim as ysc
from ysc_sim.scenario import load_scenario
from ysc_sim.study import sweep_batches
from ysc_sim.study.design import Point, design, read_axes
from ysc_sim.study.sweep import Sweep, run_sweep
from ysc_sim.study.sweep_batches import alike, compute_points, shared_keys

TEXT = """
format: 1
time: {start: 2026-08-03T00:00, days: 2, step_s: 3600}
seed: 3
wires: private_line
tariff: {plan: tepco_hv_basic_2026, export_jpy_per_kwh: 8.5}
buildings:
  - id: shop
    profile: shop
    load_kwh_per_year: 30000
    strategy: {kind: reserve_level, level: 0.3, inner: {kind: self_consumption}}
    devices: [{kind: solar, rated_kw: 12}, {kind: battery, energy_kwh: 9, power_kw: 4}]
  - id: office
    profile: office
    load_kwh_per_year: 20000
    strategy: {kind: peak_cut, target_kw: 4}
    devices: [{kind: battery, energy_kwh: 6, power_kw: 3}]
ensemble: {outages: {duration_h: 5, every_h: 9, first_h: 6}}
"""
LEVEL, TARGET = "buildings.shop.strategy.level", "buildings.office.strategy.target_kw"
ENERGY = "buildings.office.devices.battery.energy_kwh"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "two.yaml"
    path.write_text(TEXT, encoding="utf-8")
    return path


def points_of(*words: str) -> list[Point]:
    return design(read_axes(words), None, 1)


@pytest.mark.parametrize(
    ("words", "shared"),
    [
        ((f"{LEVEL}=0,0.5,1", "seed=4,9"), {LEVEL, "seed"}),
        ((f"{LEVEL}=0.2,0.6", f"{ENERGY}=5,20"), {"seed"} - {"seed"}),  # reserve_level plans with sizes
        (("tariff.export_jpy_per_kwh=0,9", f"{LEVEL}=0.2,0.6"), {LEVEL}),
        (("buildings.shop.devices.solar.tilt_deg=0,30",), set()),
        ((f"{LEVEL}=0.2,0.6", "buildings.office.strategy.kind=peak_cut,none"), {LEVEL}),
    ],
)
def test_numbers_are_those_of_runs_of_their_own(file: Path, words: tuple[str, ...], shared: set[str]) -> None:
    points = points_of(*words)
    seen = []
    for numbers in alike(points):
        mine = [points[number] for number in numbers]
        keys = shared_keys(load_scenario(file, overrides=mine[0]), mine)
        assert set(keys) == shared
        for group in sweep_batches.together(range(len(mine)), mine, keys):
            some = [mine[number] for number in group]
            for point, found in zip(some, compute_points(file, {}, some, keys), strict=True):
                alone = ysc.run(load_scenario(file, overrides=point)).metrics
                assert set(found.metrics) == set(alone["community"])
                assert found.metrics == pytest.approx(alone["community"], abs=1e-6), point
                assert found.units == {name: alone["units"][name] for name in found.metrics}
                seen.append(point)
    assert sorted(map(str, seen)) == sorted(map(str, points))


def test_the_same_bytes_in_any_company(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    points = points_of(f"{LEVEL}=0,0.5,1", "seed=3,5", "tariff.export_jpy_per_kwh=0,9")
    sweep = Sweep.of(file, points)
    tables = []
    for most in (32, 1, 2):
        monkeypatch.setattr(sweep_batches, "MOST_TOGETHER", most)
        folder = tmp_path / f"out{most}"
        run_sweep(sweep, folder)
        tables.append({path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()})
    assert tables[0] == tables[1] == tables[2]
    assert len(tables[0]) == 12 + 4


def test_seeds_stay_apart_where_they_draw_the_starts_of_outages(file: Path) -> None:
    file.write_text(TEXT.replace("every_h: 9", "draws: 3"), encoding="utf-8")
    points = points_of("seed=4,9")
    assert shared_keys(load_scenario(file), points) == ()
    assert shared_keys(load_scenario(file), points_of(f"{LEVEL}=0.1,0.9", "seed=4,9")) == (LEVEL,)
