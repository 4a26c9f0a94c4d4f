"""Survival of a scenario: what the strategies leave in the stores decides."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ysc_sim as ysc
from ysc_sim.resilience import survival_hours
from ysc_sim.study.survival import Survival, by_size, survive

BLOCK: dict[str, Any] = {
    "format": 1,
    "time": {"start": "2026-08-03T00:00", "days": 4, "step_s": 3600},
    "wires": "private_line",
    "tariff": {"plan": "tepco_hv_basic_2026", "export_jpy_per_kwh": 8.5},
    "outages": [{"start": "2026-08-04T06:00", "duration_h": 2}],
    "buildings": [
        {
            "id": "clinic",
            "profile": "clinic",
            "load_kwh_per_year": 9000,
            "tier_shares": [0.5, 0.2, 0.2, 0.1],
            "devices": [
                {"kind": "solar", "rated_kw": 8, "tilt_deg": 20, "azimuth_deg": 180},
                {"kind": "battery", "energy_kwh": 14, "power_kw": 5, "soc_min": 0.1, "discharge_efficiency": 0.9},
            ],
        },
        {
            "id": "home",
            "profile": "detached120_gas",
            "tier_shares": [0.25, 0.25, 0.25, 0.25],
            "devices": [{"kind": "battery", "energy_kwh": 6, "power_kw": 3}, {"kind": "ev"}],
        },
    ],
}


def found(tmp_path: Path, promised: tuple[float, ...] = (3.0, 24.0), **more: Any) -> Survival:
    path = tmp_path / "scenario.yaml"
    path.write_text(json.dumps({**BLOCK, **more}), encoding="utf-8")
    return survive(ysc.load_scenario(path), promised)


def test_stores_are_what_the_run_without_outages_left(tmp_path: Path) -> None:
    survival = found(tmp_path)
    quiet = ysc.run(ysc.load_scenario(tmp_path / "scenario.yaml", overrides={"outages": "[]"}))
    soc = quiet.frame("buildings").pivot_table(index="time", columns="building", values="soc_kwh").sum(axis=1)
    assert survival.stored_kwh[0, 0, 1:] == pytest.approx(soc.to_numpy()[:-1])
    assert survival.stored_kwh[0, 0, 0] == 0.5 * 14 + 0.5 * 6
    assert survival.left_out == ("ev",)


def test_more_tiers_never_live_longer_and_full_stores_never_shorter(tmp_path: Path) -> None:
    survival = found(tmp_path)
    assert survival.hours_left.shape == (1, 1, 4, 96)
    assert (np.diff(survival.hours_left, axis=2) <= 0).all()
    assert (survival.hours_full >= survival.hours_left).all()
    assert survival.hours_left.min() < survival.hours_left.max()


def test_the_reserve_curve_parts_those_who_live_from_those_who_do_not(tmp_path: Path) -> None:
    survival = found(tmp_path)
    for number, promised in enumerate(survival.promised_h):
        enough = survival.stored_kwh[:, :, None, :] >= survival.reserve_kwh[number]
        lives = survival.hours_left >= promised
        assert (enough <= lives).all()
        above = survival.stored_kwh[:, :, None, :] >= survival.store.floor_kwh[0]
        assert (lives & above == enough & above).all()


def test_own_wires_are_not_needed_where_each_building_is_a_cell(tmp_path: Path) -> None:
    survival = found(tmp_path, wires="utility")
    assert survival.cells == ("clinic", "home")
    step = survival.reserve_kwh[0, 0, 1]
    assert np.isfinite(step).any()


def test_kept_tiers_are_the_algebra_on_the_profiles(tmp_path: Path) -> None:
    """The table of the run, put through the kernel by hand."""
    survival = found(tmp_path)
    quiet = ysc.run(ysc.load_scenario(tmp_path / "scenario.yaml", overrides={"outages": "[]"}))
    table = quiet.frame("buildings").pivot_table(index="time", columns="building", values=["load_kwh", "pv_kwh"])
    load, sun = table["load_kwh"], table["pv_kwh"]["clinic"].to_numpy()
    critical = 0.5 * load["clinic"].to_numpy() + 0.25 * load["home"].to_numpy()
    pooled = 8 / (5 / 0.9 + 3 / 0.95)
    hours = survival_hours(
        critical,
        sun,
        energy_kwh=20,
        floor_kwh=1.4,
        power_kw=8,
        start_kwh=survival.stored_kwh[0, 0],
        step_h=1,
        charge_efficiency=0.95,
        discharge_efficiency=pooled,
    )
    # The meters book whole energies of the step; one rounding of the last bit may move a start by one step.
    assert np.mean(hours == survival.hours_left[0, 0, 0]) > 0.98


def test_a_saved_study_is_whole_and_can_be_replaced(tmp_path: Path) -> None:
    survival = found(tmp_path)
    survival.save(tmp_path / "out")
    survival.save(tmp_path / "out")
    names = {"manifest.json", "metrics.json", "scenario.yaml", "survival.parquet", "by_month_hour.parquet"}
    assert {path.name for path in (tmp_path / "out").iterdir()} == names
    import pandas as pd

    table = pd.read_parquet(tmp_path / "out/survival.parquet")
    assert list(table.columns) == [
        "time",
        "row",
        "cell",
        "tiers",
        "soc_start_kwh",
        "survived_h",
        "survived_full_h",
        "reserve_3h_kwh",
        "reserve_24h_kwh",
    ]
    assert str(table["time"].iloc[0]) == "2026-08-03 00:00:00+09:00"
    entry = json.loads((tmp_path / "out/metrics.json").read_text(encoding="utf-8"))["survival"][0]
    critical = table[table["tiers"] == 1]
    assert entry["survives_3h_ratio"] == (critical["survived_h"] >= 3).mean()
    grid = pd.read_parquet(tmp_path / "out/by_month_hour.parquet")
    seven = critical[critical["time"].dt.hour == 7]["survived_h"]
    line = grid[(grid["tiers"] == 1) & (grid["hour"] == 7)].iloc[0]
    assert (line["month"], line["survived_h_mean"], line["survived_h_min"]) == (8, seven.mean(), seven.min())


def test_outages_longer_than_the_horizon_go_round(tmp_path: Path) -> None:
    survival = found(tmp_path, promised=(300.0,))
    assert set(np.unique(survival.hours_full[0, 0, 0])) <= {*range(96 * 4), 300.0}
    assert survival.hours_full.max() in (300.0, *range(96))


@pytest.mark.parametrize("promised", [(), (0.0,), (float("nan"),)])
def test_promises_are_above_zero(tmp_path: Path, promised: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="promised_h"):
        found(tmp_path, promised=promised)


def test_sizes_are_scenarios_with_larger_batteries(tmp_path: Path) -> None:
    entries = by_size(found(tmp_path), [0.5, 1.0, 2.0])
    assert [entry["factor"] for entry in entries] == [0.5] * 4 + [1.0] * 4 + [2.0] * 4
    changes = {"buildings.clinic.devices.battery": (28, 10), "buildings.home.devices.battery": (12, 6)}
    overrides: dict[str, Any] = {}
    for key, (energy, power) in changes.items():
        overrides |= {f"{key}.energy_kwh": energy, f"{key}.power_kw": power}
    twice = survive(ysc.load_scenario(tmp_path / "scenario.yaml", overrides=overrides), (3.0, 24.0))
    for kept in range(4):
        full = twice.hours_full[0, 0, kept]
        entry = entries[8 + kept]
        assert entry["energy_kwh"] == 40
        assert entry["survived_full_h_mean"] == pytest.approx(full.mean())
        assert entry["survives_full_24h_ratio"] == (full >= 24).mean()
    with pytest.raises(ValueError, match="factors"):
        by_size(found(tmp_path), [0.0])
