"""Candidates of a purchase: grids of sizes, each simulated as a row of one batch; no candidate is a formula.

A candidate is a variant of the scenario (a choice of strategy, of wires …) and a size for every key that the variant
has. All candidates share the draws of a seed. A piece of the work (some rows of one variant) can be computed anywhere.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ysc_sim.community.arrays import Community
from ysc_sim.community.compile import compile_community
from ysc_sim.community.pooled import Pool, pool_of, pooled_store
from ysc_sim.engine.simulate import run_community
from ysc_sim.errors import Problem, ScenarioError
from ysc_sim.results.arrays import RunArrays
from ysc_sim.scenario import Scenario, load_scenario
from ysc_sim.scenario.investment import OutageCost, Sizing
from ysc_sim.scenario.varied import planners, targets, value_problem
from ysc_sim.study.outage_damage import Damage, Outages
from ysc_sim.study.survival import stored_at_starts, without_outages
from ysc_sim.study.workers import Here
from ysc_sim.study.yearly import HOURS_IN_YEAR, Peaks, yearly_bill
from ysc_sim.units import MJPY_PER_JPY, MWH_PER_KWH, Floats, Ints, hours

VALUES_AT_ONCE = 5_000_000
"""Steps × buildings × rows of one batch: about a gigabyte while it runs."""
MOST_CANDIDATES = 100_000
WARM_UP_H = 24.0
"""No outage in the first day: stores there are as the file says."""
NUMBERS = (
    "demand_jpy",
    "first_demand_jpy",
    "energy_jpy",
    "export_jpy",
    "contract_kw",
    "import_kwh",
    "export_kwh",
    "co2_kg",
    "guaranteed_h",
    "damage_jpy",
)
"""What is measured of a candidate; yen, kWh and kg a year, ``damage_jpy`` of one outage."""


@dataclass(frozen=True)
class Variant:
    """One combination of the choices, and the sizes that can be varied in it."""

    scenario: Scenario
    chosen: Mapping[str, Any]
    keys: tuple[str, ...]


@dataclass(frozen=True)
class Points:
    """Candidates of one variant: a column of sizes for each key, (N,)."""

    variant: int
    sizes: Mapping[str, Floats]
    count: int


@dataclass(frozen=True)
class Measured:
    """What came of some candidates: ``numbers`` name → (seeds, N), ``members_jpy`` (seeds, N, n) bills a year."""

    numbers: dict[str, Floats] = field(default_factory=dict)
    members_jpy: Floats = field(default_factory=lambda: np.zeros((1, 0, 0)))

    def mean(self, name: str) -> Floats:
        """Mean over the seeds, (N,); of guaranteed hours the least."""
        values = self.numbers[name]
        return np.asarray(values.min(axis=0) if name == "guaranteed_h" else values.mean(axis=0))

    def take(self, places: Ints | slice) -> Measured:
        """Some of the candidates."""
        numbers = {name: values[:, places] for name, values in self.numbers.items()}
        return Measured(numbers, self.members_jpy[:, places])

    def join(self, other: Measured) -> Measured:
        """These candidates and those behind them."""
        if not self.numbers:
            return other
        numbers = {name: np.concatenate([values, other.numbers[name]], axis=1) for name, values in self.numbers.items()}
        return Measured(numbers, np.concatenate([self.members_jpy, other.members_jpy], axis=1))


def variants(file: Path, settings: Mapping[str, Any], sizing: Sizing) -> list[Variant]:
    """Every combination of the choices, checked. Raises ``ScenarioError`` with all that is wrong."""
    found, wrong = [], []
    seen: set[str] = set()
    for values in itertools.product(*sizing.choices.values()):
        chosen = dict(zip(sizing.choices, values, strict=True))
        try:
            scenario = load_scenario(file, overrides={**settings, **{key: said(v) for key, v in chosen.items()}})
        except ScenarioError as error:
            told = ", ".join(f"{key}={value}" for key, value in chosen.items())
            wrong += [Problem("sweep_point_wrong", {"point": told}), *error.problems] if told else [*error.problems]
            continue
        keys, problems = _keys_of(scenario, sizing)
        seen |= set(keys)
        wrong += problems
        found.append(Variant(quiet(scenario), chosen, keys))
    never = [key for key in sizing.vary if key not in seen]
    if found and not wrong:
        wrong += [Problem("size_key_nowhere", {"key": key}, file.name, field=f"size.vary.{key}") for key in never]
    if wrong:
        raise ScenarioError(wrong)
    return found


def said(value: Any) -> str:
    """A value of a choice as ``--set`` would say it.

    >>> said(True), said("peak_cut"), said(1.5)
    ('true', 'peak_cut', '1.5')
    """
    return str(value).lower() if isinstance(value, bool) else str(value)


def quiet(scenario: Scenario) -> Scenario:
    """One undisturbed year of every row: no outages, no power flow after the run."""
    still = without_outages(scenario)
    ensemble = dataclasses.replace(still.ensemble, vary={})
    power_flow = "off" if still.power_flow == "report" else still.power_flow
    return dataclasses.replace(still, ensemble=ensemble, power_flow=power_flow)


def _keys_of(scenario: Scenario, sizing: Sizing) -> tuple[tuple[str, ...], list[Problem]]:
    """Keys that this variant has, and what is wrong with their values. A strategy may lack what another has."""
    keys, wrong = [], []
    for key, values in sizing.vary.items():
        try:
            found = targets(scenario, key)
        except ScenarioError as error:
            if not (sizing.choices and ".strategy." in key):
                wrong += [dataclasses.replace(p, field=f"size.vary.{key}") for p in error.problems]
            continue
        keys.append(key)
        for value in values:
            problem = value_problem(found[0], value)
            if problem is not None:
                wrong.append(Problem(problem[0], problem[1], scenario.file, field=f"size.vary.{key}"))
    if keys:
        wrong += [
            Problem("vary_planner", {"kind": choice.kind}, scenario.file, field=f"buildings.{b}.strategy")
            for b, choice in planners(scenario)
        ]
    return tuple(keys), wrong


def grid(variant: int, one: Variant, values: Mapping[str, Sequence[float]]) -> Points:
    """Every combination of the values of the variant's keys. Raises ``ScenarioError`` where they are too many."""
    columns = [np.unique(np.asarray(values[key], dtype=np.float64)) for key in one.keys]
    count = int(np.prod([len(column) for column in columns], dtype=np.float64)) if columns else 1
    if count > MOST_CANDIDATES:
        raise ScenarioError([Problem("vary_too_many", {"limit": f"{MOST_CANDIDATES:,}"})])
    mesh = np.meshgrid(*columns, indexing="ij") if columns else []
    return Points(variant, {key: part.ravel() for key, part in zip(one.keys, mesh, strict=True)}, count)


