"""Who gains from one contract: the saving split by Shapley value, by peak share and by energy, and how stable that is.

The game: v(C) is what the members of C save if they alone shared one contract, with the same physical run: the sum of
their bills alone less the bill of their summed half-hours; one member alone pays what it pays alone. The peaks of the
months before the run are a coalition's in proportion to its peak in the run. The Shapley value [1]_ is exact up to
twelve members; above, it is the mean over random orders of joining, in pairs of an order and its reverse [2]_, with a
95 % interval. A split is stable if no coalition gains by leaving: ``deviation_jpy`` ≤ 0.

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
from ysc_sim.units import MJPY_PER_JPY, MWH_PER_KWH, SECONDS_PER_HOUR, Bools, Floats, Ints

EXACT_MEMBERS = 12
ORDERS = 200
METERS_AT_ONCE = 256
SLOTS_AT_ONCE = METERS_AT_ONCE * 17_568
"""Coalitions times slots in one batch of bills: 256 years of half-hours."""
STEPS_AT_ONCE = 20_000_000
"""Coalitions times members that are laid out at once."""
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
    """Of each split the most that a coalition gains by leaving; of all coalitions where the value is exact, else of
    those that were met."""
    deviating: dict[str, tuple[str, ...]]
    """Of each split the coalition that gains the most by leaving."""
    billed_jpy: Floats
    """What the run's own bills save each: its bill alone less what it pays."""
    peak_kw: Floats
    energy_kwh: Floats
    """What peak and energy the splits go by: highest half-hour of import; import and export."""
    orders: int
    """Pairs of orders that were drawn; 0 where the value is exact."""
    coalitions: int
    """Coalitions whose bill was worked out."""


