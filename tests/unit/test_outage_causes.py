"""One shipped scenario for each cause of death: it occurs, at the time that it should, with the device that failed."""

from pathlib import Path

import pytest

import ysc_sim as ysc

FOLDER = Path(__file__).parents[2] / "scenarios" / "outage_causes"
BATTERY, ENGINE = "shop/battery", "shop/genset"
EXPECTED = {
    "none": ("", 3.0),
    "energy": (BATTERY, None),
    "power": (BATTERY, 5 / 3600),
    "former": (BATTERY, 0.0),
    "voltage": (BATTERY, 1 / 3600),
    "frequency": (BATTERY, 0.0),
    "start": (ENGINE, 40 / 3600),
    "sync": (BATTERY, 3.0),
}
"""Cause → device, hours survived (None: in between)."""


def test_every_cause_has_a_scenario() -> None:
    assert sorted(path.stem for path in FOLDER.glob("*.yaml")) == sorted(EXPECTED)


@pytest.mark.parametrize("cause", EXPECTED)
def test_the_cause_occurs(cause: str) -> None:
    results = ysc.run(ysc.load_scenario(FOLDER / f"{cause}.yaml"))
    outages = results.frame("outages")
    assert len(outages) == 1
    device, survived_h = EXPECTED[cause]
    assert (outages.cause[0], outages.device[0]) == (cause, device)
    if survived_h is None:
        assert 0 < outages.survived_h[0] < 3
    else:
        assert outages.survived_h[0] == pytest.approx(survived_h, abs=1e-6)
    unserved = results.metrics["community"]["unserved_kwh"]
    assert (unserved == 0) == (cause == "none")
    assert results.metrics["community"]["energy_residual_kwh"] <= 1e-6
