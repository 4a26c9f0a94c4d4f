"""Double-entry accounts in whole thousandths of a yen, and fair splits that add up.

Every payment is one integer, taken from one account and given to another; the sum of all balances is
therefore zero, not nearly zero.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from ysc_sim.units import Floats, Ints

LARGEST_TOTAL = 2**50
LARGEST_WEIGHTS = 2**60
"""Bounds of totals and of sums of weights (10¹⁵ and 10¹⁸) within which a split is exact."""
SCALE = 2**40
"""Steps in which weights that are not whole numbers are counted, relative to the largest of their row."""


class Ledger:
    """Payments between named accounts, for ``rows`` copies of a community at once.

    >>> ledger = Ledger(["utility", "operator", "house"])
    >>> ledger.post(["house", "operator"], ["operator", "utility"], [[1500, 1200]])
    >>> ledger.balances_mjpy.tolist(), ledger.residual_mjpy.tolist()
    ([[1200, 300, -1500]], [0])
    """

    def __init__(self, accounts: Sequence[str], rows: int = 1) -> None:
        if len(set(accounts)) != len(accounts):
            raise ValueError(f"accounts(={list(accounts)}) must have different names.")
        self.accounts = tuple(accounts)
        self.rows = rows
        self._number = {name: number for number, name in enumerate(accounts)}
        self._entries: list[tuple[Ints, Ints, Ints]] = []

    def post(self, payer: ArrayLike, payee: ArrayLike, amount_mjpy: ArrayLike) -> None:
        """Book payments: ``payer`` and ``payee`` (k,) or one, names or positions; ``amount_mjpy`` (rows, k)
        or broadcast.

        Raises ``ValueError`` where an account is unknown, or an amount is not an integer.
        """
        amount = np.asarray(amount_mjpy)
        if not np.issubdtype(amount.dtype, np.integer):
            raise ValueError(f"amount_mjpy must be whole numbers, not {amount.dtype}.")
        source, target = np.broadcast_arrays(np.atleast_1d(self._find(payer)), np.atleast_1d(self._find(payee)))
        posted = np.array(np.broadcast_to(amount, (self.rows, np.broadcast(amount, source).shape[-1])), dtype=np.int64)
        k = posted.shape[1]
        self._entries.append((np.broadcast_to(source, (k,)), np.broadcast_to(target, (k,)), posted))

    def _find(self, account: ArrayLike) -> Ints:
        """Positions of accounts."""
        found = np.asarray(account)
        if found.dtype.kind == "U":
            unknown = sorted(set(found.ravel().tolist()) - set(self.accounts))
            if unknown:
                raise ValueError(f"account(={unknown[0]!r}) must be one of {', '.join(self.accounts)}.")
            return np.asarray(np.vectorize(self._number.__getitem__, otypes=[np.int64])(found))
        if not np.issubdtype(found.dtype, np.integer) or (found < 0).any() or (found >= len(self.accounts)).any():
            raise ValueError(f"account(={account!r}) must be a name or a position of an account.")
        return found.astype(np.int64)

    @property
    def payer(self) -> Ints:
        """Position of the payer of each entry, (entries,)."""
        return np.concatenate([np.zeros(0, np.int64), *(payer for payer, _, _ in self._entries)])

    @property
    def payee(self) -> Ints:
        """Position of the payee of each entry, (entries,)."""
        return np.concatenate([np.zeros(0, np.int64), *(payee for _, payee, _ in self._entries)])

    @property
    def amount_mjpy(self) -> Ints:
        """Amount of each entry, (rows, entries)."""
        empty = np.zeros((self.rows, 0), dtype=np.int64)
        return np.concatenate([empty, *(amount for _, _, amount in self._entries)], axis=1)

    @property
    def balances_mjpy(self) -> Ints:
        """What each account has received less what it has paid, (rows, accounts)."""
        balance = np.zeros((len(self.accounts), self.rows), dtype=np.int64)
        amounts = self.amount_mjpy.T
        np.subtract.at(balance, self.payer, amounts)
        np.add.at(balance, self.payee, amounts)
        return np.ascontiguousarray(balance.T)

    @property
    def residual_mjpy(self) -> Ints:
        """Sum of all balances, (rows,): zero."""
        return np.asarray(np.add.reduce(self.balances_mjpy, axis=1))


def split_by_largest_remainder(total: ArrayLike, weights: ArrayLike) -> Ints:
    """Split whole ``total`` (…,) in proportion to ``weights`` (…, n) ≥ 0 into whole parts (…, n) that add
    up to it.

    Each part is its due rounded down, and one more for the largest remainders, ties by position (Hamilton's
    method); a negative total is split like its positive. Where all weights are zero they count as equal.
    Whole weights are used exactly, others to 2⁻⁴⁰ of the largest in their row. A row's parts do not depend
    on the batch.

    Raises ``ValueError`` where a weight is negative or not finite, n is 0, a total exceeds 2⁵⁰ or a sum of
    weights 2⁶⁰.

    >>> split_by_largest_remainder(100, [1, 1, 1]).tolist()
    [34, 33, 33]
    >>> split_by_largest_remainder([-7, 5], [[2, 1], [0, 0]]).tolist()
    [[-5, -2], [3, 2]]
    """
    whole = np.asarray(total)
    if not np.issubdtype(whole.dtype, np.integer):
        raise ValueError(f"total must be whole numbers, not {whole.dtype}.")
    weight = _whole_weights(np.asarray(weights))
    shape = np.broadcast_shapes(whole.shape, weight.shape[:-1])
    weight = np.broadcast_to(weight, (*shape, weight.shape[-1]))
    sign = np.sign(whole).astype(np.int64)
    size = np.broadcast_to(np.abs(whole.astype(np.int64)), shape)[..., None]
    if (size > LARGEST_TOTAL).any():
        raise ValueError("total must not exceed 2**50.")
    everything = np.add.reduce(weight, axis=-1, keepdims=True)
    part, remainder = _divide(size, weight, everything)
    left = size - np.add.reduce(part, axis=-1, keepdims=True)
    order = np.argsort(-remainder, axis=-1, kind="stable")
    extra = np.zeros_like(part)
    np.put_along_axis(extra, order, (np.arange(part.shape[-1]) < left).astype(np.int64), axis=-1)
    return np.asarray((part + extra) * np.broadcast_to(sign, shape)[..., None], dtype=np.int64)


def _whole_weights(weights: np.ndarray[tuple[int, ...], np.dtype[np.generic]]) -> Ints:
    """Weights as integers whose sum in each row is positive and bounded."""
    if weights.ndim == 0 or weights.shape[-1] == 0:
        raise ValueError("weights must have at least one part.")
    if np.issubdtype(weights.dtype, np.integer):
        whole = weights.astype(np.int64)
    else:
        share: Floats = weights.astype(np.float64)
        if not np.isfinite(share).all():
            raise ValueError("weights must be finite.")
        largest = np.maximum.reduce(share, axis=-1, keepdims=True)
        relative = np.divide(share, largest, out=np.zeros_like(share), where=largest > 0)
        whole = np.where(share < 0, -1, np.rint(relative * SCALE)).astype(np.int64)
    if (whole < 0).any():
        raise ValueError("weights must be at least 0.")
    if (np.maximum.reduce(whole, axis=-1) > LARGEST_WEIGHTS // whole.shape[-1]).any():
        raise ValueError("weights must not add up to more than 2**60.")
    nothing = np.add.reduce(whole, axis=-1, keepdims=True) == 0
    return np.where(nothing, 1, whole)


def _divide(total: Ints, weight: Ints, everything: Ints) -> tuple[Ints, Ints]:
    """⌊total · weight / everything⌋ and the remainder, exactly.

    The floating-point quotient is off by at most one within the bounds above. Products of int64 wrap round,
    but their difference does not: the true remainder lies between −everything and 2 · everything.
    """
    part = np.floor(total * (weight / everything)).astype(np.int64)
    off, remainder = np.divmod(total * weight - part * everything, everything)
    return part + off, remainder
