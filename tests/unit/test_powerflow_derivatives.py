"""Newton's matrices against differences of the equations, and the equations against what they shall say."""

import numpy as np
import pytest

from ysc_sim.powerflow import (
    ConstantPowerFactor,
    Forming,
    Network,
    PVBus,
    VoltVar,
    VoltWatt,
    sensitivities,
    series_admittance,
    solve,
)
from ysc_sim.powerflow.batch import Loading, Task
from ysc_sim.powerflow.boundary import Boundary
from ysc_sim.powerflow.forming import Droop, divided, droop_of
from ysc_sim.powerflow.grid import compiled
from ysc_sim.powerflow.injection import currents, derivatives
from ysc_sim.powerflow.island_point import Forms, droop_error, droop_jacobian
from ysc_sim.powerflow.island_system import IslandSystem
from ysc_sim.powerflow.loads import shares_of
from ysc_sim.powerflow.newton import continue_rows, newton, solve_rows
from ysc_sim.powerflow.port_system import HeldPorts, PortSystem
from ysc_sim.powerflow.ports import DensePorts

OHM = np.array([0.02 + 0.01j, 0.03 + 0.02j, 0.015 + 0.02j, 0.02 + 0.03j])
SHARES = {
    "share_current_p": np.array([0.0, 0.2, 0.0, 0.1, 0.3]),
    "share_impedance_p": np.array([0.0, 0.3, 0.5, 0.0, 0.1]),
    "share_current_q": np.array([0.0, 0.1, 0.4, 0.0, 0.0]),
    "share_impedance_q": np.array([0.0, 0.0, 0.2, 0.6, 0.1]),
    "port_v_pu": np.array([1.0, 0.97, 1.0, 1.03, 1.0]),
}
INVERTERS = {
    1: [VoltWatt(rated_kw=300.0, v_pu=(0.95, 1.08), p_kw=250.0), ConstantPowerFactor(power_factor=0.9, p_kw=250.0)],
    3: [VoltVar(rated_kva=200.0, v_pu=(0.9, 1.1), q_pu=(0.8, -0.8), p_kw=90.0)],
}
ROWS = 3


def street(**more):
    return Network(
        **{
            "v_nominal_kv": np.full(5, 0.4),
            "leg_bus": np.array([[0, 1], [1, 2], [2, 3], [2, 4]]),
            "leg_y_pu": series_admittance(OHM, v_kv=0.4, base_kva=1000.0, shunt_s=1e-2j),
            "source_bus": np.array([0]),
            "source_v_pu": np.array([[1.03 + 0j]]),
            **more,
        }
    )


def powers(seed=3):
    rng = np.random.default_rng(seed)
    return rng.uniform(-150, 100, (ROWS, 5)), rng.uniform(-80, 80, (ROWS, 5))


def loading(net, controls, boundary=None):
    task = Task.of(net, *powers(), controls, tolerance_pu=1e-10)
    grid = compiled(net, np.zeros(0, dtype=bool)) if boundary is None else boundary.grid
    return Loading(task, grid, np.arange(ROWS))


def system_of(net, controls, held=None):
    load = loading(net, controls)
    dense = DensePorts(load.grid, load.slots)
    no_load = np.broadcast_to(dense.no_load @ [[1.03 + 0j]], (dense.count, ROWS))
    return PortSystem(z=dense.z, no_load=no_load, injection=load.injection(np.arange(ROWS)), held=held)


def differences(equations, x, step=1e-6):
    """(r, n, n) by central differences."""
    answer = np.empty((x.shape[1], len(x), len(x)))
    for k in range(len(x)):
        more, less = x.copy(), x.copy()
        more[k] += step
        less[k] -= step
        answer[:, :, k] = ((equations(more) - equations(less)) / (2 * step)).T
    return answer


def near(system, seed=4):
    rng = np.random.default_rng(seed)
    x = system.start(np.arange(ROWS))
    return x + rng.uniform(-0.04, 0.04, x.shape)


HELD = HeldPorts(
    at=np.array([1, 3, 3, 4]),
    leader=np.array([0, 1, 1, 3]),
    v=np.array([[1.0, 1.01, 0.99], [1.02, 1.0, 1.01], [1.02, 1.0, 1.01], [1.3, 0.7, 1.0]]),
    q_min=np.array([[-5.0], [-5.0], [-5.0], [-0.1]]),
    q_max=np.array([[5.0], [5.0], [5.0], [0.2]]),
)
"""Ports 3 twice at one place; port 4 at its upper limit, its lower one, and within them."""


