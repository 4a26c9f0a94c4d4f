"""What the adapter refuses, by name, and that writing a network and reading it back changes nothing."""

import numpy as np
import pandapower as pp
import pandapower.networks as pn
import pytest

from ysc_sim.adapters.pandapower import (
    UnrepresentableElementError,
    injections_from_pandapower,
    network_from_pandapower,
    network_to_pandapower,
)
from ysc_sim.powerflow import solve

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]


def plain():
    return pn.simple_four_bus_system()


def _gen(net):
    pp.create_gen(net, 2, 0.01, vm_pu=1.0)
    pp.create_gen(net, 2, 0.01, vm_pu=1.01)
    return "hold different voltages"


def _gen_at_source(net):
    pp.create_gen(net, int(net.ext_grid.bus.iloc[0]), 0.01, vm_pu=1.03)
    return "gen 0 and the source at bus 0"


def _xward(net):
    pp.create_xward(net, 2, 0.01, 0, 0, 0, 0.1, 0.1, 1.0)
    return "xward 0 cannot be represented"


def _dcline(net):
    pp.create_dcline(net, 2, 3, 0.01, 0, 0, 1.0, 1.0)
    return "dcline 0 cannot be represented"


def _svc(net):
    pp.create_svc(net, 2, 1, -10, 1.0, 140)
    return "svc 0 cannot be represented"


def _shorted_line(net):
    net.line.loc[0, ["r_ohm_per_km", "x_ohm_per_km"]] = 0.0
    return "line 0 has no impedance"


def _lost_switch(net):
    pp.create_switch(net, 2, 0, et="l")
    net.switch.loc[0, "element"] = 77
    return "switch 0: there is no 'l' element 77"


def _options(net):
    net.user_pf_options["distributed_slack"] = True
    return "distributed_slack"


@pytest.mark.parametrize("spoil", [_gen, _gen_at_source, _xward, _dcline, _svc, _shorted_line, _lost_switch, _options])
def test_what_cannot_be_represented_is_named(spoil):
    net = plain()
    message = spoil(net)
    with pytest.raises(ValueError, match=message) as caught:
        network_from_pandapower(net)
    assert spoil is _shorted_line or isinstance(caught.value, UnrepresentableElementError)


@pytest.mark.parametrize("spoil", [_gen, _xward, _dcline])
def test_out_of_service_elements_do_not_matter(spoil):
    net = plain()
    want = solve(network_from_pandapower(net), *injections_from_pandapower(net)).v_pu
    spoil(net)
    for table in ("gen", "xward", "dcline"):
        net[table]["in_service"] = False
    assert np.array_equal(solve(network_from_pandapower(net), *injections_from_pandapower(net)).v_pu, want)


def test_the_given_network_is_not_touched():
    net = pn.create_cigre_network_mv()
    before = pp.to_json(net)
    network_from_pandapower(net)
    injections_from_pandapower(net)
    assert pp.to_json(net) == before


def test_signs_and_units_of_injections():
    net = plain()
    net.load = net.load.iloc[:0]
    net.sgen = net.sgen.iloc[:0]
    pp.create_load(net, 1, 0.03, 0.01, scaling=0.5)
    pp.create_sgen(net, 1, 0.02)
    pp.create_storage(net, 2, 0.004, 1.0)
    pp.create_load(net, 3, 1.0, in_service=False)
    p, q = injections_from_pandapower(net)
    assert p == pytest.approx([0, 5, -4, 0])
    assert q == pytest.approx([0, -5, 0, 0])


def _transformer_switch(net):
    pp.create_switch(net, int(net.trafo.lv_bus.iloc[0]), int(net.trafo.index[0]), et="t", closed=False)
    return net


@pytest.mark.parametrize("make", [
    pn.create_cigre_network_mv,
    pn.create_cigre_network_lv,
    lambda: _transformer_switch(pn.create_cigre_network_mv()),
    pn.mv_oberrhein,
])  # fmt: skip
def test_there_and_back(make):
    net = network_from_pandapower(make())
    p, q = injections_from_pandapower(make())
    p, q = _at_living(net, p), _at_living(net, q)
    want = solve(net, p, q, tolerance_pu=1e-10)
    written = network_to_pandapower(net, p, q)
    again = solve(network_from_pandapower(written), *injections_from_pandapower(written), tolerance_pu=1e-10)
    count = net.bus_count
    assert want.ok.all()
    assert np.abs(again.v_pu[0, :count] - want.v_pu[0]).max() <= 1e-10
    start = np.where(again.v_pu[0] == 0, 1, np.round(again.v_pu[0], 2))
    vm, va = np.abs(start), np.angle(start, deg=True)
    exact = {"calculate_voltage_angles": True, "tolerance_mva": 1e-10, "numba": False, "max_iteration": 50}
    pp.runpp(written, **exact, init_vm_pu=vm, init_va_degree=va)
    assert np.abs(written.res_bus.vm_pu.fillna(0)[:count] - np.abs(want.v_pu[0])).max() <= 1e-8


def _at_living(net, value):
    return np.where(solve(net, 0.0, 0.0).v_pu[0] != 0, value, 0)


def test_only_balanced_networks_are_written():
    net = network_from_pandapower(plain())
    with pytest.raises(ValueError, match="phases"):
        network_from_pandapower(plain(), phases=2)
    assert len(network_to_pandapower(net).load) == 0
