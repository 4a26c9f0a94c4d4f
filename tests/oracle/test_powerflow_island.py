"""Droop islands against a Newton written out here: every bus voltage and the frequency as unknowns, finite
differences for the Jacobian, nothing shared with the package."""

from importlib.util import find_spec

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ysc_sim.powerflow import Forming, Network, PVBus, Reason, VoltVar, series_admittance, solve_island

KERNELS = ["dense", "compiled"] if find_spec("numba") else ["dense"]


def network(seed, buses, mesh=0, shares=False, **more):
    rng = np.random.default_rng(seed)
    up = np.array([rng.integers(max(0, k - 4), k) for k in range(1, buses)])
    ends = np.stack([up, np.arange(1, buses)], axis=1)
    loops = rng.integers(0, buses, (mesh, 2))
    ends = np.concatenate([ends, loops[loops[:, 0] != loops[:, 1]]])
    z = rng.uniform(0.004, 0.02, len(ends)) + 1j * rng.uniform(0.002, 0.02, len(ends))
    part = {"share_current_p": np.full(buses, 0.3), "share_impedance_q": np.full(buses, 0.4)} if shares else {}
    return Network(
        v_nominal_kv=np.full(buses, 0.4),
        leg_bus=ends,
        leg_y_pu=series_admittance(z, v_kv=0.4, base_kva=1000.0, shunt_s=2e-5j),
        source_bus=np.array([0]),  # an ext_grid, to be ignored
        source_v_pu=np.array([[1.1 + 0j]]),
        **{**part, **more},
    )


def written_out(net, p_kw, q_kvar, forming, row=0, shares=False):
    """(bus voltages, frequency in Hz) of one row of one connected island."""
    n = net.bus_count
    y = np.zeros((n, n), dtype=complex)
    for (a, b), leg in zip(net.leg_bus, net.leg_y_pu, strict=True):
        y[np.ix_([a, b], [a, b])] += leg
    get = {name: getattr(forming, name)[min(row, len(getattr(forming, name)) - 1)] for name in (
        "rated_kva", "p_ref_kw", "q_ref_kvar", "v_ref_pu", "p_droop_pu", "q_droop_pu")}  # fmt: skip
    bus = forming.bus
    reference = bus[0]

    def residual(x):
        v = x[:n] + 1j * x[n : 2 * n]
        magnitude, f = np.abs(v), x[2 * n]
        p = p_kw * ((0.7 + 0.3 * magnitude) if shares else 1.0)
        q = q_kvar * ((0.6 + 0.4 * magnitude**2) if shares else 1.0)
        s = v * (y @ v).conj() - (p + 1j * q) / net.base_kva
        feed = np.zeros(n, dtype=complex)
        for k, at in enumerate(bus):
            feed[at] += (get["p_ref_kw"][k] + get["rated_kva"][k] * (1 - f) / get["p_droop_pu"][k]) / net.base_kva
            more = get["rated_kva"][k] * (get["v_ref_pu"][k] - magnitude[at]) / get["q_droop_pu"][k]
            feed[at] += 1j * (get["q_ref_kvar"][k] + more) / net.base_kva
        return np.concatenate([(s - feed).real, (s - feed).imag, [v[reference].imag]])

    x = np.concatenate([np.ones(n), np.zeros(n), [1.0]])
    for _ in range(40):
        f = residual(x)
        jacobian = np.empty((len(x), len(x)))
        for k in range(len(x)):
            step = np.zeros(len(x))
            step[k] = 1e-6
            jacobian[:, k] = (residual(x + step) - residual(x - step)) / 2e-6
        move = np.linalg.solve(jacobian, f)
        x = x - move
        if np.abs(move).max() < 1e-12:
            break
    assert np.abs(residual(x)).max() < 1e-10
    return x[:n] + 1j * x[n : 2 * n], net.frequency_hz * x[2 * n]


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 10**6),
    st.integers(2, 15),
    st.integers(1, 4),
    st.sampled_from([0, 2]),
    st.booleans(),
    st.sampled_from(KERNELS),
)
def test_random_islands(seed, buses, formers, mesh, shares, kernel):
    rng = np.random.default_rng(seed)
    net = network(seed, buses, mesh, shares)
    forming = Forming(
        bus=rng.integers(0, buses, formers),  # several may stand at one bus
        rated_kva=rng.uniform(20, 200, formers),
        p_ref_kw=rng.uniform(0, 20, (3, formers)),
        q_ref_kvar=rng.uniform(-5, 5, formers),
        v_ref_pu=rng.uniform(0.99, 1.03, formers),
        p_droop_pu=rng.uniform(0.005, 0.05, (3 if seed % 2 else 1, formers)),
        q_droop_pu=rng.uniform(0.01, 0.08, formers),
    )
    p = -rng.uniform(-0.3, 1, (3, buses)) * 60 / buses
    q = 0.3 * p
    solution = solve_island(net, p, q, forming, tolerance_pu=1e-9, kernel=kernel)
    assert solution.ok.all()
    for row in range(3):
        v, f = written_out(net, p[row], q[row], forming, row, shares)
        assert np.abs(solution.v_pu[row] - v).max() <= 1e-8
        assert abs(solution.frequency_hz[row, 0] - f) <= 1e-7
    balance = solution.forming_p_kw.sum(axis=1) + solution.p_kw.sum(axis=1) - solution.loss_kw
    assert np.abs(balance).max() <= 1e-6
    asked = 50 * (1 - forming.p_droop_pu * (solution.forming_p_kw - forming.p_ref_kw) / forming.rated_kva)
    assert np.abs(asked - solution.frequency_hz).max() <= 1e-6


