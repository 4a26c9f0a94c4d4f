"""The linear network as its loaded ports see it, in the forms that the kernels work on.

A *block* is an array (P, 2, c): ports × (real, imaginary) × rows. All forms answer the same question, the
voltages for given currents, as ``V = E + Z·j``, and hide how V and j are scaled:

    dense   V, j are the port voltages and currents themselves; Z is a full matrix (any network)
    tree    V = v/(w·e), j = u·i/e with the scaling of :mod:`.tree`; E = 1 and Z is a sweep (radial networks)
    sparse  as dense, but Z is a substitution with sparse factors (:mod:`.sparse_ports`: large networks with loops)
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from ysc_sim.powerflow.blocks import aligned, both_parts, flat, new_block, stacked, turned
from ysc_sim.powerflow.grid import Grid
from ysc_sim.powerflow.network import EARTH, Complexes
from ysc_sim.powerflow.sweep import Pieces, Sweep
from ysc_sim.powerflow.tree import Tree, prune
from ysc_sim.units import Floats, Ints

if TYPE_CHECKING:
    from ysc_sim.powerflow.sparse_ports import SparsePorts

Reals = npt.NDArray[np.floating[Any]]
"""float32 or float64."""
Float = type[np.float32] | type[np.float64]


SlotBuffers = tuple[Sweep, Floats, Floats]
_WHOLE_UP_TO = 1.15


class Operator(Protocol):
    """Currents to voltages for blocks of one width and float type; owns its buffers."""

    current: Reals
    """(P, 2, c) to be filled by the caller."""

    def hold(self, held: Complexes) -> None:
        """Set the held voltages (held, 1 or c)."""

    def voltage(self, out: Reals) -> None:
        """Write E + Z·current to ``out`` (P, 2, c)."""

    def change(self, out: Reals) -> None:
        """Write Z·current to ``out`` (P, 2, c)."""


@dataclass(frozen=True, eq=False)
class Ports:
    """Loaded ports of a grid: slots (P, 2) of each, EARTH allowed. What stands here is of forms whose V and j
    are the port voltages and currents themselves; a tree scales them."""

    grid: Grid
    pairs: Ints
    forms: dict[bytes, Any] = field(default_factory=dict, repr=False)
    """What others made of these ports so far, nothing in it depends on injections."""

    @property
    def count(self) -> int:
        """Number of ports P."""
        return len(self.pairs)

    @cached_property
    def transfer(self) -> Complexes:
        """(slots, P), see :meth:`Grid.transfer`."""
        return self.grid.transfer(self.pairs)

    @cached_property
    def z(self) -> Complexes:
        """(P, P) impedance between the ports."""
        return self.across(self.transfer)

    @cached_property
    def no_load(self) -> Complexes:
        """(P, held) port voltages per held voltage."""
        return self.across(self.grid.no_load)

    @cached_property
    def held_current(self) -> Complexes:
        """K (held, P), see :class:`Grid`."""
        return self.grid.held_transfer(self.transfer, self.pairs)

    def across(self, slots: Complexes) -> Complexes:
        """Rows of ``slots`` (slots, R) at each port: first node minus second."""
        earth = self.pairs[:, 1] == EARTH
        return slots[self.pairs[:, 0]] - np.where(earth[:, None], 0, slots[self.pairs[:, 1]])

    def start(self, held: Complexes) -> Floats:
        """E (P, 2, 1 or c)."""
        return as_block(self.no_load @ held)

    def conj_power_scale(self, held: Complexes) -> Complexes | None:
        """Factor (P, 1 or c) that turns conj(S) into V·-scaled power; None: 1."""
        return None

    def magnitude_scale(self, held: Complexes) -> Floats | float:
        """|v| per |V|."""
        return 1.0

    def true_current(self, current: Complexes, held: Complexes) -> Complexes:
        """Port currents in p.u. from j (P, c)."""
        return current

    def true_voltage(self, voltage: Complexes, held: Complexes) -> Complexes:
        """Port voltages in p.u. from V (P, c)."""
        return voltage


def as_complex(block: Floats) -> Complexes:
    """(P, c) complex of a block (P, 2, c)."""
    return np.asarray(block[:, 0] + 1j * block[:, 1])


def as_block(values: Complexes) -> Floats:
    """Block (P, 2, c) of complex (P, c)."""
    block = new_block(values.shape[0], values.shape[1], np.float64)
    block[:, 0], block[:, 1] = values.real, values.imag
    return block


class DensePorts(Ports):
    """Full impedance matrix. The held voltages ride along as further columns, so that E costs nothing: their real
    parts come first and their imaginary parts last, so that the ports' own columns follow each other."""

    @cached_property
    def matrices(self) -> dict[Float, Reals]:
        """(2P, 2(P + held)) in both float types."""
        held = stacked(self.no_load)
        half = held.shape[1] // 2
        wide = np.concatenate([held[:, :half], stacked(self.z), held[:, half:]], axis=1)
        return {np.float64: wide, np.float32: wide.astype(np.float32)}

    def operator(self, width: int, dtype: Float) -> Operator:
        """Operator for c = ``width`` rows."""
        return _DenseOperator(self, width, dtype)

    def slot_block(self, current: Floats, held: Complexes, buffers: dict[int, SlotBuffers]) -> Floats:
        """(slots, 2, c) p.u. from a block of currents."""
        return as_block(self.transfer @ as_complex(current) + self.grid.no_load @ held)


