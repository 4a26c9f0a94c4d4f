"""The price of an hour: yen a year that a reserve costs, against the hours that it guarantees.

The same scenario runs once as it is, once for each fixed reserve level, and once for each length promised by the exact
reserve curve; always without outages, so that the bills are those of an undisturbed year. What each policy leaves in
the stores says how long every outage would be lived through. No policy that guarantees as many hours can keep less
than the curve at any instant: its runs are the frontier, the others are points beside it.

An outage costs what is not served: yen per event, and yen per kWh by tier, dear in its first hour, cheaper after
(C(d) = a + b·d, the form of outage-cost surveys). Expected yearly cost = bill + wear − value of what is left in the
stores + rate of outages × damage of one, averaged over all starts. The break-even rate is the number of outages a year
above which a reserve pays for itself.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ysc_sim.community.arrays import Community
from ysc_sim.community.compile import compile_community
from ysc_sim.community.pooled import TIERS, pool_of, pooled_store
from ysc_sim.engine.simulate import run
from ysc_sim.errors import Problem, ScenarioError
from ysc_sim.plugins import plugin
from ysc_sim.scenario import Scenario
from ysc_sim.scenario.kinds import Choice, choice_of
from ysc_sim.study.outage_damage import Damage, Outages
from ysc_sim.study.survival import stored_at_starts, without_outages
from ysc_sim.units import hours

HOURS_IN_YEAR = 8760.0
RESERVES = ("reserve_curve", "reserve_level")


@dataclass(frozen=True)
class Policy:
    """One way of keeping a reserve, and what came of it. Yen are per year of 8,760 h."""

    kind: str
    """none, level or curve."""
    parameter: float
    """Level (share of the usable energy) or promised hours; 0 for none."""
    bill_jpy: float
    wear_jpy: float
    left_jpy: float
    """Value of what the stores hold more at the end than at the start; subtracted from the cost."""
    guaranteed_h: float
    """Hours of the shortest survival that a fuller store would have lengthened; no more than the longest promise."""
    mean_h: float
    lives_ratio: float
    """Share of starts that live through ``Damage.outage_h``."""
    damage_jpy: float
    """Mean damage of one outage."""

    @property
    def cost_jpy(self) -> float:
        """Bill and wear, less what is left."""
        return self.bill_jpy + self.wear_jpy - self.left_jpy


@dataclass(frozen=True)
class Frontier:
    """Policies in the order: none, levels, curve; the first is the baseline."""

    policies: tuple[Policy, ...]
    damage: Damage
    tiers: int
    horizon_h: float

    def table(self) -> list[dict[str, Any]]:
        """One entry per policy with what it costs more than no reserve, expected cost and break-even rate."""
        base, found = self.policies[0], []
        for policy in self.policies:
            extra, spared = policy.cost_jpy - base.cost_jpy, base.damage_jpy - policy.damage_jpy
            entry = dataclasses.asdict(policy)
            entry |= {
                "cost_jpy": policy.cost_jpy,
                "extra_jpy": extra,
                "expected_cost_jpy": policy.cost_jpy + self.damage.events_per_year * policy.damage_jpy,
            }
            if spared > 0:
                entry["break_even_events_per_year"] = max(extra, 0.0) / spared
            gained = policy.guaranteed_h - base.guaranteed_h
            if gained > 0:
                entry["jpy_per_hour"] = extra / gained
            found.append(entry)
        return found


def price_of_an_hour(
    scenario: Scenario,
    *,
    promised_h: Sequence[float] = (3.0, 6.0, 12.0, 24.0, 48.0),
    levels: Sequence[float] = (0.2, 0.4, 0.6, 0.8, 1.0),
    tiers: int = 1,
    damage: Damage | None = None,
    stored_jpy_per_kwh: float = 20.0,
    charge_h: float = 10.0,
    warm_up_h: float = 24.0,
    progress: Callable[[float], None] | None = None,
) -> Frontier:
    """Run every policy and measure it.

    Reserves are filled from the grid slowly, so that an empty store takes ``charge_h`` hours: filled at full power they
    would make new peaks. Starts in the first ``warm_up_h`` are left out: stores there are as the file says.

    Raises ``ValueError`` where nothing would be left after the warm-up, or a level lies outside 0 … 1.
    """
    if scenario.ensemble.vary:
        raise ScenarioError([Problem("survival_varied")])
    quiet, prices = without_outages(scenario), damage or Damage()
    community = compile_community(quiet)
    axis = community.site.axis
    warm = round(warm_up_h * 3600 / axis.step_s)
    if not 0 <= warm < axis.count:
        raise ValueError(f"warm_up_h(={warm_up_h}) must lie inside the simulated {hours(axis.duration_s):g} h.")
    if not all(0 <= level <= 1 for level in levels):
        raise ValueError(f"levels(={list(levels)}) must lie between 0 and 1.")
    if tiers not in range(1, TIERS + 1):
        raise ValueError(f"tiers(={tiers}) must be 1, 2, 3 or 4.")
    outages = Outages(community, pool_of(community), pooled_store(community), tiers, prices, warm)
    wanted = list(_policies(quiet, promised_h, levels, tiers, slowly(quiet, community, charge_h)))
    found = []
    for number, (kind, parameter, policy) in enumerate(wanted):
        found.append(_measure(policy, kind, parameter, outages, stored_jpy_per_kwh, max(promised_h, default=0.0)))
        if progress is not None:
            progress((number + 1) / len(wanted))
    return Frontier(tuple(found), prices, tiers, hours(axis.duration_s))


def _policies(
    scenario: Scenario,
    promised_h: Sequence[float],
    levels: Sequence[float],
    tiers: int,
    charge_kw: Mapping[str, float],
) -> Iterator[tuple[str, float, Scenario]]:
    yield "none", 0.0, reserved(scenario, None)
    for level in levels:
        yield "level", float(level), reserved(scenario, "reserve_level", charge_kw, level=float(level))
    for length in promised_h:
        yield "curve", float(length), reserved(scenario, "reserve_curve", charge_kw, hours=float(length), tiers=tiers)


def slowly(scenario: Scenario, community: Community, charge_h: float) -> dict[str, float]:
    """Power with which each building's stores fill in ``charge_h`` hours, by the id in the file."""
    if not charge_h > 0:
        raise ValueError(f"charge_h(={charge_h}) must be > 0.")
    energy = dict(zip(community.buildings, pooled_store(community, by_building=True).energy_kwh, strict=True))
    return {building.id: float(energy[building.member_ids[0]]) / charge_h for building in scenario.buildings}


