"""A generated low-voltage street (低圧配電線): pole transformers, single-phase three-wire lines, services.

Buildings stand along the street in the order of their ids, ``buildings_per_pole`` at each pole. As many as one
transformer may serve, and can carry, form a section; its transformer hangs on the middle pole.

*Lines*: three wires a, n, b of one impedance z each, far enough apart alike, so that with currents that add up to zero
each drops z·i (mutual inductance cancels in the loops).

*Transformer*: a voltage held behind the centre-tapped winding model of Kersting [1]_: with R + jX the short-circuit
impedance between the outer wires on the rating, Z0 = R/2 + j0.8·X is common to both halves (primary winding), Z1 = Z2 =
R + j0.4·X belong to each (interlaced secondary windings), all on the base of one half, (105 V)²/rating; current in both
halves alike then meets exactly 4·(R + jX) of that base. Iron losses and magnetising current are a shunt between the
outer wires. The middle wire is earthed at the transformer only.

.. [1] W. H. Kersting, *Distribution System Modeling and Analysis*, 3rd ed., CRC Press 2012, section 11.2
   (centre-tapped single-phase transformers).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ysc_sim.community.wires import Connection, Section, planned_kw
from ysc_sim.powerflow import Network
from ysc_sim.powerflow.network import Complexes
from ysc_sim.scenario.network import Street
from ysc_sim.scenario.street_parts import Conductor, Transformer, library
from ysc_sim.units import Floats, Ints

HALF_V, WHOLE_V = 105.0, 210.0
"""No-load voltages of a transformer at its tap."""
NOMINAL_V = 101.0
"""Base of the voltage to the middle wire: the centre of the statutory band."""
LIMITS_V = ((101.0, 6.0), (202.0, 20.0))
"""101 ± 6 V and 202 ± 20 V at the point of supply (電気事業法施行規則 Article 38)."""
BASE_KVA = 10.0
EARTH_OHM = 30.0
"""Earthing of the middle wire at the transformer (B種接地); one earth alone carries no current."""
A, N, B = 0, 1, 2
SOURCE, WIRES = 0, 3
PAIRS = np.array([[A, N], [N, B], [A, B]])
"""Between which wires something is connected, or a voltage is watched."""
PAIR_NOMINAL = np.array([1.0, 1.0, LIMITS_V[1][0] / LIMITS_V[0][0]])
LARGEST_ON_POLE_KVA = 100.0
LOOPS = np.array([[1.0, 0.0], [-1.0, 1.0], [0.0, -1.0]])
"""Node currents a, n, b of the two loops a → n and n → b."""


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
    def admittance_s(self) -> complex:
        """Of one wire."""
        per_km = complex(self.conductor.r_ohm_per_km, self.conductor.x_ohm_per_km)
        return self.runs / (per_km * self.length_m / 1000.0)


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
        z_base = NOMINAL_V**2 / (BASE_KVA * 1000.0)
        base_ka = BASE_KVA / NOMINAL_V  # kVA over V
        legs = [_series(np.diag([part.admittance_s * z_base] * WIRES)) for _, _, part in lines]
        legs.append(_series(self._winding_s() * z_base))
        buses = 1 + self.poles + len(self.group)
        rated_ka = self.units * self.transformer.rated_kva / WHOLE_V
        limits_ka = [part.runs * part.conductor.ampacity_a / 1000.0 for _, _, part in lines] + [rated_ka]
        shunts = np.zeros((buses, WIRES, WIRES), dtype=np.complex128)
        shunts[1 + self.middle] = self._shunt_s() * z_base
        no_load = HALF_V / NOMINAL_V * self.spec.supply_v / self.spec.tap_v
        net = Network(
            v_nominal_kv=np.full(buses, NOMINAL_V / 1000.0 * math.sqrt(3.0)),
            conductors=WIRES,
            phases=WIRES,
            base_kva=BASE_KVA,
            leg_bus=np.array([ends for _, ends, _ in lines] + [(SOURCE, 1 + self.middle)]),
            leg_y_pu=np.array(legs),
            leg_current_ka_per_pu=np.full((len(legs), 2), base_ka),
            leg_loading_percent_per_pu=np.repeat((100.0 * base_ka / np.array(limits_ka))[:, None], 2, axis=1),
            branch_names=(*(name for name, _, _ in lines), self._transformer_name()),
            shunt_y_pu=shunts,
            ports=self._ports(),
            port_v_pu=np.tile(PAIR_NOMINAL, len(self.group)),
            source_bus=np.array([SOURCE]),
            source_v_pu=np.array([[no_load, 0.0, -no_load]], dtype=np.complex128),
        )
        load, other = self._shares()
        inner = np.arange(1, buses)
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
            watched=(inner[:, None, None] * WIRES + PAIRS).reshape(-1, 2),
            watched_nominal=np.tile(PAIR_NOMINAL, len(inner)),
            low_pu=1.0 - width,
            high_pu=1.0 + width,
            watched_building=at_building,
            line_count=len(lines),
        )

    def _transformer_name(self) -> str:
        many = f"{self.units} x " if self.units > 1 else ""
        return f"transformer {self.pole + self.middle}: {many}{self.transformer.name}"

    def _winding_s(self) -> Complexes:
        """(3, 3) admittance of the winding model."""
        part = self.transformer
        base_ohm = HALF_V**2 / (self.units * part.rated_kva * 1000.0)
        r, x = part.r_percent / 100.0, part.x_percent / 100.0
        common, own = (r / 2.0 + 0.8j * x) * base_ohm, (r + 0.4j * x) * base_ohm
        loops = np.linalg.inv(np.array([[own + common, common], [common, own + common]]))
        return np.asarray(LOOPS @ loops @ LOOPS.T, dtype=np.complex128)

    def _shunt_s(self) -> Complexes:
        """Iron losses and magnetising current between the outer wires, and the earth of the middle one."""
        part = self.transformer
        current = part.no_load_percent / 100.0 * part.rated_kva * 1000.0
        reactive = math.sqrt(max(current**2 - part.no_load_w**2, 0.0))
        y = self.units * complex(part.no_load_w, -reactive) / WHOLE_V**2
        answer = np.zeros((WIRES, WIRES), dtype=np.complex128)
        answer[np.ix_((A, B), (A, B))] = y * np.array([[1, -1], [-1, 1]])
        answer[N, N] = 1.0 / EARTH_OHM
        return answer

    def _ports(self) -> Ints:
        """Of every building: a-n, n-b, a-b. A positive power of n-b enters at n and leaves at b."""
        entry = (1 + self.poles + np.arange(len(self.group))) * WIRES
        return np.asarray((entry[:, None, None] + PAIRS).reshape(-1, 2), dtype=np.int64)

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


def _series(y: Complexes) -> Complexes:
    """(6, 6) of a leg with series admittance ``y`` (3, 3)."""
    return np.block([[y, -y], [-y, y]])
