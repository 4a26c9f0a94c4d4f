"""Indices of interruption by IEEE Std 1366: how often, how long, for whom.

With N_i customers interrupted by event i for r_i and N_T customers served [1]_:

    SAIFI = Σ N_i / N_T          SAIDI = Σ r_i·N_i / N_T       CAIDI = SAIDI / SAIFI
    ASAI  = 1 − SAIDI / period   MAIFI = Σ N_j / N_T over momentary events j

The first four count sustained interruptions only, those longer than ``sustained_s`` (five minutes in the standard).

.. [1] IEEE Std 1366-2012, Guide for Electric Power Distribution Reliability Indices, clauses 3.2 to 3.4.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from ysc_sim.units import SECONDS_PER_HOUR, Floats

Index: TypeAlias = "float | Floats"


def reliability_indices(
    customers: ArrayLike,
    duration_s: ArrayLike,
    *,
    customers_served: ArrayLike,
    period_h: ArrayLike,
    sustained_s: float = 300.0,
) -> dict[str, Index]:
    """SAIFI, SAIDI, CAIDI, MAIFI and ASAI of the period, not annualised.

    Parameters
    ----------
    customers : (…, events) customers interrupted by each event; 0 for an event that is none.
    duration_s : (…, events) s; broadcast against ``customers``.
    customers_served : (…,) customers in all, > 0.
    period_h : (…,) h, the length of the period looked at, > 0.
    sustained_s : an event of this length or shorter is momentary.

    Returns
    -------
    dict with ``saifi`` (1), ``saidi_h``, ``caidi_h`` (h; 0 without sustained events), ``maifi`` (1) and ``asai`` (1),
    each a float for one list of events, else (…,).

    Raises ``ValueError`` for numbers that are negative or not finite, and for an event that interrupts more
    customers than there are.

    >>> found = reliability_indices([10, 40, 100], [7200, 1800, 60], customers_served=100, period_h=8760)
    >>> [round(found[name], 4) for name in ("saifi", "saidi_h", "caidi_h", "maifi", "asai")]
    [0.5, 0.4, 0.8, 1.0, 1.0]
    """
    count, length_s = np.atleast_1d(
        *np.broadcast_arrays(_numbers("customers", customers), _numbers("duration_s", duration_s))
    )
    served = _positive("customers_served", customers_served)
    period = _positive("period_h", period_h)
    if (count > served[..., None]).any():
        raise ValueError(f"customers(={customers!r}) must not exceed customers_served(={customers_served!r}).")
    if not sustained_s >= 0:
        raise ValueError(f"sustained_s(={sustained_s}) must be >= 0.")
    sustained = length_s > sustained_s
    lasting = np.where(sustained, count, 0.0)
    saifi = np.add.reduce(lasting, axis=-1) / served
    saidi = np.add.reduce(lasting * (length_s / SECONDS_PER_HOUR), axis=-1) / served
    maifi = np.add.reduce(np.where(sustained, 0.0, count), axis=-1) / served
    caidi = np.divide(saidi, saifi, out=np.zeros_like(saidi), where=saifi > 0)
    values = np.broadcast_arrays(saifi, saidi, caidi, maifi, 1.0 - saidi / period)
    names = ("saifi", "saidi_h", "caidi_h", "maifi", "asai")
    return {name: float(value) if value.ndim == 0 else value.copy() for name, value in zip(names, values, strict=True)}


def _numbers(name: str, values: ArrayLike) -> Floats:
    numbers = np.asarray(values, dtype=np.float64)
    if not (np.isfinite(numbers) & (numbers >= 0)).all():
        raise ValueError(f"{name}(={values!r}) must be finite and at least 0.")
    return numbers


def _positive(name: str, values: ArrayLike) -> Floats:
    numbers = _numbers(name, values)
    if not (numbers > 0).all():
        raise ValueError(f"{name}(={values!r}) must be > 0.")
    return numbers
