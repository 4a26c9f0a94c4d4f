"""From weather to the power of a roof: the chain of pvlib, with the losses of the national method for houses.

Light on the plane after Hay and Davies (:func:`pvlib.irradiance.haydavies`) with a ground that reflects a fifth, what
glass reflects at flat angles (:func:`pvlib.iam.physical`), cells that wind cools on a closed roof
(:func:`pvlib.temperature.sapm_cell`, close mount), DC power that falls with the cells' warmth
(:func:`pvlib.pvsystem.pvwatts_dc`), and an inverter whose efficiency depends on its load and that clips
(:func:`pvlib.inverter.pvwatts`). Between them stand ageing, load matching and wiring as in the national standard [1]_.

.. [1] Building Research Institute, calculation method of the energy standard for houses, chapter 9.1: ageing 0.96, load
   matching 0.94, circuit 0.97, −0.41 %/K (crystalline).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ysc_sim.timeseries.weather import Weather
from ysc_sim.units import Floats

LOSSES = 0.96 * 0.94 * 0.97
PER_K = -0.0041
ALBEDO = 0.2
CLOSE_ROOF = {"a": -2.98, "b": -0.0471, "deltaT": 1.0}
"""Close roof mount, glass on both sides (D. L. King et al., Sandia report SAND2004-3535, table 1)."""
INVERTER_ETA = 0.96
BRIGHT_W_M2 = 1000.0
LOWEST_SUN_DEG = 89.0


@dataclass(frozen=True)
class Plane:
    """A roof with its inverter, for 1 kW of modules."""

    tilt_deg: float
    azimuth_deg: float
    """180 is south, 90 east."""
    inverter_kw: float
    """Rated AC power of the inverter for each kW of modules."""


def plane_kw(weather: Weather, plane: Plane) -> Floats:
    """AC power of 1 kW of modules in every step, (N, S) kW ≥ 0.

    Raises ``ValueError`` where the inverter has no power.

    >>> from datetime import date
    >>> from ysc_sim.timeseries.weather import synthetic_weather
    >>> draw = lambda row, stream: np.random.default_rng(row)
    >>> calm = synthetic_weather(date(2026, 5, 1), 31, draw, 1, variability=0.0)
    >>> 90 < float(plane_kw(calm, Plane(30.0, 180.0, 1.0)).sum()) < 125
    True
    """
    if not plane.inverter_kw > 0:
        raise ValueError(f"inverter_kw(={plane.inverter_kw}) must be > 0.")
    from pvlib import inverter, pvsystem, temperature

    seen, effective = light_on(weather, plane.tilt_deg, plane.azimuth_deg)
    wind = np.maximum(weather.wind_m_s, 0.0)
    cell_c = temperature.sapm_cell(seen, weather.temperature_c, wind, **CLOSE_ROOF)
    dc = pvsystem.pvwatts_dc(effective, cell_c, 1.0, PER_K) * LOSSES
    ac = inverter.pvwatts(np.maximum(dc, 0.0), plane.inverter_kw / INVERTER_ETA, eta_inv_nom=INVERTER_ETA)
    power: Floats = np.maximum(np.nan_to_num(ac), 0.0)
    return power


def light_on(weather: Weather, tilt_deg: float, azimuth_deg: float) -> tuple[Floats, Floats]:
    """Irradiance on a plane, and what of it passes the glass, (N, S) W/m² each."""
    from pvlib import iam, irradiance

    sky = weather.sky
    zenith, azimuth = sky.zenith_deg[:, None], sky.azimuth_deg[:, None]
    angle = irradiance.aoi(tilt_deg, azimuth_deg, zenith, azimuth)
    # Where the sun stands lower in the middle of a step than its light says, its direction is no use.
    beam = np.where(zenith < LOWEST_SUN_DEG, weather.dni_w_m2, 0.0)
    direct = beam * np.maximum(np.cos(np.radians(angle)), 0.0)
    diffuse = irradiance.haydavies(
        tilt_deg,
        azimuth_deg,
        weather.dhi_w_m2,
        beam,
        sky.extra_w_m2[:, None],
        solar_zenith=np.minimum(zenith, LOWEST_SUN_DEG),
        solar_azimuth=azimuth,
    )
    ground = irradiance.get_ground_diffuse(tilt_deg, weather.ghi_w_m2, albedo=ALBEDO)
    through = np.nan_to_num(iam.physical(np.minimum(angle, 90.0)))
    seen: Floats = direct + diffuse + ground
    return seen, direct * through + diffuse + ground
