"""A generated low-voltage street (低圧配電線): pole transformers, single-phase three-wire lines, services.

Buildings stand along the street in the order of their ids, ``buildings_per_pole`` at each pole. As many as one
transformer may serve, and can carry, form a section; its transformer hangs on the middle pole, behind a high voltage
that is held. Wires 1 and 2 are the outer ones, n is the middle one, earthed at the transformer. The three wires of a
line have one impedance z each and are far enough apart alike, so that with currents that add up to zero each drops z·i.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ysc_sim.community.wires import Connection, Section, planned_kw
from ysc_sim.powerflow import Network, Wiring
from ysc_sim.scenario.network import Street
from ysc_sim.scenario.street_parts import Conductor, Transformer, library
from ysc_sim.units import Floats

HIGH = "high voltage"
"""Name of the bus at the other side of the transformer; no building can be called so."""
HIGH_V, WHOLE_V = 6600.0, 210.0
NOMINAL_V = 101.0
"""Base of the voltage to the middle wire: the centre of the statutory band."""
LIMITS_V = ((101.0, 6.0), (202.0, 20.0))
"""101 ± 6 V and 202 ± 20 V at the point of supply (電気事業法施行規則 Article 38)."""
BASE_KVA = 10.0
CONDUCTORS = "12n"
PAIRS = (("1", "n"), ("n", "2"), ("1", "2"))
"""Between which wires something is connected, or a voltage is watched."""
PLACES = np.array([[CONDUCTORS.index(letter) for letter in pair] for pair in PAIRS])
PAIR_NOMINAL = np.array([1.0, 1.0, LIMITS_V[1][0] / LIMITS_V[0][0]])
LARGEST_ON_POLE_KVA = 100.0


def street_sections(spec: Street, connections: Sequence[Connection]) -> tuple[Section, ...]:
    """The sections of a street with these buildings, in their order."""
    answer, first, first_pole = [], 0, 1
    for group in _groups(spec, connections):
        plan = _Plan(spec, group, first, first_pole)
        answer.append(plan.section())
        first, first_pole = first + len(group), first_pole + plan.poles
    return tuple(answer)


def _groups(spec: Street, connections: Sequence[Connection]) -> Iterator[list[Connection]]:
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
class _Part:
    """A conductor, ``runs`` of it side by side, and its length."""

    conductor: Conductor
    runs: int
    length_m: float

    @property
    def z_ohm(self) -> complex:
        """Of one wire."""
        per_km = complex(self.conductor.r_ohm_per_km, self.conductor.x_ohm_per_km)
        return per_km * self.length_m / 1000.0 / self.runs


class _Plan:
    """One transformer and what it serves; ``first`` buildings stand before them, its poles count from ``pole``."""

    def __init__(self, spec: Street, group: Sequence[Connection], first: int, pole: int) -> None:
        self.spec, self.group, self.first, self.pole = spec, group, first, pole
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

    def _wire(self, said: str, use: str, length_m: float, carried_kw: float) -> _Part:
        parts = library()
        if said != "auto":
            return _Part(parts.conductors[said], 1, length_m)
        needed = carried_kw / self.spec.load_power_factor / WHOLE_V * 1000.0
        usual = parts.conductors_for(use)
        fit = next((part for part in usual if part.ampacity_a >= needed), None)
        return _Part(fit, 1, length_m) if fit else _Part(usual[-1], math.ceil(needed / usual[-1].ampacity_a), length_m)

    def _lines(self) -> Iterator[tuple[str, tuple[int, int], _Part]]:
        """Name, buses and make of every line: the trunk away from the transformer, then the services."""
        places = list(zip(self.group, self.pole_of.tolist(), strict=True))
        beyond = [[home for home, pole in places if self._passes(k, pole)] for k in range(self.poles - 1)]
        heaviest = max((planned_kw(homes) for homes in beyond), default=0.0)
        trunk = self._wire(self.spec.trunk, "trunk", self.spec.pole_spacing_m, heaviest)
        for k in range(self.poles - 1):
            ends = (1 + k, 2 + k) if k >= self.middle else (2 + k, 1 + k)
            yield f"trunk {self.pole + k}-{self.pole + k + 1}", ends, trunk
        for j, connection in enumerate(self.group):
            wire = self._wire(self.spec.service, "service", connection.service_m, connection.planned_kw)
            yield f"service {connection.name}", (1 + int(self.pole_of[j]), 1 + self.poles + j), wire

    def _passes(self, k: int, pole: int) -> bool:
        """Whether the power of a pole flows between poles k and k + 1."""
        return pole > k if k >= self.middle else pole <= k

    def section(self) -> Section:
        """The network and where its buildings are."""
        lines = list(self._lines())
        net = self._drawn(lines)
        load, other = self._shares()
        inner = np.arange(1, net.bus_count)
        at_building = np.repeat(np.where(inner > self.poles, inner - 1 - self.poles, -1), len(PAIRS))
        relative = np.tile([width / centre for centre, width in (LIMITS_V[0], *LIMITS_V)], len(inner))
        width = np.where(at_building >= 0, relative, np.inf)
        return Section(
            net=net,
            buildings=np.array([connection.index for connection in self.group], dtype=np.int64),
            load_to_port=load,
            other_to_port=other,
            generation_port=3 * np.arange(len(self.group)) + 2,
            fixed_p_kw=np.zeros(len(net.ports)),
            fixed_q_kvar=np.zeros(len(net.ports)),
            watched=np.asarray((inner[:, None, None] * net.conductors + PLACES).reshape(-1, 2), dtype=np.int64),
            watched_nominal=np.tile(PAIR_NOMINAL, len(inner)),
            low_pu=1.0 - width,
            high_pu=1.0 + width,
            watched_building=at_building,
            line_count=len(lines),
        )

    def _drawn(self, lines: Sequence[tuple[str, tuple[int, int], _Part]]) -> Network:
        """High voltage, poles, buildings; then lines, and the transformer last."""
        wiring = Wiring(base_kva=BASE_KVA)
        wiring.bus(HIGH, "ab", base_v=HIGH_V / 2.0)
        names = [f"pole {self.pole + k}" for k in range(self.poles)]
        names += [connection.name for connection in self.group]
        for name in names:
            wiring.bus(name, CONDUCTORS, base_v=NOMINAL_V)
        wiring.source(HIGH, volts=self.spec.supply_v / 2.0, degrees=(0, 180))
        for name, (start, end), part in lines:
            z = np.eye(len(CONDUCTORS)) * part.z_ohm
            rated_a = part.runs * part.conductor.ampacity_a
            wiring.line(names[start - 1], names[end - 1], CONDUCTORS, z, rated_a=rated_a, name=name)
        unit, apparent = self.transformer, self.transformer.no_load_percent * self.transformer.rated_kva * 10.0
        wiring.pole_transformer(
            HIGH,
            names[self.middle],
            rated_kva=self.units * unit.rated_kva,
            r_percent=unit.r_percent,
            x_percent=unit.x_percent,
            high_v=self.spec.tap_v,
            iron_loss_w=self.units * unit.no_load_w,
            magnetising_var=self.units * math.sqrt(max(apparent**2 - unit.no_load_w**2, 0.0)),
            name=self._transformer_name(),
        )
        for connection in self.group:
            for pair in PAIRS:
                wiring.port(connection.name, *pair)
        return wiring.network()

    def _transformer_name(self) -> str:
        many = f"{self.units} x " if self.units > 1 else ""
        return f"transformer {self.pole + self.middle}: {many}{self.transformer.name}"

    def _shares(self) -> tuple[Floats, Floats]:
        """Demand on 100 V circuits of either side, and between the outer wires; everything else between those."""
        count = len(self.group)
        load, other = np.zeros((count, 3 * count)), np.zeros((count, 3 * count))
        for j in range(count):
            tilt = self.spec.imbalance / 2.0 * (1 if (self.first + j) % 2 == 0 else -1)
            on_100v = self.spec.share_100v
            load[j, 3 * j : 3 * j + 3] = on_100v * (0.5 + tilt), on_100v * (0.5 - tilt), 1.0 - on_100v
            other[j, 3 * j + 2] = 1.0
        return load, other
