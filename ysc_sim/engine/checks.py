"""The checks that always run: laws that no scenario, plug-in or rounding may break.

They look at what was recorded, before anything looks like a result. A violation is a bug, ours or a plug-in's: the
run stops with a message that names instant, row and building, and nothing is written.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from ysc_sim.community.arrays import Community
from ysc_sim.engine.settle import Meters, Trades, parts_of
from ysc_sim.errors import InvariantError
from ysc_sim.results.arrays import added
from ysc_sim.results.recorder import Recorder
from ysc_sim.units import Floats

if TYPE_CHECKING:
    from ysc_sim.engine.run import Run

TOLERANCE = 1e-9
"""Relative to the energy that flows in the interval, and absolute in kWh where less than 1 kWh flows."""
IN = ("import_kwh", "pv_kwh", "wind_kwh", "genset_kwh", "battery_discharge_kwh", "ev_discharge_kwh", "unserved_kwh")
OUT = ("export_kwh", "load_kwh", "battery_charge_kwh", "ev_charge_kwh")


class Audit:
    """Checks what is recorded while the run goes on, interval by interval."""

    def __init__(self, community: Community, record_s: int, recorder: Recorder, stored_kwh: Floats) -> None:
        """``stored_kwh`` (S, n) before anything moves."""
        self._community, self._record_s, self._recorder = community, record_s, recorder
        self._next, self._stored_kwh = 0, stored_kwh
        self.residual_kwh: Floats = np.zeros(stored_kwh.shape)
        """Accumulated |residual| of every building's meter and store so far."""

    def upto(self, interval: int) -> None:
        """Check all intervals before ``interval``, which are whole. Raises ``InvariantError``."""
        recorder = self._recorder
        for piece in parts_of(interval - self._next, self.residual_kwh.size):
            first, last = self._next + piece.start, self._next + piece.stop
            part = {name: column[first:last] for name, column in recorder.columns.items()}
            whole = {name: column[first:last] for name, column in recorder.community.items()}
            self.residual_kwh, self._stored_kwh = check_part(
                self._community, self._record_s, part, whole, first, self.residual_kwh, self._stored_kwh
            )
            recorder.let_go(first)
        self._next = max(interval, self._next)


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

    meter = _meter_residual(part)
    store, stored_after, level = _store_residual(part, stored)
    gone, lost = np.abs(meter), np.abs(store)
    # What is allowed is never less than that: more need hardly ever be looked at.
    if not gone.max(initial=0.0) <= TOLERANCE:
        refuse("balance_broken", meter, TOLERANCE * np.maximum(_flowing(part), 1.0))
    if not lost.max(initial=0.0) <= TOLERANCE:
        refuse("store_broken", store, TOLERANCE * np.maximum(_flowing(part) + level, 1.0))
    if "unserved_kwh" in part:
        over = np.maximum(part["unserved_kwh"] - part["load_kwh"], 0.0)
        refuse("shed_more_than_demand", over, TOLERANCE * np.maximum(part["load_kwh"], 1.0))
    _check_island_import(community, record_s, whole, first)
    gone += lost
    gone[0] += residual
    return added(gone), stored_after


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


def _meter_residual(part: Mapping[str, Floats]) -> Floats:
    """Energy in − energy out of every building in every interval."""
    total = np.zeros_like(part["load_kwh"])
    for names, onto in ((IN, np.add), (OUT, np.subtract)):
        for name in names:
            if name in part:
                onto(total, part[name], out=total)
    return total


def _flowing(part: Mapping[str, Floats]) -> Floats:
    """Energy that flows in and out of every building in every interval."""
    scale = np.zeros_like(part["load_kwh"])
    for name in (*IN, *OUT):
        if name in part:
            scale += part[name]
    return scale


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
    for some in parts_of(len(trades.slots), trades.bought_mwh[0].size if len(trades.slots) else 1):
        slots = trades.slots[some]
        bought, sold, lost = trades.bought_mwh[slots], trades.sold_mwh[slots], trades.loss_mwh[slots]
        arrived = np.add.reduce(bought, axis=2) + lost
        unequal = (arrived != np.add.reduce(sold, axis=2)) | (lost < 0)
        beyond = (bought > meters.import_mwh[slots]) | (sold > meters.export_mwh[slots])
        negative = (bought < 0) | (sold < 0)
        wrong = unequal | (beyond | negative).any(axis=2)
        if wrong.any():
            slot, row = (int(i[0]) for i in np.nonzero(wrong))
            time = run.axis.at(int(slots[slot]) * run.axis.slot_s).isoformat()
            raise InvariantError("trades_broken", time=time, row=row)
        for held in (meters.held, trades.held):
            held.let_go(int(slots[0]))
