"""What a solve takes: shapes that mean the same, rows that repeat, names, states and controls that cannot be."""

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from ysc_sim.powerflow import ConstantPowerFactor, Network, PVBus, VoltVar, VoltWatt, series_admittance, solve
from ysc_sim.powerflow.arguments import (
    check_tolerance,
    common_rows,
    controls_of,
    patterns,
    repeated,
    rows_of,
    source_rows,
    switch_rows,
    wanted,
)
from ysc_sim.powerflow.blocks import aligned
from ysc_sim.powerflow.elimination import Elimination
from ysc_sim.powerflow.solution import ADVICE, RESULTS, Reason, Solution

FACTOR, VAR, WATT = ConstantPowerFactor(power_factor=0.9), VoltVar(rated_kva=5.0), VoltWatt(rated_kw=5.0)
HELD = PVBus(v_pu=1.0)


def like(**fields: Any) -> Network:
    """Only what an argument is looked up in."""
    return cast(Network, SimpleNamespace(**fields))


def street() -> Network:
    y = series_admittance(np.array([0.016 + 0.01j]), v_kv=0.4, base_kva=1000.0)
    return Network(
        v_nominal_kv=np.array([0.4, 0.4]),
        leg_bus=np.array([[0, 1]]),
        leg_y_pu=y,
        source_bus=np.array([0]),
        source_v_pu=np.array([[np.exp(0.3j)]]),
    )


def test_powers_of_every_shape_become_rows_of_ports() -> None:
    three = like(ports=range(6), conductors=3, bus_count=2)
    one = like(ports=range(2), conductors=1, bus_count=2)
    assert rows_of(three, 7, "p").tolist() == [[7.0] * 6]
    assert rows_of(three, np.arange(6).reshape(2, 3), "p").tolist() == [[0, 1, 2, 3, 4, 5]]
    assert rows_of(three, np.arange(12).reshape(2, 2, 3), "p").shape == (2, 6)
    assert rows_of(three, np.arange(6), "p").shape == (1, 6)
    assert rows_of(one, [[1, 2], [3, 4]], "p").tolist() == [[1.0, 2.0], [3.0, 4.0]]
    for wrong in ([1.0], np.ones((1, 1, 2)), np.ones((2, 3))):
        with pytest.raises(ValueError, match="p_kw has shape"):
            rows_of(one, wrong, "p_kw")
    with pytest.raises(ValueError, match="6 ports"):
        rows_of(three, np.ones((3, 2)), "p_kw")


def test_sources_keep_their_angle_whatever_their_magnitude() -> None:
    net = street()
    assert source_rows(net, None)[0, 0, 0] == pytest.approx(np.exp(0.3j))
    for asked in (0.95, [0.95], [[0.95]]):
        found = source_rows(net, asked)
        assert found.shape == (1, 1, 1)
        assert found[0, 0, 0] == pytest.approx(0.95 * np.exp(0.3j))
    rows = source_rows(net, [[1.0], [0.0], [-0.1], [np.nan]])[:, 0, 0]
    assert rows[1] == 0
    assert np.isnan(rows).tolist() == [False, False, True, True]
    two = like(source_bus=np.array([0, 1]), source_v_pu=np.array([[1.0, 1j], [1.0, np.nan]]))
    assert np.isnan(source_rows(two, [1.0, 2.0])).tolist() == [[[False, False], [False, True]]]
    for wrong in (1.0, [1.0], np.ones((1, 1, 2))):
        with pytest.raises(ValueError, match="2 sources"):
            source_rows(two, wrong)


def test_states_of_switches_are_bools_of_every_switch() -> None:
    net = like(switch_closed=np.array([True, False]))
    assert switch_rows(net, None).tolist() == [[True, False]]
    assert switch_rows(net, [[True, True], [False, True]]).shape == (2, 2)
    for wrong in ([1, 0], [True], np.ones((1, 1, 2), dtype=bool)):
        with pytest.raises(ValueError, match="2 switches"):
            switch_rows(net, wrong)


def test_one_row_or_as_many() -> None:
    assert common_rows(a=1, b=4, c=4) == 4
    assert common_rows(a=1, b=1) == 1
    assert common_rows(a=0, b=1) == 0
    for wrong in ({"a": 2, "b": 3}, {"a": 0, "b": 2}):
        with pytest.raises(ValueError, match="rows"):
            common_rows(**wrong)
    assert repeated(np.array([[1.0, 2.0]]), 3).tolist() == [[1.0, 2.0]] * 3


def test_rows_are_grouped_by_what_is_closed() -> None:
    states = np.array([[True, False], [False, False], [True, False]])
    found = {tuple(kind.tolist()): rows for kind, rows in patterns(states, 3)}
    assert {kind: np.arange(3)[rows].tolist() for kind, rows in found.items()} == {
        (False, False): [1],
        (True, False): [0, 2],
    }
    ((kind, rows),) = patterns(states[:1], 9)
    assert (kind.tolist(), np.arange(9)[rows].tolist()) == ([True, False], list(range(9)))
    ((_, rows),) = patterns(np.ones((5, 0), dtype=bool), 5)
    assert np.arange(5)[rows].tolist() == list(range(5))


