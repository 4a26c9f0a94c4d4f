"""The coalition that would gain most by leaving a community that shares energy behind one meter.

In a period with net energies x a coalition C that leaves receives sell·X⁺ − buy·X⁻ with X = Σ x over C. What it gains
over the present payments is concave in the shares with which members take part; cutting planes over the box of shares
bound it from above, rounded shares and single exchanges search from below.

Source of the blocking coalition (the core): D. B. Gillies, Solutions to general non-zero-sum games, Contributions to
the Theory of Games IV (1959) 47–85; of the bound: J. E. Kelley, The cutting-plane method for solving convex programs,
Journal of the Society for Industrial and Applied Mathematics 8 (1960) 703–712.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ysc_sim.units import Bools, Floats

CUTS = 120
CLOSE = 1e-4
"""Gap between bound and coalition found, relative to all payments, that is good enough."""


class Blocking(NamedTuple):
    """The coalition that would gain most by leaving, as far as it is known."""

    members: Bools
    """(n,) the best coalition found; nobody where none gains."""
    gain_jpy: float
    """What it would gain, ≥ 0."""
    bound_jpy: float
    """No coalition gains more than this."""


class Sharing(NamedTuple):
    """Periods in which somebody has too much and somebody too little; the others add up in the payments."""

    net_kwh: Floats
    """(P, n) > 0 surplus."""
    buy_jpy_per_kwh: Floats
    sell_jpy_per_kwh: Floats
    """(P,)"""
    payment_jpy: Floats
    """(n,) what each pays, less what it would pay in the other periods, alone or with anybody."""


def worst_blocking_coalition(
    net_kwh: Floats, buy_jpy_per_kwh: Floats, sell_jpy_per_kwh: Floats, payment_jpy: Floats, *, cuts: int = CUTS
) -> Blocking:
    """Coalition with the largest gain from leaving, of n members over periods (P, n) > 0 surplus, prices (P,).

    >>> both = worst_blocking_coalition(np.array([[1.0, -1.0]]), np.array([30.0]), np.array([10.0]),
    ...                                 np.array([-15.0, 30.0]))
    >>> both.members.tolist(), round(both.gain_jpy), round(both.bound_jpy)
    ([True, True], 15, 15)
    """
    from scipy.optimize import linprog

    game = _mixed(net_kwh, buy_jpy_per_kwh, sell_jpy_per_kwh, payment_jpy)
    n = len(payment_jpy)
    scale = max(1.0, float(np.add.reduce(np.abs(payment_jpy))))
    best, found, share = 0.0, np.zeros(n, dtype=np.bool_), np.full(n, 0.5)
    rows, offsets, bound = [], [], np.inf
    for _ in range(cuts):
        value, slope = _leaving(game, share)
        rows.append(slope)
        offsets.append(value - float(np.add.reduce(slope * share)))
        for start in (share >= 0.5, share > 0.99, share > 0.01):
            gain = _leaving(game, start.astype(np.float64))[0]
            if gain > best:
                best, found = gain, start
        answer = linprog(
            np.append(np.zeros(n), -1.0),
            A_ub=np.column_stack([-np.array(rows), np.ones(len(rows))]),
            b_ub=np.array(offsets),
            bounds=[(0, 1)] * n + [(None, None)],
            method="highs",
        )
        bound, share = -float(answer.fun), answer.x[:n]
        if bound - best <= CLOSE * scale:
            break
    best, found = _exchange(game, best, found)
    return Blocking(found, max(best, 0.0), max(bound, best, 0.0))


def _mixed(net: Floats, buy: Floats, sell: Floats, payment: Floats) -> Sharing:
    """Leave out periods in which all have the same sign: there a coalition gets what its members get alone."""
    short = np.minimum.reduce(net, axis=1, initial=0.0) < 0
    long = np.maximum.reduce(net, axis=1, initial=0.0) > 0
    mixed = short & long
    alone = np.where(short, buy, sell)[~mixed, None] * net[~mixed]
    return Sharing(net[mixed], buy[mixed], sell[mixed], payment + np.add.reduce(alone, axis=0))


def _leaving(game: Sharing, share: Floats) -> tuple[float, Floats]:
    """Gain of a (fractional) coalition that leaves, and a supergradient of it."""
    total = np.add.reduce(game.net_kwh * share, axis=1)
    price = np.where(total > 0, game.sell_jpy_per_kwh, game.buy_jpy_per_kwh)
    slope = np.add.reduce(price[:, None] * game.net_kwh, axis=0) + game.payment_jpy
    return float(np.add.reduce(price * total)) + float(np.add.reduce(share * game.payment_jpy)), slope


def _exchange(game: Sharing, best: float, found: Bools) -> tuple[float, Bools]:
    """Let single members join or leave while that helps."""
    net, buy, sell, payment = game
    total = np.add.reduce(net * found, axis=1)
    for _ in range(len(payment)):
        sign = np.where(found, -1.0, 1.0)
        trial = total[:, None] + sign * net
        value = np.where(trial > 0, sell[:, None], buy[:, None]) * trial
        gain = np.add.reduce(value, axis=0) + float(np.add.reduce(payment * found)) + sign * payment
        if len(gain) == 0 or gain.max() <= best + 1e-9 * abs(best):
            break
        member = int(np.argmax(gain))
        best, total = float(gain[member]), trial[:, member]
        found = found ^ (np.arange(len(found)) == member)
    return best, found
