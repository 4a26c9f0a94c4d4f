"""Arrays of a finished run → numbers with a unit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Protocol, runtime_checkable

from ysc_sim.results.arrays import RunArrays
from ysc_sim.units import Floats


@dataclass(frozen=True)
class MetricInfo:
    """What a number means: unit and which direction is better (1 more, −1 less, 0 neither)."""

    unit: str
    better: int


@dataclass(frozen=True)
class MetricValues:
    """Numbers of one metric plug-in: name → (S,) of the community, (S, n) of the buildings; absent if undefined."""

    community: Mapping[str, Floats] = field(default_factory=dict)
    buildings: Mapping[str, Floats] = field(default_factory=dict)
    infos: Mapping[str, MetricInfo] = field(default_factory=dict)
    """Names that are only known when a run is finished: those of the devices in it."""


@runtime_checkable
class Metric(Protocol):
    """Arrays of a finished run → numbers. Entry-point group ``ysc_sim.metrics``. ``__init__()``."""

    kind: ClassVar[str]
    defines: ClassVar[Mapping[str, MetricInfo]]
    """Every name it may give, with unit and better direction."""

    def compute(self, arrays: RunArrays) -> MetricValues:
        """Values per row. A value that is not available is left out; NaN is not a value."""
        ...