class _DenseOperator:
    def __init__(self, ports: DensePorts, width: int, dtype: Float) -> None:
        count, held = 2 * ports.count, ports.grid.held_count
        self._matrix = ports.matrices[dtype]
        self._own = np.ascontiguousarray(self._matrix[:, held : held + count])
        self._wide = aligned((count + 2 * held, width), dtype)
        self._real, self._ports, self._imag = self._wide[:held], self._wide[held:][:count], self._wide[held + count :]
        self.current = self._ports.reshape(2, ports.count, width).transpose(1, 0, 2)

    def hold(self, held: Complexes) -> None:
        self._real[:], self._imag[:] = held.real, held.imag

    def voltage(self, out: Reals) -> None:
        np.matmul(self._matrix, self._wide, out=flat(out))

    def change(self, out: Reals) -> None:
        np.matmul(self._own, self._ports, out=flat(out))


class TreePorts(Ports):
    """Tree of the ports and the forks between them. Ports are pairs (slot, EARTH)."""

    @cached_property
    def _small(self) -> tuple[Tree, Ints]:
        return self._with_ports(*prune(self._full, self._node))

    @cached_property
    def unit_tree(self) -> tuple[Tree, Ints, bool]:
        """A tree with a node of its own for each port, these nodes, and whether it is the whole one: if that is
        hardly larger, it spares a sweep for the results."""
        if len(self._full.parent) > _WHOLE_UP_TO * len(self._small[0].parent):
            return *self._small, False
        return *self._with_ports(self._full, self._node), True

    def _with_ports(self, tree: Tree, place: Ints) -> tuple[Tree, Ints]:
        return _with_held(*_split_shared(tree, place), self.pairs[:, 0] - self.grid.topology.free_count)

    @cached_property
    def held_current(self) -> Complexes:
        """K (held, P): what goes in at a port comes out of its root, times u."""
        small, place = self._small
        answer = np.zeros((self.grid.held_count, self.count), dtype=np.complex128)
        answer[small.root[place], np.arange(self.count)] = -small.u[place]
        return answer

    def operator(self, width: int, dtype: Float) -> Operator:
        """Operator for c = ``width`` rows."""
        return _TreeOperator(self.pieces, self._small[1], width, dtype)

    def start(self, held: Complexes) -> Floats:
        """E (P, 2, 1): the held voltages are in the scaling."""
        answer = np.zeros((self.count, 2, 1))
        answer[:, 0] = 1.0
        return answer

    def conj_power_scale(self, held: Complexes) -> Complexes | None:
        """u / (conj(w)·|e|²), (P, 1 or c)."""
        small, place = self._small
        e = held[small.root[place]]
        return (small.u[place] / small.w[place].conj())[:, None] / (e.real**2 + e.imag**2)

    def magnitude_scale(self, held: Complexes) -> Floats | float:
        """|w·e|, (P, 1 or c)."""
        return np.abs(self.true_voltage(np.ones((1, 1), dtype=np.complex128), held))

    def true_current(self, current: Complexes, held: Complexes) -> Complexes:
        """Port currents in p.u. from j (P, c)."""
        small, place = self._small
        return current * held[small.root[place]] / small.u[place][:, None]

    def true_voltage(self, voltage: Complexes, held: Complexes) -> Complexes:
        """Port voltages in p.u. from V (P, c)."""
        small, place = self._small
        return voltage * (held[small.root[place]] * small.w[place][:, None])

    @cached_property
    def pieces(self) -> Pieces:
        """The small tree cut for sweeping."""
        return Pieces(self._small[0])

    @cached_property
    def all_pieces(self) -> Pieces:
        """The whole tree cut for sweeping."""
        return Pieces(self._full)

    @cached_property
    def _full(self) -> Tree:
        if self.grid.tree is None:
            raise ValueError("the network is not radial.")
        return self.grid.tree

    @cached_property
    def _node(self) -> Ints:
        """(P',) node of the whole tree of each port that is not at a source."""
        position = np.full(self.grid.topology.count, -1)
        position[self._full.slot] = np.arange(len(self._full.slot))
        return np.asarray(position[self.pairs[self.pairs[:, 0] < self.grid.topology.free_count, 0]])

    @cached_property
    def _by_slot(self) -> Ints:
        """(free slots,) node of the whole tree at each slot."""
        return np.argsort(self._full.slot)

    def slot_block(self, current: Floats, held: Complexes, buffers: dict[int, SlotBuffers]) -> Floats:
        """(slots, 2, c) p.u. from a block of currents: one sweep over the whole tree.

        ``buffers`` by width keep what is used again; the answer is one of them.
        """
        full, pieces, width, top = self._full, self.all_pieces, current.shape[2], self.grid.topology
        if width not in buffers:
            sizes = ((len(full.slot), width), (top.count, width))
            rise, answer = (new_block(*size, np.float64) for size in sizes)
            buffers[width] = Sweep(pieces, width, np.float64), rise, answer
        sweep, rise, answer = buffers[width]
        sweep.flow[:] = 0
        at_free, place = self.pairs[:, 0] < top.free_count, pieces.into[self._node]
        if len(np.unique(place)) == len(place):
            sweep.flow[place] = current[at_free]
        else:
            np.add.at(sweep.flow, place, current[at_free])
        rows = both_parts(pieces.out_of[self._by_slot])
        np.take(sweep.run().reshape(-1, width), rows, axis=0, out=flat(rise), mode="clip")
        rise[:, 0] += 1
        turned(rise, (held[full.root] * full.w[:, None])[self._by_slot], answer[: top.free_count])
        answer[top.free_count :, 0], answer[top.free_count :, 1] = held.real, held.imag
        return answer


