"""Every kernel finds the same voltages: taps, phase shifts, charging, unloaded nodes, loads at the source."""

from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ysc_sim.powerflow import Network, solve

HAS_NUMBA = find_spec("numba") is not None
COMPILED = pytest.param("compiled", marks=pytest.mark.skipif(not HAS_NUMBA, reason="numba is not installed"))
EVERY = ["tree", "dense", "sparse", *["compiled"] * HAS_NUMBA]


def network(rng: np.random.Generator, buses: int) -> Network:
    """A random radial network of general two-ports: y/|t|², y/conj(t), y/t, y and charging."""
    up = np.array([rng.integers(max(0, k - 4), k) for k in range(1, buses)])
    y = 1 / (rng.uniform(0.005, 0.05, buses - 1) * np.exp(1j * rng.uniform(0.1, 1.4, buses - 1)))
    tap = np.where(rng.random(buses - 1) < 0.3, rng.uniform(0.9, 1.1, buses - 1), 1.0) + 0j
    tap *= np.where(rng.random(buses - 1) < 0.2, np.exp(1j * np.pi / 6), 1.0)
    charge = 1j * rng.uniform(0, 0.02, buses - 1)
    legs = np.empty((buses - 1, 2, 2), dtype=complex)
    legs[:, 0, 0], legs[:, 1, 1] = (y + charge) / np.abs(tap) ** 2, y + charge
    legs[:, 0, 1], legs[:, 1, 0] = -y / tap.conj(), -y / tap
    return Network(
        v_nominal_kv=np.full(buses, 0.4),
        leg_bus=np.stack([up, np.arange(1, buses)], axis=1),
        leg_y_pu=legs,
        base_kva=100.0,
        source_bus=np.array([0]),
        source_v_pu=np.array([[1.03 * np.exp(0.2j)]]),
    )


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([2, 11, 47, 90]), st.sampled_from([0.2, 0.6, 1.0]))
def test_dense_tree_sparse_and_plain_agree(seed, buses, share):
    rng = np.random.default_rng(seed)
    net = network(rng, buses)
    p = rng.normal(-0.5, 1.0, (37, buses)) * (rng.random(buses) < share) * 15 / buses
    q = 0.4 * p
    wants = ("v_pu", "loss_kw", "slack_kw", "v_min_pu")
    tree, *others = (solve(net, p, q, kernel=kernel, want=wants) for kernel in EVERY)
    plain = solve(net, p, q, v_source_pu=np.full((37, 1), 1.03), want=wants)  # by row: another iteration
    assert tree.ok.all()
    for other in (*others, plain):
        assert other.ok.all()
        assert np.abs(other.v_pu - tree.v_pu).max() <= 1e-11
        assert np.abs(other.loss_kw - tree.loss_kw).max() <= 1e-9
        assert np.abs(other.slack_kw - tree.slack_kw).max() <= 1e-9


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([2, 30, 90]), st.sampled_from(EVERY))
def test_what_is_wanted_changes_nothing(seed, buses, kernel):
    rng = np.random.default_rng(seed)
    net = network(rng, buses)
    p = rng.normal(-0.5, 1.0, (19, buses)) * 15 / buses
    every = solve(net, p, 0.0, kernel=kernel)
    voltages = solve(net, p, 0.0, kernel=kernel, want=("v_pu",))
    ends = solve(net, p, 0.0, kernel=kernel, want=("v_min_pu", "v_max_pu"))
    assert np.abs(voltages.v_pu - every.v_pu).max() <= 1e-13
    assert ends.v_min_pu == pytest.approx(np.abs(every.v_pu).min(axis=1), abs=1e-13)
    assert ends.v_max_pu == pytest.approx(np.abs(every.v_pu).max(axis=1), abs=1e-13)


@pytest.mark.parametrize("kernel", [None, COMPILED])
def test_one_hopeless_row_among_many_costs_the_others_nothing(kernel):
    net = network(np.random.default_rng(3), 60)
    p = np.full((500, 60), -0.1)
    p[123] *= 1000
    p[321, 4] = np.nan
    solution = solve(net, p, 0.0, want=("v_pu",), kernel=kernel)
    good = np.setdiff1d(np.arange(500), [123, 321])
    assert solution.ok[good].all()
    assert not solution.ok[[123, 321]].any()
    assert np.abs(solution.v_pu[good] - solve(net, p[good], 0.0).v_pu).max() <= 1e-11


@pytest.mark.parametrize("kernel", ["dense", "tree", COMPILED])
@pytest.mark.parametrize("want", [("v_pu",), ("v_pu", "loss_kw")])
def test_a_call_leaves_nothing_behind_for_the_next(kernel, want):
    net = network(np.random.default_rng(5), 40)
    p = np.random.default_rng(6).normal(-0.4, 0.3, (12, 40))
    before = solve(net, p, 0.1 * p, kernel=kernel, want=want)
    lost = solve(net, 500 * p, 0.0, kernel=kernel, want=want)
    after = solve(net, p, 0.1 * p, kernel=kernel, want=want)
    assert before.ok.all()
    assert not lost.ok.all()
    assert np.array_equal(before.v_pu, after.v_pu)
    assert np.array_equal(before.mismatch_pu, after.mismatch_pu)


@pytest.mark.parametrize("kernel", [None, COMPILED])
def test_threads_share_a_network(kernel):
    net = network(np.random.default_rng(7), 30)
    rng = np.random.default_rng(8)
    loads = [rng.normal(-0.4, 0.3, (10, 30)) for _ in range(12)]
    alone = [solve(net, p, 0.0, want=("v_pu",), kernel=kernel).v_pu for p in loads]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda p: solve(net, p, 0.0, want=("v_pu",), kernel=kernel).v_pu, loads))
    for one, other in zip(alone, together, strict=True):
        assert np.array_equal(one, other)
