"""Islands on the compiled kernel: the same answers as NumPy's, a row's own to the bit, and what it cannot take goes to
NumPy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ysc_sim.powerflow import EARTH, Forming, Network, Reason, VoltVar, series_admittance, solve_island

numba = pytest.importorskip("numba", exc_type=ImportError)


def network(seed: int, buses: int, *, mesh: int = 0, phases: int = 1, **more) -> Network:
    rng = np.random.default_rng(seed)
    up = np.array([rng.integers(max(0, k - 5), k) for k in range(1, buses)], dtype=int)
    ends = np.stack([up, np.arange(1, buses)], axis=1)
    loops = rng.integers(0, buses, (mesh, 2))
    ends = np.concatenate([ends, loops[loops[:, 0] != loops[:, 1]]])
    z = rng.uniform(0.002, 0.02, len(ends)) + 1j * rng.uniform(0.001, 0.008, len(ends))
    y = series_admittance(z, v_kv=0.4, base_kva=1000.0, shunt_s=1e-5j)
    if phases == 3:
        one = np.linalg.inv(z[:, None, None] * (np.eye(3) + 0.3)) * 0.16
        y = np.concatenate([np.concatenate([one, -one], axis=2), np.concatenate([-one, one], axis=2)], axis=1)
        more |= {"phases": 3, "conductors": 3}
    return Network(v_nominal_kv=np.full(buses, 0.4), leg_bus=ends, leg_y_pu=y, **more)


def loads(seed: int, rows: int, *shape: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    share = rng.normal(-0.4, 1.0, (rows, *shape)) * (rng.random(shape) < 0.7) / np.prod(shape)
    return share * rng.uniform(0, 60, (rows, *[1] * len(shape)))


def formers(seed: int, buses: int, count: int, rows: int = 1) -> Forming:
    """At drawn buses, which may be the same; references that differ between ``rows``; sometimes one that holds."""
    rng = np.random.default_rng(seed)
    droop = rng.uniform(0.005, 0.05, count)
    droop[0] *= rng.integers(0, 4) > 0
    return Forming(
        bus=rng.integers(0, buses, count),
        rated_kva=rng.uniform(20, 200, count),
        p_ref_kw=rng.uniform(0, 20, (rows, count)),
        q_ref_kvar=rng.uniform(-5, 5, count),
        v_ref_pu=rng.uniform(0.99, 1.03, (rows, count)),
        p_droop_pu=droop,
        q_droop_pu=rng.uniform(0.01, 0.08, count),
    )


CASES = (st.integers(0, 10**6), st.sampled_from([2, 7, 31]), st.integers(1, 4), st.sampled_from([0, 4]))
SCALE = {"v_pu": 1e-11, "v_min_pu": 1e-11, "v_max_pu": 1e-11, "frequency_hz": 1e-9, "loss_kw": 1e-8, "p_kw": 0.0,
         "forming_p_kw": 1e-7, "forming_q_kvar": 1e-7}  # fmt: skip


@settings(max_examples=15, deadline=None)
@given(*CASES, st.sampled_from([1, 3]), st.booleans())
def test_it_finds_what_numpy_finds(seed, buses, count, mesh, phases, by_row):
    net, forming = network(seed, buses, mesh=mesh, phases=phases), formers(seed, buses, count, 40 if by_row else 1)
    p = loads(seed, 40, buses, *[3] * (phases == 3))
    compiled, dense = (solve_island(net, p, -0.2 * p, forming, kernel=kernel) for kernel in ("compiled", "dense"))
    assert np.array_equal(compiled.reason, dense.reason)
    assert compiled.ok.any()
    for name, bound in SCALE.items():
        assert np.nanmax(np.abs(getattr(compiled, name) - getattr(dense, name)), initial=0.0) <= bound, name
    assert np.nanmax(np.abs(compiled.mismatch_pu)) <= 1e-10


@settings(max_examples=8, deadline=None)
@given(*CASES)
def test_rows_are_their_own(seed, buses, count, mesh):
    """Frequencies, which the kernel finds itself, to the bit; voltages, which NumPy's products write, to rounding."""
    net, forming = network(seed, buses, mesh=mesh), formers(seed, buses, count)
    p = loads(seed, 70, buses)
    p[5] *= 1e4  # hopeless, where anything is loaded
    order = np.random.default_rng(seed).permutation(70)
    whole, mixed, some, one = (
        solve_island(net, part, 0.3 * part, forming, kernel="compiled") for part in (p, p[order], p[30:65], p[40])
    )
    assert whole.ok.sum() >= 69
    for name in ("frequency_hz", "codes"):
        value = getattr(whole, name)
        assert np.array_equal(getattr(mixed, name), value[order], equal_nan=True)
        if p[40].any() and np.array_equal(p[30:65].any(axis=0), p.any(axis=0)):
            assert np.array_equal(getattr(some, name), value[30:65], equal_nan=True)
            assert np.array_equal(getattr(one, name)[0], value[40], equal_nan=True)
    assert np.allclose(mixed.v_pu, whole.v_pu[order], rtol=0, atol=1e-13, equal_nan=True)
    assert np.allclose(some.v_pu, whole.v_pu[30:65], rtol=0, atol=1e-12, equal_nan=True)
    assert np.allclose(one.v_pu[0], whole.v_pu[40], rtol=0, atol=1e-12, equal_nan=True)


