"""A group that buys: what each member pays and gains alone, with one contract, and with one contract and the devices.

Four arrangements, a year each, devices at their yearly cost (present value of purchase, upkeep and replacement, as an
annuity of the study):

    today       everybody alone, nothing is bought
    separate    everybody alone with the devices in their own building, where that is worth it to them
    contract    one contract at one point of supply, nothing is bought
    together    one contract and all devices

The gain of ``together`` is split by Shapley value, by peak and by energy, as :mod:`ysc_sim.study.gains` does; the game
counts the yearly cost of the devices that stand in a coalition's buildings. Somebody would rather stay out if separate
purchase leaves more than the share.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np

from ysc_sim.billing import cash_flow
from ysc_sim.community.arrays import Community
from ysc_sim.results.arrays import RunArrays
from ysc_sim.scenario import Scenario
from ysc_sim.scenario.kinds import Choice
from ysc_sim.study.candidates import simulate_rows
from ysc_sim.study.gains import Gains, gains_of
from ysc_sim.study.purchase import asset_of, is_priced
from ysc_sim.study.size import Sized
from ysc_sim.study.worth import annuity
from ysc_sim.study.yearly import HOURS_IN_YEAR
from ysc_sim.units import MJPY_PER_JPY, Floats, hours

SHARED = ("same_site", "private_line")


@dataclass(frozen=True)
class GroupGains:
    """JPY a year of each member, (n,); gains against today."""

    members: tuple[str, ...]
    today_jpy: Floats
    separate_jpy: Floats
    """Bill and own devices; as today where they are not worth it."""
    contract_jpy: Floats
    """As the community's rules split the one contract."""
    together_jpy: Floats
    """The same, with the devices' cost borne by the building that they stand in."""
    devices_jpy: Floats
    splits_jpy: dict[str, Floats]
    """Gain of ``together`` by shapley, by_peak, by_energy."""
    deviation_jpy: dict[str, float]
    """Of each split the most that a coalition gains by leaving with its devices; ≤ 0: stable."""

    @property
    def separate_gain_jpy(self) -> Floats:
        """What each gains alone."""
        return np.asarray(self.today_jpy - self.separate_jpy)

    def stays_out(self, split: str = "shapley") -> list[str]:
        """Members whose share is less than what they gain alone."""
        less = self.splits_jpy[split] < self.separate_gain_jpy - 1.0
        return [name for name, out in zip(self.members, less, strict=True) if out]

    def table(self) -> list[dict[str, Any]]:
        """One entry a member."""
        return [
            {
                "member": name,
                "today_jpy": float(self.today_jpy[i]),
                "separate_jpy": float(self.separate_jpy[i]),
                "contract_jpy": float(self.contract_jpy[i]),
                "together_jpy": float(self.together_jpy[i]),
                "devices_jpy": float(self.devices_jpy[i]),
                **{f"gain_{split}_jpy": float(values[i]) for split, values in self.splits_jpy.items()},
                "pays_shapley_jpy": float(self.today_jpy[i] - self.splits_jpy["shapley"][i]),
                "gain_separate_jpy": float(self.separate_gain_jpy[i]),
                "stays_out": name in self.stays_out(),
            }
            for i, name in enumerate(self.members)
        ]


def group_gains(found: Sized) -> GroupGains | None:
    """The four arrangements for the sizes of the candidate shown; None for a single building."""
    scenario = found.variant.scenario
    if len(scenario.member_ids) < 2:
        return None
    shared = scenario
    if scenario.wires not in SHARED:
        shared = dataclasses.replace(scenario, wires="private_line", tariff=_plain(scenario))
    sizes = {key: np.array([value]) for key, value in found.sizes.items()}
    alone = dataclasses.replace(scenario, wires="utility", market=Choice.default("markets", "none"))
    bare = dataclasses.replace(
        shared,
        buildings=tuple(
            dataclasses.replace(b, devices=tuple(d for d in b.devices if not is_priced(d))) for b in shared.buildings
        ),
    )
    with_own, before = _bills(*simulate_rows(alone, sizes, 1), alone=True), _today(found)
    contract = _bills(*simulate_rows(bare, {}, 1))
    community, arrays = simulate_rows(shared, sizes, 1)
    together = _bills(community, arrays)
    per_year = HOURS_IN_YEAR / hours(arrays.axis.duration_s)
    devices = yearly_cost(found, community.buildings)
    gains = gains_of(community, arrays, alone_jpy=before / per_year, own_cost_jpy=devices / per_year)
    return GroupGains(
        members=community.buildings,
        today_jpy=before,
        separate_jpy=np.minimum(with_own + devices, before),
        contract_jpy=contract,
        together_jpy=together + devices,
        devices_jpy=devices,
        splits_jpy=_splits(gains, per_year),
        deviation_jpy={name: value * per_year for name, value in gains.deviation_jpy.items()},
    )


def _plain(scenario: Scenario) -> Any:
    """The contract at one point of supply: no wheeling is paid inside."""
    return dataclasses.replace(scenario.tariff, wheeling_jpy_per_kwh=None)


def _splits(gains: Gains, per_year: float) -> dict[str, Floats]:
    parts = {"shapley": gains.shapley_jpy, "by_peak": gains.by_peak_jpy, "by_energy": gains.by_energy_jpy}
    return {name: values * per_year for name, values in parts.items()}


def _bills(community: Community, arrays: RunArrays, *, alone: bool = False) -> Floats:
    """Bills of the members a year, (n,)."""
    paid = arrays.bill_alone_mjpy if alone else arrays.bill_mjpy
    return np.asarray(paid[0] / MJPY_PER_JPY * HOURS_IN_YEAR / hours(arrays.axis.duration_s))


def _today(found: Sized) -> Floats:
    return np.asarray(found.base.members_jpy[0, 0])


def yearly_cost(found: Sized, members: tuple[str, ...]) -> Floats:
    """Yearly cost of the devices that stand in each building, (n,)."""
    finance = found.finance
    cost = np.zeros(len(members))
    sizes = {key: np.array([value]) for key, value in found.sizes.items()}
    for purchase in found.bought:
        building = found.variant.scenario.buildings[purchase.building]
        one = asset_of(dataclasses.replace(purchase, count=1), sizes, 1, finance)
        flow = cash_flow(
            [one],
            [],
            years=finance.years,
            discount_rate=finance.discount_rate,
            maintenance_rise_per_year=finance.maintenance_rise_per_year,
        )
        for name in building.member_ids:
            cost[members.index(name)] += float(flow.cost_jpy[0]) / annuity(finance)
    return cost
