"""What to buy: every candidate simulated, the grid made finer around the best, the best judged old and on unseen draws.

1. Nothing is bought: everybody alone, the year that all savings are counted from.
2. A grid of sizes for every combination of the choices, then finer grids around the best, until a step is less than a
   hundredth of a size; or, for many dimensions, Optuna's suggestions, a batch at a time. Devices are new.
3. The finalists, those that nobody beats and the best, once more with each device at the end of its life: savings
   fade between the two. The winner is the best of them.
4. Seeds that the search has not seen: what the winner costs there, and how much less the best of the finalists would
   have cost (its regret).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ysc_sim.billing import CashFlow
from ysc_sim.errors import Problem, ScenarioError
from ysc_sim.scenario import Scenario, load_scenario
from ysc_sim.scenario.investment import Finance, Sizing
from ysc_sim.study.candidates import (
    Measured,
    Points,
    Variant,
    grid,
    measure,
    numbers_of,
    quiet,
    simulate_rows,
    variants,
)
from ysc_sim.study.jury import Jury
from ysc_sim.study.pool import Candidates
from ysc_sim.study.purchase import Purchase, asset_of, outlay_jpy, purchases, without_purchases
from ysc_sim.study.refinement import refine
from ysc_sim.study.worth import FRONT_ON, beaten_by_nobody, score
from ysc_sim.study.yearly import Peaks, monthly_peaks
from ysc_sim.units import Bools, Floats, Ints

FINALISTS = 24
TRIALS_AT_ONCE = 32
SAME = 1e-9
STEPS_TO_POLISH = 9
"""Values of each key that the finer grids behind Optuna's best start from."""


@dataclass(frozen=True)
class Sized:
    """What was tried, and what came out."""

    scenario: Scenario
    sizing: Sizing
    finance: Finance
    candidates: Candidates
    front: Bools
    """Finalists that nobody beats, (N,)."""
    finalists: Ints
    winner: int
    shown: int
    """The winner; where that is to buy nothing, the best of those that buy something, whose cash flow says why not."""
    neighbours: dict[str, dict[str, int]]
    """Key → ``smaller`` and ``larger``: candidates with the list's next value for this key, all else alike."""
    flow: CashFlow
    """Of the candidate shown, (Y + 1,)."""
    base: Measured
    measured: Measured
    """The candidate shown, new."""
    aged: tuple[Measured, ...]
    """The candidate shown with each device that is bought at the end of its life."""
    unseen: dict[int, float]
    """Objective of each finalist on seeds that the search has not seen; empty: none were asked for."""
    draws_differ: bool
    """Whether seeds change anything in this scenario."""
    base_import_kw: Floats
    """Import of each building in every half-hour where nothing is bought, (K, n)."""

    @property
    def buys_nothing(self) -> bool:
        """Whether nothing that was tried is better than what is there."""
        return self.winner != self.shown

    @property
    def pays_back(self) -> bool:
        """Whether the candidate shown pays back within the study."""
        return bool(np.isfinite(self.number("payback_years")))

    def number(self, name: str) -> float:
        """One number of the candidate shown."""
        return float(self.candidates.columns[name][self.shown])

    @property
    def variant(self) -> Variant:
        """Of the candidate shown."""
        return self.candidates.variants[int(self.candidates.variant[self.shown])]

    @property
    def sizes(self) -> dict[str, float]:
        """Of the candidate shown."""
        return {key: float(self.candidates.sizes[key][self.shown]) for key in self.variant.keys}

    @property
    def bought(self) -> list[Purchase]:
        """Devices that its variant could buy."""
        return purchases(self.variant.scenario)

    @property
    def regret(self) -> float | None:
        """By how much the best finalist beats the winner on unseen seeds, in the objective's unit; None: not known."""
        if not self.unseen:
            return None
        return max(self.unseen[self.winner] - min(self.unseen.values()), 0.0)


