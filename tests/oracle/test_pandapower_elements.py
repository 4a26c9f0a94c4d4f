"""Every element table of pandapower, one by one: a small network with one such element gives what ``runpp`` gives, or
an error names table and index. A table that a later pandapower brings fails the first test until it is decided on."""

import numpy as np
import pandapower as pp
import pandas as pd
import pytest

from ysc_sim.adapters.pandapower import (
    UnrepresentableElementError,
    injections_from_pandapower,
    network_from_pandapower,
)
from ysc_sim.powerflow import solve

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]
INDEX = 7
"""Of the element under test: not 0, so that an error that names a position is seen."""


def plain():
    """20/0.4 kV, four buses, one of them without a load."""
    net = pp.create_empty_network()
    for v_kv in (20.0, 0.4, 0.4, 0.4):
        pp.create_bus(net, v_kv)
    pp.create_ext_grid(net, 0, vm_pu=1.01, va_degree=150.0)
    pp.create_transformer(net, 0, 1, "0.4 MVA 20/0.4 kV")
    for one, two in ((1, 2), (2, 3)):
        pp.create_line(net, one, two, 0.1, "NAYY 4x150 SE")
    pp.create_load(net, 3, 0.03, 0.01)
    return net


def bus(net):
    pp.create_bus(net, 0.4, index=INDEX)
    pp.create_line(net, 3, INDEX, 0.1, "NAYY 4x150 SE")


def load(net):
    pp.create_load(net, 2, 0.02, 0.01, scaling=0.9, const_z_p_percent=30, const_i_p_percent=20, const_z_q_percent=50,
                   const_i_q_percent=10, index=INDEX)  # fmt: skip


def sgen(net):
    pp.create_sgen(net, 2, 0.02, -0.01, scaling=0.9, index=INDEX)


def motor(net):
    pp.create_motor(net, 2, 0.02, 0.85, efficiency_percent=92, loading_percent=80, scaling=0.9, index=INDEX)


def asymmetric_load(net):
    pp.create_asymmetric_load(net, 2, 0.002, 0.003, 0.001, 0.001, 0.0, 0.001, index=INDEX)


def asymmetric_sgen(net):
    pp.create_asymmetric_sgen(net, 2, 0.002, 0.003, 0.001, 0.001, 0.0, 0.001, index=INDEX)


def storage(net):
    pp.create_storage(net, 2, 0.01, 0.05, q_mvar=0.002, index=INDEX)


def gen(net):
    pp.create_gen(net, 2, 0.02, vm_pu=1.0, index=INDEX)


def second_source(net):
    pp.create_gen(net, 2, 0.02, vm_pu=0.99, slack=True, index=INDEX)


def switch(net):
    pp.create_switch(net, 3, 1, et="b", z_ohm=0.01, index=INDEX)


def open_line(net):
    pp.create_bus(net, 0.4)
    pp.create_line(net, 3, 4, 20.0, "NAYY 4x150 SE")
    pp.create_switch(net, 4, 2, et="l", closed=False, index=INDEX)


def shunt(net):
    pp.create_shunt(net, 2, q_mvar=-0.01, p_mw=0.002, vn_kv=0.42, step=2, index=INDEX)


def ward(net):
    pp.create_ward(net, 2, 0.01, 0.002, 0.003, 0.004, index=INDEX)


def ext_grid(net):
    pp.create_ext_grid(net, 3, vm_pu=0.99, va_degree=-2.0, index=INDEX)


def line(net):
    pp.create_line_from_parameters(net, 1, 3, 0.2, 0.2, 0.08, 260, 0.3, g_us_per_km=20, parallel=2, index=INDEX)


def trafo(net):
    net.trafo = net.trafo.iloc[:0]
    pp.create_transformer_from_parameters(
        net, 0, 1, 0.25, 20.5, 0.41, 1.1, 4.5, 0.6, 0.5, shift_degree=150, tap_side="lv", tap_neutral=0, tap_min=-2,
        tap_max=2, tap_step_percent=2.5, tap_step_degree=10, tap_pos=2, tap_changer_type="Ratio", parallel=2,
        index=INDEX)  # fmt: skip


def trafo3w(net):
    other = pp.create_bus(net, 10.0)
    pp.create_transformer3w_from_parameters(
        net, 0, other, 1, 20, 10.5, 0.41, 1, 0.6, 0.4, 6, 5, 7, 0.5, 0.6, 0.7, 2, 0.4, 0, 150, tap_side="mv",
        tap_neutral=0, tap_min=-2, tap_max=2, tap_step_percent=2, tap_pos=-1, tap_changer_type="Ratio",
        index=INDEX)  # fmt: skip
    net.trafo["shift_degree"] = 150.0
    pp.create_load(net, other, 0.1)


def impedance(net):
    pp.create_impedance(net, 1, 3, 0.3, 0.5, 1.0, rtf_pu=0.2, xtf_pu=0.4, gf_pu=0.01, bt_pu=0.02, index=INDEX)


def measurement(net):
    pp.create_measurement(net, "v", "bus", 1.0, 0.01, 2, index=INDEX)


def pwl_cost(net):
    pp.create_pwl_cost(net, 0, "ext_grid", [[0, 1, 1]], index=INDEX)


def poly_cost(net):
    pp.create_poly_cost(net, 0, "ext_grid", 1.0, index=INDEX)


