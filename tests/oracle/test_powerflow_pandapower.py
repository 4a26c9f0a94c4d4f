"""Voltages, losses, loadings against pandapower's Newton at 1e-10 MVA (L. Thurner et al., IEEE TPWRS 33
(2018))."""

from importlib.util import find_spec

import numpy as np
import pandapower as pp
import pandapower.networks as pn
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ysc_sim.adapters.pandapower import injections_from_pandapower, network_from_pandapower
from ysc_sim.powerflow import Reason, solve

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]

NETWORKS = {
    "cigre_lv": lambda: pn.create_cigre_network_lv(),
    "cigre_mv": lambda: pn.create_cigre_network_mv(),
    "cigre_mv_ring_pv_wind": lambda: _ring(pn.create_cigre_network_mv(with_der="pv_wind")),
    "case33bw": lambda: pn.case33bw(),
    "kerber_landnetz_freileitung": lambda: pn.create_kerber_landnetz_freileitung_1(),
    "kerber_landnetz_kabel": lambda: pn.create_kerber_landnetz_kabel_2(),
    "kerber_dorfnetz": lambda: pn.create_kerber_dorfnetz(),
    "kerber_vorstadtnetz": lambda: pn.create_kerber_vorstadtnetz_kabel_1(),
    "mv_oberrhein": lambda: pn.mv_oberrhein(),
    "simple_four_bus": lambda: pn.simple_four_bus_system(),
    "case9": lambda: pn.case9(),
    "case118": lambda: pn.case118(),
    "example_multivoltage": lambda: _without_xward(pn.example_multivoltage()),
}


def _ring(net):
    net.switch.loc[:, "closed"] = True
    return net


def _without_xward(net):
    net.xward["in_service"] = False
    net.gen["in_service"] = False
    return net


def reference(net, tolerance_mva=1e-10):
    """Complex bus voltages (0 where dead) and loadings from runpp."""
    pp.runpp(net, calculate_voltage_angles=True, tolerance_mva=tolerance_mva, max_iteration=60, numba=False)
    v = (net.res_bus.vm_pu * np.exp(1j * np.deg2rad(net.res_bus.va_degree))).to_numpy()
    tables = [net.res_line, net.res_trafo, net.res_trafo3w]
    loading = np.concatenate([np.asarray(t.loading_percent if len(t) else [], dtype=float) for t in tables])
    return np.nan_to_num(v), np.nan_to_num(loading)


def compare(net, *, tolerance=1e-8):
    v, loading = reference(net)
    grid = network_from_pandapower(net)
    for kernel in ("dense", "sparse", None, *["compiled"] * (find_spec("numba") is not None)):
        p, q = (np.where(v != 0, x, 0) for x in injections_from_pandapower(net))
        solution = solve(grid, p, q, tolerance_pu=1e-9, kernel=kernel)
        assert solution.ok.all()
        assert np.abs(solution.v_pu[0] - v).max() <= tolerance
        assert np.abs(solution.branch_loading_percent[0] - loading).max() <= 1e-5 * (1 + loading.max(initial=0))
        supplied = net.res_ext_grid.p_mw.sum() * 1000
        assert solution.slack_kw.sum() == pytest.approx(supplied, abs=1e-5 * (1 + abs(supplied)))
        balance = solution.slack_kw.sum() + solution.p_kw.sum() - solution.loss_kw[0]
        assert abs(balance) <= 1e-9 * (1 + abs(supplied))
    return solution


@pytest.mark.parametrize("name", NETWORKS)
def test_published_networks(name):
    compare(NETWORKS[name]())


def test_case33bw_loss_and_lowest_voltage():
    """M. E. Baran, F. F. Wu, IEEE Trans. Power Delivery 4 (1989) 1401–1407: 202.677 kW, 0.91309 at bus 18."""
    net = pn.case33bw()
    solution = solve(network_from_pandapower(net), *injections_from_pandapower(net))
    assert solution.loss_kw[0] == pytest.approx(202.677, abs=5e-4)
    assert solution.v_min_pu[0] == pytest.approx(0.91309, abs=5e-6)
    assert np.abs(solution.v_pu[0]).argmin() == 17


