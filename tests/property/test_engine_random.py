"""Random communities: whatever is in them, the books close and no law is broken."""

import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import ysc_sim as ysc
from ysc_sim.community.compile import compile_community
from ysc_sim.engine.simulate import run_community
from ysc_sim.results.arrays import RunArrays

BATTERY = st.fixed_dictionaries(
    {
        "kind": st.just("battery"),
        "energy_kwh": st.floats(0.5, 60),
        "power_kw": st.floats(0.5, 30),
        "soc_start": st.floats(0, 1),
        "charge_efficiency": st.floats(0.7, 1),
        "grid_forming": st.booleans(),
    }
)
PRODUCT = st.fixed_dictionaries(
    {
        "kind": st.just("battery"),
        "model": st.sampled_from(["generic_home", "generic_business"]),
        "soc_start": st.floats(0.1, 0.9),
    }
)
SOLAR = st.fixed_dictionaries(
    {"kind": st.just("solar"), "rated_kw": st.floats(0.5, 30), "tilt_deg": st.just(30), "azimuth_deg": st.just(180)}
)
EV = st.fixed_dictionaries(
    {
        "kind": st.just("ev"),
        "discharge_kw": st.sampled_from([0.0, 6.0]),
        "charge": st.sampled_from(["arrival", "departure"]),
        "grid_forming": st.booleans(),
    }
)
STRATEGY = st.one_of(
    st.just({"kind": "none"}),
    st.just({"kind": "self_consumption"}),
    st.fixed_dictionaries({"kind": st.just("peak_cut"), "target_kw": st.floats(0.5, 20), "ratchet": st.booleans()}),
)
PROFILE = st.sampled_from(["detached120_gas", "apartment70_gas", "office", "shop", "convenience_store", None])


@st.composite
def buildings(draw: st.DrawFn) -> list[dict[str, Any]]:
    made = []
    for i in range(draw(st.integers(1, 5))):
        devices = draw(st.lists(st.one_of(BATTERY, PRODUCT, SOLAR, EV), max_size=4))
        profile = draw(PROFILE)
        building: dict[str, Any] = {"id": f"b{i}", "strategy": draw(STRATEGY), "devices": devices}
        if profile is not None:
            building |= {"profile": profile, "load_kwh_per_year": draw(st.floats(500, 90000))}
        elif not devices:
            building |= {"profile": "office", "load_kwh_per_year": 1000.0}
        made.append(building)
    made[0]["count"] = draw(st.integers(1, 3))
    return made


@st.composite
def scenarios(draw: st.DrawFn) -> dict[str, Any]:
    step = draw(st.sampled_from([60, 300, 600, 900, 1800, 3600]))
    outages = [
        {"start": f"2026-08-03T{hour:02d}:{minute:02d}:{second:02d}", "duration_h": duration}
        for hour, minute, second, duration in draw(
            st.lists(
                st.tuples(st.integers(0, 23), st.integers(0, 59), st.integers(0, 59), st.floats(0.01, 20)), max_size=3
            )
        )
    ]
    return {
        "format": 1,
        "time": {"start": "2026-08-03T00:00", "days": 1, "step_s": step},
        "seed": draw(st.integers(0, 1000)),
        "wires": draw(st.sampled_from(["same_site", "private_line", "utility"])),
        "market": {"kind": draw(st.sampled_from(["none", "call_auction"]))},
        "tariff": {"plan": "tepco_hv_basic_2026", "export_jpy_per_kwh": 8.5},
        "buildings": draw(buildings()),
        "outages": outages,
        "ensemble": {"seeds": draw(st.integers(1, 3))},
    }


def simulate(data: dict[str, Any]) -> RunArrays:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scenario.yaml"
        path.write_text(json.dumps(data), encoding="utf-8")  # JSON is YAML
        return run_community(compile_community(ysc.load_scenario(path)))


@settings(max_examples=40)
@given(scenarios())
def test_books_close(data: dict[str, Any]) -> None:
    arrays = simulate(data)
    throughput = sum(
        float(np.sum(arrays.columns[name]))
        for name in (
            "load_kwh",
            "pv_kwh",
            "battery_charge_kwh",
            "battery_discharge_kwh",
            "ev_charge_kwh",
            "ev_discharge_kwh",
        )
        if name in arrays.columns
    )
    residual = arrays.energy_residual_kwh.sum() + arrays.island_residual_kwh.sum()
    assert residual <= 1e-9 * max(throughput, 1.0)
    assert not arrays.ledger_residual_mwh.any()
    assert not arrays.money_residual_mjpy.any()
    n = len(arrays.buildings)
    assert (arrays.meter_rounding_mwh <= 2 * n + 1).all()
    assert (arrays.bought_mwh.sum(axis=2) == arrays.sold_mwh.sum(axis=2)).all()
    # What the members pay, and the rounding account, is what the community pays.
    assert (arrays.bill_mjpy.sum(axis=1) + arrays.rounding_mjpy == arrays.community_bill_mjpy).all()
    away = arrays.community["islanded_s"] >= arrays.record_s
    assert (arrays.community["import_kwh"][away] == 0).all()
    assert (arrays.community["export_kwh"][away] == 0).all()
    if "unserved_kwh" in arrays.columns:
        assert (arrays.columns["unserved_kwh"] <= arrays.columns["load_kwh"] + 1e-9).all()
        tiers = sum(arrays.columns[f"unserved_kwh_tier{tier}"] for tier in (1, 2, 3, 4))
        np.testing.assert_allclose(tiers, arrays.columns["unserved_kwh"], atol=1e-9)


@settings(max_examples=15)
@given(scenarios())
def test_rows_do_not_know_each_other(data: dict[str, Any]) -> None:
    """A row of an ensemble has the bits of the plain run with its seed; the order in the file does not matter."""
    together = simulate({**data, "ensemble": {"seeds": 3}})
    for row in range(3):
        shuffled = list(reversed(data["buildings"])) if row else data["buildings"]
        alone = simulate({**data, "seed": data["seed"] + row, "ensemble": {"seeds": 1}, "buildings": shuffled})
        assert alone.buildings == together.buildings
        for name, column in together.columns.items():
            assert np.array_equal(column[:, row], alone.columns[name][:, 0]), name
        for name in ("import_mwh", "export_mwh", "bought_mwh", "sold_mwh", "payment_mjpy"):
            assert np.array_equal(getattr(together, name)[:, row], getattr(alone, name)[:, 0]), name
        assert np.array_equal(together.bill_mjpy[row], alone.bill_mjpy[0])
        mine = [(e.t_s, e.cell, e.from_mode, e.to_mode, e.cause) for e in together.events if e.row == row]
        assert mine == [(e.t_s, e.cell, e.from_mode, e.to_mode, e.cause) for e in alone.events]
