"""The shipped feeder on which the algebra survives and the voltage does not."""

from __future__ import annotations

from pathlib import Path

import ysc_sim as ysc
from ysc_sim.scenario import load_scenario
from ysc_sim.study.optimism import optimism_gap

FILE = Path(__file__).parents[2] / "scenarios/end_of_line.yaml"


def test_the_algebra_survives_where_the_voltage_kills() -> None:
    gap = optimism_gap(load_scenario(FILE), outage_h=12.0, draws=12).summary()
    assert gap["algebra_h_mean"] == 12.0
    assert gap["engine_h_mean"] < 11.0
    assert gap["algebra_lives_ratio"] == 1.0
    assert round(gap["engine_lives_ratio"] * gap["outages"], 9) == gap["outages"] - gap["causes"]["voltage"]
    assert set(gap["causes"]) == {"voltage"}
    short = load_scenario(FILE, overrides={"network.service_m_of": "{workshop: 40}"})
    near = optimism_gap(short, outage_h=12.0, draws=12).summary()
    assert (near["gap_h_max"], near["causes"]) == (0.0, {})


def test_its_outage_ends_by_voltage_with_the_store_nearly_full() -> None:
    results = ysc.run(load_scenario(FILE))
    outage = results.frame("outages").iloc[0]
    assert (outage.cause, outage.device) == ("voltage", "shop/battery")
    assert 0 < outage.survived_h < outage.hours
    left = results.frame("community")["soc_kwh"].min()
    assert left > 400.0
    flow = results.frame("power_flow")
    lived = flow[(flow.building == "workshop") & flow.min_voltage_pu.notna()]
    assert lived.min_voltage_pu.min() < 0.792
