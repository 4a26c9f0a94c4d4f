"""Nucleolus: the division that makes the most dissatisfied coalition as content as can be, then the next, …

The excess e(S, x) = v(S) − x(S) of a coalition is what it could gain by leaving. Linear programs lower the largest
excess, fix the coalitions that are tight in every solution, and go on with the others until the division is unique.

Source: D. Schmeidler, The nucleolus of a characteristic function game, SIAM Journal on Applied Mathematics 17 (1969)
1163–1170; the sequence of programs: M. Maschler, B. Peleg, L. S. Shapley, Geometric properties of the kernel,
nucleolus, and related solution concepts, Mathematics of Operations Research 4 (1979) 303–338.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ysc_sim.markets.shapley import check_game
from ysc_sim.units import Bools, Floats

LARGEST_N = 16
TINY = 1e-9


def nucleolus(game: ArrayLike) -> Floats:
    """The nucleolus of n players, (n,): a division of the value of all in which nobody gets less than alone.

    ``game`` (2**n,): value of each coalition; bit i of the index is set where player i belongs to it.

    Raises ``ValueError`` where that is no game of at most 16 players, or where the players alone are worth more than
    all together, so that no such division exists.

    >>> nucleolus([0, 0, 0, 100, 0, 100, 100, 200]).round(9).tolist()  # 3 players
    [66.666666667, 66.666666667, 66.666666667]
    """
    values, n = check_game(game)
    if values.ndim != 1 or n > LARGEST_N:
        raise ValueError(f"game(=shape {values.shape}) must be one game of at most {LARGEST_N} players.")
    alone: Floats = values[1 << np.arange(n)]
    spare = values[-1] - alone.sum()
    scale = float(np.abs(values).max())
    if spare < -TINY * scale:
        raise ValueError(f"game must be worth no less to all (={values[-1]}) than to each alone (={alone.sum()}).")
    if n == 0 or spare <= TINY * scale:
        return alone.copy()
    members = ((np.arange(1 << n)[:, None] >> np.arange(n)) & 1).astype(np.float64)
    # Strategic equivalence: solved for the gains over being alone, in units of their sum.
    gains = (values - members @ alone) / spare
    shares: Floats = alone + spare * _lexicographic(members[1:-1], gains[1:-1], n)
    return shares


def _lexicographic(members: Floats, gains: Floats, n: int) -> Floats:
    """Division of 1 among n, each ≥ 0, that lowers the excesses of the coalitions one after another."""
    # Rows of what is settled: shares · row + excess of its stage = due. Stage 0 is no stage: equations without excess.
    rows, due, stage_of = [np.ones(n)], [1.0], [0]
    free = _outside_span(members, np.ones((1, n)))
    stage = 0
    while free.any():
        stage += 1
        solution = _largest_excess(members[free], gains[free], np.array(rows), _settled(rows, due, stage_of), n)
        tight = np.flatnonzero(free)[solution.ineqlin.marginals < -TINY]
        settled = [(members[s], gains[s], stage) for s in tight]
        settled += [(np.eye(n)[i], 0.0, 0) for i in np.flatnonzero(solution.lower.marginals[:n] > TINY)]
        # Together they prove the excess of this stage, also where one of them follows from the others.
        for row, value, number in settled:
            rows.append(row)
            due.append(value)
            stage_of.append(number)
        free &= _outside_span(members, np.array(rows))
    return _solve(rows, due, stage_of)[:n]


def _largest_excess(members: Floats, gains: Floats, rows: Floats, totals: Floats, n: int) -> Any:
    """Least possible largest excess of ``members``, given what is settled."""
    from scipy.optimize import linprog

    solution = linprog(
        np.append(np.zeros(n), 1.0),
        A_ub=-np.column_stack([members, np.ones(len(members))]),
        b_ub=-gains,
        A_eq=np.column_stack([rows, np.zeros(len(rows))]),
        b_eq=totals,
        bounds=[(0, None)] * n + [(None, None)],
        method="highs-ds",
    )
    if solution.status != 0:
        raise ValueError(f"game could not be solved: {solution.message}")
    return solution


def _solve(rows: list[Floats], due: list[float], stage_of: list[int]) -> Floats:
    """Shares and the excess of each stage from all settled equations: no tolerance of the programs is left in them."""
    stages = np.eye(max(stage_of) + 1)[stage_of][:, 1:]
    answer: Floats = np.linalg.lstsq(np.column_stack([rows, stages]), np.array(due), rcond=None)[0]
    return answer


def _settled(rows: list[Floats], due: list[float], stage_of: list[int]) -> Floats:
    """Totals of the settled rows that every further division keeps."""
    answer = _solve(rows, due, stage_of)
    return np.array(rows) @ answer[: len(rows[0])]


def _outside_span(members: Floats, rows: Floats) -> Bools:
    """Which of ``members`` are no linear combination of ``rows``."""
    _, size, basis = np.linalg.svd(rows, full_matrices=False)
    basis = basis[size > 1e-9 * size.max()]
    rest = members - (members @ basis.T) @ basis
    outside: Bools = np.einsum("ij,ij->i", rest, rest) > 1e-12 * members.shape[1]
    return outside
