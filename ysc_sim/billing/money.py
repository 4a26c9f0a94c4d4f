"""Amounts as whole thousandths of a yen, computed once and exactly.

A price is read as a whole number of millionths of a yen, energy as whole milliwatt-hours. Their product is
then an integer, rounded half up to 1/1000 yen: no floating point lies between a meter and an amount.

>>> int(energy_amount_mjpy(np.array([1_234_567_890]), 17.43)[0])     # 1,234.56789 kWh × 17.43 = 21,518.518…
21518518
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from ysc_sim.units import MJPY_PER_JPY, MWH_PER_KWH, Floats, Ints

MICRO = 1_000_000
"""Millionths of a yen in a yen."""
MICRO_MWH_PER_MJPY_KWH = MICRO // MJPY_PER_JPY * MWH_PER_KWH

Rule = Literal["exact", "floor", "half_up"]
"""How a supplier rounds to the whole unit; ``exact`` keeps what there is."""


def energy_amount_mjpy(energy_mwh: Ints, price_jpy_per_kwh: float) -> Ints:
    """``energy_mwh`` × price in 1/1000 yen, rounded half up.

    Exact up to 9·10¹⁸ millionths of a yen (9·10¹² yen); the price is taken to a millionth of a yen.
    """
    price = round(price_jpy_per_kwh * MICRO)
    kwh, rest_mwh = np.divmod(energy_mwh, MWH_PER_KWH)
    whole, part = np.divmod(kwh * price, MICRO // MJPY_PER_JPY)
    fraction = part * MWH_PER_KWH + rest_mwh * price
    return np.asarray(whole + (fraction + MICRO_MWH_PER_MJPY_KWH // 2) // MICRO_MWH_PER_MJPY_KWH, dtype=np.int64)


def to_mjpy(amount_jpy: Floats) -> Ints:
    """Yen as thousandths, rounded half up."""
    return np.floor(amount_jpy * MJPY_PER_JPY + 0.5).astype(np.int64)


def round_mjpy(amount_mjpy: Ints, rule: Rule) -> Ints:
    """Thousandths of a yen brought to the whole yen.

    >>> [int(round_mjpy(np.array([1500]), rule)[0]) for rule in ("exact", "floor", "half_up")]
    [1500, 1000, 2000]
    """
    return round_whole(amount_mjpy, MJPY_PER_JPY, rule)


def round_whole(quantity: Ints, unit: int, rule: Rule) -> Ints:
    """Integers brought to a multiple of ``unit``."""
    if rule == "exact":
        return quantity
    return np.asarray((quantity + (unit // 2 if rule == "half_up" else 0)) // unit * unit, dtype=np.int64)


def round_float(quantity: Floats, rule: Rule) -> Floats:
    """Floats brought to the whole unit."""
    if rule == "exact":
        return quantity
    return np.floor(quantity + (0.5 if rule == "half_up" else 0.0))
