"""Cycles, ageing and efficiency of batteries against other people's answers.

Rainflow: package ``rainflow`` 3.2.0 (ASTM E1049-85). Ageing: the laws of Naumann et al. 2018 and 2020 worked out by
hand for constant conditions, and tabulated by simses 1.3.12 (``lfp_sony``). Efficiency: measured loss polynomials of a
Siemens Junelight (bslib, from HTW Berlin's tests) and the median of the CEC list of inverters.
"""

from pathlib import Path

import numpy as np
import pytest
import rainflow as peer
from hypothesis import given
from hypothesis import strategies as st

from ysc_sim.contracts import Moment, Placed, Rows, Site
from ysc_sim.devices import rainflow
from ysc_sim.devices.ageing import Ageing
from ysc_sim.devices.battery import BatteryFleet, BatterySpec
from ysc_sim.devices.conversion import Conversion
from ysc_sim.timeseries import TimeAxis

LEVELS = st.lists(
    st.one_of(st.floats(0, 1).map(lambda level: round(level, 9)), st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0])),
    min_size=3,
    max_size=80,
)
"""Of two values the peer counts nothing; they are a half cycle."""


def sorted_cycles(cycles: list[tuple[float, float]]) -> list[tuple[float, float]]:
    return sorted((round(depth, 12), count) for depth, count in cycles if depth > 1e-12)


@given(LEVELS)
def test_rainflow_is_that_of_the_standard(levels: list[float]) -> None:
    history = np.array(levels)
    theirs = [(depth, count) for depth, _, count, _, _ in peer.extract_cycles(history)]
    assert sorted_cycles(rainflow.count_cycles(history)) == sorted_cycles(theirs)


def test_rainflow_of_a_long_walk() -> None:
    rng = np.random.default_rng(5)
    history = np.clip(np.cumsum(rng.normal(0, 0.05, 20_000)) % 2.0, 0, 1)
    theirs = [(depth, count) for depth, _, count, _, _ in peer.extract_cycles(history)]
    assert sorted_cycles(rainflow.count_cycles(history)) == sorted_cycles(theirs)


def test_many_stores_at_once_are_each_counted_alone() -> None:
    """Also where rows are looked at after unlike numbers of steps, and settled in between."""
    histories = np.random.default_rng(6).random((400, 2, 5)).round(2)
    booked: dict[tuple[int, int], list[tuple[float, float]]] = {(r, j): [] for r in range(2) for j in range(5)}

    def closed(r: np.ndarray, j: np.ndarray, depth: np.ndarray, count: np.ndarray, hours: np.ndarray) -> None:
        assert (hours[depth > 0] > 0).all()
        for row, device, d, c in zip(r.tolist(), j.tolist(), depth.tolist(), count.tolist(), strict=True):
            booked[row, device].append((d, c))

    stack = rainflow.start_stack(histories[0])
    for step, levels in enumerate(histories[1:]):
        if step % 7 == 3:
            rainflow.settle(stack, np.array([step % 2]), closed)
        rainflow.move_to(stack, levels, np.ones((2, 5)), closed)
    both = np.arange(2)
    rainflow.settle(stack, both, closed)
    rest = rainflow.open_halves(stack, both)
    assert (rest.hours[rest.depth > 0] > 0).all()
    for (r, j), cycles in booked.items():
        mine = cycles + [(float(depth), 0.5) for depth in rest.depth[(rest.row == r) & (rest.device == j)] if depth > 0]
        theirs = [(depth, count) for depth, _, count, _, _ in peer.extract_cycles(histories[:, r, j])]
        assert sorted_cycles(mine) == sorted_cycles(theirs)


@given(LEVELS, st.integers(1, 5))
def test_hours_of_cycles_do_not_hang_on_when_they_are_looked_at(levels: list[float], every: int) -> None:
    """Depth, count and hours are those of a count that looks after each step."""
    counts = []
    for wait in (1, every):
        found: list[tuple[float, float, float]] = []

        def closed(
            r: np.ndarray,
            j: np.ndarray,
            depth: np.ndarray,
            count: np.ndarray,
            hours: np.ndarray,
            found: list[tuple[float, float, float]] = found,
        ) -> None:
            found += zip(depth.tolist(), count.tolist(), hours.tolist(), strict=True)

        stack, one = rainflow.start_stack(np.array([[levels[0]]])), np.zeros(1, dtype=np.int64)
        for step, level in enumerate(levels[1:]):
            rainflow.move_to(stack, np.array([[level]]), np.full((1, 1), 1.0 + step % 3), closed)
            if step % wait == 0:
                rainflow.settle(stack, one, closed)
        rainflow.settle(stack, one, closed)
        rest = rainflow.open_halves(stack, one)
        found += zip(rest.depth.tolist(), [0.5] * len(rest.depth), rest.hours.tolist(), strict=True)
        counts.append(sorted((d, c, h) for d, c, h in found if d > 0))
    assert counts[0] == counts[1]