@pytest.mark.parametrize("controls", [None, INVERTERS])
@pytest.mark.parametrize("shares", [{}, SHARES])
@pytest.mark.parametrize("held", [None, HELD])
def test_jacobian_of_the_ports(controls, shares, held):
    system = system_of(street(**shares), controls, held)
    rows, aim = np.arange(ROWS), np.array([1.0, 0.6, 0.3])
    x = near(system)
    error, jacobian = system.equations(x, rows, aim)
    assert jacobian == pytest.approx(differences(lambda y: system.equations(y, rows, aim)[0], x), abs=2e-8)
    v = system.voltages(x)
    injection = system.injection.scaled(aim)
    injection = injection if held is None else held.with_q(injection, system.reactive(x))
    wrong = v - system.no_load - system.z @ currents(v, injection)
    assert error[:10] == pytest.approx(np.concatenate([wrong.real, wrong.imag]), abs=1e-14)
    some = np.array([2, 0])
    partly = system.equations(x[:, some], some, aim[some])
    assert partly[0] == pytest.approx(error[:, some], abs=1e-14)
    assert partly[1] == pytest.approx(jacobian[some], abs=1e-14)


def test_equations_of_held_ports():
    system = system_of(street(), None, HELD)
    x = near(system)
    x[-4:] = [[0.1, 0.2, 0.3]] * 2 + [[0.4, 0.5, 0.6], [0.2, -0.1, 0.05]]
    v = np.abs(system.voltages(x))
    error, _ = system.equations(x, np.arange(ROWS), np.ones(ROWS))
    assert error[-4] == pytest.approx(v[1] - HELD.v[0], abs=1e-14)
    assert error[-3] == pytest.approx(v[3] - HELD.v[1], abs=1e-14)
    assert error[-2] == pytest.approx([0.3] * 3, abs=1e-14)
    # row 0 asks for 1.3, far beyond q_max; row 1 for 0.7, beyond q_min: q − limit. Row 2 is within them.
    assert error[-1] == pytest.approx([0.0, 0.0, v[4, 2] - 1.0], abs=1e-14)
    by_v, by_q = HELD.error(v[HELD.at], x[-4:])[1:]
    assert by_v[3].tolist() == [0.0, 0.0, 1.0]
    assert by_q[3].tolist() == [1.0, 1.0, 0.0]


@pytest.mark.parametrize("controls", [None, INVERTERS])
@pytest.mark.parametrize("shares", [{}, SHARES])
def test_currents_and_their_derivatives_to_v_and_its_conjugate(controls, shares):
    injection = loading(street(**shares), controls).injection(np.arange(ROWS))
    rng = np.random.default_rng(5)
    v = rng.uniform(0.93, 1.07, (5, ROWS)) * np.exp(1j * rng.uniform(-0.3, 0.3, (5, ROWS)))
    current, direct, conjugate = derivatives(v, injection)
    assert current == pytest.approx((lambda s: ((s[:, 0] + 1j * s[:, 1]) / v).conj())(injection.actual(np.abs(v))))
    for move in (1e-6, 1e-6j):
        change = (currents(v + move, injection) - currents(v - move, injection)) / (2 * abs(move))
        assert direct * move / abs(move) + conjugate * np.conj(move) / abs(move) == pytest.approx(change, abs=1e-8)


def test_powers_of_shares_by_the_formula_of_the_zip_model():
    net = street(**SHARES)
    some = np.array([1, 3])
    shares = shares_of(net, some)
    v = np.array([[0.9, 1.0], [1.1, 0.95]])
    for axis, kind in enumerate("pq"):
        a, b = (SHARES[f"share_{name}_{kind}"][some][:, None] for name in ("current", "impedance"))
        x = v / SHARES["port_v_pu"][some][:, None]
        assert shares.factor(v)[:, axis] == pytest.approx((1 - a - b) + a * x + b * x**2)
        slope = (a + 2 * b * x) / SHARES["port_v_pu"][some][:, None]
        assert shares.slope(v)[:, axis] == pytest.approx(slope)
    assert shares_of(net, np.array([0])) is None
    assert shares_of(street(share_impedance_q=np.array([0, 0, 0, 0, 1.0])), np.array([4])) is not None