def test_dead_part_and_injection_there():
    net = pn.create_cigre_network_mv()
    net.trafo.loc[1, "in_service"] = False
    grid, (p, q) = network_from_pandapower(net), injections_from_pandapower(net)
    assert Reason(solve(grid, p, q).reason[0]) is Reason.UNSUPPLIED_BUS
    v, _ = reference(net)
    dead = v == 0
    p[dead], q[dead] = 0, 0
    solution = solve(grid, p, q, tolerance_pu=1e-9)
    assert dead.any()
    assert np.all(solution.v_pu[0, dead] == 0)
    assert np.abs(solution.v_pu[0] - v).max() <= 1e-8


def test_switch_states_by_row():
    """Every row of states must equal pandapower with its switches set so; rows of all patterns go in one
    call."""
    net = pn.create_cigre_network_mv()
    base = net.switch.closed.to_numpy(bool)
    rng = np.random.default_rng(7)
    lines = np.flatnonzero((net.switch.et == "l").to_numpy())
    states = np.tile(base, (6, 1))
    for row in states[1:]:
        row[rng.choice(lines, 2, replace=False)] ^= True
    grid, (p, q) = network_from_pandapower(net), injections_from_pandapower(net)
    for row, state in enumerate(states):
        net.switch["closed"] = state
        v, _ = reference(net)
        alive = v != 0
        solution = solve(grid, np.where(alive, p, 0), np.where(alive, q, 0), closed=states, tolerance_pu=1e-9)
        assert solution.ok[row]
        assert np.abs(solution.v_pu[row] - v).max() <= 1e-8


def _add_branches(net, rng, buses, mesh):
    for k in range(1, len(buses)):
        pp.create_line_from_parameters(
            net,
            buses[rng.integers(max(0, k - 4), k)],
            buses[k],
            rng.uniform(0.02, 0.4),
            rng.uniform(0.1, 0.8),
            rng.uniform(0.05, 0.4),
            rng.uniform(0, 300),
            rng.uniform(0.05, 0.4),
            g_us_per_km=rng.uniform(0, 3),
            parallel=int(rng.integers(1, 3)),
            in_service=rng.random() > 0.05,
        )
    for _ in range(mesh):
        a, b = rng.choice(buses, 2, replace=False)
        pp.create_line_from_parameters(net, a, b, rng.uniform(0.05, 0.4), 0.3, 0.2, 100, 0.2)


def _add_switches(net, rng, buses):
    for line in net.line.index:
        for end in ("from_bus", "to_bus"):
            if rng.random() < 0.15:
                pp.create_switch(net, net.line.at[line, end], line, et="l", closed=bool(rng.random() > 0.3))
    for _ in range(2):
        extra = pp.create_bus(net, 0.4, in_service=rng.random() > 0.1)
        pp.create_switch(
            net,
            int(rng.choice(buses)),
            extra,
            et="b",
            closed=bool(rng.random() > 0.3),
            z_ohm=float(rng.choice([0.0, 0.02])),
        )
        pp.create_load(net, extra, rng.uniform(0, 0.01), 0.001)


