"""Runs held against a baseline: every number, how far it is away, whether that is more than chance, what caused it.

Rows of ensembles that were drawn from the same seed share every random draw, so that their differences are paired:
what weather and people do stands on both sides and falls out. Ensembles of other seeds are compared as independent
samples. Where the 95 % interval of the difference holds zero, no difference is shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from ysc_sim.results import Results
from ysc_sim.study.compare import compare, distinct
from ysc_sim.study.inputs import InputDifference, input_differences
from ysc_sim.study.rows import row_values
from ysc_sim.study.student import independent_interval, paired_interval
from ysc_sim.units import Floats

if TYPE_CHECKING:
    import pandas as pd

KEY_METRICS = (
    "bill_jpy",
    "peak_import_kw",
    "contract_kw",
    "self_sufficiency_ratio",
    "self_consumption_ratio",
    "unserved_kwh_tier1",
    "unserved_kwh",
    "served_outage_ratio",
    "battery_wear_jpy",
    "co2_kg",
)
"""What a verdict speaks of."""
NOISE = 1e-7
"""Relative; meters count whole milliwatt-hours, which moves a number by no more than this."""
SUFFIXES = ("_p05", "_p95")


class Pairing(Enum):
    """How rows of two runs belong together."""

    PAIRED = "paired"
    """Same seed, same clock: every draw is common."""
    INDEPENDENT = "independent"
    """Ensembles of other seeds."""
    SINGLE = "single"
    """One row: a difference without an interval."""
    OTHER_TIME = "other_time"
    """Other days or steps: numbers stand side by side, and no more."""


class Outcome(Enum):
    """What a difference says."""

    BETTER = "better"
    WORSE = "worse"
    HIGHER = "higher"
    LOWER = "lower"
    EQUAL = "equal"
    NOT_SHOWN = "not_shown"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Difference:
    """One number of a run less that of the baseline."""

    metric: str
    unit: str
    base: float
    value: float
    outcome: Outcome
    interval: tuple[float, float] | None = None
    """Of the difference, 95 %; None without rows."""
    rows: int = 1

    @property
    def difference(self) -> float:
        """Value less base."""
        return self.value - self.base

    @property
    def percent(self) -> float | None:
        """In percent of the base; None where that is 0."""
        return 100 * self.difference / abs(self.base) if self.base else None


class Comparison:
    """Runs against the first of them. Raises ``ValueError`` for fewer than two."""

    def __init__(self, results: Sequence[Results], names: Sequence[str] | None = None) -> None:
        if len(results) < 2:
            raise ValueError(f"{len(results)} runs cannot be compared; at least 2 are needed.")
        given = [str(r.manifest["scenario"]["name"]) for r in results] if names is None else list(names)
        self.results = list(results)
        self.names = distinct(given)

    @cached_property
    def table(self) -> pd.DataFrame:
        """Metric × run, as :func:`ysc_sim.compare` gives it."""
        return compare(self.results, self.names)

    @cached_property
    def inputs(self) -> list[InputDifference]:
        """What differs in the scenarios."""
        return input_differences([result.scenario_yaml for result in self.results])

    def pairing(self, run: int) -> Pairing:
        """How the rows of a run and of the baseline belong together."""
        first, other = (result.manifest for result in (self.results[0], self.results[run]))
        clock = ("start", "count", "step_s")
        if any(first.get("time", {}).get(key) != other.get("time", {}).get(key) for key in clock):
            return Pairing.OTHER_TIME
        rows = (int(first.get("rows", 1)), int(other.get("rows", 1)))
        if rows[0] == rows[1] > 1 and first.get("seed") == other.get("seed"):
            return Pairing.PAIRED
        return Pairing.INDEPENDENT if min(rows) > 1 else Pairing.SINGLE

    @cached_property
    def rows(self) -> list[dict[str, Floats]]:
        """Values of the rows of each run."""
        return [row_values(result) for result in self.results]

    def differences(self, run: int) -> list[Difference]:
        """Every number that the run and the baseline have, those of the verdict first."""
        base, other = (self.results[k].metrics["community"] for k in (0, run))
        units = {**self.results[0].metrics["units"], **self.results[run].metrics["units"]}
        names = [name for name in base if name in other and not _is_band(name, base)]
        order = {name: place for place, name in enumerate(KEY_METRICS)}
        names.sort(key=lambda name: (order.get(name, len(order)), name))
        return [self._difference(run, name, units.get(name, ""), base[name], other[name]) for name in names]

    def _difference(self, run: int, name: str, unit: str, base: float, value: float) -> Difference:
        pairing = self.pairing(run)
        better = int(self.results[0].manifest.get("better", {}).get(name, 0))
        first, second = self.rows[0].get(name), self.rows[run].get(name)
        if pairing is Pairing.OTHER_TIME:
            return Difference(name, unit, base, value, Outcome.UNKNOWN)
        if pairing is Pairing.SINGLE:
            return Difference(name, unit, base, value, _outcome(value - base, None, better, base))
        if first is None or second is None:
            outcome = Outcome.EQUAL if abs(value - base) <= _noise(base) else Outcome.UNKNOWN
            return Difference(name, unit, base, value, outcome)
        paired = pairing is Pairing.PAIRED
        interval = paired_interval(second - first) if paired else independent_interval(first, second)
        count = min(len(first), len(second))
        return Difference(name, unit, base, value, _outcome(value - base, interval, better, base), interval, count)

    def verdict(self, run: int) -> list[Difference]:
        """What a verdict speaks of: the numbers that most ask for, where they are there."""
        return [difference for difference in self.differences(run) if difference.metric in KEY_METRICS]


def _is_band(name: str, known: dict[str, float]) -> bool:
    """Whether a number is the 5 % or 95 % line of another one."""
    return name.endswith(SUFFIXES) and name[:-4] in known


def _noise(base: float) -> float:
    """What floating point and the rounding of meters may make of equal numbers."""
    return NOISE * max(1.0, abs(base))


def _outcome(difference: float, interval: tuple[float, float] | None, better: int, base: float = 0.0) -> Outcome:
    """What a difference says; ``better``: 1 more is better, −1 less is, 0 nobody knows.

    >>> _outcome(-5.0, (-8.0, -2.0), -1).value, _outcome(-5.0, (-12.0, 2.0), -1).value, _outcome(0.0, None, 1).value
    ('better', 'not_shown', 'equal')
    """
    reach = max(abs(difference), *(abs(end) for end in interval)) if interval else abs(difference)
    if reach <= _noise(base):
        return Outcome.EQUAL
    if interval is not None and interval[0] <= 0 <= interval[1]:
        return Outcome.NOT_SHOWN
    if not better:
        return Outcome.HIGHER if difference > 0 else Outcome.LOWER
    return Outcome.BETTER if np.sign(difference) == np.sign(better) else Outcome.WORSE
