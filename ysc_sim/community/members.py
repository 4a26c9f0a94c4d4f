"""Buildings after replication: one member per meter, with its diversity drawn for every row."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from ysc_sim.contracts import Rows
from ysc_sim.scenario.schema import Building, Diversity
from ysc_sim.units import Floats, Ints


@dataclass(frozen=True)
class Member:
    """One building after replication, with its diversity drawn for every row."""

    id: str
    spec: Building
    shift_s: Ints
    """(S,)"""
    scale: Floats
    """(S,)"""


def replicate(buildings: Iterable[Building], rows: Rows) -> list[Member]:
    """``count: 8`` of ``house`` gives ``house_1`` … ``house_8``, each with its own time shift and size in every row."""
    members = []
    for spec in buildings:
        diversity = spec.diversity or (Diversity() if spec.count > 1 else None)
        for name in spec.member_ids:
            shift, scale = np.zeros(rows.count, dtype=np.int64), np.ones(rows.count)
            if diversity is not None:
                for row in range(rows.count):
                    normal = np.clip(rows.generator(row, name, "diversity").standard_normal(2), -2.5, 2.5)
                    shift[row] = round(normal[0] * diversity.shift_minutes * 60.0)
                    # Lognormal with mean 1: sizes spread, and on average nothing is added.
                    sd = np.sqrt(np.log1p(diversity.size_spread**2))
                    scale[row] = np.exp(normal[1] * sd - sd * sd / 2.0)
            members.append(Member(name, spec, shift, scale))
    return members
