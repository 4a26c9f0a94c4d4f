"""Strategies side by side, honestly: each against no control and against what no strategy can beat.

One scenario, one set of random draws, one set of values. Total cost = bill + battery wear + lost comfort + unserved
energy − (stored at the end − at the start), each at a stated value (:class:`Values`). The gap is the distance to the
bound of :mod:`ysc_sim.study.bound`, of which perfect foresight alone may be a large part.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ysc_sim.community.arrays import Community
from ysc_sim.community.compile import compile_community
from ysc_sim.engine.simulate import run_community
from ysc_sim.errors import YscError
from ysc_sim.results.arrays import RunArrays
from ysc_sim.scenario import Scenario
from ysc_sim.scenario.kinds import Chooses
from ysc_sim.study.bound import Values, bound_of
from ysc_sim.units import MJPY_PER_JPY, MWH_PER_KWH, Floats, hours

if TYPE_CHECKING:
    import pandas as pd

NO_CONTROL: Mapping[str, Any] = {"kind": "none"}
NO_CONTROL_LINE, BOUND = "no control", "bound"
DEMAND_ITEMS = ("demand", "exceedance")
PARTS = ("energy_jpy", "demand_jpy", "wear_jpy", "lost_comfort_jpy", "unserved_jpy", "stored_jpy")
NEW_PEAK_KW = 1e-3
"""Rounding of a meter is no new peak."""


class Costs(NamedTuple):
    """What a run cost, (S,) JPY each; ``stored_jpy`` is negative where more is stored at the end."""

    energy_jpy: Floats
    demand_jpy: Floats
    wear_jpy: Floats
    lost_comfort_jpy: Floats
    unserved_jpy: Floats
    stored_jpy: Floats

    @property
    def total_jpy(self) -> Floats:
        """Sum of all, (S,)."""
        return np.asarray(np.add.reduce(np.stack(self), axis=0))


def with_strategy(scenario: Scenario, strategy: Mapping[str, Any]) -> Scenario:
    """The same scenario with every building under one strategy, written as in a scenario file."""
    choice = Chooses("strategies").read(dict(strategy))
    buildings = tuple(dataclasses.replace(building, strategy=choice) for building in scenario.buildings)
    return dataclasses.replace(scenario, buildings=buildings)


def costs_of(community: Community, arrays: RunArrays, values: Values) -> Costs:
    """Bill by kind and everything beside it."""
    rows = len(arrays.seeds)
    demand = np.zeros(rows)
    for line in arrays.bills:
        if line.item in DEMAND_ITEMS:
            demand += line.amount_mjpy / MJPY_PER_JPY

    def total(name: str) -> Floats:
        found = arrays.total(name)
        return np.zeros(rows) if found is None else np.asarray(np.add.reduce(found, axis=1))

    unserved = total("unserved_kwh") - total("switched_off_kwh")
    return Costs(
        energy_jpy=arrays.community_bill_mjpy / MJPY_PER_JPY - demand,
        demand_jpy=demand,
        wear_jpy=total("battery_discharge_kwh") * values.wear_jpy_per_kwh,
        lost_comfort_jpy=total("lost_comfort_jpy"),
        unserved_jpy=unserved * values.unserved_jpy_per_kwh,
        stored_jpy=-(stored_at_end(arrays) - stored_at_start(community)) * values.stored_jpy_per_kwh,
    )


def stored_at_start(community: Community) -> Floats:
    """Energy in all stores at the start, (S,)."""
    total = np.zeros(community.rows)
    for fleet in community.fleets:
        if fleet.stores:
            total += np.add.reduce(fleet.store(fleet.start()).stored_kwh, axis=1)
    return total


def stored_at_end(arrays: RunArrays) -> Floats:
    """Energy in all stores at the end, (S,)."""
    total = np.zeros(len(arrays.seeds))
    for name in ("soc_kwh", "ev_soc_kwh"):
        if name in arrays.columns:
            total += np.add.reduce(arrays.columns[name][-1], axis=1)
    return total


def monthly_peaks_kw(community: Community, arrays: RunArrays) -> Floats:
    """Largest half-hour of each month at every meter that is billed, (M, S, g)."""
    from ysc_sim.engine.outlook import month_numbers

    shared = community.terms.shared is not None
    energy = arrays.community_import_mwh[:, :, None] if shared else arrays.import_mwh
    month = month_numbers(community)
    peaks = [np.maximum.reduce(energy[month == m], axis=0) for m in np.unique(month)]
    return np.stack(peaks) / MWH_PER_KWH / hours(arrays.axis.slot_s)


class Tried(NamedTuple):
    """One strategy's run."""

    community: Community
    arrays: RunArrays
    costs: Costs


