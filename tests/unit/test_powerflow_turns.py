"""What comes to rest in the first attempt, and what a solve says of dead ends, plates and names."""

import numpy as np
import pytest

from ysc_sim.powerflow import (
    ConstantPowerFactor,
    Forming,
    Network,
    PVBus,
    Reason,
    VoltVar,
    VoltWatt,
    Wiring,
    sensitivities,
    series_admittance,
    solve,
)
from ysc_sim.powerflow.batch import Loading, Task, _extremes
from ysc_sim.powerflow.boundary import Boundary
from ysc_sim.powerflow.fixed_point import Workspace, iterate
from ysc_sim.powerflow.forming import droop_of
from ysc_sim.powerflow.grid import compiled
from ysc_sim.powerflow.held_point import can_hold, iterate_held
from ysc_sim.powerflow.island_point import IslandPoint, droop_error
from ysc_sim.powerflow.ports import DensePorts, as_complex

OHM = np.array([0.02 + 0.01j, 0.03 + 0.02j, 0.015 + 0.02j, 0.02 + 0.03j])
ROWS = 40


def street(**more):
    return Network(
        **{
            "v_nominal_kv": np.full(5, 0.4),
            "leg_bus": np.array([[0, 1], [1, 2], [2, 3], [2, 4]]),
            "leg_y_pu": series_admittance(OHM, v_kv=0.4, base_kva=1000.0),
            "source_bus": np.array([0]),
            "source_v_pu": np.array([[1.03 + 0j]]),
            **more,
        }
    )


def loading(net, controls=None, boundary=None):
    rng = np.random.default_rng(3)
    p, q = rng.uniform(-150, 100, (ROWS, 5)), rng.uniform(-80, 80, (ROWS, 5))
    task = Task.of(net, p, q, controls, tolerance_pu=1e-10)
    grid = compiled(net, np.zeros(0, dtype=bool)) if boundary is None else boundary.grid
    load = Loading(task, grid, np.arange(ROWS))
    return load, DensePorts(grid, load.slots), (p + 1j * q).T / 1000


@pytest.mark.parametrize("patient", [False, True])
def test_light_rows_come_to_rest_in_the_first_attempt(patient):
    load, dense, s = loading(street())
    injection, held = load.injection(np.arange(ROWS)), np.array([[1.03 + 0j]])
    state = iterate(Workspace(dense), injection, held, patient=patient)
    v, current = as_complex(state.voltage), as_complex(state.current)
    assert state.still.all()
    assert v * current.conj() == pytest.approx(s, abs=1e-12)
    assert v == pytest.approx(1.03 + dense.z @ current, abs=1e-12)


def test_rows_with_held_voltages_come_to_rest_in_the_first_attempt():
    rng = np.random.default_rng(5)
    aims = {3: rng.uniform(0.99, 1.05, ROWS), 1: rng.uniform(1.0, 1.05, ROWS)}
    load, dense, s = loading(street(), {port: PVBus(v_pu=v) for port, v in aims.items()})
    holding = load.held(np.arange(ROWS))
    assert can_hold(holding)
    found = iterate_held(dense, load.injection(np.arange(ROWS)), np.array([[1.03 + 0j]]), holding)
    state, whole, apart = found
    v, current = as_complex(state.voltage), as_complex(state.current)
    assert state.still.all()
    assert apart.max() <= 1e-12
    for port, aim in aims.items():
        assert np.abs(v[port]) == pytest.approx(aim, abs=1e-12)
    power = v * current.conj()
    assert power.real == pytest.approx(s.real, abs=1e-12)
    assert power.imag[[0, 2, 4]] == pytest.approx(s.imag[[0, 2, 4]], abs=1e-12)
    assert power.imag == pytest.approx(whole.power[:, 1], abs=1e-12)
    assert v == pytest.approx(1.03 + dense.z @ current, abs=1e-12)