def test_islands_parted_by_a_switch_and_limits():
    more = {"switch_leg": np.array([[3, 0]]), "switch_bus": np.array([[-1, -1]]), "switch_closed": np.array([True])}
    net = network(4, 8, **more)
    forming = Forming(bus=[0, int(net.leg_bus[3, 1]), 2], rated_kva=[50.0, 20.0, 30.0], p_max_kw=[15.0, 6.0, 10.0])
    p = loads(1, 60, 8)
    closed = np.arange(60)[:, None] % 3 > 0
    compiled, dense = (
        solve_island(net, p, 0.1 * p, forming, closed=closed, kernel=kernel) for kernel in ("compiled", "dense")
    )
    assert np.array_equal(compiled.reason, dense.reason)
    assert {Reason.OK, Reason.FORMING_LIMIT} <= set(compiled.reason)
    assert np.allclose(compiled.frequency_hz, dense.frequency_hz, rtol=0, atol=1e-9, equal_nan=True)
    assert np.allclose(compiled.v_pu, dense.v_pu, rtol=0, atol=1e-11, equal_nan=True)


def test_several_ports_at_a_node_and_at_an_inverter():
    net = network(4, 6, ports=np.array([[5, EARTH], [5, EARTH], [0, EARTH], [2, EARTH], [0, EARTH]]))
    p = np.array([[-3.0, 4.0, -7.0, -2.0, 1.0], [30.0, -1.0, 5.0, 0.0, 2.0]])
    forming = Forming(bus=[0, 4], rated_kva=[50.0, 30.0])
    compiled, dense = (solve_island(net, p, 0.5 * p, forming, kernel=kernel) for kernel in ("compiled", "dense"))
    assert compiled.ok.all()
    assert np.abs(compiled.v_pu - dense.v_pu).max() <= 1e-12
    assert np.abs(compiled.forming_q_kvar - dense.forming_q_kvar).max() <= 1e-8


@pytest.mark.parametrize("case", ["shares", "controls", "droops by row", "neutral", "nothing", "no rows", "bad"])
def test_what_it_cannot_take_numpy_does(case):
    more = {"share_current_p": np.full(9, 0.3)} if case == "shares" else {}
    more |= {"ports": np.array([[3, 4], [8, EARTH]])} if case == "neutral" else {}
    net = network(5, 9, **more)
    p = np.zeros((0 if case == "no rows" else 4, len(net.ports)))
    if case not in ("nothing", "no rows"):
        p[:, -1] = [-1, -2, 0, -4]
    if case == "bad":
        p[1, 2] = np.inf
    droop = np.full((4, 2), 0.02) * [[1], [2], [3], [4]] if case == "droops by row" else 0.02
    forming = Forming(bus=[0, 4], rated_kva=[50.0, 30.0], p_droop_pu=droop)
    controls = {8: VoltVar(rated_kva=10.0)} if case == "controls" else None
    compiled, dense = (
        solve_island(net, p, 0.0, forming, controls=controls, kernel=kernel) for kernel in ("compiled", "dense")
    )
    expected = [Reason.OK, Reason.BAD_INPUT, Reason.OK, Reason.OK] if case == "bad" else [Reason.OK] * len(p)
    assert list(compiled.reason) == list(dense.reason) == expected
    assert np.allclose(compiled.v_pu, dense.v_pu, rtol=0, atol=1e-11, equal_nan=True)
    assert np.allclose(compiled.frequency_hz, dense.frequency_hz, rtol=0, atol=1e-9, equal_nan=True)


def test_the_size_of_the_task_alone_chooses(monkeypatch):
    net, p, forming = network(6, 12), loads(6, 8, 12), Forming(bus=[0, 7], rated_kva=[50.0, 30.0])
    asked, numpy = (solve_island(net, p, 0.0, forming, kernel=kernel).frequency_hz for kernel in ("compiled", None))
    assert np.abs(asked - numpy).max() <= 1e-9
    monkeypatch.setattr("ysc_sim.powerflow.island.PAYS_FROM", 1)
    assert np.array_equal(solve_island(net, p, 0.0, forming).frequency_hz, asked)
    monkeypatch.setattr("ysc_sim.powerflow.island_rows.IslandRows.run", None)
    assert solve_island(net, p, 0.0, forming, kernel="dense").ok.all()


@pytest.mark.usefixtures("no_numba")
def test_a_kernel_that_is_not_there():
    net, forming = network(7, 5), Forming(bus=[0], rated_kva=50.0)
    with pytest.raises(ImportError, match=r"ysc-sim\[fast\]"):
        solve_island(net, np.zeros(5), 0.0, forming, kernel="compiled")
    with pytest.raises(ValueError, match="'tree'"):
        solve_island(net, np.zeros(5), 0.0, forming, kernel="tree")
