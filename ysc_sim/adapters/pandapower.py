"""Networks and injections from and to pandapower [1]_.

Branch and shunt parameters are pandapower's own (its conversion to per unit, so taps, phase shifters, vector
groups and magnetising branches mean the same as in ``runpp``); topology, switches and service states are kept
apart, because they may differ from row to row here. What cannot be represented is an error that names the
element; nothing in service is ever left out.

.. [1] L. Thurner et al., "pandapower – an open-source Python tool for convenient modeling, analysis, and
optimization
   of electric power systems", IEEE Trans. Power Systems 33 (2018) 6510–6521.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ysc_sim.adapters.pandapower_delta import delta_ports
from ysc_sim.adapters.pandapower_out import network_to_pandapower
from ysc_sim.adapters.pandapower_phases import (
    STIFF_PU,
    TO_PHASES,
    branch_phase_admittances,
    grid_impedance,
    grid_legs,
    phase_injections,
    refuse_for_phases,
)
from ysc_sim.adapters.pandapower_ppc import branch_admittances, bus_powers
from ysc_sim.adapters.pandapower_values import refuse_values
from ysc_sim.adapters.unrepresentable import UnrepresentableElementError
from ysc_sim.powerflow.controls import PVBus
from ysc_sim.powerflow.network import SHARES, Complexes, Network
from ysc_sim.units import Bools, Floats, Ints

__all__ = [
    "UnrepresentableElementError",
    "injections_from_pandapower",
    "network_from_pandapower",
    "network_to_pandapower",
]


REFUSED = {
    "xward": "replace it by a ward, or by an impedance, a gen and a load",
    "svc": "replace it by an sgen with reactive power",
    "tcsc": "replace it by an impedance",
    "ssc": "replace it by an sgen with reactive power",
    "vsc": "replace it by an sgen",
    "vsc_stacked": "replace it by sgens",
    "vsc_bipolar": "replace it by sgens",
    "dcline": "replace it by a load and an sgen",
    "line_dc": "replace the direct-current part by loads and sgens",
    "source_dc": "replace the direct-current part by loads and sgens",
    "load_dc": "replace it by a load",
}
"""Tables without a counterpart, and what to do instead."""
REFUSED_OPTIONS = (
    "tdpf",
    "distributed_slack",
    "neglect_open_switch_branches",
    "enforce_p_lims",
    "enforce_q_lims",
)


def network_from_pandapower(pp_net: Any, phases: int = 1) -> Network:
    """Arrays of a pandapower network, as ``runpp(calculate_voltage_angles=True)`` sees it.

    Buses in the order of ``pp_net.bus``; branches: lines, two-winding, three-winding transformers, each in the order of
    their table (impedance elements carry current but are not reported); ports: the buses (those of ``gen`` hold their
    voltage as a :class:`PVBus`); sources: ``ext_grid``, then ``gen`` with ``slack``; switches in the order of
    ``pp_net.switch``. ``base_kva`` is 1,000.

    Voltage-dependent shares follow pandapower: the mean over the loads of a bus, applied to its net
    injection. ``pp_net.user_pf_options`` may set ``trafo_model``, ``trafo3w_losses`` and
    ``consider_line_temperature``.

    ``phases=3``: the unbalanced model of ``runpp_3ph`` (see :mod:`.pandapower_phases`), voltages to neutral,
    ``base_kva`` of one phase; what is connected in delta brings ports between phases (see
    :mod:`.pandapower_delta`).

    Raises :class:`UnrepresentableElementError` for an element that has no counterpart, ``ValueError`` for
    ``phases`` other than 1 and 3.

    >>> import pandapower.networks
    >>> from ysc_sim.powerflow import solve
    >>> grid = pandapower.networks.case33bw()
    >>> solution = solve(network_from_pandapower(grid), *injections_from_pandapower(grid))
    >>> round(float(solution.loss_kw[0]), 3)  # Baran and Wu (1989) 33-bus feeder
    202.677
    """
    _refuse(pp_net, phases)
    position = {int(index): k for k, index in enumerate(pp_net.bus.index)}
    y, ends, shunts = branch_phase_admittances(pp_net) if phases == 3 else _balanced(pp_net)
    tables = _Tables(pp_net)
    impedance_legs = tables.impedance_switches()
    legs = len(y) + len(impedance_legs)
    v_kv = _nominal_kv(pp_net)
    current, loading = tables.weights(legs, v_kv, ends)
    switch_y, switch_ends = _switch_legs(pp_net, impedance_legs, position, v_kv)
    switch_bus, switch_leg = tables.switches(position, len(y), impedance_legs)
    source_bus, source_v = tables.sources(position)
    net = Network(
        v_nominal_kv=v_kv,
        phases=phases,
        conductors=phases,
        frequency_hz=float(pp_net.f_hz),
        bus_in_service=np.concatenate([pp_net.bus.in_service.to_numpy(bool), np.ones(len(pp_net.trafo3w), dtype=bool)]),
        leg_bus=np.concatenate([ends, switch_ends]),
        leg_y_pu=np.concatenate([y, _each_phase(switch_y / phases, phases)]),
        leg_branch=tables.leg_branch(legs),
        leg_follows_bus=tables.follows_bus(legs),
        leg_current_ka_per_pu=phases * current,
        leg_loading_percent_per_pu=phases * loading,
        **_names(pp_net),
        shunt_y_pu=shunts,
        source_bus=source_bus,
        source_v_pu=source_v[:, None] * (TO_PHASES[:, 1] if phases == 3 else 1.0),
        switch_bus=switch_bus,
        switch_leg=switch_leg,
        switch_closed=pp_net.switch.closed.to_numpy(bool),
        **_ports(pp_net, phases),
        controls=_held_buses(pp_net, position),
    )
    return _behind_grid_impedance(net, pp_net) if phases == 3 else net


def _nominal_kv(pp_net: Any) -> Floats:
    """Of the buses, and of the star points of three-winding transformers behind them."""
    stars = pp_net.bus.vn_kv.reindex(pp_net.trafo3w.hv_bus)
    return np.concatenate([pp_net.bus.vn_kv.to_numpy(float), stars.to_numpy(float)])


def _names(pp_net: Any) -> dict[str, Any]:
    """How many buses and branches are reported, and what they are called."""
    branches = tuple(f"{name} {index}" for name in BRANCHES for index in pp_net[name].index)
    buses = tuple(str(index) for index in pp_net.bus.index)
    return {"bus_count": len(buses), "bus_names": buses, "branch_count": len(branches), "branch_names": branches}


def _ports(pp_net: Any, phases: int) -> dict[str, Any]:
    """Voltage-dependent shares of the ports, and ports other than the buses."""
    return delta_ports(pp_net) if phases == 3 else dict(zip(SHARES, bus_powers(pp_net)[2], strict=True))


def _balanced(pp_net: Any) -> tuple[Complexes, Ints, Complexes]:
    y, ends, shunts = branch_admittances(pp_net)
    return y, ends, shunts[:, None, None]


def _each_phase(y: Complexes, phases: int) -> Complexes:
    """(L, 2m, 2m) of one (L, 2, 2) for each of the phases by itself."""
    return np.asarray(np.kron(y, np.eye(phases)), dtype=np.complex128).reshape(len(y), 2 * phases, 2 * phases)


def _behind_grid_impedance(net: Network, pp_net: Any) -> Network:
    """The external grids behind their impedance for zero and negative sequence, at inner buses."""
    zero, negative = grid_impedance(pp_net)
    count, buses = len(zero), len(net.v_nominal_kv)
    if np.all(np.abs(zero) < STIFF_PU) and np.all(np.abs(negative) < STIFF_PU):
        return net
    inner = buses + np.arange(count)
    none = np.zeros((count, 2))
    return replace(
        net,
        v_nominal_kv=np.concatenate([net.v_nominal_kv, net.v_nominal_kv[net.source_bus]]),
        bus_in_service=np.concatenate([net.bus_in_service, net.bus_in_service[net.source_bus]]),
        leg_bus=np.concatenate([net.leg_bus, np.stack([inner, net.source_bus], axis=1)]),
        leg_y_pu=np.concatenate([net.leg_y_pu, grid_legs(zero, negative)]),
        leg_branch=np.concatenate([net.leg_branch, np.full(count, -1)]),
        leg_follows_bus=np.concatenate([net.leg_follows_bus, np.ones(count, dtype=bool)]),
        leg_current_ka_per_pu=np.concatenate([net.leg_current_ka_per_pu, none]),
        leg_loading_percent_per_pu=np.concatenate([net.leg_loading_percent_per_pu, none]),
        shunt_y_pu=np.concatenate([net.shunt_y_pu, np.zeros((count, 3, 3))]),
        node_is_phase=np.ones(3 * (buses + count), dtype=bool),
        source_bus=inner,
        source_terminal=net.source_bus,
        cache={},
    )


def injections_from_pandapower(pp_net: Any, phases: int = 1) -> tuple[Floats, Floats]:
    """Nominal power injected at each bus (> 0 into the bus): ``(n_bus,)`` or ``(n_bus, 3)`` kW and kvar.

    Loads, sgens, gens without ``slack`` (active power), storages, motors, wards (their constant power),
    unbalanced loads and sgens (``phases=1``: summed over the phases) in service; what stands at a bus out of
    service counts nothing. Balanced elements put a third on each phase.

    ``phases=3`` with anything in service whose ``type`` is ``"delta"``: one value for each port of the network,
    ``(ports,)``: the phases of all buses to earth, then a–b, b–c and c–a at each bus with something in delta.
    """
    _refuse(pp_net, phases)
    if phases == 3:
        return phase_injections(pp_net)
    p_mw, q_mvar, _ = bus_powers(pp_net)
    gens = _held_gens(pp_net)
    position = {int(index): k for k, index in enumerate(pp_net.bus.index)}
    p_kw = -1000.0 * p_mw
    np.add.at(p_kw, [position[int(bus)] for bus in gens.bus], 1000.0 * (gens.p_mw * gens.scaling).to_numpy(float))
    return p_kw, -1000.0 * q_mvar


BRANCHES = ("line", "trafo", "trafo3w")


def _require_phases(phases: int) -> None:
    if phases not in (1, 3):
        raise ValueError(f"phases(={phases}) must be 1 or 3.")


def _refuse(pp_net: Any, phases: int) -> None:
    _require_phases(phases)
    for name, advice in REFUSED.items():
        table = pp_net.get(name)
        if table is None or not len(table):
            continue
        working = table[table.in_service.astype(bool)] if "in_service" in table else table
        if len(working):
            raise UnrepresentableElementError(f"{name} {working.index[0]} cannot be represented; {advice}.")
    for option in REFUSED_OPTIONS:
        if pp_net.get("user_pf_options", {}).get(option):
            raise UnrepresentableElementError(f"user_pf_options[{option!r}] has no counterpart; unset it.")
    refuse_values(pp_net)
    if phases == 3:
        refuse_for_phases(pp_net)


def _held_gens(pp_net: Any) -> Any:
    """Rows of ``gen`` in service, at buses in service, that are no slack."""
    gen = pp_net.gen
    on = gen.in_service.astype(bool) & ~gen.slack.astype(bool)
    return gen[on & pp_net.bus.in_service.reindex(gen.bus).to_numpy(bool)]


def _held_buses(pp_net: Any, position: dict[int, int]) -> dict[int, PVBus]:
    """Voltage that generators hold, by port; without limits of reactive power, as ``runpp`` by default."""
    gens = _held_gens(pp_net)
    sources = {"ext_grid": pp_net.ext_grid, "gen": pp_net.gen[pp_net.gen.slack.astype(bool)]}
    given = {int(at): float(v) for table in sources.values() for at, v, on in
             zip(table.bus, table.vm_pu, table.in_service, strict=True) if on}  # fmt: skip
    for bus, group in gens.groupby("bus"):
        if group.vm_pu.nunique() > 1:
            raise UnrepresentableElementError(f"gens {list(group.index)} at bus {bus} hold different voltages.")
        if given.get(int(bus), group.vm_pu.iloc[0]) != group.vm_pu.iloc[0]:
            raise UnrepresentableElementError(f"gen {group.index[0]} and the source at bus {bus} hold other voltages.")
    own = gens[~gens.bus.isin(given)]  # at a source, it is the source that holds the voltage
    return {position[int(bus)]: PVBus(v_pu=float(v)) for bus, v in zip(own.bus, own.vm_pu, strict=True)}


class _Tables:
    """Element tables of one pandapower network, turned into the arrays of a :class:`Network`."""

    def __init__(self, pp_net: Any) -> None:
        self.net = pp_net
        start = np.cumsum([0, *(len(pp_net[name]) * (3 if name == "trafo3w" else 1) for name in BRANCHES)])
        self.start = dict(zip(BRANCHES, start.tolist(), strict=False))
        self.impedance_start = int(start[-1])

    def leg_branch(self, legs: int) -> Ints:
        """Result row of each leg."""
        answer = np.full(legs, -1)
        two = self.start["trafo3w"]
        answer[:two] = np.arange(two)
        answer[two : self.impedance_start] = two + np.tile(np.arange(len(self.net.trafo3w)), 3)
        return answer

    def follows_bus(self, legs: int) -> Bools:
        """Only lines stay energised from one end when the bus at the other is out of service."""
        answer = np.ones(legs, dtype=bool)
        answer[: self.start["trafo"]] = False
        return answer

    def weights(self, legs: int, v_kv: Floats, ends: Ints) -> tuple[Floats, Floats]:
        """kA and loading percent per p.u. of current at both ends of each leg (1,000 kVA base).

        Lines report the larger end; transformers the current of the high-voltage side and pandapower's
        default loading, the largest of their sides' currents over rated current.
        """
        base_ka = 1.0 / (np.sqrt(3.0) * v_kv[ends])
        current, loading = np.zeros((legs, 2)), np.zeros((legs, 2))
        line, trafo, three = self.net.line, self.net.trafo, self.net.trafo3w
        lines = slice(0, len(line))
        current[lines] = base_ka[lines]
        rated = (line.max_i_ka * line.df * line.parallel).to_numpy(float)
        loading[lines] = 100 * base_ka[lines] / np.where(rated > 0, rated, np.inf)[:, None]
        two = slice(self.start["trafo"], self.start["trafo3w"])
        current[two, 0] = base_ka[two, 0]
        sn = (trafo.sn_mva * trafo.parallel * trafo.df).to_numpy(float)
        for end, side in enumerate(("hv", "lv")):
            loading[two, end] = 100 * np.sqrt(3) * base_ka[two, end] * trafo[f"vn_{side}_kv"].to_numpy(float) / sn
        for k, side in enumerate(("hv", "mv", "lv")):
            part = slice(self.start["trafo3w"] + k * len(three), self.start["trafo3w"] + (k + 1) * len(three))
            end = 0 if side == "hv" else 1
            rated = (three[f"sn_{side}_mva"] / three[f"vn_{side}_kv"]).to_numpy(float)
            loading[part, end] = 100 * np.sqrt(3) * base_ka[part, end] / rated
            if side == "hv":
                current[part, 0] = base_ka[part, 0]
        return current, loading

    def impedance_switches(self) -> Ints:
        """Rows of ``switch`` that are bus–bus switches with impedance: legs that the switch opens."""
        switch = self.net.switch
        return np.flatnonzero((switch.et == "b").to_numpy(bool) & (switch.z_ohm.fillna(0.0) > 0).to_numpy(bool))

    def switches(self, position: dict[int, int], first_extra: int, impedance_legs: Ints) -> tuple[Ints, Ints]:
        """Bus pairs and leg ends of all switches."""
        bus, leg = np.full((len(self.net.switch), 2), -1), np.full((len(self.net.switch), 2), -1)
        extra = {int(row): first_extra + k for k, row in enumerate(impedance_legs)}
        for row, (at, element, kind) in enumerate(
            zip(self.net.switch.bus, self.net.switch.element, self.net.switch.et, strict=True)
        ):
            if row in extra:
                leg[row] = (extra[row], 0)
            elif kind == "b":
                bus[row] = (position[int(at)], position[int(element)])
            else:
                leg[row] = self._leg_end(int(self.net.switch.index[row]), int(at), int(element), kind)
        return bus, leg

    def _leg_end(self, index: int, at: int, element: int, kind: str) -> tuple[int, int]:
        name, sides = {
            "l": ("line", ("from_bus", "to_bus")),
            "t": ("trafo", ("hv_bus", "lv_bus")),
            "t3": ("trafo3w", ("hv_bus", "mv_bus", "lv_bus")),
        }.get(kind, ("", ()))
        table = self.net[name] if name else None
        if table is None or element not in table.index:
            raise UnrepresentableElementError(f"switch {index}: there is no {kind!r} element {element}.")
        row = table.index.get_loc(element)
        # at a line whose ends share a bus, pandapower too takes the far end first
        order = reversed(sides) if kind == "l" else iter(sides)
        side = next((side for side in order if int(table[side].iloc[row]) == at), None)
        if side is None:
            raise UnrepresentableElementError(f"switch {index}: {name} {element} does not end at bus {at}.")
        if kind == "t3":
            k = sides.index(side)
            return self.start[name] + k * len(table) + row, 0 if k == 0 else 1
        return self.start[name] + row, sides.index(side)

    def sources(self, position: dict[int, int]) -> tuple[Ints, Complexes]:
        """Buses and voltages of ext_grids and slack gens in service; all are kept in order, others are left
        free."""
        grid, gen = self.net.ext_grid, self.net.gen
        gen = gen[gen.slack.astype(bool)]
        bus = [position[int(at)] for at in (*grid.bus, *gen.bus)]
        magnitude = np.array([*grid.vm_pu, *gen.vm_pu], dtype=float)
        angle = np.array([*grid.va_degree.fillna(0.0), *np.zeros(len(gen))], dtype=float)
        on = np.array([*grid.in_service, *gen.in_service], dtype=bool)
        voltage = magnitude * np.exp(1j * np.deg2rad(angle))
        return np.array(bus, dtype=np.int64), np.where(on, voltage, np.nan)


def _switch_legs(pp_net: Any, rows: Ints, position: dict[int, int], v_kv: Floats) -> tuple[Complexes, Ints]:
    """Admittances and ends of bus–bus switches with impedance (r/x = 2, pandapower's default)."""
    ratio = float(pp_net.get("user_pf_options", {}).get("switch_rx_ratio", 2))
    ends = np.zeros((len(rows), 2), dtype=np.int64)
    y = np.zeros((len(rows), 2, 2), dtype=np.complex128)
    for k, row in enumerate(rows):
        switch = pp_net.switch.iloc[row]
        ends[k] = position[int(switch.bus)], position[int(switch.element)]
        z = float(switch.z_ohm) * (ratio + 1j) / np.sqrt(1 + ratio**2)
        y[k] = v_kv[ends[k, 0]] ** 2 / z * np.array([[1, -1], [-1, 1]])
    return y, ends