def test_one_inverter_in_closed_form():
    """P and Q at its own bus: f and |V| are the droop lines themselves."""
    net = network(1, 2)
    forming = Forming(bus=[0], rated_kva=50.0, p_ref_kw=10.0, q_ref_kvar=2.0, v_ref_pu=1.01, p_droop_pu=0.03,
                      q_droop_pu=0.06)  # fmt: skip
    quiet = Network(v_nominal_kv=np.array([0.4]), frequency_hz=60.0)
    solution = solve_island(quiet, [[-30.0], [20.0]], [[-5.0], [0.0]], forming)
    assert solution.frequency_hz[:, 0] == pytest.approx(60 * (1 - 0.03 * np.array([20, -30]) / 50), abs=1e-9)
    assert solution.v_pu[:, 0].real == pytest.approx(1.01 - 0.06 * np.array([3, -2]) / 50, abs=1e-9)
    assert solution.forming_p_kw[:, 0] == pytest.approx([30, -20], abs=1e-7)
    assert net.bus_count == 2


def test_a_stiff_inverter_holds_and_the_others_stay_at_their_reference():
    net = network(2, 6)
    forming = Forming(bus=[0, 5], rated_kva=50.0, p_ref_kw=[0.0, 7.0], q_ref_kvar=0.0, v_ref_pu=[1.02, 1.0],
                      p_droop_pu=[0.0, 0.02], q_droop_pu=[0.0, 0.05])  # fmt: skip
    solution = solve_island(net, -np.arange(6.0), 0.0, forming)
    assert solution.frequency_hz[0, 0] == pytest.approx(50.0, abs=1e-10)
    assert abs(solution.v_pu[0, 0]) == pytest.approx(1.02, abs=1e-10)
    assert solution.forming_p_kw[0, 1] == pytest.approx(7.0, abs=1e-6)


def test_two_stiff_inverters_do_not_say_who_takes_what():
    forming = Forming(bus=[0, 5], rated_kva=50.0, p_droop_pu=0.0)
    assert Reason(solve_island(network(2, 6), 0.0, 0.0, forming).reason[0]) is Reason.BAD_INPUT
    one_bus = Forming(bus=[0, 0], rated_kva=[30.0, 10.0], p_droop_pu=0.0, q_droop_pu=0.0)
    shared = solve_island(network(2, 6), -np.ones(6), 0.0, one_bus)
    assert shared.forming_p_kw[0, 0] == pytest.approx(3 * shared.forming_p_kw[0, 1])
    apart = Forming(bus=[0, 0], rated_kva=30.0, q_droop_pu=0.0, v_ref_pu=[1.0, 1.01])
    assert Reason(solve_island(network(2, 6), 0.0, 0.0, apart).reason[0]) is Reason.BAD_INPUT


def test_limits():
    forming = Forming(bus=[0], rated_kva=50.0, p_ref_kw=0.0, q_ref_kvar=0.0, v_ref_pu=1.0, p_droop_pu=0.02,
                      q_droop_pu=0.05, p_min_kw=-5.0, p_max_kw=[[20.0], [20.0], [40.0], [20.0]])  # fmt: skip
    p = np.array([[0, -10.0], [0, -30.0], [0, -30.0], [0, 9.0]])
    solution = solve_island(network(1, 2), p, 0.0, forming)
    assert [Reason(code).name for code in solution.reason] == ["OK", "FORMING_LIMIT", "OK", "FORMING_LIMIT"]
    assert np.isnan(solution.frequency_hz[[1, 3]]).all()
    assert np.isnan(solution.v_pu[1]).all()


