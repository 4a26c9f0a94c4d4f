"""Finalists judged with age: each with its devices new and with every one of them at the end of its life.

The best of them is then held against its neighbours on the lists of the file, judged alike, so that what is said of "a
size more" or "a size less" stands on the same footing as the choice; a neighbour that is better becomes the choice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ysc_sim.billing import CashFlow
from ysc_sim.scenario.investment import Finance
from ysc_sim.study.candidates import Measured, Points, Variant
from ysc_sim.study.pool import Candidates
from ysc_sim.study.purchase import purchases
from ysc_sim.study.worth import worth_of
from ysc_sim.units import Floats, Ints

MOST_MOVES = 4
"""How often a neighbour may become the choice."""
NEAR = 0.02
"""A listed value nearer than this share of the list's range is no neighbour."""


class Task(Protocol):
    """What a jury asks of the search."""

    variants: list[Variant]
    candidates: Candidates
    finance: Finance

    def simulate(self, points: Points) -> Ints:
        """Simulate those points that are new; their numbers."""

    def measure(self, variant: int, sizes: Mapping[str, Floats], count: int) -> Measured:
        """Numbers of some sizes of a variant."""

    def scores(self) -> Floats:
        """What is to be made small, of all candidates."""


@dataclass(frozen=True)
class Case:
    """One finalist as judged."""

    flow: CashFlow
    """(Y + 1,)"""
    new: Measured
    aged: tuple[Measured, ...]
    """With each device that its variant can buy at the end of its life."""


class Jury:
    """Judges candidates and keeps the cases."""

    def __init__(self, task: Task, base: Measured) -> None:
        self.task, self.base = task, base
        self.cases: dict[int, Case] = {}

    @property
    def finalists(self) -> Ints:
        """All that were judged, in the order of the search; to buy nothing among them."""
        return np.array(sorted({0, *self.cases}), dtype=np.int64)

    def judge(self, candidates: Ints) -> None:
        """Simulate candidates old and put what they are worth then into the table."""
        table, task = self.task.candidates, self.task
        for number, one in enumerate(task.variants):
            mine = candidates[table.variant[candidates] == number]
            mine = np.array([k for k in mine if int(k) not in self.cases], dtype=np.int64)
            if not mine.size:
                continue
            points, new = table.points_of(number, mine), table.measured_of(number, mine)
            aged = _aged(task, number, points, new)
            worth = worth_of(one, points, new, self.base, task.finance, table.outage, aged)
            table.put(mine, worth.columns)
            for k, candidate in enumerate(mine):
                place = slice(k, k + 1)
                case = Case(row_of(worth.flow, k), new.take(place), tuple(old.take(place) for old in aged))
                self.cases[int(candidate)] = case

    def best(self) -> tuple[int, int]:
        """The best finalist that buys something, and the winner, which may be to buy nothing."""
        table, finalists, scores = self.task.candidates, self.finalists, self.task.scores()
        winner = int(finalists[np.argmin(scores[finalists])])
        buying = finalists[table.columns["purchase_jpy"][finalists] > 0]
        shown = int(buying[np.argmin(scores[buying])])
        return shown, shown if scores[shown] <= scores[winner] else winner

    def settle(self, vary: Mapping[str, Sequence[float]]) -> dict[str, dict[str, int]]:
        """Judge the neighbours of the best until none is better; the neighbours of the last best."""
        for _ in range(MOST_MOVES):
            shown, _ = self.best()
            found = self._neighbours(shown, vary)
            self.judge(np.array([k for sides in found.values() for k in sides.values()], dtype=np.int64))
            if self.best()[0] == shown:
                return found
        return {}

    def _neighbours(self, shown: int, vary: Mapping[str, Sequence[float]]) -> dict[str, dict[str, int]]:
        """Candidates that differ from one in one key alone: the next values of the file's list, simulated if new."""
        table = self.task.candidates
        variant = int(table.variant[shown])
        here = {key: float(table.sizes[key][shown]) for key in self.task.variants[variant].keys}
        wanted: dict[str, dict[str, dict[str, float]]] = {}
        for key, at in here.items():
            values = sorted(set(vary[key]))
            far = NEAR * (values[-1] - values[0])
            below = [value for value in values if value < at and at - value > far]
            above = [value for value in values if value > at and value - at > far]
            sides = {"smaller": below[-1:], "larger": above[:1]}
            wanted[key] = {side: {**here, key: one[0]} for side, one in sides.items() if one}
        points = [sizes for sides in wanted.values() for sizes in sides.values()]
        if points:
            columns = {key: np.array([sizes[key] for sizes in points]) for key in here}
            self.task.simulate(Points(variant, columns, len(points)))
        return {
            key: {side: table.find(variant, sizes) for side, sizes in sides.items()} for key, sides in wanted.items()
        }


def _aged(task: Task, number: int, points: Points, new: Measured) -> tuple[Measured, ...]:
    """The candidates with each device in turn at the end of its life, all of them in one batch."""
    bought = purchases(task.variants[number].scenario)
    fading = [(purchase, left) for purchase in bought if (left := purchase.left_at_end(task.finance)) < 1.0]
    fading = [(purchase, left) for purchase, left in fading if purchase.fading_field is not None]
    if not fading:
        return (new,) * len(bought)
    keys = {key: np.tile(values, len(fading)) for key, values in points.sizes.items()}
    for place, (purchase, left) in enumerate(fading):
        field = purchase.fading_field or ""
        key, spec = purchase.key(field), purchase.device.spec
        keys.setdefault(key, np.full(points.count * len(fading), float(getattr(spec, field) or 0.0)))
        keys[key][place * points.count : (place + 1) * points.count] *= left
    old = task.measure(number, keys, points.count * len(fading))
    names = [purchase.name for purchase, _ in fading]
    return tuple(
        old.take(slice(names.index(p.name) * points.count, (names.index(p.name) + 1) * points.count))
        if p.name in names
        else new
        for p in bought
    )


def row_of(flow: CashFlow, k: int) -> CashFlow:
    """One candidate's cash flow, (Y + 1,)."""

    def pick(values: Floats) -> Floats:
        return np.asarray(values if values.ndim == 1 else values[k])

    return CashFlow(pick(flow.outlay_jpy), pick(flow.maintenance_jpy), pick(flow.saving_jpy), pick(flow.discount_rate))
