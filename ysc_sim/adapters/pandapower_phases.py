"""The unbalanced model: sequence parameters of pandapower turned into phase matrices.

As in ``runpp_3ph``, lines, transformers (vector groups Dyn, YNyn, Yzn, and those without a path for zero
sequence) and shunts have parameters for zero, positive and negative sequence; an external grid is stiff for the
positive sequence and has its short-circuit impedance for the other two. One power base of 1 MVA per phase,
voltages to neutral.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ysc_sim.adapters.pandapower_ppc import BASE_MVA, bus_order, converted, two_ports
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

    Order: lines, transformers, impedances.
    """
    from pandapower.pypower.idx_bus import BS, GS

    _require_zero_sequence(pp_net)
    parts = []
    for sequence in (0, 1, 2):
        net, ppc = converted(pp_net, all_buses=True, sequence=sequence)
        y, ends = two_ports(net, ppc, check_shorts=sequence > 0)
        parts.append(y)
        if sequence == 1:
            rows, _ = bus_order(net)
            shunt = (ppc["bus"][rows, GS] + 1j * ppc["bus"][rows, BS]) / BASE_MVA
    return phase_matrices(*parts), ends, shunt[:, None, None] * np.eye(3)


def phase_injections(pp_net: Any, p_mw: Floats, q_mvar: Floats) -> tuple[Floats, Floats]:
    """Injections (n, 3) in kW and kvar: ``p_mw``, ``q_mvar`` (n,) consumed by balanced elements, a third on
    each phase, and the unbalanced loads and sgens phase by phase."""
    position = {int(index): k for k, index in enumerate(pp_net.bus.index)}
    live = pp_net.bus.in_service.to_numpy(bool)
    answer = []
    for axis, balanced in (("p", p_mw), ("q", q_mvar)):
        unit = "mw" if axis == "p" else "mvar"
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
    for name, advice in (
        ("trafo3w", "replace it by two-winding transformers"),
        ("gen", "make it an sgen, or the source an ext_grid"),
    ):
        table = pp_net[name]
        on = table[table.in_service.astype(bool)]
        if len(on):
            raise UnrepresentableElementError(f"{name} {on.index[0]} cannot be represented with phases=3; {advice}.")
    for name in ("load", "sgen", "asymmetric_load", "asymmetric_sgen"):
        table = pp_net[name]
        delta = table[table.in_service.astype(bool) & (table.type.astype(str).str.lower() == "delta")]
        if len(delta):
            raise UnrepresentableElementError(
                f"{name} {delta.index[0]} is connected in delta, which injections per phase cannot express; "
                f"build a Network with ports between phases."
            )


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