@pytest.mark.parametrize("patient", [False, True])
@pytest.mark.parametrize("shares", [{}, {"share_current_p": np.full(5, 0.4)}])
def test_islands_come_to_rest_in_the_first_attempt(patient, shares):
    """At constant power in one start of three turns and four rounds, each with a correction in between."""
    net = street(source_bus=np.zeros(0, dtype=int), source_v_pu=np.zeros((0, 1), dtype=complex), **shares)
    forming = Forming(bus=np.array([0, 2, 4]), rated_kva=[500.0, 300.0, 400.0], p_droop_pu=[0.02, 0.03, 0.01])
    boundary = Boundary(net, np.zeros(0, dtype=bool), np.asarray(forming.bus))
    load, dense, s = loading(net, None, boundary)
    injection, rows = load.injection(np.arange(ROWS)), np.arange(ROWS)
    droop = droop_of(forming.at(rows), boundary.node, boundary.count, net.base_kva)
    point = IslandPoint(boundary, dense)
    for _ in range(2):  # the second time in the buffers of the first
        state = point.run(injection, droop, patient=patient)
        v, current, u = as_complex(state.voltage), as_complex(state.current), state.forms.phasor()
        w, k = boundary.seen_by(dense)
        assert state.still.all()
        factor = 0.6 + 0.4 * np.abs(v) if shares else 1.0
        assert v * current.conj() == pytest.approx(s.real * factor + 1j * s.imag, abs=1e-10)
        assert v == pytest.approx(w @ u + dense.z @ current, abs=1e-11)
        power = u * (boundary.self_admittance @ u + k @ current).conj()
        assert droop_error(boundary, droop, state.forms, power) == pytest.approx(np.zeros((6, ROWS)), abs=1e-11)
        lost = power.real.sum(axis=0) + (v * current.conj()).real.sum(axis=0)
        ends = np.concatenate([u[:1], v[1:2], u[1:2], v[3:4], u[2:]])
        drop = ends[[0, 1, 2, 2]] - ends[[1, 2, 3, 4]]
        ohmic = (np.abs(drop / (OHM[:, None] / 0.16)) ** 2 * OHM.real[:, None] / 0.16).sum(axis=0)
        assert lost == pytest.approx(ohmic, abs=1e-10)


def test_a_transformer_goes_with_its_bus_and_a_cable_stays_on_the_living_end():
    """Admittance to earth 0.1j p.u. in all, half at either end of 0.1 + 0.2j p.u."""
    y = series_admittance(np.array([(0.1 + 0.2j) * 0.16]), v_kv=0.4, base_kva=1000.0, shunt_s=0.1j / 0.16)
    for follows, expected in ((True, 0.0), (False, 0.05j + 1 / (0.1 + 0.2j + 1 / 0.05j))):
        net = Network(
            v_nominal_kv=np.array([0.4, 0.4]),
            bus_in_service=np.array([True, False]),
            leg_bus=np.array([[0, 1]]),
            leg_y_pu=y,
            leg_follows_bus=np.array([follows]),
            source_bus=np.array([0]),
            source_v_pu=np.array([[1 + 0j]]),
        )
        found = solve(net, 0.0, 0.0)
        fed = 1000 * np.conj(expected)
        assert found.slack_kw[0, 0] == pytest.approx(fed.real, abs=1e-9)
        assert found.slack_kvar[0, 0] == pytest.approx(fed.imag, abs=1e-9)
        assert found.v_pu[0].tolist() == [1, 0]


@pytest.mark.parametrize("kernel", [None, "dense", "tree"])
def test_a_network_of_sources_alone(kernel):
    for buses in (1, 3):
        held = 1.02 * np.exp(0.1j * np.arange(buses))
        net = Network(
            v_nominal_kv=np.full(buses, 0.4), source_bus=np.arange(buses), source_v_pu=held[:, None], base_kva=100.0
        )
        for want in (("v_pu",), None):
            found = solve(net, [-5.0, 3.0, 1.0][:buses], 0.0, kernel=kernel, want=want)
            assert found.ok.all()
            assert found.v_pu[0] == pytest.approx(held, abs=1e-14)
        assert found.slack_kw[0] == pytest.approx([5.0, -3.0, -1.0][:buses], abs=1e-10)


