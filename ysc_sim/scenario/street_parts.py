"""The library of conductors and transformers that a generated street is built from: ``street_parts.yaml``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ysc_sim.documents import read_yaml


@dataclass(frozen=True, kw_only=True)
class Conductor:
    """One wire of a three-wire line."""

    name: str
    use: str
    """trunk, service, or any of both."""
    auto: bool = False
    """Whether ``auto`` may take it."""
    r_ohm_per_km: float
    x_ohm_per_km: float
    """At 50 Hz."""
    ampacity_a: float
    source: str


@dataclass(frozen=True, kw_only=True)
class Transformer:
    """A single-phase transformer 6,600 V / 210-105 V with three wires."""

    name: str
    rated_kva: float
    on_pole: bool
    r_percent: float
    x_percent: float
    """Short-circuit impedance between the outer wires, on the rating."""
    no_load_w: float
    no_load_percent: float
    """No-load current."""
    source: str


@dataclass(frozen=True)
class Library:
    """Parts by name, in the order of the file: smaller ones first."""

    conductors: Mapping[str, Conductor]
    transformers: Mapping[str, Transformer]

    def conductors_for(self, use: str) -> list[Conductor]:
        """Those that ``auto`` may take, smallest first."""
        fit = [part for part in self.conductors.values() if part.auto and part.use in (use, "any")]
        return sorted(fit, key=lambda part: part.ampacity_a)


@cache
def library() -> Library:
    """The shipped library.

    >>> library().transformers["pole_30kva"].rated_kva
    30
    """
    data = read_yaml(Path(__file__).with_suffix(".yaml")).data
    return Library(
        {name: Conductor(name=name, **said) for name, said in data["conductors"].items()},
        {name: Transformer(name=name, **said) for name, said in data["transformers"].items()},
    )
