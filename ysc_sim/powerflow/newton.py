"""Newton's method for the rows that the fixed point leaves, with the load raised step by step.

Each row walks from no load (λ = 0) to its full load (λ = 1): a step is taken by Newton from the last solved
point and shortened when it fails or moves too far, so the row stays on the branch of high voltages. Where the
steps shrink to nothing the voltage collapses before full load, and the row has no (operable) solution.
Continuation: [1]_, §5.3. What the unknowns and equations are, a :class:`System` says.

.. [1] V. Ajjarapu, C. Christy, "The continuation power flow", IEEE Trans. Power Systems 7 (1992) 416–423.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from ysc_sim.units import Bools, Floats, Ints

NEWTON_ITERATIONS = 12
CONTINUATION_TRIALS = 120
SMALLEST_STEP = 1e-5
"""The load is called infeasible when it could not be raised by this share of its full value."""
LONGEST_MOVE_PU = 0.35
STANDSTILL_PU = 1e-12
_MEMORY_BYTES = 64_000_000


class System(Protocol):
    """Equations F(x; λ) = 0 of every row, in real unknowns x (n, rows)."""

    @property
    def size(self) -> int:
        """Number of unknowns n."""

    @property
    def voltage_count(self) -> int:
        """The first 2P unknowns are real parts, then imaginary parts, of P voltages."""

    @property
    def starts_solved(self) -> bool:
        """True: :meth:`start` solves the equations at no load."""

    def start(self, rows: Ints) -> Floats:
        """(n, r) solution of the ``rows`` at no load, or near it."""

    def equations(self, x: Floats, rows: Ints, aim: Floats) -> tuple[Floats, Floats]:
        """Error (n, r) and Jacobian (r, n, n) of ``rows`` at x (n, r) with λ = ``aim`` (r,)."""


def continue_rows(system: System, width: int) -> tuple[Floats, Bools, Bools]:
    """Unknowns (n, width), solved (width,) and collapsed (width,)."""
    block = max(1, _MEMORY_BYTES // max(1, 8 * system.size**2))
    x = np.empty((system.size, width))
    solved, collapsed = np.zeros(width, dtype=bool), np.zeros(width, dtype=bool)
    for low in range(0, width, block):
        rows = np.arange(low, min(low + block, width))
        x[:, rows], solved[rows], collapsed[rows] = _walk(system, rows)
    return x, solved, collapsed


def _walk(system: System, every: Ints) -> tuple[Floats, Bools, Bools]:
    reached, step = np.zeros(len(every)), np.ones(len(every))
    x = system.start(every)
    if not system.starts_solved:
        x, _ = newton(system, x, every, reached)
    voltages = slice(0, 2 * system.voltage_count)
    for _ in range(CONTINUATION_TRIALS):
        rows = np.flatnonzero((reached < 1) & (step >= SMALLEST_STEP))
        if not len(rows):
            break
        aim = np.minimum(reached[rows] + step[rows], 1.0)
        tried, good = newton(system, x[:, rows], every[rows], aim)
        with np.errstate(invalid="ignore"):
            good &= np.abs(tried[voltages] - x[voltages, rows]).max(axis=0, initial=0.0) <= LONGEST_MOVE_PU
        x[:, rows[good]] = tried[:, good]
        reached[rows[good]] = aim[good]
        step[rows] = np.where(good, 1.5 * step[rows], 0.4 * step[rows])
    return x, reached >= 1, (reached < 1) & (step < SMALLEST_STEP)


def newton(system: System, start: Floats, every: Ints, aim: Floats) -> tuple[Floats, Bools]:
    """Full Newton steps from ``start`` (n, c); returns the unknowns and which rows came to a standstill.

    From the last point of the walk Newton converges at once or not at all: a row whose error does not halve
    is let go.
    """
    x = start.copy()
    done = np.zeros(x.shape[1], dtype=bool)
    before = np.full(x.shape[1], np.inf)
    rows = np.arange(x.shape[1])
    with np.errstate(all="ignore"):
        for turn in range(NEWTON_ITERATIONS):
            error, jacobian = system.equations(x[:, rows], every[rows], aim[rows])
            size = np.abs(error).max(axis=0, initial=0.0)
            hopeful = ~(size > 0.5 * before[rows]) & np.isfinite(size) if turn > 2 else np.isfinite(size)
            hopeful |= size < STANDSTILL_PU
            before[rows] = size
            rows = rows[hopeful]
            if not len(rows):
                break
            move = solve_rows(jacobian[hopeful], error[:, hopeful])
            x[:, rows] -= move
            settled = np.abs(move[: 2 * system.voltage_count]).max(axis=0, initial=0.0) <= STANDSTILL_PU
            done[rows[settled]] = True
            rows = rows[~settled]
    return x, done


def solve_rows(matrix: Floats, right: Floats) -> Floats:
    """x (n, r) of matrix (r, n, n) · x = right (n, r); NaN in a row whose matrix is singular."""
    try:
        return np.asarray(np.linalg.solve(matrix, right.T[..., None])[..., 0], dtype=np.float64).T
    except np.linalg.LinAlgError:  # one singular row condemns the batch: take them singly
        return np.stack([_solve_one(m, r) for m, r in zip(matrix, right.T, strict=True)], axis=1)


def _solve_one(matrix: Floats, right: Floats) -> Floats:
    try:
        return np.asarray(np.linalg.solve(matrix, right), dtype=np.float64)
    except np.linalg.LinAlgError:
        return np.full_like(right, np.nan)
