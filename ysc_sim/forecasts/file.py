"""A user's own forecast: a file of expected needs, made before the run by whatever means.

The file has one column for each building, headed by its id (a file with a single column of values stands for the only
building), in the form of a measured load. Whether it saw the future cannot be told from here; the report of a run
names it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Len

from ysc_sim.contracts import History, Site
from ysc_sim.documents import inside
from ysc_sim.timeseries.cover import cover_days
from ysc_sim.timeseries.read import Stamp, Unit, read_measured
from ysc_sim.timeseries.resample import resample
from ysc_sim.units import SECONDS_PER_HOUR, Floats


@dataclass(frozen=True, kw_only=True)
class FileForecastSpec:
    """Where the forecast stands."""

    file: Annotated[str, Len(1, 200)]
    """A .csv file in the scenario's folder; > 0 is need, < 0 surplus."""
    csv_unit: Unit = "auto"
    """Unit of its values: kW, kWh, W, Wh, or as its header says."""
    csv_stamp: Stamp = "auto"
    """Whether its times are those of the start or the end of an interval."""


class FileForecast:
    """Reads out what was written down."""

    kind: ClassVar[str] = "file"
    Spec: ClassVar[type] = FileForecastSpec
    reads_files: ClassVar[bool] = True

    def __init__(self, spec: FileForecastSpec, site: Site, building_ids: Sequence[str]) -> None:
        axis, path = site.axis, inside(site.folder, spec.file)
        columns = [_column(path, spec, name if len(building_ids) > 1 else "", site) for name in building_ids]
        hours = axis.slot_s / SECONDS_PER_HOUR
        self._net_kwh = -np.stack([column[: axis.slots] for column in columns], axis=1) * hours

    def predict(self, history: History) -> Floats:
        """The coming slot alone."""
        return np.asarray(self.predict_ahead(history, 1)[0])

    def predict_ahead(self, history: History, count: int) -> Floats:
        """What the file says of each coming slot; behind its end, its last slot. Of a sum, the sum."""
        first = history.slots + history.forgotten
        rows, n = history.import_kwh.shape[1:]
        expected = self._net_kwh[np.minimum(np.arange(first, first + count), len(self._net_kwh) - 1)]
        if n == 1:
            expected = np.add.reduce(expected, axis=1, keepdims=True)
        return np.repeat(expected[:, None, :], rows, axis=1)


def _column(path: Path, spec: FileForecastSpec, name: str, site: Site) -> Floats:
    """Mean need of each slot of the run, (K + …,) kW."""
    axis = site.axis
    measured = read_measured(path, unit=spec.csv_unit, stamp=spec.csv_stamp, column=name, year=axis.start.year)
    flat = resample(cover_days(measured, axis, 1), from_s=measured.step_s, to_s=axis.slot_s)
    begin = (86_400 + axis.seconds_of_day) // axis.slot_s
    return np.asarray(flat[begin:])
