"""Outages that differ by row: every row of a batch lives through what a run of its own lives through."""

import json
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ysc_sim as ysc
from ysc_sim.community.compile import compile_community
from ysc_sim.engine.simulate import run_community
from ysc_sim.errors import ScenarioError
from ysc_sim.results.arrays import RunArrays

HOUR = 3600


def load(data: dict[str, Any]) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scenario.yaml"
        path.write_text(json.dumps(data), encoding="utf-8")  # JSON is YAML
        return ysc.load_scenario(path)


def simulate(data: dict[str, Any]) -> RunArrays:
    return run_community(compile_community(load(data)))


def block(step_s: int, **more: Any) -> dict[str, Any]:
    solar = {"kind": "solar", "rated_kw": 12, "tilt_deg": 20, "azimuth_deg": 180}
    return {
        "format": 1,
        "time": {"start": "2026-08-03T00:00", "days": 3, "step_s": step_s},
        "seed": 5,
        "wires": "private_line",
        "market": {"kind": "call_auction"},
        "tariff": {"plan": "tepco_hv_basic_2026", "export_jpy_per_kwh": 8.5},
        "buildings": [
            {
                "id": "shop",
                "profile": "shop",
                "load_kwh_per_year": 30000,
                "devices": [solar, {"kind": "battery", "energy_kwh": 15, "power_kw": 6}],
            },
            {
                "id": "home",
                "count": 2,
                "profile": "detached120_gas",
                "devices": [{"kind": "ev", "discharge_kw": 6, "grid_forming": True}],
            },
        ],
        **more,
    }


@pytest.mark.parametrize("step_s", [1800, 3600])
def test_rows_are_runs_of_their_own(step_s: int) -> None:
    """Starts on ticks, ends between them: what a run with one row and that window gives."""
    outages = {"duration_h": 7.3, "draws": 4}
    data = block(step_s, ensemble={"seeds": 2, "outages": outages})
    together, windows = simulate(data), compile_community(load(data)).row_outages
    assert len(windows) == 8
    assert len(set(windows)) > 2
    for row, (window,) in enumerate(windows):
        start = np.datetime64("2026-08-03T00:00") + np.timedelta64(window.start_s, "s")
        alone = simulate({**block(step_s, outages=[{"start": str(start), "duration_h": 7.3}]), "seed": 5 + row // 4})
        mine = [event for event in together.events if event.row == row]
        assert [replace(event, row=0, t_s=0.0) for event in mine] == [replace(event, t_s=0.0) for event in alone.events]
        assert [event.t_s for event in mine] == pytest.approx([event.t_s for event in alone.events], abs=1e-6)
        ((record,), (expected,)) = ([one for one in together.outages if one.row == row], alone.outages)
        assert (record.start_s, record.hours, record.cell, record.cause) == (
            expected.start_s,
            expected.hours,
            expected.cell,
            expected.cause,
        )
        assert record.survived_h == pytest.approx(expected.survived_h, abs=1e-9)
        assert record.unserved_kwh == pytest.approx(expected.unserved_kwh, abs=1e-9)
        for name, column in alone.columns.items():
            assert np.allclose(column[:, 0], together.columns[name][:, row], rtol=0, atol=1e-9), (row, name)
        assert (np.abs(alone.bill_mjpy[0] - together.bill_mjpy[row]) <= 1).all()
        assert alone.outage_seconds[0] == together.outage_seconds[row]


def test_a_row_has_the_same_bits_alone_and_in_a_batch() -> None:
    many = simulate(block(3600, ensemble={"outages": {"duration_h": 5.1, "every_h": 13.5, "first_h": 3}}))
    one = simulate(block(3600, ensemble={"outages": {"duration_h": 5.1, "every_h": 1000, "first_h": 30}}))
    start_s = one.outages[0].start_s
    row = next(record.row for record in many.outages if record.start_s == start_s)
    for name, column in one.columns.items():
        assert (column[:, 0] == many.columns[name][:, row]).all(), name
    assert (one.bill_mjpy[0] == many.bill_mjpy[row]).all()


def test_shared_windows_and_an_own_one_are_merged() -> None:
    data = block(1800, outages=[{"start": "2026-08-04T06:10:05", "duration_h": 2}])
    data["ensemble"] = {"outages": {"duration_h": 3, "every_h": 5, "first_h": 24}}
    community = compile_community(load(data))
    starts = [window.start_s // HOUR for some in community.row_outages for window in some if window.start_s % HOUR == 0]
    assert starts == [24, 29, 34, 39, 44, 49, 54, 59, 64, 69]
    arrays = run_community(community)
    assert arrays.outage_seconds[0] == 5 * HOUR
    # 05:00 to 08:00 and 06:10:05 to 08:10:05 touch.
    assert arrays.outage_seconds[1] == 3 * HOUR + 605


def test_an_outage_to_the_very_end_is_written_down() -> None:
    data = block(3600, ensemble={"outages": {"duration_h": 10, "every_h": 62, "first_h": 0}})
    arrays = simulate(data)
    assert [(record.row, record.start_s, record.hours) for record in arrays.outages] == [(0, 0, 10), (1, 62 * HOUR, 10)]
    assert arrays.events[-1].to_mode == "GRID"


def test_the_same_starts_for_every_seed_and_others_for_another_scenario_seed() -> None:
    asked = {"seeds": 3, "outages": {"duration_h": 3, "draws": 5}}
    first = compile_community(load(block(1800, ensemble=asked))).row_outages
    assert first[:5] == first[5:10] == first[10:]
    assert compile_community(load({**block(1800, ensemble=asked), "seed": 6})).row_outages != first


@pytest.mark.parametrize(
    ("outages", "key"),
    [
        ({"duration_h": 3}, "draws_or_every"),
        ({"duration_h": 3, "draws": 2, "every_h": 3}, "draws_or_every"),
        ({"duration_h": 73, "draws": 2}, "ensemble_outage_too_long"),
        ({"duration_h": 3, "first_h": 70, "draws": 2}, "ensemble_outage_too_long"),
    ],
)
def test_what_cannot_be_is_refused(outages: dict[str, Any], key: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        load(block(1800, ensemble={"outages": outages}))
    assert [problem.key for problem in caught.value.problems] == [key]
