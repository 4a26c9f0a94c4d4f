"""Which nodes hang together for one pattern of switches, which of them are alive, and the admittance matrix
of those.

Closed bus–bus switches melt their buses into one. A leg that is open at one end is seen from the other as a
shunt (its open end is eliminated, Kron reduction), so an unloaded cable keeps its charging. A component
without a source is dead: 0 V.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ysc_sim.powerflow.network import Complexes, Network
from ysc_sim.units import Bools, Ints


@dataclass(frozen=True, kw_only=True)
class Topology:
    """One switch pattern. *Slots* number the living electrical nodes 0 … N-1, sources last."""

    slot: Ints
    """(node_count,) slot of each node; -1: dead."""
    island: Ints
    """(N,) number of the energised component of each slot."""
    free_count: int
    """Slots below this number have unknown voltage; those above are held by a source."""
    source_slots: Ints
    """(sources, m) slot of each held conductor; -1: not held, or dead."""
    rows: Ints
    """Coordinates and values of the admittance matrix over the slots (duplicates add up)."""
    columns: Ints
    values: Complexes
    leg_y_pu: Complexes
    """(L, 2m, 2m) with open ends eliminated; zero where out of service."""

    @property
    def count(self) -> int:
        """Number of slots."""
        return len(self.island)


def connect(net: Network, closed: Bools, held: Bools | None = None) -> Topology:
    """Topology for one row of switch states ``closed`` (switches,).

    ``held`` (node_count,): nodes whose voltage is given instead of those of the network's sources, which then
    are left out.
    """
    fused = _fuse(net, closed)
    leg_y = _open_ends(net, closed)
    rows, columns, values = _coordinates(net, fused, leg_y)
    node_held = _source_nodes(net) if held is None else held
    is_held = np.zeros(net.node_count, dtype=bool)
    is_held[fused[node_held]] = True
    live_row = np.repeat(net.bus_in_service, net.conductors)
    is_held &= _members(fused, live_row)
    label = _components(net.node_count, rows, columns)
    alive_label = np.zeros(net.node_count, dtype=bool)
    alive_label[label[np.flatnonzero(is_held)]] = True
    own = fused == np.arange(net.node_count)
    living = alive_label[label] & own
    order = np.concatenate([np.flatnonzero(living & ~is_held), np.flatnonzero(living & is_held)])
    slot_of_own = np.full(net.node_count, -1)
    slot_of_own[order] = np.arange(len(order))
    slot = np.where(live_row, slot_of_own[fused], -1)
    keep = slot_of_own[rows] >= 0
    island = np.unique(label[order], return_inverse=True)[1]
    source_nodes = net.source_bus[:, None] * net.conductors + np.arange(net.conductors)
    ignored = np.isnan(net.source_v_pu) | (held is not None)
    source_slots = np.where(ignored, -1, slot[source_nodes])
    return Topology(
        slot=slot,
        island=island,
        free_count=int(np.sum(living & ~is_held)),
        source_slots=source_slots,
        rows=slot_of_own[rows[keep]],
        columns=slot_of_own[columns[keep]],
        values=values[keep],
        leg_y_pu=leg_y,
    )


def _members(fused: Ints, live: Bools) -> Bools:
    """Melted nodes of which at least one is in service."""
    answer = np.zeros(len(fused), dtype=bool)
    answer[fused[live]] = True
    return answer


def _source_nodes(net: Network) -> Bools:
    held = np.zeros(net.node_count, dtype=bool)
    nodes = net.source_bus[:, None] * net.conductors + np.arange(net.conductors)
    chosen = nodes[~np.isnan(net.source_v_pu)]
    held[chosen] = np.repeat(net.bus_in_service, net.conductors)[chosen]
    return held


def _fuse(net: Network, closed: Bools) -> Ints:
    """Each node's representative after melting the buses that closed switches join."""
    pairs = net.switch_bus[closed & (net.switch_bus[:, 0] >= 0)]
    pairs = pairs[net.bus_in_service[pairs].all(axis=1)]
    bus = _components(len(net.v_nominal_kv), pairs[:, 0], pairs[:, 1])
    return (bus[:, None] * net.conductors + np.arange(net.conductors)).ravel()


def _components(count: int, one: Ints, other: Ints) -> Ints:
    """Smallest member of each node's connected component: labels travel along edges, then jump (pointer
    doubling)."""
    label = np.arange(count)
    while True:
        low = np.minimum(label[one], label[other])
        before = label.copy()
        np.minimum.at(label, label[one], low)
        np.minimum.at(label, label[other], low)
        while not np.array_equal(label, label[label]):
            label = label[label]
        if np.array_equal(label, before):
            return label


def _open_ends(net: Network, closed: Bools) -> Complexes:
    """Leg matrices with open ends eliminated."""
    legs, m = len(net.leg_bus), net.conductors
    is_open = np.zeros((legs, 2), dtype=bool)
    opening = net.switch_leg[~closed & (net.switch_leg[:, 0] >= 0)]
    is_open[opening[:, 0], opening[:, 1]] = True
    dead_bus = ~net.bus_in_service[net.leg_bus]
    is_open |= dead_bus
    is_open[net.leg_follows_bus & dead_bus.any(axis=1)] = True
    y = net.leg_y_pu.copy()
    y[is_open.all(axis=1)] = 0
    for end in (0, 1):
        for leg in np.flatnonzero(is_open[:, end] & ~is_open[:, 1 - end]):
            y[leg] = _seen_from(y[leg], m, 1 - end)
    return y


def _seen_from(y: Complexes, m: int, end: int) -> Complexes:
    here, there = (slice(0, m), slice(m, 2 * m)) if end == 0 else (slice(m, 2 * m), slice(0, m))
    answer = np.zeros_like(y)
    # A conductor without any admittance (not used by this leg) would make the block singular: pinv leaves it
    # out.
    answer[here, here] = y[here, here] - y[here, there] @ np.linalg.pinv(y[there, there], rcond=1e-14) @ y[there, here]
    return answer


def _coordinates(net: Network, fused: Ints, leg_y: Complexes) -> tuple[Ints, Ints, Complexes]:
    """Row, column and value of every admittance between melted nodes."""
    m = net.conductors
    ends = net.leg_bus[:, :, None] * m + np.arange(m)
    nodes = fused[ends.reshape(len(net.leg_bus), 2 * m)]
    bus_nodes = fused[np.arange(net.node_count).reshape(-1, m)]
    shunt = np.where(net.bus_in_service[:, None, None], net.shunt_y_pu, 0)
    rows = np.concatenate([_spread(nodes, 2), _spread(bus_nodes, 2)])
    columns = np.concatenate([_spread(nodes, 1), _spread(bus_nodes, 1)])
    values = np.concatenate([leg_y.ravel(), shunt.ravel()])
    keep = values != 0
    return rows[keep], columns[keep], values[keep]


def _spread(nodes: Ints, axis: int) -> Ints:
    """(K, k) nodes as rows (axis 2) or columns (axis 1) of K matrices k × k, flattened."""
    size = nodes.shape[1]
    return np.broadcast_to(np.expand_dims(nodes, axis), (len(nodes), size, size)).ravel()
