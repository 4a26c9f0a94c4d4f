"""Newton's method for the rows that the fixed point leaves, with the load raised step by step.

Unknown are the port voltages v of v = w + Z·conj(S(|v|)/v). Each row walks from no load (λ = 0) to its full
load (λ = 1): a step is taken by Newton from the last solved point and halved when it fails or moves too far,
so the row stays on the branch of high voltages. Where the steps shrink to nothing the voltage collapses
before full load, and the row has no (operable) solution. Continuation: [1]_, §5.3.

.. [1] V. Ajjarapu, C. Christy, "The continuation power flow", IEEE Trans. Power Systems 7 (1992) 416–423.
"""

from __future__ import annotations

import numpy as np

from ysc_sim.powerflow.fixed_point import Injection
from ysc_sim.powerflow.loads import Shares
from ysc_sim.powerflow.network import Complexes
from ysc_sim.units import Bools, Floats

NEWTON_ITERATIONS = 12
CONTINUATION_TRIALS = 120
SMALLEST_STEP = 1e-5
"""The load is called infeasible when it could not be raised by this share of its full value."""
LONGEST_MOVE_PU = 0.35
STANDSTILL_PU = 1e-12
_MEMORY_BYTES = 64_000_000


def continue_rows(z: Complexes, no_load: Complexes, injection: Injection) -> tuple[Complexes, Bools, Bools]:
    """Voltages (P, c), solved (c,) and collapsed (c,) for ports with impedance ``z`` (P, P), no-load voltage
    (P, c)."""
    count, width = no_load.shape
    rows = max(1, _MEMORY_BYTES // max(1, 32 * count * count))
    voltage = no_load.copy()
    solved, collapsed = np.zeros(width, dtype=bool), np.zeros(width, dtype=bool)
    for low in range(0, width, rows):
        chosen = slice(low, min(low + rows, width))
        part = Injection(power=injection.power[:, :, chosen], shares=injection.shares)
        voltage[:, chosen], solved[chosen], collapsed[chosen] = _walk(z, no_load[:, chosen], part)
    return voltage, solved, collapsed


def _walk(z: Complexes, no_load: Complexes, injection: Injection) -> tuple[Complexes, Bools, Bools]:
    width = no_load.shape[1]
    reached, step = np.zeros(width), np.ones(width)
    voltage = no_load.copy()
    for _ in range(CONTINUATION_TRIALS):
        rows = np.flatnonzero((reached < 1) & (step >= SMALLEST_STEP))
        if not len(rows):
            break
        aim = np.minimum(reached[rows] + step[rows], 1.0)
        power = injection.power[:, :, rows] * aim
        tried, good = newton(z, no_load[:, rows], power, injection.shares, voltage[:, rows])
        good &= np.abs(tried - voltage[:, rows]).max(axis=0, initial=0.0) <= LONGEST_MOVE_PU
        voltage[:, rows[good]] = tried[:, good]
        reached[rows[good]] = aim[good]
        step[rows] = np.where(good, 1.5 * step[rows], 0.4 * step[rows])
    return voltage, reached >= 1, (reached < 1) & (step < SMALLEST_STEP)


def newton(
    z: Complexes, no_load: Complexes, power: Floats, shares: Shares | None, start: Complexes
) -> tuple[Complexes, Bools]:
    """Full Newton steps from ``start`` (P, c); returns the voltages and which rows came to a standstill.

    From the last point of the walk Newton converges at once or not at all: a row whose error does not halve
    is let go.
    """
    voltage = start.copy()
    done = np.zeros(voltage.shape[1], dtype=bool)
    before = np.full(voltage.shape[1], np.inf)
    rows = np.arange(voltage.shape[1])
    with np.errstate(all="ignore"):
        for turn in range(NEWTON_ITERATIONS):
            v = voltage[:, rows]
            current, direct, conjugate = derivatives(v, power[:, :, rows], shares)
            error = v - no_load[:, rows] - z @ current
            size = np.abs(error).max(axis=0, initial=0.0)
            hopeful = ~(size > 0.5 * before[rows]) & np.isfinite(size) if turn > 2 else np.isfinite(size)
            hopeful |= size < STANDSTILL_PU
            before[rows] = size
            rows = rows[hopeful]
            if not len(rows):
                break
            move = _solve(z, direct[:, hopeful], conjugate[:, hopeful], error[:, hopeful])
            voltage[:, rows] = v[:, hopeful] - move
            settled = np.abs(move).max(axis=0, initial=0.0) <= STANDSTILL_PU
            done[rows[settled]] = True
            rows = rows[~settled]
    return voltage, done


def derivatives(v: Complexes, power: Floats, shares: Shares | None) -> tuple[Complexes, Complexes, Complexes]:
    """Current i = conj(S/v) and its derivatives to v and to conj(v), each (P, c)."""
    s = power[:, 0] - 1j * power[:, 1]
    direct = np.zeros_like(v)
    if shares is None:
        current = s / v.conj()
        return current, direct, -current / v.conj()
    magnitude = np.abs(v)
    actual = power * shares.factor(magnitude)
    slope = power * shares.slope(magnitude)
    s, rise = actual[:, 0] - 1j * actual[:, 1], slope[:, 0] - 1j * slope[:, 1]
    current = s / v.conj()
    direct = rise / (2 * magnitude)
    return current, direct, direct * v / v.conj() - current / v.conj()


def _solve(z: Complexes, direct: Complexes, conjugate: Complexes, error: Complexes) -> Complexes:
    """dv of dv − Z·(direct·dv + conjugate·conj(dv)) = error, as batched real systems of size 2P."""
    count, width = error.shape
    jacobian = np.empty((width, 2, count, 2, count))
    plus = -z * (direct + conjugate).T[:, None, :]  # derivative to the real part of dv
    minus = -1j * z * (direct - conjugate).T[:, None, :]
    jacobian[:, 0, :, 0], jacobian[:, 1, :, 0] = plus.real, plus.imag
    jacobian[:, 0, :, 1], jacobian[:, 1, :, 1] = minus.real, minus.imag
    matrix = jacobian.reshape(width, 2 * count, 2 * count)
    diagonal = np.arange(2 * count)
    matrix[:, diagonal, diagonal] += 1
    right = np.concatenate([error.real, error.imag]).T[..., None]
    try:
        answer = np.linalg.solve(matrix, right)[..., 0]
    except np.linalg.LinAlgError:  # one singular row condemns the batch: take them singly
        answer = np.stack([_solve_one(m, r[:, 0]) for m, r in zip(matrix, right, strict=True)])
    return np.asarray(answer[:, :count] + 1j * answer[:, count:]).T


def _solve_one(matrix: Floats, right: Floats) -> Floats:
    try:
        return np.asarray(np.linalg.solve(matrix, right), dtype=np.float64)
    except np.linalg.LinAlgError:
        return np.full_like(right, np.nan)
