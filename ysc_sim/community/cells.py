"""Cells within cells: building ⊂ block ⊂ community, each behind its own switch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from ysc_sim.scenario.schema import Scenario
from ysc_sim.units import Ints

COMMUNITY_CELL = "community"


class CellTree(NamedTuple):
    """Names of the cells, parents before their children."""

    names: tuple[str, ...]
    parents: Ints
    """(c,) the cell whose wires each one's switch leads to; −1: the grid."""
    cell_of: Ints
    """(n,) the cell to whose own wires each building is joined."""


def tree_of(scenario: Scenario, ids: Sequence[str]) -> CellTree:
    """The community, and the cells that the scenario names in it; buildings of none are the community's own."""
    copies = {building.id: building.member_ids for building in scenario.buildings}
    parent_of = {cell.id: cell.parent or COMMUNITY_CELL for cell in scenario.cells}
    for cell in scenario.cells:
        if cell.each:
            parent_of |= {member: cell.id for name in cell.buildings for member in copies.get(name, (name,))}
    depth = {name: depth_of(name, parent_of) for name in parent_of}
    names = (COMMUNITY_CELL, *sorted(parent_of, key=lambda name: (depth[name], name)))
    at = {name: k for k, name in enumerate(names)}
    parents = np.array([-1, *(at[parent_of[name]] for name in names[1:])], dtype=np.int64)
    cell_of = dict.fromkeys(ids, 0)
    for cell in scenario.cells:
        for name in cell.buildings:
            for member in copies.get(name, (name,)):
                cell_of[member] = at[member if cell.each else cell.id]
    return CellTree(names, parents, np.array([cell_of[name] for name in ids], dtype=np.int64))


def depth_of(name: str, parent_of: Mapping[str, str]) -> int:
    """Steps up to the community; −1 where they lead round in a circle or to a cell that does not exist.

    >>> depth_of("a", {"a": "b", "b": "community"}), depth_of("a", {"a": "a"}), depth_of("a", {"a": "x"})
    (2, -1, -1)
    """
    steps = 0
    while name != COMMUNITY_CELL:
        if name not in parent_of or steps > len(parent_of):
            return -1
        name, steps = parent_of[name], steps + 1
    return steps
