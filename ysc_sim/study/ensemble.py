"""A large ensemble on several workers: batches of rows anywhere, in any order, and the result of one process."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from pathlib import Path
from typing import TYPE_CHECKING

from ysc_sim.engine.ensemble import Batch, Part, batches_of, join_parts, run_parts
from ysc_sim.results import Results
from ysc_sim.scenario import Scenario, parse_scenario

if TYPE_CHECKING:
    import pandas as pd

SHARE_EPS = 1e-9
TASKS_PER_WORKER = 4
"""The first rows to lose the grid take longest: several tasks even that out."""


def compute_parts(text: str, folder: str, batches: list[Batch]) -> list[Part]:
    """Run some batches of a scenario that is given as text. This is what a worker does."""
    return list(run_parts(parse_scenario(text, folder=folder), batches))


def tasks_of(lists: list[list[Batch]], workers: int) -> list[list[Batch]]:
    """Lists of batches cut into tasks, several for each worker.

    >>> tasks_of([[(0,), (1,), (2,)]], 1)
    [[(0,)], [(1,)], [(2,)]]
    """
    wanted = max(-(-TASKS_PER_WORKER * workers // len(lists)), 1)
    tasks = []
    for batches in lists:
        each = -(-len(batches) // wanted)
        tasks += [batches[first : first + each] for first in range(0, len(batches), each)]
    return tasks


def outages_by_start(outages: pd.DataFrame) -> pd.DataFrame:
    """Outages of all rows by cell and by local month and hour of their start.

    ``outages``: the frame of a result. One line for each that occurs: ``cell, month, hour, outages`` (how many),
    ``survived_h_mean, survived_h_min, lived_ratio`` (share that was lived through from end to end) and
    ``unserved_kwh_tier1…4`` (means of an outage).
    """
    tiers = [f"unserved_kwh_tier{tier}" for tier in (1, 2, 3, 4)]
    begin = outages["start"].dt
    parts = outages[["survived_h", *tiers]].assign(
        cell=outages["cell"].astype(str),
        month=begin.month,
        hour=begin.hour,
        lived=outages["survived_h"] >= outages["hours"] * (1.0 - SHARE_EPS),
    )
    groups = parts.groupby(["cell", "month", "hour"], sort=True)
    found = groups.agg(
        outages=("lived", "size"),
        survived_h_mean=("survived_h", "mean"),
        survived_h_min=("survived_h", "min"),
        lived_ratio=("lived", "mean"),
        **{tier: (tier, "mean") for tier in tiers},
    )
    return found.reset_index()


def run_ensemble(
    scenario: Scenario, executor: Executor, workers: int, progress: Callable[[float], None] | None = None
) -> Results:
    """Run a scenario of which only numbers are recorded (``results: {record: none}``), batch by batch.

    The result does not depend on ``executor`` and ``workers``. Raises ``ValueError`` for another recording.
    """
    if scenario.results.record != "none":
        raise ValueError(f"scenario.results.record(={scenario.results.record!r}) must be 'none'.")
    began = time.perf_counter()
    text, folder = str(scenario.identity()["text"]), str(Path(scenario.folder).resolve())
    waiting: set[Future[list[Part]]] = {
        executor.submit(compute_parts, text, folder, task) for task in tasks_of(batches_of(scenario), workers)
    }
    parts: list[Part] = []
    count = len(waiting)
    try:
        while waiting:
            done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            for future in done:
                parts += future.result()
            if progress is not None:
                progress(1.0 - len(waiting) / count)
    finally:
        for future in waiting:
            future.cancel()
    return join_parts(scenario, parts, time.perf_counter() - began)