def test_more_open_cycles_than_there_is_room_for() -> None:
    """Forty ranges that shrink: the oldest count as halves, as they do at the end."""
    levels = np.array([(-1.0) ** k * (40 - k) for k in range(40)])
    theirs = [(depth, count) for depth, _, count, _, _ in peer.extract_cycles(levels)]
    assert sorted_cycles(rainflow.count_cycles(levels)) == sorted_cycles(theirs)


def law(temperature_c: float = 25.0) -> Ageing:
    one = np.ones(1)
    return Ageing(temperature_c * one, one, one)


@pytest.mark.parametrize(
    ("soc", "temperature_c", "loss"), [(0.5, 25, 0.134), (0.8, 25, 0.152), (1.0, 25, 0.214), (0.5, 35, 0.168)]
)
def test_ten_years_of_standing(soc: float, temperature_c: float, loss: float) -> None:
    ageing = law(temperature_c)
    at = np.full((1, 1), soc)
    state = ageing.start(at, np.zeros(1), np.zeros(1))
    for _ in range(120):
        ageing.stand(state, at, at, np.full((1, 1), 8760 / 12))
    calendar, cycle = ageing.final_losses(state)
    assert calendar[0, 0] == pytest.approx(loss, abs=0.0006)
    assert cycle[0, 0] == 0.0


def test_three_thousand_cycles() -> None:
    """0.8 deep at 0.5/h: 7.9 % (simses); by hand (0.063·0.5 + 0.0971)·(4.0253·0.2³ + 1.0923)/100·√(3000·0.8)."""
    ageing = law()
    state = ageing.start(np.full((1, 1), 0.1), np.zeros(1), np.zeros(1))
    for k in range(6000):
        ageing.cycle(state, np.full((1, 1), 0.9 if k % 2 == 0 else 0.1), np.full((1, 1), 1.6))
    by_hand = (0.063 * 0.5 + 0.0971) * (4.0253 * 0.008 + 1.0923) / 100 * np.sqrt(2400)
    assert ageing.final_losses(state)[1][0, 0] == pytest.approx(by_hand, rel=1e-9)
    assert ageing.final_losses(state)[1][0, 0] * np.sqrt(3000 / 2400) == pytest.approx(0.079, abs=0.0005)


def test_a_moving_charge_ages_as_the_mean_of_the_squares() -> None:
    """From 0.2 to 0.9 in 5 h against a sum over 100,000 short rests."""
    ageing = law(30.0)
    state = ageing.start(np.full((1, 1), 0.2), np.zeros(1), np.zeros(1))
    ageing.stand(state, np.full((1, 1), 0.2), np.full((1, 1), 0.9), np.full((1, 1), 5.0))
    fine = 0.2 + 0.7 * (np.arange(100_000) + 0.5) / 100_000
    k = 1.2571e-5 * np.exp(-17126 / 8.3145 * (1 / 303.15 - 1 / 298.15)) * (2.8575 * (fine - 0.5) ** 3 + 0.60225)
    assert ageing.final_losses(state)[0][0, 0] == pytest.approx(np.sqrt((k**2).mean() * 18_000), rel=1e-8)


def fleet_of(*specs: BatterySpec, step_s: int = 1800, days: int = 400) -> BatteryFleet:
    m = len(specs)
    site = Site(TimeAxis.of("2026-08-03T00:00", step_s=step_s, days=days), Rows((1,)), 35.45, 139.64, Path())
    ids = tuple(f"b/{i}" for i in range(m))
    return BatteryFleet(Placed(specs, ids, np.arange(m), np.zeros((1, m), dtype=np.int64), np.ones((1, m)), site))