def gains_of(
    community: Community,
    arrays: RunArrays,
    *,
    row: int = 0,
    orders: int = ORDERS,
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
    return split_saving(shared, arrays, row=row, orders=orders, alone_jpy=alone_jpy, own_cost_jpy=own_cost_jpy)


def split_saving(
    shared: Contracted,
    arrays: RunArrays,
    *,
    row: int = 0,
    orders: int = ORDERS,
    exact_members: int = EXACT_MEMBERS,
    alone_jpy: Floats | None = None,
    own_cost_jpy: Floats | None = None,
) -> Gains:
    """:func:`gains_of` for the contract itself; exact up to ``exact_members``, else by so many pairs of ``orders``."""
    own = arrays.bill_alone_mjpy[row] / MJPY_PER_JPY
    alone = own if alone_jpy is None else alone_jpy
    alone = alone if own_cost_jpy is None else alone - own_cost_jpy
    game = _Game(shared, arrays, row, alone, singles_save=alone is not own)
    n = len(arrays.buildings)
    exact = n <= exact_members
    shares, half = (exact_shapley(game, n), np.zeros(n)) if exact else sampled_shapley(game, n, orders)
    total = float(game(np.ones((1, n), dtype=np.bool_))[0])
    peak = np.maximum.reduce(arrays.import_mwh[:, row], axis=0).astype(np.float64)
    energy = np.add.reduce(arrays.import_mwh[:, row] + arrays.export_mwh[:, row], axis=0).astype(np.float64)
    billed = (arrays.bill_alone_mjpy[row] - arrays.bill_mjpy[row]) / MJPY_PER_JPY
    splits = {"shapley": shares, "by_peak": total * _share(peak), "by_energy": total * _share(energy)}
    deviation, deviating = game.deviations(splits | {"billed": billed})
    return Gains(
        buildings=arrays.buildings,
        total_jpy=total,
        shapley_jpy=shares,
        half_width_jpy=half,
        by_peak_jpy=splits["by_peak"],
        by_energy_jpy=splits["by_energy"],
        deviation_jpy=deviation,
        deviating=deviating,
        billed_jpy=billed,
        peak_kw=peak / MWH_PER_KWH * SECONDS_PER_HOUR / arrays.axis.slot_s,
        energy_kwh=energy / MWH_PER_KWH,
        orders=0 if exact else orders,
        coalitions=len(game.known),
    )


class _Game:
    """What coalitions save, each worked out once. ``singles_save``: what each pays outside is not its bill of this run,
    so that one member alone may save, too."""

    def __init__(self, shared: Contracted, arrays: RunArrays, row: int, alone: Floats, *, singles_save: bool) -> None:
        self.shared, self.arrays, self.alone = shared, arrays, alone
        # Whole numbers below 2^53 add up exactly in float64, and far faster.
        self.net_mwh = (arrays.import_mwh[:, row] - arrays.export_mwh[:, row]).astype(np.float64)
        self.singles_save = singles_save
        self.known: dict[bytes, float] = {}
        if not singles_save:
            # What was paid in the run, to its last thousandth, is what all of them pay.
            everyone = np.ones(len(alone), dtype=np.bool_).tobytes()
            self.known[everyone] = float(alone.sum()) - float(arrays.community_bill_mjpy[row]) / MJPY_PER_JPY

    def __call__(self, coalitions: Bools) -> Floats:
        keys = [coalition.tobytes() for coalition in coalitions]
        fresh = np.array([np.frombuffer(k, dtype=np.bool_) for k in dict.fromkeys(keys) if k not in self.known])
        step = max(1, min(METERS_AT_ONCE, SLOTS_AT_ONCE // max(1, len(self.net_mwh))))
        for first in range(0, len(fresh), step):
            part = fresh[first : first + step]
            saved = part @ self.alone - coalition_bills_jpy(self.shared, self.arrays, self.net_mwh, part)
            if not self.singles_save:
                saved[np.add.reduce(part, axis=1) == 1] = 0.0
            self.known.update(zip((one.tobytes() for one in part), saved.tolist(), strict=True))
        return np.array([self.known[key] for key in keys])

    def deviations(self, splits: dict[str, Floats]) -> tuple[dict[str, float], dict[str, tuple[str, ...]]]:
        """Of each split the largest gain by leaving, and who would."""
        met = np.array([np.frombuffer(key, dtype=np.bool_) for key in self.known])
        worth = np.array(list(self.known.values()))
        gain, who = {}, {}
        for name, split in splits.items():
            gained = worth - met @ split
            most = int(gained.argmax())
            gain[name] = float(gained[most])
            who[name] = tuple(b for b, inside in zip(self.arrays.buildings, met[most], strict=True) if inside)
        return gain, who


def _share(weights: Floats) -> Floats:
    whole = weights.sum()
    return weights / whole if whole > 0 else np.full(len(weights), 1.0 / len(weights))


def coalition_bills_jpy(contract: Contracted, arrays: RunArrays, net_mwh: Floats, coalitions: Bools) -> Floats:
    """Bill of each coalition (c, n) behind one meter, export included, (c,) JPY; ``net_mwh`` (slots, n) whole."""
    together = (net_mwh @ coalitions.T.astype(np.float64)).astype(np.int64)
    imported = np.maximum(together, 0)
    lines = bill_lines(
        contract.tariff,
        imported,
        start=arrays.axis.start,
        slot_s=arrays.axis.slot_s,
        power_factor_percent=contract.power_factor_percent,
        contract=contract.contract,
        previous_kw=_previous_kw(contract, net_mwh, imported),
        adjustments=contract.adjustments,
    )
    sold_kwh = np.add.reduce(imported - together, axis=0) / MWH_PER_KWH
    bills = lines.total_mjpy / MJPY_PER_JPY - sold_kwh * contract.export_jpy_per_kwh
    # Nobody is no customer: the empty coalition has no contract to pay.
    return np.where(coalitions.any(axis=1), bills, 0.0)


def _previous_kw(contract: Contracted, net_mwh: Floats, imported_mwh: Ints) -> Floats:
    """Peaks of the months before, (c, k): those of the contract in proportion to the coalition's peak in the run."""
    before = np.asarray(contract.previous_kw, dtype=np.float64)
    whole = float(np.maximum(np.add.reduce(net_mwh, axis=1), 0.0).max(initial=0.0))
    peaks = imported_mwh.max(axis=0, initial=0)
    part = peaks / whole if whole > 0 else np.ones(len(peaks))
    return part[:, None] * before


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
    at_once = max(1, STEPS_AT_ONCE // (2 * n * (n + 1)))
    for first in range(0, orders, at_once):
        drawn = np.array([random.permutation(n) for _ in range(min(at_once, orders - first))])
        both = np.concatenate([drawn, drawn[:, ::-1]])
        place = np.argsort(both, axis=1)
        # Before the first joins there is nobody, after the last there are all.
        steps = place[:, None, :] < np.arange(n + 1)[None, :, None]
        worth = game(steps.reshape(-1, n)).reshape(len(both), n + 1)
        joined = np.take_along_axis(np.diff(worth, axis=1), place, axis=1)
        means[first : first + len(drawn)] = (joined[: len(drawn)] + joined[len(drawn) :]) / 2.0
    spread = means.std(axis=0, ddof=1) / np.sqrt(orders)
    return means.mean(axis=0), 1.96 * spread