def group(net):
    pp.create_group(net, "load", [[0]], index=INDEX)


def bus_dc(net):
    pp.create_bus_dc(net, 0.8, index=INDEX)


def _row(name):
    """For tables whose columns do not matter here."""

    def make(net):
        columns = net[name].columns
        row = {column: True if column == "in_service" else 0 for column in columns}
        net[name] = pd.DataFrame([row], index=[INDEX])

    make.__name__ = name
    return make


SOLVED = [bus, load, sgen, motor, asymmetric_load, asymmetric_sgen, storage, gen, second_source, switch, open_line,
          shunt, ward, ext_grid, line, trafo, trafo3w, impedance, measurement, pwl_cost, poly_cost, group,
          _row("controller"), bus_dc]  # fmt: skip


def svc(net):
    pp.create_svc(net, 2, 1, -10, 1.0, 140, index=INDEX)


def ssc(net):
    pp.create_ssc(net, 2, 0.1, 0.1, index=INDEX)


def tcsc(net):
    pp.create_tcsc(net, 1, 3, 1, -10, 5, 140, index=INDEX)


def dcline(net):
    pp.create_dcline(net, 2, 3, 0.01, 0, 0, 1.0, 1.0, index=INDEX)


def xward(net):
    pp.create_xward(net, 2, 0.01, 0, 0, 0, 0.1, 0.1, 1.0, index=INDEX)


def line_dc(net):
    one, two = pp.create_bus_dc(net, 0.8), pp.create_bus_dc(net, 0.8)
    pp.create_line_dc_from_parameters(net, one, two, 0.1, 0.1, 0.2, index=INDEX)


def source_dc(net):
    pp.create_source_dc(net, pp.create_bus_dc(net, 0.8), index=INDEX)


def load_dc(net):
    pp.create_load_dc(net, pp.create_bus_dc(net, 0.8), 0.01, index=INDEX)


REFUSED = [svc, ssc, tcsc, dcline, xward, line_dc, source_dc, load_dc, _row("vsc"), _row("vsc_stacked"),
           _row("vsc_bipolar")]  # fmt: skip


def _tables():
    net = pp.create_empty_network()
    return {
        name for name, value in net.items() if isinstance(value, pd.DataFrame) and not name.startswith(("res_", "_"))
    }


def test_every_table_is_decided_on():
    assert _tables() <= {make.__name__ for make in SOLVED + REFUSED}


@pytest.mark.parametrize("make", SOLVED)
def test_as_pandapower_has_it(make):
    net = plain()
    make(net)
    pp.runpp(net, calculate_voltage_angles=True, tolerance_mva=1e-10, numba=False)
    p, q = injections_from_pandapower(net)
    solution = solve(network_from_pandapower(net), p, q, tolerance_pu=1e-10)
    want = (net.res_bus.vm_pu * np.exp(1j * np.deg2rad(net.res_bus.va_degree))).fillna(0).to_numpy()
    assert solution.ok.all()
    assert np.abs(solution.v_pu[0] - want).max() <= 1e-8


@pytest.mark.parametrize("phases", [1, 3])
@pytest.mark.parametrize("make", REFUSED)
def test_refused_by_name(make, phases):
    net = plain()
    make(net)
    for convert in (network_from_pandapower, injections_from_pandapower):
        with pytest.raises(UnrepresentableElementError, match=f"{make.__name__} {INDEX} "):
            convert(net, phases=phases)


def _characteristic(net):
    net.trafo["tap_dependency_table"] = True
    net.trafo["id_characteristic_table"] = 0
    return "trafo 0 .*tap_dependency_table"


def _steps(net):
    shunt(net)
    net.shunt["step_dependency_table"] = True
    return "shunt 7 .*step_dependency_table"


def _shares_above_one(net):
    pp.create_load(net, 2, 0.02, const_z_p_percent=80, const_i_p_percent=40, index=INDEX)
    return "load 7 "


def _no_zero_impedance(net):
    trafo3w(net)
    net.trafo3w["vk_hv_percent"], net.trafo3w["vk_mv_percent"], net.trafo3w["vk_lv_percent"] = 0.0, 0.0, 0.0
    net.trafo3w[[f"vkr_{side}_percent" for side in ("hv", "mv", "lv")]] = 0.0
    return "trafo3w 7 "


def _unknown_bus(net):
    load(net)
    net.load.loc[INDEX, "bus"] = 99
    return "load 7 .*bus 99"


def _nan_load(net):
    load(net)
    net.load.loc[INDEX, "p_mw"] = np.nan
    return "load 7 .*p_mw"


def _nan_line(net):
    net.line.loc[1, "r_ohm_per_km"] = np.nan
    return "line 1 .*r_ohm_per_km"


def _tap_table(net):
    trafo3w(net)
    net.trafo3w["tap_dependency_table"] = True
    return "trafo3w 7 .*tap_dependency_table"


@pytest.mark.parametrize("spoil", [_characteristic, _steps, _shares_above_one, _no_zero_impedance, _unknown_bus,
                                   _nan_load, _nan_line, _tap_table])  # fmt: skip
def test_values_that_mean_nothing_are_named(spoil):
    net = plain()
    message = spoil(net)
    with pytest.raises(UnrepresentableElementError, match=message):
        network_from_pandapower(net)
