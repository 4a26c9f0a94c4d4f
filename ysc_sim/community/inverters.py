"""Which relays each grid-following inverter has."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ysc_sim.contracts import Device, startable
from ysc_sim.scenario.schema import Scenario
from ysc_sim.units import Ints

CLASSES = ("pv", "wind", "battery", "ev")
NO_RELAYS = -1


def curves_of(scenario: Scenario, fleets: Iterable[Device]) -> tuple[Ints, ...]:
    """Of each fleet: place of each device's rules in ``island.inverters``, (m,); −1 where it has none."""
    copies = {building.id: building.member_ids for building in scenario.buildings}
    named: dict[str, int] = {}
    rest = NO_RELAYS
    for k, rules in enumerate(scenario.island.inverters):
        if not rules.devices:
            rest = k
        for name in rules.devices:
            building, _, device = name.rpartition("/")
            named |= {f"{member}/{device}": k for member in copies.get(building, (building,))}
    found = []
    for fleet in fleets:
        follows = ~fleet.forming & (fleet.energy_class in CLASSES and not startable(fleet))
        own = np.array([named.get(name, rest) for name in fleet.placed.ids], dtype=np.int64)
        found.append(np.where(follows, own, NO_RELAYS))
    return tuple(found)