def test_names_of_results_and_tolerances() -> None:
    assert wanted(None, RESULTS) == RESULTS
    assert wanted("v_pu", RESULTS) == ("v_pu",)
    assert wanted(iter(["loss_kw", "v_pu"]), RESULTS) == ("loss_kw", "v_pu")
    assert wanted((), RESULTS) == ()
    with pytest.raises(ValueError, match=r"\['a', 'b'\]"):
        wanted(["b", "v_pu", "a"], RESULTS)
    for wrong in (0.0, -1e-8, np.nan):
        with pytest.raises(ValueError, match="tolerance_pu"):
            check_tolerance(wrong)
    check_tolerance(1e-300)


def test_controls_of_a_port_stand_in_for_those_of_the_network() -> None:
    net = like(ports=range(3), port_names=("a", "b", "c"), controls={2: FACTOR, 0: VAR})
    assert controls_of(net, None) == {0: (VAR,), 2: (FACTOR,)}
    assert list(controls_of(net, None)) == [0, 2]
    assert controls_of(net, {"b": [FACTOR, WATT], 0: ()}) == {1: (FACTOR, WATT), 2: (FACTOR,)}
    assert controls_of(net, {0: HELD})[0] == (HELD,)
    assert controls_of(net, {"c": VAR})[2] == (VAR,)
    for key, given, message in (
        ("d", VAR, "names port 'd'"),
        (3, VAR, "port 3"),
        (-1, VAR, "port -1"),
        (0, [VAR, VAR], "one control of a kind"),
        (0, [HELD, VAR], "stands alone"),
        (0, ["droop"], "must be a control"),
    ):
        with pytest.raises(ValueError, match=message):
            controls_of(net, {key: given})  # type: ignore[dict-item]


def test_a_result_is_there_or_says_how_to_get_it() -> None:
    kept = Solution(2, {"v_min_pu": ((), float), "v_pu": ((3,), complex)})
    assert kept.kept == ("v_min_pu", "v_pu")
    assert (kept.v_pu.shape, kept.v_pu.dtype) == ((2, 3), np.complex128)
    assert [reason.name for reason in kept.reason] == ["NOT_CONVERGED"] * 2
    assert not kept.ok.any()
    assert np.isnan(kept.mismatch_pu).all()
    with pytest.raises(AttributeError, match=r'want=\("loss_kw"'):
        _ = kept.loss_kw
    with pytest.raises(AttributeError, match="nonsense"):
        _ = kept.nonsense
    assert {reason.advice for reason in Reason} == set(ADVICE.values())


def test_blocks_begin_on_a_cache_line() -> None:
    kept = [aligned((size, 3), np.float32) for size in range(1, 40)]
    assert {block.__array_interface__["data"][0] % 64 for block in kept} == {0}
    assert [block.shape for block in kept] == [(size, 3) for size in range(1, 40)]


def test_elimination_of_entries_on_one_side_of_the_diagonal() -> None:
    """As beside a phase shifter; duplicates add up. Against NumPy's dense solution."""
    rng = np.random.default_rng(7)
    n = 12
    rows, columns = rng.integers(0, n, 30), rng.integers(0, n, 30)
    rows, columns = np.concatenate([rows, np.arange(n)]), np.concatenate([columns, np.arange(n)])
    values = rng.normal(size=len(rows)) + 1j * rng.normal(size=len(rows)) + 9.0 * (rows == columns)
    dense = np.zeros((n, n), dtype=complex)
    np.add.at(dense, (rows, columns), values)
    assert ((dense != 0) & (dense.T == 0)).any()
    right = rng.normal(size=(n, 3)) + 0j
    factors = Elimination(n, rows, columns, values)
    assert factors.solve(right) == pytest.approx(np.linalg.solve(dense, right), abs=1e-12)
    assert factors.multiply(right) == pytest.approx(dense @ right, abs=1e-12)


def test_two_buses_by_the_quadratic_formula() -> None:
    """V² solves V⁴ + (2·(rP + xQ) − E²)·V² + (r² + x²)·(P² + Q²) = 0, all in per unit of 1,000 kVA and 0.4 kV."""
    net, r, x = street(), 0.016 / 0.16, 0.01 / 0.16
    p_kw, q_kvar = np.array([0.0, 90.0, -300.0, 500.0]), np.array([10.0, 30.0, 100.0, -200.0])
    found = solve(net, np.stack([0 * p_kw, -p_kw], axis=1), np.stack([0 * p_kw, -q_kvar], axis=1))
    p, q = p_kw / 1000, q_kvar / 1000
    b = 2 * (r * p + x * q) - 1
    v = np.sqrt((-b + np.sqrt(b**2 - 4 * (r**2 + x**2) * (p**2 + q**2))) / 2)
    assert found.ok.all()
    assert np.abs(found.v_pu[:, 1]) == pytest.approx(v, abs=1e-9)
    current = np.hypot(p, q) / v
    assert found.loss_kw == pytest.approx(1000 * r * current**2, abs=1e-5)
    assert found.slack_kw[:, 0] == pytest.approx(p_kw + 1000 * r * current**2, abs=1e-5)
    assert found.slack_kvar[:, 0] == pytest.approx(q_kvar + 1000 * x * current**2, abs=1e-5)
    assert found.v_min_pu == pytest.approx(np.minimum(v, 1.0), abs=1e-9)
    assert found.v_max_pu == pytest.approx(np.maximum(v, 1.0), abs=1e-9)
    assert found.p_kw[:, 1] == pytest.approx(-p_kw)
    assert np.angle(found.v_pu[:, 0]) == pytest.approx(0.3)