@pytest.mark.parametrize("kernel", ["dense", "tree", "sparse"])
@pytest.mark.parametrize("e", [1.0, 2.0, 0.9, 2.0 * np.exp(0.5j)])
def test_voltages_scale_with_the_source(kernel, e):
    """v² − |e|·v + r·p = 0 along the source's angle, for whatever the source holds; r = 0.1 p.u."""
    net = Network(
        v_nominal_kv=np.array([0.4, 0.4]),
        leg_bus=np.array([[0, 1]]),
        leg_y_pu=series_admittance(np.array([0.016 + 0j]), v_kv=0.4, base_kva=1000.0),
        source_bus=np.array([0]),
        source_v_pu=np.array([[e]]),
    )
    p = np.array([0.0, 90.0, np.nan, 500.0, -300.0])
    told = np.array([0, 1, 3, 4])
    v = (abs(e) + np.sqrt(abs(e) ** 2 - 0.4 * p / 1000)) / 2
    for want in (("v_pu",), ("v_pu", "v_min_pu", "v_max_pu"), None):
        found = solve(net, np.stack([p + 7.0, -p], axis=1), 0.0, kernel=kernel, want=want, tolerance_pu=1e-12)
        assert np.flatnonzero(found.ok).tolist() == told.tolist()
        assert found.v_pu[told, 1] == pytest.approx(v[told] * e / abs(e), abs=1e-11)
        assert found.v_pu[told, 0] == pytest.approx(np.full(4, e), abs=1e-14)
    assert found.v_min_pu[told] == pytest.approx(np.minimum(v, abs(e))[told])
    assert found.v_max_pu[told] == pytest.approx(np.maximum(v, abs(e))[told])


def test_currents_of_branches():
    """1,000 kVA at 0.4 kV: 1 p.u. is 1.4434 kA. Legs 1 and 2 are one branch: the larger; leg 3 is none."""
    net = street(
        leg_branch=np.array([0, 1, 1, -1]),
        branch_count=2,
        branch_names=("a", "b"),
        leg_current_ka_per_pu=np.full((4, 2), 1 / (0.4 * 3**0.5)),
        leg_loading_percent_per_pu=np.array([[200.0, 0.0], [0.0, 300.0], [400.0, 400.0], [1.0, 1.0]]),
    )
    found = solve(net, [[0, 0, 0, -50.0, -20.0], [0, -10.0, 0, 0, 0], [0, 0, 0, 0, 0]], 0.0, tolerance_pu=1e-12)
    at = np.abs((np.array([[-10.0], [-50.0], [-20.0]]) / 1000 / found.v_pu[:, [1, 3, 4]].T).conj()) * [
        [0, 1, 0],
        [1, 0, 0],
        [1, 0, 0],
    ]
    v = found.v_pu
    legs = np.abs((v[:, [0, 1, 2, 2]] - v[:, [1, 2, 3, 4]]) / (OHM / 0.16))
    assert legs == pytest.approx(np.array([at.sum(axis=0), at[1] + at[2], at[1], at[2]]).T, abs=1e-6)
    assert found.branch_current_ka[:, 0] == pytest.approx(legs[:, 0] / (0.4 * 3**0.5), abs=1e-10)
    assert found.branch_current_ka[:, 1] == pytest.approx(
        np.maximum(legs[:, 1], legs[:, 2]) / (0.4 * 3**0.5), abs=1e-10
    )
    assert found.branch_loading_percent[:, 0] == pytest.approx(200 * legs[:, 0], abs=1e-7)
    assert found.branch_loading_percent[:, 1] == pytest.approx(np.maximum(300 * legs[:, 1], 400 * legs[:, 2]), abs=1e-7)


def dead_end():
    """Bus 2 hangs on an open switch, bus 1 on the source: 0.1 p.u."""
    y = series_admittance(np.array([0.016 + 0j, 0.016]), v_kv=0.4, base_kva=1000.0)
    return Network(
        v_nominal_kv=np.full(3, 0.4),
        leg_bus=np.array([[0, 1], [1, 2]]),
        leg_y_pu=y,
        source_bus=np.array([0]),
        source_v_pu=np.array([[1 + 0j]]),
        switch_bus=np.array([[-1, -1]]),
        switch_leg=np.array([[1, 0]]),
        switch_closed=np.array([False]),
    )


