"""All candidates of a search in one table, batch after batch; the first is to buy nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ysc_sim.scenario.investment import Finance, OutageCost
from ysc_sim.study.candidates import Measured, Points, Variant
from ysc_sim.study.worth import worth_of
from ysc_sim.units import Floats, Ints

NOTHING = -1
"""Variant of the candidate that buys nothing."""


@dataclass
class Candidates:
    """Every candidate that has been simulated, in the order of the search."""

    variants: Sequence[Variant]
    keys: tuple[str, ...]
    base: Measured
    finance: Finance
    outage: OutageCost
    variant: Ints = field(init=False)
    """(N,); −1: nothing is bought."""
    sizes: dict[str, Floats] = field(init=False)
    """Key → (N,); NaN where the variant has no such key."""
    columns: dict[str, Floats] = field(init=False)
    """Name → (N,); of the finalists with age."""
    new_columns: dict[str, Floats] = field(init=False)
    """The same of all with new devices."""
    _measured: list[Measured] = field(init=False)

    def __post_init__(self) -> None:
        none, base = _no_variant(self.variants[0]), self.base
        nothing = worth_of(none, Points(0, {}, 1), base, base, self.finance, self.outage)
        self._measured = [Measured() for _ in self.variants]
        self.variant = np.array([NOTHING], dtype=np.int64)
        self.sizes = {key: np.zeros(1) for key in self.keys}
        self.columns = nothing.columns
        self.new_columns = {name: values.copy() for name, values in nothing.columns.items()}

    @property
    def count(self) -> int:
        """So many."""
        return len(self.variant)

    def new(self, points: Points) -> Points:
        """Those of some points that have not been simulated yet."""
        mine = np.flatnonzero(self.variant == points.variant)
        keys = list(points.sizes)
        known = {tuple(float(self.sizes[key][i]) for key in keys) for i in mine}
        fresh: list[int] = []
        for number in range(points.count):
            here = tuple(float(points.sizes[key][number]) for key in keys)
            if here not in known:
                known.add(here)
                fresh.append(number)
        return Points(points.variant, {key: values[fresh] for key, values in points.sizes.items()}, len(fresh))

    def find(self, variant: int, sizes: Mapping[str, float]) -> int:
        """Number of the candidate of a variant with exactly these sizes. Raises ``ValueError`` where there is none."""
        same = self.variant == variant
        for key, size in sizes.items():
            same &= self.sizes[key] == size
        if not same.any():
            raise ValueError(f"sizes(={dict(sizes)}) of variant {variant} were not simulated.")
        return int(np.argmax(same))

    def add(self, points: Points, measured: Measured) -> Ints:
        """Put simulated candidates behind the others; their numbers of the table, (k,)."""
        self._measured[points.variant] = self._measured[points.variant].join(measured)
        found = worth_of(self.variants[points.variant], points, measured, self.base, self.finance, self.outage)
        first = self.count
        self.variant = np.concatenate([self.variant, np.full(points.count, points.variant)])
        for key in self.keys:
            values = points.sizes.get(key, np.full(points.count, np.nan))
            self.sizes[key] = np.concatenate([self.sizes[key], values])
        for name, values in found.columns.items():
            self.columns[name] = np.concatenate([self.columns[name], values])
            self.new_columns[name] = np.concatenate([self.new_columns[name], values])
        return np.arange(first, self.count, dtype=np.int64)

    def measured_of(self, variant: int, numbers: Ints) -> Measured:
        """What came of some candidates of one variant."""
        places = np.searchsorted(np.flatnonzero(self.variant == variant), numbers)
        return self._measured[variant].take(places)

    def points_of(self, variant: int, numbers: Ints) -> Points:
        """Some candidates of one variant as points."""
        sizes = {key: self.sizes[key][numbers] for key in self.variants[variant].keys}
        return Points(variant, sizes, len(numbers))

    def put(self, numbers: Ints, columns: Mapping[str, Floats]) -> None:
        """Replace the numbers of some candidates."""
        for name, values in columns.items():
            self.columns[name][numbers] = values


def _no_variant(one: Variant) -> Variant:
    """The variant before anything is bought."""
    from ysc_sim.study.purchase import without_purchases

    return Variant(without_purchases(one.scenario), {}, ())
