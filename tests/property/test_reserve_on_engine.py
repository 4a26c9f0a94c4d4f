"""The algebra against the whole engine: served steps of random outages, and promises kept by the reserve curve."""

import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ysc_sim as ysc
from ysc_sim.community.arrays import Community
from ysc_sim.community.compile import compile_community
from ysc_sim.community.pooled import pool_of, pooled_store
from ysc_sim.engine.simulate import run_community
from ysc_sim.resilience import survival_hours
from ysc_sim.results.arrays import RunArrays

LACKING_KWH = 1e-9


def compiled(data: dict[str, Any]) -> Community:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scenario.yaml"
        path.write_text(json.dumps(data), encoding="utf-8")  # JSON is YAML
        return compile_community(ysc.load_scenario(path))


def pooled(strategy: dict[str, Any], outages: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Three buildings behind one switch; each battery has 2.5 hours of full power."""

    def building(name: str, profile: str, kwh: float, sun_kw: float, battery_kwh: float) -> dict[str, Any]:
        battery = {"kind": "battery", "energy_kwh": battery_kwh, "power_kw": 0.4 * battery_kwh, "soc_min": 0.1}
        solar = {"kind": "solar", "rated_kw": sun_kw, "tilt_deg": 20, "azimuth_deg": 180}
        return {
            "id": name,
            "profile": profile,
            "load_kwh_per_year": kwh,
            "tier_shares": more.get("tier_shares", [1, 0, 0, 0]),
            "strategy": strategy,
            "devices": [solar, {**battery, "charge_efficiency": 0.93, "discharge_efficiency": 0.96}],
        }

    made = [
        building("clinic", "clinic", 24000, 25, 60),
        building("home", "detached120_gas", 4200, 4, 9),
        building("shop", "shop", 16000, 12, 24),
    ]
    if more.get("one_battery"):
        for other in made[1:]:
            other["devices"] = other["devices"][:1]
    return {
        "format": 1,
        "time": {"start": "2026-06-01T00:00", "days": more.get("days", 10), "step_s": more.get("step_s", 3600)},
        "wires": "private_line",
        "tariff": {"plan": "tepco_hv_basic_2026", "export_jpy_per_kwh": 8.5},
        "island": {"shed_below_soc": [0, 1, 1, 1]},
        "ensemble": {"outages": outages},
        "buildings": made,
    }


def served_steps(arrays: RunArrays, steps: int) -> Any:
    """Steps of each row's outage in which critical demand was served, and its start as a step."""
    lacking = np.add.reduce(arrays.columns["unserved_kwh_tier1"], axis=2)
    found, starts = [], []
    for record in sorted(arrays.outages, key=lambda record: record.row):
        first = int(record.start_s // arrays.record_s)
        short = np.flatnonzero(lacking[first : first + steps, record.row] > LACKING_KWH)
        found.append(short[0] if short.size else steps)
        starts.append(first)
    return np.array(found), np.array(starts)


@pytest.mark.parametrize("strategy", [{"kind": "self_consumption"}, {"kind": "peak_cut", "target_kw": 3.0}])
def test_a_thousand_outages_serve_the_same_steps_as_the_algebra(strategy: dict[str, Any]) -> None:
    """2 × 500 of a community that lives on one battery."""
    hours, draws = 72, 500
    data = pooled(strategy, {"duration_h": hours, "draws": draws}, one_battery=True, days=20)
    community = compiled(data)
    arrays = run_community(community)
    served, starts = served_steps(arrays, hours)
    pool, store = pool_of(community), pooled_store(community)
    stored = np.array([record.soc_start_kwh for record in sorted(arrays.outages, key=lambda record: record.row)])
    answer = survival_hours(
        pool.tier_load_kw[0, 0].sum(axis=0),
        pool.generation_kw[0, 0],
        energy_kwh=store.energy_kwh[0],
        floor_kwh=store.floor_kwh[0],
        power_kw=store.power_kw[0],
        start_kwh=stored[:, None],
        step_h=1.0,
        charge_efficiency=store.charge_efficiency[0],
        discharge_efficiency=store.discharge_efficiency[0],
        max_hours=hours,
    )[np.arange(draws), starts]
    # A store that is quite empty cannot hold an island's voltage; the algebra lets the sun do it.
    formed = stored > store.floor_kwh[0] + 1e-6
    assert formed.sum() > draws / 2
    assert (served[formed] == answer[formed]).all()
    assert len(set(served[formed])) > 20


@pytest.mark.parametrize(
    ("inner", "tiers", "shares", "hours"),
    [
        ({"kind": "self_consumption"}, 1, [0.3, 0.3, 0.2, 0.2], 12),
        ({"kind": "peak_cut", "target_kw": 3.0}, 1, [0.3, 0.3, 0.2, 0.2], 24),
        ({"kind": "peak_cut", "target_kw": 2.0}, 4, [0.4, 0.2, 0.2, 0.2], 6),
        ({"kind": "self_consumption"}, 1, [1, 0, 0, 0], 8),
    ],
)
def test_no_critical_load_is_lost_in_the_first_outage(
    inner: dict[str, Any], tiers: int, shares: list[float], hours: int
) -> None:
    """4 × 2,500 outages at random starts on the engine; from a start on or above the curve, promises are kept."""
    strategy = {"kind": "reserve_curve", "hours": hours, "tiers": tiers, "inner": inner}
    outages = {"duration_h": hours, "draws": 2500, "first_h": 24}
    data = pooled(strategy, outages, tier_shares=shares)
    if tiers == 4:
        data["island"] = {"shed_below_soc": [0, 0, 0, 0]}
    community = compiled(data)
    arrays = run_community(community)
    served, starts = served_steps(arrays, hours)
    possible = np.isfinite(_curve(community, hours, tiers))[starts]
    assert possible.sum() > 1500
    assert (served[possible] == hours).all()


def _curve(community: Community, hours: int, tiers: int) -> Any:
    from ysc_sim.resilience import reserve_curve

    pool, store = pool_of(community), pooled_store(community)
    kept, load = pool.tier_load_kw[0, 0, :tiers].sum(axis=0), pool.tier_load_kw[0, 0].sum(axis=0)
    sun = pool.generation_kw[0, 0]
    return reserve_curve(
        np.clip(sun, kept, load),
        sun,
        hours=hours,
        energy_kwh=store.energy_kwh[0],
        floor_kwh=store.floor_kwh[0],
        power_kw=store.power_kw[0],
        step_h=1.0,
        charge_efficiency=store.charge_efficiency[0],
        discharge_efficiency=store.discharge_efficiency[0],
    )


def test_without_the_curve_the_same_outages_do_lose_critical_load() -> None:
    community = compiled(pooled({"kind": "self_consumption"}, {"duration_h": 12, "draws": 300, "first_h": 24}))
    served, _ = served_steps(run_community(community), 12)
    assert (served < 12).mean() > 0.2
