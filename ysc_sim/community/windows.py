"""Outage models of a scenario → windows without grid: one list for all rows, or one for each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from ysc_sim.contracts import OutageModel, OutageWindow, Site
from ysc_sim.plugins import plugin
from ysc_sim.scenario.schema import Scenario
from ysc_sim.timeseries import TimeAxis
from ysc_sim.units import SECONDS_PER_HOUR

Windows = tuple[OutageWindow, ...]


CellCuts = tuple[tuple[int, bool], tuple[Windows, ...]]
"""Cell and whether its own wires fail; windows of each row."""
EVERY_CELL = "*"


class Outages(NamedTuple):
    """Windows that all rows share, or else those of each row; the same of cuts and faults of single cells."""

    shared: Windows
    by_row: tuple[Windows, ...]
    cuts: Windows
    row_cuts: tuple[CellCuts, ...]


def outages_of(scenario: Scenario, site: Site, starts: Sequence[int], cells: Sequence[str]) -> Outages:
    """Windows of all models, and of the ensemble. ``starts``: of each row's own outage; () where there is none."""
    models = list(_models(scenario, cells))
    own = scenario.ensemble.outages
    fixed = [window for model in models if not model.differs for window in model.windows(site, 0)]
    drawn = [
        [window for model in models if model.differs for window in model.windows(site, row)]
        for row in range(site.rows.count if any(model.differs for model in models) else 0)
    ]
    shared = [window for window in fixed if not window.cell]
    cuts = [window for key in _places(fixed) for window in merge_windows(_at(fixed, key), site.axis)]
    row_cuts = tuple(
        ((cells.index(cell), fault), tuple(merge_windows(_at(some, (cell, fault)), site.axis) for some in drawn))
        for cell, fault in _places([window for some in drawn for window in some])
    )
    # Rows differ where a model says so, though it may draw nothing; one of cells draws nothing else.
    of_grid = any(model.differs and not getattr(getattr(model, "spec", None), "cell", "") for model in models)
    if not (starts and own) and not of_grid:
        return Outages(merge_windows(shared, site.axis), (), tuple(cuts), row_cuts)
    each = []
    for row in range(site.rows.count):
        windows = shared + [window for window in (drawn[row] if drawn else []) if not window.cell]
        if starts and own:
            windows.append(OutageWindow(starts[row], starts[row] + round(own.duration_h * SECONDS_PER_HOUR)))
        each.append(merge_windows(windows, site.axis))
    return Outages((), tuple(each), tuple(cuts), row_cuts)


def _models(scenario: Scenario, cells: Sequence[str]) -> Iterator[OutageModel]:
    """Models of the scenario; one for every cell of its own where it says so."""
    for outage in scenario.outages:
        spec, kind = outage.spec, plugin("outages", outage.kind)
        if getattr(spec, "cell", "") != EVERY_CELL:
            yield kind(spec)
            continue
        for cell in cells[1:]:
            own: Any = {"cell": cell}
            if hasattr(spec, "name"):
                own["name"] = f"{spec.name}/{cell}"
            yield kind(replace(spec, **own))


def _places(windows: Iterable[OutageWindow]) -> list[tuple[str, bool]]:
    return sorted({(window.cell, window.fault) for window in windows if window.cell})


def _at(windows: Iterable[OutageWindow], place: tuple[str, bool]) -> list[OutageWindow]:
    return [window for window in windows if (window.cell, window.fault) == place]


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
            merged.append(window._replace(start_s=start, end_s=end, told_end_s=told))
    return tuple(merged)
