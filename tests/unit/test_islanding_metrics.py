"""Numbers of islands against sums done by hand."""

import json
from pathlib import Path
from typing import Any

import pytest

import ysc_sim as ysc


def run(tmp_path: Path, devices: list[dict[str, Any]], island: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Two buildings of 4 kW in four equal tiers, the devices in the first; no grid from noon for two hours."""
    lines = [f"2026-08-03 {slot // 2:02d}:{slot % 2 * 30:02d},4.0" for slot in range(48)]
    (tmp_path / "flat.csv").write_text("\n".join(["time,kw", *lines]) + "\n", encoding="utf-8")
    data = {
        "format": 1,
        "time": {"start": "2026-08-03T00:00", "days": 1, "step_s": 1800},
        "wires": "private_line",
        "island": {"shed_below_soc": [0, 0, 0, 0], **island},
        "buildings": [
            {"id": name, "profile": "flat.csv", "tier_shares": [0.25] * 4, "strategy": {"kind": "none"},
             "devices": devices if name == "a" else []}
            for name in "ab"
        ],
        "outages": [{"start": "2026-08-03T12:00", "duration_h": 2}],
        **more,
    }  # fmt: skip
    path = tmp_path / "scenario.yaml"
    path.write_text(json.dumps(data), encoding="utf-8")
    metrics: dict[str, Any] = ysc.run(ysc.load_scenario(path)).metrics
    return metrics


def test_a_battery_that_lasts_half_the_outage(tmp_path: Path) -> None:
    # 5 kW for 8 kW of demand: tiers 1 and 2 and half of tier 3; 5 kWh last an hour.
    battery = {"kind": "battery", "energy_kwh": 5, "power_kw": 5, "soc_start": 1.0, "discharge_efficiency": 1.0}
    found = run(tmp_path, [battery], {"wait_s": 300, "ramp_s": 300})
    community = found["community"]
    ratios = [community[f"served_outage_ratio_tier{tier}"] for tier in (1, 2, 3, 4)]
    assert ratios == pytest.approx([0.5, 0.5, 0.25, 0.0])
    assert [found["buildings"]["b"][f"served_outage_ratio_tier{tier}"] for tier in (1, 2, 3, 4)] == ratios
    assert community["lolp"] == pytest.approx(1 / 24)
    assert community["asai"] == pytest.approx(23 / 24)
    assert community["lost_service_h"] == pytest.approx(3 / 8 + 1)
    assert community["autonomy_ratio"] == pytest.approx(0.5)
    assert community["mean_time_to_failure_h"] == pytest.approx(1.0)
    assert community["recovery_h"] == pytest.approx(600 / 3600)
    assert community["shed_fairness"] == pytest.approx(1.0)


def test_fairness_of_a_fixed_order_and_of_turns(tmp_path: Path) -> None:
    battery = {"kind": "battery", "energy_kwh": 100, "power_kw": 7, "soc_start": 1.0}

    def fairness(rule: str) -> float:
        found = run(tmp_path, [battery], {"shedding": {"inside_tier": rule, "turn_s": 600}})
        return float(found["community"]["shed_fairness"])

    # Of tier 4 one building of two is served: shares 1 and 3/4, or 7/8 each.
    assert fairness("fixed") == pytest.approx(1.75**2 / (2 * (1 + 0.75**2)))
    assert fairness("turns") == pytest.approx(1.0)


def test_frequencies_and_what_is_absent(tmp_path: Path) -> None:
    battery = {"kind": "battery", "energy_kwh": 100, "power_kw": 20, "soc_start": 1.0}
    found = run(tmp_path, [battery], {"frequency": {"load_damping_pu": 0.0, "droop_pu": 0.04}})["community"]
    # 8 kW on 20 kW at a droop of 4 %.
    assert found["min_frequency_hz"] == pytest.approx(50 - 0.04 * 50 * 8 / 20)
    assert "mean_time_to_failure_h" not in found
    plain = run(tmp_path, [battery], {}, outages=[])["community"]
    assert not {"lolp", "asai", "autonomy_ratio", "served_outage_ratio_tier1"} & plain.keys()
