"""What is lost between the terminals of a battery and its cells, at any power.

A converter that is switched on loses [1]_, at the power ``P`` at its AC terminals,

    loss(P) = no_load + linear · P + quadratic · P²,

and the cells lose a constant share of what passes through them. So, at constant power, the stored energy is linear in
time, and the power that moves a given energy in a given time is the root of a quadratic.

>>> notton = Conversion.of([4.0], no_load=[0.0072], linear=[0.0], quadratic=[0.0345], cell=[1.0])
>>> (notton.taken_kw(np.array([2.0])) / 2.0).round(3).tolist()
[1.032]
>>> notton.given_for_kw(notton.taken_kw(np.array([2.0]))).round(12).tolist()
[2.0]

.. [1] G. Notton, V. Lazarov, L. Stoyanov, "Optimal sizing of a grid-connected PV system for various PV module
   technologies and inclinations, inverter efficiency characteristics and locations", Renewable Energy 35(2), 2010,
   541-554: η = p / (p + p0 + k·p²). The linear term is that of the polynomials which bslib (Forschungszentrum Jülich,
   github.com/FZJ-IEK3-VSA/bslib) fits to HTW Berlin's measurements of home storage systems.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from ysc_sim.units import Bools, Floats

NOTHING = np.zeros(1)


def one_if_equal(values: Floats) -> Floats:
    """(m,) → (1,) where all are equal: a fleet of one product is reckoned with single numbers.

    >>> one_if_equal(np.array([4.0, 4.0])).tolist()
    [4.0]
    """
    return values[:1] if values.ndim == 1 and (values == values[:1]).all() else values


class Passing(NamedTuple):
    """What passes a converter, kW each: what it needs itself, and what goes in or out of the cells' side of it."""

    converter_kw: Floats
    through_kw: Floats