FORMING = Forming(
    bus=np.array([0, 2, 4]),
    rated_kva=[200.0, 100.0, 150.0],
    p_ref_kw=[10.0, 0.0, 20.0],
    q_ref_kvar=[0.0, 5.0, 0.0],
    v_ref_pu=[1.0, 1.01, 0.99],
    p_droop_pu=[0.02, 0.03, 0.0],
    q_droop_pu=[0.05, 0.0, 0.04],
)


def island():
    net = street(source_bus=np.zeros(0, dtype=int), source_v_pu=np.zeros((0, 1), dtype=complex))
    boundary = Boundary(net, np.zeros(0, dtype=bool), np.asarray(FORMING.bus))
    droop = droop_of(FORMING.at(np.arange(ROWS)), boundary.node, boundary.count, net.base_kva)
    return net, boundary, droop


@pytest.mark.parametrize("controls", [None, INVERTERS, {1: [PVBus(v_pu=1.0)], 3: [PVBus(v_pu=1.02, q_max_kvar=1.0)]}])
def test_jacobian_of_an_island(controls):
    net, boundary, droop = island()
    load = loading(net, controls, boundary)
    dense = DensePorts(boundary.grid, load.slots)
    w, k = boundary.seen_by(dense)
    none = np.zeros((dense.count, 1), dtype=complex)
    ports = PortSystem(z=dense.z, no_load=none, injection=load.injection(np.arange(ROWS)), held=load.held(np.arange(1)))
    first = Forms(angle=np.zeros((3, ROWS)), magnitude=np.broadcast_to(droop.v_ref, (3, ROWS)),
                  frequency=np.zeros((1, ROWS)))  # fmt: skip
    system = IslandSystem(ports=ports, boundary=boundary, droop=droop, w=w, k=k, first=first)
    rows, aim = np.arange(ROWS), np.array([1.0, 0.6, 0.3])
    x = near(system)
    error, jacobian = system.equations(x, rows, aim)
    assert jacobian == pytest.approx(differences(lambda y: system.equations(y, rows, aim)[0], x), abs=1e-7)
    forms = system.forms(x)
    assert forms.angle[0].tolist() == [0.0] * ROWS
    assert forms.angle[1:] == pytest.approx(x[system.ports.size :][:2])
    assert error[-6:] == pytest.approx(_droop_by_hand(net, boundary, forms, system, x, aim), abs=1e-12)


def _droop_by_hand(net, boundary, forms, system, x, aim):
    """slack·(P − p_ref) + Δf and slack·(Q − q_ref) + v − v_ref in p.u. of 1,000 kVA, slack = droop/rated."""
    u = forms.phasor()
    injection = system.ports.injection.scaled(aim)
    if system.ports.held is not None:
        injection = system.ports.held.with_q(injection, system.ports.reactive(x))
    power = u * (boundary.self_admittance @ u + system.k @ currents(system.ports.voltages(x), injection)).conj()
    slack_p = np.array([[0.02 / 0.2], [0.03 / 0.1], [0.0]])
    slack_q = np.array([[0.05 / 0.2], [0.0], [0.04 / 0.15]])
    active = slack_p * (power.real - np.array([[0.01], [0.0], [0.02]])) + forms.frequency
    reactive = slack_q * (power.imag - np.array([[0.0], [0.005], [0.0]])) + forms.magnitude
    return np.concatenate([active, reactive - np.array([[1.0], [1.01], [0.99]])])


def test_chord_of_an_island_is_the_derivative_of_its_droop():
    _, boundary, droop = island()
    rng = np.random.default_rng(6)
    loads = rng.normal(size=(3, 1)) + 1j * rng.normal(size=(3, 1))
    answer = rng.normal(size=(3, 3)) + 1j * rng.normal(size=(3, 3))

    def forms_of(x):
        angle = np.concatenate([np.zeros((1, x.shape[1])), x[:2]])
        return Forms(angle=angle, magnitude=x[2:5], frequency=x[5:])

    x = np.concatenate([rng.uniform(-0.1, 0.1, (2, 1)), rng.uniform(0.95, 1.05, (3, 1)), [[0.01]]])
    u0 = forms_of(x).phasor()
    for extra in (None, answer):

        def equations(y, extra=extra):
            u = forms_of(y).phasor()
            current = boundary.self_admittance @ u + loads
            if extra is not None:
                current = current + (extra @ (u - u0)).conj()
            return droop_error(boundary, droop, forms_of(y), u * current.conj())

        found = droop_jacobian(boundary, droop, u0, boundary.self_admittance @ u0 + loads, extra)
        assert found == pytest.approx(differences(equations, x), abs=1e-7)


