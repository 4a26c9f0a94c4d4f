"""Pattern search over simulated candidates: look around the best, go there, else look closer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ysc_sim.study.pool import Candidates
from ysc_sim.units import Floats

SAME = 1e-9


@dataclass
class Walk:
    """One pattern search: where it stands, how wide it looks, how often it may still halve that."""

    sizes: dict[str, float]
    steps: dict[str, float]
    reach: int
    """Steps to either side that are looked at."""
    score: float
    halvings: int

    @classmethod
    def at(
        cls,
        table: Candidates,
        start: int,
        tried: Mapping[str, Sequence[float]],
        reach: int,
        score: float,
        halvings: int,
    ) -> Walk:
        """From one candidate, looking as far as its neighbours on the grid."""
        sizes = {key: float(table.sizes[key][start]) for key in tried}
        steps = {key: gap(tried[key], size) / (reach + 1) for key, size in sizes.items()}
        return cls(sizes, steps, reach, score, halvings)

    def around(self, tried: Mapping[str, Sequence[float]]) -> dict[str, list[float]]:
        """Values to look at."""
        return {
            key: inside(size, self.steps[key], self.reach, tried[key][0], tried[key][-1])
            for key, size in self.sizes.items()
        }

    def go_on(self, table: Candidates, number: int, scores: Floats) -> None:
        """To the best of what lies around, or closer; ``number``: the variant."""
        if not self.halvings:
            return
        near = table.variant == number
        for key, size in self.sizes.items():
            near &= np.abs(table.sizes[key] - size) <= self.reach * self.steps[key] * (1.0 + SAME)
        those = np.flatnonzero(near)
        best = int(those[np.argmin(scores[those])])
        if scores[best] < self.score:
            self.sizes = {key: float(table.sizes[key][best]) for key in self.sizes}
            self.score = float(scores[best])
        else:
            self.halvings -= 1
            self.steps = {key: step / 2.0 for key, step in self.steps.items()}


def gap(values: Sequence[float], at: float) -> float:
    """Distance from a value to the farther one of its neighbours among ``values``; 0 where there is none.

    >>> gap([0.0, 40.0, 100.0], 40.0), gap([0.0, 40.0], 0.0), gap([5.0], 5.0)
    (60.0, 40.0, 0.0)
    """
    below = [at - value for value in values if value < at]
    above = [value - at for value in values if value > at]
    return max(min(below, default=0.0), min(above, default=0.0))


def inside(at: float, step: float, reach: int, low: float, high: float) -> list[float]:
    """A value and those up to ``reach`` steps away, inside a range.

    >>> inside(10.0, 15.0, 1, 0.0, 100.0), inside(5.0, 0.0, 2, 5.0, 5.0)
    ([0.0, 10.0, 25.0], [5.0])
    """
    return sorted({min(max(at + k * step, low), high) for k in range(-reach, reach + 1)})
