"""A target that holds: chosen on some random draws, judged on others that it has never seen.

The lowest target that a strategy never broke in the draws it was chosen on will be broken in others: it is the best of
many. Here the target is the lowest that held in every row of one ensemble, plus ``reserve``; then the year is run again
with other seeds, and what is told is how often it breaks and what a break costs: the contract's price for the kW above
it in every month that the twelve-month rule keeps it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ysc_sim.community.compile import compile_community
from ysc_sim.engine.outlook import demand_price
from ysc_sim.engine.simulate import run_community
from ysc_sim.results.arrays import RunArrays
from ysc_sim.scenario import Scenario
from ysc_sim.scenario.schema import Ensemble
from ysc_sim.study.strategies import with_strategy
from ysc_sim.units import MWH_PER_KWH, Floats, hours

MONTHS = 12
BROKEN_KW = 1e-3
"""Rounding of a meter breaks no target."""


@dataclass(frozen=True)
class HeldTarget:
    """A target and how it fared."""

    target_kw: float
    lowest_kw: float
    """The lowest that held in every draw it was chosen on."""
    natural_kw: Floats
    """Peaks of the draws that judge, without control, (rows,)."""
    peaks_kw: Floats
    """The same with the strategy and the target."""
    jpy_per_kw: float
    """What a kW costs in twelve months."""

    @property
    def break_probability(self) -> float:
        """Share of the unseen draws in which it was broken."""
        return float(np.mean(self.peaks_kw > self.target_kw + BROKEN_KW))

    @property
    def break_jpy(self) -> Floats:
        """What each break costs in twelve months, (breaks,)."""
        over = self.peaks_kw - self.target_kw
        return np.asarray(over[over > BROKEN_KW] * self.jpy_per_kw)

    @property
    def expected_break_jpy(self) -> float:
        """Mean over all unseen draws, those without a break too."""
        return float(np.maximum(self.peaks_kw - self.target_kw, 0.0).mean() * self.jpy_per_kw)


def target_that_holds(
    scenario: Scenario,
    strategy: Mapping[str, Any],
    *,
    choose_on: int = 5,
    judge_on: int = 20,
    reserve: float = 0.0,
    tolerance_kw: float = 0.5,
) -> HeldTarget:
    """Choose ``target_kw`` of a strategy that has one at the point of connection, on ``choose_on`` seeds from the
    scenario's own; judge it on the ``judge_on`` seeds that follow. ``reserve``: share by which it is then raised.

    Raises ``ValueError`` where a count is below 1, ``reserve`` or ``tolerance_kw`` negative.
    """
    if choose_on < 1 or judge_on < 1 or reserve < 0 or tolerance_kw <= 0:
        raise ValueError(
            f"choose_on(={choose_on}) and judge_on(={judge_on}) must be at least 1, reserve(={reserve}) at least 0 "
            f"and tolerance_kw(={tolerance_kw}) > 0."
        )
    seen = dataclasses.replace(scenario, ensemble=Ensemble(seeds=choose_on))
    unseen = dataclasses.replace(scenario, ensemble=Ensemble(seeds=judge_on)).with_seed(scenario.seed + choose_on)
    low, high = 0.0, float(_peaks(seen, {"kind": "none"}).max())
    while high - low > tolerance_kw:
        middle = (low + high) / 2.0
        held = (_peaks(seen, {**strategy, "target_kw": middle}) <= middle + BROKEN_KW).all()
        low, high = (low, middle) if held else (middle, high)
    target = high * (1.0 + reserve)
    community = compile_community(scenario)
    contract = community.terms.shared or community.terms.own[0]
    return HeldTarget(
        target_kw=target,
        lowest_kw=high,
        natural_kw=_peaks(unseen, {"kind": "none"}),
        peaks_kw=_peaks(unseen, {**strategy, "target_kw": target}),
        jpy_per_kw=demand_price(contract) * MONTHS,
    )


def _peaks(scenario: Scenario, strategy: Mapping[str, Any]) -> Floats:
    """Largest half-hour at the point of connection in each row, (S,)."""
    arrays: RunArrays = run_community(compile_community(with_strategy(scenario, strategy)))
    peak = np.maximum.reduce(arrays.community_import_mwh, axis=0)
    return np.asarray(peak / MWH_PER_KWH / hours(arrays.axis.slot_s))
