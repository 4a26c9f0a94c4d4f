"""Three unbalanced phases against pandapower's ``runpp_3ph`` (its outer loop stops at 3e-8 MVA) and, to 1e-8,
against power-grid-model (Y. Xiang et al., "Power Grid Model: a high-performance distribution grid calculation
library", CIRED 2023)."""

import numpy as np
import pandapower as pp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ysc_sim.adapters.pandapower import (
    UnrepresentableElementError,
    injections_from_pandapower,
    network_from_pandapower,
)
from ysc_sim.powerflow import Reason, solve

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::RuntimeWarning"),
]


def street(seed, houses=8, *, vector_group="Dyn", shift=150.0, stiff=False, mesh=False, switches=False):
    """6.6/0.4 kV: an ext_grid, a transformer, a low-voltage street with loads and inverters on single phases."""
    rng = np.random.default_rng(seed)
    net = pp.create_empty_network(sn_mva=1.0)
    high, low = pp.create_bus(net, 6.6), pp.create_bus(net, 0.4)
    stiffness = {} if stiff else {"s_sc_max_mva": 80.0, "rx_max": 0.2, "x0x_max": 1.4, "r0x0_max": 0.3}
    pp.create_ext_grid(net, high, vm_pu=rng.uniform(0.98, 1.04), va_degree=rng.uniform(-20, 20), **stiffness)
    if stiff:
        net.ext_grid[["s_sc_max_mva", "rx_max", "x0x_max", "r0x0_max"]] = [1e14, 0.1, 1.0, 0.1]
    pp.create_transformer_from_parameters(
        net, high, low, 0.25, 6.6, 0.41, 1.1, 4.5, 0.6, 0.5, shift_degree=shift, vector_group=vector_group,
        vk0_percent=4.2, vkr0_percent=1.0, mag0_percent=95.0, mag0_rx=0.2, si0_hv_partial=0.8, tap_side="hv",
        tap_neutral=0, tap_min=-2, tap_max=2, tap_step_percent=2.5, tap_pos=int(rng.integers(-2, 3)),
        tap_changer_type="Ratio")  # fmt: skip
    points = [low]
    for _ in range(houses):
        bus = pp.create_bus(net, 0.4)
        pp.create_line_from_parameters(
            net, int(points[rng.integers(max(0, len(points) - 3), len(points))]), bus, rng.uniform(0.02, 0.1),
            0.25, 0.08, 210.0, 0.3, r0_ohm_per_km=0.9, x0_ohm_per_km=0.3, c0_nf_per_km=100.0)  # fmt: skip
        points.append(bus)
        p = rng.uniform(0, 0.006, 3) * (rng.random(3) < 0.6)
        pp.create_asymmetric_load(net, bus, p[0], p[1], p[2], 0.3 * p[0], 0.2 * p[1], -0.1 * p[2], scaling=1.1)
        pp.create_asymmetric_sgen(net, bus, *(rng.uniform(0, 0.004, 3) * (rng.random(3) < 0.3)))
        pp.create_load(net, bus, rng.uniform(0, 0.004), 0.001)
    if mesh:
        pp.create_line_from_parameters(net, points[1], points[-1], 0.1, 0.25, 0.08, 210.0, 0.3, r0_ohm_per_km=0.9,
                                       x0_ohm_per_km=0.3, c0_nf_per_km=100.0)  # fmt: skip
    if switches:
        pp.create_switch(net, points[-1], int(net.line.index[-1]), et="l", closed=False)
    pp.create_sgen(net, points[2], 0.004, type="wye")  # runpp_3ph leaves out sgens without a type
    return net


def phase_voltages(table):
    return np.stack([table[f"vm_{x}_pu"] * np.exp(1j * np.deg2rad(table[f"va_{x}_degree"])) for x in "abc"], axis=1)


def solved(net):
    p, q = injections_from_pandapower(net, phases=3)
    solution = solve(network_from_pandapower(net, phases=3), p, q, tolerance_pu=1e-10)
    assert solution.ok.all()
    return solution


