"""What a planner decides about a generated street: who shares a transformer, and which parts carry what is planned."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ysc_sim.community.wires import Connection, planned_kw
from ysc_sim.scenario.network import Street
from ysc_sim.scenario.street_parts import Conductor, Transformer, library

WHOLE_V = 210.0
"""Between the outer wires, without load."""
LARGEST_ON_POLE_KVA = 100.0


def plans_of(spec: Street, connections: Sequence[Connection]) -> Iterator[Plan]:
    """The transformers of a street with these buildings, in their order."""
    pole = 1
    for group in groups_of(spec, connections):
        plan = Plan(spec, group, pole)
        pole += plan.poles
        yield plan


def groups_of(spec: Street, connections: Sequence[Connection]) -> Iterator[list[Connection]]:
    """Consecutive buildings that share a transformer: not too many, and no more than the largest on a pole carries."""
    group: list[Connection] = []
    for connection in connections:
        full = len(group) == spec.buildings_per_transformer
        heavy = spec.transformer == "auto" and planned_kw([*group, connection]) > LARGEST_ON_POLE_KVA
        if group and (full or heavy):
            yield group
            group = []
        group.append(connection)
    if group:
        yield group


@dataclass(frozen=True)
class Part:
    """A conductor, ``runs`` of it side by side, and its length."""

    conductor: Conductor
    runs: int
    length_m: float

    @property
    def z_ohm(self) -> complex:
        """Of one wire."""
        per_km = complex(self.conductor.r_ohm_per_km, self.conductor.x_ohm_per_km)
        return per_km * self.length_m / 1000.0 / self.runs


class Plan:
    """One transformer and what it serves; its poles count from ``pole`` on."""

    def __init__(self, spec: Street, group: Sequence[Connection], pole: int) -> None:
        self.spec, self.group, self.pole = spec, group, pole
        count = len(group)
        self.pole_of = np.arange(count) // spec.buildings_per_pole
        self.poles = int(self.pole_of[-1]) + 1
        self.middle = (self.poles - 1) // 2
        self.transformer, self.units = self._transformer()

    def _transformer(self) -> tuple[Transformer, int]:
        """The transformer, and how many of it stand side by side."""
        known = library().transformers
        if self.spec.transformer != "auto":
            return known[self.spec.transformer], 1
        needed = planned_kw(self.group) / self.spec.load_power_factor
        by_size = sorted(known.values(), key=lambda part: part.rated_kva)
        fit = next((part for part in by_size if part.rated_kva >= needed), None)
        return (fit, 1) if fit else (by_size[-1], math.ceil(needed / by_size[-1].rated_kva))

    def _wire(self, said: str, use: str, length_m: float, carried_kw: float) -> Part:
        parts = library()
        if said != "auto":
            return Part(parts.conductors[said], 1, length_m)
        needed = carried_kw / self.spec.load_power_factor / WHOLE_V * 1000.0
        usual = parts.conductors_for(use)
        fit = next((part for part in usual if part.ampacity_a >= needed), None)
        return Part(fit, 1, length_m) if fit else Part(usual[-1], math.ceil(needed / usual[-1].ampacity_a), length_m)

    @property
    def pole_names(self) -> list[str]:
        """Names of its poles; no building can be called so."""
        return [f"pole {self.pole + k}" for k in range(self.poles)]

    def lines(self) -> Iterator[tuple[str, str, str, Part]]:
        """Name, start, end and make of every line: the trunk away from the transformer, then the services."""
        poles = self.pole_names
        places = list(zip(self.group, self.pole_of.tolist(), strict=True))
        beyond = [[home for home, pole in places if self._passes(k, pole)] for k in range(self.poles - 1)]
        heaviest = max((planned_kw(homes) for homes in beyond), default=0.0)
        trunk = self._wire(self.spec.trunk, "trunk", self.spec.pole_spacing_m, heaviest)
        for k in range(self.poles - 1):
            start, end = poles[k : k + 2] if k >= self.middle else poles[k : k + 2][::-1]
            yield f"trunk {self.pole + k}-{self.pole + k + 1}", start, end, trunk
        for j, connection in enumerate(self.group):
            wire = self._wire(self.spec.service, "service", connection.service_m, connection.planned_kw)
            yield f"service {connection.name}", poles[self.pole_of[j]], connection.name, wire

    def _passes(self, k: int, pole: int) -> bool:
        """Whether the power of a pole flows between poles k and k + 1."""
        return pole > k if k >= self.middle else pole <= k

    @property
    def transformer_name(self) -> str:
        """Its place, its number and its kind."""
        many = f"{self.units} x " if self.units > 1 else ""
        return f"transformer {self.pole + self.middle}: {many}{self.transformer.name}"
