"""Sun and clear sky at a place: where the sun stands, and what it would give without clouds (pvlib)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from functools import lru_cache

import numpy as np

from ysc_sim.timeseries.resample import block_mean
from ysc_sim.units import Floats

JAPAN_S = 9 * 3600
"""Japan Standard Time, seconds ahead of UTC."""
SUNSHINE_W_M2 = 120.0
"""Direct sun above which the World Meteorological Organization counts sunshine."""
DAY_S = 86_400
FINE_S = 600
"""Sub-steps of a coarse step: ten minutes, in which the sun moves 2.5°."""


@dataclass(frozen=True)
class ClearSky:
    """Means of consecutive steps, (N,); angles in degrees at the middles."""

    zenith_deg: Floats
    """Apparent zenith, refraction included."""
    azimuth_deg: Floats
    ghi_w_m2: Floats
    dhi_w_m2: Floats
    beam_w_m2: Floats
    """Direct part on the horizontal plane, ghi − dhi."""
    dni_w_m2: Floats
    extra_w_m2: Floats
    """Direct normal irradiance outside of the atmosphere."""
    potential: Floats
    """Share of each step in which a clear sky gives sunshine."""


@lru_cache(maxsize=16)
def clear_sky(
    first: date, days: int, step_s: int, latitude_deg: float, longitude_deg: float, utc_offset_s: int = JAPAN_S
) -> ClearSky:
    """Clear sky of whole days (Japan Standard Time, or another distance to UTC) after Ineichen and
    Perez, Linke turbidity from pvlib's climatology.

    Longer steps than ten minutes are means of such. Raises ``ValueError`` where ``step_s`` does not divide a day.

    >>> sky = clear_sky(date(2026, 6, 21), 1, 3600, 35.45, 139.64)
    >>> 850 < float(sky.ghi_w_m2.max()) < 1000
    True
    """
    if step_s < 1 or DAY_S % step_s:
        raise ValueError(f"step_s(={step_s}) must divide a day.")
    import pandas as pd
    from pvlib.location import Location

    fine_s = step_s if step_s <= FINE_S else next(s for s in (600, 300, 180, 120, 60, 1) if step_s % s == 0)
    zone = timezone(timedelta(seconds=utc_offset_s))
    start = datetime(first.year, first.month, first.day, tzinfo=zone) + timedelta(seconds=fine_s / 2)
    times = pd.date_range(start, periods=days * DAY_S // fine_s, freq=pd.Timedelta(seconds=fine_s))
    place = Location(latitude_deg, longitude_deg, altitude=0)
    sun = place.get_solarposition(times)
    sky = place.get_clearsky(times, model="ineichen", solar_position=sun)
    height = np.maximum(np.cos(np.radians(sun["apparent_zenith"].to_numpy())), 0.0)
    dni = sky["dni"].to_numpy()
    beam = dni * height
    ghi = np.maximum(sky["ghi"].to_numpy(), beam)
    width = step_s // fine_s

    def mean(values: Floats) -> Floats:
        return block_mean(np.ascontiguousarray(values, dtype=np.float64), width)

    # The middle of an even number of sub-steps lies between two of them.
    half = pd.Timedelta(seconds=(step_s - fine_s) / 2)
    middle = sun if width == 1 else place.get_solarposition(times[::width] + half)
    from pvlib.irradiance import get_extra_radiation

    return ClearSky(
        zenith_deg=middle["apparent_zenith"].to_numpy().copy(),
        azimuth_deg=middle["azimuth"].to_numpy().copy(),
        ghi_w_m2=mean(ghi),
        dhi_w_m2=mean(ghi - beam),
        beam_w_m2=mean(beam),
        dni_w_m2=mean(dni),
        extra_w_m2=mean(np.asarray(get_extra_radiation(times), dtype=np.float64)),
        potential=mean((dni > SUNSHINE_W_M2).astype(np.float64)),
    )
