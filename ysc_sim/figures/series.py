"""What figures read of a result: columns as arrays (time, row), local times, sums over half-hours."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from ysc_sim.errors import ResultError
from ysc_sim.units import Floats, hours

if TYPE_CHECKING:
    import pandas as pd

    from ysc_sim.results import Results

COMMUNITY = "community"
HALF_HOUR_S = 1800
MOST_POINTS = 20_000
"""Of a line; a longer run is shown by half-hours: a browser cannot hold the minutes of a year, and nobody sees them."""


class Series:
    """The tables of one result, kept once they are read."""

    def __init__(self, results: Results) -> None:
        self.results = results
        self._kept: dict[str, pd.DataFrame] = {}

    @cached_property
    def rows(self) -> int:
        """Rows of the ensemble."""
        return int(self.results.manifest["rows"])

    @cached_property
    def record_s(self) -> int:
        """Length of a recorded interval."""
        return int(self.results.manifest["time"]["record_s"])

    def frame(self, name: str) -> pd.DataFrame:
        """A table. Raises ``ResultError`` where the run has none of that name."""
        if name not in self._kept:
            self._kept[name] = self.results.frame(name)
        return self._kept[name]

    def place(self, building: str | None) -> pd.DataFrame:
        """Rows of the community's table, or of one building. Raises ``ResultError`` for an unknown one."""
        if building is None:
            return self.frame(COMMUNITY)
        if building not in self.results.buildings:
            raise ResultError("figure_no_building", value=building, known=", ".join(self.results.buildings[:20]))
        frame = self.frame("buildings")
        return frame[frame["building"] == building]

    def has(self, column: str, building: str | None = None) -> bool:
        """Whether there is such a column with anything in it."""
        frame = self.place(building)
        return column in frame and bool(np.isfinite(frame[column].to_numpy(dtype=np.float64)).any())

    def column(self, name: str, building: str | None = None) -> Floats:
        """A column, (T, S). Raises ``ResultError`` where there is none."""
        frame = self.place(building)
        if name not in frame:
            raise ResultError("figure_nothing", figure=name)
        values: Floats = frame[name].to_numpy(dtype=np.float64).reshape(-1, self.rows)
        return values

    def power_kw(self, name: str, building: str | None = None) -> Floats:
        """Mean power of a kWh column, (T, S)."""
        values: Floats = self.column(name, building) / hours(self.record_s)
        return values

    @cached_property
    def times(self) -> Any:
        """Local start of each recorded interval, (T,), without zone: plotly would turn it into UTC."""
        return self.frame(COMMUNITY)["time"].dt.tz_localize(None).to_numpy()[:: self.rows]

    @cached_property
    def gathered(self) -> int:
        """Recorded intervals that are shown as one point."""
        is_long = len(self.times) > MOST_POINTS and HALF_HOUR_S % self.record_s == 0
        return HALF_HOUR_S // self.record_s if is_long else 1

    @property
    def points(self) -> Any:
        """Local start of each point that is shown."""
        return self.times[:: self.gathered]

    def shown(self, values: Floats, *, at_end: bool = False) -> Floats:
        """The mean of each point (T, …), or what stands at its end; missing values do not count."""
        if self.gathered == 1:
            return values
        whole = -(-len(values) // self.gathered) * self.gathered
        padded = np.full((whole, *values.shape[1:]), np.nan)
        padded[: len(values)] = values
        slots = padded.reshape(-1, self.gathered, *values.shape[1:])
        if at_end:
            last = np.append(np.arange(self.gathered - 1, len(values) - 1, self.gathered), len(values) - 1)
            ends: Floats = values[last]
            return ends
        known = np.isfinite(slots)
        count = known.sum(axis=1)
        means: Floats = np.where(known, slots, 0.0).sum(axis=1) / np.where(count, count, np.nan)
        return means

    def one_row(self, values: Floats, row: int) -> Floats:
        """One row of the ensemble, (T,). Raises ``ValueError`` for a row that is not there."""
        if not 0 <= row < self.rows:
            raise ValueError(f"row(={row}) must lie between 0 and {self.rows - 1}.")
        chosen: Floats = values[:, row]
        return chosen
