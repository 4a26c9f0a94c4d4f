"""Whether the targets that a scenario gives its peak cut held in its run, in how many draws, and what a break costs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from ysc_sim.community.arrays import Terms
from ysc_sim.community.compile import compile_community
from ysc_sim.engine.outlook import demand_price
from ysc_sim.results.arrays import RunArrays
from ysc_sim.scenario import Scenario
from ysc_sim.study.target import BROKEN_KW, MONTHS
from ysc_sim.units import MWH_PER_KWH, Floats, hours

STUDY = "held_targets"
TARGET = "target_kw"
OF_THE_SUM = "group_peak_cut"
"""Its target is that of the point of connection; those of all others are their building's."""


class Target(NamedTuple):
    """A target that the scenario names."""

    building: int | None
    """None: the point of connection."""
    kw: float


def held_targets(scenario: Scenario, arrays: RunArrays) -> list[dict[str, Any]]:
    """One line for each target: ``building`` ("" for the point of connection), ``target_kw``, ``rows`` and how many
    were ``broken``, ``worst_kw`` and ``mean_kw`` of their largest half-hours; ``jpy_per_kw`` that a kW costs in twelve
    months at a meter that is billed (0 where the building's own peak is not), ``worst_break_jpy``, and
    ``expected_break_jpy`` (the mean over all rows, those without a break too). Empty where no strategy has a target, or
    ``vary`` gives it by row.

    A half-hour above the target costs the contract's price for the difference in the twelve months that count it.
    """
    targets = list(_targets(scenario, arrays))
    if not targets or not len(arrays.import_mwh):
        return []
    terms = compile_community(scenario).terms
    return [_line(target, terms, arrays) for target in targets]


def _targets(scenario: Scenario, arrays: RunArrays) -> Iterator[Target]:
    """Targets by building; of a common one the largest counts, as in the strategy."""
    if any(TARGET in key for key in scenario.ensemble.vary):
        return
    place = {name: b for b, name in enumerate(arrays.buildings)}
    together = 0.0
    for building in scenario.buildings:
        kw = float(getattr(building.strategy.spec, TARGET, 0.0))
        if building.strategy.kind == OF_THE_SUM:
            together = max(together, kw)
        elif kw > 0:
            yield from (Target(place[name], kw) for name in building.member_ids)
    if together > 0:
        yield Target(None, together)


def _line(target: Target, terms: Terms, arrays: RunArrays) -> dict[str, Any]:
    energy = arrays.community_import_mwh if target.building is None else arrays.import_mwh[:, :, target.building]
    peaks = np.maximum.reduce(energy, axis=0) / MWH_PER_KWH / hours(arrays.axis.slot_s)
    over: Floats = np.where(peaks > target.kw + BROKEN_KW, peaks - target.kw, 0.0)
    price = _price(target, terms) * MONTHS
    return {
        "building": "" if target.building is None else arrays.buildings[target.building],
        "target_kw": target.kw,
        "rows": len(peaks),
        "broken": int(np.count_nonzero(over)),
        "worst_kw": float(peaks.max()),
        "mean_kw": float(peaks.mean()),
        "jpy_per_kw": price,
        "worst_break_jpy": float(over.max()) * price,
        "expected_break_jpy": float(over.mean()) * price,
    }


def _price(target: Target, terms: Terms) -> float:
    """What a kW and month costs at the target's meter; 0 where that meter makes no demand charge."""
    if target.building is None:
        return 0.0 if terms.shared is None else demand_price(terms.shared)
    if terms.shared is not None and sum(len(contract.columns) for contract in terms.own) > 1:
        return 0.0
    contracts = (terms.shared,) if terms.shared is not None else terms.own
    return next(demand_price(contract) for contract in contracts if target.building in contract.columns)
