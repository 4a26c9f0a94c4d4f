"""The wires of a community as arrays: what a power flow needs to know, and where the buildings are in it.

A network falls into sections that are solved by themselves: behind a stiff high voltage the street of one
transformer knows nothing of the next one. A file is one section.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ysc_sim.powerflow import Network
from ysc_sim.units import Floats, Ints


@dataclass(frozen=True)
class Section:
    """One network, its buildings, and the voltages that are watched in it. ``k`` buildings, ``P`` ports."""

    net: Network
    buildings: Ints
    """Indices of its buildings in the community, (k,)."""
    load_to_port: Floats
    """Share of each building's demand at each port, (k, P); rows sum to 1."""
    other_to_port: Floats
    """The same of everything else: generators and stores."""
    fixed_p_kw: Floats
    fixed_q_kvar: Floats
    """Constant power of what is no building, (P,), > 0 injects."""
    generation_port: Ints
    """Port at which the inverters of each building feed in, (k,)."""
    watched: Ints
    """Pairs of nodes whose voltage is watched, (w, 2); the second may be ``EARTH``."""
    watched_nominal: Floats
    """Voltage that counts as 1, in units of the network's own, (w,)."""
    low_pu: Floats
    high_pu: Floats
    """Limits on the same base, (w,); infinite where there are none."""
    watched_building: Ints
    """Position in ``buildings`` whose connection it is, (w,); −1: none."""
    line_count: int
    """Branches before this one are lines, the others transformers."""


@dataclass(frozen=True)
class Wires:
    """All sections, and how much reactive power comes with active power."""

    kind: str
    sections: tuple[Section, ...]
    """Smallest parts, for many rows at once."""
    in_run: tuple[Section, ...]
    """The same in fewer parts, for the solves inside a run; none where there are none."""
    load_tan_phi: float
    """Reactive over active power of demand, > 0 lagging."""
    generation_tan_phi: Floats
    """Reactive power that generators take in, over the active power that they give, (n,)."""
    solar_rated_kw: Floats
    """(n,)"""
    control: bool
    """Whether the network is solved inside the run."""
    volt_watt_pu: tuple[float, float]
    """Voltage up to which solar inverters give all they can, and from which on nothing."""
    notes: tuple[dict[str, object], ...] = ()


@dataclass(frozen=True)
class Connection:
    """One building as the planner of a street sees it."""

    index: int
    name: str
    demand_kw: float
    generation_kw: float
    service_m: float

    @property
    def planned_kw(self) -> float:
        """The larger of what flows in and what flows out."""
        return max(self.demand_kw, self.generation_kw)


def planned_kw(connections: Sequence[Connection]) -> float:
    """What a part that serves several buildings is planned for.

    >>> planned_kw([Connection(0, "a", 3.0, 5.0, 15.0), Connection(1, "b", 4.0, 0.0, 15.0)])
    7.0
    """
    demand = sum(connection.demand_kw for connection in connections)
    return max(demand, sum(connection.generation_kw for connection in connections))
