"""Changing the step of a profile without losing a watt-hour.

A profile is piecewise constant: a value is the mean power of its interval. A finer step repeats it, a
coarser one takes the mean; between steps that do not divide each other the way leads over their greatest
common divisor.

>>> resample(np.array([2.0, 4.0]), from_s=1800, to_s=3600).tolist()
[3.0]
>>> resample(np.array([3.0, 6.0]), from_s=1800, to_s=1200).tolist()
[3.0, 4.5, 6.0]
"""

from __future__ import annotations

from math import gcd

import numpy as np

from ysc_sim.units import Floats


def resample(mean_kw: Floats, *, from_s: int, to_s: int) -> Floats:
    """Means (N, …) over ``from_s`` seconds → means (M, …) over ``to_s`` seconds, M · to_s = N · from_s.

    Raises ``ValueError`` where the whole length is no multiple of ``to_s``, or a step is not positive.
    """
    if from_s <= 0 or to_s <= 0:
        raise ValueError(f"from_s(={from_s}) and to_s(={to_s}) must be > 0.")
    if len(mean_kw) * from_s % to_s:
        raise ValueError(f"{len(mean_kw)} intervals of from_s(={from_s}) are no whole number of to_s(={to_s}).")
    if from_s == to_s:
        return mean_kw
    common = gcd(from_s, to_s)
    fine = np.repeat(mean_kw, from_s // common, axis=0)
    return block_mean(fine, to_s // common)


def block_mean(values: Floats, width: int) -> Floats:
    """Means of consecutive blocks of ``width`` along the first axis.

    Added one by one, so that the bits do not depend on how many columns stand beside each other.
    """
    if width == 1:
        return values
    total = values[::width].astype(np.float64, copy=True)
    for k in range(1, width):
        total += values[k::width]
    total /= width
    return total
