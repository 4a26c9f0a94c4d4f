"""Where and when a run takes place, and how its random draws are named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from ysc_sim.timeseries.axis import TimeAxis
from ysc_sim.timeseries.mirror import Mirrored
from ysc_sim.timeseries.weather_file import WeatherFile
from ysc_sim.units import Floats

EnergyClass = Literal["load", "pv", "wind", "genset", "battery", "ev"]
"""Every device declares exactly one: load, pv, wind, genset (any other generator), battery, ev."""


DeviceState = dict[str, Floats]
"""What a fleet remembers: arrays (R, m), or (R, m, …), named by the fleet; the engine only cuts and pastes rows."""


SITE = "site"
"""Name under which the weather of a community is drawn."""


@dataclass(frozen=True)
class Rows:
    """The ensemble: one seed per row. Draws are named, so that adding a device changes no other's draw.

    The weather (:data:`SITE`) of the seeds 2k − 1 and 2k is a pair of mirror images
    (:mod:`ysc_sim.timeseries.mirror`): each alone is drawn from the same law as any other, and the mean over an
    ensemble lies much nearer to the law's mean than that of as many unrelated draws.

    >>> rows = Rows((1, 2))
    >>> one, two = (rows.generator(row, SITE, "sky").standard_normal(3) for row in (0, 1))
    >>> bool((one == -two).all())
    True
    """

    seeds: tuple[int, ...]
    values: Mapping[tuple[str, str], Floats] = field(default_factory=dict, compare=False)
    """Numbers in which rows differ: (``building/device`` or ``building/strategy``, field) → (S,)."""

    @property
    def count(self) -> int:
        """Rows in the ensemble."""
        return len(self.seeds)

    def take(self, numbers: Sequence[int]) -> Rows:
        """Some rows, in this order; each draws what it draws among all of them.

        >>> Rows((1, 2, 3)).take([2, 0]).seeds
        (3, 1)
        """
        which = list(numbers)
        values = {name: column[which] for name, column in self.values.items()}
        return Rows(tuple(self.seeds[number] for number in which), values)

    def spread(self, names: Sequence[str], field_name: str, common: Floats) -> Floats:
        """One field of some devices or strategies: ``common`` (m,), or (S, m) where rows differ in it.

        >>> Rows((1, 1), {("shop/battery", "power_kw"): np.array([5.0, 9.0])}).spread(
        ...     ["office/battery", "shop/battery"], "power_kw", np.array([2.0, 3.0])
        ... ).tolist()
        [[2.0, 5.0], [2.0, 9.0]]
        """
        own = {j: self.values[name, field_name] for j, name in enumerate(names) if (name, field_name) in self.values}
        if not own:
            return common
        spread = np.repeat(common[None, :], self.count, axis=0)
        for j, values in own.items():
            spread[:, j] = values
        return spread

    def generator(self, row: int, name: str, stream: str) -> np.random.Generator:
        """Random numbers of one row for (device or building ``name``, ``stream``), whatever else is drawn."""
        digest = blake2b(f"{name}\x1f{stream}".encode(), digest_size=16).digest()
        words = np.frombuffer(digest, dtype="<u4").tolist()
        seed = self.seeds[row]
        mirrored = name == SITE and seed > 0 and seed % 2 == 0
        bits = np.random.PCG64(np.random.SeedSequence([seed - mirrored, *words]))
        return Mirrored(bits) if mirrored else np.random.Generator(bits)


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
    """standard: the standard year that profiles follow; synthetic: drawn for every row; file: ``weather_file``."""
    weather_variability: float = 1.0
    """1: as restless as real weather; 0: the normals on every day."""
    weather_file: WeatherFile | None = None
    """The user's own weather year, the same in all rows."""
    normals_file: str = ""
    """The user's own monthly normals of synthetic weather, in the folder; Yokohama's without."""


class Moment(NamedTuple):
    """The instant at which something is asked."""

    t_s: float | Floats
    """Seconds from the start; an array (R, 1) where rows stand at different times."""
    step: int
    """Number of the interval that holds it."""
