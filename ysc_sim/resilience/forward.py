"""An outage from every start where the algebra does not close: tiers that are shed, fuel that runs out, vehicles.

All starts of all designs walk on together, one step of the outage after the other. In each step

1. generation serves the tiers, 1 (critical) first;
2. of what is left, battery and vehicle serve a tier while the energy above their floors is more than its threshold;
3. a generator serves what is then left of the tiers that fuel is burnt for, at its minimum load at least; beyond what
   the stores would have given it spares them, beyond everything it charges them;
4. surplus charges the battery, then the vehicle.

A start whose critical demand is not fully served in a step is dark from that step on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from ysc_sim.resilience.steps import Batch, whole_steps
from ysc_sim.units import Bools, Floats

TIERS = 4
SERVED_EPS = 1e-9
"""A tier that lacks no more than this share of its demand is served."""


class TierSurvival(NamedTuple):
    """What came of an outage that starts with each step."""

    survived_h: Floats
    """(…, T) h until critical demand was not served."""
    unserved_kwh: Floats
    """(…, T, 4) by tier, to the end of the outage."""
    fuel_left_l: Floats
    """(…, T)"""


DEFAULTS: Mapping[str, float] = {
    "charge_efficiency": 1.0,
    "discharge_efficiency": 1.0,
    "floor_kwh": 0.0,
    "generator_kw": 0.0,
    "generator_min_kw": 0.0,
    "fuel_l": 0.0,
    "fuel_l_per_h": 0.0,
    "fuel_l_per_kwh": 0.0,
    "vehicle_kwh": 0.0,
    "vehicle_kw": 0.0,
    "vehicle_start_kwh": 0.0,
    "vehicle_floor_kwh": 0.0,
    "vehicle_present": 1.0,
    "vehicle_trip_kwh": 0.0,
}


def survival_by_tier(
    load_kw: ArrayLike,
    generation_kw: ArrayLike,
    *,
    tier_shares: ArrayLike,
    hours: float,
    step_h: float,
    energy_kwh: ArrayLike,
    power_kw: ArrayLike,
    start_kwh: ArrayLike,
    shed_below_soc: ArrayLike = (0.0, 0.1, 0.2, 0.3),
    fuel_tiers: int = TIERS,
    **plant: ArrayLike,
) -> TierSurvival:
    """Serve four tiers through an outage of ``hours`` that starts with each step; the horizon wraps round.

    Parameters
    ----------
    load_kw, generation_kw : (…, T) kW.
    tier_shares : (4,) shares of the load, tier 1 (critical) first, sum 1.
    energy_kwh, power_kw, start_kwh, floor_kwh, charge_efficiency, discharge_efficiency : battery, as in
        :func:`~ysc_sim.resilience.survival_hours`; the vehicle has the same efficiencies.
    shed_below_soc : (4,) share of the energy between floor and full below which stores do not serve a tier.
    fuel_tiers : fuel is burnt for tiers 1 to this one.
    generator_kw, generator_min_kw, fuel_l, fuel_l_per_h, fuel_l_per_kwh : generator with a tank; litres per hour
        while it runs, and per kWh.
    vehicle_kwh, vehicle_kw, vehicle_start_kwh, vehicle_floor_kwh : vehicle that feeds the house (V2H).
    vehicle_present : 1 in steps in which it is plugged in; vehicle_trip_kwh : driven when it comes back.

    All but the shares, ``hours``, ``step_h`` and ``fuel_tiers`` broadcast against (…, T).

    Returns
    -------
    :class:`TierSurvival`. Raises ``ValueError`` for a number that is out of its range.

    >>> found = survival_by_tier([4.0] * 6, 0.0, tier_shares=[0.5, 0, 0, 0.5], hours=6, step_h=1, energy_kwh=20,
    ...                          power_kw=5, start_kwh=20)
    >>> float(found.survived_h[0]), found.unserved_kwh[0].tolist()      # tier 4 is let go below 6 kWh
    (6.0, [0.0, 0.0, 0.0, 4.0])
    """
    shares, thresholds = _tiers("tier_shares", tier_shares), _tiers("shed_below_soc", shed_below_soc)
    given = {**DEFAULTS, "energy_kwh": energy_kwh, "power_kw": power_kw, "start_kwh": start_kwh, **plant}
    _check(given, shares, fuel_tiers)
    steps = whole_steps("hours", hours, step_h)
    batch = Batch(load_kw, generation_kw, **given)
    survived = np.empty((batch.rows, batch.steps))
    unserved = np.empty((batch.rows, batch.steps, TIERS))
    fuel = np.empty((batch.rows, batch.steps))
    for part, block in batch.blocks():
        walk = _Walk(block, shares, thresholds, fuel_tiers, step_h, batch.steps)
        for step in range(steps):
            walk.take(step)
        survived[part], fuel[part] = walk.served * step_h, walk.fuel
        unserved[part] = np.moveaxis(walk.unserved, 0, -1)
    return TierSurvival(survived.reshape(batch.shape), unserved.reshape(*batch.shape, TIERS), fuel.reshape(batch.shape))


def _check(given: Mapping[str, ArrayLike], shares: Floats, fuel_tiers: int) -> None:
    """Raises ``TypeError`` for an argument that there is not, ``ValueError`` for one that is out of its range."""
    unknown = sorted(set(given) - {*DEFAULTS, "energy_kwh", "power_kw", "start_kwh"})
    if unknown:
        raise TypeError(f"survival_by_tier() got unexpected arguments {unknown}")
    if abs(float(np.add.reduce(shares)) - 1.0) > 1e-9:
        raise ValueError(f"tier_shares(={shares.tolist()}) must sum to 1.")
    if fuel_tiers not in range(TIERS + 1):
        raise ValueError(f"fuel_tiers(={fuel_tiers}) must be 0, 1, 2, 3 or 4.")
    if (np.asarray(given["vehicle_start_kwh"]) > np.asarray(given["vehicle_kwh"])).any():
        raise ValueError(f"vehicle_start_kwh(={given['vehicle_start_kwh']!r}) must not exceed vehicle_kwh.")


def _tiers(name: str, values: ArrayLike) -> Floats:
    numbers = np.asarray(values, dtype=np.float64)
    if numbers.shape != (TIERS,) or not ((numbers >= 0) & (numbers <= 1)).all():
        raise ValueError(f"{name}(={values!r}) must be four numbers between 0 and 1.")
    return numbers


class _Walk:
    """Where all starts (rows, T) of a block stand."""

    def __init__(
        self,
        block: Mapping[str, Floats],
        shares: Floats,
        thresholds: Floats,
        fuel_tiers: int,
        step_h: float,
        count: int,
    ) -> None:
        shape = (len(block["load_kw"]), count)
        self.block, self.fuel_tiers, self.step_h, self.count = block, fuel_tiers, step_h, count
        self.thresholds = thresholds
        left = np.broadcast_to(block["generation_kw"], shape).copy()
        self.lacking = np.empty((TIERS, *shape))
        self.demand = np.empty((TIERS, *shape))
        for tier in range(TIERS):
            self.demand[tier] = block["load_kw"] * shares[tier]
            direct = np.minimum(left, self.demand[tier])
            self.lacking[tier] = self.demand[tier] - direct
            left -= direct
        self.surplus = left
        self.store = np.broadcast_to(block["start_kwh"], shape).copy()
        self.vehicle = np.broadcast_to(block["vehicle_start_kwh"], shape).copy()
        self.fuel = np.broadcast_to(block["fuel_l"], shape).copy()
        self.has_vehicle = bool((block["vehicle_kwh"] > 0).any())
        self.has_generator = bool((block["generator_kw"] > 0).any())
        self.alive: Bools = np.ones(shape, dtype=np.bool_)
        self.served = np.zeros(shape)
        self.unserved = np.zeros((TIERS, *shape))

    def _now(self, name: str, step: int) -> Floats:
        """An argument in the step that lies ``step`` after each start."""
        return self._ahead(self.block[name], step)

    def _ahead(self, values: Floats, step: int) -> Floats:
        at = step % self.count
        if values.shape[-1] == 1 or at == 0:
            return values
        return np.concatenate([values[..., at:], values[..., :at]], axis=-1)

    def take(self, step: int) -> None:
        """One step of the outage, for all starts."""
        lacking = self._ahead(self.lacking, step).copy()
        surplus = self._ahead(self.surplus, step)
        can_store, can_vehicle = self._stores_can_give(step)
        can = can_store + can_vehicle
        level = self._level(step)
        wanted = np.zeros_like(can)
        for tier in range(TIERS):
            given = np.minimum(can - wanted, lacking[tier]) * (level > self.thresholds[tier])
            lacking[tier] -= given
            wanted += given
        if self.has_generator:
            made = self._burn(lacking, step)
            left = made
            for tier in range(TIERS):
                given = np.minimum(left, lacking[tier])
                lacking[tier] -= given
                left = left - given
            spared = np.minimum(left, wanted)
            wanted = wanted - spared
            surplus = surplus + (left - spared)
        self._move(wanted, surplus, can_store, can, step)
        self._book(lacking, step)

    def _stores_can_give(self, step: int) -> tuple[Floats, Floats]:
        """Power (rows, T) kW that battery and vehicle can hold for the whole step."""
        per_kw = self._now("discharge_efficiency", step) / self.step_h
        inside = np.maximum(self.store - self._now("floor_kwh", step), 0.0)
        can_store = np.minimum(self._now("power_kw", step), inside * per_kw)
        if not self.has_vehicle:
            return can_store, np.zeros_like(can_store)
        self._drive(step)
        inside = np.maximum(self.vehicle - self._now("vehicle_floor_kwh", step), 0.0)
        power = self._now("vehicle_kw", step) * self._now("vehicle_present", step)
        return can_store, np.minimum(power, inside * per_kw)

    def _drive(self, step: int) -> None:
        """A vehicle that comes back has driven; it takes what there is."""
        if step == 0:
            return
        back = (self._now("vehicle_present", step) > 0) & (self._now("vehicle_present", step - 1) == 0)
        self.vehicle = np.maximum(self.vehicle - back * self._now("vehicle_trip_kwh", step), 0.0)

    def _level(self, step: int) -> Floats:
        """Share of the energy between floor and full that is inside what is plugged in."""
        floor = self._now("floor_kwh", step)
        energy = self.store - floor
        room = self._now("energy_kwh", step) - floor
        if self.has_vehicle:
            floor, here = self._now("vehicle_floor_kwh", step), self._now("vehicle_present", step)
            energy = energy + (self.vehicle - floor) * here
            room = room + (self._now("vehicle_kwh", step) - floor) * here
        return np.divide(energy, room, out=np.zeros_like(energy), where=room > 0)

    def _burn(self, lacking: Floats, step: int) -> Floats:
        """Power (rows, T) kW of the generator; the fuel for it is gone."""
        need = np.zeros_like(self.store)
        for tier in range(self.fuel_tiers):
            need += lacking[tier]
        idle, slope = self._now("fuel_l_per_h", step), self._now("fuel_l_per_kwh", step)
        spare = np.maximum(self.fuel / self.step_h - idle, 0.0)
        reach = np.divide(spare, slope, out=np.where(spare > 0, np.inf, 0.0), where=slope > 0)
        most = np.minimum(self._now("generator_kw", step), reach)
        runs = self.alive & (need > 0) & (most > 0) & (most >= self._now("generator_min_kw", step))
        made = np.clip(need, self._now("generator_min_kw", step), most) * runs
        self.fuel = np.maximum(self.fuel - (idle * runs + slope * made) * self.step_h, 0.0)
        return np.asarray(made)

    def _move(self, wanted: Floats, surplus: Floats, can_store: Floats, can: Floats, step: int) -> None:
        """Take ``wanted`` kW out of the stores, in proportion to what each can give; surplus goes into them."""
        from_store = np.divide(can_store, can, out=np.zeros_like(can), where=can > 0) * wanted
        out, into = self._now("discharge_efficiency", step), self._now("charge_efficiency", step)
        self.store = self.store - from_store * (self.step_h / out)
        room = (self._now("energy_kwh", step) - self.store) / (into * self.step_h)
        charged = np.maximum(np.minimum(np.minimum(surplus, self._now("power_kw", step)), room), 0.0)
        self.store = self.store + charged * (into * self.step_h)
        if self.has_vehicle:
            self.vehicle = self.vehicle - (wanted - from_store) * (self.step_h / out)
            power = self._now("vehicle_kw", step) * self._now("vehicle_present", step)
            room = (self._now("vehicle_kwh", step) - self.vehicle) / (into * self.step_h)
            charged = np.maximum(np.minimum(np.minimum(surplus - charged, power), room), 0.0)
            self.vehicle = self.vehicle + charged * (into * self.step_h)

    def _book(self, lacking: Floats, step: int) -> None:
        """Count the step; who lacks critical demand goes dark, and lacks everything from now on."""
        demand = self._ahead(self.demand, step)
        self.alive &= lacking[0] <= SERVED_EPS * demand[0]
        self.served += self.alive
        gone: Any = np.where(self.alive, lacking, demand)
        self.unserved += gone * self.step_h
