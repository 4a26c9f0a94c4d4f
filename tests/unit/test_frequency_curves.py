"""Plants of an island that give less along frequency-watt curves of their own, while its stores are full."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ysc_sim as ysc
from ysc_sim.devices.wind import WindSpec, large_turbines
from ysc_sim.engine.frequency_watt import shares_along_curves

SCENARIO = """
format: 1
time: {start: 2026-05-05T00:00, days: 1, step_s: 1800}
wires: private_line
site: {weather: synthetic, weather_variability: 0}
buildings:
  - id: early
    profile: detached120_gas
    devices: [{kind: solar, rated_kw: 20, tilt_deg: 20EARLY}, {kind: battery, energy_kwh: 20, power_kw: 10}]
  - id: late
    profile: detached120_gas
    devices: [{kind: solar, rated_kw: 20, tilt_deg: 20LATE}]
outages: [{start: 2026-05-05T09:30, duration_h: 4}]
"""


def noon(tmp_path: Path, early: str = "", late: str = "", more: str = "") -> dict[str, dict[str, float]]:
    path = tmp_path / "scenario.yaml"
    path.write_text(SCENARIO.replace("EARLY", early).replace("LATE", late) + more, encoding="utf-8")
    results = ysc.run(ysc.load_scenario(path))
    assert results.metrics["community"]["energy_residual_kwh"] < 1e-9
    assert results.metrics["community"]["unserved_kwh"] == 0
    at = results.frame("buildings").set_index(["time", "building"]).loc["2026-05-05T12:00:00+09:00"]
    return {name: at.loc[name].to_dict() for name in ("early", "late")}


def test_without_curves_of_their_own_all_give_up_alike(tmp_path: Path) -> None:
    alike = noon(tmp_path)
    assert alike["early"]["pv_kwh"] == alike["late"]["pv_kwh"]
    assert alike["early"]["curtailed_kwh"] > 4


def test_the_same_curve_for_all_is_in_proportion(tmp_path: Path) -> None:
    alike = noon(tmp_path)
    curve = ", frequency_droop_pu: 0.01"
    own = noon(tmp_path, curve, curve)
    for name in ("early", "late"):
        assert own[name]["pv_kwh"] == pytest.approx(alike[name]["pv_kwh"], rel=1e-12)


def test_who_begins_earlier_and_falls_faster_gives_up_more(tmp_path: Path) -> None:
    """By hand: with 𝑊 kW each and the load 𝐿 < 𝑊, a fall over 0.2 Hz from 0.036 Hz on is over before the other, from
    0.5 Hz on, begins: the early one gives nothing, the late one the load.
    """
    alike = noon(tmp_path)
    taken = alike["early"]["pv_kwh"] + alike["late"]["pv_kwh"]
    own = noon(tmp_path, ", frequency_droop_pu: 0.004", ", frequency_deadband_hz: 0.5, frequency_droop_pu: 0.02")
    assert own["early"]["pv_kwh"] == pytest.approx(0.0, abs=1e-9)
    assert own["late"]["pv_kwh"] == pytest.approx(taken, rel=1e-9)


def test_a_curve_beside_that_of_the_island(tmp_path: Path) -> None:
    """Both begin at 0.036 Hz; own: 0.5 Hz to nothing, the island's: 1 Hz. With shares a and b of the same 𝑊 each,
    1 − a = 2·(1 − b) and a + b = taken/𝑊, as long as a > 0.
    """
    rules = "island: {frequency: {sun_droop_pu: 0.02, inertia_s: 5, sun_lag_s: 0.2, droop_pu: 0.01, rise_hz: 55}}\n"
    alike = noon(tmp_path, more=rules)
    could = alike["early"]["pv_kwh"] + alike["early"]["curtailed_kwh"]
    taken = alike["early"]["pv_kwh"] + alike["late"]["pv_kwh"]
    own = noon(tmp_path, ", frequency_droop_pu: 0.01", more=rules)
    b = (1 + taken / could) / 3
    a = 1 - 2 * (1 - b)
    expected = (a, b) if a > 0 else (0.0, taken / could)
    assert own["early"]["pv_kwh"] == pytest.approx(could * expected[0], abs=1e-9)
    assert own["late"]["pv_kwh"] == pytest.approx(could * expected[1], rel=1e-9)


@given(
    power=st.lists(st.floats(0, 100), min_size=1, max_size=6),
    begin=st.lists(st.floats(0, 2), min_size=6, max_size=6),
    width=st.lists(st.floats(0.01, 5), min_size=6, max_size=6),
    part=st.floats(0, 1),
    most=st.floats(0.1, 3),
)
def test_what_is_wanted_is_given_at_one_frequency(
    power: list[float], begin: list[float], width: list[float], part: float, most: float
) -> None:
    """Against halving: shares of the curves at the frequency, or beyond the largest rise in proportion."""
    kw, n = np.array(power), len(power)
    curves = np.array([[b, b + w] for b, w in zip(begin[:n], width[:n], strict=True)])
    wanted = np.array(kw.sum() * part)
    share, rise = shares_along_curves(kw, curves, wanted, most)
    assert ((share >= 0) & (share <= 1)).all()
    assert (kw * share).sum() == pytest.approx(float(wanted), rel=1e-12, abs=1e-12)

    def along(hz: float) -> np.ndarray:
        return np.clip((curves[:, 1] - hz) / (curves[:, 1] - curves[:, 0]), 0, 1)

    low, high = 0.0, most
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if (kw * along(middle)).sum() > wanted else (low, middle)
    given_kw = kw * along(high)
    if given_kw.sum() > wanted:
        given_kw *= wanted / given_kw.sum()
    np.testing.assert_allclose(kw * share, given_kw, atol=1e-9 * max(float(kw.sum()), 1.0))
    assert 0 <= rise <= most


def test_the_size_of_a_large_turbine_is_known() -> None:
    """Its curve is not among the shipped ones."""
    names = [name for name in large_turbines() if name == "E-53/800"]
    if not names:
        pytest.skip("windpowerlib is not installed")
    assert WindSpec(turbine=names[0], count=2).rated_kw == pytest.approx(1620.0, abs=40)
