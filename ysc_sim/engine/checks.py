"""The checks that always run: laws that no scenario, plug-in or rounding may break.

They look at what was recorded, before anything looks like a result. A violation is a bug, ours or a plug-in's: the
run stops with a message that names instant, row and building, and nothing is written.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from ysc_sim.community.arrays import Community
from ysc_sim.engine.settle import Meters, Trades
from ysc_sim.errors import InvariantError
from ysc_sim.units import Floats

if TYPE_CHECKING:
    from ysc_sim.engine.run import Run

TOLERANCE = 1e-9
"""Relative to the energy that flows in the interval, and absolute in kWh where less than 1 kWh flows."""
BATCH = 40_000
IN = ("import_kwh", "pv_kwh", "wind_kwh", "genset_kwh", "battery_discharge_kwh", "ev_discharge_kwh", "unserved_kwh")
OUT = ("export_kwh", "load_kwh", "battery_charge_kwh", "ev_charge_kwh")


def check_run(community: Community, run: Run, start_stored_kwh: Floats) -> Floats:
    """Accumulated |residual| of every building's meter and store, (S, n) kWh. Raises ``InvariantError``."""
    columns = run.recorder.columns
    intervals = len(columns["load_kwh"])
    each = max(1, BATCH // columns["load_kwh"][0].size)
    residual: Floats = np.zeros_like(columns["load_kwh"][0])
    stored = start_stored_kwh
    for first in range(0, intervals, each):
        part = {name: column[first : first + each] for name, column in columns.items()}
        whole = {name: column[first : first + each] for name, column in run.recorder.community.items()}
        residual, stored = check_part(community, run.record_s, part, whole, first, residual, stored)
        run.recorder.let_go(first)
    return residual


def check_part(
    community: Community,
    record_s: int,
    part: Mapping[str, Floats],
    whole: Mapping[str, Floats],
    first: int,
    residual: Floats,
    stored: Floats,
) -> tuple[Floats, Floats]:
    """Check intervals from ``first`` on, (k, S, n) and (k, S, 1); |residual| so far and what is stored at their end.

    ``residual`` and ``stored``: before them. Raises ``InvariantError``.
    """

    def refuse(key: str, value: Floats, allowed: Floats) -> None:
        wrong = ~(np.abs(value) <= allowed)
        if wrong.any():
            t, row, building = (int(i[0]) for i in np.nonzero(wrong))
            raise InvariantError(
                key,
                time=community.site.axis.at((first + t) * record_s).isoformat(),
                row=row,
                building=community.buildings[building],
                value=float(value[t, row, building]),
            )

    meter, scale = _meter_residual(part)
    refuse("balance_broken", meter, TOLERANCE * np.maximum(scale, 1.0))
    store, stored, level = _store_residual(part, stored)
    refuse("store_broken", store, TOLERANCE * np.maximum(scale + level, 1.0))
    if "unserved_kwh" in part:
        over = np.maximum(part["unserved_kwh"] - part["load_kwh"], 0.0)
        refuse("shed_more_than_demand", over, TOLERANCE * np.maximum(part["load_kwh"], 1.0))
    _check_island_import(community, record_s, whole, first)
    return running(residual, np.abs(meter) + np.abs(store)), stored


def running(total: Floats, values: Floats) -> Floats:
    """``total`` (…) with ``values`` (k, …) added one after the other, whatever the shape.

    NumPy adds a single column in pairs, several columns row by row: the last bits would depend on the number of rows.

    >>> running(np.array([1.0]), np.array([[2.0], [3.0]])).tolist()
    [6.0]
    """
    stacked = np.concatenate([total[None], values]).reshape(len(values) + 1, -1)
    alone = stacked.shape[1] == 1
    added = np.add.accumulate(stacked, axis=0)[-1] if alone else np.add.reduce(stacked, axis=0)
    return np.asarray(added.reshape(total.shape), dtype=np.float64)


def _meter_residual(part: Mapping[str, Floats]) -> tuple[Floats, Floats]:
    """Energy in − energy out of every building in every interval, and the energy that flows."""
    total = np.zeros_like(part["load_kwh"])
    scale = np.zeros_like(total)
    for names, onto in ((IN, np.add), (OUT, np.subtract)):
        for name in names:
            if name in part:
                onto(total, part[name], out=total)
                scale += part[name]
    return total, scale


def _store_residual(part: Mapping[str, Floats], before: Floats) -> tuple[Floats, Floats, Floats]:
    """Change of what is stored − what went in + what came out, was lost or driven; the level at the end; its size."""
    level = np.zeros_like(part["load_kwh"])
    moved = np.zeros_like(level)
    for name in ("soc_kwh", "ev_soc_kwh"):
        if name in part:
            level += part[name]
    for names, onto in (
        (("battery_charge_kwh", "ev_charge_kwh"), np.add),
        (("battery_discharge_kwh", "ev_discharge_kwh", "storage_loss_kwh", "ev_trip_kwh"), np.subtract),
    ):
        for name in names:
            if name in part:
                onto(moved, part[name], out=moved)
    change = np.diff(level, axis=0, prepend=before[None])
    return change - moved, level[-1], level


def _check_island_import(community: Community, record_s: int, whole: Mapping[str, Floats], first: int) -> None:
    """While the whole interval is without grid, nothing at all comes in or goes out."""
    islanded = whole["islanded_s"] >= record_s
    for name in ("import_kwh", "export_kwh"):
        wrong = islanded & (whole[name] != 0.0)
        if wrong.any():
            t, row, _ = (int(i[0]) for i in np.nonzero(wrong))
            time = community.site.axis.at((first + t) * record_s).isoformat()
            raise InvariantError("flow_while_islanded", time=time, row=row)


def check_trades(community: Community, run: Run, meters: Meters, trades: Trades) -> None:
    """What was sold was bought or lost on the way, and nobody sold or bought more than went through the meter."""
    if trades.none:
        return
    arrived = np.add.reduce(trades.bought_mwh, axis=2) + trades.loss_mwh
    unequal = (arrived != np.add.reduce(trades.sold_mwh, axis=2)) | (trades.loss_mwh < 0)
    beyond = (trades.bought_mwh > meters.import_mwh) | (trades.sold_mwh > meters.export_mwh)
    negative = (trades.bought_mwh < 0) | (trades.sold_mwh < 0)
    wrong = unequal | beyond.any(axis=2) | negative.any(axis=2)
    if wrong.any():
        slot, row = (int(i[0]) for i in np.nonzero(wrong))
        raise InvariantError("trades_broken", time=run.axis.at(slot * run.axis.slot_s).isoformat(), row=row)