def reserved(
    scenario: Scenario, kind: str | None, charge_kw: Mapping[str, float] | None = None, **fields: Any
) -> Scenario:
    """Every building's strategy put inside a reserve; one that is there already is taken off first.

    ``charge_kw``: power of each building of the file from the grid; as the battery can where it is not given.
    """
    buildings = []
    for building in scenario.buildings:
        inner: Any = building.strategy
        while inner.kind in RESERVES:
            inner = inner.inner
        choice: Choice = inner
        if kind is not None:
            grid_kw = None if charge_kw is None else charge_kw[building.id]
            spec = plugin("strategies", kind).Spec(**fields, charge_from_grid_kw=grid_kw)  # type: ignore[attr-defined]
            choice = choice_of("strategies", kind)(kind=kind, spec=spec, inner=inner)  # type: ignore[call-arg]
        buildings.append(dataclasses.replace(building, strategy=choice))
    return dataclasses.replace(scenario, buildings=tuple(buildings))


def _measure(
    scenario: Scenario, kind: str, parameter: float, outages: Outages, stored_jpy_per_kwh: float, asked_h: float
) -> Policy:
    """Run one policy and ask what every outage would have found."""
    results = run(scenario)
    arrays, numbers = results.arrays, results.metrics["community"]
    assert arrays is not None, "a run that was not read from a folder"
    per_year = HOURS_IN_YEAR / hours(arrays.axis.duration_s)
    stored = stored_at_starts(outages.community, arrays)
    at_end = np.add.reduce(arrays.columns["soc_kwh"][-1], axis=1) if "soc_kwh" in arrays.columns else np.zeros(1)
    left = float(np.mean(at_end - np.add.reduce(stored[:, :, 0], axis=1)))
    survived, mean_damage = outages.live(stored)
    short = survived < outages.full_h
    return Policy(
        kind=kind,
        parameter=parameter,
        bill_jpy=numbers["bill_jpy"] * per_year,
        wear_jpy=numbers.get("battery_wear_jpy", 0.0) * per_year,
        left_jpy=left * stored_jpy_per_kwh * per_year,
        guaranteed_h=min(float(np.minimum.reduce(survived[short])) if short.any() else asked_h, asked_h),
        mean_h=float(survived.mean()),
        lives_ratio=float((survived >= outages.damage.outage_h).mean()),
        damage_jpy=mean_damage,
    )
