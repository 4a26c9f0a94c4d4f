"""A network as plain arrays: what is where, and how it is joined. No solving happens here.

Words. A *bus* has ``conductors`` nodes: one in the balanced model (``phases=1``), three for unbalanced phases
(``phases=3``), more with a neutral. Node number = bus number × conductors + conductor. A *leg* joins two
buses and is given by its admittance matrix; a line or a two-winding transformer is one leg, a three-winding
transformer three legs that meet in an inner bus. A *port* is a pair of nodes (or a node and earth) at which
power is injected. A *source* holds the voltage of one bus. A *switch* joins two buses without impedance, or
opens one end of a leg.

Per unit. One power base ``base_kva`` for the whole network. Balanced: it is three-phase power, and voltages
are on the line-to-line ``v_nominal_kv`` of their bus. Otherwise it is the power of one phase, and voltages
are on the line-to-neutral nominal voltage, so that a healthy phase reads 1 in both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from ysc_sim.powerflow.controls import Control
from ysc_sim.units import Bools, Floats, Ints

Complexes = npt.NDArray[np.complex128]
EARTH = -1
"""Node number of earth in a port."""


def _no_pairs() -> Ints:
    return np.zeros((0, 2), dtype=np.int64)


def _no_ints() -> Ints:
    return np.zeros(0, dtype=np.int64)


def _no_bools() -> Bools:
    return np.zeros(0, dtype=bool)


def _no_floats() -> Floats:
    return np.zeros(0)


def _no_matrices() -> Complexes:
    return np.zeros((0, 1, 1), dtype=np.complex128)


@dataclass(frozen=True, kw_only=True, eq=False)
class Network:
    """Buses, legs, shunts, ports, sources and switches as arrays (n buses, m conductors each, L legs).

    Raises ``ValueError`` where shapes or numbers do not fit together. Arrays are made read-only.

    >>> import numpy as np
    >>> y = series_admittance(np.array([0.1 + 0.05j]), v_kv=0.4, base_kva=1000.0)
    >>> net = Network(v_nominal_kv=np.array([0.4, 0.4]), leg_bus=np.array([[0, 1]]), leg_y_pu=y,
    ...               source_bus=np.array([0]), source_v_pu=np.array([[1.0 + 0j]]))
    >>> net.port_names
    ('0', '1')
    """

    v_nominal_kv: Floats
    """(n,) kV, line to line. Inner buses (star points) come last."""
    bus_count: int = -1
    """How many of the n buses are reported; -1: all."""
    bus_names: tuple[str, ...] = ()
    phases: int = 1
    """1: balanced; 3: unbalanced. Other systems (single-phase three-wire, four wires): any value, see
    ``conductors``."""
    conductors: int = 1
    base_kva: float = 1000.0
    frequency_hz: float = 50.0
    bus_in_service: Bools = field(default_factory=_no_bools)
    """(n,); empty: all."""
    leg_bus: Ints = field(default_factory=_no_pairs)
    """(L, 2) bus at either end."""
    leg_y_pu: Complexes = field(default_factory=_no_matrices)
    """(L, 2m, 2m): currents into the leg = matrix · voltages of its two ends."""
    leg_branch: Ints = field(default_factory=_no_ints)
    """(L,) row of the branch in the results; -1: not reported. Empty: leg k is branch k."""
    leg_follows_bus: Bools = field(default_factory=_no_bools)
    """(L,) True: out of service with either bus (transformers). False: stays on the living end, open at the
    other."""
    leg_current_ka_per_pu: Floats = field(default_factory=_no_floats)
    """(L, 2) kA per p.u. of current at either end; 0: that end does not count in the reported current."""
    leg_loading_percent_per_pu: Floats = field(default_factory=_no_floats)
    branch_count: int = -1
    branch_names: tuple[str, ...] = ()
    shunt_y_pu: Complexes = field(default_factory=_no_matrices)
    """(n, m, m) admittance to earth of each bus; empty: none."""
    node_is_phase: Bools = field(default_factory=_no_bools)
    """(n·m,) False: a neutral, which lowest and highest voltages leave out. Empty: all are phases."""
    ports: Ints = field(default_factory=_no_pairs)
    """(P, 2) nodes of each port; the second may be :data:`EARTH`. Empty: every node of every reported bus to
    earth."""
    port_names: tuple[str, ...] = ()
    port_v_pu: Floats = field(default_factory=_no_floats)
    """(P,) voltage at which ``p_kw`` is nominal for voltage-dependent shares; empty: 1."""
    share_current_p: Floats = field(default_factory=_no_floats)
    """(P,) share of the active power that is proportional to the voltage (ZIP model); likewise the next
    three."""
    share_impedance_p: Floats = field(default_factory=_no_floats)
    share_current_q: Floats = field(default_factory=_no_floats)
    share_impedance_q: Floats = field(default_factory=_no_floats)
    source_bus: Ints = field(default_factory=_no_ints)
    source_terminal: Ints = field(default_factory=_no_ints)
    """(sources,) bus at which the power of a source is counted; empty: its own bus. Another one where the
    source stands at an inner bus behind an impedance that is not part of the network."""
    source_v_pu: Complexes = field(default_factory=_no_matrices)
    """(sources, m) voltage held at each conductor; NaN: this conductor is free."""
    switch_bus: Ints = field(default_factory=_no_pairs)
    """(switches, 2) buses joined while closed; -1, -1 for a switch at the end of a leg."""
    switch_leg: Ints = field(default_factory=_no_pairs)
    """(switches, 2) leg and end (0 or 1) opened while open; -1, -1 for a bus-bus switch."""
    switch_closed: Bools = field(default_factory=_no_bools)
    """(switches,) state used when a solve is given none."""
    controls: Mapping[int, Control] = field(default_factory=dict)
    """Controls in force by port number, when a solve names none for that port."""
    cache: dict[bytes, Any] = field(default_factory=dict, repr=False)
    """Compiled switch patterns. Holds nothing that depends on injections."""

    def __post_init__(self) -> None:
        """Fill what was left out, then check."""
        put = object.__setattr__
        n, m, legs = len(self.v_nominal_kv), self.conductors, len(self.leg_bus)
        put(self, "bus_count", n if self.bus_count < 0 else self.bus_count)
        put(self, "branch_count", legs if self.branch_count < 0 else self.branch_count)
        if not len(self.ports):
            nodes = np.arange(self.bus_count * m)
            put(self, "ports", np.stack([nodes, np.full_like(nodes, EARTH)], axis=1))
        _fill(self, "bus_in_service", np.ones(n, dtype=bool))
        _fill(self, "leg_y_pu", np.zeros((legs, 2 * m, 2 * m), dtype=np.complex128))
        _fill(self, "source_v_pu", np.zeros((len(self.source_bus), m), dtype=np.complex128))
        _fill(self, "source_terminal", self.source_bus)
        _fill(self, "leg_branch", np.arange(legs))
        _fill(self, "leg_follows_bus", np.zeros(legs, dtype=bool))
        for name in ("leg_current_ka_per_pu", "leg_loading_percent_per_pu"):
            _fill(self, name, np.zeros((legs, 2)))
        _fill(self, "shunt_y_pu", np.zeros((n, m, m), dtype=np.complex128))
        _fill(self, "node_is_phase", np.ones(n * m, dtype=bool))
        _fill(self, "port_v_pu", np.ones(len(self.ports)))
        for name in SHARES:
            _fill(self, name, np.zeros(len(self.ports)))
        if not self.bus_names:
            put(self, "bus_names", tuple(str(bus) for bus in range(self.bus_count)))
        if not self.branch_names:
            put(self, "branch_names", tuple(str(branch) for branch in range(self.branch_count)))
        if not self.port_names:
            put(self, "port_names", tuple(self._port_name(*pair) for pair in self.ports.tolist()))
        _check(self)
        for item in fields(self):
            value = getattr(self, item.name)
            if isinstance(value, np.ndarray):
                value = value.copy()
                value.flags.writeable = False
                put(self, item.name, value)

    @cached_property
    def ports_are_nodes(self) -> bool:
        """True when port k is node k to earth, for all nodes of the reported buses."""
        count = self.bus_count * self.conductors
        own = np.all(self.ports[:, 0] == np.arange(len(self.ports))) and np.all(self.ports[:, 1] < 0)
        return len(self.ports) == count and bool(own)

    @property
    def node_count(self) -> int:
        """Nodes, those of inner buses included."""
        return len(self.v_nominal_kv) * self.conductors

    def across_ports(self, v_pu: Complexes) -> Complexes:
        """(T, ports) voltage across each port from ``Solution.v_pu`` (T, n_bus[, m]), in p.u. of its bus."""
        nodes = v_pu.reshape(len(v_pu), -1)
        other = np.where(self.ports[:, 1] == EARTH, 0, nodes[:, self.ports[:, 1]])
        return np.asarray(nodes[:, self.ports[:, 0]] - other)

    @property
    def has_shares(self) -> bool:
        """True where any injection depends on the voltage."""
        return any(bool(np.any(getattr(self, name))) for name in SHARES)

    def _port_name(self, node: int, other: int) -> str:
        label = self._node_name(node)
        return label if other == EARTH else f"{label}-{self._node_name(other)}"

    def _node_name(self, node: int) -> str:
        bus, conductor = divmod(node, self.conductors)
        return self.bus_names[bus] if self.conductors == 1 else f"{self.bus_names[bus]}.{'abcn'[conductor]}"


SHARES = ("share_current_p", "share_impedance_p", "share_current_q", "share_impedance_q")


def series_admittance(
    z_ohm: Complexes, *, v_kv: Floats | float, base_kva: float, shunt_s: Complexes | float = 0.0
) -> Complexes:
    """Admittance matrices (L, 2, 2) p.u. of π sections with series impedance ``z_ohm`` and total shunt
    ``shunt_s``.

    >>> series_admittance(np.array([0.16 + 0j]), v_kv=0.4, base_kva=1000.0)[0].real
    array([[ 1., -1.],
           [-1.,  1.]])
    """
    z_base = np.square(np.asarray(v_kv, dtype=float)) * 1000.0 / base_kva
    y = z_base / np.asarray(z_ohm, dtype=np.complex128)
    own = y + np.asarray(shunt_s) * z_base / 2
    return np.stack([np.stack([own, -y], axis=-1), np.stack([-y, own], axis=-1)], axis=-2)


def _fill(net: Network, name: str, default: npt.NDArray[Any]) -> None:
    if not getattr(net, name).size:
        object.__setattr__(net, name, default)


def _check(net: Network) -> None:
    n, m, legs, ports = len(net.v_nominal_kv), net.conductors, len(net.leg_bus), len(net.ports)
    shapes = {
        "bus_in_service": (n,),
        "leg_bus": (legs, 2),
        "leg_y_pu": (legs, 2 * m, 2 * m),
        "leg_branch": (legs,),
        "leg_follows_bus": (legs,),
        "leg_current_ka_per_pu": (legs, 2),
        "leg_loading_percent_per_pu": (legs, 2),
        "shunt_y_pu": (n, m, m),
        "ports": (ports, 2),
        "node_is_phase": (n * m,),
        "port_v_pu": (ports,),
        **dict.fromkeys(SHARES, (ports,)),
        "source_terminal": (len(net.source_bus),),
        "source_v_pu": (len(net.source_bus), m),
        "switch_bus": (len(net.switch_closed), 2),
        "switch_leg": (len(net.switch_closed), 2),
    }
    for name, shape in shapes.items():
        if getattr(net, name).shape != shape:
            raise ValueError(f"{name} has shape {getattr(net, name).shape}; it must be {shape}.")
    if not (net.base_kva > 0 and net.frequency_hz > 0):
        raise ValueError(f"base_kva(={net.base_kva}) and frequency_hz(={net.frequency_hz}) must be > 0.")
    if not np.all(net.v_nominal_kv > 0):
        raise ValueError(f"v_nominal_kv(={net.v_nominal_kv.min()}) must be > 0.")
    for name in ("leg_y_pu", "shunt_y_pu", *SHARES):
        if not np.all(np.isfinite(getattr(net, name))):
            raise ValueError(f"{name} holds a value that is not finite.")
    ranges = {
        "leg_bus": (0, n),
        "source_bus": (0, n),
        "source_terminal": (0, n),
        "ports": (-1, n * m),
        "leg_branch": (-1, net.branch_count),
        "switch_bus": (-1, n),
        "switch_leg": (-1, max(legs, 2)),
    }
    for name, (low, high) in ranges.items():
        values = getattr(net, name)
        if values.size and not (values.min() >= low and values.max() < high):
            raise ValueError(f"{name} must lie in [{low}, {high}); it holds {values.min()} … {values.max()}.")
