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
    """The stationary stores of each cell as one, (c,) each."""

    energy_kwh: Floats
    """What fits in, from empty to the ceiling."""
    floor_kwh: Floats
    start_kwh: Floats
    power_kw: Floats
    """The smaller of what all can take and what all can give."""
    charge_efficiency: Floats
    discharge_efficiency: Floats
    """Means over the stores, weighted by their powers, at rated power."""


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


def pooled_store(community: Community) -> PooledStore:
    """Sums over the batteries of each cell."""
    cells = len(community.cells)
    energy, floor, start, charge, discharge, kept, given = (np.zeros(cells) for _ in range(7))
    for fleet, to_cell in zip(community.fleets, community.by_cell, strict=True):
        if fleet.energy_class != "battery":
            continue
        store, power = fleet.store(fleet.start()), rated_kw(fleet)
        shape = store.stored_kwh[:1].shape
        for total, values in ((energy, store.capacity_kwh), (floor, store.floor_kwh), (start, store.stored_kwh)):
            total += to_cell.sum(np.array(np.broadcast_to(values, store.stored_kwh.shape)[:1]))[0]
        state = {name: array[:1] for name, array in fleet.start().items()}
        charge += to_cell.sum(power.reshape(shape))[0]
        discharge += to_cell.sum(power.reshape(shape))[0]
        kept += to_cell.sum(-fleet.drain_kw(state, -power.reshape(shape)))[0]
        given += to_cell.sum(fleet.drain_kw(state, power.reshape(shape)))[0]
    return PooledStore(
        energy_kwh=energy,
        floor_kwh=floor,
        start_kwh=start,
        power_kw=np.minimum(charge, discharge),
        charge_efficiency=np.divide(kept, charge, out=np.ones(cells), where=charge > 0),
        discharge_efficiency=np.divide(discharge, given, out=np.ones(cells), where=given > 0),
    )


def rated_kw(fleet: Device) -> Floats:
    """Rated power of each battery, (m,) kW, as its specification says."""
    return np.array([spec.power_kw for spec in fleet.placed.specs], dtype=np.float64)