def test_each_island_has_its_frequency():
    """A switch parts the street; with it open each half answers to its own inverter, or is dark."""
    net = network(4, 8, switch_leg=np.array([[3, 0]]), switch_bus=np.array([[-1, -1]]),
                  switch_closed=np.array([True]))  # fmt: skip
    cut = int(net.leg_bus[3, 1])
    p = np.full(8, -3.0)
    forming = Forming(bus=[0, cut], rated_kva=[50.0, 20.0], p_ref_kw=0.0, p_droop_pu=0.02, q_droop_pu=0.05)
    solution = solve_island(net, p, 0.0, forming, closed=[[True], [False]])
    assert solution.ok.all()
    assert np.isnan(solution.frequency_hz[0, 1])
    expected = 50 * (1 - 0.02 * solution.forming_p_kw[1] / np.array([50, 20]))
    assert solution.frequency_hz[1] == pytest.approx(expected, abs=1e-9)
    assert solution.frequency_hz[1, 0] != solution.frequency_hz[1, 1]
    alone = Forming(bus=[0], rated_kva=50.0)
    reasons = solve_island(net, p, 0.0, alone, closed=[[True], [False]]).reason
    assert reasons.tolist() == [Reason.OK, Reason.UNSUPPLIED_BUS]


def test_rows_are_independent_and_collapse_is_named():
    net = network(9, 30, mesh=2)
    rng = np.random.default_rng(0)
    p = -rng.uniform(0, 4, (50, 30))
    p[20:23] *= 400
    forming = Forming(bus=[0, 11, 25], rated_kva=[60.0, 40.0, 30.0], p_droop_pu=[0.02, 0.03, 0.02])
    whole = solve_island(net, p, 0.3 * p, forming)
    assert set(whole.reason[20:23]) == {Reason.NO_SOLUTION}
    assert np.delete(whole.ok, [20, 21, 22]).all()
    order = rng.permutation(50)
    mixed = solve_island(net, p[order], 0.3 * p[order], forming)
    assert np.array_equal(mixed.reason, whole.reason[order])
    for name in whole.kept:
        a, b = getattr(mixed, name), getattr(whole, name)[order]
        assert np.array_equal(np.isnan(a), np.isnan(b))
        assert np.abs(np.nan_to_num(a - b)).max() <= 1e-10 * max(1, np.abs(np.nan_to_num(b)).max())


def test_controls_work_in_an_island():
    net = network(5, 10)
    p = np.full(10, -2.0)
    p[7] = 25.0
    forming = Forming(bus=[0], rated_kva=50.0)
    free = solve_island(net, p, 0.0, forming)
    var = solve_island(net, p, 0.0, forming, controls={7: VoltVar(rated_kva=40.0)})
    held = solve_island(net, p, 0.0, forming, controls={7: PVBus(v_pu=1.0)})
    assert free.ok.all()
    assert var.ok.all()
    assert abs(held.v_pu[0, 7]) == pytest.approx(1.0, abs=1e-9)
    v, _ = written_out(net, p, held.q_kvar[0], forming)
    assert np.abs(held.v_pu[0] - v).max() <= 1e-8
    v, _ = written_out(net, p, var.q_kvar[0], forming)
    assert np.abs(var.v_pu[0] - v).max() <= 1e-8


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Forming(bus=[0.5], rated_kva=1.0), "whole numbers"),
        (lambda: Forming(bus=[0], rated_kva=0.0), "rated_kva"),
        (lambda: Forming(bus=[0], rated_kva=[1.0, 2.0]), "must be"),
        (lambda: Forming(bus=[0], rated_kva=1.0, p_droop_pu=-0.1), "p_droop_pu"),
        (lambda: Forming(bus=[0], rated_kva=1.0, p_min_kw=1.0, p_max_kw=0.0), "p_min_kw"),
        (lambda: solve_island(network(1, 2), 0.0, 0.0, Forming(bus=[2], rated_kva=1.0)), "must lie in"),
        (
            lambda: solve_island(
                network(1, 2), np.zeros((3, 2)), 0.0, Forming(bus=[0], rated_kva=1.0, v_ref_pu=np.ones((2, 1)))
            ),
            "forming has 2 rows",
        ),
    ],
)
def test_wrong_islands_say_what_is_wrong(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_numbers_that_are_none():
    forming = Forming(bus=[0], rated_kva=50.0, p_ref_kw=[[0.0], [np.nan]])
    solution = solve_island(network(1, 2), [0.0, -1.0], 0.0, forming)
    assert solution.reason.tolist() == [Reason.OK, Reason.BAD_INPUT]
