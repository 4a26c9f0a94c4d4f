"""What an inverter or a machine does with its reactive and active power, by its own terminal voltage.

Each control belongs to one port; several may stand at one port (volt-watt with a constant power factor).
Voltages are in p.u. of the port's nominal voltage (``Network.port_v_pu``). ``p_kw`` (a number or (T,)) is the
power of the inverter alone, on top of what the port injects otherwise; ``None``: the port's own injection is
the inverter's.

Sources: the piecewise-linear curves of IEEE Std 1547-2018, §5.3.3 (voltage–reactive power) and §5.4.2
(voltage–active power); the Japanese connection rules keep 101 ± 6 V at the service entrance (ordinance for
enforcement of the Electricity Business Act, article 38), so that an inverter behind ``rise_v`` of wiring may go
up to 107 V + rise (JEAC 9701, suppression of voltage rise), and ask for a power factor of 0.95.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ysc_sim.units import Bools, Floats

JAPANESE_NOMINAL_V = 101.0
JAPANESE_LIMIT_V = 107.0


@dataclass(frozen=True, kw_only=True)
class ConstantPowerFactor:
    """Reactive power in a fixed proportion to active power.

    ``absorbs``: the inverter draws reactive power while it generates (lowers its voltage); else it supplies.

    >>> round(ConstantPowerFactor(power_factor=0.95).kvar_per_kw, 4)
    -0.3287
    """

    power_factor: float = 0.95
    absorbs: bool = True
    p_kw: npt.ArrayLike | None = None

    def __post_init__(self) -> None:
        """Check."""
        if not 0 < self.power_factor <= 1:
            raise ValueError(f"power_factor(={self.power_factor}) must be in (0, 1].")

    @property
    def kvar_per_kw(self) -> float:
        """Reactive per active power."""
        tangent = float(np.sqrt(1 / self.power_factor**2 - 1))
        return -tangent if self.absorbs else tangent


@dataclass(frozen=True, kw_only=True)
class VoltVar:
    """Reactive power by voltage: straight lines between points, flat outside them.

    ``q_pu`` is on ``rated_kva``, > 0 supplies. |q| stays within √(rated² − p²), so active power has priority.
    The default points are those of IEEE 1547-2018 category B.
    """

    rated_kva: float
    v_pu: Sequence[float] = (0.92, 0.98, 1.02, 1.08)
    q_pu: Sequence[float] = (0.44, 0.0, 0.0, -0.44)
    p_kw: npt.ArrayLike | None = None

    def __post_init__(self) -> None:
        """Check."""
        _check_curve(self.v_pu, self.q_pu, "q_pu")
        _check_rated(self.rated_kva, "rated_kva")


@dataclass(frozen=True, kw_only=True)
class VoltWatt:
    """Upper limit of the generated power by voltage, ``p_pu`` on ``rated_kw``; drawn power is not touched.

    >>> [round(v, 4) for v in VoltWatt.japanese(rated_kw=5.0, rise_v=2.0).v_pu]  # 109 V and 110 V
    [1.0792, 1.0891]
    """

    rated_kw: float
    v_pu: Sequence[float] = (1.06, 1.10)
    p_pu: Sequence[float] = (1.0, 0.0)
    p_kw: npt.ArrayLike | None = None

    def __post_init__(self) -> None:
        """Check."""
        _check_curve(self.v_pu, self.p_pu, "p_pu")
        _check_rated(self.rated_kw, "rated_kw")
        if min(self.p_pu) < 0:
            raise ValueError(f"p_pu(={list(self.p_pu)}) must be >= 0.")

    @staticmethod
    def japanese(
        *,
        rated_kw: float,
        rise_v: float = 0.0,
        band_v: float = 1.0,
        nominal_v: float = JAPANESE_NOMINAL_V,
        p_kw: npt.ArrayLike | None = None,
    ) -> VoltWatt:
        """Full power up to 107 V + ``rise_v`` at the inverter, none from ``band_v`` above that.

        ``rise_v``: the rise in the wiring between service entrance and inverter, on 100 V. ``nominal_v``: the
        voltage that 1 p.u. of the port means, on 100 V. ``band_v`` stands for the step of the real regulator.
        """
        low = (JAPANESE_LIMIT_V + rise_v) / nominal_v
        return VoltWatt(rated_kw=rated_kw, v_pu=(low, low + band_v / nominal_v), p_pu=(1.0, 0.0), p_kw=p_kw)


@dataclass(frozen=True, kw_only=True)
class PVBus:
    """The port holds its voltage by reactive power, as far as its limits allow.

    ``v_pu`` a number or (T,). ``p_kw`` is that of the port; its given reactive power comes on top.
    """

    v_pu: npt.ArrayLike
    q_min_kvar: float = -np.inf
    q_max_kvar: float = np.inf

    def __post_init__(self) -> None:
        """Check."""
        if not np.all(np.asarray(self.v_pu, dtype=float) > 0):
            raise ValueError(f"v_pu(={self.v_pu!r}) must be > 0.")
        if not self.q_min_kvar <= self.q_max_kvar:
            raise ValueError(f"q_min_kvar(={self.q_min_kvar}) must be <= q_max_kvar(={self.q_max_kvar}).")


Control = ConstantPowerFactor | VoltVar | VoltWatt | PVBus


def _check_curve(v_pu: Sequence[float], y_pu: Sequence[float], name: str) -> None:
    v, y = np.asarray(v_pu, dtype=float), np.asarray(y_pu, dtype=float)
    if v.ndim != 1 or v.shape != y.shape or not len(v):
        raise ValueError(f"v_pu and {name} must be of one length, at least 1; they have {v.shape} and {y.shape}.")
    if not (np.all(np.isfinite(v)) and np.all(np.isfinite(y)) and np.all(np.diff(v) > 0)):
        raise ValueError(f"v_pu(={v.tolist()}) must rise and {name}(={y.tolist()}) be finite.")


def _check_rated(value: float, name: str) -> None:
    if not (np.isfinite(value) and value > 0):
        raise ValueError(f"{name}(={value}) must be > 0.")


@dataclass(frozen=True, kw_only=True)
class Curves:
    """Piecewise-linear curves of k ports as sums of ramps: y(v) = first + Σ bend · max(v − knee, 0)."""

    first: Floats
    """(k, 1)"""
    knee: Floats
    """(B, k, 1)"""
    bend: Floats
    """(B, k, 1)"""

    def value(self, v: Floats) -> Floats:
        """(k, c) at voltages (k, c)."""
        answer = np.broadcast_to(self.first, v.shape).copy()
        for knee, bend in zip(self.knee, self.bend, strict=True):
            answer += bend * np.maximum(v - knee, 0.0)
        return answer

    def slope(self, v: Floats) -> Floats:
        """(k, c) derivative."""
        answer = np.zeros(v.shape)
        for knee, bend in zip(self.knee, self.bend, strict=True):
            answer += bend * (v > knee)
        return answer

    def take(self, ports: Bools) -> Curves:
        """The curves of some ports."""
        return Curves(first=self.first[ports], knee=self.knee[:, ports], bend=self.bend[:, ports])


def curves(points: Sequence[tuple[Sequence[float], Sequence[float]]]) -> Curves:
    """Curves through ``points``: for each port its voltages and values.

    >>> curves([((1.0, 1.1), (1.0, 0.0))]).value(np.array([[0.9, 1.05, 1.2]])).round(6)
    array([[1. , 0.5, 0. ]])
    """
    most = max((len(v) for v, _ in points), default=1)
    knee, bend = np.zeros((most, len(points), 1)), np.zeros((most, len(points), 1))
    for k, (v, y) in enumerate(points):
        slopes = np.concatenate([[0.0], np.diff(y) / np.diff(v), [0.0]])
        knee[: len(v), k, 0], bend[: len(v), k, 0] = v, np.diff(slopes)
    return Curves(first=np.array([[y[0]] for _, y in points], dtype=float).reshape(-1, 1), knee=knee, bend=bend)
