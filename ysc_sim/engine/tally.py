"""What is kept of a run whose course of time is not: sums, and what outages need to know of it.

The recorder then holds a few intervals only; when they are full they are checked like those of any run, added up and
forgotten. Sums run in the order of time one after the other, so that they do not depend on how many rows there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from ysc_sim.community.arrays import Community, State
from ysc_sim.engine.checks import check_part, running
from ysc_sim.engine.settle import BATCH
from ysc_sim.results.arrays import Course, share_lost, share_lost_together
from ysc_sim.units import EMPTY_KWH, Floats

WINDOW = 32
"""Recorded intervals that are held."""
LEVELS = ("soc_kwh", "ev_soc_kwh")
"""Columns of which the last value counts, not the sum."""


class Tally:
    """Sums of the columns (S, n), and the course of outages."""

    def __init__(self, community: Community, record_s: int) -> None:
        shape = (community.rows, len(community.buildings))
        self.community, self.record_s = community, record_s
        self.columns: dict[str, Floats] = {}
        self.whole: dict[str, Floats] = {}
        self.residual_kwh, self.stored_kwh = np.zeros(shape), np.zeros(shape)
        self._demand, self._lacking, self._lost = (np.zeros(shape) for _ in range(3))
        self._lost_together, self._dark_s = np.zeros(shape[0]), np.zeros(shape[0])
        intervals = -(-community.site.axis.duration_s // record_s)
        self._shed = np.zeros((intervals, community.rows), dtype=np.bool_)
        self._spells: list[Floats] = [np.zeros((4, 0))]

    def begin(self, state: State, columns: Iterable[str]) -> None:
        """Note what is stored before anything moves, and which ``columns`` there are."""
        self.stored_kwh = stored_kwh(self.community, state)
        self.columns = {name: np.zeros_like(self.residual_kwh) for name in columns}

    def take(self, first: int, part: Mapping[str, Floats], whole: Mapping[str, Floats]) -> None:
        """Check and add up intervals from ``first`` on: columns (k, S, n) and those of the community (k, S, 1).

        A column that is missing in ``part`` holds nothing but zeros.
        """
        count, each = len(whole["islanded_s"]), max(1, BATCH // self.residual_kwh.size)
        for at in range(0, count, each):
            some = slice(at, min(at + each, count))
            columns, community = ({name: column[some] for name, column in held.items()} for held in (part, whole))
            self._take(first + at, columns, community)

    def _take(self, first: int, part: Mapping[str, Floats], whole: Mapping[str, Floats]) -> None:
        self.residual_kwh, self.stored_kwh = check_part(
            self.community, self.record_s, part, whole, first, self.residual_kwh, self.stored_kwh
        )
        for names, values in ((self.columns, part), (self.whole, whole)):
            for name, column in values.items():
                before = names.get(name, np.zeros(column.shape[1:]))
                names[name] = column[-1].copy() if name in LEVELS else running(before, column)
        if "unserved_kwh" not in part:
            return
        away = whole["islanded_s"] / self.record_s
        if away.any():
            self._demand = running(self._demand, part["load_kwh"] * away)
        self._lost = running(self._lost, share_lost(part["unserved_kwh"], part["load_kwh"]))
        together = share_lost_together(part["unserved_kwh"], part["load_kwh"])
        self._lost_together = running(self._lost_together, together)
        lacking = part["unserved_kwh"] - part.get("switched_off_kwh", 0.0)
        if lacking.any():
            self._lacking = running(self._lacking, lacking)
            self._shed[first : first + len(lacking)] = np.add.reduce(lacking, axis=2) > EMPTY_KWH
        if "interrupted_s" not in part:
            return
        self._dark_s = running(self._dark_s, part["interrupted_s"].max(axis=2))
        spells = np.nonzero(part["interrupted_s"])
        if spells[0].size:
            self._spells.append(np.array([spells[0] + first, *spells[1:], part["interrupted_s"][spells]]))

    def follow(self, trunk: Tally) -> None:
        """Stand where a run of one row without outages stands."""
        rows = self.community.rows
        self.columns = {name: np.repeat(total, rows, axis=0) for name, total in trunk.columns.items()}
        self.whole = {name: np.repeat(total, rows, axis=0) for name, total in trunk.whole.items()}
        self.residual_kwh = np.repeat(trunk.residual_kwh, rows, axis=0)
        self.stored_kwh = np.repeat(trunk.stored_kwh, rows, axis=0)
        self._lacking, self._lost, self._lost_together, self._dark_s = (
            np.repeat(total, rows, axis=0)
            for total in (trunk._lacking, trunk._lost, trunk._lost_together, trunk._dark_s)
        )
        self._shed = np.repeat(trunk._shed, rows, axis=1)
        for spells in trunk._spells:
            several = np.repeat(spells, rows, axis=1)
            several[1] = np.tile(np.arange(rows), spells.shape[1])
            self._spells.append(several)

    def course(self) -> Course:
        """What metrics of outages need."""
        spells = np.concatenate(self._spells, axis=1)
        return Course(
            self.record_s,
            self._demand,
            self._lacking,
            self._shed,
            spells,
            self._lost,
            self._lost_together,
            self._dark_s,
        )


def stored_kwh(community: Community, state: State) -> Floats:
    """Energy in all stores of each building, (S, n)."""
    total = np.zeros(state.net_kw.shape)
    for i, fleet in enumerate(community.fleets):
        if fleet.stores:
            total += community.by_building[i].sum(fleet.store(state.fleets[i]).stored_kwh)
    return total


def can_be_tallied(community: Community) -> bool:
    """Whether nothing asks for the course of time afterwards: neither a power flow nor trades."""
    return community.wires is None and not community.market.trades
