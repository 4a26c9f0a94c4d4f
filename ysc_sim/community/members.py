"""Buildings after replication: one member per meter, with its diversity drawn for every row."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from ysc_sim.contracts import Rows
from ysc_sim.scenario.schema import Building, Diversity
from ysc_sim.timeseries.profiles import DWELLINGS
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


USUAL = {True: (90.0, 0.3), False: (30.0, 0.15)}
"""Of dwellings and of other buildings: shift in minutes and spread of size where the scenario does not say."""


def spread_of(spec: Building) -> tuple[float, float] | None:
    """Standard deviation of shift (minutes) and size of a building's copies; None where nothing is drawn."""
    diversity = spec.diversity or (Diversity() if spec.count > 1 else None)
    if diversity is None:
        return None
    lives = any(getattr(device.spec, "profile", "") in DWELLINGS for device in spec.devices)
    shift, size = USUAL[lives]
    return (
        shift if diversity.shift_minutes is None else diversity.shift_minutes,
        size if diversity.size_spread is None else diversity.size_spread,
    )


def replicate(buildings: Iterable[Building], rows: Rows) -> list[Member]:
    """``count: 8`` of ``house`` gives ``house_1`` … ``house_8``, each with its own time shift and size in every row."""
    members = []
    for spec in buildings:
        spread = spread_of(spec)
        for name in spec.member_ids:
            shift, scale = np.zeros(rows.count, dtype=np.int64), np.ones(rows.count)
            if spread is not None:
                for row in range(rows.count):
                    normal = np.clip(rows.generator(row, name, "diversity").standard_normal(2), -2.5, 2.5)
                    shift[row] = round(normal[0] * spread[0] * 60.0)
                    # Lognormal with mean 1: sizes spread, and on average nothing is added.
                    sd = np.sqrt(np.log1p(spread[1] ** 2))
                    scale[row] = np.exp(normal[1] * sd - sd * sd / 2.0)
            members.append(Member(name, spec, shift, scale))
    return members