def test_a_year_in_the_fleet_by_hand() -> None:
    """A battery that makes one cycle of 0.8 a day at 0.4/h and stands at 0.1 or 0.9 for ten hours each, a year long:
    capacity as by hand within 1 % of the loss; cycles, wear and yen per kWh follow."""
    spec = BatterySpec(
        energy_kwh=10,
        power_kw=5,
        charge_efficiency=1,
        discharge_efficiency=1,
        ageing="lfp",
        soc_start=0.1,
        price_jpy_per_kwh=100_000,
    )
    fleet = fleet_of(spec, days=366)
    state, t = fleet.start(), 0.0
    moved = 0.0
    for _ in range(365):
        power = 0.4 * float(state["capacity_kwh"][0, 0])  # the charge is a share of what the battery can hold now
        moved += 2 * power
        for p, hours in ((-power, 2.0), (0.0, 10.0), (power, 2.0), (0.0, 10.0)):
            fleet.advance(state, np.full((1, 1), p), hours * 3600, Moment(t, 0))
            t += hours * 3600
            fleet.on_event(state, Moment(t, 0))
    lost = float(fleet.measure(state)["battery_capacity_loss_ratio"].value[0, 0])
    cycles = (0.063 * 0.4 + 0.0971) * (4.0253 * 0.2**3 + 1.0923) / 100 * np.sqrt(365 * 0.8)
    soc = np.concatenate([np.full(10, 0.1), np.full(10, 0.9), np.linspace(0.1, 0.9, 4)])
    standing = np.sqrt(((1.2571e-5 * (2.8575 * (soc - 0.5) ** 3 + 0.60225)) ** 2).mean() * 365 * 86_400)
    assert lost == pytest.approx(standing + cycles, rel=0.01)
    assert state["capacity_kwh"][0, 0] == pytest.approx(10 * (1 - lost), rel=1e-6)
    assert fleet.measure(state)["battery_equivalent_full_cycles"].value == pytest.approx(moved / 10, rel=1e-9)
    # Worn out at 70 %: the years until then, if all were like this one, are (0.3 / lost)² as both laws are roots.
    assert fleet.measure(state)["battery_wear_jpy"].value == pytest.approx(1e6 * (lost / 0.3) ** 2, rel=1e-9)


SHARES = np.array([0.05, 0.1, 0.2, 0.5, 1.0])


def efficiencies(losses: dict[str, float], cell: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    one = np.ones(len(SHARES))
    way = Conversion.of(
        one, no_load=losses["c"] * one, linear=losses["b"] * one, quadratic=losses["a"] * one, cell=cell * one
    )
    return way.stored_kw(SHARES) / SHARES, SHARES / way.taken_kw(SHARES)


def test_efficiency_over_power_of_a_measured_system() -> None:
    """Junelight 3.5 kW, loss in W: charging 107.9 p² + 34.9 p + 35.9, discharging 151.1 p² + 22.8 p + 37.4 (bslib)."""
    charge, _ = efficiencies({"a": 107.9 / 3500, "b": 34.9 / 3500, "c": 35.9 / 3500})
    _, discharge = efficiencies({"a": 151.1 / 3500, "b": 22.8 / 3500, "c": 37.4 / 3500})
    np.testing.assert_allclose(charge, [0.788, 0.887, 0.934, 0.955, 0.950], atol=0.005)
    np.testing.assert_allclose(discharge, [0.818, 0.895, 0.936, 0.953, 0.943], atol=0.003)


def test_the_generic_converter_is_in_the_middle_of_what_is_sold() -> None:
    """Median (10th percentile) of 1,017 inverters of 3 to 6 kW in the CEC list of pvlib."""
    design = fleet_of(BatterySpec(model="generic_home")).designs[0]
    losses = {"a": design.discharge_losses.quadratic, "b": 0.0, "c": design.discharge_losses.no_load}
    _, discharge = efficiencies(losses)
    np.testing.assert_allclose(discharge, [0.864, 0.923, 0.951, 0.964, 0.962], atol=0.01)


def test_round_trip_of_the_generic_home_battery() -> None:
    """HTW Berlin's inspection and Tesla's Japanese datasheet (0.90): at half of rated power 0.90, at 5 % far below."""
    fleet = fleet_of(BatterySpec(model="generic_home"))
    rated = float(fleet.power_kw[0])
    found = []
    for share in (0.05, 0.5):
        p = np.full((1, 1), share * rated)
        state = fleet.start()
        found.append(float((fleet.drain_kw(state, -p) / fleet.drain_kw(state, p) * -1)[0, 0]))
    assert found[1] == pytest.approx(0.90, abs=0.01)
    assert found[0] < 0.75
