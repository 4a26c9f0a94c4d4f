"""Who gains from one contract: the saving split by Shapley value, by peak share and by energy, and how stable that is.

The game: v(C) is what the members of C save if they alone shared one contract, with the same physical run: the sum of
their bills alone less the bill of their summed half-hours. The Shapley value [1]_ is exact up to twelve members; above,
it is the mean over random orders of joining, in pairs of an order and its reverse [2]_, with a 95 % interval.
A split is stable if no coalition gains by leaving: ``largest_deviation_jpy`` ≤ 0.

.. [1] L. S. Shapley, "A value for n-person games", Contributions to the Theory of Games II, Princeton 1953.
.. [2] R. Mitchell, J. Cooper, E. Frank, G. Holmes, "Sampling permutations for Shapley value estimation", Journal of
   Machine Learning Research 23, 2022, sec. 2.3 (antithetic sampling).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import factorial

import numpy as np

from ysc_sim.billing import bill_lines
from ysc_sim.community.arrays import Community, Contracted
from ysc_sim.results.arrays import RunArrays
from ysc_sim.units import MJPY_PER_JPY, MWH_PER_KWH, Bools, Floats

EXACT_MEMBERS = 12
METERS_AT_ONCE = 256
SEED = 20261126
Game = Callable[[Bools], Floats]
"""Coalitions (c, n) → values (c,)."""


@dataclass(frozen=True)
class Gains:
    """Saving of each building by three splits, (n,) JPY each."""

    buildings: tuple[str, ...]
    total_jpy: float
    shapley_jpy: Floats
    half_width_jpy: Floats
    """Half of the 95 % confidence interval of the Shapley value; 0 where it is exact."""
    by_peak_jpy: Floats
    by_energy_jpy: Floats
    deviation_jpy: dict[str, float]
    """Of each split the most that a coalition gains by leaving; of all coalitions up to twelve members, else of
    those that were met."""


def gains_of(
    community: Community,
    arrays: RunArrays,
    *,
    row: int = 0,
    orders: int = 200,
    alone_jpy: Floats | None = None,
    own_cost_jpy: Floats | None = None,
) -> Gains:
    """Split one row's saving.

    ``alone_jpy`` (n,): what each would pay outside, its own bill of the same run if not given; ``own_cost_jpy`` (n,):
    what each brings in beside its bill (its devices). Raises ``ValueError`` where there is no shared contract.
    """
    shared = community.terms.shared
    if shared is None:
        raise ValueError("wires(=utility): every building has its own contract; there is no shared saving to split.")
    net = arrays.import_mwh[:, row] - arrays.export_mwh[:, row]
    alone = arrays.bill_alone_mjpy[row] / MJPY_PER_JPY if alone_jpy is None else alone_jpy
    alone = alone if own_cost_jpy is None else alone - own_cost_jpy
    known: dict[bytes, float] = {}

    def game(coalitions: Bools) -> Floats:
        new = np.array([c for c in np.unique(coalitions, axis=0) if c.tobytes() not in known], dtype=np.bool_)
        for first in range(0, len(new), METERS_AT_ONCE):
            part = new[first : first + METERS_AT_ONCE]
            together = coalition_bills_jpy(shared, arrays, net, part)
            for coalition, bill in zip(part, together, strict=True):
                known[coalition.tobytes()] = float(alone[coalition].sum() - bill)
        return np.array([known[c.tobytes()] for c in coalitions])

    n = len(arrays.buildings)
    if n <= EXACT_MEMBERS:
        shares, half = exact_shapley(game, n), np.zeros(n)
    else:
        shares, half = sampled_shapley(game, n, orders)
    total = float(game(np.ones((1, n), dtype=np.bool_))[0])
    peak = np.maximum.reduce(arrays.import_mwh[:, row], axis=0).astype(np.float64)
    energy = np.add.reduce(arrays.import_mwh[:, row] + arrays.export_mwh[:, row], axis=0).astype(np.float64)
    splits = {"shapley": shares, "by_peak": total * _share(peak), "by_energy": total * _share(energy)}
    met = np.array([np.frombuffer(key, dtype=np.bool_) for key in known])
    worth = np.array([known[key] for key in known])
    deviation = {name: float((worth - met @ split).max()) for name, split in splits.items()}
    return Gains(arrays.buildings, total, shares, half, splits["by_peak"], splits["by_energy"], deviation)


def _share(weights: Floats) -> Floats:
    whole = weights.sum()
    return weights / whole if whole > 0 else np.full(len(weights), 1.0 / len(weights))


def coalition_bills_jpy(contract: Contracted, arrays: RunArrays, net_mwh: np.ndarray, coalitions: Bools) -> Floats:
    """Bill of each coalition (c, n) behind one meter, export included, (c,) JPY."""
    together = net_mwh @ coalitions.T.astype(np.int64)
    lines = bill_lines(
        contract.tariff,
        np.maximum(together, 0),
        start=arrays.axis.start,
        slot_s=arrays.axis.slot_s,
        power_factor_percent=contract.power_factor_percent,
        contract=contract.contract,
        adjustments=contract.adjustments,
    )
    sold_kwh = np.add.reduce(np.maximum(-together, 0), axis=0) / MWH_PER_KWH
    bills = lines.total_mjpy / MJPY_PER_JPY - sold_kwh * contract.export_jpy_per_kwh
    # Nobody is no customer: the empty coalition has no contract to pay.
    return np.where(coalitions.any(axis=1), bills, 0.0)


def exact_shapley(game: Game, n: int) -> Floats:
    """Σ over coalitions without i of |C|!(n−|C|−1)!/n! · (v(C ∪ i) − v(C)), (n,)."""
    masks = np.arange(1 << n)
    members = (masks[:, None] >> np.arange(n)) & 1 > 0
    worth = game(members)
    size = np.add.reduce(members, axis=1)
    weight = np.array([factorial(s) * factorial(n - s - 1) / factorial(n) if s < n else 0.0 for s in range(n + 1)])
    shares = np.zeros(n)
    for i in range(n):
        without = masks[~members[:, i]]
        shares[i] = float((weight[size[without]] * (worth[without | (1 << i)] - worth[without])).sum())
    return shares


def sampled_shapley(game: Game, n: int, orders: int) -> tuple[Floats, Floats]:
    """Mean marginal value over ``orders`` pairs of a random order and its reverse, and half its 95 % interval, (n,)."""
    if orders < 2:
        raise ValueError(f"orders(={orders}) must be at least 2.")
    random = np.random.default_rng(SEED)
    means = np.zeros((orders, n))
    for k in range(orders):
        order = random.permutation(n)
        for joining in (order, order[::-1]):
            steps = np.zeros((n + 1, n), dtype=np.bool_)
            for place, member in enumerate(joining):
                steps[place + 1 :, member] = True
            means[k, joining] += np.diff(game(steps)) / 2.0
    spread = means.std(axis=0, ddof=1) / np.sqrt(orders)
    return means.mean(axis=0), 1.96 * spread
