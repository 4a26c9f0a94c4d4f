"""Which weather file a run follows, and what devices need of one; :mod:`~ysc_sim.timeseries.weather_year` reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

SUN, AIR, WIND = "sun", "temperature_c", "wind_m_per_s"
ENOUGH: Mapping[str, tuple[frozenset[str], ...]] = {
    SUN: (
        frozenset({"ghi_w_per_m2"}),
        frozenset({"dni_w_per_m2", "dhi_w_per_m2"}),
        frozenset({"sunshine_h"}),
    ),
    AIR: (frozenset({AIR}),),
    WIND: (frozenset({WIND}),),
}
"""Each need of a device: sets of columns of which one is enough."""


@dataclass(frozen=True)
class WeatherFile:
    """Which file, and what its user says of it."""

    name: str
    """Path in the scenario's folder."""
    kind: str = "auto"
    """Importer that reads it."""
    column: str = ""
    """Station of a file that holds several."""
    fill_h: float = 0.0
    """Gaps up to so many hours are bridged."""
    wind_height_m: float = 10.0
    """Height of its anemometer."""
