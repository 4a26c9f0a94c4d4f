"""Two futures with one past: until they part, no strategy may decide differently, unless it is marked to see them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ysc_sim as ysc
from ysc_sim.plugins import plugin, registry

DAYS, PART = 4, 3
NEEDS: dict[str, str] = {"peak_cut": ", target_kw: 30", "demand_controller": ", target_kw: 30"}
NEEDS |= {"demand_response": ", events: [{start: 2026-08-05T13:00, cut_kw: 5}]"}
NEEDS |= {"aircon_rotation": ", target_kw: 30", "mpc": ", horizon_slots: 48, replan_slots: 6"}
FLOWS = ["battery_charge_kwh", "battery_discharge_kwh", "ev_charge_kwh", "switched_off_kwh"]
BLIND = sorted(kind for kind in registry("strategies") if not getattr(plugin("strategies", kind), "sees_future", False))
FORECASTS = [kind for kind in ("persistence", "weekly", "like_days") if kind in registry("forecasts")]


def run(folder: Path, strategy: str, forecast: str, tail: int) -> ysc.Results:
    """Three days that are the same, and a fourth that ``tail`` draws."""
    same = np.random.default_rng(0).gamma(4.0, 10.0, PART * 48)
    rest = np.random.default_rng(tail).gamma(4.0, 10.0, (DAYS - PART) * 48)
    times = np.datetime64("2026-08-03T00:00") + np.arange(DAYS * 48) * np.timedelta64(30, "m")
    rows = [f"{time},{kw:.6f}" for time, kw in zip(times, np.concatenate([same, rest]), strict=True)]
    (folder / "load.csv").write_text("time,kW\n" + "\n".join(rows) + "\n", encoding="utf-8")
    takes = getattr(plugin("strategies", strategy), "takes", ())
    said = NEEDS.get(strategy, "") + (f", forecast: {{kind: {forecast}}}" if "forecast" in takes else "")
    (folder / "a.yaml").write_text(
        f"""
format: 1
time: {{start: 2026-08-03T00:00, days: {DAYS}}}
tariff: {{plan: kyuden_hv_industrial_tou_a}}
buildings:
  - id: works
    profile: load.csv
    strategy: {{kind: {strategy}{said}}}
    devices:
      - {{kind: battery, energy_kwh: 60, power_kw: 30}}
      - {{kind: ev, charge: departure}}
      - {{kind: switchable_load, profile: office, load_kwh_per_year: 20000}}
""",
        encoding="utf-8",
    )
    return ysc.run(ysc.load_scenario(folder / "a.yaml"))


def decisions(results: ysc.Results, days: int) -> Any:
    return results.frame("buildings")[FLOWS].to_numpy()[: days * 48]


@pytest.mark.parametrize("strategy", BLIND)
@pytest.mark.parametrize("forecast", FORECASTS)
def test_future_changes_nothing_before_it_comes(strategy: str, forecast: str, tmp_path: Path) -> None:
    if forecast != FORECASTS[0] and "forecast" not in getattr(plugin("strategies", strategy), "takes", ()):
        pytest.skip("needs no forecast")
    one, other = (run(tmp_path, strategy, forecast, tail) for tail in (1, 2))
    assert (decisions(one, PART) == decisions(other, PART)).all()
    load = [results.frame("buildings")["load_kwh"].to_numpy() for results in (one, other)]
    assert (load[0] != load[1]).any()


def test_perfect_foresight_is_marked_and_does_see(tmp_path: Path) -> None:
    assert plugin("strategies", "optimal").sees_future  # type: ignore[attr-defined]
    one, other = (run(tmp_path, "optimal", "weekly", tail) for tail in (1, 2))
    assert (decisions(one, PART) != decisions(other, PART)).any()
