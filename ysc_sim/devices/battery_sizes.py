"""What hangs on the size of a battery: energy, power and losses, in all rows alike or of each row its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ysc_sim.devices.conversion import Conversion
from ysc_sim.devices.datasheet import Datasheet, Losses
from ysc_sim.units import Floats, Ints


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
