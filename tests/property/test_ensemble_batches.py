"""Large ensembles in batches: whatever the batches, and whoever runs them, the numbers are those of one batch."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ysc_sim as ysc
from ysc_sim.community.compile import compile_community
from ysc_sim.contracts import OutageWindow
from ysc_sim.engine.branches import Trunk, parting_step
from ysc_sim.engine.ensemble import batches_of, join_parts, run_parts
from ysc_sim.engine.run import Run
from ysc_sim.engine.simulate import run, run_community
from ysc_sim.report import build_report
from ysc_sim.results import Results
from ysc_sim.scenario import Scenario, parse_scenario
from ysc_sim.study.ensemble import run_ensemble
from ysc_sim.study.rows import row_values
from ysc_sim.study.workers import Here, executor

TEXT = """
format: 1
time: {start: 2026-08-03T00:00, days: 3, step_s: STEP}
seed: 7
wires: private_line
tariff: {plan: tepco_hv_basic_2026, export_jpy_per_kwh: 8.5}
market: {kind: MARKET}
results: {record: RECORD}
buildings:
  - id: shop
    profile: shop
    load_kwh_per_year: 30000
    strategy: {kind: peak_cut, target_kw: 5}
    devices:
      - {kind: solar, rated_kw: 12}
      - {kind: battery, energy_kwh: 5, power_kw: 3, ageing: lfp, price_jpy_per_kwh: 100000}
  - id: clinic
    profile: clinic
    load_kwh_per_year: 20000
    strategy: {kind: reserve_curve, hours: 6, inner: {kind: self_consumption}}
    devices: [{kind: battery, energy_kwh: 4, power_kw: 4}, {kind: genset, rated_kw: 0.5}]
  - {id: home, count: 2, profile: detached120_gas, devices: [{kind: ev, discharge_kw: 6}]}
ensemble: ENSEMBLE
"""
DRAWS = "{outages: {duration_h: 7.3, draws: 11, first_h: 20}}"
SEEDS = "{seeds: 3, outages: {duration_h: 5, draws: 3}, vary: {buildings.shop.devices.battery.energy_kwh: [5, 40]}}"


def scenario(ensemble: str = DRAWS, market: str = "none", record: str = "none", step: int = 1800) -> Scenario:
    text = TEXT.replace("ENSEMBLE", ensemble).replace("MARKET", market).replace("RECORD", record)
    if "vary" in ensemble:  # the curve plans with one size
        text = text.replace(
            "{kind: reserve_curve, hours: 6, inner: {kind: self_consumption}}", "{kind: self_consumption}"
        )
    return parse_scenario(text.replace("STEP", str(step)), folder=".")


def numbers(results: Results) -> dict[str, Any]:
    return {name: results.metrics[name] for name in ("community", "buildings", "units")}


@pytest.mark.parametrize(
    ("ensemble", "market", "step"),
    [(DRAWS, "none", 1800), (SEEDS, "none", 3600), (DRAWS, "call_auction", 3600)],
)
def test_numbers_are_those_of_a_run_that_records_all(ensemble: str, market: str, step: int) -> None:
    whole, bare = (run(scenario(ensemble, market, record, step)) for record in ("step", "none"))
    assert numbers(bare) == numbers(whole)
    for name in ("outages", "events"):
        assert bare.frame(name).equals(whole.frame(name)), name
    rows, expected = bare.frame("rows"), row_values(whole)
    assert len(rows) == whole.manifest["rows"] == bare.manifest["rows"]
    for name, values in expected.items():
        if name in rows:
            assert (rows[name].to_numpy() == values).all(), name
    assert {"bill_jpy", "unserved_kwh_tier1", "saifi", "outage_start_h", "seed"} <= set(rows)
    assert row_values(bare)["bill_jpy"].tolist() == rows["bill_jpy"].tolist()


@pytest.mark.parametrize("most", [1, 4])
def test_batches_of_any_size_in_any_order(most: int) -> None:
    one = scenario()
    lists = batches_of(one, most)
    parts = [part for batches in lists for part in run_parts(one, batches)]
    assert sorted(number for part in parts for number in part.numbers) == list(range(11))
    shuffled = [parts[i] for i in np.random.default_rng(1).permutation(len(parts))]
    assert numbers(join_parts(one, shuffled, 0.0)) == numbers(run(one))


def test_several_processes_give_the_same_digest_and_more_seeds_than_draws_are_mixed() -> None:
    one = scenario(SEEDS, step=3600)
    alone = run_ensemble(one, Here(), 1)
    assert run(one).digest() == alone.digest()
    for count in (2, 4):
        with executor(count) as (several, _):
            assert run_ensemble(one, several, count).digest() == alone.digest()


def test_rows_that_part_from_a_trunk_have_the_bits_of_rows_that_do_not() -> None:
    one = scenario()
    community = compile_community(one)
    assert parting_step(community) == min(windows[0].start_s for windows in community.row_outages) // 1800
    plain, branched = (run_community(community, trunk=trunk, tallied=True) for trunk in (None, Trunk(one, 0)))
    for name, column in plain.columns.items():
        assert (column == branched.columns[name]).all(), name
    assert plain.course is not None
    assert branched.course is not None
    for name, value in vars(plain.course).items():
        assert np.array_equal(value, getattr(branched.course, name)), name
    assert (plain.bill_mjpy == branched.bill_mjpy).all()
    assert plain.outages == branched.outages
    whole = run_community(community)
    assert np.array_equal(np.add.reduce(whole.columns["import_kwh"], axis=0), plain.columns["import_kwh"][0])
    assert len(whole.course_of_outages().lengths_s(3)) > 0
    assert np.array_equal(whole.course_of_outages().lengths_s(3), plain.course.lengths_s(3))
    with_trunk = Run(community, tallied=True)
    assert Trunk(one, 0).lend(with_trunk) == with_trunk.now_s // 1800 == 32
    assert Trunk(one, 0).lend(Run(community)) == 0  # keeps its course of time, which the trunk does not


def test_what_cannot_share_a_trunk_does_not() -> None:
    assert parting_step(compile_community(scenario("{seeds: 2}"))) == 0
    assert parting_step(compile_community(scenario(SEEDS))) == 0
    assert parting_step(compile_community(scenario(market="call_auction"))) == 0
    community = compile_community(scenario())
    early = dataclasses.replace(community, row_outages=((OutageWindow(0, 60),), *community.row_outages[1:]))
    assert parting_step(early) == 0


def test_a_folder_without_course_of_time_is_whole_and_has_a_page(tmp_path: Path) -> None:
    found = run(scenario())
    assert found.arrays is None
    found.save(tmp_path / "out", report_html=build_report(found))
    read = ysc.load_results(tmp_path / "out")
    assert read.digest() == found.digest()
    assert read.frame("rows").equals(found.frame("rows"))
    assert len(read.frame("buildings")) == len(read.frame("community")) == 0
    page = (tmp_path / "out/report.html").read_text(encoding="utf-8")
    assert 'id="ensemble"' in page
    assert 'id="provenance"' in page
    with pytest.raises(ValueError, match="record"):
        run_ensemble(scenario(record="step"), Here(), 1)
