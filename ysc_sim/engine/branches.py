"""Rows that differ by their outages alone are one row until the first of them loses the grid: one trunk, many branches.

A trunk is a run of one row whose grid is always there. A batch of rows begins where the trunk stands shortly before the
first outage among them; what was recorded until then is copied. As a row has the same bits alone and in a batch, the
copies are what the rows would have been.
"""

from __future__ import annotations

import dataclasses
from math import lcm

import numpy as np

from ysc_sim.community.arrays import ROW_ARRAYS, Community, State
from ysc_sim.community.compile import compile_community
from ysc_sim.contracts import DeviceState
from ysc_sim.engine.clock import simulate
from ysc_sim.engine.run import Run
from ysc_sim.engine.tally import WINDOW, can_be_tallied
from ysc_sim.scenario import Scenario
from ysc_sim.units import Floats

OF_SLOTS = ("register_import_kwh", "register_export_kwh", "grid_import_kwh", "grid_export_kwh", "loss_kwh")


class Trunk:
    """One row of a scenario that never loses the grid, and how far it has come."""

    def __init__(self, scenario: Scenario, number: int) -> None:
        alone = compile_community(scenario, [number])
        self._run = Run(dataclasses.replace(alone, row_outages=((),)), tallied=can_be_tallied(alone))
        self._step = 0

    def lend(self, run: Run) -> int:
        """Bring ``run``, which has not begun, to where its rows part, and tell the step; 0 where they cannot share.

        The rows of ``run`` must be those of the trunk but for their outages. A trunk only goes forward: of several runs
        the one that parts first comes first.
        """
        if (run.tally is None) != (self._run.tally is None):
            return 0
        step = parting_step(run.community, 1 if run.tally is None else WINDOW)
        if step < self._step or step == 0:
            return 0
        simulate(self._run, first=self._step, last=step)
        self._step = step
        trunk = self._run
        if trunk.events or not _take_over(run.state, trunk.state):
            return 0
        interval, slot = step // run.community.record_every, step // run.axis.steps_per_slot
        if run.tally is not None and trunk.tally is not None:
            run.tally.follow(trunk.tally)
        else:
            for name, column in trunk.recorder.columns.items():
                run.recorder.columns[name][:interval] = column[:interval]
            for name, column in trunk.recorder.community.items():
                run.recorder.community[name][:interval] = column[:interval]
        for name in OF_SLOTS:
            getattr(run.recorder, name)[: slot + 1] = getattr(trunk.recorder, name)[: slot + 1]
        run.begin_at(step)
        return step


def parting_step(community: Community, intervals: int = 1) -> int:
    """The last step before any row's first outage, or notice, at which a slot and ``intervals`` recorded ones begin.

    0 where the rows of the community cannot share a trunk: they have no outages of their own, feeders are cut, or a
    market asks for bids.
    """
    rows = community.site.rows
    alike = len(set(rows.seeds)) == 1 and all((values == values[0]).all() for values in rows.values.values())
    if not community.row_outages or community.cuts or community.row_cuts or community.market.trades or not alike:
        return 0
    axis = community.site.axis
    known_s = [window.start_s - window.notice_s for windows in community.row_outages for window in windows]
    first_s = max(min(known_s, default=0), 0)
    each = lcm(axis.steps_per_slot, community.record_every * intervals)
    return first_s // axis.step_s // each * each


def _take_over(mine: State, trunk: State) -> bool:
    """Give every row of ``mine`` the trunk's state; False, and nothing done, where rows remember who they are in a way
    that cannot be copied.
    """
    theirs_all = [*trunk.fleets, *trunk.controls, trunk.memory]
    pairs = list(zip([*mine.fleets, *mine.controls, mine.memory], theirs_all, strict=True))
    rows = len(mine.mode)
    if not all(_alike(own, theirs) for own, theirs in pairs):
        return False
    for own, theirs in pairs:
        for name, array in theirs.items():
            if name not in own or not _numbers_rows(own[name]):
                own[name] = np.repeat(array, rows, axis=0)
    for i, power in enumerate(trunk.p_kw):
        mine.p_kw[i] = np.repeat(power, rows, axis=0)
    for name in ROW_ARRAYS:
        setattr(mine, name, np.repeat(getattr(trunk, name), rows, axis=0))
    return True


def _alike(own: DeviceState, theirs: DeviceState) -> bool:
    """Whether all rows begin alike, but for their own numbers, which do not change."""
    return all(
        ((array == array[:1]) | np.isnan(array)).all()
        or (_numbers_rows(array) and name in theirs and not theirs[name].any())
        for name, array in own.items()
    )


def _numbers_rows(array: Floats) -> bool:
    """Whether the array (R, …) holds the number of each row."""
    number = np.arange(len(array)).reshape(-1, *[1] * (array.ndim - 1))
    return len(array) > 1 and bool((array == number).all())
