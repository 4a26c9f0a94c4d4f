"""What the ports inject: nominal power, how it changes with the voltage, and what inverters make of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ysc_sim.powerflow.inverters import Inverters
from ysc_sim.powerflow.loads import Shares
from ysc_sim.powerflow.network import Complexes
from ysc_sim.units import Floats

Rows = slice | npt.NDArray[Any]


@dataclass(frozen=True, kw_only=True)
class Injection:
    """Ports × (active, reactive) × rows in p.u. of power."""

    power: Floats
    """(P, 2, c) nominal power without that of the inverters."""
    shares: Shares | None = None
    inverters: Inverters | None = None
    steady: Floats | None = None
    """(P, 2, c) power beside loads that depend on the voltage, which itself does not."""

    @property
    def depends_on_voltage(self) -> bool:
        """Anything but constant power."""
        return self.shares is not None or self.inverters is not None

    def actual(self, v_magnitude: Floats) -> Floats:
        """(P, 2, c) power at ``v_magnitude`` (P, c) p.u."""
        answer = self.power if self.shares is None else self.power * self.shares.factor(v_magnitude)
        answer = answer if self.steady is None else answer + self.steady
        return answer if self.inverters is None else self.inverters.added(answer, v_magnitude)

    def slope(self, v_magnitude: Floats) -> Floats:
        """(P, 2, c) derivative of :meth:`actual` to the magnitude."""
        answer = np.zeros_like(self.power) if self.shares is None else self.power * self.shares.slope(v_magnitude)
        return answer if self.inverters is None else self.inverters.added_slope(answer, v_magnitude)

    def take(self, rows: Rows) -> Injection:
        """The chosen rows."""
        inverters = None if self.inverters is None else self.inverters.take(rows)
        steady = None if self.steady is None else self.steady[:, :, rows]
        return replace(self, power=self.power[:, :, rows], inverters=inverters, steady=steady)

    def scaled(self, factor: Floats) -> Injection:
        """Each row times its ``factor`` (c,)."""
        inverters = None if self.inverters is None else self.inverters.scaled(factor)
        steady = None if self.steady is None else self.steady * factor
        return replace(self, power=self.power * factor, inverters=inverters, steady=steady)


def currents(v: Complexes, injection: Injection) -> Complexes:
    """Currents conj(S/v) of the ports (P, c) at voltages ``v``."""
    s = injection.actual(np.abs(v)) if injection.depends_on_voltage else injection.power
    return np.asarray((s[:, 0] - 1j * s[:, 1]) / v.conj())


def derivatives(v: Complexes, injection: Injection) -> tuple[Complexes, Complexes, Complexes]:
    """Current i = conj(S/v) and its derivatives to v and to conj(v), each (P, c)."""
    current = currents(v, injection)
    direct = np.zeros_like(v)
    if not injection.depends_on_voltage:
        return current, direct, -current / v.conj()
    magnitude = np.abs(v)
    slope = injection.slope(magnitude)
    direct = (slope[:, 0] - 1j * slope[:, 1]) / (2 * magnitude)
    return current, direct, direct * v / v.conj() - current / v.conj()
