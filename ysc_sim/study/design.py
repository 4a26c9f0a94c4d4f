"""What a sweep tries: grids, random or Sobol draws, from words such as ``tariff.contract=100,120`` and ``sobol:64``.

A list ``V1,V2,…`` holds the values themselves; commas inside brackets belong to a value. A range ``LO..HI`` is for
draws: whole numbers if both ends are written as such (``1..4``), else any number between them (``10.0..40``).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from ysc_sim.errors import Problem, ScenarioError
from ysc_sim.units import Floats

Point = dict[str, str]
"""Dotted key → value, as ``--set`` reads it."""
MOST_POINTS = 1_000_000


@dataclass(frozen=True)
class Axis:
    """One key and what it may be."""

    key: str
    values: tuple[str, ...] = ()
    low: float = 0.0
    high: float = 0.0
    whole: bool = False

    def at(self, share: float) -> str:
        """The value at ``share`` (0 ≤ share < 1) of the axis."""
        if self.values:
            return self.values[min(int(share * len(self.values)), len(self.values) - 1)]
        if self.whole:
            return str(int(self.low) + min(int(share * (self.high - self.low + 1)), int(self.high - self.low)))
        return repr(float(self.low + share * (self.high - self.low)))


def read_axes(words: Iterable[str]) -> list[Axis]:
    """``KEY=V1,V2`` and ``KEY=LO..HI`` words. Raises ``ScenarioError`` with all that are wrong.

    >>> read_axes(["a.b=1,2", "c=[1,2],[3]"])[1].values
    ('[1,2]', '[3]')
    >>> read_axes(["n=1..3"])[0].at(0.99)
    '3'
    """
    axes: list[Axis] = []
    wrong: list[Problem] = []
    for word in words:
        key, equals, said = word.partition("=")
        key = key.strip()
        values = tuple(_split(said))
        if not equals or not key or not all(values):
            wrong.append(Problem("vary_wrong", {"value": word}))
        elif any(axis.key == key for axis in axes):
            wrong.append(Problem("vary_twice", {"key": key}))
        else:
            axes.append(_range(key, values[0]) if len(values) == 1 and ".." in values[0] else Axis(key, values))
            if not axes[-1].values and not axes[-1].low <= axes[-1].high:
                wrong.append(Problem("vary_wrong", {"value": word}))
    if wrong:
        raise ScenarioError(wrong)
    return axes


def _split(text: str) -> list[str]:
    """Cut at commas outside of brackets."""
    parts, depth = [""], 0
    for letter in text:
        depth += (letter in "[{(") - (letter in "]})")
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts]


def _range(key: str, text: str) -> Axis:
    """``LO..HI``; where it is none, the text is a value like any other."""
    first, _, last = text.partition("..")
    try:
        low, high = float(first), float(last)
    except ValueError:
        return Axis(key, (text,))
    if not (math.isfinite(low) and math.isfinite(high)):
        return Axis(key, low=1.0, high=0.0)
    return Axis(key, low=low, high=high, whole=_is_whole(first) and _is_whole(last))


def _is_whole(text: str) -> bool:
    return text.strip().lstrip("+-").isdigit()


def design(axes: Sequence[Axis], sample: str | None, seed: int) -> list[Point]:
    """The points of a sweep in their order: a grid, last key fastest, or ``random:N``, ``sobol:N``.

    The same axes, sample and seed give the same points. Raises ``ScenarioError``.
    """
    if not axes:
        raise ScenarioError([Problem("vary_nothing", {})])
    if sample is None:
        ranges = [axis.key for axis in axes if not axis.values]
        if ranges:
            raise ScenarioError([Problem("vary_range_in_grid", {"key": key}) for key in ranges])
        if math.prod(len(axis.values) for axis in axes) > MOST_POINTS:
            raise ScenarioError([Problem("vary_too_many", {"limit": f"{MOST_POINTS:,}"})])
        whole = itertools.product(*(axis.values for axis in axes))
        return [dict(zip((axis.key for axis in axes), values, strict=True)) for values in whole]
    kind, _, said = sample.partition(":")
    if kind not in ("random", "sobol") or not said.isdigit() or not 1 <= int(said) <= MOST_POINTS:
        raise ScenarioError([Problem("sample_wrong", {"value": sample})])
    shares = _shares(kind, int(said), len(axes), seed)
    return [{axis.key: axis.at(float(share)) for axis, share in zip(axes, row, strict=True)} for row in shares]


def _shares(kind: str, count: int, dimensions: int, seed: int) -> Floats:
    """Points in the unit cube, (count, dimensions)."""
    words = np.random.SeedSequence([seed, 0x7377656570, dimensions])
    if kind == "random":
        return np.random.default_rng(words).random((count, dimensions))
    from scipy.stats import qmc

    engine = qmc.Sobol(dimensions, scramble=True, rng=np.random.default_rng(words))
    power = max(count - 1, 0).bit_length()
    return np.asarray(engine.random_base2(power)[:count], dtype=np.float64)
