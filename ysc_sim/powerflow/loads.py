"""How the power of a port depends on its voltage: constant power, current and impedance shares (ZIP model
[1]_).

    p = p_nominal · ((1 − a − b) + a·|V|/V₀ + b·(|V|/V₀)²),     q likewise with its own shares

.. [1] IEEE Task Force on Load Representation, "Load representation for dynamic performance analysis",
   IEEE Trans. Power Systems 8 (1993) 472–482, eq. (1).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ysc_sim.powerflow.network import Network
from ysc_sim.units import Floats, Ints


@dataclass(frozen=True, kw_only=True)
class Shares:
    """Coefficients (P, 2, 1) of |V|⁰, |V|¹ and |V|² for active (0) and reactive (1) power."""

    power: Floats
    current: Floats
    impedance: Floats

    def factor(self, v_magnitude: Floats) -> Floats:
        """Actual over nominal power (P, 2, c) at ``v_magnitude`` (P, c)."""
        v = v_magnitude[:, None]
        return self.power + v * (self.current + v * self.impedance)

    def slope(self, v_magnitude: Floats) -> Floats:
        """Derivative of :meth:`factor` to the voltage."""
        return self.current + 2 * v_magnitude[:, None] * self.impedance


def shares_of(net: Network, ports: Ints) -> Shares | None:
    """Shares of the chosen ``ports``, or ``None`` where all of them are constant power."""
    v = net.port_v_pu[ports]
    current = np.stack([net.share_current_p[ports], net.share_current_q[ports]], axis=1)
    impedance = np.stack([net.share_impedance_p[ports], net.share_impedance_q[ports]], axis=1)
    if not (np.any(current) or np.any(impedance)):
        return None
    return Shares(
        power=(1 - current - impedance)[..., None],
        current=(current / v[:, None])[..., None],
        impedance=(impedance / v[:, None] ** 2)[..., None],
    )