def try_strategy(scenario: Scenario, strategy: Mapping[str, Any], values: Values) -> Tried:
    """Run a scenario under one strategy."""
    community = compile_community(with_strategy(scenario, strategy))
    arrays = run_community(community)
    return Tried(community, arrays, costs_of(community, arrays, values))


def compare_strategies(
    scenario: Scenario, strategies: Mapping[str, Mapping[str, Any]], values: Values | None = None
) -> pd.DataFrame:
    """Peak, costs, gap and new peaks of each strategy, beside no control and the bound; means over the rows.

    ``strategies``: name → strategy as in a scenario file, e.g. ``{"mpc": {"kind": "mpc"}}``. Index: ``no control``,
    the names, ``bound``. Columns: ``peak_import_kw``; ``energy_jpy`` … ``stored_jpy``, ``total_jpy``; ``gap_jpy`` and
    ``gap_percent`` to the bound; ``worst_gap_percent`` over the rows; ``new_peaks``: months, meters and rows in which
    the strategy's peak is higher than without control, by ``worst_new_peak_kw`` at most. The bound has a total only.

    Raises ``YscError`` where there is no bound, pydantic's ``ValidationError`` where a strategy is written wrongly.
    """
    import pandas as pd

    worth = Values() if values is None else values
    base = try_strategy(scenario, NO_CONTROL, worth)
    bound = bound_of(base.community, base.arrays, worth).total_jpy
    natural = monthly_peaks_kw(base.community, base.arrays)
    table = {NO_CONTROL_LINE: line_of(base, bound, natural)}
    for name, strategy in strategies.items():
        table[name] = line_of(try_strategy(scenario, strategy, worth), bound, natural)
    table[BOUND] = {"total_jpy": float(bound.mean()), "gap_jpy": 0.0, "gap_percent": 0.0}
    return pd.DataFrame.from_dict(table, orient="index").rename_axis("strategy")


def against_bound(
    scenario: Scenario, runs: Mapping[str, tuple[Scenario, RunArrays]], values: Values | None = None
) -> pd.DataFrame:
    """As :func:`compare_strategies`, of runs that are there already: name → what was run, and its arrays.

    ``scenario`` is that of the runs under any strategy; ``no control`` is added where no run is without. Where there is
    no bound its line is missing, gaps are NaN, and ``attrs["no_bound"]`` says why; new peaks are counted all the same.
    """
    import pandas as pd

    worth = Values() if values is None else values
    base = try_strategy(scenario, NO_CONTROL, worth)
    why = ""
    try:
        bound = bound_of(base.community, base.arrays, worth).total_jpy
    except YscError as error:
        bound, why = np.full(base.community.rows, np.nan), str(error)
    natural = monthly_peaks_kw(base.community, base.arrays)
    table: dict[str, dict[str, float]] = {}
    if not any(_without_control(ran) for ran, _ in runs.values()):
        table[NO_CONTROL_LINE] = line_of(base, bound, natural)
    for name, (ran, arrays) in runs.items():
        community = compile_community(ran)
        table[name] = line_of(Tried(community, arrays, costs_of(community, arrays, worth)), bound, natural)
    if not why:
        table[BOUND] = {"total_jpy": float(bound.mean()), "gap_jpy": 0.0, "gap_percent": 0.0}
    found = pd.DataFrame.from_dict(table, orient="index").rename_axis("strategy")
    found.attrs["no_bound"] = why
    return found


def _without_control(scenario: Scenario) -> bool:
    return all(building.strategy.kind == NO_CONTROL["kind"] for building in scenario.buildings)


def line_of(tried: Tried, bound_jpy: Floats, natural_kw: Floats) -> dict[str, float]:
    """Numbers of one strategy."""
    arrays, costs = tried.arrays, tried.costs
    peak = np.maximum.reduce(arrays.community_import_mwh, axis=0) / MWH_PER_KWH / hours(arrays.axis.slot_s)
    gap = costs.total_jpy - bound_jpy
    share = 100.0 * np.divide(gap, bound_jpy, out=np.full_like(gap, np.nan), where=bound_jpy > 0)
    rise = monthly_peaks_kw(tried.community, arrays) - natural_kw
    higher = rise > NEW_PEAK_KW
    return {
        "peak_import_kw": float(peak.mean()),
        **{name: float(getattr(costs, name).mean()) for name in PARTS},
        "total_jpy": float(costs.total_jpy.mean()),
        "gap_jpy": float(gap.mean()),
        "gap_percent": float(share.mean()),
        "worst_gap_percent": float(share.max()),
        "new_peaks": float(np.count_nonzero(higher)),
        "worst_new_peak_kw": float(rise[higher].max(initial=0.0)),
    }
