"""Weather that nobody measured: right on average month by month, and as restless as real weather.

A place is known by its monthly normals. Each day has a share of possible sunshine whose mean is the month's, whose
spread is wide (dull and bright days are as frequent as middling ones) and which remembers the day before; each hour has
a share whose mean is the day's; each minute has sun or cloud, and an hour's minutes make up its share.

* Sun: the clear sky of :mod:`~ysc_sim.timeseries.clearsky`, of which haze turns a part of the beam into diffuse light.
* Cloud: no direct sun; a third of the clear sky's light on average, more or less by day and hour. With that, means over
  days follow Ångström's line H/H0 = 0.25 + 0.50·n/N [1]_: an overcast day gives a third of a clear one.
* So GHI = DHI + direct on the horizontal plane in every step, exactly.
* Temperature: the usual course of the day, wider on sunny days, around a mean that strays from the normal and comes
  back [2]_. Wind: :mod:`ysc_sim.timeseries.wind`.

``variability`` scales everything that strays: 1 real weather, 0 the normals on every day.

.. [1] R. G. Allen et al., "Crop evapotranspiration", FAO Irrigation and Drainage Paper 56, 1998, eq. 35.
.. [2] C. W. Richardson, "Stochastic simulation of daily precipitation, temperature, and solar radiation", Water
   Resources Research 17(1), 1981, 182-190: first-order autoregressive, correlated with radiation. Memory of days 0.37
   (clearness) and 0.63 (temperature), correlation 0.39: computed from Miyakojima 2014; spread of temperature 2.5 K,
   sunshine's other constants: assumed for the mainland.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from math import sqrt

import numpy as np

from ysc_sim.timeseries.calendar import STANDARD_DAYS, Days, days_from
from ysc_sim.timeseries.clearsky import DAY_S, ClearSky, clear_sky
from ysc_sim.timeseries.normals import MONTH_DAYS, Normals, smooth_year, yokohama
from ysc_sim.timeseries.resample import block_mean
from ysc_sim.timeseries.wind import wind_speed_m_s
from ysc_sim.units import SECONDS_PER_HOUR, Floats

DAY_MEMORY = 0.5
HOUR_MEMORY = 0.8
MINUTE_MEMORY = 0.85
"""From minute to minute: clouds pass in about six."""
DAY_SPREAD, HOUR_SPREAD = 0.9, 0.5
"""Width of the part of the days (hours) that is neither dull nor bright, share of the widest that the mean allows."""
OVERCAST = 1.0 / 3.0
CLOUD_SD = 0.25
"""Of the logarithm of what a cloud lets through, by day and by hour."""
HAZE_MEAN, HAZE_SPREAD = 0.12, 0.1
"""Share of the beam that haze scatters forward on a day: mean, and how far either way."""
CLEAR_SD = 0.03
TEMPERATURE_SD_K, TEMPERATURE_MEMORY, WITH_SUN = 2.5, 0.63, 0.39
WIDER_WITH_SUN = 0.8
"""Relative change of the day's range of temperature from a day without to a day full of sun."""
WARMEST_HOUR = 14.0
BRIGHTEST = 0.98

Draw = Callable[[int, str], np.random.Generator]
"""Random numbers of a row for a stream (sky, minutes, temperature, wind)."""


@dataclass(frozen=True)
class Weather:
    """Means of consecutive steps from the midnight of ``first`` on, arrays (N, S)."""

    first: date
    step_s: int
    sky: ClearSky
    ghi_w_m2: Floats
    dhi_w_m2: Floats
    dni_w_m2: Floats
    """Direct part over the clear sky's mean cosine: DNI · (clear beam / clear DNI) + DHI = GHI."""
    sunshine: Floats
    """Share of each step in which the direct sun exceeds 120 W/m²."""
    temperature_c: Floats
    wind_m_s: Floats
    """At the height of the observatory's anemometer."""

    @property
    def beam_w_m2(self) -> Floats:
        """Direct part on the horizontal plane, (N, S)."""
        return self.ghi_w_m2 - self.dhi_w_m2


