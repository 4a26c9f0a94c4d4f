"""Which form of the ports suits a network and a number of rows."""

from __future__ import annotations

import numpy as np

from ysc_sim.powerflow.grid import Grid
from ysc_sim.powerflow.network import EARTH
from ysc_sim.powerflow.ports import AnyPorts, DensePorts, TreePorts
from ysc_sim.powerflow.sparse_ports import SparsePorts
from ysc_sim.units import Ints

TREE_FROM_PORTS = 45
"""Radial networks with at least this many loaded ports are swept; below, the dense product is faster
(measured)."""
TREE_FROM_PORTS_FEW = 100
"""The same for fewer than :data:`FEW_ROWS` rows, where the calls of a sweep count for more."""
FEW_ROWS = 64
SPARSE_FROM_PORTS = 1500
"""Networks that are not radial, with at least this many loaded ports: the dense product would take longer (1.5 times at
2,000 ports and few loops, measured), and memory with the square of the ports."""


def choose_form(grid: Grid, pairs: Ints, kernel: str | None, rows: int) -> AnyPorts:
    """Tree sweeps for radial networks with many loaded ports, sparse substitution for very many others, else the
    dense product; ``kernel`` overrides."""
    if kernel not in (None, "dense", "tree", "sparse", "compiled"):
        raise ValueError(f"kernel(={kernel!r}) must be 'dense', 'tree', 'sparse', 'compiled' or None.")
    kernel = None if kernel == "compiled" else kernel  # its form of the ports is that of the other results
    tree_from = TREE_FROM_PORTS_FEW if rows < FEW_ROWS else TREE_FROM_PORTS
    swept = kernel == "tree" or (kernel is None and len(pairs) >= tree_from)
    key = (kernel, swept, pairs.tobytes())
    form = grid.forms.get(key)
    if form is None:
        if len(grid.forms) >= 8:
            grid.forms.clear()
        form = grid.forms[key] = _new_form(grid, pairs, swept, kernel)
    return form


def _new_form(grid: Grid, pairs: Ints, swept: bool, kernel: str | None) -> AnyPorts:
    if swept:
        if np.all(pairs[:, 1] == EARTH) and grid.tree is not None:
            return TreePorts(grid, pairs)
        if kernel == "tree":
            raise ValueError("kernel='tree' needs a radial network with one source per island.")
    if kernel == "sparse" or (kernel is None and len(pairs) >= SPARSE_FROM_PORTS):
        return SparsePorts(grid, pairs)
    return DensePorts(grid, pairs)
