"""The loaded ports in units of their own no-load voltages, cut into blocks.

With the sources constant over the rows, the voltage of a port is v = E·x and its current i = j/conj(E), so that

    x = 1 + Z·j,     conj(x)·j = conj(S):

nothing of sources, charging, taps or shifts is left but in the constant Z. It is one block for a dense form; a
radial network is a tree of blocks (:mod:`.sweep`), whose matrices carry the scaling of :mod:`.tree`. Powers and
currents are in kW: the power base, too, is in Z.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from ysc_sim.powerflow.network import Complexes
from ysc_sim.powerflow.ports import DensePorts, Reals, TreePorts
from ysc_sim.powerflow.sweep import cut, path_impedance
from ysc_sim.powerflow.tree import Tree
from ysc_sim.units import Floats, Ints

_SMALLEST_NO_LOAD_PU = 1e-3
"""A port with less no-load voltage, such as one between neutral and earth, is no unit to count in."""
_WHOLE_FROM = 0.8
"""Share of loaded nodes from which all are taken: rows are then read and written as they lie."""
_BLOCK_SIZES = (10, 12, 15, 18, 20, 24)


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A block of the form."""

    z: Complexes
    """(n, n)"""
    sums: Complexes | None = None
    """(n,) weights with which its currents enter the port that the block hangs on."""
    above: tuple[int, int] | None = None
    """That port: block and place in it."""


@dataclass(frozen=True, kw_only=True, eq=False)
class UnitForm:
    """P ports in blocks of B places, some of which may be empty."""

    pieces: list[Piece]
    """Those below first."""
    size: int
    """B"""
    place: Ints
    """(P,) place of each port."""
    voltage_factor: Complexes
    """(P,) voltage in the scaling of the :class:`~ysc_sim.powerflow.ports.Ports` per x."""
    current_factor: Complexes
    """(P,) current in that scaling per j."""
    dense: bool
    """One block, from :class:`~ysc_sim.powerflow.ports.DensePorts`, rows × places."""
    norm: float
    """Largest row sum of |Z|, or more [1/kW]."""
    node_voltage: Complexes | None = None
    """(nodes,) no-load voltages, where the places are all the nodes of the network in their order."""
    node_unit: Complexes | None = None
    """(nodes,) their voltages per x."""
    slot_place: Ints | None = None
    """(free slots,) places of all free slots, where the form knows them all."""
    slot_factor: Complexes | None = None
    """(free slots,) their voltages per x."""
    kept: dict[Any, Any] = field(default_factory=dict, repr=False)
    """What others made of this form and lay aside for the next call; whoever uses it takes it out."""

    @property
    def places(self) -> int:
        """Places for ports, the empty ones among them."""
        return len(self.pieces) * self.size

    def shape(self, width: int) -> tuple[int, int]:
        """Of the arrays for ``width`` rows: a dense form has rows × places, a tree places × rows."""
        return (width, self.places) if self.dense else (self.places, width)

    @cached_property
    def matrices(self) -> dict[type[Any], Reals]:
        """Of a dense form: real (2·places, 2·places) that makes r = Z·conj(k) of k, for rows from the left."""
        exact = conjugating(self.pieces[0].z)
        return {np.complex128: exact, np.complex64: exact.astype(np.float32)}

    @cached_property
    def blocks_of(self) -> dict[type[Any], list[Complexes]]:
        """Of a tree: :func:`padded` matrices of the pieces, for conj(k)."""
        exact = [padded(piece, self.size) for piece in self.pieces]
        return {np.complex128: exact, np.complex64: [matrix.astype(np.complex64) for matrix in exact]}


def conjugating(z: Complexes) -> Floats:
    """Real (2·k, 2·r) matrix of z (r, k) for rows of real and imaginary parts in turns: k ↦ z·conj(k).

    >>> np.array([[3.0, 4.0]]) @ conjugating(np.array([[1 + 2j]]))
    array([[11.,  2.]])
    """
    answer = np.empty((z.shape[1], 2, z.shape[0], 2))
    answer[:, 0, :, 0], answer[:, 0, :, 1] = z.real.T, z.imag.T
    answer[:, 1, :, 0], answer[:, 1, :, 1] = z.imag.T, -z.real.T
    return answer.reshape(2 * z.shape[1], 2 * z.shape[0])


def unit_form(ports: DensePorts | TreePorts, columns: Ints, held: Complexes, base_kva: float) -> UnitForm | None:
    """The form for the held voltages (held, 1) and ports at ``columns`` of the power, remembered by the ports; ``None``
    where a port has no no-load voltage to speak of."""
    key = held.tobytes() + columns.tobytes()
    if key not in ports.forms:
        if len(ports.forms) >= 4:
            ports.forms.clear()
        e = held[:, 0]
        ports.forms[key] = (
            _tree_form(ports, e, base_kva) if isinstance(ports, TreePorts) else _dense_form(ports, columns, e, base_kva)
        )
    form: UnitForm | None = ports.forms[key]
    return form


