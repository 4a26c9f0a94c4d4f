"""Rows are independent, and no row claims more than was verified."""

from importlib.util import find_spec

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ysc_sim.powerflow import Network, Reason, series_admittance, solve

COMPILED = pytest.param(
    "compiled", marks=pytest.mark.skipif(find_spec("numba") is None, reason="numba is not installed")
)


def feeder(seed: int, buses: int, *, mesh: int = 0, shares: bool = False) -> Network:
    """A random 0.4 kV network fed at bus 0."""
    rng = np.random.default_rng(seed)
    up = np.array([rng.integers(max(0, k - 5), k) for k in range(1, buses)])
    ends = np.stack([up, np.arange(1, buses)], axis=1)
    loops = rng.integers(0, buses, (mesh, 2))
    ends = np.concatenate([ends, loops[loops[:, 0] != loops[:, 1]]])
    z = rng.uniform(0.002, 0.02, len(ends)) + 1j * rng.uniform(0.001, 0.008, len(ends))
    part = {"share_current_p": np.full(buses, 0.3), "share_impedance_q": np.full(buses, 0.4)} if shares else {}
    return Network(
        v_nominal_kv=np.full(buses, 0.4),
        leg_bus=ends,
        source_bus=np.array([0]),
        leg_y_pu=series_admittance(z, v_kv=0.4, base_kva=1000.0, shunt_s=1e-5j),
        source_v_pu=np.array([[1.02 + 0j]]),
        **part,
    )


def loads(seed: int, rows: int, buses: int, scale_kw: float):
    rng = np.random.default_rng(seed + 1)
    p = -rng.uniform(-0.3, 1.0, (rows, buses)) * scale_kw / buses
    return p * rng.uniform(0, 3, (rows, 1)), 0.3 * p


@pytest.mark.parametrize("kernel", [None, COMPILED])
@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    buses=st.sampled_from([2, 9, 40, 120]),
    mesh=st.sampled_from([0, 3]),
    shares=st.booleans(),
)
def test_rows_do_not_feel_each_other(kernel, seed, buses, mesh, shares):
    net = feeder(seed, buses, mesh=mesh, shares=shares)
    p, q = loads(seed, 40, buses, 150.0)
    together = solve(net, p, q, kernel=kernel)
    rng = np.random.default_rng(seed)
    order = rng.permutation(40)
    mixed = solve(net, p[order], q[order], kernel=kernel)
    alone = [solve(net, p[row], q[row], kernel=kernel) for row in range(0, 40, 13)]
    extra = solve(net, np.concatenate([p, 40 * p[:3]]), np.concatenate([q, 40 * q[:3]]), kernel=kernel)
    same(mixed, range(40), together, order)
    same(extra, range(40), together, range(40))
    for k, row in enumerate(range(0, 40, 13)):
        same(alone[k], [0], together, [row])


def same(one, rows, other, other_rows):
    rows, other_rows = list(rows), list(other_rows)
    assert np.array_equal(one.reason[rows], other.reason[other_rows])
    for name in one.kept:
        a, b = getattr(one, name)[rows], getattr(other, name)[other_rows]
        assert np.array_equal(np.isnan(a), np.isnan(b))
        assert np.abs(np.nan_to_num(a - b)).max() <= 1e-10 * max(1.0, np.abs(np.nan_to_num(b)).max())


@pytest.mark.parametrize("kernel", ["dense", "tree", "sparse", COMPILED])
@pytest.mark.parametrize("buses", [2, 30, 100])
def test_ramp_through_collapse_and_back(buses, kernel):
    """Infeasible steps in the middle: none is claimed, and none of the feasible ones is lost.

    The collapse is located independently, by bisection with the written-out Newton below.
    """
    net = feeder(5, buses)
    p, q = loads(5, 1, buses, 60.0)
    p, q = -np.abs(p[0]), -np.abs(q[0])
    nose = collapse(net, p, q)
    ramp = np.concatenate([np.linspace(0.3, 1.3, 44), np.linspace(1.3, 0.3, 20), [0.999, 0.9999, 1.0001, 1.001]])
    solution = solve(net, nose * ramp[:, None] * p, nose * ramp[:, None] * q, kernel=kernel)
    assert np.array_equal(solution.ok, ramp < 1)
    assert set(solution.reason[ramp > 1]) == {Reason.NO_SOLUTION}
    assert np.all(np.isnan(solution.v_pu[ramp > 1]))
    assert np.all(np.isnan(solution.loss_kw[ramp > 1]))
    for row in np.flatnonzero(solution.ok):
        assert residual(net, solution.v_pu[row], nose * ramp[row] * p, nose * ramp[row] * q) <= 1e-7


def admittance(net):
    y = np.zeros((len(net.v_nominal_kv),) * 2, dtype=complex)
    for (a, b), leg in zip(net.leg_bus, net.leg_y_pu, strict=True):
        y[np.ix_([a, b], [a, b])] += leg
    return y


def residual(net, v, p_kw, q_kvar):
    s = v * (admittance(net) @ v).conj() - (p_kw + 1j * q_kvar) / net.base_kva
    return np.abs(s[1:]).max()


def newton(net, v, s):
    """Rectangular Newton on all buses but the first, from ``v``."""
    y = admittance(net)
    n = len(v)
    for _ in range(40):
        current = y @ v
        f = (v * current.conj() - s)[1:]
        if np.abs(f).max() < 1e-12:
            return v
        a, b = np.diag(current.conj()), np.diag(v) @ y.conj()
        real, imag = (a + b)[1:, 1:], (1j * a - 1j * b)[1:, 1:]
        jacobian = np.block([[real.real, imag.real], [real.imag, imag.imag]])
        step = np.linalg.solve(jacobian, np.concatenate([f.real, f.imag]))
        v = v.copy()
        v[1:] -= step[: n - 1] + 1j * step[n - 1 :]
    return None


def collapse(net, p, q):
    """Largest factor on p + jq that has a solution, by bisection along the branch of high voltages."""
    v = newton(net, np.full(len(p), net.source_v_pu[0, 0]), 0 * p + 0j)
    low, step = 0.0, 0.5
    while step > 1e-9:
        found = newton(net, v, (low + step) * (p + 1j * q) / net.base_kva)
        if found is not None and np.abs(found - v).max() < 0.3:
            low, v, step = low + step, found, step * 1.3
        else:
            step /= 2
    return low
