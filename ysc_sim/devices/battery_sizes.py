"""What hangs on the size of a battery: energy, power and losses, in all rows alike or of each row its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ysc_sim.devices.conversion import Conversion
from ysc_sim.devices.datasheet import Datasheet, Losses
from ysc_sim.units import Bools, Floats, Ints


@dataclass(frozen=True)
class Sizes:
    """What hangs on the sizes of the batteries: arrays (m,), or (R, m) where rows differ. A size of 0 is no battery."""

    energy_kwh: Floats
    power_kw: Floats
    charge: Conversion
    discharge: Conversion

    @classmethod
    def of(cls, designs: Sequence[Datasheet], energy_kwh: Floats, power_kw: Floats) -> Sizes:
        """The batteries of some datasheets in these sizes; losses keep their shares of the rated power."""
        charge, discharge = (conversion_of(designs, power_kw, way) for way in ("charge", "discharge"))
        return cls(energy_kwh, power_kw, charge, discharge)

    @cached_property
    def fastest_kw(self) -> Floats:
        """Rate at which the stores fall at rated power."""
        return self.discharge.taken_kw(self.power_kw)

    def at(self, shape: tuple[int, ...], where: tuple[Ints, Ints]) -> Sizes:
        """Those at some places (r, j) of (R, m)."""

        def pick(values: Floats) -> Floats:
            return at(values, shape, where)

        return Sizes(pick(self.energy_kwh), pick(self.power_kw), self.charge.each(pick), self.discharge.each(pick))

    def rows(self, rows: Ints) -> Sizes:
        """Those of some rows."""

        def cut(values: Floats) -> Floats:
            return values[rows] if values.ndim == 2 else values

        return Sizes(cut(self.energy_kwh), cut(self.power_kw), self.charge.each(cut), self.discharge.each(cut))


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


def places(chosen: Bools) -> tuple[Ints, Ints]:
    """Rows and devices of what is chosen, (R, m); of a single row faster than NumPy does it.

    >>> [part.tolist() for part in places(np.array([[False, True, True]]))]
    [[0, 0], [1, 2]]
    """
    if len(chosen) == 1:
        device = np.flatnonzero(chosen)
        return np.zeros_like(device), device
    row, device = np.nonzero(chosen)
    return row, device


def at(values: Floats, shape: tuple[int, ...], where: tuple[Ints, Ints]) -> Floats:
    """Values (m,), (1, m) or (R, m), spread over ``shape`` (R, m), at the places (r, j); one value alone stays alone.

    >>> at(np.array([1.0, 2.0]), (3, 2), (np.array([0, 2]), np.array([1, 0]))).tolist()
    [2.0, 1.0]
    """
    if values.ndim == 1:
        return values if len(values) == 1 else values[where[1]]
    return np.broadcast_to(values, shape)[where]
