"""A network and one row of injections as a pandapower network, for looking at it with other tools.

A symmetric leg between buses of one nominal voltage becomes a line of 1 km, any other an ``impedance``
element, whose four admittances reproduce every ratio and phase shift exactly. A switch at the end of a leg
becomes a bus–bus switch to a bus of its own, because pandapower knows such switches at lines and transformers
only.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ysc_sim.powerflow.network import Complexes, Network

_MVA_PER_KVA = 1e-3


def network_to_pandapower(net: Network, p_kw: npt.ArrayLike = 0.0, q_kvar: npt.ArrayLike = 0.0) -> Any:
    """pandapower network with the same buses, in the same order, and a load per bus that carries anything.

    ``impedance`` elements hide phase shifts from pandapower's start values: behind a transformer with a shift
    give ``runpp`` the angles of a solution as ``init_va_degree``.

    Only the balanced model (``phases=1``, injections at the buses); else ``ValueError``. Inner buses follow
    behind.

    >>> import numpy as np, pandapower
    >>> from ysc_sim.powerflow import Network, series_admittance
    >>> y = series_admittance(np.array([0.016 + 0j]), v_kv=0.4, base_kva=1000.0)
    >>> net = Network(v_nominal_kv=np.array([0.4, 0.4]), leg_bus=np.array([[0, 1]]), leg_y_pu=y,
    ...               source_bus=np.array([0]), source_v_pu=np.array([[1 + 0j]]))
    >>> grid = network_to_pandapower(net, [0, -90.0])
    >>> pandapower.runpp(grid, numba=False, init="flat")
    >>> grid.res_bus.vm_pu.round(6).tolist()
    [1.0, 0.990918]
    """
    import pandapower as pp

    if net.conductors != 1 or not np.array_equal(net.ports[:, 0], np.arange(net.bus_count)):
        raise ValueError("only a balanced network with one port per bus can be written.")
    grid = pp.create_empty_network(f_hz=net.frequency_hz)
    for k, v_kv in enumerate(net.v_nominal_kv):
        name = net.bus_names[k] if k < net.bus_count else f"inner {k}"
        pp.create_bus(grid, float(v_kv), name=name, index=k, in_service=bool(net.bus_in_service[k]))
    _write_legs(pp, grid, net)
    _write_shunts_and_sources(pp, grid, net)
    for pair, closed in zip(net.switch_bus, net.switch_closed, strict=True):
        if pair[0] >= 0:
            pp.create_switch(grid, int(pair[0]), int(pair[1]), et="b", closed=bool(closed))
    _write_loads(pp, grid, net, np.broadcast_to(p_kw, net.bus_count), np.broadcast_to(q_kvar, net.bus_count))
    return grid


def _write_legs(pp: Any, grid: Any, net: Network) -> None:
    base_mva = net.base_kva * _MVA_PER_KVA
    for k, (ends, y) in enumerate(zip(net.leg_bus.tolist(), net.leg_y_pu, strict=True)):
        on = not (net.leg_follows_bus[k] and not net.bus_in_service[ends].all()) and bool(np.any(y))
        ends = _switched_ends(pp, grid, net, k, ends)
        branch = int(net.leg_branch[k])
        name = net.branch_names[branch] if branch >= 0 else f"leg {k}"
        z_base = net.v_nominal_kv[net.leg_bus[k, 0]] ** 2 / base_mva
        same_level = np.ptp(net.v_nominal_kv[net.leg_bus[k]]) == 0
        if same_level and y[0, 0] == y[1, 1] and y[0, 1] == y[1, 0] and np.any(y):
            _write_line(pp, grid, net, k, ends, z_base, name, on)
        elif np.any(y):
            _write_impedance(pp, grid, ends, y, base_mva, name, on)


def _switched_ends(pp: Any, grid: Any, net: Network, leg: int, ends: list[int]) -> list[int]:
    """Buses at which the leg ends, after putting a bus and a switch before each end that can be opened."""
    answer = list(ends)
    for row in np.flatnonzero(net.switch_leg[:, 0] == leg):
        end = int(net.switch_leg[row, 1])
        extra = pp.create_bus(grid, float(net.v_nominal_kv[ends[end]]), name=f"switch {row}")
        pp.create_switch(grid, answer[end], extra, et="b", closed=bool(net.switch_closed[row]))
        answer[end] = int(extra)
    return answer


def _write_line(pp: Any, grid: Any, net: Network, leg: int, ends: list[int], z_base: float, name: str,
                on: bool) -> None:  # fmt: skip
    y = net.leg_y_pu[leg]
    z, shunt = -z_base / y[0, 1], 2 * (y[0, 0] + y[0, 1]) / z_base
    percent = net.leg_loading_percent_per_pu[leg, 0]
    base_ka = net.base_kva * _MVA_PER_KVA / (np.sqrt(3) * net.v_nominal_kv[net.leg_bus[leg, 0]])
    pp.create_line_from_parameters(
        grid, *ends, 1.0, z.real, z.imag, shunt.imag / (2e-9 * np.pi * net.frequency_hz),
        float(100 * base_ka / percent) if percent > 0 else 0.0, g_us_per_km=shunt.real * 1e6, name=name,
        in_service=on)  # fmt: skip


def _write_impedance(pp: Any, grid: Any, ends: list[int], y: Complexes, base_mva: float, name: str,
                     on: bool) -> None:  # fmt: skip
    forth, back = -1 / y[0, 1], -1 / y[1, 0]
    near, far = y[0, 0] + y[0, 1], y[1, 1] + y[1, 0]
    pp.create_impedance(
        grid, *ends, forth.real, forth.imag, base_mva, back.real, back.imag, name=name, in_service=on,
        gf_pu=near.real, bf_pu=near.imag, gt_pu=far.real, bt_pu=far.imag)  # fmt: skip


def _write_shunts_and_sources(pp: Any, grid: Any, net: Network) -> None:
    for k, y in enumerate(net.shunt_y_pu[:, 0, 0] * net.base_kva * _MVA_PER_KVA):
        if y:
            pp.create_shunt(grid, k, q_mvar=-y.imag, p_mw=y.real)
    for bus, v in zip(net.source_bus.tolist(), net.source_v_pu[:, 0], strict=True):
        held = bool(np.isfinite(v))
        v = v if held else 1.0
        pp.create_ext_grid(grid, bus, vm_pu=abs(v), va_degree=float(np.angle(v, deg=True)), in_service=held)


def _write_loads(pp: Any, grid: Any, net: Network, p_kw: Any, q_kvar: Any) -> None:
    if np.any(net.port_v_pu != 1):
        raise ValueError("pandapower's voltage-dependent loads are nominal at 1 p.u.; port_v_pu must be 1.")
    shares = {
        f"const_{kind}_{axis}_percent": 100 * getattr(net, f"share_{name}_{axis}")
        for kind, name in (("i", "current"), ("z", "impedance"))
        for axis in "pq"
    }
    for bus in np.flatnonzero((p_kw != 0) | (q_kvar != 0)).tolist():
        p_mw, q_mvar = -float(p_kw[bus]) * _MVA_PER_KVA, -float(q_kvar[bus]) * _MVA_PER_KVA
        pp.create_load(grid, bus, p_mw, q_mvar, **{name: float(share[bus]) for name, share in shares.items()})