@dataclass
class Task:
    """A search under way."""

    file: Path
    scenario: Scenario
    sizing: Sizing
    finance: Finance
    variants: list[Variant]
    candidates: Candidates
    before: Peaks
    workers: Executor | None
    told: Callable[[int], None] | None

    def simulate(self, points: Points) -> Ints:
        """Simulate those points that are new; their numbers."""
        fresh = self.candidates.new(points)
        if not fresh.count:
            return np.zeros(0, dtype=np.int64)
        measured = self.measure(points.variant, fresh.sizes, fresh.count)
        return self.candidates.add(fresh, measured)

    def measure(self, variant: int, sizes: Mapping[str, Floats], count: int) -> Measured:
        """Numbers of some sizes of a variant."""
        one, seeds = self.variants[variant], self.scenario.ensemble.seeds
        return measure(
            one, sizes, count, self.sizing.outage, self.before, seeds, workers=self.workers, progress=self.told
        )

    def scores(self) -> Floats:
        """What is to be made small, of all candidates."""
        return score(self.candidates.columns, self.sizing.objective, self.sizing.budget_jpy)


def size(
    file: str | Path,
    settings: Mapping[str, Any] | None = None,
    *,
    trials: int = 0,
    workers: Executor | None = None,
    progress: Callable[[int], None] | None = None,
) -> Sized:
    """Search what the ``size`` of a scenario file asks for; without one, the devices as they are written.

    ``trials``: so many suggestions of Optuna for each variant instead of grids. ``progress`` is told how many
    candidates are done. Raises ``ScenarioError``; ``PluginError`` where Optuna is missing.
    """
    path, overrides = Path(file), dict(settings or {})
    scenario = load_scenario(path, overrides=overrides)
    sizing, finance = scenario.size or Sizing(), scenario.finance or Finance()
    found = variants(path, overrides, sizing)
    if not any(purchases(one.scenario) for one in found):
        raise ScenarioError([Problem("size_nothing_priced", {}, path.name)])
    if not _buys(found, sizing):
        raise ScenarioError([Problem("size_all_zero", {}, path.name, field="size.vary")])
    base_scenario = quiet(without_purchases(scenario))
    seeds = scenario.ensemble.seeds
    community, arrays = simulate_rows(base_scenario, {}, seeds)
    base = numbers_of(community, arrays, sizing.outage, None, seeds)
    keys = tuple(key for key in sizing.vary if any(key in one.keys for one in found))
    candidates = Candidates(found, keys, base, finance, sizing.outage)
    task = Task(path, scenario, sizing, finance, found, candidates, monthly_peaks(arrays), workers, progress)
    for number in range(len(found)):
        _by_optuna(task, number, trials) if trials else _by_grid(task, number)
    import_kw = arrays.import_mwh[:, 0] / 1e6 * 3600 / arrays.axis.slot_s
    return _judged(task, base, import_kw)


def _buys(found: Sequence[Variant], sizing: Sizing) -> bool:
    """Whether any candidate costs anything."""
    largest = {key: np.array([max(values)]) for key, values in sizing.vary.items()}
    finance = Finance()
    return any(
        bool((outlay_jpy([asset_of(p, {k: largest[k] for k in one.keys}, 1, finance) for p in bought]) > 0).any())
        for one in found
        if (bought := purchases(one.scenario))
    )


def _by_grid(task: Task, number: int) -> None:
    """The grid of the file, then finer ones around the best of this variant."""
    one = task.variants[number]
    tried = {key: sorted(set(task.sizing.vary[key])) for key in one.keys}
    task.simulate(grid(number, one, tried))
    refine(task, number, tried)


def _by_optuna(task: Task, number: int, trials: int) -> None:
    """Suggestions of a tree-structured Parzen estimator, a batch at a time; then finer grids around the best."""
    from ysc_sim.study.suggestions import Suggestions

    one = task.variants[number]
    ranges = {key: (min(task.sizing.vary[key]), max(task.sizing.vary[key])) for key in one.keys}
    if not ranges:
        task.simulate(Points(number, {}, 1))
        return
    asked = Suggestions(ranges, task.scenario.seed)
    for first in range(0, trials, TRIALS_AT_ONCE):
        sizes = asked.ask(min(TRIALS_AT_ONCE, trials - first))
        points = Points(number, sizes, len(next(iter(sizes.values()))))
        added = task.candidates.add(points, task.measure(number, sizes, points.count))
        asked.tell(task.scores()[added])
    refine(task, number, {key: np.linspace(low, high, STEPS_TO_POLISH).tolist() for key, (low, high) in ranges.items()})