@pytest.mark.parametrize(
    ("group", "shift", "mesh", "switches"),
    [
        ("Dyn", 150.0, False, False),
        ("Dyn", 30.0, True, False),
        ("YNyn", 0.0, False, False),
        ("Yzn", 150.0, False, False),
        ("Dyn", 150.0, True, True),
    ],
)
def test_against_runpp_3ph(group, shift, mesh, switches):
    net = street(3, vector_group=group, shift=shift, mesh=mesh, switches=switches)
    pp.runpp_3ph(net, numba=False)
    solution = solved(net)
    assert np.abs(solution.v_pu[0] - phase_voltages(net.res_bus_3ph)).max() <= 1e-6
    for table, rows in ((net.res_line_3ph, slice(0, len(net.line))), (net.res_trafo_3ph, slice(len(net.line), None))):
        loading = table[[f"loading_{x}_percent" for x in "abc"]].to_numpy(float)
        assert np.abs(solution.branch_loading_percent[0, rows] - loading).max() <= 2e-3
    current = net.res_line_3ph[[f"i_{x}_ka" for x in "abc"]].to_numpy(float)
    assert np.abs(solution.branch_current_ka[0, : len(net.line)] - current).max() <= 1e-6
    grid = net.res_ext_grid_3ph
    supplied = 1000 * (grid.p_a_mw + grid.p_b_mw + grid.p_c_mw).iloc[0]
    assert solution.slack_kw[0, 0] == pytest.approx(supplied, abs=2e-3)
    assert solution.slack_kw.sum() + solution.p_kw.sum() == pytest.approx(solution.loss_kw[0], abs=1e-9)


def grid_model(net):
    """The low-voltage side of a street in power-grid-model, fed at its busbar; complex voltages to neutral."""
    from power_grid_model import ComponentType, LoadGenType, PowerGridModel, initialize_array

    buses = net.bus.index[1:]
    node = initialize_array("input", ComponentType.node, len(buses))
    node["id"], node["u_rated"] = buses, 400.0
    line = initialize_array("input", ComponentType.line, len(net.line))
    length = net.line.length_km.to_numpy()
    line["id"] = 1000 + np.arange(len(net.line))
    line["from_node"], line["to_node"] = net.line.from_bus, net.line.to_bus
    line["from_status"] = line["to_status"] = 1
    for name in ("r", "x"):
        line[f"{name}1"] = net.line[f"{name}_ohm_per_km"] * length
        line[f"{name}0"] = net.line[f"{name}0_ohm_per_km"] * length
    line["c1"], line["c0"] = net.line.c_nf_per_km * 1e-9 * length, net.line.c0_nf_per_km * 1e-9 * length
    line["tan1"] = line["tan0"] = 0.0
    line["i_n"] = 1000.0
    p, q = injections_from_pandapower(net, phases=3)
    load = initialize_array("input", ComponentType.asym_load, len(buses))
    load["id"], load["node"], load["status"] = 2000 + np.arange(len(buses)), buses, 1
    load["type"] = LoadGenType.const_power
    load["p_specified"], load["q_specified"] = -1000 * p[1:], -1000 * q[1:]
    source = initialize_array("input", ComponentType.source, 1)
    source["id"], source["node"], source["status"], source["u_ref"] = 9999, buses[0], 1, 1.02
    source["sk"], source["rx_ratio"], source["z01_ratio"] = 1e20, 0.1, 1.0
    model = PowerGridModel(
        {ComponentType.node: node, ComponentType.line: line, ComponentType.asym_load: load,
         ComponentType.source: source}, system_frequency=50.0)  # fmt: skip
    answer = model.calculate_power_flow(symmetric=False, error_tolerance=1e-13, max_iterations=100)
    nodes = answer[ComponentType.node]
    return nodes["u_pu"] * np.exp(1j * nodes["u_angle"])


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10**6), st.integers(3, 25), st.booleans())
def test_against_power_grid_model(seed, houses, mesh):
    net = street(seed, houses, mesh=mesh)
    net.trafo["in_service"] = False
    net.ext_grid["in_service"] = False
    net.bus.loc[0, "in_service"] = False
    pp.create_ext_grid(net, 1, vm_pu=1.02)
    net.ext_grid[["s_sc_max_mva", "rx_max", "x0x_max", "r0x0_max"]] = [1e14, 0.1, 1.0, 0.1]
    solution = solved(net)
    assert np.abs(solution.v_pu[0, 1:] - grid_model(net)).max() <= 1e-8


def with_delta(net):
    pp.create_asymmetric_load(net, 3, 0.004, 0.001, -0.002, 0.001, 0.0005, 0.001, scaling=0.9, type="delta")
    pp.create_asymmetric_sgen(net, 4, 0.001, 0.003, 0.0, 0.0, 0.001, 0.0, type="delta")
    pp.create_asymmetric_load(net, 5, 0.1, type="delta", in_service=False)
    pp.create_load(net, 6, 0.006, 0.002, type="delta")
    pp.create_sgen(net, 3, 0.003, -0.001, type="delta")
    return net


