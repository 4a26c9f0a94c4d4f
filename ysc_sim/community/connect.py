"""Scenario and members → wires: the generated street, or the network of a file, with every building at its place."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from ysc_sim.community.street import street_sections
from ysc_sim.community.wires import Connection, Section, Wires
from ysc_sim.plugins import plugin
from ysc_sim.powerflow import EARTH
from ysc_sim.scenario.check_network import bus_of
from ysc_sim.scenario.network import GridFile, Street
from ysc_sim.scenario.schema import Building, Scenario
from ysc_sim.timeseries.profiles import profile_kwh_per_year, profile_names
from ysc_sim.units import Floats

if TYPE_CHECKING:
    from ysc_sim.adapters.pandapower_json import PlainNetwork

HOURS_PER_YEAR = 8760.0
LOAD_FACTOR = 0.15
"""Mean over largest demand of one building that a planner counts on (assumed)."""
UNKNOWN_KWH_PER_YEAR = 5000.0
"""Planned for a measured load whose year is not given (assumed)."""
UNKNOWN_RATED_KW = 5.0
"""Planned for a generator or a store without a rated power (assumed)."""
MOST_PORTS_IN_RUN = 150
"""Of one solve inside a run: more, and the dense product costs more than another solve."""
GENERATION = ("pv", "wind", "genset")
JAPANESE_BANDS = ((0.09, 0.12, 0.101, 0.006), (0.18, 0.24, 0.202, 0.020))
"""Nominal kV from, below; centre and half width of the statutory band in kV: 101 ± 6 V, 202 ± 20 V."""
OTHER_WIDTH = 20.0 / 202.0
"""Elsewhere the relative width of 202 ± 20 V about the nominal voltage, unless the file gives limits of its own."""


class Copy(Protocol):
    """One building after replication."""

    @property
    def id(self) -> str:
        """Its name."""
        ...

    @property
    def spec(self) -> Building:
        """What the file says of it."""
        ...


def wires_of(scenario: Scenario, members: Sequence[Copy]) -> Wires | None:
    """The wires that a power flow is asked for; None where none is. ``members`` are sorted by id."""
    network = scenario.network
    if scenario.power_flow == "off" or network is None:
        return None
    control = scenario.power_flow == "control"
    generation = np.array([_generation(member.spec)[1] for member in members])
    solar = np.array([_generation(member.spec, ("pv",))[0] for member in members])
    if isinstance(network, Street):
        connections = [_connection(network, k, member) for k, member in enumerate(members)]
        sections = street_sections(network, connections)
        together = street_sections(network, connections, most_ports=MOST_PORTS_IN_RUN) if control else ()
        note: dict[str, object] = {"key": "street_is_generated", "transformers": len(sections)}
    else:
        section, replaced = _from_file(scenario, network, members)
        sections = together = (section,)
        note = {"key": "network_from_file", "file": network.file, "replaced": replaced}
    return Wires(
        kind=network.kind,
        sections=sections,
        in_run=together,
        load_tan_phi=_tan_phi(network.load_power_factor),
        generation_tan_phi=generation,
        solar_rated_kw=solar,
        control=control,
        volt_watt_pu=network.volt_watt_pu,
        notes=(note,),
    )


def _tan_phi(power_factor: float) -> float:
    """Reactive over active power.

    >>> round(_tan_phi(0.8), 12)
    0.75
    """
    return math.sqrt(1.0 - power_factor**2) / power_factor


def _connection(street: Street, index: int, member: Copy) -> Connection:
    of = street.service_m_of
    length = of.get(member.id, of.get(member.spec.id, street.service_m))
    supply = _generation(member.spec)[0] + _stores_kw(member.spec)
    return Connection(index, member.id, _demand_kw(member.spec), supply, length)


def _demand_kw(building: Building) -> float:
    """Planned demand: yearly energy at an assumed load factor, and what chargers may draw."""
    total = 0.0
    for device in building.devices:
        spec: Any = device.spec
        energy_class = plugin("devices", device.kind).energy_class  # type: ignore[attr-defined]
        if energy_class == "load":
            kwh = getattr(spec, "load_kwh_per_year", None)
            profile = getattr(spec, "profile", "")
            own = profile_kwh_per_year(profile) if profile in profile_names() else UNKNOWN_KWH_PER_YEAR
            total += (own if kwh is None else kwh) / HOURS_PER_YEAR / LOAD_FACTOR
        elif energy_class == "ev":
            total += getattr(spec, "charge_kw", 0.0)
    return total


def _stores_kw(building: Building) -> float:
    """What stores may send out together."""
    total = 0.0
    for device in building.devices:
        spec: Any = device.spec
        energy_class = plugin("devices", device.kind).energy_class  # type: ignore[attr-defined]
        if energy_class == "battery":
            total += getattr(spec, "power_kw", None) or UNKNOWN_RATED_KW
        elif energy_class == "ev":
            total += getattr(spec, "discharge_kw", None) or 0.0
    return total


def _generation(building: Building, classes: Sequence[str] = GENERATION) -> tuple[float, float]:
    """Rated power of all generators, kW, and the reactive over active power that they take in together."""
    rated, reactive = 0.0, 0.0
    for device in building.devices:
        spec: Any = device.spec
        if plugin("devices", device.kind).energy_class not in classes:  # type: ignore[attr-defined]
            continue
        size = getattr(spec, "rated_kw", None) or UNKNOWN_RATED_KW
        rated += size
        reactive += size * _tan_phi(getattr(spec, "power_factor", 1.0))
    return rated, (reactive / rated if rated else 0.0)


def _from_file(scenario: Scenario, network: GridFile, members: Sequence[Copy]) -> tuple[Section, int]:
    """The one section of a file, and how many elements of it gave way to buildings."""
    from ysc_sim.adapters.pandapower_json import read_pandapower_json
    from ysc_sim.adapters.pandapower_plain import convert

    plain = read_pandapower_json(scenario.folder / network.file)
    buses = [_bus_of_member(plain, network, member) for member in members]
    kept = network.own_loads
    converted = convert(plain, {"replace": buses, "keep": [], "drop": plain.buses}[kept])
    count = len(plain.buses)
    place = {bus: position for position, bus in enumerate(plain.buses)}
    at = np.array([place[bus] for bus in buses], dtype=np.int64)
    to_port = np.zeros((len(members), count))
    to_port[np.arange(len(members)), at] = 1.0
    # Every bus counts for the extremes, every building's for its own limits.
    low, high = _limits(plain, converted.net.v_nominal_kv[:count])
    watched = np.concatenate([np.arange(count), at])
    building = np.concatenate([np.full(count, -1), np.arange(len(members))])
    unlimited = building < 0
    section = Section(
        net=converted.net,
        buildings=np.arange(len(members)),
        load_to_port=to_port,
        other_to_port=to_port,
        generation_port=at,
        fixed_p_kw=converted.p_kw,
        fixed_q_kvar=converted.q_kvar,
        watched=np.stack([watched, np.full(len(watched), EARTH)], axis=1),
        watched_nominal=np.ones(len(watched)),
        low_pu=np.where(unlimited, -np.inf, low[watched]),
        high_pu=np.where(unlimited, np.inf, high[watched]),
        watched_building=building,
        line_count=converted.line_count,
    )
    return section, converted.replaced


def _bus_of_member(plain: PlainNetwork, network: GridFile, member: Copy) -> int:
    said = network.buses[member.spec.id]
    bus = said[member.spec.member_ids.index(member.id)] if isinstance(said, tuple) else said
    found = bus_of(plain, bus)
    assert found is not None, "the rules have looked for every bus"
    return found


def _limits(plain: PlainNetwork, nominal_kv: Floats) -> tuple[Floats, Floats]:
    """Voltage limits of every bus, p.u.: the statutory bands at 100 and 200 V, else the file's own, else ± 9.9 %."""
    low, high = np.full(len(nominal_kv), 1.0 - OTHER_WIDTH), np.full(len(nominal_kv), 1.0 + OTHER_WIDTH)
    table = plain.tables["bus"]
    for limit, column in ((low, "min_vm_pu"), (high, "max_vm_pu")):
        for k, value in enumerate(table.get(column, ())):
            if value is not None:
                limit[k] = value
    for first, last, centre, width in JAPANESE_BANDS:
        there = (nominal_kv >= first) & (nominal_kv < last)
        low[there], high[there] = ((centre + sign * width) / nominal_kv[there] for sign in (-1.0, 1.0))
    return low, high
