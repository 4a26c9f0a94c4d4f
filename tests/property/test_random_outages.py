"""Rows with outages of their own: event by event what a plain run of each row's seed does."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

import ysc_sim as ysc
from ysc_sim.community.compile import compile_community
from ysc_sim.engine.simulate import run_community
from ysc_sim.results.arrays import RunArrays

SCENARIO: dict[str, Any] = {
    "format": 1,
    "time": {"start": "2026-08-01T00:00", "days": 14, "step_s": 1800},
    "wires": "private_line",
    "buildings": [
        {
            "id": "home",
            "profile": "detached120_gas",
            "load_kwh_per_year": 5000.0,
            "count": 2,
            "devices": [
                {"kind": "battery", "energy_kwh": 6.0, "power_kw": 3.0},
                {"kind": "solar", "rated_kw": 4.0, "tilt_deg": 30, "azimuth_deg": 180},
            ],
        },
        {"id": "shop", "profile": "shop", "load_kwh_per_year": 20000.0},
    ],
    "island": {
        "frequency": {"inertia_s": 3.0, "step_share": 0.3},
        "synchronise": {"slip_hz": 0.05},
        "wait_s": 300.0,
        "ramp_s": 300.0,
    },
    "outages": [
        {"kind": "random", "per_year": 250, "median_h": 3.0},
        {"kind": "typhoon", "start": "2026-08-09T04:00:07", "event": "typhoon_2018_24"},
        {"kind": "rolling", "first": "2026-08-03", "days": 3, "group": 2, "carried_out": 0.5},
    ],
}


def simulate(tmp_path: Path, **more: Any) -> RunArrays:
    path = tmp_path / "scenario.yaml"
    path.write_text(json.dumps({**SCENARIO, **more}), encoding="utf-8")
    return run_community(compile_community(ysc.load_scenario(path)))


def test_two_hundred_outages_event_by_event(tmp_path: Path) -> None:
    rows = 22
    together = simulate(tmp_path, seed=5, ensemble={"seeds": rows})
    assert len(together.outages) >= 200
    assert len({record.start_s for record in together.outages}) > 150
    for row in range(rows):
        alone = simulate(tmp_path, seed=5 + row)
        # Every field, frequencies and energies of transients among them; repr, for what was not looked at is NaN.
        for mine, own in ((together.events, alone.events), (together.outages, alone.outages)):
            assert [repr(replace(one, row=0)) for one in mine if one.row == row] == [repr(one) for one in own]
        assert together.outage_seconds[row] == alone.outage_seconds[0]
        for name, column in together.columns.items():
            np.testing.assert_array_equal(column[:, row], alone.columns[name][:, 0])


def test_an_outage_of_no_length_changes_nothing(tmp_path: Path) -> None:
    plain = simulate(tmp_path, outages=[])
    none = simulate(tmp_path, outages=[{"start": "2026-08-03T12:34:56", "duration_h": 0.0}])
    assert none.events == plain.events == ()
    assert none.outages == ()
    np.testing.assert_array_equal(none.bill_mjpy, plain.bill_mjpy)
    for name, column in plain.columns.items():
        np.testing.assert_array_equal(none.columns[name], column)
