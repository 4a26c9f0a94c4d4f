"""Cross rules about contracts: the plan is known, sells electricity, and takes what the customer says."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ysc_sim.errors import Problem, ScenarioError, TariffError
from ysc_sim.scenario.check_inputs import file_is_usable, is_file_name
from ysc_sim.scenario.schema import Scenario
from ysc_sim.scenario.schema import Tariff as Terms
from ysc_sim.scenario.tree import Path_, Tree
from ysc_sim.timeseries import TimeAxis

if TYPE_CHECKING:
    from ysc_sim.billing import Tariff


def contracts_are_possible(scenario: Scenario, tree: Tree) -> Iterator[Problem]:
    """Every contract names a plan that can be read, and fits it; plans that many share are read once."""
    plans: dict[str, Tariff | None] = {}
    for path, terms in contracts(scenario):
        if terms.plan not in plans:
            plans[terms.plan] = yield from readable_plan(scenario.folder, terms.plan, (*path, "plan"), tree)
        elif plans[terms.plan] is None:
            continue
        plan = plans[terms.plan]
        if plan is not None:
            yield from terms_fit(plan, terms, path, tree)
            yield from adjustments_fit(plan, terms, path, tree, scenario.clock())


def contracts(scenario: Scenario) -> Iterator[tuple[Path_, Terms]]:
    """The scenario's contract and those of single buildings, each with its path."""
    yield ("tariff",), scenario.tariff
    for b, building in enumerate(scenario.buildings):
        if building.tariff is not None:
            yield ("buildings", b, "tariff"), building.tariff


def plan_source(folder: Path, plan: str) -> str | Path:
    """What ``load_tariff`` takes: the name of a shipped plan, or a file in the scenario's folder."""
    return folder / plan if is_file_name(plan) else plan


def readable_plan(folder: Path, plan: str, where: Path_, tree: Tree) -> Generator[Problem, None, Tariff | None]:
    """The plan, None where it cannot be loaded; what is wrong inside a plan file has its own place there."""
    from ysc_sim.billing import load_tariff

    if is_file_name(plan):
        unusable = list(file_is_usable(folder, plan, where, tree))
        if unusable:
            yield from unusable
            return None
    try:
        return load_tariff(plan_source(folder, plan))
    except ScenarioError as error:
        for problem in error.problems:
            yield problem if problem.line else tree.problem(problem.key, where, problem.values)
    except TariffError as error:
        yield tree.problem(error.key, where, error.values)
    return None


def terms_fit(plan: Tariff, terms: Terms, path: Path_, tree: Tree) -> Iterator[Problem]:
    """The plan sells electricity, and takes such a contract; billing itself is asked, with nothing used."""
    import numpy as np

    from ysc_sim.billing import base_charge

    said = base_charge.Terms(terms.power_factor_percent, terms.contract, terms.previous_kw, None)
    try:
        plan.require_import()
    except TariffError as error:
        yield tree.problem(error.key, (*path, "plan"), error.values)
        return
    try:
        base_charge.base_charge(plan, np.zeros((1, 1)), said)
    except TariffError as error:
        where = path if terms.contract is None else (*path, "contract")
        yield tree.problem(error.key, where, error.values)


def adjustments_fit(plan: Tariff, terms: Terms, path: Path_, tree: Tree, axis: TimeAxis | None) -> Iterator[Problem]:
    """Adjustments, where any are given, cover every month of the run and the bands of the plan."""
    from ysc_sim.billing.adjustment import month_adjustments

    if axis is None or not terms.adjustments:
        return
    try:
        month_adjustments(plan, months_of(axis), dict(terms.adjustments))
    except TariffError as error:
        yield tree.problem(error.key, (*path, "adjustments"), error.values)


def months_of(axis: TimeAxis) -> list[str]:
    """Months that the axis touches.

    >>> months_of(TimeAxis.of("2026-12-30T00:00", step_s=1800, days=3))
    ['2026-12', '2027-01']
    """
    first: datetime = axis.start
    last = axis.at(axis.duration_s - 1)
    count = (last.year - first.year) * 12 + last.month - first.month + 1
    months = [divmod(first.year * 12 + first.month - 1 + k, 12) for k in range(count)]
    return [f"{year:04d}-{month + 1:02d}" for year, month in months]


TARIFF_RULES: tuple[Callable[[Scenario, Tree], Iterator[Problem]], ...] = (contracts_are_possible,)
