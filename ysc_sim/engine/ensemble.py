"""Large ensembles: rows run batch by batch, each measured and forgotten, so that memory stays bounded.

Every row has the same bits in any batch, and every number of the ensemble is made from the rows' numbers in their
order: so neither the size of a batch nor who computes it changes a result.
"""

from __future__ import annotations

import dataclasses
import itertools
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ysc_sim.community.compile import compile_community
from ysc_sim.contracts import MetricInfo, MetricValues
from ysc_sim.engine.branches import Trunk
from ysc_sim.engine.new_peaks import with_peaks
from ysc_sim.engine.simulate import all_metrics, run_community
from ysc_sim.engine.tally import WINDOW, can_be_tallied
from ysc_sim.results import Results
from ysc_sim.results.arrays import RunArrays
from ysc_sim.results.results import measure
from ysc_sim.scenario import Scenario
from ysc_sim.units import Floats, Ints

BATCH_BYTES = 1_200_000_000
"""Memory for what one batch records and is billed from."""
ARRAYS_OF_STEPS, ARRAYS_OF_SLOTS = 12, 5
"""Arrays over time of a usual run: columns that are written to; registers, meters and what is made from them."""
MOST_ROWS = 256
"""More rows at once are no faster."""
LEAST_BRANCHES = 8
"""Outages of one seed and point that make a batch of their own, with a trunk."""
Batch = tuple[int, ...]


class Part(NamedTuple):
    """Some rows of an ensemble, measured."""

    numbers: Batch
    """Which rows."""
    arrays: RunArrays
    """Without any array over time."""
    values: list[MetricValues]
    infos: dict[str, MetricInfo]


