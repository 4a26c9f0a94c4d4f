"""Single-phase transformers with any number of windings, as an admittance matrix over their terminals.

Three of them make a three-phase bank of any connection; one with two secondary halves is the pole transformer
of a single-phase three-wire system. Short-circuit reactances between pairs of windings, a resistance for each:
[1]_, §3; the same data as OpenDSS takes for a transformer.

.. [1] R. C. Dugan, "A perspective on transformer modeling for distribution system analysis", Proc. IEEE PES
   General Meeting (2003), vol. 1, 114–119.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from ysc_sim.powerflow.network import Complexes
from ysc_sim.units import Floats


@dataclass(frozen=True, kw_only=True)
class Winding:
    """Between two conductors of a bus; ``None`` is earth."""

    bus: str
    plus: str | None
    minus: str | None
    volts: float
    """Rated voltage across it."""


def unit_admittance(
    volts: npt.ArrayLike,
    *,
    rated_kva: float,
    r_percent: Sequence[float],
    x_percent: Sequence[float],
    iron_loss_w: float = 0.0,
    magnetising_var: float = 0.0,
) -> Complexes:
    """(W, W) siemens: currents into the windings per voltage across them.

    ``r_percent`` of each winding; ``x_percent`` between windings in the order 1–2, 1–3, …, 2–3, …, both on
    ``rated_kva``. Iron loss and magnetising power at rated voltage stand at the second winding.

    >>> y = unit_admittance([6600, 105, 105], rated_kva=30, r_percent=[0.6, 1.2, 1.2], x_percent=[2, 2, 1.4])
    >>> bool(np.allclose(y @ [6600, 105, 105], 0, atol=1e-9))
    True
    """
    v = np.asarray(volts, dtype=np.float64)
    pairs = list(combinations(range(len(v)), 2))
    if len(v) < 2:
        raise ValueError(f"volts(={v.tolist()}) must name at least two windings.")
    if len(r_percent) != len(v) or len(x_percent) != len(pairs):
        raise ValueError(f"{len(v)} windings need {len(v)} r_percent and {len(pairs)} x_percent.")
    if not (rated_kva > 0 and np.all(v > 0)):
        raise ValueError(f"rated_kva(={rated_kva}) and volts(={v.tolist()}) must be > 0.")
    r = np.asarray(r_percent, dtype=np.float64) / 100
    x = np.zeros((len(v), len(v)))
    for (i, j), value in zip(pairs, x_percent, strict=True):
        x[i, j] = x[j, i] = value / 100
    z = r[0] + np.diag(r[1:]) + 0.5j * (x[0, 1:, None] + x[None, 0, 1:] - x[1:, 1:])
    to_first = np.concatenate([np.ones((1, len(v) - 1)), -np.eye(len(v) - 1)])
    y = to_first @ np.linalg.inv(z) @ to_first.T
    y = y * (1000 * rated_kva) / np.outer(v, v)
    y[1, 1] += (iron_loss_w - 1j * magnetising_var) / v[1] ** 2
    return np.asarray(y, dtype=np.complex128)


def between_terminals(y: Complexes, terminals: Sequence[tuple[int | None, int | None]], count: int) -> Complexes:
    """(count, count) siemens over terminals from (W, W) over windings; ``None``: earth."""
    turns: Floats = np.zeros((count, len(y)))
    for k, (plus, minus) in enumerate(terminals):
        if plus is not None:
            turns[plus, k] += 1
        if minus is not None:
            turns[minus, k] -= 1
    return np.asarray(turns @ y @ turns.T, dtype=np.complex128)