def _judged(task: Task, base: Measured, import_kw: Floats) -> Sized:
    """Finalists with age, the winner among them and its neighbours, and what unseen seeds say."""
    jury = Jury(task, base)
    jury.judge(_finalists(task))
    neighbours = jury.settle(task.sizing.vary)
    found, finalists = task.candidates, jury.finalists
    shown, winner = jury.best()
    front = np.zeros(found.count, dtype=np.bool_)
    front[finalists] = beaten_by_nobody({name: found.columns[name][finalists] for name in FRONT_ON})
    unseen, differ = _unseen(task, finalists, base)
    case = jury.cases[shown]
    return Sized(
        scenario=task.scenario,
        sizing=task.sizing,
        finance=task.finance,
        candidates=found,
        front=front,
        finalists=finalists,
        winner=winner,
        shown=shown,
        neighbours=neighbours,
        flow=case.flow,
        base=base,
        measured=case.new,
        aged=case.aged,
        unseen=unseen,
        draws_differ=differ,
        base_import_kw=import_kw,
    )


def _finalists(task: Task) -> Ints:
    """The best by the objective, and those that nobody beats, best first; to buy nothing is always among them."""
    scores = task.scores()
    order = np.argsort(scores, kind="stable")
    best = order[: FINALISTS // 2]
    kept = beaten_by_nobody(task.candidates.columns) & np.isfinite(scores)
    front = order[kept[order]]
    places = np.linspace(0, len(front) - 1, min(FINALISTS // 2, len(front))).round().astype(np.int64)
    buying = order[task.candidates.columns["purchase_jpy"][order] > 0][:1]
    return np.unique(np.concatenate([[0], best[np.isfinite(scores[best])], front[places], buying])).astype(np.int64)


def _unseen(task: Task, finalists: Ints, base: Measured) -> tuple[dict[int, float], bool]:
    """Objective of every finalist on seeds behind those of the search, and whether seeds change anything at all."""
    count, seeds = task.sizing.unseen_seeds, task.scenario.ensemble.seeds
    if not count:
        return {}, False
    first = task.scenario.seed + seeds
    other = quiet(without_purchases(task.scenario)).with_seed(first)
    community, arrays = simulate_rows(other, {}, count)
    fresh = numbers_of(community, arrays, task.sizing.outage, None, count)
    differ = abs(float(fresh.mean("energy_jpy")[0] - base.mean("energy_jpy")[0])) > SAME * max(
        1.0, abs(float(base.mean("energy_jpy")[0]))
    )
    judge = Candidates(task.variants, task.candidates.keys, fresh, task.finance, task.sizing.outage)
    numbers = [0]
    peaks = monthly_peaks(arrays)
    for number, one in enumerate(task.variants):
        mine = finalists[task.candidates.variant[finalists] == number]
        if mine.size:
            points = task.candidates.points_of(number, mine)
            moved = Variant(one.scenario.with_seed(first), one.chosen, one.keys)
            found = measure(moved, points.sizes, points.count, task.sizing.outage, peaks, count, workers=task.workers)
            judge.add(points, found)
            numbers += mine.tolist()
            differ = differ or _differs(found)
    values = score(judge.columns, task.sizing.objective, task.sizing.budget_jpy)
    return {candidate: float(value) for candidate, value in zip(numbers, values, strict=True)}, bool(differ)


def _differs(found: Measured) -> bool:
    energy = found.numbers["energy_jpy"]
    return bool((np.abs(energy - energy[:1]) > SAME * np.maximum(np.abs(energy), 1.0)).any())
