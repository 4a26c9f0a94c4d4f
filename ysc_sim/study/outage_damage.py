"""What outages cost: yen per event, and yen per kWh not served by tier, dear in the first hour, cheaper after.

Every start of a horizon is asked how long the stores would last with what they held then; what is not served after
that has a price. C(d) = a + b·d is the form of outage-cost surveys.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ysc_sim.community.arrays import Community
from ysc_sim.community.pooled import TIERS, Pool, PooledStore
from ysc_sim.resilience import survival_hours
from ysc_sim.units import Floats, hours

LATER_SHARE = 9.0 / 38.0
"""An hour after the first to the first, small and medium business (EPRI, by kW: 38 and 9 USD)."""


@dataclass(frozen=True)
class Damage:
    """What an outage of ``outage_h`` costs those who live through it."""

    outage_h: float = 24.0
    per_event_jpy: float = 0.0
    first_hour_jpy_per_kwh: tuple[float, float, float, float] = (5200.0, 2900.0, 560.0, 501.0)
    """Of demand not served in the first hour after service ends, by tier. Assumed from published values: low-voltage
    business and homes, 1 h (CRIEPI Y06005); homes, 2 h in summer, sudden and announced (Energies 2025 18:2060)."""
    later_share: float = LATER_SHARE
    """Price of a kWh in later hours to that of the first."""
    events_per_year: float = 0.11
    """Tokyo, mean of fiscal years 2013 to 2017: SAIFI 0.11, SAIDI 8 min, so most outages are far shorter than a day."""


class Outages:
    """All outages of a horizon, asked with different contents of the stores.

    ``store`` holds (c,), or (S, c) where rows differ in size; ``longest_h``: no longer survival is looked for.
    """

    def __init__(
        self,
        community: Community,
        pool: Pool,
        store: PooledStore,
        tiers: int,
        damage: Damage,
        warm: int,
        longest_h: float | None = None,
    ) -> None:
        self.community, self.damage, self._tiers, self._warm = community, damage, tiers, warm
        self._step_h = hours(community.site.axis.step_s)
        horizon = hours(community.site.axis.duration_s) if longest_h is None else longest_h
        self.longest_h = max(horizon, damage.outage_h)
        self._pool = pool
        load, kept = (np.add.reduce(pool.tier_load_kw[:, :, :count], axis=2) for count in (TIERS, tiers))
        self._sun = pool.generation_kw
        # Sun serves the other tiers, too, before it charges anything, as an island does.
        self._load = np.clip(self._sun, kept, np.maximum(load, kept))
        self._plant = {
            "energy_kwh": store.energy_kwh[..., None],
            "floor_kwh": store.floor_kwh[..., None],
            "power_kw": store.power_kw[..., None],
            "charge_efficiency": store.charge_efficiency[..., None],
            "discharge_efficiency": store.discharge_efficiency[..., None],
        }
        self.full_h = self._hours(store.energy_kwh[..., None])

    def _hours(self, stored: Floats) -> Floats:
        start = np.minimum(stored, self._plant["energy_kwh"])
        found = survival_hours(
            self._load, self._sun, start_kwh=start, step_h=self._step_h, max_hours=self.longest_h, **self._plant
        )
        return found[..., self._warm :]

    def live(self, stored: Floats) -> tuple[Floats, float]:
        """Hours survived (S, c, starts), and the mean damage of an outage, all cells together, JPY."""
        survived, damage = self.live_by_row(stored)
        return survived, float(damage.mean())

    def live_by_row(self, stored: Floats) -> tuple[Floats, Floats]:
        """Hours survived (S, c, starts), and the mean damage of an outage in each row, (S,) JPY."""
        survived = self._hours(stored)
        length = round(self.damage.outage_h / self._step_h)
        dark = np.minimum(np.rint(survived / self._step_h).astype(np.int64), length)
        lost = np.zeros(survived.shape)
        for tier in range(TIERS):
            first = dark if tier < self._tiers else np.zeros_like(dark)
            lost += self._damage(self._pool.tier_load_kw[:, :, tier], first, length, tier)
        lost += self.damage.per_event_jpy * (dark < length)
        return survived, np.asarray(np.add.reduce(lost, axis=1).mean(axis=1))

    def _damage(self, load_kw: Floats, first: Any, length: int, tier: int) -> Floats:
        """Damage of demand (R0, c, T) that is lost from step ``first`` to ``length`` of each outage."""
        count = load_kw.shape[2]
        rounds = -(-(count + length) // count)
        total = np.concatenate([np.zeros((*load_kw.shape[:2], 1)), np.cumsum(np.tile(load_kw, rounds), axis=2)], axis=2)
        total = np.broadcast_to(total * self._step_h, (*first.shape[:2], total.shape[2]))
        start = np.broadcast_to(np.arange(self._warm, count), first.shape)
        hour = max(round(1.0 / self._step_h), 1)

        def until(step: Any) -> Floats:
            return np.asarray(np.take_along_axis(total, start + np.minimum(step, length), axis=2))

        price = self.damage.first_hour_jpy_per_kwh[tier]
        dear, all_of_it = until(first + hour) - until(first), until(length * np.ones_like(first)) - until(first)
        return price * (dear + self.damage.later_share * (all_of_it - dear))