@pytest.mark.parametrize("mesh", [False, True])
def test_delta_loads_against_runpp_3ph(mesh):
    net = with_delta(street(4, mesh=mesh))
    pp.runpp_3ph(net, numba=False)
    solution = solved(net)
    assert np.abs(solution.v_pu[0] - phase_voltages(net.res_bus_3ph)).max() <= 1e-6
    nodes = 3 * len(net.bus)
    assert solution.p_kw.shape == (1, nodes + 9)
    assert solution.p_kw[0, nodes:] == pytest.approx([-2.6, 0.1, 2.8, 1, 3, 0, -2, -2, -2])
    grid = network_from_pandapower(net, phases=3)
    assert grid.port_names[nodes:][:3] == ("3.a-3.b", "3.b-3.c", "3.c-3.a")
    assert solution.slack_kw.sum() + solution.p_kw.sum() == pytest.approx(solution.loss_kw[0], abs=1e-9)


def test_voltage_dependent_shares_in_star_and_delta():
    """Constant impedance in delta is a third of it in star; balanced, both are what ``runpp`` makes of them."""
    net = street(5)
    for table in ("asymmetric_load", "asymmetric_sgen", "load", "sgen"):
        net[table] = net[table].iloc[:0]
    for bus, (current, impedance) in enumerate(((20, 50), (0, 100), (100, 0), (30, 30)), start=2):
        shares = {"const_i_p_percent": current, "const_z_p_percent": impedance, "const_i_q_percent": impedance / 2,
                  "const_z_q_percent": current / 2}  # fmt: skip
        pp.create_load(net, bus, 0.02, 0.01, **shares, type="delta" if bus % 2 else "wye")
    three = solved(net)
    p, q = injections_from_pandapower(net)
    one = solve(network_from_pandapower(net), p, q, tolerance_pu=1e-10)
    turn = np.exp(-2j * np.pi / 3 * np.arange(3))
    assert np.abs(three.v_pu[0] - one.v_pu[0][:, None] * turn).max() <= 1e-8
    pp.runpp(net, calculate_voltage_angles=True, tolerance_mva=1e-10, numba=False)
    assert np.abs(np.abs(three.v_pu[0]) - net.res_bus.vm_pu.to_numpy()[:, None]).max() <= 1e-8


def test_balanced_loads_give_the_balanced_answer():
    net = street(5)
    for table in ("asymmetric_load", "asymmetric_sgen"):
        net[table] = net[table].iloc[:0]
    three = solved(net)
    p, q = injections_from_pandapower(net)
    one = solve(network_from_pandapower(net), p, q, tolerance_pu=1e-10)
    turn = np.exp(-2j * np.pi / 3 * np.arange(3))
    assert np.abs(three.v_pu[0] - one.v_pu[0][:, None] * turn).max() <= 1e-8
    assert three.loss_kw[0] == pytest.approx(one.loss_kw[0], abs=1e-6)
    assert np.abs(three.branch_loading_percent[0] - one.branch_loading_percent[0][:, None]).max() <= 1e-5


def test_rows_shapes_and_dead_buses():
    net = street(7, mesh=True, switches=True)
    grid = network_from_pandapower(net, phases=3)
    p, q = injections_from_pandapower(net, phases=3)
    many = solve(grid, np.stack([p, 0.5 * p, 900 * p]), q)
    assert many.v_pu.shape == (3, len(net.bus), 3)
    assert many.p_kw.shape == (3, len(net.bus), 3)
    assert many.reason.tolist() == [Reason.OK, Reason.OK, Reason.NO_SOLUTION]
    dark = solve(grid, p, q, v_source_pu=[[0.97]], closed=[False])
    assert dark.ok.all()
    net.line["in_service"] = False
    lost = solve(network_from_pandapower(net, phases=3), p, q)
    assert Reason(lost.reason[0]) is Reason.UNSUPPLIED_BUS


def _no_zero_sequence(net):
    net.line.loc[2, "r0_ohm_per_km"] = np.nan
    return "line 2 has no r0_ohm_per_km"


def _vector_group(net):
    net.trafo["vector_group"] = "YNd"
    return "trafo 0 has vector group 'YNd'"


def _gen(net):
    pp.create_gen(net, 3, 0.01)
    return "gen 0 cannot be represented"


@pytest.mark.parametrize("spoil", [_no_zero_sequence, _vector_group, _gen])
def test_what_cannot_be_represented_is_named(spoil):
    net = street(1)
    message = spoil(net)
    with pytest.raises(UnrepresentableElementError, match=message):
        network_from_pandapower(net, phases=3)
