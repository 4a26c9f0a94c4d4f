"""What the devices of one scenario that name prices are worth: the cash flow of the design as it is written.

The same steps as ``ysc size`` takes for a candidate, for this one alone: a year in which nothing is bought and
everybody is alone, the year of the scenario, and each device at the end of its life; no outages in any of them. Where
the run is no whole year, or not all of that could be simulated, the savings are a rough estimate (概算), and why.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ysc_sim.errors import Problem
from ysc_sim.scenario import Scenario
from ysc_sim.scenario.investment import Finance, Sizing
from ysc_sim.scenario.varied import planners, targets
from ysc_sim.study.candidates import Measured, Points, Variant, measure, numbers_of, quiet, simulate_rows
from ysc_sim.study.jury import Jury
from ysc_sim.study.pool import Candidates
from ysc_sim.study.purchase import Purchase, purchases, without_purchases
from ysc_sim.study.rough import checked_bills, rough_of
from ysc_sim.study.size import Sized, Task
from ysc_sim.study.size_summary import devices, flow_table, numbers_at, worth_in_words
from ysc_sim.study.worth import STREAMS
from ysc_sim.study.yearly import monthly_peaks
from ysc_sim.units import Floats

STUDY = "investment"
MOST_SEEDS = 10
"""Seeds of an ensemble that are looked at, its first ones."""
MOST_AGED = 24
"""Devices that are simulated old; where there are more, savings do not fade."""
DAYS_IN_YEAR = 365.25
DAY_S = 86400.0


def investment_of(scenario: Scenario) -> dict[str, Any] | None:
    """Devices, worth and cash flow of a scenario as plain data; None where no device names a price."""
    if not purchases(scenario):
        return None
    found = invested(scenario)
    rough = rough_of(checked_bills(found.scenario, found.base_import_kw)) + tuple(roughly(scenario))
    return {
        "pays_back": found.pays_back,
        "seeds": found.scenario.ensemble.seeds,
        "shown": numbers_at(found, found.shown),
        "nothing": numbers_at(found, 0),
        "bills": {stream: [float(one.mean(stream)[0]) for one in (found.base, found.measured)] for stream in STREAMS},
        "finance": vars(found.finance).copy(),
        "devices": list(devices(found)),
        "flow": flow_table(found),
        "rough": [{"key": problem.key, "values": dict(problem.values)} for problem in rough],
        "reasons": [{"key": key, "values": values} for key, values in worth_in_words(found)],
        "keys": {},
    }


def invested(scenario: Scenario) -> Sized:
    """The design of a scenario as the only candidate, judged with age against nothing bought."""
    seeds = min(scenario.ensemble.seeds, MOST_SEEDS)
    scenario = dataclasses.replace(scenario, ensemble=dataclasses.replace(scenario.ensemble, seeds=seeds))
    sizing = Sizing(outage=(scenario.size or Sizing()).outage, unseen_seeds=0)
    finance = scenario.finance or Finance()
    if len(_fading(scenario, finance)) > MOST_AGED:
        scenario = _without_age(scenario)
    community, arrays = simulate_rows(quiet(without_purchases(scenario)), {}, seeds)
    base = numbers_of(community, arrays, sizing.outage, None, seeds)
    import_kw = arrays.import_mwh[:, 0] / 1e6 * 3600 / arrays.axis.slot_s
    design = [Variant(quiet(scenario), {}, ())]
    candidates = Candidates(design, (), base, finance, sizing.outage)
    task = _Design(
        Path(scenario.file), scenario, sizing, finance, design, candidates, monthly_peaks(arrays), None, None
    )
    mine = task.simulate(Points(0, {}, 1))
    jury = Jury(task, base)
    jury.judge(mine)
    shown = int(mine[0])
    case = jury.cases[shown]
    return Sized(
        scenario=scenario,
        sizing=sizing,
        finance=finance,
        candidates=candidates,
        front=np.zeros(candidates.count, dtype=np.bool_),
        finalists=jury.finalists,
        winner=shown,
        shown=shown,
        neighbours={},
        flow=case.flow,
        base=base,
        measured=case.new,
        aged=case.aged,
        unseen={},
        draws_differ=False,
        base_import_kw=import_kw,
    )


class _Design(Task):
    """One design, any strategy: where a strategy plans with one size of the stores, rows do not share a run."""

    def measure(self, variant: int, sizes: Mapping[str, Floats], count: int) -> Measured:
        """Numbers of some sizes of the design."""
        one = self.variants[variant]
        if not any(planners(one.scenario, {key.rpartition(".")[2] for key in sizes})) or not sizes:
            return super().measure(variant, sizes, count)
        whole = Measured()
        for row in range(count):
            alone = Variant(_resized(one.scenario, {key: float(values[row]) for key, values in sizes.items()}), {}, ())
            seeds = self.scenario.ensemble.seeds
            whole = whole.join(measure(alone, {}, 1, self.sizing.outage, self.before, seeds))
        return whole


def _resized(scenario: Scenario, sizes: Mapping[str, float]) -> Scenario:
    """The scenario with other sizes of some devices."""
    buildings = [list(building.devices) for building in scenario.buildings]
    for key, size in sizes.items():
        for target in targets(scenario, key):
            if target.device is not None:
                device = buildings[target.building][target.device]
                spec = dataclasses.replace(device.spec, **{target.field: size})
                buildings[target.building][target.device] = dataclasses.replace(device, spec=spec)
    changed = tuple(
        dataclasses.replace(building, devices=tuple(own))
        for building, own in zip(scenario.buildings, buildings, strict=True)
    )
    return dataclasses.replace(scenario, buildings=changed)


def _fading(scenario: Scenario, finance: Finance) -> list[Purchase]:
    """Devices that are bought and lose size with age."""
    return [p for p in purchases(scenario) if p.fading_field is not None and p.left_at_end(finance) < 1.0]


def _without_age(scenario: Scenario) -> Scenario:
    """The same devices, none of which fades in the cash flow."""
    buildings = tuple(
        dataclasses.replace(
            building, devices=tuple(dataclasses.replace(device, fade_per_year=0.0) for device in building.devices)
        )
        for building in scenario.buildings
    )
    return dataclasses.replace(scenario, buildings=buildings)


def roughly(scenario: Scenario) -> Iterator[Problem]:
    """Why savings of this scenario are a rough estimate, whatever its bills."""
    axis = scenario.time.axis
    days = axis.count * axis.step_s / DAY_S
    years = max(round(days / DAYS_IN_YEAR), 1)
    if abs(days - DAYS_IN_YEAR * years) > 1.0:
        yield Problem("invest_rough_days", {"days": f"{days:.4g}"}, severity="warning")
    if scenario.ensemble.vary:
        keys = ", ".join(sorted(scenario.ensemble.vary))
        yield Problem("invest_rough_varied", {"keys": keys}, severity="warning")
    if (count := len(_fading(scenario, scenario.finance or Finance()))) > MOST_AGED:
        yield Problem("invest_rough_new", {"count": count, "limit": MOST_AGED}, severity="warning")
