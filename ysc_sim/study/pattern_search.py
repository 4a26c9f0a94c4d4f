"""Pattern search over simulated candidates: look around the best, go there, else look closer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ysc_sim.study.candidates import Points
from ysc_sim.study.pool import Candidates
from ysc_sim.units import Floats, Ints

SAME = 1e-9
ALONG = (-2.0, -1.0, -0.5, 0.5, 1.5, 2.0, 4.0)
"""Where on the line through the best and a good neighbour is looked, in units of their distance."""
MOST_ALONG = max(abs(t) for t in ALONG)
NEIGHBOURS = 3
LEAST_SHARE = 0.1


@dataclass
class Walk:
    """One pattern search: where it stands, how wide it looks, how often it may still halve that."""

    sizes: dict[str, float]
    steps: dict[str, float]
    reach: int
    """Steps to either side that are looked at."""
    score: float
    halvings: int
    idle: int = 0
    """Rounds since the last one that gained anything that matters."""

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

    def closer(self, factor: float) -> None:
        """Make the steps smaller."""
        self.steps = {key: step / factor for key, step in self.steps.items()}

    def is_fine(self, tried: Mapping[str, Sequence[float]], share: float, of_range: float) -> bool:
        """Whether every step is below a share of its size; a size near 0 counts as a share of its range."""
        return all(
            self.steps[key] <= share * max(abs(size), of_range * (tried[key][-1] - tried[key][0]))
            for key, size in self.sizes.items()
        )

    def grid(self, variant: int, tried: Mapping[str, Sequence[float]]) -> Points:
        """All combinations of the values around."""
        values = [
            inside(size, self.steps[key], self.reach, tried[key][0], tried[key][-1], least_of(tried[key]))
            for key, size in self.sizes.items()
        ]
        mesh = np.meshgrid(*values, indexing="ij")
        return Points(variant, {key: part.ravel() for key, part in zip(self.sizes, mesh, strict=True)}, mesh[0].size)

    def line(self, table: Candidates, variant: int, scores: Floats, tried: Mapping[str, Sequence[float]]) -> Points:
        """Points on the lines through the place and its best neighbours: where the best lie along a cliff, the next."""
        near = self._near(table, variant)
        near = near[np.argsort(scores[near], kind="stable")][: NEIGHBOURS + 1]
        ways = [
            {key: float(table.sizes[key][other]) - size for key, size in self.sizes.items()}
            for other in near
            if any(table.sizes[key][other] != size for key, size in self.sizes.items())
        ]

        def put(key: str, value: float) -> float:
            return within(value, tried[key][0], tried[key][-1], least_of(tried[key]))

        found = {
            key: np.array([put(key, size + t * way[key]) for way in ways for t in ALONG])
            for key, size in self.sizes.items()
        }
        return Points(variant, found, len(ways) * len(ALONG))

    def go_on(self, table: Candidates, number: int, scores: Floats) -> None:
        """To the best of what lies around, or closer; ``number``: the variant."""
        if not self.halvings:
            return
        those = self._near(table, number, MOST_ALONG)
        best = int(those[np.argmin(scores[those])])
        if scores[best] < self.score:
            self.sizes = {key: float(table.sizes[key][best]) for key in self.sizes}
            self.score = float(scores[best])
        else:
            self.halvings -= 1
            self.closer(2.0)

    def _near(self, table: Candidates, variant: int, times: float = 1.0) -> Ints:
        """Candidates not farther than the reach (or so many times it) in any key."""
        near = table.variant == variant
        for key, size in self.sizes.items():
            near &= np.abs(table.sizes[key] - size) <= times * self.reach * self.steps[key] * (1.0 + SAME)
        return np.flatnonzero(near)


def gap(values: Sequence[float], at: float) -> float:
    """Distance from a value to the farther one of its neighbours among ``values``; 0 where there is none.

    >>> gap([0.0, 40.0, 100.0], 40.0), gap([0.0, 40.0], 0.0), gap([5.0], 5.0)
    (60.0, 40.0, 0.0)
    """
    below = [at - value for value in values if value < at]
    above = [value - at for value in values if value > at]
    return max(min(below, default=0.0), min(above, default=0.0))


def inside(at: float, step: float, reach: int, low: float, high: float, least: float = 0.0) -> list[float]:
    """A value and those up to ``reach`` steps away, inside a range; what is below ``least`` is the low end.

    >>> inside(10.0, 15.0, 1, 0.0, 100.0), inside(5.0, 0.0, 2, 5.0, 5.0), inside(2.0, 1.0, 1, 0.0, 9.0, 1.5)
    ([0.0, 10.0, 25.0], [5.0], [0.0, 2.0, 3.0])
    """
    return sorted({within(at + k * step, low, high, least) for k in range(-reach, reach + 1)})


def within(value: float, low: float, high: float, least: float) -> float:
    """A value inside a range; below ``least`` it is the low end."""
    return low if value < max(least, low) else min(value, high)


def least_of(values: Sequence[float]) -> float:
    """Smallest size that is looked at where 0 stands for a device that is not bought: a tenth of the smallest listed.

    A kilowatt-hour of a battery may pay back at once and is nothing to buy.

    >>> least_of([0.0, 40.0, 80.0]), least_of([45.0, 60.0]), least_of([0.0])
    (4.0, 45.0, 0.0)
    """
    above = [value for value in values if value > 0]
    return values[0] if values[0] > 0 or not above else LEAST_SHARE * above[0]