def batches_of(
    scenario: Scenario, most_rows: int | None = None, numbers: Sequence[int] | None = None
) -> list[list[Batch]]:
    """The rows of a scenario in batches; batches in one list share a trunk and are best run by one worker, in order.

    ``most_rows``: in a batch; None: as many as memory holds. ``numbers``: the rows that are wanted, rising; None: all.
    """
    axis, ensemble = scenario.time.axis, scenario.ensemble
    starts = () if ensemble.outages is None else ensemble.outages.starts_s(axis, scenario.seed)
    rows, each = ensemble.rows(axis, scenario.seed), max(len(starts), 1)
    most = most_rows or _rows_in_memory(scenario)
    wanted = list(range(rows)) if numbers is None else list(numbers)
    if each < LEAST_BRANCHES:
        return [[tuple(wanted[first : first + most])] for first in range(0, len(wanted), most)]
    found = []
    for _, group in itertools.groupby(wanted, key=lambda number: number // each):
        mine = sorted(group, key=lambda number: (starts[number % each], number))
        found.append([tuple(mine[first : first + most]) for first in range(0, len(mine), most)])
    return found


def _rows_in_memory(scenario: Scenario) -> int:
    axis, n = scenario.time.axis, sum(building.count for building in scenario.buildings)
    kept = scenario.power_flow != "off" or scenario.market.kind != "none"
    each = 8 * n * (ARRAYS_OF_STEPS * (axis.count if kept else WINDOW) + ARRAYS_OF_SLOTS * max(axis.slots, 1))
    return int(np.clip(BATCH_BYTES // each, 1, MOST_ROWS))


def run_parts(
    scenario: Scenario, batches: Sequence[Batch], progress: Callable[[float], None] | None = None
) -> Iterator[Part]:
    """Run batches one after the other; those of one list of :func:`batches_of` share their trunk."""
    alike = scenario.ensemble.outages is not None and len(batches[0]) >= LEAST_BRANCHES
    trunk = Trunk(scenario, batches[0][0]) if alike else None
    for done, numbers in enumerate(batches):
        community = compile_community(scenario, numbers)
        told = _share(progress, done, len(batches))
        arrays = with_peaks(community, run_community(community, told, trunk, tallied=can_be_tallied(community)))
        values, infos = measure(arrays, all_metrics())
        yield Part(numbers, without_time(arrays), values, infos)


def _share(progress: Callable[[float], None] | None, done: int, parts: int) -> Callable[[float], None] | None:
    if progress is None:
        return None
    return lambda share: progress((done + share) / parts)


def run_batches(scenario: Scenario, progress: Callable[[float], None] | None = None) -> Results:
    """All rows of a scenario in this process."""
    began, lists = time.perf_counter(), batches_of(scenario)
    parts: list[Part] = []
    for done, batches in enumerate(lists):
        parts += run_parts(scenario, batches, _share(progress, done, len(lists)))
    return join_parts(scenario, parts, time.perf_counter() - began)


def without_time(arrays: RunArrays) -> RunArrays:
    """What is left when the course of time is forgotten: outages, events, notes, residuals; numbers are elsewhere."""
    emptied = {
        name: getattr(arrays, name)[:0].copy()
        for name in (
            "import_mwh",
            "export_mwh",
            "community_import_mwh",
            "community_export_mwh",
            "meter_rounding_mwh",
            "bought_mwh",
            "sold_mwh",
            "cleared_bought_mwh",
            "cleared_sold_mwh",
            "trade_price_jpy_per_kwh",
            "payment_mjpy",
        )
    }
    return dataclasses.replace(
        arrays,
        columns={name: column[:0].copy() for name, column in arrays.columns.items()},
        community={name: column[:0].copy() for name, column in arrays.community.items()},
        bills=(),
        power_flow=None,
        course=None,
        device_numbers={},
        peaks=None,
        **emptied,
    )


def join_parts(scenario: Scenario, parts: Sequence[Part], wall_s: float) -> Results:
    """The result of an ensemble from its parts, which may come in any order."""
    values, infos, arrays = joined_values(parts)
    arrays = dataclasses.replace(arrays, row_numbers=_row_numbers(scenario, values))
    return Results.of_values(arrays, values, infos, scenario=scenario.identity(), wall_s=wall_s)


def joined_values(parts: Sequence[Part]) -> tuple[list[MetricValues], dict[str, MetricInfo], RunArrays]:
    """Metrics of all rows of some parts in the order of their numbers, and the arrays that are left."""
    ordered = sorted(parts, key=lambda part: part.numbers[0])
    numbers = np.concatenate([np.array(part.numbers, dtype=np.int64) for part in ordered])
    place = np.argsort(numbers)
    values = [_joined([part.values[i] for part in ordered], ordered, place) for i in range(len(ordered[0].values))]
    infos: dict[str, MetricInfo] = {}
    for part in ordered:
        infos.update(part.infos)
    return values, infos, _arrays(ordered, place, len(numbers))


def _joined(each: Sequence[MetricValues], parts: Sequence[Part], place: Ints) -> MetricValues:
    """One metric of all rows; NaN where a part does not have it."""
    n = len(parts[0].arrays.buildings)

    def column(said: Sequence[Mapping[str, Floats]], name: str, *more: int) -> Floats:
        found = []
        for part, values in zip(parts, said, strict=True):
            shape = (len(part.numbers), *more)
            found.append(np.broadcast_to(np.asarray(values.get(name, np.nan), dtype=np.float64), shape))
        joined: Floats = np.concatenate(found)[place]
        return joined

    community = {name: None for values in each for name in values.community}
    buildings = {name: None for values in each for name in values.buildings}
    return MetricValues(
        {name: column([values.community for values in each], name) for name in community},
        {name: column([values.buildings for values in each], name, n) for name in buildings},
    )


def _arrays(parts: Sequence[Part], place: Ints, rows: int) -> RunArrays:
    """The parts' arrays as one, rows in order."""
    first = parts[0].arrays
    by_row: dict[str, Any] = {
        name: np.concatenate([getattr(part.arrays, name) for part in parts])[place]
        for name in (
            "bill_mjpy",
            "bill_alone_mjpy",
            "community_bill_mjpy",
            "rounding_mjpy",
            "contract_kw",
            "ledger_residual_mwh",
            "money_residual_mjpy",
            "energy_residual_kwh",
            "island_residual_kwh",
            "outage_seconds",
        )
    }
    shared = [part.arrays.community_contract_kw for part in parts]
    known = [values for values in shared if values is not None]
    seeds = [seed for part in parts for seed in part.arrays.seeds]
    emptied: dict[str, Any] = {
        name: np.zeros((0, rows, *value.shape[2:]), dtype=value.dtype)
        for name, value in vars(first).items()
        if isinstance(value, np.ndarray) and name not in by_row and name != "community_contract_kw"
    }
    n = len(first.buildings)
    return dataclasses.replace(
        first,
        seeds=tuple(seeds[i] for i in place.tolist()),
        columns={name: np.zeros((0, rows, n)) for name in first.columns},
        community={name: np.zeros((0, rows)) for name in first.community},
        community_contract_kw=np.concatenate(known)[place] if known else None,
        events=tuple(
            dataclasses.replace(event, row=part.numbers[event.row]) for part in parts for event in part.arrays.events
        ),
        outages=tuple(
            dataclasses.replace(record, row=part.numbers[record.row])
            for part in parts
            for record in part.arrays.outages
        ),
        notes=_notes(parts),
        **by_row,
        **emptied,
    )


def _notes(parts: Sequence[Part]) -> tuple[Mapping[str, Any], ...]:
    """What any part wants its reader to know, once."""
    found: list[Mapping[str, Any]] = []
    for part in parts:
        found += [note for note in part.arrays.notes if note not in found]
    return tuple(found)


def _row_numbers(scenario: Scenario, values: Sequence[MetricValues]) -> dict[str, Floats]:
    """What each row varies, and every number of the community that all rows have."""
    axis, ensemble = scenario.time.axis, scenario.ensemble
    starts = () if ensemble.outages is None else ensemble.outages.starts_s(axis, scenario.seed)
    each = max(len(starts), 1)
    found: dict[str, Floats] = {}
    if starts:
        found["outage_start_h"] = np.tile(np.array(starts) / 3600.0, ensemble.seeds * ensemble.points)
    for key, points in ensemble.vary.items():
        found[key] = np.tile(np.repeat(np.array(points, dtype=np.float64), each), ensemble.seeds)
    for value in values:
        for name, numbers in value.community.items():
            if np.isfinite(numbers).all():
                found[name] = np.asarray(numbers, dtype=np.float64)
    return found
