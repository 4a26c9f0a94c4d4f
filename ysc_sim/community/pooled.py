"""Each cell as one pool: what its buildings will want and generate, and their stationary stores as one.

For the algebra of survival and for reserves, which ask what a cell could do on its own: wires without loss, all
batteries as one with the sum of their energies and powers. Vehicles (they may be away) and generators with a tank (fuel
does not come back) are left out, which keeps the answer on the safe side.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ysc_sim.community.arrays import Community
from ysc_sim.contracts import Device, Moment
from ysc_sim.units import Floats

TIERS = 4


class Pool(NamedTuple):
    """What cells want and generate in every step. ``R0``: rows of the ensemble, 1 where all are equal."""

    tier_load_kw: Floats
    """(R0, c, 4, T) ≥ 0"""
    generation_kw: Floats
    """(R0, c, T) ≥ 0"""


class PooledStore(NamedTuple):
    """The stationary stores of each cell, or of each building, as one, (c,) or (n,) each; by row (S, c) or (S, n)."""

    energy_kwh: Floats
    """What fits in, from empty to the ceiling."""
    floor_kwh: Floats
    start_kwh: Floats
    charge_kw: Floats
    discharge_kw: Floats
    charge_efficiency: Floats
    discharge_efficiency: Floats
    """Means over the stores at rated power, weighted by it."""

    @property
    def power_kw(self) -> Floats:
        """The smaller of what all can take and what all can give."""
        return np.minimum(self.charge_kw, self.discharge_kw)


def pool_of(community: Community) -> Pool:
    """Walk through all steps and add up what is not flexible: this is the future, known."""
    axis, cells = community.site.axis, len(community.cells)
    load = np.zeros((community.rows, cells, TIERS, axis.count))
    generation = np.zeros((community.rows, cells, axis.count))
    for fleet, to_cell in zip(community.fleets, community.by_cell, strict=True):
        if fleet.flexible:
            continue
        state = fleet.start()
        for step in range(axis.count):
            want = fleet.bands(state, Moment(float(step * axis.step_s), step)).want_kw
            if fleet.tier_shares is None:
                generation[:, :, step] += to_cell.sum(want)
                continue
            for tier in range(TIERS):
                load[:, :, tier, step] -= to_cell.sum(np.ascontiguousarray(want * fleet.tier_shares[:, tier]))
    if community.rows > 1 and (load == load[:1]).all() and (generation == generation[:1]).all():
        return Pool(load[:1], generation[:1])
    return Pool(load, generation)


def pooled_store(community: Community, *, by_building: bool = False, by_row: bool = False) -> PooledStore:
    """Sums over the batteries of each cell, or of each building; of the first row, or of every row."""
    rows = community.rows if by_row else 1
    count = (rows, len(community.buildings) if by_building else len(community.cells))
    energy, floor, start, charge, discharge, kept, taken = (np.zeros(count) for _ in range(7))
    places = community.by_building if by_building else community.by_cell
    for fleet, place in zip(community.fleets, places, strict=True):
        if fleet.energy_class != "battery":
            continue
        state = {name: array[:rows] for name, array in fleet.start().items()}
        store, (into, out) = fleet.store(state), rated_kw(fleet, rows)
        for total, values in (
            (energy, store.capacity_kwh),
            (floor, store.floor_kwh),
            (start, store.stored_kwh),
            (charge, into),
            (discharge, out),
            (kept, -fleet.drain_kw(state, -into)),
            (taken, fleet.drain_kw(state, out)),
        ):
            total += place.sum(np.array(np.broadcast_to(values, into.shape)))
    pooled = PooledStore(
        energy_kwh=energy,
        floor_kwh=floor,
        start_kwh=start,
        charge_kw=charge,
        discharge_kw=discharge,
        charge_efficiency=np.divide(kept, charge, out=np.ones(count), where=charge > 0),
        discharge_efficiency=np.divide(discharge, taken, out=np.ones(count), where=taken > 0),
    )
    return pooled if by_row else PooledStore(*(values[0] for values in pooled))


def rated_kw(fleet: Device, rows: int = 1) -> tuple[Floats, Floats]:
    """Rated power of each battery into it and out of it in the first ``rows``, (rows, m) kW; from its bands where the
    fleet does not say.
    """
    state = {name: array[:rows] for name, array in fleet.start().items()}
    store, bands = fleet.store(state), fleet.bands(state, Moment(0.0, 0))
    shape = store.stored_kwh.shape
    into = np.maximum(-bands.lo_kw, 0.0) if store.charge_kw is None else store.charge_kw
    out = np.maximum(bands.hi_kw, 0.0) if store.discharge_kw is None else store.discharge_kw
    return np.array(np.broadcast_to(into, shape)), np.array(np.broadcast_to(out, shape))