def joined(parts: Sequence[Points]) -> Points:
    """Candidates of one variant, part after part."""
    sizes = {key: np.concatenate([part.sizes[key] for part in parts]) for key in parts[0].sizes}
    return Points(parts[0].variant, sizes, sum(part.count for part in parts))


def measure(
    one: Variant,
    sizes: Mapping[str, Floats],
    count: int,
    outage: OutageCost,
    before: Peaks | None,
    seeds: int,
    *,
    workers: Executor | None = None,
    progress: Callable[[int], None] | None = None,
) -> Measured:
    """Simulate ``count`` candidates of a variant. ``seeds``: so many from the scenario's own on."""
    steps = one.scenario.time.axis.count * len(one.scenario.member_ids)
    at_once = max(VALUES_AT_ONCE // (steps * seeds), 1)
    executor = workers or Here()
    spans = [slice(first, min(first + at_once, count)) for first in range(0, count, at_once)]
    if workers is not None and len(spans) == 1 and count > 1:
        spans = [slice(0, count // 2), slice(count // 2, count)]
    futures = [
        executor.submit(measure_piece, one.scenario, {k: v[span] for k, v in sizes.items()}, outage, before, seeds)
        for span in spans
    ]
    whole = Measured()
    for span, future in zip(spans, futures, strict=True):
        whole = whole.join(future.result())
        if progress is not None:
            progress(span.stop - span.start)
    return whole


def measure_piece(
    scenario: Scenario, sizes: Mapping[str, Floats], outage: OutageCost, before: Peaks | None, seeds: int
) -> Measured:
    """One batch: a row for every seed and candidate."""
    community, arrays = simulate_rows(scenario, sizes, seeds)
    return numbers_of(community, arrays, outage, before, seeds)


def simulate_rows(scenario: Scenario, sizes: Mapping[str, Floats], seeds: int) -> tuple[Community, RunArrays]:
    """The run of a row for every seed and candidate."""
    varied = {key: tuple(float(v) for v in values) for key, values in sizes.items()}
    ensemble = dataclasses.replace(scenario.ensemble, seeds=seeds, vary=varied)
    community = compile_community(dataclasses.replace(scenario, ensemble=ensemble))
    return community, run_community(community)


def numbers_of(
    community: Community, arrays: RunArrays, outage: OutageCost, before: Peaks | None, seeds: int
) -> Measured:
    """What came of every row, by seed and candidate."""
    bill = yearly_bill(community, arrays, before)
    per_year = HOURS_IN_YEAR / hours(arrays.axis.duration_s)
    imported, exported = (
        np.add.reduce(meter, axis=0) / MWH_PER_KWH * per_year
        for meter in (arrays.community_import_mwh, arrays.community_export_mwh)
    )
    survived, damage = _outages(community, arrays, outage)
    numbers = {
        "demand_jpy": bill.demand_jpy,
        "first_demand_jpy": bill.first_demand_jpy,
        "energy_jpy": bill.energy_jpy,
        "export_jpy": bill.export_jpy,
        "contract_kw": bill.contract_kw,
        "import_kwh": imported,
        "export_kwh": exported,
        "co2_kg": imported * arrays.co2_kg_per_kwh,
        "guaranteed_h": survived,
        "damage_jpy": damage,
    }
    shape = (seeds, community.rows // seeds)
    members = arrays.bill_mjpy / MJPY_PER_JPY * per_year
    return Measured(
        {name: np.asarray(values, dtype=np.float64).reshape(shape) for name, values in numbers.items()},
        members.reshape(*shape, -1),
    )


def _outages(community: Community, arrays: RunArrays, outage: OutageCost) -> tuple[Floats, Floats]:
    """Shortest survival of any cell and start, and the mean damage of one outage, of each row."""
    pool = pool_of(community)
    load = pool.tier_load_kw
    if len(load) > 1 and (load == load[:1]).all():
        pool = Pool(load[:1], pool.generation_kw)
    axis = community.site.axis
    warm = min(round(WARM_UP_H * 3600 / axis.step_s), axis.count - 1)
    asked = Outages(
        community, pool, pooled_store(community, by_row=True), outage.tiers, damage_of(outage), warm, outage.longest_h
    )
    survived, damage = asked.live_by_row(stored_at_starts(community, arrays))
    return np.minimum.reduce(survived.reshape(len(survived), -1), axis=1), damage


def damage_of(outage: OutageCost) -> Damage:
    """The same prices as the study of survival has them."""
    first, second, third, fourth = outage.first_hour_jpy_per_kwh
    return Damage(
        outage_h=outage.outage_h,
        per_event_jpy=outage.per_event_jpy,
        first_hour_jpy_per_kwh=(first, second, third, fourth),
        later_share=outage.later_share,
        events_per_year=outage.events_per_year,
    )
