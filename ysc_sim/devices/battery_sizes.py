"""What hangs on the size of a battery: energy, power and losses, in all rows alike or of each row its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from ysc_sim.devices.conversion import Conversion, Passing, one_if_equal
from ysc_sim.devices.datasheet import Datasheet, Losses
from ysc_sim.units import Floats, Ints


@dataclass(frozen=True)
class Sizes:
    """What hangs on the sizes of the batteries: arrays (1,) where all are equal, (m,), or (R, m) where rows differ.

    A size of 0 is no battery.
    """

    energy_kwh: Floats
    power_kw: Floats
    charge: Conversion
    discharge: Conversion

    @classmethod
    def of(cls, designs: Sequence[Datasheet], energy_kwh: Floats, power_kw: Floats) -> Sizes:
        """The batteries of some datasheets in these sizes; losses keep their shares of the rated power."""
        charge, discharge = (conversion_of(designs, power_kw, way) for way in ("charge", "discharge"))
        return cls(one_if_equal(energy_kwh), one_if_equal(power_kw), charge, discharge)

    def passing(self, p_kw: Floats) -> Both:
        """What passes converters and cells at powers (R, m) at the terminals; > 0 is delivered."""
        fills, gives = p_kw.min(initial=0.0) < 0.0, p_kw.max(initial=0.0) > 0.0
        return Both(
            self,
            self.charge.filling(np.maximum(-p_kw, 0.0)) if fills else None,
            self.discharge.giving(np.maximum(p_kw, 0.0)) if gives else None,
        )

    @cached_property
    def fastest_kw(self) -> Floats:
        """Rate at which the stores fall at rated power."""
        return self.discharge.taken_kw(self.power_kw)

    def at(self, shape: tuple[int, ...], where: Ints) -> Sizes:
        """Those at some places of (R, m)."""

        def pick(values: Floats) -> Floats:
            return at(values, shape, where)

        return Sizes(pick(self.energy_kwh), pick(self.power_kw), self.charge.each(pick), self.discharge.each(pick))

    def rows(self, rows: Ints) -> Sizes:
        """Those of some rows."""

        def cut(values: Floats) -> Floats:
            return values[rows] if values.ndim == 2 else values

        return Sizes(cut(self.energy_kwh), cut(self.power_kw), self.charge.each(cut), self.discharge.each(cut))


class Both(NamedTuple):
    """What passes in both directions, each None where nobody goes it."""

    size: Sizes
    filling: Passing | None
    giving: Passing | None

    def rate_kw(self) -> Floats | None:
        """Rate at which the stores fill, (R, m); None where all rest."""
        rate: Floats | None = None
        if self.filling is not None:
            rate = self.size.charge.fills_kw(self.filling)
        if self.giving is not None:
            falls = self.size.discharge.falls_kw(self.giving)
            rate = np.negative(falls, out=falls) if rate is None else np.subtract(rate, falls, out=rate)
        return rate

    def lost_kw(self) -> Floats | None:
        """What converters and cells lose, (R, m); None where all rest."""
        lost: Floats | None = None
        if self.filling is not None:
            lost = self.size.charge.lost_of_filling(self.filling)
        if self.giving is not None:
            giving = self.size.discharge.lost_of_giving(self.giving)
            lost = giving if lost is None else np.add(lost, giving, out=lost)
        return lost


def column_of(designs: Sequence[Any], name: str) -> Floats:
    """One figure of some datasheets, (m,)."""
    return np.array([getattr(design, name) for design in designs], dtype=np.float64)


def conversion_of(designs: Sequence[Datasheet], power_kw: Floats, way: str) -> Conversion:
    """Losses on the ``way`` charge or discharge at rated powers (m,) or (R, m)."""
    losses: list[Losses] = [getattr(design, f"{way}_losses") for design in designs]
    return Conversion.of(
        power_kw,
        no_load=column_of(losses, "no_load"),
        linear=column_of(losses, "linear"),
        quadratic=column_of(losses, "quadratic"),
        cell=column_of(designs, f"{way}_efficiency"),
    )


def at(values: Floats, shape: tuple[int, ...], where: Ints) -> Floats:
    """Values (m,), (1, m) or (R, m), spread over ``shape`` (R, m), at flat places; one value alone stays alone.

    >>> at(np.array([1.0, 2.0]), (3, 2), np.array([1, 4])).tolist()
    [2.0, 1.0]
    """
    if values.ndim == 1 and len(values) == 1:
        return values
    if values.size == shape[0] * shape[1]:
        return values.reshape(-1).take(where)
    return values.reshape(-1).take(where % shape[1])