def test_inverters_at_a_dead_end_are_told_from_those_that_live():
    """Each has its own power, one number or one for each row."""
    for p_kw, reason in ((5.0, Reason.UNSUPPLIED_BUS), (0.0, Reason.OK)):
        found = solve(dead_end(), np.zeros((2, 3)), 0.0, controls={2: VoltVar(rated_kva=50.0, p_kw=p_kw)})
        assert found.reason.tolist() == [reason] * 2
    live = {1: [VoltWatt(rated_kw=500.0, v_pu=(1.5, 1.6), p_kw=[100.0, 200.0, 300.0])]}
    found = solve(dead_end(), 0.0, 0.0, controls={2: VoltVar(rated_kva=50.0, p_kw=5.0), **live})
    assert found.reason.tolist() == [Reason.UNSUPPLIED_BUS] * 3
    some = {2: VoltVar(rated_kva=50.0, p_kw=[0.0, 5.0, 0.0]), **live}
    found = solve(dead_end(), 0.0, 0.0, controls=some, tolerance_pu=1e-11)
    assert found.reason.tolist() == [Reason.OK, Reason.UNSUPPLIED_BUS, Reason.OK]
    assert found.p_kw[[0, 2], 1] == pytest.approx([100.0, 300.0])
    first = {1: VoltVar(rated_kva=50.0, p_kw=0.0), 2: ConstantPowerFactor(power_factor=0.8, p_kw=[40.0, 80.0, 0.0])}
    swapped = solve(dead_end(), 0.0, 0.0, controls=first, closed=[[True], [False], [False]], tolerance_pu=1e-11)
    assert swapped.reason.tolist() == [Reason.OK, Reason.UNSUPPLIED_BUS, Reason.OK]
    assert swapped.p_kw[0] == pytest.approx([0.0, 0.0, 40.0])
    assert swapped.q_kvar[0, 2] == pytest.approx(-30.0)


def test_sensitivities_at_a_dead_end_are_nothing():
    """Behind r: v = (1 + √(1 + 4·r·p))/2, so dv/dp = r/(2·v − 1), and the loss is (1 − v)²/r."""
    found = sensitivities(dead_end(), [0.0, -90.0, 0.0], 0.0)
    v = (1 + np.sqrt(1 - 0.4 * 0.09)) / 2
    per_kw = 0.1 / (2 * v - 1) / 1000
    assert found.v_per_kw[0] == pytest.approx(np.array([[0, 0, 0], [0, per_kw, 0], [0, 0, 0]]), abs=1e-12)
    assert found.loss_per_kw[0] == pytest.approx([0, -1000 * 2 * (1 - v) / 0.1 * per_kw, 0], abs=1e-9)


@pytest.mark.parametrize("shape", [(1, 4), (3, 5), (2000, 7), (2003, 7), (4, 600), (1500, 1)])
def test_highest_and_lowest_of_each_column(shape):
    block = np.random.default_rng(7).normal(size=shape)
    columns = [sorted(column) for column in block.T.tolist()]
    for laid in (block, np.asfortranarray(block)):
        high, low = _extremes(laid)
        assert high.tolist() == [column[-1] for column in columns]
        assert low.tolist() == [column[0] for column in columns]
    block[-1, 0] = np.nan
    assert [np.isnan(found).tolist() for found in _extremes(block)] == [[True] + [False] * (shape[1] - 1)] * 2


def test_what_a_port_calls_one():
    wiring = Wiring(base_kva=10.0)
    wiring.bus("pole", "abc", base_v=6600 / 3**0.5)
    wiring.bus("house", "12n", base_v=105)
    asked = [("pole", "a", "b"), ("pole", "c", None), ("house", "1", "2"), ("house", "2", "1"), ("house", "2", "n")]
    for bus, plus, minus in asked:
        wiring.port(bus, plus, minus)
    wiring.port("house", "1", "2", nominal_v=200.0)
    net = wiring.network()
    assert net.port_names == ("pole.a-b", "pole.c", "house.1-2", "house.2-1", "house.2-n", "house.1-2")
    assert net.port_v_pu == pytest.approx([3**0.5, 1, 2, 2, 1, 200 / 105])


def test_advice_names_what_happened():
    words = {
        Reason.OK: "verified",
        Reason.NOT_CONVERGED: "tolerance_pu",
        Reason.NO_SOLUTION: "raised step by step and the voltage collapsed",
        Reason.UNSUPPLIED_BUS: "no source reaches",
        Reason.FORMING_LIMIT: "power limits",
        Reason.BAD_INPUT: "NaN or infinite",
    }
    assert list(words) == list(Reason)
    for reason, part in words.items():
        assert part in reason.advice
        plain = reason.advice.replace("NaN", "nan")
        assert plain == plain.capitalize()
        assert reason.advice.endswith(".")
