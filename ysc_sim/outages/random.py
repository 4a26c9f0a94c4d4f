"""Outages at random: a rate by month and hour, and a law for how long each lasts.

A Poisson process whose rate follows the calendar, by thinning (Lewis and Shedler, Simulation of nonhomogeneous Poisson
processes by thinning, Naval Research Logistics Quarterly 26, 1979, 403-413). Durations are log-normal, or Weibull:
Billinton and Allan, Reliability Evaluation of Engineering Systems, 2nd ed. 1992, sections 6.6 to 6.8.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import numpy as np
from annotated_types import Ge, Gt, Le, Len

from ysc_sim.contracts import OutageWindow, Site
from ysc_sim.units import SECONDS_PER_HOUR, Unit

YEAR_S = 8760.0 * SECONDS_PER_HOUR
Weight = Annotated[float, Ge(0), Le(1e6), Unit("1")]


@dataclass(frozen=True, kw_only=True)
class RandomSpec:
    """How often, and for how long."""

    per_year: Annotated[float, Ge(0), Le(10_000), Unit("1/year")]
    """Mean number of outages in a year whose months and hours have the mean weight."""
    median_h: Annotated[float, Gt(0), Le(8784), Unit("h")]
    """Median duration: half of the outages are shorter."""
    law: Literal["lognormal", "weibull"] = "lognormal"
    """Law of the durations."""
    spread: Annotated[float, Ge(0), Le(5), Unit("1")] = 1.0
    """Log-normal: standard deviation of the logarithm of the duration."""
    shape: Annotated[float, Gt(0), Le(100), Unit("1")] = 1.0
    """Weibull: shape; 1 is exponential, above it long outages become rare."""
    longest_h: Annotated[float, Gt(0), Le(8784), Unit("h")] = 8784.0
    """Longer durations are cut to this."""
    month_weights: Annotated[tuple[Weight, ...], Len(12, 12)] = (1.0,) * 12
    """Relative rate of January to December."""
    hour_weights: Annotated[tuple[Weight, ...], Len(24, 24)] = (1.0,) * 24
    """Relative rate of the hours of the day from 0."""
    name: Annotated[str, Len(1, 64)] = "random"
    """Names the draws: two models of one scenario need two names to be independent."""

    cell: Annotated[str, Len(0, 64)] = ""
    """Only the feeder of this cell is cut: it is alone, the rest goes on. ``*``: of every cell, each by draws of its
    own."""
    fault: bool = False
    """The wires of that cell themselves fail: it is dark, the cells inside it are alone."""

    def check(self) -> list[tuple[str, str, dict[str, object]]]:
        """Cross rules: (problem key, field, values)."""
        empty = [field for field in ("month_weights", "hour_weights") if not any(getattr(self, field))]
        return [("weights_all_zero", field, {}) for field in empty]


class Random:
    """Drawn anew in every row, from the row's own seed."""

    kind: ClassVar[str] = "random"
    Spec: ClassVar[type] = RandomSpec
    differs = True

    def __init__(self, spec: RandomSpec) -> None:
        self.spec = spec

    def windows(self, site: Site, row: int) -> Sequence[OutageWindow]:
        """Outages that begin on the axis, in whole seconds; the engine joins those that overlap."""
        spec, axis = self.spec, site.axis
        months, hours = np.array(spec.month_weights), np.array(spec.hour_weights)
        # Weights are relative: their means belong to the mean rate.
        highest = (months.max() / months.mean()) * (hours.max() / hours.mean())
        random = site.rows.generator(row, f"outages/{spec.name}", "starts")
        found: list[OutageWindow] = []
        t_s, rate = 0.0, spec.per_year * highest / YEAR_S
        while rate > 0.0:
            t_s += random.exponential(1.0 / rate)
            if t_s >= axis.duration_s:
                break
            kept, hours_away = random.random(), self._duration_h(random)
            moment = axis.at(math.floor(t_s))
            weight = months[moment.month - 1] / months.mean() * hours[moment.hour] / hours.mean()
            if kept * highest < weight:
                start = math.floor(t_s)
                end = start + max(1, round(hours_away * SECONDS_PER_HOUR))
                found.append(OutageWindow(start, end, 0, spec.cell, spec.fault))
        return found

    def _duration_h(self, random: np.random.Generator) -> float:
        spec = self.spec
        if spec.law == "lognormal":
            drawn = spec.median_h * math.exp(spec.spread * random.standard_normal())
        else:
            drawn = spec.median_h * float(random.weibull(spec.shape)) / math.log(2.0) ** (1.0 / spec.shape)
        return min(drawn, spec.longest_h)
