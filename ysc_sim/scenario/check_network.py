"""Cross rules about the wires: parts that the library has, a file that can be read, a bus for every building."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from ysc_sim.documents import suggest
from ysc_sim.errors import Problem, ScenarioError
from ysc_sim.scenario.check_inputs import file_is_usable
from ysc_sim.scenario.network import DEFAULT_VOLT_WATT, GridFile, Street
from ysc_sim.scenario.schema import Scenario
from ysc_sim.scenario.street_parts import library
from ysc_sim.scenario.tree import Path_, Tree

if TYPE_CHECKING:
    from ysc_sim.adapters.pandapower_json import PlainNetwork
    from ysc_sim.powerflow import Network


def network_is_solved(scenario: Scenario, tree: Tree) -> Iterator[Problem]:
    """A network that is described while no power flow is asked for is looked at in vain."""
    if scenario.network is not None and scenario.power_flow == "off":
        yield tree.problem("network_in_vain", ("network",), {}, severity="warning")


def volt_watt_acts(scenario: Scenario, tree: Tree) -> Iterator[Problem]:
    """A volt-watt curve falls with the voltage, and has a meaning only inside the run."""
    network, where = scenario.network, ("network", "volt_watt_pu")
    if network is None:
        return
    if network.volt_watt_pu[0] >= network.volt_watt_pu[1]:
        yield tree.problem("volt_watt_order", where, {"value": list(network.volt_watt_pu)})
    elif network.volt_watt_pu != DEFAULT_VOLT_WATT and scenario.power_flow == "report":
        yield tree.problem("volt_watt_in_vain", where, {}, severity="warning")


def street_can_be_built(scenario: Scenario, tree: Tree) -> Iterator[Problem]:
    """Every part is in the library; lengths are given for buildings that are there."""
    street = scenario.network
    if not isinstance(street, Street):
        return
    parts = library()
    for field, known in (
        ("transformer", parts.transformers),
        ("trunk", parts.conductors),
        ("service", parts.conductors),
    ):
        said: str = getattr(street, field)
        if said != "auto" and said not in known:
            values = {"value": said, "known": ", ".join(["auto", *known]), "suggestion": suggest(said, list(known))}
            yield tree.problem("part_unknown", ("network", field), values)
    yield from _buildings_are_there(scenario, tree, "service_m_of", list(street.service_m_of), copies=True)


def _buildings_are_there(
    scenario: Scenario, tree: Tree, field: str, names: list[str], *, copies: bool
) -> Iterator[Problem]:
    known = [building.id for building in scenario.buildings]
    more = set(scenario.member_ids) if copies else set()
    for name in names:
        if name not in known and name not in more:
            values = {"value": name, "known": ", ".join(known), "suggestion": suggest(name, [*known, *more])}
            yield tree.problem("building_unknown", ("network", field, name), values, at_key=True)


def file_can_be_used(scenario: Scenario, tree: Tree) -> Iterator[Problem]:
    """The file holds a network that can be represented, and every building has a bus in it."""
    network = scenario.network
    if not isinstance(network, GridFile):
        return
    yield from _buildings_are_there(scenario, tree, "buses", list(network.buses), copies=False)
    for number, building in enumerate(scenario.buildings):
        said = network.buses.get(building.id)
        if said is None:
            yield tree.problem("building_without_bus", ("buildings", number, "id"), {"value": building.id})
        elif isinstance(said, tuple) and len(said) != building.count:
            values = {"id": building.id, "count": len(said), "expected": building.count}
            yield tree.problem("buses_of_copies", ("network", "buses", building.id), values)
    unusable = list(file_is_usable(scenario.folder, network.file, ("network", "file"), tree))
    yield from unusable
    if not unusable:
        yield from _buses_exist(scenario, network, tree)


def _buses_exist(scenario: Scenario, network: GridFile, tree: Tree) -> Iterator[Problem]:
    from ysc_sim.adapters.pandapower_json import nearest_bus, read_pandapower_json

    try:
        plain = read_pandapower_json(scenario.folder / network.file)
    except ScenarioError as error:
        for problem in error.problems:
            yield problem if problem.line else tree.problem(problem.key, ("network", "file"), problem.values)
        return
    taken: dict[Path_, int] = {}
    for name, said in network.buses.items():
        several = isinstance(said, tuple)
        for number, bus in enumerate(said if isinstance(said, tuple) else (said,)):
            found = bus_of(plain, bus)
            where = ("network", "buses", name, number) if several else ("network", "buses", name)
            if found is None:
                near = nearest_bus(plain, bus) if isinstance(bus, str) else None
                known = ", ".join(map(str, plain.buses))
                yield tree.problem("bus_unknown", where, {"value": bus, "known": known, "suggestion": near})
            else:
                taken[where] = found
    yield from _is_representable(plain, taken, tree)


def bus_of(plain: PlainNetwork, said: int | str) -> int | None:
    """Index of the bus that is meant by an index or a name; None where there is none."""
    if isinstance(said, str):
        return plain.bus_names.get(said)
    return said if said in plain.buses else None


def _is_representable(plain: PlainNetwork, taken: dict[Path_, int], tree: Tree) -> Iterator[Problem]:
    from ysc_sim.adapters.pandapower_plain import convert

    try:
        net = convert(plain, taken.values()).net
    except ImportError:
        yield tree.problem("pandapower_missing", ("network", "kind"), {})
    except (ValueError, KeyError, TypeError, IndexError) as error:
        yield tree.problem("network_not_representable", ("network", "file"), {"reason": str(error)})
    else:
        yield from _is_reached(net, plain, taken, tree)


def _is_reached(net: Network, plain: PlainNetwork, taken: dict[Path_, int], tree: Tree) -> Iterator[Problem]:
    """A building's bus has a path to a source; without one its voltage is nobody's."""
    from ysc_sim.powerflow.grid import compiled

    slots = compiled(net, net.switch_closed).topology.slot
    for where, bus in taken.items():
        if slots[plain.buses.index(bus)] < 0:
            yield tree.problem("bus_cut_off", where, {"value": bus, "id": where[2]})


NETWORK_RULES: tuple[Callable[[Scenario, Tree], Iterator[Problem]], ...] = (
    network_is_solved,
    volt_watt_acts,
    street_can_be_built,
    file_can_be_used,
)
