"""What survival found, small enough to stand with the run that it belongs to: curves, shares, the price of an hour."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ysc_sim.errors import ResultError
from ysc_sim.results import Results, load_results
from ysc_sim.scenario import Scenario
from ysc_sim.study.survival import Survival

POINTS = 120
MOST_CELLS = 6
BEYOND = 1.2
"""How far the curves go past the longest promised length."""
TIERS = 4


def survival_study(found: Survival, more: Mapping[str, Any]) -> dict[str, Any]:
    """Plain data: ``promised_h``, ``left_out``, ``cells`` and whatever else was computed (``more``).

    Each of ``cells`` (the first six): ``cell``, ``hours`` (points,), ``curves``: for each number of tiers kept
    ``tiers``, ``left_ratio`` and ``full_ratio``, the share of all starts that live at least so many hours, with what
    the strategies left in the stores and from full ones; ``summary`` as of :meth:`Survival.summary`.
    """
    hours = np.linspace(0.0, BEYOND * max(found.promised_h), POINTS + 1)
    summary = found.summary()
    cells = []
    for c, cell in enumerate(found.cells[:MOST_CELLS]):
        curves = [
            {
                "tiers": kept + 1,
                "left_ratio": share_of(found.hours_left[:, c, kept], hours),
                "full_ratio": share_of(found.hours_full[:, c, kept], hours),
            }
            for kept in range(TIERS)
        ]
        mine = [entry for entry in summary if entry["cell"] == cell]
        cells.append({"cell": cell, "hours": hours.tolist(), "curves": curves, "summary": mine})
    promised = list(found.promised_h)
    return {"promised_h": promised, "left_out": list(found.left_out), "cells": cells, **more}


def share_of(lived_h: Any, hours: Any) -> list[float]:
    """Share of starts that live at least each of ``hours``.

    >>> share_of(np.array([0.0, 2.0, 2.0, 5.0]), np.array([0.0, 1.0, 2.0, 4.0]))
    [1.0, 0.75, 0.75, 0.25]
    """
    ordered = np.sort(np.asarray(lived_h, dtype=np.float64).ravel())
    shares: list[float] = (1.0 - np.searchsorted(ordered, np.asarray(hours) * (1 - 1e-9)) / len(ordered)).tolist()
    return shares


def check_run(folder: Path, scenario: Scenario) -> None:
    """Raise ``ResultError`` unless ``folder`` is a run of this very scenario: before anything long is computed."""
    _run_of(folder, scenario.sha256)


def _run_of(folder: Path, asked: str) -> Results:
    results = load_results(folder)
    stored = str(results.manifest["scenario"]["sha256"])
    if stored != asked:
        raise ResultError("study_of_another", path=str(folder), stored=stored[:12], asked=asked[:12])
    return results


def with_survival(folder: Path, found: Survival, more: Mapping[str, Any]) -> Results:
    """The stored run of ``folder`` with survival beside it, not yet written.

    Raises ``ResultError`` where there is no run, or one of another scenario.
    """
    results = _run_of(folder, str(found.scenario["sha256"]))
    results.studies["survival"] = survival_study(found, more)
    return results