def random_network(seed: int, buses: int, mesh: int):
    """110/20/0.4 kV with a three-winding transformer, taps, shifts, switches, ZIP loads, shunts and dead
    ends."""
    rng = np.random.default_rng(seed)
    net = pp.create_empty_network(sn_mva=float(rng.choice([1.0, 0.1])), f_hz=50.0)
    high, middle, low = pp.create_bus(net, 110.0), pp.create_bus(net, 20.0), pp.create_bus(net, 10.0)
    pp.create_ext_grid(net, high, vm_pu=rng.uniform(0.98, 1.05), va_degree=rng.uniform(-30, 30))
    pp.create_transformer3w_from_parameters(
        net,
        high,
        middle,
        low,
        110.0,
        20.0,
        10.0,
        40.0,
        25.0,
        15.0,
        10.4,
        11.0,
        12.0,
        0.3,
        0.4,
        0.5,
        30.0,
        0.1,
        shift_mv_degree=30.0,
        shift_lv_degree=float(rng.choice([0.0, 150.0])),
        tap_side="hv",
        tap_neutral=0,
        tap_min=-9,
        tap_max=9,
        tap_step_percent=1.5,
        tap_pos=int(rng.integers(-3, 4)),
        tap_changer_type="Ratio",
    )
    pp.create_load(net, low, rng.uniform(0, 5), rng.uniform(0, 2))
    start = pp.create_bus(net, 0.4)
    pp.create_transformer_from_parameters(
        net,
        middle,
        start,
        0.63,
        20.5,
        0.41,
        1.2,
        6.0,
        1.5,
        0.4,
        shift_degree=150.0,
        tap_side=str(rng.choice(["hv", "lv"])),
        tap_neutral=0,
        tap_min=-2,
        tap_max=2,
        tap_step_percent=2.5,
        tap_step_degree=float(rng.choice([0.0, 20.0])),
        tap_pos=int(rng.integers(-2, 3)),
        tap_changer_type="Ratio",
        parallel=int(rng.integers(1, 3)),
    )
    points = [start, *(pp.create_bus(net, 0.4, in_service=rng.random() > 0.05) for _ in range(buses))]
    _add_branches(net, rng, points, mesh)
    _add_switches(net, rng, points[:2])
    for bus in points:
        # pandapower gives melted buses the shares of one of them; where switches melt, loads are constant
        # power
        share = rng.dirichlet([1, 1, 1]) * 100 * (rng.random() < 0.5 and bus not in points[:2])
        pp.create_load(
            net,
            bus,
            rng.uniform(0, 0.02),
            rng.uniform(-0.003, 0.006),
            const_z_p_percent=share[0],
            const_i_p_percent=share[1],
            const_z_q_percent=share[1],
            const_i_q_percent=share[2],
            scaling=rng.uniform(0.5, 1.5),
            in_service=rng.random() > 0.1,
        )
        if rng.random() < 0.3:
            pp.create_sgen(net, bus, rng.uniform(0, 0.03), rng.uniform(-0.01, 0.01))
    pp.create_shunt(net, points[-1], q_mvar=-0.01, p_mw=0.001, step=2)
    pp.create_ward(net, points[1], 0.003, 0.001, 0.002, 0.001)
    pp.create_storage(net, points[2], 0.005, 10.0, q_mvar=0.001)
    return net


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.integers(3, 25), st.integers(0, 4))
def test_random_networks(seed, buses, mesh):
    net = random_network(seed, buses, mesh)
    # with voltage-dependent loads pandapower converges linearly and stops 1e-8 early at 1e-10 MVA
    v, loading = reference(net, tolerance_mva=1e-11)
    alive = v != 0
    p, q = injections_from_pandapower(net)
    grid = network_from_pandapower(net)
    solution = solve(grid, np.where(alive, p, 0), np.where(alive, q, 0), tolerance_pu=1e-9)
    assert solution.ok.all()
    assert np.abs(solution.v_pu[0] - v).max() <= 1e-8
    assert np.abs(solution.branch_loading_percent[0] - loading).max() <= 1e-4


def test_several_sources_share_the_supply():
    net = random_network(3, 12, 3)
    pp.create_ext_grid(net, int(net.bus.index[9]), vm_pu=1.0, va_degree=-165.0)
    net.ext_grid.loc[0, "va_degree"] = 0.0
    solution = compare(net)
    assert solution.slack_kw[0] == pytest.approx(1000 * net.res_ext_grid.p_mw, abs=1e-4)
    assert solution.slack_kvar[0] == pytest.approx(1000 * net.res_ext_grid.q_mvar, abs=1e-4)
