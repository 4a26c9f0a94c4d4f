"""A plain solar inverter in an outage: 1.5 kW at one socket, sun only, for its own building's critical demand."""

from pathlib import Path

import numpy as np
import pytest

import ysc_sim as ysc

SCENARIO = """
format: 1
time: {{start: 2026-05-07T00:00, days: 1, step_s: 1800}}
wires: {wires}
buildings:
  - id: a
    profile: small_factory
    load_kwh_per_year: 60000
    tier_shares: [0.4, 0.2, 0.2, 0.2]
    devices: [{{kind: solar, rated_kw: 5, outlet_kw: {outlet_kw}}}]
  - id: b
    profile: detached120_gas
outages: [{{start: 2026-05-07T00:00, duration_h: 24}}]
"""


@pytest.mark.parametrize("wires", ["private_line", "utility"])
def test_the_outlet_by_hand(tmp_path: Path, wires: str) -> None:
    runs = {}
    for outlet_kw in (0.0, 1.5):
        path = tmp_path / f"{outlet_kw}.yaml"
        path.write_text(SCENARIO.format(wires=wires, outlet_kw=outlet_kw), encoding="utf-8")
        runs[outlet_kw] = ysc.run(ysc.load_scenario(path))
    frames = {key: result.frame("buildings").set_index(["building", "time"]) for key, result in runs.items()}
    without, with_it = frames[0.0].loc["a"], frames[1.5].loc["a"]
    assert without["pv_kwh"].sum() == 0
    sun = without["curtailed_kwh"]
    expected = np.minimum(np.minimum(sun, 0.75), 0.4 * without["load_kwh"])
    np.testing.assert_allclose(with_it["pv_kwh"], expected, atol=1e-9)
    np.testing.assert_allclose(with_it["unserved_kwh_tier1"], without["unserved_kwh_tier1"] - expected, atol=1e-9)
    np.testing.assert_allclose(with_it["load_kwh"], without["load_kwh"], atol=1e-9)
    np.testing.assert_allclose(with_it["curtailed_kwh"], sun - expected, atol=1e-9)
    for name in ("unserved_kwh_tier2", "unserved_kwh_tier4"):
        np.testing.assert_allclose(with_it[name], without[name])
    neighbour = frames[1.5].loc["b"]
    np.testing.assert_allclose(neighbour["unserved_kwh"], neighbour["load_kwh"])
    assert (runs[1.5].metrics["community"]["energy_residual_kwh"]) < 1e-9
    assert expected.max() == pytest.approx(0.75), "the outlet is the limit"
    assert ((expected > 0) & (expected < 0.75)).any(), "or demand, or the sun"
    assert (expected == 0).any(), "no sun, no power"