@dataclass(frozen=True)
class Conversion:
    """One direction of a converter and its cells: (m,), (1,) where all are equal, (R, m) where rows differ in size."""

    no_load_kw: Floats
    linear: Floats
    quadratic_per_kw: Floats
    cell: Floats
    """Efficiency of the cells in this direction."""

    @classmethod
    def of(
        cls,
        rated_kw: Sequence[float] | Floats,
        *,
        no_load: Sequence[float] | Floats,
        linear: Sequence[float] | Floats,
        quadratic: Sequence[float] | Floats,
        cell: Sequence[float] | Floats,
    ) -> Conversion:
        """From losses as shares of the rated power, at rated power."""
        rated = np.asarray(rated_kw, dtype=np.float64)
        parts = (
            np.asarray(no_load) * rated,
            np.asarray(linear, dtype=np.float64),
            np.divide(np.asarray(quadratic), rated, out=np.zeros_like(rated), where=rated > 0),
            np.asarray(cell, dtype=np.float64),
        )
        return cls(*(one_if_equal(part) for part in parts))

    def each(self, change: Callable[[Floats], Floats]) -> Conversion:
        """The same with every array changed."""
        parts = (self.no_load_kw, self.linear, self.quadratic_per_kw, self.cell)
        return Conversion(*(change(part) for part in parts))

    @cached_property
    def cells_alone(self) -> bool:
        """Whether no converter loses anything, so that the cells' efficiency is all."""
        return not (self.no_load_kw.any() or self.linear.any() or self.quadratic_per_kw.any())

    @cached_property
    def _loses_linearly(self) -> bool:
        return bool(self.linear.any())

    @cached_property
    def _left_over(self) -> tuple[Floats, Floats]:
        """What the cells lose of what comes in, and of what they give."""
        return 1.0 - self.cell, (1.0 - self.cell) / self.cell

    def loss_kw(self, power_kw: Floats, on: Bools | None = None) -> Floats:
        """Loss of a converter at a power ≥ 0 at its AC terminals, kW; it is on, or where ``on`` says so."""
        slope = power_kw * self.quadratic_per_kw
        if self._loses_linearly:
            slope = slope + self.linear
        return slope * power_kw + (self.no_load_kw if on is None else self.no_load_kw * on)

    def filling(self, power_kw: Floats) -> Passing:
        """Of a store that is charged with ``power_kw`` (R, m) ≥ 0 at the terminals; 0 at 0."""
        if self.cells_alone:
            return Passing(NOTHING, power_kw)
        converter = np.minimum(self.loss_kw(power_kw), power_kw)
        return Passing(converter, power_kw - converter)

    def giving(self, power_kw: Floats) -> Passing:
        """Of a store that delivers ``power_kw`` (R, m) ≥ 0 at the terminals; 0 at 0, where the converter is off."""
        if self.cells_alone:
            return Passing(NOTHING, power_kw)
        converter = self.loss_kw(power_kw, power_kw > 0)
        return Passing(converter, power_kw + converter)

    def lost_of_filling(self, passing: Passing) -> Floats:
        """What converter and cells lose, kW. Not what is left over, but added up: so a store's balance tests it."""
        lost: Floats = passing.through_kw * self._left_over[0]
        if passing.converter_kw is not NOTHING:
            lost += passing.converter_kw
        return lost

    def lost_of_giving(self, passing: Passing) -> Floats:
        """As :meth:`lost_of_filling`, of a store that delivers."""
        lost: Floats = passing.through_kw * self._left_over[1]
        if passing.converter_kw is not NOTHING:
            lost += passing.converter_kw
        return lost

    def stored_kw(self, power_kw: Floats) -> Floats:
        """Rate at which the store fills while it is charged with ``power_kw`` ≥ 0 at the terminals, ≥ 0 kW.

        Below its own need a converter takes what there is, and nothing reaches the cells.
        """
        return self.fills_kw(self.filling(power_kw))

    def taken_kw(self, power_kw: Floats) -> Floats:
        """Rate at which the store falls while ``power_kw`` ≥ 0 is delivered at the terminals, kW."""
        return self.falls_kw(self.giving(power_kw))

    def fills_kw(self, passing: Passing) -> Floats:
        """Rate at which the store fills while :meth:`filling`."""
        return passing.through_kw * self.cell

    def falls_kw(self, passing: Passing) -> Floats:
        """Rate at which the store falls while :meth:`giving`."""
        return passing.through_kw / self.cell

    def stored_mean_kw(self, mean_kw: Floats, square_kw2: Floats) -> Floats:
        """As :meth:`stored_kw` on average, while the power has the given mean and mean square."""
        return np.maximum(mean_kw - self._mean_loss_kw(mean_kw, square_kw2), 0.0) * self.cell

    def taken_mean_kw(self, mean_kw: Floats, square_kw2: Floats) -> Floats:
        """As :meth:`taken_kw` on average, while the power has the given mean and mean square."""
        return (mean_kw + self._mean_loss_kw(mean_kw, square_kw2)) / self.cell

    def lost_filling_mean_kw(self, mean_kw: Floats, square_kw2: Floats) -> Floats:
        """What converter and cells lose on average while power of that mean and mean square charges."""
        if self.cells_alone:
            return mean_kw * (1.0 - self.cell)
        converter = np.minimum(self._mean_loss_kw(mean_kw, square_kw2), mean_kw)
        return self.lost_of_filling(Passing(converter, mean_kw - converter))

    def lost_giving_mean_kw(self, mean_kw: Floats, square_kw2: Floats) -> Floats:
        """As :meth:`lost_filling_mean_kw`, while power is delivered."""
        if self.cells_alone:
            return mean_kw * ((1.0 - self.cell) / self.cell)
        converter = self._mean_loss_kw(mean_kw, square_kw2)
        return self.lost_of_giving(Passing(converter, mean_kw + converter))

    def _mean_loss_kw(self, mean_kw: Floats, square_kw2: Floats) -> Floats:
        return self.no_load_kw + mean_kw * self.linear + square_kw2 * self.quadratic_per_kw

    def charge_for_kw(self, stored_kw: Floats) -> Floats:
        """Power at the terminals that fills the store at ``stored_kw`` ≥ 0; inf where none does."""
        return self._root(1.0 - self.linear, -self.quadratic_per_kw, self.no_load_kw + stored_kw / self.cell)

    def given_for_kw(self, taken_kw: Floats) -> Floats:
        """Power at the terminals while the store falls at ``taken_kw`` ≥ 0; 0 where the converter needs it all."""
        through = taken_kw * self.cell - self.no_load_kw
        return self._root(1.0 + self.linear, self.quadratic_per_kw, np.maximum(through, 0.0))

    @staticmethod
    def _root(slope: Floats, square: Floats, value: Floats) -> Floats:
        """The smallest x ≥ 0 with slope·x + square·x² = value, in the form that also holds for square = 0."""
        inner = slope * slope + 4.0 * square * value
        reachable = inner >= 0.0
        if reachable.all() and (slope > 0.0).all():
            near: Floats = 2.0 * value / (slope + np.sqrt(inner))
            return near
        bottom = slope + np.sqrt(np.maximum(inner, 0.0))
        unreachable = np.full(np.shape(bottom), np.inf)
        root: Floats = np.divide(2.0 * value, bottom, out=unreachable, where=reachable & (bottom > 0.0))
        return root
