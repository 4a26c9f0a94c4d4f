"""Rooms as one or two thermal nodes: the air, and what walls, floors and ceilings keep.

The air loses heat to the outdoors through ``1/H``, is held by a capacity ``C``, and exchanges heat with a mass ``C_m``
through a coupling ``H_m`` [1]_:

    C · dT/dt = H·(T_out − T) + H_m·(T_m − T) + q        C_m · dT_m/dt = H_m·(T − T_m)

For constant outdoor temperature and heat ``q`` both temperatures are sums of two exponentials around T_out + q/H (of
one, where there is no mass), so temperatures, and hours beyond a level, are exact, however a step is split.

.. [1] P. Bacher, H. Madsen, "Identifying suitable models for the heat dynamics of buildings", Energy and Buildings
   43(7), 2011, 1511-1522. Capacities and the coupling: EN ISO 13790:2008, table 12 (80, 110, 165, 260 and 370 kJ/K per
   m² of floor from very light to very heavy) and 7.2.2.2 (9.1 W/m²K over 2.5 m² of mass in series with 3.45 W/m²K over
   4.5 m² of surfaces per m² of floor: 9.2 W/K).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from ysc_sim.units import Floats

COUPLING_W_PER_K_M2 = 1.0 / (1.0 / (9.1 * 2.5) + 1.0 / (3.45 * 4.5))
HALVINGS = 60


class Course(NamedTuple):
    """Temperature above ``rest_c`` as ``first·e^(−t/first_h) + second·e^(−t/second_h)``."""

    rest_c: Floats
    first: Floats
    second: Floats
    first_h: Floats
    second_h: Floats

    def at(self, hours: Floats) -> Floats:
        """Temperature after some hours."""
        end: Floats = self.rest_c + self.first * np.exp(-hours / self.first_h)
        return end + self.second * np.exp(-hours / self.second_h)

    def mirrored(self) -> Course:
        """With the opposite sign: what is above it lies below the other."""
        return Course(-self.rest_c, -self.first, -self.second, self.first_h, self.second_h)

    def hours_above(self, level_c: Floats, hours: Floats) -> Floats:
        """∫ max(T − level, 0) dt over ``hours``, kelvin hours.

        The temperature turns at most once; before and after that it passes the level at most once each.

        >>> one = np.ones(1)
        >>> course = Course(20 * one, 10 * one, 0 * one, 2 * one, one)
        >>> bool(np.isclose(course.hours_above(20 * one, 1000 * one), 20.0).all())
        True
        """
        # It turns where both exponentials change equally fast in opposite directions.
        ratio = np.divide(
            -self.first * self.second_h,
            self.second * self.first_h,
            out=np.zeros_like(self.rest_c + hours),
            where=self.second != 0,
        )
        speed = 1.0 / self.first_h - 1.0 / self.second_h
        turns = (ratio > 0) & (speed != 0)
        turn = np.divide(np.log(np.where(turns, ratio, 1.0)), speed, out=np.zeros_like(ratio), where=turns)
        turn = np.clip(turn, 0.0, hours)
        return self._above(level_c, np.zeros_like(turn), turn) + self._above(level_c, turn, hours + 0.0 * turn)

    def _above(self, level_c: Floats, begin: Floats, end: Floats) -> Floats:
        """The same over a time in which the temperature does not turn."""
        low, high = self.at(begin) > level_c, self.at(end) > level_c
        passes = low != high
        early, late = begin, end
        if passes.any():
            for _ in range(HALVINGS):
                middle = (early + late) / 2.0
                as_begin = (self.at(middle) > level_c) == low
                early, late = np.where(as_begin, middle, early), np.where(as_begin, late, middle)
        begins, ends = np.where(passes & high, late, begin), np.where(passes & low, late, end)
        area = (self.rest_c - level_c) * (ends - begins)
        for size, tau in ((self.first, self.first_h), (self.second, self.second_h)):
            area = area + size * tau * (np.exp(-begins / tau) - np.exp(-ends / tau))
        above: Floats = np.where(low | high, np.maximum(area, 0.0), 0.0)
        return above


@dataclass(frozen=True)
class TwoNodes:
    """Rooms with a mass, arrays (m,): kW/K and kWh/K."""

    loss_kw_per_k: Floats
    air_kwh_per_k: Floats
    coupling_kw_per_k: Floats
    mass_kwh_per_k: Floats

    @cached_property
    def _modes(self) -> tuple[Floats, Floats, Floats, Floats]:
        """Time constants of the fast and the slow mode, hours; temperature of the mass per that of the air in each."""
        a = (self.loss_kw_per_k + self.coupling_kw_per_k) / self.air_kwh_per_k
        b = self.coupling_kw_per_k / self.air_kwh_per_k
        d = self.coupling_kw_per_k / self.mass_kwh_per_k
        apart = np.sqrt((a - d) ** 2 + 4.0 * b * d)
        fast = (a + d + apart) / 2.0
        slow = self.loss_kw_per_k * self.coupling_kw_per_k / (self.air_kwh_per_k * self.mass_kwh_per_k) / fast
        # One of the two by its own formula, the other by their product −d/b: neither loses digits.
        larger = np.where(a >= d, (a - d + apart) / (2.0 * b), (a - d - apart) / (2.0 * b))
        other = -d / (b * larger)
        of_fast, of_slow = np.where(a >= d, other, larger), np.where(a >= d, larger, other)
        return 1.0 / fast, 1.0 / slow, of_fast, of_slow

    def courses(self, air_c: Floats, mass_c: Floats, outside_c: Floats, heat_kw: Floats) -> tuple[Course, Course]:
        """Of air and mass at constant heat into the air, (R, m)."""
        fast_h, slow_h, of_fast, of_slow = self._modes
        rest = outside_c + heat_kw / self.loss_kw_per_k
        air, mass = air_c - rest, mass_c - rest
        fast = (mass - of_slow * air) / (of_fast - of_slow)
        slow = air - fast
        return Course(rest, fast, slow, fast_h, slow_h), Course(rest, fast * of_fast, slow * of_slow, fast_h, slow_h)

    def k_per_kw(self, hours: float) -> Floats:
        """What a kW more in the air makes of its temperature after some hours."""
        nothing = np.zeros_like(self.loss_kw_per_k)
        return self.courses(nothing, nothing, nothing, nothing + 1.0)[0].at(np.asarray(hours))
