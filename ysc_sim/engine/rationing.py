"""Cutting whole numbers down in proportion, exactly."""

from __future__ import annotations

import numpy as np

from ysc_sim.units import Ints


def ration(parts: Ints, total: Ints) -> Ints:
    """Cut ``parts`` (…, n) ≥ 0 down to ``total`` (…) in proportion, exactly: the share of each is the difference of two
    rounded-down running totals, so it differs from its due by less than one unit and never exceeds the part itself.

    >>> ration(np.array([[3, 3, 3]]), np.array([5])).tolist()
    [[1, 2, 2]]
    """
    running = np.cumsum(parts, axis=-1)
    whole = running[..., -1:]
    total = total[..., None]
    share = np.divide(total, whole, out=np.zeros(whole.shape), where=whole > 0)
    quotient = np.floor(running * share).astype(np.int64)
    # int64 products wrap round, their difference does not: the true remainder is small, so it comes out exact.
    remainder = running * total - quotient * whole
    quotient += (remainder >= whole) & (whole > 0)
    quotient -= remainder < 0
    return np.diff(quotient, axis=-1, prepend=0)
