"""What the wires of a run did, as arrays: ``T`` recorded intervals, ``S`` rows, ``n`` buildings.

A voltage is NaN while the network is dead or where no solution was found and verified; a loss is then 0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ysc_sim.results.network_day import NetworkDay
from ysc_sim.units import Bools, Floats

MOST_BRANCHES = 30
"""Lines and transformers that the manifest names, the most loaded ones."""


@dataclass(frozen=True)
class BranchPeak:
    """How hard one line or transformer was used, over all rows and intervals."""

    name: str
    kind: str
    """line or transformer."""
    max_loading_percent: float
    over_100_h: float
    """Hours above its rating, mean of the rows."""


@dataclass(frozen=True)
class PowerFlow:
    """Voltages are in p.u. of nominal: 101 V and 202 V where the network is a street, a file's own otherwise."""

    kind: str
    """street or pandapower."""
    p_kw: Floats
    q_kvar: Floats
    """Mean power that each building injects, (T, S, n)."""
    min_voltage_pu: Floats
    max_voltage_pu: Floats
    """Lowest and highest voltage at the connection of each building, (T, S, n)."""
    violated: Bools
    """Whether a voltage at the connection lies outside its limits, (T, S, n)."""
    network_min_voltage_pu: Floats
    network_max_voltage_pu: Floats
    """Of all energised buses, (T, S)."""
    connection_p_kw: Floats
    connection_q_kvar: Floats
    """Power that the high voltage, or the sources of a file, feed in, (T, S)."""
    loss_kw: Floats
    """(T, S)"""
    line_loading_percent: Floats
    transformer_loading_percent: Floats
    """Of the most loaded one, (T, S); NaN without any."""
    energised_share: Floats
    """Part of each interval in which something held the voltage, (T, S)."""
    solved: Bools
    """Whether all of the network is solved and verified, or dead, (T, S)."""
    limits_pu: tuple[float, float]
    """Narrowest limits that any building has."""
    mismatch_kva: float = 0.0
    """Largest power that is left over at any connection of any solved interval: how exact the voltages are."""
    in_balance: bool = False
    """Whether losses are part of the energy balance (``power_flow: control``) or shown beside it."""
    branches: Sequence[BranchPeak] = ()
    day: NetworkDay | None = None
    """Every bus and branch on the hardest day; None where nothing was solved."""
    unsolved: Mapping[str, int] = field(default_factory=dict)
    """Reason → solves that it ended, of all sections."""

    def summary(self) -> dict[str, Any]:
        """What the manifest tells of the network."""
        worst = sorted(self.branches, key=lambda branch: (-branch.max_loading_percent, branch.name))
        return {
            "kind": self.kind,
            "in_balance": self.in_balance,
            "limits_pu": list(self.limits_pu),
            "mismatch_kva": self.mismatch_kva,
            "branch_count": len(self.branches),
            "branches": [vars(branch) for branch in worst[:MOST_BRANCHES]],
            "map_left_out": 0 if self.day is None else self.day.left_out,
            "unsolved": dict(self.unsolved),
        }
