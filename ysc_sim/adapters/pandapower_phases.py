"""The unbalanced model: sequence parameters of pandapower turned into phase matrices.

As in ``runpp_3ph``, lines, transformers (vector groups Dyn, YNyn, Yzn, and those without a path for zero
sequence; with three windings see :mod:`.pandapower_three_windings`) and shunts have parameters for zero, positive
and negative sequence; an external grid is stiff for the positive sequence and has its short-circuit impedance for
the other two. One power base of 1 MVA per phase, voltages to neutral.
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from ysc_sim.adapters.pandapower_delta import delta_buses, parted, with_delta
from ysc_sim.adapters.pandapower_ppc import BASE_MVA, bus_order, bus_powers, converted, two_ports
from ysc_sim.adapters.pandapower_three_windings import windings_of, zero_sequence_legs
from ysc_sim.adapters.unrepresentable import UnrepresentableElementError
from ysc_sim.powerflow.network import Complexes
from ysc_sim.units import Floats, Ints

TURN = np.exp(2j * np.pi / 3)
TO_PHASES = np.array([[1, 1, 1], [1, TURN**2, TURN], [1, TURN, TURN**2]])
"""Phase values of zero, positive and negative sequence (C. L. Fortescue, Trans. AIEE 37 (1918) 1027–1140)."""
TO_SEQUENCES = np.linalg.inv(TO_PHASES)
STIFF_PU = 1e-9
"""Impedance that stands for none where one sequence is stiff and others are not."""
ZERO_SEQUENCE = {
    "line": ("r0_ohm_per_km", "x0_ohm_per_km", "c0_nf_per_km"),
    "trafo": ("vector_group", "vk0_percent", "vkr0_percent", "mag0_percent", "mag0_rx", "si0_hv_partial"),
    "impedance": ("rft0_pu", "xft0_pu", "rtf0_pu", "xtf0_pu"),
}


def phase_matrices(zero: Complexes, positive: Complexes, negative: Complexes) -> Complexes:
    """(L, 6, 6) of two-ports (L, 2, 2) for each sequence; order: phases of one end, then of the other.

    >>> one = np.array([[[1, -1], [-1, 1]]], dtype=complex)
    >>> phase_matrices(one, one, one)[0, 0].real.round(9) + 0.0
    array([ 1.,  0.,  0., -1.,  0.,  0.])
    """
    sequences = np.stack([zero, positive, negative], axis=-1)
    blocks = np.einsum("ps,lijs,sq->lipjq", TO_PHASES, sequences, TO_SEQUENCES)
    return np.asarray(blocks.reshape(len(zero), 6, 6), dtype=np.complex128)


def branch_phase_admittances(pp_net: Any) -> tuple[Complexes, Ints, Complexes]:
    """Matrices (L, 6, 6) p.u. on 1 MVA a phase, their buses (L, 2), and shunts (n, 3, 3) per bus.

    Order: lines, transformers, the hv, then mv, then lv legs of three-winding transformers, impedances.
    """
    from pandapower.pypower.idx_bus import BS, GS

    _require_zero_sequence(pp_net)
    first = len(pp_net.line) + len(pp_net.trafo)
    legs = slice(first, first + 3 * len(pp_net.trafo3w))
    parts = []
    for sequence in (1, 2):
        net, ppc = converted(pp_net, all_buses=True, sequence=sequence)
        y, ends = two_ports(net, ppc)
        parts.append(y)
        if sequence == 1:
            rows, _ = bus_order(net)
            shunt = (ppc["bus"][rows, GS] + 1j * ppc["bus"][rows, BS]) / BASE_MVA
    parts[1][legs] = parts[0][legs].transpose(0, 2, 1)  # pandapower turns two-winding transformers only
    zero = np.zeros_like(parts[0])
    zero[legs] = zero_sequence_legs(pp_net) if len(pp_net.trafo3w) else 0
    zero[np.r_[0:first, legs.stop : len(zero)]] = _zero_sequence_of_others(pp_net)
    return phase_matrices(zero, *parts), ends, shunt[:, None, None] * np.eye(3)


def _zero_sequence_of_others(pp_net: Any) -> Complexes:
    """(L, 2, 2) of lines, two-winding transformers and impedances."""
    others = copy.copy(pp_net)
    others["trafo3w"] = pp_net.trafo3w.iloc[:0]
    return two_ports(*converted(others, all_buses=True, sequence=0), check_shorts=False)[0]


def phase_injections(pp_net: Any) -> tuple[Floats, Floats]:
    """Injections in kW and kvar, (n, 3), or by port where something is connected in delta."""
    at = delta_buses(pp_net)
    star, delta = (_injected(part) for part in parted(pp_net))
    return with_delta(at, star[0], delta[0]), with_delta(at, star[1], delta[1])


def _injected(pp_net: Any) -> tuple[Floats, Floats]:
    """Injections (n, 3): a third of balanced elements on each phase, unbalanced loads and sgens phase by phase."""
    balanced_only = copy.copy(pp_net)
    for name in ("asymmetric_load", "asymmetric_sgen"):
        balanced_only[name] = pp_net[name].iloc[:0]
    position = {int(index): k for k, index in enumerate(pp_net.bus.index)}
    live = pp_net.bus.in_service.to_numpy(bool)
    answer = []
    for axis, unit, balanced in zip("pq", ("mw", "mvar"), bus_powers(balanced_only)[:2], strict=True):
        total = np.repeat(-1000.0 * balanced[:, None] / 3, 3, axis=1)
        for name, sign in (("asymmetric_load", -1000.0), ("asymmetric_sgen", 1000.0)):
            table = pp_net[name]
            at = np.array([position[int(bus)] for bus in table.bus], dtype=np.int64)
            on = table.in_service.to_numpy(bool) & live[at] if len(at) else np.zeros(0, dtype=bool)
            values = table[[f"{axis}_{phase}_{unit}" for phase in "abc"]].to_numpy(float)
            np.add.at(total, at, sign * values * (table.scaling.to_numpy(float) * on)[:, None])
        answer.append(total)
    return answer[0], answer[1]


def refuse_for_phases(pp_net: Any) -> None:
    """:class:`UnrepresentableElementError` for what has no counterpart with three phases."""
    gen = pp_net.gen[pp_net.gen.in_service.astype(bool)]
    if len(gen):
        raise UnrepresentableElementError(
            f"gen {gen.index[0]} cannot be represented with phases=3; make it an sgen, or the source an ext_grid."
        )
    windings_of(pp_net)


def _require_zero_sequence(pp_net: Any) -> None:
    for name, columns in ZERO_SEQUENCE.items():
        table = pp_net[name]
        table = table[table.in_service.astype(bool)]
        for column in columns if len(table) else ():
            lost = table.index if column not in table else table.index[table[column].isna()]
            if len(lost):
                raise UnrepresentableElementError(f"{name} {lost[0]} has no {column}; phases=3 needs it.")
    trafo = pp_net.trafo[pp_net.trafo.in_service.astype(bool)]
    for index, group in zip(trafo.index, trafo.get("vector_group", []), strict=False):
        if str(group).lower() not in ("dyn", "ynyn", "yzn", "yy", "yd", "dy", "dd"):
            raise UnrepresentableElementError(
                f"trafo {index} has vector group {group!r}; phases=3 knows Dyn, YNyn, Yzn, Yy, Yd, Dy and Dd."
            )


def grid_impedance(pp_net: Any) -> tuple[Complexes, Complexes]:
    """Zero- and negative-sequence impedance (sources,) of each ``ext_grid``, p.u. on 1 MVA a phase; 0 where no
    short-circuit power is given. Voltage factor 1.1, as in ``runpp_3ph`` (IEC 60909-0)."""
    grid = pp_net.ext_grid
    count = len(grid)

    def column(name: str, default: float) -> Floats:
        return grid[name].fillna(default).to_numpy(float) if name in grid else np.full(count, default)

    z = 1.1 * 3 * BASE_MVA / column("s_sc_max_mva", np.inf)
    ratio = column("rx_max", 0.1)
    x = z / np.sqrt(1 + ratio**2)
    x0 = x * column("x0x_max", 1.0)
    return x0 * (column("r0x0_max", 0.1) + 1j), x * (ratio + 1j)


def grid_legs(zero: Complexes, negative: Complexes) -> Complexes:
    """(sources, 6, 6) series legs from the held voltage to the bus of each external grid."""
    y = [1 / np.where(np.abs(z) < STIFF_PU, STIFF_PU, z) for z in (zero, np.zeros_like(zero), negative)]
    pair = np.array([[1, -1], [-1, 1]])
    return phase_matrices(*(one[:, None, None] * pair for one in y))
