"""What stands in the tables of a pandapower network and cannot be worked with, named by table and index."""

from __future__ import annotations

from typing import Any

import numpy as np

from ysc_sim.adapters.pandapower_tables import BUS_COLUMNS, REQUIRED
from ysc_sim.adapters.unrepresentable import UnrepresentableElementError
from ysc_sim.units import Bools

CHARACTERISTICS = (
    ("trafo", "tap_dependency_table", "trafo_characteristic_table"),
    ("trafo3w", "tap_dependency_table", "trafo_characteristic_table"),
    ("shunt", "step_dependency_table", "shunt_characteristic_table"),
)
"""Table, the column that asks for a characteristic, and the table in which that is looked up."""


def refuse_values(pp_net: Any) -> None:
    """:class:`UnrepresentableElementError` for the first value in service that means nothing."""
    for name, required in REQUIRED.items():
        table = pp_net[name]
        if not len(table):
            continue
        for column in (column for column in BUS_COLUMNS if column in table):
            _name_first(name, table, ~table[column].isin(pp_net.bus.index).to_numpy(bool), column, "there is no bus {}")
        for column in required.split():
            if column in table and table[column].dtype.kind in "fc":
                _name_first(name, table, ~np.isfinite(table[column].to_numpy()), column, "{} is no number")
    _refuse_shares(pp_net.load)
    _refuse_unfounded_characteristics(pp_net)
    _refuse_legs_without_reactance(pp_net.trafo3w)


def _name_first(name: str, table: Any, wrong: Bools, column: str, said: str) -> None:
    on = table.in_service.to_numpy(bool) if "in_service" in table and name != "bus" else True
    rows = np.flatnonzero(wrong & on)
    if len(rows):
        value = table[column].iloc[rows[0]]
        raise UnrepresentableElementError(f"{name} {table.index[rows[0]]} has {column}: {said.format(value)}.")


def _refuse_shares(load: Any) -> None:
    for axis in "pq":
        columns = [f"const_{kind}_{axis}_percent" for kind in "zi"]
        if set(columns) <= set(load):
            rows = np.flatnonzero(load[columns].sum(axis=1).to_numpy(float) > 100)
            if len(rows):
                raise UnrepresentableElementError(f"load {load.index[rows[0]]} has {' and '.join(columns)} above 100.")


def _refuse_unfounded_characteristics(pp_net: Any) -> None:
    for name, column, where in CHARACTERISTICS:
        table = pp_net[name]
        if column not in table or where in pp_net:
            continue
        asked = np.flatnonzero((table[column].fillna(False).astype(bool) & table.in_service.astype(bool)).to_numpy())
        if len(asked):
            raise UnrepresentableElementError(f"{name} {table.index[asked[0]]} has {column}, but there is no {where}.")


def _refuse_legs_without_reactance(table: Any) -> None:
    """Of the star that stands for a three-winding transformer: pandapower cannot turn such a one to admittances."""
    if not len(table):
        return
    vk, vkr, sn = (
        np.stack([table[kind.format(side)].to_numpy(float) for side in ("hv", "mv", "lv")])
        for kind in ("vk_{}_percent", "vkr_{}_percent", "sn_{}_mva")
    )
    with np.errstate(invalid="ignore"):
        x = np.sqrt(vk**2 - vkr**2) / np.minimum(sn, sn[[1, 2, 0]])
    hv_mv, mv_lv, lv_hv = x
    legs = np.stack([hv_mv + lv_hv - mv_lv, hv_mv + mv_lv - lv_hv, mv_lv + lv_hv - hv_mv])
    rows = np.flatnonzero(~(np.abs(legs) > 1e-12 * np.abs(x).max(axis=0)).all(axis=0))
    rows = rows[table.in_service.to_numpy(bool)[rows]]
    if len(rows):
        raise UnrepresentableElementError(
            f"trafo3w {table.index[rows[0]]} has vk_*_percent and vkr_*_percent that leave one of its windings without "
            f"reactance of its own."
        )
