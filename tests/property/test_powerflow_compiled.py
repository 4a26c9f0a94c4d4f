"""The compiled kernel: a row's result is its own to the bit, whatever lies around it and however it lies in memory."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ysc_sim.powerflow import EARTH, Network, Reason, lane_rows, series_admittance, solve
from ysc_sim.powerflow.lane_rows import is_compiled

numba = pytest.importorskip("numba", exc_type=ImportError)


def network(seed: int, buses: int, *, mesh: int = 0, phases: int = 1, **more) -> Network:
    """Fed at bus 0; with ``phases`` = 3 the conductors of a line are coupled."""
    rng = np.random.default_rng(seed)
    up = np.array([rng.integers(max(0, k - 5), k) for k in range(1, buses)], dtype=int)
    ends = np.stack([up, np.arange(1, buses)], axis=1)
    loops = rng.integers(0, buses, (mesh, 2))
    ends = np.concatenate([ends, loops[loops[:, 0] != loops[:, 1]]])
    z = rng.uniform(0.002, 0.02, len(ends)) + 1j * rng.uniform(0.001, 0.008, len(ends))
    if phases == 1:
        y, source = series_admittance(z, v_kv=0.4, base_kva=1000.0, shunt_s=1e-5j), np.array([[1.02 + 0j]])
    else:
        one = np.linalg.inv(z[:, None, None] * (np.eye(3) + 0.3)) * 0.16
        y = np.concatenate([np.concatenate([one, -one], axis=2), np.concatenate([-one, one], axis=2)], axis=1)
        source = np.exp(-2j * np.pi / 3 * np.arange(3))[None]
        more |= {"phases": 3, "conductors": 3}
    return Network(v_nominal_kv=np.full(buses, 0.4), leg_bus=ends, leg_y_pu=y, source_bus=np.array([0]),
                   source_v_pu=source, **more)  # fmt: skip


def loads(seed: int, rows: int, *shape: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    share = rng.normal(-0.4, 1.0, (rows, *shape)) * (rng.random(shape) < 0.7) / np.prod(shape)
    return share * rng.uniform(0, 60, (rows, *[1] * len(shape)))


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([2, 7, 31]), st.sampled_from([0, 4]), st.sampled_from([1, 3]))
def test_bit_for_bit_in_any_company(seed, buses, mesh, phases):
    net = network(seed, buses, mesh=mesh, phases=phases)
    p = loads(seed, 70, buses, *[3] * (phases == 3))
    p[5] *= 1e4 if buses < 10 and phases == 1 else 1  # hopeless
    order = np.random.default_rng(seed).permutation(70)
    want = ("v_pu", "v_min_pu", "v_max_pu")
    whole, mixed, some, one = (
        solve(net, part, 0.3 * part, kernel="compiled", want=want) for part in (p, p[order], p[30:65], p[40])
    )
    assert whole.ok.sum() >= 69
    for name in (*want, "mismatch_pu", "codes"):
        value = getattr(whole, name)
        assert np.array_equal(getattr(mixed, name), value[order], equal_nan=True)
        assert np.array_equal(getattr(some, name), value[30:65], equal_nan=True)
        assert np.array_equal(getattr(one, name)[0], value[40], equal_nan=True)
    every = solve(net, p, 0.3 * p, kernel="compiled", want=("v_pu", "loss_kw"))
    assert np.allclose(every.v_pu, whole.v_pu, rtol=0, atol=1e-13, equal_nan=True)


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([2, 7, 31]), st.sampled_from([0, 4]), st.sampled_from([1, 3]))
def test_it_finds_what_the_dense_product_finds(seed, buses, mesh, phases):
    net = network(seed, buses, mesh=mesh, phases=phases)
    p = loads(seed, 40, buses, *[3] * (phases == 3))
    compiled, dense = (solve(net, p, -0.2 * p, kernel=kernel) for kernel in ("compiled", "dense"))
    assert np.array_equal(compiled.reason, dense.reason)
    assert compiled.ok.any()
    for name in ("v_pu", "v_min_pu", "v_max_pu"):
        assert np.nanmax(np.abs(getattr(compiled, name) - getattr(dense, name))) <= 1e-11
    for name in ("loss_kw", "slack_kw", "slack_kvar"):
        assert np.nanmax(np.abs(getattr(compiled, name) - getattr(dense, name))) <= 2e-9
    assert np.nanmax(np.abs(compiled.mismatch_pu)) <= 1e-11


def test_how_the_powers_lie_in_memory_does_not_matter():
    net, p = network(3, 20), loads(3, 33, 20)
    how = {"kernel": "compiled", "want": ("v_pu",)}
    plain = solve(net, p, 0.1 * p, **how).v_pu
    fixed = p.copy()
    fixed.flags.writeable = False
    odd = np.zeros(p.nbytes + 1, dtype=np.uint8)[1:].view(np.float64).reshape(p.shape)
    odd[:] = p
    every_second = np.repeat(p, 2, axis=0)[::2]
    for given_p in (fixed, odd, every_second, np.asfortranarray(p)):
        assert np.array_equal(solve(net, given_p, 0.1 * p, **how).v_pu, plain)
    repeated = solve(net, p[0], 0.1 * np.repeat(p[:1], 33, axis=0), **how).v_pu
    assert np.array_equal(repeated, np.repeat(plain[:1], 33, axis=0))


def test_several_ports_at_a_node_and_at_the_source():
    net = network(4, 6, ports=np.array([[5, EARTH], [5, EARTH], [0, EARTH], [2, EARTH]]))
    p = np.array([[-3.0, 4.0, -7.0, -2.0], [30.0, -1.0, 5.0, 0.0]])
    compiled, dense = (solve(net, p, 0.5 * p, kernel=kernel) for kernel in ("compiled", "dense"))
    assert compiled.ok.all()
    assert np.abs(compiled.v_pu - dense.v_pu).max() <= 1e-13
    assert np.abs(compiled.slack_kvar - dense.slack_kvar).max() <= 1e-10


@pytest.mark.parametrize("case", ["shares", "sources", "neutral", "nothing", "no rows", "dead", "bad"])
def test_what_it_cannot_take_others_do(case):
    """Power that depends on the voltage, sources that differ between rows, ports that do not end at earth."""
    more = {"share_current_p": np.full(9, 0.3)} if case == "shares" else {}
    more |= {"ports": np.array([[3, 4], [8, EARTH]])} if case == "neutral" else {}
    more |= {"bus_in_service": np.arange(9) != 8} if case == "dead" else {}
    net = network(5, 9, **more)
    p = np.zeros((0 if case == "no rows" else 4, len(net.ports)))
    if case not in ("nothing", "no rows"):
        p[:, -1] = [-1, -2, 0, -4]
    if case == "bad":
        p[1, 2] = np.inf
    sources = {"v_source_pu": [[1.0], [1.01], [1.02], [1.03]]} if case == "sources" else {}
    compiled, dense = (solve(net, p, 0.0, kernel=kernel, **sources) for kernel in ("compiled", "dense"))
    assert np.array_equal(compiled.reason, dense.reason)
    assert np.allclose(compiled.v_pu, dense.v_pu, rtol=0, atol=1e-11, equal_nan=True)
    expected = {"dead": [Reason.UNSUPPLIED_BUS] * 2 + [Reason.OK, Reason.UNSUPPLIED_BUS],
                "bad": [Reason.OK, Reason.BAD_INPUT, Reason.OK, Reason.OK]}.get(case, [Reason.OK] * len(p))  # fmt: skip
    assert list(compiled.reason) == expected


def test_the_size_of_the_task_alone_chooses(monkeypatch):
    assert not is_compiled(None, 100, 39_999)
    assert is_compiled(None, 100, 40_000)
    assert not is_compiled("tree", 100, 40_000)
    assert is_compiled("compiled", 1, 1)
    net, p = network(6, 12), loads(6, 8, 12)
    asked, numpy = solve(net, p, 0.0, kernel="compiled").v_pu, solve(net, p, 0.0).v_pu
    assert np.abs(asked - numpy).max() <= 1e-11
    monkeypatch.setattr(lane_rows, "PAYS_FROM", 1)
    assert np.array_equal(solve(net, p, 0.0).v_pu, asked)
    phases = network(6, 60, phases=3)  # many conductors, one load: the dense product is smaller
    one = np.zeros((8, 60, 3))
    one[:, 40, 1] = -1
    monkeypatch.setattr("ysc_sim.powerflow.lane_rows.LaneRows.voltages", None)
    assert solve(phases, one, 0.0, want=("v_pu",)).ok.all()


@pytest.mark.usefixtures("no_numba")
def test_without_numba():
    net = network(7, 5)
    assert not is_compiled(None, 10**4, 10**4)
    with pytest.raises(ImportError, match=r"ysc-sim\[fast\]"):
        solve(net, np.zeros(5), 0.0, kernel="compiled")
    with pytest.raises(ValueError, match="'compiled' or None"):
        solve(net, np.zeros(5), 0.0, kernel="numba")


def test_numba_is_not_imported_before_it_runs():
    code = (
        "import sys, numpy as np; from ysc_sim.powerflow import *; from ysc_sim.powerflow import lane_rows;"
        "net = Network(v_nominal_kv=np.array([0.4, 0.4]), leg_bus=np.array([[0, 1]]), source_bus=np.array([0]),"
        "leg_y_pu=series_admittance(np.array([0.016 + 0j]), v_kv=0.4, base_kva=1000.0),"
        "source_v_pu=np.array([[1 + 0j]]));"
        "assert solve(net, [0, -90.0], 0.0).ok.all(); assert 'numba' not in sys.modules"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
