"""Points of a sweep that differ in sizes, targets, reserve levels or seeds alone share one batch on the ensemble axis.

Whether a point is run alone or with others changes nothing: it takes the same way through the engine, and a row has the
same bits in any batch. What else differs (a tariff, a kind of strategy, a date) makes a batch of its own.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ysc_sim.contracts import MetricInfo, MetricValues
from ysc_sim.engine.ensemble import batches_of, joined_values, run_parts
from ysc_sim.errors import ScenarioError
from ysc_sim.results.assemble import assemble_metrics
from ysc_sim.scenario import Scenario, load_scenario
from ysc_sim.scenario.varied import planners, targets
from ysc_sim.study.design import Point

SEED = "seed"
MOST_TOGETHER = 32
"""Points in a batch: what a killed sweep loses at most, and what a worker takes at a time."""
ALONE = {"solar": ("inverter_kva", "profile")}
"""Fields of devices whose size a row changes in another way than a run of its own would."""


class Numbers(NamedTuple):
    """What came of one point."""

    metrics: dict[str, float]
    units: dict[str, str]


def alike(points: Sequence[Point]) -> list[list[int]]:
    """Numbers of the points that differ in numbers of buildings, and in seeds, alone."""
    keys = points[0] if points else {}
    numeric = [key for key in keys if key == SEED or key.startswith("buildings.")]
    numeric = [key for key in numeric if all(_is_number(point[key]) for point in points)]
    groups: dict[tuple[tuple[str, str], ...], list[int]] = {}
    for number, point in enumerate(points):
        mark = tuple((key, value) for key, value in point.items() if key not in numeric)
        groups.setdefault(mark, []).append(number)
    return list(groups.values())


def shared_keys(scenario: Scenario, points: Sequence[Point]) -> tuple[str, ...]:
    """Keys of ``points`` in which rows of one batch may differ. ``scenario``: that of the first."""
    if not points or scenario.ensemble.vary or scenario.power_flow != "off":
        return ()
    keys = tuple(key for key in points[0] if key != SEED and _varies(scenario, key, points))
    if any(planners(scenario, {key.rpartition(".")[2] for key in keys})):
        keys = ()
    drawn = scenario.ensemble.outages is not None and scenario.ensemble.outages.draws is not None
    # A scenario's seed draws the starts of outages, too: other seeds would have other starts.
    whole = all(point.get(SEED, "").isdecimal() for point in points)
    return (*keys, SEED) if SEED in points[0] and whole and not drawn else keys


def _varies(scenario: Scenario, key: str, points: Sequence[Point]) -> bool:
    try:
        found = targets(scenario, key)
    except ScenarioError:
        return False
    for target in found:
        alone = ALONE.get(target.choice.kind, ())
        if any(getattr(target.choice.spec, name) for name in alone):
            return False
    # 0 often means something of its own: no target, or a plan.
    return all(_is_number(point[key]) and (float(point[key]) > 0 or key.endswith(".level")) for point in points)


def _is_number(said: str) -> bool:
    try:
        return bool(np.isfinite(float(said)))
    except ValueError:
        return False


def together(numbers: Sequence[int], points: Sequence[Point], shared: Sequence[str]) -> Iterator[list[int]]:
    """Numbers of points in groups that differ in ``shared`` keys alone, none too large, in order."""
    groups: dict[tuple[tuple[str, str], ...], list[int]] = {}
    for number in numbers:
        own = tuple((key, value) for key, value in points[number].items() if key not in shared)
        groups.setdefault(own, []).append(number)
    for group in groups.values():
        for first in range(0, len(group), MOST_TOGETHER):
            yield group[first : first + MOST_TOGETHER]


def compute_points(
    file: Path, overrides: Mapping[str, str], points: Sequence[Point], shared: Sequence[str]
) -> list[Numbers]:
    """Run points that differ in ``shared`` keys alone."""
    if not shared:
        return [_alone(load_scenario(file, overrides={**overrides, **point})) for point in points]
    one = load_scenario(file, overrides={**overrides, **points[0]})
    keys = [key for key in shared if key != SEED]
    vary = {key: tuple(float(point[key]) for point in points) for key in keys}
    seeds = [int(point[SEED]) if SEED in shared else one.seed for point in points]
    first, each = min(seeds), one.ensemble.seeds
    ensemble = dataclasses.replace(one.ensemble, vary=vary, seeds=max(seeds) - first + each)
    whole = dataclasses.replace(one, ensemble=ensemble, seed=first)
    starts = ensemble.rows(whole.time.axis, whole.seed) // (ensemble.seeds * ensemble.points)
    rows = [
        [
            ((seed - first + k) * ensemble.points + (place if keys else 0)) * starts + start
            for k in range(each)
            for start in range(starts)
        ]
        for place, seed in enumerate(seeds)
    ]
    return _measured(whole, rows)


def _alone(scenario: Scenario) -> Numbers:
    rows = list(range(scenario.ensemble.rows(scenario.time.axis, scenario.seed)))
    return _measured(scenario, [rows])[0]


def _measured(scenario: Scenario, rows: Sequence[Sequence[int]]) -> list[Numbers]:
    """Numbers of each list of rows of an ensemble; a row may be in several."""
    wanted = sorted({number for some in rows for number in some})
    parts = [part for batches in batches_of(scenario, numbers=wanted) for part in run_parts(scenario, batches)]
    values, infos, arrays = joined_values(parts)
    place = {number: k for k, number in enumerate(wanted)}
    return [
        _numbers(values, infos, arrays.buildings, [place[number] for number in some], arrays.seeds) for some in rows
    ]


def _numbers(
    values: Sequence[MetricValues],
    infos: Mapping[str, MetricInfo],
    buildings: Sequence[str],
    rows: Sequence[int],
    seeds: Sequence[int],
) -> Numbers:
    own = [MetricValues({name: value[rows] for name, value in part.community.items()}) for part in values]
    found: dict[str, Any] = assemble_metrics(own, infos, (), [seeds[row] for row in rows])
    return Numbers(found["community"], found["units"])
