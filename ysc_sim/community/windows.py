"""Outage models of a scenario → windows without grid: one list for all rows, or one for each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ysc_sim.contracts import OutageModel, OutageWindow, Site
from ysc_sim.plugins import plugin
from ysc_sim.scenario.schema import Scenario
from ysc_sim.timeseries import TimeAxis
from ysc_sim.units import SECONDS_PER_HOUR

Windows = tuple[OutageWindow, ...]


def outages_of(scenario: Scenario, site: Site, starts: Sequence[int]) -> tuple[Windows, tuple[Windows, ...], Windows]:
    """Windows that all rows share, or else those of each row: of all models, and its own of the ensemble.

    ``starts``: of each row's own outage; () where there is none.
    The third list holds cuts of the feeders of single cells, shared by all rows.
    """
    models: list[OutageModel] = [plugin("outages", outage.kind)(outage.spec) for outage in scenario.outages]
    own = scenario.ensemble.outages
    fixed = [window for model in models if not model.differs for window in model.windows(site, 0)]
    shared = [window for window in fixed if not window.cell]
    cuts = tuple(
        window
        for cell in sorted({window.cell for window in fixed if window.cell})
        for window in merge_windows([window for window in fixed if window.cell == cell], site.axis)
    )
    if not (starts and own) and not any(model.differs for model in models):
        return merge_windows(shared, site.axis), (), cuts
    each = []
    for row in range(site.rows.count):
        windows = shared + [w for model in models if model.differs for w in model.windows(site, row)]
        if starts and own:
            windows.append(OutageWindow(starts[row], starts[row] + round(own.duration_h * SECONDS_PER_HOUR)))
        each.append(merge_windows(windows, site.axis))
    return (), tuple(each), cuts


def merge_windows(windows: Iterable[OutageWindow], axis: TimeAxis) -> Windows:
    """Sorted, joined where they touch or overlap, cut at the start of the axis; those outside are gone.

    An end behind the axis is kept: the grid then does not come back within the run. The notice is that of the first.
    """
    merged: list[OutageWindow] = []
    for window in sorted(windows):
        start, end = max(window.start_s, 0), window.end_s
        if end <= start or start >= axis.duration_s:
            continue
        if merged and start <= merged[-1].end_s:
            last = merged[-1]
            told = max(last.told_end_s, end) if last.notice_s and window.notice_s else last.told_end_s
            merged[-1] = last._replace(end_s=max(end, last.end_s), told_end_s=told)
        else:
            told = end if window.notice_s else 0
            merged.append(OutageWindow(start, end, window.notice_s, window.cell, told))
    return tuple(merged)
