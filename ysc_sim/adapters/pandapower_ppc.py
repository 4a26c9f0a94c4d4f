"""pandapower's own per-unit parameters, taken from a copy of the network without its switches.

The functions of pandapower that are called here are not part of its public interface; tests hold the results
against ``runpp``.
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from ysc_sim.powerflow.network import Complexes
from ysc_sim.units import Floats, Ints

BASE_MVA = 1.0


def branch_admittances(pp_net: Any) -> tuple[Complexes, Ints, Complexes]:
    """Two-port matrices (L, 2, 2) p.u. on 1 MVA, their buses (L, 2), and shunts per bus, star points last.

    Order: lines, transformers, the hv, then mv, then lv legs of three-winding transformers, impedances.
    """
    from pandapower.pypower.idx_bus import BS, GS

    net, ppc = converted(pp_net, all_buses=True)
    y, ends = two_ports(net, ppc)
    row_of_bus, _ = bus_order(net)
    shunt = ppc["bus"][row_of_bus, GS] + 1j * ppc["bus"][row_of_bus, BS]
    return y, ends, shunt / BASE_MVA


def two_ports(net: Any, ppc: Any, *, check_shorts: bool = True) -> tuple[Complexes, Ints]:
    """Two-port matrices (L, 2, 2) and buses (L, 2) of the branches in ``ppc``."""
    from pandapower.pypower.idx_brch import BR_R, BR_STATUS, BR_X, F_BUS, T_BUS
    from pandapower.pypower.makeYbus import branch_vectors

    branch = ppc["branch"]
    on = branch[:, BR_STATUS].real > 0
    shorted = np.flatnonzero(on & (branch[:, BR_R] == 0) & (branch[:, BR_X] == 0))
    if len(shorted) and check_shorts:
        raise ValueError(f"{_name_of(net, int(shorted[0]))} has no impedance; use a bus–bus switch instead.")
    branch[~on, BR_X] = 1.0
    ytt, yff, yft, ytf = branch_vectors(branch, len(branch)) if len(branch) else (np.zeros(0, complex),) * 4
    y = np.stack([np.stack([yff, yft], axis=-1), np.stack([ytf, ytt], axis=-1)], axis=-2) * on[:, None, None]
    ends = np.stack([branch[:, F_BUS], branch[:, T_BUS]], axis=1).real.astype(np.int64)
    return np.asarray(y, dtype=np.complex128), bus_order(net)[1][ends]


def bus_order(net: Any) -> tuple[Ints, Ints]:
    """Row of each bus (star points last) in pandapower's tables, and the inverse."""
    row_of_bus = net._pd2ppc_lookups["bus"][_all_buses(net)]
    return row_of_bus, np.argsort(row_of_bus)


def bus_powers(pp_net: Any) -> tuple[Floats, Floats, Floats]:
    """Consumed nominal power per bus [MW, Mvar], and shares (4, n): current p, impedance p, current q,
    impedance q."""
    from pandapower.pypower.idx_bus import CID_P, CID_Q, CZD_P, CZD_Q, PD, QD

    net, ppc = converted(pp_net, all_buses=False)
    rows = net._pd2ppc_lookups["bus"][net.bus.index.to_numpy()]
    bus = ppc["bus"][rows].real
    on = net.bus.in_service.to_numpy(bool)
    return bus[:, PD] * on, bus[:, QD] * on, bus[:, [CID_P, CZD_P, CID_Q, CZD_Q]].T * on


def _all_buses(net: Any) -> Ints:
    """Indices of the buses and, behind them, of the star points of three-winding transformers."""
    star = net._pd2ppc_lookups["aux"].get("trafo3w", np.zeros(0, dtype=np.int64))
    return np.concatenate([net.bus.index.to_numpy(np.int64), star])


def converted(pp_net: Any, *, all_buses: bool, sequence: int | None = None) -> tuple[Any, Any]:
    """A private copy without switches, and pandapower's tables of buses and branches on 1 MVA.

    ``sequence``: ``None`` balanced; 0, 1, 2: that sequence, on 1 MVA a phase.
    """
    from pandapower.auxiliary import _select_is_elements_numba
    from pandapower.build_branch import _build_branch_ppc
    from pandapower.build_bus import (
        _build_bus_ppc,
        _calc_pq_elements_and_add_on_ppc,
        _calc_shunts_and_add_on_ppc,
    )
    from pandapower.pd2ppc import _init_ppc

    net = _prepared(pp_net, all_buses)
    if sequence is not None:
        net._options["mode"] = "pf_3ph"
    net["_is_elements"] = _select_is_elements_numba(net)
    ppc = _init_ppc(net, mode=net._options["mode"], sequence=sequence)
    _build_bus_ppc(net, ppc, sequence=sequence)
    if sequence == 0:
        from pandapower.pd2ppc_zero import _build_branch_ppc_zero

        _build_branch_ppc_zero(net, ppc)
    else:
        _build_branch_ppc(net, ppc, 1 if sequence is None else sequence)
    _calc_pq_elements_and_add_on_ppc(net, ppc)
    _calc_shunts_and_add_on_ppc(net, ppc)
    return net, ppc


def _prepared(pp_net: Any, all_buses: bool) -> Any:
    """The copy, with the options of a Newton run."""
    from pandapower.auxiliary import _init_runpp_options

    net = copy.deepcopy(pp_net)
    net.sn_mva = BASE_MVA
    # what is left of the last three is out of service, yet would take rows
    for name in ("switch", "xward", "ssc", "vsc"):
        net[name] = net[name].iloc[:0]
    options = net.get("user_pf_options", {})
    chosen = {key: options[key] for key in ("trafo_model", "consider_line_temperature") if key in options}
    net.user_pf_options = {}
    if all_buses:
        net.bus["in_service"] = True
    _init_runpp_options(
        net,
        algorithm="nr",
        calculate_voltage_angles=True,
        init="auto",
        max_iteration="auto",
        tolerance_mva=1e-8,
        trafo_loading="current",
        enforce_p_lims=False,
        enforce_q_lims=False,
        check_connectivity=False,
        voltage_depend_loads=True,
        numba=False,
        lightsim2grid=False,
        init_vm_pu=1.0,
        init_va_degree=0.0,
        trafo3w_losses=options.get("trafo3w_losses", "hv"),
        **{"trafo_model": "t", **chosen},
    )
    return net


def _name_of(net: Any, row: int) -> str:
    for name, (start, stop) in net._pd2ppc_lookups["branch"].items():
        if start <= row < stop:
            return f"{name} {net[name].index[(row - start) % len(net[name])]}"
    return f"branch {row}"
