"""Plain tables → pandapower network → arrays: the way of a file that was read by :mod:`.pandapower_json`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from ysc_sim.adapters.pandapower_json import PlainNetwork
from ysc_sim.adapters.pandapower_tables import TABLES, Kind
from ysc_sim.powerflow import Network
from ysc_sim.units import Floats

EMPTY: dict[Kind, Any] = {"text": None, "true": False, "whole": 0, "number": float("nan")}
DEFAULTS = {"df": 1.0, "parallel": 1, "scaling": 1.0, "step": 1.0, "va_degree": 0.0, "slack_weight": 1.0}
ZERO_IF_UNSAID = ("c_nf_per_km", "g_us_per_km", "shift_degree", "shift_mv_degree", "shift_lv_degree", "z_ohm",
                  "gf_pu", "bf_pu", "gt_pu", "bt_pu", "const_z_p_percent", "const_i_p_percent", "const_z_q_percent",
                  "const_i_q_percent", "q_mvar")  # fmt: skip
INJECTING = ("load", "sgen", "storage", "motor", "asymmetric_load", "asymmetric_sgen")
"""Tables of what uses or feeds in power and could stand for a building."""


class Converted(NamedTuple):
    """A network as arrays, with the constant powers of what stays in it; buses in the order of ``plain.buses``."""

    net: Network
    p_kw: Floats
    q_kvar: Floats
    """(n_bus,) > 0 injects: the file's own loads and generators at buses without a building."""
    line_count: int
    """Branches before this one are lines, the others transformers."""
    replaced: int
    """Elements of the file that gave way to buildings."""


def to_pandapower(plain: PlainNetwork) -> Any:
    """A pandapower network of the tables, every column with the type that pandapower gives it."""
    import pandapower as pp
    import pandas as pd

    net = pp.create_empty_network(f_hz=plain.frequency_hz)
    for name, columns in plain.tables.items():
        index = pd.Index(plain.index[name], dtype="int64")
        types = net[name].dtypes
        made = {column: _filled(column, TABLES[name][column], values) for column, values in columns.items()}
        for column in types.index:
            if column not in made:
                kind = TABLES[name].get(column)
                made[column] = [_unsaid(column, kind, str(types[column]))] * len(index)
        frame = pd.DataFrame(made, index=index)
        net[name] = frame.astype({column: types[column] for column in types.index if column in frame})
    net.user_pf_options = dict(plain.options)
    return net


def _filled(column: str, kind: Kind, values: list[Any]) -> list[Any]:
    unsaid = _unsaid(column, kind, "")
    return [unsaid if value is None else value for value in values]


def _unsaid(column: str, kind: Kind | None, type_name: str) -> Any:
    """What pandapower takes where nothing is said."""
    if column in DEFAULTS:
        return DEFAULTS[column]
    if column in ZERO_IF_UNSAID:
        return 0.0
    if kind is None:
        return {"object": None, "bool": False, "Int64": None, "float64": float("nan")}.get(type_name, 0)
    return EMPTY[kind]


def convert(plain: PlainNetwork, with_building: Iterable[int] = ()) -> Converted:
    """The arrays of a network. What the file itself has at a bus of ``with_building`` gives way to the building.

    Raises ``UnrepresentableElementError`` (a ``ValueError``) for an element without a counterpart, ``ImportError``
    where pandapower is not installed.
    """
    from ysc_sim.adapters.pandapower import injections_from_pandapower, network_from_pandapower

    grid = to_pandapower(plain)
    taken, replaced = set(with_building), 0
    for name in INJECTING:
        gone = grid[name].bus.isin(taken)
        replaced += int((gone & grid[name].in_service).sum())
        grid[name] = grid[name][~gone]
    p_kw, q_kvar = injections_from_pandapower(grid)
    return Converted(network_from_pandapower(grid), p_kw, q_kvar, len(grid.line), replaced)
