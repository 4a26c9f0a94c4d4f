"""Minutes inside a half-hour: appliances switch on and off, the half-hour's mean stays what it was.

A profile of half-hours or hours hides what a demand controller lives on. Every half-hour is split into a
steady part and a few rectangular pulses (kettle, heater, compressor), whose place inside the half-hour is
drawn. For one home with half-hour mean ``μ``, standard deviation inside ``σ`` and largest minute ``r·μ``
one pulse of amplitude ``A`` that is on for the share ``d`` of the half-hour fits both [1]_:

    A·d = σ² / ((r − 1)·μ),    A = (r − 1)·μ + A·d.

So the minutes' mean is the profile's to the last bits, their standard deviation and peak are as measured,
and their autocorrelation (0.7 to 0.9 at one minute) comes from pulses of four to eight minutes.

Larger buildings have several pulses: a sum of 1, 5, 20, 100 homes has σ/μ of 0.45, 0.39, 0.23, 0.12 [1]_,
as if 1 + 0.14·(homes − 1) independent ones were on. That offices and factories follow the same law is
**assumed**.

.. [1] Statistics of 200 dwellings, 14 January days at 1 min, computed with the CREST appliance model of I.
   Richardson, M. Thomson, D. Infield, C. Clifford, "Domestic electricity use: a high-resolution energy
   demand model", Energy and Buildings 42(10), 2010, 1878-1887. British appliances; Japanese 1-min data of
   homes were not found.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ysc_sim.units import Floats

MEAN_KW = np.array([0.1, 0.33, 0.72, 1.4, 3.0])
"""Half-hour means at the middle of the classes below 0.2, 0.5, 1 and 2 kW and above."""
SD_KW = np.array([0.033, 0.193, 0.636, 1.207, 1.078])
"""Standard deviation inside the half-hour, by class."""
PEAK_RATIO = np.array([1.5, 2.5, 3.2, 2.5, 1.6])
"""Largest minute over mean, by class."""
HOME_KWH_PER_YEAR = 4175.0
"""Mean household (Ministry of the Environment, household CO2 survey FY2021)."""
PULSES_PER_HOME = 0.14
MOST_PULSES = 16


def pulse_count(kwh_per_year: Floats) -> Floats:
    """Independent pulses of a building with that yearly energy, 1 … 16.

    >>> pulse_count(np.array([2000.0, 4175.0, 90000.0])).tolist()
    [1.0, 1.0, 4.0]
    """
    homes = kwh_per_year / HOME_KWH_PER_YEAR
    return np.clip(np.rint(1.0 + PULSES_PER_HOME * (homes - 1.0)), 1.0, MOST_PULSES)


LAW = np.stack([PEAK_RATIO, SD_KW / MEAN_KW])
"""What :func:`pulse_law` reads at the means."""
FROM_KW = np.concatenate([[0.0], MEAN_KW])
FROM = np.concatenate([LAW[:, :1], LAW], axis=1)
SLOPE = np.concatenate([np.zeros((2, 1)), np.diff(LAW, axis=1) / np.diff(MEAN_KW), np.zeros((2, 1))], axis=1)
"""Its straight pieces: level before the first mean, and behind the last one."""


def pulse_law(mean_kw: Floats) -> tuple[Floats, Floats]:
    """Share of the energy in the pulse, and share of the time that it is on, for the half-hour mean of one home.

    >>> energy, time = pulse_law(np.array([0.0, 0.33]))
    >>> energy.round(3).tolist(), time.round(3).tolist()
    ([0.218, 0.228], [0.303, 0.132])
    """
    piece = np.zeros(mean_kw.shape, dtype=np.int8)
    for begin in MEAN_KW:
        piece += mean_kw >= begin
    # Both curves have the same pieces: np.interp would look for them twice, number by number.
    at = piece.astype(np.intp)
    beyond = mean_kw - FROM_KW.take(at)
    ratio, spread = (_on_line(beyond, slope.take(at), start.take(at)) for slope, start in zip(SLOPE, FROM, strict=True))
    ratio -= 1.0
    spread *= spread
    spread /= ratio
    ratio += spread
    return spread, spread / ratio


def _on_line(beyond: Floats, slope: Floats, start: Floats) -> Floats:
    slope *= beyond
    slope += start
    return slope


@dataclass(frozen=True)
class Pulses:
    """Where the pulses of every device lie, and how many it has."""

    starts: np.ndarray[tuple[int, ...], np.dtype[np.float32]]
    """Places in 0 … 1 of up to P pulses in each half-hour, (slots, P, S, m)."""
    count: Floats
    """Pulses of each device, (m,)."""
    strength: Floats
    """0: as the profile; 1: in full, (m,)."""
    homes: Floats
    """Size of each device in homes, (S, m): the law is read at the mean of one."""

    def vary(self, power_kw: Floats, first_slot: int, steps: int) -> Floats:
        """Power (slots · steps, R0, m) of either sign → the same half-hour means, varied inside, (slots · steps, S,
        m)."""
        blocks = power_kw.reshape(-1, steps, *power_kw.shape[1:])
        slots = len(blocks)
        mean = np.zeros((slots, *power_kw.shape[1:]))
        for step in range(steps):
            mean += blocks[:, step]
        mean /= steps
        energy, time = pulse_law(np.abs(mean) / self.homes)
        edge = (np.arange(steps + 1) / steps).reshape(-1, 1, 1)
        shape = np.broadcast_shapes(mean.shape, self.homes.shape)
        share = np.zeros((slots, steps, *shape[1:]))
        for pulse, begin in enumerate(np.moveaxis(self.starts[first_slot : first_slot + slots], 1, 0)):
            on = begin * (1.0 - time)
            covered = np.minimum((on + time)[:, None], edge[1:])
            covered -= np.maximum(on[:, None], edge[:-1])
            np.maximum(covered, 0.0, out=covered)
            has = pulse < self.count
            if not has.all():
                covered *= has
            share += covered
        # In place from here on: mean · (1 + energy · (share − 1)), and of that the strength's part.
        share *= (steps / time / self.count)[:, None]
        share -= 1.0
        share *= energy[:, None]
        share += 1.0
        share *= mean[:, None]
        share -= blocks
        share *= self.strength
        share += blocks
        return share.reshape(-1, *share.shape[2:])


def draw_pulses(
    generator: Callable[[int, str], np.random.Generator],
    names: Sequence[str],
    *,
    slots: int,
    kwh_per_year: Floats,
    scale: Floats,
    strength: Floats,
) -> Pulses:
    """Places of the pulses of every device in every row.

    ``generator(row, name)`` gives the random numbers of one device in one row; ``kwh_per_year`` (m,) is its
    usual size (it decides how many pulses there are), ``scale`` (S, m) its size in each row.
    """
    rows = len(scale)
    count = pulse_count(kwh_per_year)
    starts = np.zeros((slots, int(count.max(initial=1.0)), rows, len(names)), dtype=np.float32)
    for row in range(rows):
        for device, name in enumerate(names):
            places = generator(row, name).random((slots, int(count[device])), dtype=np.float32)
            starts[:, : int(count[device]), row, device] = places
    return Pulses(starts, count, strength, np.maximum(kwh_per_year * scale / HOME_KWH_PER_YEAR, 1.0))