def _split_shared(tree: Tree, place: Ints) -> tuple[Tree, Ints]:
    """Give each port a node of its own: further ports at one node hang below it without impedance."""
    _, first = np.unique(place, return_index=True)
    extra = np.setdiff1d(np.arange(len(place)), first)
    if not len(extra):
        return tree, place
    at = place[extra]
    place = place.copy()
    place[extra] = len(tree.parent) + np.arange(len(extra))
    grown = Tree(
        parent=np.concatenate([tree.parent, at]),
        z=np.concatenate([tree.z, np.zeros(len(extra))]),
        slot=np.concatenate([tree.slot, tree.slot[at]]),
        root=np.concatenate([tree.root, tree.root[at]]),
        w=np.concatenate([tree.w, tree.w[at]]),
        u=np.concatenate([tree.u, tree.u[at]]),
    )
    return grown, place


def _with_held(tree: Tree, place: Ints, root: Ints) -> tuple[Tree, Ints]:
    """Ports at a source (``root`` ≥ 0) hang on it directly; ``place`` is of the others."""
    held = np.flatnonzero(root >= 0)
    if not len(held):
        return tree, place
    one = np.ones(len(held), dtype=np.complex128)
    grown = Tree(
        parent=np.concatenate([tree.parent, np.full(len(held), -1)]),
        z=np.concatenate([tree.z, 0 * one]),
        slot=np.concatenate([tree.slot, np.full(len(held), -1)]),
        root=np.concatenate([tree.root, root[held]]),
        w=np.concatenate([tree.w, one]),
        u=np.concatenate([tree.u, one]),
    )
    answer = np.empty(len(root), dtype=np.int64)
    answer[root < 0] = place
    answer[held] = len(tree.parent) + np.arange(len(held))
    return grown, answer


class _TreeOperator:
    def __init__(self, pieces: Pieces, place: Ints, width: int, dtype: Float) -> None:
        self._sweep = Sweep(pieces, width, dtype)
        into, out_of = pieces.into[place], pieces.out_of[place]
        self._into, self._out_of = np.concatenate([2 * k + np.arange(2)[:, None] for k in (into, out_of)]).reshape(
            2, -1
        )
        self._forks = np.setdiff1d(np.arange(len(pieces.into)), into)
        self._flow = self._sweep.flow.reshape(-1, width)
        self.current = new_block(len(place), width, dtype)

    def hold(self, held: Complexes) -> None:
        """Nothing: the held voltages are in the scaling."""

    def voltage(self, out: Reals) -> None:
        self.change(out)
        out[:, 0] += 1

    def change(self, out: Reals) -> None:
        self._sweep.flow[self._forks] = 0
        self._flow[self._into] = flat(self.current)
        rise = self._sweep.run()
        np.take(rise.reshape(-1, rise.shape[2]), self._out_of, axis=0, out=flat(out), mode="clip")


AnyPorts: TypeAlias = "DensePorts | TreePorts | SparsePorts"
