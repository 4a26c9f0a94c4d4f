"""Files of measurements that a device names instead of a shipped profile."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Protocol

from ysc_sim.devices.base import Source
from ysc_sim.documents import inside
from ysc_sim.errors import Problem, ScenarioError
from ysc_sim.timeseries.axis import TimeAxis
from ysc_sim.timeseries.cover import cover_days
from ysc_sim.timeseries.read import Measured, Stamp, Unit, read_measured


class NamesFile(Protocol):
    """A specification with a file, and what is to be known about it."""

    @property
    def profile(self) -> str:
        """Path in the scenario's folder."""
        ...

    @property
    def csv_unit(self) -> Unit:
        """Unit of its values."""
        ...

    @property
    def csv_stamp(self) -> Stamp:
        """What its times mean."""
        ...

    @property
    def csv_column(self) -> str:
        """Its column of values."""
        ...


def is_file(profile: str) -> bool:
    """Whether a profile is named as a file: by its ending, or because a path leads to it.

    >>> is_file("meter.csv"), is_file("/etc/passwd"), is_file("office")
    (True, True, False)
    """
    return profile.lower().endswith((".csv", ".tsv", ".txt")) or "/" in profile or "\\" in profile


def measured_of(spec: NamesFile, folder: Path, axis: TimeAxis) -> Measured:
    """The measurement that a specification names. Raises ``ScenarioError``."""
    path = inside(folder, spec.profile)
    changed = path.stat().st_mtime_ns
    measured = _read(path, changed, spec.csv_unit, spec.csv_stamp, spec.csv_column, axis.start.year)
    return measured if measured.start.tzinfo is None else _on_the_clock_of(measured, axis)


def _on_the_clock_of(measured: Measured, axis: TimeAxis) -> Measured:
    """A measurement that says its distance to UTC, in the local time of the run. Raises ``ScenarioError``."""
    start = measured.start.astimezone(axis.start.tzinfo).replace(tzinfo=None)
    if (start.hour * 3600 + start.minute * 60 + start.second) % measured.step_s:
        values = {"value": start.isoformat(" "), "before": "", "step_s": measured.step_s}
        raise ScenarioError([Problem("csv_off_grid", values, measured.file)])
    return replace(measured, start=start)


@lru_cache(maxsize=64)
def _read(path: Path, changed: int, unit: Unit, stamp: Stamp, column: str, year: int) -> Measured:
    """A file is read once, however many devices name it, until it changes."""
    measured = read_measured(path, unit=unit, stamp=stamp, column=column, year=year)
    measured.kw.flags.writeable = False
    return measured


def measured_source(spec: NamesFile, folder: Path, axis: TimeAxis, pad: int) -> Source:
    """The measurement laid over the days of the axis and ``pad`` more on both sides. Raises ``ScenarioError``."""
    measured = measured_of(spec, folder, axis)
    return Source(cover_days(measured, axis, pad), measured.step_s, pad)


def file_problems(spec: NamesFile, folder: Path, axis: TimeAxis) -> list[Problem]:
    """Everything that is wrong with the file for this run."""
    try:
        measured_source(spec, folder, axis, 1)
    except ScenarioError as error:
        return list(error.problems)
    return []
