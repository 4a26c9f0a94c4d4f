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

import numpy as np

from ysc_sim.units import Floats


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
        # A fleet of one product is reckoned with single numbers.
        return cls(*(part[:1] if part.ndim == 1 and (part == part[:1]).all() else part for part in parts))

    def each(self, change: Callable[[Floats], Floats]) -> Conversion:
        """The same with every array changed."""
        parts = (self.no_load_kw, self.linear, self.quadratic_per_kw, self.cell)
        return Conversion(*(change(part) for part in parts))

    @cached_property
    def cells_alone(self) -> bool:
        """Whether no converter loses anything, so that the cells' efficiency is all."""
        return not (self.no_load_kw.any() or self.linear.any() or self.quadratic_per_kw.any())

    def loss_kw(self, power_kw: Floats) -> Floats:
        """Loss of a converter that is on, at a power ≥ 0 at its AC terminals, kW."""
        return self.no_load_kw + power_kw * (self.linear + power_kw * self.quadratic_per_kw)

    def stored_kw(self, power_kw: Floats) -> Floats:
        """Rate at which the store fills while it is charged with ``power_kw`` > 0 at the terminals, ≥ 0 kW.

        Below its own need a converter takes what there is, and nothing reaches the cells.
        """
        if self.cells_alone:
            return power_kw * self.cell
        return np.maximum(power_kw - self.loss_kw(power_kw), 0.0) * self.cell

    def taken_kw(self, power_kw: Floats) -> Floats:
        """Rate at which the store falls while ``power_kw`` > 0 is delivered at the terminals, kW."""
        if self.cells_alone:
            return power_kw / self.cell
        return (power_kw + self.loss_kw(power_kw)) / self.cell

    def stored_mean_kw(self, mean_kw: Floats, square_kw2: Floats) -> Floats:
        """As :meth:`stored_kw` on average, while the power has the given mean and mean square."""
        return np.maximum(mean_kw - self._mean_loss_kw(mean_kw, square_kw2), 0.0) * self.cell

    def taken_mean_kw(self, mean_kw: Floats, square_kw2: Floats) -> Floats:
        """As :meth:`taken_kw` on average, while the power has the given mean and mean square."""
        return (mean_kw + self._mean_loss_kw(mean_kw, square_kw2)) / self.cell

    def lost_filling_kw(self, power_kw: Floats, square_kw2: Floats | None = None) -> Floats:
        """What converter and cells lose while ``power_kw`` > 0 charges; on average, where the mean square is given.

        Not what :meth:`stored_kw` leaves over, but added up from both: so a store's balance tests the one by the other.
        """
        if self.cells_alone:
            return power_kw * (1.0 - self.cell)
        converter = self.loss_kw(power_kw) if square_kw2 is None else self._mean_loss_kw(power_kw, square_kw2)
        converter = np.minimum(converter, power_kw)
        lost: Floats = converter + (power_kw - converter) * (1.0 - self.cell)
        return lost

    def lost_giving_kw(self, power_kw: Floats, square_kw2: Floats | None = None) -> Floats:
        """As :meth:`lost_filling_kw`, while ``power_kw`` > 0 is delivered."""
        if self.cells_alone:
            return power_kw * ((1.0 - self.cell) / self.cell)
        converter = self.loss_kw(power_kw) if square_kw2 is None else self._mean_loss_kw(power_kw, square_kw2)
        lost: Floats = converter + (power_kw + converter) * ((1.0 - self.cell) / self.cell)
        return lost

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
        bottom = slope + np.sqrt(np.maximum(inner, 0.0))
        reachable = (inner >= 0.0) & (bottom > 0.0)
        root: Floats = np.divide(2.0 * value, bottom, out=np.full(np.shape(inner), np.inf), where=reachable)
        return root
