"""All low- and medium-voltage networks of SimBench with sampled steps of their year profiles, against pandapower's
Newton at 1e-10 MVA (S. Meinecke et al., "SimBench", Energies 13 (2020) 3290; data under ODbL, read from the
installed package, nothing of it is kept here)."""

import numpy as np
import pandapower as pp
import pytest

from ysc_sim.adapters.pandapower import injections_from_pandapower, network_from_pandapower
from ysc_sim.powerflow import solve

simbench = pytest.importorskip("simbench")

pytestmark = [
    pytest.mark.filterwarnings("ignore"),
    pytest.mark.slow,
]

CODES = [
    *(f"1-LV-{name}--0-no_sw" for name in ("rural1", "rural2", "rural3", "semiurb4", "semiurb5", "urban6")),
    *(f"1-MV-{name}--0-sw" for name in ("rural", "semiurb", "urban", "comm")),
]


@pytest.mark.parametrize("code", CODES)
def test_sampled_steps(code):
    net = simbench.get_simbench_net(code)
    nominal = {name: net[name].copy() for name in ("load", "sgen")}
    assert not len(net.storage)
    grid = network_from_pandapower(net)
    p, q, v = [], [], []
    for step in np.random.default_rng(len(code)).integers(0, 35_136, 2):
        load, sgen = nominal["load"], nominal["sgen"]
        row = net.profiles["load"].iloc[step]
        net.load["p_mw"] = load.p_mw * row[load.profile + "_pload"].to_numpy(float)
        net.load["q_mvar"] = load.q_mvar * row[load.profile + "_qload"].to_numpy(float)
        net.sgen["p_mw"] = sgen.p_mw * net.profiles["renewables"].iloc[step][sgen.profile].to_numpy(float)
        pp.runpp(net, calculate_voltage_angles=True, tolerance_mva=1e-10, max_iteration=60, numba=False)
        one_p, one_q = injections_from_pandapower(net)
        p.append(one_p)
        q.append(one_q)
        v.append(np.nan_to_num(net.res_bus.vm_pu * np.exp(1j * np.deg2rad(net.res_bus.va_degree))))
    solution = solve(grid, np.array(p), np.array(q), tolerance_pu=1e-9)
    assert solution.ok.all()
    assert np.abs(solution.v_pu - np.array(v)).max() <= 1e-8