def test_inverters_of_a_node_by_hand():
    """Two with droop side by side, and a node at which one holds the voltage and another only answers to it."""
    given = {
        "rated_kva": np.array([[100.0], [300.0], [100.0], [50.0]]),
        "p_ref_kw": np.array([[10.0], [20.0], [5.0], [0.0]]),
        "q_ref_kvar": np.array([[1.0], [2.0], [0.0], [4.0]]),
        "v_ref_pu": np.array([[1.0, 1.0], [1.04, 1.04], [0.98, 0.98], [1.1, 0.97]]),
        "p_droop_pu": np.array([[0.02], [0.03], [0.01], [0.0]]),
        "q_droop_pu": np.array([[0.05], [0.05], [0.0], [0.05]]),
    }
    droop = droop_of(given, np.array([0, 0, 1, 1]), 2, 1000.0)
    assert droop.p_ref[:, 0] == pytest.approx([0.03, 0.005])
    assert droop.slack_p[:, 0] == pytest.approx([1 / (0.1 / 0.02 + 0.3 / 0.03), 0.0])
    assert droop.slack_q[:, 0] == pytest.approx([1 / (0.1 / 0.05 + 0.3 / 0.05), 0.0])
    assert droop.v_ref[:, 0] == pytest.approx([(1 * 1.0 + 3 * 1.04) / 4, 0.98])
    assert droop.consistent.tolist() == [True, True]
    given["q_droop_pu"][3] = 0.0
    assert droop_of(given, np.array([0, 0, 1, 1]), 2, 1000.0).consistent.tolist() == [False, False]
    given["v_ref_pu"][3, 1] = 0.98
    mixed = droop_of(given, np.array([0, 0, 1, 1]), 2, 1000.0)
    assert mixed.consistent.tolist() == [False, True]
    taken = mixed.take(np.array([1]))
    assert taken.consistent.tolist() == [True]
    assert taken.v_ref == pytest.approx(np.array([[1.03], [0.98]]))
    assert taken.slack_p.tolist() == mixed.slack_p.tolist()
    assert isinstance(taken, Droop)


def test_power_of_a_node_is_divided_by_hand():
    """Droop: ref + rated·fall/droop; those without droop share the rest by their ratings."""
    rated, droop = np.array([[100.0], [50.0], [150.0], [80.0]]), np.array([[0.02], [0.0], [0.0], [0.05]])
    total = np.array([[60.0, 20.0], [9.0, 8.0]])
    found = divided(total, np.full((4, 1), 5.0), rated, droop, np.full((4, 2), 0.004), np.array([0, 0, 0, 1]))
    assert found == pytest.approx(np.array([[25.0, 25.0], [35 / 4, -5 / 4], [105 / 4, -15 / 4], [11.4, 11.4]]))


def test_an_island_without_inverters_has_no_nodes():
    net, _, _ = island()
    boundary = Boundary(net, np.zeros(0, dtype=bool), np.zeros(0, dtype=np.int64))
    assert (boundary.count, boundary.island_count) == (0, 0)
    assert boundary.spread.shape[1] == 0
    assert boundary.turning.tolist() == []


class Square:
    """x² = 1 + 3·λ·a: at no load 1, at full load √(1 + 3·a); none for a < −1/3."""

    size, voltage_count, starts_solved = 1, 1, True

    def __init__(self, a):
        self.a = np.asarray(a)

    def start(self, rows):
        return np.ones((1, len(rows)))

    def equations(self, x, rows, aim):
        return x**2 - 1 - 3 * aim * self.a[rows], (2 * x).T[:, :, None]