def synthetic_weather(
    first: date,
    days: int,
    draw: Draw,
    rows: int,
    *,
    step_s: int = SECONDS_PER_HOUR,
    latitude_deg: float = 35.45,
    longitude_deg: float = 139.64,
    normals: Normals | None = None,
    variability: float = 1.0,
) -> Weather:
    """Weather of ``days`` local days from ``first`` on for ``rows`` rows, in steps of one minute to one hour.

    Raises ``ValueError`` where the step does not divide an hour or is shorter than a minute, ``days`` or ``rows`` are
    not positive, or ``variability`` lies outside 0 … 1.

    >>> draw = lambda row, stream: np.random.default_rng([row, len(stream)])
    >>> calm = synthetic_weather(date(2026, 1, 1), 31, draw, 1, variability=0.0)
    >>> round(float(calm.sunshine.sum()), 1), round(float(calm.temperature_c.mean()), 2)
    (192.7, 6.1)
    """
    if step_s < 60 or SECONDS_PER_HOUR % step_s or step_s % 60:
        raise ValueError(f"step_s(={step_s}) must be whole minutes that divide an hour.")
    if days < 1 or rows < 1 or not 0.0 <= variability <= 1.0:
        raise ValueError(f"days(={days}) and rows(={rows}) must be > 0, variability(={variability}) in 0 … 1.")
    normals = normals or yokohama()
    calendar = days_from(first, days)
    usual = _sunny_share(normals, latitude_deg, longitude_deg)[calendar.nominal]
    skies = [_Sky.drawn(draw(row, "sky"), usual, variability) for row in range(rows)]
    per_hour = SECONDS_PER_HOUR // step_s
    sky = clear_sky(first, days, step_s, latitude_deg, longitude_deg)
    columns = []
    for row, drawn in enumerate(skies):
        sunny = drawn.sunny if per_hour == 1 else _minutes(drawn.sunny, draw(row, "minutes"), step_s, variability)
        columns.append(_light(sky, drawn, sunny, per_hour))
    ghi, dhi, dni, sunshine = (np.stack(part, axis=1) for part in zip(*columns, strict=True))
    air = [
        _temperature_c(draw(r, "temperature"), s, usual, calendar, normals, variability) for r, s in enumerate(skies)
    ]
    wind = wind_speed_m_s(calendar, [draw(row, "wind") for row in range(rows)], normals.wind_mean_m_s, variability)
    return Weather(
        first=first,
        step_s=step_s,
        sky=sky,
        ghi_w_m2=ghi,
        dhi_w_m2=dhi,
        dni_w_m2=dni,
        sunshine=sunshine,
        temperature_c=np.repeat(np.stack(air, axis=1), per_hour, axis=0),
        wind_m_s=np.repeat(wind, per_hour, axis=0),
    )


@dataclass(frozen=True)
class _Sky:
    """One row's sky: by day (D,) or by hour (24·D,)."""

    day: Floats
    """Share of possible sunshine that the day tends to."""
    latent: Floats
    """The normal number behind it."""
    sunny: Floats
    """Share of possible sunshine in each hour."""
    cloud: Floats
    """What clouds let through, hour by hour."""
    haze: Floats
    clear: Floats

    @classmethod
    def drawn(cls, random: np.random.Generator, usual: Floats, variability: float) -> _Sky:
        count = len(usual)
        day_noise, extra = random.standard_normal(count), random.standard_normal((3, count))
        hour_noise = random.standard_normal((2, 24 * count))
        latent = autoregression(day_noise, DAY_MEMORY)
        day = usual + variability * (spread(normal_share(latent), usual, DAY_SPREAD) - usual)
        hourly = np.repeat(day, 24)
        sunny = spread(normal_share(autoregression(hour_noise[0], HOUR_MEMORY)), hourly, HOUR_SPREAD)
        cloud = CLOUD_SD * (np.repeat(extra[0], 24) + autoregression(hour_noise[1], HOUR_MEMORY)) - CLOUD_SD**2
        return cls(
            day=day,
            latent=latent,
            sunny=hourly + variability * (sunny - hourly),
            cloud=OVERCAST * (1.0 + variability * (np.minimum(np.exp(cloud), 2.4) - 1.0)),
            haze=HAZE_MEAN + variability * HAZE_SPREAD * (2.0 * normal_share(extra[1]) - 1.0),
            clear=1.0 + variability * CLEAR_SD * np.clip(extra[2], -2.5, 2.5),
        )


def _light(sky: ClearSky, drawn: _Sky, sunny: Floats, per_hour: int) -> tuple[Floats, Floats, Floats, Floats]:
    """GHI, DHI, DNI and sunshine of one row, (N,) each."""
    steps = 24 * per_hour
    haze, clear = np.repeat(drawn.haze, steps), np.repeat(drawn.clear, steps)
    cloud = np.repeat(drawn.cloud, per_hour)
    direct = sunny * clear * (1.0 - haze)
    beam = direct * sky.beam_w_m2
    diffuse = sunny * clear * (sky.dhi_w_m2 + haze * sky.beam_w_m2) + (1.0 - sunny) * cloud * sky.ghi_w_m2
    return beam + diffuse, diffuse, direct * sky.dni_w_m2, sunny * sky.potential


