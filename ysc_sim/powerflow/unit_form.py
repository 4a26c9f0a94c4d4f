"""The loaded ports in units of their own no-load voltages, cut into blocks.

With the sources constant over the rows, the voltage of a port is v = E·x and its current i = j/conj(E), so that

    x = 1 + Z·j,     conj(x)·j = conj(S):

nothing of sources, charging, taps or shifts is left but in the constant Z. It is one block for a dense form; a
radial network is a tree of blocks (:mod:`.sweep`), whose matrices carry the scaling of :mod:`.tree`. Powers and
currents are in kW: the power base, too, is in Z.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ysc_sim.powerflow.network import Complexes
from ysc_sim.powerflow.ports import AnyPorts, DensePorts, Float, Reals, TreePorts
from ysc_sim.powerflow.sweep import cut, path_impedance
from ysc_sim.powerflow.tree import Tree
from ysc_sim.units import Floats, Ints

_SMALLEST_NO_LOAD_PU = 1e-3
"""A port with less no-load voltage, such as one between neutral and earth, is no unit to count in."""
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
    row: Ints
    """(P,) row of the real part of each port among the blocks·2·B rows of planes; the imaginary part: B further."""
    voltage_factor: Complexes
    """(P,) voltage in the scaling of the :class:`~ysc_sim.powerflow.ports.Ports` per x."""
    current_factor: Complexes
    """(P,) current in that scaling per j."""
    dense: bool
    """One block of just these ports, from :class:`~ysc_sim.powerflow.ports.DensePorts`."""
    norm: float
    """Largest row sum of |Z|, or more [1/kW]."""
    slot_row: Ints | None = None
    """(free slots,) rows of all free slots, where the form knows them all."""
    slot_factor: Complexes | None = None
    """(free slots,) their voltages per x."""

    @property
    def blocks(self) -> int:
        """Number of blocks."""
        return len(self.pieces)

    @property
    def places(self) -> int:
        """Places for ports, the empty ones among them."""
        return self.blocks * self.size

    @cached_property
    def matrices(self) -> dict[Float, list[Reals]]:
        """:func:`real_matrix` of the pieces in both float types. The one of a dense form has a column more, for the
        1 in the real parts."""
        exact = [real_matrix(piece, self.size) for piece in self.pieces]
        if self.dense:
            exact = [np.concatenate([exact[0], np.repeat([1.0, 0.0], self.size)[:, None]], axis=1)]
        return {np.float64: [*exact], np.float32: [matrix.astype(np.float32) for matrix in exact]}

    @cached_property
    def own_matrix(self) -> dict[Float, Reals]:
        """The matrix of a dense form without that column."""
        return {dtype: np.ascontiguousarray(whole[0][:, :-1]) for dtype, whole in self.matrices.items()}

    def both_rows(self, real: Ints) -> Ints:
        """Rows of the real, then of the imaginary parts."""
        return np.concatenate([real, real + self.size])


def unit_form(ports: AnyPorts, held: Complexes, base_kva: float) -> UnitForm | None:
    """The form for the held voltages (held, 1), remembered by the ports; ``None`` where a port has no no-load
    voltage to speak of."""
    key = held.tobytes()
    if key not in ports.forms:
        if len(ports.forms) >= 4:
            ports.forms.clear()
        e = held[:, 0]
        ports.forms[key] = (
            _tree_form(ports, e, base_kva) if isinstance(ports, TreePorts) else _dense_form(ports, e, base_kva)
        )
    form: UnitForm | None = ports.forms[key]
    return form


def _dense_form(ports: DensePorts, held: Complexes, base_kva: float) -> UnitForm | None:
    e = ports.no_load @ held
    if not np.all(np.abs(e) >= _SMALLEST_NO_LOAD_PU):
        return None
    z = ports.z / (e[:, None] * e.conj() * base_kva)
    return UnitForm(
        pieces=[Piece(z=z)],
        dense=True,
        size=ports.count,
        row=np.arange(ports.count),
        voltage_factor=e,
        current_factor=1 / (base_kva * e.conj()),
        norm=float(np.abs(z).sum(axis=1).max(initial=0.0)),
    )


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
    row = spot[:, 0] * 2 * size + spot[:, 1]
    free = ports.grid.topology.free_count
    slots = np.argsort(tree.slot[:free]) if whole else None
    return UnitForm(
        pieces=[_piece(tree, weight, nodes, above, spot) for nodes, above in blocks],
        dense=False,
        size=size,
        row=row[place],
        voltage_factor=np.ones(len(place), dtype=np.complex128),
        current_factor=weight[place],
        norm=_norm(tree, np.abs(weight), place),
        slot_row=None if slots is None else row[slots],
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


def real_matrix(piece: Piece, size: int) -> Floats:
    """(2·B [+ 2], 2·B) matrix of a block on planes; its last two rows: real and imaginary part of the ``sums``."""
    count = len(piece.z)
    answer = np.zeros((2 * size + (2 if piece.sums is not None else 0), 2 * size))
    for top, left, part in ((0, 0, "real"), (size, size, "real"), (size, 0, "imag")):
        answer[top : top + count, left : left + count] = getattr(piece.z, part)
    answer[:count, size : size + count] = -piece.z.imag
    if piece.sums is not None:
        answer[-2, :count], answer[-2, size : size + count] = piece.sums.real, -piece.sums.imag
        answer[-1, :count], answer[-1, size : size + count] = piece.sums.imag, piece.sums.real
    return answer