def _dense_form(ports: DensePorts, columns: Ints, held: Complexes, base_kva: float) -> UnitForm | None:
    e = ports.no_load @ held
    if not np.all(np.abs(e) >= _SMALLEST_NO_LOAD_PU):
        return None
    if ports.count >= _WHOLE_FROM * _node_count(ports) and ports.grid.net.ports_are_nodes:
        return _all_nodes(ports, columns, held, base_kva)
    z = ports.z / (e[:, None] * e.conj() * base_kva)
    return UnitForm(
        pieces=[Piece(z=z)],
        dense=True,
        size=ports.count,
        place=np.arange(ports.count),
        voltage_factor=e,
        current_factor=1 / (base_kva * e.conj()),
        norm=float(np.abs(z).sum(axis=1).max(initial=0.0)),
    )


def _all_nodes(ports: DensePorts, columns: Ints, held: Complexes, base_kva: float) -> UnitForm:
    """Places are the nodes in their order; of those without a port nothing comes."""
    slot = ports.grid.topology.slot[: _node_count(ports)]
    voltage = np.where(slot >= 0, (ports.grid.no_load @ held)[slot], 0)
    unit: Complexes = np.where(np.abs(voltage) >= _SMALLEST_NO_LOAD_PU, voltage, 1)
    z = np.zeros((len(slot), len(slot)), dtype=np.complex128)
    z[:, columns] = np.where(
        (slot >= 0)[:, None], ports.transfer[slot] / (unit[:, None] * unit[columns].conj() * base_kva), 0
    )
    return UnitForm(
        pieces=[Piece(z=z)],
        dense=True,
        size=len(z),
        place=columns,
        voltage_factor=unit[columns],
        current_factor=np.asarray(1 / (base_kva * unit[columns].conj())),
        norm=float(np.abs(z).sum(axis=1).max(initial=0.0)),
        node_voltage=voltage,
        node_unit=unit,
    )


def _node_count(ports: DensePorts) -> int:
    return ports.grid.net.bus_count * ports.grid.net.conductors


def _tree_form(ports: TreePorts, held: Complexes, base_kva: float) -> UnitForm | None:
    tree, place, whole = ports.unit_tree
    e = held[tree.root]
    if not np.all(np.abs(tree.w * e) >= _SMALLEST_NO_LOAD_PU):
        return None
    weight = tree.u / (tree.w.conj() * np.abs(e) ** 2 * base_kva)
    size, blocks = min((_cost(size, cut(tree.parent, size)) for size in _BLOCK_SIZES), key=lambda found: found[0])[1]
    spot = np.zeros((len(tree.parent), 2), dtype=np.int64)
    for number, (nodes, _) in enumerate(blocks):
        spot[nodes, 0], spot[nodes, 1] = number, np.arange(len(nodes))
    at = spot[:, 0] * size + spot[:, 1]
    free = ports.grid.topology.free_count
    slots = np.argsort(tree.slot[:free]) if whole else None
    return UnitForm(
        pieces=[_piece(tree, weight, nodes, above, spot) for nodes, above in blocks],
        dense=False,
        size=size,
        place=at[place],
        voltage_factor=np.ones(len(place), dtype=np.complex128),
        current_factor=weight[place],
        norm=_norm(tree, np.abs(weight), place),
        slot_place=None if slots is None else at[slots],
        slot_factor=None if slots is None else (tree.w * e)[slots],
    )


def _cost(size: int, blocks: list[tuple[list[int], int]]) -> tuple[float, tuple[int, list[tuple[list[int], int]]]]:
    """Nanoseconds a row, roughly as measured: arithmetic of the places, products of the blocks, calls."""
    return len(blocks) * (size * (35 + 1.4 * size) + 80), (size, blocks)


def _piece(tree: Tree, weight: Complexes, nodes: list[int], above: int, spot: Ints) -> Piece:
    z = path_impedance(tree.parent, tree.z, nodes) * weight[nodes]
    if above < 0:
        return Piece(z=z)
    block, place = spot[above].tolist()
    return Piece(z=z, sums=weight[nodes] / weight[above], above=(block, place))


def _norm(tree: Tree, weight: Floats, place: Ints) -> float:
    """Rise of the worst node if every port's current and every impedance counted with its magnitude."""
    flow = np.zeros(len(tree.parent))
    np.add.at(flow, place, weight[place])
    flows, parent = flow.tolist(), tree.parent.tolist()
    for k in range(len(parent) - 1, -1, -1):
        if parent[k] >= 0:
            flows[parent[k]] += flows[k]
    rise = (np.abs(tree.z) * flows).tolist()
    for k, up in enumerate(parent):
        if up >= 0:
            rise[k] += rise[up]
    return max(rise, default=0.0)


def padded(piece: Piece, size: int) -> Complexes:
    """(B [+ 1], B) matrix of a block; its last row: the ``sums``."""
    count = len(piece.z)
    answer = np.zeros((size + (piece.sums is not None), size), dtype=np.complex128)
    answer[:count, :count] = piece.z
    if piece.sums is not None:
        answer[-1, :count] = piece.sums
    return answer
