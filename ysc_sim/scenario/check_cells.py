"""Cross rules of cells within the community: names, buildings, parents, and what they cannot go with."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ysc_sim.documents import suggest
from ysc_sim.errors import Problem
from ysc_sim.scenario.schema import Scenario
from ysc_sim.scenario.tree import Tree

COMMUNITY = "community"


def cells_are_a_tree(scenario: Scenario, tree: Tree) -> Iterator[Problem]:
    """Different names, parents that exist and do not lead round in a circle."""
    names = [cell.id for cell in scenario.cells]
    parent_of = {cell.id: cell.parent or COMMUNITY for cell in scenario.cells}
    for k, cell in enumerate(scenario.cells):
        if cell.id == COMMUNITY or cell.id in names[:k] or cell.id in scenario.member_ids:
            yield tree.problem("cell_name_taken", ("cells", k, "id"), {"value": cell.id})
        above, steps = cell.id, 0
        while above in parent_of and steps <= len(names):
            above, steps = parent_of[above], steps + 1
        if above != COMMUNITY:
            known = ", ".join([COMMUNITY, *names])
            suggestion = suggest(cell.parent, [COMMUNITY, *names])
            values = {"value": cell.parent, "known": known, "suggestion": suggestion}
            yield tree.problem("cell_parent_unknown", ("cells", k, "parent"), values)


def cells_hold_buildings(scenario: Scenario, tree: Tree) -> Iterator[Problem]:
    """Buildings that exist, each in one cell at most."""
    copies = {building.id: building.member_ids for building in scenario.buildings}
    known = [*copies, *(name for name in scenario.member_ids if name not in copies)]
    inside: set[str] = set()
    for k, cell in enumerate(scenario.cells):
        for j, name in enumerate(cell.buildings):
            where = ("cells", k, "buildings", j)
            if name not in known:
                values = {"value": name, "suggestion": suggest(name, known)}
                yield tree.problem("cell_building_unknown", where, values)
                continue
            members = set(copies.get(name, (name,)))
            if members & inside:
                yield tree.problem("cell_building_twice", where, {"value": name})
            inside |= members


def cells_go_with_the_rest(scenario: Scenario, tree: Tree) -> Iterator[Problem]:
    """Wires of one's own, no network inside the run, cuts of cells that exist."""
    names = {cell.id for cell in scenario.cells}
    copies = {building.id: building.member_ids for building in scenario.buildings}
    for each in (cell for cell in scenario.cells if cell.each):
        names |= {member for name in each.buildings for member in copies.get(name, (name,))}
    if scenario.island.scope == "cells" and not names:
        yield tree.problem("scope_without_cells", ("island", "scope"), {})
    if names and scenario.wires == "utility" and not scenario.islanding_agreement:
        yield tree.problem("cells_need_wires", ("cells",), {})
    for k, outage in enumerate(scenario.outages):
        cell = getattr(outage.spec, "cell", "")
        if cell and scenario.island.scope == "buildings":
            yield tree.problem("scope_without_cuts", ("outages", k, "cell"), {})
            continue
        allowed = names | ({"*"} if names else set()) | ({COMMUNITY} if names and outage.spec.fault else set())
        if cell and cell not in allowed:
            known = ", ".join(sorted(names)) or "–"
            yield tree.problem("outage_event_unknown", ("outages", k, "cell"), {"value": cell, "known": known})


def formers_exist(scenario: Scenario, tree: Tree) -> Iterator[Problem]:
    """Every store that ``island.formers`` names."""
    known = [
        f"{member}/{device.id}"
        for building in scenario.buildings
        for member in building.member_ids
        for device in building.devices
    ]
    for k, name in enumerate(scenario.island.formers):
        if name not in known:
            values = {"value": name, "known": ", ".join(known[:12]), "suggestion": suggest(name, known)}
            yield tree.problem("former_unknown", ("island", "formers", k), values)


def inverters_exist(scenario: Scenario, tree: Tree) -> Iterator[Problem]:
    """Every device that ``island.inverters`` names, each once; what its relays need to know is looked at."""
    known = [
        f"{name}/{device.id}"
        for building in scenario.buildings
        for name in (building.id, *building.member_ids)
        for device in building.devices
    ]
    seen: set[str] = set()
    for k, rules in enumerate(scenario.island.inverters):
        for j, name in enumerate(rules.devices or ("",)):
            where = ("island", "inverters", k, "devices", j) if name else ("island", "inverters", k)
            if name in seen:
                yield tree.problem("inverter_twice", where, {"value": name})
            elif name and name not in known:
                values = {"value": name, "known": ", ".join(known[:12]), "suggestion": suggest(name, known)}
                yield tree.problem("inverter_unknown", where, values)
            seen.add(name)
        for j, relay in enumerate(rules.relays):
            where = ("island", "inverters", k, "relays", j)
            of_voltage = relay.below_pu is not None or relay.above_pu is not None
            if of_voltage and scenario.power_flow != "control":
                yield tree.problem("voltage_needs_control", where, {"value": scenario.power_flow})
            elif not of_voltage and scenario.island.frequency is None:
                yield tree.problem("relay_needs_frequency", where, {})


def voltages_are_solved(scenario: Scenario, tree: Tree) -> Iterator[Problem]:
    """Voltages of islands need the network inside the run."""
    if scenario.island.voltage is not None and scenario.power_flow != "control":
        yield tree.problem("voltage_needs_control", ("island", "voltage"), {"value": scenario.power_flow})


CELL_RULES: tuple[Callable[[Scenario, Tree], Iterator[Problem]], ...] = (
    cells_are_a_tree,
    cells_hold_buildings,
    cells_go_with_the_rest,
    formers_exist,
    inverters_exist,
    voltages_are_solved,
)
