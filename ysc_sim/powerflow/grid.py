"""A network under one switch pattern, compiled: what a kernel needs to know and nothing about injections.

The linear part of the power flow is solved once here. With the held voltages e (sources) and the port
currents i,

    node voltages   v = W·e + Z·i        (W: no-load response, Z: transfer impedances)
    source currents s = A·e + K·i        (into the network)
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from ysc_sim.powerflow.elimination import Elimination
from ysc_sim.powerflow.network import EARTH, Complexes, Network
from ysc_sim.powerflow.topology import Topology, connect
from ysc_sim.powerflow.tree import Tree, find_tree
from ysc_sim.units import Bools, Ints


@dataclass(frozen=True, eq=False)
class Grid:
    """Network and topology with the factors of the free part, computed when first needed."""

    net: Network
    topology: Topology
    forms: dict[Any, Any] = field(default_factory=dict, repr=False)
    """Forms of loaded ports made so far; nothing in them depends on injections."""

    @cached_property
    def factors(self) -> Elimination:
        """Factors of the admittance matrix over the free slots."""
        top, n = self.topology, self.topology.free_count
        inside = (top.rows < n) & (top.columns < n)
        return Elimination(n, top.rows[inside], top.columns[inside], top.values[inside])

    @cached_property
    def tree(self) -> Tree | None:
        """The living network as a tree, or ``None``."""
        top = self.topology
        return find_tree(top.count, top.free_count, top.rows, top.columns, top.values)

    @property
    def held_count(self) -> int:
        """Slots whose voltage is given."""
        return self.topology.count - self.topology.free_count

    @cached_property
    def no_load(self) -> Complexes:
        """W (slots, held): voltages per held voltage without injections; held slots included."""
        top, n, held = self.topology, self.topology.free_count, self.held_count
        answer = np.eye(top.count, held, k=-n, dtype=np.complex128)
        if n and held:
            right = np.zeros((n, held), dtype=np.complex128)
            cross = (top.rows < n) & (top.columns >= n)
            np.subtract.at(right, (top.rows[cross], top.columns[cross] - n), top.values[cross])
            answer[:n] = self.factors.solve(right)
        return answer

    @cached_property
    def held_self(self) -> Complexes:
        """A (held, held): currents that the held slots feed in per held voltage, without injections."""
        answer = self._held_rows(self.no_load)
        for k in np.flatnonzero(self.net.source_terminal != self.net.source_bus):
            fed = self._fed_beyond(int(k))
            if fed is not None:
                answer[self.topology.source_slots[k] - self.topology.free_count] = fed
        return answer

    def _fed_beyond(self, source: int) -> Complexes | None:
        """Currents (m, held) of a source behind an impedance, summed over what its terminal feeds.

        Through the impedance itself, which may be next to nothing, they would be differences of huge numbers.
        """
        net, top, m = self.net, self.topology, self.net.conductors
        inner = top.source_slots[source]
        terminal = top.slot[net.source_terminal[source] * m + np.arange(m)]
        if np.any(inner < 0) or np.any(terminal < 0):
            return None
        ends = top.slot[(net.leg_bus[:, :, None] * m + np.arange(m)).reshape(len(net.leg_bus), 2 * m)]
        voltage = np.where((ends >= 0)[:, :, None], self.no_load[ends], 0)
        own: Bools = np.any(np.isin(ends, inner), axis=1)
        current = np.where(own[:, None, None], 0, top.leg_y_pu @ voltage)
        slots = top.slot.reshape(-1, m)
        shunt = np.where(net.bus_in_service[:, None, None], net.shunt_y_pu, 0)
        drawn = shunt @ np.where((slots >= 0)[:, :, None], self.no_load[slots], 0)
        answer = np.zeros((m, self.held_count), dtype=np.complex128)
        for row, slot in enumerate(terminal):
            answer[row] = current[ends == slot].sum(axis=0) + drawn[slots == slot].sum(axis=0)
        others = np.flatnonzero(np.arange(len(net.source_bus)) != source)
        shared = np.isin(top.slot[net.source_terminal[others] * m], terminal)
        return None if shared.any() else answer

    def transfer(self, ports: Ints) -> Complexes:
        """Z (slots, P): voltage at every slot per current into each of the ``ports`` (pairs of slots, EARTH
        allowed)."""
        top, n = self.topology, self.topology.free_count
        answer = np.zeros((top.count, len(ports)), dtype=np.complex128)
        right = np.zeros((n, len(ports)), dtype=np.complex128)
        for side, sign in ((0, 1.0), (1, -1.0)):
            free = np.flatnonzero((ports[:, side] != EARTH) & (ports[:, side] < n))
            right[ports[free, side], free] += sign
        if n:
            answer[:n] = self.factors.solve(right)
        return answer

    def held_transfer(self, transfer: Complexes, ports: Ints) -> Complexes:
        """K (held, P): currents that the held slots feed in per port current; ``transfer`` as from
        :meth:`transfer`."""
        answer = self._held_rows(transfer)
        n = self.topology.free_count
        for side, sign in ((0, 1.0), (1, -1.0)):
            at_held = np.flatnonzero((ports[:, side] != EARTH) & (ports[:, side] >= n))
            answer[ports[at_held, side] - n, at_held] -= sign
        return answer

    def _held_rows(self, voltages: Complexes) -> Complexes:
        top, n = self.topology, self.topology.free_count
        answer = np.zeros((self.held_count, voltages.shape[1]), dtype=np.complex128)
        of_held = top.rows >= n
        np.add.at(answer, top.rows[of_held] - n, top.values[of_held, None] * voltages[top.columns[of_held]])
        return answer


def compiled(net: Network, closed: Bools, held: Bools | None = None) -> Grid:
    """The grid of one switch pattern, remembered in the network (at most 64 patterns)."""
    key = np.packbits(closed).tobytes() + b"|" + (b"" if held is None else np.packbits(held).tobytes())
    grid: Grid | None = net.cache.get(key)
    if grid is None:
        if len(net.cache) >= 64:
            net.cache.clear()
        grid = net.cache[key] = Grid(net, connect(net, closed, held))
    return grid
