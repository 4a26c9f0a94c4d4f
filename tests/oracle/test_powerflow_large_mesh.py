"""A mesh of 2,000 buses: against pandapower's Newton at 1e-10 MVA, and without a matrix over the ports."""

import tracemalloc

import numpy as np
import pandapower as pp
import pytest

from ysc_sim.adapters.pandapower import injections_from_pandapower, network_from_pandapower
from ysc_sim.powerflow import solve

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]
BUSES = 2000


def mesh(loops: int):
    """20 kV: a random tree, lines that close loops between its branches, and a load at every bus."""
    rng = np.random.default_rng(7)
    net = pp.create_empty_network()
    buses = pp.create_buses(net, BUSES, 20.0)
    pp.create_ext_grid(net, 0, vm_pu=1.02)
    up = [int(rng.integers(max(0, k - 40), k)) for k in range(1, BUSES)]
    one = rng.integers(1, BUSES - 60, loops)
    pp.create_lines_from_parameters(
        net, [*up, *one], [*range(1, BUSES), *(one + rng.integers(1, 60, loops))],
        length_km=rng.uniform(0.02, 0.1, BUSES - 1 + loops), r_ohm_per_km=0.2, x_ohm_per_km=0.15, c_nf_per_km=250.0,
        max_i_ka=0.3)  # fmt: skip
    p = rng.uniform(-0.002, 0.008, BUSES)
    pp.create_loads(net, buses, p_mw=p, q_mvar=0.3 * p)
    return net


@pytest.mark.parametrize("loops", [1, 150])
def test_against_pandapower(loops):
    net = mesh(loops)
    pp.runpp(net, calculate_voltage_angles=True, tolerance_mva=1e-10, numba=False)
    want = (net.res_bus.vm_pu * np.exp(1j * np.deg2rad(net.res_bus.va_degree))).to_numpy()
    grid = network_from_pandapower(net)
    p, q = injections_from_pandapower(net)
    tracemalloc.start()
    solution = solve(grid, [p, 0.5 * p], q, tolerance_pu=1e-10)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert solution.ok.all()
    assert np.abs(solution.v_pu[0] - want).max() <= 1e-8
    assert solution.loss_kw[0] == pytest.approx(1000 * net.res_line.pl_mw.sum(), abs=1e-5)
    assert solution.slack_kw[0] == pytest.approx(1000 * net.res_ext_grid.p_mw, abs=1e-5)
    assert peak < (2 * BUSES) ** 2 * 8 / 4  # a quarter of the dense matrix
