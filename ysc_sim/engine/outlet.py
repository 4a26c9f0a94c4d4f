"""Stand-alone outlets of plain solar inverters (自立運転コンセント): a little power for oneself while the sun shines.

Where a cell is dark, an inverter with an outlet gives up to its ``outlet_kw`` to critical demand (tier 1) of its own
building: somebody plugs it in. It forms no island, serves no neighbour and stores nothing.
"""

from __future__ import annotations

from typing import TypeGuard

import numpy as np

from ysc_sim.community.arrays import Community, State
from ysc_sim.contracts import Device, Outlets
from ysc_sim.engine.cold_load import tier_parts
from ysc_sim.engine.frame import Frame
from ysc_sim.engine.modes import lives, tied
from ysc_sim.units import Floats


def feeds_outlets(fleet: Device) -> TypeGuard[Outlets]:
    """Whether a fleet is :class:`Outlets`: asked at every step in the dark, where the protocol's own test is slow."""
    return hasattr(fleet, "outlet_kw")


def serve_from_outlets(community: Community, state: State, frame: Frame) -> None:
    """Set the powers of outlets, and of the critical demand that they carry, in dark cells."""
    sources = [i for i, fleet in enumerate(community.fleets) if feeds_outlets(fleet) and fleet.outlet_kw.any()]
    if not sources:
        return
    dark = ~lives(state.mode) & ~tied(state.mode)
    if not dark.any():
        return
    shape = state.net_kw.shape
    gives, critical = {}, {}
    supply, demand = np.zeros(shape), np.zeros(shape)
    for i, (fleet, to_building) in enumerate(zip(community.fleets, community.by_building, strict=True)):
        inside = community.by_cell[i].spread(dark.astype(np.float64))
        if i in sources:
            assert feeds_outlets(fleet)
            gives[i] = np.minimum(frame.bands[i].want_kw, fleet.outlet_kw) * inside
            supply += to_building.sum(gives[i])
        elif fleet.tier_shares is not None and not fleet.flexible:
            # At a plug nobody's heating picks up: what the profile says.
            critical[i] = -frame.bands[i].want_kw * tier_parts(community, state, i)[1][..., 0] * inside
            demand += to_building.sum(critical[i])
    served = np.minimum(supply, demand)
    for part, whole, sign in ((gives, supply, 1.0), (critical, demand, -1.0)):
        share = np.divide(served, whole, out=np.zeros(shape), where=whole > 0)
        for i, power in part.items():
            state.p_kw[i] = state.p_kw[i] + sign * power * community.by_building[i].spread(share)


def from_outlets_kw(community: Community, state: State) -> Floats:
    """What outlets give in dark cells now, (R, n) kW."""
    total = np.zeros(state.net_kw.shape)
    dark = (~lives(state.mode) & ~tied(state.mode)).astype(np.float64)
    for i, fleet in enumerate(community.fleets):
        if feeds_outlets(fleet) and fleet.outlet_kw.any():
            total += community.by_building[i].sum(state.p_kw[i] * community.by_cell[i].spread(dark))
    return total
