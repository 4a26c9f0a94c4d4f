"""Hourly wind that nobody measured: right on average by month and hour, right in its spread, right in how
it lingers.

Speeds follow a Weibull law [1]_ whose shape, course over the day and memory from hour to hour are those
that are used where no measurement exists [2]_. If ``x`` and ``y`` are two independent first-order
autoregressive normal sequences with coefficient ``a``, then ``(x² + y²) / 2`` is exponential, and

    v = mean(month) · (1 + δ·cos(2π·(hour − 15)/24)) · ((x² + y²) / 2)^(1/κ) / Γ(1 + 1/κ)

is Weibull within each hour of the day. κ and ``a`` are chosen so that the *whole* series, the course of the
day included, has the asked variation and one-hour autocorrelation: for ``s = 1/κ`` the autocorrelation of
the power ``s`` of the exponential is ``Σ_{n≥1} q_n² a^{2n} / Σ_{n≥1} q_n²`` with ``q_n = (−s)_n / n!``
(expansion in Laguerre polynomials, [3]_ 18.17).

.. [1] C. G. Justus et al., "Methods for estimating wind speed frequency distributions", J. Applied
   Meteorology 17(3), 1978, 350-353.
.. [2] HOMER Pro manual, "Wind data parameters": Weibull k 2.0, one-hour autocorrelation 0.85, diurnal pattern
   strength 0.25, hour of peak 15.
.. [3] NIST Digital Library of Mathematical Functions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from math import cos, gamma, pi, sqrt

import numpy as np

from ysc_sim.timeseries.calendar import Days
from ysc_sim.timeseries.mirror import Mirrored, mirror_image
from ysc_sim.timeseries.nonresidential import normal_temperature_c
from ysc_sim.timeseries.normals import smooth_year, yokohama
from ysc_sim.units import Floats

SHAPE_K = 2.0
AUTOCORRELATION = 0.85
DIURNAL = 0.25
PEAK_HOUR = 15.0
MEASURED_AT_M = 19.5
"""Height of the anemometer of Yokohama observatory above ground (assumed: from memory)."""
STANDARD_DENSITY = 1.225
"""kg/m³ at 15 °C and sea level, for which power curves hold."""
STANDARD_C, STANDARD_HPA = 15.0, 1013.25
TERMS = 60


def variation_squared(k: float) -> float:
    """Squared coefficient of variation of a Weibull law.

    >>> round(variation_squared(2.0), 4)                                  # 4/π − 1
    0.2732
    """
    return gamma(1.0 + 2.0 / k) / gamma(1.0 + 1.0 / k) ** 2 - 1.0


@cache
def inner_law() -> tuple[float, float]:
    """κ and ``a`` of the module's formula, for the asked variation and autocorrelation of the whole series."""
    monthly = yokohama().wind_mean_m_s
    season = float((monthly**2).mean() / monthly.mean() ** 2)
    course = 1.0 + DIURNAL**2 / 2.0
    whole = 1.0 + variation_squared(SHAPE_K)
    kappa = _solve(lambda k: variation_squared(k) - (whole / course / season - 1.0), 1.0, 6.0)
    inner = variation_squared(kappa)
    next_course = 1.0 + DIURNAL**2 / 2.0 * cos(2.0 * pi / 24.0)
    wanted = ((1.0 + AUTOCORRELATION * (whole - 1.0)) / (season * next_course) - 1.0) / inner
    return kappa, _solve(lambda a: memory(a, kappa) - wanted, 0.0, 0.999999)


def memory(a: float, kappa: float) -> float:
    """One-hour autocorrelation of the Weibull part for coefficient ``a`` of the two normal sequences.

    >>> round(memory(1.0, 2.0), 6), round(memory(0.0, 2.0), 6)
    (1.0, 0.0)
    """
    s, term, top, bottom = 1.0 / kappa, 1.0, 0.0, 0.0
    for n in range(1, TERMS):
        term *= (n - 1 - s) / n
        top += term**2 * a ** (2 * n)
        bottom += term**2
    return top / bottom


