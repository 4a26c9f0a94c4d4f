"""How much hot water a household draws, hour by hour, and how much heat is in it.

Four people draw 450 litres of 40 °C on the usual day of the national standard for houses [1]_, most of it for the bath;
fewer or more people draw in proportion. The mains follow the air: 0.852 · T + 2.47 °C in climate region 6 [1]_.

.. [1] Building Research Institute, calculation method of the energy standard for houses, chapter 7.1, tables of hot
   water use (450 L day) and of the temperature of water supply.
"""

from __future__ import annotations

import numpy as np

from ysc_sim.units import Floats

LITRES = np.zeros(24)
LITRES[[6, 7, 9, 12, 16, 18, 19, 20, 21, 22, 23]] = [14, 4, 2, 6, 2, 30, 190, 85, 54, 59, 4]
"""Drawn in each hour of the 450 L day by four people, at 40 °C."""
PEOPLE = 4.0
USED_C = 40.0
KWH_PER_LITRE_K = 4.186 / 3600.0


def mains_c(air_c: Floats) -> Floats:
    """Temperature of the water supply at a daily mean of the air, °C.

    >>> mains_c(np.array([5.0, 16.2])).round(2).tolist()
    [6.73, 16.27]
    """
    return 0.852 * air_c + 2.47


def draw_kw(air_c: Floats) -> Floats:
    """Heat in the hot water that one person draws, mean of each hour of whole days, (24·D, S) kW.

    ``air_c``: outdoor temperature of the hours, (24·D, S).

    >>> per_day = draw_kw(np.full((24, 1), 17.0)).sum() * 4
    >>> round(float(per_day), 1)
    12.1
    """
    days = len(air_c) // 24
    daily = np.add.reduce(air_c.reshape(days, 24, -1), axis=1) / 24.0
    rise = np.maximum(USED_C - mains_c(daily), 0.0)
    heat: Floats = LITRES[None, :, None] / PEOPLE * KWH_PER_LITRE_K * rise[:, None, :]
    return heat.reshape(days * 24, -1)
