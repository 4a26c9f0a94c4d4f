"""A generated low-voltage street (低圧配電線): pole transformers, single-phase three-wire lines, services.

Buildings stand along the street in the order of their ids, ``buildings_per_pole`` at each pole. As many as one
transformer may serve, and can carry, form a section; its transformer hangs on the middle pole, behind a high voltage
that is held. Wires 1 and 2 are the outer ones, n is the middle one, earthed at the transformer. The three wires of a
line have one impedance z each and are far enough apart alike, so that with currents that add up to zero each drops z·i.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from ysc_sim.community.street_plan import Plan, plans_of
from ysc_sim.community.wires import Connection, Section
from ysc_sim.powerflow import Network, Wiring
from ysc_sim.scenario.network import Street
from ysc_sim.units import Floats

HIGH = "high voltage"
"""Name of the bus at the other side of the transformer; no building can be called so."""
HIGH_V = 6600.0
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


def street_sections(spec: Street, connections: Sequence[Connection], *, most_ports: int = 0) -> tuple[Section, ...]:
    """The sections of a street with these buildings, in their order: one for each transformer, or several together
    while they have no more than ``most_ports`` ports.
    """
    return tuple(_section(spec, plans) for plans in _together(plans_of(spec, connections), most_ports))


def _together(plans: Iterator[Plan], most_ports: int) -> Iterator[list[Plan]]:
    part: list[Plan] = []
    for plan in plans:
        if part and sum(len(one.group) for one in [*part, plan]) * len(PAIRS) > most_ports:
            yield part
            part = []
        part.append(plan)
    yield part


def _section(spec: Street, plans: Sequence[Plan]) -> Section:
    """The network and where its buildings are."""
    lines = sum(1 for plan in plans for _ in plan.lines())
    net = _drawn(spec, plans)
    homes = [connection for plan in plans for connection in plan.group]
    load, other = _shares(spec, homes)
    inner = np.arange(1, net.bus_count)
    poles = sum(plan.poles for plan in plans)
    at_building = np.repeat(np.where(inner > poles, inner - 1 - poles, -1), len(PAIRS))
    relative = np.tile([width / centre for centre, width in (LIMITS_V[0], *LIMITS_V)], len(inner))
    width = np.where(at_building >= 0, relative, np.inf)
    return Section(
        net=net,
        buildings=np.array([connection.index for connection in homes], dtype=np.int64),
        load_to_port=load,
        other_to_port=other,
        generation_port=len(PAIRS) * np.arange(len(homes)) + 2,
        fixed_p_kw=np.zeros(len(net.ports)),
        fixed_q_kvar=np.zeros(len(net.ports)),
        watched=np.asarray((inner[:, None, None] * net.conductors + PLACES).reshape(-1, 2), dtype=np.int64),
        watched_nominal=np.tile(PAIR_NOMINAL, len(inner)),
        low_pu=1.0 - width,
        high_pu=1.0 + width,
        watched_building=at_building,
        line_count=lines,
    )


def _drawn(spec: Street, plans: Sequence[Plan]) -> Network:
    """Buses: high voltage, poles, buildings; branches: lines, then transformers."""
    wiring = Wiring(base_kva=BASE_KVA)
    wiring.bus(HIGH, "ab", base_v=HIGH_V / 2.0)
    wiring.source(HIGH, volts=spec.supply_v / 2.0, degrees=(0, 180))
    homes = [connection.name for plan in plans for connection in plan.group]
    for name in [*(pole for plan in plans for pole in plan.pole_names), *homes]:
        wiring.bus(name, CONDUCTORS, base_v=NOMINAL_V)
    for name, start, end, part in (line for plan in plans for line in plan.lines()):
        rated_a = part.runs * part.conductor.ampacity_a
        wiring.line(start, end, CONDUCTORS, np.eye(len(CONDUCTORS)) * part.z_ohm, rated_a=rated_a, name=name)
    for plan in plans:
        unit, units = plan.transformer, plan.units
        apparent_va = unit.no_load_percent / 100.0 * unit.rated_kva * 1000.0
        wiring.pole_transformer(
            HIGH,
            plan.pole_names[plan.middle],
            rated_kva=units * unit.rated_kva,
            r_percent=unit.r_percent,
            x_percent=unit.x_percent,
            high_v=spec.tap_v,
            iron_loss_w=units * unit.no_load_w,
            magnetising_var=units * math.sqrt(max(apparent_va**2 - unit.no_load_w**2, 0.0)),
            name=plan.transformer_name,
        )
    for home in homes:
        for pair in PAIRS:
            wiring.port(home, *pair)
    return wiring.network()


def _shares(spec: Street, homes: Sequence[Connection]) -> tuple[Floats, Floats]:
    """Demand on 100 V circuits of either side, and between the outer wires; everything else between those."""
    count = len(homes)
    load, other = np.zeros((count, 3 * count)), np.zeros((count, 3 * count))
    for j, connection in enumerate(homes):
        tilt = spec.imbalance / 2.0 * (1 if connection.index % 2 == 0 else -1)
        load[j, 3 * j : 3 * j + 3] = spec.share_100v * (0.5 + tilt), spec.share_100v * (0.5 - tilt), 1 - spec.share_100v
        other[j, 3 * j + 2] = 1.0
    return load, other