def test_newton_walks_to_the_root_or_says_that_there_is_none(monkeypatch):
    a = np.array([0.0, 1.0, -0.3, 33.0, -0.34, 5.0])
    x, solved, collapsed = continue_rows(Square(a), 6)
    assert solved.tolist() == [True, True, True, True, False, True]
    assert collapsed.tolist() == [False] * 4 + [True, False]
    assert x[0, solved] == pytest.approx(np.sqrt(1 + 3 * a[solved]), abs=1e-12)
    assert x[0, 4] == pytest.approx(0.0, abs=0.02)  # the nose
    monkeypatch.setattr("ysc_sim.powerflow.newton._MEMORY_BYTES", 16)  # two rows at a time
    again = continue_rows(Square(a), 6)
    assert again[0] == pytest.approx(x, abs=1e-12)
    assert [part.tolist() for part in again[1:]] == [solved.tolist(), collapsed.tolist()]


def test_newton_lets_hopeless_rows_go():
    x, done = newton(Square([1.0, -2.0, np.nan]), np.ones((1, 3)), np.arange(3), np.ones(3))
    assert done.tolist() == [True, False, False]
    assert x[0, 0] == pytest.approx(2.0, abs=1e-13)


def test_a_singular_row_spoils_no_other():
    matrix = np.array([np.diag([2.0, 4.0]), np.zeros((2, 2)), np.eye(2)])
    found = solve_rows(matrix, np.array([[2.0, 1.0, 7.0], [8.0, 1.0, 9.0]]))
    assert found[:, [0, 2]].tolist() == [[1.0, 7.0], [2.0, 9.0]]
    assert np.isnan(found[:, 1]).all()


@pytest.mark.parametrize("controls", [None, INVERTERS, {3: PVBus(v_pu=1.01)}])
def test_sensitivities_are_differences_of_solves(controls):
    """Constant power is added at two buses whose loads depend on the voltage, at one that has none, and between two
    that are opposite in phase, as behind a centre tap."""
    y = series_admittance(OHM, v_kv=0.4, base_kva=1000.0, shunt_s=1e-2j)
    y[3] *= np.array([[1, -1], [-1, 1]])
    ports = np.array([[0, -1], [1, -1], [2, -1], [3, -1], [4, -1], [1, -1], [3, -1], [0, -1], [3, 4]])
    more = {name: np.append(values, [float(name == "port_v_pu")] * 4) for name, values in SHARES.items()}
    net = street(leg_y_pu=y, ports=ports, **more)
    p, q = (np.concatenate([part, np.zeros((ROWS, 4))], axis=1) for part in powers())
    tight = {"controls": controls, "tolerance_pu": 1e-11}
    asked = np.array([8, 5, 7, 6])
    found = sensitivities(net, p, q, ports=asked, **tight)
    assert found.solution.ok.all()
    for column, port in enumerate(asked):
        step = np.zeros(9)
        step[port] = 0.05
        for by_v, by_loss, dp, dq in (
            (found.v_per_kw, found.loss_per_kw, step, 0 * step),
            (found.v_per_kvar, found.loss_per_kvar, 0 * step, step),
        ):
            high, low = solve(net, p + dp, q + dq, **tight), solve(net, p - dp, q - dq, **tight)
            slope = (np.abs(high.v_pu) - np.abs(low.v_pu)) / 0.1
            assert by_v[:, :, column] == pytest.approx(slope, abs=2e-9)
            assert by_loss[:, column] == pytest.approx((high.loss_kw - low.loss_kw) / 0.1, abs=2e-6)


def test_the_limit_of_a_pv_bus_holds_beside_a_load_that_depends_on_the_voltage():
    """The load is 40 kvar at 1 p.u. as an impedance, the inverter gives at most 100 kvar at any voltage."""
    net = street(share_impedance_q=np.array([0, 0, 0, 1.0, 0]))
    found = solve(net, 0.0, [0, 0, 0, -40.0, 0], controls={3: PVBus(v_pu=[1.3, 0.5, 1.0], q_min_kvar=-60.0,
                  q_max_kvar=100.0)}, tolerance_pu=1e-11)  # fmt: skip
    v = np.abs(found.v_pu[:, 3])
    assert found.ok.all()
    assert found.q_kvar[:2, 3] == pytest.approx([100.0, -60.0] - 40 * v[:2] ** 2, abs=1e-6)
    assert v[2] == pytest.approx(1.0, abs=1e-9)
