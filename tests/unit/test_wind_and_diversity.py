"""Wind turbines, small and large; a hundred dwellings are not one dwelling times a hundred."""

import warnings
from pathlib import Path

import numpy as np
import pytest

from ysc_sim.community.compile import compile_community
from ysc_sim.devices.wind import WindSpec, curve_of, large_turbines, power_curves
from ysc_sim.scenario import load_scenario


def test_small_turbines_give_what_their_sheets_say() -> None:
    """NREL SAM: Bergey Excel 10 gives 2.4 kW at 7 m/s and 12.4 at 14; nothing below 2 m/s and above the cut-out."""
    curve = curve_of("bergey_excel10")
    np.testing.assert_allclose(curve.power_kw(np.array([1.9, 7.0, 14.0, 80.0])), [0, 2.4, 12.4, 0])
    assert all(each.kw.min() >= 0 for each in power_curves().values())


def test_large_turbines_are_windpowerlibs() -> None:
    if not large_turbines():
        pytest.skip("windpowerlib is not installed")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from windpowerlib import WindTurbine, power_output

        turbine = WindTurbine(turbine_type="E-53/800", hub_height=60)
        speeds = np.linspace(0, 30, 301)
        theirs = power_output.power_curve(speeds, *turbine.power_curve.to_numpy().T) / 1000
    np.testing.assert_allclose(curve_of("E-53/800").power_kw(speeds), theirs, atol=1e-9)
    assert WindSpec(turbine="E-53/800").check() == []
    assert WindSpec(turbine="E-53").check()[0][0] == "turbine_unknown"
    with pytest.raises(KeyError):
        curve_of("E-53")


@pytest.mark.parametrize(("step_s", "lowest", "highest"), [(1800, 0.30, 0.50), (60, 0.14, 0.40)])
def test_a_hundred_dwellings_after_diversity(tmp_path: Path, step_s: int, lowest: float, highest: float) -> None:
    """Coincidence of 100 British dwellings in January: 0.30 in half-hours, 0.15 in minutes (CREST model of Richardson
    et al. 2010). Japanese houses of the standard share one timetable and heat by electricity: somewhat more.
    Diversified peak: 0.54 to 1.78 kW a home in London (Low Carbon London 2014), here below 2.7 kW.
    """
    path = tmp_path / "scenario.yaml"
    path.write_text(
        f"format: 1\ntime: {{start: 2026-01-12T00:00, days: 7, step_s: {step_s}}}\nwires: private_line\n"
        "buildings: [{id: home, profile: detached120_gas, count: 100}]\n",
        encoding="utf-8",
    )
    community = compile_community(load_scenario(path))
    power = -community.fleets[0].power_kw(0, community.site.axis.count)[:, 0]
    together = power.sum(axis=1).max()
    assert lowest < together / power.max(axis=0).sum() < highest
    assert together / 100 < 2.7


def test_minutes_of_a_load_keep_every_half_hour(tmp_path: Path) -> None:
    scenarios = []
    for step_s in (1800, 60):
        path = tmp_path / f"{step_s}.yaml"
        path.write_text(
            f"format: 1\ntime: {{start: 2026-01-12T00:00, days: 2, step_s: {step_s}}}\nwires: private_line\n"
            "buildings: [{id: home, profile: detached120_gas, count: 5}, {id: office, profile: office}]\n",
            encoding="utf-8",
        )
        community = compile_community(load_scenario(path))
        scenarios.append(-community.fleets[0].power_kw(0, community.site.axis.count)[:, 0])
    slots, minutes = scenarios
    np.testing.assert_allclose(minutes.reshape(96, 30, -1).mean(axis=1), slots, atol=1e-9)
    assert minutes.std() > slots.std()