def _minutes(hourly: Floats, random: np.random.Generator, step_s: int, variability: float) -> Floats:
    """Sun or cloud in each minute so that every hour keeps its share, as means of steps, (N,)."""
    noise = autoregression(random.standard_normal(60 * len(hourly)), MINUTE_MEMORY).reshape(-1, 60)
    place = np.argsort(np.argsort(-noise, axis=1, kind="stable"), axis=1, kind="stable")
    # The sunniest minutes have sun; the one in which the share ends has it in part.
    sunny = np.clip(hourly[:, None] * 60.0 - place, 0.0, 1.0)
    sunny = hourly[:, None] + variability * (sunny - hourly[:, None])
    return block_mean(sunny.reshape(-1), step_s // 60)


def _temperature_c(
    random: np.random.Generator, sky: _Sky, usual: Floats, days: Days, normals: Normals, variability: float
) -> Floats:
    """Air temperature of one row hour by hour, (24·D,) °C."""
    noise = sqrt(1.0 - WITH_SUN**2) * random.standard_normal(len(usual)) + WITH_SUN * sky.latent
    stray = autoregression(noise, TEMPERATURE_MEMORY) * TEMPERATURE_SD_K * variability
    mean = smooth_year(normals.temp_mean_c)[days.nominal]
    half_range = 0.5 * smooth_year(normals.temp_max_c - normals.temp_min_c)[days.nominal]
    course = np.cos(2.0 * np.pi * (np.arange(24) + 0.5 - WARMEST_HOUR) / 24.0)
    course /= course.max()
    wide = half_range * (1.0 + WIDER_WITH_SUN * (sky.day - usual))
    temperature: Floats = (mean + stray)[:, None] + wide[:, None] * course
    return temperature.reshape(-1)


def autoregression(noise: Floats, memory: float) -> Floats:
    """Standard normal numbers (N,) → a standard normal sequence whose neighbours correlate by ``memory``."""
    from scipy.signal import lfilter

    driven = noise * sqrt(1.0 - memory * memory)
    driven[:1] = noise[:1]
    sequence: Floats = lfilter([1.0], [1.0, -memory], driven)
    return sequence


def normal_share(latent: Floats) -> Floats:
    """Share of a standard normal population below each value."""
    from scipy.special import ndtr

    share: Floats = ndtr(latent)
    return share


def spread(share: Floats, mean: Floats, width: float) -> Floats:
    """Values in 0 … 1 with the given mean, by their place (0 … 1) among all: none, a straight line, one.

    ``width`` 0: nothing but 0 and 1; 1: the longest line that the mean allows.

    >>> place = (np.arange(1000) + 0.5) / 1000
    >>> [round(float(spread(place, np.array(m), 0.9).mean()), 6) for m in (0.0, 0.3, 0.8, 1.0)]
    [0.0, 0.3, 0.8, 1.0]
    """
    line = 2.0 * width * np.minimum(mean, 1.0 - mean)
    begin = 1.0 - mean - line / 2.0
    inside = np.divide(share - begin, line, out=(share >= begin).astype(np.float64), where=line > 1e-12)
    values: Floats = np.clip(inside, 0.0, 1.0)
    return values


def possible_sunshine_h(latitude_deg: float, longitude_deg: float) -> Floats:
    """Hours of the twelve months in which the sun of a clear sky exceeds 120 W/m², less what always is lost, (12,).

    >>> possible_sunshine_h(35.45, 139.64)[[0, 6]].round().tolist()
    [294.0, 389.0]
    """
    months = np.add.reduceat(_possible_h(latitude_deg, longitude_deg), np.cumsum((0, *MONTH_DAYS[:-1])))
    return months * BRIGHTEST


@lru_cache(maxsize=8)
def _possible_h(latitude_deg: float, longitude_deg: float) -> Floats:
    """The same of each day, all of it, (365,)."""
    sky = clear_sky(date(2015, 1, 1), STANDARD_DAYS, SECONDS_PER_HOUR, latitude_deg, longitude_deg)
    possible: Floats = block_mean(sky.potential, DAY_S // SECONDS_PER_HOUR) * 24.0
    possible.flags.writeable = False
    return possible


@lru_cache(maxsize=8)
def _sunny_share_of(hours: tuple[float, ...], latitude_deg: float, longitude_deg: float) -> Floats:
    possible = _possible_h(latitude_deg, longitude_deg)
    each_month = np.array(hours) / np.add.reduceat(possible, np.cumsum((0, *MONTH_DAYS[:-1])))
    share = np.clip(smooth_year(each_month, possible), 0.0, BRIGHTEST)
    share.flags.writeable = False
    return share


def _sunny_share(normals: Normals, latitude_deg: float, longitude_deg: float) -> Floats:
    """Usual share of possible sunshine on each day of the year, (365,)."""
    return _sunny_share_of(tuple(normals.sunshine_h.tolist()), latitude_deg, longitude_deg)
