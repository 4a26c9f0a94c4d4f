"""Every shipped scenario against the metrics beside it.

``scenarios/NAME.expected.json`` holds the whole of metrics.json. Numbers of the engine are compared tightly (they are
equal bits on one machine; another processor's ``exp`` may move the last ones in the
profiles); residuals by their bound.
After a change that is meant to move them: ``python tests/golden/test_golden.py``.
"""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

import ysc_sim as ysc

SCENARIOS = Path(__file__).parents[2] / "scenarios"
NAMES = sorted(path.stem for path in SCENARIOS.glob("*.yaml"))
SHORTER: dict[str, dict[str, Any]] = {
    "peak_cut_smes": {"time.days": 5},
    "factory_150kw": {"time.days": 61},
    "factory_150kw_neighbours": {"time.days": 14},
    "factory_150kw_five_contracts": {"time.days": 14},
    "factory_150kw_never_pays": {"time.days": 14},
}
"""What is run here of scenarios that take minutes; docs/peak-cut.md and docs/what-to-buy.md tell of the whole."""
RESIDUALS = {"energy_residual_kwh": 1e-9, "ledger_residual_mwh": 0.0, "money_residual_jpy": 0.0}
MONEY = ("_jpy", "gini_of_savings")
POWER_FLOW = ("_voltage_pu", "_loading_percent", "loss_kwh")
"""Solved to a tolerance, by whatever BLAS there is."""


def expected_file(name: str) -> Path:
    return SCENARIOS / f"{name}.expected.json"


def compare_numbers(found: dict[str, float], expected: dict[str, float], where: str) -> None:
    assert found.keys() == expected.keys(), where
    for metric, value in expected.items():
        if metric in RESIDUALS:
            continue
        # A milliwatt-hour or a thousandth of a yen may fall on the other side of a rounding.
        tolerance = 1e-6 if metric.endswith((*MONEY, *POWER_FLOW)) else 1e-9
        assert found[metric] == pytest.approx(value, rel=tolerance, abs=2e-3 if metric.endswith(MONEY) else 1e-6), (
            f"{where}: {metric}"
        )


def run(name: str) -> ysc.Results:
    """A shipped scenario, or the beginning of it."""
    return ysc.run(ysc.load_scenario(SCENARIOS / f"{name}.yaml", overrides=SHORTER.get(name, {})))


@pytest.mark.parametrize("name", NAMES)
def test_scenario_gives_what_it_gave(name: str) -> None:
    expected = json.loads(expected_file(name).read_text(encoding="utf-8"))
    found: dict[str, Any] = run(name).metrics
    assert found["units"] == expected["units"]
    compare_numbers(found["community"], expected["community"], "community")
    assert found["buildings"].keys() == expected["buildings"].keys()
    for building, numbers in expected["buildings"].items():
        compare_numbers(found["buildings"][building], numbers, building)
    community = found["community"]
    flows = ("load_kwh", "pv_kwh", "wind_kwh", "battery_charge_kwh", "battery_discharge_kwh")
    throughput = sum(community.get(flow, 0.0) for flow in flows)
    assert community["energy_residual_kwh"] <= RESIDUALS["energy_residual_kwh"] * throughput
    assert community["ledger_residual_mwh"] == 0
    assert community["money_residual_jpy"] == 0


def rewrite() -> None:
    """Store what is found now as what is expected."""
    for name in sys.argv[1:] or NAMES:
        metrics = run(name).metrics
        text = json.dumps(metrics, indent=1, sort_keys=True, ensure_ascii=False)
        expected_file(name).write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    rewrite()
