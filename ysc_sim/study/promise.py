"""Whether the promise of the reserve curve is kept on the full engine, and what it costs in peak cut.

Every row of an ensemble loses the grid twice: once at a random start for as long as was promised, and once more soon
after, when the store may not have recovered. In the first outage no demand of the promised tiers may be lost where the
store stood on or above the curve; the second one is promised nothing and counted apart. The lost saving is the
difference of bill and wear to the same year without a reserve, neither with an outage.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ysc_sim.community.arrays import Community
from ysc_sim.community.compile import compile_community
from ysc_sim.community.pooled import TIERS, pool_of, pooled_store
from ysc_sim.community.windows import merge_windows
from ysc_sim.contracts import OutageWindow
from ysc_sim.engine.simulate import run_community
from ysc_sim.engine.tally import can_be_tallied
from ysc_sim.resilience import reserve_curve
from ysc_sim.results.arrays import OutageRecord
from ysc_sim.scenario import Scenario
from ysc_sim.scenario.schema import EnsembleOutages
from ysc_sim.study.frontier import price_of_an_hour, reserved, slowly
from ysc_sim.study.survival import without_outages
from ysc_sim.units import SECONDS_PER_HOUR, Floats, hours

LACKING_KWH = 1e-9
ROWS = 500
"""Rows that are run at once."""
SECOND = 0x326E64
"""Names the draws of the second outages."""


@dataclass(frozen=True)
class Kept:
    """First or later outages of all rows and cells."""

    outages: int
    on_curve: int
    """Of these, began with no less in the store than the curve asks for; where it is infinite none does."""
    kept: int
    """No demand of the promised tiers was lost, of all."""
    kept_on_curve: int
    lost_kwh: float
    """Demand of the promised tiers that was not served."""


@dataclass(frozen=True)
class Promise:
    """What became of a promise."""

    outage_h: float
    tiers: int
    first: Kept
    later: Kept
    lost_saving_jpy: float
    """Bill and wear a year of 8,760 h with the curve, less the same without a reserve."""
    guaranteed_h: float
    """By the algebra, from the contents that the undisturbed run leaves."""

    def summary(self) -> dict[str, Any]:
        """Plain data for ``metrics.json``."""
        return dataclasses.asdict(self)


def promise_kept(
    scenario: Scenario,
    *,
    outage_h: float,
    tiers: int = 1,
    draws: int = 200,
    first_h: float = 24.0,
    again_h: float = 48.0,
    charge_h: float = 10.0,
    progress: Callable[[float], None] | None = None,
) -> Promise:
    """Run ``draws`` rows of two outages each under the curve that promises ``outage_h`` for tiers 1 to ``tiers``.

    The first begins at random after ``first_h``, the second, as long, at random within ``again_h`` after the first is
    over. Reserves are refilled so that an empty store takes ``charge_h`` hours. Raises ``ValueError`` where no outage
    of this length fits, or an argument is out of range, ``ScenarioError`` where rows differ in their sizes.
    """
    if tiers not in range(1, TIERS + 1) or not again_h > 0:
        raise ValueError(f"tiers(={tiers}) must be 1, 2, 3 or 4, again_h(={again_h}) > 0.")
    price = price_of_an_hour(
        scenario, promised_h=(outage_h,), levels=(), tiers=tiers, charge_h=charge_h, warm_up_h=first_h
    )
    quiet = without_outages(scenario)
    quiet = dataclasses.replace(quiet, ensemble=dataclasses.replace(quiet.ensemble, seeds=1))
    charge_kw = slowly(quiet, compile_community(quiet), charge_h)
    outages = EnsembleOutages(duration_h=outage_h, draws=draws, first_h=first_h)
    guarded = dataclasses.replace(
        reserved(quiet, "reserve_curve", charge_kw, hours=outage_h, tiers=tiers),
        ensemble=dataclasses.replace(quiet.ensemble, outages=outages),
    )
    if not outages.starts_s(guarded.time.axis, guarded.seed):
        raise ValueError(f"outage_h(={outage_h}) after first_h(={first_h}) does not fit into {guarded.time.days} days.")
    waits = np.random.default_rng([guarded.seed, SECOND, draws]).uniform(0.0, again_h * SECONDS_PER_HOUR, draws)
    records: list[OutageRecord] = []
    for begin in range(0, draws, ROWS):
        numbers = range(begin, min(begin + ROWS, draws))
        records += _lived(compile_community(guarded, numbers), waits[begin : begin + ROWS], begin)
        if progress is not None:
            progress(numbers.stop / draws)
    curve = _curve(compile_community(quiet), outage_h, tiers)
    step_s = guarded.time.axis.step_s
    first, later = _sorted_out(records)
    table = price.table()[-1]
    return Promise(
        outage_h=outage_h,
        tiers=tiers,
        first=_kept(first, tiers, curve, step_s),
        later=_kept(later, tiers, curve, step_s),
        lost_saving_jpy=float(table["extra_jpy"]),
        guaranteed_h=float(table["guaranteed_h"]),
    )


def _lived(community: Community, wait_s: Floats, begin: int) -> list[OutageRecord]:
    """Outages of some rows, each with a second one that begins ``wait_s`` (k,) after the first is over."""
    axis, both = community.site.axis, []
    for (window,), wait in zip(community.row_outages, wait_s.tolist(), strict=True):
        # On a whole step, and never in the same: two that touch are one.
        start = window.end_s + (int(wait) // axis.step_s + 1) * axis.step_s
        second = OutageWindow(start, start + window.end_s - window.start_s)
        both.append(merge_windows([window, *([second] if second.end_s <= axis.duration_s else [])], axis))
    twice = dataclasses.replace(community, row_outages=tuple(both))
    arrays = run_community(twice, tallied=can_be_tallied(twice))
    return [dataclasses.replace(record, row=record.row + begin) for record in arrays.outages]


def _sorted_out(records: list[OutageRecord]) -> tuple[list[OutageRecord], list[OutageRecord]]:
    """The first outage of each row and cell, and all others."""
    seen: set[tuple[int, str]] = set()
    first: list[OutageRecord] = []
    later: list[OutageRecord] = []
    for record in sorted(records, key=lambda record: (record.row, record.start_s, record.cell)):
        place = (record.row, record.cell)
        (later if place in seen else first).append(record)
        seen.add(place)
    return first, later


def _kept(records: list[OutageRecord], tiers: int, curve: dict[str, Floats], step_s: int) -> Kept:
    lost = np.array([sum(record.unserved_kwh[:tiers]) for record in records])
    least = np.array([curve[record.cell][int(record.start_s) // step_s] for record in records])
    stored = np.array([record.soc_start_kwh for record in records])
    kept, above = lost <= LACKING_KWH, stored >= least
    return Kept(len(records), int(above.sum()), int(kept.sum()), int((kept & above).sum()), float(lost.sum()))


def _curve(community: Community, outage_h: float, tiers: int) -> dict[str, Floats]:
    """The curve of each cell of a community of one row, (T,) kWh stored."""
    pool, store = pool_of(community), pooled_store(community)
    load, kept = (np.add.reduce(pool.tier_load_kw[:, :, :count], axis=2) for count in (TIERS, tiers))
    sun = pool.generation_kw
    curve = reserve_curve(
        np.clip(sun, kept, np.maximum(load, kept)),
        sun,
        hours=outage_h,
        energy_kwh=store.energy_kwh[:, None],
        floor_kwh=store.floor_kwh[:, None],
        power_kw=store.power_kw[:, None],
        step_h=hours(community.site.axis.step_s),
        charge_efficiency=store.charge_efficiency[:, None],
        discharge_efficiency=store.discharge_efficiency[:, None],
    )
    return dict(zip(community.cells, curve[0], strict=True))