def _solve(function: Callable[[float], float], low: float, high: float) -> float:
    """Root between ``low`` and ``high``, by halving."""
    sign = 1.0 if function(high) > 0 else -1.0
    for _ in range(80):
        middle = (low + high) / 2.0
        low, high = (low, middle) if sign * function(middle) > 0 else (middle, high)
    return (low + high) / 2.0


def wind_speed_m_s(
    days: Days,
    generators: Sequence[np.random.Generator],
    monthly_m_s: Floats | None = None,
    variability: float = 1.0,
) -> Floats:
    """Wind at the height of the observatory in every hour of ``days``, one column per generator, (24·D, S) m/s.

    ``monthly_m_s`` (12,): monthly normals, Yokohama's if not given; ``variability`` 0: their usual day every day.
    """
    kappa, a = inner_law()
    hours = 24 * len(days.nominal)
    noise = np.stack([generator.standard_normal((hours, 2)) for generator in generators], axis=2)
    noise[1:] *= sqrt(1.0 - a * a)
    mirrored = [(s, noise[:, :, s].copy()) for s, generator in enumerate(generators) if isinstance(generator, Mirrored)]
    for hour in range(1, hours):
        noise[hour] += a * noise[hour - 1]
    for s, driven in mirrored:
        noise[:, :, s] = mirror_image(-driven, a)
    power = (noise[:, 0] ** 2 + noise[:, 1] ** 2) / 2.0
    gust = power ** (1.0 / kappa) / gamma(1.0 + 1.0 / kappa)
    course = 1.0 + DIURNAL * np.cos(2.0 * np.pi * (np.arange(24) + 0.5 - PEAK_HOUR) / 24.0)
    monthly = yokohama().wind_mean_m_s if monthly_m_s is None else monthly_m_s
    usual = smooth_year(monthly)[days.nominal]
    speed: Floats = (usual[:, None] * course).reshape(-1, 1) * (1.0 + variability * (gust - 1.0))
    return speed


def at_height(speed_m_s: Floats, height_m: float, exponent: float, measured_at_m: float = MEASURED_AT_M) -> Floats:
    """Power law of height: v · (h / h0)^α; α is 0.10 to 0.14 over the sea, 0.14 to 0.30 on land (NEDO).

    >>> at_height(np.array([5.0]), MEASURED_AT_M, 0.2).tolist()
    [5.0]
    """
    factor: float = (height_m / measured_at_m) ** exponent
    return speed_m_s * factor


def at_standard_density(speed_m_s: Floats, density: Floats) -> Floats:
    """Speed at which standard air would drive a turbine as hard: v · (ρ/ρ0)^e [4]_.

    The exponent is 1/3 up to 7.5 m/s, 2/3 from 12.5 m/s, and between them rises evenly.

    .. [4] L. Svenningsen, "Power curve air density correction and other power curve options in windPRO",
    EMD 2010.
    """
    exponent = np.interp(speed_m_s, [7.5, 12.5], [1.0 / 3.0, 2.0 / 3.0])
    equal: Floats = speed_m_s * (density / STANDARD_DENSITY) ** exponent
    return equal


def air_density(days: Days) -> Floats:
    """Usual density of air near sea level in every hour, (24·D, 1) kg/m³: the ideal gas at the normal temperature."""
    return density_of(normal_temperature_c(days).reshape(-1, 1))


def density_of(temperature_c: Floats, pressure_hpa: Floats | float = STANDARD_HPA) -> Floats:
    """Density of dry air after the ideal gas, kg/m³.

    >>> density_of(np.array([15.0, 30.0])).round(3).tolist()
    [1.225, 1.164]
    """
    density: Floats = (
        STANDARD_DENSITY * (pressure_hpa / STANDARD_HPA) * (273.15 + STANDARD_C) / (273.15 + temperature_c)
    )
    return density
