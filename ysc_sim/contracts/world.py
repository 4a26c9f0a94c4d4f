"""Where and when a run takes place, and how its random draws are named."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from ysc_sim.timeseries.axis import TimeAxis
from ysc_sim.units import Floats

EnergyClass = Literal["load", "pv", "wind", "genset", "battery", "ev"]
"""Every device declares exactly one: load, pv, wind, genset (any other generator), battery, ev."""


DeviceState = dict[str, Floats]
"""What a fleet remembers: arrays (R, m), or (R, m, …), named by the fleet; the engine only cuts and pastes rows."""


@dataclass(frozen=True)
class Rows:
    """The ensemble: one seed per row. Draws are named, so that adding a device changes no other's draw."""

    seeds: tuple[int, ...]

    @property
    def count(self) -> int:
        """Rows in the ensemble."""
        return len(self.seeds)

    def generator(self, row: int, name: str, stream: str) -> np.random.Generator:
        """Random numbers of one row for (device or building ``name``, ``stream``), whatever else is drawn."""
        digest = blake2b(f"{name}\x1f{stream}".encode(), digest_size=16).digest()
        words = np.frombuffer(digest, dtype="<u4").tolist()
        return np.random.Generator(np.random.PCG64(np.random.SeedSequence([self.seeds[row], *words])))


@dataclass(frozen=True)
class Site:
    """Where and when: what every fleet may know about the world."""

    axis: TimeAxis
    rows: Rows
    latitude_deg: float
    longitude_deg: float
    folder: Path
    """Folder of the scenario: a profile that it names lies inside."""
    weather: str = "standard"
    """standard: the standard year that profiles follow; synthetic: drawn for every row."""
    weather_variability: float = 1.0
    """1: as restless as real weather; 0: the normals on every day."""


class Moment(NamedTuple):
    """The instant at which something is asked."""

    t_s: float | Floats
    """Seconds from the start; an array (R, 1) where rows stand at different times."""
    step: int
    """Number of the interval that holds it."""
