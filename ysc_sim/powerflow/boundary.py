"""The nodes at which grid-forming inverters hold a voltage, and the network as they see it.

The phasor of node n is u = v·exp(jθ), times (1, a², a) for its three phases. Everything linear is condensed to
those phasors: currents I = B·u + K·j, port voltages V = W·u + Z·j. Angles count from the first inverter's node
of each island.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ysc_sim.powerflow.grid import Grid, compiled
from ysc_sim.powerflow.network import Complexes, Network
from ysc_sim.powerflow.ports import DensePorts
from ysc_sim.units import Bools, Floats, Ints


def sequence(conductors: int) -> Complexes:
    """Balanced phasors of the conductors of a bus.

    >>> sequence(3).round(3)
    array([ 1. +0.j   , -0.5-0.866j, -0.5+0.866j])
    """
    return np.asarray(np.exp(-2j * np.pi / 3 * np.arange(conductors)))


@dataclass(frozen=True, eq=False)
class Boundary:
    """Grid-forming nodes (G) and islands (I) under one switch pattern."""

    net: Network
    state: Bools
    bus: Ints
    """(g,) bus of each inverter."""

    @cached_property
    def grid(self) -> Grid:
        """The network with all nodes of the inverters held."""
        return compiled(self.net, self.state, self._mask(self.bus))

    def _mask(self, bus: Ints) -> Bools:
        m = self.net.conductors
        held = np.zeros(self.net.node_count, dtype=bool)
        nodes = bus[self.net.bus_in_service[bus]][:, None] * m + np.arange(m)
        held[nodes.ravel()] = True
        return held

    @cached_property
    def _first_slot(self) -> Ints:
        """(g,) slot of the first conductor; -1: dead."""
        return self.grid.topology.slot[self.bus * self.net.conductors]

    @cached_property
    def node(self) -> Ints:
        """(g,) node of each inverter; -1: dead."""
        living = self._first_slot >= 0
        answer = np.full(len(self.bus), -1)
        answer[living] = self._numbered(self._first_slot[living])
        return answer

    @staticmethod
    def _numbered(values: Ints) -> Ints:
        """Number of each value, in the order of first appearance."""
        _, first, which = np.unique(values, return_index=True, return_inverse=True)
        return np.argsort(np.argsort(first))[which.ravel()]

    @cached_property
    def _example(self) -> Ints:
        """(G,) first inverter of each node."""
        return np.array([np.flatnonzero(self.node == n)[0] for n in range(self.count)], dtype=np.int64)

    @property
    def count(self) -> int:
        """Nodes G."""
        return int(self.node.max(initial=-1)) + 1

    @cached_property
    def island(self) -> Ints:
        """(G,) island of each node."""
        return self._numbered(self.grid.topology.island[self._first_slot[self._example]])

    @property
    def island_count(self) -> int:
        """Islands I."""
        return int(self.island.max(initial=-1)) + 1

    @cached_property
    def reference(self) -> Ints:
        """(I,) node whose angle is 0."""
        return np.array([np.flatnonzero(self.island == k)[0] for k in range(self.island_count)], dtype=np.int64)

    @cached_property
    def turning(self) -> Ints:
        """(G − I,) nodes whose angle is unknown."""
        return np.setdiff1d(np.arange(self.count), self.reference)

    @cached_property
    def spread(self) -> Complexes:
        """(held slots, G): slot voltages from phasors."""
        m, top = self.net.conductors, self.grid.topology
        answer = np.zeros((self.grid.held_count, self.count), dtype=np.complex128)
        slots = top.slot[self.bus[self._example][:, None] * m + np.arange(m)]
        answer[slots - top.free_count, np.arange(self.count)[:, None]] = sequence(m)
        return answer

    @cached_property
    def self_admittance(self) -> Complexes:
        """B (G, G)"""
        return self.spread.conj().T @ self.grid.held_self @ self.spread

    @cached_property
    def start_angle(self) -> Floats:
        """(G,) angle at which no current flows from the references: the shift of transformers in between."""
        single = Boundary(self.net, self.state, self.bus[self._example[self.reference]])
        voltage = single.grid.no_load @ single.spread
        at = voltage[single.grid.topology.slot[self.bus[self._example] * self.net.conductors]]
        return np.angle(at[np.arange(self.count), self.island])

    def seen_by(self, ports: DensePorts) -> tuple[Complexes, Complexes]:
        """W (P, G) and K (G, P) for some ports."""
        return ports.no_load @ self.spread, self.spread.conj().T @ ports.held_current
