"""The clock: SimPy carries edges and ticks, in whole seconds from the start.

At one instant everything that closes and every event comes first; what acts comes last. So an outage at the very
second of a tick is dealt with before that tick decides anything, and an outage between two ticks gets an act of
its own.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import simpy
from simpy.events import EventPriority

from ysc_sim.contracts import OutageWindow
from ysc_sim.engine.run import Run
from ysc_sim.errors import YscError

ACTS_LAST = EventPriority(2)
"""SimPy orders events of one instant by priority; its own timeouts have 1."""


class ActTime(simpy.Event):
    """An instant at which something acts, after every event of that instant."""

    def __init__(self, env: simpy.Environment, delay_s: int) -> None:
        super().__init__(env)
        self._ok = True
        self._value = None
        env.schedule(self, priority=ACTS_LAST, delay=delay_s)


def tick(
    env: simpy.Environment, run: Run, progress: Callable[[float], None] | None, first: int, last: int
) -> Generator[Any, Any, None]:
    """Close and act at every step from ``first`` to before ``last``, and close there; between events many at once."""
    step_s, count = run.axis.step_s, run.axis.count
    each = max(1, count // 200)
    yield ActTime(env, 0)
    k, told = first, 0
    while k < last:
        t_s = k * step_s
        run.close(t_s)
        passed = run.stretch(k, int(min(env.peek(), last * step_s) // step_s))
        if not passed:
            run.act(t_s)
            passed = 1
        if progress is not None and k >= told:
            progress(k / count)
            told = k + each
        k += passed
        yield ActTime(env, passed * step_s)
    run.close(last * step_s)
    if last == count:
        run.end()


def outage(env: simpy.Environment, run: Run, window: OutageWindow, lead_s: int) -> Generator[Any, Any, None]:
    """The grid goes away and comes back at its exact second; an end behind the horizon just closes the books.

    ``lead_s`` before it, exchange begins to be ramped to zero; 0: it does not.
    """
    if lead_s:
        yield from ramp(env, run, window, lead_s)
    yield env.timeout(window.start_s - env.now)
    run.close(window.start_s)
    run.lose_grid(window)
    yield from act_now(env, run)
    end_s = min(window.end_s, run.axis.duration_s)
    yield env.timeout(end_s - env.now)
    run.close(end_s)
    if window.end_s > run.axis.duration_s:
        return
    run.return_grid(end_s)
    if end_s < run.axis.duration_s:
        yield from act_now(env, run)


def ramp(env: simpy.Environment, run: Run, window: OutageWindow, lead_s: int) -> Generator[Any, Any, None]:
    """Exchange begins to be ramped to zero ``lead_s`` before a window."""
    yield env.timeout(window.start_s - lead_s)
    run.close(int(env.now))
    run.ramp(lead_s, window.cell)
    yield from act_now(env, run)


def cut(env: simpy.Environment, run: Run, window: OutageWindow, lead_s: int) -> Generator[Any, Any, None]:
    """The feeder of one cell is cut, and mended, at its exact second; ``lead_s`` before it its ramp begins, if any."""
    if lead_s:
        yield from ramp(env, run, window, lead_s)
    yield env.timeout(window.start_s - env.now)
    run.close(window.start_s)
    run.cut(window)
    yield from act_now(env, run)
    if window.end_s >= run.axis.duration_s:
        return
    yield env.timeout(window.end_s - env.now)
    run.close(window.end_s)
    run.feed(window)
    yield from act_now(env, run)


def act_now(env: simpy.Environment, run: Run) -> Generator[Any, Any, None]:
    """Act at this instant, unless a tick of the same instant will."""
    t_s = int(env.now)
    if t_s % run.axis.step_s:
        yield ActTime(env, 0)
        run.act(t_s)


def simulate(
    run: Run, progress: Callable[[float], None] | None = None, *, first: int = 0, last: int | None = None
) -> None:
    """Let the clock run from step ``first`` (where the run stands) to before step ``last``; None: to the end.

    Only a run whose outages differ by row, without cuts, may be stopped and taken up again: SimPy carries those events
    that all rows share.
    """
    env = simpy.Environment(initial_time=first * run.axis.step_s)
    rules = run.community.island.planned
    free_s: dict[tuple[str, bool], int] = {}
    for window in (*run.community.outages, *run.community.cuts):
        place = window.cell, window.fault
        most_s = 0.0 if rules is None or window.fault else min(rules.ramp_s, window.notice_s)
        lead_s = round(min(most_s, window.start_s - free_s.get(place, 0)))
        env.process((cut if window.cell else outage)(env, run, window, lead_s))
        free_s[place] = window.end_s
    env.process(tick(env, run, progress, first, run.axis.count if last is None else last))
    try:
        env.run()
    except YscError as error:
        # SimPy raises a copy that knows its key alone; the one that knows row and instant stands behind it.
        raise (error.__cause__ or error) from None
